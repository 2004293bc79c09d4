"""Streamlit's caches over the studies' tables and the pictures of data sets, kept as ``cached`` keeps the rest.

Tables are known by their files, so that a sweep that writes them shows at once. Core is imported inside the functions.
"""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.progress import watched
from pages.parts.cached import stamp

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.trials import Row, Study

SAMPLES_A_CLASS = 36  # pictures of each class and part of a data set
SAMPLES, TEST_PICTURES = "samples", "test"  # what is read of a data set


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


# --- data sets -------------------------------------------------------------------------------------------------------


class Reading:
    """What is read of a data set, once for all visitors, in a thread of its own: no page waits for it that need not."""

    def __init__(self, read: Callable[[], Any]) -> None:
        self.done = self.count = 0  # pictures of the part that is read now; 0 of 0 where nobody counts
        self._part_began = time.monotonic()
        self._read, self._ended = read, threading.Event()
        self._result: Any = None
        self._error: Exception = RuntimeError("the data set was not read; the server's log says why")
        threading.Thread(target=self._run, name="reading", daemon=True).start()

    def _run(self) -> None:
        try:
            with watched(self._count):
                self._result = self._read()
        except (ValueError, OSError, MemoryError) as error:  # DatasetError is a ValueError
            self._error = error
        finally:
            self._ended.set()

    def _count(self, done: int, count: int) -> None:
        if count != self.count or done < self.done:
            self._part_began = time.monotonic()
        self.done, self.count = done, count

    def ended(self, seconds: float = 0.0) -> bool:
        """Whether it has ended, within so many seconds."""
        return self._ended.wait(seconds)

    def result(self) -> Any:
        """What was read, as soon as it is; raises what reading raised."""
        self._ended.wait()
        if self._result is None:
            raise self._error
        return self._result

    @property
    def seconds_left(self) -> float | None:
        """As it went so far; None where that is not known."""
        if not self.done or self.done >= self.count:
            return None
        return (time.monotonic() - self._part_began) / self.done * (self.count - self.done)


def reading(kind: str, name: str) -> Reading:
    """``SAMPLES`` or ``TEST_PICTURES`` of a data set, being read from the first call on. Shared by all visitors: read-only."""
    return _reading(kind, name)


def read_anew(kind: str, name: str) -> None:
    """Forget what came of reading: the next call of ``reading`` tries again."""
    _reading.clear(kind, name)


@st.cache_resource(show_spinner=False, max_entries=8)
def _reading(kind: str, name: str) -> Reading:
    read = {SAMPLES: read_samples, TEST_PICTURES: read_test_pictures}[kind]
    return Reading(lambda: read(name))


def read_test_pictures(name: str) -> "NDArray[np.uint8]":
    """The pictures of a data set's test part, uint8 (n, height, width, channels); may raise ``DatasetError``."""
    from core.datasets import load_dataset

    return load_dataset(name).test.images.copy()  # a copy: the other parts may go


def read_samples(name: str) -> "dict[str, tuple[list[NDArray[np.uint8]], list[int]]]":
    """Part -> the first pictures of each class, uint8 (n, height, width, channels), and how many each has in all.

    May raise ``DatasetError``.
    """
    import numpy as np

    from core.datasets import load_dataset

    found = load_dataset(name)
    samples = {}
    for title, part in (("train", found.train), ("valid", found.valid), ("test", found.test)):
        of_class = [np.flatnonzero(part.labels == label) for label in range(len(found.info.classes))]
        samples[title] = ([part.images[places[:SAMPLES_A_CLASS]] for places in of_class], [len(places) for places in of_class])
    return samples


@st.cache_data(show_spinner=False, max_entries=4096)
def small_picture(dataset: str, index: int) -> bytes:
    """A PNG of one test picture."""
    return _png(reading(TEST_PICTURES, dataset).result()[index])


@st.cache_data(show_spinner=False, max_entries=1024)
def dataset_pictures(name: str, part: str, label: int, count: int) -> list[bytes]:
    """PNGs of the first pictures of one class."""
    return [_png(pixels) for pixels in reading(SAMPLES, name).result()[part][0][label][:count]]


def _png(pixels: "NDArray[np.uint8]") -> bytes:
    from core.sheets import encode

    return encode(pixels[..., 0] if pixels.shape[-1] == 1 else pixels, "PNG")
