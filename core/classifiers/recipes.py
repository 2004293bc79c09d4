"""How our own classifiers are trained: what more than the reports' hyperparameters brings on their data."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from core.batches import ArrayData
from core.classifiers.evaluation import TASK, classifier_figures
from core.classifiers.runs import losses, training_data, unit_pictures
from core.datasets import DATASETS, load_dataset
from core.recipes import Recipe
from core.resident_data import erased, mirrored, shifted, unit_floats
from core.specs import ClassifierSpec, TrainSpec

AREAS, RATIO = (0.02, 0.2), 0.3  # of erased rectangles: shares of the picture, and the narrowest; Zhong et al. 2020


@dataclass(frozen=True)
class Variation:
    """How pictures are varied afresh in every epoch.

    flip: the share that is mirrored. shift: pixels that a picture may move each way, at most. border: what comes in then, as
    ``numpy.pad`` calls it. erase: the share that loses a rectangle of 2 to 20 % of the picture to noise (Zhong et al. 2020,
    "Random erasing data augmentation").
    """

    flip: float = 0.5
    shift: int = 2
    border: str = "constant"
    erase: float = 0.5


def vary(
    images: NDArray[np.uint8], labels: NDArray[np.int64], rng: np.random.Generator, *, variation: Variation
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """uint8 (n, height, width, channels) -> varied copies, float32 in [0, 1]; labels as they are."""
    count, height, width, channels = images.shape
    mirrored = np.less(rng.random(count), variation.flip).reshape(-1, 1, 1, 1)
    images = np.where(mirrored, images[:, :, ::-1], images)
    if variation.shift:
        span = variation.shift
        around = ((0, 0), (span, span), (span, span), (0, 0))
        padded = np.pad(images, around, mode=variation.border)  # type: ignore[call-overload]
        windows = sliding_window_view(padded, (height, width), axis=(1, 2))  # (n, 2 span + 1, same, channels, height, width)
        down, right = rng.integers(0, 2 * span + 1, (2, count))
        images = windows[np.arange(count), down, right].transpose(0, 2, 3, 1)  # (n, height, width, channels)
    pictures = unit_pictures(images)
    hole = _rectangles(count, height, width, rng)  # (n, height, width)
    hole &= np.less(rng.random(count), variation.erase).reshape(-1, 1, 1)
    pictures[hole] = rng.random((int(hole.sum()), channels), np.float32)
    return pictures, labels


def vary_resident(rows: Any, key: Any, *, variation: Variation) -> Any:
    """``vary`` on a GPU: rows are pictures and labels; other chances with the same odds."""
    import jax

    images, labels = rows
    turns, moves, holes = jax.random.split(key, 3)
    images = mirrored(images, turns, variation.flip)
    if variation.shift:
        images = shifted(images, moves, variation.shift, variation.border)
    return erased(unit_floats(images), holes, variation.erase, AREAS, RATIO), labels


def _rectangles(count: int, height: int, width: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """A rectangle a picture, bool (count, height, width): area 2-20 %, sides in a ratio of 0.3 to 3.3, wholly inside."""
    area = rng.uniform(*AREAS, count) * height * width
    ratio = np.exp(rng.uniform(np.log(RATIO), np.log(1 / RATIO), count))
    tall = np.clip(np.rint(np.sqrt(area * ratio)), 1, height)
    wide = np.clip(np.rint(np.sqrt(area / ratio)), 1, width)
    top = np.floor(rng.random(count) * (height - tall + 1))
    left = np.floor(rng.random(count) * (width - wide + 1))
    rows, columns = np.arange(height), np.arange(width)
    in_rows = (rows >= top[:, None]) & (rows < (top + tall)[:, None])  # (count, height)
    in_columns = (columns >= left[:, None]) & (columns < (left + wide)[:, None])
    return np.asarray(in_rows[:, :, None] & in_columns[:, None, :])


# What two CPU cores get through in about half an hour.
TRAINING = TrainSpec(
    epochs=18,
    batch_size=128,
    learning_rate=2e-3,
    optimizer="adamw",
    weight_decay=0.05,
    clip_norm=5.0,
    schedule="cosine",
    warmup_epochs=2,
    ema=0.998,
    seed=1,
    precision="mixed_bfloat16",
)
SHORT = replace(TRAINING, epochs=10, batch_size=32, warmup_epochs=1, ema=0)  # a minute or two of a small network
SETTLE = 64  # batches: the averaged weights are not those that batch norm's running statistics were taken with


def _data(name: str, variation: Variation, training: TrainSpec) -> ArrayData:
    data = load_dataset(name)
    varied = partial(vary, variation=variation), partial(vary_resident, variation=variation)
    return training_data(data.train, data.valid, *varied)


def _data_words(title: str, data: ArrayData) -> str:
    """What a card says: data sets are cut into parts of different shares, and may be a user's own, so their sizes are told."""
    validated = 0 if data.valid is None else len(data.valid[1])
    return f"{title}: {data.size:,} pictures, varied afresh each epoch; validated on {validated:,} others"


def _build(spec: ClassifierSpec) -> Any:
    from core.classifiers.networks import build_classifier

    return build_classifier(spec)


def _losses() -> tuple[Any, Any, Any]:
    loss, metrics = losses()
    return loss, None, metrics


def _recipe(model_id: str, dataset: str, summary: str, variation: Variation, training: TrainSpec = TRAINING) -> Recipe:
    info = DATASETS[dataset]
    return Recipe(
        model_id=model_id,
        title=f"Our best for {info.title}",
        summary=summary,
        network="core.classifiers.networks.build_classifier",
        spec=ClassifierSpec(model_id, info.shape, len(info.classes), initializer="he_normal"),
        training=training,
        data_name=f"{info.title}: training part, varied afresh each epoch; validated on the validation part",
        data_words=partial(_data_words, info.title),
        data_licence=info.licence,
        build=_build,
        data=partial(_data, dataset, variation),
        losses=_losses,
        figures=classifier_figures,
        extra={"task": TASK, "dataset": dataset, "classes": list(info.classes)},
        settle=SETTLE,
    )


def recipes() -> list[Recipe]:
    """The recipes of our own classifiers."""
    return [
        _recipe(
            "fashion-best",
            "fashion-mnist",
            "A residual network that sees its pictures mirrored, moved and partly erased: what no tuning of an MLP reaches.",
            Variation(erase=0.25),
        ),
        _recipe(
            "cifar10-best",
            "cifar10",
            "The same kind of network for colour pictures: what no network of the reports reaches.",
            Variation(shift=4, border="reflect", erase=0.25),
        ),
    ]
