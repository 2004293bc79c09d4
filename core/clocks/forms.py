"""Label forms as networks see them: what a network answers, what it is trained on, and which time an answer means.

The labels themselves are pure functions in ``clocks.time``; here each is tied to output layers and to its way back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.clocks import time as clock

Outputs = Any  # one array (n, units), or a dict of them
Target = Any
HAND_WEIGHTS = (3600.0, 3600.0, 1.0, 1.0)  # 2022, Listing 2: sine and cosine of the hour hand, then of the minute hand

TORN = 0.3  # a second hour as likely as that is said
FAR = 2 / 3  # hands disagree beyond this share of the most that they can differ by when they are combined
SHORT = 0.5  # sine and cosine should be 1 long; a network that is torn between two angles answers their mean, which is shorter


def no_doubts(outputs: Outputs) -> list[str | None]:
    """For forms with a single answer: nothing in it can contradict itself."""
    return [None] * len(outputs)


@dataclass(frozen=True)
class Form:
    """One way to tell a network the time, and to be told it.

    outputs: name -> (units, activation). targets(hour, minute): arrays shaped as the outputs. minutes(outputs): the time in
    [0, 720) that they mean, (n,). probabilities(outputs, spread_minutes): (n, 720); an answer that is a number knows no
    doubt, so it becomes a bump as wide as the network's errors on validation pictures, ``spread_minutes``. doubts(outputs):
    for each picture None, or a sentence where parts of the answer disagree.
    """

    title: str
    outputs: dict[str, tuple[int, str]]
    targets: Callable[[NDArray[np.int64], NDArray[np.int64]], Target]
    minutes: Callable[[Outputs], NDArray[np.float64]]
    probabilities: Callable[[Outputs, float], NDArray[np.floating[Any]]]
    doubts: Callable[[Outputs], Sequence[str | None]] = no_doubts


def _column(values: Any) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)[:, None]


def _one_hot(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    return np.eye(classes, dtype=np.float32)[labels]


def _first(outputs: Outputs) -> NDArray[np.float64]:
    return np.asarray(outputs, np.float64)[:, 0]


def _angles(outputs: Outputs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    table = np.asarray(outputs, np.float64)
    return np.arctan2(table[:, 0], table[:, 1]), np.arctan2(table[:, 2], table[:, 3])


def _hours(outputs: Outputs) -> NDArray[np.float64]:
    return clock.wrap(_first(outputs) * 60)


def _from_hands(outputs: Outputs) -> NDArray[np.float64]:
    return clock.minutes_from_hands(*_angles(outputs))


def _minutes_as_published(outputs: Outputs) -> NDArray[np.float64]:
    """From labels with ``minute * pi / 3``: the hour hand's angle says the time; the minute's repeats every 6 minutes and
    picks the nearest of the times that fit it."""
    hour_angle, minute_angle = _angles(outputs)
    coarse = hour_angle % (2 * np.pi) * (clock.MINUTES / (2 * np.pi))
    within = minute_angle % (2 * np.pi) * (6 / (2 * np.pi))
    return clock.wrap(np.round((coarse - within) / 6) * 6 + within)


def torn_hours(outputs: Outputs) -> list[str | None]:
    """Where the second likeliest of ``outputs["hour"]``, (n, 12) probabilities, is over 0.3: 'The hour is either 2 or 3.'

    Near the full hour that is right and proper: at 2:58 the hour hand all but stands on the 3.
    """
    doubts: list[str | None] = []
    for shares in np.asarray(outputs["hour"], np.float64):
        second, first = np.argsort(shares, kind="stable")[-2:].tolist()
        if shares[second] <= TORN:
            doubts.append(None)
            continue
        earlier, later = (second, first) if (first - second) % 12 == 1 else (first, second)
        doubts.append(f"The hour is either {earlier or 12} or {later or 12}.")
    return doubts


def torn_hands(outputs: Outputs, *, as_published: bool = False) -> list[str | None]:
    """Where sines and cosines (n, 4) are short, or the hour hand alone tells another time than both hands together.

    The combined time is the nearest to the hour hand's of those that fit the minute hand, and these come every 60 minutes
    (every 6 ``as_published``): the two never differ by more than half of that, and by two thirds of the half they are said
    to disagree.
    """
    table = np.asarray(outputs, np.float64)
    lengths = np.hypot(table[:, ::2], table[:, 1::2])  # (n, 2)
    alone = clock.wrap(_angles(table)[0] * (clock.MINUTES / (2 * np.pi)))
    both = _minutes_as_published(table) if as_published else _from_hands(table)
    most = 3.0 if as_published else 30.0
    doubts: list[str | None] = []
    for length, hour_hand, combined in zip(lengths, alone, both, strict=True):
        if length.min() < SHORT:
            hand = ("hour", "minute")[int(length.argmin())]
            doubts.append(f"The {hand} hand is unsure: its sine and cosine are {length.min():.2f} long instead of 1.")
        elif clock.common_sense_error_minutes(combined, hour_hand) > FAR * most:
            times = clock.ClockTime.from_minutes(hour_hand), clock.ClockTime.from_minutes(combined)
            doubts.append(f"The hands disagree: {times[0]} by the hour hand alone, {times[1]} by both.")
        else:
            doubts.append(None)
    return doubts


def _from_classes(classes: int) -> Form:
    width = clock.MINUTES // classes

    def probabilities(outputs: Outputs, spread_minutes: float) -> NDArray[np.float64]:
        return np.repeat(np.asarray(outputs, np.float64) / width, width, axis=-1)

    return Form(
        title=f"{classes} classes",
        outputs={"time": (classes, "softmax")},
        targets=lambda hour, minute: _one_hot(clock.class_label(hour, minute, classes), classes),
        # The middle of a class is the guess that errs least: of 30 minutes from 0 to 29 it is 14.5.
        minutes=lambda outputs: np.asarray(outputs).argmax(-1) * float(width) + (width - 1) / 2,
        probabilities=probabilities,
    )


def _bump(minutes: Callable[[Outputs], NDArray[np.float64]]) -> Callable[[Outputs, float], NDArray[np.floating[Any]]]:
    return lambda outputs, spread_minutes: clock.soft_bins(minutes(outputs), spread_minutes)


def _bump_an_hour(scale: float) -> Callable[[Outputs, float], NDArray[np.floating[Any]]]:
    """A bump in each hour, as high as that hour's class is likely."""

    def probabilities(outputs: Outputs, spread_minutes: float) -> NDArray[np.floating[Any]]:
        minute = np.clip(_first(outputs["minute"]) * scale, 0.0, 59.999)
        hours = np.asarray(outputs["hour"], np.float64)  # (n, 12)
        return sum(
            (hours[:, hour, None] * clock.soft_bins(hour * 60 + minute, spread_minutes) for hour in range(12)),
            start=np.zeros((len(hours), clock.MINUTES)),
        )

    return probabilities


