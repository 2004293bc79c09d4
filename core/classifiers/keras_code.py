"""A run of a classifier as plain Keras: the ten or twenty lines that one would write for it by hand. Pure text.

``networks`` builds the same network from the same spec; a test runs this text and compares the two.
"""

from typing import Any

from core.classifiers.architectures import ARCHITECTURES, Average, Conv, Drop, Hidden, Layer, Normal, Pool, Stage, check_network
from core.datasets import DATASETS
from core.keras_code import call, head, output_dtype, sequential, training_lines
from core.specs import ClassifierSpec, RunSpec

INITIALIZERS = {"uniform": "random_uniform", "normal": "random_normal"}  # Keras's names: U(-0.05, 0.05) and N(0, 0.05)
NO_BIAS = {"padding": '"same"', "use_bias": False}
FUSED = "Here batch norm runs in one primitive of the backend: the same numbers, faster."


def keras_code(spec: RunSpec) -> str:
    """The text: imports, network, ``compile`` and ``fit``; ``ValueError`` for settings that contradict each other."""
    network, training = spec.network, spec.training
    parts = check_network(network).layers
    info = DATASETS.get(spec.dataset)
    data = info.title if info else spec.dataset
    some = f"{spec.pictures:,} " if spec.pictures else ""
    shape = ", ".join(map(str, network.input_shape))
    comments = [f"x: {some}pictures of {data}, float32 (n, {shape}) in [0, 1]; y: classes, int (n,)"]
    staged = any(isinstance(part, Stage) for part in parts)
    if staged or any(isinstance(part, Normal | Average) for part in parts):
        comments.append(FUSED)
    output = call(
        "layers.Dense", network.classes, activation='"softmax"', **_weights(network, staged), **output_dtype(training)
    )
    lines = head(training, comments)
    if len(_named(network)) > 1 or (staged and _named(network)):
        said = ", ".join(f'"{key}": {value}' for key, value in _named(network).items())
        lines += [f"weights = {{{said}}}", ""]
    lines += _residual(network, parts, output) if staged else _stack(network, parts, output)
    penalised = network.regularizer != "none" or ARCHITECTURES[network.architecture].has_l1
    metrics = '["sparse_categorical_crossentropy", "accuracy"]' if penalised else '["accuracy"]'
    return "\n".join([*lines, "", *training_lines(training, '"sparse_categorical_crossentropy"', metrics)]) + "\n"


def _stack(spec: ClassifierSpec, parts: tuple[Layer, ...], output: str) -> list[str]:
    """A network without branches, as a ``keras.Sequential``."""
    stack: list[str] = []
    flat = False
    for part in parts:
        if isinstance(part, Average):
            stack += [
                "layers.BatchNormalization()",
                f'layers.Activation("{spec.activation}")',
                "layers.GlobalAveragePooling2D()",
            ]
            flat = True
            continue
        if isinstance(part, Hidden) and not flat:
            stack.append("layers.Flatten()")
            flat = True
        stack.append(_layer(part, spec))
    return sequential(spec.input_shape, [*stack, *([] if flat else ["layers.Flatten()"]), output])


def _layer(part: Layer, spec: ClassifierSpec) -> str:
    weights = _weights(spec, False)
    if isinstance(part, Conv):
        padding = {} if part.padding == "valid" else {"padding": f'"{part.padding}"'}
        return call("layers.Conv2D", part.filters, part.kernel, **padding, activation=f'"{spec.activation}"', **weights)
    if isinstance(part, Pool):
        return "layers.MaxPooling2D(2)"
    if isinstance(part, Hidden):
        if part.l1:
            weights = weights | {"kernel_regularizer": _penalty("l1", spec)}
        return call("layers.Dense", part.units, activation=f'"{spec.activation}"', **weights)
    if isinstance(part, Drop):
        return call("layers.Dropout", part.rate if spec.dropout is None else spec.dropout)
    if isinstance(part, Normal):
        return "layers.BatchNormalization()"
    raise ValueError(f"a network without branches has no {type(part).__name__}")


def _residual(spec: ClassifierSpec, parts: tuple[Layer, ...], output: str) -> list[str]:
    """A residual network: its block as a function, then one line a block."""
    weights = _weights(spec, True)

    def conv(filters: Any, kernel: int, *strides: str) -> str:
        return call("layers.Conv2D", filters, kernel, *strides, **NO_BIAS, **weights)

    normal = f'layers.Activation("{spec.activation}")(layers.BatchNormalization()(%s))'
    first = next(part for part in parts if isinstance(part, Stage))
    lines = [
        "def block(x, filters, strides=1):",
        f"    before = {normal % 'x'}",
        "    same = strides == 1 and x.shape[-1] == filters",
        f"    shortcut = x if same else {conv('filters', 1, 'strides')}(before)",
        f"    y = {conv('filters', 3, 'strides')}(before)",
        f"    y = {normal % 'y'}",
        f"    return layers.Add()([{conv('filters', 3)}(y), shortcut])",
        "",
        f"inputs = keras.Input({spec.input_shape})",
        f"x = {conv(max(16, first.filters // 3), 3)}(inputs)",
    ]
    flat = False
    for part in (*parts, None):  # None: the output, which is dense, too
        if isinstance(part, Hidden | None) and not flat:
            lines.append("x = layers.Flatten()(x)")
            flat = True
        if part is None:
            break
        if isinstance(part, Stage):
            lines += [
                f"x = block(x, {part.filters}{', strides=2' if part.halve and place == 0 else ''})"
                for place in range(part.blocks)
            ]
        elif isinstance(part, Average):
            lines += [f"x = {normal % 'x'}", "x = layers.GlobalAveragePooling2D()(x)"]
            flat = True
        else:
            lines.append(f"x = {_layer(part, spec)}(x)")
    return [*lines, f"outputs = {output}(x)", "model = keras.Model(inputs, outputs)"]


def _penalty(name: str, spec: ClassifierSpec) -> str:
    return call(f"keras.regularizers.{name.upper()}", spec.regularization_rate)


def _named(spec: ClassifierSpec) -> dict[str, str]:
    """What every kernel is told beyond Keras's defaults, as code."""
    named = {}
    if spec.initializer != "glorot_uniform":
        named["kernel_initializer"] = f'"{INITIALIZERS.get(spec.initializer, spec.initializer)}"'
    if spec.regularizer != "none":
        named["kernel_regularizer"] = _penalty(spec.regularizer, spec)
    return named


def _weights(spec: ClassifierSpec, staged: bool) -> dict[str, str]:
    """The same as arguments of a layer; what would make each line too long is said once, in ``weights``."""
    named = _named(spec)
    return {"**weights": ""} if len(named) > 1 or (staged and named) else named
