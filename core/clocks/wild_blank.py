"""Pictures without a readable clock, which teach a reader to say so: scenery, things that look like clocks, spoilt clocks."""

import math
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.clocks.camera import Pose
from core.clocks.fonts import outline
from core.clocks.time import ClockTime
from core.clocks.wild import SIDE, draw, draw_dial, scene
from core.clocks.wild_camera import photograph, throw_faults
from core.clocks.wild_numerals import known_letterings
from core.clocks.wild_pen import Dice, Pen, bars, disc, turns
from core.clocks.wild_scene import draw_background, pose_of, throw_background, throw_light

KINDS = {"scenery": 22.0, "shapes": 16, "lettering": 10, "gauge": 12, "wheel": 10, "no-hands": 10, "outside": 10, "hidden": 10}


def no_clock(seed: int | tuple[int, ...], side: int = SIDE) -> NDArray[Any]:
    """A grey picture, uint8 (side, side), that shows no time: one of ``KINDS``. side: pixels, 32-600."""
    if not 32 <= side <= 600:
        raise ValueError(f"side must lie in 32-600 pixels; got {side}")
    dice = Dice(seed)
    kind = dice.pick(KINDS)
    if kind in ("outside", "hidden", "no-hands"):
        return _spoilt(kind, dice, side)
    background = throw_background(dice)
    if kind == "scenery" and not background.texture:
        background = throw_background(dice, "room" if dice.chance(0.5) else "leaves")
    canvas = draw_background(background, 2 * side)
    if kind == "shapes":
        _draw_shapes(canvas, dice)
    elif kind == "lettering":
        _draw_lettering(canvas, dice)
    elif kind == "gauge":
        _draw_gauge(canvas, dice)
    elif kind == "wheel":
        _draw_wheel(canvas, dice)
    image = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA)
    return photograph(image, throw_light(dice), throw_faults(dice, 0.4))


def _spoilt(kind: str, dice: Dice, side: int) -> NDArray[Any]:
    """A clock that cannot be read: without hands, mostly outside of the picture, or with its hands behind something."""
    shown = scene((dice.below(2**31), 1))
    roll, tilt, near, radius, distance, x, y = shown.place
    if kind == "no-hands":
        canvas = draw_background(shown.background, 2 * side)
        draw_dial(canvas, shown, pose_of(shown.place, side), side)
        image = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA)
        return photograph(image, shown.light, shown.faults)
    if kind == "outside":
        away, turn = 0.5 + radius * dice.between(0.25, 0.8), dice.below(4)
        x = (0.5 + away, x, 0.5 - away, x)[turn]
        y = (y, 0.5 + away, y, 0.5 - away)[turn]
        shown = replace(shown, place=(roll, tilt, near, radius, distance, x, y))
    else:
        size = radius * max(0.75, shown.hands.minute.length + 0.05)
        count = 8 + dice.below(8)
        cover = turns(count) * np.array([[size * dice.between(1.0, 1.25)] for _ in range(count)]) + (x, y)
        shown = replace(shown, occluder=(cover, dice.grey(0, 256)))
    return draw(shown, ClockTime.from_minutes(dice.below(720)), side).image


def _draw_shapes(canvas: NDArray[Any], dice: Dice) -> None:
    """Polygons and ellipses, one over the other."""
    side = canvas.shape[0]
    for _ in range(2 + dice.below(18)):
        x, y = (dice.between(0, side) for _ in "xy")
        a, b = (dice.between(0.03, 0.35) * side for _ in "ab")
        tone = dice.grey(0, 256)
        if dice.chance(0.5):
            cv2.ellipse(canvas, ((x, y), (2 * a, 2 * b), dice.between(0, 180)), tone, -1 if dice.chance(0.7) else 4)
        else:
            count = 3 + dice.below(5)
            corners = turns(count) * np.array([[a * dice.between(0.4, 1)] for _ in range(count)]) + (x, y)
            cv2.fillPoly(canvas, [np.rint(corners * 16).astype(np.int32)], tone, cv2.LINE_8, 4)


