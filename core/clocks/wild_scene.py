"""What is around a wild clock and between it and the camera: where it hangs, background, light, things in the way."""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.clocks.camera import Pose
from core.clocks.dial import Grey
from core.clocks.wild_pen import Dice, Points
from core.clocks.wild_textures import BACKGROUND_SIDE, BACKGROUNDS, LIGHT_SIDE, LIGHTS, background_texture, light_texture

_MASK = 48  # pixels that soft masks are drawn at before they are enlarged
_TONES = np.arange(256, dtype=np.float32) / np.float32(255)
_LINE = np.linspace(-1, 1, _MASK, dtype=np.float32)
_ROLLS = {"upright": 60.0, "leaning": 25, "any": 15}


@dataclass(frozen=True)
class BackgroundSpec:
    """texture: a name of ``BACKGROUNDS`` or empty. place: share of the room for shifting it. slope: tones from side to side."""

    texture: str
    tone: int
    contrast: float
    place: tuple[float, float]
    turn: int
    slope: tuple[float, float]


@dataclass(frozen=True)
class LightingSpec:
    """light: which of ``LIGHTS``, how strong, where. glares: (kind, x, y, size, turn, strength), shares of the side.

    gain, lift, gamma: of the tones in the end. vignette: how much darker the corners are.
    """

    light: int
    strength: float
    place: tuple[float, float]
    slope: tuple[float, float]
    vignette: float
    glares: tuple[tuple[str, float, float, float, float, float], ...]
    gain: float
    lift: float
    gamma: float


def throw_pose(dice: Dice, free_roll: bool) -> tuple[float, float, float, float, float, float, float]:
    """(roll, tilt, near, radius, distance, x, y): radius and hub as shares of the side, distance in dial radii."""
    kind = dice.pick(_ROLLS)
    if kind == "any" and not free_roll:
        kind = "leaning"
    roll = {
        "upright": dice.around(0, math.radians(3)),
        "leaning": dice.between(-1, 1) * math.radians(45 if free_roll else 25),
        "any": dice.between(0, 2 * math.pi),
    }[kind]
    radius = (
        dice.between(0.34, 0.5)
        if dice.chance(0.72)
        else dice.between(0.45, 0.52)
        if dice.chance(0.4)
        else dice.between(0.17, 0.35)
    )
    leaning = math.radians(
        dice.between(0, 8) if dice.chance(0.5) else dice.between(5, 28) if dice.chance(0.8) else dice.between(25, 55)
    )
    tilt = leaning * min(1.0, radius / 0.3)  # a small dial seen from the side cannot be read
    slack = min(0.12, 0.535 - radius) if radius > 0.34 else 0.5 - radius * 1.1
    x, y = (0.5 + dice.between(-slack, slack) * dice.between(0.2, 1) for _ in "xy")
    return roll, tilt, dice.between(0, 2 * math.pi), radius, dice.between(2.6, 8.0), x, y


def pose_of(place: tuple[float, float, float, float, float, float, float], side: int) -> Pose:
    """``throw_pose``'s numbers for a picture of ``side`` pixels."""
    roll, tilt, near, radius, distance, x, y = place
    return Pose(x * side - 0.5, y * side - 0.5, radius * side, distance, roll, tilt, near)


# --- background ------------------------------------------------------------------------------------------------------


def throw_background(dice: Dice, texture: str | None = None) -> BackgroundSpec:
    """A background at random, or one with ``texture``."""
    kind = dice.unit()
    name = "" if kind < 0.42 else dice.pick(BACKGROUNDS)
    name = name if texture is None else texture
    bright = dice.unit()
    tone = (
        255
        if bright < 0.3 and not name
        else dice.grey(180, 256)
        if bright < 0.55
        else dice.grey(0, 40)
        if bright < 0.68
        else dice.grey(40, 190)
    )
    slope = (dice.around(0, 20), dice.around(0, 20)) if dice.chance(0.5) else (0.0, 0.0)
    return BackgroundSpec(name, tone, dice.between(0.15, 1.0), (dice.unit(), dice.unit()), dice.below(8), slope)


