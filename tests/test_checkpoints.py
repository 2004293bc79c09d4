"""Stopped and resumed runs against whole ones, to the bit; checkpoints of other runs are refused."""

import functools
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.checkpoints import CHECKPOINT_FILE, CheckpointError, Progress, difference, fingerprint, identity, store
from core.specs import TrainSpec
from core.training import TrainingResult, train
from tests.test_training import EARLIER, FULL, LOSS, line, pictures, run, same_rows, stop_after, tiny

ROOT = Path(__file__).resolve().parent.parent
# Of 24 pictures every batch has as many, so that TensorFlow traces a step for one size alone: a third of the time of a run.
# What a smaller last batch asks of a checkpoint is seen where a run is stopped at each of its steps.
evenly = functools.partial(run, count=24)


@pytest.fixture(scope="module")
def whole() -> tuple[TrainingResult, list[np.ndarray]]:
    return run()


def test_seeds_reproduce(whole: tuple[TrainingResult, list[np.ndarray]]) -> None:
    result, weights = run()
    same_rows(result.history, whole[0].history)
    for ours, theirs in zip(weights, whole[1], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    other = run(replace(FULL, seed=6), should_stop=stop_after(6))[0]
    assert other.history[0]["loss"] != result.history[0]["loss"]


@pytest.mark.parametrize("steps", [[6], [4], [1, 11]])  # 6 steps an epoch: at its end, in its middle
def test_stopped_and_resumed_runs_end_with_the_same_bits(
    steps: list[int], whole: tuple[TrainingResult, list[np.ndarray]], tmp_path: Path
) -> None:
    for turn, count in enumerate(steps):
        result, _ = run(seed=90 + turn if turn else 5, checkpoint=tmp_path, should_stop=stop_after(count))
        assert not result.finished
    assert result.epochs_trained == sum(steps) // 6
    result, weights = run(seed=99, checkpoint=tmp_path)  # other first weights and dropout seeds: all comes from the file
    assert result.finished
    same_rows(result.history, whole[0].history)
    for ours, theirs in zip(weights, whole[1], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    again, weights = run(seed=98, checkpoint=tmp_path)  # nothing left to do
    assert (again.finished, again.steps_per_second, again.seconds) == (True, 0, result.seconds)
    for ours, theirs in zip(weights, whole[1], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_fresh_process_ends_with_the_same_bits(whole: tuple[TrainingResult, list[np.ndarray]], tmp_path: Path) -> None:
    run(checkpoint=tmp_path, should_stop=stop_after(8))
    program = (
        "import sys, numpy as np; from pathlib import Path; from tests.test_training import run\n"
        "np.savez(sys.argv[2], *run(seed=1, checkpoint=Path(sys.argv[1]))[1])"
    )
    arguments = [str(tmp_path), str(tmp_path / "weights.npz")]
    subprocess.run([sys.executable, "-c", program, *arguments], check=True, cwd=ROOT, timeout=120)
    with np.load(tmp_path / "weights.npz") as weights:
        for ours, theirs in zip(weights.values(), whole[1], strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_constant_rates_may_go_on_for_longer(tmp_path: Path) -> None:
    spec = TrainSpec(epochs=1, batch_size=4, ema=0.5, seed=5)
    evenly(spec, checkpoint=tmp_path)
    longer, weights = evenly(replace(spec, epochs=2), seed=7, checkpoint=tmp_path)
    at_once, expected = evenly(replace(spec, epochs=2))
    same_rows(longer.history, at_once.history)
    for ours, theirs in zip(weights, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(CheckpointError, match="2 epochs already"):
        evenly(spec, checkpoint=tmp_path)


def test_a_cosine_that_ended_begins_anew_where_it_ended(tmp_path: Path) -> None:
    """One restart after the other, as a recipe grows; the same as all of them at once."""
    stages = [FULL, replace(FULL, epochs=4, restart_epochs=(3,)), replace(FULL, epochs=6, restart_epochs=(3, 4))]
    assert stages[2].beginnings() == stages[:2]
    evenly(stages[0], checkpoint=tmp_path)
    for seed, spec in enumerate(stages[1:], 7):  # of first weights that the checkpoint's replace
        grown, weights = evenly(spec, seed=seed, checkpoint=tmp_path)
    at_once, expected = evenly(stages[2])
    # A row tells the rate of the step to come: 0 where a run ended, and half the peak of 0.01 where one knew that it goes on.
    for result, rate in ((grown, 0.0), (at_once, 0.005)):
        assert [row.pop("learning_rate") for row in result.history[2:4]] == pytest.approx([rate, rate], abs=1e-8)
    same_rows(grown.history, at_once.history)
    for ours, theirs in zip(weights, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(CheckpointError, match="epochs = 6, not 7"):
        evenly(replace(FULL, epochs=7, restart_epochs=(3, 5)), checkpoint=tmp_path)


def test_checkpoints_of_other_runs_are_refused(tmp_path: Path) -> None:
    run(checkpoint=tmp_path, should_stop=stop_after(2))
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_FILE]
    with pytest.raises(CheckpointError, match=r"learning_rate = 0\.01, not 0\.1"):
        run(replace(FULL, learning_rate=0.1), checkpoint=tmp_path)
    with pytest.raises(CheckpointError, match="epochs = 3, not 4"):
        run(replace(FULL, epochs=4), checkpoint=tmp_path)
    with pytest.raises(CheckpointError, match="another model"):
        train(line(), pictures(), FULL, loss="mse", checkpoint=tmp_path)
    with pytest.raises(CheckpointError, match="another size"):
        train(tiny(1), pictures(9), FULL, loss=LOSS, checkpoint=tmp_path)
    (tmp_path / CHECKPOINT_FILE).write_bytes((tmp_path / CHECKPOINT_FILE).read_bytes()[:500])
    with pytest.raises(CheckpointError, match="damaged"):
        run(checkpoint=tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
def test_signals_write_a_checkpoint_first(
    number: int, error: type[BaseException], whole: tuple[TrainingResult, list[np.ndarray]], tmp_path: Path
) -> None:
    before = signal.getsignal(number)
    with pytest.raises(error):
        run(checkpoint=tmp_path, on_step=lambda step, *_: os.kill(os.getpid(), number) if step == 4 else None)
    assert signal.getsignal(number) is before
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_FILE]
    if number == signal.SIGINT:
        return  # one of the two may show that the checkpoint is good
    for ours, theirs in zip(run(seed=8, checkpoint=tmp_path)[1], whole[1], strict=True):
        np.testing.assert_array_equal(ours, theirs)


# --- going on from stored weights --------------------------------------------------------------------------------


def test_a_run_that_took_weights_over_resumes_to_the_bit(tmp_path: Path) -> None:
    """Its optimiser counts from 0, its schedule from the epochs before: both come back from the checkpoint."""
    earlier = EARLIER[:1]
    expected, weights = evenly(earlier=earlier)
    assert expected.epochs_trained == 3
    for steps in (0, 3, 9):
        folder = tmp_path / str(steps)
        if steps:
            evenly(earlier=earlier, checkpoint=folder, should_stop=stop_after(steps))
            assert json.loads(str(np.load(folder / CHECKPOINT_FILE)["notes"]))["progress"]["first_step"] == 6
        result, found = evenly(seed=5 if not steps else 77, earlier=[] if steps else earlier, checkpoint=folder)
        same_rows(result.history, expected.history)
        for ours, theirs in zip(found, weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_an_older_run_that_took_weights_over_goes_on_without_a_ramp(tmp_path: Path) -> None:
    """Its constant rate was a number, which Keras keeps among the optimiser's variables; a schedule is none of them."""
    spec = replace(FULL, schedule="constant", warmup_epochs=0.0)
    evenly(spec, checkpoint=tmp_path, should_stop=stop_after(8))
    path = tmp_path / CHECKPOINT_FILE
    with np.load(path) as file:
        arrays = dict(file)
    notes = json.loads(str(arrays.pop("notes")))
    notes["progress"]["first_step"] = 6
    del notes["progress"]["ramp"], notes["spec"]["restart_epochs"]
    np.savez(path, allow_pickle=False, notes=np.array(json.dumps(notes)), **arrays)
    result, weights = evenly(spec, seed=9, checkpoint=tmp_path)
    assert result.finished
    for ours, theirs in zip(weights, evenly(spec)[1], strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_a_run_resumes_within_and_after_its_ramp(schedule: Any, tmp_path: Path) -> None:
    spec = replace(FULL, schedule=schedule, warmup_epochs=0.0, restart_epochs=(2,) if schedule == "cosine" else ())
    expected, weights = evenly(spec, earlier=EARLIER[:1])
    rates = [row["learning_rate"] for row in expected.history[1:]]
    peak = spec.learning_rate
    assert rates == pytest.approx([peak, peak] if schedule == "constant" else [peak / 2, 0.0], abs=1e-9)
    for steps in (2, 6, 7):
        folder = tmp_path / str(steps)
        evenly(spec, earlier=EARLIER[:1], checkpoint=folder, should_stop=stop_after(steps))
        result, found = evenly(spec, seed=77, checkpoint=folder)
        same_rows(result.history, expected.history)
        for ours, theirs in zip(found, weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)


# --- what a checkpoint belongs to --------------------------------------------------------------------------------


def network(activation: str = "relu", dropout: float = 0.5, layers: int = 1, seed: int | None = None) -> Any:
    import keras

    inputs = keras.Input((4,))
    x = inputs
    for _ in range(layers):
        x = keras.layers.Dense(4, activation=activation)(x)
    x = keras.layers.Dropout(dropout, seed=seed)(x)
    x = keras.layers.Softmax()(keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])(x))
    return keras.Model(inputs, {"a": x, "b": keras.layers.Add()([x, inputs])})


def with_byte_dropout(layer: Any) -> Any:
    import keras

    from core.lean_layers import ByteDropout

    kind = ByteDropout if isinstance(layer, keras.layers.Dropout) else type(layer)
    return kind.from_config(layer.get_config())


def about(model: Any, loss: Any = "mse", weights: Any = None) -> dict[str, Any]:
    return identity(model, model.variables, 9, loss, weights)


def scaled(true: Any, predicted: Any, scale: float = 1.0) -> Any:
    return scale * (true - predicted) ** 2


def test_equal_models_are_equal_whenever_they_were_built() -> None:
    import keras

    expected = about(network())
    keras.layers.Softmax()  # names go on counting
    assert about(network()) == expected
    assert about(network(seed=4)) == expected  # the state of its random numbers is in the checkpoint
    assert about(tiny(3)) == about(tiny(4))
    lean = keras.models.clone_model(network(), clone_function=with_byte_dropout)
    assert about(lean) == expected  # computes the same
    fine = keras.losses.CategoricalCrossentropy
    for loss in (
        lambda: fine(from_logits=True),
        lambda: {"a": "mse", "b": scaled},
        lambda: functools.partial(scaled, scale=2.0),
    ):
        assert about(network(), loss()) == about(network(), loss())


def test_a_run_may_go_on_on_another_backend() -> None:
    def state(*kinds: str) -> list[Any]:
        return [SimpleNamespace(shape=(3, 2), dtype=kind) for kind in kinds]  # weights, a count, seeds

    on_tensorflow = fingerprint(state("float32", "int64", "int64"))
    assert fingerprint(state("float32", "int32", "uint32")) == on_tensorflow  # JAX
    assert fingerprint(state("float32", "int32", "float32")) != on_tensorflow


def test_another_network_or_loss_is_another_run() -> None:
    import keras

    fine = keras.losses.CategoricalCrossentropy
    networks = [about(model)["network"] for model in (network(), network("elu"), network(dropout=0.4), network(layers=2))]
    losses = [
        "mse",
        "mae",
        scaled,
        fine(),
        fine(from_logits=True),
        {"a": "mse"},
        {"b": "mse"},
        functools.partial(scaled, scale=2.0),
    ]
    assert len(set(networks)) == len(networks)
    assert len({about(network(), loss)["loss"] for loss in losses}) == len(losses)
    assert about(network(), "mse", {"a": 1.0})["loss"] != about(network(), "mse", {"a": 2.0})["loss"]


def test_checkpoints_of_other_networks_and_losses_are_refused(tmp_path: Path) -> None:
    import keras

    run(checkpoint=tmp_path, should_stop=stop_after(2))
    other = tiny(5)
    other.layers[3].rate = 0.6
    with pytest.raises(CheckpointError, match="another model"):
        train(other, pictures(), FULL, loss=LOSS, checkpoint=tmp_path)
    with pytest.raises(CheckpointError, match="another loss"):
        train(tiny(5), pictures(), FULL, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), checkpoint=tmp_path)


def test_a_checkpoint_of_other_pictures_is_refused(tmp_path: Path) -> None:
    train(tiny(5), pictures(), FULL, loss=LOSS, checkpoint=tmp_path, data_version="first", should_stop=stop_after(2))
    with pytest.raises(CheckpointError, match="other pictures"):
        train(tiny(5), pictures(), FULL, loss=LOSS, checkpoint=tmp_path, data_version="second")
    assert train(tiny(5), pictures(), FULL, loss=LOSS, checkpoint=tmp_path, data_version="first").finished


def test_older_checkpoints_are_still_taken(whole: tuple[TrainingResult, list[np.ndarray]], tmp_path: Path) -> None:
    """They say nothing of layers and loss, nor where the schedule began."""
    run(checkpoint=tmp_path, should_stop=stop_after(8))
    path = tmp_path / CHECKPOINT_FILE
    with np.load(path) as file:
        arrays = dict(file)
    notes = json.loads(str(arrays.pop("notes")))
    del notes["identity"]["network"], notes["identity"]["loss"], notes["identity"]["data"], notes["progress"]["first_step"]
    np.savez(path, allow_pickle=False, notes=np.array(json.dumps(notes)), **arrays)
    result, weights = run(seed=9, checkpoint=tmp_path)
    assert result.finished
    for ours, theirs in zip(weights, whole[1], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    del notes["identity"]["size"]
    np.savez(path, allow_pickle=False, notes=np.array(json.dumps(notes)), **arrays)
    with pytest.raises(CheckpointError, match="another size"):
        run(checkpoint=tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"epochs": 40, "restart_epochs": (10, 20, 30), "warmup_epochs": 2.0}, ""),  # it was asked for more meanwhile
        ({"learning_rate": 0.02}, "learning_rate = 0.01, not 0.02"),
        ({"seed": 7}, "seed = 6, not 7"),
    ],
)
def test_of_two_checkpoints_it_is_said_whether_one_may_go_on_from_the_other(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    spec = TrainSpec(20, 8, 0.01, schedule="cosine", warmup_epochs=1.0, restart_epochs=(10,), seed=6)
    for name, one in (("here", spec), ("there", replace(spec, **changes))):
        store(tmp_path / name, [], one, {"variables": "a", "data": "d"}, Progress(3))
    assert difference(tmp_path / "here", tmp_path / "there") == said
    store(tmp_path / "there", [], spec, {"variables": "a", "data": "e"}, Progress(3))
    assert difference(tmp_path / "here", tmp_path / "there") == "other data"
