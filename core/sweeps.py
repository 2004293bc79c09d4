"""Sweeps: the open trials of a study, run by any number of workers until none is left."""

import contextlib
import multiprocessing
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core import paths
from core.checkpoints import CHECKPOINT_FILE, CheckpointError, steps_in
from core.classifiers.runs import RunResult
from core.datasets import DATASETS, Dataset, is_available, load_dataset
from core.progress import progress_bar
from core.specs import RunSpec
from core.studies import open_trials, runs_here
from core.study_results import TrialRecord, add_records, make_record
from core.study_storage import BEAT, GRACE, PATIENCE, Claim, StudyStorage
from core.trials import Study, StudyError

STOPPED = (KeyboardInterrupt, SystemExit)
# What a run can fail of without the next one being in doubt: its settings, its data, memory, numbers, the disk.
FAILURES = (ValueError, ArithmeticError, MemoryError, RuntimeError, OSError)


def train_run(spec: RunSpec, **more: Any) -> RunResult:
    """``classifiers.runs.run``."""
    from core.classifiers.runs import run

    return run(spec, **more)


@dataclass(frozen=True)
class Sweep:
    """What a worker is told; it travels to other processes whole.

    full: all epochs and pictures instead of the study's share. fresh: trials with results are run again. minutes: to stop
    after. folder: of the tables of results, None for the app's. run: what trains a ``RunSpec``, as ``classifiers.runs.run``
    does; load: name -> Dataset; available: whether a name can be loaded. The rest is that of ``StudyStorage``.
    """

    study: Study
    url: str
    full: bool = False
    fresh: bool = False
    minutes: float | None = None
    folder: Path | None = None
    run: Callable[..., RunResult] = train_run
    load: Callable[[str], Dataset] = load_dataset
    available: Callable[[str], bool] = is_available
    beat: int = BEAT
    grace: int = GRACE
    patience: float = PATIENCE

    def storage(self) -> StudyStorage:
        return StudyStorage(self.url, self.study, beat=self.beat, grace=self.grace, patience=self.patience)

    def missing(self) -> list[str]:
        """A sentence for each data set that the study needs and this machine lacks."""
        return [
            f"{name} is missing, and its trials wait for a machine that has it. {DATASETS[name].remedy}"
            for name in self.study.needs
            if not self.available(name)
        ]


def _say(text: str) -> None:
    print(text, flush=True)


def run_sweep(sweep: Sweep, workers: int = 1) -> None:
    """Run what is open with ``workers`` processes on this machine; others may work on the same storage meanwhile.

    ``StudyError`` when the storage does not answer or no data is there. Ctrl-C and SIGTERM hand the trials under way back.
    """
    missing = sweep.missing()
    for sentence in missing:
        _say(sentence)
    if len(missing) == len(sweep.study.needs):
        raise StudyError(f"{sweep.study.name} cannot run here: its data is missing")
    with contextlib.closing(sweep.storage()) as storage:
        add_records(sweep.study, storage.records(), sweep.folder)
        if sweep.fresh:
            storage.begin_round()
        storage.offer(_offered(sweep))  # by one process, so that its workers do not each do it at the same moment
    if workers == 1:
        work(sweep)
    else:
        _run_workers(sweep, workers)
    with contextlib.closing(sweep.storage()) as storage:
        add_records(sweep.study, storage.records(), sweep.folder)
        wanted = {number: run.key for number, run in runs_here(sweep.study, sweep.full).items()}
        for number, reason in storage.given_up(wanted).items():
            _say(f"trial {number} is given up: {reason}. --fresh tries all trials again")


