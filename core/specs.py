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
