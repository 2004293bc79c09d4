"""Whether points form a dial, against views whose truth is known."""

import numpy as np
import pytest

from core.clocks.face import render
from core.clocks.fit import MISFIT_LIMIT, fit_dial, minutes_of_tips
from core.clocks.time import ClockTime


@pytest.mark.parametrize("seed", range(5))
def test_a_drawn_dial_fits_to_the_hundredth_and_its_tips_tell_its_time(seed: int) -> None:
    truth = render(ClockTime(4, 40), seed=seed).truth
    misfit, view = fit_dial(truth.points)
    assert misfit < 1e-4
    assert view is not None
    np.testing.assert_allclose(view / view[2, 2], truth.homography / truth.homography[2, 2], rtol=1e-3, atol=1e-3)
    assert minutes_of_tips(truth.points, view) == pytest.approx(280, abs=0.01)


def test_misfit_is_in_dial_radii() -> None:
    truth = render(ClockTime(4, 40), "report-straight", seed=1).truth  # radius 60 pixels
    moved = truth.points + np.random.default_rng(0).normal(0, 6, truth.points.shape)
    misfit, _ = fit_dial(moved)
    assert 0.05 < misfit < 0.16  # noise of a tenth of the radius along each axis, less what eight parameters take up
    assert fit_dial(truth.points * 3)[0] < 1e-4


@pytest.mark.parametrize("seed", range(3))
def test_a_dial_in_a_mirror_is_none(seed: int) -> None:
    """Its numerals lie where a flat dial's lie, but for their order: hands read on it would run backwards."""
    points = render(ClockTime(4, 40), seed=seed).truth.points
    assert fit_dial(points)[0] < MISFIT_LIMIT
    assert fit_dial(points * [-1, 1] + [149, 0]) == (float("inf"), None)
    assert fit_dial(points * [-1, -1] + [149, 149])[0] < MISFIT_LIMIT, "upside down it is one"


def test_points_that_are_no_dial() -> None:
    rng = np.random.default_rng(3)
    assert min(fit_dial(rng.uniform(0, 150, (15, 2)))[0] for _ in range(20)) > MISFIT_LIMIT
    assert fit_dial(np.full((15, 2), 75.0))[0] > MISFIT_LIMIT
    assert fit_dial(np.full((15, 2), np.nan)) == (float("inf"), None)
