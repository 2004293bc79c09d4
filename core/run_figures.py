"""Single runs of a study -> plotly figures: learning curves of many with one or two in front, and confusion matrices."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.clock_figures import framed, line_of, marker_of, shaded, title
from core.figures import Look, palette, plain, see_through
from core.study_axes import value_axis
from core.study_names import figure_text
from core.trials import Rows
from core.written import percent

LOOKS = (Look(0, "solid", "circle"), Look(1, "dash", "diamond"))  # of the run looked at, and of the one beside it


@dataclass(frozen=True)
class RunCurve:
    """A run's learning curve. rows: an epoch each, with ``epoch`` and a measure for training and validation.

    diverged: its loss was no number any more after them.
    """

    title: str
    rows: Rows
    asked: int
    diverged: bool = False


def learning_curves(
    crowd: Sequence[RunCurve],
    picked: Sequence[RunCurve],
    measure: str,
    *,
    log: bool = False,
    dark: bool = False,
    height: int = 380,
) -> go.Figure:
    """A measure over the epochs: of the ``crowd`` the validation, in thin lines; of one or two ``picked`` runs training, too.

    The axis is as long as the longest run, and says how many epochs were asked for where that is more; a cross ends one that
    diverged.
    """
    if len(picked) > len(LOOKS):
        raise ValueError(f"at most {len(LOOKS)} runs are picked; got {len(picked)}")
    column = f"val_{measure}"
    every = [*crowd, *picked]
    values = [row[column] for one in every for row in one.rows if row.get(column) is not None]
    values += [row[measure] for one in picked for row in one.rows if row.get(measure) is not None]
    longest = max([row["epoch"] for one in every for row in one.rows], default=1)
    asked = max([one.asked for one in every], default=1)
    named = "epoch" if asked <= longest else f"epoch; up to {asked} were asked for"
    across = {"range": [0.5, longest + 0.5], "title": title(named), "nticks": 8, "tickformat": "d"}
    if longest <= 10:
        across |= {"tickvals": list(range(1, longest + 1))}
    figure = framed(height, dark, across, value_axis(column, values, log=log), legend=bool(picked))
    figure.update_layout(yaxis_title=title(value_axis(column, values)["title"]["text"].removeprefix("validation ")))
    colour = see_through(palette(dark).muted, 0.4)
    for one in crowd:
        epochs, there = _curve(one.rows, column)
        figure.add_scatter(
            x=epochs,
            y=there,
            mode="lines+markers" if len(epochs) == 1 else "lines",
            line={"color": colour, "width": 1},
            marker={"color": colour, "size": 5},
            showlegend=False,
            text=[figure_text(column, value) for value in there],
            hovertemplate="epoch %{x} · %{text}<extra>" + plain(one.title) + "</extra>",
        )
    for one, look in zip(picked, LOOKS, strict=False):
        _add_picked(figure, one, measure, look, dark)
    _add_crosses(figure, every, column, palette(dark).ink)
    return figure


def _add_crosses(figure: go.Figure, runs: Sequence[RunCurve], column: str, colour: str) -> None:
    """Where runs diverged: a cross after their last whole epoch."""
    ends = []
    for one in runs:
        epochs, values = _curve(one.rows, column)
        if one.diverged and epochs:
            ends.append((one, epochs[-1], values[-1]))
    if not ends:
        return
    figure.add_scatter(
        x=[epoch for _, epoch, _ in ends],
        y=[value for *_, value in ends],
        name="diverged",
        mode="markers",
        marker={"symbol": "x-thin", "size": 9, "color": colour, "line": {"color": colour, "width": 2}},
        text=[figure_text(column, value) for *_, value in ends],
        customdata=[plain(one.title) for one, *_ in ends],
        hovertemplate="epoch %{x} · %{text}, then it diverged<extra>%{customdata}</extra>",
    )


def _curve(rows: Rows, column: str) -> tuple[list[int], list[float]]:
    whole = [row for row in rows if row.get(column) is not None]
    return [row["epoch"] for row in whole], [row[column] for row in whole]


def _add_picked(figure: go.Figure, one: RunCurve, measure: str, look: Look, dark: bool) -> None:
    label, series = plain(one.title), palette(dark).series[look.hue]
    thin = {"color": see_through(series, 0.65), "width": 1.4, "dash": look.dash}
    small = {"color": series, "size": 5, "symbol": look.symbol}
    for column, part, line, marker in (
        (measure, "training", thin, small),
        (f"val_{measure}", "validation", line_of(look, dark, 2.6), marker_of(look, dark, most=12)),
    ):
        epochs, values = _curve(one.rows, column)
        figure.add_scatter(
            x=epochs,
            y=values,
            name=f"run {label.split(':')[0]}, {part}",
            mode="lines+markers" if part == "validation" or len(epochs) == 1 else "lines",
            line=line,
            marker=marker,
            text=[figure_text(column, value) for value in values],
            hovertemplate="epoch %{x} · %{text}<extra>" + f"{label}, {part}</extra>",
        )


# --- confusions ------------------------------------------------------------------------------------------------------


def confusion_counts(cells: Sequence[Sequence[int]], classes: int) -> NDArray[np.int64]:
    """(classes, classes) from (true, predicted, pictures); cells outside of it are left out."""
    counts = np.zeros((classes, classes), np.int64)
    for true, predicted, count in cells:
        if 0 <= true < classes and 0 <= predicted < classes:
            counts[true, predicted] = count
    return counts


def mistakes(runs: Sequence[NDArray[np.int64]]) -> list[tuple[int, int, int]]:
    """(true, predicted, pictures of all runs) of each pair of classes that was mixed up, the most frequent first."""
    if not runs:
        return []
    total = np.sum(runs, axis=0)
    found = [(int(true), int(told), int(total[true, told])) for true, told in np.argwhere(total) if true != told]
    return sorted(found, key=lambda one: (-one[2], one[0], one[1]))


def confusion_matrix(
    counts: NDArray[np.int64],
    classes: Sequence[str],
    look: Look,
    *,
    cell: tuple[int, int] | None = None,
    dark: bool = False,
    height: int = 440,
) -> go.Figure:
    """Of the test pictures of each true class (down), how many were taken for each class (across).

    Shades grow with the root of the share of the true class. cell: (true, predicted) to be framed. Every cell has an unseen
    marker with its pair of classes, since of maps plotly lets nothing be picked.
    """
    size = len(classes)
    if counts.shape != (size, size):
        raise ValueError(f"counts must have shape ({size}, {size}); got {counts.shape}")
    colours = palette(dark)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)  # (classes, classes)
    names = [plain(name) for name in classes]
    ticks = {"tickvals": list(range(size)), "ticktext": names, "showgrid": False}
    across = {**ticks, "title": title("taken for"), "range": [-0.5, size - 0.5], "tickangle": -45}
    figure = framed(height, dark, across, {**ticks, "title": title("true class"), "range": [size - 0.5, -0.5]})
    figure.add_heatmap(
        **shaded(shares, look, dark),
        showscale=False,
        hoverinfo="skip",
    )
    places = [(true, told) for true in range(size) for told in range(size)]
    few = size <= 12  # else numbers would not fit
    figure.add_scatter(
        x=[told for _, told in places],
        y=[true for true, _ in places],
        mode="markers+text" if few else "markers",
        marker={"symbol": "square", "size": max(6, (height - 110) // size), "color": "rgba(0,0,0,0)"},
        text=[f"{counts[place]:,}" if counts[place] else "" for place in places],
        textfont={"size": 11, "color": [colours.paper if shares[place] > 0.35 else colours.ink for place in places]},
        customdata=[[true, told, names[true], names[told], percent(shares[true, told], 1)] for true, told in places],
        hovertemplate="%{customdata[2]} taken for %{customdata[3]}: %{customdata[4]} of them<extra></extra>",
        unselected={"marker": {"opacity": 1}},
    )
    if cell is not None:
        true, told = cell
        box = {"x0": told - 0.5, "x1": told + 0.5, "y0": true - 0.5, "y1": true + 0.5}
        figure.add_shape(type="rect", **box, line={"color": colours.ink, "width": 2})
    return figure


def most_wrong(
    wrong: Sequence[Sequence[float]], cell: tuple[int, int] | None, most: int = 12
) -> list[tuple[int, int, int, float]]:
    """A run's most confident mistakes, all or those of one ``cell`` (true, predicted)."""
    found = [(int(index), int(true), int(told), float(sure)) for index, true, told, sure in wrong]
    return sorted((one for one in found if cell is None or (one[1], one[2]) == cell), key=lambda one: -one[3])[:most]
