"""Settings and printed figures of both reports' clock systems, typed from the reports: neither may drift unseen."""

from collections.abc import Callable
from typing import Any

import pytest

from core.clocks import report_recipes
from core.clocks.evaluation import published_figures
from core.recipes import Recipe

RECIPES: dict[str, Recipe] = {recipe.model_id: recipe for recipe in report_recipes.recipes()}

# Parameters. 2022, Table 3: convolutions and normalisation 320 + 128 + 18,496 + 256 + 73,856 + 512 = 93,568; Dense 256 on
# 36,992 features 9,470,208; Dense 128 32,896; together 9,596,672, and 129 for each unit that answers. Printed: 1 unit
# (Table 3), 12 + 1 units (Table 9e). By hand: 4 units 9,597,188; 24 units 9,599,768; 720 units 9,689,552; 12 + 30 units
# 9,602,090. Heads with a stack each: 93,568, the hour's 9,503,104 + 12 x 129, the minute's half as wide
# (36,992 + 1) x 128 + (128 + 1) x 64 = 4,743,360, + 65: 14,341,645. 2023 prints all three (Figures 5 and 9, s.2.4.2).
#
# Epochs, batch and rate: 2022 s.3.2 (regression, "the same hyperparameters" for sines and cosines), s.3.3, s.3.4; s.3.6 names
# none, so its two have those of s.3.4. 2023 s.2.2.2, s.2.3.2 (no epochs: as for the classes), s.2.4.2. Gamma 3 throughout
# 2022 but where it says without; 2023 speaks of none.
SETTINGS = [
    # model id, head, loss, batch, epochs, learning rate, gamma, parameters
    ("report22-regression", "hours", "mae", 32, 100, 0.001, 3.0, 9_596_801),
    ("report22-regression-no-gamma", "hours", "mae", 32, 100, 0.001, 1.0, 9_596_801),
    ("report22-label-transform", "sine-cosine-as-published", "custom-mse-as-published", 32, 100, 0.001, 3.0, 9_597_188),
    ("report22-label-transform-corrected", "sine-cosine", "custom-mse-corrected", 32, 100, 0.001, 3.0, 9_597_188),
    ("report22-classes-24", "classes-24", "classes", 128, 100, 0.001, 3.0, 9_599_768),
    ("report22-classes-720", "classes-720", "classes", 128, 100, 0.001, 3.0, 9_689_552),
    ("report22-multi-head", "hour-and-fraction", "classes-and-mae", 128, 100, 0.001, 3.0, 9_598_349),
    ("report22-two-classifiers", "hour-and-pair", "two-classes", 128, 100, 0.001, 3.0, 9_602_090),
    ("report22-split-heads", "hour-and-fraction", "classes-and-mae", 128, 100, 0.001, 3.0, 14_341_645),
    ("report23-classes-720", "classes-720", "classes", 32, 100, 0.001, 1.0, 731_500),
    ("report23-regression", "hours-rounded", "mse", 32, 100, 0.0005, 1.0, 604_961),
    ("report23-multi-head", "hour-and-minute", "classes-and-mse", 32, 50, 0.001, 1.0, 1_675_193),
]

CROSS_ENTROPY = "categorical_crossentropy"
LOSSES: dict[str, Any] = {  # what a recipe calls its loss -> what training is given
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
    "custom-mse-as-published": "custom_mse_as_published",
    "custom-mse-corrected": "custom_mse_corrected",
    "classes": CROSS_ENTROPY,
    "two-classes": {"hour": CROSS_ENTROPY, "minute": CROSS_ENTROPY},
    "classes-and-mae": {"hour": CROSS_ENTROPY, "minute": "mean_absolute_error"},
    "classes-and-mse": {"hour": CROSS_ENTROPY, "minute": "mean_squared_error"},
}


def test_the_twelve_systems_are_all_there() -> None:
    assert [row[0] for row in SETTINGS] == list(RECIPES)
    assert len(SETTINGS) == 12


@pytest.mark.parametrize(("name", "head", "loss", "batch", "epochs", "rate", "gamma", "parameters"), SETTINGS)
def test_a_system_is_set_as_its_report_says(
    name: str, head: str, loss: str, batch: int, epochs: int, rate: float, gamma: float, parameters: int
) -> None:
    recipe = RECIPES[name]
    training, extra = recipe.training, recipe.extra
    assert (training.batch_size, training.epochs, training.learning_rate) == (batch, epochs, rate)
    assert (training.optimizer, training.schedule, training.weight_decay, training.ema) == ("adam", "constant", 0.0, 0.0)
    assert training.warmup_epochs == (1.0 if name.startswith("report22-") else 0.0)  # ours: the report says nothing of it
    assert (recipe.spec.head, extra["form"], extra["loss"], extra["gamma"]) == (head, head, loss, gamma)
    assert (recipe.spec.year, recipe.report) == (f"20{name[6:8]}",) * 2
    assert recipe.build(recipe.spec).count_params() == parameters


