"""One training run of a classifier. (Signatures; the training follows.)"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.checkpoints import Row
from core.datasets import Dataset
from core.specs import RunSpec


@dataclass(frozen=True, eq=False)
class RunResult:
    spec: RunSpec
    history: list[Row]
    epochs_trained: int
    finished: bool
    diverged: str | None
    test: dict[str, float]
    confusion: NDArray[np.int64]
    wrong: list[tuple[int, int, float]]
    parameters: int
    seconds: float
    device: str
    model: Any


def run(
    spec: RunSpec,
    *,
    data: Dataset | None = None,
    on_epoch: Callable[[Row], None] | None = None,
    on_step: Callable[[int, int, dict[str, float]], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    checkpoint: Path | None = None,
    minutes: float | None = None,
    on_model: Callable[[Any], None] | None = None,
) -> RunResult:
    raise NotImplementedError