def _draw_lettering(canvas: NDArray[Any], dice: Dice) -> None:
    """A poster, a display, a number plate: lines of letters or figures."""
    side, names = canvas.shape[0], known_letterings(held_out=False)[0]
    name = names[dice.below(len(names))]
    texts = (
        "10 08",
        "SALE",
        "Hotel",
        "12 34 56",
        "STOP",
        "Cafe",
        "7 30",
        "1 2 3 4 5 6",
        "Menu",
        "OPEN",
        "Nr 9",
        "XII",
        "Bus 12",
        "MMXXVI",
    )
    tone = dice.grey(0, 100) if canvas.mean() > 120 else dice.grey(160, 256)
    y = dice.between(0.1, 0.4) * side
    while y < side * 0.9:
        letters = outline(name, texts[dice.below(len(texts))])
        size = min(dice.between(0.06, 0.3), 0.9 / letters.width) * side
        corners = letters.points * size + (side * dice.between(0.4, 0.6), y)
        polygons = np.split(np.rint(corners * 16).astype(np.int32), letters.ends[:-1])
        cv2.fillPoly(canvas, polygons, tone, cv2.LINE_8, 4)
        y += size * dice.between(1.3, 2.5)


def _pose(dice: Dice, side: int) -> Pose:
    return Pose(
        side * dice.between(0.4, 0.6), side * dice.between(0.4, 0.6), side * dice.between(0.2, 0.48), dice.between(3, 8),
        dice.around(0, 0.3), dice.between(0, 0.6), dice.between(0, 6.3),
    )  # fmt: skip


def _draw_gauge(canvas: NDArray[Any], dice: Dice) -> None:
    """A thermometer, a speedometer, a scale: one needle over a scale that does not close or does not count to twelve."""
    pen, face = Pen(), dice.grey(180, 256) if dice.chance(0.7) else dice.grey(5, 60)
    ink = dice.grey(0, 60) if face > 128 else dice.grey(200, 256)
    names = known_letterings(held_out=False)[0]
    name, steps = names[dice.below(len(names))], 4 + dice.below(9)
    steps += steps == 12
    open_angle = dice.between(0.0, 2.6) if steps != 11 else dice.between(0.8, 2.6)
    pen.fill(disc(0, 0, dice.between(1.03, 1.2), 48), dice.grey(0, 220))
    pen.fill(disc(0, 0, 1, 48), face)
    angles = (
        math.pi
        + open_angle / 2
        + np.arange(steps + 1) * ((2 * math.pi - open_angle) / (steps + 1 if open_angle < 0.3 else steps))
    )
    along = np.stack([np.sin(angles), -np.cos(angles)], axis=1)
    pen.fill_all(bars(along, 0.82, 0.95, 0.03, 0.03), ink)
    unit, start = (1, 10, 20, 50)[dice.below(4)], dice.below(3) - 1
    for index, (x, y) in enumerate((along * 0.66).tolist()):
        letters = outline(name, str(max(0, start + index) * unit))
        pen.fill(letters.points * 0.14 + (x, y), ink, letters.ends)
    needle = dice.between(0, 2 * math.pi)
    way = np.array([(math.sin(needle), -math.cos(needle))])
    pen.fill_all(
        bars(way, -dice.between(0, 0.3), dice.between(0.6, 0.9), 0.06, 0.015), dice.grey(60, 120) if dice.chance(0.4) else ink
    )
    pen.fill(disc(0, 0, 0.07), ink)
    pen.paint(canvas, _pose(dice, canvas.shape[0]).matrix())


def _draw_wheel(canvas: NDArray[Any], dice: Dice) -> None:
    """Wheels, plates, targets: circles in circles, often with spokes."""
    pen, tone = Pen(), dice.grey(0, 256)
    for radius in sorted((dice.between(0.1, 1.0) for _ in range(2 + dice.below(5))), reverse=True):
        pen.fill(disc(0, 0, radius, 48), tone)
        tone = (tone + dice.grey(50, 200)) % 256
    if dice.chance(0.7):
        pen.fill_all(
            bars(turns(3 + dice.below(16)), 0.1, dice.between(0.5, 1.0), dice.between(0.02, 0.15), dice.between(0.02, 0.15)),
            tone,
        )
    pen.paint(canvas, _pose(dice, canvas.shape[0]).matrix())
