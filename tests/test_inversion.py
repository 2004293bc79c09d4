"""Pictures taken back to vectors, where a generator is so plain that the answer is known: grey and a tenth of a vector."""

import numpy as np
import pytest
from toy_generators import card_of

from core.generators.inversion import STARTS, invert
from core.generators.latent import random_vectors
from core.generators.stored import Generator
from core.registry import TrainedModel


@pytest.fixture(scope="module")
def plain() -> Generator:
    """(x, y) -> four pixels of red 0.5 + x / 10, green 0.5 + y / 10 and blue 0.5."""
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(12), keras.layers.Reshape((2, 2, 3))])
    kernel = np.tile(np.array([[0.1, 0, 0], [0, 0.1, 0]]), 4)
    model.set_weights([kernel, np.full(12, 0.5)])
    card = card_of("gan-leaves")
    return Generator(card, "gan", 2, 2, TrainedModel(card, model))


def picture(x: float, y: float) -> np.ndarray:
    return np.rint(255 * np.tile([0.5 + x / 10, 0.5 + y / 10, 0.5], (1, 2, 2, 1))).astype(np.uint8)


def apart(vectors: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The root of the mean squared error of twelve values: red and green are off by a tenth of x and y, blue by rounding."""
    x, y, blue = 10 * (target[0, 0, 0] / 255 - 0.5)
    return np.sqrt(((vectors[:, 0] - x) ** 2 + (vectors[:, 1] - y) ** 2 + blue**2) / 300)


@pytest.mark.parametrize("seed", [0, 5])
def test_without_a_step_it_is_the_nearest_of_the_random_vectors_of_that_seed(plain: Generator, seed: int) -> None:
    target, vectors = picture(1, -1), random_vectors(seed, STARTS, 2)
    found, errors = invert(plain, target, steps=0, seed=seed)
    np.testing.assert_allclose(found, vectors[[apart(vectors, target).argmin()]], atol=1e-6)
    np.testing.assert_allclose(errors, apart(vectors, target).min(), rtol=1e-3)


def test_a_step_that_leads_away_is_not_kept(plain: Generator) -> None:
    """From where the picture is all but met, the first step, of 0.05, goes past it; beside it, another picture is neared."""
    start = random_vectors(0, STARTS, 2)[:1]
    met = picture(*start[0])
    found, errors = invert(plain, np.concatenate([met, picture(4, -4)]), steps=2, prior=0)
    np.testing.assert_allclose(found[:1], start, atol=1e-6)
    np.testing.assert_allclose(errors[0], apart(start, met)[0], atol=1e-5)
    assert errors[1] < invert(plain, picture(4, -4), steps=0)[1][0] - 0.005


def test_the_prior_holds_vectors_among_those_that_are_known(plain: Generator) -> None:
    """Four deviations out on both axes there are no random vectors: to get there one must leave them."""
    far = picture(4, -4)
    [begun], [free], [held] = (
        invert(plain, far, steps=steps, prior=prior)[1] for steps, prior in ((0, 0.0), (60, 0.0), (60, 1000.0))
    )
    assert free < begun / 4
    assert held == pytest.approx(begun), "every step of it led towards zero"
