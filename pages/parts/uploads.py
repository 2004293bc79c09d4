"""Uploads outlive their widget: Streamlit forgets files as soon as another source or page is shown; we keep the last ones."""

from html import escape

import streamlit as st

from pages.parts import pictures
from pages.parts.pictures import Offered

KEPT = "kept-files"  # in the session: (name, bytes) of each file uploaded last
MOST_BYTES = 60_000_000
HERE_ONLY = "Your pictures stay in this tab only until it is reloaded."
REFUSED = (  # shown by the style sheet while a field marks a file red
    "What is marked red was not taken: only PNG, JPEG, WebP and HEIC pictures of at most 10 MB are. Open it, save it as JPEG, "
    "smaller if it is large, and drop that."
)
NAMES = 3  # named where files are shown that were uploaded before


def refusal() -> None:
    """What to do about a file that the field above refuses before any of it reaches us."""
    st.html(f'<p class="lo-hint lo-refused" role="status">{REFUSED}</p>')


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
