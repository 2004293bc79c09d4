"""Architectures and the networks built of them: parameters, first weights, penalties; settings that contradict each other."""

import json
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

from core.classifiers.architectures import ARCHITECTURES, check_network, check_run, outline
from core.classifiers.networks import build_classifier
from core.datasets import DatasetError
from core.specs import ClassifierSpec, RunSpec, TrainSpec

COLOUR = (32, 32, 3)
RUN = RunSpec("fashion-mnist", ClassifierSpec("mlp-300-100"), TrainSpec(epochs=2, batch_size=64))

# 2022, Table 9; its CNNs' first convolutions are printed with 21,952 parameters, 3 x 3 x 1 x 32 + 32 = 320 in truth.
# 2023's by hand: 784 x 300 + 300 = 235,500; 30,100; outputs 1,010 and 3,010. The book prints 266,610 (chapter 10) and, in its
# notebook of chapter 14, 1,413,834; batch norm has four numbers for each of 256 channels. On CIFAR-10 the first layers differ:
# 7 x 7 x 2 x 64 = 6,272 more, and 4 x 4 instead of 3 x 3 places reach Dense 128, 7 x 256 x 128 = 229,376 more.
PARAMETERS = [
    ("mlp-22-basic", None, 669_706),
    ("mlp-22-custom", None, 932_362),
    ("cnn-22-basic", None, 1_199_882),
    ("cnn-22-custom", None, 2_076_554),
    ("keras-mlp", None, 669_706),
    ("keras-cnn", None, 1_199_882),
    ("mlp-300-100", None, 266_610),
    ("mlp-300-100-dropout", None, 266_610),
    ("mlp-300-100-dropout-first", None, 266_610),
    ("mlp-300-l1", None, 266_610),
    ("mlp-300", None, 238_510),
    ("mlp-300-dropout", None, 238_510),
    ("cnn-chapter-14", None, 1_413_834),
    ("cnn-chapter-14-batchnorm", None, 1_413_834 + 4 * 256),
    ("cnn-chapter-14", COLOUR, 1_413_834 + 6_272 + 229_376),
    ("mlp-22-basic", COLOUR, 669_706 + (3072 - 784) * 512),
]


RESIDUAL = [("fashion-best", (28, 28, 1)), ("cifar10-best", COLOUR), ("fashion-best", (25, 31, 3))]  # odd sides round up


@pytest.mark.parametrize(("name", "shape", "expected"), PARAMETERS)
def test_the_outline_of_a_network_has_as_many_weights(name: str, shape: tuple[int, int, int] | None, expected: int):
    spec = ClassifierSpec(name, input_shape=shape) if shape else ClassifierSpec(name)
    assert sum(layer.weights for layer in outline(spec)) == expected


def test_the_outline_of_a_network_names_its_layers_with_what_they_give():
    told = [(layer.words, layer.shape, layer.weights) for layer in outline(ClassifierSpec("cnn-22-basic", dropout=0.5))]
    assert told == [
        ("convolution 3 × 3", (26, 26, 32), 320),
        ("convolution 3 × 3", (24, 24, 64), 18_496),
        ("largest of 2 × 2", (12, 12, 64), 0),
        ("dropout 50 %", (12, 12, 64), 0),
        ("dense", (128,), 1_179_776),
        ("dropout 50 %", (128,), 0),
        ("output, softmax", (10,), 1_290),
    ]


@pytest.mark.parametrize(
    ("name", "shape"), [("fashion-best", (28, 28, 1)), ("cifar10-best", COLOUR), ("fashion-best", (25, 31, 3))]
)
def test_the_outline_of_a_residual_network_agrees_with_keras(name: str, shape: tuple[int, int, int]):
    spec = ClassifierSpec(name, input_shape=shape)
    network, layers = build_classifier(spec), outline(spec)
    assert sum(layer.weights for layer in layers) == network.count_params()
    places = {tuple(layer.output.shape[1:]) for layer in network.layers}
    assert {layer.shape for layer in layers} <= places


@pytest.mark.parametrize(("name", "shape", "parameters"), PARAMETERS)
def test_networks_have_the_parameters_that_are_printed(name: str, shape: tuple[int, int, int] | None, parameters: int) -> None:
    model = build_classifier(ClassifierSpec(name, shape or (28, 28, 1)))
    assert model.count_params() == parameters
    assert model.output_shape == (None, 10)
    assert model.output_names == ["probabilities"]


def test_every_architecture_is_tested_or_our_own() -> None:
    assert set(ARCHITECTURES) == {row[0] for row in PARAMETERS} | {"fashion-best", "cifar10-best"}


