"""A picture from the clipboard: Ctrl+V anywhere on the page, or the button."""

import streamlit as st

from pages.parts import pictures
from pages.parts.mounting import component

_paste = component(
    "paste", html='<div class="paste"><button type="button">Paste a picture</button><span role="status"></span></div>'
)


def box(state: str, key: str = "paste") -> None:
    """Show the button; what is pasted lands as bytes in ``st.session_state[state]``, unchecked."""

    def take() -> None:
        handed = (st.session_state.get(key) or {}).get("picture")
        if handed:
            st.session_state[state] = pictures.from_data_url(handed) or b""

    _paste(data={"most": pictures.PASTE_BYTES}, key=key, on_picture_change=take)
