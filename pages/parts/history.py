"""Choices that this session keeps itself and the URL names: what Back, a link and a visit to another page mean to them.

Widgets that Streamlit binds to the URL are its own business; these here it does not know.
"""

import streamlit as st

from pages.parts import share

KEYS = (
    *("study", "first", "second", "brush", "pick", "beside", "cell"),
    *("show", "confusion", "model"),
    *("walkers", "at", "spot", "map", "desk", "start-picture", "end-picture"),
)
PAGE, URLS, FOLLOWED = "history-page", "history-urls", "history-followed"


def follow(page: str) -> None:
    """Before ``page`` runs: forget what the URL says otherwise by now, or write into it what another page's visit took out.

    What the browser's Back and Forward changed, or a link that was opened, goes before what the session holds. Streamlit
    empties the URL when another page is opened: once back, the session's choices stand on the page, and so in its links.
    """
    state = st.session_state
    came, then = state.get(PAGE) != page, state.setdefault(URLS, {}).get(page)
    state[PAGE], state[FOLLOWED] = page, set()
    if then is None:
        return
    if came and not set(st.query_params) - set(share.OURS):
        for key in KEYS:
            if key in state and then[key]:
                st.query_params[key] = then[key]
        return
    for key in KEYS:
        told = st.query_params.get_all(key)
        if key in state and told not in (then[key], as_told(state[key])) and (told or not came):
            del state[key]
            state[FOLLOWED].add(key)


def note(page: str) -> None:
    """After ``page`` ran: remember what the URL says."""
    st.session_state[URLS][page] = {key: st.query_params.get_all(key) for key in KEYS}


def followed(key: str) -> bool:
    """Whether in this run the URL has put something in the place of what the session held."""
    return key in st.session_state.get(FOLLOWED, ())


def as_told(held: object) -> list[str]:
    """What the session holds as the URL would say it."""
    return [str(one) for one in held] if isinstance(held, list | tuple) else [str(held)]
