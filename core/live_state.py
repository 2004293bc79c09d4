"""What is known of a live run while it goes: its state, the limits of what may run, and losses thinned to a few hundred points.

Everything here is small and plain, so that a state can be sent between processes several times a second.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.specs import RunSpec

Status = Literal["queued", "starting", "running", "paused", "measuring", "done", "stopped", "failed"]
ACTIVE = ("starting", "running", "paused")  # it has a process, and training is to come or to go on
ENDED = ("done", "stopped", "failed")
COMMANDS = ("pause", "resume", "step", "step_epoch", "stop", "rewind")

MOST_EPOCHS = 50
MOST_BATCH = 4096
MOST_PICTURES = 600_000  # pictures x epochs
WHOLE_PART = 60_000  # what counts as the pictures of a whole training part of which the number is not known
MINUTES = 30.0  # of training, pauses excluded
PAUSE_MINUTES = 15.0  # that a run may stand still
TURN_SECONDS = 60.0  # that a run may stand still while others wait, before it gives its turn to one of them
TRACE_POINTS = 300
MEASURES = ("loss", "cross_entropy", "accuracy")
MEASURING = "What it has learned is measured on the test part."


class LiveError(ValueError):
    """A live run cannot be had or steered as asked; the text says why and what helps."""


def pictures_an_epoch(spec: RunSpec) -> int:
    """Pictures of an epoch of a run: those asked for, or the whole training part."""
    from core.classifiers.study_parts import PICTURES  # with it come the data sets, which a worker's start need not await

    return spec.pictures or PICTURES.get(spec.dataset, WHOLE_PART)


def check_live(spec: RunSpec) -> None:
    """Raise a ``ValueError`` where settings contradict each other, a ``LiveError`` where a run is too long to be watched."""
    from core.classifiers.architectures import check_run

    check_run(spec)
    training = spec.training
    if training.epochs > MOST_EPOCHS:
        raise LiveError(f"a live run takes at most {MOST_EPOCHS} epochs; got {training.epochs}: ask for fewer")
    if training.batch_size > MOST_BATCH:
        raise LiveError(f"a live run takes batches of at most {MOST_BATCH:,} pictures; got {training.batch_size:,}")
    pictures = pictures_an_epoch(spec)
    if pictures * training.epochs > MOST_PICTURES:
        fewer = max(1, MOST_PICTURES // pictures)
        raise LiveError(
            f"a live run sees at most {MOST_PICTURES:,} pictures in all its epochs; got {training.epochs} epochs of "
            f"{pictures:,}: take {fewer} epoch{'s' if fewer > 1 else ''}, or {MOST_PICTURES // training.epochs:,} pictures"
        )


def shortened(spec: RunSpec) -> RunSpec:
    """A run with as many of its epochs as a live run may have, each of as many pictures as before; itself where it fits."""
    training = spec.training
    epochs = min(training.epochs, MOST_EPOCHS, max(1, MOST_PICTURES // pictures_an_epoch(spec)))
    if epochs == training.epochs:
        return spec
    return replace(spec, training=training.shortened(epochs))


@dataclass(frozen=True, eq=False)
class Samples:
    """A few pictures of the test part, and what the network makes of them by now.

    indices: int64 (n,) into the test part. images: uint8 (n, height, width, channels). true: int64 (n,), classes.
    probabilities: float32 (n, classes), or None before the network has looked at them.
    """

    indices: NDArray[np.int64]
    images: NDArray[np.uint8]
    true: NDArray[np.int64]
    probabilities: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class LiveState:
    """A live run as it stands.

    place: in the queue, 1 is the next to start; 0 when it does not wait. since: when it was started, as ``time.monotonic``
    counts; None before. prepared, to_prepare: while it starts, pictures of its data set that are read or drawn, and how many
    there are; 0 of 0 where nobody counts them. has_data: whether they are all there, so that the network comes next. aside:
    it stood still while others waited and gave its turn to one of them; it keeps what it has learned, and waits its turn when
    it is to go on. epoch: whole epochs done; step: steps done of the one under way, of ``steps``. seconds: of training,
    pauses excluded; seconds_left: of what goes on, preparing or training, as it went so far; None where that is not known
    yet, and when nothing more is trained. history: a row for each epoch, as ``classifiers.runs.run`` gives them. trace:
    ``epochs`` (where, in epochs) and each of ``MEASURES``, means over stretches of training steps, all of one length.
    filters: uint8 (n, height, width, channels), weights of the first layer that sees the picture, 0 at 128, the largest at 1
    or 255; filter_scale: that largest weight. test: loss, cross_entropy and accuracy on the test part, when the run has
    ended. message: one sentence, or none.
    """

    run_id: str
    spec: RunSpec
    status: Status
    place: int = 0
    since: float | None = None
    prepared: int = 0
    to_prepare: int = 0
    has_data: bool = False
    aside: bool = False
    epoch: int = 0
    step: int = 0
    steps: int = 0
    seconds: float = 0.0
    seconds_left: float | None = None
    history: tuple[dict[str, Any], ...] = ()
    trace: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    filters: NDArray[np.uint8] | None = None
    filter_scale: float = 0.0
    samples: Samples | None = None
    classes: tuple[str, ...] = ()
    parameters: int = 0
    test: Mapping[str, float] | None = None
    device: str = ""
    message: str = ""

    @property
    def epochs(self) -> int:
        return self.spec.training.epochs

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def share(self) -> float:
        """How much of the run is done, 0 to 1, the part of an epoch in which it was stopped too; while it starts, of what is
        prepared for it."""
        if self.status == "starting":
            return self.prepared / self.to_prepare if self.to_prepare else 0.0
        under_way = self.step / self.steps if self.steps else 0.0
        return min(1.0, (self.epoch + under_way) / self.epochs)


class Trace:
    """Values of every step, kept as at most ``most`` means over stretches of equal length, which double when room is out."""

    def __init__(self, most: int = TRACE_POINTS) -> None:
        if most < 2 or most % 2:
            raise ValueError(f"most must be even and at least 2; got {most}")
        self.most = most
        self.stretch = 1  # steps behind a point
        self._points: dict[str, list[float]] = {}
        self._under_way: list[dict[str, float]] = []

    def add(self, values: Mapping[str, float]) -> None:
        """The values of one step; every step has the same names."""
        self._under_way.append(dict(values))
        if len(self._under_way) < self.stretch:
            return
        for name in values:
            points = self._points.setdefault(name, [])
            points.append(_mean([one[name] for one in self._under_way]))
        self._under_way.clear()
        if all(len(points) >= self.most for points in self._points.values()):
            for name, points in self._points.items():
                self._points[name] = [_mean(points[start : start + 2]) for start in range(0, self.most, 2)]
            self.stretch *= 2

    def values(self) -> dict[str, tuple[float, ...]]:
        return {name: tuple(points) for name, points in self._points.items()}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


class StepMeans:
    """Means over an epoch so far, as ``training.train`` tells them after each step -> the values of that step alone."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._pictures = 0

    def step(self, means: Mapping[str, float], pictures: int, *, first: bool) -> dict[str, float]:
        """means: over all steps of the epoch up to this one. pictures: of this step. first: whether an epoch begins."""
        if first:
            self._sums, self._pictures = {}, 0
        before, self._pictures = self._sums, self._pictures + pictures
        self._sums = {name: value * self._pictures for name, value in means.items()}
        return {name: (total - before.get(name, 0.0)) / pictures for name, total in self._sums.items()}
