"""Parallel coordinates: places worked out by hand, brushes, and what a browser or a URL may send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.parallel import AIR, brush_texts, factor_axis, from_texts, measure_axis, read_brushes, within

ROWS = [
    {"optimizer": "adam", "learning_rate": 0.001, "batch_size": 32, "epochs": 5, "val_accuracy": 0.8},
    {"optimizer": "sgd", "learning_rate": 0.01, "batch_size": 128, "epochs": 20, "val_accuracy": 0.9},
    {"optimizer": "nadam", "learning_rate": 0.1, "batch_size": 512, "epochs": 10, "val_accuracy": None},
]


def test_words_lie_at_even_distances_in_the_order_of_the_study():
    axis = factor_axis("optimizer", ["adam", "nadam", "sgd"], ROWS)
    assert axis.places == (0.0, 1.0, 0.5)
    assert [(tick.at, tick.text) for tick in axis.ticks] == [(0.0, "Adam"), (0.5, "Nadam"), (1.0, "SGD")]
    assert axis.title == "optimiser"
    assert factor_axis("optimizer", ["adam"], ROWS[:1]).places == (0.5,)


def test_long_words_stand_on_two_lines():
    ticks = factor_axis("regularization", ["l1&dropout", "l2"], []).ticks
    assert [tick.text for tick in ticks] == ["L1\ndropout", "L2"]


def test_rates_and_batches_lie_by_their_logarithm_and_epochs_by_size():
    assert factor_axis("learning_rate", [0.001, 0.01, 0.1], ROWS).places == pytest.approx((0, 0.5, 1))
    batch = factor_axis("batch_size", [32, 128, 512], ROWS)
    assert batch.places == pytest.approx((0, 0.5, 1))
    assert [tick.text for tick in batch.ticks] == ["32", "128", "512"]
    assert factor_axis("epochs", [5, 10, 20], ROWS).places == pytest.approx((0, 1, 1 / 3))


def test_a_measure_runs_from_its_least_to_its_most_with_round_ticks():
    axis = measure_axis("val_accuracy", "accuracy", ROWS)
    assert axis.places[:2] == pytest.approx((0, 1))
    assert axis.places[2] is None
    assert [tick.text for tick in axis.ticks] == ["80 %", "82 %", "84 %", "86 %", "88 %", "90 %"]
    losses = measure_axis("val_loss", "loss", [{"val_loss": value} for value in (1.0, 10.0, 100.0)], log=True)
    assert losses.places == pytest.approx((0, 0.5, 1))
    assert [tick.text for tick in losses.ticks] == ["1", "2", "5", "10", "20", "50", "100"]


def test_what_is_no_number_has_no_place():
    rows = [{"val_loss": value} for value in (float("nan"), float("inf"), None, 0.0, 1.0, 2.0)]
    assert measure_axis("val_loss", "loss", rows, log=True).places == (None, None, None, None, 0.0, 1.0)
    assert measure_axis("val_loss", "loss", [{}, {}]).places == (None, None)
    assert measure_axis("val_loss", "loss", [{"val_loss": 3.0}]).places == (0.5,)


def test_a_run_is_held_when_it_lies_in_every_brush():
    axes = [factor_axis("epochs", [5, 10, 20], ROWS), measure_axis("val_accuracy", "accuracy", ROWS)]
    assert within(axes, {}) == [0, 1, 2]
    assert within(axes, {"epochs": (0.2, 1.04)}) == [1, 2]
    assert within(axes, {"epochs": (0.2, 1.04), "val_accuracy": (-AIR, 1.04)}) == [1]  # one has no accuracy
    assert within(axes, {"elsewhere": (0.0, 0.1)}) == [0, 1, 2]
    assert within([], {"epochs": (0.0, 1.0)}) == []


def test_brushes_from_a_browser_are_checked():
    sent = {"epochs": [0.2, 3], "val_accuracy": [0.9, 0.1], "other": [0, 1], "seed": "ab"}
    assert read_brushes(sent, ["epochs", "val_accuracy", "seed"]) == {"epochs": (0.2, 1 + AIR)}
    for nonsense in (None, 3, "epochs", [], {"epochs": None}, {"epochs": [0]}, {"epochs": ["a", "b"]}, {"epochs": [0, None]}):
        assert read_brushes(nonsense, ["epochs"]) == {}
    assert read_brushes({"epochs": [float("nan"), 1]}, ["epochs"]) == {}


def test_a_url_holds_brushes():
    brushes = {"epochs": (-0.04, 0.5), "val_accuracy": (0.25, 1.04)}
    texts = brush_texts(brushes)
    assert texts == ["epochs:-0.040-0.500", "val_accuracy:0.250-1.040"]
    assert from_texts(texts, ["epochs", "val_accuracy"]) == brushes
    assert from_texts([*texts, "x", "epochs:1", "epochs:a-b", "epochs:0.9-0.1"], ["val_accuracy"]) == {
        "val_accuracy": (0.25, 1.04)
    }


@given(st.lists(st.text(max_size=30), max_size=4))
def test_garbage_in_a_url_is_passed_over(texts):
    assert from_texts(texts, ["epochs"]) == {} or any(text.startswith("epochs:") for text in texts)


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=20), st.booleans())
def test_places_and_ticks_stay_on_the_axis_and_in_order(values, log):
    axis = measure_axis("val_loss", "loss", [{"val_loss": value} for value in values], log=log)
    assert all(place is not None and -1e-9 <= place <= 1 + 1e-9 for place in axis.places)
    assert all(-1e-6 <= tick.at <= 1 + 1e-6 for tick in axis.ticks)
    assert len(axis.ticks) <= 12
    order = sorted(range(len(values)), key=lambda index: values[index])
    places = [axis.places[index] for index in order]
    assert places == sorted(places)
