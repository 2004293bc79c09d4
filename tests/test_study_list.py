"""The nine studies against what the reports print, counted and typed by hand."""

from collections import Counter
from dataclasses import replace
from itertools import combinations, product

import pytest

from core.classifiers.architectures import check_run
from core.classifiers.designs import OPTIMUM
from core.classifiers.grids import plan_49
from core.classifiers.studies_23 import PLAN
from core.classifiers.study_list import STUDIES, estimated_seconds, products
from core.classifiers.study_parts import PICTURES
from core.datasets import is_available, load_dataset
from core.specs import ClassifierSpec
from core.studies import load_study
from core.study_effects import beside_published
from core.study_results import current_rows, load_rows

ROWS_OF_REPORTS = {
    "l16-mlp": ("A1", "2022", 48),
    "l16-cnn": ("A1", "2022", 48),
    "architectures": ("A2", "2022", 36),
    "cifar-transfer-22": ("A3", "2022", 18),
    "mlp-forms": ("A5", "2023", 55),
    "cnn-grid": ("A6", "2023", 62),
    "cnn-grid-batchnorm": ("A7", "2023", 12),
    "cifar-transfer-23": ("A8", "2023", 3),
    "keras-examples": ("A4", "2023", 12),
}


def test_every_row_of_the_reports_has_its_study():
    assert {name: (one.row, one.report, len(one.trials)) for name, one in STUDIES.items()} == ROWS_OF_REPORTS


@pytest.mark.parametrize("name", STUDIES)
def test_trials_are_numbered_differ_and_can_be_run(name):
    study = STUDIES[name]
    assert [trial.number for trial in study.trials] == list(range(len(study.trials)))
    assert {trial.study for trial in study.trials} == {name}
    for trial in study.trials:
        for full in (True, False):
            run = trial.run_here(full)
            if run is not None:
                check_run(run)
    if name != "mlp-forms":  # a printed setting may be one of the plan's, too
        assert len({trial.run.key for trial in study.trials}) == len(study.trials)
    assert set(study.after) <= set(STUDIES)


@pytest.mark.parametrize("name", STUDIES)
def test_what_is_stored_is_shown(name):
    """A page leaves out what was run with other settings than the study's: here there must be none."""
    rows = load_rows(name)
    assert rows
    assert current_rows(load_study(name)) == rows  # with the trials that follow from what other studies found


def test_2022_runs_the_design_three_times_for_twenty_epochs():
    for kind in ("mlp", "cnn"):
        trials = STUDIES[f"l16-{kind}"].trials
        assert Counter(trial.seed for trial in trials) == {0: 16, 1: 16, 2: 16}
        assert {(one.epochs_asked, one.run.network.architecture, one.run.dataset) for one in trials} == {
            (20, f"{kind}-22-basic", "fashion-mnist")
        }
        assert [trial.factors for trial in trials[:16]] == [trial.factors for trial in trials[16:32]]
    row = STUDIES["l16-mlp"].trials[10]  # U(-0.05, 0.05), tanh, SGD, l2&dropout: 1.061 and 1.084
    assert row.published == {"train_loss": 1.061, "test_loss": 1.084}
    assert STUDIES["l16-cnn"].trials[10].published == {"train_loss": 0.7, "test_loss": 0.726}
    network, training = row.run.network, row.run.training
    assert (network.initializer, network.activation, network.regularizer) == ("uniform", "tanh", "l2")
    assert (network.dropout, training.optimizer, training.learning_rate) == (0.2, "sgd", 0.01)
    assert STUDIES["l16-mlp"].trials[5].doubt, "the row with losses of two columns is marked"


def test_2022_compares_architectures_with_the_printed_optimum():
    study = STUDIES["architectures"]
    assert study.levels("architecture") == ("mlp-22-basic", "mlp-22-custom", "cnn-22-basic", "cnn-22-custom")
    assert study.levels("learning_rate") == (0.0003, 0.001, 0.003)
    printed = {
        (one.factors["architecture"], one.factors["learning_rate"]): one.published["test_loss"]
        for one in study.trials
        if one.published and one.seed == 0
    }
    assert printed == {
        ("mlp-22-basic", 0.001): 6.668,
        ("mlp-22-basic", 0.003): 3.608,
        ("mlp-22-custom", 0.003): 5.296,
        ("cnn-22-basic", 0.001): 2.789,
        ("cnn-22-basic", 0.003): 1.638,
        ("cnn-22-custom", 0.003): 1.901,
    }
    transfer = STUDIES["cifar-transfer-22"].trials[:6]
    assert [one.published["test_loss"] for one in transfer] == [15.280, 9.031, 11.053, 4.105, 2.915, 3.191]
    assert {one.run.network.input_shape for one in transfer} == {(32, 32, 3)}


