"""What holds a wild clock's dial: its outline, the rim around it, and what is fixed to that (strap, bells, a board)."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.clocks.wild_pen import Dice, Pen, Points, box, disc, ring, turns

SHAPES = {"round": 72.0, "square": 7, "cushion": 5, "octagon": 5, "oval": 6, "rectangle": 3, "dodecagon": 2}
HELD_OUT_SHAPE = "hexagon"
_RIM_SHAPES = {"same": 78.0, "square": 7, "octagon": 4, "scallops": 4, "rays": 3, "cushion": 4}
_RIMS = {"none": 14.0, "flat": 24, "stepped": 24, "metal": 38}
_EXTRAS = {"none": 76.0, "strap": 8, "bells": 3, "crown": 3, "board": 5, "cabinet": 5}
_CORNERS = 72  # of an outline
_SECTORS = 36  # pieces around that a metal rim is shaded in
_LEVELS = 7  # tones that they are shaded with
_STARTS = np.arange(0, _CORNERS, _CORNERS // _SECTORS)
_ALONG = (_STARTS[:, None] + np.arange(_CORNERS // _SECTORS + 1)) % _CORNERS  # (sectors, 3): an outline's corners of each
_SECTOR_CORNERS = np.concatenate([_ALONG, _CORNERS + _ALONG[:, ::-1]], axis=1)  # and back along a second outline
_SECTOR_ANGLES = (_STARTS + _CORNERS / _SECTORS / 2) * (2 * math.pi / _CORNERS)


@dataclass(frozen=True)
class CaseSpec:
    """Outline, rim and fixings of a clock; lengths in dial radii, tones 0-255.

    depth: how far the case reaches back to the wall. glints: (angle, span, radius) of bright arcs on rim and glass.

    aspect: width by height of an oval or a rectangle. lamp: radians, where light comes from. shine: how far a metal rim
    is lighter towards the lamp and darker away from it.
    """

    shape: str
    aspect: float
    rim: str
    rim_shape: str
    width: float
    height: float
    tone: int
    lamp: float
    shine: float
    extra: str
    extra_tone: int
    extra_size: float
    depth: float
    glints: tuple[tuple[float, float, float], ...]

    @property
    def marks_up(self) -> bool:
        """Whether the case alone shows which way is up."""
        return self.extra in ("bells", "crown", "cabinet")


def throw_case(dice: Dice, shape: str | None = None) -> CaseSpec:
    """A case at random; ``shape`` where it is decided already."""
    shape = shape or dice.pick(SHAPES)
    aspect = 1.0
    if shape == "oval":
        aspect = dice.between(0.7, 0.92) if dice.chance(0.55) else dice.between(1.08, 1.4)
    elif shape == "rectangle":
        aspect = dice.between(0.72, 0.92) if dice.chance(0.4) else dice.between(1.08, 1.4)
    rim = dice.pick(_RIMS)
    width = dice.between(0.02, 0.08) if dice.chance(0.35) else dice.between(0.06, 0.24)
    if dice.chance(0.12):
        width += dice.between(0.05, 0.25)
    rim_shape = dice.pick(_RIM_SHAPES) if shape == "round" and width > 0.1 else "same"
    bright = dice.unit()
    tone = dice.grey(8, 70) if bright < 0.45 else dice.grey(70, 170) if bright < 0.75 else dice.grey(170, 250)
    extra = dice.pick(_EXTRAS)
    glints = []
    if dice.chance(0.25):
        for _ in range(1 + dice.below(3)):
            radius = dice.between(0.86, 0.97) if dice.chance(0.3) else 1 + width * dice.between(0.1, 0.8)
            glints.append((dice.between(0, 2 * math.pi), dice.between(0.05, 0.7), radius))
    return CaseSpec(
        shape,
        aspect,
        rim,
        rim_shape,
        0.0 if rim == "none" else width,
        dice.between(0.0, 0.14) if dice.chance(0.7) else 0.0,
        tone,
        dice.between(0, 2 * math.pi) if dice.chance(0.4) else dice.around(-0.6, 0.4),
        dice.between(10, 90),
        "none" if shape in ("oval", "hexagon") else extra,
        dice.grey(10, 230),
        dice.unit(),
        dice.between(0.05, 0.45) if dice.chance(0.35) else 0.0,
        tuple(glints) if rim != "none" else (),
    )


@lru_cache(maxsize=256)
def outline(shape: str, aspect: float = 1.0) -> Points:
    """``(72, 2)`` around the dial, from 12; its distance from the hub at 12 is 1."""
    along = turns(_CORNERS)
    x, y = np.abs(along[:, 0]), np.abs(along[:, 1])
    angles = np.arange(_CORNERS) * (2 * math.pi / _CORNERS)
    sides = {"octagon": 8, "dodecagon": 12, "hexagon": 6}
    if shape in sides:
        step = 2 * math.pi / sides[shape]
        reach = 1 / np.cos((angles + step / 2) % step - step / 2)
    elif shape in ("square", "rectangle", "cushion"):
        power = 4.0 if shape == "cushion" else 14.0
        # A rectangle is a square made wider: directions are squeezed first, so that the reach at 12 stays 1.
        reach = ((x / aspect) ** power + y**power) ** (-1 / power)
    elif shape == "oval":
        reach = ((x / aspect) ** 2 + y**2) ** -0.5
    elif shape == "scallops":
        reach = 1 + 0.07 * np.cos(angles * 12)
    elif shape == "rays":
        reach = 1 + 0.22 * (np.arange(_CORNERS) % 3 == 0)
    elif shape == "round":
        reach = np.ones(_CORNERS)
    else:
        raise ValueError(f"no shape {shape!r}; known: {', '.join((*SHAPES, HELD_OUT_SHAPE))}, scallops, rays")
    points = along * reach[:, None]
    points.flags.writeable = False
    return points


def reach_at(shape: str, aspect: float, angles: NDArray[Any]) -> NDArray[np.float64]:
    """How far the outline lies from the hub at ``angles`` (k,), which must be multiples of 5 degrees or lie between them."""
    distances = np.linalg.norm(outline(shape, aspect), axis=1)
    return np.interp(
        angles % (2 * math.pi), np.arange(_CORNERS + 1) * (2 * math.pi / _CORNERS), np.append(distances, distances[0])
    )


def draw_case(pen: Pen, case: CaseSpec, face_tone: int) -> None:
    """What lies behind the dial, then the dial's plain face."""
    dial, tone, size = outline(case.shape, case.aspect), case.extra_tone, case.extra_size
    outer = 1 + case.width
    if case.extra == "strap":
        half, length = 0.45 + 0.25 * size, 1.75
        for sign in (-1, 1):
            pen.fill(
                np.array(
                    [(-half, sign * 0.7), (half, sign * 0.7), (half * 0.85, sign * length), (-half * 0.85, sign * length)]
                ),
                tone,
            )
            for side in (-1, 1):
                pen.fill(box(side * (half + 0.06), sign * 0.95, 0.16, 0.75), case.tone)
        pen.fill(box(outer + 0.05, 0, 0.14, 0.2), case.tone)
    elif case.extra == "bells":
        for side in (-1, 1):
            pen.fill(box(side * 0.75, 1.05 * outer, 0.16, 0.5), case.tone)
            pen.fill(disc(side * 0.62, -outer - 0.12, 0.42 + 0.1 * size), tone)
            pen.fill(disc(side * 0.66, -outer - 0.18, 0.2), tone + 50)
        pen.fill(box(0, -outer - 0.15, 0.1, 0.5), case.tone)
    elif case.extra == "crown":
        pen.fill(box(0, -outer - 0.08, 0.2, 0.25), tone)
        pen.fill(*_with_tone(ring(disc(0, -outer - 0.3, 0.26), disc(0, -outer - 0.3, 0.18)), tone))
    elif case.extra == "board":
        pen.fill(box(0, 0, 2 * outer + 0.1 + size, 2 * outer + 0.1 + size), tone)
        pen.fill(box(0, 0, 2 * outer + 0.04 + 0.7 * size, 2 * outer + 0.04 + 0.7 * size), tone + 25 * (size > 0.5))
    elif case.extra == "cabinet":
        width = 2 * outer + 0.2 + 0.4 * size
        pen.fill(box(0, 0.5, width, width + 1.0), tone)
        pen.fill(np.array([(-width / 2, -outer - 0.1), (0, -outer - 0.6 * size - 0.1), (width / 2, -outer - 0.1)]), tone - 20)
        pen.fill(box(0, outer + 0.4, width * 0.6, 0.5), tone * 0.5)
    around = _rim_outline(case) if case.width else dial
    if case.depth:
        for back in (1.0, 0.67, 0.33):
            pen.fill(around, case.tone * 0.7 + 15, (), -case.depth * back)
    if case.width:
        pen.fill(around, case.tone)
    pen.fill(dial, face_tone)


