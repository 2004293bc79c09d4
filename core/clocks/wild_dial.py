"""What stands on a wild clock's dial: zones, marks, numerals, lettering, small dials and windows."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.clocks.fonts import outline
from core.clocks.wild_case import CaseSpec
from core.clocks.wild_case import outline as dial_outline
from core.clocks.wild_numerals import SYSTEMS, NumeralsSpec, draw_numerals, reach, throw_ink, throw_numerals
from core.clocks.wild_pen import Dice, Pen, bars, box, disc, ring, turns

MARKS = {"bar": 48.0, "thin": 12, "wedge": 10, "dot": 12, "diamond": 3, "none": 15}
MINUTE_MARKS = {"line": 55.0, "dot": 10, "rail": 13, "none": 22}
_FURNITURE = {"sub-dials": 0.09, "date": 0.1, "holes": 0.06, "screen": 0.02, "arc": 0.03, "label": 0.03}
_WORDS = (
    "QUARTZ", "Quartz", "Paris", "LONDON", "Swiss", "SEIKON", "Regent", "Junker", "AUTOMATIC", "Est 1879", "Antique",
    "Old Town", "TEMPO", "Kienholz", "Made in Japan", "25 JEWELS", "Station", "ORIENTE", "Sterling", "Home", "8 DAYS",
)  # fmt: skip


@dataclass(frozen=True)
class DialSpec:
    """A dial without its hands; lengths in dial radii, tones 0-255."""

    face: int
    texture: int  # of wild_textures.FACES, or -1
    contrast: float
    middle: float  # radius of a middle of its own, or 0
    middle_tone: int
    ink: int
    edge_line: float
    marks: str
    inner: float
    outer: float
    mark_width: float
    twelve: str  # how 12 is marked: plain, double, triangle
    minute_marks: str
    minute_inner: float
    numerals: NumeralsSpec
    words: tuple[tuple[str, str, float, float], ...]  # text, lettering, height of its place, letters' height
    furniture: tuple[tuple[str, float, float], ...]  # kind, and two numbers in 0-1 that say where and how

    @property
    def marks_up(self) -> bool:
        """Whether the dial shows which way is up."""
        return self.numerals.system != "none" or (self.marks != "none" and self.twelve != "plain")

    @property
    def places_radius(self) -> float:
        """Radius of the circle that the numerals' places lie on: that of 12, or the middle of the hours' marks."""
        return self.numerals.radius if self.numerals.system != "none" else (self.inner + self.outer) / 2


def throw_dial(
    dice: Dice, letterings: tuple[str, ...], romans: tuple[str, ...], textures: int, numbered: bool = False
) -> DialSpec:
    """A dial at random, written with one of ``letterings`` (or ``romans``), with one of ``textures`` on its face or none.

    numbered: it has numerals for certain.
    """
    bright = dice.unit()
    face = dice.grey(205, 256) if bright < 0.66 else dice.grey(5, 60) if bright < 0.83 else dice.grey(75, 205)
    contrast = 0.0
    texture = -1
    if dice.chance(0.38):
        texture, contrast = dice.below(textures), dice.between(0.15, 0.6) if dice.chance(0.8) else dice.between(0.6, 0.9)
    least = 50 if dice.chance(0.1) else 95
    ink = throw_ink(dice, face, least)
    system = dice.pick(SYSTEMS)
    if numbered and system == "none":
        system = "arabic"
    roman = system.startswith("roman")
    marks, minute_marks = dice.pick(MARKS), dice.pick(MINUTE_MARKS)
    if system == "none" and marks == "none":
        marks = "bar"
    outer = dice.between(0.9, 0.99)
    second, second_height, second_radius = "", dice.between(0.045, 0.085), 0.0
    if dice.chance(0.06):
        second, second_radius = "minutes", 0.965 - second_height / 2
        outer = second_radius - second_height / 2 - 0.02
    long = dice.between(0.08, 0.3) if system == "none" else dice.between(0.03, 0.13)
    inner = outer - (long if marks != "none" or minute_marks != "none" else 0.0)
    height = dice.between(0.12, 0.27)
    if system in ("quarters", "roman-quarters", "twelve"):
        height = dice.between(0.14, 0.36)
    radius = inner - dice.between(0.02, 0.07) - height / 2
    if system != "none" and not second and dice.chance(0.1):  # numerals outside of the marks
        radius = 0.96 - height / 2
        outer = radius - height / 2 - 0.02
        inner = outer - long * 0.7
    elif system == "arabic" and not second and dice.chance(0.07):
        second, second_radius = "day", radius - height / 2 - 0.03 - second_height / 2
    numerals = throw_numerals(
        dice, system, face, ink, radius, height, (second, second_radius, second_height), romans if roman else letterings
    )
    middle = dice.between(0.3, 0.75) if dice.chance(0.16) else 0.0
    words = []
    for place, share in ((-0.38, 0.45), (-0.25, 0.12), (0.4, 0.22), (0.5, 0.08)):
        if dice.chance(share):
            text = _WORDS[dice.below(len(_WORDS))]
            words.append(
                (text, letterings[dice.below(len(letterings))], place + dice.between(-0.06, 0.06), dice.between(0.03, 0.09))
            )
    furniture = [(kind, dice.unit(), dice.unit()) for kind, share in _FURNITURE.items() if dice.chance(share)]
    return DialSpec(
        face,
        texture,
        contrast,
        middle,
        max(0, min(255, face + int(dice.around(0, 22)))),
        ink,
        dice.between(0.004, 0.02) if dice.chance(0.3) else 0.0,
        marks,
        inner,
        outer,
        dice.between(0.012, 0.03) if marks == "thin" else dice.between(0.025, 0.075),
        dice.pick({"plain": 70, "double": 16, "triangle": 14}),
        minute_marks,
        outer - long * dice.between(0.3, 0.8),
        numerals,
        tuple(words),
        tuple(furniture),
    )


# --- drawing ---------------------------------------------------------------------------------------------------------


def draw_marks(pen: Pen, dial: DialSpec, case: CaseSpec) -> None:
    """Everything on the face, from its zones to its windows."""
    edge = dial_outline(case.shape, case.aspect)
    if dial.middle:
        pen.fill(edge * dial.middle, dial.middle_tone)
    if dial.edge_line:
        points, ends = ring(edge * 0.995, edge * (0.995 - dial.edge_line))
        pen.fill(points, dial.ink, ends)
    _draw_minutes(pen, dial, case)
    if dial.marks != "none":
        _draw_hours(pen, dial, case)
    for kind, where, how in dial.furniture:
        _draw_furniture(pen, dial, kind, where, how)
    for text, lettering, y, height in dial.words:
        letters = outline(lettering, text)
        scale = min(height, 0.9 / letters.width)
        pen.fill(letters.points * scale + (0, y), dial.ink, letters.ends)
    if dial.numerals.system != "none":
        draw_numerals(pen, dial.numerals, case)


_MINUTES: NDArray[np.float64] = np.array([minute for minute in range(60) if minute % 5]) * (math.pi / 30)
_HOURS = np.arange(12) * (math.pi / 6)


def _draw_minutes(pen: Pen, dial: DialSpec, case: CaseSpec) -> None:
    if dial.minute_marks == "none":
        return
    along = np.stack([np.sin(_MINUTES), -np.cos(_MINUTES)], axis=1)
    farther = reach(case, _MINUTES, dial.numerals.along_edge)
    inner, outer = dial.minute_inner, dial.outer
    if dial.minute_marks == "dot":
        size = 0.3 * dial.mark_width + 0.004
        pen.fill_all((along * farther * (inner + outer) / 2)[:, None] + turns(8) * size, dial.ink)
        return
    width = 0.3 * dial.mark_width + 0.003
    pen.fill_all(bars(along, inner * farther, outer * farther, width, width), dial.ink)
    if dial.minute_marks == "rail":
        edge = dial_outline(case.shape, case.aspect) if dial.numerals.along_edge else turns(72)
        for radius in (inner, outer):
            points, ends = ring(edge * (radius + 0.005), edge * (radius - 0.005))
            pen.fill(points, dial.ink, ends)


def _draw_hours(pen: Pen, dial: DialSpec, case: CaseSpec) -> None:
    first = 0 if dial.twelve == "plain" else 1
    angles = _HOURS[first:]
    along = np.stack([np.sin(angles), -np.cos(angles)], axis=1)
    farther = reach(case, angles, dial.numerals.along_edge)
    inner, outer, width = dial.inner, dial.outer, dial.mark_width
    if dial.marks == "dot":
        pen.fill_all((along * farther * (inner + outer) / 2)[:, None] + turns(14) * (width * 0.7), dial.ink)
    elif dial.marks == "diamond":
        middle = (inner + outer) / 2
        low = bars(along, inner * farther, middle * farther, 0.0, width)
        pen.fill_all(np.concatenate([low, bars(along, middle * farther, outer * farther, width, 0.0)]), dial.ink)
    else:
        narrow = 0.25 * width if dial.marks == "wedge" else width
        pen.fill_all(bars(along, inner * farther, outer * farther, narrow, width), dial.ink)
    up = np.array([(0.0, -1.0)])
    if dial.twelve == "double":
        pair = bars(up, inner, outer, width, width)
        aside = np.array([0.75 * width + 0.012, 0])
        pen.fill_all(np.concatenate([pair - aside, pair + aside]), dial.ink)
    elif dial.twelve == "triangle":
        pen.fill_all(bars(up, inner - 0.02, outer, 0.0, max(0.12, 2 * width)), dial.ink)


def _draw_furniture(pen: Pen, dial: DialSpec, kind: str, where: float, how: float) -> None:
    face, ink = dial.face, dial.ink
    if kind == "sub-dials":
        places = [(0.0, 0.42)] if how < 0.5 else [(-0.42, 0.0), (0.42, 0.0), (0.0, 0.42)][: 3 if how > 0.7 else 2]
        size = 0.16 + 0.1 * where
        for index, (x, y) in enumerate(places):
            pen.fill(disc(x, y, size, 28), face + (18 if face < 128 else -18) * (how % 0.2 > 0.1))
            points, finish = ring(disc(x, y, size, 28), disc(x, y, size - 0.014, 28))
            pen.fill(points, ink, finish)
            marks = bars(turns(12), size * 0.75, size * 0.95, 0.012, 0.012)
            pen.fill_all(marks + np.array([x, y]), ink)
            angle = (where * 7 + how * 3 + index) % 1 * 2 * math.pi
            needle = bars(np.array([(math.sin(angle), -math.cos(angle))]), -size * 0.25, size * 0.85, 0.022, 0.012)
            pen.fill_all(needle + np.array([x, y]), ink)
    elif kind == "date":
        angle = (math.pi / 2, math.pi, 0.75 * math.pi)[int(where * 2.99)]
        x, y = math.sin(angle) * 0.58, -math.cos(angle) * 0.55
        pen.fill(box(x, y, 0.24, 0.17), ink)
        pen.fill(box(x, y, 0.21, 0.14), 240 if how < 0.7 else 20)
        day = outline("arimo-700", str(1 + int(how * 30.99)))
        pen.fill(day.points * 0.09 + (x, y), 20 if how < 0.7 else 240, day.ends)
    elif kind == "holes":
        for side in (-1, 1):
            pen.fill(disc(side * (0.3 + 0.1 * where), 0.15 + 0.2 * how, 0.055), 190)
            pen.fill(disc(side * (0.3 + 0.1 * where), 0.15 + 0.2 * how, 0.035), 15)
    elif kind == "screen":
        pen.fill(box(0, 0.42, 0.62, 0.24), 60)
        pen.fill(box(0, 0.42, 0.58, 0.2), 185)
        text = outline("rajdhani-700", f"{int(where * 30)} {int(how * 12)}")
        pen.fill(text.points * 0.15 + (0, 0.42), 30, text.ends)
    elif kind == "arc":
        bow = turns(36)[[*range(28, 36), *range(9)]]
        pen.fill(np.concatenate([bow * 0.55, bow[::-1] * 0.22]), ink if how < 0.5 else face * 0.6 + 50)
        pen.fill(disc(0.25 * (where - 0.5), -0.4, 0.1), 230)
    elif kind == "label":
        pen.fill(box(-0.35 + 0.7 * where, 0.35, 0.3, 0.17), 235)
        pen.fill(box(-0.35 + 0.7 * where, 0.33, 0.24, 0.05), 40)
