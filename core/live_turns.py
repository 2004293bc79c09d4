"""How live runs take turns: which one has a process, which one waits, which gives its turn away, and when one is forgotten.

Runs take turns: at most ``LIMIT`` have one, others wait, first come, first served. A run that stands still for
``TURN_SECONDS`` while others wait gives its turn away. It keeps its process, and with it all that it has learned; as soon as it
is to go on, it waits before those that have not begun.
"""

import dataclasses
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from core.live_process import WORKER, LiveProcess
from core.live_state import COMMANDS, ENDED, MEASURING, PAUSE_MINUTES, TURN_SECONDS, LiveState

LIMIT = 2  # runs that train at once
MOST_ASIDE = 4  # runs without a turn that keep their process, and so its memory
KEPT = 20  # ended runs
KEPT_SECONDS = 3600.0


@dataclass(eq=False)
class Run:
    """What the server knows of a run. A turn: it has a process and is not ``state.aside``."""

    run_id: str
    owner: str
    state: LiveState
    paused: bool = False  # whether it is to begin paused
    next_command: str = ""  # what it is to do when it has a turn again
    stopping: bool = False  # it was told to stop: whatever it says until it ends, no training goes on
    process: LiveProcess | None = None
    paused_since: float | None = None
    ended_at: float | None = None


class LiveTurns:
    """Runs that train in processes of their own, ``limit`` at once; who may watch and steer them is for ``live`` to say.

    runs: all that are known, by id. queue: those that wait for a turn, first the next one. lock: whoever reads or calls
    anything here holds it; the threads that listen to the processes take it themselves. news: told whenever a state changes.
    worker: what follows ``python`` to start a process. ``ValueError`` when ``limit`` is below 1.
    """

    def __init__(self, limit: int = LIMIT, worker: Sequence[str] = WORKER) -> None:
        if limit < 1:
            raise ValueError(f"limit must be at least 1; got {limit}")
        self.limit, self._worker = limit, tuple(worker)
        self.runs: dict[str, Run] = {}
        self.queue: list[Run] = []
        self.lock = threading.RLock()
        self.news = threading.Condition(self.lock)
        self._timer: threading.Timer | None = None

    def send(self, run: Run, command: str) -> None:
        """One of ``COMMANDS`` for the process of a run; without one nothing happens."""
        if command not in COMMANDS:
            raise ValueError(f"command must be one of {', '.join(COMMANDS)}; got {command!r}")
        if command != "stop":
            run.paused_since = None if run.paused_since is None else time.monotonic()  # someone is there
        if run.process is not None:
            run.process.send(command)

    def ask_for_turn(self, run: Run, command: str) -> None:
        """A run that gave its turn away is to go on: at once where there is room, else before those that have not begun."""
        run.next_command = command
        if run not in self.queue:
            begun = sum(one.state.aside for one in self.queue)
            self.queue.insert(begun, run)
            run.paused_since = None
            self.tell(run, status="queued")
        self.advance()

    def tell(self, run: Run, **fields: Any) -> None:
        """Change fields of a run's state, and wake those who wait for news."""
        run.state = dataclasses.replace(run.state, **fields)
        self.news.notify_all()

    def advance(self) -> None:
        """End what has stood still for too long, forget what is old, give turns to those who wait."""
        now = time.monotonic()
        for run in list(self.runs.values()):
            if run.paused_since is not None and now - run.paused_since > 60 * PAUSE_MINUTES:
                words = f"Stopped after {PAUSE_MINUTES:g} minutes of pause, so that others can run; rewind begins anew."
                self.end(run, "stopped", words, advance=False)
        ended = [run for run in self.runs.values() if run.ended_at is not None]
        ended.sort(key=lambda run: run.ended_at or 0.0, reverse=True)
        for place, run in enumerate(ended):
            if place >= KEPT or now - (run.ended_at or now) > KEPT_SECONDS:
                del self.runs[run.run_id]
        while self.queue and (self._turns() < self.limit or self._put_aside(now)):
            run = self.queue.pop(0)
            if run.process is None:
                self._start(run)
            else:
                self.tell(run, status="running", aside=False)
                self.send(run, run.next_command)

    def watch(self) -> None:
        """See to it that a pause ends in time though nobody looks any more: whoever watched the run may have left."""
        paused = [run.paused_since for run in self.runs.values() if run.paused_since is not None]
        if paused and self._timer is None:
            seconds = min(paused) + 60 * PAUSE_MINUTES - time.monotonic()
            self._timer = threading.Timer(max(0.0, seconds) + 0.1, self._look)
            self._timer.daemon = True
            self._timer.start()

    def _look(self) -> None:
        with self.lock:
            self._timer = None
            self.advance()
            self.watch()

    def _turns(self) -> int:
        return sum(run.process is not None and not run.state.aside for run in self.runs.values())

    def _put_aside(self, now: float) -> bool:
        """Whether a run that has stood still for long enough gave its turn away; the one that did so for longest."""
        runs = self.runs.values()
        still = [(now - run.paused_since, run) for run in runs if run.paused_since is not None and not run.state.aside]
        seconds, longest = max(still, key=itemgetter(0), default=(0.0, None))
        if longest is None or seconds < TURN_SECONDS or sum(run.state.aside for run in runs) >= MOST_ASIDE:
            return False
        self.tell(longest, aside=True)
        return True

    def _start(self, run: Run) -> None:
        run.state = dataclasses.replace(run.state, status="starting", since=time.monotonic())
        run.stopping = False
        try:
            run.process = process = LiveProcess(self._worker)
        except OSError as error:
            self.end(run, "failed", f"No process could be started for this run ({error.strerror}).", advance=False)
            return
        process.send((run.state.spec, run.paused))
        threading.Thread(target=self._follow, args=(run, process), name=f"live-{run.run_id}", daemon=True).start()

    def _follow(self, run: Run, process: LiveProcess) -> None:
        """Take in what a worker tells, until it ends; in a thread of its own."""
        for fields in process.messages():
            with self.lock:
                if run.process is process:
                    self._take(run, fields)
        cause = process.cause()
        with self.lock:
            if run.process is process:
                run.process = None
                if not run.state.ended:
                    self.end(run, "failed", cause, advance=False)
            self.advance()

    def _take(self, run: Run, fields: dict[str, Any]) -> None:
        if run.state.ended:
            return
        probabilities = fields.pop("probabilities", None)
        if probabilities is not None and run.state.samples is not None:
            fields["samples"] = dataclasses.replace(run.state.samples, probabilities=probabilities)
        if run in self.queue:  # it gave its turn away and has said something since
            if fields.get("status") in ENDED:
                self.queue.remove(run)
            else:
                fields.pop("status", None)
        if run.stopping and fields.get("status") not in ENDED:  # it was within a batch
            fields |= {"status": "measuring", "seconds_left": None, "message": MEASURING}
        self.tell(run, **fields)
        run.paused_since = (run.paused_since or time.monotonic()) if run.state.status == "paused" else None
        self.watch()
        if run.state.status in ENDED:
            self.tell(run, aside=False)
            run.ended_at = time.monotonic()

    def end(self, run: Run, status: str, message: str, *, advance: bool = True) -> None:
        """End a run from here, with its process if it has one."""
        if run in self.queue:
            self.queue.remove(run)
        process, run.process, run.paused_since = run.process, None, None
        if process is not None:
            process.kill()  # ``_follow`` sees it end and cleans up
        if not run.state.ended:
            self.tell(run, status=status, message=message, seconds_left=None, aside=False)
            run.ended_at = time.monotonic()
        if advance:
            self.advance()
