"""The networks that generators are made of: vector -> picture, and picture -> numbers. Pictures are float32 in [0, 1].

The report's design (2023, section 3.2.2) leaves open the filters after the first convolution, 128 here too, and the stride of
the first one, 1: three strides then lead from 32 pixels to the 4 x 4 that the report says the generator begins with. Ours
has residual blocks and no normalisation of activations, whose statistics two networks at play would have to share.
"""

from typing import Any

import keras
from keras import layers

from core.generators.specs import NetworkSpec

SLOPE = 0.2  # of the leaky ReLUs
REPORT_CHANNELS = 32  # the report's 4 x 4 x 32
PICTURE_CHANNELS = 8  # of the residual design before the last convolution


def build_decoder(spec: NetworkSpec, name: str = "decoder") -> keras.Model:
    """Vector (batch, latent) -> picture (batch, side, side, 3) in [0, 1]."""
    inputs = keras.Input((spec.latent,), name="vector")
    x = _report_decoder(inputs, spec) if spec.design == "report" else _residual_decoder(inputs, spec)
    outputs = layers.Activation("sigmoid", name="picture", dtype="float32")(x)  # (batch, side, side, 3)
    return keras.Model(inputs, outputs, name=name)


def build_encoder(spec: NetworkSpec, outputs: int, name: str = "encoder") -> keras.Model:
    """Picture (batch, side, side, 3) in [0, 1] -> numbers (batch, outputs): logits, or means and logarithms of variances."""
    inputs = keras.Input((spec.side, spec.side, 3), name="picture")
    x = _report_encoder(inputs, spec) if spec.design == "report" else _residual_encoder(inputs, spec)
    return keras.Model(inputs, layers.Dense(outputs, name="numbers", dtype="float32")(x), name=name)


def _halvings(side: int) -> int:
    return side.bit_length() - 3  # from side to 4


def _report_decoder(x: Any, spec: NetworkSpec) -> Any:
    """Dense, 4 x 4 x 32, transposed convolutions 3 x 3 with stride 2 and ReLU, a convolution 3 x 3 to three channels."""
    x = layers.Dense(4 * 4 * REPORT_CHANNELS)(x)  # (batch, 512)
    x = layers.Reshape((4, 4, REPORT_CHANNELS))(x)
    for _ in range(_halvings(spec.side)):
        x = layers.Conv2DTranspose(spec.filters, 3, strides=2, padding="same", activation="relu")(x)  # 8 | 16 | 32 ...
    return layers.Conv2D(3, 3, padding="same")(x)  # (batch, side, side, 3)


def _report_encoder(x: Any, spec: NetworkSpec) -> Any:
    """Convolutions 3 x 3 with ReLU, the first with stride 1, the others 2, flattened: (batch, 16 filters)."""
    x = layers.Conv2D(spec.filters, 3, padding="same", activation="relu")(x)  # (batch, side, side, filters)
    for _ in range(_halvings(spec.side)):
        x = layers.Conv2D(spec.filters, 3, strides=2, padding="same", activation="relu")(x)  # ... 16 | 8 | 4
    return layers.Flatten()(x)


def _leaky(x: Any) -> Any:
    return layers.LeakyReLU(SLOPE)(x)


def _residual(x: Any, width: int) -> Any:
    """x + convolution(leaky(x)); it begins near x, so that deep networks begin as shallow ones."""
    small = keras.initializers.VarianceScaling(0.1)
    return layers.Add()([x, layers.Conv2D(width, 3, padding="same", kernel_initializer=small)(_leaky(x))])


def _styled(x: Any, style: Any, width: int) -> Any:
    """Each channel scaled and shifted by what the vector says, at every size of the picture (Perez et al. 2018)."""
    small = keras.initializers.VarianceScaling(0.1)
    scale = layers.Dense(width, kernel_initializer=small, bias_initializer="ones")(style)  # (batch, width)
    shift = layers.Dense(width, kernel_initializer=small)(style)
    x = layers.Multiply()([x, layers.Reshape((1, 1, width))(scale)])
    return layers.Add()([x, layers.Reshape((1, 1, width))(shift)])


def _residual_decoder(vector: Any, spec: NetworkSpec) -> Any:
    style = _leaky(layers.Dense(256, kernel_initializer="he_normal")(vector))  # (batch, 256)
    x = layers.Dense(4 * 4 * spec.widths[0], kernel_initializer="he_normal")(vector)
    x = layers.Reshape((4, 4, spec.widths[0]))(x)
    for width in spec.widths[1:]:
        x = layers.Conv2DTranspose(width, 4, strides=2, padding="same", kernel_initializer="he_normal")(_leaky(x))
        x = _residual(_styled(x, style, width), width)  # (batch, 8 | 16 | ... | side / 2, same, width)
    # Four values for each place become two rows of two: the last size without a convolution of many channels there.
    half = spec.side // 2
    x = layers.Conv2D(4 * PICTURE_CHANNELS, 3, padding="same", kernel_initializer="he_normal")(_leaky(x))
    x = layers.Reshape((half, half, 2, 2, PICTURE_CHANNELS))(x)
    x = layers.Permute((1, 3, 2, 4, 5))(x)  # (batch, half, 2, half, 2, 8)
    x = layers.Reshape((spec.side, spec.side, PICTURE_CHANNELS))(x)
    return layers.Conv2D(3, 3, padding="same")(_leaky(x))  # (batch, side, side, 3)


def _residual_encoder(picture: Any, spec: NetworkSpec) -> Any:
    widths = spec.picture_widths[::-1]  # from half the side down to 4 x 4
    x = layers.Rescaling(2.0, -1.0)(picture)  # (batch, side, side, 3) in [-1, 1]
    x = layers.Conv2D(widths[0], 4, strides=2, padding="same", kernel_initializer="he_normal")(x)
    for width in widths[1:]:
        x = layers.Conv2D(width, 4, strides=2, padding="same", kernel_initializer="he_normal")(_leaky(x))
        x = _residual(x, width)  # (batch, side / 4 | ... | 4, same, width)
    return layers.Flatten()(_leaky(x))  # (batch, 16 widths[-1])