def _multi_head(outputs: Outputs, scale: float) -> NDArray[np.float64]:
    hour = np.asarray(outputs["hour"]).argmax(-1)
    # A minute beyond the hour belongs to the hour all the same: the hour's class has the last word.
    minute = np.clip(_first(outputs["minute"]) * scale, 0.0, 59.999)
    return hour * 60.0 + minute


def _hour_and_number(title: str, label: Callable[..., tuple[NDArray[np.int64], NDArray[np.float64]]], scale: float) -> Form:
    """An hour class and a number; ``scale`` times the number is the minute."""

    def targets(hour: NDArray[np.int64], minute: NDArray[np.int64]) -> Target:
        hours, number = label(hour, minute)
        return {"hour": _one_hot(hours, 12), "minute": _column(number)}

    return Form(
        title=title,
        outputs={"hour": (12, "softmax"), "minute": (1, "linear")},
        targets=targets,
        minutes=lambda outputs: _multi_head(outputs, scale),
        probabilities=_bump_an_hour(scale),
        doubts=torn_hours,
    )


FORMS: dict[str, Form] = {
    "hours": Form(
        title="hours as one number",
        outputs={"time": (1, "linear")},
        targets=lambda hour, minute: _column(clock.hours_label(hour, minute)),
        minutes=_hours,
        probabilities=_bump(_hours),
    ),
    "hours-rounded": Form(
        title="hours as one number, 3 decimals",
        outputs={"time": (1, "linear")},
        targets=lambda hour, minute: _column(clock.hours_label(hour, minute, 3)),
        minutes=_hours,
        probabilities=_bump(_hours),
    ),
    "sine-cosine-as-published": Form(
        title="sine and cosine of both hands, minute angle as printed",
        outputs={"time": (4, "linear")},
        targets=lambda hour, minute: clock.sine_cosine_label(hour, minute, as_published=True).astype(np.float32),
        minutes=_minutes_as_published,
        probabilities=_bump(_minutes_as_published),
        doubts=lambda outputs: torn_hands(outputs, as_published=True),
    ),
    "sine-cosine": Form(
        title="sine and cosine of both hands",
        outputs={"time": (4, "linear")},
        targets=lambda hour, minute: clock.sine_cosine_label(hour, minute).astype(np.float32),
        minutes=_from_hands,
        probabilities=_bump(_from_hands),
        doubts=torn_hands,
    ),
    "classes-24": _from_classes(24),
    "classes-720": _from_classes(720),
    "hour-and-fraction": _hour_and_number("hour class and minute / 60", clock.hour_and_fraction_label, 60.0),
    "hour-and-minute": _hour_and_number("hour class and minute 0-59", clock.hour_and_minute_label, 1.0),
    "hour-and-pair": Form(
        title="hour class and one of 30 two-minute classes",
        outputs={"hour": (12, "softmax"), "minute": (30, "softmax")},
        targets=lambda hour, minute: {
            "hour": _one_hot(hour, 12),
            "minute": _one_hot(clock.hour_and_pair_label(hour, minute)[1], 30),
        },
        minutes=lambda outputs: (
            np.asarray(outputs["hour"]).argmax(-1) * 60.0 + np.asarray(outputs["minute"]).argmax(-1) * 2.0 + 0.5
        ),
        probabilities=lambda outputs, spread_minutes: _product(outputs["hour"], outputs["minute"]),
        doubts=torn_hours,
    ),
}


def _product(hour: Any, pair: Any) -> NDArray[np.float64]:
    """(n, 12) and (n, 30) -> (n, 720), the two answers taken as independent."""
    both = np.asarray(hour, np.float64)[:, :, None] * np.asarray(pair, np.float64)[:, None, :] / 2  # (n, 12, 30)
    return np.repeat(both, 2, axis=-1).reshape(len(both), clock.MINUTES)
