"""The comparison of clock models and the lesson of the common-sense error -> plotly figures, in the style of ``figures``.

Every function takes arrays by the model's title and draws each model as ``looks`` says. One model, one look, everywhere: the
hue tells what a model answers (one number, sines and cosines, classes, hour and minute), dash and marker tell apart those that
share it, so nothing rests on colour alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from core.clock_errors import WIDTH, Curve
from core.clocks.time import ClockTime
from core.figures import Look, look_of, palette, percent_axis, plain, see_through, styled
from core.written import percent, true_minus

LOOKS = {
    "reader-report": Look(0, "solid", "circle"),
    "reader-small": Look(0, "dash", "circle-open"),
    "reader": Look(0, "dot", "triangle-left"),
    "report22-regression": Look(1, "solid", "square"),
    "report22-regression-no-gamma": Look(1, "dot", "square-open"),
    "report23-regression": Look(1, "dash", "cross"),
    "report22-label-transform": Look(2, "dash", "diamond-open"),
    "report22-label-transform-corrected": Look(2, "solid", "diamond"),
    "report22-classes-24": Look(5, "solid", "hexagon"),
    "report22-classes-720": Look(3, "solid", "triangle-up"),
    "report23-classes-720": Look(3, "dash", "triangle-down"),
    "report22-multi-head": Look(4, "solid", "star"),
    "report22-split-heads": Look(4, "dot", "star-open"),
    "report22-two-classifiers": Look(5, "dash", "x"),
    "report23-multi-head": Look(4, "dash", "pentagon"),
}
OTHERS = (Look(0, "dashdot", "triangle-right"),)
CLASSICAL = Look(5, "dot", "cross-open")  # of the reader without learning
AXIS_MINUTES = [0, 60, 120, 180, 240, 300, 360]
WITHIN = np.unique(np.r_[np.geomspace(0.25, 360, 90).round(2), 1, 5, 30])


def looks_of(model_ids: Sequence[str]) -> dict[str, Look]:
    """The look of each model; one that stands in no table here gets what ours have left, in the order of the ids."""
    unknown = sorted(set(model_ids) - set(LOOKS))
    return {name: LOOKS.get(name) or OTHERS[unknown.index(name) % len(OTHERS)] for name in model_ids}


def axis(dark: bool, **more: object) -> dict[str, object]:
    """An axis as all figures have it."""
    line = palette(dark).line
    shared = {"gridcolor": see_through(line, 0.7), "zeroline": False, "fixedrange": True, "linecolor": line}
    shared |= {"automargin": True, "separatethousands": True}
    return shared | more


def framed(height: int, dark: bool, x: Mapping[str, object], y: Mapping[str, object], legend: bool = False) -> go.Figure:
    """An empty figure with two axes, and room above for a legend where it has one."""
    figure = styled(go.Figure(), height, dark)
    figure.update_layout(
        margin={"l": 8, "r": 12, "t": 12, "b": 8},
        xaxis=axis(dark, **x),
        yaxis=axis(dark, **y),
        hovermode="closest",
    )
    if legend:
        place = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "font": {"size": 13}}
        figure.update_layout(showlegend=True, legend={**place, "itemclick": False, "itemdoubleclick": False})
    return figure


def title(text: str) -> dict[str, object]:
    """The title of an axis."""
    return {"text": text, "standoff": 8, "font": {"size": 14}}


def line_of(look: Look, dark: bool, width: float = 2.25) -> dict[str, object]:
    return {"color": palette(dark).series[look.hue], "width": width, "dash": look.dash}


def marker_of(look: Look, dark: bool, size: float = 7, most: int = 14) -> dict[str, object]:
    colour = palette(dark).series[look.hue]
    return {"color": colour, "size": size, "symbol": look.symbol, "maxdisplayed": most, "line": {"color": colour, "width": 1.5}}


def shaded(shares: NDArray[np.float64], look: Look, dark: bool) -> dict[str, Any]:
    """Shares (n, n) as cells of a heat map; shades grow with the root, so that a rare mistake shows beside a full diagonal."""
    line, series = palette(dark).line, palette(dark).series[look.hue]
    scale = [[0, see_through(line, 0.35)], [0.001, see_through(series, 0.12)], [1, series]]
    return {"z": np.sqrt(shares), "zmin": 0, "zmax": 1, "xgap": 1, "ygap": 1, "colorscale": scale}


# --- the comparison -------------------------------------------------------------------------------------------------


def error_histogram(
    edges: ArrayLike,
    shares: ArrayLike,
    look: Look,
    *,
    top: float = 1.0,
    log: bool = False,
    dark: bool = False,
    height: int = 190,
) -> go.Figure:
    """The share of pictures by common-sense error, bars of ``WIDTH`` minutes: the reports' histogram.

    edges, shares: (n,) as ``clock_errors.histogram`` gives them. top: the highest share of all panels that stand together, so
    that they share their axis. log: logarithmic shares, from one picture in ten thousand.
    """
    left, high = np.asarray(edges, float), np.asarray(shares, float)
    told = [[f"{start:.0f} to {start + WIDTH:.0f}", percent(share, 2)] for start, share in zip(left, high, strict=True)]
    series = palette(dark).series[look.hue]
    tall: dict[str, object] = {"range": [0, top * 1.06], "nticks": 4, **percent_axis(), "title": title("pictures")}
    if log:
        ticks = {0.0001: "0.01 %", 0.001: "0.1 %", 0.01: "1 %", 0.1: "10 %", 1: "100 %"}
        tall = {"type": "log", "title": tall["title"], "range": [-4, 0.1]}
        tall |= {"tickvals": list(ticks), "ticktext": list(ticks.values())}
    across = {"range": [-4, 364], "tickvals": AXIS_MINUTES, "title": title("common-sense error, minutes")}
    figure = framed(height, dark, across, tall)
    figure.add_bar(
        x=left + WIDTH / 2,
        y=np.where(high > 0, high, np.nan) if log else high,
        width=WIDTH * 0.86,
        marker={"color": see_through(series, 0.55), "line": {"color": series, "width": 1.25}},
        customdata=told,
        hovertemplate="%{customdata[0]} minutes off · %{customdata[1]} of the pictures<extra></extra>",
    )
    return figure


def within_curves(
    shares: Mapping[str, ArrayLike], looks: Mapping[str, Look], *, at: ArrayLike = WITHIN, dark: bool = False, height: int = 380
) -> go.Figure:
    """The share of pictures read within so many minutes, a line a model, on a logarithmic axis of minutes.

    shares: title -> (n,) at the minutes ``at``.
    """
    ticks = [0.5, 1, 2, 5, 10, 30, 60, 180, 360]
    across = {"type": "log", "tickvals": ticks, "range": list(np.log10([0.25, 360])), "title": title("minutes off, at most")}
    tall = {"range": [-0.02, 1.04], "nticks": 6, **percent_axis(), "title": title("share of the test pictures")}
    figure = framed(height, dark, across, tall)
    for place, (name, values) in enumerate(shares.items()):
        look = look_of(name, place, looks)
        figure.add_scatter(
            x=np.asarray(at, float),
            y=np.asarray(values, float),
            name=plain(name),
            mode="lines+markers",
            line=line_of(look, dark),
            marker=marker_of(look, dark),
            customdata=[percent(share, 1) for share in np.asarray(values, float)],
            hovertemplate="%{customdata} within %{x:g} min<extra>" + plain(name) + "</extra>",
        )
    return figure


def errors_by_minute(
    means: Mapping[str, ArrayLike], looks: Mapping[str, Look], *, log: bool = False, dark: bool = False, height: int = 380
) -> go.Figure:
    """The mean error of the pictures that show each minute of the hour, (60,) a model; the ends are the hour's turn."""
    across = {"range": [-1, 60], "tickvals": [*range(0, 60, 10), 59], "title": title("true minute of the hour")}
    return _errors_over(means, looks, across, [f"x:{minute:02d}" for minute in range(60)], log, dark, height)


