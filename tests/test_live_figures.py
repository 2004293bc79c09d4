"""Figures of live runs: what is drawn, axes that stand still, pictures of filters to the pixel."""

import math
from dataclasses import replace

import numpy as np
import pytest

from core.figures import palette
from core.live_figures import filter_sheet, likeliest, live_curves
from core.live_state import LiveState
from core.specs import ClassifierSpec, RunSpec, TrainSpec


def state(done: int = 2, epochs: int = 5, classes: int = 10, loss: float = 1.0) -> LiveState:
    spec = RunSpec("fashion-mnist", ClassifierSpec("mlp-300", classes=classes), TrainSpec(epochs))
    row = {"loss": loss, "cross_entropy": loss, "accuracy": 0.5}
    row |= {f"val_{name}": value for name, value in row.items()}
    trace = {"epochs": (0.5, 1.0, 1.5, 2.0), "loss": (loss,) * 4, "cross_entropy": (loss,) * 4, "accuracy": (0.5,) * 4}
    history = tuple({"epoch": epoch + 1, **row} for epoch in range(done))
    return LiveState("id", spec, "running", epoch=done, history=history, trace=trace if done else {})


def test_a_run_has_a_thin_line_for_training_and_a_thick_one_for_validation():
    figure = live_curves({"MLP": state()}, "cross_entropy")
    training, validation = figure.data
    assert (training.name, list(training.x)) == ("MLP: training", [0.5, 1.0, 1.5, 2.0])
    assert (validation.name, list(validation.x)) == ("MLP: validation", [1, 2])
    assert training.line.width < validation.line.width
    assert figure.layout.shapes[0].y0 == pytest.approx(math.log(10))  # guessing


def test_two_runs_differ_by_dash_and_marker_and_not_by_hue_alone():
    figure = live_curves({"one": state(), "two": state(epochs=8)}, "accuracy")
    first, second = figure.data[1], figure.data[3]
    assert (first.line.dash, second.line.dash) == ("solid", "dash")
    assert first.marker.symbol != second.marker.symbol
    assert figure.layout.xaxis.range[1] == pytest.approx(8 * 1.015)  # the longer of both


def test_axes_do_not_move_while_a_run_goes():
    before, after = (live_curves({"MLP": state(done)}, "cross_entropy") for done in (0, 2))
    assert before.layout.xaxis == after.layout.xaxis
    assert before.layout.yaxis == after.layout.yaxis
    assert live_curves({"MLP": state(0)}, "accuracy").layout.yaxis.range == (-0.02, 1.02)


@pytest.mark.parametrize("loss", [0.01, 30.0, 1e9, math.nan])
@pytest.mark.parametrize("log", [False, True])
def test_losses_of_every_size_can_be_drawn(loss: float, log: bool):
    figure = live_curves({"MLP": state(loss=loss)}, "loss", log=log, dark=True)
    if not log:
        assert figure.layout.yaxis.range[1] >= (loss if math.isfinite(loss) else 0)
    assert not figure.layout.shapes  # with a penalty no guess is to be compared


@pytest.mark.parametrize("log", [False, True])
def test_guessing_is_named_at_its_line_on_every_axis(log: bool):
    """Words on a logarithmic axis stand by the logarithm, lines by the value."""
    figure = live_curves({"MLP": state()}, "cross_entropy", log=log)
    (words,) = figure.layout.annotations
    assert (words.text, words.x, words.xanchor) == ("guessing", 1, "left")  # beside the axes, where no marker comes
    assert words.y == pytest.approx(math.log10(math.log(10)) if log else math.log(10))
    assert figure.layout.shapes[0].y0 == pytest.approx(math.log(10))


def test_what_cannot_be_drawn_is_named():
    with pytest.raises(ValueError, match="measure must be one of"):
        live_curves({}, "speed")
    with pytest.raises(ValueError, match="at most 2 runs"):
        live_curves({str(number): state() for number in range(3)}, "loss")
    with pytest.raises(ValueError, match="filters must be"):
        filter_sheet(np.zeros((2, 3, 3), np.uint8))
    with pytest.raises(ValueError, match="shape"):
        likeliest(np.zeros(3, np.float32), ("one", "two"))


def rgb(colour: str) -> list[int]:
    return [int(colour[start : start + 2], 16) for start in (1, 3, 5)]


def test_filters_stand_in_rows_of_eight_positive_in_one_hue_and_negative_in_another():
    filters = np.full((9, 2, 3, 1), 128, np.uint8)
    filters[0, 0, 0, 0], filters[8, 1, 2, 0] = 255, 1
    sheet = filter_sheet(filters)
    # Each is drawn eight times as large, 16 x 24 pixels, with a line around it.
    assert (sheet.shape, sheet.dtype) == ((2 * 17 + 1, 8 * 25 + 1, 3), np.uint8)
    colours = palette()
    assert sheet[1, 1].tolist() == sheet[8, 8].tolist() == rgb(colours.series[0])
    assert sheet[1, 9].tolist() == rgb(colours.paper)
    assert sheet[17 + 9, 17].tolist() == rgb(colours.series[1])
    assert sheet[0, 0].tolist() == sheet[9, 25].tolist() == rgb(colours.muted)
    assert sheet[20, 40].tolist() == rgb(colours.paper)  # a place left over
    assert filter_sheet(np.full((3, 28, 28, 1), 128, np.uint8)).shape == (30, 3 * 29 + 1, 3)  # large enough


def test_colour_filters_are_shown_as_they_are():
    filters = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    assert filter_sheet(filters, dark=True)[1:25:12, 1:25:12].tolist() == filters[0].tolist()


def test_the_likeliest_classes_come_first():
    shares = np.array([0.1, 0.6, 0.3, 0.0], np.float32)
    assert [name for name, _ in likeliest(shares, ("a", "b", "c", "d"))] == ["b", "c", "a"]
    assert likeliest(np.full(4, np.nan, np.float32), ("a", "b", "c", "d"), 2) == [("a", 0.0), ("b", 0.0)]


def test_a_loss_that_explodes_leaves_the_figure_and_says_how_high_it_went():
    good = replace(state(0), trace={"epochs": (0.1, 0.5, 1.0), "cross_entropy": (2.0, 1.0, 0.5)})
    wild = replace(state(0), trace={"epochs": (0.1, 0.2, 0.3), "cross_entropy": (3.0, 8e4, 5e30)})
    alone = live_curves({"good": good}, "cross_entropy")
    both = live_curves({"good": good, "wild": wild}, "cross_entropy")
    assert both.layout.yaxis.range[1] == 7.0  # 3 x ln 10 = 6.9, in steps of 0.5
    assert [one.text for one in both.layout.annotations if "↑" in one.text] == ["↑ up to 10<sup>30</sup>"]
    assert not [one for one in alone.layout.annotations if "↑" in one.text]
    assert not [one for one in live_curves({"wild": wild}, "cross_entropy", log=True).layout.annotations if "↑" in one.text]
    assert live_curves({"wild": wild}, "cross_entropy").layout.yaxis.range[1] == 7.0
    # A run that begins high is shown where it is.
    high = replace(state(0), trace={"epochs": (0.1, 0.5, 1.0), "cross_entropy": (47.0, 5.0, 1.0)})
    assert live_curves({"high": high}, "cross_entropy").layout.yaxis.range[1] >= 47
