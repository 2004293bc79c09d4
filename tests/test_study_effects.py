"""Effects, importance and ranks against values worked out by hand, and against SciPy."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pretend import pretend_study

from core.classifiers.designs import FACTORS, OPTIMUM, l16_settings
from core.classifiers.study_parts import printed
from core.study_effects import (
    beside_published,
    best,
    diverged,
    factor_importance,
    interactions,
    main_effects,
    mean_over_seeds,
    measured,
    optimum,
    rank_correlation,
    seed_spread,
    settings_of,
    whole,
)
from core.trials import Printed

# Two factors of two levels, two seeds: y = 10 for a = "x", 20 for a = "y"; 1 more for b = 2; 4 more for both; seed 1 adds 2.
ROWS = [
    {
        "trial": 4 * seed + 2 * i + j,
        "seed": seed,
        "a": "xy"[i],
        "b": 1 + j,
        "val_accuracy": 10 + 10 * i + j + 4 * i * j + 2 * seed,
    }
    for seed in (0, 1)
    for i in (0, 1)
    for j in (0, 1)
]


def test_rank_correlation_by_hand():
    assert rank_correlation([1, 2, 3, 4], [10, 20, 30, 40]) == 1
    assert rank_correlation([1, 2, 3, 4], [4, 3, 2, 1]) == -1
    # Ranks 1, 2, 3, 4 and 2, 1, 4, 3: 1 - 6 * 4 / (4 * 15).
    assert rank_correlation([1, 2, 3, 4], [20, 10, 40, 30]) == pytest.approx(0.6)
    # Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4: covariance 4.5, variances 4.5 and 5.
    assert rank_correlation([1, 2, 2, 3], [1, 2, 3, 4]) == pytest.approx(4.5 / math.sqrt(4.5 * 5))


def test_rank_correlation_leaves_out_what_is_missing():
    assert rank_correlation([1, None, 2, 3], [1, 9, 2, math.nan]) is None
    assert rank_correlation([1, 1, 1], [1, 2, 3]) is None
    assert rank_correlation([1, None, 2, 3], [1, 9, 2, 3]) == 1
    with pytest.raises(ValueError, match="got 1 and 2"):
        rank_correlation([1], [1, 2])


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=12))
def test_rank_correlation_is_scipys(pairs):
    from scipy.stats import spearmanr

    first, second = zip(*pairs, strict=True)
    ours = rank_correlation(first, second)
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert ours is None
    else:
        assert ours == pytest.approx(spearmanr(first, second).statistic)


def test_main_effects_by_hand():
    effects = {(one.factor, one.level): one for one in main_effects(ROWS, ("a", "b"), "val_accuracy")}
    assert {key: one.mean for key, one in effects.items()} == {
        ("a", "x"): 11.5,  # 10, 11, 12, 13
        ("a", "y"): 23.5,  # 20, 25, 22, 27
        ("b", 1): 16,  # 10, 20, 12, 22
        ("b", 2): 19,  # 11, 25, 13, 27
    }
    # Each setting's two seeds lie 1 on either side of their mean: squares of 2 + 2, one degree of freedom each.
    assert effects["a", "x"].spread == pytest.approx(math.sqrt(2))
    assert (effects["a", "x"].count, effects["a", "x"].settings) == (4, 2)
    alone = main_effects(ROWS[:4], ("a",), "val_accuracy", ("a", "b"))
    assert [one.spread for one in alone] == [None, None]


def test_a_setting_counts_once_and_whiskers_are_those_of_its_seeds():
    """A grid of two settings a level, of which the good one of x ran three times: 0.90, 0.91, 0.92; the other one gave 0.5."""
    runs = (("x", 1, 0, 0.90), ("x", 1, 1, 0.91), ("x", 1, 2, 0.92), ("x", 2, 0, 0.5), ("y", 1, 0, 0.6), ("y", 2, 0, 0.7))
    rows = [{"a": a, "b": b, "seed": seed, "val_accuracy": value} for a, b, seed, value in runs]
    first, second = main_effects(rows, ("a",), "val_accuracy", ("a", "b"))
    assert first.mean == pytest.approx((0.91 + 0.5) / 2), "not (0.90 + 0.91 + 0.92 + 0.5) / 4 = 0.8075"
    # Squares 0.0001 + 0 + 0.0001 over two degrees of freedom; the means of the seeds, 0.7, 0.91 and 0.92, say nothing of it.
    assert first.spread == pytest.approx(0.01)
    assert (first.count, first.settings) == (4, 2)
    assert (second.mean, second.spread) == (pytest.approx(0.65), None)
    # Two settings with seeds: squares of 2e-4 over 2 and 8e-4 over 1.
    rows += [{"a": "y", "b": 2, "seed": 1, "val_accuracy": 0.74}]
    assert seed_spread(settings_of(rows, ("a", "b"), "val_accuracy")) == pytest.approx(math.sqrt((2e-4 + 8e-4) / 3))
    cells = {(one.first, one.second): one for one in interactions(rows, "b", "a", "val_accuracy", ("a", "b"))}
    assert (cells[1, "x"].mean, cells[1, "x"].count) == (pytest.approx(0.91), 3)
    # Settings .91, .5, .6, .72: mean .6825; x .705, b = 1 .755: .91 - .705 - .755 + .6825.
    assert cells[1, "x"].beyond == pytest.approx(0.1325)


def test_the_optimum_takes_the_best_mean_of_each_factor():
    assert optimum(ROWS, ("a", "b")) == {"a": "y", "b": 2}
    assert optimum(ROWS, ("a", "b"), largest=False) == {"a": "x", "b": 1}


def test_of_equal_levels_the_optimum_is_the_first_one():
    rows = [{"a": level, "y": value} for level, value in (("x", 0.2), ("y", 0.7), ("z", 0.7), ("w", 0.2))]
    assert optimum(rows, ("a",), "y") == {"a": "y"}
    assert optimum(rows, ("a",), "y", largest=False) == {"a": "x"}


@pytest.mark.parametrize(
    ("kind", "by_means"),
    [("mlp", ["normal", "tanh", "adam", "l2"]), ("cnn", ["normal", "softmax", "sgd", "l2"])],
)
def test_the_optimum_that_2022_prints_is_its_best_run_and_not_that_of_its_means(kind, by_means):
    """The report says that it took the level with the smallest mean loss; what it took is the run with the smallest loss."""
    losses = [float(row[f"{kind}_test_loss"]) for row in printed("l16")]
    rows = [settings | {"loss": loss} for settings, loss in zip(l16_settings(), losses, strict=True)]
    [smallest] = best(rows, 1, "loss", largest=False)
    assert {factor: smallest[factor] for factor in FACTORS} == OPTIMUM
    assert list(optimum(rows, tuple(FACTORS), "loss", largest=False).values()) == by_means
    # Normal by hand for the MLP: (1.827 + 3.118 + 12.879 + 2.637) / 4.
    normal = next(one for one in main_effects(rows, ("initializer",), "loss") if one.level == "normal")
    assert normal.mean == pytest.approx(5.11525 if kind == "mlp" else (2.311 + 3.746 + 3.138 + 2.903) / 4)


def test_interactions_by_hand():
    cells = {(one.first, one.second): one for one in interactions(ROWS, "a", "b", "val_accuracy")}
    assert {key: one.mean for key, one in cells.items()} == {("x", 1): 11, ("x", 2): 12, ("y", 1): 21, ("y", 2): 26}
    # The 4 that only y with 2 has: a quarter of it each way. 11 - 11.5 - 16 + 17.5 = 1.
    assert {key: one.beyond for key, one in cells.items()} == {("x", 1): 1, ("x", 2): -1, ("y", 1): -1, ("y", 2): 1}
    assert interactions([], "a", "b", "val_accuracy") == []


def test_importance_by_hand():
    # Settings 11, 12, 21, 26 about 17.5: a 4 * 36 = 144, b 4 * 2.25 = 9, both 4 * 1 = 4; together 157. Seeds have no say.
    assert factor_importance(ROWS, ("a", "b"), "val_accuracy") == pytest.approx({"a": 144 / 157, "b": 9 / 157})
    assert factor_importance(ROWS[:7], ("a", "b"), "val_accuracy")["a"] > 0.9
    assert factor_importance([{"a": 1, "y": 2.0}, {"a": 2, "y": 2.0}], ("a",), "y") == {"a": 0.0}


def test_importance_in_the_orthogonal_design_parts_the_factors():
    """A measure that two factors alone make up: their shares are 4/5 and 1/5 of it, the others' nothing."""
    rows = []
    for settings in l16_settings():
        activation, optimizer = (FACTORS[name].index(settings[name]) for name in ("activation", "optimizer"))
        rows.append(settings | {"seed": 0, "y": 2.0 * activation + optimizer})
    shares = factor_importance(rows, tuple(FACTORS), "y")
    assert shares == pytest.approx({"initializer": 0, "activation": 0.8, "optimizer": 0.2, "regularization": 0}, abs=1e-12)


