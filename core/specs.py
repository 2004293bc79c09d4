"""Frozen dataclasses: the only configuration there is. Every one checks its values and names the remedy."""

from dataclasses import dataclass
from typing import Literal

Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]


def check_range(name: str, value: float, low: float, high: float, *, open_low: bool = False, open_high: bool = False) -> None:
    """Raise a ``ValueError`` that names the value and the range unless ``low <= value <= high`` (ends open on wish)."""
    inside = (value > low if open_low else value >= low) and (value < high if open_high else value <= high)
    if not inside:
        left, right = "(" if open_low else "[", ")" if open_high else "]"
        raise ValueError(f"{name} must lie in {left}{low}, {high}{right}; got {value}")


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
        check_range("epochs", self.epochs, 1, 100_000)
        check_range("batch_size", self.batch_size, 1, 65_536)
        check_range("learning_rate", self.learning_rate, 0, 100, open_low=True)
        check_range("weight_decay", self.weight_decay, 0, 1)
        check_range("warmup_epochs", self.warmup_epochs, 0, self.epochs)
        check_range("ema", self.ema, 0, 1, open_high=True)
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


@dataclass(frozen=True)
class TickSpec:
    """Marks at the rim, from radius ``inner`` to ``outer``; bars ``width`` wide, or dots when ``dots`` is set."""

    inner: float
    outer: float
    width: float
    grey: int
    dots: bool = False


@dataclass(frozen=True)
class HandSpec:
    """A rectangular hand: lengths and width as shares of the dial's radius, its grey drawn from a range."""

    length: float
    width: float
    tail: float
    grey: Range


@dataclass(frozen=True)
class BezelSpec:
    """The rim as a profile of (radius, height) points from outside to inside, in shares of the dial's radius.

    occlusion: what share of the light reaches each piece of the profile, one number fewer than points.
    """

    profile: tuple[tuple[float, float], ...]
    grey: Range
    occlusion: tuple[float, ...]
    diffuse: Range  # how much of its grey turns with the light


@dataclass(frozen=True)
class CameraSpec:
    """Where the camera stands. Angles in degrees; ``radius``, ``focal`` and ``offset`` as shares of the picture's side.

    roll: of the dial in its plane. tilt: between the dial's normal and the view. near: image direction of the dial's
    near side, 90 is down. radius: of the dial. focal: focal length; small values give strong perspective.
    """

    roll: Range = (0.0, 360.0)
    tilt: Range = (12.0, 41.0)
    near: Range = (60.0, 120.0)
    radius: Range = (0.32, 0.487)
    focal: Range = (1.05, 1.35)
    offset: Range = (-0.055, 0.055)


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


@dataclass(frozen=True)
class ReaderSpec:
    """A residual network that reads clocks: picture -> 720 bins, both hands' sines and cosines, four points.

    side: pixels of the square grey input. widths: channels of each stage; every stage halves the picture, the stem halves
    it once before. blocks: residual blocks a stage. neck: channels that the last stage is squeezed to before it is
    flattened (no pooling: where something lies must not get lost). hidden: units of the dense layer. dropout: before it.
    """

    side: int = 150
    stem: int = 16
    widths: tuple[int, ...] = (32, 64, 128)
    blocks: tuple[int, ...] = (1, 2, 1)
    neck: int = 24
    hidden: int = 256
    dropout: float = 0.1

    def __post_init__(self) -> None:
        check_range("side", self.side, 32, 512)
        check_range("dropout", self.dropout, 0, 1, open_high=True)
        if not self.widths or len(self.widths) != len(self.blocks):
            raise ValueError(f"widths and blocks need one number a stage; got {self.widths} and {self.blocks}")


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
