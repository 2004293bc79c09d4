"""A time and a style -> a grey picture of a clock, with its truth. The wild styles are drawn by ``clocks.wild``.

A ClockStyle's picture is put together from the back to the front: wood and dial are textures seen through a pinhole camera;
rim and hands are polygons drawn at double size; light, reflection, noise and tones follow at the picture's own size.
Everything random comes from one vector of uniform numbers, everything else is whole-number or plain IEEE arithmetic, so that
one seed gives the same bytes on every machine.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.clocks import wild
from core.clocks.camera import Pose, exact, inverse, project, sampling_maps
from core.clocks.dial import LEVELS, WOOD_SCALE, Grey, bar, dial_textures, direction, fill, wood_texture
from core.clocks.style_specs import CameraSpec, ClockStyle, HandSpec, Range
from core.clocks.styles import STYLES
from core.clocks.time import ClockTime, hand_angles

SIDE = 150  # pixels of the reports' pictures
STYLE_NAMES = (*STYLES, *wild.STYLES)
_UNIFORMS = 40  # random numbers a scene may use
_SECTORS = 36  # pieces that the rim is shaded in, around


# The places whose pixels are known, in this order everywhere: hub, numeral 12, tips of the hands, numerals 1 to 11.
POINTS = ("centre", "twelve", "hour_tip", "minute_tip", *(f"numeral_{hour}" for hour in range(1, 12)))


@dataclass(frozen=True, eq=False)
class Truth:
    """What a picture shows.

    points: float64 (15, 2), pixels of ``POINTS``; a numeral's place is its middle, drawn or not (on wild dials on the circle
    through 12, also where numerals follow an outline that is not round: places tell how the dial lies).
    homography: float64 (3, 3), takes the dial's plane (x to 3, y to 6, unit one dial radius) to homogeneous pixels. minutes:
    what the hands really show, 0-720, ``time`` being the whole minute before. readable: whether both hands can be seen.
    """

    time: ClockTime
    points: NDArray[np.float64]
    homography: NDArray[np.float64]
    minutes: float = -1.0
    readable: bool = True

    def __post_init__(self) -> None:
        if self.minutes < 0:
            object.__setattr__(self, "minutes", float(self.time.minutes))


@dataclass(frozen=True)
class Face:
    """A picture, uint8 (side, side), and its truth."""

    image: Grey
    truth: Truth


class _Dice:
    """Uniform numbers, handed out in order."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._numbers = iter(rng.random(_UNIFORMS).tolist())

    def between(self, ends: Range) -> float:
        return ends[0] + (ends[1] - ends[0]) * next(self._numbers)

    def chance(self, share: float) -> bool:
        return next(self._numbers) < share

    def below(self, count: int) -> int:
        return int(next(self._numbers) * count)


def render(
    time: ClockTime, style: ClockStyle | str = "report", *, seed: int | tuple[int, ...] = 0, side: int | None = None
) -> Face:
    """Draw ``time`` in ``style`` (one of ``STYLE_NAMES`` or a ClockStyle of your own) as seen by a camera that ``seed`` places.

    side: of the square picture in pixels, 32-600; None for the style's own. Returns a Face; the same arguments give the same
    bytes everywhere, those of the wild styles on one machine.
    """
    if isinstance(style, str) and style not in STYLE_NAMES:
        raise ValueError(f"no style {style!r}; known: {', '.join(STYLE_NAMES)}")
    if side is None:
        side = wild.SIDE if style in wild.STYLES else SIDE
    if not 32 <= side <= 600:
        raise ValueError(f"side must lie in 32-600 pixels; got {side}")
    if isinstance(style, str):
        if style in wild.STYLES:
            shot = wild.draw(wild.scene(seed, held_out=style != "wild"), time, side)
            return Face(shot.image, Truth(time, shot.points, shot.homography, shot.minutes, shot.readable))
        style = STYLES[style]
    dice = _Dice(np.random.default_rng(seed))
    camera = style.camera
    pose = Pose(
        roll=math.radians(_roll(camera, dice.between((0.0, 1.0)))),
        tilt=math.radians(dice.between(camera.tilt)),
        near=math.radians(dice.between(camera.near)),
        radius=(radius := dice.between(camera.radius) * side),
        distance=dice.between(camera.focal) * side / radius,
        x=(side - 1) / 2 + dice.between(camera.offset) * side,
        y=(side - 1) / 2 + dice.between(camera.offset) * side,
    )
    # Round once, so that nothing below depends on the last bit of a conversion.
    pose = Pose(**{name: round(value, 9) for name, value in vars(pose).items()})

    image = _wood(style, pose, side, dice)
    image = _object(image, style, pose, time.minutes, side, dice)
    image = _light(image, style, pose, side, dice)
    hour_angle, minute_angle = (float(angle) for angle in hand_angles(time.minutes))
    marks = fixed_marks(style.numerals.radius).copy()
    marks[2] = direction(hour_angle) * style.hour_hand.length
    marks[3] = direction(minute_angle) * style.minute_hand.length
    homography = pose.homography()
    return Face(image, Truth(time, project(homography, marks), homography))


