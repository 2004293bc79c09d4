"""What was tried to train faster on a CPU, and what it gave: one network, trained in turns with each change alone and with all.

Every variant makes a few steps, then the next one does, round after round, so that a machine that slows down slows all. Two
rates: by the clock on the wall, with all cores, on a quiet machine; and by processor time, for a busy one. There set
``TF_NUM_INTRAOP_THREADS=1``, since threads that wait for each other spin, and that counts.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core import paths, training
from core.classifiers.runs import unit_pictures
from core.clocks.report_recipes import recipes
from core.devices import device_name
from core.specs import Precision
from core.tables import write_table
from core.training_pace import with_plain_layers

TABLE = "training_speed.csv"
MODEL = "report23-classes-720"
ROUNDS, STEPS = 5, 4
FUSED, BYTES, RELU, SLICES, ADAM = (
    "fused norm",
    "dropout by bytes",
    "bias and ReLU in one",
    "pooling by slices",
    "one-pass Adam",
)


@dataclass(frozen=True)
class Variant:
    """One way to train. changes: of ``FUSED`` and the others; none: Keras as it comes."""

    name: str
    precision: Precision
    changes: tuple[str, ...] = ()


VARIANTS = (
    Variant("plain Keras", "float32"),
    Variant("plain Keras", "mixed_bfloat16"),
    Variant("fused batch norm", "float32", (FUSED,)),
    Variant("fused batch norm", "mixed_bfloat16", (FUSED,)),
    Variant("and dropout from bytes of chance", "mixed_bfloat16", (FUSED, BYTES)),
    Variant("and bias with ReLU in one step", "mixed_bfloat16", (FUSED, RELU)),
    Variant("and max pooling by slices", "mixed_bfloat16", (FUSED, SLICES)),
    Variant("and Adam in one pass", "mixed_bfloat16", (FUSED, ADAM)),
    Variant("and both dropout and Adam: how we train", "mixed_bfloat16", (FUSED, BYTES, ADAM)),
)


def changed(model: Any, changes: Sequence[str]) -> Any:
    """A ``keras.Model`` built anew from its layers, these and no others of them in our ways; for new training only."""
    import keras

    from core import lean_layers

    ours: dict[Any, Any] = {}
    theirs: dict[Any, Any] = {
        lean_layers.ByteDropout: keras.layers.Dropout,
        lean_layers.SlicedMaxPooling2D: keras.layers.MaxPooling2D,
    }
    if BYTES in changes:
        ours[keras.layers.Dropout] = lean_layers.ByteDropout
    if SLICES in changes:
        ours[keras.layers.MaxPooling2D] = lean_layers.SlicedMaxPooling2D

    def other(layer: Any) -> Any:
        kind: Any = type(layer)
        config, kind = layer.get_config(), theirs.get(kind, kind)
        kind = ours.get(kind, kind)
        if kind in (keras.layers.Conv2D, lean_layers.BiasReluConv2D):  # a ReLU layer follows and changes nothing then
            return (lean_layers.BiasReluConv2D if RELU in changes else keras.layers.Conv2D).from_config(config)
        return kind.from_config(config)

    rebuilt = keras.models.clone_model(model, clone_function=other)
    return rebuilt if FUSED in changes else with_plain_layers(rebuilt)


def steps_of(variant: Variant, batch: tuple[Any, Any], model_id: str = MODEL) -> Callable[[], None]:
    """A function that makes ``STEPS`` steps of a fresh network on ``batch``, compiled already."""
    import keras

    from core.lean_layers import OnePassAdam

    recipe = next(one for one in recipes() if one.model_id == model_id)
    training.seed_everything(0)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(variant.precision)
    try:
        model = changed(recipe.build(recipe.spec), variant.changes)
    finally:
        keras.config.set_dtype_policy(before)
    adam = OnePassAdam if ADAM in variant.changes else keras.optimizers.Adam
    loss, _, metrics = recipe.losses()
    model.compile(optimizer=adam(recipe.training.learning_rate), loss=loss, metrics=metrics, jit_compile=False)

    def run() -> None:
        for _ in range(STEPS):
            model.train_on_batch(*batch)

    run()
    return run


def measure(variants: Sequence[Variant] = VARIANTS, rounds: int = ROUNDS, batch_size: int = 32) -> list[dict[str, Any]]:
    """A row a variant; medians over ``rounds``, ratios to the first variant."""
    rng = np.random.default_rng(0)
    pictures = unit_pictures(rng.integers(0, 256, (batch_size, 150, 150, 1), np.uint8))
    batch = pictures, np.eye(720, dtype=np.float32)[rng.integers(0, 720, batch_size)]
    runs = [steps_of(variant, batch) for variant in variants]
    wall: list[list[float]] = [[] for _ in variants]
    busy: list[list[float]] = [[] for _ in variants]
    for run in runs:  # a first round does not count: it was seen to take four times as long
        run()
    for _ in range(rounds):
        for index, run in enumerate(runs):
            began, used = time.perf_counter(), time.process_time()
            run()
            wall[index].append(time.perf_counter() - began)
            busy[index].append(time.process_time() - used)
    rates = [[STEPS * batch_size / statistics.median(times) for times in both] for both in zip(wall, busy, strict=True)]
    return [
        {
            "variant": variant.name,
            "precision": variant.precision,
            "pictures_per_second": round(fast, 1),
            "ratio": round(fast / rates[0][0], 2),
            "pictures_per_core_second": round(lean, 1),
            "core_ratio": round(lean / rates[0][1], 2),
            "model": MODEL,
            "batch": batch_size,
            "device": device_name(),
        }
        for variant, (fast, lean) in zip(variants, rates, strict=True)
    ]


def write_training_speed(folder: Path | None = None) -> list[dict[str, Any]]:
    """Measure all variants and write ``assets/results/training_speed.csv``; three to five minutes on two cores."""
    rows = measure()
    write_table(paths.RESULTS if folder is None else folder, TABLE, rows)
    return rows
