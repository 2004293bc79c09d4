"""Studies without a storage: what share is done, which trial comes next, what happens to one that fails or lacks time."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stored_studies import record, shorter, store

from core import study_runs
from core.checkpoints import CheckpointError
from core.classifiers.runs import RunResult
from core.datasets import DATASETS, Dataset, Part
from core.specs import RunSpec
from core.studies import STUDIES
from core.study_results import load_rows
from core.study_runs import run_trials, study_share, waiting_trials
from core.trials import Share

TINY = Part(np.zeros((10, 28, 28, 1), np.uint8), np.arange(10))


def study() -> Any:
    """Three trials that ask for as many pictures as there are."""
    whole = shorter(STUDIES["l16-mlp"], 3)
    return replace(whole, trials=tuple(replace(trial, pictures_asked=len(TINY)) for trial in whole.trials))


def result(spec: RunSpec, *, epochs: int | None = None) -> RunResult:
    done = spec.training.epochs if epochs is None else epochs
    line = dict.fromkeys(("accuracy", "cross_entropy", "loss", "val_accuracy", "val_cross_entropy", "val_loss"), 0.5)
    history = [{"epoch": epoch + 1, **line} for epoch in range(done)]
    test = {"accuracy": 0.5, "cross_entropy": 0.5, "loss": 0.5}
    whole = done == spec.training.epochs
    return RunResult(spec, history, done, whole, None, test, np.eye(10, dtype=np.int64), [], 9, 2.0, "GPU", None)


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """Options of ``run_trials``: tables and cache in a folder of the test, made-up data."""
    monkeypatch.setenv("LATENT_OCLOCK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(study_runs, "is_available", lambda name: True)
    said: list[str] = []
    load = lambda name: Dataset(DATASETS[name], TINY, TINY, TINY)  # noqa: E731
    return {"full": True, "folder": tmp_path / "results", "load": load, "say": said.append}


def test_a_share_counts_pictures_of_all_epochs(tmp_path: Path) -> None:
    asked = study()
    assert study_share(asked, tmp_path) == 0
    first, second, third = asked.trials
    half = record(second, epochs=second.epochs_asked // 2)
    store(asked, tmp_path, [record(first), half, record(third, diverged="loss is inf")])
    assert study_share(asked, tmp_path) == pytest.approx((1 + 0.5 + 1) / 3)


def test_open_trials_are_run_into_the_tables(ready: dict[str, Any]) -> None:
    asked, kept = study(), []

    def train(spec: RunSpec, *, checkpoint: Path, **more: Any) -> RunResult:
        kept.append(checkpoint)
        checkpoint.mkdir(parents=True)
        return result(spec)

    assert len(run_trials(asked, most=2, train=train, **ready)) == 2
    assert [row["trial"] for row in load_rows(asked.name, ready["folder"])] == [0, 1]
    assert list(waiting_trials(asked, full=True, folder=ready["folder"])) == [2]
    assert len(run_trials(asked, train=train, **ready)) == 1
    assert run_trials(asked, train=train, **ready) == []
    assert not any(path.exists() for path in kept)
    assert kept[0].name == f"l16-mlp-0-{asked.trials[0].run.key}"


def test_one_that_fails_is_said_and_left_out(ready: dict[str, Any]) -> None:
    asked, failed = study(), set[int]()

    def train(spec: RunSpec, **more: Any) -> RunResult:
        if spec == asked.trials[0].run:
            raise MemoryError("no room")
        return result(spec)

    said: list[str] = []
    assert len(run_trials(asked, train=train, failed=failed, **{**ready, "say": said.append})) == 2
    assert failed == {0}
    assert said[0] == "l16-mlp, trial 0 failed: no room"


def test_one_that_saw_fewer_pictures_is_not_run_for_ever(ready: dict[str, Any]) -> None:
    asked = shorter(STUDIES["l16-mlp"], 2)
    assert len(run_trials(asked, train=lambda spec, **more: result(spec), **ready)) == 2
    assert len(waiting_trials(asked, full=True, folder=ready["folder"])) == 2


def test_nor_where_its_share_was_whole(ready: dict[str, Any]) -> None:
    """There are enough pictures for the share of a machine without a GPU, and fewer than the study asks for."""
    whole = STUDIES["cnn-grid"]
    few = replace(whole.trials[0], pictures_asked=2 * len(TINY), share=Share(epochs=0.5, pictures=0.5))
    asked = replace(whole, trials=(few,))
    options = {**ready, "full": False, "most": 5}
    assert len(run_trials(asked, train=lambda spec, **more: result(spec), **options)) == 2


def test_one_cut_short_waits_again(ready: dict[str, Any]) -> None:
    asked = study()
    assert run_trials(asked, train=lambda spec, **more: result(spec, epochs=1), **ready) == []
    assert load_rows(asked.name, ready["folder"]) == []
    assert run_trials(asked, minutes=0, train=lambda spec, **more: result(spec), **ready) == []


def test_a_checkpoint_of_something_else_is_begun_anew(ready: dict[str, Any]) -> None:
    found: list[bool] = []

    def train(spec: RunSpec, *, checkpoint: Path, **more: Any) -> RunResult:
        found.append(checkpoint.exists())
        if len(found) == 1:
            checkpoint.mkdir(parents=True)
            raise CheckpointError("of another run")
        return result(spec)

    assert len(run_trials(study(), most=1, train=train, **ready)) == 1
    assert found == [False, False]


def test_a_share_comes_before_the_whole(ready: dict[str, Any]) -> None:
    whole = STUDIES["cnn-grid"]
    few = replace(whole.trials[0], pictures_asked=len(TINY), share=Share(epochs=0.5, pictures=0.5))
    asked = replace(whole, trials=(few,))
    seen: list[int | None] = []

    def train(spec: RunSpec, **more: Any) -> RunResult:
        seen.append(spec.pictures)
        return result(spec)

    assert len(run_trials(asked, train=train, **{**ready, "full": False})) == 2
    assert seen == [len(TINY) // 2, None]
