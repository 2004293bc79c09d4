"""Runs that are watched while they train, each in a process of its own: ``LiveRuns``.

A run outlives the page that started it: its state is held here, in the server, under an id that nobody can guess. Whoever
knows the id may watch; only who knows the owner's secret may steer.

Runs take turns: at most ``LIMIT`` have one, others wait, first come, first served. A run that stands still for
``TURN_SECONDS`` while others wait gives its turn away. It keeps its process, and with it all that it has learned; as soon as it
is to go on, it waits before those that have not begun.
"""

import dataclasses
import hmac
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from core.live_process import WORKER, LiveProcess
from core.live_state import ACTIVE, COMMANDS, ENDED, PAUSE_MINUTES, TURN_SECONDS, LiveError, LiveState, check_live
from core.specs import RunSpec

LIMIT = 2  # runs that train at once
MOST_ASIDE = 4  # runs without a turn that keep their process, and so its memory
MOST_OF_ONE = 2  # runs of one owner that wait or run
MOST_WAITING = 20
KEPT = 20  # ended runs
KEPT_SECONDS = 3600.0


@dataclass(eq=False)
class _Run:
    """What the server knows of a run. A turn: it has a process and is not ``state.aside``."""

    run_id: str
    owner: str
    state: LiveState
    paused: bool = False  # whether it is to begin paused
    next_command: str = ""  # what it is to do when it has a turn again
    process: LiveProcess | None = None
    paused_since: float | None = None
    ended_at: float | None = None


class LiveRuns:
    """All live runs of a server. Every method may be called from any thread, and none waits for training.

    limit: runs that train at once; others wait. worker: what follows ``python`` to start a worker.
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
            if run.state.status in ("queued", "starting") and not run.state.aside:
                self._end(run, "stopped", "Stopped before it began.")
            elif at_once:
                self._end(run, "stopped", "")
            elif not run.state.ended:
                if run in self._queue:
                    self._queue.remove(run)
                    self._tell(run, status="running")
                self._send(run, "stop")  # without a turn too: measuring takes a moment

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
            if run.state.aside and command != "pause":
                self._ask_for_turn(run, command)
            elif run.state.status in ACTIVE:
                self._send(run, command)
            elif run.state.aside:  # it waits to go on, and is not to any more
                self._queue.remove(run)
                self._tell(run, status="paused")
                run.paused_since = time.monotonic()
            elif run.state.status == "queued":
                run.paused = command != "resume"

    def _send(self, run: _Run, command: str) -> None:
        if command not in COMMANDS:
            raise ValueError(f"command must be one of {', '.join(COMMANDS)}; got {command!r}")
        if command != "stop":
            run.paused_since = None if run.paused_since is None else time.monotonic()  # someone is there
        if run.process is not None:
            run.process.send(command)

    def _ask_for_turn(self, run: _Run, command: str) -> None:
        """A run that gave its turn away is to go on: at once where there is room, else before those that have not begun."""
        run.next_command = command
        if run not in self._queue:
            begun = sum(one.state.aside for one in self._queue)
            self._queue.insert(begun, run)
            run.paused_since = None
            self._tell(run, status="queued")
        self._advance()

    def _tell(self, run: _Run, **fields: Any) -> None:
        run.state = dataclasses.replace(run.state, **fields)
        self._news.notify_all()

    def _advance(self) -> None:
        """End what has stood still for too long, forget what is old, give turns to those who wait."""
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
        while self._queue and (self._turns() < self.limit or self._put_aside(now)):
            run = self._queue.pop(0)
            if run.process is None:
                self._start(run)
            else:
                self._tell(run, status="running", aside=False)
                self._send(run, run.next_command)

    def _turns(self) -> int:
        return sum(run.process is not None and not run.state.aside for run in self._runs.values())

    def _put_aside(self, now: float) -> bool:
        """Whether a run that has stood still for long enough gave its turn away; the one that did so for longest."""
        runs = self._runs.values()
        still = [(now - run.paused_since, run) for run in runs if run.paused_since is not None and not run.state.aside]
        seconds, longest = max(still, key=itemgetter(0), default=(0.0, None))
        if longest is None or seconds < TURN_SECONDS or sum(run.state.aside for run in runs) >= MOST_ASIDE:
            return False
        self._tell(longest, aside=True)
        return True

    def _start(self, run: _Run) -> None:
        run.state = dataclasses.replace(run.state, status="starting")
        try:
            run.process = process = LiveProcess(self._worker)
        except OSError as error:
            self._end(run, "failed", f"No process could be started for this run ({error.strerror}).", advance=False)
            return
        process.send((run.state.spec, run.paused))
        threading.Thread(target=self._follow, args=(run, process), name=f"live-{run.run_id}", daemon=True).start()

    def _follow(self, run: _Run, process: LiveProcess) -> None:
        """Take in what a worker tells, until it ends; in a thread of its own."""
        for fields in process.messages():
            with self._lock:
                if run.process is process:
                    self._take(run, fields)
        cause = process.cause()
        with self._lock:
            if run.process is process:
                run.process = None
                if not run.state.ended:
                    self._end(run, "failed", cause, advance=False)
            self._advance()

    def _take(self, run: _Run, fields: dict[str, Any]) -> None:
        if run.state.ended:
            return
        probabilities = fields.pop("probabilities", None)
        if probabilities is not None and run.state.samples is not None:
            fields["samples"] = dataclasses.replace(run.state.samples, probabilities=probabilities)
        if run in self._queue:  # it gave its turn away and has said something since
            if fields.get("status") in ENDED:
                self._queue.remove(run)
            else:
                fields.pop("status", None)
        self._tell(run, **fields)
        run.paused_since = (run.paused_since or time.monotonic()) if run.state.status == "paused" else None
        if run.state.status in ENDED:
            self._tell(run, aside=False)
            run.ended_at = time.monotonic()

    def _end(self, run: _Run, status: str, message: str, *, advance: bool = True) -> None:
        """End a run from here, with its process if it has one."""
        if run in self._queue:
            self._queue.remove(run)
        process, run.process, run.paused_since = run.process, None, None
        if process is not None:
            process.kill()  # ``_follow`` sees it end and cleans up
        if not run.state.ended:
            self._tell(run, status=status, message=message, seconds_left=None, aside=False)
            run.ended_at = time.monotonic()
        if advance:
            self._advance()