def errors_by_hour(
    means: Mapping[str, ArrayLike], looks: Mapping[str, Look], *, log: bool = False, dark: bool = False, height: int = 380
) -> go.Figure:
    """The mean error of the pictures of each hour, (12,) a model."""
    hours = [str(hour or 12) for hour in range(12)]
    across = {"range": [-0.4, 11.4], "tickvals": list(range(12)), "ticktext": hours, "title": title("true hour")}
    return _errors_over(means, looks, across, [f"from {hour} o'clock" for hour in hours], log, dark, height)


def _errors_over(
    means: Mapping[str, ArrayLike],
    looks: Mapping[str, Look],
    across: Mapping[str, object],
    places: Sequence[str],
    log: bool,
    dark: bool,
    height: int,
) -> go.Figure:
    tall: dict[str, object] = {"title": title("mean error, minutes"), "rangemode": "tozero", "nticks": 6}
    if log:
        ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 360]
        tall = {"title": title("mean error, minutes"), "type": "log", "tickvals": ticks}
    figure = framed(height, dark, across, tall)
    for index, (name, values) in enumerate(means.items()):
        look = look_of(name, index, looks)
        figure.add_scatter(
            x=list(range(len(places))),
            y=np.asarray(values, float),
            name=plain(name),
            mode="lines+markers",
            line=line_of(look, dark),
            marker=marker_of(look, dark, most=13),
            customdata=list(places),
            hovertemplate="%{customdata} · %{y:.1f} min<extra>" + plain(name) + "</extra>",
        )
    return figure


