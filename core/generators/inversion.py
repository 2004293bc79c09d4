"""From a picture back to a vector, where nothing encodes: the vector is moved until what it makes looks like the picture."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.generators.data import as_floats
from core.generators.latent import Vectors, random_vectors
from core.generators.stored import Generator
from core.images import Picture
from core.specs import check_range, check_whole

STARTS = 256  # random vectors, of which the nearest are begun with
RATE = 0.05


def invert(
    generator: Generator,
    pictures: Picture,
    *,
    steps: int = 150,
    prior: float = 1e-3,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    abort: Callable[[], bool] | None = None,
) -> tuple[Vectors, NDArray[np.float32]]:
    """Vectors (n, latent_size) whose pictures come near ``pictures`` uint8 (n, side, side, 3), and how near: (n,).

    Begun from the best of 256 random vectors, then ``steps`` steps of Adam on the mean squared error of the values in [0, 1]
    plus ``prior`` times the mean square of the vector, which keeps it among those that the generator knows; Creswell & Bharath
    2018, "Inverting the generator". How near: the root of the mean squared error of the best step. ``progress(done, steps)``
    after each step; ``abort()`` true ends it with the best so far. TensorFlow or JAX.
    """
    check_whole("steps", steps, 0, 10_000)
    check_range("prior", prior, 0, 1e3)
    given = np.asarray(pictures)
    if given.dtype != np.uint8 or given.shape[1:] != (generator.side, generator.side, 3) or not len(given):
        raise ValueError(
            f"pictures for {generator.card.model_id} must be uint8 (n, {generator.side}, {generator.side}, 3), n at least 1; "
            f"got {given.dtype} {given.shape}"
        )
    import keras
    from keras import ops

    from core.gradients import value_and_slopes

    target = as_floats(given)  # (n, side, side, 3)
    network = generator.decoder.model
    vectors = keras.Variable(_nearest_start(generator, target, seed), name="vectors")
    optimizer = keras.optimizers.Adam(RATE)
    optimizer.build([vectors])

    def loss(moved: list) -> tuple:
        made = network(moved[0], training=False)
        errors = ops.mean(ops.square(made - target), axis=(1, 2, 3))  # (n,)
        return ops.sum(errors + prior * ops.mean(ops.square(moved[0]), axis=1)), errors

    turn = _compiled(value_and_slopes(loss))
    best = np.zeros((len(given), generator.latent_size), np.float32)
    least = np.full(len(given), np.inf, np.float32)
    for step in range(steps + 1):  # the last look moves nothing
        at = np.array(ops.convert_to_numpy(vectors), np.float32)
        (_, errors), slopes = turn([at])
        now = np.array(ops.convert_to_numpy(errors), np.float32)
        better = now < least
        best[better], least[better] = at[better], now[better]
        if step == steps or (abort is not None and abort()):
            break
        optimizer.apply(slopes, [vectors])
        if progress is not None:
            progress(step + 1, steps)
    return best, np.sqrt(least)


def _nearest_start(generator: Generator, target: NDArray[np.float32], seed: int) -> Vectors:
    """For each picture the one of ``STARTS`` random vectors that makes the nearest picture: (n, latent_size)."""
    vectors = random_vectors(seed, STARTS, generator.latent_size)
    made = np.asarray(generator.decoder(vectors), np.float32).reshape(STARTS, -1)
    flat = target.reshape(len(target), -1)
    distances = np.square(made).sum(1)[None] - 2 * flat @ made.T  # (n, STARTS), up to a constant of each row
    return vectors[distances.argmin(1)]


def _compiled(function: Callable) -> Callable:
    """Traced once for the backend at hand: a step takes a fraction of the time."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    import tensorflow as tf

    return tf.function(function)
