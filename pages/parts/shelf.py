"""Which models are stored here and which of them are loaded, by what they are for."""

import re
from collections.abc import Sequence
from html import escape

import streamlit as st

from core.cards import ModelCard, read_cards, short_title
from pages.parts import forms, in_memory

LEAVES = "core.generators.leaf_classifier"
READERS, CLASSIFIERS, GENERATORS = "They read clocks", "They tell classes", "They make pictures"
JOBS = (  # what models are for, the rooms that build such networks, and what trains some
    (READERS, ("core.clocks.",), "python -m core train reader-report"),
    (CLASSIFIERS, ("core.classifiers.", LEAVES), "python -m core train leaf-classifier"),
    (GENERATORS, ("core.generators.",), "python -m core train vae-leaves-32 gan-leaves"),
)


def show() -> None:
    """A list for each job: how many are stored, and of each how far it is trained and whether it is loaded.

    Below stands which models no page lists, as their cards are damaged.
    """
    st.html(
        '<h2 class="lo-section lo-ruled">Which models are here<small>Stored models lie on this machine; the first look at one '
        "loads it, and it stays loaded for everybody.</small></h2>"
    )
    cards, damaged = read_cards()
    loaded = in_memory.loaded()
    lists = [shelf(title, command, [card for card in cards if job_of(card) == title], loaded) for title, _, command in JOBS]
    st.html(f'<div class="lo-shelves">{"".join(lists)}</div>')
    for error in damaged:
        forms.complain(f"A model is left out everywhere: {str(error).removesuffix('.')}.")


def not_yet(lacking: Sequence[tuple[str, str, str]]) -> str:
    """Which demos have nothing to show here, before anyone starts them: name, sentence and remedy of each."""
    if not lacking:
        return ""
    lines = "".join(f"<li>{escape(name)}: {escape(words)} <code>{escape(cure)}</code></li>" for name, words, cure in lacking)
    return f'<ul class="lo-hint lo-not-yet" aria-label="Demos that have nothing to show yet">{lines}</ul>'


def job_of(card: ModelCard) -> str:
    """What a model is for: the job with the longest name of a room that its network comes from; "" for none."""
    rooms = [(room, title) for title, rooms, _ in JOBS for room in rooms if card.network.startswith(room)]
    return max(rooms, key=lambda one: len(one[0]))[1] if rooms else ""


def shelf(title: str, command: str, cards: Sequence[ModelCard], loaded: set[str]) -> str:
    """The models of one job as HTML; where none is stored, the command that trains some."""
    if not cards:
        words = f"None is stored yet: <code>{escape(command)}</code> trains some."
        return f'<section><h3>{escape(title)}</h3><p class="lo-hint">{words}</p></section>'
    here = sum(card.model_id in loaded for card in cards)
    ours_first = sorted(cards, key=lambda card: (card.report or "", counted(card.title)))
    items = "".join(line(card, card.model_id in loaded) for card in ours_first)
    told = f"{len(cards)} stored, {here or 'none'} loaded"
    return f"<section><h3>{escape(title)}<small>{told}</small></h3><ul>{items}</ul></section>"


def counted(title: str) -> list[tuple[int, str]]:
    """What titles are sorted by: their words, and numbers as such, so that 128 comes after 32."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", title) if part]


def line(card: ModelCard, is_loaded: bool) -> str:
    """One model: its title, how far it is trained, and in words as well as by a dot whether it is loaded."""
    kind, state = ("lo-loaded", ", loaded") if is_loaded else ("lo-stored-only", "")
    origin = "" if not card.report or card.report in card.title else f" ({escape(card.report)})"
    epochs = f"{card.epochs_trained} of {card.epochs_asked} epochs{state}"
    return f'<li class="{kind}"><span>{escape(short_title(card.title))}{origin}</span><small>{epochs}</small></li>'
