"""Whether the visitor's theme is dark, kept true while they change it: figures are drawn in Python and must be drawn again."""

import streamlit as st

from pages.parts.mounting import component

KEY = "theme"
_watch = component("theme", html="<i hidden></i>", css=":host { display: none; }")


def dark() -> bool:
    """What the browser last said; before it has, what it sent along when it connected."""
    told = (st.session_state.get(KEY) or {}).get("dark")
    return told if isinstance(told, bool) else st.context.theme.type == "dark"


def watch() -> None:
    """Have the browser say so when the theme is not the one that the page was drawn for; that draws it again."""
    _watch(data={"dark": dark()}, key=KEY, on_dark_change=lambda: None)
