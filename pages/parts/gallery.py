"""Thumbnails of the samples to choose from, by mouse, touch or arrow keys."""

from collections.abc import Callable

import streamlit as st

from pages.parts import cached, pictures
from pages.parts.mounting import component

THUMBNAIL = 144
_gallery = component("gallery", html='<div class="gallery" role="radiogroup"></div>')


def show(names: list[str], chosen: str | None, on_pick: Callable[[str], None], key: str) -> None:
    """Show the samples of these names; ``on_pick`` gets the name of the one picked."""

    def take() -> None:
        picked = (st.session_state.get(key) or {}).get("picked")
        if picked in names:
            on_pick(picked)

    _gallery(data={"items": items(names), "chosen": chosen, "label": "Samples"}, key=key, on_picked_change=take)


def items(names: list[str]) -> list[dict[str, str]]:
    """What the browser needs of each sample: its name, a small picture, words for those who do not see it."""
    files = pictures.samples()
    small = cached.sample_thumbnails(tuple(str(files[name]) for name in names), THUMBNAIL)
    found = []
    for name, data in zip(names, small, strict=True):
        true = pictures.time_in_name(files[name].name)
        words = f"Clock showing {true}" if true else f"Clock, {name}"
        found.append({"name": name, "source": pictures.data_url(data), "words": words})
    return found
