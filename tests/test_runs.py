"""Runs of classifiers on a data set of a few tiny pictures: their losses by hand, runs that die, and all that a run reports."""

import math
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.classifiers import runs
from core.classifiers.runs import RunResult, chosen_pictures, confusions, run
from core.datasets import Dataset, DatasetError, DatasetInfo, Part
from core.specs import ClassifierSpec, RunSpec, TrainSpec
from core.study_names import diverged_words
from core.training import DivergedError

SHAPE, CLASSES = (4, 4, 1), 3
INFO = DatasetInfo("tiny", "Tiny", SHAPE, ("dark", "grey", "light"), "none", "drawn.", "It is here.")
LN3 = math.log(3)


def part(count: int, seed: int) -> Part:
    """Pictures whose brightness is their class, with some noise."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    tones = 40 + 80 * labels[:, None, None, None] + rng.integers(-30, 30, (count, *SHAPE))
    return Part(tones.astype(np.uint8), labels.astype(np.int64))


TINY = Dataset(INFO, part(60, 1), part(30, 2), part(45, 3))
NETWORK = ClassifierSpec("mlp-300", SHAPE, CLASSES)
SPEC = RunSpec("tiny", NETWORK, TrainSpec(epochs=3, batch_size=16, learning_rate=0.01, seed=4))


def spec_of(network: dict[str, Any] | None = None, **training: Any) -> RunSpec:
    return replace(SPEC, network=replace(NETWORK, **network or {}), training=replace(SPEC.training, **training))


@pytest.fixture(scope="module")
def plain() -> RunResult:
    """A run without penalty; nothing may be said on screen meanwhile."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("error", UserWarning)
        return run(SPEC, data=TINY)


@pytest.fixture(scope="module")
def penalised() -> RunResult:
    return run(spec_of({"regularizer": "l2", "regularization_rate": 0.02}, epochs=1), data=TINY)


def test_a_run_reports_what_it_did(plain: RunResult) -> None:
    assert (plain.spec, plain.epochs_trained, plain.finished, plain.diverged) == (SPEC, 3, True, None)
    figures = ("loss", "cross_entropy", "accuracy")
    names = ["epoch", *figures, *(f"val_{name}" for name in figures), "seconds", "seconds_waiting", "learning_rate"]
    assert all(sorted(row) == sorted(names) for row in plain.history)
    assert [row["epoch"] for row in plain.history] == [1, 2, 3]
    assert plain.parameters == 16 * 300 + 300 + 300 * 3 + 3
    assert plain.seconds > 0
    assert plain.device
    assert plain.test["accuracy"] > 0.6, "it learns"
    assert plain.history[-1]["loss"] < plain.history[0]["loss"]


def test_without_penalty_both_losses_are_one(plain: RunResult) -> None:
    for row in plain.history:
        assert row["loss"] == pytest.approx(row["cross_entropy"], rel=1e-5)
        assert row["val_loss"] == pytest.approx(row["val_cross_entropy"], rel=1e-5)
    assert plain.test["loss"] == pytest.approx(plain.test["cross_entropy"], rel=1e-5)


def test_figures_of_the_test_part_by_hand(plain: RunResult) -> None:
    """Forward through the weights in NumPy, another program."""
    first, bias, second, last = (weight.astype(np.float64) for weight in plain.model.get_weights())
    x = TINY.test.images.reshape(45, 16) / 255
    logits = np.maximum(x @ first + bias, 0) @ second + last
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels, answers = TINY.test.labels, shares.argmax(axis=1)
    assert plain.test["cross_entropy"] == pytest.approx(-np.log(shares[np.arange(45), labels]).mean(), rel=1e-4)
    assert plain.test["accuracy"] == pytest.approx((answers == labels).mean())
    assert plain.confusion.shape == (3, 3)
    assert plain.confusion.sum(axis=1).tolist() == [15, 15, 15]
    assert all(
        plain.confusion[true, said] == ((labels == true) & (answers == said)).sum() for true in range(3) for said in range(3)
    )
    assert sorted(index for index, _, _ in plain.wrong) == np.flatnonzero(answers != labels).tolist()
    for index, predicted, confidence in plain.wrong:
        assert predicted == answers[index]
        assert confidence == pytest.approx(shares[index].max(), abs=1e-4)


