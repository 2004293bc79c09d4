"""Generators -> plotly figures, in the style of ``figures``: what happens along a walk, and how losses went.

A path, not a model, has a look here: walks stand a figure a model, and the spherical and the straight way are what a figure
compares.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from math import sqrt

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from core.clock_figures import axis, framed, line_of, log_ticks, marker_of, title
from core.figures import PLAIN_LOOKS, Look, palette, percent_axis, plain, see_through
from core.generators.latent import expected_norm
from core.written import percent

PATH_LOOKS = {"spherical": PLAIN_LOOKS[0], "linear": PLAIN_LOOKS[1]}
PATH_TITLES = {"spherical": "spherical", "linear": "straight"}
TWO_SIDES = 1.96  # deviations that hold 95 % of a normal distribution
# Columns of a generator's history -> words; what only sums the others is left out.
LOSSES = {
    "reconstruction_loss": "reconstruction",
    "posterior_loss": "divergence",
    "val_loss": "both, validation",
    "discriminator_loss": "discriminator",
    "generator_loss": "generator",
}
SHARES = {"real_right": "real pictures", "made_right": "made pictures", "pairs_right": "pairs of a real and a made one"}
FAR_APART = 20  # times: losses further apart share no linear axis


def shell(size: int) -> tuple[float, float]:
    """The lengths between which 95 % of standard normal vectors of ``size`` numbers lie.

    Their squares have mean ``size``, so the deviation of the length is sqrt(size - mean^2), near 0.71 whatever the size.
    """
    mean = expected_norm(size)
    apart = TWO_SIDES * sqrt(max(0.0, size - mean**2))
    return max(0.0, mean - apart), mean + apart


def norm_curve(
    norms: Mapping[str, ArrayLike], size: int, *, current: float | None = None, dark: bool = False, height: int = 240
) -> go.Figure:
    """The length of the vector along a walk, (n,) a kind of path; in the band lie 95 % of random vectors of ``size`` numbers.

    current: where on the way the walker stands, in [0, 1]; None draws no mark.
    """
    low, high = shell(size)
    figure = _along(norms, "length of the vector", "%{y:.2f}", current, dark, height)
    colours = palette(dark)
    figure.add_hrect(y0=low, y1=high, fillcolor=see_through(colours.muted, 0.16), line_width=0, layer="below")
    top = max([high, *(float(np.max(np.asarray(values))) for values in norms.values())])
    figure.update_yaxes(range=[0, 1.12 * top], nticks=5)
    figure.add_annotation(
        x=0.5, y=0.06 * top, text="grey: 95 % of random vectors", showarrow=False, font={"size": 13, "color": colours.muted}
    )
    return figure


def sharpness_curve(
    values: Mapping[str, ArrayLike], *, current: float | None = None, dark: bool = False, height: int = 240
) -> go.Figure:
    """How sharp the pictures of a walk are, (n,) a kind of path: the variance of the Laplacian of their grey values."""
    figure = _along(values, "sharpness", "%{y:.4f}", current, dark, height)
    figure.update_yaxes(rangemode="tozero", nticks=5)
    return figure


def _along(
    values: Mapping[str, ArrayLike], name: str, pattern: str, current: float | None, dark: bool, height: int
) -> go.Figure:
    across = {"range": [-0.02, 1.02], "nticks": 6, **percent_axis(), "title": title("share of the way")}
    figure = framed(height, dark, across, {"title": title(name)}, legend=True)
    figure.update_layout(margin_r=20)  # plotly leaves out a label that would reach beyond it, "100 %" here
    for kind, part in values.items():
        look, words = PATH_LOOKS[kind], PATH_TITLES[kind]
        shown = np.asarray(part, float)
        figure.add_scatter(
            x=np.linspace(0, 1, len(shown)),
            y=shown,
            name=words,
            mode="lines",
            line=line_of(look, dark),
            customdata=[percent(way) for way in np.linspace(0, 1, len(shown))],
            hovertemplate="%{customdata} of the way · " + pattern + f"<extra>{words}</extra>",
        )
    if current is not None:
        figure.add_vline(x=current, line={"color": palette(dark).truth, "width": 1.25, "dash": "dot"})
    return figure


def history_series(rows: Sequence[Mapping[str, float]], names: Mapping[str, str]) -> dict[str, NDArray[np.float64]]:
    """Columns of a history by their words, (epochs,) each: NaN where an epoch lacks one, left out where all do."""
    there = [name for name in names if any(name in row for row in rows)]
    return {names[name]: np.array([row.get(name, np.nan) for row in rows], float) for name in there}


def loss_curves(
    epochs: ArrayLike, losses: Mapping[str, ArrayLike], *, asked: int, dark: bool = False, height: int = 260
) -> go.Figure:
    """Losses over the epochs, a line each.

    Where some are far larger than the others, these stand below on an axis of their own: on one axis each would be flat. Where
    losses that cannot be parted so are positive and lie far apart, the axis is logarithmic.
    """
    values = {name: np.asarray(part, float) for name, part in losses.items()}
    if small := far_smaller(values):
        return _two_axes(epochs, values, small, asked, dark, height)
    every = np.concatenate([part[np.isfinite(part)] for part in values.values()]) if values else np.ones(1)
    tall: dict[str, object] = {"title": title("loss"), "nticks": 5}
    if every.size and every.min() > 0 and every.max() > FAR_APART * every.min():
        ticks = log_ticks(every)
        tall |= {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:,g}" for tick in ticks]}
    return _by_epoch(epochs, values, tall, "{:.4g}".format, asked, dark, height)


def far_smaller(losses: Mapping[str, NDArray[np.float64]]) -> set[str]:
    """The losses whose medians lie more than ``FAR_APART`` times below those of all others; none where there is no such gap."""
    medians = {name: float(np.nanmedian(np.abs(part))) for name, part in losses.items() if np.isfinite(part).any()}
    order = sorted(medians, key=lambda name: medians[name])
    for place in range(len(order) - 1, 0, -1):  # of several gaps the one between the largest losses
        if medians[order[place]] > FAR_APART * medians[order[place - 1]]:
            return set(order[:place])
    return set()


def _two_axes(
    epochs: ArrayLike, values: Mapping[str, NDArray[np.float64]], small: Collection[str], asked: int, dark: bool, height: int
) -> go.Figure:
    """Losses over the epochs on two axes above each other, each linear and over the range of its own; ``small`` ones below."""
    named: dict[str, object] = {"title": title("loss"), "nticks": 4}
    figure = _by_epoch(epochs, values, {**named, "domain": [0.56, 1]}, "{:.4g}".format, asked, dark, round(1.5 * height))
    figure.for_each_trace(
        lambda trace: trace.update(yaxis="y2"), selector=lambda trace: trace.name in {plain(name) for name in small}
    )
    below = axis(dark, **named, domain=[0, 0.44], anchor="x")
    return figure.update_layout(yaxis2=below, xaxis={"anchor": "y2"})


def share_curves(
    epochs: ArrayLike, shares: Mapping[str, ArrayLike], *, asked: int, dark: bool = False, height: int = 260
) -> go.Figure:
    """The share of pictures that the discriminator takes for what they are, over the epochs, a line for each kind."""
    tall = {"title": title("taken for what they are"), "range": [-0.02, 1.04], "nticks": 5, **percent_axis()}
    return _by_epoch(epochs, shares, tall, lambda share: percent(share, 1), asked, dark, height)


def _by_epoch(
    epochs: ArrayLike,
    values: Mapping[str, ArrayLike],
    tall: Mapping[str, object],
    written: Callable[[float], str],
    asked: int,
    dark: bool,
    height: int,
) -> go.Figure:
    at = np.asarray(epochs, float)
    across = {"range": [0.5, max(asked, len(at)) + 0.5], "title": title("epoch"), "nticks": 6}
    figure = framed(height, dark, across, tall, legend=True)
    for place, (name, part) in enumerate(values.items()):
        look: Look = PLAIN_LOOKS[place % len(PLAIN_LOOKS)]
        figure.add_scatter(
            x=at,
            y=np.asarray(part, float),
            name=plain(name),
            mode="lines+markers",
            line=line_of(look, dark),
            marker=marker_of(look, dark, most=9),
            customdata=[written(one) for one in np.asarray(part, float)],
            hovertemplate=f"epoch %{{x}} · %{{customdata}}<extra>{plain(name)}</extra>",
        )
    return figure