@lru_cache(maxsize=16)
def fixed_marks(radius: float) -> NDArray[np.float64]:
    """``(15, 2)``: the places of ``POINTS`` on the dial for numerals at ``radius``; those of the tips are still empty."""
    numerals = [direction(math.radians(30 * hour)) * radius for hour in range(12)]
    return np.stack([np.zeros(2), numerals[0], np.zeros(2), np.zeros(2), *numerals[1:]])


def _roll(camera: CameraSpec, chance: float) -> float:
    """The dial's roll in degrees for a uniform number in [0, 1): one number decides, whatever the camera."""
    even = camera.any_turn if camera.turns else 1.0
    low, high = camera.roll
    if chance < even:
        return low + (high - low) * (chance / even)
    place = (chance - even) / (1 - even) * len(camera.turns)
    which = min(int(place), len(camera.turns) - 1)
    return camera.turns[which] + camera.near_turn * (2 * (place - which) - 1)


def _wood(style: ClockStyle, pose: Pose, side: int, dice: _Dice) -> NDArray[Any]:
    """Planks at any angle behind the clock, ``(side, side)``."""
    texture = wood_texture()
    turn = 2 * math.pi * dice.between((0, 1))
    shift_x, shift_y = dice.below(texture.shape[1]), dice.below(texture.shape[0])
    cos, sin = exact(math.cos(turn)) * WOOD_SCALE, exact(math.sin(turn)) * WOOD_SCALE
    plane = inverse(pose.homography(style.wall_height))  # pixels -> the wall's plane
    to_texture = np.stack(
        [
            cos * plane[0] - sin * plane[1] + shift_x * plane[2],
            sin * plane[0] + cos * plane[1] + shift_y * plane[2],
            plane[2],
        ]
    )
    wood = cv2.remap(texture, *sampling_maps(to_texture, side, side), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return cv2.LUT(wood, _tone_table(round(dice.between(style.wood_grey)) / 128))


def _object(image: NDArray[Any], style: ClockStyle, pose: Pose, minutes: int, side: int, dice: _Dice) -> NDArray[Any]:
    """Lay dial, rim and hands over ``image``."""
    level = next((level for level in LEVELS if level >= pose.radius), LEVELS[-1])
    texture = dial_textures(style)[level]
    half = texture.shape[0] / 2
    plane = inverse(pose.homography())
    to_texture = np.stack([plane[0] * level + (half - 0.5) * plane[2], plane[1] * level + (half - 0.5) * plane[2], plane[2]])
    edge_radius, edge_height = style.bezel.profile[-1]
    rim = _raise(_circle() * edge_radius, edge_height)
    # Only the box that the dial fills is looked up; the rest of the picture never shows it.
    left, top = np.clip(np.floor(project(pose.matrix(), rim).min(0)).astype(int) - 1, 0, side - 1).tolist()
    right, bottom = np.clip(np.ceil(project(pose.matrix(), rim).max(0)).astype(int) + 2, 1, side).tolist()
    box = cv2.remap(texture, *sampling_maps(to_texture, right - left, bottom - top, left, top), cv2.INTER_LINEAR)
    dial = np.zeros((side, side), np.uint8)
    dial[top:bottom, left:right] = cv2.LUT(box, _tone_table(dice.between(style.face_grey) / 255))

    # Channels of the double-size layer: grey of rim and hands, their cover, the dial's cover.
    layer = np.zeros((2 * side, 2 * side, 3), np.uint8)
    matrix = pose.matrix().copy()
    matrix[:2] = 2 * matrix[:2] + 0.5 * matrix[2]  # pixel middles, not corners, are whole numbers
    fill(layer, project(matrix, rim), (0, 0, 255))
    _draw_rim(layer, style, pose, matrix, dice)
    hour_angle, minute_angle = (float(angle) for angle in hand_angles(minutes))
    for hand, angle in ((style.hour_hand, hour_angle), (style.minute_hand, minute_angle)):
        _draw_hand(layer, hand, angle, matrix, dice)
    # Smooth edges: each pixel is the mean of four.
    grey, cover, face = cv2.split(cv2.resize(layer, (side, side), interpolation=cv2.INTER_AREA))
    behind = cv2.bitwise_not(cv2.add(cover, face))
    result = cv2.add(cv2.multiply(image, behind, scale=1 / 255), cv2.multiply(dial, face, scale=1 / 255))
    return cv2.add(result, grey)


def _raise(points: NDArray[np.float64], height: float) -> NDArray[np.float64]:
    """``(n, 2)`` points of the dial's plane -> ``(n, 3)``, lifted by ``height``."""
    lifted = np.empty((len(points), 3))
    lifted[:, :2] = points
    lifted[:, 2] = height
    return lifted


@lru_cache(maxsize=1)
def _circle() -> NDArray[np.float64]:
    """Directions ``(_SECTORS + 1, 2)`` once around the dial, the first again at the end."""
    turns = [direction(2 * math.pi * sector / _SECTORS) for sector in range(_SECTORS)]
    return np.stack([*turns, turns[0]])


@lru_cache(maxsize=16)
def _rim_mesh(profile: tuple[tuple[float, float], ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners ``(rings, sectors + 1, 3)`` of the rim and its normals ``(rings - 1, sectors, 3)``."""
    circle = _circle()
    rings = np.stack([_raise(circle * r, z) for r, z in profile])
    middles = np.stack([direction(2 * math.pi * (sector + 0.5) / _SECTORS) for sector in range(_SECTORS)])
    normals = []
    for (r0, z0), (r1, z1) in pairwise(profile):
        length = math.sqrt((r1 - r0) ** 2 + (z1 - z0) ** 2)
        out, up = (z1 - z0) / length, (r0 - r1) / length
        normals.append(_raise(middles * out, up))
    return rings, np.stack(normals)


def _draw_rim(layer: Grey, style: ClockStyle, pose: Pose, matrix: NDArray[np.float64], dice: _Dice) -> None:
    """Shade the rim's visible pieces by their angle to a lamp, with the shine on its inner wall and a glint or two."""
    bezel = style.bezel
    rings, normals = _rim_mesh(bezel.profile)
    facing = ((pose.camera_position() - rings[:-1, :-1]) * normals).sum(-1) > 0  # (rings - 1, sectors)
    lamp_turn, lamp_height = dice.between((0, 2 * math.pi)), dice.between((0.3, 0.9))
    lamp = np.append(direction(lamp_turn) * exact(math.sqrt(1 - lamp_height**2)), lamp_height)
    lit = (normals * lamp).sum(-1)
    diffuse = dice.between(bezel.diffuse)
    shade = dice.between(bezel.grey) * (1 - diffuse * 0.6 + diffuse * lit)
    shade *= np.array(bezel.occlusion)[:, None]
    # The inner wall mirrors the dial as a bright crescent.
    middle, width = dice.below(_SECTORS), 1 + dice.below(5)
    bright = dice.between(bezel.crescent)
    for step in range(-width, width + 1):
        shade[-1, (middle + step) % _SECTORS] += bright * (1 - (step / (width + 1)) ** 2)
    colours = np.clip(np.rint(shade), 12, 255).astype(int)
    corners = np.rint(project(matrix, rings) * 16).astype(np.int32)  # (rings, sectors + 1, 2)
    quads = np.stack([corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]], axis=2)
    for quad, colour in zip(quads[facing], colours[facing].tolist(), strict=True):
        cv2.fillConvexPoly(layer, quad, (colour, 255, 0), cv2.LINE_8, 4)
    for _ in range(bezel.glints):
        turn, size, shown = dice.between((0, 2 * math.pi)), dice.between(bezel.glint_size), dice.chance(bezel.glint_share)
        if shown:
            radius, height = bezel.glint_place
            spot = _raise(bar(turn, radius, radius + size, size * 1.4), height)
            fill(layer, project(matrix, spot), (250, 255, 0))


def _draw_hand(layer: Grey, hand: HandSpec, angle: float, matrix: NDArray[np.float64], dice: _Dice) -> None:
    corners = _raise(bar(angle, -hand.tail, hand.length, hand.width), 0.0)
    fill(layer, project(matrix, corners), (round(dice.between(hand.grey)), 255, 0))


def _light(image: NDArray[Any], style: ClockStyle, pose: Pose, side: int, dice: _Dice) -> Grey:
    """Uneven light, the lamp's reflection with its veil, noise, and the tones of the picture."""
    light = style.light
    strength, turn = dice.between(light.gradient), 2 * math.pi * dice.between((0, 1))
    slope = direction(turn) * (2 * strength / side)
    across = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    falloff = (across * np.float32(slope[0]))[None, :] + (across * np.float32(slope[1]) + np.float32(1))[:, None]
    shown = image.astype(np.float32) * falloff
    # The lamp stands above and to the left of the camera more often than not.
    reflected, bearing, away = dice.chance(light.reflection), dice.between((2.4, 5.9)), dice.between((0.1, 0.9))
    core, veil = dice.between(light.core) * pose.radius, dice.between(light.veil) * pose.radius
    haze = dice.between(light.strength)
    if reflected:
        # On the glass: what is up and left in the picture is so on the dial after its own turn.
        spot = direction(bearing + math.pi / 2 - pose.roll) * away
        x, y = project(pose.homography(), spot).tolist()
        squared = (np.arange(side, dtype=np.float32) - np.float32(x)) ** 2
        squared = squared[None, :] + ((np.arange(side, dtype=np.float32) - np.float32(y)) ** 2)[:, None]
        wide = squared * np.float32(1 / veil**2) + np.float32(1)
        narrow = squared * np.float32(1 / core**2)  # saturated where small
        white = np.float32(haze) / (wide * wide) + np.float32(1.4) / (
            narrow * (narrow * np.float32(0.5) + np.float32(1)) + np.float32(1)
        )
        np.minimum(white, np.float32(1), out=white)
        shown += (np.float32(255) - shown) * white
    gain, lift, grain = dice.between(light.gain), dice.between(light.lift), dice.between(light.noise)
    left, top = dice.below(_NOISE_SIDE - side), dice.below(_NOISE_SIDE - side)
    shown *= np.float32(gain * (1 - lift))
    shown += np.float32(255 * lift)
    shown += _noise()[top : top + side, left : left + side] * np.float32(grain)
    np.clip(np.rint(shown, out=shown), 0, 255, out=shown)
    return shown.astype(np.uint8)


_NOISE_SIDE = 1024


@lru_cache(maxsize=1)
def _noise() -> NDArray[np.float32]:
    """Noise of mean 0 and standard deviation 1, close to normal: the sum of twelve bytes, centred (whole-number exact)."""
    octets = np.random.default_rng(12).integers(0, 256, (_NOISE_SIDE, _NOISE_SIDE, 12), dtype=np.uint8)
    total = octets.sum(-1, dtype=np.int32) - 1530
    return total.astype(np.float32) * np.float32(1 / 255.998)  # sqrt(12 (256^2 - 1) / 12)


@lru_cache(maxsize=512)
def _tones(thousandths: int) -> Grey:
    scaled = (np.arange(256) * thousandths + 500) // 1000
    return np.clip(scaled, 0, 255).astype(np.uint8)


def _tone_table(gain: float) -> Grey:
    """A table ``(256,)`` that multiplies greys by ``gain``, to a thousandth."""
    return _tones(round(gain * 1000))
