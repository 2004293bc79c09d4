"""The style of all figures, in this one place: colours, type, the looks of models.

Backgrounds are transparent and all strokes come from one ``Palette``, so that a figure sits on a light page and
(``dark=True``) on a dark one. The categorical colours stay apart for every common colour vision (after Okabe & Ito 2008), and
never carry a meaning alone: line dashes, marker shapes or words repeat it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from core.written import percent

FONT = '"Source Sans", "Source Sans Pro", system-ui, sans-serif'
DASHES = ("solid", "dash", "dot", "dashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up")


@dataclass(frozen=True)
class Palette:
    """Colours of one theme. ``series``: the hues of ``Look``; ``truth``: the true time."""

    ink: str
    muted: str
    line: str
    paper: str
    truth: str
    series: tuple[str, ...]


LIGHT_SERIES = ("#0f6cb0", "#b84e08", "#0a7d5f", "#8a4f9e", "#876400", "#50575f")
DARK_SERIES = ("#6db3ee", "#f08a45", "#4fc3a1", "#c79ad6", "#d8b548", "#b9c0c7")
LIGHT = Palette("#1d1c19", "#5d594f", "#d9d4c7", "#fbfaf6", "#1d1c19", LIGHT_SERIES)
DARK = Palette("#ece9e1", "#aeaaa0", "#383f48", "#14171b", "#ece9e1", DARK_SERIES)


@dataclass(frozen=True)
class Look:
    """How one model looks in every figure: a hue (its place in ``Palette.series``), a dash and a marker."""

    hue: int
    dash: str = "solid"
    symbol: str = "circle"


PLAIN_LOOKS = tuple(Look(place, DASHES[place], SYMBOLS[place]) for place in range(4))


def look_of(name: str, place: int, looks: Mapping[str, Look] | None) -> Look:
    """The look that ``looks`` gives to a name, else the one of its place in the figure."""
    return (looks or {}).get(name) or PLAIN_LOOKS[place % 4]


def palette(dark: bool = False) -> Palette:
    """The colours to draw with."""
    return DARK if dark else LIGHT


def see_through(colour: str, opacity: float) -> str:
    """``#rrggbb`` as an ``rgba(...)`` of that opacity in [0, 1]."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"


def styled(figure: go.Figure, height: int, dark: bool) -> go.Figure:
    """Put the common style on ``figure``: transparent, our type, no chrome, ``height`` in pixels."""
    colours = palette(dark)
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 14, "color": colours.muted},
        hoverlabel={"bgcolor": colours.paper, "bordercolor": colours.line, "font": {"family": FONT, "color": colours.ink}},
        showlegend=False,
        dragmode=False,
    )
    return figure


def percent_axis(values: Sequence[float] = ()) -> dict[str, Any]:
    """What labels an axis of shares in per cent as texts write it: plotly's own labels, "50%", lack the space.

    values: shares that lie close together on the axis, for labels with a decimal; none for whole per cents.
    """
    if not values:
        return {"tickformat": ".0%", "labelalias": {f"{one}%": percent(one / 100) for one in range(101)}}
    # Plotly puts labels where it will: whole per cents anywhere, and decimals no farther from the values than they spread.
    near = range(max(0, math.floor(1000 * min(values)) - 50), min(1000, math.ceil(1000 * max(values)) + 50) + 1)
    labels = sorted({*near, *range(0, 1001, 10)})
    return {"tickformat": ".1%", "labelalias": {f"{one / 10:.1f}%": percent(one / 1000, 1) for one in labels}}


def plain(text: str) -> str:
    """``text`` with the characters escaped that plotly's labels take for markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