def learning_curve(
    curve: Curve, look: Look, *, asked: int, measure: str = "loss", log: bool = False, dark: bool = False, height: int = 230
) -> go.Figure:
    """Training (thin) and validation (thick, with markers) over the epochs. asked: how many epochs were asked for."""
    tall: dict[str, object] = {"title": title(measure), "nticks": 5}
    if log:
        ticks = log_ticks(*(part for part in (curve.training, curve.validation) if part is not None))
        tall |= {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:,g}" for tick in ticks]}
    across = {"range": [0.5, max(asked, len(curve.epochs)) + 0.5], "title": title("epoch"), "nticks": 6}
    figure = framed(height, dark, across, tall, legend=True)
    series = palette(dark).series[look.hue]
    figure.add_scatter(
        x=curve.epochs,
        y=curve.training,
        name="training",
        mode="lines+markers" if len(curve.epochs) == 1 else "lines",
        line={"color": see_through(series, 0.75), "width": 1.4},
        marker={"color": series, "size": 5},
        hovertemplate="epoch %{x} · %{y:.4g}<extra>training</extra>",
    )
    if curve.validation is not None:
        figure.add_scatter(
            x=curve.epochs,
            y=curve.validation,
            name="validation",
            mode="lines+markers",
            line=line_of(look, dark, 2.4),
            marker=marker_of(look, dark, most=9),
            hovertemplate="epoch %{x} · %{y:.4g}<extra>validation</extra>",
        )
    return figure


def log_ticks(*values: NDArray[np.float64]) -> list[float]:
    """Round values of each decade that the positive values reach: the fewer, the more decades there are."""
    there = np.concatenate([np.asarray(part, float) for part in values])
    there = there[np.isfinite(there) & (there > 0)]
    if not there.size:
        return []
    low, high = np.floor(np.log10(there.min())), np.ceil(np.log10(there.max()))
    wide = float(np.log10(there.max() / there.min()))
    steps: tuple[float, ...] = (1,) if wide > 3 else (1, 2, 5) if wide > 0.8 else (1, 1.5, 2, 3, 4, 5, 7)
    return [float(f"{step}e{int(power)}") for power in np.arange(low, high + 1) for step in steps]


def confusion_map(shares: NDArray[np.float64], look: Look, *, dark: bool = False, height: int = 470) -> go.Figure:
    """Of the pictures of each true class (down), the share read in each class (across); shades grow with the root of it."""
    count = len(shares)
    width = 720 // count
    names = [str(ClockTime.from_minutes(start * width)) for start in range(count)]
    places = [start for start in range(count) if start * width % 180 == 0]
    ticks = {"tickvals": places, "ticktext": [names[place] for place in places], "showgrid": False}
    across = {**ticks, "title": title("read in the half hour from"), "range": [-0.5, count - 0.5]}
    figure = framed(height, dark, across, {**ticks, "title": title("true half hour from"), "range": [count - 0.5, -0.5]})
    levels = np.array([0, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0])
    told = [[[names[row], names[column], percent(shares[row, column], 1)] for column in range(count)] for row in range(count)]
    figure.add_heatmap(
        **shaded(shares, look, dark),
        colorbar={
            "tickvals": np.sqrt(levels),
            "ticktext": [percent(level) for level in levels],
            "thickness": 10,
            "outlinewidth": 0,
            "len": 1.0,
            "tickfont": {"size": 13},
        },
        customdata=told,
        hovertemplate="true %{customdata[0]}, read %{customdata[1]} · %{customdata[2]}<extra></extra>",
    )
    return figure


# --- the lesson -----------------------------------------------------------------------------------------------------


def cost_curve(
    values: ArrayLike, true: int, read: int, look: Look, *, unit: str = "", near: int = 0, dark: bool = False, height: int = 170
) -> go.Figure:
    """What one cost charges for every time that might be read: (720,), with the true time and the one read marked.

    near: 0 for the whole dial from 12 to 12, else so many minutes on either side of the true time.
    """
    cost = np.asarray(values, float)
    colours, series = palette(dark), palette(dark).series[look.hue]
    places, middle = np.arange(len(cost)), true
    across: dict[str, object] = {
        "range": [-6, 726],
        "tickvals": [0, 180, 360, 540, 720],
        "ticktext": ["12", "3", "6", "9", "12"],
    }
    if near:
        places, middle = np.arange(-near, near + 1), 0
        ticks = [-near, -near // 2, 0, near // 2, near]
        across = {
            "range": [-near - 0.5, near + 0.5],
            "tickvals": ticks,
            "ticktext": [true_minus(f"{tick:+d}") if tick else "0" for tick in ticks],
        }
    shown = cost[(places + (true if near else 0)) % len(cost)]
    top = float(shown.max()) or 1.0
    figure = framed(height, dark, across, {"range": [-0.06 * top, 1.14 * top], "nticks": 4})
    figure.add_vline(x=middle, line={"color": colours.truth, "width": 1.25, "dash": "dot"})
    figure.add_scatter(
        x=places,
        y=shown,
        mode="lines",
        line={"color": series, "width": 1.75 if near else 1.25},
        fill="tozeroy",
        fillcolor=see_through(series, 0.1),
        customdata=[str(ClockTime.from_minutes(minute)) for minute in (places + true - middle).tolist()],
        hovertemplate="%{customdata} costs %{y:.3g} " + unit + "<extra></extra>",
    )
    at = int((read - true + 360) % 720 - 360) if near else read
    if not near or abs(at) <= near:
        mark = {"size": 11, "color": series, "line": {"color": colours.paper, "width": 2}}
        figure.add_scatter(x=[at], y=[cost[read]], mode="markers", marker=mark, hoverinfo="skip", cliponaxis=False)
    return figure
