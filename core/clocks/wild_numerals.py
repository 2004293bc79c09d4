"""Numerals around a wild dial: which, written how, where."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.clocks.fonts import LETTERINGS, outline
from core.clocks.wild_case import CaseSpec, reach_at
from core.clocks.wild_pen import Dice, Pen, Points, turns

SYSTEMS = {"arabic": 56.0, "roman": 17, "roman-iv": 3, "none": 10, "quarters": 7, "roman-quarters": 3, "twelve": 2, "even": 2}
_STEPS = {"quarters": 3, "roman-quarters": 3, "twelve": 12, "even": 2}  # from one numeral to the next, where that is not 1
TURNS = {"upright": 74.0, "radial": 18, "readable": 8}  # readable: radial, but the lower ones stand on their feet
_ROMAN = ("I", "II", "III", "IIII", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


@dataclass(frozen=True)
class NumeralsSpec:
    """Which numerals, written how. radius, height in dial radii; stretch: width by height against the typeface's own."""

    system: str
    lettering: str
    radius: float
    height: float
    stretch: float
    turn: str
    tone: int
    plaque: int  # tone of a disc behind each, or -1
    along_edge: bool  # on a dial that is not round they follow its outline
    second: str  # small figures besides: "", "day" (13 to 24) or "minutes" (5 to 60)
    second_radius: float
    second_height: float


def throw_numerals(
    dice: Dice,
    system: str,
    face: int,
    ink: int,
    radius: float,
    height: float,
    second: tuple[str, float, float],
    names: tuple[str, ...],
) -> NumeralsSpec:
    """Numerals of ``system`` at random, written with one of ``names`` around ``radius``. second: the small figures besides."""
    turn = dice.pick(TURNS)
    if system.startswith("roman"):
        turn = "upright" if dice.chance(0.15) else "radial"
    plaque = -1
    if system == "arabic" and dice.chance(0.05):
        plaque = int(255 - face * 0.7) if dice.chance(0.5) else face + (30 if face < 128 else -30)
    tone = ink if dice.chance(0.85) else throw_ink(dice, face, 90)
    if plaque >= 0:
        tone = 245 if plaque < 128 else 15
    stretch = dice.between(0.8, 1.1) if dice.chance(0.7) else dice.between(0.6, 1.3)
    name = names[dice.below(len(names))]
    return NumeralsSpec(system, name, radius, height, stretch, turn, tone, plaque, dice.chance(0.6), *second)


def throw_ink(dice: Dice, face: int, least: int) -> int:
    """A tone for marks and letters that differs from ``face`` by at least ``least`` grey levels, black or white preferred."""
    if face > 128 or (face > 100 and dice.chance(0.5)):
        return dice.grey(0, max(face - least, 20)) if dice.chance(0.4) else dice.grey(0, min(50, max(face - least, 20)))
    return dice.grey(min(face + least, 235), 256) if dice.chance(0.4) else dice.grey(max(200, face + least - 1), 256)


def reach(case: CaseSpec, angles: NDArray[Any], follow: bool = True) -> NDArray[np.float64]:
    """How much farther out than at 12 something lies at ``angles`` that follows the dial's outline, ``(k, 1)``."""
    if case.shape == "round" or not follow:
        return np.ones((len(angles), 1))
    return reach_at(case.shape, case.aspect, angles)[:, None]


@lru_cache(maxsize=1024)
def _row(system: str, lettering: str) -> tuple[Points, tuple[int, ...], NDArray[np.intp], tuple[int, ...], float]:
    """All numerals of a system: points around each one's middle (height 1), ends, whose they are, hours, the largest width."""
    every = _STEPS.get(system, 1)
    hours = tuple(range(every, 13, every))
    texts = [str({"day": hour + 12, "minutes": 5 * hour}.get(system, hour)) for hour in hours]
    if system.startswith("roman"):
        texts = ["IV" if hour == 4 and system == "roman-iv" else _ROMAN[hour - 1] for hour in hours]
    shapes = [outline(lettering, text) for text in texts]
    scale = 1 / shapes[-1].height
    ends, start = [], 0
    for shape in shapes:
        ends += [start + end for end in shape.ends]
        start += len(shape.points)
    owners = np.repeat(np.arange(len(shapes)), [len(shape.points) for shape in shapes])
    widest = max(shape.width for shape in shapes) * scale
    return np.concatenate([shape.points for shape in shapes]) * scale, tuple(ends), owners, hours, widest


def draw_numerals(pen: Pen, spec: NumeralsSpec, case: CaseSpec) -> None:
    """The numerals of a dial, on a circle or along the outline of its case."""
    _write_around(pen, spec, case, spec.system, spec.radius, spec.height)
    if spec.second:
        _write_around(pen, spec, case, spec.second, spec.second_radius, spec.second_height)


def _write_around(pen: Pen, spec: NumeralsSpec, case: CaseSpec, system: str, radius: float, height: float) -> None:
    points, ends, owners, hours, widest = _row(system, spec.lettering)
    angles = np.array(hours) * (math.pi / 6)
    along = np.stack([np.sin(angles), -np.cos(angles)], axis=1)
    places = along * radius * reach(case, angles, spec.along_edge)
    if spec.plaque >= 0 and system == spec.system:
        pen.fill_all(places[:, None] + turns(18) * (height * 0.85), spec.plaque)
    # No wider than the way to the next one, which is shortest where radial numerals stand on their feet.
    foot = radius if spec.turn == "upright" else radius - height / 2
    room = 2 * foot * math.sin(min(math.pi / 12 * _STEPS.get(system, 1), math.pi / 4)) * 0.92
    written = points * (min(height * spec.stretch, room / widest), height)
    if spec.turn != "upright":
        turned = angles + math.pi * ((spec.turn == "readable") & (np.cos(angles) < -0.1))
        sin, cos = np.sin(turned)[owners], np.cos(turned)[owners]
        written = np.stack([written[:, 0] * cos - written[:, 1] * sin, written[:, 0] * sin + written[:, 1] * cos], axis=1)
    pen.fill(written + places[owners], spec.tone, ends)


def known_letterings(held_out: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of all letterings for testing only, or of all others; and those among them that suit Roman numerals."""
    names = tuple(name for name, lettering in LETTERINGS.items() if lettering.held_out is held_out)
    return names, tuple(name for name in names if LETTERINGS[name].roman)