def test_the_penalty_is_the_difference_of_the_losses(penalised: RunResult) -> None:
    weights = penalised.model.get_weights()
    penalty = 0.02 * sum(float((kernel.astype(np.float64) ** 2).sum()) for kernel in weights if kernel.ndim == 2)
    row = penalised.history[-1]
    assert row["val_loss"] - row["val_cross_entropy"] == pytest.approx(penalty, rel=1e-3)
    assert penalised.test["loss"] - penalised.test["cross_entropy"] == pytest.approx(penalty, rel=1e-3)
    assert row["loss"] > row["cross_entropy"]


def test_test_figures_are_those_of_keras(penalised: RunResult) -> None:
    pictures = TINY.test.images.astype(np.float32) / 255
    figures = penalised.model.evaluate(pictures, TINY.test.labels, verbose=0, return_dict=True)
    assert penalised.test == pytest.approx(figures, rel=1e-5)


def test_the_same_seed_gives_the_same_run_and_watchers_see_it(plain: RunResult) -> None:
    models: list[Any] = []
    steps: list[tuple[int, int, list[str]]] = []
    rows: list[dict[str, Any]] = []
    again = run(
        SPEC,
        data=TINY,
        on_model=models.append,
        on_step=lambda step, count, means: steps.append((step, count, sorted(means))),
        on_epoch=rows.append,
    )
    for name in ("loss", "val_loss", "val_accuracy"):
        assert [row[name] for row in again.history] == [row[name] for row in plain.history]
    assert np.array_equal(again.confusion, plain.confusion)
    assert models == [again.model]
    assert steps[:4] == [(step, 4, ["accuracy", "cross_entropy", "loss"]) for step in (1, 2, 3, 4)]
    assert rows == again.history


def test_a_stopped_run_goes_on_from_its_checkpoint(plain: RunResult, tmp_path: Path) -> None:
    seen: list[int] = []
    first = run(SPEC, data=TINY, checkpoint=tmp_path, on_step=lambda *_: seen.append(1), should_stop=lambda: len(seen) == 6)
    assert (first.finished, first.epochs_trained, len(first.history)) == (False, 1, 1)
    second = run(SPEC, data=TINY, checkpoint=tmp_path)
    assert second.finished
    assert [row["val_loss"] for row in second.history] == [row["val_loss"] for row in plain.history]
    with pytest.raises(ValueError, match="belongs to"):
        run(replace(SPEC, pictures=30), data=TINY, checkpoint=tmp_path)


# Where every hidden unit is alike, a network knows the classes' shares at best: the loss is ln 3 within what noise brings.
DEAD: list[tuple[dict[str, Any], str]] = [
    ({"initializer": "zeros"}, "adam"),
    ({"initializer": "zeros", "regularizer": "l1"}, "adadelta"),
]


