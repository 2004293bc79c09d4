"""Sweeps around runs that take no time: what is open, what a worker does with it, and the command."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from optuna.exceptions import StorageInternalError
from pretend import always, number_of, pretend_data, pretend_run, pretend_storage, pretend_study

from core import paths, studies, sweeps
from core.__main__ import main
from core.checkpoints import CheckpointError
from core.study_results import load_rows
from core.sweeps import Sweep, run_sweep, work
from core.trials import Share, StudyError

STUDY = pretend_study()
WANTED = {trial.number: trial.run.key for trial in STUDY.trials}


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    monkeypatch.setenv("LATENT_OCLOCK_CACHE", str(tmp_path / "cache"))
    url = pretend_storage(tmp_path)
    return Sweep(STUDY, url, folder=tmp_path, run=pretend_run, load=pretend_data, available=always, beat=1, patience=0)


def numbers(folder: Path) -> list[int]:
    return [row["trial"] for row in load_rows("pretend", folder)]


def test_a_sweep_runs_what_is_open_and_nothing_twice(sweep, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PRETEND_LOG", str(tmp_path / "runs"))
    assert work(sweep) == 6
    assert numbers(tmp_path) == [0, 1, 2, 3, 4, 5]
    assert "trial 5 (sgd, 0.006, seed 0): validation accuracy 0.5000, 0 s; 0 left" in capsys.readouterr().out
    assert work(sweep) == 0
    # A new storage goes on where the table ends.
    assert work(replace(sweep, url=f"sqlite:///{tmp_path}/new.db")) == 0
    assert len((tmp_path / "runs").read_text().splitlines()) == 6


def test_what_the_tables_got_elsewhere_meanwhile_is_not_run_again(sweep, tmp_path, monkeypatch):
    monkeypatch.setenv("PRETEND_LOG", str(tmp_path / "runs"))
    run_sweep(replace(sweep, minutes=0))  # all are offered, and wait
    other = replace(sweep, url=f"sqlite:///{tmp_path}/other.db")
    assert work(other) == 6
    run_sweep(sweep)
    assert len((tmp_path / "runs").read_text().splitlines()) == 6


def test_a_lost_table_comes_back_from_the_storage(sweep, tmp_path):
    run_sweep(sweep)
    before = load_rows("pretend", tmp_path)
    (tmp_path / "study_pretend.csv").unlink()
    run_sweep(replace(sweep, run=None))  # nothing is run
    assert load_rows("pretend", tmp_path) == before


def test_fresh_runs_everything_again(sweep, tmp_path, monkeypatch):
    run_sweep(sweep)
    monkeypatch.setenv("PRETEND_LOG", str(tmp_path / "runs"))
    run_sweep(replace(sweep, fresh=True))
    assert len((tmp_path / "runs").read_text().splitlines()) == 6


def test_a_share_is_run_without_a_gpu_and_the_rest_with_one(sweep, tmp_path):
    study = pretend_study(share=Share(epochs=0.5, pictures=0.25))
    run_sweep(replace(sweep, study=study))
    assert {(row["epochs_trained"], row["pictures"]) for row in load_rows("pretend", tmp_path)} == {(2, 10)}
    assert str(studies.outlook(study, full=False, folder=tmp_path)).startswith("6 of 6 trials are done")
    assert studies.outlook(study, full=True, folder=tmp_path).open == 6
    run_sweep(replace(sweep, study=study, full=True))
    assert {(row["epochs_trained"], row["pictures"]) for row in load_rows("pretend", tmp_path)} == {(4, 40)}


def cut_short(spec, **more):
    """A run with time for one epoch."""
    assert more["minutes"] <= 1
    return replace(pretend_run(spec), epochs_trained=1, finished=False)


def test_when_the_time_is_up_the_trial_waits_again(sweep, tmp_path, capsys):
    assert work(replace(sweep, minutes=0.03, run=cut_short)) == 0
    assert "trial 0: time is up after 1 of 4 epochs; it waits again" in capsys.readouterr().out
    assert numbers(tmp_path) == []
    assert work(replace(sweep, minutes=0)) == 0
    assert work(sweep) == 6


def test_a_worker_whose_parent_is_gone_hands_its_trial_back_and_ends(sweep):
    """It has no deadline that would end it."""
    ran = []

    def stopped_at_once(spec, **more):
        ran.append(number_of(spec))
        return replace(pretend_run(spec), history=[], epochs_trained=0, finished=False)

    assert work(replace(sweep, run=stopped_at_once)) == 0
    assert ran == [0]
    storage = sweep.storage()
    assert storage.numbers(WANTED, "WAITING") == set(WANTED)
    storage.close()


def diverging(spec, **more):
    result = pretend_run(spec)
    return replace(
        result, history=result.history[:1], epochs_trained=1, finished=False, diverged="training diverged: loss is nan"
    )


def test_a_run_that_diverges_is_a_result(sweep, tmp_path):
    assert work(replace(sweep, run=diverging)) == 6
    [row, *_] = load_rows("pretend", tmp_path)
    assert (row["epochs_trained"], row["diverged"]) == (1, "training diverged: loss is nan")
    assert work(sweep) == 0


def failing(spec, **more):
    if number_of(spec) == 2:
        raise ValueError("dropout is at odds with the architecture")
    return pretend_run(spec)


def test_a_run_that_fails_stops_no_other_and_is_given_up_in_the_end(sweep, tmp_path, capsys):
    for _ in range(3):
        run_sweep(replace(sweep, run=failing))
    out = capsys.readouterr().out
    assert "trial 2 failed: dropout is at odds with the architecture" in out
    assert "trial 2 is given up: ValueError: dropout is at odds" in out
    assert numbers(tmp_path) == [0, 1, 3, 4, 5]


def interrupted(spec, **more):
    raise KeyboardInterrupt


def test_ctrl_c_hands_the_trial_back(sweep):
    with pytest.raises(KeyboardInterrupt):
        work(replace(sweep, run=interrupted))
    storage = sweep.storage()
    assert storage.numbers(WANTED, "WAITING") == set(WANTED)
    storage.close()


def test_a_trial_goes_on_from_its_checkpoint_and_anew_from_one_of_something_else(sweep):
    folders, calls = [], []

    def run(spec, *, checkpoint, on_step, **more):
        folders.append(checkpoint)
        on_step(1, 1, {})
        calls.append(checkpoint.exists())
        if checkpoint.exists():
            raise CheckpointError("belongs to another run")
        return pretend_run(spec)

    kept = paths.cache_folder() / "sweeps" / f"pretend-0-{STUDY.trials[0].run.key}"
    kept.mkdir(parents=True)
    assert work(replace(sweep, run=run)) == 6
    assert folders[:2] == [kept, kept]
    assert calls == [True, *[False] * 6]
    assert not kept.exists()


def test_the_bar_of_a_trial_goes_on_where_its_checkpoint_stands(sweep, monkeypatch):
    kept = paths.cache_folder() / "sweeps" / f"pretend-0-{STUDY.trials[0].run.key}"
    kept.mkdir(parents=True)
    notes = {"progress": {"epoch": 1, "step": 3}}
    np.savez(kept / "checkpoint.npz", notes=np.array(json.dumps(notes)))
    told = []
    monkeypatch.setattr(sweeps, "progress_bar", lambda title: lambda done, count: told.append((title, done, count)))

    def run(spec, *, on_step, **more):
        for step in (4, 5, 1):  # the end of the second epoch, the beginning of the third
            on_step(step, 5, {})
        return pretend_run(spec)

    work(replace(sweep, run=run))
    count = 5 * STUDY.trials[0].run.training.epochs
    assert told[:3] == [("trial 0", done, count) for done in (9, 10, 11)]


def test_data_that_is_missing_is_one_sentence(sweep, capsys):
    with pytest.raises(StudyError, match=r"^pretend cannot run here: its data is missing$"):
        run_sweep(replace(sweep, available=lambda name: False))
    assert "fashion-mnist is missing, and its trials wait for a machine that has it. " in capsys.readouterr().out


def test_a_result_is_in_the_table_when_the_storage_falls_silent(sweep, tmp_path, monkeypatch):
    def silent(*arguments, **more):
        raise StorageInternalError("the server is gone")

    def run(spec, **more):
        monkeypatch.setattr("optuna.storages.RDBStorage.set_trial_user_attr", silent)
        return pretend_run(spec)

    with pytest.raises(StudyError, match=r"studies.db does not answer \(the server is gone\); see to it and call"):
        work(replace(sweep, run=run))
    assert numbers(tmp_path) == [0]


def test_two_workers_share_an_sqlite_file(sweep, tmp_path, monkeypatch):
    monkeypatch.setenv("PRETEND_LOG", str(tmp_path / "runs"))
    for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "TF_FORCE_GPU_ALLOW_GROWTH"):
        monkeypatch.setenv(name, "1")
    study = pretend_study(16)
    run_sweep(replace(sweep, study=study), workers=2)
    ran = [int(line.split()[0]) for line in (tmp_path / "runs").read_text().splitlines()]
    assert sorted(ran) == list(range(16))
    assert numbers(tmp_path) == list(range(16))


def test_a_worker_waits_for_what_runs_elsewhere(sweep, tmp_path, capsys, monkeypatch):
    """Another worker holds trial 0; this one finishes the rest and waits until that one hands it back."""
    other = sweep.storage()
    other.offer({0: WANTED[0]})
    claim = other.claim(WANTED)
    before = []

    def sleep(seconds):
        if not before:
            before.append(numbers(tmp_path))
            other.hand_back(claim)

    monkeypatch.setattr("core.sweeps.time.sleep", sleep)
    assert work(sweep) == 6
    assert before == [[1, 2, 3, 4, 5]]
    assert "all that is left runs elsewhere; waiting" in capsys.readouterr().out
    assert numbers(tmp_path) == [0, 1, 2, 3, 4, 5]
    other.close()


# --- the command -----------------------------------------------------------------------------------------------------


def test_an_unknown_study_is_one_sentence(capsys):
    assert main(["sweep", "l17"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("no study is called 'l17'; known are: l16-mlp, l16-cnn, architectures,")
    assert error.count("\n") == 1


def test_a_storage_of_another_kind_is_one_sentence(capsys):
    assert main(["sweep", "l16-mlp", "--storage", "redis://me:s3cret@host"]) == 2
    assert "begins with 'redis'" in capsys.readouterr().err


def test_the_command_runs_a_study_and_shows_it_beside_what_is_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(studies.STUDIES, "pretend", STUDY)
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "results")
    monkeypatch.setattr("core.devices.device_name", lambda: "CPU (pretended)")
    pretended = {"run": pretend_run, "load": pretend_data, "available": always}
    monkeypatch.setattr(sweeps, "Sweep", lambda *arguments: Sweep(*arguments, **pretended))
    assert main(["sweep", "pretend", "--storage", pretend_storage(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "pretend: A study of nothing (2023, A0)" in out
    assert "0 of 6 trials are done; the others take two CPU cores about 1 minute." in out
    assert "rank correlation of published and ours, test_accuracy: 1.00" in out
    assert main(["sweep", "pretend", "--storage", f"sqlite:///{tmp_path}/studies.db", "--minutes", "0"]) == 0
    assert "6 of 6 trials are done" in capsys.readouterr().out
