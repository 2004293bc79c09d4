"""The clock networks of both reports, to the last parameter. Inputs are float32 (batch, 150, 150, 1) in [0, 1]."""

import keras
from keras import layers

from core.clocks.forms import FORMS
from core.layers import FusedBatchNormalization
from core.lean_layers import ByteDropout
from core.specs import ReportNetSpec

SIDE = 150


def build_report_network(spec: ReportNetSpec) -> keras.Model:
    """The uncompiled network of ``spec``: one output, or a dict of two for the multi-head forms."""
    if spec.head not in FORMS:
        raise ValueError(f"head must be one of {', '.join(FORMS)}; got {spec.head!r}")
    if spec.year == "2022":
        return _build_2022(spec)
    return _build_2023_two_branches() if spec.head == "hour-and-minute" else _build_2023(spec)


def _heads(spec: ReportNetSpec, features: dict[str, keras.KerasTensor]) -> keras.KerasTensor | dict[str, keras.KerasTensor]:
    """One Dense an output on the features given for it, softmax for classes and linear for numbers."""
    outputs = {
        name: layers.Dense(units, activation=activation, name=name, dtype="float32")(features[name])
        for name, (units, activation) in FORMS[spec.head].outputs.items()
    }
    return next(iter(outputs.values())) if len(outputs) == 1 else outputs


def _build_2022(spec: ReportNetSpec) -> keras.Model:
    """Report 2022, Table 3: three times Conv 3x3 valid, pool, BN, dropout; Dense 256 and 128; the heads."""
    inputs = keras.Input((SIDE, SIDE, 1), name="picture")
    x = inputs
    for width in (32, 64, 128):
        x = layers.Conv2D(width, 3, activation="relu")(x)  # (batch, 148 | 72 | 34, same, width)
        x = layers.MaxPooling2D(2)(x)
        x = FusedBatchNormalization()(x)
        x = ByteDropout(spec.dropout)(x)
    flat = layers.Flatten()(x)  # (batch, 36992)

    def stack(first: int, second: int) -> keras.KerasTensor:
        return layers.Dense(second, activation="relu")(layers.Dense(first, activation="relu")(flat))

    names = list(FORMS[spec.head].outputs)
    if spec.split:
        # The report says 'different fully-connected layers' and no sizes; the minute's stack is half as wide.
        features = {name: stack(256 >> index, 128 >> index) for index, name in enumerate(names)}
    else:
        shared = stack(256, 128)
        features = dict.fromkeys(names, shared)
    return keras.Model(inputs, _heads(spec, features), name=f"report22-{spec.head}")


def _blocks_2023(x: keras.KerasTensor) -> keras.KerasTensor:
    """Report 2023, Figure 4: three times Conv 3x3 same, ReLU, BN, pool, dropout; flattened to (batch, 4608)."""
    for width, pool in ((16, 3), (32, 2), (32, 2)):
        x = layers.ReLU()(layers.Conv2D(width, 3, padding="same")(x))
        x = FusedBatchNormalization()(x)
        x = layers.MaxPooling2D(pool)(x)  # (batch, 50 | 25 | 12, same, width)
        x = ByteDropout(0.25)(x)
    return layers.Flatten()(x)


def _dense_2023(x: keras.KerasTensor, units: int, dropout: float) -> keras.KerasTensor:
    x = layers.ReLU()(layers.Dense(units)(x))
    return ByteDropout(dropout)(layers.BatchNormalization()(x))


def _build_2023(spec: ReportNetSpec) -> keras.Model:
    """Report 2023, Figures 4, 5 and 9: 720 classes, or one number."""
    inputs = keras.Input((SIDE, SIDE, 1), name="picture")
    x = _blocks_2023(inputs)
    stack = [(128, 0.5)] if spec.head.startswith("hours") else [(144, 0.25), (60, 0.25)]
    for units, dropout in stack:
        x = _dense_2023(x, units, dropout)
    return keras.Model(inputs, _heads(spec, dict.fromkeys(FORMS[spec.head].outputs, x)), name=f"report23-{spec.head}")


def _build_2023_two_branches() -> keras.Model:
    """Report 2023, Figure 19: a branch for the hour's class and one for the minute, from one picture."""
    inputs = keras.Input((SIDE, SIDE, 1), name="picture")
    hour = _dense_2023(_dense_2023(_blocks_2023(inputs), 144, 0.25), 60, 0.25)
    x = inputs
    for kernel in (10, 5, 5, 5):
        x = layers.ReLU()(layers.Conv2D(64, kernel, padding="same")(x))
        x = FusedBatchNormalization()(x)
        x = layers.MaxPooling2D(2)(x)  # (batch, 75 | 37 | 18 | 9, same, 64)
    x = layers.Flatten()(x)  # (batch, 5184)
    for units in (128, 64):
        x = ByteDropout(0.5)(layers.Dense(units, activation="relu")(x))
    spec = ReportNetSpec("2023", "hour-and-minute")
    return keras.Model(inputs, _heads(spec, {"hour": hour, "minute": x}), name="report23-hour-and-minute")
