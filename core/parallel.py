"""Parallel coordinates: an axis for each factor and measure, where each run lies on it, and which runs a brush holds.

Places on an axis run from 0 to 1: words at even distances, numbers by their size, rates, batches, losses and times by their
logarithm. Inselberg 1985, "The plane with parallel coordinates".

An axis of a measure is as long as the runs shown make it. A brush is drawn in places, and kept in the numbers that they stand
for, so that it means the same when other runs are shown.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.study_names import factor_title, figure_text, level_title
from core.trials import Level

LOGARITHMIC = ("learning_rate", "batch_size", "seconds")
LONG_WORDS = ("architecture", "regularization")  # written on two lines
AIR = 0.04  # how far past an axis's ends a brush may reach
MOST_TICKS = 8  # of a factor that is a number; one with more levels has round ticks
UNMOVED = 1e-6  # places: a browser sends back what it was given
ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
Brushes = Mapping[str, tuple[float, float]]  # by axis: places on it
Kept = Mapping[str, tuple[float, float]]  # by axis: numbers, infinite at an open end; places on an axis of words
_NUMBER = r"-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|inf)"


@dataclass(frozen=True)
class Tick:
    """A mark on an axis. at: its place in [0, 1]. text: of one line or two."""

    at: float
    text: str


@dataclass(frozen=True)
class Scale:
    """Numbers along an axis: ``low`` at 0, ``high`` at 1, by their logarithm if ``log``. Of equal ends both are at 0.5."""

    low: float
    high: float
    log: bool = False

    def place(self, value: float) -> float:
        """Where a number lies, outside of [0, 1] beyond the ends."""
        low, high = self.low, self.high
        if high <= low:
            return 0.5 if value == low else math.copysign(math.inf, value - low)
        if self.log:
            if value <= 0:
                return -math.inf
            value, low, high = math.log(value), math.log(low), math.log(high)
        return (value - low) / (high - low)

    def value(self, place: float) -> float:
        """The number that lies at a place."""
        if self.high <= self.low:
            return math.copysign(math.inf, place - 0.5)
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            return math.exp(low + place * (high - low))
        return self.low + place * (self.high - self.low)


@dataclass(frozen=True)
class Axis:
    """places: of each row in [0, 1], None for a row without a value. title: short, what stands at the axis.

    scale: of an axis of numbers, None where words stand or no row has a value.
    """

    name: str
    title: str
    ticks: tuple[Tick, ...]
    places: tuple[float | None, ...]
    scale: Scale | None = None


def _lines(words: str) -> str:
    """Long words on two lines, parted at the comma, else before the plus."""
    return words.replace(", ", "\n") if ", " in words else words.replace(" + ", "\n+ ")


def factor_axis(name: str, levels: Sequence[Level], rows: Sequence[Mapping[str, Any]]) -> Axis:
    """The axis of a factor: its ``levels`` in their order, at even distances if they are words, else by size."""
    if any(isinstance(level, str) for level in levels):
        places: dict[Any, float] = {level: _even(place, len(levels)) for place, level in enumerate(levels)}
        long = name in LONG_WORDS
        words = {level: _lines(level_title(name, level)) if long else level_title(name, level) for level in levels}
        ticks = tuple(Tick(places[level], words[level]) for level in levels)
        return Axis(name, factor_title(name), ticks, tuple(places.get(row.get(name)) for row in rows))
    numbers = [float(level) for level in levels]
    axis = _number_axis(name, factor_title(name), [row.get(name) for row in rows], numbers)
    if len(numbers) > MOST_TICKS:
        return axis
    scale = Scale(min(numbers), max(numbers), name in LOGARITHMIC)
    marks = tuple(Tick(scale.place(value), level_title(name, value)) for value in numbers)
    return Axis(name, axis.title, marks, axis.places, scale)


def measure_axis(name: str, title: str, rows: Sequence[Mapping[str, Any]], *, log: bool = False) -> Axis:
    """The axis of a measure, from its smallest value to its largest; ``log`` by logarithm, as of ``LOGARITHMIC`` ones."""
    return _number_axis(name, title, [row.get(name) for row in rows], [], log=log)


def _number_axis(name: str, title: str, values: Sequence[Any], ends: Sequence[float], *, log: bool = False) -> Axis:
    log = log or name in LOGARITHMIC
    known = [float(value) for value in (*values, *ends) if _is_number(value) and (value > 0 or not log)]
    if not known:
        return Axis(name, title, (), tuple(None for _ in values))
    scale = Scale(min(known), max(known), log)
    places = [scale.place(float(value)) if _is_number(value) and (value > 0 or not log) else None for value in values]
    ticks = tuple(Tick(scale.place(value), _text(name, value)) for value in round_values(scale.low, scale.high, log))
    return Axis(name, title, ticks, tuple(places), scale)


def _text(name: str, value: float) -> str:
    return figure_text(name, value).replace(".00 %", " %") if name.endswith("accuracy") else f"{value:,g}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _even(place: int, count: int) -> float:
    return place / (count - 1) if count > 1 else 0.5


def round_values(low: float, high: float, log: bool, wanted: int = 5) -> list[float]:
    """About ``wanted`` round values from ``low`` to ``high``; both ends where nothing round lies between them.

    log: they stand at even distances on a logarithmic axis, where that is long enough for it.
    """
    if high <= low:
        return [low]
    if log and high / low >= 3:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        for steps in ((1, 2, 5), (1, 3), (1,)):
            found = [value for power in powers for step in steps if low <= (value := float(f"{step}e{power}")) <= high]
            if len(found) <= wanted + 2:
                break
        found = found[:: max(1, math.ceil(len(found) / (wanted + 2)))]  # of many powers of ten every second, third, ...
        return found if len(found) > 1 else [low, high]
    raw = (high - low) / wanted
    power = 10 ** math.floor(math.log10(raw))
    step = next(one * power for one in ROUND if one * power >= raw)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    found = [float(f"{place * step:.10g}") for place in range(first, last + 1)]
    return found if len(found) > 1 else [low, high]


# --- brushes ---------------------------------------------------------------------------------------------------------


def within(axes: Sequence[Axis], brushes: Brushes) -> list[int]:
    """The rows, by index, that lie inside every brush; a row without a value on a brushed axis does not."""
    count = len(axes[0].places) if axes else 0
    held = [(axis.places, brushes[axis.name]) for axis in axes if axis.name in brushes]

    def inside(index: int) -> bool:
        for places, (low, high) in held:
            place = places[index]
            if place is None or not low <= place <= high:
                return False
        return True

    return [index for index in range(count) if inside(index)]


def read_brushes(plain: Any, names: Iterable[str]) -> dict[str, tuple[float, float]]:
    """The brushes that a browser sent, as {name: [low, high]}: what is no brush on one of these axes is left out."""
    if not isinstance(plain, Mapping):
        return {}
    known, found = set(names), {}
    for name, ends in plain.items():
        if name not in known or not isinstance(ends, Sequence) or isinstance(ends, str) or len(ends) != 2:
            continue
        if all(_is_number(end) for end in ends) and ends[0] < ends[1]:
            low, high = (min(max(float(end), -AIR), 1 + AIR) for end in ends)
            found[str(name)] = (low, high)
    return found


def as_drawn(axes: Sequence[Axis], plain: Any) -> list[Axis]:
    """The axes with the scales that a browser says its brushes lie on, as {name: [low, high, log]}.

    Whoever is quicker than the page brushes axes that show other runs than those now asked for. No scale: as it was.
    """
    told = plain if isinstance(plain, Mapping) else {}
    return [replace(axis, scale=_scale(told.get(axis.name)) or axis.scale) if axis.scale else axis for axis in axes]


def _scale(plain: Any) -> Scale | None:
    if not isinstance(plain, Sequence) or isinstance(plain, str) or len(plain) != 3:
        return None
    low, high, log = plain
    if not (_is_number(low) and _is_number(high) and isinstance(log, bool)) or low > high or (log and low <= 0):
        return None
    return Scale(float(low), float(high), log)


def placed(axes: Sequence[Axis], kept: Kept) -> dict[str, tuple[float, float]]:
    """Where kept brushes lie on these axes; one of numbers beyond an axis's end lies in the air there and holds no run."""
    found = {}
    for axis in axes:
        if axis.name not in kept:
            continue
        low, high = kept[axis.name]
        if axis.scale is not None:
            low, high = axis.scale.place(low), axis.scale.place(high)
        if high < 0:
            found[axis.name] = (-AIR, -AIR / 2)
        elif low > 1:
            found[axis.name] = (1 + AIR / 2, 1 + AIR)
        else:
            found[axis.name] = (max(low, -AIR), min(high, 1 + AIR))
    return found


