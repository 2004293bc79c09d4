"""A data set that is being read: how far it is, and how long it takes, while the rest of the page can be used."""

from typing import Any

import streamlit as st

from core.datasets import DATASETS
from pages.parts import cached_studies, views
from pages.parts.cached_studies import Reading

AT_ONCE_SECONDS = 0.4  # that a page waits: what takes no longer is not worth a word
POLL_SECONDS = 0.5


def show(kind: str, name: str) -> Any:
    """What was read of a data set; None while it is being read, which is shown. ``DatasetError`` where it cannot be."""
    reading = cached_studies.reading(kind, name)
    if not reading.ended(AT_ONCE_SECONDS):
        st.fragment(run_every=POLL_SECONDS)(progress)(reading, name)
        return None
    try:
        return reading.result()
    except Exception:  # with whatever else reading may raise, once
        cached_studies.read_anew(kind, name)
        raise


def progress(reading: Reading, name: str) -> None:
    """How far reading is; when it has ended, the page is drawn again."""
    if reading.ended():
        st.rerun()
    share = reading.done / reading.count if reading.count else 0.0
    st.html(f'<div class="lo-reading"><p role="status">{words(reading, name)}</p>{views.meter(share)}</div>')


def words(reading: Reading, name: str) -> str:
    """Reading in words, with the seconds that are left where they are known."""
    told = f"{DATASETS[name].title} is being read"
    if reading.count:
        told += f": {reading.done:,} of {reading.count:,} pictures"
    left = reading.seconds_left
    if left is not None:
        told += f", about {max(1, round(left))} s left"
    return f"{told}. It takes seconds, the first time up to a minute; the rest of the page can be used meanwhile."