@pytest.mark.parametrize(("name", "shape"), [("fashion-best", (28, 28, 1)), ("cifar10-best", COLOUR)])
def test_our_own_fit_into_a_file(name: str, shape: tuple[int, int, int]) -> None:
    model = build_classifier(ClassifierSpec(name, shape, initializer="he_normal"))
    assert 2 * model.count_params() < 15 * 2**20, "two bytes a number, 16 MiB a file"
    assert not any(isinstance(layer, keras.layers.Flatten) for layer in model.layers)


def dropouts(spec: ClassifierSpec) -> list[float]:
    return [layer.rate for layer in build_classifier(spec).layers if isinstance(layer, keras.layers.Dropout)]


def test_dropout_is_the_architectures_or_the_specs() -> None:
    small = {"input_shape": (8, 8, 1)}
    assert dropouts(ClassifierSpec("mlp-22-basic", **small)) == [0.2, 0.2]
    assert dropouts(ClassifierSpec("cnn-22-basic", **small)) == [0.25, 0.5]
    assert dropouts(ClassifierSpec("cnn-22-basic", dropout=0.2, **small)) == [0.2, 0.2]
    assert dropouts(ClassifierSpec("mlp-22-basic", dropout=0.0, **small)) == [0.0, 0.0]
    assert dropouts(ClassifierSpec("mlp-300-100-dropout-first", **small)) == [0.5]


def kernels(**settings: Any) -> list[np.ndarray]:
    keras.utils.set_random_seed(1)
    model = build_classifier(ClassifierSpec("mlp-22-basic", **settings))
    assert all(not weight.numpy().any() for weight in model.weights if weight.name == "bias")
    return [weight.numpy() for weight in model.weights if weight.name == "kernel"]


def test_first_weights_are_drawn_as_asked() -> None:
    assert all((kernel == 1).all() for kernel in kernels(initializer="ones"))
    assert not any(kernel.any() for kernel in kernels(initializer="zeros"))
    first, second, _ = kernels(initializer="uniform")
    assert -0.05 <= first.min() < -0.0499
    assert 0.0499 < first.max() <= 0.05
    assert first.std() == pytest.approx(0.1 / 12**0.5, rel=0.01)
    assert not np.array_equal(first[:512], second[:512])
    first, second, _ = kernels(initializer="normal")
    assert first.std() == pytest.approx(0.05, rel=0.01)
    assert np.abs(first).max() > 0.15, "not truncated"
    assert not np.array_equal(first[:512], second[:512])
    assert kernels()[0].std() == pytest.approx((2 / (784 + 512)) ** 0.5, rel=0.01)  # Glorot & Bengio 2010
    assert kernels(initializer="he_normal")[0].std() == pytest.approx((2 / 784) ** 0.5, rel=0.01)  # He et al. 2015


def penalty(spec: ClassifierSpec) -> float:
    return float(sum(map(float, build_classifier(spec).losses)))


def test_penalties_are_on_every_kernel() -> None:
    ones = ClassifierSpec("mlp-300-100", (2, 2, 1), initializer="ones", regularization_rate=0.5)
    count = 4 * 300 + 300 * 100 + 100 * 10  # kernels of ones: as many as there are weights, for l1 and l2 alike
    assert penalty(replace(ones, regularizer="l1")) == pytest.approx(0.5 * count)
    assert penalty(replace(ones, regularizer="l2")) == pytest.approx(0.5 * count)
    assert penalty(ones) == 0
    # The form with an L1 layer has it there alone: 4 x 300 weights.
    assert penalty(replace(ones, architecture="mlp-300-l1")) == pytest.approx(0.5 * 4 * 300)


def test_the_activation_is_on_every_hidden_layer() -> None:
    model = build_classifier(ClassifierSpec("cnn-22-basic", (8, 8, 1), activation="tanh"))
    found = [layer.activation.__name__ for layer in model.layers if hasattr(layer, "activation")]
    assert found == ["tanh", "tanh", "tanh", "softmax"]
    ours = build_classifier(ClassifierSpec("fashion-best", (8, 8, 1), activation="gelu"))
    found = [layer.activation.__name__ for layer in ours.layers if isinstance(layer, keras.layers.Activation)]
    assert set(found) == {"gelu"}
    assert len(found) == 11, "two in each of five blocks, one before the mean"


def test_probabilities_are_probabilities_also_under_a_mixed_policy() -> None:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build_classifier(ClassifierSpec("mlp-300", (4, 4, 3), classes=5))
    finally:
        keras.config.set_dtype_policy(before)
    answer = np.asarray(model(np.ones((2, 4, 4, 3), np.float32)))
    assert answer.dtype == np.float32
    assert answer.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)


