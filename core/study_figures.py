"""Rows of studies -> plotly figures, in the style of ``figures``: effects, interactions, importance, lines by optimiser, print.

Every function is pure. Looks, names and axes are those of ``study_axes``; an open marker holds runs that diverged.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.clock_figures import framed, line_of, marker_of, title
from core.figures import Look, palette, percent_axis, plain, see_through
from core.study_axes import (
    GUESSING,
    LOOKS,
    NO_NAMES,
    ROW,
    Names,
    folded,
    guess_line,
    in_lines,
    looks_of,
    name_of,
    name_upright,
    value_axis,
)
from core.study_effects import Beside, Cell, LevelMean
from core.study_names import factor_title, figure_text, level_title, measure_title, setting_title
from core.trials import Level
from core.written import percent, true_minus

DOUBLING = ("batch_size",)  # factors whose levels double: their axis is logarithmic


# --- effects ---------------------------------------------------------------------------------------------------------


def effects_plot(
    effects: Sequence[LevelMean],
    column: str,
    *,
    among: Sequence[LevelMean] = (),
    names: Names = NO_NAMES,
    guess: float | None = None,
    log: bool = False,
    dark: bool = False,
) -> go.Figure:
    """The mean of a measure at each level of each factor, factors below each other; a longer range weighs more.

    Whiskers, where there are several seeds: the standard deviation between them. The dotted line is the mean of all settings,
    the large marker a factor's best. among: all effects, where these are a part of them that stands beside the others; looks
    and the axis are theirs. names: of levels that are not written as everywhere. guess: what guessing scores, a dashed
    line; both lines have their names above.
    """
    colours = palette(dark)
    every = among or effects
    factors = list(dict.fromkeys(one.factor for one in every))
    rows: list[str] = []
    across = value_axis(column, [one.mean for one in every], log=log, most=5)
    across |= {"title": title(in_lines(f"mean {measure_title(column)}", 40 if among else 18))}
    figure = framed(100, dark, across, {})
    for place, factor in enumerate(factors):
        of_factor = [one for one in effects if one.factor == factor]
        if not of_factor:
            continue
        best = (max if column.endswith("accuracy") else min)(of_factor, key=lambda one: one.mean)
        look, start = LOOKS[place % len(LOOKS)], len(rows) + 1
        rows += [f"<b>{plain(factor_title(factor))}</b>", *(name_of(factor, one.level, names) for one in of_factor)]
        figure.add_scatter(
            x=[one.mean for one in of_factor],
            y=list(range(start, len(rows))),
            name=plain(factor_title(factor)),
            mode="lines+markers",
            line={"color": see_through(colours.series[look.hue], 0.45), "width": 1.5},
            marker=marker_of(look, dark, most=0)
            | {"size": [12 if one is best else 7 for one in of_factor], "symbol": _symbols(look, of_factor)},
            error_x=_whiskers(of_factor),
            customdata=[[_one(one, column), _runs(one)] for one in of_factor],
            hovertemplate="%{customdata[0]} · mean of %{customdata[1]}<extra></extra>",
        )
    if effects:
        first = [one for one in every if one.factor == factors[0]]
        mean = sum(one.mean * one.settings for one in first) / sum(one.settings for one in first)
        lines = {"mean": (mean, {"color": colours.muted, "width": 1, "dash": "dot"})}
        if guess is not None:
            lines[GUESSING] = guess, {"color": colours.muted, "width": 1.5, "dash": "dash"}
        reached = [one.mean + side * (one.spread or 0.0) for one in every for side in (-1, 1)]
        name_upright(figure, lines, reached, ROW * len(rows), log=across.get("type") == "log")
    figure.update_layout(
        height=ROW * len(rows) + 96 + figure.layout.margin.t,
        yaxis={"tickvals": list(range(len(rows))), "ticktext": rows, "range": [len(rows) - 0.4, -0.6], "showgrid": False},
    )
    return figure


def _whiskers(means: Sequence[LevelMean]) -> dict[str, Any]:
    """None where no setting has several seeds; none at a level whose settings have one."""
    if all(one.spread is None for one in means):
        return {"visible": False}
    return {"array": [one.spread for one in means], "thickness": 1.2, "width": 3}


def _one(effect: LevelMean, column: str) -> str:
    spread = "" if effect.spread is None else f" ± {figure_text(column, effect.spread)}"
    return f"{plain(level_title(effect.factor, effect.level))}: {figure_text(column, effect.mean)}{spread}"


def _symbols(look: Look, means: Sequence[LevelMean | Cell]) -> list[str]:
    """A marker for each mean: open where runs behind it diverged."""
    return [look.symbol + ("-open" if one.diverged else "") for one in means]


def _runs(one: LevelMean | Cell) -> str:
    return _count(one.count, "run") + (f", of which {one.diverged} diverged" if one.diverged else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def interaction_plot(
    cells: Sequence[Cell],
    factors: tuple[str, str],
    levels: tuple[Sequence[Level], Sequence[Level]],
    column: str,
    *,
    names: Names = NO_NAMES,
    guess: float | None = None,
    log: bool = False,
    dark: bool = False,
    height: int = 400,
) -> go.Figure:
    """The mean of a measure at each level of the first factor, a line for each level of the second.

    Parallel lines: the two act each on its own. levels: of both factors, in the order of the study. A point says how many runs
    are behind it when it is pointed at: where lines meet, numbers would stand on each other. names, guess: as in
    ``effects_plot``.
    """
    first, second = factors
    across, lines = levels
    by_pair = {(one.first, one.second): one for one in cells}
    looks = looks_of(lines)
    ticks = {
        "tickvals": list(range(len(across))),
        "ticktext": [folded(first, one, names) for one in across],
    }
    # Half a place is left at each end: plotly leaves out a label that reaches past its axis.
    ends = {"range": [-0.5, len(across) - 0.5], "ticklabeloverflow": "allow"}
    x_axis = {**ticks, **ends, "title": title(factor_title(first))}
    figure = framed(height, dark, x_axis, value_axis(column, [one.mean for one in cells], log=log), legend=True)
    for level in lines:
        met = [(place, by_pair[one, level]) for place, one in enumerate(across) if (one, level) in by_pair]
        look, label = looks[level], name_of(second, level, names)
        figure.add_scatter(
            x=[place for place, _ in met],
            y=[one.mean for _, one in met],
            name=label,
            mode="lines+markers",
            line=line_of(look, dark),
            marker=marker_of(look, dark, size=9, most=0) | {"symbol": _symbols(look, [one for _, one in met])},
            customdata=[[figure_text(column, one.mean), _beyond(one, column), _runs(one)] for _, one in met],
            hovertemplate="%{customdata[0]}, %{customdata[1]} beyond both effects · %{customdata[2]}"
            f"<extra>{label}</extra>",
        )
    guess_line(figure, guess, dark)
    return figure


def _beyond(cell: Cell, column: str) -> str:
    return true_minus(f"{100 * cell.beyond:+z.1f} points" if column.endswith("accuracy") else f"{cell.beyond:+z.3g}")


def importance_bars(shares: Mapping[str, float], *, dark: bool = False) -> go.Figure:
    """The share of a measure's variance that lies between the levels of each factor, the largest on top."""
    order = sorted(shares, key=lambda name: -shares[name])
    series = palette(dark).series[0]
    tall = {"tickvals": list(range(len(order))), "ticktext": [plain(factor_title(name)) for name in order], "showgrid": False}
    across = {
        "range": [0, 1.12],
        "tickvals": [0, 0.25, 0.5, 0.75, 1],
        **percent_axis(),
        "title": title("share of the variance"),
    }
    figure = framed(36 * len(order) + 72, dark, across, {**tall, "range": [len(order) - 0.4, -0.6]})
    figure.add_bar(
        x=[shares[name] for name in order],
        y=list(range(len(order))),
        orientation="h",
        width=0.62,
        marker={"color": see_through(series, 0.55), "line": {"color": series, "width": 1.25}},
        text=[percent(shares[name]) for name in order],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{text} of the variance<extra></extra>",
    )
    return figure