@pytest.mark.parametrize(("network", "optimizer"), DEAD)
def test_dead_starts_run_and_stay_dead(network: dict[str, Any], optimizer: str, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("error", UserWarning)
        dead = run(spec_of(network, epochs=1, optimizer=optimizer), data=TINY)
    assert dead.diverged is None
    assert dead.test["cross_entropy"] == pytest.approx(LN3, abs=0.02)
    assert dead.test["accuracy"] == pytest.approx(1 / 3)
    assert (dead.confusion.sum(axis=0) == 45).sum() == 1, "it says one class always"
    assert not capfd.readouterr().err


def test_ones_and_softmax_as_hidden_activation_run() -> None:
    result = run(spec_of({"initializer": "ones", "activation": "softmax"}, epochs=1, optimizer="rmsprop"), data=TINY)
    assert result.diverged is None
    assert math.isfinite(result.test["loss"])


def test_a_run_that_diverges_reports_what_it_reached() -> None:
    rows: list[dict[str, Any]] = []
    wild = run(spec_of(epochs=4, optimizer="sgd", learning_rate=100.0, clip_norm=None), data=TINY, on_epoch=rows.append)
    ruined = run(
        spec_of(
            {"initializer": "ones", "regularizer": "l2", "regularization_rate": 10.0},
            optimizer="sgd",
            epochs=20,
            learning_rate=100.0,
        ),
        data=TINY,
    )
    assert ruined.diverged is not None
    assert ruined.diverged.startswith("training diverged: ")
    assert "lower learning_rate (now 100)" in ruined.diverged
    assert not ruined.finished
    assert ruined.epochs_trained == len(ruined.history) < 20
    for result in (wild, ruined):
        assert all(np.isfinite(weight).all() for weight in result.model.get_weights()), "those after the last whole epoch"
        assert result.confusion.sum() == 45
        assert set(result.test) == {"loss", "cross_entropy", "accuracy"}
        assert all(math.isfinite(value) for value in result.test.values())


@pytest.mark.parametrize("steps", [4, 6])
def test_a_run_that_goes_on_and_diverges_at_once_has_the_figures_of_its_checkpoint(
    steps: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An epoch has four steps: after six the weights of the last whole one are in no checkpoint any more."""
    seen: list[int] = []
    first = run(SPEC, data=TINY, checkpoint=tmp_path, on_step=lambda *_: seen.append(1), should_stop=lambda: len(seen) == steps)

    def ruined(images: Any, labels: Any, rng: np.random.Generator) -> tuple[Any, Any]:
        return np.full(images.shape, np.nan, np.float32), labels

    monkeypatch.setattr(runs, "training_data", partial(runs.training_data, augment=ruined))
    second = run(SPEC, data=TINY, checkpoint=tmp_path)
    assert second.diverged is not None
    assert "in epoch 2" in second.diverged
    assert (second.epochs_trained, second.history, second.finished) == (1, first.history, False)
    assert second.seconds > first.seconds
    if steps == 4:
        assert all(map(np.array_equal, second.model.get_weights(), first.model.get_weights()))
        assert second.test == first.test
        assert second.confusion.tolist() == first.confusion.tolist()
    else:
        assert (second.test, second.confusion.tolist(), second.wrong) == ({}, [[0] * 3] * 3, [])


def test_fewer_pictures_are_a_fixed_choice_and_nested() -> None:
    some, more = chosen_pictures(TINY.train, 10), chosen_pictures(TINY.train, 20)
    assert np.array_equal(more.images[:10], some.images)
    assert np.array_equal(more.labels[:10], some.labels)
    assert len(set(some.labels.tolist())) == 3
    assert chosen_pictures(TINY.train, None) is TINY.train
    with pytest.raises(ValueError, match="pictures must be at most 60, the whole training part, or None for it; got 61"):
        chosen_pictures(TINY.train, 61)


def test_confusions_by_hand() -> None:
    shares = np.array([[0.9, 0.1, 0.0], [0.2, 0.5, 0.3], [0.6, 0.1, 0.3], [0.1, 0.1, 0.8], [0.4, 0.6, 0.0]], np.float32)
    confusion, wrong = confusions(np.array([0, 2, 1, 2, 0]), shares, 3)
    assert confusion.tolist() == [[1, 1, 0], [1, 0, 0], [0, 1, 1]]
    assert [(index, said, round(share, 3)) for index, said, share in wrong] == [(2, 0, 0.6), (4, 1, 0.6), (1, 1, 0.5)]
    many = np.tile(np.array([[0.3, 0.7]], np.float32), (300, 1))
    assert len(confusions(np.zeros(300, np.int64), many, 2)[1]) == runs.MOST_WRONG


def test_what_does_not_fit_is_refused_before_anything_is_built() -> None:
    with pytest.raises(ValueError, match=r"pictures of tiny are \(4, 4, 1\)"):
        run(spec_of({"input_shape": (5, 4, 1)}), data=TINY)
    with pytest.raises(ValueError, match="tiny has 3 classes"):
        run(spec_of({"classes": 4}), data=TINY)
    with pytest.raises(DatasetError, match="There is no data set 'tiny'"):
        run(SPEC)


def test_a_run_that_diverged_says_so_in_the_words_of_the_pages():
    spec = TrainSpec(epochs=5, learning_rate=10.0, optimizer="sgd")
    first = diverged_words(str(DivergedError("loss is nan", spec, 1, 14, 188)), 0)
    assert first == (
        "Diverged in batch 14 of epoch 1: the loss was no number any more. A rate below 10, or clipping, helps. "
        "Shown is the network before training."
    )
    later = diverged_words(str(DivergedError("a weight is inf", replace(spec, clip_norm=3.0), 4, 2, 9)), 3)
    assert "a weight was no number" in later
    assert "or closer clipping than 3, helps" in later
    assert later.endswith("the network after epoch 3.")
    assert diverged_words("no space left", 0) == "no space left"
