"""Where a reading's hands are drawn: at the tips that the model sees, or where the time that it reads puts them.

The time is told from the whole dial, read from several sides; a tip is one point of one look, and between two places where it
might be it lies in the middle. Where the two contradict each other the time is the answer.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.clocks.fit import NUMERAL_RADIUS
from core.clocks.locate import MISFIT
from core.clocks.reading import Point, Reading
from core.clocks.time import hand_angles

APART = np.pi / 12  # half an hour mark: farther round, a hand points at another numeral than the one that is read
# Of the dial's radius. Hub and tip may each be as far off as the numerals of a dial that is believed: a tip nearer to the hub
# than both together points nowhere.
NEAR_HUB = 2 * MISFIT
LENGTHS = (NUMERAL_RADIUS * 2 / 3, NUMERAL_RADIUS)  # of hands that are put: the minute hand reaches the numerals


@dataclass(frozen=True)
class Hand:
    """tip: in pixels of the picture. put: by the time that is read, not where the model sees the tip."""

    tip: Point
    put: bool = False


def hands(reading: Reading) -> tuple[Hand | None, Hand | None]:
    """The hour and the minute hand as they are drawn; None where the model names no tip.

    Without a homography, which says how the dial lies, tips stay where they are seen.
    """
    hour, minute = (float(angle) for angle in hand_angles(reading.minutes))
    view = reading.homography
    return _hand(reading.hour_tip, hour, LENGTHS[0], view), _hand(reading.minute_tip, minute, LENGTHS[1], view)


def _hand(tip: Point | None, angle: float, length: float, view: NDArray[np.float64] | None) -> Hand | None:
    if tip is None or view is None or _agrees(_through(np.linalg.inv(view), tip), angle):
        return Hand(tip) if tip else None
    x, y = _through(view, (length * np.sin(angle), -length * np.cos(angle)))
    return Hand((float(x), float(y)), put=True)


def _agrees(place: NDArray[np.float64], angle: float) -> bool:
    """Whether a tip at ``place`` (2,) on the dial, its radius 1 and y downwards, shows ``angle``, clockwise from 12."""
    x, y = place
    ahead = (np.arctan2(x, -y) - angle + np.pi) % (2 * np.pi) - np.pi
    return bool(np.hypot(x, y) >= NEAR_HUB and abs(ahead) <= APART)


def _through(view: NDArray[np.floating[Any]], point: tuple[float, float]) -> NDArray[np.float64]:
    """A point (2,) seen through a homography (3, 3)."""
    x, y, depth = view @ (*point, 1.0)
    return np.array([x, y]) / depth