def test_2023_grids_are_the_printed_runs():
    grid = STUDIES["cnn-grid"].trials
    assert grid[0].factors == {"optimizer": "adamax", "learning_rate": 0.0005, "batch_size": 128, "epochs": 10}
    assert (grid[0].published, grid[61].published) == ({"test_accuracy": 0.905}, {"test_accuracy": 0.101})
    assert grid[0].run.training.epochs == 10
    assert [trial.number for trial in grid if trial.seed == 1] == [31, 40, 52], "printed twice"
    batchnorm = STUDIES["cnn-grid-batchnorm"].trials
    assert {trial.run.network.architecture for trial in batchnorm} == {"cnn-chapter-14-batchnorm"}
    assert [trial.published["test_accuracy"] for trial in batchnorm][:3] == [0.872, 0.862, 0.862]
    assert [one.published["test_accuracy"] for one in STUDIES["cifar-transfer-23"].trials] == [0.4854, 0.4563, 0.5249]


def test_the_six_forms_have_their_printed_accuracies():
    pairs = beside_published(STUDIES["mlp-forms"], [])
    assert {pair.factors["architecture"]: pair.published for pair in pairs} == {
        "mlp-300-100": 0.877,
        "mlp-300": 0.883,
        "mlp-300-100-dropout": 0.884,
        "mlp-300-100-dropout-first": 0.888,
        "mlp-300-dropout": 0.885,
        "mlp-300-l1": 0.769,
    }
    assert all(pair.doubt.startswith("the best of many runs by test accuracy") for pair in pairs)


def test_printed_figures_keep_their_last_digits():
    first, *_ = beside_published(STUDIES["l16-mlp"], [])
    assert (first.published, first.published.text) == (25.11, "25.110")
    texts = {pair.published.text for pair in beside_published(STUDIES["cnn-grid"], [])}
    assert {"0.900", "0.89", "0.893"} <= texts
    assert STUDIES["cnn-grid"].trials[32].doubt.startswith("its epochs cannot be read")


def test_keras_examples_claim_their_accuracy_on_mnist_alone():
    trials = STUDIES["keras-examples"].trials
    claims = {(one.factors["architecture"], one.factors["dataset"]): one.published for one in trials}
    assert claims["keras-mlp", "mnist"] == {"test_accuracy": 0.984}
    assert claims["keras-cnn", "mnist"] == {"test_accuracy": 0.9925}
    assert claims["keras-cnn", "fashion-mnist"] == {}
    assert {one.run.training.batch_size for one in trials} == {128}


# --- the plan of 49 --------------------------------------------------------------------------------------------------


def test_every_two_levels_meet_as_often_as_their_frequencies_say():
    plan = plan_49(PLAN)
    assert len(plan) == 49
    for first, second in combinations(PLAN, 2):
        met = Counter((line[first], line[second]) for line in plan)
        for a, b in product(set(PLAN[first]), set(PLAN[second])):
            assert met[a, b] == list(PLAN[first]).count(a) * list(PLAN[second]).count(b) >= 1


def test_a_plan_takes_seven_levels_of_five_factors():
    with pytest.raises(ValueError, match="x needs seven levels, repeated where there are fewer; got 3"):
        plan_49({"x": (1, 2, 3)})
    with pytest.raises(ValueError, match="1 to 5 factors; got 6"):
        plan_49({str(name): range(7) for name in range(6)})


# --- what our own runs choose ----------------------------------------------------------------------------------------


def rows_of(name, accuracy):
    """A row for each trial, with the validation accuracy that ``accuracy(trial)`` says."""
    return [
        {"trial": one.number, "seed": one.seed, **one.factors, "val_accuracy": accuracy(one)} for one in STUDIES[name].trials
    ]


def test_without_earlier_rows_the_printed_choice_is_run_and_said():
    empty = {name: [] for name in STUDIES}
    for name, words in (
        ("architectures", "No run of A1 (Sixteen MLPs: "),
        ("cifar-transfer-23", "No run of A6 (62 runs of a CNN)"),
    ):
        study = STUDIES[name].with_choice(empty)
        assert len(study.trials) == len(STUDIES[name].trials)
        assert words in study.note


def test_our_own_optimum_is_run_beside_the_printed_one():
    levels = {"normal", "relu", "adam", "l2"}
    rows = {
        "l16-mlp": rows_of("l16-mlp", lambda one: len(levels & set(one.factors.values()))),
        "l16-cnn": rows_of("l16-cnn", lambda one: len(set(OPTIMUM.values()) & set(one.factors.values()))),
    }
    study = STUDIES["architectures"].with_choice(rows)
    more = study.trials[36:]
    assert [trial.number for trial in study.trials] == list(range(len(study.trials)))
    mlps = [trial for trial in more if trial.factors["architecture"].startswith("mlp")]
    assert len(mlps) == 18, "two architectures, three rates, three seeds"
    network = mlps[0].run.network
    assert (network.initializer, network.activation, network.regularizer, network.dropout) == ("normal", "relu", "l2", 0.0)
    assert {trial.factors["choice"] for trial in more} == {"ours"}
    by = "the levels with the best mean validation accuracy, where the report goes by the loss, are"
    assert f"A1's MLPs: {by} N(0, 0.05), relu, Adam, L2; they run beside the printed choice." in study.note
    assert f"A1's CNNs: {by} the printed ones here, too: U(±0.05), tanh, SGD, L2 + dropout." in study.note
    assert len(more) == len(mlps)


