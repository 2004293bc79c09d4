"""The classifiers' architectures as data, and whether a run's settings fit each other; needs no Keras.

An architecture is a list of layers; ``classifiers.networks`` builds it. 2022's networks are those of its Table 9. Their dropout
rates are not printed: 0.2 and 0.25/0.5 are those of the Keras examples ``mnist_mlp.py`` and ``mnist_cnn.py`` that the report
began with, whose layers they share. 2023 prints no widths for its CNN: they are those of the book that it names, Géron,
"Hands-On Machine Learning with Scikit-Learn, Keras, and TensorFlow", chapter 14.
"""

from dataclasses import dataclass
from math import prod
from typing import Literal

from core.datasets import DatasetInfo, dataset_info
from core.specs import ClassifierSpec, RunSpec, check_choice
from core.written import percent


@dataclass(frozen=True)
class Conv:
    """A convolution with the hidden activation. padding: ``valid`` or ``same``."""

    filters: int
    kernel: int = 3
    padding: Literal["valid", "same"] = "valid"


@dataclass(frozen=True)
class Pool:
    """The largest of each 2x2 pixels."""


@dataclass(frozen=True)
class Hidden:
    """A dense layer with the hidden activation; the first one flattens what it gets. l1: it has an L1 penalty of its own."""

    units: int
    l1: bool = False


@dataclass(frozen=True)
class Drop:
    """Dropout at this rate."""

    rate: float


@dataclass(frozen=True)
class Normal:
    """Batch normalisation."""


@dataclass(frozen=True)
class Stage:
    """Residual blocks of two 3x3 convolutions; ``halve``: the first one with stride 2. See ``classifiers.networks``."""

    filters: int
    blocks: int
    halve: bool = False


@dataclass(frozen=True)
class Average:
    """The mean over height and width."""


Layer = Conv | Pool | Hidden | Drop | Normal | Stage | Average


@dataclass(frozen=True)
class Architecture:
    """title: as pages show it. report: the report that it follows, or None. layers: all but the output."""

    title: str
    report: Literal["2022", "2023"] | None
    kind: Literal["mlp", "cnn"]
    layers: tuple[Layer, ...]

    @property
    def has_dropout(self) -> bool:
        return any(isinstance(layer, Drop) for layer in self.layers)

    @property
    def has_l1(self) -> bool:
        return any(isinstance(layer, Hidden) and layer.l1 for layer in self.layers)


_BLOCK_22 = (Hidden(512), Drop(0.2))
_HEAD_22 = (Pool(), Drop(0.25), Hidden(128), Drop(0.5))
_DENSE_14 = (Hidden(128), Drop(0.5), Hidden(64), Drop(0.5))


def _chapter_14() -> tuple[Layer, ...]:
    layers: list[Layer] = [Conv(64, 7, "same"), Pool()]
    for filters in (128, 256):
        layers += [Conv(filters, 3, "same"), Conv(filters, 3, "same"), Pool()]
    return tuple(layers)


ARCHITECTURES: dict[str, Architecture] = {
    "mlp-22-basic": Architecture("MLP 512-512 (2022, basic)", "2022", "mlp", _BLOCK_22 * 2),
    "mlp-22-custom": Architecture("MLP 512-512-512 (2022, custom)", "2022", "mlp", _BLOCK_22 * 3),
    "cnn-22-basic": Architecture("CNN 32-64 (2022, basic)", "2022", "cnn", (Conv(32), Conv(64), *_HEAD_22)),
    "cnn-22-custom": Architecture("CNN 32-64-128 (2022, custom)", "2022", "cnn", (Conv(32), Conv(64), Conv(128), *_HEAD_22)),
    "mlp-300-100": Architecture("MLP 300-100", "2023", "mlp", (Hidden(300), Hidden(100))),
    "mlp-300": Architecture("MLP 300", "2023", "mlp", (Hidden(300),)),
    "mlp-300-100-dropout": Architecture(
        "MLP 300-100, dropout after both", "2023", "mlp", (Hidden(300), Drop(0.5), Hidden(100), Drop(0.5))
    ),
    "mlp-300-100-dropout-first": Architecture(
        "MLP 300-100, dropout after the first", "2023", "mlp", (Hidden(300), Drop(0.5), Hidden(100))
    ),
    "mlp-300-dropout": Architecture("MLP 300, dropout", "2023", "mlp", (Hidden(300), Drop(0.5))),
    # "Adding this to the 300 node layer in our best model architecture so far": the one with dropout after the first layer.
    "mlp-300-l1": Architecture(
        "MLP 300-100, L1 on the first and dropout after it", "2023", "mlp", (Hidden(300, l1=True), Drop(0.5), Hidden(100))
    ),
    "cnn-chapter-14": Architecture("CNN of Géron's book, chapter 14", "2023", "cnn", (*_chapter_14(), *_DENSE_14)),
    "cnn-chapter-14-batchnorm": Architecture(
        "CNN of Géron's book, chapter 14, batch norm before flattening", "2023", "cnn", (*_chapter_14(), Normal(), *_DENSE_14)
    ),
    "keras-mlp": Architecture("Keras' example MLP", "2023", "mlp", _BLOCK_22 * 2),
    "keras-cnn": Architecture("Keras' example CNN", "2023", "cnn", (Conv(32), Conv(64), *_HEAD_22)),
    "fashion-best": Architecture(
        "Our residual network for Fashion-MNIST",
        None,
        "cnn",
        (Stage(32, 1), Stage(80, 2, halve=True), Stage(160, 2, halve=True), Average(), Drop(0.2)),
    ),
    "cifar10-best": Architecture(
        "Our residual network for CIFAR-10",
        None,
        "cnn",
        (Stage(32, 1), Stage(64, 2, halve=True), Stage(128, 2, halve=True), Average(), Drop(0.2)),
    ),
}


