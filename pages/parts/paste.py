"""A picture from the clipboard: Ctrl+V anywhere on the page, or the button."""

from pathlib import Path

import streamlit as st

from pages.parts import pictures

WEB = Path(__file__).parent / "web"
_paste = st.components.v2.component(
    "latent_oclock_paste",
    html='<div class="paste"><button type="button">Paste a picture</button><span role="status"></span></div>',
    css=(WEB / "paste.css").read_text("utf-8"),
    js=(WEB / "paste.js").read_text("utf-8"),
)


def box(state: str, key: str = "paste") -> None:
    """Show the button; what is pasted lands as bytes in ``st.session_state[state]``, unchecked."""

    def take() -> None:
        handed = (st.session_state.get(key) or {}).get("picture")
        if handed:
            st.session_state[state] = pictures.from_data_url(handed) or b""

    _paste(data={"most": pictures.PASTE_BYTES}, key=key, on_picture_change=take)
