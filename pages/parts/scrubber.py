"""Scrubbing through pictures at the screen's own rate: sheets of frames, drawn on canvases in the browser.

Python hears of the frame only when it is let go, so a drag costs no reruns. Used for gamma, and for any walk of frames.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from pages.parts import pictures
from pages.parts.mounting import component

PACE = 12  # frames a second when playing; a drag follows the pointer at the screen's rate
_scrubber = component("scrubber")


@dataclass(frozen=True)
class Strip:
    """One sheet of frames: a picture file with the frames in rows of ``columns``, each ``size`` (width, height) in pixels.

    title: what stands beneath, "" for nothing.
    """

    sheet: bytes
    columns: int
    size: tuple[int, int]
    title: str = ""
    kind: str = "image/webp"


def scrub(
    strips: Strip | Sequence[Strip],
    *,
    frames: int,
    labels: Sequence[str],
    values: Sequence[str],
    name: str,
    start: int = 0,
    key: str = "scrubber",
    on_release: Callable[[int], None] | None = None,
    pace: int = PACE,
    swing: bool = False,
    pixels: bool = False,
) -> None:
    """Show sheets of as many frames side by side under one slider, at first and whenever ``start`` changes at frame ``start``.

    values: what the slider stands at, one a frame ("1.3"). labels: what belongs to each frame ("10:08, 93 %"). name: what is
    scrubbed ("Gamma"). on_release: called with the index, before the rerun that letting go causes. pace: frames a second when
    playing. swing: playing turns back at either end and goes on until it is stopped. pixels: whether pixels stay squares.
    """
    if not len(labels) == len(values) == frames:
        raise ValueError(f"labels and values must be one a frame, {frames}; got {len(labels)} and {len(values)}")
    start = min(max(start, 0), frames - 1)

    def released() -> None:
        index = (st.session_state.get(key) or {}).get("released")
        if on_release and isinstance(index, int) and not isinstance(index, bool) and 0 <= index < frames:
            on_release(index)

    shown = [strips] if isinstance(strips, Strip) else list(strips)
    data = {
        "strips": [
            {
                "sheet": pictures.data_url(one.sheet, one.kind),
                "columns": one.columns,
                "width": one.size[0],
                "height": one.size[1],
                "title": one.title,
            }
            for one in shown
        ],
        "frames": frames,
        "labels": list(labels),
        "values": list(values),
        "name": name,
        "start": start,
        "pace": pace,
        "swing": swing,
        "pixels": pixels,
    }
    _scrubber(data=data, key=key, on_released_change=released)
