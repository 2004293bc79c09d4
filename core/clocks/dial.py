"""Flat textures, drawn once a style: the dial with its numerals and ticks, and the wood behind it."""

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from core.clocks.camera import exact, inverse, sampling_maps
from core.clocks.fonts import CAP_HEIGHT, numerals
from core.clocks.style_specs import ClockStyle, NumeralSpec, TickSpec

Grey = NDArray[np.uint8]

DIAL_EXTENT = 1.05  # the texture reaches this many dial radii from its middle
LEVELS = (40, 46, 53, 61, 70, 82, 100, 130)  # dial radii in pixels that textures are kept at
_OVERSAMPLING = 8
_SHIFT = 4  # fractional bits of polygon corners
_WOOD_SIDE = 512
WOOD_SCALE = 74.0  # wood pixels a dial radius


def fill(canvas: Grey, points: NDArray[np.float64], colour: int | tuple[int, ...]) -> None:
    """Fill a convex polygon, ``(n, 2)`` pixels with fractions, without smoothing."""
    # NumPy's rint rounds halves to even everywhere alike.
    corners = np.rint(points * (1 << _SHIFT)).astype(np.int32)
    cv2.fillConvexPoly(canvas, corners, colour if isinstance(colour, tuple) else (colour,), cv2.LINE_8, _SHIFT)


def direction(angle: float) -> NDArray[np.float64]:
    """The unit vector ``(2,)`` from the hub at ``angle`` radians clockwise from 12, in the dial's frame."""
    return np.array([exact(math.sin(angle)), -exact(math.cos(angle))])


def bar(angle: float, inner: float, outer: float, width: float) -> NDArray[np.float64]:
    """Corners ``(4, 2)`` of a bar that points from the hub at ``angle`` radians clockwise from 12."""
    along = direction(angle)
    side = np.array([-along[1], along[0]]) * (width / 2)
    return np.stack([along * inner - side, along * inner + side, along * outer + side, along * outer - side])


def _draw_ticks(canvas: Grey, ticks: TickSpec, hours: bool, middle: float, radius: float) -> None:
    for mark in range(60):
        if (mark % 5 == 0) is not hours:
            continue
        angle = math.radians(6 * mark)
        if ticks.dots:
            distance = (ticks.inner + ticks.outer) / 2
            rim = np.stack([direction(math.radians(22.5 * turn)) for turn in range(16)])
            corners = direction(angle) * distance + rim * (ticks.width / 2)
        else:
            corners = bar(angle, ticks.inner, ticks.outer, ticks.width)
        fill(canvas, corners * radius + middle, ticks.grey)


def _draw_numerals(canvas: Grey, spec: NumeralSpec, middle: float, radius: float) -> None:
    bitmaps = numerals(spec.typeface)
    for hour in spec.hours:
        ink = bitmaps[hour - 1]
        angle = math.radians(30 * hour)
        scale = spec.height * radius / CAP_HEIGHT
        turn = 0.0 if spec.upright else angle
        cos, sin = exact(math.cos(turn)) * scale, exact(math.sin(turn)) * scale
        x, y = direction(angle) * spec.radius * radius + middle
        half_width, half_height = (ink.shape[1] - 1) / 2, (ink.shape[0] - 1) / 2
        # Ink pixels -> canvas; remapped with fixed-point maps because warpAffine's rounding changes between versions.
        placing = np.array(
            [
                [cos, -sin, x - cos * half_width + sin * half_height],
                [sin, cos, y - sin * half_width - cos * half_height],
                [0.0, 0.0, 1.0],
            ]
        )
        reach = scale * (half_width + half_height) + 2  # no turn takes the ink further from its middle
        left, top = int(max(0, x - reach)), int(max(0, y - reach))
        box = canvas[top : int(y + reach) + 1, left : int(x + reach) + 1]
        drawn = cv2.remap(ink, *sampling_maps(inverse(placing), box.shape[1], box.shape[0], left, top), cv2.INTER_LINEAR)
        lighter = box.astype(np.int32)
        box[:] = (lighter + (spec.grey - lighter) * drawn.astype(np.int32) // 255).astype(np.uint8)


@lru_cache(maxsize=32)
def dial_textures(style: ClockStyle) -> dict[int, Grey]:
    """The dial of ``style`` as seen from straight ahead, face white (255), for each radius of ``LEVELS`` in pixels.

    Textures are square, ``2 * round(DIAL_EXTENT * radius)`` pixels a side, hub in the middle.
    """
    textures = {}
    for level in LEVELS:
        half = round(DIAL_EXTENT * level)
        radius = level * _OVERSAMPLING
        canvas = np.full((2 * half * _OVERSAMPLING,) * 2, 255, np.uint8)
        middle = half * _OVERSAMPLING - 0.5
        _draw_ticks(canvas, style.minute_ticks, False, middle, radius)
        _draw_ticks(canvas, style.hour_ticks, True, middle, radius)
        _draw_numerals(canvas, style.numerals, middle, radius)
        blocks = canvas.reshape(2 * half, _OVERSAMPLING, 2 * half, _OVERSAMPLING).astype(np.uint32)
        textures[level] = ((blocks.sum((1, 3)) + _OVERSAMPLING**2 // 2) // _OVERSAMPLING**2).astype(np.uint8)
    return textures


def _smooth(noise: NDArray[np.int64], across: int, along: int) -> NDArray[np.int64]:
    """A running mean over a wrapped window, in whole numbers."""
    for axis, width in ((0, across), (1, along)):
        total = sum((np.roll(noise, shift, axis) for shift in range(width)), start=np.zeros_like(noise))
        noise = total // width
    return noise


@lru_cache(maxsize=1)
def wood_texture() -> Grey:
    """Grey planks along x, 512x512, repeating; 128 is their mean. Fine grain, darker streaks, black seams."""
    rng = np.random.default_rng(720)
    side = _WOOD_SIDE

    def layer(across: int, along: int, strength: int) -> NDArray[np.int64]:
        values = _smooth(rng.integers(-1000, 1001, (side, side)), across, along)
        spread = max(int(np.abs(values).mean()), 1)
        return values * strength // spread

    wood = 128 + layer(2, 64, 10) + layer(1, 14, 10) + layer(12, 160, 7) + layer(2, 2, 4)
    plank = side // 4
    for index in range(4):
        top = index * plank
        wood[top : top + plank] += int(rng.integers(-12, 13))
        wood[top : top + 5] = 26 + wood[top : top + 5] // 8
        wood[top + 5 : top + 8] -= 30
    end = int(rng.integers(side))  # one plank ends somewhere
    wood[:plank, end : end + 4] = 34
    return np.clip(wood, 8, 250).astype(np.uint8)
