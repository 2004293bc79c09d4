"""Hands of wild clocks: their shapes, what they look like, and how they are laid over a dial.

A shape is written once for a hand of any length and width: each corner as (across, along, beyond), where ``across`` counts
half widths, ``along`` lengths (tails where negative) and ``beyond`` half widths again, so that round parts stay round.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from core.clocks.wild_pen import Dice, Pen, Points, disc, turns

SHAPES = {
    "baton": 24.0, "taper": 16, "pointed": 8, "dauphine": 7, "sword": 6, "alpha": 5, "spade": 9, "arrow": 4,
    "skeleton": 5, "breguet": 6, "cathedral": 4, "ornate": 5, "railway": 5,
}  # fmt: skip
HELD_OUT_SHAPE = "leaf"
HOUR_HAND_SPREAD = 1.1  # degrees: how far hour hands stand wrong, as a standard deviation; never more than three of them
_SECONDS = {"none": 48.0, "plain": 34, "counterweight": 10, "lollipop": 8}

_Contour = list[tuple[float, float, float]]


@dataclass(frozen=True)
class Hand:
    """One hand; lengths in dial radii, tones 0-255. border: tone around it, lume: tone of its middle, -1 for none."""

    shape: str
    length: float
    width: float
    tail: float
    tone: int
    border: int = -1
    lume: int = -1
    facet: int = 0  # how much lighter its left half is


@dataclass(frozen=True)
class HandsSpec:
    """All hands of a clock. hour_error: degrees that the hour hand stands ahead. height: above the dial, in dial radii.

    second: -1 when there is none, else 0-60; sweeping: whether the minute hand moves with it. alarm: degrees, or -1.
    """

    hour: Hand
    minute: Hand
    second_hand: Hand
    second: float
    sweeping: bool
    second_shape: str
    alarm_hand: Hand
    alarm: float
    cap: float
    cap_tone: int
    hour_error: float
    height: float
    shadow: float
    shadow_shift: tuple[float, float]
    shadow_blur: int


def throw_hands(dice: Dice, face: int, hub_face: int, size: float, shape: str | None = None) -> HandsSpec:
    """Hands at random that stand out from ``face`` and ``hub_face``, the tones of the dial and of its middle.

    size: the dial's radius as a share of the picture: hands of small dials are not too thin to be seen.
    """
    shape = shape or dice.pick(SHAPES)
    length = dice.between(0.7, 0.95) if dice.chance(0.85) else dice.between(0.58, 0.7)
    ratio = min(max(dice.around(0.66, 0.06), 0.48), 0.8)
    width = dice.between(0.03, 0.09) if dice.chance(0.8) else dice.between(0.015, 0.035)
    width = max(width, 0.0062 / size)
    wider = dice.between(1.0, 1.35) if ratio < 0.68 else dice.between(1.2, 1.7)
    if shape in ("spade", "breguet", "cathedral", "ornate", "leaf", "arrow", "alpha", "dauphine"):
        width = min(max(width * 1.25, 0.045), 0.1)
    tail = dice.between(0.08, 0.28) if dice.chance(0.6) else dice.between(0.0, 0.06)
    tone = _standing_out(dice, face, hub_face)
    border = -1
    if dice.chance(0.15):
        border = 15 if tone > 128 else 240
    lume = int(255 - 0.8 * tone) if shape in ("baton", "taper", "sword", "railway", "pointed") and dice.chance(0.12) else -1
    facet = dice.grey(20, 70) if shape in ("dauphine", "alpha", "pointed", "baton", "leaf") and dice.chance(0.4) else 0
    minute = Hand(shape, length, width, tail * length, tone, border, lume, facet)
    hour = replace(minute, length=length * ratio, width=width * wider, tail=tail * length * dice.between(0.7, 1.0))
    if dice.chance(0.06):  # a repaired clock: hands that do not match
        hour = replace(hour, shape=dice.pick(SHAPES))
    second = dice.pick(_SECONDS)
    bright = dice.unit()
    second_tone = tone if bright < 0.4 else _standing_out(dice, face, hub_face) if bright < 0.6 else dice.grey(70, 130)
    reach = dice.between(0.75, 1.0)
    thin = max(dice.between(0.008, 0.022), 0.0035 / size)
    alarmed = dice.chance(0.1)
    return HandsSpec(
        hour,
        minute,
        Hand("baton", reach, thin, dice.between(0.1, 0.35) * reach, second_tone),
        -1.0 if second == "none" else dice.between(0, 60) if dice.chance(0.7) else float(dice.below(60)),
        dice.chance(0.6),
        second,
        Hand("baton" if dice.chance(0.7) else "arrow", dice.between(0.3, 0.5), thin * 1.6, 0.0, second_tone),
        dice.between(0, 360) if alarmed else -1.0,
        max(width * dice.between(0.7, 1.3), dice.between(0.025, 0.1)),
        tone if dice.chance(0.7) else dice.grey(20, 230),
        dice.around(0, HOUR_HAND_SPREAD),
        dice.between(0.0, 0.025) if dice.chance(0.5) else 0.0,
        dice.between(0.15, 0.6) if dice.chance(0.5) else 0.0,
        (dice.around(0.0, 0.016), dice.around(0.012, 0.016)),
        3 + 2 * dice.below(3),
    )


def _standing_out(dice: Dice, face: int, hub_face: int) -> int:
    """A tone that differs from both, mostly by a lot."""
    light, dark = max(face, hub_face), min(face, hub_face)
    least = 60 if dice.chance(0.1) else 95
    darker, lighter = dark - least, light + least
    if darker > 0 and (lighter >= 255 or dice.chance(0.72 if light > 110 else 0.1)):
        return dice.grey(0, darker) if dice.chance(0.35) else dice.grey(0, min(darker, 45))
    if lighter < 255:
        return dice.grey(lighter, 255) if dice.chance(0.4) else dice.grey(max(lighter, 215), 255)
    return 8 if light + dark > 255 else 250


# --- shapes ----------------------------------------------------------------------------------------------------------


def _mirrored(right: _Contour) -> _Contour:
    """A contour from its right side, hub to tip, and the same on the left."""
    return [*right, *((-across, along, beyond) for across, along, beyond in reversed(right) if across)]


def _circle(along: float, radius: float, corners: int = 16) -> _Contour:
    return [(x * radius, along, y * radius) for x, y in (turns(corners) * (1, -1)).tolist()]


@lru_cache(maxsize=64)
def _shape(name: str) -> tuple[Points, tuple[int, ...]]:
    """Corners ``(n, 4)``: across, along the length, along the tail, beyond; and where each contour ends."""
    contours = _contours(name)
    rows = [(a, max(u, 0.0), min(u, 0.0), b) for contour in contours for a, u, b in contour]
    return np.array(rows), tuple(np.cumsum([len(contour) for contour in contours]).tolist())


def _contours(name: str) -> list[_Contour]:
    square = [(1.0, -1.0, 0.0), (1.0, 1.0, 0.0)]
    if name == "baton":
        return [_mirrored(square)]
    if name == "railway":
        return [_mirrored([(1.2, -1.4, 0), (0.85, 1, 0)])]
    if name == "taper":
        return [_mirrored([(0.7, -1, 0), (1, 0, 0), (0.45, 1, 0)])]
    if name == "pointed":
        return [_mirrored([(0.8, -1, 0), (1, 0.1, 0), (0.8, 0.8, 0), (0, 1, 0)])]
    if name == "dauphine":
        return [_mirrored([(0, -1, 0), (1.3, 0.12, 0), (0, 1, 0)])]
    if name == "sword":
        return [_mirrored([(0.4, -1, 0), (0.5, 0, 0), (1.1, 0.72, 0), (0, 1, 0)])]
    if name == "alpha":
        return [_mirrored([(0.3, -1, 0), (0.3, 0.1, 0), (1.3, 0.22, 0), (0, 1, 0)])]
    if name == "leaf":
        swell = [
            (1.4 * math.sin(math.pi * u) ** 0.8 + 0.12, 0.08 + 0.92 * u, 0.0) for u in np.linspace(0.02, 0.96, 12).tolist()
        ]
        return [_mirrored([(0.25, -1, 0), *swell, (0, 1, 0)])]
    if name == "arrow":
        return [_mirrored([(0.35, -1, 0), (0.45, 0.7, 0), (1.6, 0.7, 0), (0, 1, 0)])]
    if name == "skeleton":
        outer = _mirrored([(0.6, -1, 0), (1.1, 0, 0), (0.8, 0.85, 0), (0, 1, 0)])
        return [outer, _mirrored([(0.55, 0.25, 0), (0.35, 0.82, 0)])]
    if name == "spade":
        head = [
            (0.4, 0.66, 0.0),
            (1.1, 0.63, -0.6),
            (1.6, 0.64, 0.1),
            (1.45, 0.68, 0.7),
            (0.7, 0.77, 1.0),
            (0.25, 0.86, 0.6),
            (0, 1, 0),
        ]
        return [_mirrored([(0.5, -1, 0), (0.5, 0, 0), (0.3, 0.6, 0), *head])]
    if name == "breguet":
        stem = _mirrored([(0.5, -1, 0), (0.55, 0, 0), (0.35, 0.68, 0)])
        tip = _mirrored([(0.35, 0.78, 0), (0, 1, 0)])
        return [stem, _circle(0.73, 1.35), _circle(0.73, 0.8, 12)[::-1], tip]
    if name == "cathedral":
        outer = [(0.4, -1, 0.0), (0.45, 0.28, 0), (1.5, 0.42, 0), (1.2, 0.52, 0), (1.5, 0.66, 0), (0.5, 0.8, 0), (0, 1, 0)]
        holes = [
            _mirrored([(0.25, 0.33, 0), (0.85, 0.42, 0), (0.6, 0.5, 0)]),
            _mirrored([(0.6, 0.55, 0), (0.85, 0.65, 0), (0.25, 0.75, 0)]),
        ]
        return [_mirrored(outer), *holes]
    if name == "ornate":
        outer = [
            (0.5, -1, 0.0), (0.6, 0.15, 0), (1.5, 0.25, 0), (0.5, 0.36, 0), (0.45, 0.5, 0), (1.9, 0.6, 0), (1.5, 0.68, 0),
            (0.5, 0.72, 0), (0.3, 0.85, 0), (0, 1, 0),
        ]  # fmt: skip
        return [_mirrored(outer), _mirrored([(0.3, 0.52, 0), (1.0, 0.61, 0), (0.3, 0.68, 0)])]
    raise ValueError(f"no hand shape {name!r}; known: {', '.join((*SHAPES, HELD_OUT_SHAPE))}")


def hand_points(hand: Hand, angle: float, more: float = 0.0) -> tuple[Points, tuple[int, ...]]:
    """Corners ``(n, 2)`` on the dial of a hand at ``angle`` radians from 12, ``more`` wider on all sides; contours' ends."""
    corners, ends = _shape(hand.shape)
    half, sin, cos = hand.width / 2 + more, math.sin(angle), math.cos(angle)
    along = ((length * sin, -length * cos) for length in (hand.length + more, hand.tail + more, half))
    return corners @ np.array([(half * cos, half * sin), *along]), ends


