"""The plain Keras that pages show: run as it stands, it builds what the project builds from the same spec."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from core.classifiers.architectures import (
    ARCHITECTURES,
    Architecture,
    Average,
    Conv,
    Drop,
    Hidden,
    Normal,
    Pool,
    Stage,
    outline,
)
from core.classifiers.keras_code import keras_code
from core.clocks import keras_code as of_clocks
from core.clocks.forms import FORMS
from core.clocks.report_recipes import recipes
from core.specs import INITIALIZERS, OPTIMIZERS, ClassifierSpec, ReaderSpec, ReportNetSpec, RunSpec, TrainSpec

SHAPES = {"cifar10-best": (32, 32, 3)}
PICTURES = 200
PLAIN = {
    "FusedBatchNormalization": "BatchNormalization",
    "ByteDropout": "Dropout",
    "OnePassAdam": "Adam",
    "OnePassAdamW": "AdamW",
}


def built(text: str) -> tuple[Any, dict[str, Any]]:
    """The model that a text builds and compiles, and what it says to ``fit``; nothing is trained."""
    import keras

    said: dict[str, Any] = {}
    parts = {"x_train": np.zeros((PICTURES, 1)), "y_train": None, "x_valid": None, "y_valid": None}
    policy = keras.config.dtype_policy()
    fit = keras.Model.fit
    keras.Model.fit = lambda model, *args, **named: said.update(named, data=args)
    try:
        exec(text, parts)  # our own text, and a test alone
    finally:
        keras.Model.fit = fit
        keras.config.set_dtype_policy(policy)
    return parts["model"], said


def kinds(model: Any) -> Counter:
    """How many layers there are of a kind that gives a shape, with so many weights and these settings."""
    found: Counter = Counter()
    for layer in model.layers:
        name = PLAIN.get(type(layer).__name__, type(layer).__name__)
        if name == "InputLayer":
            continue
        config = layer.get_config()
        told = [
            (key, str(config[key]))
            for key in ("activation", "units", "filters", "kernel_size", "strides", "padding", "use_bias", "rate", "pool_size")
            if key in config
        ]
        for key in ("kernel_initializer", "kernel_regularizer"):
            if config.get(key):
                told.append((key, config[key]["class_name"] + str({**config[key]["config"], "seed": None})))
        found[name, tuple(layer.output.shape), layer.count_params(), tuple(told)] += 1
    return found


def same_network(text_s: Any, ours: Any) -> None:
    """Kinds, shapes, weights and settings of the layers, and for chains their order too."""
    assert kinds(text_s) == kinds(ours)
    assert text_s.count_params() == ours.count_params()
    inside = [PLAIN.get(type(one).__name__, type(one).__name__) for one in ours.layers if type(one).__name__ != "InputLayer"]
    if type(text_s).__name__ == "Sequential":
        assert [type(one).__name__ for one in text_s.layers] == inside


def same_answers(text_s: Any, ours: Any) -> None:
    """With the same weights, in the order of their making, both give the same."""
    picture = np.random.default_rng(0).random((2, *ours.input_shape[1:]), np.float32)
    rng = np.random.default_rng(1)
    ours.set_weights([np.abs(rng.normal(0, 0.1, value.shape)) for value in ours.get_weights()])
    text_s.set_weights(ours.get_weights())
    np.testing.assert_allclose(np.asarray(text_s(picture)), np.asarray(ours(picture)), atol=1e-5)


def run_of(architecture: str, training: TrainSpec | None = None, **more: Any) -> RunSpec:
    shape = SHAPES.get(architecture, (28, 28, 1))
    network = ClassifierSpec(architecture, shape, 10, **more)
    return RunSpec("cifar10" if shape[2] == 3 else "fashion-mnist", network, training or TrainSpec(2, 64))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_classifier_is_the_network_that_the_project_builds(architecture: str):
    from core.classifiers.networks import build_classifier

    spec = run_of(architecture)
    model, said = built(keras_code(spec))
    ours = build_classifier(spec.network)
    same_network(model, ours)
    same_answers(model, ours)
    assert (said["batch_size"], said["epochs"]) == (64, 2)


@pytest.mark.parametrize(
    "layers",
    [
        (Conv(4), Pool(), Conv(5), Average(), Drop(0.3)),
        (Conv(4), Average(), Hidden(6), Normal()),
        (Stage(6, 1), Stage(8, 1, halve=True)),
        (Stage(6, 1, halve=True), Hidden(7), Drop(0.1)),
        (Stage(6, 1), Average(), Hidden(7)),
    ],
)
def test_networks_of_ones_own_are_those_that_the_project_builds(monkeypatch: pytest.MonkeyPatch, layers: tuple[Any, ...]):
    from core.classifiers.networks import build_classifier

    monkeypatch.setitem(ARCHITECTURES, "my-net", Architecture("Mine", None, "cnn", layers))
    spec = run_of("my-net")
    model, ours = built(keras_code(spec))[0], build_classifier(spec.network)
    same_network(model, ours)
    same_answers(model, ours)
    assert sum(row.weights for row in outline(spec.network)) == ours.count_params()


@pytest.mark.parametrize("last", [Conv(4), Pool(), Stage(4, 1), Average()])
@pytest.mark.parametrize("flat", [Hidden(5), Average()])
def test_layers_of_pictures_stand_before_those_of_numbers(monkeypatch: pytest.MonkeyPatch, flat: Any, last: Any):
    monkeypatch.setitem(ARCHITECTURES, "my-net", Architecture("Mine", None, "cnn", (Conv(4), flat, last)))
    with pytest.raises(ValueError, match=f"my-net has {type(last).__name__} after {type(flat).__name__}, where there is no"):
        keras_code(run_of("my-net"))


@pytest.mark.parametrize("initializer", INITIALIZERS)
@pytest.mark.parametrize("architecture", ["mlp-300-100", "fashion-best"])
def test_first_weights_and_penalties_are_said(architecture: str, initializer: str):
    from core.classifiers.networks import build_classifier

    for more in ({}, {"regularizer": "l1", "regularization_rate": 0.003}, {"regularizer": "l2"}):
        spec = run_of(architecture, initializer=initializer, activation="tanh", **more)
        model, _ = built(keras_code(spec))
        ours = build_classifier(spec.network)
        same_network(model, ours)
        assert len(model.losses) == len(ours.losses)


def test_a_penalty_of_its_own_and_other_rates_of_dropout_are_said():
    from core.classifiers.networks import build_classifier

    for spec in (
        run_of("mlp-300-l1", initializer="normal", regularization_rate=0.0002),
        run_of("cnn-chapter-14-batchnorm", dropout=0.3, initializer="he_normal", regularizer="l2"),
        run_of("keras-cnn", dropout=0.0),
        run_of("mlp-300-l1", TrainSpec(1, precision="mixed_bfloat16")),
    ):
        model, _ = built(keras_code(spec))
        same_network(model, build_classifier(spec.network))
        assert model.layers[-1].compute_dtype == "float32"


def settings(optimizer: Any) -> dict[str, Any]:
    """What an optimiser was told, its rate and name left out."""
    return {key: value for key, value in optimizer.get_config().items() if key not in ("learning_rate", "name")}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize(
    "more", [{}, {"weight_decay": 0.02, "clip_norm": 5.0, "ema": 0.998}, {"precision": "mixed_bfloat16", "learning_rate": 1.0}]
)
def test_the_optimiser_is_the_one_that_trains(name: str, more: dict[str, Any]):
    from core.optimizers import make_optimizer

    spec = run_of("mlp-300", TrainSpec(3, 64, optimizer=name, **more))
    model, _ = built(keras_code(spec))
    ours = make_optimizer(spec.training, model, -(-PICTURES // 64))
    assert PLAIN.get(type(ours).__name__, type(ours).__name__) == type(model.optimizer).__name__
    assert settings(model.optimizer) == settings(ours)
    assert float(model.optimizer.learning_rate) == pytest.approx(spec.training.learning_rate)
    if "weight_decay" in more:
        decayed = [variable.name for variable in model.trainable_variables if model.optimizer._use_weight_decay(variable)]
        assert decayed == ["kernel", "kernel"]


@pytest.mark.parametrize(
    "more",
    [
        {"schedule": "cosine"},
        {"warmup_epochs": 1.0},
        {"warmup_epochs": 1.5, "schedule": "cosine"},
        {"warmup_epochs": 3.0, "schedule": "cosine"},
        {"warmup_epochs": 3.0},
    ],
)
def test_the_rate_over_time_is_that_of_the_training(more: dict[str, Any]):
    from core.optimizers import make_schedule

    training = TrainSpec(3, 16, **more)
    model, _ = built(keras_code(run_of("mlp-300", training)))
    steps = -(-PICTURES // 16)  # 13
    ours = make_schedule(training, steps)
    rates = model.optimizer._learning_rate
    for step in range(3 * steps):
        assert float(rates(step)) == pytest.approx(float(ours(step)), rel=1e-6), step


def test_what_plain_keras_cannot_say_is_said_in_a_line():
    restarted = TrainSpec(9, schedule="cosine", restart_epochs=(4,), ema=0.9)
    text = keras_code(run_of("fashion-best", restarted))
    assert "half its peak after epoch 4." in text
    assert "batch norm runs in one primitive" in text
    assert "the averaged weights are validated, too" in text
    plain = keras_code(run_of("mlp-300-100"))
    assert plain.count("#") == 1
    assert len(plain.splitlines()) == 20


def test_the_text_is_short_and_says_what_was_chosen():
    text = keras_code(replace(run_of("mlp-300-dropout"), pictures=3000))
    assert 'layers.Dense(300, activation="relu"),' in text
    assert "3,000 pictures of Fashion-MNIST, float32 (n, 28, 28, 1) in [0, 1]" in text
    assert all(len(line) <= 128 for name in ARCHITECTURES for line in keras_code(run_of(name)).splitlines())
    assert max(len(keras_code(run_of(name)).splitlines()) for name in ARCHITECTURES) <= 45


# --- the reports' clocks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.model_id)
def test_every_network_of_the_reports_is_the_one_that_the_project_builds(recipe: Any):
    from core.clocks.report_networks import build_report_network

    extra = recipe.extra
    training = replace(recipe.training, precision="float32")
    text = of_clocks.keras_code(recipe.spec, training, extra["loss"], extra["gamma"])
    model, said = built(text)
    ours = build_report_network(recipe.spec)
    same_network(model, ours)
    assert (said["batch_size"], said["epochs"]) == (recipe.training.batch_size, recipe.training.epochs)
    loss, _, metrics = recipe.losses()
    assert named(model.loss) == named(loss)
    assert named(model._compile_metrics._user_metrics) == named(metrics)
    assert ("raised to gamma 3" in text) == (extra["gamma"] == 3)
    if isinstance(ours.output, dict):
        assert {key: one.shape for key, one in model.output.items()} == {key: one.shape for key, one in ours.output.items()}
    compile(of_clocks.keras_code(recipe.spec, recipe.training, extra["loss"]), "mixed", "exec")


@pytest.mark.parametrize(
    "spec",
    [
        ReaderSpec(),
        ReaderSpec(side=128, blocks=(1, 2, 2), readable=True),
        ReaderSpec(side=49, stem=3, widths=(4, 5), blocks=(1, 1), neck=2, hidden=7, dropout=0.2, readable=True),
    ],
)
def test_every_reader_of_ours_is_the_one_that_the_project_builds(spec: ReaderSpec):
    from core.clocks.losses import reader_losses, wild_reader_losses
    from core.clocks.networks import build_reader

    text = of_clocks.reader_code(spec, TrainSpec(7, 64, optimizer="adamw", schedule="cosine", ema=0.999))
    model, said = built(text)
    ours = build_reader(spec)
    same_network(model, ours)
    assert {key: one.shape for key, one in model.output.items()} == {key: one.shape for key, one in ours.output.items()}
    picture = np.random.default_rng(0).random((2, spec.side, spec.side, 1), np.float32)
    assert model(picture)["points"].shape == (2, 30)
    assert (said["batch_size"], said["epochs"]) == (64, 7)
    losses, weights, _ = wild_reader_losses() if spec.readable else reader_losses()
    assert str(named(model.loss)) == str(named(losses))
    assert model._compile_loss._user_loss_weights == weights
    assert all(len(line) <= 128 for line in text.splitlines())
    compile(of_clocks.reader_code(spec, TrainSpec(1, precision="mixed_bfloat16")), "mixed", "exec")


def test_what_y_holds_is_said_for_every_form():
    """By the labels themselves: their shapes, and what a quarter past six is written as."""
    assert of_clocks.LABELS.keys() == FORMS.keys()
    for head, words in of_clocks.LABELS.items():
        target = FORMS[head].targets(np.array([6]), np.array([15]))
        parts = target if isinstance(target, dict) else {"": target}
        for name, part in parts.items():
            assert name in words
            assert f"(n, {part.shape[1]})" in words
    assert FORMS["hours"].targets(np.array([6]), np.array([15])).tolist() == [[6.25]]
    assert FORMS["classes-24"].targets(np.array([6]), np.array([15])).argmax() == 12
    hand = FORMS["sine-cosine"].targets(np.array([6]), np.array([15]))[0]  # the minute hand points to 3
    assert hand[2:] == pytest.approx([1, 0], abs=1e-6)


def named(told: Any) -> Any:
    """Losses and metrics by name, whatever they are wrapped in."""
    if isinstance(told, dict):
        return {key: named(value) for key, value in told.items()}
    if isinstance(told, list | tuple):
        return [named(one) for one in told]
    return getattr(told, "__name__", told)


def test_a_head_or_a_loss_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="no network of the reports"):
        of_clocks.keras_code(ReportNetSpec("2022", "hours"), TrainSpec(1), "no such loss")


def test_the_splits_of_2022_are_two_stacks():
    text = of_clocks.keras_code(ReportNetSpec("2022", "hour-and-fraction", split=True), TrainSpec(1), "classes-and-mae")
    assert [line for line in text.splitlines() if line.startswith("minute =")] == [
        'minute = layers.Dense(128, activation="relu")(x)',
        'minute = layers.Dense(64, activation="relu")(minute)',
    ]
    assert all(first != second for first, second in pairwise(text.splitlines()) if first)
