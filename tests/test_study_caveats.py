"""What is said of a study's runs: the sentences, and that they say it only where it holds."""

import pytest

from core.classifiers.study_list import STUDIES
from core.study_caveats import (
    balance_words,
    below_words,
    budget_words,
    guessing_words,
    inseparable_words,
    listed,
    marks,
    moving_words,
    no_shares_words,
    points_words,
    rest_words,
    seeds_words,
    short_words,
    steps_words,
    told,
    with_penalty,
)
from tests.stored_studies import record
from tests.test_study_design import design, rows_of

ACCURACY = "val_accuracy"


def test_sentences_are_put_together():
    assert [listed("a"), listed("ab"), listed("abc")] == ["a", "a and b", "a, b and c"]
    assert told("One.", "", "Two.") == "One. Two."


def test_balance_is_told():
    grid, plan, cross = (
        design(STUDIES[name], rows_of(STUDIES[name])) for name in ("cnn-grid", "mlp-forms", "cnn-grid-batchnorm")
    )
    assert balance_words(cross, ACCURACY) == "Every combination is there: each mean is over the same mix of all other factors."
    assert balance_words(plan, ACCURACY).startswith("Every two levels meet in a balanced way")
    assert balance_words(plan, ACCURACY).endswith("2 settings beside this design are left out.")
    assert "are confounded" in balance_words(grid, ACCURACY)
    study = STUDIES["l16-cnn"]
    assert balance_words(design(study, rows_of(study)[:15]), ACCURACY).startswith("There is no figure for 1 of the 16 settings")


def test_whiskers_are_named_only_where_there_are_some():
    study = STUDIES["l16-cnn"]
    rows = rows_of(study)
    assert "no whiskers" in seeds_words(design(study, rows[:16]), study, rows[:16], ACCURACY)
    assert seeds_words(design(study, rows), study, rows, ACCURACY) == (
        "Whiskers: standard deviation between the seeds of a setting."
    )
    some = rows[:20]
    assert seeds_words(design(study, some), study, some, ACCURACY).endswith("known of 4 of 16 settings.")
    forms = STUDIES["mlp-forms"]
    rows = [row | {ACCURACY: 0.9 + 0.01 * row["seed"]} for row in rows_of(forms)]
    assert "±1.0 points" in seeds_words(design(forms, rows), forms, rows, ACCURACY)  # of the printed settings alone


def test_confounded_factors_are_named_instead_of_shares():
    study = STUDIES["cnn-grid"]
    slow = ("rmsprop", "adagrad", "sgd", "adadelta")
    rows = [row | {ACCURACY: 0.2 if row["optimizer"] in slow else 0.5 + row["epochs"] / 100} for row in rows_of(study)]
    assert no_shares_words(design(study, rows), study, ACCURACY) == (
        "No shares of the variance: they would overlap. Optimiser, rate and epochs asked are confounded: "
        "RMSprop, Adagrad, SGD and Adadelta only ran with 5 epochs and rate 0.001."
    )
    cross = STUDIES["cnn-grid-batchnorm"]
    shared = design(cross, rows_of(cross))
    assert no_shares_words(shared, cross, ACCURACY) == ""
    assert (
        rest_words(shared, {"optimizer": 0.11, "batch_size": 0.64}) == "The rest, 25 %, is chance and what factors do together."
    )
    l16 = STUDIES["l16-mlp"]
    assert rest_words(design(l16, rows_of(l16)), {"optimizer": 1.0}).endswith("some of that hides in the shares of others.")


def test_guessing_is_told_from_half_of_the_settings_on():
    study = STUDIES["l16-cnn"]
    rows = [row | {ACCURACY: 0.5 if row["trial"] in (10, 14) else 0.1} for row in rows_of(study)[:16]]
    found = design(study, rows)
    assert guessing_words(found, study) == "14 of 16 settings never left guessing (10 % right)."
    assert no_shares_words(found, study, ACCURACY).endswith("They would rest on 2 settings.")
    assert "relu" in inseparable_words(found, study)
    assert "cannot learn stays open" in inseparable_words(found, study)
    fine = design(study, rows_of(study))
    assert (guessing_words(fine, study), inseparable_words(fine, study)) == ("", "")


@pytest.mark.parametrize(("count", "words"), [(8, "8 of 16 settings never left guessing (10 % right)."), (7, "")])
def test_half_of_the_settings_are_enough_to_tell_of_guessing(count, words):
    study = STUDIES["l16-cnn"]
    rows = [row | {ACCURACY: 0.1 if row["trial"] < count else 0.5} for row in rows_of(study)[:16]]
    assert guessing_words(design(study, rows), study) == words


def test_the_data_set_is_told_to_be_no_setting():
    study = STUDIES["keras-examples"]
    found = design(study, rows_of(study))
    assert no_shares_words(found, study, ACCURACY).startswith("No shares of the variance: the data set is no setting")
    assert balance_words(found, ACCURACY) == ""  # one setting alone is drawn on each: there is no mix of others


