"""Frozen dataclasses: the only configuration there is. Every one checks its values and names the remedy."""

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
_KERAS_OPTIMIZERS = ("Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "SGD", "Adagrad", "Adadelta")
OPTIMIZERS = {name.lower(): name for name in _KERAS_OPTIMIZERS}  # names in a TrainSpec -> classes of keras.optimizers
INITIALIZERS = ("ones", "zeros", "uniform", "normal", "glorot_uniform", "he_normal")
ACTIVATIONS = ("relu", "tanh", "sigmoid", "softmax", "elu", "selu", "gelu", "silu")
REGULARIZERS = ("none", "l1", "l2")


def check_range(name: str, value: float, low: float, high: float, *, open_low: bool = False, open_high: bool = False) -> None:
    """Raise a ``ValueError`` that names the value and the range unless ``low <= value <= high`` (ends open on wish)."""
    inside = (value > low if open_low else value >= low) and (value < high if open_high else value <= high)
    if not inside:
        left, right = "(" if open_low else "[", ")" if open_high else "]"
        raise ValueError(f"{name} must lie in {left}{low}, {high}{right}; got {value}")


def check_choice(name: str, value: Any, known: Iterable[str]) -> None:
    """Raise a ``ValueError`` that names the value and what is known unless ``value`` is one of ``known``."""
    known = list(known)
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}; got {value!r}")


def check_whole(name: str, value: Any, low: int, high: int) -> None:
    """Raise a ``ValueError`` that names the value and the range unless it is an ``int`` from ``low`` to ``high``."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} must be a whole number from {low} to {high}; got {value!r}")
    check_range(name, value, low, high)


@dataclass(frozen=True)
class TrainSpec:
    """How to train; says nothing of what.

    epochs: passes over the training part. batch_size: pictures a step. learning_rate: the peak rate. optimizer: a name
    of ``keras.optimizers``, lower case. schedule: after a linear warm-up over ``warmup_epochs`` it is ``constant``, or goes
    down to zero over the rest as a half ``cosine``. restart_epochs: after each of these the cosine is at zero and begins anew
    at half the peak, to be at zero again at the next of them or at the end. ema: decay of the moving average of the weights,
    0 for none; validation and the final weights use the average. seed: of shuffling, dropout and whatever the data draws.
    precision: the policy that the model is built under.
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
    restart_epochs: tuple[int, ...] = ()

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
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        if self.schedule not in ("constant", "cosine"):
            raise ValueError(f"schedule must be 'constant' or 'cosine'; got {self.schedule!r}")
        restarts = self.restart_epochs
        if not isinstance(restarts, tuple):
            raise ValueError(f"restart_epochs must be a tuple of whole numbers; got {restarts!r}")
        for restart in restarts:
            check_whole("a number in restart_epochs", restart, 1, self.epochs - 1)
        if list(restarts) != sorted(set(restarts)):
            raise ValueError(f"restart_epochs must rise; got {restarts}")
        if restarts and (self.schedule != "cosine" or restarts[0] < self.warmup_epochs):
            raise ValueError(
                "restart_epochs go with schedule 'cosine' and lie after the warm-up; "
                f"got {restarts} with {self.schedule!r} and warmup_epochs {self.warmup_epochs:g}"
            )
        if self.precision not in ("float32", "mixed_bfloat16", "mixed_float16"):
            raise ValueError(f"precision must be float32, mixed_bfloat16 or mixed_float16; got {self.precision!r}")

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, texts and lists, as cards and checkpoints hold them."""
        return {**dataclasses.asdict(self), "restart_epochs": list(self.restart_epochs)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "TrainSpec":
        """The spec that a card or a checkpoint of any age holds."""
        said = train_settings(plain)
        return cls(**{**said, "restart_epochs": tuple(said["restart_epochs"])})

    @property
    def ends(self) -> tuple[int, ...]:
        """The epochs after which the rate of a cosine is at zero, the last epoch among them."""
        return (*self.restart_epochs, self.epochs)

    def beginnings(self) -> "list[TrainSpec]":
        """Runs that end where this one's cosine begins anew: as far as specs go they are the same up to there."""
        return [self.shortened(end) for end in self.restart_epochs]

    def shortened(self, epochs: int) -> "TrainSpec":
        """The same for so many epochs at most."""
        restarts = tuple(end for end in self.restart_epochs if end < epochs)
        fewer = min(self.epochs, epochs)
        return dataclasses.replace(self, epochs=fewer, warmup_epochs=min(self.warmup_epochs, fewer), restart_epochs=restarts)


