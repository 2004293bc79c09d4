"""Two studies setting by setting: what another network does where all else is the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.clock_figures import framed, line_of, marker_of
from core.figures import palette, plain
from core.study_axes import LOOKS, ROW, value_axis
from core.study_effects import measured
from core.study_names import figure_text, setting_title
from core.trials import Level, Rows

ALIKE = ("epochs_trained", "pictures")  # of training: only runs that had the same of it are a pair
LINE = 6  # look of the line between two points


@dataclass(frozen=True)
class Pair:
    """A setting that ran in both studies, with as much training. here, there: the mean of the measure over its seeds."""

    levels: dict[str, Level]
    here: float
    there: float


def pairs_of(rows: Rows, others: Rows, factors: Sequence[str], measure: str) -> list[Pair]:
    """The settings that both have, in the order of ``rows``."""
    mine, theirs = (_by_setting(side, factors, measure) for side in (rows, others))
    return [
        Pair(dict(zip(factors, setting, strict=False)), float(np.mean(values)), float(np.mean(theirs[setting])))
        for setting, values in mine.items()
        if setting in theirs
    ]


def _by_setting(rows: Rows, factors: Sequence[str], measure: str) -> dict[tuple[Any, ...], list[float]]:
    found: dict[tuple[Any, ...], list[float]] = {}
    for row in measured(rows, measure):
        found.setdefault(tuple(row.get(name) for name in (*factors, *ALIKE)), []).append(float(row[measure]))
    return found


def pairs_words(pairs: Sequence[Pair], column: str, name: str) -> str:
    """How the two differ on average, and how often one is ahead. name: of the other study."""
    differences = [pair.here - pair.there for pair in pairs]
    mean = float(np.mean(differences))
    size = f"{100 * abs(mean):.1f} points" if column.endswith("accuracy") else figure_text(column, abs(mean))
    side = "higher" if mean >= 0 else "lower"
    times = sum((one >= 0) == (mean >= 0) for one in differences)
    return (
        f"In {len(pairs)} settings that {name} ran as long, too, this is {size} {side} on average, and so in {times} of them."
    )


def pairs_plot(
    pairs: Sequence[Pair],
    column: str,
    names: tuple[str, str],
    varying: Sequence[str],
    *,
    log: bool = False,
    dark: bool = False,
) -> go.Figure:
    """A line for each setting between what both studies have of it. names: of both. varying: factors that name it."""
    labels = [_label(pair.levels, varying) for pair in pairs]
    values = [value for pair in pairs for value in (pair.here, pair.there)]
    across = value_axis(column, values, log=log)
    up = {"tickvals": list(range(len(pairs))), "ticktext": labels, "range": [len(pairs) - 0.4, -0.6], "showgrid": False}
    figure = framed(ROW * len(pairs) + 110, dark, across, up, legend=True)
    for place, pair in enumerate(pairs):
        line = line_of(LOOKS[LINE], dark, 1.25) | {"color": palette(dark).muted}
        figure.add_scatter(
            x=[pair.here, pair.there], y=[place] * 2, mode="lines", line=line, showlegend=False, hoverinfo="skip"
        )
    for name, look, points in zip(names, LOOKS[:2], ([one.here for one in pairs], [one.there for one in pairs]), strict=True):
        figure.add_scatter(
            x=points,
            y=list(range(len(pairs))),
            name=plain(name),
            mode="markers",
            marker=marker_of(look, dark, size=10, most=0),
            customdata=[f"{label}: {figure_text(column, value)}" for label, value in zip(labels, points, strict=True)],
            hovertemplate="%{customdata}<extra></extra>",
        )
    return figure


def _label(levels: Mapping[str, Level], varying: Sequence[str]) -> str:
    return plain(setting_title({name: levels[name] for name in varying}))
