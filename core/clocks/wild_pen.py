"""Tools of the wild style: dice that a scene is thrown with, and a pen for polygons that a camera sees."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]  # (n, 2), or (k, m, 2): k polygons of m corners
_AHEAD = 320  # random numbers drawn at once: most scenes need fewer
_SHIFT = 4  # fractional bits of polygon corners


class Dice:
    """Random numbers from ``seed``, handed out one by one (a call of the generator for each would take most of the time)."""

    def __init__(self, seed: int | tuple[int, ...]) -> None:
        self._rng = np.random.default_rng(seed)
        self._numbers = iter(self._rng.random(_AHEAD).tolist())

    def unit(self) -> float:
        """Even in [0, 1)."""
        for number in self._numbers:
            return float(number)
        self._numbers = iter(self._rng.random(_AHEAD).tolist())
        return self.unit()

    def between(self, low: float, high: float) -> float:
        """Even between the two."""
        return low + (high - low) * self.unit()

    def around(self, middle: float, spread: float) -> float:
        """Bell-shaped, standard deviation ``spread``, never farther than three of them from ``middle``."""
        return middle + 2 * spread * (self.unit() + self.unit() + self.unit() - 1.5)

    def chance(self, share: float) -> bool:
        return self.unit() < share

    def below(self, count: int) -> int:
        """A whole number in 0 to ``count - 1``."""
        return int(self.unit() * count)

    def grey(self, low: float, high: float) -> int:
        return int(self.between(low, high))

    def pick(self, shares: Mapping[str, float]) -> str:
        """A key of ``shares``, as often as its share of their sum."""
        left = self.unit() * sum(shares.values())
        for name, share in shares.items():
            left -= share
            if left < 0:
                return name
        return name


class Pen:
    """Collects polygons of one scene in painting order, so that all are seen through the camera in one product."""

    def __init__(self) -> None:
        self._points: list[Points] = []
        self._heights: list[tuple[int, int, float | NDArray[np.float64]]] = []  # first and last corner, height
        self._jobs: list[tuple[int, Sequence[int], int]] = []  # first corner, ends, tone
        self._count = 0

    def fill(self, points: Points, tone: float, ends: Sequence[int] = (), height: float | NDArray[np.float64] = 0.0) -> None:
        """Fill ``points`` (n, 2) of the dial's plane, one polygon or several that stop before ``ends`` (even-odd rule).

        tone: grey, 0-255 (what lies beyond is cut off). height: above the dial in dial radii, one or n.
        """
        count = len(points)
        self._points.append(points)
        if isinstance(height, np.ndarray) or height:
            self._heights.append((self._count, self._count + count, height))
        self._jobs.append((self._count, ends or (count,), max(0, min(255, round(tone)))))
        self._count += count

    def fill_all(self, polygons: Points, tone: float, height: float = 0.0) -> None:
        """Fill ``polygons`` (k, m, 2) in one tone; where two overlap, nothing is filled."""
        count, corners = polygons.shape[:2]
        if count:
            self.fill(polygons.reshape(-1, 2), tone, range(corners, count * corners + 1, corners), height)

    def paint(self, canvas: NDArray[Any], matrix: NDArray[np.float64]) -> None:
        """Draw what was collected. matrix: (3, 4), dial coordinates -> homogeneous pixels of ``canvas``."""
        if not self._jobs:
            return
        corners = self.pixels(matrix)
        for first, ends, tone in self._jobs:
            polygons, start = [], first
            for end in ends:
                polygons.append(corners[start : first + end])
                start = first + end
            cv2.fillPoly(canvas, polygons, tone, cv2.LINE_8, _SHIFT)

    def pixels(self, matrix: NDArray[np.float64]) -> NDArray[np.int32]:
        """All corners (n, 2) in sixteenths of a pixel."""
        seen = np.concatenate(self._points) @ matrix[:, :2].T + matrix[:, 3]
        if self._heights:
            heights = np.zeros((self._count, 1))
            for first, last, height in self._heights:
                heights[first:last, 0] = height
            seen += heights * matrix[:, 2]
        return np.rint(seen[:, :2] * (2**_SHIFT) / seen[:, 2:]).astype(np.int32)


# --- shapes on the dial's plane: x to 3, y to 6, angles in radians clockwise from 12 ---------------------------------


@lru_cache(maxsize=64)
def turns(count: int) -> Points:
    """Unit vectors ``(count, 2)`` evenly around, from 12; read-only."""
    angles = np.arange(count) * (2 * math.pi / count)
    vectors = np.stack([np.sin(angles), -np.cos(angles)], axis=1)
    vectors.flags.writeable = False
    return vectors


def disc(x: float, y: float, radius: float, corners: int = 20) -> Points:
    """A circle of ``corners`` corners."""
    return turns(corners) * radius + (x, y)


def ring(outer: Points, inner: Points) -> tuple[Points, tuple[int, int]]:
    """The points between two outlines and their ends, for ``Pen.fill``."""
    return np.concatenate([outer, inner]), (len(outer), len(outer) + len(inner))


def box(x: float, y: float, width: float, height: float) -> Points:
    """An upright rectangle around (x, y)."""
    return np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]) * (width, height) + (x, y)


def bars(along: Points, inner: Points | float, outer: Points | float, width_in: float, width_out: float) -> Points:
    """``(k, 4, 2)``: bars in the directions ``along`` (k, 2) from ``inner`` to ``outer`` (numbers or (k, 1))."""
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) / 2
    low, high = along * inner, along * outer
    return np.stack([low - across * width_in, low + across * width_in, high + across * width_out, high - across * width_out], 1)
