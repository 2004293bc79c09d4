"""The lesson of the common-sense error: what each loss charges by hand values, and the curve of it."""

import numpy as np
import plotly.graph_objects as go
import pytest

from core import clock_figures
from core.clocks import lesson, report_recipes
from core.figures import Look

ONE = Look(1, "dot", "x")


@pytest.mark.parametrize(
    ("true", "read", "expected"),
    [(719, 1, (718, 2, 2)), (1, 719, (718, 718, 2)), (602, 608, (6, 6, 6)), (360, 0, (360, 360, 360)), (0, 0, (0, 0, 0))],
)
def test_three_ways_to_say_how_far(true: int, read: int, expected: tuple[float, ...]) -> None:
    assert tuple(lesson.distances(true, read).values()) == expected


def test_what_each_loss_charges_for_two_minutes_across_twelve() -> None:
    found = {name: float(values[0]) for name, values in lesson.costs(719, 1).items()}
    assert set(found) == set(lesson.COSTS)
    assert found["mae"] == pytest.approx(718 / 60, rel=1e-5)
    assert found["mse"] == pytest.approx((718 / 60) ** 2, rel=1e-5)
    assert found["custom-mae-as-published"] == pytest.approx(2 / 60, abs=1e-5)
    assert found["custom-mae-corrected"] == pytest.approx(2 / 60, abs=1e-5)
    hour, minute = 2 - 2 * np.cos(np.radians(1)), 2 - 2 * np.cos(np.radians(12))  # squared chords of either hand's angle
    assert found["custom-mse-corrected"] == pytest.approx(np.sqrt((3600 * hour + minute) / 3601), rel=1e-3)
    assert found["cross-entropy-24"] == pytest.approx(-np.log(0.1 / 23), rel=1e-4)
    assert found["cross-entropy-720"] == pytest.approx(-np.log(0.1 / 719), rel=1e-4)
    # The hour is 11 read 0; the minute 59 read 1, the pair of minutes 29 read 0.
    assert found["two-cross-entropies"] == pytest.approx(-np.log(0.1 / 11) - np.log(0.1 / 29), rel=1e-5)
    assert found["cross-entropy-and-mae"] == pytest.approx(-np.log(0.1 / 11) + 58 / 60, rel=1e-5)
    assert found["cross-entropy-and-mse"] == pytest.approx(-np.log(0.1 / 11) + 58**2, rel=1e-5)


def test_the_other_way_round_the_published_remedy_fails() -> None:
    found = lesson.costs(1, 719)
    assert found["custom-mae-as-published"][0] == pytest.approx(718 / 60, rel=1e-4)
    assert found["custom-mae-corrected"][0] == pytest.approx(2 / 60, abs=1e-5)


def test_as_published_six_minutes_cost_less_than_three() -> None:
    published = lesson.costs(602, [605, 608])["custom-mse-as-published"]
    corrected = lesson.costs(602, [605, 608])["custom-mse-corrected"]
    assert published[1] < 0.05 * published[0]
    assert corrected[1] > corrected[0]


def test_cross_entropy_does_not_see_distance() -> None:
    values = lesson.costs(360, [361, 0, 360])["cross-entropy-720"]
    assert values[0] == values[1] == pytest.approx(8.880, abs=1e-3)
    assert values[2] == pytest.approx(-np.log(0.9), abs=1e-5)


WRONG_HOUR = 4.70048  # -ln(0.1 / 11)
RIGHT_HOUR = 0.10536  # -ln(0.9)


@pytest.mark.parametrize(
    ("read", "pairs", "mae", "mse"),
    [
        # true 2:58, minute 58 of pair 29; a wrong pair costs -ln(0.1 / 29) = 5.66988
        (178, RIGHT_HOUR + 0.10536, RIGHT_HOUR, RIGHT_HOUR),  # 2:58
        (174, RIGHT_HOUR + 5.66988, RIGHT_HOUR + 4 / 60, RIGHT_HOUR + 16),  # 2:54, four minutes off
        (182, WRONG_HOUR + 5.66988, WRONG_HOUR + 56 / 60, WRONG_HOUR + 56**2),  # 3:02, four minutes off as well
        (179, RIGHT_HOUR + 0.10536, RIGHT_HOUR + 1 / 60, RIGHT_HOUR + 1),  # 2:59, the same pair
        (238, WRONG_HOUR + 0.10536, WRONG_HOUR, WRONG_HOUR),  # 3:58, an hour off: less than three minutes by squares
    ],
)
def test_two_heads_are_charged_for_the_hours_turn(read: int, pairs: float, mae: float, mse: float) -> None:
    found = lesson.costs(178, read)
    assert found["two-cross-entropies"][0] == pytest.approx(pairs, abs=2e-5)
    assert found["cross-entropy-and-mae"][0] == pytest.approx(mae, abs=2e-5)
    assert found["cross-entropy-and-mse"][0] == pytest.approx(mse, rel=1e-6, abs=2e-5)


