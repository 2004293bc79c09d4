"""Lean layers and optimisers against Keras's own: same outputs, same slopes, same weights after steps."""

from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from core import training_speed
from core.lean_layers import BiasReluConv2D, ByteDropout, OnePassAdam, OnePassAdamW, SlicedMaxPooling2D
from core.training_speed import VARIANTS, Variant, changed


def with_slopes(layer, x: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Outputs, and the slopes of a sum that weighs every output differently, by input and weights."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x, training=True) if isinstance(layer, keras.layers.Dropout) else layer(x)
        weights = tf.reshape(tf.cast(tf.range(tf.size(outputs)) % 7, outputs.dtype), tf.shape(outputs))
        total = tf.reduce_sum(outputs * weights)
    slopes = tape.gradient(total, [x, *(variable.value for variable in layer.trainable_variables)])
    return np.asarray(outputs), [np.asarray(slope) for slope in slopes]


@pytest.mark.parametrize(("shape", "side"), [((2, 6, 9, 3), 3), ((2, 5, 7, 4), 2), ((1, 4, 4, 1), 2)])
def test_pooling_by_slices_is_pooling(shape: tuple[int, ...], side: int) -> None:
    # Small whole numbers: most windows have their maximum twice, and the first must get the slope.
    x = np.random.default_rng(1).integers(0, 3, shape).astype(np.float32)
    ours, our_slopes = with_slopes(SlicedMaxPooling2D(side), x)
    theirs, their_slopes = with_slopes(keras.layers.MaxPooling2D(side), x)
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(our_slopes[0], their_slopes[0])


def test_overlapping_windows_are_left_to_keras() -> None:
    x = np.random.default_rng(2).random((1, 6, 6, 2), np.float32)
    settings = {"pool_size": 3, "strides": 2, "padding": "same"}
    np.testing.assert_array_equal(SlicedMaxPooling2D(**settings)(x), keras.layers.MaxPooling2D(**settings)(x))


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_bias_and_relu_in_one_step(padding: str) -> None:
    x = np.random.default_rng(3).standard_normal((2, 7, 6, 3)).astype(np.float32)
    ours, theirs = BiasReluConv2D(4, 3, padding=padding), keras.layers.Conv2D(4, 3, padding=padding, activation="relu")
    for layer in (ours, theirs):
        layer.build(x.shape)
    theirs.set_weights([theirs.get_weights()[0], np.array([0.1, -0.2, 0.3, -0.4], np.float32)])
    ours.set_weights(theirs.get_weights())
    our_outputs, our_slopes = with_slopes(ours, x)
    their_outputs, their_slopes = with_slopes(theirs, x)
    np.testing.assert_allclose(our_outputs, their_outputs, atol=1e-6)
    for our, their in zip(our_slopes, their_slopes, strict=True):
        np.testing.assert_allclose(our, their, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("rate", [0.25, 0.5])
def test_dropout_from_bytes(rate: float) -> None:
    x = np.full((50, 1001), 3.0, np.float32)
    layer = ByteDropout(rate, seed=4)
    outputs, slopes = with_slopes(layer, x)
    kept = outputs != 0
    np.testing.assert_allclose(outputs[kept], 3 / (1 - rate), rtol=1e-6)
    # Five standard deviations of 50,050 throws; and the same of any one column.
    assert abs(kept.mean() - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / x.size)
    assert np.abs(kept.mean(0) - (1 - rate)).max() < 6 * np.sqrt(rate * (1 - rate) / 50)
    assert ((slopes[0] != 0) <= kept).all()
    assert (np.asarray(layer(x, training=True)) != 0).mean() == pytest.approx(1 - rate, abs=0.02)
    assert ((np.asarray(layer(x, training=True)) != 0) != kept).any()  # other ones each time
    np.testing.assert_array_equal(layer(x, training=False), x)


def test_odds_that_bytes_cannot_tell_are_left_to_keras() -> None:
    x = np.ones((200, 500), np.float32)
    assert (np.asarray(ByteDropout(0.3, seed=1)(x, training=True)) == 0).mean() == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize(("lean", "plain"), [(OnePassAdam, keras.optimizers.Adam), (OnePassAdamW, keras.optimizers.AdamW)])
def test_adam_in_one_pass(lean: type, plain: type) -> None:
    rng = np.random.default_rng(5)
    start = [rng.standard_normal(shape).astype(np.float32) for shape in ((4, 3), (3,))]
    found = []
    for kind in (lean, plain):
        variables = [keras.Variable(value) for value in start]
        optimizer = kind(0.01, beta_1=0.8, beta_2=0.95, global_clipnorm=2.0, use_ema=True, ema_momentum=0.5)
        for step in range(4):
            slopes = [np.random.default_rng(step).standard_normal(value.shape).astype(np.float32) for value in start]
            optimizer.apply([tf.constant(slope) for slope in slopes], variables)
        found.append([np.asarray(one) for one in (*variables, *optimizer.variables)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


def test_variants_are_one_network(tmp_path: Path) -> None:
    inputs = keras.Input((6, 6, 1))
    x = keras.layers.ReLU()(keras.layers.Conv2D(4, 3, padding="same")(inputs))
    x = keras.layers.Dropout(0.25)(keras.layers.MaxPooling2D(2)(keras.layers.BatchNormalization()(x)))
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(x)))
    picture = np.random.default_rng(6).random((3, 6, 6, 1), np.float32)
    whole = Variant("all", "float32", tuple({change for variant in VARIANTS for change in variant.changes}))
    for variant in (*VARIANTS, whole):
        other = changed(model, variant.changes)
        other.set_weights(model.get_weights())
        np.testing.assert_allclose(other(picture), model(picture), atol=1e-6, err_msg=variant.name)
    other.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert {BiasReluConv2D, ByteDropout, SlicedMaxPooling2D} <= {type(layer) for layer in again.layers}
    np.testing.assert_allclose(again(picture), model(picture), atol=1e-6)


def test_the_table_of_speeds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wall, busy = iter(range(0, 1000, 2)), iter(range(0, 1000, 4))  # two seconds from look to look, and four
    clocks = SimpleNamespace(perf_counter=lambda: float(next(wall)), process_time=lambda: float(next(busy)))
    monkeypatch.setattr(training_speed, "time", clocks)
    monkeypatch.setattr(training_speed, "steps_of", lambda variant, batch: lambda: None)
    rows = training_speed.measure([Variant("plain Keras", "float32"), Variant("other", "float32")], rounds=3)
    # Four steps of 32 pictures.
    assert [(row["pictures_per_second"], row["pictures_per_core_second"]) for row in rows] == [(64, 32)] * 2
    assert [(row["ratio"], row["core_ratio"]) for row in rows] == [(1, 1)] * 2
    monkeypatch.setattr(training_speed, "measure", lambda: rows)
    assert training_speed.write_training_speed(tmp_path) == rows
    lines = (tmp_path / "training_speed.csv").read_text().splitlines()
    assert lines[0].startswith("variant,precision,pictures_per_second,ratio,pictures_per_core_second,core_ratio,model,batch")
    assert len(lines) == 3
