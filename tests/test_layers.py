"""Layers, maps and losses of our own against Keras's and against values worked out by hand, on tiny tensors."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.clocks.losses import map_cross_entropy, minutes_apart, reader_losses
from core.clocks.reader_data import point_maps, reader_targets
from core.layers import FusedBatchNormalization, SpatialExpectation, settle_batch_norm

CHANNELS = 3


def pictures(seed: int = 0, batch: int = 4) -> np.ndarray:
    """Channels that differ in mean and spread, float32 (batch, 5, 6, 3)."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(batch, 5, 6, CHANNELS)) * [0.5, 2, 10] + [0, -3, 50]).astype(np.float32)


def pair(**options: Any) -> tuple[keras.layers.Layer, keras.layers.Layer]:
    """Keras's layer and ours with the same weights, none of which is at its initial value."""
    rng = np.random.default_rng(9)
    layers = keras.layers.BatchNormalization(**options), FusedBatchNormalization(**options)
    for layer in layers:
        layer.build((None, 5, 6, CHANNELS))
    weights = [rng.uniform(0.5, 2, weight.shape) for weight in layers[0].get_weights()]
    for layer in layers:
        layer.set_weights(weights)
    return layers


# --- batch normalisation: its statistics at the end of a training ---------------------------------------------------


@pytest.mark.parametrize("layer", [keras.layers.BatchNormalization, FusedBatchNormalization])
def test_settled_statistics_are_plain_means_over_batches(layer: type) -> None:
    one = layer(momentum=0.9)
    model = keras.Sequential([keras.Input((1, 1, 1)), one])
    model(np.full((2, 1, 1, 1), 100.0, np.float32), training=True)  # what training left behind counts for nothing
    batches = [np.array(values, np.float32).reshape(2, 1, 1, 1) for values in ([0, 2], [4, 8], [5, 5])]
    settle_batch_norm(model, batches)
    # Means 1, 6, 5; variances 1, 4, 0.
    assert float(one.moving_mean[0]) == pytest.approx(4.0)
    assert float(one.moving_variance[0]) == pytest.approx(5 / 3, rel=1e-5)
    assert one.momentum == 0.9


# --- batch normalisation -------------------------------------------------------------------------------------------


def test_one_step_by_hand() -> None:
    """Values 1 and 3: mean 2, variance 1 (over n, not n - 1); gamma 2, beta 10 give 8 and 12."""
    layer = FusedBatchNormalization(momentum=0.75, epsilon=1e-9)
    layer.build((None, 1, 1, 1))
    layer.set_weights([np.array([2.0]), np.array([10.0]), np.array([4.0]), np.array([5.0])])
    outputs = layer(np.array([1, 3], np.float32).reshape(2, 1, 1, 1), training=True)
    np.testing.assert_allclose(np.ravel(outputs), [8, 12], atol=1e-4)
    np.testing.assert_allclose(np.ravel(layer.moving_mean), 4 * 0.75 + 2 * 0.25)
    np.testing.assert_allclose(np.ravel(layer.moving_variance), 5 * 0.75 + 1 * 0.25, rtol=1e-6)


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9, "epsilon": 0.01}, {"scale": False}, {"center": False}, {"axis": 1}])
def test_fused_is_keras_in_outputs_statistics_and_gradients(options: dict[str, Any]) -> None:
    if options.get("axis") == 1:
        layers = keras.layers.BatchNormalization(axis=1), FusedBatchNormalization(axis=1)
    else:
        layers = pair(**options)
    weighting = np.random.default_rng(3).normal(size=(4, 5, 6, CHANNELS)).astype(np.float32)
    found = []
    for layer in layers:
        x = tf.constant(pictures())
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
            loss = tf.reduce_sum(y * weighting)
        gradients = tape.gradient(loss, [x, *[variable.value for variable in layer.trainable_variables]])
        layer(pictures(1), training=True)  # moving statistics move twice
        inference = layer(pictures(2), training=False)
        found.append([y, *gradients, *layer.get_weights(), inference])
    for keras_value, our_value in zip(*found, strict=True):
        np.testing.assert_allclose(our_value, keras_value, rtol=2e-4, atol=2e-4)


def test_fused_is_keras_in_a_graph_with_batches_of_any_size() -> None:
    found = []
    for layer in pair():
        step = tf.function(
            lambda x, layer=layer: layer(x, training=True), input_signature=[tf.TensorSpec((None, 5, 6, CHANNELS))]
        )
        found.append([step(pictures(0, 4)), step(pictures(1, 1)), *layer.get_weights()])
    for keras_value, our_value in zip(*found, strict=True):
        np.testing.assert_allclose(our_value, keras_value, rtol=2e-4, atol=2e-4)


