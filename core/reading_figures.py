"""Readings -> plotly figures, in the style of ``figures``: dials of probabilities and of errors, curves over gamma.

Every function is pure: numbers and Readings in, a ``plotly.graph_objects.Figure`` out.

A dial runs clockwise with 12 on top and twelve hours around, so an angle on it is the angle of an hour hand.
"""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from core.clocks.reading import Reading
from core.clocks.time import MINUTES, ClockTime, common_sense_error_minutes, signed_error_minutes
from core.figures import PLAIN_LOOKS, Look, look_of, palette, percent_axis, plain, see_through, styled
from core.written import percent

LEGEND = 40  # letters of a line of a legend
HOURS = [str(hour or 12) for hour in range(12)]
HOUR_ANGLES = [hour * 30 for hour in range(12)]


def dial(height: int, dark: bool) -> go.Figure:
    """An empty dial of twelve hours, ``height`` pixels square or wider; radii run from 0 to 1."""
    colours = palette(dark)
    figure = styled(go.Figure(), height, dark)
    figure.update_layout(
        margin={"l": 26, "r": 26, "t": 26, "b": 26},
        polar={
            "bgcolor": "rgba(0,0,0,0)",
            "radialaxis": {"range": [0, 1], "visible": False},
            "angularaxis": {
                "direction": "clockwise",
                "rotation": 90,
                "tickmode": "array",
                "tickvals": HOUR_ANGLES,
                "ticktext": HOURS,
                "tickfont": {"size": 15, "color": colours.muted},
                "gridcolor": "rgba(0,0,0,0)",
                "linecolor": colours.line,
                "linewidth": 1,
                "ticks": "inside",
                "ticklen": 7,
                "tickcolor": colours.muted,
            },
        },
    )
    return figure


def degrees(minutes: ArrayLike) -> np.ndarray:
    """Minutes since 12 -> degrees around the dial of twelve hours."""
    return np.asarray(minutes, float) * (360 / MINUTES)


def pointer(minutes: float, start: float, end: float, colour: str, *, width: float = 2, dash: str = "solid") -> go.Scatterpolar:
    """A straight line along the direction of a time, between two radii."""
    angle = float(degrees(minutes))
    line = {"color": colour, "width": width, "dash": dash}
    return go.Scatterpolar(theta=[angle, angle], r=[start, end], mode="lines", line=line, hoverinfo="skip")


def dial_of_probabilities(
    reading: Reading, *, true_minutes: float | None = None, look: Look = PLAIN_LOOKS[0], dark: bool = False, height: int = 270
) -> go.Figure:
    """How likely the model holds each of the 720 minutes, around a dial; the hand points at the reading.

    The height of a bar is the square root of its share, so that a rival of one per cent shows beside a peak of ninety.
    true_minutes: the true time in [0, 720), dotted, or None. look: the model's; a dial of its own needs its hue only.
    """
    shares = np.asarray(reading.probabilities, float)
    if shares.shape != (MINUTES,):
        raise ValueError(f"probabilities must have shape ({MINUTES},); got {shares.shape}")
    colours, series = palette(dark), palette(dark).series[look.hue]
    inner, room = 0.5, 0.46
    tall = np.sqrt(np.clip(shares, 0, None) / max(shares.max(), 1e-12))  # (720,)
    angles = degrees(np.arange(MINUTES))
    figure = dial(height, dark)
    ring = {"color": colours.line, "width": 1.5}
    figure.add_scatterpolar(theta=np.arange(0, 361, 3), r=np.full(121, inner), mode="lines", line=ring, hoverinfo="skip")
    for run in runs(tall > 0.02):
        around = degrees(np.r_[run[0] - 1, run, run[-1] + 1])
        rise = np.r_[0, tall[run % MINUTES], 0]
        figure.add_scatterpolar(
            theta=np.r_[around, around[::-1]],
            r=np.r_[inner + room * rise, np.full(len(around), inner)],
            mode="lines",
            line={"color": series, "width": 1.6},
            fill="toself",
            fillcolor=see_through(series, 0.35),
            hoverinfo="skip",
        )
    shown = np.flatnonzero(shares >= max(1e-4, shares.max() / 1e4))
    figure.add_scatterpolar(
        theta=angles[shown],
        r=inner + room * tall[shown],
        mode="markers",
        marker={"size": 7, "opacity": 0, "color": series},
        customdata=[[str(ClockTime.from_minutes(minute)), percent(shares[minute], 2)] for minute in shown.tolist()],
        hovertemplate="%{customdata[0]} · %{customdata[1]}<extra></extra>",
    )
    if true_minutes is not None:
        figure.add_trace(pointer(true_minutes, 0.0, 0.97, colours.truth, width=1.5, dash="dot"))
    figure.add_trace(pointer(reading.minutes, 0.0, inner, series, width=3))
    figure.add_scatterpolar(theta=[0], r=[0], mode="markers", marker={"size": 9, "color": colours.ink}, hoverinfo="skip")
    return figure


