"""The lesson of the common-sense error: what each measure and each loss of the reports makes of one pair of times.

Losses are those of ``clocks.losses``, called one picture at a time, so Keras is loaded when the first cost is asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.clocks import time as clock
from core.clocks.forms import FORMS

Minutes = NDArray[np.int64]
ROUNDING = 1e-6  # of sums in float32; the costs of two times that differ lie at least ten times as far apart
SURE = 0.9  # what the imagined classifier gives to the class that it reads; the rest is spread over all others


@dataclass(frozen=True)
class Cost:
    """One way to count how wrong a reading is. cost(true, read): whole minutes (n,) each -> (n,)."""

    title: str
    unit: str
    models: tuple[str, ...]  # ids of the models that learn from it; none where it is a measure only
    told: str
    cost: Callable[[Minutes, Minutes], NDArray[np.float64]]


def _hours(minutes: Minutes) -> NDArray[np.float32]:
    return (minutes / 60).astype(np.float32)[:, None]


def _on_hours(name: str) -> Callable[[Minutes, Minutes], NDArray[np.float64]]:
    """A loss of hours as one number, (n, 1): one of ours, or Keras' own."""

    def cost(true: Minutes, read: Minutes) -> NDArray[np.float64]:
        import keras

        from core.clocks import losses

        loss = getattr(losses, name, None) or getattr(keras.losses, name)
        return np.asarray(loss(_hours(true), _hours(read)), np.float64).reshape(len(true))

    return cost


