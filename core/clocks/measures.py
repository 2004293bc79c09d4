"""Every figure that the reports print, and the one ruler for all: outputs or read times -> numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.clocks import time as clock
from core.clocks.forms import FORMS, HAND_WEIGHTS

Hours = NDArray[np.int64]
BATCH = 32  # of the listings whose value depends on it


def error_figures(true_minutes: ArrayLike, read_minutes: ArrayLike) -> dict[str, float]:
    """Mean, median and 95th percentile of the common-sense error in minutes; shares at most 1, at most 5, over 30."""
    errors = clock.common_sense_error_minutes(true_minutes, read_minutes)
    if errors.ndim != 1 or not len(errors):
        raise ValueError(f"one true and one read time a picture, at least one picture; got shape {errors.shape}")
    return {
        "mean_minutes": float(errors.mean()),
        "median_minutes": float(np.median(errors)),
        "p95_minutes": float(np.percentile(errors, 95)),
        "within_1_minute": float((errors <= 1).mean()),
        "within_5_minutes": float((errors <= 5).mean()),
        "over_30_minutes": float((errors > 30).mean()),
    }


def hand_label_figures(true_minutes: ArrayLike, read_minutes: ArrayLike) -> dict[str, float]:
    """2022, Table 8: both times turned into sines and cosines, and their custom MSE as published and corrected.

    As published the labels repeat every 6 minutes and the sum runs over batches, here of 32, whose values are averaged.
    """

    def published(minutes: ArrayLike) -> NDArray[np.float64]:
        hour_angle, _ = clock.hand_angles(minutes)
        minute_angle = np.asarray(minutes, float) % 60 * (np.pi / 3)
        return np.stack([np.sin(hour_angle), np.cos(hour_angle), np.sin(minute_angle), np.cos(minute_angle)], axis=-1)

    def corrected(minutes: ArrayLike) -> NDArray[np.float64]:
        angles = clock.hand_angles(minutes)
        return np.stack([part(angle) for angle in angles for part in (np.sin, np.cos)], axis=-1)

    weights = np.array(HAND_WEIGHTS)
    squared = (published(true_minutes) - published(read_minutes)) ** 2  # (n, 4)
    batches = [squared[start : start + BATCH].sum() for start in range(0, len(squared), BATCH)]
    as_published = np.mean([np.sqrt(total * weights / 3601).mean() for total in batches])
    apart = (corrected(true_minutes) - corrected(read_minutes)) ** 2
    return {
        "custom_mse_as_published": float(as_published),
        "custom_mse_corrected": float(np.sqrt((apart * weights).sum(-1) / 3601).mean()),
    }


def form_figures(head: str, outputs: Any, minutes: Hours) -> dict[str, float]:
    """The reports' own measures of a network's raw outputs on pictures that show ``minutes`` (n,)."""
    hour, minute = np.divmod(np.asarray(minutes), 60)
    measures: dict[str, Callable[[], dict[str, float]]] = {
        "hours": lambda: _hours_figures(np.asarray(outputs, float)[:, 0], hour + minute / 60),
        "hours-rounded": lambda: _hours_figures(np.asarray(outputs, float)[:, 0], hour + minute / 60),
        "sine-cosine-as-published": lambda: _label_figures(head, outputs, hour, minute),
        "sine-cosine": lambda: _label_figures(head, outputs, hour, minute),
        "classes-24": lambda: {"accuracy": _accuracy(outputs, minutes // 30)},
        "classes-720": lambda: {"accuracy": _accuracy(outputs, minutes)},
        "hour-and-fraction": lambda: _two_heads(outputs, hour, minute / 60),
        "hour-and-minute": lambda: _two_heads(outputs, hour, minute.astype(float)),
        "hour-and-pair": lambda: {
            "hour_accuracy": _accuracy(outputs["hour"], hour),
            "pair_accuracy": _accuracy(outputs["minute"], minute // 2),
        },
    }
    return measures[head]()


def _accuracy(outputs: Any, labels: Hours) -> float:
    return float((np.asarray(outputs).argmax(-1) == labels).mean())


def _hours_figures(read: NDArray[np.float64], true: NDArray[np.float64]) -> dict[str, float]:
    below, above = np.minimum(read, 0) - 0.001, np.maximum(read - 12, 0) + 0.001
    wrapped = np.minimum(np.abs(true - read), np.abs(true - read - 12))
    penalty = 10 * (np.log(above) + np.log(-below) - 2 * np.log(0.001))
    return {"mae_hours": float(np.abs(true - read).mean()), "custom_mae_as_published": float((wrapped + penalty).mean())}


def _label_figures(head: str, outputs: Any, hour: Hours, minute: Hours) -> dict[str, float]:
    squared = (np.asarray(outputs, float) - FORMS[head].targets(hour, minute)) ** 2  # (n, 4)
    weights = np.array(HAND_WEIGHTS)
    if head == "sine-cosine":
        loss = float(np.sqrt((squared * weights).sum(-1) / 3601).mean())
    else:
        totals = [squared[start : start + BATCH].sum() for start in range(0, len(squared), BATCH)]
        loss = float(np.mean([np.sqrt(total * weights / 3601).mean() for total in totals]))
    return {"loss": loss, "mse": float(squared.mean())}


def _two_heads(outputs: Any, hour: Hours, minute: NDArray[np.float64]) -> dict[str, float]:
    apart = np.asarray(outputs["minute"], float)[:, 0] - minute
    return {
        "hour_accuracy": _accuracy(outputs["hour"], hour),
        "minute_mse": float((apart**2).mean()),
        "minute_mae": float(np.abs(apart).mean()),
    }
