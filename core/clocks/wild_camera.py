"""A wild picture's camera and file: blur, noise, JPEG and other faults."""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.clocks.wild_pen import Dice
from core.clocks.wild_scene import LightingSpec, shine, to_bytes, tone_table
from core.clocks.wild_textures import grain


@dataclass(frozen=True)
class FaultsSpec:
    """What a camera and a file format do to a picture. blur: Gaussian, in pixels of a 192-pixel picture.

    sharpen: how much edges are overdone. motion: length, and its turn. low: share of the side that it was scaled down to, then
    up again, smoothly or not. noise: grey levels. quality: of JPEG, or 0. strip: share of the picture that is empty at both
    ends of a border; strip_side: of which border, 0 at the top, then clockwise.
    """

    blur: float
    sharpen: float
    motion: float
    motion_turn: float
    low: float
    smooth: bool
    noise: float
    noise_place: tuple[float, float]
    quality: int
    strip: tuple[float, float]
    strip_side: int
    strip_tone: int


def throw_faults(dice: Dice, size: float) -> FaultsSpec:
    """A camera's faults at random; small dials (``size``: radius as a share of the side) get milder ones."""
    mild = min(1.0, size / 0.42) ** 1.5
    return FaultsSpec(
        dice.between(0.3, 0.8) if dice.chance(0.25) else dice.between(0.8, 2.0) * mild if dice.chance(0.15) else 0.0,
        dice.between(0.3, 1.5) if dice.chance(0.2) else 0.0,
        dice.between(2, 8) * mild if dice.chance(0.05) else 0.0,
        dice.between(0, math.pi),
        min(1.0, dice.between(0.33, 0.85) / mild) if dice.chance(0.16) else 1.0,
        dice.chance(0.8),
        dice.between(0.5, 4) if dice.chance(0.5) else dice.between(4, 12) * mild if dice.chance(0.25) else 0.0,
        (dice.unit(), dice.unit()),
        round(95 - 75 * mild * dice.unit()) if dice.chance(0.35) else 0,
        _throw_strip(dice) if dice.chance(0.08) else (0.0, 0.0),
        dice.below(4),
        255 if dice.chance(0.65) else dice.grey(0, 130),
    )


def _throw_strip(dice: Dice) -> tuple[float, float]:
    """An empty strip along a border, as wide everywhere or wider at one end."""
    width = dice.between(0.02, 0.14)
    return (width, width) if dice.chance(0.6) else (width, 0.0) if dice.chance(0.5) else (0.0, width)


def photograph(image: NDArray[Any], light: LightingSpec, faults: FaultsSpec) -> NDArray[Any]:
    """The picture ``(side, side)``, uint8, as a camera of its faults would store what ``image`` shows."""
    side = image.shape[0]
    scale = side / 192
    if faults.blur:
        sigma = faults.blur * scale
        image = cv2.GaussianBlur(image, (2 * max(1, round(2 * sigma)) + 1,) * 2, sigma)
    if faults.sharpen:
        image = cv2.addWeighted(image, 1 + faults.sharpen, cv2.GaussianBlur(image, (5, 5), 1.0), -faults.sharpen, 0)
    if faults.motion:
        image = cv2.filter2D(image, -1, _streak(faults.motion * scale, faults.motion_turn))
    image = shine(image, light)
    if faults.low < 1:
        small = cv2.resize(image, (max(24, round(side * faults.low)),) * 2, interpolation=cv2.INTER_AREA)
        image = cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR if faults.smooth else cv2.INTER_NEAREST)
    image = cv2.LUT(image, tone_table(light))
    if faults.noise:
        noise = grain()
        room = noise.shape[0] - min(side, noise.shape[0] // 2)
        left, top = int(faults.noise_place[0] * room), int(faults.noise_place[1] * room)
        piece: Any = noise[top : top + side, left : left + side]
        if piece.shape != image.shape:
            piece = cv2.resize(piece, (side, side), interpolation=cv2.INTER_NEAREST)
        image = to_bytes(cv2.scaleAdd(piece, faults.noise, image.astype(np.float32)))
    if any(faults.strip):
        start, end = faults.strip
        corners = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 2 * end - 1), (-1.0, 2 * start - 1)])  # at the top, in -1 to 1
        for _ in range(faults.strip_side):
            corners = np.stack([-corners[:, 1], corners[:, 0]], axis=1)  # a quarter turn clockwise
        pixels = np.rint(((corners + 1) * (side / 2) - 0.5) * 16).astype(np.int32)
        cv2.fillConvexPoly(image, pixels, faults.strip_tone, cv2.LINE_8, 4)
    if faults.quality:
        data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, faults.quality])[1]
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))
    return image


def _streak(length: float, turn: float) -> NDArray[np.float32]:
    """A kernel that smears along ``turn``."""
    half = max(1, math.ceil(length / 2))
    kernel = np.zeros((2 * half + 1,) * 2, np.uint8)
    reach = (math.cos(turn) * length / 2, math.sin(turn) * length / 2)
    ends = [(round((half + sign * reach[0]) * 16), round((half + sign * reach[1]) * 16)) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 255, 1, cv2.LINE_AA, 4)
    return kernel.astype(np.float32) / max(1.0, float(kernel.sum()))
