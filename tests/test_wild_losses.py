"""Losses that leave out what a picture does not teach, against values worked out by hand and those for the course's clock."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.clocks.reader_data import point_maps
from core.clocks.time import soft_bins

ROOT = Path(__file__).resolve().parent.parent
NAN = float("nan")


def value(loss: str, true: Any, predicted: Any) -> float:
    from core.clocks import losses

    return float(np.asarray(getattr(losses, loss)(np.asarray(true, np.float32), np.asarray(predicted, np.float32))))


@pytest.mark.parametrize(
    ("loss", "expected"),
    [("taught_squared_error", (1 + 0 + 4) / 3), ("taught_absolute_error", (1 + 0 + 2) / 3)],
)
def test_errors_are_means_over_what_is_taught(loss: str, expected: float) -> None:
    """Of four errors 1, 0, 9, 2 the third is not taught."""
    assert value(loss, [[1, 2], [NAN, 4]], [[2, 2], [9, 2]]) == pytest.approx(expected)


def test_yes_or_no_by_hand() -> None:
    """Logit 0 is one bit of doubt, ln 2, either way; logit 3 for yes costs ln(1 + e^-3), for no ln(1 + e^3)."""
    assert value("taught_yes_or_no", [[1], [0]], [[0], [0]]) == pytest.approx(np.log(2))
    assert value("taught_yes_or_no", [[1], [NAN]], [[3], [-7]]) == pytest.approx(np.log1p(np.exp(-3)))
    assert value("taught_yes_or_no", [[0]], [[3]]) == pytest.approx(np.log1p(np.exp(3)))
    assert value("taught_yes_or_no", [[0], [1]], [[90], [-90]]) == pytest.approx(90)  # and does not overflow


@pytest.mark.parametrize("minutes", [0.0, 0.4, 359.0, 360.5, 719.0, 719.7])
@pytest.mark.parametrize("sigma", [0.05, 1.0, 2.0])
def test_soft_bins_are_those_of_the_clock(minutes: float, sigma: float) -> None:
    from core.clocks.losses import soft_bin_targets

    ours = np.asarray(soft_bin_targets(np.array([minutes], np.float32), np.array([sigma], np.float32)))
    np.testing.assert_allclose(ours[0], soft_bins(np.float32(minutes), sigma), atol=2e-4)
    assert ours.sum() == pytest.approx(1, abs=1e-5)


def test_bins_wrap_at_the_hour() -> None:
    """At 12:00 with a sigma of 1, 11:59 and 0:01 get the same share, e^-0.5 of the middle's; 6:00 gets none."""
    from core.clocks.losses import soft_bin_targets

    [shares] = np.asarray(soft_bin_targets(np.zeros(1, np.float32), np.ones(1, np.float32)))
    assert shares[719] == pytest.approx(shares[1])
    assert shares[1] / shares[0] == pytest.approx(np.exp(-0.5), rel=1e-5)
    assert shares[360] == 0


def test_bins_by_hand() -> None:
    """Even logits: ln 720 whatever the target. A sharp target whose logit is 10 above the others: ln(719 e^-10 + 1)."""
    even, sure = np.zeros(720), np.zeros(720)
    sure[5] = 10
    assert value("taught_bins", [[700, 2], [NAN, 2]], [even, sure]) == pytest.approx(np.log(720), rel=1e-5)
    assert value("taught_bins", [[5, 0.01]], [sure]) == pytest.approx(np.log(1 + 719 * np.exp(-10)), rel=1e-4)


def test_maps_are_the_first_readers() -> None:
    """Cross-entropy with ``reader_data.point_maps``; corners and borders among the places."""
    rng = np.random.default_rng(3)
    places = rng.random((4, 3, 2))
    places[0, 0], places[1, 1], places[2, 2] = (0, 1), (1, 1), (0.5, 0)
    logits = rng.normal(0, 2, (4, 25, 3))
    shares = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    each = -(point_maps(places, 5) * shares).sum(1)  # (4, 3)
    assert value("taught_maps", places, logits) == pytest.approx(each.mean(), rel=1e-5)
    places[1], places[3, 0] = NAN, NAN
    left = np.isfinite(places[..., 0])
    assert value("taught_maps", places, logits) == pytest.approx(each[left].mean(), rel=1e-5)


def test_maps_by_hand() -> None:
    """Two by two cells: a place in the middle is a quarter of each, so even logits cost ln 4, and so does any place."""
    assert value("taught_maps", [[[0.5, 0.5], [0, 1]]], np.zeros((1, 4, 2))) == pytest.approx(np.log(4))
    logits = np.full((1, 4, 1), -50.0)
    logits[0, 2] = 0  # row 1, column 0
    assert value("taught_maps", [[[0, 1]]], logits) == pytest.approx(0, abs=1e-6)
    assert value("taught_maps", [[[0.2, 1]]], logits) == pytest.approx(0.2 * 50, rel=1e-5)


