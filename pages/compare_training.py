"""Compare training: what hyperparameters of MLPs and CNNs do, in stored studies and live; the pictures they learn from."""

import streamlit as st

from pages.parts import shell, views

TABS = ("Stored studies", "Train now", "Pictures")

shell.enter()
st.html(shell.WEB / "models.css")
views.heading("Compare training", "What a setting does: to hundreds of stored runs, and to one that trains while you watch.")
stored, live, pictures = st.tabs(list(TABS), key="part", bind="query-params")
# What draws and what trains is loaded when its tab is open.
if stored.open:
    from pages.parts import study_tab

    with stored:
        study_tab.show()
if live.open:
    from pages.parts import study_tab, train_now

    with live:
        train_now.show(study_tab.to_start_from())
if pictures.open:
    from pages.parts import dataset_browser

    with pictures:
        dataset_browser.show()
