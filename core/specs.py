"""Frozen dataclasses: the only configuration there is. Every one checks its values and names the remedy."""

import math
from dataclasses import dataclass
from typing import Any, Literal

Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
_KERAS_OPTIMIZERS = ("Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "SGD", "Adagrad", "Adadelta")
OPTIMIZERS = {name.lower(): name for name in _KERAS_OPTIMIZERS}  # names in a TrainSpec -> classes of keras.optimizers


def check_range(name: str, value: float, low: float, high: float, *, open_low: bool = False, open_high: bool = False) -> None:
    """Raise a ``ValueError`` that names the value and the range unless ``low <= value <= high`` (ends open on wish)."""
    inside = (value > low if open_low else value >= low) and (value < high if open_high else value <= high)
    if not inside:
        left, right = "(" if open_low else "[", ")" if open_high else "]"
        raise ValueError(f"{name} must lie in {left}{low}, {high}{right}; got {value}")


def check_whole(name: str, value: Any, low: int, high: int) -> None:
    """Raise a ``ValueError`` that names the value and the range unless it is an ``int`` from ``low`` to ``high``."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} must be a whole number from {low} to {high}; got {value!r}")
    check_range(name, value, low, high)


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
class TrainSpec:
    """How to train; says nothing of what.

    epochs: passes over the training part. batch_size: pictures a step. learning_rate: the peak rate. optimizer: a name
    of ``keras.optimizers``, lower case. schedule: ``constant``, or ``cosine`` (linear warm-up over ``warmup_epochs``, then
    a half cosine to zero over the rest). ema: decay of the moving average of the weights, 0 for none; validation and the
    final weights use the average. seed: of shuffling, dropout and whatever the data draws. precision: the policy that the
    model is built under.
    """

    epochs: int
    batch_size: int = 32
    learning_rate: float = 1e-3
    optimizer: str = "adam"
    weight_decay: float = 0.0
    clip_norm: float | None = None
    schedule: Literal["constant", "cosine"] = "constant"
    warmup_epochs: float = 0.0
    ema: float = 0.0
    seed: int = 0
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        check_whole("epochs", self.epochs, 1, 100_000)
        check_whole("batch_size", self.batch_size, 1, 65_536)
        check_whole("seed", self.seed, 0, 2**32 - 1)  # what NumPy and Keras take
        check_range("learning_rate", self.learning_rate, 0, 100, open_low=True)
        check_range("weight_decay", self.weight_decay, 0, 1)
        check_range("warmup_epochs", self.warmup_epochs, 0, self.epochs)
        check_range("ema", self.ema, 0, 1, open_high=True)
        if self.clip_norm is not None and not 0 < self.clip_norm < math.inf:
            raise ValueError(f"clip_norm must be a finite number above 0, or None for no clipping; got {self.clip_norm!r}")
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"optimizer must be one of {', '.join(OPTIMIZERS)}; got {self.optimizer!r}")
        if self.schedule not in ("constant", "cosine"):
            raise ValueError(f"schedule must be 'constant' or 'cosine'; got {self.schedule!r}")
        if self.precision not in ("float32", "mixed_bfloat16", "mixed_float16"):
            raise ValueError(f"precision must be float32, mixed_bfloat16 or mixed_float16; got {self.precision!r}")


Range = tuple[float, float]  # drawn evenly between the two ends


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


@dataclass(frozen=True)
class ReaderSpec:
    """A residual network that reads clocks: picture -> 720 bins, both hands' sines and cosines, fifteen points.

    side: pixels of the square grey input. widths: channels of each stage; every stage halves the picture, the stem halves
    it once before. blocks: residual blocks a stage. neck: channels that the last stage is squeezed to before it is
    flattened (no pooling: where something lies must not get lost). hidden: units of the dense layer. dropout: before it.
    readable: whether it also says if there is a clock to be read.
    """

    side: int = 150
    stem: int = 16
    widths: tuple[int, ...] = (32, 64, 128)
    blocks: tuple[int, ...] = (1, 2, 1)
    neck: int = 24
    hidden: int = 256
    dropout: float = 0.1
    readable: bool = False

    def __post_init__(self) -> None:
        check_whole("side", self.side, 32, 512)
        for name in ("stem", "neck", "hidden"):
            check_whole(name, getattr(self, name), 1, 65_536)
        check_range("dropout", self.dropout, 0, 1, open_high=True)
        if len(self.widths) < 2 or len(self.widths) != len(self.blocks):
            raise ValueError(
                f"widths and blocks need one number a stage, two stages at least; got {self.widths}, {self.blocks}"
            )
        for number in (*self.widths, *self.blocks):
            check_whole("a number in widths and blocks", number, 1, 65_536)


@dataclass(frozen=True)
class ReportNetSpec:
    """A network of the reports. year: which of the two. head: what it answers, a key of ``clocks.forms.FORMS``.

    dropout: of the 2022 networks, whose report gives none.
    """

    year: Literal["2022", "2023"]
    head: str
    split: bool = False  # a dense stack of its own for each head (2022, section 3.6)
    dropout: float = 0.25

    def __post_init__(self) -> None:
        if self.year not in ("2022", "2023"):
            raise ValueError(f"year must be '2022' or '2023'; got {self.year!r}")
        check_range("dropout", self.dropout, 0, 1, open_high=True)