def shade_dial(pen: Pen, case: CaseSpec, dark: float) -> None:
    """The rim's shadow on the dial, on the side of the lamp: a crescent in black on white."""
    dial, wide = outline(case.shape, case.aspect), 0.5 * case.height + 0.02
    shift = np.array([math.sin(case.lamp), -math.cos(case.lamp)]) * -wide
    points, ends = ring(dial, dial * (1 - wide) + shift)
    pen.fill(points, 255 * (1 - dark), ends)


def drop_pen(case: CaseSpec, dark: float) -> Pen:
    """The clock's shadow on what is behind it, in black on white."""
    pen, away = Pen(), 0.05 + 0.4 * (case.depth or 0.2 * case.extra_size)
    shift = np.array([-math.sin(case.lamp), math.cos(case.lamp)]) * away
    pen.fill(_rim_outline(case) * (1.01 + 0.05 * case.extra_size) + shift, 255 * (1 - dark), (), -case.depth)
    return pen


def _with_tone(shape: tuple[Points, tuple[int, int]], tone: float) -> tuple[Points, float, tuple[int, int]]:
    return shape[0], tone, shape[1]


def _rim_outline(case: CaseSpec) -> Points:
    dial = outline(case.shape, case.aspect)
    if case.rim_shape == "same":
        return dial * (1 + case.width)
    if case.rim_shape in ("scallops", "rays"):
        return outline(case.rim_shape) * (1 + case.width)
    return outline(case.rim_shape) * (1 + 0.6 * case.width)


