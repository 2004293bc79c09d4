"""Balance, confounding, budgets and guessing against values worked out by hand."""

import math
from collections import Counter
from dataclasses import replace
from itertools import product

import pytest
from pretend import PICTURES, pretend_study

from core.classifiers.designs import FACTORS, is_proportional, l16_settings
from core.classifiers.study_list import STUDIES
from core.study_design import (
    Design,
    agreement,
    balanced_part,
    confounded,
    cramers_v,
    design_of,
    guess_level,
    guesses,
    inseparable,
    is_unequal,
    most_trained,
    short_levels,
)
from core.study_effects import beside_published, factor_importance, main_effects
from core.study_names import varied
from core.trials import Row, Study


def rows_of(study: Study, accuracy=0.8, **more) -> list[Row]:
    """A whole run for each trial."""
    whole = {"pictures": 54_000, "pictures_asked": 54_000, "diverged": ""}
    return [
        {"trial": one.number, "seed": one.seed, **one.factors, **whole}
        | {"epochs_trained": one.epochs_asked, "epochs_asked": one.epochs_asked, "val_accuracy": accuracy, **more}
        for one in study.trials
    ]


def design(study: Study, rows: list[Row]) -> Design:
    return design_of(study, rows, varied(study.factors, rows), "val_accuracy")


# --- balance ---------------------------------------------------------------------------------------------------------


def test_levels_may_be_of_unequal_frequency_as_long_as_they_meet_in_proportion():
    assert is_proportional([(a, b) for a in "xxy" for b in "pq"]), "x twice, and with each of p and q twice as often as y"
    assert not is_proportional([("x", "p"), ("x", "q"), ("y", "p")])
    assert not is_proportional([("x", "p"), ("x", "p"), ("x", "q"), ("y", "p"), ("y", "q"), ("y", "q")])
    assert is_proportional([("x",), ("x",), ("y",)]), "one factor has nothing to meet"


def test_a_design_is_known_by_its_rows():
    found = {name: design(study, rows_of(study)) for name, study in STUDIES.items()}
    told = {name: (one.balanced, one.complete, one.settings, one.extra) for name, one in found.items()}
    assert told == {
        "l16-mlp": (True, False, 16, 0),
        "l16-cnn": (True, False, 16, 0),
        "architectures": (True, True, 12, 0),
        "cifar-transfer-22": (False, False, 6, 0),
        "mlp-forms": (True, False, 49, 2),  # the two printed settings stand beside the plan
        "cnn-grid": (False, False, 59, 0),
        "cnn-grid-batchnorm": (True, True, 12, 0),
        "cifar-transfer-23": (False, False, 3, 0),
        "keras-examples": (True, True, 4, 0),
    }
    assert {row["trial"] for row in found["mlp-forms"].rows} == set(range(55)) - {0, 1, 51, 52, 53, 54}
    assert found["l16-mlp"].free == 16 - 1 - 4 * 3
    assert found["cnn-grid-batchnorm"].free == 12 - 1 - 2 - 3


def test_a_design_is_lost_with_a_run_that_is_missing_or_has_no_figure():
    study = STUDIES["l16-cnn"]
    rows = rows_of(study)
    assert design(study, rows[:16]).has_shares
    lost = design(study, rows[:15])
    assert (lost.balanced, lost.was_balanced, lost.missing, lost.planned, lost.has_shares) == (False, True, 1, 16, False)
    assert design(study, rows[:47]).balanced, "its other seeds hold the setting"
    assert design(study, [*rows[:15], rows[15] | {"val_accuracy": None}]).missing == 1
    assert balanced_part([], ("a",)) is None


def test_what_stands_beside_a_design_is_left_out_only_where_it_is_little():
    grid = [{"a": a, "b": b} for a, b in product(range(5), range(4))]
    assert balanced_part([{"a": 0, "b": 9}, *grid], ("a", "b")) == grid
    assert balanced_part([*grid[:8], {"a": 0, "b": 0}], ("a", "b")) is None


