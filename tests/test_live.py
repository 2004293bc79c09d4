"""Live runs with a worker that needs no Keras: watching, steering, the queue, owners, and processes that die."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from core import live, live_turns
from core.datasets import DATASETS
from core.live import LiveRuns
from core.live_state import MEASURING, LiveError, LiveState
from core.live_worker import NICENESS
from core.specs import ClassifierSpec, RunSpec, TrainSpec
from tests.fake_worker import FAILING_DATA, FAILING_SEED, SIZE, SLOW_SEED

ROOT = Path(__file__).resolve().parent.parent
FAKE = (str(ROOT / "tests/fake_worker.py"),)
ANNE, BERT, CARL = ("anne" * 5, "bert" * 5, "carl" * 5)
PATIENCE = 60.0


def spec(epochs: int = 2, dataset: str = "clock-hours", pictures: int | None = SIZE, **training: object) -> RunSpec:
    info = DATASETS[dataset]
    network = ClassifierSpec("mlp-300", input_shape=info.shape, classes=len(info.classes))
    return RunSpec(dataset, network, TrainSpec(epochs, **{"batch_size": 10, **training}), pictures)


@pytest.fixture
def runs() -> Iterator[LiveRuns]:
    there = LiveRuns(worker=FAKE)
    yield there
    there.close()


def until(runs: LiveRuns, run_id: str, reached: Callable[[LiveState], bool]) -> LiveState:
    """The first state that is as wanted."""
    end = time.monotonic() + PATIENCE
    state = runs.state(run_id)
    while not reached(state):
        assert time.monotonic() < end, f"still {state.status}, epoch {state.epoch}, step {state.step}: {state.message}"
        state = runs.wait(state, 0.2)
    return state


def ended(state: LiveState) -> bool:
    return state.ended


def held(epoch: int, step: int) -> Callable[[LiveState], bool]:
    return lambda state: (state.status, state.epoch, state.step) == ("paused", epoch, step)


# --- one run ----------------------------------------------------------------------------------------------------------


def test_a_run_is_watched_to_its_end(runs: LiveRuns):
    run_id = runs.submit(spec(), ANNE)
    assert runs.state(run_id).status == "starting"
    state = until(runs, run_id, ended)
    assert (state.status, state.epoch, state.epochs, state.share) == ("done", 2, 2, 1.0)
    assert [row["epoch"] for row in state.history] == [1, 2]
    # Eight steps of four an epoch, each told as a mean so far and shown as its own value.
    drawn = np.random.default_rng(0).random(8)
    np.testing.assert_allclose(state.trace["loss"], drawn, atol=1e-12)
    np.testing.assert_allclose(state.trace["epochs"], np.arange(1, 9) / 4)
    assert state.classes == ("shirt", "shoe")
    assert state.samples is not None
    assert state.samples.true.tolist() == [0, 1]
    assert state.samples.probabilities is not None
    assert state.filters is not None
    assert (state.parameters, state.test, state.message) == (42, {"loss": 0.5, "cross_entropy": 0.5, "accuracy": 0.5}, "")
    assert 0.08 <= state.seconds < PATIENCE


def test_pause_step_epoch_and_go_on(runs: LiveRuns):
    run_id = runs.submit(spec(3), ANNE, paused=True)
    state = until(runs, run_id, held(0, 0))
    assert state.filters is not None  # as they were initialised
    runs.step(run_id, ANNE)
    state = until(runs, run_id, held(0, 1))
    assert len(state.trace["loss"]) == 1
    runs.step(run_id, ANNE)
    until(runs, run_id, held(0, 2))
    runs.step_epoch(run_id, ANNE)
    state = until(runs, run_id, held(1, 0))
    assert len(state.history) == 1  # the epoch was measured before it stood still
    runs.step(run_id, ANNE)
    until(runs, run_id, held(1, 1))
    runs.resume(run_id, ANNE)
    assert until(runs, run_id, ended).status == "done"


def test_pause_holds_a_run_that_trains(runs: LiveRuns):
    run_id = runs.submit(spec(40, batch_size=1), ANNE)
    state = until(runs, run_id, lambda state: state.step > 0)
    runs.pause(run_id, ANNE)
    state = until(runs, run_id, lambda state: state.status == "paused")
    time.sleep(0.2)
    assert runs.state(run_id) is state
    assert state.seconds_left is None or state.seconds_left > 0


def test_stop_measures_what_was_reached(runs: LiveRuns):
    run_id = runs.submit(spec(50, batch_size=2), ANNE)
    until(runs, run_id, lambda state: state.epoch >= 1)
    runs.stop(run_id, ANNE)
    state = until(runs, run_id, ended)
    assert state.status == "stopped"
    assert state.test is not None
    assert 1 <= state.epoch < 50


def test_a_run_that_was_told_to_stop_is_measured_and_trains_no_more(runs: LiveRuns):
    run_id = runs.submit(spec(50, batch_size=2, seed=SLOW_SEED), ANNE)
    until(runs, run_id, lambda state: state.seconds_left is not None)
    runs.stop(run_id, ANNE)
    seen = [runs.state(run_id)]  # at once, and whatever the worker says of the batch that it was in
    end = time.monotonic() + 0.7
    while time.monotonic() < end:
        seen.append(runs.wait(seen[-1], 0.1))
    assert {(state.status, state.seconds_left, state.message) for state in seen} == {("measuring", None, MEASURING)}
    for command in ("pause", "resume", "step", "step_epoch"):
        getattr(runs, command)(run_id, ANNE)
    assert runs.state(run_id).status == "measuring"
    runs.end(run_id, ANNE)  # without waiting for the figures
    state = runs.state(run_id)
    assert (state.status, state.test) == ("stopped", None)
    assert not runs.going(ANNE)


def test_a_run_at_its_end_is_measured_before_it_is_done(runs: LiveRuns):
    run_id = runs.submit(spec(1, seed=SLOW_SEED), ANNE)
    state = until(runs, run_id, lambda state: state.status == "measuring")
    assert (state.epoch, state.seconds_left, state.message) == (1, None, MEASURING)


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="Windows has no niceness")
def test_workers_are_as_nice_as_they_should_be_and_not_nicer(runs: LiveRuns):
    run_id = runs.submit(spec(1), ANNE, paused=True)
    until(runs, run_id, held(0, 0))
    process = runs._turns.runs[run_id].process
    assert process is not None
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == max(NICENESS, os.nice(0))  # of a nice server no nicer ones


def test_rewind_begins_the_same_run_anew(runs: LiveRuns):
    run_id = runs.submit(spec(2, seed=7), ANNE, paused=True)
    until(runs, run_id, held(0, 0))
    runs.step(run_id, ANNE)
    first = until(runs, run_id, held(0, 1)).trace["loss"]
    runs.rewind(run_id, ANNE)
    state = until(runs, run_id, held(0, 0))  # a paused run stays so
    assert state.trace == {}
    runs.step(run_id, ANNE)
    assert until(runs, run_id, held(0, 1)).trace["loss"] == first
    runs.resume(run_id, ANNE)
    once = until(runs, run_id, ended)
    runs.rewind(run_id, ANNE)  # from its end, in a new process
    assert runs.state(run_id).status in ("queued", "starting")
    again = until(runs, run_id, held(0, 0))
    runs.resume(run_id, ANNE)
    again = until(runs, run_id, ended)
    assert again.history == once.history
    assert again.trace == once.trace


def test_a_run_that_diverges_says_so(runs: LiveRuns):
    run_id = runs.submit(spec(1, learning_rate=10.0), ANNE)
    state = until(runs, run_id, ended)
    assert "loss is nan" in state.message
    assert state.test is not None


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_missing_data_and_broken_runs_are_a_sentence(runs: LiveRuns):
    missing = runs.submit(spec(dataset=FAILING_DATA), ANNE)
    broken = runs.submit(spec(seed=FAILING_SEED), ANNE)
    state = until(runs, missing, ended)
    assert (state.status, state.message) == ("failed", "plant-leaves is not on this machine; get it somewhere")
    state = until(runs, broken, ended)
    assert (state.status, state.message) == ("failed", "the run ended with RuntimeError: out of luck")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_worker_is_a_sentence_and_makes_room(runs: LiveRuns):
    run_id = runs.submit(spec(50, batch_size=1), ANNE)
    until(runs, run_id, lambda state: state.step > 0)
    process = runs._turns.runs[run_id].process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    state = until(runs, run_id, ended)
    assert state.status == "failed"
    assert "SIGKILL" in state.message
    assert "rewind begins anew" in state.message
    runs.rewind(run_id, ANNE)
    until(runs, run_id, lambda state: state.status == "running")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to see processes")
def test_workers_end_with_the_server():
    code = (
        f"import os, signal, sys, time; sys.path.insert(0, {str(ROOT)!r}); from tests.test_live import FAKE, ANNE, spec\n"
        "from core.live import LiveRuns\nruns = LiveRuns(worker=FAKE); run = runs.submit(spec(50), ANNE, paused=True)\n"
        "while runs.state(run).status != 'paused': time.sleep(0.05)\n"
        "print(runs._turns.runs[run].process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    worker, end = Path("/proc") / done.stdout.strip(), time.monotonic() + PATIENCE
    while worker.exists() and "Z" not in (worker / "stat").read_text().split()[2]:
        assert time.monotonic() < end
        time.sleep(0.05)


# --- many runs --------------------------------------------------------------------------------------------------------


def test_two_train_at_once_and_others_wait_their_turn(runs: LiveRuns):
    first, second = runs.submit(spec(50, batch_size=1), ANNE), runs.submit(spec(50, batch_size=1), BERT)
    third, fourth, fifth = (runs.submit(spec(1), owner) for owner in (CARL, ANNE, BERT))
    assert [runs.state(one).status for one in (first, second)] == ["starting", "starting"]
    assert [(runs.state(one).status, runs.state(one).place) for one in (third, fourth, fifth)] == [
        ("queued", 1),
        ("queued", 2),
        ("queued", 3),
    ]
    runs.stop(fourth, ANNE)
    assert (runs.state(fourth).status, runs.state(fifth).place) == ("stopped", 2)
    runs.stop(second, BERT, at_once=True)
    assert until(runs, third, ended).status == "done"
    assert until(runs, fifth, ended).status == "done"
    assert not runs.state(first).ended


def test_one_person_has_two_runs_at_most(runs: LiveRuns):
    for _ in range(2):
        runs.submit(spec(50), ANNE, paused=True)
    with pytest.raises(LiveError, match="you have 2 runs going already: stop one of them first"):
        runs.submit(spec(), ANNE)
    assert len(runs.going(ANNE)) == 2
    runs.forget(runs.going(ANNE)[0], ANNE)
    runs.submit(spec(), ANNE)


def test_the_queue_has_an_end(runs: LiveRuns, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live, "MOST_WAITING", 1)
    runs._turns.limit = 1
    for owner in (ANNE, BERT):
        runs.submit(spec(50), owner, paused=True)
    with pytest.raises(LiveError, match="1 runs are waiting already: try again in a few minutes"):
        runs.submit(spec(), CARL)


def test_only_the_owner_steers(runs: LiveRuns):
    run_id = runs.submit(spec(50), ANNE, paused=True)
    assert runs.owns(run_id, ANNE)
    assert not runs.owns(run_id, BERT)
    for command in ("pause", "resume", "step", "step_epoch", "stop", "rewind", "forget"):
        with pytest.raises(LiveError, match="someone else's"):
            getattr(runs, command)(run_id, BERT)
    assert not runs.state(run_id).ended
    with pytest.raises(LiveError, match="no such run"):
        runs.stop("unknown", ANNE)
    with pytest.raises(ValueError, match="at least 16 characters"):
        runs.submit(spec(), "short")


def test_a_pause_does_not_last_for_ever(runs: LiveRuns, monkeypatch: pytest.MonkeyPatch):
    run_id = runs.submit(spec(50), ANNE, paused=True)
    until(runs, run_id, held(0, 0))
    monkeypatch.setattr(live_turns, "PAUSE_MINUTES", 0.0)
    state = runs.state(run_id)
    assert state.status == "stopped"
    assert "minutes of pause, so that others can run" in state.message


def test_a_pause_ends_in_time_though_whoever_watched_has_left(runs: LiveRuns, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live_turns, "PAUSE_MINUTES", 0.02)
    run_id = runs.submit(spec(50), ANNE, paused=True)
    run, end = runs._turns.runs[run_id], time.monotonic() + 60
    while not run.state.ended:  # looked at without asking, as nobody does
        assert time.monotonic() < end
        time.sleep(0.05)
    assert (run.state.status, run.process) == ("stopped", None)
    assert "minutes of pause, so that others can run" in run.state.message


def test_a_run_that_stands_still_gives_its_turn_to_whoever_waits(runs: LiveRuns, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live_turns, "TURN_SECONDS", 0.0)
    first, second = (runs.submit(spec(2, seed=seed), ANNE, paused=True) for seed in (1, 2))
    for one in (first, second):
        until(runs, one, held(0, 0))
    runs.step(first, ANNE)
    until(runs, first, held(0, 1))
    assert not runs.state(first).aside  # nobody waits
    third = runs.submit(spec(50, batch_size=1), BERT)
    assert runs.state(third).status == "starting"
    assert [runs.state(one).aside for one in (first, second)] == [False, True]  # the second has stood still for longer
    fourth = runs.submit(spec(50, batch_size=1), CARL)
    assert [runs.state(one).aside for one in (first, second)] == [True, True]
    fifth = runs.submit(spec(1), BERT)
    assert (runs.state(fifth).status, runs.state(fifth).place) == ("queued", 1)

    runs.resume(second, ANNE)  # before those that have not begun, not before those that train
    assert [(runs.state(one).status, runs.state(one).place) for one in (second, fifth)] == [("queued", 1), ("queued", 2)]
    runs.pause(second, ANNE)
    assert (runs.state(second).status, runs.state(fifth).place) == ("paused", 1)
    runs.resume(second, ANNE)
    runs.stop(first, ANNE)  # it needs no turn to be measured
    assert until(runs, first, ended).test is not None
    runs.stop(fourth, CARL, at_once=True)
    state = until(runs, second, ended)
    assert (state.status, state.epoch, state.aside) == ("done", 2, False)
    np.testing.assert_allclose(state.trace["loss"], np.random.default_rng(2).random(8), atol=1e-12)  # the same run all along
    assert until(runs, fifth, ended).status == "done"
    assert not runs.state(third).ended


def test_runs_keep_their_turns_for_a_while_and_so_many_processes_stand_aside(runs: LiveRuns, monkeypatch: pytest.MonkeyPatch):
    ids = [runs.submit(spec(2), ANNE, paused=True) for _ in range(2)]
    for one in ids:
        until(runs, one, held(0, 0))
    waits = runs.submit(spec(1), BERT)
    assert (runs.state(waits).status, runs.state(waits).place) == ("queued", 1)  # they have not stood still for a minute
    monkeypatch.setattr(live_turns, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(live_turns, "MOST_ASIDE", 0)
    assert runs.state(waits).status == "queued"
    monkeypatch.setattr(live_turns, "MOST_ASIDE", 1)
    assert until(runs, waits, ended).status == "done"
    (aside,) = [one for one in ids if runs.state(one).aside]
    runs.step(aside, ANNE)  # there is room again: no waiting
    assert not until(runs, aside, held(0, 1)).aside


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_run_that_dies_without_a_turn_is_not_begun_anew(runs: LiveRuns, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live_turns, "TURN_SECONDS", 0.0)
    runs._turns.limit = 1
    first = runs.submit(spec(2), ANNE, paused=True)
    until(runs, first, held(0, 0))
    runs.submit(spec(50, batch_size=1), BERT)
    runs.resume(first, ANNE)
    assert (runs.state(first).status, runs.state(first).place) == ("queued", 1)
    process = runs._turns.runs[first].process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    state = until(runs, first, ended)
    assert (state.status, state.place, state.aside) == ("failed", 0, False)
    assert "SIGKILL" in state.message
    assert not runs._turns.queue


def test_old_runs_are_forgotten(runs: LiveRuns, monkeypatch: pytest.MonkeyPatch):
    ids = [runs.submit(spec(1), owner) for owner in (ANNE, BERT)]
    for run_id in ids:
        until(runs, run_id, ended)
    monkeypatch.setattr(live_turns, "KEPT", 1)
    assert not runs.going(ANNE)  # whoever asks has old ones cleared away
    assert len(runs._turns.runs) == 1
    monkeypatch.setattr(live_turns, "KEPT_SECONDS", -1.0)
    for run_id in ids:
        with pytest.raises(LiveError, match="forgotten after an hour"):
            runs.state(run_id)
