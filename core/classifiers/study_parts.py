"""What the reports' studies are made of: printed tables, runs with the settings that the reports leave open, trials.

Open there and ours here: batches of 128 (that of the Keras examples that both reports began with), and for 2022's Table 1 the
rates that Keras gives each optimiser. MLPs run in float32; CNNs in mixed_bfloat16, which is faster on many processors. The
reports ran each setting once; with three seeds one sees what chance does.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core import paths
from core.classifiers.architectures import ARCHITECTURES
from core.datasets import DATASETS
from core.specs import ClassifierSpec, Precision, RunSpec, TrainSpec
from core.study_names import setting_title
from core.trials import Printed, Rows, Share, Study, TrialSpec

SEEDS = (0, 1, 2)
BATCH = 128
# Of the training part: nine tenths of every class, rounded, and the ten of MNIST are of ten sizes.
PICTURES = {"fashion-mnist": 54_000, "mnist": 54_001, "cifar10": 45_000}
PRINTED, OURS = "published", "ours"  # levels of the factor "choice": whose choice of an earlier study is run
Entry = dict[str, Any]  # of a TrialSpec: run, factors, perhaps published and doubt


def printed(name: str) -> list[dict[str, str]]:
    """The rows of one printed table of the reports, as text."""
    with (paths.REPORTS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def figures(row: Mapping[str, str], **columns: str) -> Entry:
    """What a printed row says, for a trial: our column = its column; cells may be empty."""
    found = {ours: Printed(row[theirs]) for ours, theirs in columns.items() if row.get(theirs)}
    return {"published": found, "doubt": row.get("doubt") or ""}


def is_cnn(architecture: str) -> bool:
    return ARCHITECTURES[architecture].kind == "cnn"


def run_of(network: ClassifierSpec, dataset: str, seed: int, optimizer: str, rate: float, batch: int, epochs: int) -> RunSpec:
    precision: Precision = "mixed_bfloat16" if is_cnn(network.architecture) else "float32"
    training = TrainSpec(epochs, batch, rate, optimizer, seed=seed, precision=precision)
    return RunSpec(dataset, replace(network, input_shape=DATASETS[dataset].shape), training)


def trials_of(study: str, entries: Iterable[Entry], cnn_share: Share, first: int = 0) -> list[TrialSpec]:
    """Trials numbered from ``first`` on. MLPs run whole everywhere, of CNNs ``cnn_share`` without a GPU."""
    found = []
    for number, entry in enumerate(entries, first):
        run = entry["run"]
        share = cnn_share if is_cnn(run.network.architecture) else Share()
        found.append(TrialSpec(study=study, number=number, pictures_asked=PICTURES[run.dataset], share=share, **entry))
    return found


def is_whole(study: Study, rows: Rows) -> bool:
    """Whether each setting of a study has a row for its first seed, of whatever share."""
    done = {row["trial"] for row in rows}
    return all(trial.number in done for trial in study.trials if trial.seed == SEEDS[0])


def waiting_for(study: Study, rows: Rows) -> str:
    """What of an earlier study is not stored yet, so that only the printed choice can be run; nothing once it is whole."""
    if is_whole(study, rows):
        return ""
    wanted, done = [trial.number for trial in study.trials if trial.seed == SEEDS[0]], {row["trial"] for row in rows}
    there = sum(number in done for number in wanted)
    lead = (
        f"{there} of the {len(wanted)} settings of {study.row} ({study.title}) are stored"
        if there
        else (f"No run of {study.row} ({study.title}) is stored")
    )
    return f"{lead}: until all are, only the printed choice is run here."


def transferred(
    study: str, already: Sequence[TrialSpec], earlier: Study, chosen: Rows, seeds: Sequence[int], share: Share
) -> tuple[list[TrialSpec], str]:
    """Settings chosen in an earlier study, on CIFAR-10 as trials of ``study``, and a sentence on them.

    chosen: rows of ``mean_over_seeds``. What the printed choice holds ``already`` is not run twice.
    """
    keys = {trial.run.key for trial in already}
    entries, words = [], []
    for row in chosen:
        trial = earlier.trials[row["trials"][0]]
        words.append(setting_title({name: trial.factors[name] for name in earlier.factors}))
        network = replace(trial.run.network, input_shape=DATASETS["cifar10"].shape)
        for seed in seeds:
            training = replace(trial.run.training, seed=seed)
            run = replace(trial.run, dataset="cifar10", network=network, training=training)
            if run.key not in keys:
                entries.append({"run": run, "factors": trial.factors | {"choice": OURS}})
    entries.sort(key=lambda entry: entry["run"].training.seed)  # whoever stops early has one seed of each
    note = f"The best settings of {earlier.row} by mean validation accuracy: {'; '.join(words)}."
    return trials_of(study, entries, share, first=len(already)), note