@pytest.mark.parametrize("name", RECIPES)
def test_training_is_given_the_loss_that_the_card_names(name: str) -> None:
    given, weights, _ = RECIPES[name].losses()
    assert weights is None  # two losses are added as they are

    def called(loss: str | Callable[..., Any]) -> str:
        return loss if isinstance(loss, str) else loss.__name__

    found = {head: called(loss) for head, loss in given.items()} if isinstance(given, dict) else called(given)
    assert found == LOSSES[RECIPES[name].extra["loss"]]


PRINTED = {  # typed from the reports; "" where a system is spoken of and no figure is printed
    ("report22-regression", "mae_hours"): "1.1515",
    ("report22-regression", "custom_mae_as_published"): "0.6669",
    ("report22-regression", "custom_mse_as_published"): "0.6075",
    ("report22-regression-no-gamma", "mae_hours"): "2.1259",
    ("report22-regression-no-gamma", "custom_mae_as_published"): "1.4811",
    ("report22-label-transform", "loss"): "2.0738",
    ("report22-label-transform", "mse"): "0.3779",
    ("report22-label-transform", "custom_mse_as_published"): "13.4489",
    ("report22-classes-24", "accuracy"): "0.9088",
    ("report22-classes-720", "accuracy"): "0.00055",
    ("report22-multi-head", "hour_accuracy"): "0.9242",
    ("report22-multi-head", "minute_mse"): "0.0248",
    ("report22-multi-head", "custom_mse_as_published"): "0.0942",
    ("report22-two-classifiers", "hour_accuracy"): "",
    ("report22-split-heads", "hour_accuracy"): "",
    ("report23-classes-720", "mean_minutes"): "24",
    ("report23-classes-720", "accuracy"): "0.2275",
    ("report23-classes-720", "accuracy_train_and_test"): "0.622",  # 11204 / 18000 = 0.62244
    ("report23-classes-720", "training_seconds"): "3720",  # 1 hour and 2 minutes
    ("report23-regression", "mean_minutes"): "97",
    ("report23-regression", "mae_hours"): "1.63",
    ("report23-multi-head", "mean_minutes"): "16",
    ("report23-multi-head", "hour_accuracy"): "0.92917",  # 3345 / 3600 = 0.929167
    ("report23-multi-head", "hour_accuracy_train_and_test"): "0.9697",  # 17455 / 18000 = 0.969722
    ("report23-multi-head", "minute_mae"): "14.6",
    ("report23-multi-head", "training_seconds"): "13500",  # roughly 3.75 hours
}
HEADLINES = {  # the one figure by which a system stands in the tables of ``evaluate``
    "report22-regression": "mae_hours",
    "report22-regression-no-gamma": "mae_hours",
    "report22-label-transform": "loss",
    "report22-classes-24": "accuracy",
    "report22-classes-720": "accuracy",
    "report22-multi-head": "hour_accuracy",
    "report23-classes-720": "mean_minutes",
    "report23-regression": "mean_minutes",
    "report23-multi-head": "mean_minutes",
}


def test_printed_figures_are_those_of_the_reports() -> None:
    rows = published_figures()
    assert {(row["model"], row["measure"]): row["published"] for row in rows} == PRINTED
    assert len(rows) == len(PRINTED)
    assert {row["model"]: row["measure"] for row in rows if row["headline"] == "yes"} == HEADLINES
    assert all(row["source"].startswith(f"20{row['model'][6:8]}, ") for row in rows)


def test_doubtful_figures_say_why() -> None:
    notes = {(row["model"], row["measure"]): row["note"] for row in published_figures()}
    unsaid = [model for model, measure in notes if measure == "mean_minutes" and "does not say" in notes[model, measure]]
    assert len(unsaid) == 3  # 24, 97 and 16 minutes
    one_way = [notes[key] for key in notes if key[1] == "custom_mae_as_published"]
    assert len(one_way) == 2
    assert all(note.startswith("Wraps one way only") for note in one_way)
    summed = [notes[key] for key in notes if key[1] == "custom_mse_as_published" or key == ("report22-label-transform", "loss")]
    assert len(summed) == 4
    assert all("weighs the already summed error" in note for note in summed)
    label = [notes[key] for key in notes if key[0] == "report22-label-transform"]
    assert all("repeats every 6 minutes" in note for note in label)
    mixed = [key for key in notes if key[1].endswith("train_and_test") or key[1] == "minute_mae"]
    assert len(mixed) == 3
    assert all("18000" in notes[key] or "18,000" in notes[key] for key in mixed)
