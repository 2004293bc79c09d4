"""Data sets by name. (Signatures; the reading follows.)"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


class DatasetError(ValueError):
    """A data set is missing or damaged; the text says what, and how to get it."""


@dataclass(frozen=True)
class DatasetInfo:
    name: str
    title: str
    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    licence: str
    source: str
    remedy: str


@dataclass(frozen=True, eq=False)
class Part:
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Dataset:
    info: DatasetInfo
    train: Part
    valid: Part
    test: Part


DATASETS: dict[str, DatasetInfo] = {}


def load_dataset(name: str) -> Dataset:
    raise NotImplementedError


def is_available(name: str) -> bool:
    raise NotImplementedError