def draw_background(spec: BackgroundSpec, side: int) -> NDArray[Any]:
    """``(side, side)`` uint8, a copy of its own."""
    if not spec.texture:
        canvas = np.full((side, side), spec.tone, np.uint8)
        if spec.slope == (0.0, 0.0):
            return canvas
        ends = np.array([[-1.0, -1.0], [-1.0, 1.0]]) * spec.slope[0] + np.array([[-1.0, 1.0], [-1.0, 1.0]]) * spec.slope[1]
        corners = np.clip(spec.tone + ends, 0, 255).astype(np.uint8)
        return cv2.resize(corners, (side, side), interpolation=cv2.INTER_LINEAR)
    texture = background_texture(spec.texture)
    crop = min(side, BACKGROUND_SIDE // 2)
    room = BACKGROUND_SIDE - crop
    left, top = int(spec.place[0] * room), int(spec.place[1] * room)
    piece = texture[top : top + crop, left : left + crop]
    shown = cv2.convertScaleAbs(piece, None, spec.contrast, max(0.0, spec.tone - 128 * spec.contrast))
    if spec.turn & 1:
        shown = cv2.transpose(shown)
    if spec.turn & 6:
        shown = cv2.flip(shown, (0, 0, 1, -1)[spec.turn >> 1])
    return shown if crop == side else cv2.resize(shown, (side, side), interpolation=cv2.INTER_LINEAR)


# --- light -----------------------------------------------------------------------------------------------------------


def throw_light(dice: Dice) -> LightingSpec:
    """Light and tones at random."""
    glares = []
    if dice.chance(0.3):
        for _ in range(1 + dice.below(2)):
            kind = dice.pick({"spot": 50, "window": 25, "band": 25})
            size = dice.between(0.03, 0.1) if kind == "spot" and dice.chance(0.6) else dice.between(0.08, 0.3)
            strength = dice.between(0.3, 1.0) if size < 0.1 else dice.between(0.1, 0.5)
            glares.append((kind, dice.unit(), dice.unit(), size, dice.between(0, math.pi), strength))
    hard = dice.unit()
    return LightingSpec(
        dice.below(LIGHTS),
        dice.between(0.0, 0.12) if hard < 0.5 else dice.between(0.1, 0.4) if hard < 0.85 else 0.0,
        (dice.unit(), dice.unit()),
        (dice.around(0, 0.1), dice.around(0, 0.1)),
        dice.between(0.1, 0.6) if dice.chance(0.12) else 0.0,
        tuple(glares),
        dice.around(1.02, 0.08) if dice.chance(0.88) else dice.between(0.5, 0.85),
        dice.between(0, 45) if dice.chance(0.18) else 0.0,
        math.exp(dice.around(-0.04, 0.17)),
    )


def shine(image: NDArray[Any], light: LightingSpec) -> NDArray[Any]:
    """``image`` (side, side), uint8, as lit by ``light``, before the tones."""
    side = image.shape[0]
    room = LIGHT_SIDE - _MASK
    left, top = int(light.place[0] * room), int(light.place[1] * room)
    field = light_texture(light.light)[top : top + _MASK, left : left + _MASK] * light.strength
    field = field + ((_LINE * light.slope[0] + 1)[None] + (_LINE * light.slope[1])[:, None])
    if light.vignette:
        field -= light.vignette * 0.5 * (_LINE**2 + _LINE[:, None] ** 2)
    lit: Any = cv2.multiply(image, cv2.resize(field, (side, side)), dtype=cv2.CV_32F)
    if light.glares:
        mask: NDArray[Any] = np.zeros((_MASK, _MASK), np.uint8)
        for kind, x, y, size, turn, strength in light.glares:
            middle, tone = (x * _MASK, y * _MASK), int(255 * strength)
            if kind == "spot":
                cv2.ellipse(mask, (middle, (size * _MASK, size * _MASK * (0.6 + 0.4 * x)), math.degrees(turn)), tone, -1)
            else:
                long = 3.0 if kind == "band" else 0.8
                corners = cv2.boxPoints((middle, (size * _MASK * long * 1.5, size * _MASK), math.degrees(turn)))
                cv2.fillConvexPoly(mask, np.rint(corners * 16).astype(np.int32), tone, cv2.LINE_8, 4)
        mask = cv2.GaussianBlur(mask, (5, 5), 0)
        white = cv2.resize(mask, (side, side), interpolation=cv2.INTER_LINEAR).astype(np.float32)
        white *= np.float32(1 / 255)
        lit += (np.float32(255) - lit) * white
    return to_bytes(lit)


def to_bytes(picture: Any) -> NDArray[Any]:
    """Floats -> uint8, rounded, cut off at 0 and 255."""
    return cv2.add(picture, 0.0, dtype=cv2.CV_8U)  # type: ignore[call-overload]  # the stubs know no numbers


def tone_table(light: LightingSpec) -> Grey:
    """``(256,)``: the picture's tones in the end."""
    tones = _TONES ** np.float32(light.gamma) * np.float32((255 - light.lift) * light.gain) + np.float32(light.lift)
    return np.minimum(tones, np.float32(255)).astype(np.uint8)


# --- things in the way -------------------------------------------------------------------------------------------------


def throw_occluder(dice: Dice) -> tuple[Points, int] | None:
    """Corners (n, 2), shares of the side, of something before the clock, with its tone; mostly nothing."""
    if not dice.chance(0.1):
        return None
    x, y = (dice.between(0, 1) for _ in "xy")
    size, count = dice.between(0.06, 0.25), 4 + dice.below(6)
    steps = [2 * math.pi * (index + 0.6 * dice.unit()) / count for index in range(count)]
    flat = dice.between(0.3, 1.0)
    turn = dice.between(0, math.pi)
    corners = np.array([(math.cos(step) * size, math.sin(step) * size * flat) for step in steps])
    cos, sin = math.cos(turn), math.sin(turn)
    return corners @ np.array([[cos, sin], [-sin, cos]]) + (x, y), dice.grey(0, 256)
