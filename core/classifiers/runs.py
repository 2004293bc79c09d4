"""``run(spec)``: one training run of a classifier, from its data to its confusion matrix."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import checkpoints, training
from core.batches import ArrayData
from core.checkpoints import CHECKPOINT_FILE, Row
from core.classifiers.architectures import check_run
from core.datasets import Dataset, Part, load_dataset
from core.devices import device_name
from core.resident import best_train
from core.resident_data import unit_floats
from core.specs import RunSpec

ORDER_SEED = 7  # which of the training pictures a run with fewer takes
MOST_WRONG = 200


@dataclass(frozen=True, eq=False)
class RunResult:
    """What a run came to.

    history: an epoch a row: epoch (from 1), loss (penalised), cross_entropy (unpenalised), accuracy, val_* of all three,
    seconds, learning_rate. diverged: None, or a sentence when loss or weights were no numbers any more; then the figures are
    those after the last whole epoch. test: loss, cross_entropy, accuracy; empty where that epoch's weights are lost: the run
    went on from the middle of an epoch and diverged before its end. confusion: int64 (classes, classes), [true, predicted];
    zeros where test is empty. wrong: (index in the test part, predicted, confidence), the most confident first, at most 200.
    seconds: all runs from one checkpoint together, without the test.
    """

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


def unit_pictures(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What every classifier sees: uint8 (n, height, width, channels) -> float32 in [0, 1]."""
    return np.divide(images, 255, dtype=np.float32)


def _unit_batch(
    images: NDArray[np.uint8], labels: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    return unit_pictures(images), labels


def _unit_resident(rows: Any, key: Any) -> Any:
    images, labels = rows
    return unit_floats(images), labels


def training_data(
    train: Part,
    valid: Part | None,
    augment: Callable[[Any, Any, np.random.Generator], tuple[Any, Any]] = _unit_batch,
    augment_resident: Callable[[Any, Any], Any] = _unit_resident,
) -> ArrayData:
    """Parts as ``training.train`` takes them: pictures stay bytes until a batch is made of them.

    augment: (uint8 pictures, labels, rng) -> (float32 pictures in [0, 1], labels); augment_resident: the same on a GPU.
    """
    whole = None if valid is None else (unit_pictures(valid.images), valid.labels)
    return ArrayData(train.images, train.labels, whole, augment, augment_resident)


def chosen_pictures(train: Part, pictures: int | None) -> Part:
    """The first ``pictures`` of the training part in a fixed mixed order; all of it, as it stands, for None."""
    if pictures is None:
        return train
    if pictures > len(train):
        raise ValueError(f"pictures must be at most {len(train):,}, the whole training part, or None for it; got {pictures:,}")
    return train.take(np.random.default_rng([ORDER_SEED, len(train)]).permutation(len(train))[:pictures])


def losses() -> tuple[str, list[Any]]:
    """Loss and metrics of a classifier with labels int (n,): the metric ``cross_entropy`` is the loss without penalties."""
    import keras

    metrics = [
        keras.metrics.SparseCategoricalCrossentropy(name="cross_entropy"),
        keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
    ]
    return "sparse_categorical_crossentropy", metrics


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
    """Train the network of ``spec`` and measure it; everything random follows from ``spec.training.seed``.

    data: what ``load_dataset(spec.dataset)`` gives, where it is at hand. on_model(model): called once, before training.
    The rest is that of ``training.train``. ``ValueError`` for contradictory settings, ``DatasetError`` for missing data.
    A loss that is no number ends the run as ``diverged`` and raises nothing.
    """
    check_run(spec, None if data is None else data.info)
    data = load_dataset(spec.dataset) if data is None else data
    train = chosen_pictures(data.train, spec.pictures)

    from core.classifiers.networks import build_classifier

    training.seed_everything(spec.training.seed)
    with training.precision(spec.training):
        model = build_classifier(spec.network)
    if on_model is not None:
        on_model(model)
    begun = None if checkpoint is None else checkpoint / CHECKPOINT_FILE
    found = checkpoints.read(begun, spec.training) if begun is not None and begun.exists() else None
    history: list[Row] = [] if found is None else list(found.progress.history)
    # After the last whole epoch; of a run that goes on they are known from its next epoch on.
    weights: list[NDArray] | None = model.get_weights() if found is None else None

    def keep(row: Row) -> None:
        nonlocal weights
        history.append(row)
        weights = model.get_weights()
        if on_epoch is not None:
            on_epoch(dict(row))

    started = time.monotonic()
    diverged = None
    loss, metrics = losses()
    try:
        result = best_train()(
            model,
            training_data(train, data.valid),
            spec.training,
            loss=loss,
            metrics=metrics,
            on_epoch=keep,
            on_step=on_step,
            should_stop=should_stop,
            checkpoint=checkpoint,
            data_version=f"{spec.dataset} {len(train)}",
            minutes=minutes,
        )
        history, seconds, finished = result.history, result.seconds, result.finished
    except training.DivergedError as error:
        diverged, seconds, finished = str(error), time.monotonic() - started, False
        if found is not None:
            seconds += found.progress.seconds
            weights = found.weights(model) if weights is None else weights
        if weights is not None:
            model.set_weights(weights)
    classes = spec.network.classes
    if diverged is None or weights is not None:
        test, confusion, wrong = measure(model, data.test, classes)
    else:
        test, confusion, wrong = {}, np.zeros((classes, classes), np.int64), []
    return RunResult(
        spec=spec,
        history=history,
        epochs_trained=len(history),
        finished=finished,
        diverged=diverged,
        test=test,
        confusion=confusion,
        wrong=wrong,
        parameters=int(model.count_params()),
        seconds=seconds,
        device=device_name(),
        model=model,
    )


def measure(
    model: Any, part: Part, classes: int, batch_size: int = 256
) -> tuple[dict[str, float], NDArray[np.int64], list[tuple[int, int, float]]]:
    """Figures, confusion and wrong answers of a network on a part, as in ``RunResult``; the pictures go through it once."""
    probabilities = np.asarray(model.predict(unit_pictures(part.images), batch_size=batch_size, verbose=0), np.float32)
    _, metrics = losses()
    for metric in metrics:
        metric.update_state(part.labels, probabilities)  # (n,), (n, classes)
    figures = {metric.name: float(metric.result()) for metric in metrics}
    figures["loss"] = figures["cross_entropy"] + float(sum(model.losses))  # the penalties
    confusion, wrong = confusions(part.labels, probabilities, classes)
    return figures, confusion, wrong


def confusions(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], classes: int
) -> tuple[NDArray[np.int64], list[tuple[int, int, float]]]:
    """Labels (n,) and probabilities (n, classes) -> confusion (classes, classes) and the most confident wrong answers."""
    predicted = probabilities.argmax(axis=1)
    confusion = np.bincount(labels * classes + predicted, minlength=classes * classes).reshape(classes, classes)
    confidence = probabilities[np.arange(len(labels)), predicted]
    places = np.flatnonzero(predicted != labels)
    places = places[np.argsort(-confidence[places], kind="stable")][:MOST_WRONG]
    wrong = [(int(place), int(predicted[place]), float(confidence[place])) for place in places]
    return confusion.astype(np.int64), wrong
