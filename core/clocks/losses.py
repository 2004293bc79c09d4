"""Losses and metrics of the clock networks, each standing once. All take (batch, ...) tensors and work on any backend."""

from typing import Any

import keras
from keras import ops

from core.clocks.time import MINUTES


@keras.saving.register_keras_serializable("latent_oclock")
def minutes_apart(true: Any, predicted: Any) -> Any:
    """Metric ``(batch,)``: the smaller way round the dial, in minutes, between the likeliest bins of two (batch, 720)."""
    apart = ops.abs(ops.argmax(true, axis=-1) - ops.argmax(predicted, axis=-1))
    return ops.cast(ops.minimum(apart, MINUTES - apart), "float32")


@keras.saving.register_keras_serializable("latent_oclock")
def map_cross_entropy(true: Any, logits: Any) -> Any:
    """Loss ``(batch,)``: cross-entropy of (batch, cells, points) maps, each a distribution over its cells; mean of points."""
    shares = ops.log_softmax(ops.cast(logits, "float32"), axis=1)
    return -ops.mean(ops.sum(true * shares, axis=1), axis=-1)


def reader_losses() -> tuple[dict[str, Any], dict[str, float], dict[str, Any]]:
    """Losses, their weights and the metrics of ``networks.build_reader``'s four outputs.

    Bins: cross-entropy between soft circular bins and the softmax of the logits: precise near the truth. Hands: squared
    error of sine and cosine: its gradient leads from far away, where the bins are still flat. Maps: cross-entropy of where
    hub, tips and numerals lie: numerals are found as patterns before anything is known of the time. Points: absolute error
    of the maps' means in shares of the side, which sharpens them.
    """
    losses = {
        "bins": keras.losses.CategoricalCrossentropy(from_logits=True),
        "hands": keras.losses.MeanSquaredError(),
        "maps": map_cross_entropy,
        "points": keras.losses.MeanAbsoluteError(),
    }
    return losses, {"bins": 1.0, "hands": 10.0, "maps": 2.0, "points": 5.0}, {"bins": [minutes_apart]}
