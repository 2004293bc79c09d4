"""What a live run's process does: holding and stepping, thinning, pictures of weights, and a network that really learns."""

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest

from core import live_follower
from core.datasets import DATASETS
from core.live import LiveRuns
from core.live_follower import Control, Follower, Preparation
from core.live_state import StepMeans, Trace
from core.live_worker import _trained, filter_pictures, sample_indices
from core.progress import progress_bar
from core.specs import ClassifierSpec, RunSpec, TrainSpec
from core.training import DivergedError

ANNE = "anne" * 5


# --- thinning ---------------------------------------------------------------------------------------------------------


def test_a_trace_keeps_means_over_stretches_that_double():
    trace = Trace(most=4)
    for value in range(3):
        trace.add({"loss": float(value)})
    assert (trace.values(), trace.stretch) == ({"loss": (0.0, 1.0, 2.0)}, 1)
    trace.add({"loss": 3.0})
    assert (trace.values(), trace.stretch) == ({"loss": (0.5, 2.5)}, 2)
    trace.add({"loss": 4.0})
    assert trace.values() == {"loss": (0.5, 2.5)}  # half a stretch is no point yet
    for value in (5.0, 6.0, 7.0):
        trace.add({"loss": value})
    assert (trace.values(), trace.stretch) == ({"loss": (1.5, 5.5)}, 4)


def test_a_trace_never_grows_beyond_its_room():
    trace = Trace(most=10)
    for value in range(1000):
        trace.add({"loss": float(value), "accuracy": 0.5})
        assert len(trace.values()["loss"]) < 10
    assert trace.stretch == 128
    assert trace.values()["loss"][0] == np.arange(128).mean()
    with pytest.raises(ValueError, match="even"):
        Trace(most=3)


def test_means_so_far_become_the_values_of_each_step():
    means = StepMeans()
    assert means.step({"loss": 4.0}, 10, first=True) == {"loss": 4.0}
    assert means.step({"loss": 3.0}, 10, first=False) == {"loss": pytest.approx(2.0)}
    assert means.step({"loss": 3.2}, 5, first=False) == {"loss": pytest.approx(4.0)}  # (25 * 3.2 - 20 * 3) / 5
    assert means.step({"loss": 1.0}, 10, first=True) == {"loss": 1.0}


# --- holding ----------------------------------------------------------------------------------------------------------


class Steps(threading.Thread):
    """Goes through the gate of a control again and again, four steps an epoch, and counts."""

    def __init__(self, control: Control) -> None:
        super().__init__(daemon=True)
        self.control, self.count, self.held = control, 0, threading.Event()

    def run(self) -> None:
        while not self.control.stopped:
            self.count += 1
            self.control.gate(self.held.set, epoch_ended=self.count % 4 == 0)

    def after(self, command: str) -> int:
        """Steps done when the run stands still again after a command."""
        self.held.clear()
        self.control.obey(command)
        assert self.held.wait(30)
        return self.count


def test_a_rewind_after_a_stop_and_while_the_run_is_measured_begins_anew():
    part = SimpleNamespace(images=np.zeros((4, 2, 2, 1), np.uint8), labels=np.arange(4) % 2)
    data = SimpleNamespace(info=SimpleNamespace(classes=("shirt", "shoe")), train=part, test=part)
    control, stopped = Control(), []

    def train(spec: RunSpec, **callbacks: object) -> SimpleNamespace:
        stopped.append(control.stopped)
        if len(stopped) == 1:
            control.obey("stop")
            control.obey("rewind")
        return SimpleNamespace(finished=True, history=[], test={}, device="none", parameters=1, diverged=None)

    asked = RunSpec("clock-hours", ClassifierSpec("mlp-300"), TrainSpec(1))
    last = _trained(asked, control, lambda fields: None, train, lambda name: data, lambda model, images: {})
    assert stopped == [False, False]
    assert last["status"] == "done"


def test_of_a_run_that_diverges_in_its_first_epoch_no_test_figures_are_told():
    part = SimpleNamespace(images=np.zeros((4, 2, 2, 1), np.uint8), labels=np.arange(4) % 2)
    data = SimpleNamespace(info=SimpleNamespace(classes=("shirt", "shoe")), train=part, test=part)
    whole: list[dict[str, object]] = []

    def train(spec: RunSpec, **callbacks: object) -> SimpleNamespace:
        ended = str(DivergedError("loss is nan", spec.training, len(whole) + 1, 3, 9))
        test = {"accuracy": 0.5, "cross_entropy": 0.7}
        return SimpleNamespace(finished=False, history=whole, test=test, device="none", parameters=1, diverged=ended)

    asked = RunSpec("clock-hours", ClassifierSpec("mlp-300"), TrainSpec(2))
    last = []
    for history in ([], [{"epoch": 1}]):
        whole[:] = history
        last.append(_trained(asked, Control(), lambda fields: None, train, lambda name: data, lambda model, images: {}))
    assert [one["test"] for one in last] == [{}, {"accuracy": 0.5, "cross_entropy": 0.7}]
    assert last[0]["message"].endswith("the network before training.")
    assert last[0]["step"] == 0, "the message says in which batch"
    assert last[1]["message"].endswith("the network after epoch 1.")