def test_frozen_layers_and_inference_leave_the_statistics_alone() -> None:
    theirs, ours = pair()
    before = ours.get_weights()
    np.testing.assert_allclose(ours(pictures()), theirs(pictures()), rtol=1e-5, atol=1e-5)
    theirs.trainable = ours.trainable = False
    np.testing.assert_allclose(ours(pictures(), training=True), theirs(pictures(), training=True), rtol=1e-5, atol=1e-5)
    for old, new in zip(before, ours.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_flat_inputs_go_keras_way() -> None:
    theirs, ours = keras.layers.BatchNormalization(), FusedBatchNormalization()
    x = pictures()[:, 0, 0]  # (4, 3)
    np.testing.assert_allclose(ours(x, training=True), theirs(x, training=True), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16"])
def test_mixed_precision_keeps_statistics_in_float32(policy: str) -> None:
    (theirs, ours), x = pair(dtype=policy), pictures()
    outputs, expected = ours(x, training=True), theirs(x, training=True)
    assert keras.backend.standardize_dtype(outputs.dtype) == keras.backend.standardize_dtype(expected.dtype) == "bfloat16"
    np.testing.assert_allclose(np.asarray(outputs, np.float32), np.asarray(expected, np.float32), atol=0.1)
    for their_weight, our_weight in zip(theirs.get_weights(), ours.get_weights(), strict=True):
        assert our_weight.dtype == np.float32
        np.testing.assert_allclose(our_weight, their_weight, rtol=0.02, atol=0.05)


def test_layers_come_back_from_a_file(tmp_path: Path) -> None:
    inputs = keras.Input((5, 6, CHANNELS))
    x = keras.layers.Reshape((30, CHANNELS))(FusedBatchNormalization(momentum=0.5)(inputs))
    model = keras.Model(inputs, SpatialExpectation(5, 6)(x))
    assert model.output_shape == (None, 2 * CHANNELS)
    model.layers[1](pictures(), training=True)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(pictures(1)), model(pictures(1)), atol=1e-6)
    assert isinstance(again.layers[1], FusedBatchNormalization)
    assert again.layers[1].momentum == 0.5


# --- places --------------------------------------------------------------------------------------------------------


def logits_of(shares: list[list[float]]) -> np.ndarray:
    """Maps (maps, cells) of shares -> logits (1, cells, maps)."""
    return np.log(np.array(shares, np.float32).T[None] + 1e-30)


def test_spatial_expectation_by_hand() -> None:
    # Two rows of three cells, x in 0, 1/2, 1 and y in 0, 1.
    logits = logits_of(
        [
            [0.25, 0, 0.25, 0, 0, 0.5],  # x = 1/4 * 0 + 1/4 * 1 + 1/2 * 1, y = 1/2
            [0, 0, 0, 0, 1, 0],
            [1 / 6] * 6,
            [0.5, 0.5, 0, 0, 0, 0],
        ]
    )
    found = SpatialExpectation(2, 3)(logits)
    np.testing.assert_allclose(found, [[0.75, 0.5, 0.5, 1, 0.5, 0.5, 0.25, 0]], atol=1e-6)


def test_spatial_expectation_of_shapes_and_precisions() -> None:
    layer = SpatialExpectation(2, 3, dtype="bfloat16")
    assert layer(np.zeros((7, 6, 5), np.float32)).shape == layer.compute_output_shape((7, 6, 5)) == (7, 10)
    assert SpatialExpectation(2, 3).compute_output_shape((None, 6, 5)) == (None, 10)
    assert SpatialExpectation(2, 3).get_config()["width"] == 3
    # A map of one row or column lies at 0 across it.
    np.testing.assert_allclose(SpatialExpectation(1, 2)(np.zeros((1, 2, 1), np.float32)), [[0.5, 0]])
    # Logits of any size are no danger.
    np.testing.assert_allclose(SpatialExpectation(1, 2)(np.array([[[1e4], [-1e4]]], np.float32)), [[0, 0]])


def cells(*shares: tuple[int, float], count: int = 9) -> np.ndarray:
    row = np.zeros(count)
    for cell, share in shares:
        row[cell] = share
    return row


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((0, 0), cells((0, 1))),
        ((0.5, 0.5), cells((4, 1))),
        ((1, 1), cells((8, 1))),
        ((1, 0), cells((2, 1))),
        ((0, 1), cells((6, 1))),
        ((0.25, 0), cells((0, 0.5), (1, 0.5))),  # half-way between the first two cells of the first row
        ((0, 0.25), cells((0, 0.5), (3, 0.5))),
        ((0.75, 0.25), cells((1, 0.25), (2, 0.25), (4, 0.25), (5, 0.25))),
        ((0.55, 1), cells((7, 0.9), (8, 0.1))),
        # 0.1 * 2 = 0.2 of the way right, 0.4 * 2 = 0.8 of the way down
        ((0.1, 0.4), cells((0, 0.8 * 0.2), (1, 0.2 * 0.2), (3, 0.8 * 0.8), (4, 0.2 * 0.8))),
    ],
)
def test_point_maps_by_hand(place: tuple[float, float], expected: np.ndarray) -> None:
    maps = point_maps(np.array([[place]], np.float32), 3)
    assert maps.shape == (1, 9, 1)
    assert maps.dtype == np.float32
    np.testing.assert_allclose(maps[0, :, 0], expected, atol=1e-6)


