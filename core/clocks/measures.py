"""Every figure that the reports print, and the one ruler for all: outputs or read times -> numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.clocks import time as clock
from core.clocks.forms import FORMS

Hours = NDArray[np.int64]
BATCH = 32  # of the listings whose value depends on it
ALONE = "custom_mse_one_picture"  # the figure of 2022's custom MSE as published that is of one picture at a time


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

    As published the labels repeat every 6 minutes and the sum runs over batches, here of 32, whose values are averaged. For
    networks that answer with such labels themselves the report takes their outputs as they are, and so does
    ``form_figures``: what it says of them stands in place of this.
    """

    from core.clocks import losses

    true_angles, read_angles = clock.hand_angles(true_minutes), clock.hand_angles(read_minutes)
    labels = [clock.sines_cosines(angles).astype(np.float32) for angles in (true_angles, read_angles)]
    # As printed, the minute's angle goes round ten times an hour.
    turned = [(hour, 10 * minute) for hour, minute in (true_angles, read_angles)]
    printed = [clock.sines_cosines(angles).astype(np.float32) for angles in turned]
    return {
        **_custom_mse(printed[0], printed[1]),
        "custom_mse_corrected": float(np.mean(losses.custom_mse_corrected(*labels))),
    }


def _custom_mse(true: Any, read: Any) -> dict[str, float]:
    """2022's custom MSE as published, of batches of 32 and of one: labels (n, 4) each."""
    from core.clocks.losses import custom_mse_as_published as loss

    return {"custom_mse_as_published": _in_batches(loss, true, read), ALONE: _in_batches(loss, true, read, 1)}


def _in_batches(loss: Callable[[Any, Any], Any], true: Any, read: Any, size: int = BATCH) -> float:
    """The mean over whole batches of ``size`` of a loss whose value depends on how large they are.

    What is left over at the end is not counted: as a batch of its own it would weigh as much as a full one, at a smaller
    value. Fewer pictures than a batch are one batch.
    """
    starts = range(0, len(true) // size * size or len(true), size)
    return float(np.mean([np.mean(loss(true[start : start + size], read[start : start + size])) for start in starts]))


def form_figures(head: str, outputs: Any, minutes: Hours) -> dict[str, float]:
    """The reports' own measures of a network's raw outputs on pictures that show ``minutes`` (n,).

    For sines and cosines that includes both values of 2022, Table 8, of the outputs as they are: vectors that are not 1 long
    count as errors, and the true labels are those of the network's own form.
    """
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
    from core.clocks import losses

    custom = losses.custom_mae_as_published(true.astype(np.float32), read.astype(np.float32))
    return {"mae_hours": float(np.abs(true - read).mean()), "custom_mae_as_published": float(np.mean(custom))}


def _label_figures(head: str, outputs: Any, hour: Hours, minute: Hours) -> dict[str, float]:
    from core.clocks import losses

    read, true = np.asarray(outputs, np.float32), FORMS[head].targets(hour, minute)
    published = _custom_mse(true, read)
    corrected = float(np.mean(losses.custom_mse_corrected(true, read)))
    return {
        "loss": corrected if head == "sine-cosine" else published["custom_mse_as_published"],
        "mse": float(np.mean((read - true) ** 2)),
        **published,
        "custom_mse_corrected": corrected,
    }


def _two_heads(outputs: Any, hour: Hours, minute: NDArray[np.float64]) -> dict[str, float]:
    apart = np.asarray(outputs["minute"], float)[:, 0] - minute
    return {
        "hour_accuracy": _accuracy(outputs["hour"], hour),
        "minute_mse": float((apart**2).mean()),
        "minute_mae": float(np.abs(apart).mean()),
    }
