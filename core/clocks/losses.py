"""Losses and metrics of the clock networks, each standing once. All take (batch, ...) tensors and work on any backend."""

from typing import Any

import keras
from keras import ops

from core.clocks.forms import HAND_WEIGHTS
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


# --- the reports' own, as published and corrected ---------------------------------------------------------------------


@keras.saving.register_keras_serializable("latent_oclock")
def custom_mae_as_published(true: Any, predicted: Any) -> Any:
    """2022, Listing 1: ``(batch, 1)`` hours -> ``(batch, 1)``.

    ``min(|t - p|, |t - p - 12|)``: only a prediction *below* the truth across 12 is wrapped: 11.9 read for 0.1 costs 11.8,
    0.1 read for 11.9 costs 0.2. Predictions outside [0, 12] are punished by ten times a logarithm. The report prints the
    penalty on a line of its own after ``return``, where Python would not take it; it is read here as part of the sum.
    """
    tail, penalty = 0.001, 10.0
    below = ops.minimum(predicted, 0.0) - tail
    above = ops.maximum(predicted - 12.0, 0.0) + tail
    apart = ops.minimum(ops.abs(true - predicted), ops.abs(true - predicted - 12.0))
    return apart + penalty * (ops.log(above) + ops.log(-below) - 2.0 * ops.log(tail))


@keras.saving.register_keras_serializable("latent_oclock")
def custom_mae_corrected(true: Any, predicted: Any) -> Any:
    """The smaller way round twelve hours, ``(batch, 1)`` hours -> ``(batch, 1)`` in [0, 6]."""
    apart = ops.mod(ops.abs(true - predicted), 12.0)
    return ops.minimum(apart, 12.0 - apart)


@keras.saving.register_keras_serializable("latent_oclock")
def custom_mse_as_published(true: Any, predicted: Any) -> Any:
    """2022, Listing 2: ``(batch, 4)`` -> ``(4,)``: ``sqrt(sum(square(t - p)) * [3600, 3600, 1, 1] / 3601)``.

    A bracket stands in the wrong place: the weights multiply the sum over everything, the batch too, so hours weigh no
    more than minutes and the value grows with the root of the batch.
    """
    total = ops.sum(ops.square(true - predicted))
    return ops.sqrt(total * ops.convert_to_tensor(HAND_WEIGHTS, dtype="float32") / 3601.0)


@keras.saving.register_keras_serializable("latent_oclock")
def custom_mse_corrected(true: Any, predicted: Any) -> Any:
    """Weight, then sum: ``(batch, 4)`` -> ``(batch,)``: ``sqrt(sum([3600, 3600, 1, 1] * square(t - p)) / 3601)``."""
    weights = ops.convert_to_tensor(HAND_WEIGHTS, dtype="float32")
    # A hair above zero: the root's slope is infinite there.
    return ops.sqrt(ops.sum(weights * ops.square(true - predicted), axis=-1) / 3601.0 + 1e-12)
