"""Pictures in rows, each of which enlarges on a click: a walk's grid, a square of corners, samples beside samples."""

from collections.abc import Sequence

import streamlit as st

from core.images import Picture
from core.sheets import sheet
from pages.parts import pictures
from pages.parts.mounting import component

SHEET_COLUMNS = 16  # of the sheet that is sent; how many stand in a row is another matter
QUALITY = 90
_tiles = component("latent_tiles")


def show(
    frames: Picture,
    *,
    across: int,
    labels: Sequence[str],
    name: str,
    key: str,
    rows: Sequence[str] = (),
    tight: bool = False,
    pixels: bool = False,
) -> None:
    """Show frames uint8 (n, height, width, 3) in rows of ``across``, read from left to right, top to bottom.

    labels: words for each, shown beneath it when it is enlarged. name: words for all. rows: a title above each row. tight:
    nearly without gaps. pixels: whether pixels stay squares.
    """
    if len(labels) != len(frames):
        raise ValueError(f"labels must be one a picture, {len(frames)}; got {len(labels)}")
    content, columns, _ = sheet(frames, SHEET_COLUMNS, "WEBP", QUALITY)
    data = {
        "sheet": pictures.data_url(content),
        "columns": columns,
        "count": len(frames),
        "across": across,
        "width": frames.shape[2],
        "height": frames.shape[1],
        "labels": list(labels),
        "rows": list(rows),
        "name": name,
        "tight": tight,
        "pixels": pixels,
    }
    _tiles(data=data, key=key)


def caption(text: str, words: str = "") -> None:
    """A small heading over pictures."""
    from html import escape

    quiet = f"<small>{escape(words)}</small>" if words else ""
    st.html(f'<h3 class="lo-caption">{escape(text)}{quiet}</h3>')
