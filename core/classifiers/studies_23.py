"""The studies of 2023: A4 to A8 of the reports' systems."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.classifiers.grids import plan_49
from core.classifiers.study_parts import (
    BATCH,
    PRINTED,
    SEEDS,
    Entry,
    figures,
    is_whole,
    printed,
    run_of,
    transferred,
    trials_of,
)
from core.specs import ClassifierSpec, RunSpec
from core.study_effects import best, mean_over_seeds
from core.trials import Level, Printed, Rows, Share, Study, TrialSpec

# The levels of 2023's Table 1, seven entries each for the plan: few long runs, small batches and small rates.
FORMS = ("mlp-300-100", "mlp-300", "mlp-300-100-dropout", "mlp-300-100-dropout-first", "mlp-300-dropout", "mlp-300-l1")
PLAN: dict[str, Sequence[Level]] = {
    "architecture": (*FORMS, "mlp-300-100-dropout-first"),
    "optimizer": ("adam", "adamax", "rmsprop", "sgd", "adagrad", "adadelta", "nadam"),
    "batch_size": (32, 64, 128, 128, 256, 256, 512),
    "epochs": (5, 5, 10, 10, 20, 20, 30),
    "learning_rate": (0.0005, 0.0005, 0.0005, 0.001, 0.001, 0.001, 0.001),
}
GRID = ("optimizer", "learning_rate", "batch_size", "epochs")
# Of CNNs without a GPU, so that the 62 runs take two cores half an hour.
SHARE_GRID = Share(epochs=0.2, pictures=0.08)
SHARE_CIFAR = Share(epochs=0.3, pictures=0.2)
SHARE_KERAS = Share(epochs=0.25, pictures=1 / 3, seeds=1)


def _setting(row: Mapping[str, Any]) -> dict[str, Level]:
    """The four factors of 2023's grids, from a printed row or the plan's."""
    numbers = {"learning_rate": float(row["learning_rate"]), "batch_size": int(row["batch_size"]), "epochs": int(row["epochs"])}
    return {"optimizer": str(row["optimizer"]).lower(), **numbers}


def _grid_run(architecture: str, dataset: str, seed: int, setting: Mapping[str, Any]) -> RunSpec:
    return run_of(ClassifierSpec(architecture), dataset, seed, *(setting[name] for name in GRID))


def _mlp_forms() -> Study:
    entries: list[Entry] = []
    printed_best: dict[Level, dict[str, Printed]] = {}
    best_doubts: dict[Level, str] = {}
    for row in printed("mlp_forms"):
        architecture, said = row["architecture"], figures(row, test_accuracy="accuracy")
        if not row["optimizer"]:  # the form's best accuracy is printed, and not with which settings
            printed_best[architecture], best_doubts[architecture] = said["published"], said["doubt"]
            continue
        setting = _setting(row)
        for seed in SEEDS:
            run = _grid_run(architecture, "fashion-mnist", seed, setting)
            entries.append({"run": run, "factors": {"architecture": architecture, **setting}, **said})
    for line in plan_49(PLAN):
        setting = _setting(line)
        run = _grid_run(str(line["architecture"]), "fashion-mnist", SEEDS[0], setting)
        entries.append({"run": run, "factors": {"architecture": line["architecture"], **setting}})
    entries.sort(key=lambda entry: entry["run"].training.seed)
    return Study(
        "mlp-forms",
        "Six forms of an MLP",
        "2023",
        "A5",
        tuple(trials_of("mlp-forms", entries, Share())),
        best_of="architecture",
        printed_best=printed_best,
        best_doubts=best_doubts,
        note=f"49 of the {len(FORMS) * 7 * 5 * 4 * 2:,} settings, in which every two levels meet, and the printed ones.",
    )


def _grid(name: str, title: str, row: str, architecture: str, table: str) -> Study:
    """A printed list of runs; a setting that is printed twice has another seed the second time."""
    entries: list[Entry] = []
    for line in printed(table):
        setting = _setting(line)
        seed = sum(entry["factors"] == setting for entry in entries)
        run = _grid_run(architecture, "fashion-mnist", seed, setting)
        entries.append({"run": run, "factors": setting, **figures(line, test_accuracy="accuracy")})
    return Study(name, title, "2023", row, tuple(trials_of(name, entries, SHARE_GRID)))


def _keras_examples() -> Study:
    """``mnist_mlp.py``: RMSprop, 20 epochs. ``mnist_cnn.py``: Adadelta at the rate 1.0 of its day, 12 epochs."""
    settings = {"keras-mlp": ("rmsprop", 0.001, BATCH, 20), "keras-cnn": ("adadelta", 1.0, BATCH, 12)}
    table = {row["architecture"]: figures(row, test_accuracy="accuracy") for row in printed("keras_examples")}
    entries: list[Entry] = []
    for seed in SEEDS:
        for dataset in ("mnist", "fashion-mnist"):
            for name, setting in settings.items():
                run = run_of(ClassifierSpec(name), dataset, seed, *setting)
                said = table[name] if dataset == "mnist" else {}
                entries.append({"run": run, "factors": {"architecture": name, "dataset": dataset}, **said})
    trials = trials_of("keras-examples", entries, SHARE_KERAS)
    note = "The claims are for MNIST; on Fashion-MNIST the same networks run for comparison."
    return Study("keras-examples", "Keras' own examples", "2023", "A4", tuple(trials), note=note)


def _cifar_trials() -> list[TrialSpec]:
    entries: list[Entry] = []
    for line in printed("cifar_23"):
        setting = _setting(line)
        run = _grid_run("cnn-chapter-14", "cifar10", SEEDS[0], setting)
        entries.append({"run": run, "factors": setting | {"choice": PRINTED}, **figures(line, test_accuracy="accuracy")})
    return trials_of("cifar-transfer-23", entries, SHARE_CIFAR)


def _our_cifar(rows: Mapping[str, Rows]) -> tuple[list[TrialSpec], str]:
    if not is_whole(CNN_GRID, rows[CNN_GRID.name]):
        return [], f"{CNN_GRID.name} is not run yet: the printed choice only."
    chosen = best(mean_over_seeds(rows[CNN_GRID.name], GRID), 3)
    return transferred("cifar-transfer-23", _CIFAR_TRIALS, CNN_GRID, chosen, SEEDS[:1], SHARE_CIFAR)


MLP_FORMS = _mlp_forms()
CNN_GRID = _grid("cnn-grid", "62 runs of a CNN", "A6", "cnn-chapter-14", "cnn_grid")
CNN_GRID_BATCHNORM = _grid(
    "cnn-grid-batchnorm", "12 runs of it with batch normalisation", "A7", "cnn-chapter-14-batchnorm", "cnn_grid_batchnorm"
)
KERAS_EXAMPLES = _keras_examples()
_CIFAR_TRIALS = _cifar_trials()
CIFAR_23 = Study(
    "cifar-transfer-23",
    "The grid's three best on CIFAR-10",
    "2023",
    "A8",
    tuple(_CIFAR_TRIALS),
    after=("cnn-grid",),
    ours=_our_cifar,
)