def keep(axes: Sequence[Axis], brushes: Brushes, before: Kept) -> dict[str, tuple[float, float]]:
    """What brushes on these axes mean. A brush that reaches past an end of its axis is open there.

    before: what was kept until now; a brush that still lies where it lay keeps its numbers, even those beyond the axis.
    """
    lay, found = placed(axes, before), {}
    for axis in axes:
        if axis.name not in brushes:
            continue
        low, high = brushes[axis.name]
        if axis.name in lay and max(abs(low - lay[axis.name][0]), abs(high - lay[axis.name][1])) < UNMOVED:
            found[axis.name] = before[axis.name]
            continue
        if axis.scale is not None:
            low = axis.scale.value(low) if low >= 0 else -math.inf
            high = axis.scale.value(high) if high <= 1 else math.inf
        if low > -math.inf or high < math.inf:  # else it holds back nothing
            found[axis.name] = (low, high)
    return found


def brush_texts(axes: Sequence[Axis], kept: Kept) -> list[str]:
    """Brushes as a URL holds them: 'val_accuracy:0.85..' from a number on, 'optimizer:0.250-1.040' on an axis of words."""
    texts = []
    for axis in axes:
        if axis.name in kept:
            low, high = kept[axis.name]
            ends = f"{_end(low, -math.inf)}..{_end(high, math.inf)}" if axis.scale is not None else f"{low:.3f}-{high:.3f}"
            texts.append(f"{axis.name}:{ends}")
    return texts


def _end(value: float, open_end: float) -> str:
    return "" if value == open_end else f"{value:.6g}"


def from_texts(texts: Iterable[str], axes: Sequence[Axis]) -> dict[str, tuple[float, float]]:
    """What ``brush_texts`` wrote, as it was kept; anything else is passed over."""
    words = [axis.name for axis in axes if axis.scale is None]
    numbers = {axis.name for axis in axes if axis.scale is not None}
    plain: dict[str, list[float]] = {}
    found: dict[str, tuple[float, float]] = {}
    for text in texts:
        if match := re.fullmatch(r"(\w{1,40}):(-?\d\.\d{1,6})-(-?\d\.\d{1,6})", text, re.ASCII):
            plain[match[1]] = [float(match[2]), float(match[3])]
        elif match := re.fullmatch(rf"(\w{{1,40}}):({_NUMBER})?\.\.({_NUMBER})?", text[:120], re.ASCII):
            low, high = float(match[2] or "-inf"), float(match[3] or "inf")
            if match[1] in numbers and low <= high and (match[2] or match[3]):
                found[match[1]] = (low, high)
    return found | read_brushes(plain, words)