def error_dial(
    true_minutes: float,
    read: Mapping[str, float],
    *,
    looks: Mapping[str, Look] | None = None,
    dark: bool = False,
    height: int = 270,
) -> go.Figure:
    """The common-sense error on a dial: an arc, the shorter way round, from the true time to each time read.

    read: model name -> minutes read in [0, 720); each has its ring and its look in ``looks``. The true time is the dotted hand.
    """
    colours = palette(dark)
    figure = dial(height, dark)
    rings = np.linspace(0.82, 0.82 - 0.14 * (len(read) - 1), len(read)) if read else np.array([])
    for index, ((name, minutes), ring) in enumerate(zip(read.items(), rings.tolist(), strict=True)):
        ahead = float(signed_error_minutes(true_minutes, minutes))
        look = look_of(name, index, looks)
        series = colours.series[look.hue]
        arc = degrees(true_minutes + np.linspace(0, ahead, max(2, int(abs(ahead)) + 2)))
        text = f"{plain(name)}: {ClockTime.from_minutes(minutes)}, {abs(ahead):.1f} min {'ahead' if ahead > 0 else 'behind'}"
        figure.add_trace(pointer(minutes, 0.0, ring, series, width=2.5, dash=look.dash))
        figure.add_scatterpolar(
            theta=np.r_[0, arc, 0],
            r=np.r_[0, np.full(len(arc), ring), 0],
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=see_through(series, 0.16),
            hoverinfo="skip",
        )
        figure.add_scatterpolar(
            theta=arc,
            r=np.full(len(arc), ring),
            mode="lines",
            line={"color": series, "width": 6},
            hovertemplate=text + "<extra></extra>",
        )
        figure.add_scatterpolar(
            theta=arc[-1:],
            r=[ring],
            mode="markers",
            marker={"size": 11, "color": series, "symbol": look.symbol, "line": {"color": colours.paper, "width": 1.5}},
            hovertemplate=text + "<extra></extra>",
        )
    figure.add_trace(pointer(true_minutes, 0.0, 0.97, colours.truth, width=2, dash="dot"))
    figure.add_scatterpolar(theta=[0], r=[0], mode="markers", marker={"size": 9, "color": colours.ink}, hoverinfo="skip")
    return figure


def runs(marked: np.ndarray) -> list[np.ndarray]:
    """Stretches of marked places on a circle: for each the places in order, going on past the end where one wraps."""
    if marked.all():
        return [np.arange(len(marked))]
    first = int(np.flatnonzero(~marked)[0])  # starting at a gap, no stretch is cut in two
    places = np.flatnonzero(np.roll(marked, -first))
    return [stretch + first for stretch in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if len(stretch)]