def check_network(spec: ClassifierSpec) -> Architecture:
    """The architecture of ``spec``; ``ValueError`` when its settings contradict each other."""
    check_choice("architecture", spec.architecture, ARCHITECTURES)
    architecture = ARCHITECTURES[spec.architecture]
    if spec.dropout and not architecture.has_dropout:
        raise ValueError(
            f"{spec.architecture} has no dropout layer; got dropout = {spec.dropout:g}. Leave it at None, "
            "or choose an architecture that has one"
        )
    if architecture.has_l1 and spec.regularizer != "none":
        raise ValueError(
            f"{spec.architecture} has an L1 penalty of its own at regularization_rate; got regularizer = {spec.regularizer!r}. "
            "Leave it at 'none', or choose an architecture without one"
        )
    height, width, _ = spec.input_shape
    flat = ""
    for layer in architecture.layers:
        kind = type(layer).__name__
        if flat and isinstance(layer, Conv | Pool | Stage | Average):
            raise ValueError(
                f"{spec.architecture} has {kind} after {flat}, where there is no height and width any more; put it before that"
            )
        flat = kind if isinstance(layer, Hidden | Average) else flat
        lost = layer.kernel - 1 if isinstance(layer, Conv) and layer.padding == "valid" else 0
        height, width = height - lost, width - lost
        if isinstance(layer, Pool):
            height, width = height // 2, width // 2
        if min(height, width) < 1:
            raise ValueError(
                f"{spec.architecture} leaves nothing of pictures of {spec.input_shape[0]} x {spec.input_shape[1]} pixels; "
                "give it larger ones or choose an MLP"
            )
    return architecture


@dataclass(frozen=True)
class LayerOutline:
    """A layer as a table lists it. shape: of what it gives for one picture; weights: as Keras counts them."""

    words: str
    shape: tuple[int, ...]
    weights: int


def outline(spec: ClassifierSpec) -> list[LayerOutline]:
    """The layers of ``spec``'s network in their order with their weights, without building it; ``ValueError`` as above."""
    layers = check_network(spec).layers
    shape: tuple[int, ...] = spec.input_shape
    rows = []
    if stages := [layer for layer in layers if isinstance(layer, Stage)]:  # a convolution without bias stands before them
        wide = max(16, stages[0].filters // 3)
        rows.append(LayerOutline("convolution 3 × 3", (*shape[:2], wide), 9 * shape[2] * wide))
        shape = rows[-1].shape
    for layer in layers:
        rows.append(_outlined(layer, shape, spec))
        shape = rows[-1].shape
    return [*rows, LayerOutline("output, softmax", (spec.classes,), (prod(shape) + 1) * spec.classes)]


def _outlined(layer: Layer, shape: tuple[int, ...], spec: ClassifierSpec) -> LayerOutline:
    """A layer that gets ``shape``. Batch norms have four numbers a channel, two of which are not learned."""
    if isinstance(layer, Hidden):
        return LayerOutline("dense", (layer.units,), (prod(shape) + 1) * layer.units)
    if isinstance(layer, Drop):
        return LayerOutline(f"dropout {percent(layer.rate if spec.dropout is None else spec.dropout)}", shape, 0)
    if isinstance(layer, Normal):
        return LayerOutline("batch norm", shape, 4 * shape[-1])
    height, width, channels = shape
    if isinstance(layer, Conv):
        lost = layer.kernel - 1 if layer.padding == "valid" else 0
        weights = (layer.kernel**2 * channels + 1) * layer.filters
        words = f"convolution {layer.kernel} × {layer.kernel}"
        return LayerOutline(words, (height - lost, width - lost, layer.filters), weights)
    if isinstance(layer, Pool):
        return LayerOutline("largest of 2 × 2", (height // 2, width // 2, channels), 0)
    if isinstance(layer, Average):
        return LayerOutline("batch norm, mean over the picture", (channels,), 4 * channels)
    weights, wide = 0, layer.filters
    for block in range(layer.blocks):
        halved = layer.halve and block == 0
        shortcut = channels * wide if halved or channels != wide else 0
        weights += 4 * channels + shortcut + 9 * channels * wide + 4 * wide + 9 * wide * wide
        channels = wide
    if layer.halve:
        height, width = -(-height // 2), -(-width // 2)
    return LayerOutline(f"residual block{f's, {layer.blocks}' if layer.blocks > 1 else ''}", (height, width, wide), weights)


def check_run(spec: RunSpec, info: DatasetInfo | None = None) -> None:
    """``ValueError`` when a run's settings do not fit each other or its data (``DatasetError`` for an unknown data set).

    info: of the data, where it is not the one that ``spec.dataset`` names.
    """
    check_network(spec.network)
    info = info or dataset_info(spec.dataset)
    if spec.network.input_shape != info.shape:
        raise ValueError(
            f"the pictures of {info.name} are {info.shape}, and the network takes {spec.network.input_shape}; "
            f"set input_shape to {info.shape}"
        )
    if spec.network.classes != len(info.classes):
        raise ValueError(
            f"{info.name} has {len(info.classes)} classes, and the network tells {spec.network.classes} apart; "
            f"set classes to {len(info.classes)}"
        )