# --- 2023, Figure 1 --------------------------------------------------------------------------------------------------


def lines_over(
    points: Sequence[tuple[Level, float, float]],
    factor: str,
    column: str,
    lines: Sequence[Level],
    *,
    runs: Sequence[int] = (),
    broken: Collection[int] = (),
    within: Sequence[float] = (),
    names: Names = NO_NAMES,
    guess: float | None = None,
    log: bool = False,
    dark: bool = False,
    height: int = 400,
) -> go.Figure:
    """A measure over a factor that is a number, a line for each optimiser through the means of its settings, which are dots.

    points: (optimiser, number, value) of each setting; runs: how many are behind each, 1 when empty; broken: places among them
    of settings with runs that diverged, open dots. lines: all optimisers, in the order of the study. within: values that the
    axis reaches over, too, so that figures side by side share it. A mean says how many runs are behind it when it is pointed
    at. names, guess: as in ``effects_plot``. 2023, Figure 1.
    """
    numbers = sorted({number for _, number, _ in points})
    across: dict[str, Any] = {
        "title": title(factor_title(factor)),
        "tickvals": numbers,
        "ticktext": [name_of(factor, n, names) for n in numbers],
    }
    if factor in DOUBLING:
        across |= {"type": "log", "minor": {"ticks": ""}}
    up = value_axis(column, [*(value for *_, value in points), *within], log=log)
    if within and up.get("type") != "log":
        low, high = min(within), max(within)
        up["range"] = [low - 0.06 * (high - low), high + 0.06 * (high - low)]
    figure = framed(height, dark, across, up, legend=True)
    behind: dict[tuple[Level, float], int] = {}
    for place, (name, number, _) in enumerate(points):
        behind[name, number] = behind.get((name, number), 0) + (runs[place] if runs else 1)
    looks = looks_of(lines)
    for level in lines:
        places = [place for place, (name, *_) in enumerate(points) if name == level]
        mine = [points[place][1:] for place in places]
        if not mine:
            continue
        at = sorted({number for number, _ in mine})
        values = {number: [value for there, value in mine if there == number] for number in at}
        look, label = looks[level], plain(level_title("optimizer", level))
        colour = palette(dark).series[look.hue]
        symbols = [look.symbol + ("-open" if place in broken else "") for place in places]
        dots = {"color": see_through(colour, 0.45), "size": 5, "symbol": symbols}
        hover = "%{customdata} at %{x:g}<extra>" + label + "</extra>"
        told = [figure_text(column, points[place][2]) + (", diverged" if place in broken else "") for place in places]
        x, y = [number for number, _ in mine], [float(value) for _, value in mine]
        figure.add_scatter(x=x, y=y, mode="markers", marker=dots, showlegend=False, customdata=told, hovertemplate=hover)
        means = [float(np.mean(values[number])) for number in at]
        figure.add_scatter(
            x=at,
            y=means,
            name=label,
            mode="lines+markers",
            line=line_of(look, dark),
            marker=marker_of(look, dark, size=9, most=0),
            customdata=[
                f"mean of {_count(len(values[n]), 'setting')}, {_count(behind[level, n], 'run')}: {figure_text(column, mean)}"
                for n, mean in zip(at, means, strict=True)
            ],
            hovertemplate=hover,
        )
    guess_line(figure, guess, dark)
    return figure


