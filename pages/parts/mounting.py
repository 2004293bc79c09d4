"""The page's own components: what lies in ``web/`` under one name becomes one ``st.components.v2`` component."""

from collections.abc import Callable, Mapping
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
    mount = st.components.v2.component(
        f"latent_oclock_{name}",
        html=(WEB / f"{name}.html").read_text("utf-8") if html is None else html,
        css=shared + own,
        js=(WEB / f"{name}.js").read_text("utf-8"),
    )

    def mounted(*, data: Mapping[str, Any] | None = None, **options: Any) -> Any:
        return mount(data=None if data is None else without_lists(data), **options)

    return mounted


def without_lists(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same data for the browser, its lists as tuples.

    Streamlit loads pandas to see whether a list is a table, 0.3 s that the first page would wait; of a tuple it knows.
    """
    return {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