def test_every_system_of_the_reports_learns_from_one_cost() -> None:
    learners = [model for cost in lesson.COSTS.values() for model in cost.models]
    assert sorted(learners) == sorted(recipe.model_id for recipe in report_recipes.recipes())


LEARNT = {  # the loss of a recipe -> the cost that shows it
    "mae": "mae",
    "mse": "mse",
    "custom-mse-as-published": "custom-mse-as-published",
    "custom-mse-corrected": "custom-mse-corrected",
    "two-classes": "two-cross-entropies",
    "classes-and-mae": "cross-entropy-and-mae",
    "classes-and-mse": "cross-entropy-and-mse",
}


def test_each_system_stands_with_the_loss_that_its_recipe_names() -> None:
    for recipe in report_recipes.recipes():
        head, loss = recipe.spec.head, recipe.extra["loss"]
        cost = f"cross-entropy-{head.removeprefix('classes-')}" if loss == "classes" else LEARNT[loss]
        assert recipe.model_id in lesson.COSTS[cost].models


@pytest.mark.parametrize("true", [719, 1, 602, 178, 360])
def test_every_wrong_class_costs_all_of_the_worst(true: int) -> None:
    """Of 720 classes and of 24: float32 must not set apart what costs the same."""
    curves = lesson.costs(true, np.arange(720))
    wrong = np.setdiff1d(np.arange(720), true)
    assert {lesson.share_of_worst(curves["cross-entropy-720"], read) for read in wrong} == {1.0}
    other = wrong[wrong // 30 != true // 30]
    assert {lesson.share_of_worst(curves["cross-entropy-24"], read) for read in other} == {1.0}
    assert lesson.share_of_worst(curves["cross-entropy-720"], true) == pytest.approx(0.10536 / 8.880, rel=1e-3)


def test_what_is_nearly_the_worst_is_not_the_worst() -> None:
    curves = lesson.costs(719, np.arange(720))
    assert lesson.share_of_worst(curves["mae"], 1) == pytest.approx(718 / 719, rel=1e-6)
    one_off = {name: lesson.share_of_worst(curves[name], 358) for name in ("custom-mae-corrected", "custom-mse-corrected")}
    assert all(0.99 < share < 1 for share in one_off.values())  # 359 minutes off; the worst are 360


@pytest.mark.parametrize(("true", "read"), [(720, 0), (0, -1), (1.5, 1)])
def test_the_lesson_takes_whole_minutes_of_the_dial(true: float, read: float) -> None:
    with pytest.raises(ValueError, match="whole minutes in 0-719"):
        lesson.costs(true, read)


def dots(figure: go.Figure) -> list[tuple[float, float]]:
    return [(trace.x[0], trace.y[0]) for trace in figure.data if trace.mode == "markers"]


def test_cost_curves_mark_the_time_read() -> None:
    cost = np.arange(720.0)
    whole = clock_figures.cost_curve(cost, 719, 1, ONE)
    assert dots(whole) == [(1, 1)]
    assert whole.layout.shapes[0].x0 == 719
    close = clock_figures.cost_curve(cost, 719, 1, ONE, near=20)
    assert list(close.layout.xaxis.ticktext) == ["\N{MINUS SIGN}20", "\N{MINUS SIGN}10", "0", "+10", "+20"]
    assert dots(close) == [(2, 1)]
    assert list(close.data[0].y)[19:23] == [718, 719, 0, 1]
    assert close.layout.shapes[0].x0 == 0
    assert dots(clock_figures.cost_curve(cost, 719, 300, ONE, near=20)) == []
