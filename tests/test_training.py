"""The trainer against steps worked out by hand; its data, its hooks, every policy and backend."""

import os
import subprocess
import sys
import threading
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.optimizers import make_optimizer
from core.specs import TrainSpec
from core.training import (
    ArrayData,
    DivergedError,
    TrainingResult,
    epoch_order,
    precision,
    seed_everything,
    train,
)

ROOT = Path(__file__).resolve().parent.parent
LOSS = "sparse_categorical_crossentropy"


def line(weight: float = 0.0) -> Any:
    """y = w x, nothing else."""
    import keras

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.set_weights([np.array([[weight]], np.float32)])
    return model


def weight(model: Any) -> float:
    return float(model.get_weights()[0][0, 0])


ONE = ArrayData(np.array([[2.0]], np.float32), np.array([[6.0]], np.float32))  # y = 3 x at x = 2


def tiny(seed: int) -> Any:
    """Everything that has a state: batch norm, dropout, an average of the weights."""
    import keras

    seed_everything(seed)
    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(4, 3, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.Dropout(0.3),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


def noise(x: Any, y: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    return x + rng.normal(0, 0.1, x.shape).astype(np.float32), y


def pictures(n: int = 22) -> ArrayData:
    rng = np.random.default_rng(1)
    x = rng.random((n, 6, 6, 1), np.float32)
    y = (x.mean((1, 2, 3)) * 60).astype(np.int64) % 3
    return ArrayData(x, y, valid=(x[:8], y[:8]), augment=noise)


FULL = TrainSpec(
    epochs=3, batch_size=4, learning_rate=0.01, optimizer="adamw", weight_decay=0.01, clip_norm=1.0,
    schedule="cosine", warmup_epochs=0.5, ema=0.9, seed=5,
)  # fmt: skip  # 22 pictures: 6 steps an epoch, the last of 2 pictures


def run(spec: TrainSpec = FULL, seed: int = 5, count: int = 22, **options: Any) -> tuple[TrainingResult, list[np.ndarray]]:
    model = tiny(seed)
    result = train(model, pictures(count), spec, loss=LOSS, metrics=["accuracy"], **options)
    return result, model.get_weights()


def same_rows(ours: list[dict], theirs: list[dict]) -> None:
    timeless = [[{k: v for k, v in row.items() if not k.startswith("seconds")} for row in rows] for rows in (ours, theirs)]
    assert timeless[0] == timeless[1]


def stop_after(steps: int) -> Any:
    asked = iter(range(10_000))
    return lambda: next(asked) >= steps


# --- by hand -----------------------------------------------------------------------------------------------------


def test_two_steps_of_sgd_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """w 0: loss (0 - 6)^2 = 36, gradient 2 (0 - 6) 2 = -24, w = 0.24. Then loss (0.48 - 6)^2 = 30.4704, gradient -22.08."""
    model = line()
    spec = TrainSpec(epochs=2, learning_rate=0.01, optimizer="sgd")
    now = [100.0]  # a clock that a step takes a second and a half on
    for room in ("training", "stopwatch"):
        monkeypatch.setattr(f"core.{room}.time", SimpleNamespace(monotonic=lambda: now[0], process_time=lambda: now[0]))

    def on_step(*_: Any) -> None:
        now[0] += 1.5

    result = train(model, ONE, spec, loss="mse", on_step=on_step)
    assert [row["loss"] for row in result.history] == pytest.approx([36, 30.4704], rel=1e-6)
    assert weight(model) == pytest.approx(0.24 + 0.2208, rel=1e-6)
    assert (result.epochs_trained, result.finished) == (2, True)
    assert [row["epoch"] for row in result.history] == [1, 2]
    assert [row["learning_rate"] for row in result.history] == pytest.approx([0.01, 0.01])
    assert result.device
    assert [row["seconds"] for row in result.history] == [1.5, 1.5]
    assert (result.seconds, result.steps_per_second, result.pictures_per_second) == (3.0, 2 / 3, 2 / 3)


def test_average_of_the_weights_by_hand() -> None:
    """The average begins at 0.24, then 0.9 * 0.24 + 0.1 * 0.4608 = 0.26208; validation uses it: (2 * 0.26208 - 6)^2."""
    model = line()
    data = replace(ONE, valid=(ONE.x, ONE.y))
    result = train(model, data, TrainSpec(epochs=2, learning_rate=0.01, optimizer="sgd", ema=0.9), loss="mse")
    assert result.history[1]["loss"] == pytest.approx(30.4704, rel=1e-6)
    assert result.history[1]["val_loss"] == pytest.approx((2 * 0.26208 - 6) ** 2, rel=1e-5)
    assert weight(model) == pytest.approx(0.26208, rel=1e-6)


def test_clipping_and_decay_by_hand() -> None:
    model = line(1.0)
    spec = TrainSpec(epochs=1, learning_rate=0.1, optimizer="sgd", weight_decay=0.5, clip_norm=2.0)
    train(model, ONE, spec, loss="mse")  # decay: 1 - 0.5 * 0.1; the gradient of -16 is cut to -2
    assert weight(model) == pytest.approx(0.95 + 0.1 * 2, rel=1e-6)


def test_vectors_are_not_decayed() -> None:
    import keras

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, bias_initializer="ones")])
    model.layers[0].kernel.assign([[1.0]])
    nothing = ArrayData(np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32))  # 0 w + 1 = 1: no gradient
    for name in ("adamw", "sgd"):
        train(model, nothing, TrainSpec(epochs=1, learning_rate=0.1, optimizer=name, weight_decay=0.1), loss="mse")
    kernel, bias = model.get_weights()
    assert kernel[0, 0] == pytest.approx(0.99**2, rel=1e-6)
    assert bias[0] == 1