def _on_hands(name: str, as_published: bool) -> Callable[[Minutes, Minutes], NDArray[np.float64]]:
    """A loss of sines and cosines, one picture a call: as published it sums over all that it is given."""

    def cost(true: Minutes, read: Minutes) -> NDArray[np.float64]:
        from core.clocks import losses

        labels = [
            clock.sine_cosine_label(part // 60, part % 60, as_published=as_published).astype(np.float32)
            for part in (true, read)
        ]
        loss: Callable[[Any, Any], Any] = getattr(losses, name)
        pairs = zip(*labels, strict=True)
        return np.array([float(np.mean(loss(one[None], other[None]))) for one, other in pairs])

    return cost


def _on_form(head: str, **losses: str) -> Callable[[Minutes, Minutes], NDArray[np.float64]]:
    """The sum of Keras' losses of the outputs of one of ``FORMS``, by their names: output -> loss, weighed alike.

    A softmax gives ``SURE`` to the class read and spreads the rest over all others, which cross-entropy charges with -ln of
    what the true class got: of n classes -ln 0.9 = 0.105 where it is read, -ln(0.1 / (n - 1)) where another is. A linear
    output answers the label of the time read.
    """

    def cost(true: Minutes, read: Minutes) -> NDArray[np.float64]:
        import keras

        form, total = FORMS[head], np.zeros(len(true))
        labels, answers = (form.targets(part // 60, part % 60) for part in (true, read))
        for name, (units, activation) in form.outputs.items():
            label, answer = (part[name] if isinstance(part, dict) else part for part in (labels, answers))  # (n, units)
            if activation == "softmax":
                answer = np.where(answer == 1, SURE, (1 - SURE) / (units - 1)).astype(np.float32)
            total += np.asarray(getattr(keras.losses, losses[name])(label, answer), np.float64)
        return total

    return cost


COSTS: dict[str, Cost] = {
    "mae": Cost(
        "MAE in hours",
        "h",
        ("report22-regression", "report22-regression-no-gamma"),
        "A straight line: 00:01 is 11 h 58 min from 11:59.",
        _on_hours("mean_absolute_error"),
    ),
    "mse": Cost(
        "MSE in hours",
        "h²",
        ("report23-regression",),
        "The same, squared: the seam at 12 costs most of all.",
        _on_hours("mean_squared_error"),
    ),
    "custom-mae-as-published": Cost(
        "Custom MAE, as published",
        "h",
        (),
        "Wraps one way only: 00:01 read for 11:59 costs 2 minutes, 11:59 read for 00:01 nearly twelve hours.",
        _on_hours("custom_mae_as_published"),
    ),
    "custom-mae-corrected": Cost(
        "Custom MAE, corrected", "h", (), "The smaller of both ways round: no seam.", _on_hours("custom_mae_corrected")
    ),
    "custom-mse-as-published": Cost(
        "Custom MSE, as published",
        "",
        ("report22-label-transform",),
        "The minute's label repeats every 6 minutes, and the hour hand weighs no more than the minute's.",
        _on_hands("custom_mse_as_published", True),
    ),
    "custom-mse-corrected": Cost(
        "Custom MSE, corrected",
        "",
        ("report22-label-transform-corrected",),
        "Hour and minute hand as angles, each weighed before summing: smooth all the way round.",
        _on_hands("custom_mse_corrected", False),
    ),
    "cross-entropy-24": Cost(
        "Cross-entropy, 24 classes",
        "nats",
        ("report22-classes-24",),
        "Right half hour or wrong half hour: how wrong does not count.",
        _on_form("classes-24", time="categorical_crossentropy"),
    ),
    "cross-entropy-720": Cost(
        "Cross-entropy, 720 classes",
        "nats",
        ("report22-classes-720", "report23-classes-720"),
        "One minute beside the truth costs as much as six hours.",
        _on_form("classes-720", time="categorical_crossentropy"),
    ),
    "two-cross-entropies": Cost(  # -ln p(hour, of 12) - ln p(pair of minutes, of 30)
        "Two cross-entropies: 12 hours, 30 pairs of minutes",
        "nats",
        ("report22-two-classifiers",),
        "−ln p(hour) − ln p(pair). A wrong hour with the right pair is cheap; across the full hour both are wrong at once.",
        _on_form("hour-and-pair", hour="categorical_crossentropy", minute="categorical_crossentropy"),
    ),
    "cross-entropy-and-mae": Cost(  # -ln p(hour, of 12) + |minute - minute read| / 60
        "Cross-entropy of the hour + MAE of minute / 60",
        "nats + h",
        ("report22-multi-head", "report22-split-heads"),
        "−ln p(hour) + |minutes apart| / 60. A wrong hour adds 4.6, a wrong minute 1/60; across the full hour both jump.",
        _on_form("hour-and-fraction", hour="categorical_crossentropy", minute="mean_absolute_error"),
    ),
    "cross-entropy-and-mse": Cost(  # -ln p(hour, of 12) + (minute - minute read)^2
        "Cross-entropy of the hour + MSE of the minute",
        "nats + min²",
        ("report23-multi-head",),
        "−ln p(hour) + (minutes apart)². A wrong hour adds 4.6, three wrong minutes 9, the full hour up to 59².",
        _on_form("hour-and-minute", hour="categorical_crossentropy", minute="mean_squared_error"),
    ),
}


def costs(true: ArrayLike, read: ArrayLike) -> dict[str, NDArray[np.float64]]:
    """Every cost of ``COSTS`` for whole minutes 0-719, scalars or (n,) each: name -> (n,)."""
    pair = np.atleast_1d(*np.broadcast_arrays(np.asarray(true), np.asarray(read)))
    for name, values in zip(("true", "read"), pair, strict=True):
        if (values != np.floor(values)).any() or (values < 0).any() or (values >= clock.MINUTES).any():
            raise ValueError(f"{name} must be whole minutes in 0-719; got {values.tolist()[:3]}")
    first, second = (np.array(values, np.int64) for values in pair)
    return {name: one.cost(first, second) for name, one in COSTS.items()}


def share_of_worst(curve: NDArray[np.float64], read: int) -> float:
    """What ``curve`` (720,) charges for ``read``, 0-719, as a share of the most that it charges for any time.

    Losses are counted in float32: what lies within ``ROUNDING`` of the most is the most, and its share exactly 1.
    """
    share = float(curve[read] / curve.max())
    return 1.0 if share > 1 - ROUNDING else share


def distances(true: int, read: int) -> dict[str, float]:
    """Three ways to say how far apart two times are, in minutes: absolute, one-way (as published), circular."""
    absolute = abs(true - read)
    return {
        "absolute": float(absolute),
        "one-way": float(min(absolute, abs(true - read - clock.MINUTES))),
        "circular": float(clock.common_sense_error_minutes(true, read)),
    }
