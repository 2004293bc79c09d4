"""Presenter mode: a bar instead of the sidebar, large type, keys for the whole app, and the script of the five demos."""

import time
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from streamlit.navigation.page import Page

from pages.parts import demos, theme
from pages.parts.demos import STEPS
from pages.parts.mounting import component

ON = "on"  # what the URL says of presenter mode while it is on
KEY = "presenter"
STEP, TOLD, BEGAN = "demo-step", "demo-told", "demo-began"  # in the session: the step, the URL's word for it, the time
RUNS = "live-shown"  # likewise: the live runs on the page, kept while other pages are shown
LINKED = "linked-names"  # what the URL named in the run before
GO, ASKED, KEYS = "presenter-go", "presenter-asked", "presenter-keys"
KEYS_TOLD = "presenter-keys-told"  # what the browser knows of it
SHORTCUTS = {
    "P": "presenter mode on and off",
    "F": "full screen on and off",
    "Q": "link and QR code of what stands on screen",
    "K": "the Keras code that made it",
    "D": "the five demos from the first",
    "N, Page Down": "next step of the demos; after the last, their end",
    "B, Page Up": "back to the step before",
    "1 to 5": "the pages, in their order",
    "?": "this list",
}
REST = "They rest while you type and in lists. In sliders, tabs and choices only Page Up and Page Down rest."
_bar = component("presenter")


# --- what the URL says ------------------------------------------------------------------------------------------------


def follow() -> None:
    """Take presenter mode and the step of the demos from the URL; a step opened anew forgets what stood on its page before."""
    state = st.session_state
    if st.query_params.get("present") == ON:
        state[theme.PRESENTING] = True
    told = st.query_params.get("demo", "")
    step = demos.number(told)
    if step is not None and state.get(TOLD) != told:
        forget({*state.get(LINKED, ()), *st.query_params, *({RUNS} if not ("run" in st.query_params or kept(step)) else ())})
        state[STEP], state[TOLD] = step, told
        state.setdefault(BEGAN, time.time())
    elif not told:
        state.pop(TOLD, None)
    state[LINKED] = list(st.query_params)


def kept(step: int) -> bool:
    """Whether the live runs on the page stay there: the visitor's own do; a new round of the demos begins without ended ones.

    step: the one that is opened, 0 to begin the round.
    """
    shown = st.session_state.get(RUNS)
    if not shown:
        return False
    from pages.parts import cached, steering

    runs, owner = cached.live_runs(), steering.owner()
    mine = [one for one in shown if runs.owns(one, owner)]
    return bool(mine) if step else not set(mine).isdisjoint(runs.going(owner))


def forget(names: Iterable[str]) -> None:
    """Forget the choices that links name, so that the new link's are taken."""
    for name in {*names} - {"present", "demo"}:
        st.session_state.pop(name, None)


def turn(on: bool) -> None:
    """Presenter mode on or off, in the URL too."""
    st.session_state[theme.PRESENTING] = on
    tell("present", ON if on else None)
    if not on:
        end()


def tell(name: str, value: str | None) -> None:
    """Write a parameter into the URL, or take it away."""
    if value is not None:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]


def start() -> None:
    """Have the browser open the first demo."""
    st.session_state[BEGAN] = time.time()
    st.session_state[GO] = True


def end() -> None:
    """The demos are over; what stands on screen stays."""
    for name in (STEP, TOLD, BEGAN):
        st.session_state.pop(name, None)
    tell("demo", None)


def ask(what: str) -> None:
    """Open a dialog in this run."""
    st.session_state[ASKED] = what


# --- the bar ----------------------------------------------------------------------------------------------------------


def root(page: Page) -> str:
    """The path of the app on its server, with a slash at either end; "/" unless it lies deeper."""
    path = urlsplit(st.context.url or "").path.rstrip("/").removesuffix(page.url_path).strip("/")
    return f"/{path}/" if path else "/"


def href(place: str, step: int) -> str:
    """The link of a step, as the bar opens it. place: the app's root."""
    return f"{place}{STEPS[step].link}&present={ON}&demo={step + 1}"