def clock_ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round values of minutes within ``low`` to ``high``, about ``wanted`` of them, for an axis that shows times."""
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360)
    step = next((step for step in steps if (high - low) / step <= wanted), steps[-1])
    return [float(tick) for tick in np.arange(np.ceil(low / step) * step, high + 1e-9, step)]


def gamma_curve(
    gammas: Sequence[float],
    readings: Mapping[str, Sequence[Reading]],
    *,
    true_minutes: float | None = None,
    current: float | None = None,
    looks: Mapping[str, Look] | None = None,
    dark: bool = False,
    height: int = 380,
) -> go.Figure:
    """What each model reads at each gamma (above), and how sure it is (below).

    readings: model name -> one Reading a gamma. With ``true_minutes`` the upper axis is the common-sense error in minutes;
    without, it is the time read, unrolled around the reading that most gammas agree on, so that 11:59 and 0:01 lie side by
    side. Where a reading gives no time (``Reading.unseen``) both curves break. current: the gamma to mark. looks: by
    model name.
    """
    colours = palette(dark)
    figure = styled(go.Figure(), height, dark)
    heights: list[np.ndarray] = []
    rows = 0  # of the legend
    every = np.array([reading.minutes for row in readings.values() for reading in row if not reading.unseen])
    middle = agreed_minutes(every) if every.size else 0.0
    for index, (name, row) in enumerate(readings.items()):
        if len(row) != len(gammas):
            raise ValueError(f"{name}: {len(row)} readings for {len(gammas)} gammas")
        minutes = np.array([reading.minutes for reading in row])
        if true_minutes is None:
            values = middle + signed_error_minutes(middle, minutes)
        else:
            values = common_sense_error_minutes(true_minutes, minutes)
        given = np.array([not reading.unseen for reading in row], bool)
        heights.append(values[given])
        look, label = look_of(name, index, looks), plain(name)
        lines = textwrap.wrap(label, LEGEND)  # a legend ends where the figure ends, and cuts what is longer
        rows += len(lines)
        series = colours.series[look.hue]
        told = [[str(reading.time), percent(reading.confidence)] for reading in row]
        line = {"color": series, "width": 2.25, "dash": look.dash}
        marker = {"size": 5, "color": series, "symbol": look.symbol}
        figure.add_scatter(
            x=list(gammas),
            y=np.where(given, values, np.nan),
            name="<br>".join(lines),
            mode="lines+markers",
            line={**line, "shape": "hv" if false_jumps(values[given]) else "linear"},
            marker=marker,
            customdata=told,
            hovertemplate="gamma %{x:.1f} · %{customdata[0]} · %{customdata[1]}<extra>" + label + "</extra>",
        )
        figure.add_scatter(
            x=list(gammas),
            y=np.where(given, [reading.confidence for reading in row], np.nan),
            yaxis="y2",
            mode="lines",
            line=line,
            customdata=told,
            hovertemplate="gamma %{x:.1f} · %{customdata[1]} sure<extra>" + label + "</extra>",
        )
    shown = np.concatenate([*heights, np.empty(0)])
    low, high = padded(shown if shown.size else np.zeros(1), true_minutes is not None)
    axis = {"gridcolor": see_through(colours.line, 0.7), "zeroline": False, "fixedrange": True, "linecolor": colours.line}
    upper: dict[str, object] = {**axis, "domain": [0.42, 1.0], "range": [low, high]}
    if true_minutes is None:
        ticks = clock_ticks(low, high) if shown.size else []
        upper |= {"tickvals": ticks, "ticktext": [str(ClockTime.from_minutes(tick)) for tick in ticks]}
    else:
        upper |= {"rangemode": "tozero", "nticks": 5}
    figure.update_layout(
        margin={"l": 52, "r": 12, "t": 30, "b": 44},
        xaxis={
            **axis,
            "title": {"text": "gamma", "standoff": 6},
            "range": [min(gammas) - 0.08, max(gammas) + 0.08],
            "anchor": "y2",
        },
        yaxis=upper,
        yaxis2={**axis, "domain": [0.0, 0.26], "range": [-0.04, 1.04], "tickvals": [0, 0.5, 1], **percent_axis()},
        hovermode="closest",
    )
    heading = "time read" if true_minutes is None else "common-sense error, minutes"
    for text, level in ((heading, 1.0), ("confidence", 0.26)):
        figure.add_annotation(
            text=text, x=0, y=level, xref="paper", yref="paper", xanchor="left", yanchor="bottom", showarrow=False, yshift=6
        )
    if readings and not shown.size:
        figure.add_annotation(text="no time under any gamma", x=0.5, y=0.71, xref="paper", yref="paper", showarrow=False)
    if len(readings) > 1:
        above = 22 * rows
        figure.update_layout(
            height=height + above,
            margin_t=30 + above,
            legend={"x": 0, "xanchor": "left", "y": 1, "yref": "container", "yanchor": "top"},
            showlegend=True,
        )
        figure.update_traces(showlegend=False, selector={"yaxis": "y2"})
    if current is not None:
        figure.add_vline(x=current, line={"color": colours.ink, "width": 1.25, "dash": "dot"})
    return figure


def false_jumps(values: np.ndarray, minutes: float = 30) -> bool:
    """Whether neighbours differ by more than ``minutes``: a straight line between them would show times nobody read."""
    return bool(np.abs(np.diff(values)).max(initial=0) > minutes)


def padded(values: np.ndarray, from_zero: bool, least: float = 6) -> tuple[float, float]:
    """Ends of an axis that holds ``values`` with some air and spans ``least`` minutes or more."""
    low, high = float(values.min()), float(values.max())
    if from_zero:
        low = 0.0
        return -0.04 * max(high, least), max(high, least) * 1.08
    air = max((least - (high - low)) / 2, 0.08 * (high - low))
    return low - air, high + air


def agreed_minutes(minutes: np.ndarray) -> float:
    """The member of ``minutes`` that lies nearest to all others around the dial (the circular median)."""
    apart = common_sense_error_minutes(minutes[:, None], minutes[None, :])  # (n, n)
    return float(minutes[apart.sum(-1).argmin()])
