"""``train(model, data, spec)``: one trainer for every network, resumable to the bit, on any Keras backend.

It knows no particular model: a loss and metrics as ``keras.Model.compile`` takes them, data that gives batches, a
``TrainSpec``. Importing this module imports neither Keras nor TensorFlow.
"""

import contextlib
import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core import checkpoints
from core.checkpoints import CHECKPOINT_FILE, Progress, Row, Signals
from core.devices import device_name
from core.optimizers import make_optimizer
from core.specs import TrainSpec

BATCHES_AHEAD = 2
Batch = tuple[Any, Any]
Augment = Callable[[Any, Any, np.random.Generator], Batch]


# --- data ------------------------------------------------------------------------------------------------------------


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
    """

    x: Any
    y: Any
    valid: Batch | None = None
    augment: Augment | None = None

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


# --- optimiser and policy --------------------------------------------------------------------------------------------


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and the backend; before building a model it decides its first weights and its dropout."""
    import keras

    keras.utils.set_random_seed(seed)


@contextlib.contextmanager
def precision(spec: TrainSpec) -> Iterator[None]:
    """Build a model in here: ``spec.precision`` is Keras's global policy meanwhile, the old one again afterwards."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(spec.precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


# --- training --------------------------------------------------------------------------------------------------------


class DivergedError(ArithmeticError):
    """The loss or the weights are no numbers any more; the text says where, and what helps."""

    def __init__(self, what: str, spec: TrainSpec, epoch: int, step: int, steps: int) -> None:
        clipped = f"clip_norm (now {spec.clip_norm:g})" if spec.clip_norm else "set clip_norm"
        super().__init__(
            f"training diverged: {what} after step {step} of {steps} in epoch {epoch}. "
            f"Begin anew and lower learning_rate (now {spec.learning_rate:g}) or {clipped}."
        )


@dataclass(frozen=True)
class TrainingResult:
    """What ``train`` did.

    history: one row an epoch: epoch (from 1), loss, metrics, val_*, seconds, seconds_waiting (for batches; of this run alone),
    learning_rate (of the step to come).
    epochs_trained: whole epochs, earlier runs included; finished: all of those asked. seconds: all runs together;
    steps_per_second and pictures_per_second: of this run, validation included (0 if it made no step).
    """

    history: list[Row]
    epochs_trained: int
    finished: bool
    seconds: float
    steps_per_second: float
    pictures_per_second: float
    device: str


def train(
    model: Any,
    data: TrainingData,
    spec: TrainSpec,
    *,
    loss: Any,
    metrics: Any = None,
    loss_weights: Any = None,
    on_epoch: Callable[[Row], None] | None = None,
    on_step: Callable[[int, int, dict[str, float]], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    checkpoint: Path | None = None,
    data_version: str = "",
    minutes: float | None = None,
    earlier: Sequence[Row] = (),
) -> TrainingResult:
    """Train a ``keras.Model`` in place; with ``spec.ema`` it ends with the averaged weights, which validation uses too.

    loss, metrics, loss_weights: as for ``keras.Model.compile``. The last batch of an epoch may be smaller. Training loss and
    metrics are means over the epoch's batches weighted by pictures, validation ones Keras's own. on_epoch(row) after
    every epoch; on_step(step, steps, means so far) after every step. should_stop() is asked, and ``minutes`` looked at, after
    every step. checkpoint: a folder; there the whole state is written after every epoch and on stopping, on Ctrl-C and
    SIGTERM too (then ``KeyboardInterrupt`` or ``SystemExit`` follows). A later call with the same spec, data and an equal model
    built anew goes on with the very next batch, and ends on the CPU with the same bits as a run that was not stopped (several
    threads may take sums in another order; then the last bits can differ); with a constant schedule ``epochs`` may grow in
    between. A checkpoint of something else, or of data of another ``data_version``,
    raises ``CheckpointError``. A loss that is no finite number raises ``DivergedError``, and the checkpoint stays what it was
    before.

    earlier: the history of a run whose final weights ``model`` already has, for going on where no checkpoint is left: its
    epochs count, its schedule goes on, and only the optimiser starts anew, with its moments, its count and its average.

    Build the model after ``seed_everything(spec.seed)`` and under ``precision(spec)``.
    """
    import keras

    if minutes is not None and not minutes >= 0:
        raise ValueError(f"minutes must be at least 0; got {minutes}")
    steps = math.ceil(data.size / spec.batch_size)
    path = None if checkpoint is None else Path(checkpoint) / CHECKPOINT_FILE
    found = checkpoints.read(path, spec) if path is not None and path.exists() else None
    if found is not None:
        progress = found.progress
    else:
        seconds = sum(row["seconds"] for row in earlier)
        progress = Progress(len(earlier), first_step=len(earlier) * steps, history=list(earlier), seconds=seconds)
    optimizer = make_optimizer(spec, model, steps, progress.first_step)
    on_cpu_tensorflow = keras.backend.backend() == "tensorflow" and device_name().startswith("CPU")
    model.compile(
        optimizer=optimizer,
        loss=loss,
        metrics=metrics,
        loss_weights=loss_weights,
        jit_compile=False if on_cpu_tensorflow else "auto",  # XLA brings nothing there
    )
    model.optimizer.build(model.trainable_variables)
    inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # mixed_float16 wraps it to scale the loss
    state = [*model.variables, *model.optimizer.variables]
    identity = checkpoints.identity(model, state, data.size, loss, loss_weights, data_version)
    if found is not None:
        found.restore(state, identity)

    started, before, steps_run, pictures_run, waited = time.monotonic(), progress.seconds, 0, 0, 0.0
    epoch_started, epoch_before = started, progress.epoch_seconds
    stopped = False

    def save() -> None:
        progress.seconds = before + time.monotonic() - started
        if path is not None:
            checkpoints.store(path, state, spec, identity, progress)

    def check_finite(name: str, value: float) -> None:
        if not math.isfinite(value):
            raise DivergedError(f"{name} is {value}", spec, progress.epoch + 1, progress.step, steps)

    def check_weights() -> None:  # the last step may have ruined them after its loss was known
        for variable in model.trainable_variables:
            values = np.asarray(keras.ops.convert_to_numpy(variable), np.float32)
            if not np.isfinite(values).all():
                check_finite("a weight", float(values[~np.isfinite(values)][0]))

    with Signals(enabled=path is not None) as signals:

        def asked_to_stop() -> bool:
            late = minutes is not None and time.monotonic() - started >= 60 * minutes
            return late or signals.received is not None or bool(should_stop and should_stop())

        stopped = progress.epoch < spec.epochs and asked_to_stop()
        while progress.epoch < spec.epochs and not stopped:
            with contextlib.closing(_batches(data, spec, progress.epoch, progress.step, steps)) as batches:
                asked = time.monotonic()
                for step, count, (x, y) in batches:
                    waited += time.monotonic() - asked
                    logs = model.train_on_batch(x, y, return_dict=True)
                    for name, value in logs.items():
                        progress.sums[name] = progress.sums.get(name, 0.0) + float(value) * count
                    progress.step, progress.pictures = step + 1, progress.pictures + count
                    steps_run, pictures_run = steps_run + 1, pictures_run + count
                    check_finite("loss", float(logs["loss"]))
                    if on_step is not None:
                        on_step(step + 1, steps, progress.means())
                    if progress.step < steps and asked_to_stop():
                        stopped = True
                        break
                    asked = time.monotonic()
            progress.epoch_seconds = epoch_before + time.monotonic() - epoch_started
            if stopped:
                break
            check_weights()
            row = {"epoch": progress.epoch + 1, **progress.means()}
            if data.valid is not None:
                with averaged(model, inner):
                    values = model.evaluate(*data.valid, batch_size=spec.batch_size, verbose=0, return_dict=True)
                row |= {f"val_{name}": float(value) for name, value in values.items()}
                check_finite("val_loss", row["val_loss"])
            rate = float(keras.ops.convert_to_numpy(inner.learning_rate))
            row |= {
                "seconds": epoch_before + time.monotonic() - epoch_started,
                "seconds_waiting": waited,
                "learning_rate": rate,
            }
            row |= getattr(data, "rates", dict)()
            progress = Progress(progress.epoch + 1, progress.first_step, history=[*progress.history, row])
            epoch_started, epoch_before, waited = time.monotonic(), 0.0, 0.0
            save()
            if on_epoch is not None:
                on_epoch(dict(row))
            stopped = progress.epoch < spec.epochs and asked_to_stop()
        if stopped and progress.step:  # at the end of an epoch all is written already
            check_weights()
            save()
    signals.raise_received()

    seconds = time.monotonic() - started
    if inner.use_ema and int(keras.ops.convert_to_numpy(inner.iterations)):  # before the first step there is no average
        _use_average(model, inner)
    return TrainingResult(
        history=progress.history,
        epochs_trained=progress.epoch,
        finished=progress.epoch >= spec.epochs,
        seconds=progress.seconds,
        steps_per_second=steps_run / seconds if steps_run else 0.0,
        pictures_per_second=pictures_run / seconds if steps_run else 0.0,
        device=device_name(),
    )


@contextlib.contextmanager
def averaged(model: Any, optimizer: Any) -> Iterator[None]:
    """The model with the averaged weights, where there are any; afterwards with its own again."""
    import keras

    if not optimizer.use_ema:
        yield
        return
    variables = model.trainable_variables
    own = [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]  # copies: assign may write in place
    _use_average(model, optimizer)
    try:
        yield
    finally:
        for variable, value in zip(variables, own, strict=True):
            variable.assign(value)


def _use_average(model: Any, optimizer: Any) -> None:
    import keras

    optimizer.finalize_variable_values(model.trainable_variables)
    for variable in model.trainable_variables:  # JAX shares the arrays, and gives away the model's when it evaluates
        variable.assign(np.array(keras.ops.convert_to_numpy(variable)))
