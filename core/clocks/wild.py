"""The wild style: a seed -> a clock that varies in all that real clocks vary in, as a poor camera sees it.

``scene`` throws what is there, ``draw`` shows it at a time. What is kept for testing, so that a reader can be asked for what
it has never seen: the hexagonal dial, leaf-shaped hands, a wall of bricks, and the letterings held out in ``fonts.LETTERINGS``
(Josefin Sans, Quicksand, Fjalla One, Playfair Display, Rokkitt, Uncial Antiqua, Audiowide).
None of them occurs in a wild scene; every held-out scene has one or more of them.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.clocks import wild_case, wild_hands, wild_textures
from core.clocks.camera import Pose, inverse, project
from core.clocks.fonts import outline
from core.clocks.time import ClockTime, hand_angles
from core.clocks.wild_camera import FaultsSpec, photograph, throw_faults
from core.clocks.wild_case import CaseSpec, draw_case, draw_rim, drop_pen, shade_dial, throw_case
from core.clocks.wild_dial import DialSpec, draw_marks, throw_dial
from core.clocks.wild_hands import HandsSpec, draw_hands, shadow_pen, throw_hands
from core.clocks.wild_numerals import known_letterings
from core.clocks.wild_pen import Dice, Pen, Points, turns
from core.clocks.wild_scene import (
    BackgroundSpec,
    LightingSpec,
    draw_background,
    pose_of,
    throw_background,
    throw_light,
    throw_occluder,
    throw_pose,
)

STYLES = ("wild", "wild-held-out")
SIDE = 192  # pixels of the pictures that the reader is trained on
_HELD_OUT = ("lettering", "shape", "hands", "background")


@dataclass(frozen=True, eq=False)
class Scene:
    """All that a wild picture shows, save the time. place: the numbers of ``wild_scene.throw_pose``."""

    case: CaseSpec
    dial: DialSpec
    hands: HandsSpec
    place: tuple[float, float, float, float, float, float, float]
    background: BackgroundSpec
    light: LightingSpec
    occluder: tuple[Points, int] | None
    faults: FaultsSpec
    drop: float  # how dark the shadow is that the clock throws on what is behind it
    watermark: int  # which one, or -1


@dataclass(frozen=True, eq=False)
class Shot:
    """A picture, uint8 (side, side), and what it shows.

    points: float64 (15, 2), pixels of ``face.POINTS``. homography: (3, 3), the dial's plane -> homogeneous pixels. minutes:
    what the hands show, the seconds included. readable: whether both hands can be seen.
    """

    image: NDArray[Any]
    points: NDArray[np.float64]
    homography: NDArray[np.float64]
    minutes: float
    readable: bool


def scene(seed: int | tuple[int, ...], held_out: bool = False) -> Scene:
    """What ``seed`` puts into the picture."""
    dice = Dice(seed)
    features: set[str] = set()
    if held_out:
        features = {name for name in _HELD_OUT if dice.chance(0.35)} or {_HELD_OUT[dice.below(len(_HELD_OUT))]}
    case = throw_case(dice, wild_case.HELD_OUT_SHAPE if "shape" in features else None)
    letterings, romans = known_letterings(held_out="lettering" in features)
    dial = throw_dial(dice, letterings, romans, len(wild_textures.FACES), numbered="lettering" in features)
    place = throw_pose(dice, free_roll=dial.marks_up or case.marks_up)
    if case.aspect > 1 or case.shape == "square":  # what is wider than high takes more room
        place = (*place[:3], max(0.17, place[3] / (case.aspect if case.aspect > 1 else 1.1)), *place[4:])
    hub_face = dial.middle_tone if dial.middle else dial.face
    hands = throw_hands(dice, dial.face, hub_face, place[3], wild_hands.HELD_OUT_SHAPE if "hands" in features else None)
    if dial.texture >= 0:  # no texture that the hands would be lost in
        apart = min(abs(hands.minute.tone - dial.face), abs(hands.minute.tone - hub_face))
        dial = replace(dial, contrast=min(dial.contrast, apart / 160))
    background = throw_background(dice, wild_textures.HELD_OUT_BACKGROUND if "background" in features else None)
    if dice.chance(0.05) and not features:  # numerals on the bare wall
        case = replace(case, rim="none", width=0.0, extra="none", depth=0.0, glints=())
        background = replace(background, texture="", tone=dial.face)
    return Scene(
        case,
        dial,
        hands,
        place,
        background,
        throw_light(dice),
        throw_occluder(dice),
        throw_faults(dice, place[3]),
        dice.between(0.15, 0.7) if dice.chance(0.22) else 0.0,
        dice.below(1000) if dice.chance(0.03) else -1,
    )


def shown_minutes(time: ClockTime, hands: HandsSpec) -> float:
    """What the hands show at ``time``: with a sweeping minute hand a fraction more than the whole minute."""
    return time.minutes + (hands.second / 60 if hands.second >= 0 and hands.sweeping else 0.0)


def draw(shown: Scene, time: ClockTime, side: int = SIDE) -> Shot:
    """The picture ``(side, side)`` of a scene at ``time``."""
    pose = pose_of(shown.place, side)
    matrix, homography = pose.matrix(), pose.homography()
    minutes = shown_minutes(time, shown.hands)
    exact_hour, minute_angle = (float(angle) for angle in hand_angles(minutes))
    hour_angle = exact_hour + math.radians(shown.hands.hour_error)

    canvas = draw_background(shown.background, 2 * side)
    if shown.drop:
        _cast(canvas, drop_pen(shown.case, shown.drop), matrix, 9, side)
    double = _doubled(matrix)
    draw_dial(canvas, shown, pose, side)
    if shown.hands.shadow:
        cast = shadow_pen(shown.hands, hour_angle, minute_angle)
        if shown.case.height:
            shade_dial(cast, shown.case, 0.8 * shown.hands.shadow)
        _cast(canvas, cast, matrix, shown.hands.shadow_blur, side)
    pen = Pen()
    draw_hands(pen, shown.hands, hour_angle, minute_angle)
    pen.paint(canvas, double)

    points = _points(shown, matrix, hour_angle, minute_angle)
    readable = _in_sight(points, shown.faults, side)
    if shown.watermark >= 0:
        _stamp(canvas, shown.watermark)
    if shown.occluder is not None:
        corners = np.rint(shown.occluder[0] * (2 * side) * 16).astype(np.int32)
        cv2.fillPoly(canvas, [corners], shown.occluder[1], cv2.LINE_8, 4)
        readable = readable and not _hidden(points, shown.occluder[0] * side)
    image = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA)
    return Shot(photograph(image, shown.light, shown.faults), points, homography, minutes, readable)


def _doubled(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same view at twice the size: pixel middles, not corners, are whole numbers."""
    double = matrix.copy()
    double[:2] = 2 * double[:2] + 0.5 * double[2]
    return double


