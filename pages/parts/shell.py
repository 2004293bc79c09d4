"""The sidebar and the style sheet of every page."""

from collections.abc import Sequence
from html import escape

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from pages.parts import cached, history, presenter, theme
from pages.parts.mounting import WEB

ICON = WEB / "mark.svg"
ABOUT = "**Latent O'Clock**: deep learning for lectures, on clocks first. Everything runs on this machine."


def enter() -> None:
    """First thing in a page: see to it that ``app.py`` stands around it.

    Until ``st.navigation`` has run once in a server, Streamlit takes ``pages/`` for its older kind of app and runs the file
    that a deep link names on its own. Telling it otherwise and starting over, before anything is drawn, mends that.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


def dress(pages: Sequence[st.Page], page: st.Page) -> None:
    """Give the page its style, its mark and its measure; above it stands the presenter's bar, which also hears the keys."""
    presenter.follow()
    history.follow(page.url_path)
    sheets = ["style.css", "presenter_choices.css", *(["presenting.css"] if theme.large() else [])]
    colours = theme.hall_colours() if theme.large() else ""
    st.html(f"<style>{colours}{''.join((WEB / name).read_text('utf-8') for name in sheets)}</style>")
    st.logo(str(WEB / "mark.svg"), size="large")
    presenter.bar(pages, page)


def sidebar(page: st.Page) -> None:
    """Say on which device the models run, and whether the first of them is warm; the page has run."""
    history.note(page.url_path)
    warming = cached.warm_up()
    with st.sidebar:
        presenter.choices()
        if warming is None or warming.done.is_set():
            device_note(warming)
        else:
            st.fragment(run_every=2)(watch)(warming)
        theme.watch()


def watch(warming: cached.WarmUp) -> None:
    """One look at the warm-up; when it is over, one last run of the page ends the looking."""
    if warming.done.is_set():
        st.rerun()
    device_note(warming)


def device_note(warming: cached.WarmUp | None) -> None:
    """The two lines at the foot of the sidebar."""
    if warming is None:
        state, words = "cold", "Models load when first used"
    elif not warming.done.is_set():
        state, words = "busy", "Loading the first model"
    elif warming.problem:
        state, words = "cold", warming.problem
    else:
        state, words = "warm", "Ready"
    device = (warming.device if warming else "") or "This machine"
    st.html(
        f'<div class="lo-device lo-{state}" role="status"><i aria-hidden="true"></i>'
        f"<span>{escape(device)}</span><small>{escape(words)}</small></div>"
    )
