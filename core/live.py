"""Runs that are watched while they train, each in a process of its own: ``LiveRuns``.

A run outlives the page that started it: its state is held here, in the server, under an id that nobody can guess. Whoever
knows the id may watch; only who knows the owner's secret may steer. How runs take turns is told in ``live_turns``.
"""

import dataclasses
import hmac
import secrets
import time
from collections.abc import Sequence

from core.live_process import WORKER
from core.live_state import ACTIVE, MEASURING, LiveError, LiveState, check_live
from core.live_turns import LIMIT, LiveTurns, Run
from core.specs import RunSpec

MOST_OF_ONE = 2  # runs of one owner that wait or run
MOST_WAITING = 20


class LiveRuns:
    """All live runs of a server. Every method may be called from any thread, and none waits for training.

    limit: runs that train at once; others wait. worker: what follows ``python`` to start a worker.
    """

    def __init__(self, limit: int = LIMIT, worker: Sequence[str] = WORKER) -> None:
        self._turns = LiveTurns(limit, worker)

    def submit(self, spec: RunSpec, owner: str, *, paused: bool = False) -> str:
        """Start a run, or put it into the queue; returns its id. paused: it waits before its first step.

        owner: a secret that lets its holder steer the run. ``LiveError`` when the run is too long, when its owner has
        ``MOST_OF_ONE`` going already, or when too many wait; ``ValueError`` when its settings contradict each other.
        """
        if len(owner) < 16:
            raise ValueError(f"owner must be a secret of at least 16 characters; got {len(owner)}")
        check_live(spec)
        with self._turns.lock:
            self._let_in(owner)
            run_id = secrets.token_urlsafe(9)
            run = Run(run_id, owner, LiveState(run_id, spec, "queued"), paused)
            self._turns.runs[run_id] = run
            self._turns.queue.append(run)
            self._turns.advance()
        return run_id

    def state(self, run_id: str) -> LiveState:
        """The run as it stands; ``LiveError`` when there is none of this id."""
        with self._turns.lock:
            self._turns.advance()
            run = self._known(run_id)
            if run in self._turns.queue:
                return dataclasses.replace(run.state, place=self._turns.queue.index(run) + 1)
            return run.state

    def wait(self, before: LiveState, seconds: float) -> LiveState:
        """The run's state as soon as it is another than ``before``, or after so many seconds."""
        with self._turns.news:
            self._turns.news.wait_for(lambda: self._known(before.run_id).state is not before, timeout=seconds)
            return self.state(before.run_id)

    def owns(self, run_id: str, owner: str) -> bool:
        """Whether this secret may steer the run."""
        with self._turns.lock:
            run = self._turns.runs.get(run_id)
        return run is not None and hmac.compare_digest(run.owner.encode(), owner.encode())

    def going(self, owner: str) -> list[str]:
        """Ids of the owner's runs that wait or run, oldest first."""
        with self._turns.lock:
            self._turns.advance()
            return [run.run_id for run in self._turns.runs.values() if run.owner == owner and not run.state.ended]

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
        with self._turns.lock:
            run = self._mine(run_id, owner)
            if run.state.status in ("queued", "starting") and not run.state.aside:
                self._turns.end(run, "stopped", "Stopped before it began.")
            elif at_once:
                self._turns.end(run, "stopped", "")
            elif not run.state.ended:
                if run in self._turns.queue:
                    self._turns.queue.remove(run)
                run.stopping, run.paused_since = True, None
                self._turns.tell(run, status="measuring", seconds_left=None, message=MEASURING)
                self._turns.send(run, "stop")  # without a turn too: measuring takes a moment

    def end(self, run_id: str, owner: str) -> None:
        """End the run at once; what is not measured yet stays so."""
        self.stop(run_id, owner, at_once=True)

    def rewind(self, run_id: str, owner: str) -> None:
        """Begin anew with the same seed: the same run again. One that is paused stays so, one that has ended is queued."""
        with self._turns.lock:
            run = self._mine(run_id, owner)
            if run.state.status in ("running", "paused", "measuring"):
                run.stopping = False
                self._turns.send(run, "rewind")
            elif run.state.ended:
                self._let_in(owner)
                self._turns.end(run, "stopped", "", advance=False)  # its process may not be gone yet
                run.state = LiveState(run_id, run.state.spec, "queued")
                run.ended_at = None
                self._turns.queue.append(run)
                self._turns.advance()

    def forget(self, run_id: str, owner: str) -> None:
        """End the run at once and forget what it did."""
        with self._turns.lock:
            run = self._mine(run_id, owner)
            self._turns.end(run, "stopped", "")
            self._turns.runs.pop(run_id, None)

    def close(self) -> None:
        """End every run at once."""
        with self._turns.lock:
            for run in self._turns.runs.values():
                if not run.state.ended:
                    self._turns.end(run, "stopped", "The server has ended this run.", advance=False)

    # --- who may do what ----------------------------------------------------------------------------------------------

    def _known(self, run_id: str) -> Run:
        if run_id not in self._turns.runs:
            raise LiveError(
                "there is no such run: ended ones are forgotten after an hour, and all of them when the server starts anew; "
                "start a new one"
            )
        return self._turns.runs[run_id]

    def _mine(self, run_id: str, owner: str) -> Run:
        run = self._known(run_id)
        if not self.owns(run_id, owner):
            raise LiveError("this run is someone else's and can only be watched; start one of your own")
        return run

    def _let_in(self, owner: str) -> None:
        if len(self.going(owner)) >= MOST_OF_ONE:
            raise LiveError(f"you have {MOST_OF_ONE} runs going already: stop one of them first")
        if len(self._turns.queue) >= MOST_WAITING:
            raise LiveError(f"{MOST_WAITING} runs are waiting already: try again in a few minutes")

    def _command(self, run_id: str, owner: str, command: str) -> None:
        with self._turns.lock:
            run = self._mine(run_id, owner)
            if run.stopping:
                return
            if run.state.aside and command != "pause":
                self._turns.ask_for_turn(run, command)
            elif run.state.status in ACTIVE:
                self._turns.send(run, command)
            elif run.state.aside:  # it waits to go on, and is not to any more
                self._turns.queue.remove(run)
                self._turns.tell(run, status="paused")
                run.paused_since = time.monotonic()
                self._turns.watch()
            elif run.state.status == "queued":
                run.paused = command != "resume"
