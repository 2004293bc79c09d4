"""The orthogonal design L16(4^4) of 2022's Table 1: sixteen of the 256 ways to choose one of four levels of four factors.

Any two columns hold every pair of levels once, so the mean over the four runs of one level is a mean over all levels of every
other factor, and factors that do not interact can be compared without trying all ways. Four columns of five that there are: a,
b and the linear combinations x a + y b over the field of four elements. Bose 1938, "On the application of the properties of
Galois fields to the problem of construction of hyper-Graeco-Latin squares".
"""

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.specs import ClassifierSpec

# The field's elements 0, 1, x, x + 1 as the numbers 0-3: a sum is the exclusive or, a product is taken modulo x^2 + x + 1.
_PRODUCTS = np.array([[0, 0, 0, 0], [0, 1, 2, 3], [0, 2, 3, 1], [0, 3, 1, 2]])

# Each factor's levels, so numbered that the columns below give Table 1, in its order of runs.
FACTORS: dict[str, tuple[str, str, str, str]] = {
    "initializer": ("ones", "zeros", "uniform", "normal"),  # a
    "activation": ("sigmoid", "relu", "tanh", "softmax"),  # b
    "optimizer": ("sgd", "adadelta", "adam", "rmsprop"),  # a + b
    "regularization": ("l1&dropout", "l2&dropout", "l1", "l2"),  # 2 a + b
}
# As printed: the level with "the lowest average loss" of each factor. It is the one run with the lowest loss; the averages of
# the printed test losses are lowest for normal, tanh, adam, l2 (MLP) and normal, softmax, sgd, l2 (CNN).
OPTIMUM = {"initializer": "uniform", "activation": "tanh", "optimizer": "sgd", "regularization": "l2&dropout"}
DROPOUT = 0.2  # what "&dropout" adds; 2022 prints no rate


def l16() -> NDArray[np.int64]:
    """The design, int64 (16, 4), levels 0-3: a run a row, a factor a column, in the order of ``FACTORS``."""
    a, b = np.divmod(np.arange(16), 4)
    return np.stack([a, b, a ^ b, _PRODUCTS[2, a] ^ b], axis=1)


def is_balanced(array: ArrayLike) -> bool:
    """Whether every column of a design (runs, factors) has each of its levels equally often."""
    return all(len(set(np.unique(column, return_counts=True)[1].tolist())) == 1 for column in np.asarray(array).T)


def is_orthogonal(array: ArrayLike) -> bool:
    """Whether any two columns of a design (runs, factors) hold every pair of their levels equally often."""
    columns = np.asarray(array).T
    for first, second in combinations(columns, 2):
        pairs, counts = np.unique(np.stack([first, second]), axis=1, return_counts=True)
        if pairs.shape[1] != len(np.unique(first)) * len(np.unique(second)) or len(set(counts.tolist())) != 1:
            return False
    return True


def is_proportional(array: ArrayLike) -> bool:
    """Whether any two columns of a design hold every pair of levels as often as the levels' own frequencies say.

    ``runs * n(a, b) == n(a) * n(b)``: then main effects are free of each other, as in an orthogonal design, which is the case
    where all levels are equally frequent. Addelman 1962, "Orthogonal main-effect plans for asymmetrical factorial experiments".
    """
    columns = [np.unique(column, return_inverse=True)[1] for column in np.asarray(array).T]
    for first, second in combinations(columns, 2):
        width = second.max(initial=0) + 1
        met = np.bincount(first * width + second, minlength=(first.max(initial=0) + 1) * width).reshape(-1, width)
        if (len(first) * met != np.outer(met.sum(axis=1), met.sum(axis=0))).any():
            return False
    return True


def l16_settings() -> list[dict[str, str]]:
    """The sixteen runs of Table 1, in its order: factor -> level."""
    names = list(FACTORS)
    return [{name: FACTORS[name][level] for name, level in zip(names, row, strict=True)} for row in l16().tolist()]


def network_of(
    settings: dict[str, str], architecture: str, input_shape: tuple[int, int, int] = (28, 28, 1), classes: int = 10
) -> ClassifierSpec:
    """The network of one run of the design; its optimiser belongs to the ``TrainSpec``."""
    penalty, _, dropout = settings["regularization"].partition("&")
    return ClassifierSpec(
        architecture,
        input_shape,
        classes,
        initializer=settings["initializer"],
        activation=settings["activation"],
        regularizer=penalty,
        dropout=DROPOUT if dropout else 0.0,
    )