def test_runs_that_diverged_count_with_their_last_whole_epoch_and_are_told_of():
    lost = [row | {"diverged": "the loss was no number" if row["trial"] in (1, 3) else ""} for row in ROWS]
    lost[3]["val_accuracy"] = None  # in its first epoch
    effects = {(one.factor, one.level): one for one in main_effects(lost, ("a", "b"), "val_accuracy")}
    told = {key: (one.mean, one.count, one.diverged) for key, one in effects.items()}
    assert told == {("a", "x"): (11.5, 4, 1), ("a", "y"): (24, 3, 0), ("b", 1): (16, 4, 0), ("b", 2): (19.5, 3, 1)}
    cells = {
        (one.first, one.second): (one.mean, one.count, one.diverged) for one in interactions(lost, "a", "b", "val_accuracy")
    }
    assert cells == {("x", 1): (11, 2, 0), ("x", 2): (12, 2, 1), ("y", 1): (21, 2, 0), ("y", 2): (27, 1, 0)}
    assert diverged(lost) == 2
    left = whole(lost)
    assert [row["trial"] for row in left] == [0, 2, 4, 5, 6, 7]
    assert [(one.mean, one.count) for one in main_effects(left, ("b",), "val_accuracy")] == [(16, 4), (20, 2)]


def test_means_over_seeds_and_the_best_of_them():
    rows = [*ROWS, {"trial": 8, "seed": 2, "a": "x", "b": 1, "val_accuracy": None}]
    means = mean_over_seeds(rows, ("a", "b"))
    assert [(row["a"], row["b"], row["val_accuracy"], row["seeds"], row["trials"]) for row in means] == [
        ("x", 1, 11, 3, [0, 4, 8]),
        ("x", 2, 12, 2, [1, 5]),
        ("y", 1, 21, 2, [2, 6]),
        ("y", 2, 26, 2, [3, 7]),
    ]
    assert [row["trials"] for row in best(means, 2)] == [[3, 7], [2, 6]]
    assert best(means, 1, largest=False)[0]["trials"] == [0, 4, 8]
    assert best(means, 3, "test_accuracy") == []


