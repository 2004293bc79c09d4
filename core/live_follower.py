"""What stands between a live run's training and its watcher: it lets steps go on or wait, and tells how far the run is.

Importing this module is quick, as it must be in ``live_worker``.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from core.live_state import MEASURES, MEASURING, MINUTES, StepMeans, Trace
from core.specs import RunSpec

TELL_SECONDS = 0.25  # between two snapshots
LOOK_SECONDS = 0.6  # between two looks at filters and sample pictures, which cost time

Looks = dict[str, Any]


class RewoundError(Exception):
    """Begin anew: it leaves the training loop from within a step."""


class Control:
    """What the watcher asked for; steps of training wait here while the run is paused."""

    def __init__(self, paused: bool = False) -> None:
        self._changed = threading.Condition()
        self._paused = paused
        self._steps = 0  # that may go on while paused
        self._to_epoch_end = False
        self._waited = 0.0
        self.stopped = False
        self.rewound = False

    def obey(self, command: str) -> None:
        """One of ``COMMANDS``; others do nothing."""
        with self._changed:
            if command == "pause":
                self._paused, self._to_epoch_end, self._steps = True, False, 0
            elif command == "resume":
                self._paused = False
            elif command == "step":
                self._paused, self._steps = True, self._steps + 1
            elif command == "step_epoch":
                self._paused, self._to_epoch_end = True, True
            elif command == "stop":
                self.stopped = True
            elif command == "rewind":
                self.rewound, self.stopped = True, False  # of the two the later one counts
            self._changed.notify_all()

    def _holds(self) -> bool:
        going_on = not self._paused or self._steps or self._to_epoch_end
        return not (going_on or self.stopped or self.rewound)

    def gate(self, on_hold: Callable[[], None], *, epoch_ended: bool = False) -> bool:
        """Return when training may go on: at once, or after a pause, of which ``on_hold`` is told. True if there was one."""
        with self._changed:
            if epoch_ended:
                self._to_epoch_end = False
            held = self._holds()
        if held:
            began = time.monotonic()
            on_hold()
            with self._changed:
                self._changed.wait_for(lambda: not self._holds())
            self._waited += time.monotonic() - began
        with self._changed:
            self._steps = max(0, self._steps - 1)
        return held

    def begin_anew(self) -> None:
        """After a rewind: a paused run stays so, before its first step."""
        with self._changed:
            self.rewound, self._to_epoch_end, self._steps, self._waited = False, False, 0, 0.0

    @property
    def waited(self) -> float:
        """Seconds of pauses so far."""
        return self._waited


class Preparation:
    """Tells the watcher how many pictures of a data set are read or drawn, and for how many seconds that will go on."""

    def __init__(self, tell: Callable[[Looks], None]) -> None:
        self._tell = tell
        self._first: tuple[float, int] | None = None  # when, and pictures that were there already
        self._told = 0.0

    def __call__(self, done: int, count: int) -> None:
        now = time.monotonic()
        if self._first is None or done < self._first[1]:  # another part of the data set begins
            self._first = now, done
        elif now - self._told < TELL_SECONDS and done < count:
            return
        began, before = self._first
        left = (now - began) / (done - before) * (count - done) if done > before else None
        self._tell({"prepared": done, "to_prepare": count, "seconds_left": left})
        self._told = now


class Follower:
    """Stands between a training run and its watcher: the callbacks of ``classifiers.runs.run``."""

    def __init__(
        self, spec: RunSpec, size: int, control: Control, tell: Callable[[Looks], None], look: Callable[[Any], Looks]
    ) -> None:
        """size: pictures of an epoch. tell: sends fields of a ``LiveState``. look: a model -> filters and probabilities."""
        self.spec, self.size, self.control = spec, size, control
        self._tell, self._look = tell, look
        self._trace, self._means = Trace(), StepMeans()
        self._model: Any = None
        self._history: list[dict[str, Any]] = []
        self._step = self._steps = 0
        self._told = self._looked = 0.0
        self._began = time.monotonic()
        self._first: tuple[float, int] | None = None  # seconds and steps when the first step was done: it compiles
        self.late = False

    @property
    def seconds(self) -> float:
        """Seconds of training, pauses excluded."""
        return time.monotonic() - self._began - self.control.waited

    def on_model(self, model: Any) -> None:
        self._model = model
        self._began = time.monotonic() - self.control.waited
        self._tell({"parameters": int(model.count_params())})
        self.tell("running", look=True)  # as it was initialised
        self._gate()

    def on_step(self, step: int, steps: int, means: Mapping[str, float]) -> None:
        batch = self.spec.training.batch_size
        values = self._means.step(means, min(batch, self.size - (step - 1) * batch), first=step == 1)
        self._step, self._steps = step, steps
        epochs = len(self._history) + step / steps
        self._trace.add({"epochs": epochs, **{name: values[name] for name in MEASURES if name in values}})
        if self._first is None:
            self._first = self.seconds, self._done()
        self._leave_if_rewound()
        if step < steps:  # the last one waits until the epoch is measured
            self._gate()
        now = time.monotonic()
        if now - self._told >= TELL_SECONDS:
            self.tell("running", look=now - self._looked >= LOOK_SECONDS)

    def on_epoch(self, row: Mapping[str, Any]) -> None:
        self._history.append(dict(row))
        self._step = 0
        if len(self._history) < self.spec.training.epochs:
            self._gate(epoch_ended=True)
            self.tell("running", look=True)
        else:
            self.tell("measuring", look=True, message=MEASURING)

    def should_stop(self) -> bool:
        self.late = self.late or self.seconds > 60 * MINUTES
        if not (self.control.stopped or self.late):
            return False
        self.tell("measuring", look=False, message=MEASURING)
        return True

    def _gate(self, epoch_ended: bool = False) -> None:
        self.control.gate(lambda: self.tell("paused", look=True), epoch_ended=epoch_ended)
        self._leave_if_rewound()

    def _leave_if_rewound(self) -> None:
        if self.control.rewound:
            raise RewoundError

    def _done(self) -> int:
        return len(self._history) * self._steps + self._step

    def _seconds_left(self) -> float | None:
        if self._first is None or self._done() <= self._first[1]:
            return None
        rate = (self.seconds - self._first[0]) / (self._done() - self._first[1])
        return rate * (self.spec.training.epochs * self._steps - self._done())

    def tell(self, status: str, *, look: bool, message: str = "") -> None:
        """Send how far the run is; with ``look`` its filters and what it makes of the samples too."""
        fields: Looks = {"status": status, "message": message, "epoch": len(self._history)}
        fields |= {"step": self._step, "steps": self._steps}
        fields |= {"seconds": self.seconds, "seconds_left": None if status == "measuring" else self._seconds_left()}
        fields |= {"history": tuple(self._history), "trace": self._trace.values()}
        if look and self._model is not None:
            fields |= self._look(self._model)
            self._looked = time.monotonic()
        self._tell(fields)
        self._told = time.monotonic()
