"""A clock that shows the visitor's own time."""

from pathlib import Path

import streamlit as st

WEB = Path(__file__).parent / "web"
_dial = st.components.v2.component(
    "latent_oclock_dial",
    html=(WEB / "dial.html").read_text("utf-8"),
    css=(WEB / "dial.css").read_text("utf-8"),
    js=(WEB / "dial.js").read_text("utf-8"),
)


def show(key: str = "dial") -> None:
    """Put the clock here."""
    _dial(key=key)
