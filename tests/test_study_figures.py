"""Figures of studies and runs: what is drawn, by values worked out by hand; looks that do not rest on colour."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

from core import run_figures, study_axes, study_figures
from core.run_figures import RunCurve
from core.study_axes import Flag, flags
from core.study_effects import Beside, Cell, LevelMean
from core.study_names import (
    device_words,
    figure_text,
    is_cut,
    level_title,
    losses_apart,
    measure_title,
    run_title,
    share_words,
    short_share,
    varied,
)
from core.trials import Printed

EFFECTS = [
    LevelMean("optimizer", "sgd", 0.6, 0.01, 4),
    LevelMean("optimizer", "adam", 0.8, 0.02, 4),
    LevelMean("activation", "relu", 0.9, None, 4),
    LevelMean("activation", "tanh", 0.5, None, 4),
]


def row(**more):
    cut = {"epochs_trained": 2, "epochs_asked": 20, "pictures": 10_000, "pictures_asked": 54_000}
    return {"trial": 3, "seed": 1, "optimizer": "adam", **cut, "device": "CPU, 2 cores", "diverged": "", **more}


# --- words -----------------------------------------------------------------------------------------------------------


def test_what_a_share_left_out_stands_in_words():
    assert share_words(row()) == "2 of 20 epochs, 10,000 of 54,000 pictures, CPU"
    whole = row(epochs_trained=20, pictures=54_000, device="NVIDIA H200")
    assert share_words(whole) == "20 epochs, 54,000 pictures, H200"
    assert short_share(row()) == "2 of 20 epochs, 19 % of the pictures"
    assert device_words("") == "device not known"
    assert is_cut(row())
    assert not is_cut(whole)
    assert not is_cut(row(pictures=54_000, diverged="The loss is no number"))


def test_names_read_as_people_say_them():
    assert run_title(row(learning_rate=0.001, batch_size=128), ["optimizer", "learning_rate", "batch_size"]) == (
        "3: Adam, rate 0.001, batch 128, seed 1"
    )
    assert level_title("initializer", "uniform") == "U(±0.05)"
    assert level_title("architecture", "mlp-300-100") == "MLP 300-100"
    assert level_title("dataset", "mnist") == "MNIST"
    assert level_title("optimizer", None) == "–"
    assert measure_title("val_cross_entropy") == "validation cross-entropy"
    assert [figure_text("val_accuracy", 0.87654), figure_text("val_loss", 25.114), figure_text("val_loss", None)] == [
        "87.65 %",
        "25.1",
        "–",
    ]


def test_a_factor_with_one_level_does_not_vary():
    rows = [row(), row(optimizer="sgd", learning_rate=None)]
    assert varied(["optimizer", "learning_rate", "seed"], rows) == ["optimizer"]


def test_a_penalty_shows_where_loss_and_cross_entropy_differ():
    assert not losses_apart([{"val_loss": 0.5, "val_cross_entropy": 0.5}, {"val_loss": None, "val_cross_entropy": 1.0}])
    assert losses_apart([{"val_loss": 0.6, "val_cross_entropy": 0.5}])


# --- effects ---------------------------------------------------------------------------------------------------------


def test_the_best_level_of_each_factor_is_marked():
    figure = study_figures.effects_plot(EFFECTS, "val_accuracy")
    optimiser, activation = figure.data
    assert list(optimiser.x) == [0.6, 0.8]
    assert list(optimiser.y) == [1, 2]
    assert list(activation.y) == [4, 5]
    assert list(optimiser.error_x.array) == [0.01, 0.02]
    assert optimiser.marker.size[1] > optimiser.marker.size[0]
    assert activation.marker.size[0] > activation.marker.size[1]
    assert figure.layout.yaxis.ticktext == ("<b>optimiser</b>", "SGD", "Adam", "<b>activation</b>", "relu", "tanh")
    assert figure.layout.shapes[0].x0 == pytest.approx(0.7)  # the mean of all runs


def test_of_losses_the_smallest_is_best():
    figure = study_figures.effects_plot(EFFECTS, "val_loss", log=True)
    assert figure.data[0].marker.size[0] > figure.data[0].marker.size[1]
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.xaxis.title.text == "mean validation<br>loss with penalty"  # a file that is saved has no caption


def test_a_narrow_axis_has_few_ticks():
    decade = [0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0]
    assert study_axes.few_ticks(decade, 0.4, 2.2, 5) == [0.5, 1.0, 2.0]
    assert study_axes.few_ticks(decade, 0.4, 1.0, 5) == [0.4, 0.5, 0.7, 1.0]
    assert study_axes.few_ticks([1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0], 1, 100, 5) == [1.0, 10.0, 100.0]


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0.31, 0.37], [0.32, 0.34, 0.36]),  # no round part of a decade lies there
        ([1.98, 2.21], [2.0, 2.05, 2.1, 2.15, 2.2]),
        ([0.4, 2.2], [0.4, 0.5, 0.7, 1.0, 1.5, 2.0]),
        ([2.0, 2.0], [2.0]),
    ],
)
def test_a_logarithmic_axis_has_ticks_however_short_it_is(values: list[float], ticks: list[float]):
    axis = study_axes.value_axis("val_cross_entropy", values, log=True)
    assert (axis["type"], axis["tickvals"]) == ("log", ticks)
    assert axis["ticktext"] == [f"{tick:g}" for tick in ticks]


def test_no_level_is_missing_beneath_an_axis():
    networks = ["mlp-300-100-dropout", "mlp-300-l1", "keras-mlp"]
    cells = [Cell(name, "adam", 0.5, 0.0, 1) for name in networks]
    factors, levels = ("architecture", "optimizer"), (networks, ["adam"])
    axis = study_figures.interaction_plot(cells, factors, levels, "val_accuracy").layout.xaxis
    assert axis.ticktext == ("MLP 300-100,<br>dropout twice", "MLP 300-100,<br>L1 + dropout", "Keras' MLP")
    assert axis.ticklabeloverflow == "allow"
    assert tuple(axis.range) == (-0.5, 2.5)


def test_an_interaction_has_a_line_for_each_level():
    cells = [Cell("sgd", "relu", 0.5, 0.1, 1), Cell("adam", "relu", 0.7, -0.1, 1), Cell("sgd", "tanh", 0.6, -0.1, 1)]
    figure = study_figures.interaction_plot(
        cells, ("optimizer", "activation"), (["sgd", "adam"], ["relu", "tanh"]), "val_accuracy"
    )
    relu, tanh = figure.data
    assert (list(relu.x), list(relu.y)) == ([0, 1], [0.5, 0.7])
    assert (list(tanh.x), list(tanh.y)) == ([0], [0.6])  # one pair never met
    assert list(relu.customdata[0]) == ["50.00 %", "+10.0 points", "1 run"]
    assert list(relu.customdata[1])[1] == "−10.0 points"


def test_whiskers_are_drawn_only_where_seeds_differ():
    optimiser, activation = study_figures.effects_plot(EFFECTS, "val_accuracy").data
    assert list(optimiser.error_x.array) == [0.01, 0.02]
    assert (activation.error_x.visible, activation.error_x.array) == (False, None)
    some = [EFFECTS[0], replace(EFFECTS[1], spread=None)]
    assert list(study_figures.effects_plot(some, "val_accuracy").data[0].error_x.array) == [0.01, None]


def test_the_mean_line_counts_settings_and_guessing_is_a_line_of_its_own():
    """One setting of 0.6 that ran four times and three of 0.8: (0.6 + 3 * 0.8) / 4."""
    effects = [replace(EFFECTS[0], settings=1), replace(EFFECTS[1], settings=3)]
    figure = study_figures.effects_plot(effects, "val_accuracy", guess=0.1)
    assert [line.x0 for line in figure.layout.shapes] == pytest.approx([0.75, 0.1])
    assert len({line.line.dash for line in figure.layout.shapes}) == 2
    assert len(study_figures.effects_plot(effects, "val_accuracy").layout.shapes) == 1


def test_levels_are_written_as_told():
    names = {("optimizer", "sgd"): "SGD *", ("epochs", 5): "1 of 5"}
    assert study_figures.effects_plot(EFFECTS, "val_accuracy", names=names).layout.yaxis.ticktext[1:3] == ("SGD *", "Adam")
    figure = study_figures.lines_over([("adam", 5, 0.8), ("adam", 10, 0.9)], "epochs", "val_accuracy", ["adam"], names=names)
    assert figure.layout.xaxis.ticktext == ("1 of 5", "10")


def test_the_number_of_runs_behind_a_point_is_told_when_it_is_pointed_at_and_written_nowhere():
    points = [("adam", 5, 0.8), ("adam", 5, 0.7), ("adam", 10, 0.9)]
    _, means = study_figures.lines_over(points, "epochs", "val_accuracy", ["adam"], runs=[3, 1, 1]).data
    assert (means.text, means.mode) == (None, "lines+markers")  # where lines meet, numbers would stand on each other
    assert list(means.customdata) == ["mean of 2 settings, 4 runs: 75.00 %", "mean of 1 setting, 1 run: 90.00 %"]
    cells = [Cell("sgd", "relu", 0.5, 0.1, 3), Cell("adam", "relu", 0.7, -0.1, 1)]
    (line,) = study_figures.interaction_plot(
        cells, ("optimizer", "activation"), (["sgd", "adam"], ["relu"]), "val_accuracy", guess=0.1
    ).data
    assert (line.text, line.mode) == (None, "lines+markers")
    assert [told[2] for told in line.customdata] == ["3 runs", "1 run"]


@pytest.mark.parametrize(
    ("lines", "places"),
    [
        ({"mean": 0.5}, {"mean": Flag("right")}),
        ({"mean": 0.95}, {"mean": Flag("left")}),  # no room to its right
        ({"mean": 0.4, "guessing": 0.1}, {"mean": Flag("right"), "guessing": Flag("left")}),
        ({"mean": 0.11, "guessing": 0.1}, {"mean": Flag("right"), "guessing": Flag("left")}),  # away from each other
        ({"mean": 0.3, "guessing": 0.95}, {"mean": Flag("left"), "guessing": Flag("left")}),
        ({"mean": 0.9, "guessing": 0.95}, {"mean": Flag("left"), "guessing": Flag("left", 1)}),  # above the other
    ],
)
def test_names_of_upright_lines_meet_neither_line_nor_name(lines: dict[str, float], places: dict[str, Flag]):
    assert flags(lines) == places
    with pytest.raises(ValueError, match="at most 2 lines"):
        flags({"a": 0.1, "b": 0.2, "c": 0.3})


@pytest.mark.parametrize("log", [False, True])
def test_the_lines_of_effects_have_their_names_above_the_levels(log: bool):
    figure = study_figures.effects_plot(EFFECTS, "val_cross_entropy", guess=10.0, log=log)
    mean, guessing = figure.layout.annotations
    assert (mean.text, guessing.text) == ("mean", "guessing")
    # Words on a logarithmic axis stand by the logarithm, lines by the value.
    assert (mean.x, guessing.x) == pytest.approx((np.log10(0.7), 1.0) if log else (0.7, 10.0))
    assert [line.x0 for line in figure.layout.shapes] == pytest.approx([0.7, 10.0])
    assert min(line.y1 for line in figure.layout.shapes) > 1
    # The axis reaches over everything and stands still, lest the names widen it; its ends are logarithms, too.
    low, high = (np.log10(end) if log else end for end in (0.5, 10.0))
    assert figure.layout.xaxis.range == pytest.approx((low - 0.06 * (high - low), high + 0.06 * (high - low)))
    # Room for two rows in every figure: those side by side begin at one height.
    assert figure.layout.margin.t == study_figures.effects_plot(EFFECTS, "val_accuracy").layout.margin.t == 30


def test_guessing_is_named_to_the_right_of_its_line_where_no_marker_comes():
    cells = [Cell("sgd", "relu", 2.5, 0.1, 3), Cell("adam", "relu", 0.7, -0.1, 1)]
    for log in (False, True):
        figure = study_figures.interaction_plot(
            cells, ("optimizer", "activation"), (["sgd", "adam"], ["relu"]), "val_loss", guess=10.0, log=log
        )
        (words,) = figure.layout.annotations
        assert (words.text, words.x, words.xanchor, words.y) == ("guessing", 1, "left", 1.0 if log else 10.0)
        assert figure.layout.margin.r >= 50


def test_effects_side_by_side_share_axis_mean_and_looks_of_all():
    whole = study_figures.effects_plot(EFFECTS, "val_accuracy", guess=0.1)
    last = EFFECTS[-1].factor
    part = study_figures.effects_plot([one for one in EFFECTS if one.factor == last], "val_accuracy", among=EFFECTS, guess=0.1)
    assert part.layout.xaxis.range == whole.layout.xaxis.range
    assert [line.x0 for line in part.layout.shapes] == [line.x0 for line in whole.layout.shapes]
    (alone,) = part.data
    assert (alone.name, alone.marker.symbol) == (whole.data[-1].name, whole.data[-1].marker.symbol)
    assert len(part.layout.yaxis.ticktext) < len(whole.layout.yaxis.ticktext)


def test_figures_side_by_side_share_their_axis():
    figure = study_figures.lines_over([("adam", 5, 0.8)], "epochs", "test_accuracy", ["adam"], within=[0.3, 0.8])
    assert figure.layout.yaxis.range == pytest.approx((0.27, 0.83))


def test_an_open_marker_holds_runs_that_diverged():
    effects = [replace(EFFECTS[0], diverged=2), *EFFECTS[1:]]
    optimiser, activation = study_figures.effects_plot(effects, "val_accuracy").data
    assert list(optimiser.marker.symbol) == ["circle-open", "circle"]
    assert not any(symbol.endswith("-open") for symbol in activation.marker.symbol)
    assert optimiser.customdata[0][1] == "4 runs, of which 2 diverged"
    cells = [Cell("sgd", "relu", 0.5, 0.1, 3, 1), Cell("adam", "relu", 0.7, -0.1, 3)]
    (line,) = study_figures.interaction_plot(
        cells, ("optimizer", "activation"), (["sgd", "adam"], ["relu"]), "val_accuracy"
    ).data
    assert list(line.marker.symbol) == ["circle-open", "circle"]
    points = [("adam", 5, 0.8), ("sgd", 5, 0.7), ("adam", 10, 0.9)]
    figure = study_figures.lines_over(points, "epochs", "val_accuracy", ["adam", "sgd"], broken={2})
    assert list(figure.data[0].marker.symbol) == ["circle", "circle-open"]
    assert list(figure.data[0].customdata) == ["80.00 %", "90.00 %, diverged"]


def test_importance_is_sorted():
    figure = study_figures.importance_bars({"optimizer": 0.2, "activation": 0.5})
    assert figure.layout.yaxis.ticktext == ("activation", "optimiser")
    assert list(figure.data[0].text) == ["50 %", "20 %"]


def test_levels_share_no_look():
    looks = study_axes.looks_of(list("abcdefgh"))
    assert len({(look.dash, look.symbol) for look in looks.values()}) == 8
    assert study_axes.looks_of(["a", "b"])["b"] == looks["b"]


def test_a_line_goes_through_the_means_of_its_runs():
    points = [("adam", 32, 0.8), ("adam", 32, 0.9), ("adam", 128, 0.7), ("sgd", 32, 0.5)]
    figure = study_figures.lines_over(points, "batch_size", "val_accuracy", ["sgd", "adam", "nadam"])
    named = [trace for trace in figure.data if trace.name]
    assert [trace.name for trace in named] == ["SGD", "Adam"]
    assert (list(named[1].x), list(named[1].y)) == ([32, 128], pytest.approx([0.85, 0.7]))
    assert sum(len(trace.x) for trace in figure.data if not trace.name) == 4
    assert figure.layout.xaxis.type == "log"
    assert study_figures.lines_over([], "epochs", "val_accuracy", ["sgd"]).data == ()


def test_published_figures_lie_against_ours():
    pairs = [
        Beside(0, {"optimizer": "adam"}, "test_loss", Printed("2.0"), 1.0, 3, ""),
        Beside(1, {"optimizer": "sgd"}, "test_loss", Printed("30.0"), 40.0, 3, "in doubt"),
        Beside(2, {"optimizer": "sgd"}, "test_loss", Printed("9.0"), None, 0, ""),
        Beside(3, {"optimizer": "sgd"}, "train_loss", Printed("9.0"), 9.0, 3, ""),
    ]
    figure = study_figures.published_plot(pairs, "test_loss", log=True)
    equal, sure, doubtful = figure.data
    assert list(equal.x) == list(equal.y) == [1.0, 40.0]
    assert (list(sure.x), list(sure.y)) == ([2.0], [1.0])
    assert (list(doubtful.x), list(doubtful.y)) == ([30.0], [40.0])
    assert sure.marker.symbol != doubtful.marker.symbol
    assert list(doubtful.customdata[0]) == ["SGD", "30.0", "40"]  # in print to its last digit


def test_a_printed_figure_keeps_its_digits_and_is_a_number():
    printed = pickle.loads(pickle.dumps(Printed("25.110")))  # as it travels to a worker
    assert (printed, printed.text) == (25.11, "25.110")
    assert figure_text("test_loss", printed) == "25.110"
    assert figure_text("test_accuracy", Printed("0.900")) == "0.900"
    assert figure_text("test_accuracy", 0.9) == "90.00 %"
    assert figure_text("test_loss", 2 * printed) == "50.2"  # a mean of printed figures is ours
    points = [("adam", 5, Printed("0.900")), ("adam", 5, Printed("0.8"))]
    dots, means = study_figures.lines_over(points, "epochs", "test_accuracy", ["adam"]).data
    assert list(dots.customdata) == ["0.900", "0.8"]
    assert list(means.customdata) == ["mean of 2 settings, 2 runs: 85.00 %"]


# --- runs ------------------------------------------------------------------------------------------------------------


def curve(title: str, values: list[float], asked: int = 5) -> RunCurve:
    rows = [{"epoch": epoch + 1, "accuracy": value, "val_accuracy": value} for epoch, value in enumerate(values)]
    return RunCurve(title, rows, asked)


def test_picked_runs_stand_before_the_crowd():
    figure = run_figures.learning_curves(
        [curve("1: a", [0.1, 0.2], 10), curve("2: b", [0.3])], [curve("3: c", [0.5, 0.6]), curve("4: d", [0.4])], "accuracy"
    )
    assert [trace.name for trace in figure.data] == [None, None] + [
        f"run {run}, {part}" for run in (3, 4) for part in ("training", "validation")
    ]
    assert figure.layout.xaxis.range[1] == 2.5  # as long as the longest of them
    assert figure.layout.xaxis.title.text == "epoch; up to 10 were asked for"
    assert figure.data[1].mode == "lines+markers"  # one epoch has no line
    assert figure.data[3].line.dash != figure.data[5].line.dash
    with pytest.raises(ValueError, match="at most 2"):
        run_figures.learning_curves([], [curve(name, [0.1]) for name in "abc"], "accuracy")


def test_a_cross_ends_a_run_that_diverged():
    lost, at_once = replace(curve("2: b", [0.3, 0.2]), diverged=True), replace(curve("5: e", []), diverged=True)
    figure = run_figures.learning_curves([curve("1: a", [0.1]), lost, at_once], [curve("3: c", [0.5])], "accuracy")
    (crosses,) = [trace for trace in figure.data if trace.name == "diverged"]
    assert (list(crosses.x), list(crosses.y), list(crosses.customdata)) == ([2], [0.2], ["2: b"])


def test_a_run_without_epochs_draws_nothing():
    figure = run_figures.learning_curves([], [curve("1", [])], "accuracy")
    assert all(len(trace.x) == 0 for trace in figure.data)


def test_confusions_and_their_pictures():
    counts = run_figures.confusion_counts([[0, 0, 8], [0, 1, 2], [1, 0, 5], [7, 7, 1]], 2)
    assert counts.tolist() == [[8, 2], [5, 0]]
    assert run_figures.mistakes([counts, counts]) == [(1, 0, 10), (0, 1, 4)]
    assert run_figures.mistakes([]) == []
    wrong = [[4, 0, 1, 0.6], [9, 1, 0, 0.7], [2, 1, 0, 0.99]]
    assert [index for index, *_ in run_figures.most_wrong(wrong, None)] == [2, 9, 4]
    assert [index for index, *_ in run_figures.most_wrong(wrong, (1, 0), most=1)] == [2]


def test_every_cell_of_a_matrix_can_be_picked():
    counts = np.array([[8, 2], [5, 0]])
    figure = run_figures.confusion_matrix(counts, ["cat", "<dog>"], run_figures.LOOKS[0], cell=(1, 0))
    shades, cells = figure.data
    assert np.allclose(shades.z, np.sqrt([[0.8, 0.2], [1.0, 0.0]]))
    assert [list(data[:2]) for data in cells.customdata] == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert list(cells.customdata[2][2:]) == ["&lt;dog&gt;", "cat", "100.0 %"]
    assert list(cells.text) == ["8", "2", "5", ""]
    box = figure.layout.shapes[0]
    assert (box.x0, box.x1, box.y0, box.y1) == (-0.5, 0.5, 0.5, 1.5)
    with pytest.raises(ValueError, match="shape"):
        run_figures.confusion_matrix(counts, ["one"], run_figures.LOOKS[0])


@pytest.mark.parametrize("dark", [False, True])
def test_figures_can_be_sent_to_a_browser(dark):
    counts = np.array([[8, 2], [5, 0]])
    for figure in (
        study_figures.effects_plot(EFFECTS, "val_accuracy", dark=dark),
        study_figures.effects_plot([], "val_accuracy", dark=dark),
        study_figures.importance_bars({"optimizer": 0.2}, dark=dark),
        study_figures.lines_over([("adam", 5, 0.8)], "epochs", "val_loss", ["adam"], log=True, dark=dark),
        study_figures.published_plot([], "test_loss", log=True, dark=dark),
        run_figures.learning_curves([], [curve("1: <b>", [0.5])], "accuracy", dark=dark),
        run_figures.confusion_matrix(counts, ["a", "b"], run_figures.LOOKS[1], dark=dark),
    ):
        assert json.loads(figure.to_json())["layout"]["paper_bgcolor"] == "rgba(0,0,0,0)"
