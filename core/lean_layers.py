"""Keras layers and optimisers that reach the same results another way, for TensorFlow's CPU kernels.

Weights, files and mathematics are those of the parent classes, which serve every other backend and every other setting.
``ByteDropout`` and the one-pass Adams are faster and are what we train with; ``BiasReluConv2D`` and ``SlicedMaxPooling2D`` were
tried and are not: TensorFlow's own kernels do better. ``training_speed`` measures all of them.
"""

from typing import Any

import keras
from keras import ops


def _on_tensorflow() -> bool:
    return keras.backend.backend() == "tensorflow"


@keras.saving.register_keras_serializable("latent_oclock")
class ByteDropout(keras.layers.Dropout):
    """Dropout that takes a byte of chance for each unit instead of a float: a quarter of the random bits, no conversion.

    A unit goes when its byte is below 256 ``rate``; the odds are exact where that is whole (1/4, 1/2). Other rates are left
    to the parent class. Srivastava et al. 2014.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        limit = 256 * self.rate
        fits = _on_tensorflow() and self.noise_shape is None and limit == int(limit) and 0 < self.rate < 1
        if not (training and fits):
            return super().call(inputs, training=training)
        import tensorflow as tf

        seed = ops.cast(self.seed_generator.next(), "uint32")
        count = tf.size(inputs)
        words = tf.random.stateless_uniform(
            [(count + 3) // 4], tf.bitcast(seed, tf.int32), minval=None, maxval=None, dtype=tf.int32
        )
        chances = tf.reshape(tf.reshape(tf.bitcast(words, tf.uint8), [-1])[:count], tf.shape(inputs))
        kept = tf.cast(chances >= tf.constant(int(limit), tf.uint8), inputs.dtype)  # as the inputs: 0 or 1
        return inputs * (kept * tf.cast(1 / (1 - self.rate), inputs.dtype))


@keras.saving.register_keras_serializable("latent_oclock")
class BiasReluConv2D(keras.layers.Conv2D):
    """``Conv2D`` with its bias and ``relu`` as one step, whose slopes take one pass and one product of matrices; tried only.

    Keras adds the bias as a broadcast sum, whose slope TensorFlow takes by a general reduction: a product with ones is the
    same sum over (batch, height, width).
    """

    def __init__(self, filters: int, kernel_size: Any, **kwargs: Any) -> None:
        super().__init__(filters, kernel_size, **{**kwargs, "activation": "relu"})

    def call(self, inputs: Any) -> Any:
        if not (_on_tensorflow() and self.use_bias and self.data_format == "channels_last"):
            return super().call(inputs)
        outputs = self.convolution_op(inputs, self.kernel)  # (batch, height, width, filters)
        return _bias_relu(outputs, ops.cast(self.bias, outputs.dtype))


def _bias_relu(x: Any, bias: Any) -> Any:
    import tensorflow as tf

    @tf.custom_gradient
    def run(x: Any, bias: Any) -> Any:
        y = tf.nn.relu(tf.nn.bias_add(x, bias))

        def slopes(upstream: Any) -> tuple[Any, Any]:
            slope = tf.raw_ops.ReluGrad(gradients=upstream, features=y)
            flat = tf.reshape(slope, [-1, bias.shape[0]])  # (batch * height * width, filters)
            return slope, tf.matmul(tf.ones([1, tf.shape(flat)[0]], flat.dtype), flat)[0]

        return y, slopes

    return run(x, bias)


@keras.saving.register_keras_serializable("latent_oclock")
class SlicedMaxPooling2D(keras.layers.MaxPooling2D):
    """Maximum pooling of windows that do not overlap, as the maximum of slices; tried only.

    The slope goes to a window's first maximum, as TensorFlow's does, which looks for it again, pixel by pixel.
    """

    def call(self, inputs: Any) -> Any:
        side, plain = self.pool_size[0], self.padding == "valid" and self.data_format == "channels_last"
        same = tuple(self.pool_size) == tuple(self.strides) == (side, side)
        if not (_on_tensorflow() and plain and same and None not in inputs.shape[1:]):
            return super().call(inputs)
        return _sliced_maximum(inputs, side)


def _sliced_maximum(inputs: Any, side: int) -> Any:
    import tensorflow as tf

    height, width = (length // side * side for length in inputs.shape[1:3])
    below, beside = inputs.shape[1] - height, inputs.shape[2] - width

    @tf.custom_gradient
    def run(x: Any) -> Any:
        slices = [[x[:, row:height:side, column:width:side] for column in range(side)] for row in range(side)]
        y = slices[0][0]
        for one in [one for line in slices for one in line][1:]:
            y = tf.maximum(y, one)  # (batch, height / side, width / side, channels)

        def slopes(upstream: Any) -> Any:
            left = upstream  # what no earlier slice of the window has taken
            rows = []
            for line in slices:
                given = []
                for one in line:
                    hit = tf.equal(one, y)
                    given.append(tf.where(hit, left, tf.zeros_like(left)))
                    left = tf.where(hit, tf.zeros_like(left), left)
                rows.append(tf.stack(given, axis=3))  # (batch, height / side, width / side, side, channels)
            whole = tf.stack(rows, axis=2)  # (batch, height / side, side, width / side, side, channels)
            whole = tf.reshape(whole, [-1, height, width, x.shape[3]])
            return tf.pad(whole, [[0, 0], [0, below], [0, beside], [0, 0]]) if below or beside else whole

        return y, slopes

    return run(inputs)


class _OnePass:
    """Adam's step as one kernel a variable instead of ten, the same formula; Kingma & Ba 2015, section 2."""

    def update_step(self: Any, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if not _on_tensorflow() or self.amsgrad:
            super().update_step(gradient, variable, learning_rate)  # type: ignore[misc]
            return
        import tensorflow as tf

        index = self._get_variable_index(variable)
        kept = [variable, self._momentums[index], self._velocities[index]]
        handles = [(one.value if isinstance(one, keras.Variable) else one).handle for one in kept]
        dtype = variable.dtype
        step = ops.cast(self.iterations + 1, dtype)
        first, second = (ops.cast(beta, dtype) for beta in (self.beta_1, self.beta_2))
        tf.raw_ops.ResourceApplyAdam(
            var=handles[0],
            m=handles[1],
            v=handles[2],
            beta1_power=ops.power(first, step),
            beta2_power=ops.power(second, step),
            lr=ops.cast(learning_rate, dtype),
            beta1=first,
            beta2=second,
            epsilon=ops.cast(self.epsilon, dtype),
            grad=ops.cast(gradient, dtype),
        )


@keras.saving.register_keras_serializable("latent_oclock")
class OnePassAdam(_OnePass, keras.optimizers.Adam):
    """Adam in one pass over each variable."""


@keras.saving.register_keras_serializable("latent_oclock")
class OnePassAdamW(_OnePass, keras.optimizers.AdamW):
    """Adam with decoupled weight decay in one pass over each variable."""
