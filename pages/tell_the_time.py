"""Tell the time: a picture of a clock in, the time that each model reads out."""

import streamlit as st

from core.registry import RegistryError
from pages.parts import forms, gallery, pictures, shell, views

shell.enter()
views.heading("Tell the time", "Give it a clock; see the time each model reads, and how sure it is.")
left, right = st.columns([1, 2], gap="large")

with left, st.container(key="choices"):
    offered = forms.offered(forms.choose_source())
    gamma = forms.choose_gamma()
    titles = forms.choose_models()
    true = forms.true_time(offered[0].truth if offered else None) if len(offered) < 2 else None

good, bad = pictures.sorted_out(offered)

with right, st.container(key="results"):
    views.problems(bad)
    if not offered:
        st.html(f'<p class="lo-quiet">{views.QUIET_PLACE}</p>')
        gallery.show(list(pictures.samples()), None, forms.pick_sample, key="gallery-start")
    elif titles and good:
        try:
            chosen = good[0] if len(offered) == 1 else views.many(good, titles, gamma)
            if chosen:
                true = true or chosen.truth
                views.single(chosen, titles, true, gamma)
                views.through_gammas(chosen, titles, true, gamma)
        except RegistryError as error:
            forms.complain(forms.sentence(error))
