"""``train(model, data, spec)``: one trainer for every network, resumable to the bit, on any Keras backend.

It knows no particular model: a loss and metrics as ``keras.Model.compile`` takes them, data that gives batches, a
``TrainSpec``. Importing this module imports neither Keras nor TensorFlow.
"""

import contextlib
import dataclasses
import hashlib
import json
import math
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.registry import device_name
from core.specs import TrainSpec

OPTIMIZERS = {
    "adam": "Adam",
    "adamw": "AdamW",
    "adamax": "Adamax",
    "nadam": "Nadam",
    "rmsprop": "RMSprop",
    "sgd": "SGD",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
}
CHECKPOINT_FILE = "checkpoint.npz"
BATCHES_AHEAD = 2
Row = dict[str, Any]
Batch = tuple[Any, Any]
Augment = Callable[[Any, Any, np.random.Generator], Batch]


class CheckpointError(ValueError):
    """A checkpoint belongs to another run or is damaged; the text names the file and the remedy."""


# --- data ------------------------------------------------------------------------------------------------------------


class TrainingData(Protocol):
    """What ``train`` asks of data: ``size`` pictures an epoch, batches of them, and a validation part or None.

    ``batch(indices, epoch, rng)`` gives ``(x, y)``, arrays or lists or dicts of arrays, for ``indices`` into 0..size - 1.
    It may augment or draw afresh; whatever is random comes from ``rng``, which depends on (seed, epoch, batch) alone. It is
    called from another thread, one call at a time, a few batches ahead.
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


def make_optimizer(spec: TrainSpec, model: Any, steps_per_epoch: int) -> Any:
    """The ``keras.optimizers.Optimizer`` that ``spec`` describes; biases and other vectors are not decayed."""
    import keras

    if spec.optimizer not in OPTIMIZERS:
        raise ValueError(f"optimizer must be one of {', '.join(OPTIMIZERS)}; got {spec.optimizer!r}")
    decay = spec.weight_decay if spec.weight_decay or spec.optimizer == "adamw" else None  # AdamW has 0.004 of its own
    optimizer = getattr(keras.optimizers, OPTIMIZERS[spec.optimizer])(
        learning_rate=make_schedule(spec, steps_per_epoch),
        weight_decay=decay,
        global_clipnorm=spec.clip_norm,
        use_ema=spec.ema > 0,
        ema_momentum=spec.ema or 0.99,
    )
    if decay:
        vectors = [variable for variable in model.trainable_variables if len(variable.shape) < 2]
        optimizer.exclude_from_weight_decay(var_list=vectors)
    return optimizer


def make_schedule(spec: TrainSpec, steps_per_epoch: int) -> Any:
    """The learning rate as Keras takes it: a float, or with ``cosine`` a function of the step.

    With W steps of warm-up of T in all, step 0, 1, ... has ``rate (1 + step (W - 1) / W) / W`` up to the peak at step W, then
    ``rate (1 + cos(pi (step - W) / (T - W))) / 2``; Loshchilov & Hutter 2017, equation 5, without restarts.
    """
    import keras

    if spec.schedule == "constant":
        return spec.learning_rate
    total = spec.epochs * steps_per_epoch
    warmup = min(round(spec.warmup_epochs * steps_per_epoch), total - 1)
    if not warmup:
        return keras.optimizers.schedules.CosineDecay(spec.learning_rate, total)
    return keras.optimizers.schedules.CosineDecay(
        spec.learning_rate / warmup,  # not 0: the first step is to learn something
        total - warmup,
        warmup_target=spec.learning_rate,
        warmup_steps=warmup,
    )


# --- training --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TrainingResult:
    """What ``train`` did.

    history: one row an epoch: epoch (from 1), loss, metrics, val_*, seconds, learning_rate (of the step to come).
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


