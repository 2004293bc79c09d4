"""Values with their slopes, on TensorFlow and on JAX: what Keras leaves to its backends."""

from collections.abc import Callable
from typing import Any


def value_and_slopes(function: Callable[..., tuple[Any, Any]]) -> Callable[..., tuple[tuple[Any, Any], Any]]:
    """``function(x, *rest) -> (value, notes)`` made into ``(x, *rest) -> ((value, notes), slopes)``.

    x: a tensor, or a list of them; value: one number that depends on it; slopes: of the value, shaped as x. Nesting works:
    ``function`` may ask for slopes itself. With the TensorFlow or the JAX backend.
    """
    import keras

    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return jax.value_and_grad(function, has_aux=True)
    if backend != "tensorflow":
        raise RuntimeError(f"slopes need KERAS_BACKEND=tensorflow or jax; got {backend}")
    import tensorflow as tf

    def with_slopes(x: Any, *rest: Any) -> tuple[tuple[Any, Any], Any]:
        x = keras.tree.map_structure(tf.convert_to_tensor, x)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            value, notes = function(x, *rest)
        return (value, notes), tape.gradient(value, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    return with_slopes
