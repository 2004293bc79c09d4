"""How fast ``training.train`` is beside the plain Keras script, ``compile`` and ``fit``, in one run."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from core import training
from core.classifiers.runs import unit_pictures
from core.specs import OPTIMIZERS, TrainSpec

ROUNDS = 3


@dataclass(frozen=True, eq=False)
class Lesson:
    """What both sides learn. images: uint8 (n, height, width, channels). labels: as the loss takes them, n of them.

    loss, metrics: make what ``compile`` takes, afresh for each model. spec: of ours; the plain script has its optimiser, rate
    and batch.
    """

    images: NDArray[Any]
    labels: NDArray[Any]
    loss: str
    metrics: Callable[[], list[Any]]
    spec: TrainSpec


def seconds_a_picture(ours: Any, plain: Any, lesson: Lesson, rounds: int = ROUNDS) -> tuple[float, float]:
    """Seconds that ``train`` takes for a picture of the uncompiled model ``ours``, and ``fit`` of ``plain``.

    After every epoch of ours comes one of theirs, so that a machine that slows down slows both; medians over ``rounds``
    epochs. The first epoch of each, which compiles, does not count. The plain script holds its pictures as float32 in [0, 1],
    ours as bytes until a batch is made of them, as in all our runs.
    """
    import keras

    count, batch = len(lesson.images), lesson.spec.batch_size
    optimizer = getattr(keras.optimizers, OPTIMIZERS[lesson.spec.optimizer])(lesson.spec.learning_rate)
    plain.compile(optimizer=optimizer, loss=lesson.loss, metrics=lesson.metrics())
    pictures = unit_pictures(lesson.images)
    took_ours: list[float] = []
    took_plain: list[float] = []
    began = 0.0

    def on_epoch(row: dict[str, Any]) -> None:
        nonlocal began
        took_ours.append(time.perf_counter() - began)
        start = time.perf_counter()
        plain.fit(pictures, lesson.labels, batch_size=batch, verbose=0)
        took_plain.append(time.perf_counter() - start)
        began = time.perf_counter()

    began = time.perf_counter()
    training.train(
        ours,
        training.ArrayData(lesson.images, lesson.labels, augment=lambda x, y, rng: (unit_pictures(x), y)),
        replace(lesson.spec, epochs=1 + rounds),
        loss=lesson.loss,
        metrics=lesson.metrics(),
        on_epoch=on_epoch,
    )
    return statistics.median(took_ours[1:]) / count, statistics.median(took_plain[1:]) / count


def with_plain_layers(model: Any) -> Any:
    """A ``keras.Model`` built anew from its layers, with Keras' own batch normalisation and dropout in place of ours."""
    import keras

    from core.layers import FusedBatchNormalization
    from core.lean_layers import ByteDropout

    theirs: dict[Any, Any] = {
        FusedBatchNormalization: keras.layers.BatchNormalization,
        ByteDropout: keras.layers.Dropout,
    }

    def plain(layer: Any) -> Any:
        kind: Any = type(layer)
        return theirs.get(kind, kind).from_config(layer.get_config())

    return keras.models.clone_model(model, clone_function=plain)