def draw_dial(canvas: NDArray[Any], shown: Scene, pose: Pose, side: int) -> None:
    """Case, face with its texture, marks and rim on ``canvas`` (2 side, 2 side)."""
    dial, pen, double = shown.dial, Pen(), _doubled(pose.matrix())
    draw_case(pen, shown.case, dial.face)
    pen.paint(canvas, double)
    if dial.texture >= 0:
        _lay_texture(canvas, shown, double, pose.homography(), side)
    pen = Pen()
    draw_marks(pen, dial, shown.case)
    draw_rim(pen, shown.case)
    pen.paint(canvas, double)


def _lay_texture(
    canvas: NDArray[Any], shown: Scene, double: NDArray[np.float64], homography: NDArray[np.float64], side: int
) -> None:
    dial = shown.dial
    half, reach = wild_textures.FACE_SIDE / 2, wild_textures.FACE_REACH
    plane = inverse(homography)  # pixels -> the dial's plane
    into = np.array([[half / reach, 0, half - 0.5], [0, half / reach, half - 0.5], [0, 0, 1.0]]) @ plane
    texture = wild_textures.face_texture(dial.texture)
    # Dark faces are textured less: their marks must stay readable.
    contrast = dial.contrast * min(1.0, (dial.face + 40) / 200)
    seen = cv2.warpPerspective(
        texture, into, (side, side), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    offset = min(dial.face, 255 - 60 * contrast) - 128 * contrast
    tones = np.clip(np.arange(256) * contrast + offset, 0, 255).astype(np.uint8)
    large = _twice(cv2.LUT(seen, tones))
    mask = np.zeros_like(canvas)
    cover = Pen()
    cover.fill(wild_case.outline(shown.case.shape, shown.case.aspect), 255)
    cover.paint(mask, double)
    cv2.copyTo(large, mask, canvas)


def _twice(picture: NDArray[Any]) -> NDArray[Any]:
    """``(side, side)`` -> ``(2 side, 2 side)``, every pixel four times (a third of the time that ``cv2.resize`` takes)."""
    wide = cv2.merge([picture, picture]).reshape(picture.shape[0], -1)
    return np.repeat(wide, 2, axis=0)


def _cast(canvas: NDArray[Any], pen: Pen, matrix: NDArray[np.float64], blur: int, side: int) -> None:
    """Darken ``canvas`` where the pen's shapes lie, with soft edges."""
    shade: NDArray[Any] = np.full((side, side), 255, np.uint8)
    pen.paint(shade, matrix)
    cv2.multiply(canvas, _twice(cv2.blur(shade, (blur, blur))), dst=canvas, scale=1 / 255)


def _stamp(canvas: NDArray[Any], number: int) -> None:
    """A watermark across the picture, half transparent."""
    pen, side = Pen(), canvas.shape[0]
    letters = outline("arimo-700", ("stock photo", "SAMPLE", "agency", "Copyright", "www clocks")[number % 5])
    points = letters.points * (0.8 / letters.width) @ np.array([[0.95, -0.3], [0.3, 0.95]])
    pen.fill(points, 255 if number % 3 else 90, letters.ends)
    stamped = canvas.copy()
    pen.paint(stamped, np.array([[side, 0, 0, side * (0.45 + number % 7 / 60)], [0, side, 0, side / 2], [0, 0, 0, 1.0]]))
    cv2.addWeighted(stamped, 0.3, canvas, 0.7, 0, dst=canvas)


def _points(shown: Scene, matrix: NDArray[np.float64], hour_angle: float, minute_angle: float) -> NDArray[np.float64]:
    """``(15, 2)`` pixels of ``face.POINTS``: the numerals' places on a circle, the tips where they are drawn."""
    radius, hands = shown.dial.places_radius, shown.hands
    marks = np.zeros((15, 3))
    marks[[1, *range(4, 15)], :2] = turns(12) * radius
    marks[2] = (math.sin(hour_angle) * hands.hour.length, -math.cos(hour_angle) * hands.hour.length, 0.7 * hands.height)
    marks[3] = (math.sin(minute_angle) * hands.minute.length, -math.cos(minute_angle) * hands.minute.length, hands.height)
    return project(matrix, marks)


def _in_sight(points: NDArray[np.float64], faults: FaultsSpec, side: int) -> bool:
    """Whether hub and tips lie in the picture, or hardly outside."""
    low, high = [-0.02 * side] * 2, [1.02 * side] * 2
    if any(faults.strip):
        axis = 1 - faults.strip_side % 2
        if faults.strip_side in (1, 2):
            high[axis] -= max(faults.strip) * side
        else:
            low[axis] += max(faults.strip) * side
    return all(low[0] < x < high[0] and low[1] < y < high[1] for x, y in points[[0, 2, 3]].tolist())


def _hidden(points: NDArray[np.float64], occluder: Points) -> bool:
    """Whether more than two fifths of either hand's outer part lie behind ``occluder`` (n, 2) pixels."""
    corners = occluder.astype(np.float32)
    for tip in points[2:4]:
        way = [points[0] + (tip - points[0]) * share for share in (0.4, 0.55, 0.7, 0.85, 0.97)]
        if sum(cv2.pointPolygonTest(corners, (float(x), float(y)), False) >= 0 for x, y in way) > 2:
            return True
    return False