def _lay(pen: Pen, hand: Hand, angle: float, height: float) -> None:
    if hand.border >= 0:
        points, ends = hand_points(hand, angle, 0.011)
        pen.fill(points, hand.border, ends[:1], height)
    points, ends = hand_points(hand, angle)
    pen.fill(points, hand.tone, ends, height)
    if hand.facet:
        # The left half of a single contour: its second half of corners, closed along the middle.
        half = points[len(points) // 2 :]
        middle = np.array([(math.sin(angle), -math.cos(angle))]) * np.array([[hand.length], [-hand.tail]])
        pen.fill(
            np.concatenate([half, middle[1:], middle[:1]]),
            hand.tone + (hand.facet if hand.tone < 180 else -hand.facet),
            (),
            height,
        )
    if hand.lume >= 0:
        inner = Hand("baton", hand.length * 0.88, hand.width * 0.45, -hand.length * 0.25, 0)
        pen.fill(hand_points(inner, angle)[0], hand.lume, (), height)


def draw_hands(pen: Pen, hands: HandsSpec, hour: float, minute: float) -> None:
    """All hands and the cap on their hub; ``hour`` and ``minute`` are angles in radians."""
    z = hands.height
    if hands.alarm >= 0:
        _lay(pen, hands.alarm_hand, math.radians(hands.alarm), z * 0.4)
    _lay(pen, hands.hour, hour, z * 0.7)
    _lay(pen, hands.minute, minute, z)
    if hands.second < 0:
        pen.fill(disc(0, 0, hands.cap), hands.cap_tone, (), z)
        return
    pen.fill(disc(0, 0, hands.cap), hands.hour.tone, (), z)
    angle, hand = math.radians(6 * hands.second), hands.second_hand
    _lay(pen, hand, angle, z * 1.2)
    if hands.second_shape == "counterweight":
        pen.fill(hand_points(Hand("baton", -hand.tail * 0.4, hand.width * 3.5, hand.tail, 0), angle)[0], hand.tone, (), z * 1.2)
    elif hands.second_shape == "lollipop":
        x, y = math.sin(angle) * hand.length * 0.76, -math.cos(angle) * hand.length * 0.76
        pen.fill(disc(x, y, hand.width * 1.2 + 0.055), hand.tone, (), z * 1.2)
    pen.fill(disc(0, 0, hands.cap * 0.6, 12), hands.cap_tone if hands.second_shape == "plain" else hand.tone, (), z)


def shadow_pen(hands: HandsSpec, hour: float, minute: float) -> Pen:
    """The shapes of the big hands where their shadow falls, in black on white."""
    pen = Pen()
    for hand, angle in ((hands.hour, hour), (hands.minute, minute)):
        points, ends = hand_points(hand, angle)
        pen.fill(points + hands.shadow_shift, 255 * (1 - hands.shadow), ends)
    return pen
