"""Thumbnails to choose from, by mouse, touch or arrow keys: of the samples, or of any pictures."""

from collections.abc import Callable

import streamlit as st

from pages.parts import cached, pictures
from pages.parts.mounting import component

THUMBNAIL = 144
_gallery = component("gallery", html='<div class="gallery" role="radiogroup"></div>')


def show(names: list[str], chosen: str | None, on_pick: Callable[[str], None], key: str) -> None:
    """Show the samples of these names; ``on_pick`` gets the name of the one picked."""
    pick(items(names), chosen, on_pick, key, "Samples")


def pick(items: list[dict[str, str]], chosen: str | None, on_pick: Callable[[str], None], key: str, label: str) -> None:
    """Show pictures to choose from: of each its name, its source as a URL, and words for those who do not see it."""
    names = [item["name"] for item in items]

    def take() -> None:
        picked = (st.session_state.get(key) or {}).get("picked")
        if picked in names:
            on_pick(picked)

    _gallery(data={"items": items, "chosen": chosen, "label": label}, key=key, on_picked_change=take)


def items(names: list[str]) -> list[dict[str, str]]:
    """What the browser needs of each sample: its name, a small picture, words for those who do not see it."""
    files = pictures.samples()
    small = cached.sample_thumbnails(tuple(str(files[name]) for name in names), THUMBNAIL)
    found = []
    for name, data in zip(names, small, strict=True):
        true = pictures.time_in_name(files[name].name)
        words = f"Clock showing {true}" if true else f"Picture, {name.replace('_', ' ').replace('-', ': ')}"
        found.append({"name": name, "source": pictures.data_url(data), "words": words})
    return found
