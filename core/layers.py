"""Keras layers of our own, and a schedule, registered so that a stored model finds them."""

from collections.abc import Iterable
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("latent_oclock")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation over the last axis of (batch, height, width, channels), in one primitive where there is one.

    Keras 3 computes moments and normalisation step by step on TensorFlow; ``fused_batch_norm`` reaches oneDNN's and cuDNN's
    primitive, about twice as fast on a CPU. Mathematics, weights and moving statistics are those of the parent class, which
    still serves every other backend. Ioffe & Szegedy 2015.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        fusable = keras.backend.backend() == "tensorflow" and len(inputs.shape) == 4 and self.axis in (-1, 3)
        fusable = fusable and self.center and self.scale and mask is None and not self.synchronized
        if not fusable:
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        if not (training and self.trainable):
            return tf.compat.v1.nn.fused_batch_norm(
                ops.cast(inputs, self.compute_dtype),
                ops.cast(self.gamma, "float32"),
                ops.cast(self.beta, "float32"),
                ops.cast(self.moving_mean, "float32"),
                ops.cast(self.moving_variance, "float32"),
                epsilon=self.epsilon,
                is_training=False,
            )[0]
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            ops.cast(inputs, self.compute_dtype),
            ops.cast(self.gamma, "float32"),
            ops.cast(self.beta, "float32"),
            epsilon=self.epsilon,
            is_training=True,
        )  # (batch, height, width, channels), (channels,), (channels,)
        # The primitive returns the variance over n - 1; Keras keeps the one over n.
        count = ops.cast(ops.prod(ops.shape(inputs)[:-1]), "float32")
        variance = variance * ((count - 1) / count)
        keep = self.momentum
        self.moving_mean.assign(self.moving_mean * keep + ops.cast(mean, "float32") * (1 - keep))
        self.moving_variance.assign(self.moving_variance * keep + ops.cast(variance, "float32") * (1 - keep))
        return outputs


def settle_batch_norm(model: keras.Model, batches: Iterable[Any]) -> None:
    """Set the statistics of every batch normalisation to their mean over ``batches`` of pictures, with dropout at work.

    In training they are running means of the last hundred batches or so. Units that seldom fire have a variance that jumps
    from batch to batch, and the network's answers to new pictures jump with it, from one epoch to the next. Wu & Johnson
    2021, "Rethinking 'batch' in BatchNorm", section 3.
    """
    found = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    kept = [layer.momentum for layer in found]
    try:
        for index, pictures in enumerate(batches):
            for layer in found:
                layer.momentum = index / (index + 1)  # running means with these weights are plain ones
            model(pictures, training=True)
    finally:
        for layer, momentum in zip(found, kept, strict=True):
            layer.momentum = momentum


@keras.saving.register_keras_serializable("latent_oclock")
class SpatialExpectation(keras.layers.Layer):
    """Where each map has its weight: (batch, height * width, maps) logits -> (batch, 2 maps), x and y of each map's mean.

    The softmax of a map over its pixels is a distribution; its mean lies in [0, 1], 0 at the first column's or row's middle
    and 1 at the last one's. Differentiable and exact below a pixel. Sun et al. 2018, "Integral human pose regression".
    """

    def __init__(self, height: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height, self.width = height, width

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.height, "width": self.width}

    def call(self, inputs: Any) -> Any:
        height, width, maps = self.height, self.width, inputs.shape[-1]
        shares = ops.softmax(ops.cast(inputs, "float32"), axis=1)  # (batch, height * width, maps)
        x = ops.tile(ops.linspace(0.0, 1.0, width), [height])  # (height * width,)
        y = ops.repeat(ops.linspace(0.0, 1.0, height), width)
        grid = ops.stack([x, y], axis=-1)  # (height * width, 2)
        means = ops.einsum("bpm,pc->bmc", shares, grid)  # (batch, maps, 2)
        return ops.reshape(means, (-1, 2 * maps))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, int | None]:
        return input_shape[0], 2 * int(input_shape[-1] or 0)


@keras.saving.register_keras_serializable("latent_oclock")
class LaterSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule gone into later: step 0, 1, ... has the rate of ``schedule`` at first_step, first_step + 1, ...

    ramp: over so many first steps the rate rises to that in equal parts. An optimiser that begins anew knows no moments yet,
    and Adam's first steps are as long as its rate in every weight, however small the gradient is.
    """

    def __init__(self, schedule: Any, first_step: int, ramp: int = 0) -> None:
        super().__init__()
        self.schedule, self.first_step, self.ramp = schedule, first_step, ramp

    def __call__(self, step: Any) -> Any:
        rate = self.schedule(step + self.first_step)
        if not self.ramp:
            return rate
        return rate * keras.ops.minimum(1.0, (keras.ops.cast(step, "float32") + 1.0) / self.ramp)

    def get_config(self) -> dict[str, Any]:
        schedule = keras.saving.serialize_keras_object(self.schedule)
        return {"schedule": schedule, "first_step": self.first_step, "ramp": self.ramp}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LaterSchedule":
        return cls(**{**config, "schedule": keras.saving.deserialize_keras_object(config["schedule"])})


@keras.saving.register_keras_serializable("latent_oclock")
class TwoSchedules(keras.optimizers.schedules.LearningRateSchedule):
    """``first`` up to the step ``restart``; from there on ``second``, which counts its steps from 0."""

    def __init__(self, first: Any, second: Any, restart: int) -> None:
        super().__init__()
        self.first, self.second, self.restart = first, second, restart

    def __call__(self, step: Any) -> Any:
        later = keras.ops.maximum(step - self.restart, 0)
        return keras.ops.where(step < self.restart, self.first(step), self.second(later))

    def get_config(self) -> dict[str, Any]:
        parts = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in ("first", "second")}
        return {**parts, "restart": self.restart}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "TwoSchedules":
        first, second = (keras.saving.deserialize_keras_object(config[name]) for name in ("first", "second"))
        return cls(first, second, config["restart"])
