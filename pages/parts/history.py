"""Choices that this session keeps itself and the URL names: what Back, a link and a visit to another page mean to them.

Widgets that Streamlit binds to the URL are its own business; these here it does not know.
"""

import streamlit as st

from pages.parts import share

KEYS = {  # page -> what of its URL stands in the session under the same names
    "compare_training": ("study", "first", "second", "brush", "pick", "beside", "cell"),
    "tell_the_time": ("show", "confusion", "model"),
    "latent_space": ("walkers", "at", "spot", "map", "desk", "start-picture", "end-picture"),
}
PAGE, URLS, FOLLOWED, EMPTIED = "history-page", "history-urls", "history-followed", "history-emptied"


def follow(page: str) -> None:
    """Before ``page`` runs: forget what the URL says otherwise by now.

    What the browser's Back and Forward changed, or a link that was opened, goes before what the session holds. Streamlit
    empties the URL when another page is opened: back on this one the session's choices stand there as before.
    """
    state = st.session_state
    came, then = state.get(PAGE) != page, state.setdefault(URLS, {}).get(page)
    state[PAGE], state[FOLLOWED] = page, set()
    state[EMPTIED] = came and not set(st.query_params) - set(share.OURS)
    if then is None or state[EMPTIED]:
        return
    for key in KEYS.get(page, ()):
        told = st.query_params.get_all(key)
        if key in state and told not in (then[key], as_told(state[key])) and (told or not came):
            del state[key]
            state[FOLLOWED].add(key)


def note(page: str) -> None:
    """After ``page`` ran: put back into the URL what another page's visit took out, in one step, and remember what it says."""
    state, keys = st.session_state, KEYS.get(page, ())
    then = state[URLS].get(page, {})
    if state.pop(EMPTIED, False):
        lost = {key: as_told(state[key]) for key in keys if key in state and then.get(key) and key not in st.query_params}
        if lost:
            st.query_params.update(lost)
    state[URLS][page] = {key: st.query_params.get_all(key) for key in keys}


def tell(key: str, value: str | list[str]) -> None:
    """Keep a choice in the session, in the URL, and as what the URL says: a fragment runs without ``note``."""
    state = st.session_state
    state[key] = st.query_params[key] = value
    then = state.get(URLS, {}).get(state.get(PAGE))
    if then is not None:
        then[key] = as_told(value)


def followed(key: str) -> bool:
    """Whether in this run the URL has put something in the place of what the session held."""
    return key in st.session_state.get(FOLLOWED, ())


def as_told(held: object) -> list[str]:
    """What the session holds as the URL would say it."""
    return [str(one) for one in held] if isinstance(held, list | tuple) else [str(held)]
