"""Training with all pictures in the memory of the device, an epoch a call: for networks so small that a GPU waits for Python.

``train`` hands over one batch after another, which costs a few milliseconds each; a network of the reports takes a tenth of
that on a current GPU. Here an epoch is one ``jax.lax.scan`` over its batches. Same order of pictures, same losses, same
optimiser, same mathematics; needs ``KERAS_BACKEND=jax``.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.checkpoints import Row
from core.devices import device_name
from core.optimizers import make_optimizer
from core.specs import TrainSpec
from core.training import DivergedError, TrainingResult, epoch_order


@dataclass(frozen=True, eq=False)
class ResidentData:
    """What stays on the device.

    images: uint8 (n, height, width). tones: float32 (256,), what the network sees of each grey. targets: an array (n, ...) or a
    dict of them. valid: pictures float32 and targets, as in ``TrainingData``.
    """

    images: NDArray[np.uint8]
    tones: NDArray[np.float32]
    targets: Any
    valid: tuple[NDArray[np.float32], Any]


def total_loss(loss: Any, weights: Mapping[str, float] | None, true: Any, predicted: Any) -> Any:
    """The loss that ``keras.Model.compile`` makes of ``loss`` and ``loss_weights``: each output's mean, weighed and summed."""
    import keras
    from keras import ops

    if isinstance(loss, dict):
        weights = weights or dict.fromkeys(loss, 1.0)
        return sum(weights[name] * total_loss(loss[name], None, true[name], predicted[name]) for name in loss)
    function = keras.losses.get(loss)
    if isinstance(function, keras.losses.Loss):
        return function(true, predicted)
    return ops.mean(ops.cast(function(true, ops.cast(predicted, "float32")), "float32"))


def train_resident(
    model: Any,
    data: ResidentData,
    spec: TrainSpec,
    *,
    loss: Any,
    loss_weights: Mapping[str, float] | None = None,
    on_epoch: Callable[[Row], None] | None = None,
    minutes: float | None = None,
) -> TrainingResult:
    """Train a ``keras.Model`` in place, as ``training.train`` does, without metrics, averaged weights and checkpoints.

    It stops after the epoch in which ``minutes`` are over. ``DivergedError`` when an epoch's mean loss is no finite number.
    """
    import jax
    import keras

    if keras.backend.backend() != "jax":
        raise RuntimeError(f"train_resident needs KERAS_BACKEND=jax; got {keras.backend.backend()}")
    if spec.ema:
        raise ValueError(f"train_resident keeps no averaged weights; got ema = {spec.ema}. Use training.train")
    count, size = len(data.images), spec.batch_size
    steps = math.ceil(count / size)
    optimizer = make_optimizer(spec, model, steps)
    optimizer.build(model.trainable_variables)
    images, tones = jax.device_put(data.images), jax.device_put(data.tones)
    targets = jax.tree.map(jax.device_put, data.targets)

    def loss_of(weights: Any, rest: Any, x: Any, y: Any, training: bool) -> Any:
        predicted, rest = model.stateless_call(weights, rest, x, training=training)
        return total_loss(loss, loss_weights, y, predicted), rest

    slope = jax.value_and_grad(loss_of, has_aux=True)

    def step(state: Any, chosen: Any) -> Any:
        weights, rest, moments = state
        x = tones[images[chosen]][..., None]  # (batch, height, width, 1)
        (value, rest), gradients = slope(weights, rest, x, jax.tree.map(lambda part: part[chosen], targets), True)
        weights, moments = optimizer.stateless_apply(moments, gradients, weights)
        return (weights, rest, moments), value

    whole = jax.jit(lambda state, batches: jax.lax.scan(step, state, batches), donate_argnums=0)
    last = jax.jit(step, donate_argnums=0)
    look = jax.jit(lambda weights, rest, x, y: loss_of(weights, rest, x, y, False)[0])

    def values(variables: Any) -> list[Any]:
        return [variable.value for variable in variables]

    state = tuple(map(values, (model.trainable_variables, model.non_trainable_variables, optimizer.variables)))
    history: list[Row] = []
    started = time.monotonic()
    while len(history) < spec.epochs and (minutes is None or time.monotonic() - started < 60 * minutes):
        begun, epoch = time.monotonic(), len(history)
        order = epoch_order(count, spec.seed, epoch)
        full = count // size * size
        losses = np.empty(0)
        if full:
            state, found = whole(state, order[:full].reshape(-1, size))
            losses = np.repeat(np.asarray(found, np.float64), size)
        if full < count:  # the last batch is smaller
            state, found = last(state, order[full:])
            losses = np.append(losses, np.full(count - full, float(found)))
        row: Row = {"epoch": epoch + 1, "loss": float(losses.mean())}
        if not math.isfinite(row["loss"]):
            raise DivergedError(f"loss is {row['loss']}", spec, epoch + 1, steps, steps)
        row["val_loss"] = _valid_loss(look, state, data.valid, size)
        row |= {"seconds": time.monotonic() - begun, "learning_rate": float(spec.learning_rate)}
        history.append(row)
        if on_epoch is not None:
            on_epoch(dict(row))
    seconds = time.monotonic() - started
    for variables, kept in zip((model.trainable_variables, model.non_trainable_variables), state[:2], strict=True):
        for variable, value in zip(variables, kept, strict=True):
            variable.assign(value)
    return TrainingResult(
        history=history,
        epochs_trained=len(history),
        finished=len(history) >= spec.epochs,
        seconds=seconds,
        steps_per_second=len(history) * steps / seconds,
        pictures_per_second=len(history) * count / seconds,
        device=device_name(),
    )


def _valid_loss(look: Any, state: Any, valid: tuple[NDArray[np.float32], Any], size: int) -> float:
    """The mean loss over the validation part, ``size`` pictures at a time."""
    import jax

    pictures, targets = valid
    total = 0.0
    for start in range(0, len(pictures), size):
        part = slice(start, start + size)
        x, y = pictures[part], jax.tree.map(lambda array, part=part: array[part], targets)
        total += float(look(state[0], state[1], x, y)) * len(x)
    return total / len(pictures)