@dataclass
class _Progress:
    """Where a run stands, without the values of its variables; all of it goes into the checkpoint."""

    epoch: int = 0  # whole epochs done
    step: int = 0  # steps done of the epoch under way
    sums: dict[str, float] = field(default_factory=dict)  # loss and metrics times pictures, of the epoch under way
    pictures: int = 0
    epoch_seconds: float = 0.0
    seconds: float = 0.0  # of earlier runs; while running, of this one too
    history: list[Row] = field(default_factory=list)

    def means(self) -> dict[str, float]:
        return {name: total / self.pictures for name, total in self.sums.items()}


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
    minutes: float | None = None,
) -> TrainingResult:
    """Train a ``keras.Model`` in place; with ``spec.ema`` it ends with the averaged weights, which validation uses too.

    loss, metrics, loss_weights: as for ``keras.Model.compile``. The last batch of an epoch may be smaller. Training loss and
    metrics are means over the epoch's batches weighted by pictures, validation ones Keras's own. on_epoch(row) after
    every epoch; on_step(step, steps, means so far) after every step. should_stop() is asked, and ``minutes`` looked at, after
    every step. checkpoint: a folder; there the whole state is written after every epoch and on stopping, on Ctrl-C and
    SIGTERM too (then ``KeyboardInterrupt`` or ``SystemExit`` follows). A later call with the same spec, data and an equal model
    built anew goes on with the very next batch, and ends on the CPU with the same bits as a run that was not stopped; with a
    constant schedule ``epochs`` may grow in between. A checkpoint of something else raises ``CheckpointError``.

    Build the model after ``seed_everything(spec.seed)`` and under ``precision(spec)``.
    """
    import keras

    if minutes is not None and not minutes >= 0:
        raise ValueError(f"minutes must be at least 0; got {minutes}")
    steps = math.ceil(data.size / spec.batch_size)
    optimizer = make_optimizer(spec, model, steps)
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
    path = None if checkpoint is None else Path(checkpoint) / CHECKPOINT_FILE
    identity = {"size": data.size, "variables": _fingerprint(state)}
    progress = _Progress() if path is None or not path.exists() else _restore(path, state, spec, identity)

    started, before, steps_run, pictures_run = time.monotonic(), progress.seconds, 0, 0
    epoch_started, epoch_before = started, progress.epoch_seconds
    stopped = False

    def save() -> None:
        progress.seconds = before + time.monotonic() - started
        if path is not None:
            _store(path, state, spec, identity, progress)

    with _Signals(enabled=path is not None) as signals:

        def asked_to_stop() -> bool:
            late = minutes is not None and time.monotonic() - started >= 60 * minutes
            return late or signals.received is not None or bool(should_stop and should_stop())

        stopped = progress.epoch < spec.epochs and asked_to_stop()
        while progress.epoch < spec.epochs and not stopped:
            with contextlib.closing(_batches(data, spec, progress.epoch, progress.step, steps)) as batches:
                for step, count, (x, y) in batches:
                    logs = model.train_on_batch(x, y, return_dict=True)
                    for name, value in logs.items():
                        progress.sums[name] = progress.sums.get(name, 0.0) + float(value) * count
                    progress.step, progress.pictures = step + 1, progress.pictures + count
                    steps_run, pictures_run = steps_run + 1, pictures_run + count
                    if on_step is not None:
                        on_step(step + 1, steps, progress.means())
                    if progress.step < steps and asked_to_stop():
                        stopped = True
                        break
            progress.epoch_seconds = epoch_before + time.monotonic() - epoch_started
            if stopped:
                break
            row = {"epoch": progress.epoch + 1, **progress.means()}
            if data.valid is not None:
                with _averaged(model, inner):
                    values = model.evaluate(*data.valid, batch_size=spec.batch_size, verbose=0, return_dict=True)
                row |= {f"val_{name}": float(value) for name, value in values.items()}
            rate = float(keras.ops.convert_to_numpy(inner.learning_rate))
            row |= {"seconds": epoch_before + time.monotonic() - epoch_started, "learning_rate": rate}
            progress = _Progress(epoch=progress.epoch + 1, history=[*progress.history, row])
            epoch_started, epoch_before = time.monotonic(), 0.0
            save()
            if on_epoch is not None:
                on_epoch(dict(row))
            stopped = progress.epoch < spec.epochs and asked_to_stop()
        if stopped and progress.step:  # at the end of an epoch all is written already
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
def _averaged(model: Any, optimizer: Any) -> Iterator[None]:
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


class _Signals:
    """Ctrl-C and SIGTERM wait until a step is whole; a second Ctrl-C does not. Only the main thread can hold signals."""

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled and threading.current_thread() is threading.main_thread()
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "_Signals":
        if self.enabled:
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = number

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)

    def raise_received(self) -> None:
        if self.received == signal.SIGINT:
            raise KeyboardInterrupt
        if self.received is not None:
            raise SystemExit(128 + self.received)


# --- checkpoints -----------------------------------------------------------------------------------------------------


def _values(state: Sequence[Any]) -> dict[str, NDArray]:
    import keras

    arrays = {}
    for index, variable in enumerate(state):
        value = np.asarray(keras.ops.convert_to_numpy(variable))
        # npz cannot hold bfloat16; float32 holds every value of it.
        arrays[f"variable_{index:04d}"] = value.astype(np.float32) if value.dtype.name == "bfloat16" else value
    return arrays


def _fingerprint(state: Sequence[Any]) -> str:
    """Names change with what was built before, shapes and types do not."""
    shapes = [[list(variable.shape), str(variable.dtype)] for variable in state]
    return hashlib.sha256(json.dumps(shapes).encode()).hexdigest()[:16]


def _store(path: Path, state: Sequence[Any], spec: TrainSpec, identity: dict[str, Any], progress: _Progress) -> None:
    """Write variables and progress, replacing the old file only when the new one is whole."""
    notes = {"spec": dataclasses.asdict(spec), "identity": identity, "progress": dataclasses.asdict(progress)}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, notes=np.array(json.dumps(notes)), **_values(state))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _restore(path: Path, state: Sequence[Any], spec: TrainSpec, identity: dict[str, Any]) -> _Progress:
    """Put the checkpoint's values into the variables; ``CheckpointError`` if it is not of this run."""
    import zipfile

    remedy = "choose another folder or delete it"
    try:
        with np.load(path, allow_pickle=False) as file:
            notes = json.loads(str(file["notes"]))
            values = [file[name] for name in sorted(file.files) if name != "notes"]
            progress = _Progress(**notes["progress"])
            found_spec, found_identity = notes["spec"], notes["identity"]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"the checkpoint {path} is damaged ({error}); {remedy}") from error
    asked = dataclasses.asdict(spec)
    for name in asked.keys() | found_spec.keys():
        ours, theirs = asked.get(name), found_spec.get(name)
        if name == "epochs" and spec.schedule == "constant":
            if progress.epoch > spec.epochs or (progress.epoch == spec.epochs and progress.step):
                raise CheckpointError(f"the checkpoint {path} has {progress.epoch} epochs already; ask for more than {ours}")
        elif ours != theirs:
            raise CheckpointError(f"the checkpoint {path} belongs to a run with {name} = {theirs!r}, not {ours!r}; {remedy}")
    if found_identity != identity or len(values) != len(state):
        what = "data of another size" if found_identity.get("size") != identity["size"] else "another model"
        raise CheckpointError(f"the checkpoint {path} belongs to {what}; {remedy}")
    for variable, value in zip(state, values, strict=True):
        variable.assign(value)
    return progress
