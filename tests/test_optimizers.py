"""The rate over time, by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.optimizers import make_schedule
from core.specs import TrainSpec


def test_cosine_by_hand() -> None:
    rate = make_schedule(TrainSpec(epochs=3, learning_rate=0.8, schedule="cosine", warmup_epochs=1), 4)
    # four steps of warm-up from a quarter of the peak: 0.2 + step / 4 * 0.6; then eight down to 0
    expected = {0: 0.2, 1: 0.35, 2: 0.5, 4: 0.8, 6: 0.8 * (1 + np.sqrt(0.5)) / 2, 8: 0.4, 12: 0.0}
    for step, value in expected.items():
        assert float(rate(step)) == pytest.approx(value, abs=1e-6)
    rate = make_schedule(TrainSpec(epochs=2, learning_rate=1.0, schedule="cosine"), 5)
    assert [float(rate(step)) for step in (0, 5, 10)] == pytest.approx([1, 0.5, 0], abs=1e-6)


def test_a_constant_rate_may_be_warmed_up_to() -> None:
    # four steps from a quarter of the rate, 0.2 + step / 4 * 0.6, and no decay after them
    for epochs in (1, 3):  # however many there are: they may grow
        rate = make_schedule(TrainSpec(epochs=epochs, learning_rate=0.8, warmup_epochs=1), 4)
        expected = [0.2, 0.35, 0.5, 0.65, 0.8, 0.8, 0.8]
        assert [float(rate(step)) for step in (0, 1, 2, 3, 4, 7, 12)] == pytest.approx(expected, abs=1e-6)


def test_a_cosine_may_begin_anew_at_half_the_peak() -> None:
    spec = TrainSpec(epochs=5, learning_rate=0.8, schedule="cosine", warmup_epochs=1, restart_epochs=(3,))
    rate, first = make_schedule(spec, 4), make_schedule(TrainSpec(3, learning_rate=0.8, schedule="cosine", warmup_epochs=1), 4)
    for step in range(12):
        assert float(rate(step)) == float(first(step))  # as if it ended there
    # eight steps from 0.4 to 0
    expected = {12: 0.4, 14: 0.2 * (1 + np.sqrt(0.5)), 16: 0.2, 18: 0.2 * (1 - np.sqrt(0.5)), 20: 0.0}
    for step, value in expected.items():
        assert float(rate(step)) == pytest.approx(value, abs=1e-6)


def test_it_may_begin_anew_again_and_again() -> None:
    spec = TrainSpec(epochs=6, learning_rate=0.8, schedule="cosine", restart_epochs=(2, 3))
    rate, first = make_schedule(spec, 4), make_schedule(replace(spec, epochs=3, restart_epochs=(2,)), 4)
    for step in range(12):
        assert float(rate(step)) == float(first(step))
    # 0.8 to 0 in eight steps, 0.4 to 0 in four, 0.4 to 0 in twelve
    expected = {0: 0.8, 4: 0.4, 8: 0.4, 10: 0.2, 12: 0.4, 15: 0.2 * (1 + np.sqrt(0.5)), 18: 0.2, 24: 0.0}
    for step, value in expected.items():
        assert float(rate(step)) == pytest.approx(value, abs=1e-6)


def test_only_a_cosine_begins_anew_and_only_after_its_warm_up() -> None:
    for wrong in ({}, {"schedule": "cosine", "warmup_epochs": 2.5}):
        with pytest.raises(ValueError, match=r"restart_epochs go with schedule 'cosine' and lie after the warm-up; got \(2,\)"):
            TrainSpec(epochs=3, restart_epochs=(2,), **wrong)
    with pytest.raises(ValueError, match=r"a number in restart_epochs must lie in .* got 3"):
        TrainSpec(epochs=3, schedule="cosine", restart_epochs=(3,))
    for wrong in ((2, 1), (1, 1)):
        with pytest.raises(ValueError, match="restart_epochs must rise"):
            TrainSpec(epochs=3, schedule="cosine", restart_epochs=wrong)
    with pytest.raises(ValueError, match=r"must be a tuple of whole numbers; got \[1\]"):
        TrainSpec(epochs=3, schedule="cosine", restart_epochs=[1])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "schedule", [{"schedule": "constant"}, {"schedule": "cosine"}, {"schedule": "cosine", "restart_epochs": (2,)}]
)
def test_a_schedule_may_begin_later_and_is_stored_so(schedule: Any) -> None:
    import keras

    spec = TrainSpec(epochs=3, learning_rate=0.8, warmup_epochs=1, **schedule)
    whole, later = make_schedule(spec, 4), make_schedule(spec, 4, first_step=2, ramp=4)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(later))
    for step, ramp in enumerate((1 / 4, 2 / 4, 3 / 4, 1, 1, 1, 1, 1, 1, 1)):  # an epoch of four steps
        assert float(later(step)) == float(again(step)) == pytest.approx(ramp * float(whole(step + 2)), rel=1e-6)


def test_without_warm_up_a_constant_rate_is_a_number() -> None:
    assert make_schedule(TrainSpec(epochs=3, learning_rate=0.8), 4) == 0.8
    assert make_schedule(TrainSpec(epochs=3, learning_rate=0.8, warmup_epochs=0.1), 4) == 0.8  # less than half a step
    assert make_schedule(TrainSpec(epochs=3, learning_rate=0.8), 4, first_step=5) == 0.8
    later = make_schedule(TrainSpec(epochs=3, learning_rate=0.8), 4, first_step=5, ramp=4)
    assert [float(later(step)) for step in range(6)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 0.8])
