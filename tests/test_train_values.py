"""The fields of a training run's form as values, and how a run reads in words."""

import time
from dataclasses import replace

import pytest

from core.live_state import LiveState, shortened
from core.specs import ClassifierSpec, RunSpec, TrainSpec
from pages.parts import train_form, train_lane, train_values
from tests.test_live import spec


def test_values_and_specs_translate_both_ways():
    network = ClassifierSpec(
        "mlp-300-dropout", initializer="normal", activation="tanh", regularizer="l2", regularization_rate=0.1, dropout=0.2
    )
    asked = RunSpec("fashion-mnist", network, TrainSpec(3, 64, 0.05, "sgd", seed=9), pictures=1000)
    assert train_values.spec_of(train_values.values_of(asked)) == asked
    values = {"data": "fashion-mnist", **train_values.DEFAULTS, "drop": 0.5, "pictures": train_values.ALL}
    assert train_values.spec_of(values).network.dropout is None  # MLP 300-100 has none to set
    assert train_values.spec_of(values).pictures is None
    full = TrainSpec(
        *(8, 64, 0.002, "adamw", 0.05, 5.0, "cosine", 1.5, 0.999, 3),
        precision="mixed_bfloat16",
    )
    asked = RunSpec("fashion-mnist", ClassifierSpec("mlp-300"), full)
    assert train_values.spec_of(train_values.values_of(asked)) == asked
    values = train_values.values_of(asked)
    assert train_values.spec_of(values | {"epochs": 1}).training.warmup_epochs == 1  # not longer than the run
    assert train_values.spec_of(values | {"sched": "constant"}).training.warmup_epochs == 1.5
    names = {name: train_values.values_title(name, values[name]) for name in train_form.MORE}
    assert names["sched"] == "Half a cosine, down to 0"
    assert (names["warm"], names["decay"], names["clip"], names["ema"]) == ("1.5 epochs", "0.05", "5", "0.999")
    assert train_values.values_title("clip", train_values.NO_CLIP) == "none"


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0.001, "0.001"), (10.0, "10"), (1e-05, "1e-05"), (0.0037194128, "0.0037194128"), (1 / 3, "0.3333333333333333")],
)
def test_numbers_in_a_link_are_the_same_when_it_is_opened(rate: float, text: str):
    assert train_values.as_text(rate) == text
    assert train_values.parsed("rate", text, ()) == rate


def test_choices_and_whole_numbers_in_a_link():
    assert [train_values.as_text(value) for value in ("adam", 6000)] == ["adam", "6000"]
    assert train_values.parsed("pictures", "6000", ()) == 6000


def test_runs_are_named_by_what_sets_them_apart():
    one, two = spec(learning_rate=0.001), spec(learning_rate=0.1, seed=4)
    assert train_values.labels([one]) == ["MLP 300"]
    assert train_values.labels([one, two]) == ["rate 0.001, seed 0", "rate 0.1, seed 4"]
    assert train_values.labels([one, one]) == ["First", "Second"]


def test_what_is_changed_is_one_short_line():
    begun = {"data": "clock-hours", **train_values.DEFAULTS}
    assert train_values.changes_words(begun) == "No setting is changed."
    assert train_values.changes_words({**begun, "init": "zeros"}) == "Changed: First weights: Zeros."
    assert train_values.changes_words({**begun, "penalty": 0.1}) == "No setting is changed."  # of no penalty
    assert train_values.changes_words({**begun, "penalty": 0.1, "reg": "l2"}) == (
        "Changed: Regularisation: L2; Weight of the penalty: 0.1."
    )
    many = {"opt": "sgd", "rate": 10.0, "batch": 8, "epochs": 2, "seed": 3, "ema": 0.9}
    assert train_values.changes_words({**begun, **many}) == (
        "Changed: Optimiser: SGD; Learning rate: 10; Batch: 8; Epochs: 2; and 2 more."
    )


def test_what_is_left_of_a_stored_run_is_told():
    mlp = spec(20, dataset="fashion-mnist", pictures=None)
    assert train_values.shortened_words(mlp, mlp) == ""
    leaves = spec(20, dataset="plant-leaves", pictures=None)
    assert "had 20 epochs of all pictures; 10 of all fit" in train_values.shortened_words(leaves, shortened(leaves))
    cnn = replace(mlp, network=ClassifierSpec("cnn-chapter-14"))
    assert train_values.shortened_words(cnn, cnn) == (
        "Without a GPU a CNN takes minutes for such an epoch: fewer pictures are quicker."
    )
    assert train_values.shortened_words(cnn, shortened(cnn)).startswith(
        "The stored run had 20 epochs of 54,000 pictures; 11 of"
    )
    few = replace(cnn, pictures=2000)
    assert train_values.shortened_words(few, few) == ""


def test_what_is_prepared_is_said_with_the_time_that_it_takes():
    begun = LiveState("id", spec(), "starting", since=time.monotonic() - 65)
    assert train_lane.words(begun) == "a process of its own begins, and reads Clock hours; 1 min 05 s since the start."
    drawn = replace(begun, prepared=7000, to_prepare=8400, seconds_left=12.4)
    assert train_lane.words(drawn) == (
        "7,000 of 8,400 pictures of Clock hours are read or drawn; about 12 s left; 1 min 05 s since the start. "
        "They are kept: the next run has them at once."
    )
    assert drawn.share == pytest.approx(7000 / 8400)
    ready = replace(begun, has_data=True)
    assert train_lane.words(ready).startswith("the pictures are there; Keras is loaded and the network built")
    assert (begun.share, ready.share) == (0, 0)


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (125.2, "2 min 05 s")])
def test_durations_read_well(seconds: float, words: str):
    assert train_lane.duration(seconds) == words
