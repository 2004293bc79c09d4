"""What speaks against an answer: sentences for people, and what each leaves of a confidence.

The reports' networks answer any picture, a blank one too, and those that answer with a number cannot say that they are
guessing. So the picture is looked at as well, and once more after slight changes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.clocks.time import ClockTime, common_sense_error_minutes
from core.images import adjust_gamma

NOTHING = 0.2  # what is left of a confidence where there is nothing to read, or an answer is no time at all
HALF = 0.5  # what is left of it where two ways of reading contradict each other
SMALLEST = 16  # pixels: no hand is to be seen in a picture whose shorter side is less
FAINT = 0.02  # standard deviation of greys in [0, 1]; photographs of clocks have 0.1, the darkest under gamma 3 0.036
# Correlation of a picture with itself two pixels on: white noise has 0, up to 0.1 where it was enlarged twice; photographs of
# clocks have 0.3 and more, the roughest under gamma 3 0.15.
GRAIN = 0.12
STEP, GAMMA = 2, 1.15  # the slight changes: pixels to the right and down, and a gamma
UNSTEADY = 60  # minutes: readings of slightly changed pictures that lie further apart contradict each other
CHANGES = 3  # pictures that one picture becomes: itself and two slight changes


@dataclass(frozen=True)
class Doubt:
    """A sentence that says what is wrong, and the share in [0, 1] of the confidence that is left."""

    sentence: str
    left: float = 1.0


def weigh(doubts: Sequence[Doubt]) -> tuple[float, str | None]:
    """What all doubts together leave of a confidence, in [0, 1], and the sentence of the first; 1 and None without any."""
    return math.prod(doubt.left for doubt in doubts), doubts[0].sentence if doubts else None


def nothing_to_read(shown: NDArray[np.floating[Any]], size: tuple[int, int]) -> Doubt | None:
    """Whether a picture can hold a clock at all. shown: (side, side) in [0, 1], as a model sees it. size: the height and
    width of the picture that it was made of, in pixels."""
    height, width = size
    if min(size) < SMALLEST:
        pixels, way = (width, "wide") if width <= height else (height, "high")
        return Doubt(f"The picture is only {pixels} pixel{'' if pixels == 1 else 's'} {way}.", NOTHING)
    if float(shown.std()) < FAINT:
        return Doubt("There is next to nothing in this picture.", NOTHING)
    if _grain(shown) < GRAIN:
        return Doubt("There is nothing but grain in this picture.", NOTHING)
    return None


def _grain(shown: NDArray[np.floating[Any]]) -> float:
    """Correlation in [-1, 1] of (side, side) with itself two pixels on; 1 where either is all of one grey."""
    here, there = (part - part.mean() for part in (shown[STEP:, STEP:], shown[:-STEP, :-STEP]))
    size = float(np.sqrt(np.square(here).sum() * np.square(there).sum()))
    return float((here * there).sum()) / size if size > 0 else 1.0


def with_slight_changes(batch: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, side, side, 1) in [0, 1] -> (3 n, side, side, 1): as they are, moved by two pixels (borders repeat), darker."""
    moved = np.pad(batch[:, :-STEP, :-STEP], ((0, 0), (STEP, 0), (STEP, 0), (0, 0)), mode="edge")
    return np.concatenate([batch, moved, adjust_gamma(batch, GAMMA)])


def unsteady(minutes: NDArray[np.float64]) -> list[Doubt | None]:
    """From the times read in ``with_slight_changes``, (3 n,): for each of n pictures whether two lie over an hour apart."""
    doubts: list[Doubt | None] = []
    for read in minutes.reshape(CHANGES, -1).T:  # (3,)
        if common_sense_error_minutes(read, np.roll(read, 1)).max() <= UNSTEADY:
            doubts.append(None)
            continue
        times = list(dict.fromkeys(str(ClockTime.from_minutes(one)) for one in read))
        said = f"{', '.join(times[:-1])} or {times[-1]}"
        doubts.append(Doubt(f"Slight changes of the picture change the reading: {said}.", HALF))
    return doubts


def all_doubts(
    batch: NDArray[np.float32],
    sizes: Sequence[tuple[int, int]],
    minutes: NDArray[np.float64],
    answers: Sequence[Sequence[Doubt]],
) -> list[list[Doubt]]:
    """For each picture of ``batch`` (n, side, side, 1) all that speaks against its reading, the gravest first.

    sizes: heights and widths in pixels of the pictures as they came. minutes: (3 n,), read in ``with_slight_changes(batch)``.
    answers: 3 n times what the form of the answer brings up (``forms.Form.doubts``); of the first n it counts.
    """
    pictures = [nothing_to_read(shown[..., 0], size) for shown, size in zip(batch, sizes, strict=True)]
    steady = unsteady(minutes)
    return [
        [doubt for doubt in (picture, *answer, changed) if doubt]
        for picture, answer, changed in zip(pictures, answers[: len(batch)], steady, strict=True)
    ]