@pytest.mark.parametrize("side", [2, 4, 19])
def test_the_mean_of_a_point_map_is_the_place(side: int) -> None:
    places = np.random.default_rng(1).uniform(0, 1, (20, 15, 2)).astype(np.float32)
    places[0, :4] = [[0, 0], [1, 1], [0, 1], [1, 0]]
    maps = point_maps(places, side)
    assert maps.shape == (20, side * side, 15)
    np.testing.assert_allclose(maps.sum(1), 1, atol=1e-5)
    assert maps.min() >= 0
    means = SpatialExpectation(side, side)(np.log(maps + 1e-30))
    np.testing.assert_allclose(np.reshape(means, (20, 15, 2)), places, atol=1e-5)


def test_reader_targets_by_hand() -> None:
    points = np.full((2, 15, 2), 74.5, np.float32)
    points[1, 0] = [149, -20]  # outside is sought at the border
    targets = reader_targets(np.array([0, 390]), points, 150, 1.0)
    assert {name: value.shape for name, value in targets.items()} == {
        "bins": (2, 720),
        "hands": (2, 4),
        "points": (2, 30),
        "maps": (2, 361, 15),
    }
    assert all(value.dtype == np.float32 for value in targets.values())
    np.testing.assert_array_equal(targets["bins"].argmax(-1), [0, 390])
    np.testing.assert_allclose(targets["hands"], [[0, 1, 0, 1], [-0.25881905, -0.96592583, 0, -1]], atol=1e-6)
    np.testing.assert_allclose(targets["points"][0], 0.5)
    np.testing.assert_allclose(targets["points"][1, :2], [1, 0])
    assert targets["maps"][0, 180, 0] == pytest.approx(1)  # the middle cell of 19 x 19
    assert targets["maps"][1, 18, 0] == pytest.approx(1)  # the last of the first row


# --- losses --------------------------------------------------------------------------------------------------------


def test_map_cross_entropy_by_hand() -> None:
    true = np.zeros((2, 4, 2), np.float32)
    true[0, 0, :] = 1
    true[1, 1, 0] = true[1, 2, 1] = 1
    # Equal logits: log 4 whatever is true.
    np.testing.assert_allclose(map_cross_entropy(true, np.zeros((2, 4, 2), np.float32)), [np.log(4)] * 2, rtol=1e-6)
    shares = np.array([[0.5, 0.25], [0.25, 0.25], [0.125, 0.25], [0.125, 0.25]], np.float32)  # (cells, points)
    logits = np.log(np.stack([shares, shares])) + 3.0  # a constant changes nothing
    # First: (log 2 + log 4) / 2; second: (log 4 + log 4) / 2.
    np.testing.assert_allclose(map_cross_entropy(true, logits), [1.5 * np.log(2), 2 * np.log(2)], rtol=1e-5)
    # Least where the shares are the true ones: their entropy.
    entropy = -(shares * np.log(shares)).sum(0).mean()
    np.testing.assert_allclose(map_cross_entropy(shares[None], np.log(shares)[None]), [entropy], rtol=1e-5)


def test_minutes_apart_by_hand() -> None:
    def bins(*minutes: int) -> np.ndarray:
        return np.eye(720, dtype=np.float32)[list(minutes)]

    apart = minutes_apart(bins(719, 1, 0, 608, 5), bins(1, 719, 360, 598, 5) * 7 - 3)
    assert keras.backend.standardize_dtype(apart.dtype) == "float32"
    np.testing.assert_array_equal(apart, [2, 2, 360, 10, 0])


def test_a_reader_has_a_loss_for_each_output() -> None:
    losses, weights, metrics = reader_losses()
    assert set(losses) == set(weights) == {"bins", "hands", "maps", "points"}
    assert metrics == {"bins": [minutes_apart]}
    assert weights == {"bins": 1, "hands": 10, "maps": 2, "points": 5}, "a run with others is another run to a checkpoint"
