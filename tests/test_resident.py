"""Training on the device against the trainer that hands over batches, on JAX: the same losses, the same weights."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.clocks import report_recipes
from core.clocks.benchmark import Benchmark
from core.images import adjust_gamma
from core.resident import valid_batch

BOTH = """
import json, sys
sys.modules["tensorflow"] = None  # this needs none, and it takes long to import
from functools import partial
from pathlib import Path
import keras
import numpy as np
from keras import layers
from core import resident
from core.classifiers.recipes import Variation, vary_resident
from core.generators.data import GameData, LeafData, VaeData
from core.generators.gan import build_gan
from core.generators.specs import GanSpec, NetworkSpec
from core.resident import train_resident
from core.specs import TrainSpec
from core.training import ArrayData, train

folder = Path(sys.argv[1])
rng = np.random.default_rng(0)
images = rng.integers(0, 256, (21, 6, 6, 1), dtype=np.uint8)
targets = {"hour": np.eye(3, dtype="float32")[rng.integers(0, 3, 21)], "minute": rng.random((21, 1)).astype("float32")}
x = (images / 255).astype("float32")
valid = x[:10], {name: part[:10] for name, part in targets.items()}
options = {
    "loss": {"hour": "categorical_crossentropy", "minute": "mean_absolute_error"},
    "metrics": {"hour": ["accuracy"], "minute": ["mean_squared_error"]},
}
spec = TrainSpec(epochs=3, batch_size=8, learning_rate=0.01, seed=4, ema=0.9, optimizer="adamw", schedule="cosine")
data = ArrayData(x, targets, valid=valid)  # batches of 8, 8 and 5

def build():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((6, 6, 1))
    flat = layers.BatchNormalization()(layers.Flatten()(inputs))
    flat = layers.Dropout(0.2, seed=3)(flat)
    heads = {"hour": layers.Dense(3, "softmax", name="hour")(flat), "minute": layers.Dense(1, name="minute")(flat)}
    return keras.Model(inputs, heads)

def apart(one, other):
    return max(float(np.abs(a - b).max()) for a, b in zip(one.get_weights(), other.get_weights()))

def rows(result):
    return [{name: row[name] for name in sorted(row) if "seconds" not in name} for row in result.history]

ours, theirs = build(), build()
resident.CALL_SECONDS, resident.FIRST_STEPS = 1e-6, 1  # a step a call
one, other = train_resident(ours, data, spec, **options), train(theirs, data, spec, **options)
# On the device for a while, then batch by batch from the same checkpoint.
mixed, calls = build(), []
begun = train_resident(mixed, data, spec, checkpoint=folder, should_stop=lambda: calls.append(0) or len(calls) > 5, **options)
last = build()
ended = train(last, data, spec, checkpoint=folder, **options)

# What is made on the device has the shapes and ranges of what is made batch by batch.
import jax
pictures = rng.integers(0, 256, (7, 8, 8, 3), dtype=np.uint8)
labels = np.arange(7)
varied = ArrayData(pictures, labels, augment_resident=partial(vary_resident, variation=Variation(erase=1.0)))
made = {}
for name, source in {"vae": VaeData(pictures, mirror=True), "game": GameData(pictures, 5, 2, True),
                     "leaf": LeafData(pictures, labels, room=2), "varied": varied}.items():
    whole = source.resident()
    make = jax.jit(whole.make)
    found, again = make(whole.arrays, jax.random.key(1)), make(whole.arrays, jax.random.key(1))
    same = jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), found, again))
    made[name] = [jax.tree.map(lambda a: [list(a.shape), str(a.dtype), float(a.min()), float(a.max())], found), same]