def draw_rim(pen: Pen, case: CaseSpec) -> None:
    """The rim, in front of the dial's edge."""
    if not case.width:
        return
    _draw_slopes(pen, case)
    for angle, span, radius in case.glints:
        arc = np.array(
            [(math.sin(angle + span * step), -math.cos(angle + span * step)) for step in (-0.5, -0.3, 0.0, 0.3, 0.5)]
        )
        reach = np.array([[0.0], [0.8], [1.0], [0.8], [0.0]]) * 0.35 * max(case.width, 0.06)
        pen.fill(
            np.concatenate([arc * radius, (arc * (radius + reach))[::-1]]), 235 + 20 * case.extra_size, (), case.height * 0.5
        )


def _draw_slopes(pen: Pen, case: CaseSpec) -> None:
    dial, outer = outline(case.shape, case.aspect), _rim_outline(case)
    top = dial * (1 + 0.55 * case.width)
    if case.rim == "metal":
        _shade_sectors(pen, case, outer, top, 0.0, case.height, 1.0)
        _shade_sectors(pen, case, top, dial, case.height, 0.0, -1.0)
        return
    pen.fill(*_with_tone(ring(outer, top), case.tone))
    heights = np.repeat([case.height, 0.0], len(dial))
    points, ends = ring(top, dial)
    pen.fill(points, case.tone + (case.shine * 0.4 if case.rim == "stepped" else 0), ends, heights)
    if case.rim == "stepped":
        # Two circles that do not share their middle leave a crescent: light on one side.
        shift = 0.12 * case.width * np.array([math.sin(case.lamp), -math.cos(case.lamp)])
        points, ends = ring(dial * (1 + 0.8 * case.width) + shift, dial * (1 + 0.62 * case.width))
        pen.fill(points, case.tone + case.shine, ends, case.height * 0.6)
        points, ends = ring(dial * (1 + 0.3 * case.width), dial * (1 + 0.12 * case.width) + shift)
        pen.fill(points, case.tone - case.shine, ends, case.height * 0.5)


def _shade_sectors(pen: Pen, case: CaseSpec, out: Points, into: Points, high: float, low: float, facing: float) -> None:
    """A slope around the dial, lighter where it faces the lamp, in a few tones."""
    towards = np.cos(_SECTOR_ANGLES - case.lamp) * facing
    # Polished metal mirrors the room: a second, sharper wave on top of the first.
    shade = 0.65 * towards + 0.35 * np.cos(3 * np.arccos(towards) + case.extra_size * 6)
    levels = np.rint((shade + 1) * ((_LEVELS - 1) / 2)).astype(int)
    pieces = np.concatenate([out, into])[_SECTOR_CORNERS]  # (sectors, 6, 2)
    corners = pieces.shape[1]
    heights = np.tile(np.repeat([high, low], corners // 2), _SECTORS)
    for level in range(_LEVELS):
        chosen = pieces[levels == level]
        if count := corners * len(chosen):
            tone = case.tone + case.shine * (level * (2 / (_LEVELS - 1)) - 1)
            pen.fill(chosen.reshape(count, 2), tone, range(corners, count + 1, corners), heights[:count])