def test_runs_that_were_trained_less_are_marked():
    study = STUDIES["keras-examples"]
    rows = [
        row | ({"epochs_trained": 3, "pictures": 18_000} if row["architecture"] == "keras-cnn" else {})
        for row in rows_of(study)
        if row["dataset"] == "fashion-mnist"
    ]
    assert short_words(rows, ["architecture"]) == (
        "* Trained much less than the others, so no fair comparison. Keras' CNN: 3 of 12 epochs, 33 % of the pictures."
    )
    whole = next(row["trial"] for row in rows if row["architecture"] == "keras-cnn")
    mixed = [row | ({"epochs_trained": 12, "pictures": row["pictures_asked"]} if row["trial"] == whole else {}) for row in rows]
    assert short_words(mixed, ["architecture"]).endswith("Keras' CNN: in 2 of 3 runs 25 % of the epochs, 33 % of the pictures.")
    assert marks(rows, ["architecture"]) == {("architecture", "keras-cnn"): "Keras' CNN *"}
    assert budget_words(rows) == "in 3 of 6 runs 25 % of the epochs, 33 % of the pictures"
    assert "not trained equally long" in no_shares_words(design(study, rows), study, ACCURACY)
    assert short_words(rows_of(study), study.factors) == ""


def test_epochs_that_were_not_all_trained_are_written_so():
    study = STUDIES["cnn-grid"]
    rows = [row | {"epochs_trained": row["epochs_asked"] // 5, "pictures": 4_320} for row in rows_of(study)]
    told = {level: title for (_, level), title in marks(rows, ["epochs"]).items()}
    assert told == {5: "1 of 5", 10: "2 of 10", 20: "4 of 20", 30: "6 of 30"}
    assert budget_words(rows) == "20 % of the epochs, 8 % of the pictures"
    assert marks(rows_of(study), ["epochs"]) == {}
    assert budget_words(rows_of(study)) == ""


def test_runs_that_diverged_have_no_say_in_how_many_epochs_were_trained():
    study = STUDIES["cnn-grid"]
    rows = [row | {"epochs_trained": row["epochs_asked"] // 5, "pictures": 4_320} for row in rows_of(study)]
    first = next(place for place, row in enumerate(rows) if row["epochs_asked"] == 10)
    rows[first] |= {"diverged": "no number", "epochs_trained": 0}
    assert marks(rows, ["epochs"])["epochs", 10] == "2 of 10"
    assert budget_words(rows) == "20 % of the epochs, 8 % of the pictures"


def test_points_tell_how_many_runs_they_are():
    cross, grid = (design(STUDIES[name], rows_of(STUDIES[name])) for name in ("cnn-grid-batchnorm", "cnn-grid"))
    assert points_words([1, 1], cross, 2) == "Every point is one run: chance moves it, too."
    assert points_words([3, 1], cross, 2) == "Behind a point are 1 to 3 runs: point at it to see how many."
    assert points_words([3, 1], grid, 2).endswith(
        "Between points the other factors differ, too: lines that fall or cross are a hint."
    )


def test_steps_and_moving_averages_by_hand():
    """4,320 pictures twice: 9 steps of 512 an epoch, 68 of 64; 0.99^18 = 0.835, 0.99^136 = 0.255."""
    study = STUDIES["cnn-grid-batchnorm"]
    rows = [row | {"epochs_trained": 2, "pictures": 4_320} for row in rows_of(study)]
    assert steps_words(rows) == "In the same epochs small batches take more steps: 18 to 136 here."
    assert moving_words(study, rows).startswith(
        "Batch normalisation validates with moving averages: after 18 to 136 steps 25 to 83 % of them is still their start"
    )
    assert moving_words(study, rows_of(study)) == "", "1,060 steps at least: 0.99^1060 is nothing"
    assert moving_words(STUDIES["cnn-grid"], rows_of(STUDIES["cnn-grid"])) == ""
    one = [rows[place] if row["batch_size"] == 512 else row for place, row in enumerate(rows_of(study))]
    assert "after 18 to " in moving_words(study, one), "the shortest runs lag, whatever others do"


@pytest.mark.parametrize(
    ("name", "words"),
    [("cnn-grid", "while it learned, with dropout on; validation"), ("mlp-forms", "while it learned; validation")],
)
def test_training_below_validation_is_explained(name, words):
    study = STUDIES[name]
    [row] = [row | {"train_accuracy": 0.276} for row in rows_of(study) if row["trial"] == 0]
    assert words in below_words(study, row | {ACCURACY: 0.682})
    assert below_words(study, row | {ACCURACY: 0.28}) == ""
    assert below_words(study, row | {ACCURACY: None}) == ""


def test_runs_with_a_penalty_are_known_by_their_loss():
    rows = [{"trial": 0, "val_loss": 0.6, "val_cross_entropy": 0.5}, {"trial": 1, "val_loss": 0.5, "val_cross_entropy": 0.5}]
    assert [row["trial"] for row in with_penalty(rows)] == [0]
    small = [{"trial": n, "val_loss": loss, "val_cross_entropy": 0.5} for n, loss in enumerate((0.51, 0.5002, None))]
    assert [row["trial"] for row in with_penalty(small)] == [0], "2 % more is a penalty, 0.04 % is rounding"


def test_shares_of_several_sizes_are_told_with_their_ends():
    trials = STUDIES["l16-cnn"].trials
    rows = [record(trials[0], epochs=2, pictures=18_000).row, record(trials[1], epochs=5).row]
    assert budget_words(rows) == "10 to 25 % of the epochs, 33 to 100 % of the pictures"
    assert budget_words([record(trials[0], pictures=18_000).row]) == "33 % of the pictures"
    assert budget_words([record(trials[0]).row, record(trials[1], diverged="No number").row]) == ""