def test_published_stands_beside_ours():
    study = pretend_study(4)
    rows = [
        {"trial": n, "seed": 0, **study.trials[n].factors, "test_accuracy": value}
        for n, value in ((0, 0.5), (1, 0.2), (3, 0.9))
    ]
    pairs = beside_published(study, rows)
    assert [(pair.trial, pair.measure, pair.published, pair.ours, pair.seeds) for pair in pairs] == [
        (0, "test_accuracy", 0, 0.5, 1),
        (1, "test_accuracy", 0.1, 0.2, 1),
        (2, "test_accuracy", 0.2, None, 0),
        (3, "test_accuracy", pytest.approx(0.3), 0.9, 1),
    ]
    assert [pair.trials for pair in pairs] == [(0,), (1,), (), (3,)]


def test_a_printed_figure_stands_beside_the_mean_of_all_seeds_of_its_setting():
    first, other = pretend_study(2).trials
    training = replace(first.run.training, seed=1)
    again = replace(first, number=2, run=replace(first.run, training=training))
    study = replace(pretend_study(2), trials=(first, other, again))
    rows = [{"trial": n, "seed": n // 2, "test_accuracy": value} for n, value in ((0, 0.5), (1, 0.1), (2, 0.7))]
    told = [(pair.trial, pair.ours, pair.seeds, pair.trials) for pair in beside_published(study, rows)]
    assert told == [(0, pytest.approx(0.6), 2, (0, 2)), (1, 0.1, 1, (1,))]


def test_rows_whose_measure_is_no_finite_number_are_left_out():
    values = (1.0, math.inf, -math.inf, math.nan, None, True, 2)
    assert measured([*({"y": value} for value in values), {}], "y") == [{"y": 1.0}, {"y": 2}]


def test_a_figure_that_is_printed_without_its_settings_keeps_ours_apart():
    trials = [replace(one, published={}) for one in pretend_study(4).trials]
    study = replace(
        pretend_study(4), trials=tuple(trials), best_of="optimizer", printed_best={"adam": {"test_accuracy": Printed("0.9")}}
    )
    rows = [
        {"trial": one.number, "seed": 0, **one.factors, "val_accuracy": 0.1 * one.number, "test_accuracy": 0.5}
        for one in trials
    ]
    [pair] = beside_published(study, rows)
    assert (pair.factors, pair.chosen, pair.trials) == ({"optimizer": "adam"}, {"learning_rate": 0.003}, (2,))
    [pair] = beside_published(study, [])
    assert (pair.factors, pair.chosen, pair.ours) == ({"optimizer": "adam"}, {}, None)