CONTRADICTIONS: list[tuple[dict[str, Any], str]] = [
    ({"architecture": "cnn"}, "architecture must be one of mlp-22-basic, .*; got 'cnn'"),
    ({"architecture": "mlp-300", "dropout": 0.2}, "mlp-300 has no dropout layer; got dropout = 0.2. Leave it at None"),
    ({"architecture": "mlp-300-l1", "regularizer": "l2"}, "has an L1 penalty of its own .*; got regularizer = 'l2'"),
    ({"architecture": "cnn-22-custom", "input_shape": (6, 6, 1)}, "leaves nothing of pictures of 6 x 6 pixels; give it larger"),
    ({"architecture": "cnn-chapter-14", "input_shape": (7, 28, 1)}, "leaves nothing of pictures of 7 x 28 pixels"),
]


@pytest.mark.parametrize(("settings", "sentence"), CONTRADICTIONS)
def test_contradictions_are_named_with_the_remedy(settings: dict[str, Any], sentence: str) -> None:
    spec = ClassifierSpec(**settings)
    for refuse in (check_network, build_classifier):
        with pytest.raises(ValueError, match=sentence):
            refuse(spec)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"input_shape": (28, 28)}, r"input_shape must be \(height, width, channels\); got \(28, 28\)"),
    ({"input_shape": [28, 28, 1]}, "input_shape must be"),
    ({"input_shape": (28, 28, 2)}, "channels of input_shape must be 1"),
    ({"input_shape": (0, 28, 1)}, r"height of input_shape must lie in \[1, 512\]; got 0"),
    ({"classes": 1}, r"classes must lie in \[2, 10000\]; got 1"),
    ({"initializer": "random"}, "initializer must be one of ones, zeros, uniform, .*; got 'random'"),
    ({"activation": "linear"}, "activation must be one of relu, .*; got 'linear'"),
    ({"regularizer": "L2"}, "regularizer must be one of none, l1, l2; got 'L2'"),
    ({"regularization_rate": -0.1}, "regularization_rate must lie in"),
    ({"dropout": 1.0}, r"dropout must lie in \[0, 1\); got 1.0"),
    ({"dropout": float("nan")}, "dropout must lie in"),
]


@pytest.mark.parametrize(("settings", "sentence"), REFUSED)
def test_a_spec_checks_its_values(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        ClassifierSpec("mlp-300", **settings)


def test_data_and_network_must_fit_each_other() -> None:
    check_run(RUN)
    with pytest.raises(
        ValueError, match=r"pictures of cifar10 are \(32, 32, 3\), .* takes \(28, 28, 1\); set input_shape to \(32,"
    ):
        check_run(replace(RUN, dataset="cifar10"))
    clocks = replace(RUN, dataset="clock-hours", network=ClassifierSpec("mlp-300", (32, 32, 1)))
    with pytest.raises(ValueError, match="clock-hours has 12 classes, and the network tells 10 apart; set classes to 12"):
        check_run(clocks)
    with pytest.raises(DatasetError, match="There is no data set 'letters'"):
        check_run(replace(RUN, dataset="letters"))
    with pytest.raises(ValueError, match=r"pictures must lie in \[1, .*; got 0"):
        replace(RUN, pictures=0)


def test_a_run_goes_through_json_and_has_a_key() -> None:
    spec = replace(RUN, pictures=500, training=replace(RUN.training, clip_norm=1.5, schedule="cosine", warmup_epochs=1.0))
    assert RunSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    assert RunSpec.from_json(spec.to_json()).key == spec.key
    others = [
        replace(spec, pictures=None),
        replace(spec, dataset="mnist"),
        replace(spec, network=replace(spec.network, activation="tanh")),
        replace(spec, training=replace(spec.training, seed=1)),
        replace(spec, training=replace(spec.training, epochs=4, restart_epochs=(2,))),
        replace(spec, training=replace(spec.training, epochs=4)),
    ]
    assert len({item.key for item in [spec, *others]}) == 7
    # Results are filed by it: another key for the same settings would lose them.
    assert RUN.key == "ba642a529fa8"
    for plain in ({}, {"dataset": "mnist"}, {**spec.to_json(), "colour": 1}, {**spec.to_json(), "network": {"depth": 3}}):
        with pytest.raises(ValueError, match=r"this describes no run \(.+\); write it with RunSpec.to_json"):
            RunSpec.from_json(plain)
