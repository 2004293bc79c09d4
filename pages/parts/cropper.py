"""Cutting the dial out of a picture by hand: a square to drag, kept for each picture and, where a link can, in the URL."""

import re
from collections.abc import Sequence

import streamlit as st

from pages.parts import cached, forms, pictures
from pages.parts.mounting import component
from pages.parts.pictures import Offered

SHOWN = 560  # pixels of the picture to drag on
LEAST = 16  # pixels a side: the smallest square that can be cut out
CROPS = "crops"  # in the session: fingerprint of a picture -> its square, as the URL writes it
Square = tuple[int, int, int]  # left, top, size in pixels of the picture
_cropper = component("cropper", buttons=True)


def cut_out(offered: Offered, key: str = "cropper") -> Offered:
    """The picture, or what the visitor has cut out of it: a square, with the picture's name and true time."""
    height, width = offered.pixels().shape[:2]
    if min(height, width) <= LEAST:
        return offered
    square = remembered(offered, width, height)

    def take() -> None:
        handed = (st.session_state.get(key) or {}).get("cut")
        if handed == []:  # the whole picture
            keep(offered, None)
        elif found := inside(handed, width, height):
            keep(offered, found)

    with st.expander("Cut the dial out by hand", key="cut-by-hand"):
        source = pictures.data_url(cached.thumbnail(offered.sha, SHOWN, offered.data))
        data = {"picture": source, "width": width, "height": height, "square": square, "least": LEAST}
        _cropper(data=data, key=key, on_cut_change=take)
    if square is None:
        return offered
    st.html(f'<p class="lo-hint">What you cut out is read: {square[2]} × {square[2]} of {width} × {height} pixels.</p>')
    return Offered(offered.name, cached.cut(offered.sha, square, offered.data), offered.truth)


def remembered(offered: Offered, width: int, height: int) -> Square | None:
    """The square that was cut out of this picture before, or that the link to it names; None for the whole picture."""
    state = st.session_state
    if state.get("crop-of", offered.sha) != offered.sha:  # what is said belongs to another picture
        own = state.get(CROPS, {}).get(offered.sha, "")
        if own != state.get("crop", ""):
            state["crop"] = own
            forms.tell_link()
    state["crop-of"] = offered.sha
    return in_words(state.get("crop", ""), width, height)


def keep(offered: Offered, square: Square | None) -> None:
    """Keep a picture's square, None for the whole picture, and tell the URL."""
    text = ",".join(map(str, square)) if square else ""
    st.session_state["crop"], st.session_state["crop-of"] = text, offered.sha
    st.session_state.setdefault(CROPS, {})[offered.sha] = text
    forms.tell_link()


def in_words(text: str, width: int, height: int) -> Square | None:
    """``left,top,size`` as the URL has it; None for anything else, and for what does not lie in the picture."""
    match = re.fullmatch(r"(\d{1,5}),(\d{1,5}),(\d{1,5})", text, re.ASCII)
    return inside([int(part) for part in match.groups()], width, height) if match else None


def inside(numbers: object, width: int, height: int) -> Square | None:
    """Three whole numbers that name a square in a picture of ``width`` x ``height`` pixels; None for anything else."""
    if not isinstance(numbers, Sequence) or isinstance(numbers, str | bytes) or len(numbers) != 3:
        return None
    if not all(isinstance(number, int) and not isinstance(number, bool) for number in numbers):
        return None
    left, top, size = numbers
    fits = left >= 0 and top >= 0 and size >= LEAST and left + size <= width and top + size <= height
    return (left, top, size) if fits else None
