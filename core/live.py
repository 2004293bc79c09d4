"""Runs that are watched while they train, each in a process of its own: ``LiveRuns``.

A run outlives the page that started it: its state is held here, in the server, under an id that nobody can guess. Whoever
knows the id may watch; only who knows the owner's secret may steer.

Processes are started as ``python -m core.live_worker`` and not by ``multiprocessing``: Streamlit makes the page's script the
main module of the server, and ``spawn`` would run it again in the child.
"""

import contextlib
import dataclasses
import hmac
import os
import pickle
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core import paths
from core.live_state import ACTIVE, COMMANDS, ENDED, PAUSE_MINUTES, LiveError, LiveState, check_live
from core.specs import RunSpec

WORKER = ("-m", "core.live_worker")
LIMIT = 2  # runs at once
MOST_OF_ONE = 2  # runs of one owner that wait or run
MOST_WAITING = 20
KEPT = 20  # ended runs
KEPT_SECONDS = 3600.0
ONE_THREAD = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")  # pages need the other cores


@dataclass(eq=False)
class _Run:
    """What the server knows of a run."""

    run_id: str
    owner: str
    state: LiveState
    paused: bool = False  # whether it is to begin paused
    process: subprocess.Popen[bytes] | None = None
    paused_since: float | None = None
    ended_at: float | None = None
    sending: threading.Lock = field(default_factory=threading.Lock)


