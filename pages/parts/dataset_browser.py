"""The tab that shows a data set: some pictures of every class, or more of one."""

from html import escape

import streamlit as st

from core.datasets import DATASETS, DatasetError, DatasetInfo, is_available
from pages.parts import being_read, cached_studies, forms, shell
from pages.parts.pictures import data_url

PARTS = {"train": "Training", "valid": "Validation", "test": "Test"}
EVERY = "every"
FEW = 10  # pictures of a class beside others
TRIED = "datasets-tried"  # in the session: data sets that the visitor had fetched


def show() -> None:
    """The whole tab."""
    st.html(shell.WEB / "study.css")
    with st.container(key="datasets"):
        name = forms.one_model("Data set", {name: info.title for name, info in DATASETS.items()}, "fashion-mnist", key="data")
        part = forms.one_of("Part", PARTS, "split")
        info = DATASETS[name]
        height, width, channels = info.shape
        colours = "grey" if channels == 1 else "colour"
        st.html(
            f'<p class="lo-hint">{escape(info.source)} {width} × {height} pixels, {colours}. '
            f"Licence: {escape(info.licence)}.</p>"
        )
        if not is_available(name) and name not in st.session_state.get(TRIED, ()):
            missing(info)
            return
        try:
            samples = being_read.show(cached_studies.SAMPLES, name)
        except DatasetError as error:
            forms.complain(forms.sentence(error))
            st.session_state[TRIED] = ()  # else every click would try again
            return
        if samples is not None:
            browse(info, part, samples[part][1])


def missing(info: DatasetInfo) -> None:
    """What to do about a data set that is not here."""
    forms.complain(f"{info.title} is not on this machine. {info.remedy}")
    st.button("Fetch it now", on_click=fetch, args=(info.name,), help="Downloads it once, where its source can be reached.")


def fetch(name: str) -> None:
    """Have the data set read even though it must be downloaded."""
    st.session_state[TRIED] = (*st.session_state.get(TRIED, ()), name)


def browse(info: DatasetInfo, part: str, counts: list[int]) -> None:
    """Pictures by class. counts: of all pictures that each class has in this part."""
    options = {EVERY: f"Every class ({sum(counts):,} pictures)"}
    options |= {str(label): f"{name} ({counts[label]:,})" for label, name in enumerate(info.classes)}
    chosen = forms.one_model("Class", options, EVERY, key="class") if len(info.classes) > 1 else "0"
    if chosen != EVERY:
        label = int(chosen)
        files = cached_studies.dataset_pictures(info.name, part, label, cached_studies.SAMPLES_A_CLASS)
        st.html(f'<div class="lo-pictures">{row(info.classes[label], files)}</div>')
        st.html(f'<p class="lo-hint">The first {len(files)} of {counts[label]:,}.</p>')
        return
    lines = []
    for label, name in enumerate(info.classes):
        shown = row(name, cached_studies.dataset_pictures(info.name, part, label, FEW))
        head = f'<th scope="row">{escape(name)}<small>{counts[label]:,}</small></th>'
        lines.append(f'<tr>{head}<td><div class="lo-pictures">{shown}</div></td></tr>')
    st.html(f'<table class="lo-table lo-classes"><tbody>{"".join(lines)}</tbody></table>')


def row(name: str, files: list[bytes]) -> str:
    """The pictures of one class."""
    name = escape(name)
    return "".join(f'<img src="{data_url(file, "image/png")}" alt="{name}, picture {at + 1}">' for at, file in enumerate(files))