def test_shares_of_a_factorial_do_not_overlap():
    """Three optimisers in four batches, y = optimiser + 2 * batch + 3 for one cell: by hand."""
    study = STUDIES["cnn-grid-batchnorm"]
    rows = rows_of(study)
    one, two = ("nadam", "adamax", "adam"), (64, 128, 256, 512)
    for row in rows:
        i, j = one.index(row["optimizer"]), two.index(row["batch_size"])
        row["val_accuracy"] = i + 2 * j + 3 * (i == j == 0)
    # Without the cell: 12 * 2/3 = 8 and 12 * 5 = 60. The cell adds 3/4 to the first optimiser, 1 to the first batch.
    shares = factor_importance(rows, ("optimizer", "batch_size"), "val_accuracy")
    values = [i + 2 * j + 3 * (i == j == 0) for i in range(3) for j in range(4)]
    total = sum(value**2 for value in values) - sum(values) ** 2 / 12
    assert (
        total == 4 * (sum(m**2 for m in (3.75, 4, 5)) - 3 * 4.25**2) + 3 * (sum(m**2 for m in (2, 3, 5, 7)) - 4 * 4.25**2) + 4.5
    )
    assert shares["optimizer"] == pytest.approx(4 * (0.5**2 + 0.25**2 + 0.75**2) / total)
    assert shares["batch_size"] == pytest.approx(3 * (2.25**2 + 1.25**2 + 0.75**2 + 2.75**2) / total)
    assert sum(shares.values()) == pytest.approx(1 - 4.5 / total)


# --- confounding -----------------------------------------------------------------------------------------------------


def test_cramers_v_by_hand():
    assert cramers_v("xxyy", "ppqq") == 1
    assert cramers_v("xxyy", "pqpq") == 0
    assert cramers_v("xxx", "pqp") == 0, "one level goes with nothing"
    # 2 1 / 1 2: expected 1.5 each, chi squared 4 * 0.25 / 1.5 over 6 settings.
    # The level of three fixes that of two: chi^2 is 6 in 6 settings, over the smaller number of levels less 1.
    assert cramers_v("xxyyzz", "ppqqqq") == pytest.approx(1)
    assert cramers_v("xxxyyy", "ppqpqq") == pytest.approx(math.sqrt(4 * 0.25 / 1.5 / 6))


def test_the_grids_slow_optimisers_ran_five_epochs_only():
    study = STUDIES["cnn-grid"]
    fast = {"adam": 0.6, "nadam": 0.6, "adamax": 0.6}
    rows = [row | {"val_accuracy": fast.get(row["optimizer"], 0.1) + 0.01 * row["epochs"]} for row in rows_of(study)]
    found = confounded(rows, study.factors, "val_accuracy")
    assert found is not None
    assert (found.first, found.second) == ("optimizer", "epochs")
    assert {level: set(names) for level, names in found.only.items()} == {5: {"rmsprop", "adagrad", "sgd", "adadelta"}}
    assert not design(study, rows).has_shares
    assert confounded(rows_of(STUDIES["l16-mlp"]), tuple(FACTORS), "val_accuracy") is None


def test_two_settings_may_stand_beside_a_large_design_and_no_third():
    settings = [{"a": a, "b": b} for a in range(8) for b in range(8)]
    more = [{"a": 0, "b": 0}, {"a": 1, "b": 1}, {"a": 2, "b": 2}]  # 3 of 67 are under a twentieth, too
    kept = balanced_part([*settings, *more[:2]], ("a", "b"))
    assert kept is not None
    assert sorted((one["a"], one["b"]) for one in kept) == [(one["a"], one["b"]) for one in settings]
    assert balanced_part([*settings, *more], ("a", "b")) is None


# --- budgets ---------------------------------------------------------------------------------------------------------


