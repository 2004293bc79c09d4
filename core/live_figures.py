"""Live runs -> plotly figures and pictures: curves as they grow, first-layer filters, what the samples are taken for.

Axes are set by what a run asks for and not by what it has reached, so that nothing moves while it trains. Of two runs the first
is solid with dots and the second dashed with diamonds.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.clock_figures import framed, line_of, marker_of, title
from core.figures import Look, palette, percent_axis, plain, see_through
from core.live_state import LiveState
from core.study_axes import guess_line, log_axis

LOOKS = (Look(0, "solid", "circle"), Look(1, "dash", "diamond"))
MEASURES = {"cross_entropy": "cross-entropy", "loss": "loss, weight penalty included", "accuracy": "accuracy"}
COLUMNS = 8  # of filters
GAP = 1  # pixels between filters
TALLEST = 3  # times the loss of guessing: as high as an axis goes at least, where losses leap
LEAST_SIDE = 24  # pixels of a filter: smaller ones are drawn larger, lest the lines between them outweigh them


def live_curves(
    runs: Mapping[str, LiveState], measure: str, *, log: bool = False, dark: bool = False, height: int = 320
) -> go.Figure:
    """One of ``MEASURES`` over the epochs: training (thin, means over stretches of steps) and validation (thick, by epoch).

    runs: title -> state, at most two. log: a logarithmic axis of losses. The dotted line is what guessing reaches: 1 / classes,
    and the logarithm of their number.
    """
    if measure not in MEASURES:
        raise ValueError(f"measure must be one of {', '.join(MEASURES)}; got {measure!r}")
    if len(runs) > len(LOOKS):
        raise ValueError(f"at most {len(LOOKS)} runs share a figure; got {len(runs)}")
    epochs = max([state.epochs for state in runs.values()], default=1)
    across = {"range": [0, epochs * 1.015], "title": title("epoch"), "nticks": 11, "tickformat": "d", "rangemode": "tozero"}
    if epochs <= 10:
        across |= {"tickvals": list(range(epochs + 1))}
    figure = framed(height, dark, across, _height_axis(runs, measure, log), legend=True)
    figure.update_layout(uirevision="live")
    guess_line(figure, _chance(runs, measure), dark, dash="dot", width=1)
    for place, ((name, state), look) in enumerate(zip(runs.items(), LOOKS, strict=False)):
        _add_run(figure, name, state, measure, look, dark)
        highest = max(_values(state, measure), default=0.0)
        if measure != "accuracy" and not log and highest > figure.layout.yaxis.range[1]:
            _tell_how_high(figure, highest, place, palette(dark).series[look.hue])
    return figure


def _tell_how_high(figure: go.Figure, highest: float, place: int, colour: str) -> None:
    """Beneath the upper edge: how high a curve goes that leaves the figure there. place: of the run, one beneath the other."""
    size = f"{highest:,.0f}" if highest < 1e6 else f"10<sup>{math.floor(math.log10(highest))}</sup>"
    figure.add_annotation(
        text=f"↑ up to {size}",
        xref="x domain",
        yref="y domain",
        x=0.98,
        y=0.98 - 0.12 * place,
        xanchor="right",
        yanchor="top",
        showarrow=False,
        font={"color": colour},
    )


def _add_run(figure: go.Figure, name: str, state: LiveState, measure: str, look: Look, dark: bool) -> None:
    series, label = palette(dark).series[look.hue], plain(name)
    done = [row["epoch"] for row in state.history]
    values = state.trace.get(measure, ())
    figure.add_scatter(
        x=list(state.trace.get("epochs", ()))[: len(values)],
        y=list(values),
        name=f"{label}: training",
        mode="lines",
        line={"color": see_through(series, 0.6), "width": 1.25, "dash": look.dash},
        hovertemplate="epoch %{x:.2f} · %{y:.4g}<extra>" + label + ", training</extra>",
    )
    figure.add_scatter(
        x=done,
        y=[row.get(f"val_{measure}") for row in state.history],
        name=f"{label}: validation",
        mode="lines+markers",
        line=line_of(look, dark, 2.5),
        marker=marker_of(look, dark, size=8, most=0),
        hovertemplate="after epoch %{x} · %{y:.4g}<extra>" + label + ", validation</extra>",
    )


def _height_axis(runs: Mapping[str, LiveState], measure: str, log: bool) -> dict[str, object]:
    named: dict[str, object] = {"title": title(MEASURES[measure])}
    if measure == "accuracy":
        return named | {"range": [-0.02, 1.02], "nticks": 6} | percent_axis()
    values = [value for state in runs.values() for value in _values(state, measure)]
    if log:
        return named | log_axis([value for value in values if value > 0] or [0.1, 1.0])
    # From the start as high as guessing is; higher where a run is worse, and in steps that it seldom passes. What leaps far
    # above it and above where the runs began leaves the figure, lest the rest be pressed to its floor.
    guess = _chance(runs, measure) or 2.3
    begun = [found[0] for state in runs.values() if (found := _values(state, measure))]
    top = min(max([1.15 * guess, *values]), max(TALLEST * guess, 1.5 * min(begun, default=0.0)))
    step = 10 ** math.floor(math.log10(top)) / 2
    return named | {"range": [-0.01 * top, math.ceil(top / step) * step], "nticks": 6}


def _values(state: LiveState, measure: str) -> list[float]:
    found = [*state.trace.get(measure, ()), *(row.get(f"val_{measure}", math.nan) for row in state.history)]
    return [value for value in found if math.isfinite(value)]


def _chance(runs: Mapping[str, LiveState], measure: str) -> float | None:
    """What evenly spread probabilities reach; None for a loss with a penalty, and where runs have different classes."""
    classes = {state.spec.network.classes for state in runs.values()}
    if len(classes) != 1 or measure == "loss":
        return None
    count = classes.pop()
    return 1 / count if measure == "accuracy" else math.log(count)


# --- pictures ---------------------------------------------------------------------------------------------------------


def filter_sheet(filters: NDArray[np.uint8], *, dark: bool = False) -> NDArray[np.uint8]:
    """First-layer filters, as ``LiveState`` has them, in one picture uint8 (height, width, 3), ``COLUMNS`` to a row.

    Of grey pictures: positive weights in the first hue, negative ones in the second, 0 as the paper. Of colour pictures: red,
    green and blue as they are, 0 as middle grey.
    """
    if filters.ndim != 4 or filters.shape[-1] not in (1, 3) or not len(filters):
        raise ValueError(f"filters must be (n, height, width, 1 or 3) with n from 1 on; got {filters.shape}")
    colours = palette(dark)
    paper = _rgb(colours.paper)
    count, height, width, channels = filters.shape
    if channels == 1:
        share = (filters.astype(np.float64) - 128) / 127  # (n, height, width, 1), -1 to 1
        hue = np.where(share > 0, _rgb(colours.series[0]), _rgb(colours.series[1]))  # (n, height, width, 3)
        painted = paper + np.abs(share).clip(0, 1) * (hue - paper)
    else:
        painted = filters.astype(np.float64)
    times = max(1, LEAST_SIDE // max(height, width))
    painted = painted.repeat(times, axis=1).repeat(times, axis=2)  # (n, times x height, times x width, 3)
    height, width = times * height, times * width
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    line = _rgb(colours.muted)
    sheet = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, 3), line)
    for index, picture in enumerate(painted):
        top, left = GAP + index // columns * (height + GAP), GAP + index % columns * (width + GAP)
        sheet[top : top + height, left : left + width] = picture
    if count % columns:  # places left over
        sheet[GAP + (rows - 1) * (height + GAP) :, GAP + count % columns * (width + GAP) :] = paper
    return np.rint(sheet).astype(np.uint8)


def _rgb(colour: str) -> NDArray[np.float64]:
    return np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)], np.float64)


def likeliest(probabilities: NDArray[np.float32], classes: Sequence[str], count: int = 3) -> list[tuple[str, float]]:
    """The ``count`` likeliest classes with their probabilities, the likeliest first; of equals the one that stands first."""
    if probabilities.shape != (len(classes),):
        raise ValueError(f"probabilities must have shape ({len(classes)},); got {probabilities.shape}")
    order = np.argsort(-np.nan_to_num(probabilities), kind="stable")[:count]
    return [(classes[place], float(np.nan_to_num(probabilities)[place])) for place in order.tolist()]
