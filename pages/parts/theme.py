"""Whether the visitor's theme is dark, kept true while they change it: figures are drawn in Python and must be drawn again."""

from pathlib import Path

import streamlit as st

WEB = Path(__file__).parent / "web"
KEY = "theme"
_watch = st.components.v2.component(
    "latent_oclock_theme", html="<i hidden></i>", css=":host { display: none; }", js=(WEB / "theme.js").read_text("utf-8")
)


def dark() -> bool:
    """What the browser last said; before it has, what it sent along when it connected."""
    told = (st.session_state.get(KEY) or {}).get("dark")
    return told if isinstance(told, bool) else st.context.theme.type == "dark"


def watch() -> None:
    """Have the browser say so when the theme is not the one that the page was drawn for; that draws it again."""
    _watch(data={"dark": dark()}, key=KEY, on_dark_change=lambda: None)