def test_loss_of_an_epoch_weighs_pictures() -> None:
    x = np.array([[1.0], [1.0], [1.0]], np.float32)
    y = np.array([[1.0], [2.0], [4.0]], np.float32)
    result = train(line(), ArrayData(x, y), TrainSpec(epochs=1, batch_size=2, learning_rate=1e-9, optimizer="sgd"), loss="mse")
    assert result.history[0]["loss"] == pytest.approx((1 + 4 + 16) / 3, rel=1e-5)


EARLIER = [{"epoch": epoch, "loss": 1.0, "seconds": 2.0, "learning_rate": 0.1} for epoch in range(1, 11)]


def test_adam_begins_gently_on_weights_taken_over() -> None:
    """Under a gradient that stays the same, every step of Adam moves a weight by the rate."""
    model, spec = line(1.0), TrainSpec(epochs=11, learning_rate=0.01)
    slope = ArrayData(np.ones((1, 1), np.float32), np.zeros((1, 1), np.float32))
    result = train(model, slope, spec, loss="mae", earlier=EARLIER)  # |w|: gradient 1
    assert weight(model) == pytest.approx(0.99, abs=1e-5)
    assert [row["epoch"] for row in result.history] == list(range(1, 12))
    assert result.seconds >= 20


def test_schedule_and_average_on_weights_taken_over() -> None:
    """SGD, one step an epoch, the eleventh of twelve: rate 0.1 (1 + cos(10 pi / 12)) / 2; the average begins at its weight."""
    model = line(1.0)
    data = replace(ONE, x=np.ones((1, 1), np.float32), y=np.zeros((1, 1), np.float32))
    spec = TrainSpec(epochs=12, learning_rate=0.1, optimizer="sgd", schedule="cosine", ema=0.9)
    result = train(model, data, spec, loss="mae", earlier=EARLIER, should_stop=lambda: weight(model) != 1)
    rates = [0.1 * (1 + np.cos(step * np.pi / 12)) / 2 for step in (10, 11)]
    assert weight(model) == pytest.approx(1 - rates[0], rel=1e-6)
    assert result.history[-1]["learning_rate"] == pytest.approx(rates[1], rel=1e-5)  # of the step to come
    assert result.epochs_trained == 11


def test_every_optimiser_has_its_name() -> None:
    for name in ("adam", "adamw", "adamax", "nadam", "rmsprop", "sgd", "adagrad", "adadelta"):
        made = make_optimizer(TrainSpec(epochs=1, optimizer=name), line(), 1)
        assert name in [kind.__name__.lower() for kind in type(made).__mro__[:3]]  # ours in one pass are Keras' own kinds
    with pytest.raises(ValueError, match="optimizer must be one of adam, "):
        make_optimizer(TrainSpec(epochs=1, optimizer="Adam "), line(), 1)


# --- data --------------------------------------------------------------------------------------------------------


