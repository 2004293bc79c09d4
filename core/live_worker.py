"""The process of one live run: ``python -m core.live_worker``, started and steered by ``live.LiveRuns``.

It reads pickles from standard input, first ``(spec, paused)``, then commands of ``live_state.COMMANDS``, and writes pickled
dicts to standard output: fields of ``LiveState`` that have changed. All else that is printed goes to standard error. When
standard input ends, so does the process: it never outlives the server that started it.

Importing this module is quick: it imports neither Keras nor what reads data sets.
"""

import logging
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.live_state import MEASURES, MEASURING, MINUTES, Samples, StepMeans, Trace
from core.progress import watched
from core.specs import RunSpec

TELL_SECONDS = 0.25  # between two snapshots
LOOK_SECONDS = 0.6  # between two looks at filters and sample pictures, which cost time
NICENESS = 10  # the pages come first; more than that, and a busy machine lets a run wait for minutes
MOST_SAMPLES = 12
MOST_FILTERS = 32
MOST_FILTER_SIDE = 64

Looks = dict[str, Any]
Look = Callable[[Any, NDArray[np.uint8]], Looks]


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


# --- what is looked at ------------------------------------------------------------------------------------------------


def sample_indices(labels: NDArray[np.int64], most: int = MOST_SAMPLES, seed: int = 0) -> NDArray[np.int64]:
    """Places in ``labels``, one of each class in their order, at most ``most``; the same ones for a seed."""
    rng = np.random.default_rng(seed)
    return np.array([rng.choice(np.flatnonzero(labels == one)) for one in np.unique(labels)[:most]], np.int64)


def filter_pictures(kernel: NDArray[Any], shape: tuple[int, int, int]) -> tuple[NDArray[np.uint8], float] | None:
    """Weights of a first layer as pictures, uint8 (n, height, width, channels), and the largest weight; 0 stands at 128.

    kernel: (height, width, channels, n) of a convolution, or (height x width x channels, n) of a dense layer over pictures of
    ``shape``; the first ``MOST_FILTERS`` of it. None for any other kernel, and where pictures would be too large.
    """
    if kernel.ndim == 2 and kernel.shape[0] == np.prod(shape):
        kernel = kernel.reshape(*shape, kernel.shape[1])
    if kernel.ndim != 4 or kernel.shape[2] not in (1, 3) or max(kernel.shape[:2]) > MOST_FILTER_SIDE:
        return None
    shown = np.nan_to_num(kernel[..., :MOST_FILTERS].astype(np.float64), posinf=0.0, neginf=0.0)
    scale = float(np.abs(shown).max(initial=0.0))
    levels = np.rint(128 + 127 * shown / (scale or 1.0)).astype(np.uint8)  # (height, width, channels, n), 1 to 255
    return np.moveaxis(levels, -1, 0), scale


def look_at(model: Any, images: NDArray[np.uint8]) -> Looks:
    """The first layer's filters, and the probabilities of the samples ``images``, uint8 (n, height, width, channels)."""
    import keras

    from core.classifiers.runs import unit_pictures

    def array(values: Any) -> NDArray[np.float32]:
        return np.asarray(keras.ops.convert_to_numpy(values)).astype(np.float32)

    found: Looks = {"probabilities": array(model(unit_pictures(images), training=False))}  # (n, classes)
    first = next((layer for layer in model.layers if hasattr(layer, "kernel")), None)
    pictures = None if first is None else filter_pictures(array(first.kernel), images.shape[1:])
    if pictures is not None:
        found["filters"], found["filter_scale"] = pictures
    return found


# --- the process ------------------------------------------------------------------------------------------------------


def serve(train: Callable[..., Any], load: Callable[[str], Any], look: Look = look_at) -> None:
    """Train the run that standard input names, as ``classifiers.runs.run`` and ``datasets.load_dataset`` do it, and end."""
    if hasattr(os, "nice"):
        os.nice(max(0, NICENESS - os.nice(0)))  # a server that is nice itself has nice workers already
    incoming = sys.stdin.buffer
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not get among the pickles
    lock = threading.Lock()

    def tell(fields: Looks) -> None:
        with lock:
            pickle.dump(fields, outgoing)
            outgoing.flush()

    try:
        spec, paused = pickle.load(incoming)
        control = Control(paused)
        threading.Thread(target=_listen, args=(incoming, control), daemon=True).start()
        tell(_trained(spec, control, tell, train, load, look))
    except (ValueError, OSError, ArithmeticError, MemoryError) as error:  # these say what is wrong
        tell({"status": "failed", "message": str(error) or type(error).__name__})
    except Exception as error:
        logging.exception("a live run failed")
        tell({"status": "failed", "message": f"the run ended with {type(error).__name__}: {str(error)[:200]}"})
    os._exit(0)  # without the time that TensorFlow takes to end


def _listen(incoming: BinaryIO, control: Control) -> None:
    while True:
        try:
            control.obey(pickle.load(incoming))
        except (EOFError, OSError, pickle.UnpicklingError):  # the server has ended or let go of this run
            os._exit(1)


def _trained(
    spec: RunSpec,
    control: Control,
    tell: Callable[[Looks], None],
    train: Callable[..., Any],
    load: Callable[[str], Any],
    look: Look,
) -> Looks:
    """Train, again after every rewind; the last fields of the state."""
    with watched(Preparation(tell)):
        data = load(spec.dataset)
    tell({"has_data": True, "prepared": 0, "to_prepare": 0, "seconds_left": None})
    chosen = sample_indices(data.test.labels)
    samples = Samples(chosen, data.test.images[chosen], data.test.labels[chosen])
    tell({"samples": samples, "classes": tuple(data.info.classes)})
    size = min(len(data.train.images), spec.pictures or len(data.train.images))

    while True:
        follower = Follower(spec, size, control, tell, lambda model: look(model, samples.images))
        callbacks = {name: getattr(follower, name) for name in ("on_model", "on_step", "on_epoch", "should_stop")}
        try:
            result = train(spec, data=data, **callbacks)
        except RewoundError:
            control.begin_anew()
            continue
        if control.rewound:  # while it was measured
            control.begin_anew()
            continue
        break
    follower.tell("measuring", look=True, message=MEASURING)
    fields: Looks = {"status": "done" if result.finished else "stopped", "history": tuple(result.history), "seconds_left": 0.0}
    fields |= {"test": dict(result.test), "device": result.device, "parameters": result.parameters}
    fields["message"] = result.diverged or (
        f"Stopped after {MINUTES:g} minutes of training, which is as long as a live run lasts; take fewer pictures or epochs."
        if follower.late
        else ""
    )
    return fields


def main() -> None:
    """Train as the studies do, on the same data."""
    from core.classifiers.runs import run
    from core.datasets import load_dataset

    serve(run, load_dataset)


if __name__ == "__main__":
    main()
