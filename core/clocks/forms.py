"""Label forms as networks see them: what a network answers, what it is trained on, and which time an answer means.

The labels themselves are pure functions in ``clocks.time``; here each is tied to output layers and to its way back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cards import ModelCard, RegistryError
from core.clocks import time as clock
from core.clocks.doubts import HALF, NOTHING, Doubt, weigh

Outputs = Any  # one array (n, units), or a dict of them
Target = Any
HAND_WEIGHTS = (3600.0, 3600.0, 1.0, 1.0)  # 2022, Listing 2: sine and cosine of the hour hand, then of the minute hand

TORN = 0.3  # a second hour as likely as that is said
FAR = 2 / 3  # hands disagree beyond this share of the most that they can differ by when they are combined
SHORT = 0.5  # sine and cosine should be 1 long; a network that is torn between two angles answers their mean, which is shorter
MARGIN_HOURS = 0.5  # hours further outside [0, 12) are no time; a little is an error as any other, near 12
MARGIN_MINUTES = 5.0  # likewise for minutes outside 0-60 of an hour
LAST_MINUTE = 59.0  # of an hour: 59.5 would be shown as the next hour, which was not chosen


def no_doubts(outputs: Outputs) -> list[Doubt | None]:
    """For forms with a single answer: nothing in it can contradict itself."""
    return [None] * len(outputs)


@dataclass(frozen=True)
class Form:
    """One way to tell a network the time, and to be told it.

    outputs: name -> (units, activation). targets(hour, minute): arrays shaped as the outputs. minutes(outputs): the time in
    [0, 720) that they mean, (n,). probabilities(outputs, spread_minutes, gross_share): (n, 720); an answer that is a number
    knows no doubt, so it becomes what the network's errors on validation pictures were: a bump as wide as the common ones,
    ``spread_minutes``, and the share of the gross ones, in [0, 1], even over the dial. doubts(outputs): for each picture
    None, or a doubt where parts of the answer disagree or lie outside the dial. class_minutes: how many minutes the answer
    cannot tell apart.
    """

    title: str
    outputs: dict[str, tuple[int, str]]
    targets: Callable[[NDArray[np.int64], NDArray[np.int64]], Target]
    minutes: Callable[[Outputs], NDArray[np.float64]]
    probabilities: Callable[[Outputs, float, float], NDArray[np.floating[Any]]]
    doubts: Callable[[Outputs], Sequence[Doubt | None]] = no_doubts
    class_minutes: int = 1


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


def hours_outside(outputs: Outputs) -> list[Doubt | None]:
    """Where the number of hours (n, 1) lies more than half an hour outside [0, 12): it is wrapped, but means nothing."""
    return [
        None
        if -MARGIN_HOURS <= hours <= 12 + MARGIN_HOURS
        else Doubt(f"The answer, {hours:.4g} hours, lies outside the dial.", NOTHING)
        for hours in _first(outputs)
    ]


def torn_hours(outputs: Outputs) -> list[Doubt | None]:
    """Where the second likeliest of ``outputs["hour"]``, (n, 12) probabilities, is over 0.3: 'The hour is either 2 or 3.'

    Near the full hour that is right and proper: at 2:58 the hour hand all but stands on the 3. The probabilities say as much
    already, so nothing is taken from the confidence.
    """
    doubts: list[Doubt | None] = []
    for shares in np.asarray(outputs["hour"], np.float64):
        second, first = np.argsort(shares, kind="stable")[-2:].tolist()
        if shares[second] <= TORN:
            doubts.append(None)
            continue
        earlier, later = (second, first) if (first - second) % 12 == 1 else (first, second)
        doubts.append(Doubt(f"The hour is either {earlier or 12} or {later or 12}."))
    return doubts


def torn_pairs(outputs: Outputs) -> list[Doubt | None]:
    """Where the second likeliest of ``outputs["minute"]``, (n, 30) probabilities of two minutes each, is over 0.3.

    'The minute is either 0 or 30.' Neighbours do not count: a split between 30 and 32 is no more than an odd minute.
    """
    doubts: list[Doubt | None] = []
    for shares in np.asarray(outputs["minute"], np.float64):
        first = int(shares.argmax())
        others = np.where(np.abs(np.arange(len(shares)) - first) > 1, shares, 0.0)
        second = int(others.argmax())
        earlier, later = sorted((2 * first, 2 * second))
        doubts.append(Doubt(f"The minute is either {earlier} or {later}.") if others[second] > TORN else None)
    return doubts


def minutes_outside(outputs: Outputs, scale: float) -> list[Doubt | None]:
    """Where ``scale`` times the number ``outputs["minute"]``, (n, 1), lies more than 5 minutes outside its hour."""
    return [
        None
        if -MARGIN_MINUTES <= minute <= 60 + MARGIN_MINUTES
        else Doubt(f"The minute's output, {minute:.4g}, lies outside the hour.", HALF)
        for minute in _first(outputs["minute"]) * scale
    ]


def _either(*judged: Sequence[Doubt | None]) -> list[Doubt | None]:
    """For each picture the first doubt of several lists, with what all of them together leave of the confidence."""
    return [_together([doubt for doubt in doubts if doubt]) for doubts in zip(*judged, strict=True)]


def _together(doubts: Sequence[Doubt]) -> Doubt | None:
    left, sentence = weigh(doubts)
    return None if sentence is None else Doubt(sentence, left)


def torn_hands(outputs: Outputs, *, as_published: bool = False) -> list[Doubt | None]:
    """Where sines and cosines (n, 4) are short, or the hour hand alone tells another time than both hands together.

    The combined time is the nearest to the hour hand's of those that fit the minute hand, and these come every 60 minutes
    (every 6 ``as_published``): the two never differ by more than half of that, and by two thirds of the half they are said
    to disagree. That halves the confidence; a short vector leaves as much of it as the vector is long.
    """
    table = np.asarray(outputs, np.float64)
    lengths = np.hypot(table[:, ::2], table[:, 1::2])  # (n, 2)
    alone = clock.wrap(_angles(table)[0] * (clock.MINUTES / (2 * np.pi)))
    both = _minutes_as_published(table) if as_published else _from_hands(table)
    most = 3.0 if as_published else 30.0
    doubts: list[Doubt | None] = []
    for length, hour_hand, combined in zip(lengths, alone, both, strict=True):
        if length.min() < SHORT:
            hand, long = ("hour", "minute")[int(length.argmin())], float(length.min())
            doubts.append(Doubt(f"The {hand} hand is unsure: its sine and cosine are {long:.2f} long instead of 1.", long))
        elif clock.common_sense_error_minutes(combined, hour_hand) > FAR * most:
            times = clock.ClockTime.from_minutes(hour_hand), clock.ClockTime.from_minutes(combined)
            doubts.append(Doubt(f"The hands disagree: {times[0]} by the hour hand alone, {times[1]} by both.", HALF))
        else:
            doubts.append(None)
    return doubts


def _from_classes(classes: int) -> Form:
    width = clock.MINUTES // classes

    def probabilities(outputs: Outputs, spread_minutes: float, gross_share: float) -> NDArray[np.float64]:
        return np.repeat(np.asarray(outputs, np.float64) / width, width, axis=-1)

    return Form(
        title=f"{classes} classes",
        outputs={"time": (classes, "softmax")},
        targets=lambda hour, minute: _one_hot(clock.class_label(hour, minute, classes), classes),
        # The middle of a class is the guess that errs least: of 30 minutes from 0 to 29 it is 14.5.
        minutes=lambda outputs: np.asarray(outputs).argmax(-1) * float(width) + (width - 1) / 2,
        probabilities=probabilities,
        class_minutes=width,
    )


def _with_gross(shares: NDArray[np.floating[Any]], gross_share: float) -> NDArray[np.float64]:
    """(n, 720) -> (n, 720): ``gross_share`` in [0, 1] of the probability laid evenly over the dial."""
    return np.asarray((1 - gross_share) * shares.astype(np.float64) + gross_share / clock.MINUTES)


def _bump(minutes: Callable[[Outputs], NDArray[np.float64]]) -> Callable[[Outputs, float, float], NDArray[np.float64]]:
    return lambda outputs, spread_minutes, gross_share: _with_gross(
        clock.soft_bins(minutes(outputs), spread_minutes), gross_share
    )


def _minute_of_hour(outputs: Outputs, scale: float) -> NDArray[np.float64]:
    """A minute beyond the hour belongs to the hour all the same: the hour's class has the last word."""
    return np.clip(_first(outputs["minute"]) * scale, 0.0, LAST_MINUTE)


