"""A study whose runs take no time, for tests of everything around the training; workers of their own processes import it."""

import os
import shutil
import signal
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from core.classifiers.runs import RunResult
from core.datasets import DATASETS, Dataset, Part
from core.specs import ClassifierSpec, RunSpec, TrainSpec
from core.study_storage import StudyStorage
from core.trials import Printed, Share, Study, TrialSpec

PICTURES = 40


def pretend_study(trials: int = 6, share: Share | None = None) -> Study:
    """Trials 0, 1, ...: two optimisers at rates that grow; their validation accuracy is a tenth of their number."""
    found = []
    for number in range(trials):
        optimizer, rate = ("adam", "sgd")[number % 2], (1 + number) / 1000
        run = RunSpec("fashion-mnist", ClassifierSpec("mlp-300"), TrainSpec(4, 8, rate, optimizer))
        factors = {"optimizer": optimizer, "learning_rate": rate}
        published = {"test_accuracy": Printed(f"{0.1 * number:.2f}")}
        found.append(TrialSpec("pretend", number, run, factors, PICTURES, published, share=share or Share()))
    return Study("pretend", "A study of nothing", "2023", "A0", tuple(found))


def pretend_data(name: str) -> Dataset:
    """Black pictures; the test part holds one of each class."""
    train = Part(np.zeros((PICTURES, 28, 28, 1), np.uint8), np.arange(PICTURES) % 10)
    test = Part(np.zeros((10, 28, 28, 1), np.uint8), np.arange(10))
    return Dataset(DATASETS[name], train, test, test)


@cache
def _tables() -> Path:
    place = tempfile.TemporaryDirectory(prefix="latent-oclock-studies-")
    path = Path(place.name) / "empty.db"
    StudyStorage(f"sqlite:///{path}", pretend_study()).close()
    _kept.append(place)
    return path


_kept: list[tempfile.TemporaryDirectory] = []  # until the process ends


def pretend_storage(folder: Path) -> str:
    """The URL of an SQLite file in ``folder`` with all tables: making these takes longer than a test."""
    shutil.copy(_tables(), folder / "studies.db")
    return f"sqlite:///{folder}/studies.db"


def always(name: str) -> bool:
    return True


def number_of(spec: RunSpec) -> int:
    return round(spec.training.learning_rate / 0.001) - 1


def pretend_run(spec: RunSpec, **more: Any) -> RunResult:
    """Every class but 0 is told right; notes its start in the file that PRETEND_LOG names."""
    number = number_of(spec)
    if "PRETEND_LOG" in os.environ:
        with Path(os.environ["PRETEND_LOG"]).open("a") as file:
            file.write(f"{number} {os.getpid()}\n")
    epochs = spec.training.epochs
    figures = {"accuracy": number / 10, "loss": 2.0, "cross_entropy": 1.5}
    validated = {f"val_{name}": value for name, value in figures.items()}
    history = [{"epoch": epoch, **figures, **validated, "seconds": 0.1} for epoch in range(1, epochs + 1)]
    confusion = np.eye(10, dtype=np.int64)
    confusion[0] = np.roll(confusion[0], 1)
    return RunResult(
        spec, history, epochs, True, None, figures, confusion, [(0, 1, 0.9)], 10, 0.1 * epochs, "CPU (pretended)", None
    )


def killed_once(spec: RunSpec, **more: Any) -> RunResult:
    """Trial 3 kills its worker the first time, as the system does when memory runs out."""
    marker = Path(os.environ["PRETEND_LOG"]).with_name("killed")
    result = pretend_run(spec)
    time.sleep(0.1)
    if number_of(spec) == 3 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return result


def endless(spec: RunSpec, **more: Any) -> RunResult:
    """A run that only a signal ends."""
    pretend_run(spec)
    time.sleep(300)
    raise AssertionError("nobody ended it")