# A game: two optimisers, dice on the device.
keras.utils.set_random_seed(1)
game = build_gan(GanSpec(NetworkSpec(side=32, latent=4, filters=4)))
before = [np.array(v) for v in game.discriminator.get_weights()]
data = GameData(rng.integers(0, 256, (4, 32, 32, 3), dtype=np.uint8), 4, 1, True)
played = train_resident(game, data, TrainSpec(epochs=1, batch_size=4), loss=None)
moved = max(float(np.abs(a - b).max()) for a, b in zip(before, game.discriminator.get_weights()))
print(json.dumps([apart(ours, theirs), rows(one), rows(other), begun.epochs_trained, apart(last, theirs), rows(ended),
                  made, moved, sorted(played.history[0])]))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    pytest.importorskip("jax")
    root = Path(__file__).resolve().parent.parent
    cache = tmp_path_factory.mktemp("cache")
    # Compiling takes nearly all of the time: without optimisation, and what is compiled once is not compiled again.
    fast = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1", "JAX_COMPILATION_CACHE_DIR": str(cache / "compiled")}
    fast["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    here = {"KERAS_BACKEND": "jax", "PYTHONPATH": str(root), "LATENT_OCLOCK_CACHE": str(cache)}
    environment = {**os.environ, **fast, **here}
    command = [sys.executable, "-c", BOTH, str(cache / "run")]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600)
    assert run.returncode == 0, run.stderr[-3000:]
    return list(json.loads(run.stdout.splitlines()[-1]))


def assert_alike(some: list[dict[str, float]], others: list[dict[str, float]]) -> None:
    assert [sorted(row) for row in some] == [sorted(row) for row in others]
    for row, other in zip(some, others, strict=True):
        for name in row:
            assert row[name] == pytest.approx(other[name], rel=1e-3, abs=1e-5), name


def test_many_steps_a_call_train_as_batch_by_batch(found) -> None:
    apart, ours, theirs = found[:3]
    assert_alike(ours, theirs)
    assert apart < 1e-3
    assert len(ours) == 3
    assert {"loss", "hour_accuracy", "val_loss", "val_minute_mean_squared_error", "learning_rate"} <= set(ours[0])


def test_a_run_goes_on_the_other_way(found) -> None:
    assert 0 < found[3] < 3
    assert found[4] < 1e-3
    assert_alike(found[5], found[2])


def test_what_is_made_on_the_device(found) -> None:
    made = found[6]
    assert all(same for _, same in made.values())
    pictures = [[7, 8, 8, 3], "float32", pytest.approx(0, abs=0.05), pytest.approx(1, abs=0.05)]
    [x, y] = made["vae"][0]
    assert x == y["reconstruction"] == pictures
    assert y["posterior"][:2] == [[7, 1], "float32"]
    [x, y] = made["game"][0]
    assert y is None
    assert x["pictures"][:2] == [[7, 8, 8, 3], "uint8"]
    assert (x["noise"][0], x["dice"][0]) == ([7, 4, 5], [7, 4, 7])
    assert x["noise"][2] < -1
    assert 0 <= x["dice"][2] < x["dice"][3] < 1
    for name in ("leaf", "varied"):
        assert made[name][0][0] == pictures
        assert made[name][0][1][0] == [7]


def test_a_game_on_the_device(found) -> None:
    assert found[7] > 0
    assert {"discriminator_loss", "generator_loss", "loss", "epoch"} <= set(found[8])


@pytest.mark.parametrize(("count", "size"), [(720, 720), (6000, 1000), (5, 5), (1009, 1000), (2018, 1000), (1018, 509)])
def test_validation_in_equal_parts_where_there_are_any(count: int, size: int) -> None:
    assert valid_batch(count) == size


def test_what_stays_on_the_device_is_what_batches_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(1).integers(0, 256, (4, 150, 150), dtype=np.uint8)
    minutes = np.array([0, 61, 302, 719])
    tiny = Benchmark(images, minutes, np.zeros((4, 15, 2), np.float32), np.array([2, 0, 3]), np.array([1]))
    monkeypatch.setattr(report_recipes, "valid_pictures", lambda: (images[:1], minutes[:1], None))
    data = report_recipes.FormData(tiny, "hour-and-minute", gamma=3.0)
    whole = data.resident()
    x, y = data.batch(np.arange(3), 0, np.random.default_rng(0))
    pictures, targets = whole.make(whole.arrays, None)
    np.testing.assert_array_equal(pictures, x)
    greys = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(np.unique(pictures), np.unique(adjust_gamma(greys, 3.0)) / np.float32(255))
    for name in y:
        np.testing.assert_array_equal(targets[name], y[name])
    assert y["minute"].ravel().tolist() == [2, 0, 59]
