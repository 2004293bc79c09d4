"""The page's own components: what lies in ``web/`` under one name becomes one ``st.components.v2`` component."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

WEB = Path(__file__).parent / "web"


def component(name: str, html: str | None = None, css: str | None = None, *, buttons: bool = False) -> Callable[..., Any]:
    """The component of ``web/<name>.js`` with its ``.html`` and ``.css``, unless given; to call it puts it on the page.

    buttons: it has some, which look as those of Streamlit do, but for what its own style says.
    """
    shared = (WEB / "buttons.css").read_text("utf-8") if buttons else ""
    own = (WEB / f"{name}.css").read_text("utf-8") if css is None else css
    return st.components.v2.component(
        f"latent_oclock_{name}",
        html=(WEB / f"{name}.html").read_text("utf-8") if html is None else html,
        css=shared + own,
        js=(WEB / f"{name}.js").read_text("utf-8"),
    )
