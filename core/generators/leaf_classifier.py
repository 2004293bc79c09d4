"""A classifier of plant leaves, trained here: samples of generators are judged and measured in its last hidden layer."""

from typing import Any

import keras
from keras import layers

from core.generators.specs import LeafClassifierSpec
from core.layers import FusedBatchNormalization

FEATURES = "features"  # the layer


def build_leaf_classifier(spec: LeafClassifierSpec) -> keras.Model:
    """Picture (batch, side, side, 3) in [0, 1] -> chances of the classes (batch, classes); uncompiled.

    A stem and one residual block a stage, each halving the picture (He et al. 2016), with batch normalisation.
    """
    inputs = keras.Input((spec.side, spec.side, 3), name="picture")
    x = _convolved(inputs, spec.stem, 2)  # (batch, side / 2, side / 2, stem)
    for width in spec.widths:
        x = _block(x, width)  # (batch, side / 4 | 8 | ..., same, width)
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(x))  # (batch, widths[-1])
    x = layers.Dense(spec.features, activation="relu", name=FEATURES)(x)
    x = layers.Dropout(spec.dropout)(x)
    outputs = layers.Dense(spec.classes, activation="softmax", name="classes", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="leaf-classifier")


def _convolved(x: Any, width: int, strides: int) -> Any:
    x = layers.Conv2D(width, 3, strides=strides, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return FusedBatchNormalization()(x)


def _block(x: Any, width: int) -> Any:
    """Two convolutions, the first with stride 2, beside a shortcut of means of two by two."""
    y = _convolved(layers.ReLU()(x), width, 2)
    y = _convolved(layers.ReLU()(y), width, 1)
    short = layers.Conv2D(width, 1, use_bias=False)(layers.AveragePooling2D(2)(x))
    return layers.Add()([y, short])


def with_features(model: keras.Model) -> keras.Model:
    """The same network with two outputs: ``features`` (batch, features) and ``chances`` (batch, classes)."""
    return keras.Model(model.inputs, {"features": model.get_layer(FEATURES).output, "chances": model.outputs[0]})