def test_every_picture_once_an_epoch_in_an_order_of_the_seed() -> None:
    seen: list[tuple[int, list[int], float]] = []

    class Watched:
        size, valid = 5, None

        def batch(self, indices: np.ndarray, epoch: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
            assert threading.current_thread() is not threading.main_thread()
            seen.append((epoch, indices.tolist(), rng.random()))
            return np.ones((len(indices), 1), np.float32), np.ones((len(indices), 1), np.float32)

    train(line(), Watched(), TrainSpec(epochs=2, batch_size=2, seed=9), loss="mse")
    for epoch in (0, 1):
        order = [index for e, indices, _ in seen if e == epoch for index in indices]
        assert sorted(order) == [0, 1, 2, 3, 4]
        assert order == epoch_order(5, 9, epoch).tolist()
    assert len({draw for *_, draw in seen}) == 6
    assert seen[4][2] == np.random.default_rng([9, 1, 1]).random()


def test_errors_in_data_come_through_and_end_the_thread() -> None:
    class Broken:
        size, valid = 50, None

        def batch(self, indices: np.ndarray, epoch: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
            raise KeyError("no such picture")

    with pytest.raises(KeyError, match="no such picture"):
        train(line(), Broken(), TrainSpec(epochs=1, batch_size=2), loss="mse")
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("batches")]
    with pytest.raises(ValueError, match="same number"):
        ArrayData(np.zeros((3, 1)), {"a": np.zeros(3), "b": np.zeros(2)})


def test_outputs_may_be_dictionaries() -> None:
    import keras

    inputs = keras.Input((2,))
    model = keras.Model(inputs, {"a": keras.layers.Dense(1, name="a")(inputs), "b": keras.layers.Dense(3, name="b")(inputs)})
    y = {"a": np.zeros((5, 1), np.float32), "b": np.arange(5) % 3}
    x = np.ones((5, 2), np.float32)
    data = ArrayData(x, y, valid=(x, y))
    losses = {"a": "mse", "b": keras.losses.SparseCategoricalCrossentropy(from_logits=True)}
    row = train(model, data, TrainSpec(epochs=1, batch_size=2), loss=losses, loss_weights={"a": 1, "b": 2}).history[0]
    assert row["loss"] == pytest.approx(row["a_loss"] + 2 * row["b_loss"], rel=1e-5)
    assert {"val_loss", "val_a_loss", "val_b_loss"} <= set(row)


# --- when it stops -----------------------------------------------------------------------------------------------------


def test_time_limits_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    now, steps = [50.0], []  # a clock that a step takes a quarter of a second on
    for room in ("training", "stopwatch"):
        monkeypatch.setattr(f"core.{room}.time", SimpleNamespace(monotonic=lambda: now[0], process_time=lambda: now[0]))

    def on_step(*call: Any) -> None:
        steps.append(call[0])
        now[0] += 0.25

    result, _ = run(minutes=0, on_step=on_step)
    assert (result.epochs_trained, result.finished, result.history, result.steps_per_second) == (0, False, [], 0)
    assert steps == []
    result = train(line(), ONE, TrainSpec(epochs=100_000), loss="mse", minutes=2 / 60, on_step=on_step)  # between epochs
    assert (result.epochs_trained, result.finished, steps) == (8, False, 8 * [1])
    steps.clear()
    result, _ = run(minutes=2 / 60, on_step=on_step)  # amid one
    assert (result.epochs_trained, result.finished, steps) == (1, False, [1, 2, 3, 4, 5, 6, 1, 2])
    assert result.seconds == 2
    with pytest.raises(ValueError, match="minutes"):
        run(minutes=-1)


def test_hooks_hear_of_steps_and_epochs() -> None:
    steps, rows = [], []
    result, _ = run(on_step=lambda *call: steps.append(call), on_epoch=rows.append)
    assert [(step, of) for step, of, _ in steps] == [(step, 6) for step in range(1, 7)] * 3
    assert set(steps[0][2]) == {"loss", "accuracy"}
    assert rows == result.history
    assert set(rows[0]) == {
        "epoch",
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
        "seconds",
        "seconds_waiting",
        "learning_rate",
    }
    assert all(isinstance(value, int | float) for row in rows for value in row.values())
    assert steps[5][2]["loss"] == rows[0]["loss"]
    assert rows[-1]["learning_rate"] == pytest.approx(0, abs=1e-9)


def test_a_loss_that_is_no_number_ends_training_in_words(tmp_path: Path) -> None:
    data = ArrayData(np.array([[1.0], [1.0], [np.nan]], np.float32), np.ones((3, 1), np.float32))
    spec = TrainSpec(epochs=2, learning_rate=0.5, optimizer="sgd", batch_size=1)
    words = r"loss is nan after step [1-3] of 3 in epoch 1\. .*lower learning_rate \(now 0\.5\) or set clip_norm"
    with pytest.raises(DivergedError, match=words):
        train(line(), data, spec, loss="mse", checkpoint=tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DivergedError, match=r"clip_norm \(now 3\)"):
        train(line(), data, replace(spec, clip_norm=3.0), loss="mse")
    fine = replace(ONE, valid=(np.array([[np.inf]], np.float32), ONE.y))
    with pytest.raises(DivergedError, match=r"val_loss is (inf|nan)"):
        train(line(), fine, spec, loss="mse")


def test_weights_that_the_last_step_ruined_are_not_stored(tmp_path: Path) -> None:
    """Loss (0.1e19 - 1e19)^2 = 8e37 and gradient 2 * 0.9e19 * 1e19 = 1.8e38 are finite, a hundred times the gradient is not."""
    steep = ArrayData(np.array([[1e19]], np.float32), np.array([[1e19]], np.float32))
    with pytest.raises(DivergedError, match=r"a weight is -?(inf|nan) after step 1 of 1 in epoch 1"):
        train(line(0.1), steep, TrainSpec(epochs=1, learning_rate=100, optimizer="sgd"), loss="mse", checkpoint=tmp_path)
    assert list(tmp_path.iterdir()) == []


# --- policies and backends ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_and_resumes(policy: Any, tmp_path: Path) -> None:
    import keras

    spec = replace(FULL, precision=policy, epochs=1)

    def mixed(**options: Any) -> tuple[TrainingResult, list[np.ndarray]]:
        with precision(spec):
            model = tiny(5)
        assert model.layers[0].compute_dtype == policy.removeprefix("mixed_")
        return train(model, pictures(), spec, loss=LOSS, **options), model.get_weights()

    result, expected = mixed()
    assert keras.config.dtype_policy().name == "float32"
    assert np.isfinite(result.history[0]["loss"])
    if policy == "mixed_bfloat16":
        return  # its state is that of float32; float16's has the scale of the loss besides
    mixed(checkpoint=tmp_path, should_stop=stop_after(3))
    for ours, theirs in zip(mixed(checkpoint=tmp_path)[1], expected, strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, theirs)


def losses_without_chance() -> list[float]:
    """Losses of a run that draws nothing from the backend's own random numbers, resumed once on the way."""
    import tempfile

    import keras

    def build() -> Any:
        model = keras.Sequential(
            [
                keras.Input((6, 6, 1)),
                keras.layers.Conv2D(4, 3, activation="relu"),
                keras.layers.BatchNormalization(),
                keras.layers.Flatten(),
                keras.layers.Dense(3, activation="softmax"),
            ]
        )
        rng = np.random.default_rng(4)
        model.layers[0].kernel.assign(rng.normal(0, 0.3, (3, 3, 1, 4)))
        model.layers[-1].kernel.assign(rng.normal(0, 0.2, (64, 3)))
        return model

    with tempfile.TemporaryDirectory() as folder:
        train(build(), pictures(20), FULL, loss=LOSS, checkpoint=Path(folder), should_stop=stop_after(7))
        result = train(build(), pictures(20), FULL, loss=LOSS, checkpoint=Path(folder))
    return [row[name] for row in result.history for name in ("loss", "val_loss")]


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_give_the_same_losses(backend: str) -> None:
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed; it is an optional backend")
    program = "from tests.test_training import losses_without_chance; print(*losses_without_chance())"
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose([float(value) for value in done.stdout.split()], losses_without_chance(), rtol=1e-4, atol=1e-4)


def test_synchronised_batch_norm_is_left_to_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.layers import FusedBatchNormalization

    def fused(*_: object, **__: object) -> None:
        raise AssertionError("the primitive knows nothing of other devices")

    monkeypatch.setattr("tensorflow.compat.v1.nn.fused_batch_norm", fused)
    x = np.random.default_rng(0).random((4, 3, 3, 2), np.float32)
    outputs = np.asarray(FusedBatchNormalization(synchronized=True)(x, training=True))
    np.testing.assert_allclose(outputs.mean((0, 1, 2)), 0, atol=1e-5)
