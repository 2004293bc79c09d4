"""How clocks are drawn, as frozen dataclasses: every one checks its values and names the remedy."""

import math
from dataclasses import dataclass
from typing import Any

from core.specs import check_range, check_whole

Range = tuple[float, float]  # drawn evenly between the two ends


def _check_ranges(spec: Any, low: float, high: float, *names: str, open_low: bool = False) -> None:
    """Each named field is a ``Range``: two finite numbers between ``low`` and ``high``, the smaller one first."""
    for name in names:
        value = getattr(spec, name)
        whole = f"{name} of {type(spec).__name__}"
        if not isinstance(value, tuple | list) or len(value) != 2 or not all(math.isfinite(end) for end in value):
            raise ValueError(f"{whole} must be two finite numbers (low, high); got {value!r}")
        if value[0] > value[1]:
            raise ValueError(f"{whole} must have its lower end first; got {value!r}: swap them")
        for end in value:
            check_range(whole, end, low, high, open_low=open_low)


def _check_values(spec: Any, low: float, high: float, *names: str) -> None:
    for name in names:
        check_range(f"{name} of {type(spec).__name__}", getattr(spec, name), low, high)


@dataclass(frozen=True)
class NumeralSpec:
    """Numerals of a dial. Lengths are shares of the dial's radius; ``upright`` to the dial, else turned to the centre."""

    typeface: str = "lato-light"
    hours: tuple[int, ...] = tuple(range(1, 13))
    radius: float = 0.735
    height: float = 0.15
    grey: int = 70
    upright: bool = True

    def __post_init__(self) -> None:
        for hour in self.hours:
            check_whole("an hour of NumeralSpec", hour, 1, 12)
        _check_values(self, 0, 10, "radius", "height")
        _check_values(self, 0, 255, "grey")


@dataclass(frozen=True)
class TickSpec:
    """Marks at the rim, from radius ``inner`` to ``outer``; bars ``width`` wide, or dots when ``dots`` is set."""

    inner: float
    outer: float
    width: float
    grey: int
    dots: bool = False

    def __post_init__(self) -> None:
        _check_values(self, 0, 10, "inner", "outer", "width")
        _check_values(self, 0, 255, "grey")


@dataclass(frozen=True)
class HandSpec:
    """A rectangular hand: lengths and width as shares of the dial's radius, its grey drawn from a range."""

    length: float
    width: float
    tail: float
    grey: Range

    def __post_init__(self) -> None:
        _check_values(self, 0, 10, "length", "width", "tail")
        _check_ranges(self, 0, 255, "grey")


@dataclass(frozen=True)
class BezelSpec:
    """The rim as a profile of (radius, height) points from outside to inside, in shares of the dial's radius.

    occlusion: what share of the light reaches each piece of the profile, one number fewer than points. crescent: grey levels
    that the inner wall gains where it mirrors the dial. glints: how many points of light may sit on the rim, each with the
    chance ``glint_share``, at (radius, height) ``glint_place``, ``glint_size`` wide.
    """

    profile: tuple[tuple[float, float], ...]
    grey: Range
    occlusion: tuple[float, ...]
    diffuse: Range  # how much of its grey turns with the light
    crescent: Range = (0.0, 150.0)
    glints: int = 2
    glint_share: float = 0.6
    glint_place: tuple[float, float] = (1.07, 0.07)
    glint_size: Range = (0.015, 0.035)

    def __post_init__(self) -> None:
        if len(self.profile) < 2:
            raise ValueError(f"profile of BezelSpec needs at least two points; got {self.profile!r}")
        if len(self.occlusion) != len(self.profile) - 1:
            raise ValueError(
                f"occlusion of BezelSpec needs one number for each piece between {len(self.profile)} points, "
                f"{len(self.profile) - 1}; got {len(self.occlusion)}"
            )
        _check_ranges(self, 0, 255, "grey")
        _check_ranges(self, 0, 1, "diffuse", "glint_size")
        _check_ranges(self, 0, 255, "crescent")
        check_whole("glints", self.glints, 0, 10)
        check_range("glint_share", self.glint_share, 0, 1)


@dataclass(frozen=True)
class CameraSpec:
    """Where the camera stands. Angles in degrees; ``radius``, ``focal`` and ``offset`` as shares of the picture's side.

    roll: of the dial in its plane, clockwise. tilt: between the dial's normal and the view. near: image direction of the
    dial's near side, 90 is down. radius: of the dial. focal: focal length; small values give strong perspective.

    turns: rolls that dials were found at; then a roll lies within ``near_turn`` of one of them, each as likely, and only the
    share ``any_turn`` of the dials is rolled evenly over ``roll``. Empty: all of them are.
    """

    roll: Range = (0.0, 360.0)
    turns: tuple[float, ...] = ()
    near_turn: float = 15.0
    any_turn: float = 0.1
    tilt: Range = (12.0, 41.0)
    near: Range = (60.0, 120.0)
    radius: Range = (0.32, 0.487)
    focal: Range = (1.05, 1.35)
    offset: Range = (-0.055, 0.055)

    def __post_init__(self) -> None:
        _check_ranges(self, -math.inf, math.inf, "roll", "near", "offset")
        for turn in self.turns:
            check_range("a turn of CameraSpec", turn, -360, 360)
        _check_values(self, 0, 180, "near_turn")
        _check_values(self, 0, 1, "any_turn")
        _check_ranges(self, -90, 90, "tilt")
        _check_ranges(self, 0, math.inf, "radius", "focal", open_low=True)


@dataclass(frozen=True)
class LightSpec:
    """Light and lens. Shares of white unless a comment says otherwise.

    reflection: share of pictures with a reflection of the lamp in the glass. core, veil: radius of its saturated
    disc and of the veil around it, in dial radii. strength: of the veil. gradient: of the light across the picture.
    gain, lift: of the tones at the end. noise: standard deviation in grey levels.
    """

    reflection: float = 0.75
    core: Range = (0.05, 0.16)
    veil: Range = (0.35, 0.9)
    strength: Range = (0.15, 0.75)
    gradient: Range = (0.02, 0.16)
    gain: Range = (0.9, 1.14)
    lift: Range = (0.0, 0.06)
    noise: Range = (0.5, 2.2)

    def __post_init__(self) -> None:
        _check_values(self, 0, 1, "reflection")
        _check_ranges(self, 0, math.inf, "core", "veil", open_low=True)
        _check_ranges(self, -math.inf, math.inf, "gradient", "lift")
        _check_ranges(self, 0, math.inf, "strength", "gain", "noise")


@dataclass(frozen=True)
class ClockStyle:
    """Everything that says how a clock is drawn, save the time: new styles are new values, not new code."""

    name: str
    title: str
    numerals: NumeralSpec
    hour_ticks: TickSpec
    minute_ticks: TickSpec
    hour_hand: HandSpec
    minute_hand: HandSpec
    bezel: BezelSpec
    camera: CameraSpec = CameraSpec()
    light: LightSpec = LightSpec()
    face_grey: Range = (196.0, 222.0)
    wood_grey: Range = (60.0, 118.0)
    wall_height: float = -0.14  # of the wood behind the dial, in dial radii

    def __post_init__(self) -> None:
        _check_ranges(self, 0, 255, "face_grey", "wood_grey")
