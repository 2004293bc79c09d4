"""Open trials of studies run one after the other on this machine, without a storage that others share.

Tables of results are the truth here as they are for ``sweeps``: what they hold is not run again, and what is run goes there.
"""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import paths
from core.checkpoints import CheckpointError
from core.classifiers.runs import RunResult, run
from core.datasets import DATASETS, Dataset, is_available, load_dataset
from core.specs import RunSpec
from core.studies import STUDIES, load_study, open_trials, runs_here
from core.study_results import add_records, current_rows, make_record
from core.trials import Study

FAILURES = (ValueError, ArithmeticError, MemoryError, RuntimeError, OSError)  # of one trial, not of the next one


def study_share(study: Study, folder: Path | None = None) -> float:
    """Pictures trained on of pictures asked for in all epochs of all trials; a run that diverged has done its part."""
    asked = {trial.number: trial.epochs_asked * trial.pictures_asked for trial in study.trials}
    done = 0.0
    for row in current_rows(study, folder):
        whole = asked[row["trial"]]
        done += whole if row["diverged"] else min(whole, row["epochs_trained"] * row["pictures"])
    return done / sum(asked.values())


def runnable_studies(folder: Path | None = None) -> list[str]:
    """Names of the studies that have open trials whose data is here, lowest share first; ``StudyError`` for damaged tables."""
    found: list[tuple[float, int, str]] = []
    for name in STUDIES:
        study = load_study(name, folder)
        if waiting_trials(study, full=True, folder=folder):
            found.append((study_share(study, folder), len(found), name))
    return [name for _, _, name in sorted(found)]


def waiting_trials(study: Study, *, full: bool, folder: Path | None = None) -> dict[int, RunSpec]:
    """Number -> run of the open trials whose data is here."""
    runs = runs_here(study, full)
    waiting = open_trials(study, full=full, folder=folder)
    return {number: runs[number] for number in waiting if is_available(runs[number].dataset)}


def run_trials(
    study: Study,
    *,
    full: bool,
    minutes: float | None = None,
    most: int | None = None,
    folder: Path | None = None,
    train: Callable[..., RunResult] = run,
    load: Callable[[str], Dataset] = load_dataset,
    failed: set[int] | None = None,
    say: Callable[[str], None] = print,
    on_step: Callable[[int, int, dict[str, float]], None] | None = None,
) -> list[RunResult]:
    """Run at most ``most`` open trials until ``minutes`` from now, and add them to the tables; what was run to its end.

    full: all epochs and pictures; else first the share of each trial for machines without a GPU, then all of it. A trial cut
    short keeps its state in the cache. failed: numbers that are left out; a trial that fails is said and joins them.
    """
    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    failed = set() if failed is None else failed
    data: dict[str, Dataset] = {}
    done: list[RunResult] = []

    def next_trials() -> dict[int, RunSpec]:
        return waiting_trials(study, full=full, folder=folder) or waiting_trials(study, full=True, folder=folder)

    while most is None or len(done) < most:
        left = None if deadline is None else (deadline - time.monotonic()) / 60
        if left is not None and left <= 0:
            break
        open_here = next_trials()
        chosen = next((number for number in open_here if number not in failed), None)
        if chosen is None:
            break
        spec = open_here[chosen]
        kept = paths.cache_folder() / "sweeps" / f"{study.name}-{chosen}-{spec.key}"  # where ``sweeps`` looks, too
        try:
            if spec.dataset not in data:
                data = {spec.dataset: load(spec.dataset)}
            result = _resumed(train, spec, data[spec.dataset], kept, left, on_step)
        except FAILURES as error:
            failed.add(chosen)
            say(f"{study.name}, trial {chosen} failed: {error}")
            continue
        if not result.finished and not result.diverged:
            say(f"{study.name}, trial {chosen}: {result.epochs_trained} of {spec.training.epochs} epochs; it waits again")
            break
        test = data[spec.dataset].test.labels
        pictures = spec.pictures or len(data[spec.dataset].train)
        add_records(study, [make_record(study.trials[chosen], result, test, pictures)], folder)
        shutil.rmtree(kept, ignore_errors=True)
        done.append(result)
        if next_trials().get(chosen) == spec:  # it saw fewer pictures than are asked for
            failed.add(chosen)
        figure = "diverged" if result.diverged else f"test accuracy {result.test['accuracy']:.4f}"
        say(f"{study.name}, trial {chosen}: {figure}, {result.seconds:.0f} s")
    return done


def _resumed(
    train: Callable[..., RunResult], spec: RunSpec, data: Dataset, kept: Path, minutes: float | None, on_step: Any
) -> RunResult:
    """The run from its checkpoint, or anew where that is of something else."""
    try:
        return train(spec, data=data, checkpoint=kept, minutes=minutes, on_step=on_step)
    except CheckpointError:
        shutil.rmtree(kept, ignore_errors=True)
        return train(spec, data=data, checkpoint=kept, minutes=minutes, on_step=on_step)


def missing_data() -> list[str]:
    """A sentence for each data set that studies need and this machine lacks."""
    needed = dict.fromkeys(name for study in STUDIES.values() for name in study.needs)
    return [f"{name} is missing, and its trials wait. {DATASETS[name].remedy}" for name in needed if not is_available(name)]
