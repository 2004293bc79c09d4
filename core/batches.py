"""What networks learn from, batch by batch, and how steps are made of it."""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.resident_data import ResidentData, as_given
from core.specs import TrainSpec

BATCHES_AHEAD = 2
Batch = tuple[Any, Any]
Augment = Callable[[Any, Any, np.random.Generator], Batch]


class TrainingData(Protocol):
    """What ``train`` asks of data: ``size`` pictures an epoch, batches of them, and a validation part or None.

    ``batch(indices, epoch, rng)`` gives ``(x, y)``, arrays or lists or dicts of arrays, for ``indices`` into 0..size - 1.
    It may augment or draw afresh; whatever is random comes from ``rng``, which depends on (seed, epoch, batch) alone. It is
    called from another thread, one call at a time, a few batches ahead. Data may also have ``rates()``: numbers on its own
    speed since they were last asked for, which stand in the history beside ours.
    """

    @property
    def size(self) -> int: ...

    @property
    def valid(self) -> Batch | None: ...

    def batch(self, indices: NDArray[np.int64], epoch: int, rng: np.random.Generator) -> Batch: ...


@dataclass(frozen=True, eq=False)
class ArrayData:
    """Arrays in memory: ``x`` and ``y`` are arrays, or lists or dicts of arrays, with the pictures on the first axis.

    ``augment(x, y, rng) -> (x, y)`` changes a batch afresh in every epoch; it must not write into its arguments' source.
    ``augment_resident``: the same on a GPU, as ``ResidentData.make``; None: there is no such way.
    """

    x: Any
    y: Any
    valid: Batch | None = None
    augment: Augment | None = None
    augment_resident: Callable[[Any, Any], Any] | None = None

    def __post_init__(self) -> None:
        sizes = {len(array) for part in (self.x, self.y) for array in _leaves(part)}
        if len(sizes) != 1 or not min(sizes):
            raise ValueError(f"x and y must hold the same number of pictures, at least 1; got {sorted(sizes)}")

    @property
    def size(self) -> int:
        return len(_leaves(self.x)[0])

    def batch(self, indices: NDArray[np.int64], epoch: int, rng: np.random.Generator) -> Batch:
        x, y = _take(self.x, indices), _take(self.y, indices)
        return (x, y) if self.augment is None else self.augment(x, y, rng)

    def resident(self) -> ResidentData | None:
        """All of it at once; None where batches can only be made by ``augment``."""
        if self.augment is not None and self.augment_resident is None:
            return None
        return ResidentData((self.x, self.y), self.augment_resident or as_given)


def _leaves(part: Any) -> list[NDArray]:
    if isinstance(part, dict):
        return [leaf for item in part.values() for leaf in _leaves(item)]
    if isinstance(part, list | tuple):
        return [leaf for item in part for leaf in _leaves(item)]
    return [part]


def _take(part: Any, indices: NDArray[np.int64]) -> Any:
    if isinstance(part, dict):
        return {key: _take(item, indices) for key, item in part.items()}
    if isinstance(part, list | tuple):
        return type(part)(_take(item, indices) for item in part)
    return part[indices]


def epoch_order(size: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The order of the pictures in epoch 0, 1, ...: a permutation that depends on (seed, epoch) alone."""
    return np.random.default_rng([seed, epoch]).permutation(size)


def _batches(
    data: TrainingData, spec: TrainSpec, epoch: int, first: int, steps: int
) -> Generator[tuple[int, int, Batch], None, None]:
    """``(step, pictures, (x, y))`` of an epoch from step ``first`` on, prepared ``BATCHES_AHEAD`` in a thread, in order."""
    order = epoch_order(data.size, spec.seed, epoch)

    def make(step: int) -> tuple[int, int, Batch]:
        indices = order[step * spec.batch_size : (step + 1) * spec.batch_size]
        return step, len(indices), data.batch(indices, epoch, np.random.default_rng([spec.seed, epoch, step]))

    waiting: deque[Future[tuple[int, int, Batch]]] = deque()
    pool = ThreadPoolExecutor(1, thread_name_prefix="batches")
    try:
        for step in range(first, steps):
            waiting.append(pool.submit(make, step))
            if len(waiting) > BATCHES_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


# --- steps -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Done:
    """Steps that were made. step: how many of the epoch are done now; pictures: in these steps; means: of loss and metrics
    over them; waited: seconds without a batch."""

    step: int
    pictures: int
    means: Mapping[str, float]
    waited: float


class Engine(Protocol):
    """How steps are made: ``engine(model, data, spec)`` of a compiled model. After each ``Done`` the model holds its state."""

    def steps(self, epoch: int, first: int, steps: int) -> Generator[Done, None, None]:
        """The steps ``first`` to ``steps`` - 1 of an epoch, some at a time."""

    def evaluate(self) -> dict[str, float]:
        """Loss and metrics of the validation part, with the weights that the model has now."""


@dataclass(frozen=True, eq=False)
class BatchByBatch:
    """One batch after the other is handed to Keras; works with any data on any backend."""

    model: Any
    data: TrainingData
    spec: TrainSpec

    def steps(self, epoch: int, first: int, steps: int) -> Generator[Done, None, None]:
        with contextlib.closing(_batches(self.data, self.spec, epoch, first, steps)) as batches:
            asked = time.monotonic()
            for step, count, (x, y) in batches:
                waited = time.monotonic() - asked
                logs = self.model.train_on_batch(x, y, return_dict=True)
                yield Done(step + 1, count, {name: float(value) for name, value in logs.items()}, waited)
                asked = time.monotonic()

    def evaluate(self) -> dict[str, float]:
        if self.data.valid is None:
            raise ValueError("this data has no validation part to be evaluated on")
        values = self.model.evaluate(*self.data.valid, batch_size=self.spec.batch_size, verbose=0, return_dict=True)
        return {name: float(value) for name, value in values.items()}
