"""``train(model, data, spec)``: one trainer for every network, resumable to the bit, on any Keras backend.

It knows no particular model: a loss and metrics as ``keras.Model.compile`` takes them, data that gives batches, a
``TrainSpec``. Importing this module imports neither Keras nor TensorFlow.
"""

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core import checkpoints
from core.batches import ArrayData, BatchByBatch, Engine, TrainingData, epoch_order
from core.checkpoints import CHECKPOINT_FILE, Progress, Row, Signals
from core.devices import device_name
from core.optimizers import make_optimizer
from core.specs import TrainSpec
from core.stopwatch import Stopwatch

__all__ = [
    "ArrayData",
    "DivergedError",
    "TrainingData",
    "TrainingResult",
    "averaged",
    "epoch_order",
    "precision",
    "seed_everything",
    "train",
]
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
    engine: Callable[[Any, Any, TrainSpec], Engine] = BatchByBatch,
    checkpoint_seconds: float = 0.0,
) -> TrainingResult:
    """Train a ``keras.Model`` in place; with ``spec.ema`` it ends with the averaged weights, which validation uses too.

    loss, metrics, loss_weights: as for ``keras.Model.compile``. The last batch of an epoch may be smaller. Training loss and
    metrics are means over the epoch's batches weighted by pictures, validation ones Keras's own. on_epoch(row) after
    every epoch; on_step(step, steps, means so far) after every step. should_stop() is asked, and ``minutes`` looked at, after
    every step. checkpoint: a folder; there the whole state is written after every epoch and on stopping, on Ctrl-C and
    SIGTERM too (then ``KeyboardInterrupt`` or ``SystemExit`` follows). A later call with the same spec, data and an equal model
    built anew goes on with the very next batch, and ends on the CPU with the same bits as a run that was not stopped (several
    threads may take sums in another order; then the last bits can differ); with a constant schedule ``epochs`` may grow in
    between, with a cosine where it ended and begins anew (``TrainSpec.restart_epochs``). A checkpoint of something else, or of
    data of another ``data_version``, raises ``CheckpointError``. A loss that is no finite number raises ``DivergedError``, and
    the checkpoint stays what it was before.

    earlier: the history of a run whose final weights ``model`` already has, for going on where no checkpoint is left: its
    epochs count, its schedule goes on, and only the optimiser starts anew, with its moments, its count and its average; if it
    has moments, its rate rises to the schedule's over one epoch.

    engine: makes the steps, and with several at a time ``on_step``, ``should_stop`` and ``minutes`` come after all of them.
    checkpoint_seconds: an epoch that ends sooner after the last writing is not written, unless it is the last.

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
        first, ramp = len(earlier) * steps, steps if earlier and spec.optimizer != "sgd" else 0  # it has no moments to find
        progress = Progress(len(earlier), first_step=first, ramp=ramp, history=list(earlier), seconds=seconds)
    optimizer = make_optimizer(spec, model, steps, progress.first_step, progress.ramp)
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

    makes = engine(model, data, spec)
    started, worked = time.monotonic(), Stopwatch()
    before, steps_run, pictures_run, waited = progress.seconds, 0, 0, 0.0
    epoch_started, epoch_before = 0.0, progress.epoch_seconds
    stopped = False

    written, saved = started, (progress.epoch, progress.step)

    def save() -> None:
        nonlocal written, saved
        progress.seconds = before + worked()
        if path is not None:
            checkpoints.store(path, state, spec, identity, progress)
        written, saved = time.monotonic(), (progress.epoch, progress.step)

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
            with contextlib.closing(makes.steps(progress.epoch, progress.step, steps)) as parts:
                for done in parts:
                    waited += done.waited
                    for name, value in done.means.items():
                        progress.sums[name] = progress.sums.get(name, 0.0) + value * done.pictures
                    steps_run, pictures_run = steps_run + done.step - progress.step, pictures_run + done.pictures
                    progress.step, progress.pictures = done.step, progress.pictures + done.pictures
                    worked()
                    check_finite("loss", done.means["loss"])
                    if on_step is not None:
                        on_step(done.step, steps, progress.means())
                    if progress.step < steps and asked_to_stop():
                        stopped = True
                        break
            progress.epoch_seconds = epoch_before + worked() - epoch_started
            if stopped:
                break
            check_weights()
            row = {"epoch": progress.epoch + 1, **progress.means()}
            if data.valid is not None:
                with averaged(model, inner):
                    row |= {f"val_{name}": value for name, value in makes.evaluate().items()}
                check_finite("val_loss", row["val_loss"])
            rate = float(keras.ops.convert_to_numpy(inner.learning_rate))
            row |= {
                "seconds": epoch_before + worked() - epoch_started,
                "seconds_waiting": waited,
                "learning_rate": rate,
            }
            row |= getattr(data, "rates", dict)()
            history = [*progress.history, row]
            progress = Progress(progress.epoch + 1, progress.first_step, ramp=progress.ramp, history=history)
            epoch_started, epoch_before, waited = worked(), 0.0, 0.0
            if time.monotonic() - written >= checkpoint_seconds:
                save()
            if on_epoch is not None:
                on_epoch(dict(row))
            stopped = progress.epoch < spec.epochs and asked_to_stop()
        if stopped and progress.step:
            check_weights()
        if saved != (progress.epoch, progress.step):
            save()
    signals.raise_received()

    seconds = worked()
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
