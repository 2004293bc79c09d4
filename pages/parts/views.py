"""What several parts of the pages show alike: headings, charts, shares, and readings in a few words."""

import re
import textwrap
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.clocks.reading import UNSURE, Reading
from core.clocks.time import ClockTime, signed_error_minutes
from core.written import percent
from pages.parts import theme

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from core.registry import ModelCard

PLAIN = {"displayModeBar": False, "scrollZoom": False}
QUIET_PLACES = {  # by where pictures come from, while there is none
    "files": "Drop a picture of a clock, paste one, or start from one of these.",
    "camera": "Take a picture of a clock, or start from one of these.",
    "no camera": "Choose a picture of a clock under Files, or start from one of these.",
}
LEARNED = {  # where the card's own words are too long
    "reader-report": "learned only drawn clocks of one kind",
    "reader-small": "learned drawn clocks of every kind, and painted hands",
    "reader": "learned drawn clocks of every kind, and painted hands",
}
EXACT_MINUTES = 0.05  # an error that would print as 0.0


def heading(title: str, lede: str) -> None:
    """The top of a page."""
    st.html(f'<header class="lo-head"><h1>{escape(title)}</h1><p>{escape(lede)}</p></header>')


def section(title: str, words: str, ruled: bool = True, at: str = "") -> None:
    """A heading, with a line above it unless it stands first. at: what a link calls it that opens the page there."""
    kind = "lo-section lo-ruled" if ruled else "lo-section"
    place = f' id="at-{at}"' if at else ""
    st.html(f'<h2 class="{kind}"{place}>{escape(title)}<small>{escape(words)}</small></h2>')


def chart(figure: "go.Figure", key: str, words: str, *, fits: bool = False, config: Mapping[str, Any] | None = None) -> None:
    """One plotly figure, in our own style, with words for those who do not see it.

    fits: in presenter mode it is as tall as the window leaves room for, by the style sheet, so that none of it is below.
    config: what plotly offers beside the figure, nothing unless told.
    """
    drawn, config = theme.for_the_hall(figure), dict(config or PLAIN)
    if not fits or not theme.large():
        st.plotly_chart(drawn, theme=None, key=key, config=config, alt=words)
        return
    with st.container(key=f"fits-{key}", height=drawn.layout.height, border=False):
        drawn.update_layout(height=None)
        st.plotly_chart(drawn, theme=None, key=key, config=config, alt=words, height="stretch")


def error_words(true: ClockTime, minutes: float) -> str:
    """How far a reading is off, as words."""
    ahead = float(signed_error_minutes(true.minutes, minutes))
    if abs(ahead) < EXACT_MINUTES:
        return f"exactly the true {true}"
    way = "ahead of" if ahead >= 0 else "behind"
    return f"{abs(ahead):.1f} minutes {way} the true {true}"


def told_share(reading: Reading, probability: float) -> float:
    """The share of a time, from its probability: what a doubt takes from the answer it takes from the others, too."""
    first = reading.candidates[0].probability
    return reading.confidence / first * probability if first else 0.0


def doubtful(reading: Reading) -> bool:
    """Whether a reading is to be shown as a guess."""
    return bool(reading.note) or reading.confidence < UNSURE


def learned(card: "ModelCard | None") -> str:
    """What a model learned from, in a few words; "" where its card does not say."""
    if card is None or card.model_id in LEARNED:
        return LEARNED.get(card.model_id, "") if card else ""
    words = re.split(r"[;:.] ", card.data)[0].strip()
    return f"learned from {textwrap.shorten(words, 64, placeholder=' …')}" if words else ""


def share(value: float) -> str:
    """A share as words that never claim certainty or impossibility by rounding."""
    return "under 1 %" if 0 < value < 0.01 else "over 99 %" if 0.99 < value < 1 else percent(value)


def sureness(value: float) -> str:
    """How sure a network is, as words: its probabilities are never 0 or 1, whatever is left of their digits."""
    return share(min(max(value, 1e-6), 1 - 1e-6))


def meter(value: float) -> str:
    """A bar from 0 to 1; the number stands beside it."""
    return f'<i class="lo-meter" aria-hidden="true"><i style="width:{100 * min(max(value, 0), 1):.1f}%"></i></i>'