CASES = {
    "taught_squared_error": ((4, 4), (4, 4)),
    "taught_absolute_error": ((4, 30), (4, 30)),
    "taught_yes_or_no": ((4, 1), (4, 1)),
    "taught_bins": ((4, 2), (4, 720)),
    "taught_maps": ((4, 15, 2), (4, 36, 15)),
}


@pytest.mark.parametrize("loss", CASES)
def test_a_batch_that_teaches_nothing_costs_nothing_and_moves_nothing(loss: str) -> None:
    import tensorflow as tf

    from core.clocks import losses

    true, predicted = CASES[loss]
    targets = np.full(true, NAN, np.float32)
    if loss == "taught_bins":
        targets[:, 1] = 1
    logits = tf.Variable(np.random.default_rng(0).normal(size=predicted).astype(np.float32))
    with tf.GradientTape() as tape:
        cost = getattr(losses, loss)(targets, logits)
    assert float(cost) == 0
    assert not np.any(tape.gradient(cost, logits))


@pytest.mark.parametrize("loss", CASES)
def test_gradients_are_finite_where_some_is_taught(loss: str) -> None:
    import tensorflow as tf

    from core.clocks import losses

    true, predicted = CASES[loss]
    rng = np.random.default_rng(0)
    targets = rng.random(true, np.float32)
    targets[1] = NAN
    if loss == "taught_bins":
        targets[:, 1] = 1
    logits = tf.Variable(rng.normal(size=predicted).astype(np.float32))
    with tf.GradientTape() as tape:
        cost = getattr(losses, loss)(targets, logits)
    slopes = np.asarray(tape.gradient(cost, logits))
    assert np.isfinite(slopes).all()
    assert not slopes[1].any()
    assert slopes[0].any()


def test_minutes_apart_counts_only_times_that_are_taught() -> None:
    """11:59.5 read as 0:01 is 1.5 apart, 6:00 read as 6:10 is 10; the third teaches no time. Batches add up."""
    from core.clocks.losses import MinutesApart

    metric = MinutesApart()
    read = np.zeros((3, 720), np.float32)
    read[[0, 1, 2], [1, 370, 9]] = 1
    metric.update_state(np.array([[719.5, 1], [360, 1], [NAN, 1]], np.float32), read)
    assert float(metric.result()) == pytest.approx((1.5 + 10) / 2)
    metric.update_state(np.array([[9, 1]], np.float32), read[2:])
    assert float(metric.result()) == pytest.approx((1.5 + 10 + 0) / 3)


def test_every_output_has_its_loss_and_weight() -> None:
    from core.clocks.losses import wild_reader_losses

    losses, weights, metrics = wild_reader_losses()
    assert set(losses) == set(weights) == {"bins", "hands", "maps", "points", "readable"}
    assert weights["hands"] == 10
    assert weights["readable"] == 0.5
    assert set(metrics) == {"bins"}


def drawn(loss: str) -> tuple[np.ndarray, np.ndarray]:
    """Targets, a part of them not taught, and what a network might say."""
    true, predicted = CASES[loss]
    rng = np.random.default_rng(5)
    targets = rng.random(true, np.float32)
    targets[2] = NAN
    if loss == "taught_bins":
        targets[:, 1] = 1.5
    return targets, rng.normal(size=predicted).astype(np.float32)


@pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed")
def test_losses_and_their_slopes_are_the_same_on_jax() -> None:
    code = """
import json
import jax, numpy as np
from core.clocks import losses
from test_wild_losses import CASES, drawn
found = {}
for loss in CASES:
    true, predicted = drawn(loss)
    cost, slopes = jax.jit(jax.value_and_grad(lambda said: getattr(losses, loss)(true, said)))(predicted)
    found[loss] = [float(cost), float(np.abs(np.asarray(slopes)).sum()), bool(np.asarray(slopes)[2].any())]
print(json.dumps(found))
"""
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    import tensorflow as tf

    from core.clocks import losses

    for loss, (cost, slope, moved) in json.loads(run.stdout).items():
        true, predicted = drawn(loss)
        logits = tf.Variable(predicted)
        with tf.GradientTape() as tape:
            ours = getattr(losses, loss)(true, logits)
        assert cost == pytest.approx(float(ours), rel=1e-4), loss
        assert slope == pytest.approx(float(np.abs(np.asarray(tape.gradient(ours, logits))).sum()), rel=1e-3), loss
        assert not moved, loss
