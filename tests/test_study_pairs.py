"""Two studies setting by setting, by hand."""

import pytest

from core.classifiers.study_list import STUDIES
from core.study_pairs import Pair, pairs_of, pairs_plot, pairs_words

ROW = {"epochs_trained": 2, "pictures": 4_320}
MINE = [
    ROW | {"optimizer": "adam", "batch_size": 64, "val_accuracy": 0.70},
    ROW | {"optimizer": "adam", "batch_size": 128, "val_accuracy": 0.60},
    ROW | {"optimizer": "nadam", "batch_size": 64, "val_accuracy": 0.50},
    ROW | {"optimizer": "sgd", "batch_size": 64, "val_accuracy": None},
]
OTHERS = [
    ROW | {"optimizer": "adam", "batch_size": 64, "val_accuracy": 0.72},
    ROW | {"optimizer": "adam", "batch_size": 64, "val_accuracy": 0.78},  # another seed
    ROW | {"optimizer": "adam", "batch_size": 128, "val_accuracy": 0.59},
    ROW | {"optimizer": "nadam", "batch_size": 64, "val_accuracy": 0.90, "epochs_trained": 4},  # trained longer: no pair
    ROW | {"optimizer": "sgd", "batch_size": 64, "val_accuracy": 0.1},
]
FACTORS = ("optimizer", "batch_size")


def test_only_settings_with_the_same_training_are_pairs():
    pairs = pairs_of(MINE, OTHERS, FACTORS, "val_accuracy")
    assert pairs == [
        Pair({"optimizer": "adam", "batch_size": 64}, 0.70, pytest.approx(0.75)),
        Pair({"optimizer": "adam", "batch_size": 128}, 0.60, 0.59),
    ]
    # Differences -0.05 and +0.01: -0.02 on average.
    assert pairs_words(pairs, "val_accuracy", "A6") == (
        "In 2 settings that A6 ran as long, too, this is 2.0 points lower on average, and so in 1 of them."
    )


def test_settings_that_saw_other_numbers_of_pictures_are_no_pairs():
    [here, *_] = MINE
    assert pairs_of([here], [here | {"pictures": 54_000}], FACTORS, "val_accuracy") == []
    assert len(pairs_of([here], [here], FACTORS, "val_accuracy")) == 1


def test_a_line_joins_what_both_have_of_a_setting():
    pairs = pairs_of(MINE, OTHERS, FACTORS, "val_accuracy")
    figure = pairs_plot(pairs, "val_accuracy", ("A7", "A6"), FACTORS)
    first, _, mine, theirs = figure.data
    assert list(first.x) == [0.70, pytest.approx(0.75)]
    assert (mine.name, list(mine.x), list(mine.y)) == ("A7", [0.70, 0.60], [0, 1])
    assert list(theirs.x) == [pytest.approx(0.75), 0.59]
    assert figure.layout.yaxis.ticktext == ("Adam, batch 64", "Adam, batch 128")
    assert mine.marker.symbol != theirs.marker.symbol


def test_the_grid_with_batch_normalisation_is_set_against_the_one_without():
    """Of its twelve settings at 10 epochs the other grid lacks Nadam and Adamax with batches of 64 and of 512."""
    study = STUDIES["cnn-grid-batchnorm"]
    assert study.against == "cnn-grid"
    sides = [
        [
            {**trial.factors, "epochs_trained": trial.epochs_asked, "pictures": 54_000, "val_accuracy": 0.9}
            for trial in STUDIES[name].trials
        ]
        for name in (study.name, study.against)
    ]
    pairs = pairs_of(*sides, study.factors, "val_accuracy")
    assert {(pair.levels["optimizer"], pair.levels["batch_size"]) for pair in pairs} == {
        *(("adam", batch) for batch in (64, 128, 256, 512)),
        *((name, batch) for name in ("nadam", "adamax") for batch in (128, 256)),
    }
