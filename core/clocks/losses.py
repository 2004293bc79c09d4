"""Losses and metrics of the clock networks, each standing once. All take (batch, ...) tensors and work on any backend."""

import math
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


# --- of readers that learn from pictures of many kinds, not all of which can teach everything ---------------------------
#
# What a picture does not teach is NaN in its targets. Each loss is the mean over what is taught, 0 where nothing is.


def _mean_taught(values: Any, taught: Any) -> Any:
    """Mean of ``values`` where ``taught`` (the same shape); 0, with no gradient, where that is nowhere."""
    count = ops.sum(ops.cast(taught, "float32"))
    return ops.sum(ops.where(taught, values, 0.0)) / ops.maximum(count, 1.0)


def _known(true: Any) -> tuple[Any, Any]:
    """Where ``true`` is taught, and ``true`` with zeros elsewhere: a gradient through NaN is NaN, even when masked."""
    true = ops.cast(true, "float32")
    unknown = ops.isnan(true)
    return ops.logical_not(unknown), ops.where(unknown, 0.0, true)


def soft_bin_targets(minutes: Any, sigma_minutes: Any) -> Any:
    """``clocks.time.soft_bins`` as a tensor: minutes (batch,) in [0, 720) and widths (batch,) -> (batch, 720)."""
    apart = ops.abs(minutes[:, None] - ops.arange(MINUTES, dtype="float32"))  # (batch, 720)
    apart = ops.minimum(apart, MINUTES - apart)
    return ops.softmax(-0.5 * ops.square(apart / sigma_minutes[:, None]), axis=-1)


@keras.saving.register_keras_serializable("latent_oclock")
def taught_bins(true: Any, logits: Any) -> Any:
    """Loss, a scalar: cross-entropy of (batch, 720) logits with soft bins; ``true`` (batch, 2): minutes or NaN, sigma."""
    taught, known = _known(true)
    targets = soft_bin_targets(known[:, 0], known[:, 1])
    surprise = -ops.sum(targets * ops.log_softmax(logits, axis=-1), axis=-1)  # (batch,)
    return _mean_taught(surprise, taught[:, 0])


@keras.saving.register_keras_serializable("latent_oclock")
def taught_squared_error(true: Any, predicted: Any) -> Any:
    """Loss, a scalar: mean of the squared errors of what is taught; any one shape."""
    taught, known = _known(true)
    return _mean_taught(ops.square(predicted - known), taught)


@keras.saving.register_keras_serializable("latent_oclock")
def taught_absolute_error(true: Any, predicted: Any) -> Any:
    """Loss, a scalar: mean of the absolute errors of what is taught; any one shape."""
    taught, known = _known(true)
    return _mean_taught(ops.abs(predicted - known), taught)


@keras.saving.register_keras_serializable("latent_oclock")
def taught_maps(true: Any, logits: Any) -> Any:
    """Loss, a scalar: cross-entropy of square maps, logits (batch, cells * cells, points), with places.

    true: (batch, points, 2), x and y in [0, 1] or NaN. A place is shared by the four cells around it as in bilinear
    interpolation, so that the mean of its map is the place.
    """
    taught, known = _known(true)
    cells = math.isqrt(logits.shape[1])
    shares = ops.reshape(ops.log_softmax(logits, axis=1), (-1, cells, cells, logits.shape[2]))  # (batch, y, x, points)
    apart = ops.abs(known[:, None] * (cells - 1) - ops.reshape(ops.arange(cells, dtype="float32"), (1, cells, 1, 1)))
    near = ops.relu(1.0 - apart)  # (batch, cells, points, 2): how much of a column or a row belongs to each place
    rows = ops.sum(shares * near[:, None, :, :, 0], axis=2)  # (batch, y, points)
    surprise = -ops.sum(rows * near[..., 1], axis=1)  # (batch, points)
    return _mean_taught(surprise, taught[..., 0])


@keras.saving.register_keras_serializable("latent_oclock")
def taught_yes_or_no(true: Any, logits: Any) -> Any:
    """Loss, a scalar: binary cross-entropy of logits with 0, 1 or NaN; any one shape."""
    taught, known = _known(true)
    return _mean_taught(ops.softplus(logits) - known * logits, taught)


@keras.saving.register_keras_serializable("latent_oclock")
class MinutesApart(keras.metrics.Mean):
    """``minutes_apart`` of the readings, mean over the pictures that teach a time; true (batch, 2) as in ``taught_bins``."""

    def __init__(self, name: str = "minutes_apart", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def update_state(self, true: Any, predicted: Any, sample_weight: Any = None) -> None:
        taught, known = _known(true)
        apart = ops.abs(known[:, 0] - ops.cast(ops.argmax(predicted, axis=-1), "float32"))
        super().update_state(ops.minimum(apart, MINUTES - apart), sample_weight=ops.cast(taught[:, 0], "float32"))


def wild_reader_losses() -> tuple[dict[str, Any], dict[str, float], dict[str, Any]]:
    """Losses, weights and metrics of ``networks.build_reader``'s five outputs, for ``clocks.wild_data``.

    As ``reader_losses``, from targets as small as they can be (bins and maps are spread out where the network computes),
    and what a picture does not teach is left out.
    """
    losses = {
        "bins": taught_bins,
        "hands": taught_squared_error,
        "maps": taught_maps,
        "points": taught_absolute_error,
        "readable": taught_yes_or_no,
    }
    weights = {"bins": 1.0, "hands": 10.0, "maps": 2.0, "points": 5.0, "readable": 0.5}
    return losses, weights, {"bins": [MinutesApart()]}


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
