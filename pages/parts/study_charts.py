"""Figures of the studies: as everywhere, and they can be saved as PNG or SVG, and picked from."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.parts import forms, theme

if TYPE_CHECKING:
    import plotly.graph_objects as go

FILES = {"png": "PNG", "svg": "SVG"}


def choose_file() -> None:
    """As what figures are saved; the button is at the corner of each."""
    forms.one_of("Save figures as", FILES, "file", help="Point at a figure, or touch it: the camera in its corner saves it.")


def chart(figure: "go.Figure", key: str, words: str, on_pick: Callable[[Any], None] | None = None) -> None:
    """One figure with words for those who do not see it. on_pick gets the ``customdata`` of the point that is pressed."""
    kind = st.session_state.get("file") or "png"
    config = {
        "displaylogo": False,
        "scrollZoom": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"format": kind, "filename": key, "scale": 1 if kind == "svg" else 2},
    }
    figure.update_layout(modebar={"bgcolor": "rgba(0,0,0,0)", "color": figure.layout.font.color, "orientation": "v"})
    figure = theme.for_the_hall(figure)
    if on_pick is None:
        st.plotly_chart(figure, theme=None, key=key, config=config, alt=words)
        return

    def picked() -> None:
        found: Mapping[str, Any] = st.session_state.get(key) or {}
        points = (found.get("selection") or {}).get("points") or []
        if points and points[0].get("customdata"):
            on_pick(points[0]["customdata"])

    st.plotly_chart(figure, theme=None, key=key, config=config, alt=words, on_select=picked, selection_mode="points")
