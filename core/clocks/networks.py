"""Specs -> uncompiled Keras models that read clocks."""

import keras
from keras import layers, ops

from core.clocks.face import POINTS
from core.clocks.time import MINUTES
from core.layers import FusedBatchNormalization, SpatialExpectation
from core.specs import ReaderSpec


def _convolution(x: keras.KerasTensor, width: int, *, kernel: int = 3, strides: int = 1) -> keras.KerasTensor:
    x = layers.Conv2D(width, kernel, strides=strides, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return FusedBatchNormalization(momentum=0.97)(x)


def _residual(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    """Two 3x3 convolutions around a shortcut (He et al. 2016)."""
    y = layers.ReLU()(_convolution(x, width))
    return layers.ReLU()(layers.Add()([x, _convolution(y, width)]))


def build_reader(spec: ReaderSpec) -> keras.Model:
    """The reader of ``spec``.

    Input: float32 (batch, side, side, 1) in [0, 1]. Outputs, a dict: ``bins`` (batch, 720) logits, one a minute; ``hands``
    (batch, 4) sine and cosine of the hour hand's angle, then of the minute hand's; ``maps`` (batch, cells, 15) logits of
    where each of ``face.POINTS`` lies, cells row by row; ``points`` (batch, 30) their means, x and y as shares of the side,
    0 at the first pixel's middle and 1 at the last one's. With ``spec.readable`` also ``readable`` (batch, 1), the logit
    that there is a clock to be read.
    """
    inputs = keras.Input((spec.side, spec.side, 1), name="picture")
    x = layers.ReLU()(_convolution(inputs, spec.stem, kernel=5, strides=2))  # (batch, side / 2, side / 2, stem)
    stages = []
    for width, blocks in zip(spec.widths, spec.blocks, strict=True):
        x = layers.ReLU()(_convolution(x, width, strides=2))  # half as high and wide
        for _ in range(blocks):
            x = _residual(x, width)
        stages.append(x)
    # Maps that say where hub, tips and numerals lie, from the last stage's sense and the one before's precision. To find
    # the numerals is to know how the dial is turned.
    fine = stages[-2]  # (batch, height, width, channels)
    coarse = layers.UpSampling2D(2)(x)
    coarse = layers.Cropping2D(tuple((0, coarse.shape[axis] - fine.shape[axis]) for axis in (1, 2)))(coarse)
    merged = layers.ReLU()(_convolution(layers.Concatenate()([fine, coarse]), spec.neck))
    height, width = merged.shape[1:3]
    maps = layers.Conv2D(len(POINTS), 1)(merged)
    maps = layers.Reshape((height * width, len(POINTS)), name="maps", dtype="float32")(maps)  # (batch, cells, 15)
    points = SpatialExpectation(height, width, name="points", dtype="float32")(maps)  # (batch, 30)

    squeezed = layers.ReLU()(_convolution(x, spec.neck, kernel=1))
    x = layers.Dropout(spec.dropout)(layers.Flatten()(squeezed))
    x = layers.Concatenate()([x, points])
    for _ in range(2):
        x = layers.Dense(spec.hidden, kernel_initializer="he_normal", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.97)(x))  # (batch, hidden)
    outputs = {
        "bins": layers.Dense(MINUTES, name="bins", dtype="float32")(x),
        "hands": layers.Dense(4, name="hands", dtype="float32")(x),
        "maps": maps,
        "points": points,
    }
    if spec.readable:
        outputs["readable"] = layers.Dense(1, name="readable", dtype="float32")(x)  # (batch, 1)
    return keras.Model(inputs, outputs, name="reader")


def grow_reader(small: keras.Model, large: keras.Model) -> None:
    """Give the reader ``large`` the weights of ``small``, which differs from it in its side alone.

    Convolutions do the same at any size. The first dense layer has a kernel (cells, neck, hidden) on the flattened cells:
    it is stretched bilinearly to the new cells and scaled so that the sum over a part of the picture stays; its rows for the
    points follow as they are.
    """
    for old, new in zip(small.weights, large.weights, strict=True):
        new.assign(old if old.shape == new.shape else _stretched(small, large, ops.cast(old, "float32")))


def _stretched(small: keras.Model, large: keras.Model, kernel: keras.KerasTensor) -> keras.KerasTensor:
    sizes = []
    for model in (small, large):
        [flatten] = [layer for layer in model.layers if isinstance(layer, layers.Flatten)]
        sizes.append(flatten.input.shape[1:])  # (height, width, neck)
    (height, width, neck), (rows, columns, _) = sizes
    hidden = kernel.shape[-1]
    cells, points = kernel[: height * width * neck], kernel[height * width * neck :]
    cells = ops.reshape(cells, (1, height, width, neck * hidden))
    cells = ops.image.resize(cells, (rows, columns), interpolation="bilinear", data_format="channels_last")
    cells = ops.reshape(cells, (rows * columns * neck, hidden)) * (height * width / (rows * columns))
    return ops.concatenate([cells, points])  # (rows x columns x neck + 30, hidden)
