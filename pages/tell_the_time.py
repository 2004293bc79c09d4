"""Tell the time: a picture of a clock in, the time that each model reads out; the models compared; what an error is."""

import streamlit as st

from core.registry import RegistryError
from pages.parts import cropper, forms, gallery, pictures, readings, shell, tables, views

TABS = ("Read a picture", "Compare the models", "Common sense")


def read(tab_is_open: bool) -> None:
    """The first tab: choices on the left, readings on the right. Choices are there in any case, lest files be lost."""
    left, right = st.columns([1, 2], gap="large")
    with left, st.container(key="choices"):
        source = forms.choose_source()
        offered = forms.offered(source) if tab_is_open or source != "camera" else []  # nobody is filmed behind a tab
        good, bad = pictures.sorted_out(offered)
        beneath = st.container()
        gamma = forms.choose_gamma()
        titles = forms.choose_models()
        true = forms.true_time(source, good[0] if good else None) if len(good) < 2 else None
        if len(good) == 1:  # after the true time, which belongs to the picture as it came
            with beneath:
                good = [cropper.cut_out(good[0])]
    if not tab_is_open:
        return
    with right, st.container(key="results"):
        tables.problems(bad)
        if not offered:
            place = "no camera" if source == "camera" and not forms.can_film() else source
            st.html(f'<p class="lo-quiet">{views.QUIET_PLACES.get(place, views.QUIET_PLACES["files"])}</p>')
            gallery.show(list(pictures.samples()), None, forms.pick_sample, key="gallery-start")
        elif titles and good:
            from pages.parts import why

            try:
                chosen = good[0] if len(good) == 1 else tables.many(good, titles, gamma)
                if chosen:
                    true = true or chosen.truth
                    readings.single(chosen, titles, true, gamma)
                    why.show(chosen, titles, true, gamma)
                    readings.through_gammas(chosen, titles, true, gamma)
            except RegistryError as error:
                forms.complain(forms.sentence(error))
    if titles and good:
        from pages.parts import model_cards  # what draws figures is loaded when there is something to draw

        with st.container(key="about"):
            model_cards.show(list(titles))


shell.enter()
for sheet in ("models.css", "tell.css"):
    st.html(shell.WEB / sheet)
views.heading("Tell the time", "Give it a clock; see the time each model reads, and how sure it is.")
reading, comparing, learning = st.tabs(list(TABS), key="tab", bind="query-params")
with reading:
    read(bool(reading.open))
if comparing.open:
    from pages.parts import compare

    with comparing:
        compare.show()
if learning.open:
    from pages.parts import lesson

    with learning:
        lesson.show()
