"""Pictures of clocks -> Readings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.clocks.time import ClockTime

Point = tuple[float, float]  # x, y in pixels of the picture that was read; the middle of the first pixel is (0, 0)


@dataclass(frozen=True)
class Candidate:
    """One likely time: whole minute, minutes with fraction in [0, 720), share of the probability around it in [0, 1]."""

    time: ClockTime
    minutes: float
    probability: float


@dataclass(frozen=True, eq=False)
class Reading:
    """What a model reads in one picture.

    time, minutes: the reading, as a whole minute and with fraction in [0, 720). confidence: in [0, 1]. candidates: the
    likeliest times, best first (the first is the reading). probabilities: float32 (720,), one a minute, sums to 1.
    centre, twelve, hour_tip, minute_tip: where the model sees them, in pixels of the picture, or None when it has no such
    output. note: None, or one sentence when the reading is doubtful.
    """

    time: ClockTime
    minutes: float
    confidence: float
    candidates: tuple[Candidate, ...]
    probabilities: NDArray[np.float32]
    model: str
    centre: Point | None = None
    twelve: Point | None = None
    hour_tip: Point | None = None
    minute_tip: Point | None = None
    note: str | None = None


def read_pictures(
    pictures: Sequence[NDArray[np.uint8]], model_id: str | None = None, *, gamma: float = 1.0, locate: bool = True
) -> list[Reading]:
    """Read each picture, uint8 (height, width) or (height, width, 3), of any size; None takes the default model."""
    raise NotImplementedError


def read_gammas(
    picture: NDArray[np.uint8], gammas: Sequence[float], model_id: str | None = None, *, locate: bool = True
) -> list[Reading]:
    """Read one picture under every gamma, in one batch."""
    raise NotImplementedError
