"""What all figures of studies share: the looks of levels, their names, and axes of measures.

A level of a factor has one look in all figures of a study, by its place among the study's levels; hue, dash and marker differ
together, so nothing rests on colour alone.
"""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.clock_figures import log_ticks, title
from core.figures import Look, palette, plain
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
Names = Mapping[tuple[str, Level], str]
NO_NAMES: Names = {}


def looks_of(levels: Sequence[Level]) -> dict[Level, Look]:
    """The look of each level of a factor."""
    return {level: LOOKS[place % len(LOOKS)] for place, level in enumerate(levels)}


def value_axis(column: str, values: Sequence[float], *, log: bool = False, most: int = 7) -> dict[str, Any]:
    """An axis of a measure: accuracies in per cent, losses by logarithm on wish and where all are above 0.

    most: ticks of a logarithmic axis.
    """
    named: dict[str, Any] = {"title": title(measure_title(column))}
    if column.endswith("accuracy"):
        return named | {"tickformat": ".0%" if np.ptp(values or [0, 1]) > 0.05 else ".1%", "nticks": 6}
    if log and values and min(values) > 0:
        return named | log_axis(values, most)
    return named | {"nticks": 6}


def log_axis(values: Sequence[float], most: int = 7) -> dict[str, Any]:
    """A logarithmic axis of positive values: ticks of each decade, or round values where these lie close together."""
    low, high = min(values), max(values)
    ticks = few_ticks(log_ticks(np.array(values, float)), low, high, most)
    if sum(low <= tick <= high for tick in ticks) < LEAST_TICKS:  # those beyond the ends may not be seen
        ticks = round_values(low, high, True, most - 2)
    return {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:g}" for tick in ticks]}


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


def guess_line(figure: go.Figure, guess: float | None, dark: bool) -> None:
    """What guessing scores, across a figure."""
    if guess is not None:
        figure.add_hline(y=guess, line={"color": palette(dark).muted, "width": 1.5, "dash": "dash"})
