"""Parallel coordinates: places worked out by hand, brushes, and what a browser or a URL may send."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.parallel import (
    AIR,
    Scale,
    as_drawn,
    brush_texts,
    factor_axis,
    from_texts,
    keep,
    measure_axis,
    placed,
    read_brushes,
    within,
)

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
    assert [tick.text for tick in ticks] == ["L1\n+ dropout", "L2"]
    assert factor_axis("architecture", ["mlp-300-l1"], []).ticks[0].text == "MLP 300-100\nL1 + dropout"


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
    large = measure_axis("val_loss", "loss", [{"val_loss": value} for value in (300.0, 30_000.0)], log=True)
    assert [tick.text for tick in large.ticks] == ["500", "1,000", "2,000", "5,000", "10,000", "20,000"]


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


def accuracies(*values: float):
    return measure_axis("val_accuracy", "accuracy", [{"val_accuracy": value} for value in values])


def test_a_brush_keeps_its_numbers_when_other_runs_are_shown():
    every, top = [accuracies(0.5, 0.6, 0.7, 0.8, 0.9)], [accuracies(0.8, 0.9)]
    kept = keep(every, {"val_accuracy": (0.7, 1 + AIR)}, {})
    assert kept == {"val_accuracy": (pytest.approx(0.78), math.inf)}  # 0.5 + 0.7 * 0.4; open above
    assert within(every, placed(every, kept)) == [3, 4]
    assert within(top, placed(top, kept)) == [0, 1]
    assert within([accuracies(0.7, 0.8, 1.0)], placed([accuracies(0.7, 0.8, 1.0)], kept)) == [1, 2]  # a better run came
    rates = [factor_axis("learning_rate", [0.001, 0.01, 0.1], ROWS)]
    kept = keep(rates, {"learning_rate": (0.25, 0.75)}, {})
    assert kept == {"learning_rate": (pytest.approx(10**-2.5), pytest.approx(10**-1.5))}


def test_a_brush_beyond_the_runs_shown_holds_none_and_comes_back():
    every, top = [accuracies(0.5, 0.6, 0.7, 0.8, 0.9), axis_of_words(5)], [accuracies(0.8, 0.9), axis_of_words(2)]
    kept = keep(every, {"val_accuracy": (0.2, 0.6)}, {})
    shown = placed(top, kept)
    assert shown == {"val_accuracy": (-AIR, -AIR / 2)}
    assert within(top, shown) == []
    assert placed(top, {"val_accuracy": (0.95, math.inf)}) == {"val_accuracy": (1 + AIR / 2, 1 + AIR)}
    # Another brush is drawn, and the browser sends this one back as it was shown.
    again = keep(top, shown | {"optimizer": (-AIR, 0.5)}, kept)
    assert again == kept | {"optimizer": (-AIR, 0.5)}
    assert within(every, placed(every, kept)) == [1, 2]
    assert keep(top, {"val_accuracy": (-AIR, 1 + AIR)}, {}) == {}  # it holds back nothing


def test_a_brush_means_what_its_axis_showed_when_it_was_drawn():
    every, top = [accuracies(0.5, 0.6, 0.7, 0.8, 0.9), axis_of_words(5)], [accuracies(0.8, 0.9), axis_of_words(2)]
    kept = {"val_accuracy": (-math.inf, 0.6)}
    late = placed(top, kept)  # the page shows every run by now, the browser still the best ones
    assert keep(as_drawn(every, {"val_accuracy": [0.8, 0.9, False]}), late, kept) == kept
    drawn = keep(as_drawn(every, {"val_accuracy": [0.8, 0.9, False]}), {"val_accuracy": (0.5, 1 + AIR)}, kept)
    assert drawn == {"val_accuracy": (pytest.approx(0.85), math.inf)}
    for nonsense in (
        None,
        3,
        "val",
        [],
        {"val_accuracy": None},
        {"val_accuracy": [1, 0, False]},
        {"val_accuracy": [0, 1, True]},
    ):
        assert as_drawn(every, nonsense) == every
    assert as_drawn(every, {"optimizer": [0.0, 1.0, False], "val_accuracy": ["0", 1, False], "x": [0, 1, False]}) == every


def test_of_many_powers_of_ten_some_are_ticks():
    axis = measure_axis("val_loss", "loss", [{"val_loss": 1e-6}, {"val_loss": 1e6}], log=True)
    assert [tick.text for tick in axis.ticks] == ["1e-06", "0.0001", "0.01", "1", "100", "10,000", "1e+06"]


def axis_of_words(count: int):
    return factor_axis("optimizer", ["adam", "sgd"], [{"optimizer": "adam"}] * count)


def test_equal_numbers_lie_in_the_middle_and_a_brush_holds_them_or_not():
    axes = [accuracies(0.9, 0.9)]
    for brush, held in (((0.2, 0.8), [0, 1]), ((0.6, 1.0), []), ((0.0, 0.4), [])):
        assert within(axes, placed(axes, keep(axes, {"val_accuracy": brush}, {}))) == held


def test_a_url_holds_brushes():
    axes = [factor_axis("epochs", [5, 10, 20], ROWS), accuracies(0.8, 0.9), axis_of_words(2)]
    kept = {"epochs": (-math.inf, 12.5), "val_accuracy": (0.825, 0.87), "optimizer": (-0.04, 0.5)}
    texts = brush_texts(axes, kept)
    assert texts == ["epochs:..12.5", "val_accuracy:0.825..0.87", "optimizer:-0.040-0.500"]
    assert from_texts(texts, axes) == kept
    garbage = ["x", "epochs:1", "epochs:a..b", "epochs:9..1", "epochs:..", "epochs:0.1-0.2", "optimizer:0.1..0.2", "seed:1..2"]
    assert from_texts(garbage, axes) == {}
    tiny = {"val_loss": (1e-7, 2.5e12)}
    losses = [measure_axis("val_loss", "loss", [{"val_loss": value} for value in (1e-9, 1e15)], log=True)]
    assert from_texts(brush_texts(losses, tiny), losses) == tiny


@given(st.lists(st.text(max_size=30), max_size=4))
def test_garbage_in_a_url_is_passed_over(texts):
    axes = [factor_axis("epochs", [5, 10, 20], ROWS)]
    assert from_texts(texts, axes) == {} or any(text.startswith("epochs:") for text in texts)


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6), st.floats(0, 1), st.booleans())
def test_a_number_is_found_again_at_its_place(one, other, place, log):
    scale = Scale(min(one, other), max(one, other) * 1.01, log)
    assert scale.place(scale.value(place)) == pytest.approx(place, abs=1e-6)


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=20), st.booleans())
def test_places_and_ticks_stay_on_the_axis_and_in_order(values, log):
    axis = measure_axis("val_loss", "loss", [{"val_loss": value} for value in values], log=log)
    assert all(place is not None and -1e-9 <= place <= 1 + 1e-9 for place in axis.places)
    assert all(-1e-6 <= tick.at <= 1 + 1e-6 for tick in axis.ticks)
    assert len(axis.ticks) <= 12
    order = sorted(range(len(values)), key=lambda index: values[index])
    places = [axis.places[index] for index in order]
    assert places == sorted(places)