def train_settings(plain: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a ``TrainSpec`` that a card or a checkpoint of any age holds, as ``TrainSpec.to_json`` gives them.

    What older ones don't say has its default; once there was one ``restart_epoch``, 0 for none.
    """
    fields = dataclasses.fields(TrainSpec)
    defaults = {field.name: field.default for field in fields if field.default is not dataclasses.MISSING}
    once = plain.get("restart_epoch")
    said = {name: value for name, value in plain.items() if name != "restart_epoch"}
    settings = {**defaults, "restart_epochs": [once] if once else [], **said}
    return {**settings, "restart_epochs": list(settings["restart_epochs"])}


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


@dataclass(frozen=True)
class ClassifierSpec:
    """A network that tells classes apart: picture -> probabilities.

    architecture: a key of ``classifiers.architectures.ARCHITECTURES``. input_shape: (height, width, channels) of its pictures,
    float32 in [0, 1]. initializer: of every kernel; ``uniform`` is U(-0.05, 0.05), ``normal`` N(0, 0.05), biases begin at 0.
    activation: of every hidden layer. regularizer: penalty on every kernel, ``regularization_rate`` times the sum of its
    absolute values (l1) or squares (l2); ``none`` leaves what the architecture has of its own, at that rate. dropout: the rate
    of every dropout layer of the architecture; None: its own rates, 0: none.
    """

    architecture: str
    input_shape: tuple[int, int, int] = (28, 28, 1)
    classes: int = 10
    initializer: str = "glorot_uniform"
    activation: str = "relu"
    regularizer: str = "none"
    regularization_rate: float = 0.01
    dropout: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.input_shape, tuple) or len(self.input_shape) != 3:
            raise ValueError(f"input_shape must be (height, width, channels); got {self.input_shape!r}")
        for name, side in zip(("height", "width"), self.input_shape, strict=False):
            check_whole(f"{name} of input_shape", side, 1, 512)
        if self.input_shape[2] not in (1, 3):
            raise ValueError(f"channels of input_shape must be 1 (grey) or 3 (colour); got {self.input_shape[2]!r}")
        check_whole("classes", self.classes, 2, 10_000)
        check_choice("initializer", self.initializer, INITIALIZERS)
        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("regularizer", self.regularizer, REGULARIZERS)
        check_range("regularization_rate", self.regularization_rate, 0, 10)
        if self.dropout is not None:
            check_range("dropout", self.dropout, 0, 1, open_high=True)


@dataclass(frozen=True)
class RunSpec:
    """One training run of a classifier. dataset: a key of ``datasets.DATASETS``; pictures: of its training part, None: all.

    Whether data set and network fit each other ``classifiers.architectures.check_run`` says.
    """

    dataset: str
    network: ClassifierSpec
    training: TrainSpec
    pictures: int | None = None

    def __post_init__(self) -> None:
        if self.pictures is not None:
            check_whole("pictures", self.pictures, 1, 10_000_000)

    def to_json(self) -> dict[str, Any]:
        """Nested dicts, lists, numbers and strings, as ``json.dumps`` takes them."""
        return dict(json.loads(json.dumps(dataclasses.asdict(self))))

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "RunSpec":
        """The spec that ``to_json`` gave ``plain`` of; ``ValueError`` for anything else."""
        try:
            network, training = dict(plain["network"]), dict(plain["training"])
            network["input_shape"] = tuple(network["input_shape"])
            rest = {name: value for name, value in plain.items() if name not in ("network", "training")}
            return cls(network=ClassifierSpec(**network), training=TrainSpec.from_json(training), **rest)
        except (KeyError, TypeError) as error:  # what is missing or unknown
            raise ValueError(f"this describes no run ({error}); write it with RunSpec.to_json") from error

    @property
    def key(self) -> str:
        """Twelve digits that are equal for equal runs, on every machine; any other setting changes them."""
        plain = self.to_json()
        if not self.training.restart_epochs:  # younger than the runs that are stored: what does not use it keeps its key
            del plain["training"]["restart_epochs"]
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]
