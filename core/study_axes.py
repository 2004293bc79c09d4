"""What all figures of studies share: the looks of levels, their names, and axes of measures.

A level of a factor has one look in all figures of a study, by its place among the study's levels; hue, dash and marker differ
together, so nothing rests on colour alone.
"""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from core.clock_figures import log_ticks, title
from core.figures import Look, palette, percent_axis, plain
from core.parallel import round_values
from core.study_names import level_title, measure_title
from core.trials import Level

LOOKS = (
    Look(0, "solid", "circle"),
    Look(1, "dash", "square"),
    Look(2, "dot", "diamond"),
    Look(3, "dashdot", "triangle-up"),
    Look(4, "solid", "star"),
    Look(5, "dash", "x"),
    Look(0, "dot", "triangle-down"),
    Look(1, "solid", "pentagon"),
)
ROW = 23  # pixels of a level in a figure that lists them
WIDE = 13  # letters of a line of a level beneath an axis
LEAST_TICKS = 3  # of a logarithmic axis
FLAG = 15  # pixels of the name of an upright line above a figure
LETTER = 0.045  # how much of the width of a narrow figure a letter of such a name takes
ROOM = 1.05  # where a figure ends to the right of its axis, in widths of the axis
GUESSING = "guessing"
Names = Mapping[tuple[str, Level], str]
NO_NAMES: Names = {}


def looks_of(levels: Sequence[Level]) -> dict[Level, Look]:
    """The look of each level of a factor."""
    return {level: LOOKS[place % len(LOOKS)] for place, level in enumerate(levels)}


def value_axis(column: str, values: Sequence[float], *, log: bool = False, most: int = 7) -> dict[str, Any]:
    """An axis of a measure: accuracies in per cent, losses by logarithm on wish and where all are above 0.

    most: ticks, of accuracies at most 6.
    """
    named: dict[str, Any] = {"title": title(measure_title(column))}
    if column.endswith("accuracy"):
        return named | {"nticks": min(6, most)} | percent_axis(() if np.ptp(values or [0, 1]) > 0.05 else values)
    if log and values and min(values) > 0:
        return named | log_axis(values, most)
    return named | {"nticks": 6}


def log_axis(values: Sequence[float], most: int = 7) -> dict[str, Any]:
    """A logarithmic axis of positive values: ticks of each decade, or round values where these lie close together."""
    low, high = min(values), max(values)
    ticks = few_ticks(log_ticks(np.array(values, float)), low, high, most)
    if sum(low <= tick <= high for tick in ticks) < LEAST_TICKS:  # those beyond the ends may not be seen
        ticks = round_values(low, high, True, most - 2)
    return {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:,g}" for tick in ticks]}


def few_ticks(ticks: Sequence[float], low: float, high: float, most: int) -> list[float]:
    """The ticks of a logarithmic axis that lie among the values, thinned out until they fit a narrow figure."""
    there = [tick for tick in ticks if low * 0.9 <= tick <= high * 1.1]
    for first in ("125", "13", "1"):
        if len(there) > most:
            there = [tick for tick in there if f"{tick:e}"[0] in first and f"{tick:e}"[2] == "0"] or there[::2]
    return there


def name_of(factor: str, level: Level, names: Names) -> str:
    """A level as a figure writes it."""
    return plain(names.get((factor, level)) or level_title(factor, level))


def folded(factor: str, level: Level, names: Names = NO_NAMES) -> str:
    """A level on as many lines as it needs to stand beneath an axis beside others."""
    return in_lines(names.get((factor, level)) or level_title(factor, level), WIDE)


def in_lines(text: str, wide: int) -> str:
    """Words on lines of at most ``wide`` letters, or of one word."""
    return "<br>".join(plain(line) for line in textwrap.wrap(text, wide, break_long_words=False, break_on_hyphens=False))


def guess_line(figure: go.Figure, guess: float | None, dark: bool, *, dash: str = "dash", width: float = 1.5) -> None:
    """What guessing scores, across a figure, and its name to the right of it, where no marker comes."""
    if guess is None:
        return
    figure.add_hline(y=guess, line={"color": palette(dark).muted, "width": width, "dash": dash})
    height = on_axis(guess, figure.layout.yaxis.type == "log")
    at = {"x": 1, "xref": "paper", "xanchor": "left", "xshift": 3, "y": height, "yanchor": "middle"}
    figure.add_annotation(text=GUESSING, showarrow=False, font={"size": 12}, **at)
    figure.update_layout(margin_r=max(56, figure.layout.margin.r or 0))


def on_axis(value: float, log: bool) -> float:
    """Where plotly puts words at a value: on a logarithmic axis it asks for the logarithm, which lines do without."""
    return math.log10(value) if log else value


@dataclass(frozen=True)
class Flag:
    """Where the name of an upright line stands above a figure: on a ``side`` of it, on a ``row``, of which the lowest is 0."""

    side: Literal["left", "right"]
    row: int = 0


def flags(lines: Mapping[str, float]) -> dict[str, Flag]:
    """A place for the name of each of one or two upright lines, so that it meets neither the other line nor its name.

    lines: name -> place on the axis, 0 to 1. Left of the axis there is room, above the names of levels; right of it little.
    """
    if len(lines) > 2:
        raise ValueError(f"at most 2 lines have room for their names; got {len(lines)}")
    *before, (name, place) = sorted(lines.items(), key=lambda one: one[1])
    found = {other: Flag("left") for other, _ in before}
    wide = LETTER * len(name)
    if place + wide <= ROOM:
        return found | {name: Flag("right")}
    apart = all(place - wide > at for _, at in before)
    return found | {name: Flag("left", 0 if apart else 1)}


def name_upright(
    figure: go.Figure, lines: Mapping[str, tuple[float, Mapping[str, Any]]], values: Sequence[float], tall: float, *, log: bool
) -> None:
    """Upright lines with their names above the figure, which gets the room for them and an x axis that reaches over all.

    lines: name -> (value on the x axis, its line). values: all that is drawn. tall: pixels of the axes. log: whether the x axis
    is logarithmic. The room is that of two rows even where one would do: figures side by side begin at one height.
    """
    at = {name: on_axis(value, log) for name, (value, _) in lines.items()}
    every = [*at.values(), *(on_axis(value, log) for value in values if value > 0 or not log)]
    free = 0.06 * (max(every) - min(every)) or 0.5
    low, high = min(every) - free, max(every) + free
    places = flags({name: (there - low) / (high - low) for name, there in at.items()})
    for name, (value, line) in lines.items():
        flag = places[name]
        top = 1 + FLAG * (flag.row + 1) / tall
        figure.add_shape(type="line", x0=value, x1=value, xref="x", y0=0, y1=top, yref="y domain", line=dict(line))
        away = {"xanchor": "left", "xshift": 3} if flag.side == "right" else {"xanchor": "right", "xshift": -3}
        words = {"text": name, "showarrow": False, "font": {"size": 12}, "yanchor": "top"}
        figure.add_annotation(x=at[name], xref="x", y=top, yref="y domain", **away, **words)
    figure.update_layout(margin_t=2 * FLAG, xaxis_range=[low, high])