def test_our_three_best_of_the_grid_go_to_cifar():
    """Of the printed three the first is among ours; the other two are new."""
    ours = {0: 0.9, 4: 0.95, 16: 0.92}
    rows = {"cnn-grid": rows_of("cnn-grid", lambda one: ours.get(one.number, 0.1))}
    study = STUDIES["cifar-transfer-23"].with_choice(rows)
    more = study.trials[3:]
    assert [(trial.factors["optimizer"], trial.factors["batch_size"], trial.factors["choice"]) for trial in more] == [
        ("adam", 128, "ours"),
        ("nadam", 64, "ours"),
    ]
    assert {trial.run.dataset for trial in more} == {"cifar10"}
    assert study.note.startswith(
        "The best settings of A6 by mean validation accuracy: Adam, rate 0.001, batch 128, 10 epochs; Nadam, rate 0.0005"
    )


def test_a_study_that_waits_for_settings_says_for_how_many():
    """62 runs of 59 settings: 55 runs, of which two repeat one before them, are 53 of them."""
    some = rows_of("cnn-grid", lambda one: 0.5)[:55]
    study = STUDIES["cifar-transfer-23"].with_choice({"cnn-grid": some})
    assert len(study.trials) == 3
    assert study.note == (
        "52 of the 59 settings of A6 (62 runs of a CNN) are stored: until all are, only the printed choice is run here."
    )


def test_a_choice_that_rests_on_few_settings_says_so():
    rows = {name: rows_of(name, lambda one: 0.5 if one.factors == OPTIMUM else 0.1) for name in ("l16-mlp", "l16-cnn")}
    note = STUDIES["architectures"].with_choice(rows).note
    assert note.count("This rests on 1 of 16 settings: the others never left guessing.") == 2


def test_our_best_of_each_kind_go_to_cifar_in_three_seeds():
    best = {("mlp-22-custom", 0.001): 0.9, ("cnn-22-custom", 0.001): 0.9}
    rows = {
        "architectures": rows_of(
            "architectures", lambda one: best.get((one.factors["architecture"], one.factors["learning_rate"]), 0.5)
        ),
        "l16-mlp": [],
        "l16-cnn": [],
    }
    more = STUDIES["cifar-transfer-22"].with_choice(rows).trials[18:]
    assert {(trial.factors["architecture"], trial.factors["learning_rate"]) for trial in more} == set(best)
    assert Counter(trial.seed for trial in more) == {0: 2, 1: 2, 2: 2}


# --- sizes and times -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fashion-mnist", "cifar10", "mnist"])
def test_the_training_parts_have_the_sizes_that_studies_count_with(name):
    if not is_available(name):
        pytest.skip(f"{name} is not on this machine")
    assert len(load_dataset(name).train.labels) == PICTURES[name]


def test_the_estimate_is_what_was_measured():
    """5.7 ms of one of two cores for 128 pictures of the MLP 512-512; validation, test and building take a quarter more."""
    trial = STUDIES["l16-mlp"].trials[0]
    assert estimated_seconds(trial, trial.run) == pytest.approx(1.25 * 20 * 54_000 / 128 * 5.7e-3 / 2, rel=0.2)
    cnn = STUDIES["cnn-grid"].trials[0]
    share = cnn.run_here(full=False)
    assert (share.training.epochs, share.pictures) == (2, 4_320)
    assert estimated_seconds(cnn, share) < estimated_seconds(cnn, cnn.run) / 10
    small = replace(trial.run, training=replace(trial.run.training, batch_size=32))
    assert estimated_seconds(trial, small) > estimated_seconds(trial, trial.run)


def test_networks_that_were_not_measured_are_estimated_by_their_products():
    """2022's basic CNN by hand: two convolutions at 26 x 26 and 24 x 24 places, a dense layer of 12 x 12 x 64, ten outputs."""
    by_hand = 26 * 26 * 320 + 24 * 24 * 18_496 + (12 * 12 * 64 + 1) * 128 + (128 + 1) * 10
    assert products(ClassifierSpec("cnn-22-basic")) == by_hand
    trial = STUDIES["cnn-grid"].trials[0]
    other = replace(trial.run, network=ClassifierSpec("fashion-best"))
    assert estimated_seconds(trial, other) == pytest.approx(estimated_seconds(trial, trial.run), rel=1.5)  # as large as Géron's
