"""Our training loop beside plain Keras: what is timed, in which order, and that both sides learn the same network."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from core import bench, training_pace
from core.clocks.report_networks import build_report_network
from core.layers import FusedBatchNormalization
from core.specs import ReportNetSpec, TrainSpec
from core.training_pace import Lesson, seconds_a_picture, with_plain_layers

PICTURES = 8


def tiny() -> keras.Model:
    inputs = keras.Input((4, 4, 1))
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(inputs)))


def test_medians_of_epochs_in_turn_without_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is asked when ours begins, and then four times an epoch: ours ends, theirs begins, theirs ends, ours begins."""
    clock = iter([0, 10, 11, 31, 32, 35, 36, 42, 43, 48, 49, 59, 60])
    monkeypatch.setattr(training_pace, "time", SimpleNamespace(perf_counter=lambda: float(next(clock))))
    images = np.full((PICTURES, 4, 4, 1), 255, np.uint8)
    lesson = Lesson(
        images, np.arange(PICTURES) % 3, "sparse_categorical_crossentropy", lambda: ["accuracy"], TrainSpec(9, 4, 0.1, "sgd")
    )
    ours, plain = tiny(), tiny()
    plain.set_weights(ours.get_weights())
    before = plain.get_weights()[0]
    # Ours took 10, then 3 and 5; theirs 20, then 6 and 10.
    assert seconds_a_picture(ours, plain, lesson, rounds=2) == (4 / PICTURES, 8 / PICTURES)
    assert next(clock, None) is None
    assert type(plain.optimizer) is keras.optimizers.SGD
    assert float(plain.optimizer.learning_rate) == pytest.approx(0.1)
    assert int(plain.optimizer.iterations) == int(ours.optimizer.iterations) == 3 * 2  # epochs of two batches
    assert np.abs(plain.get_weights()[0] - before).max() > 0


def test_the_plain_network_is_ours_without_fused_norm() -> None:
    ours = build_report_network(ReportNetSpec("2023", "classes-720"))
    plain = with_plain_layers(ours)
    kinds = [type(layer) for layer in plain._flatten_layers()]
    assert FusedBatchNormalization in [type(layer) for layer in ours._flatten_layers()]
    assert FusedBatchNormalization not in kinds
    assert kinds.count(keras.layers.BatchNormalization) == kinds.count(keras.layers.Dropout) == 5
    assert plain.count_params() == ours.count_params() == 731_500
    plain.set_weights(ours.get_weights())
    picture = np.random.default_rng(0).random((1, 150, 150, 1), np.float32)
    np.testing.assert_allclose(plain(picture), ours(picture), atol=1e-6)


def test_bench_sets_our_training_beside_the_plain_script(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[keras.Model, keras.Model, Lesson]] = []

    def pace(ours: keras.Model, plain: keras.Model, lesson: Lesson) -> tuple[float, float]:
        seen.append((ours, plain, lesson))
        return 0.002, 0.005

    monkeypatch.setattr(bench, "seconds_a_picture", pace)
    monkeypatch.setattr(bench, "TRAINED", 4)
    rows = bench.bench_training()
    assert [(row["ours_per_second"], row["plain_per_second"], row["ratio"]) for row in rows] == [(500, 200, 2.5)] * 3
    assert [row["ours"] for row in rows] == ["core.training, float32", *["core.training, mixed_bfloat16"] * 2]
    assert "the loop alone: Géron's CNN" in rows[0]["what"]
    for ours, plain, lesson in seen:
        assert ours.count_params() == plain.count_params()
        assert ours.layers[1].dtype_policy.name == lesson.spec.precision
        assert plain.layers[1].dtype_policy.name == "float32"
        assert lesson.images.shape == (4, *ours.inputs[0].shape[1:])
    kinds = {type(layer) for layer in seen[2][1]._flatten_layers()}
    assert (seen[2][1].count_params(), FusedBatchNormalization in kinds) == (731_500, False)