# --- print -----------------------------------------------------------------------------------------------------------


def published_plot(
    pairs: Sequence[Beside], column: str, *, log: bool = False, dark: bool = False, height: int = 400
) -> go.Figure:
    """Every printed figure of one measure (across) against ours (up); on the dotted line both are equal.

    Figures with a remark are open markers.
    """
    whole = [(pair, pair.ours) for pair in pairs if pair.measure == column and pair.ours is not None]
    values = [value for pair, ours in whole for value in (float(pair.published), ours)]
    one = value_axis(column, values, log=log)
    figure = framed(height, dark, one | {"title": title("published")}, one | {"title": title(f"ours, {measure_title(column)}")})
    if values:
        ends = [min(values), max(values)]
        dotted = {"color": palette(dark).muted, "width": 1, "dash": "dot"}
        figure.add_scatter(x=ends, y=ends, mode="lines", line=dotted, hoverinfo="skip")
    for doubtful, symbol in ((False, "circle"), (True, "circle-open")):
        shown = [(pair, ours) for pair, ours in whole if bool(pair.doubt) == doubtful]
        told = [
            [plain(setting_title(pair.factors)), figure_text(column, pair.published), figure_text(column, ours)]
            for pair, ours in shown
        ]
        figure.add_scatter(
            x=[float(pair.published) for pair, _ in shown],
            y=[ours for _, ours in shown],
            mode="markers",
            marker={**marker_of(LOOKS[0], dark, size=9, most=0), "symbol": symbol, "opacity": 0.85},
            customdata=told,
            hovertemplate="%{customdata[0]}<br>published %{customdata[1]}, ours %{customdata[2]}<extra></extra>",
        )
    return figure