def _bump_an_hour(scale: float) -> Callable[[Outputs, float, float], NDArray[np.float64]]:
    """A bump in each hour, as high as that hour's class is likely, and cut off where the hour ends."""

    def probabilities(outputs: Outputs, spread_minutes: float, gross_share: float) -> NDArray[np.float64]:
        bump = clock.soft_bins(_minute_of_hour(outputs, scale), spread_minutes)[:, :60].astype(np.float64)  # (n, 60)
        hours = np.asarray(outputs["hour"], np.float64)  # (n, 12)
        both = hours[:, :, None] * (bump / bump.sum(-1, keepdims=True))[:, None, :]  # (n, 12, 60)
        return _with_gross(both.reshape(len(both), clock.MINUTES), gross_share)

    return probabilities


def _multi_head(outputs: Outputs, scale: float) -> NDArray[np.float64]:
    return np.asarray(outputs["hour"]).argmax(-1) * 60.0 + _minute_of_hour(outputs, scale)


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
        doubts=lambda outputs: _either(minutes_outside(outputs, scale), torn_hours(outputs)),
    )


FORMS: dict[str, Form] = {
    "hours": Form(
        title="hours as one number",
        outputs={"time": (1, "linear")},
        targets=lambda hour, minute: _column(clock.hours_label(hour, minute)),
        minutes=_hours,
        probabilities=_bump(_hours),
        doubts=hours_outside,
    ),
    "hours-rounded": Form(
        title="hours as one number, 3 decimals",
        outputs={"time": (1, "linear")},
        targets=lambda hour, minute: _column(clock.hours_label(hour, minute, 3)),
        minutes=_hours,
        probabilities=_bump(_hours),
        doubts=hours_outside,
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
        probabilities=lambda outputs, spread_minutes, gross_share: _product(outputs["hour"], outputs["minute"]),
        doubts=lambda outputs: _either(torn_hours(outputs), torn_pairs(outputs)),
    ),
}


def form_of(card: ModelCard) -> str | None:
    """The key of the label form that a card names, None where it names none; ``RegistryError`` for one that is unknown."""
    name = card.extra.get("form")
    if name is not None and name not in FORMS:
        raise RegistryError(
            f"extra.form of the card of {card.model_id} must be one of {', '.join(FORMS)}; got {name!r}; correct it, or train "
            "or fetch the model again"
        )
    return name


def _product(hour: Any, pair: Any) -> NDArray[np.float64]:
    """(n, 12) and (n, 30) -> (n, 720), the two answers taken as independent."""
    both = np.asarray(hour, np.float64)[:, :, None] * np.asarray(pair, np.float64)[:, None, :] / 2  # (n, 12, 30)
    return np.repeat(both, 2, axis=-1).reshape(len(both), clock.MINUTES)