class LiveRuns:
    """All live runs of a server. Every method may be called from any thread, and none waits for training.

    limit: runs at once; others wait, first come, first served. worker: what follows ``python`` to start a worker.
    """

    def __init__(self, limit: int = LIMIT, worker: Sequence[str] = WORKER) -> None:
        if limit < 1:
            raise ValueError(f"limit must be at least 1; got {limit}")
        self.limit, self._worker = limit, tuple(worker)
        self._runs: dict[str, _Run] = {}
        self._queue: list[_Run] = []
        self._lock = threading.RLock()
        self._news = threading.Condition(self._lock)

    def submit(self, spec: RunSpec, owner: str, *, paused: bool = False) -> str:
        """Start a run, or put it into the queue; returns its id. paused: it waits before its first step.

        owner: a secret that lets its holder steer the run. ``LiveError`` when the run is too long, when its owner has
        ``MOST_OF_ONE`` going already, or when too many wait; ``ValueError`` when its settings contradict each other.
        """
        if len(owner) < 16:
            raise ValueError(f"owner must be a secret of at least 16 characters; got {len(owner)}")
        check_live(spec)
        with self._lock:
            self._let_in(owner)
            run_id = secrets.token_urlsafe(9)
            run = _Run(run_id, owner, LiveState(run_id, spec, "queued"), paused)
            self._runs[run_id] = run
            self._queue.append(run)
            self._advance()
        return run_id

    def state(self, run_id: str) -> LiveState:
        """The run as it stands; ``LiveError`` when there is none of this id."""
        with self._lock:
            self._advance()
            run = self._known(run_id)
            if run in self._queue:
                return dataclasses.replace(run.state, place=self._queue.index(run) + 1)
            return run.state

    def wait(self, before: LiveState, seconds: float) -> LiveState:
        """The run's state as soon as it is another than ``before``, or after so many seconds."""
        with self._news:
            self._news.wait_for(lambda: self._known(before.run_id).state is not before, timeout=seconds)
            return self.state(before.run_id)

    def owns(self, run_id: str, owner: str) -> bool:
        """Whether this secret may steer the run."""
        with self._lock:
            run = self._runs.get(run_id)
        return run is not None and hmac.compare_digest(run.owner.encode(), owner.encode())

    def going(self, owner: str) -> list[str]:
        """Ids of the owner's runs that wait or run, oldest first."""
        with self._lock:
            self._advance()
            return [run.run_id for run in self._runs.values() if run.owner == owner and not run.state.ended]

    # --- steering -----------------------------------------------------------------------------------------------------

    def pause(self, run_id: str, owner: str) -> None:
        """Stand still after the step under way."""
        self._command(run_id, owner, "pause")

    def resume(self, run_id: str, owner: str) -> None:
        """Go on."""
        self._command(run_id, owner, "resume")

    def step(self, run_id: str, owner: str) -> None:
        """One batch, then stand still."""
        self._command(run_id, owner, "step")

    def step_epoch(self, run_id: str, owner: str) -> None:
        """On to the end of the epoch, then stand still."""
        self._command(run_id, owner, "step_epoch")

    def stop(self, run_id: str, owner: str, *, at_once: bool = False) -> None:
        """End the run; what it has learned is measured on the test part, unless ``at_once`` or before it has begun."""
        with self._lock:
            run = self._mine(run_id, owner)
            if run.state.status in ("queued", "starting"):
                self._end(run, "stopped", "Stopped before it began.")
            elif at_once:
                self._end(run, "stopped", "")
            elif not run.state.ended:
                self._send(run, "stop")

    def rewind(self, run_id: str, owner: str) -> None:
        """Begin anew with the same seed: the same run again. One that is paused stays so, one that has ended is queued."""
        with self._lock:
            run = self._mine(run_id, owner)
            if run.state.status in ("running", "paused"):
                self._send(run, "rewind")
            elif run.state.ended:
                self._let_in(owner)
                self._end(run, "stopped", "", advance=False)  # its process may not be gone yet
                run.state = LiveState(run_id, run.state.spec, "queued")
                run.ended_at = None
                self._queue.append(run)
                self._advance()

    def forget(self, run_id: str, owner: str) -> None:
        """End the run at once and forget what it did."""
        with self._lock:
            run = self._mine(run_id, owner)
            self._end(run, "stopped", "")
            self._runs.pop(run_id, None)

    def close(self) -> None:
        """End every run at once."""
        with self._lock:
            for run in self._runs.values():
                if not run.state.ended:
                    self._end(run, "stopped", "The server has ended this run.", advance=False)

    # --- what goes on behind ------------------------------------------------------------------------------------------

    def _known(self, run_id: str) -> _Run:
        if run_id not in self._runs:
            raise LiveError(
                "there is no such run: ended ones are forgotten after an hour, and all of them when the server starts anew; "
                "start a new one"
            )
        return self._runs[run_id]

    def _mine(self, run_id: str, owner: str) -> _Run:
        run = self._known(run_id)
        if not self.owns(run_id, owner):
            raise LiveError("this run is someone else's and can only be watched; start one of your own")
        return run

    def _let_in(self, owner: str) -> None:
        if len(self.going(owner)) >= MOST_OF_ONE:
            raise LiveError(f"you have {MOST_OF_ONE} runs going already: stop one of them first")
        if len(self._queue) >= MOST_WAITING:
            raise LiveError(f"{MOST_WAITING} runs are waiting already: try again in a few minutes")

    def _command(self, run_id: str, owner: str, command: str) -> None:
        with self._lock:
            run = self._mine(run_id, owner)
            if run.state.status in ACTIVE:
                self._send(run, command)
            elif run.state.status == "queued":
                run.paused = command != "resume"

    def _send(self, run: _Run, command: str) -> None:
        if command not in COMMANDS:
            raise ValueError(f"command must be one of {', '.join(COMMANDS)}; got {command!r}")
        if command != "stop":
            run.paused_since = None if run.paused_since is None else time.monotonic()  # someone is there
        _write(run, command)

    def _advance(self) -> None:
        """End what has stood still for too long, forget what is old, start what can be started."""
        now = time.monotonic()
        for run in list(self._runs.values()):
            if run.paused_since is not None and now - run.paused_since > 60 * PAUSE_MINUTES:
                words = f"Stopped after {PAUSE_MINUTES:g} minutes of pause, so that others can run; rewind begins anew."
                self._end(run, "stopped", words, advance=False)
        ended = [run for run in self._runs.values() if run.ended_at is not None]
        ended.sort(key=lambda run: run.ended_at or 0.0, reverse=True)
        for place, run in enumerate(ended):
            if place >= KEPT or now - (run.ended_at or now) > KEPT_SECONDS:
                del self._runs[run.run_id]
        while self._queue and sum(run.process is not None for run in self._runs.values()) < self.limit:
            self._start(self._queue.pop(0))

    def _start(self, run: _Run) -> None:
        run.state = dataclasses.replace(run.state, status="starting")
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", *self._worker],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=_environment(),
                start_new_session=True,  # Ctrl-C ends the server; the worker then ends with it
            )
        except OSError as error:
            self._end(run, "failed", f"No process could be started for this run ({error.strerror}).", advance=False)
            return
        run.process = process
        _write(run, (run.state.spec, run.paused))
        threading.Thread(target=self._follow, args=(run, process), name=f"live-{run.run_id}", daemon=True).start()

    def _follow(self, run: _Run, process: subprocess.Popen[bytes]) -> None:
        """Take in what a worker tells, until it ends; in a thread of its own."""
        with contextlib.suppress(EOFError, OSError, ValueError, pickle.UnpicklingError):  # it ended, perhaps within a word
            while process.stdout is not None:
                fields = pickle.load(process.stdout)
                with self._lock:
                    if run.process is process:
                        self._take(run, fields)
        for pipe in (process.stdin, process.stdout):  # first: one that told nonsense ends when nobody listens any more
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was still to be sent cannot be
                    pipe.close()
        code = process.wait()
        with self._lock:
            if run.process is process:
                run.process = None
                if not run.state.ended:
                    self._end(run, "failed", _cause(code), advance=False)
            self._advance()

    def _take(self, run: _Run, fields: dict[str, Any]) -> None:
        if run.state.ended:
            return
        probabilities = fields.pop("probabilities", None)
        if probabilities is not None and run.state.samples is not None:
            fields["samples"] = dataclasses.replace(run.state.samples, probabilities=probabilities)
        run.state = dataclasses.replace(run.state, **fields)
        self._news.notify_all()
        run.paused_since = (run.paused_since or time.monotonic()) if run.state.status == "paused" else None
        if run.state.status in ENDED:
            run.ended_at = time.monotonic()

    def _end(self, run: _Run, status: str, message: str, *, advance: bool = True) -> None:
        """End a run from here, with its process if it has one."""
        if run in self._queue:
            self._queue.remove(run)
        process, run.process, run.paused_since = run.process, None, None
        if process is not None:
            process.kill()  # ``_follow`` sees it end and cleans up
        if not run.state.ended:
            run.state = dataclasses.replace(run.state, status=status, message=message, seconds_left=None)  # type: ignore[arg-type]
            run.ended_at = time.monotonic()
        if advance:
            self._advance()


def _environment() -> dict[str, str]:
    """What a worker finds: one thread for computing, our rooms, and no more of a GPU's memory than it needs."""
    there = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(paths.ROOT), *([there] if there else [])])
    extra = {"PYTHONPATH": path, "TF_FORCE_GPU_ALLOW_GROWTH": "true", "TF_CPP_MIN_LOG_LEVEL": "2"}
    return {**os.environ, **extra, **dict.fromkeys(ONE_THREAD, "1")}


def _write(run: _Run, message: Any) -> None:
    """Send something to a worker; one that has just ended is seen by ``_follow``."""
    if run.process is None or run.process.stdin is None:
        return
    with contextlib.suppress(OSError, ValueError), run.sending:
        pickle.dump(message, run.process.stdin)
        run.process.stdin.flush()


def _cause(code: int) -> str:
    """One sentence on a process that ended by itself."""
    if code < 0:
        name = signal.Signals(-code).name if -code in signal.valid_signals() else f"signal {-code}"
        return (
            f"The run's process was ended from outside ({name}), perhaps for want of memory; rewind begins anew, a smaller "
            "network or batch needs less."
        )
    return f"The run's process ended unexpectedly (exit status {code}); the server's log says more. Rewind begins anew."
