"""Scrubbing through pictures at the screen's own rate: one sheet of frames, drawn on a canvas in the browser.

Python hears of the frame only when it is let go, so a drag costs no reruns. Used for gamma, and for any walk of frames.
"""

from collections.abc import Callable, Sequence

import streamlit as st

from pages.parts import pictures
from pages.parts.mounting import component

_scrubber = component("scrubber")


def scrub(
    sheet: bytes,
    *,
    columns: int,
    frames: int,
    size: tuple[int, int],
    labels: Sequence[str],
    values: Sequence[str],
    name: str,
    start: int = 0,
    key: str = "scrubber",
    on_release: Callable[[int], None] | None = None,
    kind: str = "image/webp",
) -> None:
    """Show a sheet of frames to scrub through, at first and whenever ``start`` changes at frame ``start``.

    sheet: a picture file with the frames in rows of ``columns``. size: (width, height) of a frame in pixels. values: what the
    slider stands at, one a frame ("1.3"). labels: what belongs to each frame ("10:08, 93 %"). name: what is scrubbed ("Gamma").
    on_release: called with the index, before the rerun that letting go causes.
    """
    if not len(labels) == len(values) == frames:
        raise ValueError(f"labels and values must be one a frame, {frames}; got {len(labels)} and {len(values)}")
    start = min(max(start, 0), frames - 1)

    def released() -> None:
        index = (st.session_state.get(key) or {}).get("released")
        if on_release and isinstance(index, int) and not isinstance(index, bool) and 0 <= index < frames:
            on_release(index)

    data = {
        "sheet": pictures.data_url(sheet, kind),
        "columns": columns,
        "frames": frames,
        "width": size[0],
        "height": size[1],
        "labels": list(labels),
        "values": list(values),
        "name": name,
        "start": start,
    }
    _scrubber(data=data, key=key, on_released_change=released)