def test_what_is_prepared_is_told_with_the_seconds_left(monkeypatch: pytest.MonkeyPatch):
    clock = iter((100.0, 100.1, 101.0, 103.0, 104.0))
    monkeypatch.setattr(live_follower, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    told: list[dict[str, object]] = []
    preparation = Preparation(told.append)
    for done in (600, 650, 700, 1000):
        preparation(done, 1000)
    # 600 lay there; the next 100 took one second, the last 300 two. What comes within a quarter of a second is not told.
    assert [(one["prepared"], one["seconds_left"]) for one in told] == [(600, None), (700, 3.0), (1000, 0.0)]
    preparation(20, 200)  # the next part of the data set
    assert told[-1] == {"prepared": 20, "to_prepare": 200, "seconds_left": None}


def test_reading_a_data_set_is_told_before_the_network_is_built():
    part = SimpleNamespace(images=np.zeros((4, 2, 2, 1), np.uint8), labels=np.arange(4) % 2)
    told: list[dict[str, object]] = []

    def load(name: str) -> SimpleNamespace:
        bar = progress_bar("drawing clocks")
        for done in (2, 4):
            bar(done, 4)
        return SimpleNamespace(info=SimpleNamespace(classes=("shirt", "shoe")), train=part, test=part)

    def train(spec: RunSpec, **callbacks: object) -> SimpleNamespace:
        assert any(one.get("has_data") for one in told)
        return SimpleNamespace(finished=True, history=[], test={}, device="none", parameters=1, diverged=None)

    asked = RunSpec("clock-hours", ClassifierSpec("mlp-300"), TrainSpec(1))
    _trained(asked, Control(), told.append, train, load, lambda model, images: {})
    assert [one["prepared"] for one in told if "prepared" in one] == [2, 4, 0]
    assert [one["to_prepare"] for one in told if "prepared" in one] == [4, 4, 0]


def test_a_paused_run_takes_a_step_or_an_epoch_at_a_time():
    control = Control(paused=True)
    steps = Steps(control)
    steps.start()
    assert steps.held.wait(30)
    assert steps.count == 1
    assert steps.after("step") == 2
    assert steps.after("step") == 3
    assert steps.after("step_epoch") == 4
    assert steps.after("step_epoch") == 8
    assert control.waited > 0
    control.obey("nonsense")
    assert not control.stopped
    control.obey("stop")
    steps.join(30)
    assert not steps.is_alive()


def test_pauses_are_no_training(monkeypatch: pytest.MonkeyPatch):
    """Four seconds of building, a pause of 100 before the first step, two steps of 3 seconds with one of 50 between them."""
    now, pauses = [1000.0], [100.0, 50.0]
    monkeypatch.setattr(live_follower, "time", SimpleNamespace(monotonic=lambda: now[0]))
    told: list[tuple[str, float]] = []
    control = Control(paused=True)

    def tell(fields: dict) -> None:
        if "seconds" in fields:
            told.append((fields["status"], fields["seconds"]))
        if fields.get("status") == "paused":
            now[0] += pauses.pop(0)
            control.obey("step")

    spec = RunSpec("clock-hours", ClassifierSpec("mlp-300"), TrainSpec(1, batch_size=10))
    follower = Follower(spec, 20, control, tell, lambda model: {})
    now[0] += 4
    follower.on_model(SimpleNamespace(count_params=lambda: 42))
    for step in (1, 2):
        now[0] += 3
        follower.on_step(step, 2, {"loss": 1.0})
    assert told == [("running", 0.0), ("paused", 0.0), ("paused", 3.0), ("running", 6.0)]
    assert (follower.seconds, control.waited) == (6.0, 150.0)


def test_a_rewind_ends_a_pause_and_keeps_it():
    control = Control(paused=True)
    control.obey("rewind")
    assert not control.gate(lambda: None)  # no waiting: training is to leave its loop
    control.begin_anew()
    assert (control.rewound, control.waited) == (False, 0.0)
    held = threading.Event()
    threading.Thread(target=control.gate, args=(held.set,), daemon=True).start()
    assert held.wait(30)
    control.obey("stop")


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_samples_are_one_of_each_class_and_the_same_every_time():
    labels = np.array([2, 0, 1, 1, 0, 2, 2])
    chosen = sample_indices(labels)
    assert labels[chosen].tolist() == [0, 1, 2]
    assert chosen.tolist() == sample_indices(labels).tolist()
    assert labels[sample_indices(labels, most=2)].tolist() == [0, 1]


def test_weights_of_convolutions_and_of_dense_layers_become_pictures():
    kernel = np.zeros((3, 3, 1, 2), np.float32)
    kernel[0, 1, 0, 0], kernel[2, 2, 0, 1] = 0.5, -0.25
    found = filter_pictures(kernel, (28, 28, 1))
    assert found is not None
    pictures, scale = found
    assert (pictures.shape, pictures.dtype, scale) == ((2, 3, 3, 1), np.uint8, 0.5)
    assert pictures[0, :, :, 0].tolist() == [[128, 255, 128], [128, 128, 128], [128, 128, 128]]
    assert pictures[1, 2, 2, 0] == 64  # 128 - 127 / 2, to the even number

    dense = np.arange(2 * 3 * 1 * 4, dtype=np.float32).reshape(6, 4)  # 2 x 3 pixels, four units
    found = filter_pictures(dense, (2, 3, 1))
    assert found is not None
    assert found[0].shape == (4, 2, 3, 1)
    assert found[0][3, 1, 2, 0] == 255  # the last pixel's weight to the last unit is the largest

    assert filter_pictures(np.zeros((3, 3, 16, 4), np.float32), (28, 28, 1)) is None
    assert filter_pictures(np.zeros((100, 4), np.float32), (28, 28, 1)) is None
    zeros = filter_pictures(np.zeros((784, 40), np.float32), (28, 28, 1))
    assert zeros is not None
    assert (zeros[0].shape, zeros[1], set(zeros[0].ravel())) == ((32, 28, 28, 1), 0.0, {128})
    broken = filter_pictures(np.full((3, 3, 1, 1), np.nan, np.float32), (28, 28, 1))
    assert broken is not None
    assert set(broken[0].ravel()) == {128}


# --- a network that learns --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def live() -> Iterator[LiveRuns]:
    there = LiveRuns()
    yield there
    there.close()


def test_a_network_learns_the_hours_and_does_so_again_to_the_bit(live: LiveRuns):
    info = DATASETS["clock-hours"]
    network = ClassifierSpec("mlp-300", input_shape=info.shape, classes=len(info.classes))
    spec = RunSpec("clock-hours", network, TrainSpec(epochs=2, batch_size=50, seed=3), pictures=200)

    def until(run_id, reached):
        state, end = live.state(run_id), time.monotonic() + 400  # TensorFlow takes its time on a busy machine
        while not reached(state):
            assert time.monotonic() < end, (state.status, state.message)
            assert state.status != "failed", state.message
            state = live.wait(state, 0.5)
        return state

    run_id = live.submit(spec, ANNE, paused=True)
    start = until(run_id, lambda state: state.status == "paused")
    assert start.parameters == 32 * 32 * 300 + 300 + 300 * 12 + 12
    assert start.filters is not None
    assert start.filters.shape == (32, 32, 32, 1)
    assert start.samples is not None
    assert start.samples.probabilities is not None
    assert start.samples.probabilities.shape == (12, 12)
    np.testing.assert_allclose(start.samples.probabilities.sum(-1), 1, atol=1e-5)
    live.step(run_id, ANNE)
    first = until(run_id, lambda state: (state.status, state.step) == ("paused", 1))
    assert not np.array_equal(first.filters, start.filters)
    assert first.steps == 4

    live.rewind(run_id, ANNE)  # in the same process
    again = until(run_id, lambda state: (state.status, state.step) == ("paused", 0))
    assert np.array_equal(again.filters, start.filters)
    assert np.array_equal(again.samples.probabilities, start.samples.probabilities)
    live.resume(run_id, ANNE)
    once = until(run_id, lambda state: state.ended)
    assert (once.status, once.epoch) == ("done", 2)
    assert set(once.test) >= {"loss", "cross_entropy", "accuracy"}
    assert once.trace["loss"][0] == first.trace["loss"][0]

    live.rewind(run_id, ANNE)  # in another one
    twice = until(run_id, lambda state: state.status == "paused")
    live.resume(run_id, ANNE)
    twice = until(run_id, lambda state: state.ended)
    for name in ("loss", "cross_entropy", "accuracy", "val_loss", "val_cross_entropy", "val_accuracy"):
        assert [row[name] for row in twice.history] == [row[name] for row in once.history], name
    assert twice.trace == once.trace
    assert twice.test == once.test
    assert np.array_equal(twice.samples.probabilities, once.samples.probabilities)
