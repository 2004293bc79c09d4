"""Does confidence mean something? What ``evaluate`` found in pictures of real clocks -> arrays -> a plotly figure.

A model that says 80 % should be right in 80 of 100 such pictures: then it stands on the diagonal. Above it a model is too
modest, below it too sure (Guo et al. 2017, "On calibration of modern neural networks").
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core import paths
from core.clock_figures import framed, line_of, marker_of, title
from core.comparison import ResultsError
from core.figures import Look, look_of, palette, percent_axis, plain
from core.written import percent

TABLE = "reliability.csv"  # a bin of confidences a row, by model and set of pictures
LEAST = 10  # pictures that a marker stands for: the share right of fewer is mostly chance
SMALLEST, LARGEST = 6.0, 16.0  # pixels of a marker: its area grows with the pictures that it stands for


@dataclass(frozen=True, eq=False)
class Bins:
    """Pictures put together by how sure a model was, (n,) each, the least sure first.

    pictures: how many. confidence: their mean, in [0, 1]. right: the share read within 3 minutes, in [0, 1].
    """

    pictures: NDArray[np.float64]
    confidence: NDArray[np.float64]
    right: NDArray[np.float64]

    @property
    def said(self) -> float:
        """The mean confidence over all pictures."""
        return float(np.average(self.confidence, weights=self.pictures))

    @property
    def was_right(self) -> float:
        """The share right of all pictures, counted in whole ones: the shares that are stored are rounded."""
        return float(np.rint(self.right * self.pictures).sum() / self.pictures.sum())

    @property
    def gap(self) -> float:
        """How far the two lie apart in the mean: the expected calibration error (Naeini et al. 2015)."""
        return float(np.average(np.abs(self.confidence - self.right), weights=self.pictures))

    def merged(self, least: int = LEAST) -> "Bins":
        """Neighbours put together until each stands for ``least`` pictures; too few at the end join those before them."""
        groups: list[list[int]] = [[]]
        for index in range(len(self.pictures)):
            if self.pictures[groups[-1]].sum() >= least:
                groups.append([])
            groups[-1].append(index)
        if len(groups) > 1 and self.pictures[groups[-1]].sum() < least:
            groups[-2:] = [groups[-2] + groups[-1]]
        counts = self.pictures
        means = [[float(np.average(part[at], weights=counts[at])) for at in groups] for part in (self.confidence, self.right)]
        return Bins(np.array([counts[at].sum() for at in groups]), *map(np.array, means))


def reliability(results: Path | None = None) -> dict[str, dict[str, Bins]]:
    """Set of pictures -> model -> its bins, as ``evaluate`` wrote them; empty while it has not. ``ResultsError`` if damaged."""
    path = (results or paths.RESULTS) / TABLE
    rows: dict[str, dict[str, list[tuple[float, ...]]]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                numbers = tuple(float(row[name]) for name in ("pictures", "confidence", "right"))
                if not (numbers[0] > 0 and np.isfinite(numbers).all() and all(0 <= share <= 1 for share in numbers[1:])):
                    raise ValueError(f"pictures, confidence and right are {numbers}")
                rows.setdefault(row["set"], {}).setdefault(row["model"], []).append(numbers)
    except FileNotFoundError:
        return {}
    except (KeyError, TypeError, ValueError, OSError, csv.Error) as error:
        said = f"no column {error}" if isinstance(error, KeyError) else str(error)
        raise ResultsError(f"{path.name} is damaged ({said}); write it again with: python -m core evaluate clocks") from error
    return {
        name: {model: Bins(*np.array(sorted(bins, key=lambda one: one[1])).T) for model, bins in models.items()}
        for name, models in rows.items()
    }


def reliability_plot(
    bins: Mapping[str, Bins], looks: Mapping[str, Look], *, dark: bool = False, height: int = 420
) -> go.Figure:
    """The share right over the confidence, a line a model (by title), with the diagonal where both are the same.

    A marker stands for ``LEAST`` pictures at least, and its area grows with them.
    """
    share = {"range": [-0.03, 1.03], **percent_axis(), "tickvals": [0, 0.2, 0.4, 0.6, 0.8, 1]}
    across = {**share, "title": title("confidence")}
    figure = framed(height, dark, across, {**share, "title": title("right within 3 minutes")})
    line = {"color": palette(dark).muted, "width": 1}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=line, hoverinfo="skip")
    drawn = {name: one.merged() for name, one in bins.items()}
    most = max((float(one.pictures.max()) for one in drawn.values()), default=1.0)
    for place, (name, one) in enumerate(drawn.items()):
        look = look_of(name, place, looks)
        told = [
            [percent(sure), percent(right), f"{count:,.0f}"]
            for sure, right, count in zip(one.confidence, one.right, one.pictures, strict=True)
        ]
        marker = marker_of(look, dark) | {"maxdisplayed": 0, "size": marker_sizes(one.pictures, most), "opacity": 1}
        figure.add_scatter(
            x=one.confidence,
            y=one.right,
            name=plain(name),
            mode="lines+markers",
            line=line_of(look, dark, 1.75),
            marker=marker,
            customdata=told,
            cliponaxis=False,
            hovertemplate="says %{customdata[0]}, right %{customdata[1]} · %{customdata[2]} pictures"
            f"<extra>{plain(name)}</extra>",
        )
    return figure


def marker_sizes(pictures: NDArray[np.float64], most: float) -> NDArray[np.float64]:
    """Diameters of markers in pixels whose areas grow with ``pictures`` (n,), the largest where they are ``most``."""
    return np.asarray(np.maximum(LARGEST * np.sqrt(pictures / most), SMALLEST))
