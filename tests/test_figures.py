"""Figures: what is drawn where, by hand values."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from core import figures, reading_figures
from core.clocks.reading import HIDDEN, NO_CLOCK, Candidate, Reading
from core.clocks.time import ClockTime, soft_bins


def reading(minutes: float, confidence: float = 0.9) -> Reading:
    time = ClockTime.from_minutes(minutes)
    return Reading(time, minutes, confidence, (Candidate(time, minutes, confidence),), soft_bins(minutes, 2.0), "some-model")


def hands(figure: go.Figure) -> list[tuple[float, float, float]]:
    """(angle, inner radius, outer radius) of the straight pointers."""
    straight = [trace for trace in figure.data if trace.mode == "lines" and len(trace.theta) == 2]
    return [(trace.theta[0], trace.r[0], trace.r[1]) for trace in straight]


def test_dials_run_clockwise_from_twelve():
    polar = reading_figures.dial_of_probabilities(reading(90)).layout.polar.angularaxis
    assert (polar.direction, polar.rotation) == ("clockwise", 90)
    assert list(polar.ticktext) == ["12", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]
    assert list(polar.tickvals) == list(range(0, 360, 30))


def test_the_hand_of_the_probability_dial_points_at_the_reading_and_the_truth_is_dotted():
    figure = reading_figures.dial_of_probabilities(reading(180), true_minutes=540)
    assert {angle for angle, *_ in hands(figure)} == {90.0, 270.0}
    truth = next(trace for trace in figure.data if trace.mode == "lines" and len(trace.theta) == 2 and trace.theta[0] == 270)
    assert truth.line.dash == "dot"


def test_a_peak_at_twelve_is_one_stretch_across_the_seam():
    figure = reading_figures.dial_of_probabilities(reading(0))
    assert len([trace for trace in figure.data if trace.fill == "toself"]) == 1


def test_two_rivals_are_two_stretches_and_their_height_is_the_square_root_of_the_share():
    shares = np.zeros(720, np.float32)
    shares[100], shares[400] = 0.8, 0.2
    figure = reading_figures.dial_of_probabilities(Reading(ClockTime(1, 40), 100.0, 0.8, (), shares, "some-model"))
    tall = [max(trace.r) for trace in figure.data if trace.fill == "toself"]
    assert tall == pytest.approx([0.96, 0.5 + 0.46 * 0.5])


def test_flat_probabilities_are_drawn_too():
    flat = Reading(ClockTime(0, 0), 0.0, 0.01, (), np.full(720, 1 / 720, np.float32), "some-model")
    assert [trace for trace in reading_figures.dial_of_probabilities(flat).data if trace.fill == "toself"]


def test_probabilities_of_another_shape_are_refused():
    wrong = Reading(ClockTime(0, 0), 0.0, 1.0, (), np.ones(60, np.float32), "some-model")
    with pytest.raises(ValueError, match=r"shape \(720,\); got \(60,\)"):
        reading_figures.dial_of_probabilities(wrong)


@pytest.mark.parametrize(
    ("true", "read", "sweep"),
    [(720 - 10, 10.0, 10.0), (10, 710.0, -10.0), (0, 90.0, 45.0), (300, 300.0, 0.0)],
)
def test_the_error_arc_goes_the_shorter_way(true: int, read: float, sweep: float):
    figure = reading_figures.error_dial(true, {"A": read})
    arc = next(trace for trace in figure.data if trace.mode == "lines" and trace.line.width == 6)
    assert arc.theta[-1] - arc.theta[0] == pytest.approx(sweep)
    assert arc.theta[0] == pytest.approx(true / 2)


def test_every_model_has_its_own_ring_colour_and_marker():
    figure = reading_figures.error_dial(100, {"A": 110.0, "B": 120.0, "C": 90.0, "D": 0.0})
    marks = [trace for trace in figure.data if trace.mode == "markers" and len(trace.r) == 1 and trace.r[0] > 0]
    assert len({(trace.r[0], trace.marker.color, trace.marker.symbol) for trace in marks}) == 4
    assert len({trace.marker.symbol for trace in marks}) == 4


def test_model_names_cannot_bring_markup_into_a_figure():
    figure = reading_figures.error_dial(100, {"<img src=x>": 110.0})
    assert "<img" not in str([trace.hovertemplate for trace in figure.data])
    curve = reading_figures.gamma_curve([1.0, 2.0], {"<b>x</b>": [reading(1), reading(2)]})
    assert curve.data[0].name == "&lt;b&gt;x&lt;/b&gt;"


def test_the_gamma_curve_shows_the_error_where_the_truth_is_known():
    figure = reading_figures.gamma_curve([0.5, 1.0], {"A": [reading(715), reading(15)]}, true_minutes=5, current=1.0)
    assert list(figure.data[0].y) == [10.0, 10.0]
    assert list(figure.data[1].y) == [0.9, 0.9]
    assert figure.layout.shapes[0].x0 == 1.0


def test_the_gamma_curve_unrolls_times_around_twelve():
    figure = reading_figures.gamma_curve([1.0, 2.0, 3.0], {"A": [reading(719), reading(1), reading(2)]})
    assert np.ptp(np.array(figure.data[0].y)) == pytest.approx(3.0)
    assert all(":" in text for text in figure.layout.yaxis.ticktext)


def test_a_leap_is_drawn_as_a_step_and_never_as_a_slope():
    leap = reading_figures.gamma_curve([1.0, 2.0], {"A": [reading(100), reading(300)]})
    calm = reading_figures.gamma_curve([1.0, 2.0], {"A": [reading(100), reading(101)]})
    assert (leap.data[0].line.shape, calm.data[0].line.shape) == ("hv", "linear")


def test_the_gamma_curve_breaks_where_no_time_is_given():
    row = [reading(100), replace(reading(400), note=NO_CLOCK), replace(reading(401), note=HIDDEN), reading(103)]
    figure = reading_figures.gamma_curve([1.0, 2.0, 3.0, 4.0], {"A": row})
    for trace in figure.data:
        assert np.isnan(trace.y).tolist() == [False, True, True, False]
    assert figure.data[0].line.shape == "linear", "no leap: the times between are none"
    assert figure.layout.yaxis.range[1] < 120
    assert "no time under any gamma" not in str(figure.layout.annotations)


@pytest.mark.parametrize("true_minutes", [None, 100.0])
def test_a_gamma_curve_without_any_time_says_so(true_minutes: float | None):
    row = [replace(reading(400), note=NO_CLOCK)] * 2
    figure = reading_figures.gamma_curve([1.0, 2.0], {"A": row}, true_minutes=true_minutes)
    assert all(np.isnan(trace.y).all() for trace in figure.data)
    assert "no time under any gamma" in [note.text for note in figure.layout.annotations]
    assert true_minutes is not None or not figure.layout.yaxis.ticktext


def test_a_curve_needs_one_reading_a_gamma():
    with pytest.raises(ValueError, match="A: 1 readings for 2 gammas"):
        reading_figures.gamma_curve([1.0, 2.0], {"A": [reading(1)]})


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("dark", [False, True])
def test_words_and_lines_stand_out_from_the_paper(dark: bool):
    colours = figures.palette(dark)

    def contrast(colour: str) -> float:
        low, high = sorted((luminance(colour), luminance(colours.paper)))
        return (high + 0.05) / (low + 0.05)

    assert min(contrast(colour) for colour in (colours.ink, colours.muted)) >= 4.5
    assert min(contrast(colour) for colour in colours.series) >= 4.5


@pytest.mark.parametrize(
    ("marked", "expected"),
    [([1, 1, 0, 0, 1], [[4, 5, 6]]), ([0, 1, 0, 1, 1], [[1], [3, 4]]), ([0, 0], []), ([1, 1], [[0, 1]])],
)
def test_runs(marked: list[int], expected: list[list[int]]):
    assert [run.tolist() for run in reading_figures.runs(np.array(marked, bool))] == expected
