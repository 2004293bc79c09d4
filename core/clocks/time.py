"""Times on a twelve-hour dial: hand angles, wrapping, the common-sense error, and every label form of both reports.

All arrays of minutes count from 12 o'clock and live on a circle of 720; hours are 0-11, minutes 0-59. Angles are radians,
clockwise from 12, in [0, 2 pi). Functions take scalars or arrays of any one shape and return NumPy arrays.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

MINUTES = 720  # once around the dial
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, order=True)
class ClockTime:
    """A time as a dial shows it: ``hour`` 0-11 (12 o'clock is 0), ``minute`` 0-59."""

    hour: int
    minute: int

    def __post_init__(self) -> None:
        for name, value in (("hour", self.hour), ("minute", self.minute)):
            if value != int(value):
                raise ValueError(f"{name} must be a whole number; got {value}")
        if not 0 <= self.hour <= 11:
            raise ValueError(f"hour must lie in 0-11 (12 o'clock is 0); got {self.hour}")
        if not 0 <= self.minute <= 59:
            raise ValueError(f"minute must lie in 0-59; got {self.minute}")

    @classmethod
    def from_minutes(cls, minutes: float) -> "ClockTime":
        """The whole minute nearest to ``minutes`` (any finite number, wrapped into 0-720; halves go up)."""
        if not np.isfinite(minutes):
            raise ValueError(f"minutes must be finite; got {minutes}")
        whole = int(np.floor(minutes % MINUTES + 0.5)) % MINUTES
        return cls(whole // 60, whole % 60)

    @classmethod
    def parse(cls, text: str) -> "ClockTime":
        """Read ``H:MM`` or ``HH:MM`` of a 24-hour day: 12:05 is 0:05, 15:30 is 3:30."""
        match = re.fullmatch(r"\s*([0-9]{1,2})[:.]([0-9]{2})\s*", text)
        if not match or int(match[1]) > 23 or int(match[2]) > 59:
            raise ValueError(f"a time looks like 10:08 (hour 0-23, minute 00-59); got {text!r}")
        return cls(int(match[1]) % 12, int(match[2]))

    @property
    def minutes(self) -> int:
        """Minutes since 12 o'clock, 0-719."""
        return self.hour * 60 + self.minute

    def __str__(self) -> str:
        return f"{self.hour:02d}:{self.minute:02d}"


def wrap(minutes: ArrayLike) -> Floats:
    """``minutes`` on the circle, in [0, 720); a hair below 0 is 0, where the remainder alone would round up to 720."""
    wrapped = np.asarray(minutes, float) % MINUTES
    return np.where(wrapped >= MINUTES, 0.0, wrapped)


def hand_angles(minutes: ArrayLike) -> tuple[Floats, Floats]:
    """Angles of the hour and the minute hand; the hour hand moves continuously.

    10:00 gives 300 degrees and 0; 6:30 gives 195 degrees and 180.
    """
    wrapped = wrap(minutes)
    return wrapped * (2 * np.pi / MINUTES), wrapped % 60 * (2 * np.pi / 60)


def common_sense_error_minutes(true: ArrayLike, predicted: ArrayLike) -> Floats:
    """The smaller way round the dial between two times, in minutes, 0-360 (2023 report, section 2.1).

    Both arguments are minutes since 12 o'clock; 11:59 against 0:01 is 2.
    """
    apart = np.abs(np.asarray(true, float) - np.asarray(predicted, float)) % MINUTES
    return np.minimum(apart, MINUTES - apart)


def signed_error_minutes(true: ArrayLike, predicted: ArrayLike) -> Floats:
    """How far ``predicted`` is ahead of ``true`` the shorter way, in [-360, 360)."""
    ahead = np.asarray(predicted, float) - np.asarray(true, float)
    return (ahead + MINUTES / 2) % MINUTES - MINUTES / 2


# --- label forms of the reports: (hour, minute) -> what a network is trained on -------------------------------------


def checked_labels(hour: ArrayLike, minute: ArrayLike) -> tuple[Integers, Integers]:
    """Hours 0-11 and minutes 0-59 as integer arrays, or a ``ValueError`` that names what lies outside."""
    hours, minutes = np.asarray(hour), np.asarray(minute)
    for name, values, top in (("hour", hours, 11), ("minute", minutes, 59)):
        outside = values[(values < 0) | (values > top) | (values != np.floor(values))]
        if outside.size:
            raise ValueError(f"{name} labels must be whole numbers in 0-{top}; got {outside.flat[0]}")
    return hours.astype(np.int64), minutes.astype(np.int64)


def sines_cosines(angles: tuple[ArrayLike, ArrayLike]) -> Floats:
    """``(..., 4)``: sine and cosine of the hour hand's angle, then of the minute hand's."""
    return np.stack([part(np.asarray(angle, float)) for angle in angles for part in (np.sin, np.cos)], axis=-1)


def hours_label(hour: ArrayLike, minute: ArrayLike, decimals: int | None = None) -> Floats:
    """Hours as one number, ``hour + minute / 60`` in [0, 12) (2022 s.3.2; 2023 s.2.3 rounds to 3 decimals)."""
    hours, minutes = checked_labels(hour, minute)
    label = hours + minutes / 60
    return label if decimals is None else np.round(label, decimals)


def class_label(hour: ArrayLike, minute: ArrayLike, classes: int = MINUTES) -> Integers:
    """The class of ``720 / classes`` minutes that the time falls in: 24 of 30 minutes (2022) or 720 (both reports)."""
    if classes < 1 or MINUTES % classes:
        raise ValueError(f"classes must divide {MINUTES}; got {classes}")
    hours, minutes = checked_labels(hour, minute)
    return (hours * 60 + minutes) // (MINUTES // classes)


def sine_cosine_label(hour: ArrayLike, minute: ArrayLike, *, as_published: bool = False) -> Floats:
    """``(..., 4)``: sine and cosine of the hour hand's angle, then of the minute hand's (2022 Listing 2).

    The report prints the minute's angle as ``minute * pi / 3``, which repeats every 6 minutes: 10:02 and 10:08 then share
    the minute's half of the label. ``as_published=True`` gives that; otherwise it is ``minute * pi / 30``.
    """
    hours, minutes = checked_labels(hour, minute)
    hour_angle = hours * (np.pi / 6) + minutes * (np.pi / 360)
    minute_angle = minutes * (np.pi / 3 if as_published else np.pi / 30)
    return sines_cosines((hour_angle, minute_angle))


def hour_and_fraction_label(hour: ArrayLike, minute: ArrayLike) -> tuple[Integers, Floats]:
    """The 2022 multi-head label: hour class 0-11 and ``minute / 60`` in [0, 1)."""
    hours, minutes = checked_labels(hour, minute)
    return hours, minutes / 60


def hour_and_minute_label(hour: ArrayLike, minute: ArrayLike) -> tuple[Integers, Floats]:
    """The 2023 multi-head label: hour class 0-11 and the minute 0-59 as a number."""
    hours, minutes = checked_labels(hour, minute)
    return hours, minutes.astype(float)


def hour_and_pair_label(hour: ArrayLike, minute: ArrayLike) -> tuple[Integers, Integers]:
    """The label of 2022's two classifiers: hour class 0-11 and one of 30 classes of two minutes."""
    hours, minutes = checked_labels(hour, minute)
    return hours, minutes // 2


# --- back from outputs to minutes -----------------------------------------------------------------------------------


def minutes_from_hands(hour_angle: ArrayLike, minute_angle: ArrayLike) -> Floats:
    """The time in [0, 720) that fits both hands: the minute hand's minute, in the hour that the hour hand is nearest to.

    The minute hand alone says the minute to within a sixtieth of a turn, the hour hand only which of twelve hours; the
    hour is the one whose expected hour-hand angle differs least.
    """
    minute = np.asarray(minute_angle, float) % (2 * np.pi) * (60 / (2 * np.pi))
    coarse = np.asarray(hour_angle, float) % (2 * np.pi) * (MINUTES / (2 * np.pi))
    hour = np.round((coarse - minute) / 60)
    return wrap(hour * 60 + minute)


def soft_bins(minutes: ArrayLike, sigma_minutes: float) -> NDArray[np.float32]:
    """``(..., 720)`` circular Gaussian targets around ``minutes``, each summing to 1; ``sigma_minutes`` > 0."""
    if not sigma_minutes > 0:
        raise ValueError(f"sigma_minutes must be positive; got {sigma_minutes}")
    apart = common_sense_error_minutes(np.asarray(minutes, float)[..., None], np.arange(MINUTES))  # (..., 720)
    squared = (apart / sigma_minutes) ** 2
    # The nearest bin counts 1 before scaling, however narrow the bump: nothing can underflow to a row of zeros.
    weights = np.exp(-0.5 * (squared - squared.min(-1, keepdims=True)))
    return (weights / weights.sum(-1, keepdims=True)).astype(np.float32)


def mass_around(probabilities: ArrayLike, half_width: int) -> Floats:
    """``(..., 720)``: for each minute the sum of the bins within ``half_width`` of it, on the circle."""
    table = np.asarray(probabilities, float)
    if table.shape[-1:] != (MINUTES,):
        raise ValueError(f"probabilities must have {MINUTES} bins on the last axis; got shape {table.shape}")
    if not 0 <= half_width < MINUTES // 2:
        raise ValueError(f"half_width must lie in 0-{MINUTES // 2 - 1}; got {half_width}")
    return np.sum([np.roll(table, shift, axis=-1) for shift in range(-half_width, half_width + 1)], axis=0)


def circular_mean_around_peak(probabilities: ArrayLike, half_width: int = 3) -> Floats:
    """Minutes in [0, 720) from ``(..., 720)`` probabilities: the circular mean of the likeliest window of bins.

    The peak is the minute with the most mass within ``half_width`` of it; the mean is taken over those bins.
    """
    table = np.asarray(probabilities, float)
    return mean_near(table, mass_around(table, half_width).argmax(-1), half_width)


def mean_near(probabilities: ArrayLike, peak: ArrayLike, half_width: int) -> Floats:
    """The circular mean, in [0, 720), of the bins within ``half_width`` of the bin ``peak`` (...); the peak if all are 0."""
    table, middle = np.asarray(probabilities, float), np.asarray(peak)
    offsets = np.arange(-half_width, half_width + 1)
    near = np.take_along_axis(table, (middle[..., None] + offsets) % MINUTES, axis=-1)  # (..., 2 half_width + 1)
    total = near.sum(-1)
    shift = np.divide((near * offsets).sum(-1), total, out=np.zeros_like(total), where=total > 0)
    return wrap(middle + shift)
