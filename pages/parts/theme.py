"""Light or dark, kept true while the visitor changes it, and whether type is large: figures are drawn in Python, for either."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.mounting import component

if TYPE_CHECKING:
    import plotly.graph_objects as go

KEY = "theme"
PRESENTING = "presenting"  # in the session: whether presenter mode is on
LARGE = 1.35  # times the type of figures in presenter mode
HALL_PAPER = {False: "#ffffff", True: "#000000"}  # of the page in presenter mode, by whether it is dark; its ink is the other
_watch = component("theme", html="<i hidden></i>", css=":host { display: none; }")


def dark() -> bool:
    """What the browser last said; before it has, what it sent along when it connected."""
    told = (st.session_state.get(KEY) or {}).get("dark")
    return told if isinstance(told, bool) else st.context.theme.type == "dark"


def watch() -> None:
    """Have the browser say so when the theme is not the one that the page was drawn for; that draws it again."""
    _watch(data={"dark": dark()}, key=KEY, on_dark_change=lambda: None)


def large() -> bool:
    """Whether presenter mode is on."""
    return bool(st.session_state.get(PRESENTING))


def hall_colours() -> str:
    """The same for style sheets: ``--lo-hall-paper`` and ``--lo-hall-ink``."""
    light, black = HALL_PAPER[False], HALL_PAPER[True]
    return f".stApp {{ --lo-hall-paper: light-dark({light}, {black}); --lo-hall-ink: light-dark({black}, {light}); }}"


def for_the_hall(figure: "go.Figure") -> "go.Figure":
    """A figure as it is, or in presenter mode with type and lines for the last row."""
    if not large():
        return figure
    from core.hall_figures import enlarged

    return enlarged(figure, LARGE, dark=dark())