def _run_workers(sweep: Sweep, workers: int) -> None:
    """Processes that end with this one, with the cores shared out among them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = str(max(1, cores // workers))
    for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, threads)
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # or the first worker takes a GPU's whole memory
    context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
    processes = [context.Process(target=_worker, args=(sweep,)) for _ in range(workers)]
    with _terminated():
        try:
            for process in processes:
                process.start()
            for process in processes:
                process.join()
        except STOPPED:
            for process in processes:
                if process.is_alive():
                    process.terminate()
            for process in processes:
                process.join()
            raise
    failed = [process.exitcode for process in processes if process.exitcode]
    if len(failed) == workers:
        raise StudyError(f"no worker of {sweep.study.name} came to its end; what they finished is kept")
    for code in failed:
        _say(f"a worker ended with status {code}; the others took its trials over")


def _worker(sweep: Sweep) -> None:
    try:
        work(sweep, alone=False)
    except StudyError as error:
        print(error, file=sys.stderr, flush=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def work(sweep: Sweep, *, alone: bool = True) -> int:
    """Run open trials until none waits or runs anywhere, or the time is up; how many were completed here.

    alone: show a bar for the steps of a run. Ctrl-C and SIGTERM hand the trial back and then reach the caller.
    ``StudyError`` when the storage does not answer for long; a result that it no longer takes is in this machine's tables.
    """
    deadline = None if sweep.minutes is None else time.monotonic() + 60 * sweep.minutes
    runs = {number: run for number, run in runs_here(sweep.study, sweep.full).items() if sweep.available(run.dataset)}
    failed = set[int]()  # here; others may try
    done, waiting = 0, False
    with _terminated(), contextlib.closing(sweep.storage()) as storage:
        while deadline is None or time.monotonic() < deadline:
            offered = _offered(sweep)  # anew: what tables got meanwhile, from here or elsewhere, is not run again
            storage.offer(offered)
            wanted = {number: key for number, key in offered.items() if number not in failed}
            claim = storage.claim(wanted)
            if claim is not None:
                with storage.alive(claim):
                    ended = _run_claim(sweep, storage, claim, runs[claim.number], deadline, alone)
                done += ended == "complete"
                if ended == "failed":
                    failed.add(claim.number)
                if ended == "handed back":
                    break  # the time is up, or who started this worker is gone: it would take the trial again for ever
                continue
            if not storage.numbers(wanted, "RUNNING"):
                break
            if not waiting:
                _say("all that is left runs elsewhere; waiting in case a worker dies (Ctrl-C ends the waiting)")
            waiting = True
            time.sleep(sweep.beat)
    return done


def _offered(sweep: Sweep) -> dict[int, str]:
    """Number -> key of the runs that are open on this machine and whose data it has."""
    runs = runs_here(sweep.study, sweep.full)
    found = open_trials(sweep.study, full=sweep.full, fresh=sweep.fresh, folder=sweep.folder)
    return {number: key for number, key in found.items() if sweep.available(runs[number].dataset)}


def _run_claim(sweep: Sweep, storage: StudyStorage, claim: Claim, run: RunSpec, deadline: float | None, alone: bool) -> str:
    """Run one trial and settle it: "complete", "failed", "handed back" for want of time, "lost" to another worker."""
    # Who takes the trial up again on this machine goes on from there; another trial may be the very same run, at the same time.
    kept = paths.cache_folder() / "sweeps" / f"{sweep.study.name}-{claim.number}-{claim.key}"
    bar = progress_bar(f"trial {claim.number}") if alone else None
    try:
        data = _dataset(sweep.load, run.dataset)
        result = _run_resumed(sweep, run, data, kept, deadline, bar)
    except STOPPED:
        storage.hand_back(claim)
        raise
    except BaseException as error:
        storage.fail(claim, f"{type(error).__name__}: {error}"[:1000])
        if not isinstance(error, FAILURES):
            raise
        _say(f"trial {claim.number} failed: {error}")
        return "failed"
    if not result.finished and not result.diverged:
        storage.hand_back(claim)
        _say(f"trial {claim.number}: time is up after {result.epochs_trained} of {run.training.epochs} epochs; it waits again")
        return "handed back"
    pictures = run.pictures or len(data.train.labels)
    record = make_record(sweep.study.trials[claim.number], result, data.test.labels, pictures)
    return _keep(sweep, storage, claim, record, kept)


def _keep(sweep: Sweep, storage: StudyStorage, claim: Claim, record: TrialRecord, kept: Path) -> str:
    """Put a result into the storage and the tables; into the tables alone when the storage no longer answers."""
    try:
        counted = storage.finish(claim, record)
    except (StudyError, *STOPPED):
        add_records(sweep.study, [record], sweep.folder)
        raise
    shutil.rmtree(kept, ignore_errors=True)
    if not counted:
        _say(f"trial {claim.number} gave no sign of life for too long and is run elsewhere; this result is left out")
        return "lost"
    add_records(sweep.study, [record], sweep.folder)
    left = len(open_trials(sweep.study, full=sweep.full, folder=sweep.folder))
    _say(f"{_words(record.row, sweep.study)}; {left} left")
    return "complete"


def _words(row: Mapping[str, Any], study: Study) -> str:
    levels = ", ".join(str(row[factor]) for factor in study.factors if row.get(factor) is not None)
    figure = "diverged" if row["diverged"] else f"validation accuracy {row['val_accuracy'] or 0:.4f}"
    return f"trial {row['trial']} ({levels}, seed {row['seed']}): {figure}, {row['seconds']:.0f} s"


def _run_resumed(
    sweep: Sweep, run: RunSpec, data: Dataset, kept: Path, deadline: float | None, bar: Callable[[int, int], None] | None
) -> RunResult:
    """The run, from the state that an interrupted one left on this machine; anew when that does not fit."""
    epochs_done = max(0, steps_in(kept / CHECKPOINT_FILE)[0])  # the bar goes on, too

    def on_step(step: int, steps: int, means: dict[str, float]) -> None:
        nonlocal epochs_done
        if bar is not None:
            bar(epochs_done * steps + step, run.training.epochs * steps)
        epochs_done += step == steps

    def once() -> RunResult:
        minutes = None if deadline is None else max(0.0, deadline - time.monotonic()) / 60
        return sweep.run(run, data=data, on_step=on_step, should_stop=_orphaned(), checkpoint=kept, minutes=minutes)

    try:
        return once()
    except CheckpointError:
        shutil.rmtree(kept, ignore_errors=True)
        epochs_done = 0
        return once()


def _orphaned() -> Callable[[], bool]:
    """Whether the process that started this worker is gone: then it hands its trial back."""
    parent = multiprocessing.parent_process()
    return lambda: parent is not None and not parent.is_alive()


@cache
def _dataset(load: Callable[[str], Dataset], name: str) -> Dataset:
    """Read once a worker."""
    return load(name)


@contextlib.contextmanager
def _terminated() -> Iterator[None]:
    """SIGTERM in here leaves as Ctrl-C does, through every ``except`` and ``finally``."""

    def leave(number: int, frame: Any) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():  # only that one can hold signals
        yield
        return
    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
