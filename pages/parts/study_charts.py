"""Figures of the studies: as everywhere, and they can be saved as PNG or SVG, and picked from."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.studies import STUDIES
from pages.parts import forms, theme, views

if TYPE_CHECKING:
    import plotly.graph_objects as go

FILES = {"png": "PNG", "svg": "SVG"}
LETTER = 0.56  # widths of a letter by its size, in the wider ones of the types that a saved figure may be shown in


def choose_file() -> None:
    """As what figures are saved; the button is at the corner of each."""
    forms.one_of("Save figures as", FILES, "file", help="Point at a figure, or touch it: the camera in its corner saves it.")


def chart(
    figure: "go.Figure", key: str, words: str, on_pick: Callable[[Any], None] | None = None, *, fits: bool = False
) -> None:
    """One figure with words for those who do not see it. on_pick gets the ``customdata`` of the point that is pressed.

    As a file it stands alone: on paper of its own, which is the page's, named after its study, with room for labels in another
    type than ours. fits: as in ``views.chart``.
    """
    from core.figures import palette

    kind = st.session_state.get("file") or "png"
    study = STUDIES.get(st.session_state.get("study-of", ""))
    config = {
        "displaylogo": False,
        "scrollZoom": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {
            "format": kind,
            "filename": f"{study.name}-{key}" if study else key,
            "scale": 1 if kind == "svg" else 2,
        },
    }
    figure.update_layout(modebar={"bgcolor": "rgba(0,0,0,0)", "color": figure.layout.font.color, "orientation": "v"})
    if study:
        named = figure.layout.xaxis.title.text
        of = f'<span style="font-size:0.8em">{study.row}, {study.name}</span>'
        figure.update_layout(xaxis_title_text=f"{named}<br>{of}" if named else of)
    paper = palette(theme.dark()).paper if not theme.large() else theme.HALL_PAPER[theme.dark()]
    figure.update_layout(paper_bgcolor=paper, margin_l=room(figure))
    if fits and theme.large():
        views.chart(figure, key, words, fits=True, config=config)
        return
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


def room(figure: "go.Figure") -> int:
    """Pixels to the left of a figure for the longest of its labels there."""
    labels = [re.sub(r"<[^>]*>", "", text) for text in figure.layout.yaxis.ticktext or ()]
    longest = max(map(len, labels), default=0)
    return max(figure.layout.margin.l or 0, round(LETTER * (figure.layout.font.size or 14) * longest))