def test_unequal_training_is_marked_and_has_no_shares():
    study = STUDIES["keras-examples"]
    rows = rows_of(study)
    assert not is_unequal(rows)
    cut = [
        row | {"epochs_trained": 3, "pictures": 18_000} if row["architecture"] == "keras-cnn" else row
        for row in rows
        if row["dataset"] == "fashion-mnist"
    ]
    assert is_unequal(cut)
    assert list(short_levels(cut, ("architecture",))) == [("architecture", "keras-cnn")]
    assert not design(study, cut).has_shares
    both = [row | {"epochs_trained": row["epochs_asked"] // 4} for row in rows]
    assert not is_unequal(both), "all a quarter"
    assert short_levels(both, study.factors) == {}
    lost = [row | {"diverged": "no number", "epochs_trained": 1} if row["trial"] == 0 else row for row in rows]
    assert not is_unequal(lost), "it ended of itself"


def test_print_and_we_are_compared_by_runs_with_as_much_training():
    """The first three whole and in the reverse order, five on a quarter in the order of print."""
    study = pretend_study(8)
    accuracies = (0.9, 0.8, 0.7, 0.1, 0.2, 0.3, 0.4, 0.5)
    rows = [
        {
            "trial": n,
            "test_accuracy": value,
            "epochs_trained": 4 if n < 3 else 1,
            "epochs_asked": 4,
            "pictures": PICTURES,
            "pictures_asked": PICTURES,
            "diverged": "",
        }
        for n, value in enumerate(accuracies)
    ]
    assert [row["trial"] for row in most_trained(rows)] == [0, 1, 2]
    [(measure, found)] = agreement(beside_published(study, rows), rows).items()
    assert (measure, found.rank, found.trials, found.count, found.there) == ("test_accuracy", 1.0, (3, 4, 5, 6, 7), 5, 8)
    assert found.pairs == "5 of 8 pairs, those trained alike here"
    whole_ones = [row | {"epochs_trained": 4} for row in rows]
    found = agreement(beside_published(study, whole_ones), whole_ones)["test_accuracy"]
    # Ranks of ours: 8, 7, 6, 1, 2, 3, 4, 5. Squares of the differences: 49, 25, 9, 9, 9, 9, 9, 9.
    assert found.rank == pytest.approx(1 - 6 * 128 / (8 * 63))
    assert (found.pairs, len(most_trained(whole_ones))) == ("8 pairs", 8)
    few = rows[:3] + rows[4:]  # four on a quarter: chance puts them in order once in 24 times
    found = agreement(beside_published(study, few), few)["test_accuracy"]
    assert (found.rank, found.pairs) == (None, "4 of 7 pairs, those trained alike here")
    assert most_trained([]) == []


def test_a_run_that_diverged_counts_by_its_share_of_the_pictures():
    """It ended of itself, which takes nothing from its epochs; on a third of the pictures it had less all the same."""
    whole_one = {"epochs_trained": 4, "epochs_asked": 4, "pictures": 9, "pictures_asked": 9, "diverged": ""}
    lost = whole_one | {"epochs_trained": 1, "diverged": "no number"}
    rows = [whole_one | {"trial": 0}, lost | {"trial": 1}, lost | {"trial": 2, "pictures": 3}]
    assert [row["trial"] for row in most_trained(rows)] == [0, 1]
    assert [row["trial"] for row in most_trained(rows[1:])] == [1], "as of whole runs, where none is left"


def test_fewer_pictures_are_less_training_too():
    study = STUDIES["keras-examples"]
    rows = rows_of(study)
    cut = [row | {"pictures": 18_000} if row["architecture"] == "keras-cnn" else row for row in rows]
    assert is_unequal(cut), "a third of the pictures in all epochs"
    assert list(short_levels(cut, ("architecture",))) == [("architecture", "keras-cnn")]
    # A third of the pictures here, a third of the epochs there: as much training.
    as_much = [row if row["architecture"] == "keras-cnn" else row | {"epochs_trained": row["epochs_asked"] / 3} for row in cut]
    assert not is_unequal(as_much)


def test_a_level_is_not_marked_for_a_run_that_ended_of_itself():
    rows = rows_of(STUDIES["keras-examples"])
    lost = [row | {"diverged": "no number", "epochs_trained": 0} if row["architecture"] == "keras-cnn" else row for row in rows]
    first = next(row["trial"] for row in lost if row["diverged"])
    assert short_levels(lost[: first + 1] + [rows[row["trial"]] for row in lost[first + 1 :]], ("architecture",)) == {}
    assert short_levels(lost, ("architecture",)) == {}, "nothing is left of it that was trained less"


def test_what_runs_are_made_on_is_no_setting_and_has_no_share():
    study = STUDIES["keras-examples"]
    found = design(study, rows_of(study))
    assert (found.factors, found.conditions) == (("architecture", "dataset"), ("dataset",))
    assert found.balanced
    assert not found.has_shares
    assert design(STUDIES["l16-mlp"], rows_of(STUDIES["l16-mlp"])).conditions == ()


def test_two_settings_of_two_levels_leave_nothing_to_compare_with():
    study = STUDIES["keras-examples"]
    rows = [row for row in rows_of(study) if row["dataset"] == "mnist"]
    assert design(study, rows).free == 0
    assert not design(study, rows).has_shares


@pytest.mark.parametrize(("free", "shares"), [(0, False), (1, True)])
def test_shares_need_a_setting_more_than_the_main_effects_use_up(free, shares):
    one = design(STUDIES["l16-mlp"], rows_of(STUDIES["l16-mlp"]))
    assert one.has_shares
    assert replace(one, free=free).has_shares is shares


# --- guessing --------------------------------------------------------------------------------------------------------


def test_guessing_is_a_tenth_of_ten_classes():
    study = STUDIES["l16-mlp"]
    assert guess_level(study, "val_accuracy") == 0.1
    assert guess_level(study, "val_cross_entropy") == pytest.approx(2.302585)
    assert guess_level(study, "val_loss") is None
    # Three standard errors: 3 * sqrt(0.1 * 0.9 / 5000) = 0.01273.
    assert [guesses(study, {"val_accuracy": value}) for value in (0.098, 0.1127, 0.1128, None)] == [True, True, False, False]


@pytest.mark.parametrize(("guessing", "nearly"), [(3, False), (4, True), (5, True)])
def test_four_of_five_settings_that_guess_are_nearly_all(guessing, nearly):
    one = design(STUDIES["l16-mlp"], rows_of(STUDIES["l16-mlp"]))
    assert replace(one, settings=5, guessing=guessing).nearly_all_guess is nearly


def test_levels_that_only_guess_together_cannot_be_told_apart():
    """2022's MLPs: all with ones, zeros, relu, softmax or L1 guess, and the design never has one of these alone."""
    study = STUDIES["l16-mlp"]
    learned = [8, 10, 12, 14]
    rows = [row | {"val_accuracy": 0.6 if row["trial"] % 16 in learned else 0.1} for row in rows_of(study)]
    found = design(study, rows)
    assert (found.guessing, found.settings, found.nearly_all_guess, found.has_shares) == (12, 16, False, True)
    assert [level for _, level in inseparable(study, rows, study.factors)] == [
        *("ones", "zeros", "relu", "softmax", "l1&dropout", "l1")
    ]
    relu = next(one for one in main_effects(rows, study.factors, "val_accuracy") if one.level == "relu")
    assert relu.mean == pytest.approx(0.1)
    relus = [settings for settings in l16_settings() if settings["activation"] == "relu"]
    assert Counter(one["initializer"] for one in relus) == {"ones": 1, "zeros": 1, "uniform": 1, "normal": 1}
    fewer = [row | {"val_accuracy": 0.6 if row["trial"] % 16 in (10, 14) else 0.1} for row in rows]
    assert (design(study, fewer).guessing, design(study, fewer).nearly_all_guess) == (14, True)
    assert not design(study, fewer).has_shares
    alone = [row | {"val_accuracy": 0.1 if row["activation"] == "relu" else 0.6} for row in rows]
    assert inseparable(study, alone, study.factors) == [], "relu guesses with every other level, which learn without it"
