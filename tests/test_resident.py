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
from core.resident import total_loss

BOTH = """
import json
import keras
import numpy as np
from keras import layers
from core.resident import ResidentData, train_resident
from core.specs import TrainSpec
from core.training import ArrayData, train

rng = np.random.default_rng(0)
images = rng.integers(0, 256, (21, 6, 6), dtype=np.uint8)
targets = {"hour": np.eye(3, dtype="float32")[rng.integers(0, 3, 21)], "minute": rng.random((21, 1)).astype("float32")}
tones = (np.arange(256) / 255).astype("float32")
x = tones[images][..., None]
valid = x[:10], {name: part[:10] for name, part in targets.items()}
loss = {"hour": "categorical_crossentropy", "minute": "mean_absolute_error"}
spec = TrainSpec(epochs=3, batch_size=8, learning_rate=0.01, seed=4)  # batches of 8, 8 and 5

def build():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((6, 6, 1))
    flat = layers.Flatten()(layers.BatchNormalization()(layers.Conv2D(4, 3, use_bias=False)(inputs)))
    heads = {"hour": layers.Dense(3, "softmax", name="hour")(flat), "minute": layers.Dense(1, name="minute")(flat)}
    return keras.Model(inputs, heads)

ours, theirs = build(), build()
one = train_resident(ours, ResidentData(images, tones, targets, valid), spec, loss=loss)
other = train(theirs, ArrayData(x, targets, valid=valid), spec, loss=loss)
apart = max(float(np.abs(a - b).max()) for a, b in zip(ours.get_weights(), theirs.get_weights()))
rows = [[row["loss"], row["val_loss"]] for result in (one, other) for row in result.history]
print(json.dumps([apart, rows, one.finished, one.epochs_trained]))
"""


def test_an_epoch_a_call_trains_as_batch_by_batch() -> None:
    pytest.importorskip("jax")
    root = Path(__file__).resolve().parent.parent
    environment = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(root)}
    run = subprocess.run([sys.executable, "-c", BOTH], capture_output=True, text=True, env=environment, timeout=300, check=True)
    apart, rows, finished, epochs = json.loads(run.stdout.splitlines()[-1])
    np.testing.assert_allclose(rows[:3], rows[3:], rtol=1e-4)
    assert apart < 1e-3
    assert (finished, epochs) == (True, 3)


def test_the_loss_of_two_heads_by_hand() -> None:
    true = {"hour": np.array([[1.0, 0.0], [0.0, 1.0]]), "minute": np.array([[0.5], [1.0]])}
    predicted = {"hour": np.array([[0.5, 0.5], [0.75, 0.25]]), "minute": np.array([[1.0], [0.0]])}
    loss = {"hour": "categorical_crossentropy", "minute": "mean_absolute_error"}
    # (ln 2 + ln 4) / 2 and (0.5 + 1) / 2.
    assert float(total_loss(loss, None, true, predicted)) == pytest.approx(1.5 * np.log(2) + 0.75)
    assert float(total_loss(loss, {"hour": 2.0, "minute": 0.0}, true, predicted)) == pytest.approx(3 * np.log(2))


def test_what_stays_on_the_device_is_what_batches_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(1).integers(0, 256, (4, 150, 150), dtype=np.uint8)
    minutes = np.array([0, 61, 302, 719])
    tiny = Benchmark(images, minutes, np.zeros((4, 15, 2), np.float32), np.array([2, 0, 3]), np.array([1]))
    monkeypatch.setattr(report_recipes, "valid_pictures", lambda: (images[:1], minutes[:1], None))
    data = report_recipes.FormData(tiny, "hour-and-minute", gamma=3.0)
    whole = data.resident()
    x, y = data.batch(np.arange(3), 0, np.random.default_rng(0))
    np.testing.assert_array_equal(whole.tones[whole.images][..., None], x)
    np.testing.assert_array_equal(whole.tones, adjust_gamma(np.arange(256, dtype=np.uint8), 3.0).astype(np.float32) / 255)
    for name in y:
        np.testing.assert_array_equal(whole.targets[name], y[name])
    assert y["minute"].ravel().tolist() == [2, 0, 59]