def data(pages: Sequence[Page], page: Page) -> dict[str, Any]:
    """What the browser needs: the step with its line, where keys lead, whether keys are on."""
    state, place = st.session_state, root(page)
    step = state.get(STEP)
    presenting = theme.large()
    state[KEYS_TOLD] = state.get(KEYS, True)
    stay = f"?present={ON}" if presenting else ""
    told: dict[str, Any] = {
        "presenting": presenting,
        "keys": state[KEYS_TOLD],
        "pages": [f"{place}{one.url_path}{stay}" for one in pages],
        "first": href(place, 0),
        "go": href(place, 0) if state.pop(GO, False) else "",
        "demo": None,
        "next": "",
        "back": "",
    }
    if step is not None:
        one = STEPS[step]
        place_in, parts = demos.part(step)
        lacks = one.lacks()
        told["demo"] = {
            "step": step + 1,
            "number": f"Demo {one.demo} of {demos.DEMOS}" + (f", part {place_in} of {parts}" if parts > 1 else ""),
            "title": one.title,
            "say": f"{lacks} Go on with the next step." if lacks and step + 1 < len(STEPS) else lacks or one.say,
            "lacks": bool(lacks),
            "seconds": max(0, int(time.time() - state.get(BEGAN, time.time()))),
        }
        told["next"] = href(place, step + 1) if step + 1 < len(STEPS) else ""
        told["back"] = href(place, step - 1) if step else ""
    return told


def bar(pages: Sequence[Page], page: Page) -> None:
    """Mount the bar, which also hears the keys, and open what was asked for."""
    with st.container(key=KEY):
        _bar(data=data(pages, page), key="presenter-bar", on_asked_change=heard)
    asked = st.session_state.pop(ASKED, None)
    if asked == "link":
        from pages.parts import share

        share.show()
    elif asked == "code":
        from pages.parts import source

        source.show(page.url_path)
    elif asked == "keys":
        keys()


def heard() -> None:
    """Do what a key or a button of the bar asks for; anything else is passed over."""
    asked = (st.session_state.get("presenter-bar") or {}).get("asked")
    if asked in ("present", "leave"):
        turn(asked == "present")
    elif asked == "end":
        end()
    elif asked in ("link", "code", "keys"):
        ask(asked)


@st.dialog("Keys")
def keys() -> None:
    """What each key does, and a switch that turns them off for those whom they trouble."""
    lines = "".join(f"<dt>{chords(name)}</dt><dd>{words}</dd>" for name, words in SHORTCUTS.items())
    st.html(f'<dl class="lo-keys">{lines}</dl><p class="lo-hint">{REST}</p>')
    st.toggle("Keys are on", st.session_state.get(KEYS, True), key="keys-on", on_change=keep_keys)
    if st.session_state.get(KEYS, True) != st.session_state.get(KEYS_TOLD):
        st.rerun()


def keep_keys() -> None:
    """Keys on or off."""
    st.session_state[KEYS] = st.session_state["keys-on"]


def chords(name: str) -> str:
    """The keys of one entry as HTML: 'N, Page Down' are two, '1 to 9' a range."""
    parts = name.replace(" to ", ", to, ").split(", ")
    return " ".join(part if part == "to" else f"<kbd>{part}</kbd>" for part in parts)


# --- the sidebar ------------------------------------------------------------------------------------------------------


def choices() -> None:
    """The same in the sidebar, which is not seen while one presents: what the bar offers, and the way to it.

    A button turns it on, no switch: a browser that is behind would send the switch's old place, and turn it off again.
    """
    with st.container(key="presenter-choices"):
        st.button(
            "Presenter mode", icon=":material/present_to_all:", on_click=turn, args=(True,), type="tertiary", key="ask-present"
        )
        st.button("Five demos", icon=":material/play_arrow:", on_click=start, type="tertiary", key="start-demos")
        st.button(
            "Link and QR code", icon=":material/qr_code_2:", on_click=ask, args=("link",), type="tertiary", key="ask-link"
        )
        st.button("Show the code", icon=":material/code:", on_click=ask, args=("code",), type="tertiary", key="ask-code")
        st.button("Keys", icon=":material/keyboard:", on_click=ask, args=("keys",), type="tertiary", key="ask-keys")
