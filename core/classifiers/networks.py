"""ClassifierSpec -> an uncompiled network. Inputs are float32 (batch, height, width, channels) in [0, 1]."""

from typing import Any

import keras
from keras import layers

from core.classifiers.architectures import Average, Conv, Drop, Hidden, Layer, Normal, Pool, Stage, check_network
from core.layers import FusedBatchNormalization
from core.specs import ClassifierSpec


def build_classifier(spec: ClassifierSpec) -> keras.Model:
    """The uncompiled network of ``spec``; its output "probabilities" is a softmax, float32 (batch, classes).

    Parameters of the reports' networks: 669,706, 932,362, 1,199,882 and 2,076,554 (2022, Table 9, in its order; the printed
    21,952 of a first convolution is a misprint of 320).
    """
    architecture = check_network(spec)
    inputs = keras.Input(spec.input_shape, name="picture")
    x = inputs  # (batch, height, width, channels)
    if any(isinstance(layer, Stage) for layer in architecture.layers):
        x = _stem(x, spec, architecture.layers)
    for layer in architecture.layers:
        x = _add(x, layer, spec)
    if len(x.shape) > 2:
        x = layers.Flatten()(x)
    outputs = layers.Dense(
        spec.classes,
        activation="softmax",
        kernel_initializer=_initializer(spec),
        kernel_regularizer=_regularizer(spec.regularizer, spec),
        name="probabilities",
        dtype="float32",
    )(x)  # (batch, classes)
    return keras.Model(inputs, outputs, name=spec.architecture)


def _initializer(spec: ClassifierSpec) -> Any:
    """A fresh initialiser: one that is shared would draw the same numbers for every layer."""
    if spec.initializer == "uniform":
        return keras.initializers.RandomUniform(-0.05, 0.05)
    if spec.initializer == "normal":
        return keras.initializers.RandomNormal(0.0, 0.05)
    return keras.initializers.get(spec.initializer)


def _regularizer(name: str, spec: ClassifierSpec) -> keras.regularizers.Regularizer | None:
    if name == "none":
        return None
    return {"l1": keras.regularizers.L1, "l2": keras.regularizers.L2}[name](spec.regularization_rate)


def _add(x: keras.KerasTensor, layer: Layer, spec: ClassifierSpec) -> keras.KerasTensor:
    """``x`` after one layer of an architecture."""
    weights: dict[str, Any] = {
        "kernel_initializer": _initializer(spec),
        "kernel_regularizer": _regularizer(spec.regularizer, spec),
    }
    if isinstance(layer, Conv):
        # (batch, height, width, filters); with padding "valid" kernel - 1 pixels less each way
        return layers.Conv2D(layer.filters, layer.kernel, padding=layer.padding, activation=spec.activation, **weights)(x)
    if isinstance(layer, Pool):
        return layers.MaxPooling2D(2)(x)  # (batch, height // 2, width // 2, filters)
    if isinstance(layer, Hidden):
        if layer.l1:
            weights["kernel_regularizer"] = _regularizer("l1", spec)
        flat = layers.Flatten()(x) if len(x.shape) > 2 else x  # (batch, features)
        return layers.Dense(layer.units, activation=spec.activation, **weights)(flat)  # (batch, units)
    if isinstance(layer, Drop):
        return layers.Dropout(layer.rate if spec.dropout is None else spec.dropout)(x)
    if isinstance(layer, Normal):
        return FusedBatchNormalization()(x)
    if isinstance(layer, Average):
        x = layers.Activation(spec.activation)(FusedBatchNormalization()(x))
        return layers.GlobalAveragePooling2D()(x)  # (batch, filters)
    for index in range(layer.blocks):
        x = _residual_block(x, layer.filters, 2 if layer.halve and index == 0 else 1, spec)
    return x


def _conv(x: keras.KerasTensor, filters: int, kernel: int, strides: int, spec: ClassifierSpec) -> keras.KerasTensor:
    """A convolution without bias: the batch norm after it has one."""
    return layers.Conv2D(
        filters,
        kernel,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer=_initializer(spec),
        kernel_regularizer=_regularizer(spec.regularizer, spec),
    )(x)


def _stem(x: keras.KerasTensor, spec: ClassifierSpec, parts: tuple[Layer, ...]) -> keras.KerasTensor:
    """The convolution before the first stage, at a third of its width or 16 at least."""
    first = next(layer for layer in parts if isinstance(layer, Stage))
    return _conv(x, max(16, first.filters // 3), 3, 1, spec)  # (batch, height, width, filters / 3)


def _residual_block(x: keras.KerasTensor, filters: int, strides: int, spec: ClassifierSpec) -> keras.KerasTensor:
    """Norm, activation, convolution, twice, added to the input: (batch, height / strides, width / strides, filters).

    He et al. 2016, "Identity mappings in deep residual networks"; wide as in Zagoruyko & Komodakis 2016, "Wide residual
    networks". Where the shape changes, the input goes through a 1x1 convolution.
    """
    before = layers.Activation(spec.activation)(FusedBatchNormalization()(x))
    same = strides == 1 and x.shape[-1] == filters
    shortcut = x if same else _conv(before, filters, 1, strides, spec)
    y = _conv(before, filters, 3, strides, spec)
    y = layers.Activation(spec.activation)(FusedBatchNormalization()(y))
    return layers.Add()([_conv(y, filters, 3, 1, spec), shortcut])
