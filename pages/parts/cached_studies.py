"""Streamlit's caches over the studies' tables and the pictures of data sets, kept as ``cached`` keeps the rest.

Tables are known by their files, so that a sweep that writes them shows at once. Core is imported inside the functions.
"""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.cached import stamp

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.trials import Row, Study

SAMPLES_A_CLASS = 36  # pictures of each class and part of a data set


def has_rows(name: str) -> bool:
    """Whether anything is stored of a study; looks for its file only."""
    from core.study_results import table_path

    return table_path(name).exists()


def study(name: str) -> "tuple[Study, list[Row]]":
    """A study with its rows as they stand; ``StudyError`` for damaged tables. Shared by all visitors: read-only."""
    from core.studies import STUDIES
    from core.study_results import table_path

    return _study(name, tuple(stamp(table_path(one)) for one in STUDIES))  # earlier studies choose what later ones run


@st.cache_resource(show_spinner=False, max_entries=32)
def _study(name: str, files: tuple[tuple[str, int, int], ...]) -> "tuple[Study, list[Row]]":
    from core.studies import load_study
    from core.study_results import current_rows

    found = load_study(name)
    return found, current_rows(found)


def study_curves(name: str) -> "dict[int, list[Row]]":
    """Trial -> learning curve. Shared by all visitors: read-only; so are the next two."""
    return _study_table(name, "curves", _stamp_of(name, "curves"))


def study_confusions(name: str) -> "dict[int, list[list[int]]]":
    """Trial -> (true, predicted, pictures)."""
    return _study_table(name, "confusion", _stamp_of(name, "confusion"))


def study_wrong(name: str) -> "dict[int, list[list[float]]]":
    """Trial -> (index in the test part, true, predicted, confidence)."""
    return _study_table(name, "wrong", _stamp_of(name, "wrong"))


def _stamp_of(name: str, kind: str) -> tuple[str, int, int]:
    from core.study_results import table_path

    return stamp(table_path(name, kind))


@st.cache_resource(show_spinner=False, max_entries=32)
def _study_table(name: str, kind: str, file: tuple[str, int, int]) -> "dict[int, list]":
    from core import study_results

    load = {"curves": study_results.load_curves, "confusion": study_results.load_confusions, "wrong": study_results.load_wrong}
    return load[kind](name)


@st.cache_resource(show_spinner="Reading the pictures", max_entries=3)
def test_pictures(dataset: str) -> "NDArray[np.uint8]":
    """The pictures of a data set's test part, uint8 (n, height, width, channels). Shared by all visitors: read-only."""
    from core.datasets import load_dataset

    return load_dataset(dataset).test.images.copy()  # a copy: the other parts may go


@st.cache_data(show_spinner=False, max_entries=4096)
def small_picture(dataset: str, index: int) -> bytes:
    """A PNG of one test picture."""
    return _png(test_pictures(dataset)[index])


def _png(pixels: "NDArray[np.uint8]") -> bytes:
    from core.sheets import encode

    return encode(pixels[..., 0] if pixels.shape[-1] == 1 else pixels, "PNG")


@st.cache_resource(show_spinner="Reading the data set", max_entries=6)
def dataset_samples(name: str) -> "dict[str, tuple[list[NDArray[np.uint8]], list[int]]]":
    """Part -> the first pictures of each class, uint8 (n, height, width, channels), and how many each has in all.

    May raise ``DatasetError``. Shared by all visitors: read-only.
    """
    import numpy as np

    from core.datasets import load_dataset

    found = load_dataset(name)
    samples = {}
    for title, part in (("train", found.train), ("valid", found.valid), ("test", found.test)):
        of_class = [np.flatnonzero(part.labels == label) for label in range(len(found.info.classes))]
        samples[title] = ([part.images[places[:SAMPLES_A_CLASS]] for places in of_class], [len(places) for places in of_class])
    return samples


@st.cache_data(show_spinner=False, max_entries=1024)
def dataset_pictures(name: str, part: str, label: int, count: int) -> list[bytes]:
    """PNGs of the first pictures of one class."""
    return [_png(pixels) for pixels in dataset_samples(name)[part][0][label][:count]]
