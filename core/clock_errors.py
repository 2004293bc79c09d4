"""Errors of clock models as arrays to draw: how large, at which times, what is confused; from disk, how they fell."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core import registry
from core.clocks.time import MINUTES

Floats = NDArray[np.float64]
WIDTH = 10  # minutes of a bar in the reports' histograms


def histogram(errors: ArrayLike, width: int = WIDTH) -> tuple[Floats, Floats]:
    """Left edges of bars of ``width`` minutes from 0 to 360, and the share of pictures in each; 360 is in the last."""
    values = np.asarray(errors, float)
    if not values.size:
        raise ValueError("a histogram needs at least one error")
    counts, edges = np.histogram(values, np.arange(0, MINUTES // 2 + width, width))
    return edges[:-1].astype(float), counts / values.size


def share_within(errors: ArrayLike, at: ArrayLike) -> Floats:
    """The share of pictures whose error is at most each of ``at`` minutes."""
    values = np.sort(np.asarray(errors, float))
    return np.searchsorted(values, np.asarray(at, float), side="right") / max(values.size, 1)


def mean_by_minute(true: ArrayLike, errors: ArrayLike) -> Floats:
    """(60,): the mean error of the pictures that show each minute of the hour; NaN where there is none."""
    return _mean_by(np.asarray(true, int) % 60, errors, 60)


def mean_by_hour(true: ArrayLike, errors: ArrayLike) -> Floats:
    """(12,): the mean error of the pictures of each hour, 12 o'clock first; NaN where there is none."""
    return _mean_by(np.asarray(true, int) // 60 % 12, errors, 12)


def _mean_by(place: NDArray[np.int64], errors: ArrayLike, places: int) -> Floats:
    counts = np.bincount(place, minlength=places).astype(float)
    sums = np.bincount(place, np.asarray(errors, float), minlength=places)
    return np.divide(sums, counts, out=np.full(places, np.nan), where=counts > 0)


def confusion(true: ArrayLike, read: ArrayLike, classes: int = 24) -> Floats:
    """(classes, classes): of the pictures whose true time lies in a class (row), the share read in each; rows sum to 1 or 0."""
    width = MINUTES // classes
    rows, columns = (np.floor(np.asarray(part, float) % MINUTES / width).astype(int) % classes for part in (true, read))
    counts = np.zeros((classes, classes))
    np.add.at(counts, (rows, columns), 1.0)
    return counts / np.maximum(counts.sum(1, keepdims=True), 1.0)


@dataclass(frozen=True, eq=False)
class Curve:
    """One measure over the epochs of a training, (n,) each; NaN where an epoch lacks it. validation: None if never measured."""

    epochs: Floats
    training: Floats
    validation: Floats | None


# What a model is judged by beside its loss, in a history's words -> for people; of several the first.
JUDGED_BY = {
    "accuracy": "right answers",
    "hour_accuracy": "right hours",
    "custom_mae_corrected": "custom MAE, corrected [h]",
    "mean_absolute_error": "mean absolute error [h]",
    "mean_squared_error": "mean squared error",
    "bins_minutes_apart": "common-sense error [min]",
}


def measure_of(model_id: str, folder: Path | None = None) -> str | None:
    """The first of ``JUDGED_BY`` in a model's history, or None; ``RegistryError`` if it is damaged."""
    rows = registry.load_history(model_id, folder)
    return next((name for name in JUDGED_BY if any(name in row for row in rows)), None)


def learning_curve(model_id: str, measure: str = "loss", folder: Path | None = None) -> Curve | None:
    """A model's curve of ``measure``, or None where its history does not hold it; ``RegistryError`` if it is damaged."""
    rows = registry.load_history(model_id, folder)
    if not any(measure in row for row in rows):
        return None

    def column(name: str) -> Floats:
        return np.array([row.get(name, np.nan) for row in rows], float)

    validation = column(f"val_{measure}")
    return Curve(column("epoch"), column(measure), None if np.isnan(validation).all() else validation)
