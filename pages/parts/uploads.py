"""Uploads outlive their widget: Streamlit forgets files as soon as another source or page is shown; we keep the last ones."""

from html import escape

import streamlit as st

from pages.parts import pictures
from pages.parts.pictures import Offered

KEPT = "kept-files"  # in the session: (name, bytes) of each file uploaded last
MOST_BYTES = 60_000_000
HERE_ONLY = "Your pictures stay in this tab only until it is reloaded."
NAMES = 3  # named where files are shown that were uploaded before


def keep(key: str) -> None:
    """Keep the files that the widget holds now, as many as fit; none when its last one was taken away."""
    found, size = [], 0
    for file in (st.session_state.get(key) or [])[: pictures.MOST]:
        data = file.getvalue()
        size += len(data)
        if size > MOST_BYTES:
            break
        found.append((file.name, data))
    st.session_state[KEPT] = found


def kept(key: str) -> list[Offered]:
    """The files in the widget or, where it was away meanwhile, those kept, with a button that removes them."""
    files = [(file.name, file.getvalue()) for file in st.session_state.get(key) or []]
    if not files and (files := st.session_state.get(KEPT, [])):
        names = ", ".join(escape(name) for name, _ in files[:NAMES])
        more = f" and {len(files) - NAMES} more" if len(files) > NAMES else ""
        with st.container(horizontal=True, vertical_alignment="center", key="kept"):
            st.html(f'<p class="lo-hint">Still here: {names}{more}</p>', width="stretch")
            st.button("Remove", on_click=st.session_state.pop, args=(KEPT, None), type="tertiary")
    return [Offered(name, data, pictures.time_in_name(name)) for name, data in files]
