"""How good made pictures are: distances in features, sharpness, diversity, and what in the data they lie nearest to.

Features are whatever a network makes of pictures, float (n, size); here those of the leaf classifier that is trained in this
project. They are not Inception's, so no figure can be compared with Fréchet distances in print; comparing models that were
measured here, and held-out pictures as the best that can be hoped for, is what they are for.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.images import Picture

CONFIDENT = 0.9
CHUNK = 512  # rows of distances at a time
CROWD = 50  # nearest pictures that the nearest one is compared with
Values = NDArray[np.float64]


def _features(name: str, features: ArrayLike) -> Values:
    values = np.asarray(features, np.float64)
    if values.ndim != 2 or len(values) < 2:
        raise ValueError(f"{name} must be features of at least two pictures, (n, size); got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds numbers that are not finite; look at the pictures or the network that they come from")
    return values


def frechet_distance(made: ArrayLike, real: ArrayLike) -> float:
    """Fréchet distance of the normal distributions that fit two sets of features, (n, size) and (m, size).

    |m1 - m2|^2 + trace(C1 + C2 - 2 (C1 C2)^(1/2)); Heusel et al. 2017. It falls with the number of pictures: compare only
    figures for equal numbers.
    """
    first, second = _features("made", made), _features("real", real)
    return frechet_of_normals(
        first.mean(0), np.atleast_2d(np.cov(first, rowvar=False)), second.mean(0), np.atleast_2d(np.cov(second, rowvar=False))
    )


def frechet_of_normals(mean1: Values, covariance1: Values, mean2: Values, covariance2: Values) -> float:
    """The same for two normal distributions: means (size,), covariances (size, size)."""
    # C1 C2 has the eigenvalues of the symmetric S C2 S with S = C1^(1/2), which are found without complex numbers.
    values, vectors = np.linalg.eigh(covariance1)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    product = np.linalg.eigvalsh(root @ covariance2 @ root)
    shared = np.sqrt(np.maximum(product, 0)).sum()
    distance = np.square(mean1 - mean2).sum() + np.trace(covariance1) + np.trace(covariance2) - 2 * shared
    return float(max(0.0, distance))


def kernel_distance(made: ArrayLike, real: ArrayLike) -> float:
    """Squared maximum mean discrepancy with the kernel (x y / size + 1)^3, unbiased: near 0, even below, for equal ones.

    Bińkowski et al. 2018, "Demystifying MMD GANs", section 4; it does not depend on the number of pictures.
    """
    first, second = _features("made", made), _features("real", real)

    def kernel(a: Values, b: Values) -> Values:
        return np.asarray((a @ b.T / a.shape[1] + 1) ** 3)

    def within(a: Values) -> float:
        products = kernel(a, a)
        return float((products.sum() - np.trace(products)) / (len(a) * (len(a) - 1)))  # pairs of different pictures

    return within(first) + within(second) - 2 * float(kernel(first, second).mean())


def diversity(features: ArrayLike) -> float:
    """The mean distance between the features of two different pictures; (n, size)."""
    values = _features("features", features)
    total = sum(_distances(values[start : start + CHUNK], values).sum() for start in range(0, len(values), CHUNK))
    return float(total / (len(values) * (len(values) - 1)))


def confident_share(chances: ArrayLike, least: float = CONFIDENT) -> float:
    """The share of pictures of which a classifier is sure: the highest of their chances (n, classes) is at least ``least``."""
    return float((np.asarray(chances).max(1) >= least).mean())


def sharpness(pictures: Picture) -> NDArray[np.float32]:
    """The variance of the Laplacian of each picture's grey values in [0, 1]: uint8 (n, side, side, 3) -> (n,).

    Pech-Pacheco et al. 2000; blurred pictures have little of it, noisy ones too much. Compare pictures of one size only.
    """
    grey = pictures.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32) / np.float32(255)  # (n, side, side)
    return np.array([cv2.Laplacian(np.ascontiguousarray(one), cv2.CV_32F).var() for one in grey], np.float32)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """For each of n points: the index of the nearest known one, the distance to it, and how much nearer it is than others.

    closeness: the distance over the mean distance to the 50 nearest, in [0, 1]; near 1 when the nearest is one of many.
    """

    indices: NDArray[np.int64]
    distance: NDArray[np.float32]
    closeness: NDArray[np.float32]


def nearest(points: ArrayLike, known: ArrayLike) -> Neighbours:
    """For each point (n, ...) the nearest of ``known`` (m, ...).

    Distances are root mean squares over the values, so that those of pictures are grey levels whatever their size. Blurred
    pictures are near to all others; the closeness, the ratio of Carlini et al. 2023, "Extracting training data from diffusion
    models", does not take them for copies.
    """
    first = np.asarray(points, np.float32).reshape(len(np.asarray(points)), -1)
    second = np.asarray(known, np.float32).reshape(len(np.asarray(known)), -1)
    if first.shape[1] != second.shape[1] or not len(second):
        raise ValueError(f"points and known must have the same values; got {first.shape} and {second.shape}")
    index, crowd, count = np.empty(len(first), np.int64), np.empty(len(first)), min(CROWD, len(second))
    for start in range(0, len(first), CHUNK):
        part = slice(start, start + CHUNK)
        distances = _distances(first[part], second)
        index[part] = distances.argmin(1)
        crowd[part] = np.partition(distances, count - 1, axis=1)[:, :count].mean(1) / np.sqrt(first.shape[1])
    # Again from the differences: the products of the first look lose digits where distances are small.
    apart = np.sqrt(np.square(first - second[index]).mean(1))
    closeness = np.divide(apart, crowd, out=np.ones_like(crowd), where=crowd > 0)
    return Neighbours(index, apart.astype(np.float32), np.minimum(closeness, 1).astype(np.float32))


def copied_share(closeness: ArrayLike, usual: ArrayLike, rank: float = 1.0) -> float:
    """The share of made pictures of which one training picture stands out as it does for only ``rank`` percent of real ones.

    closeness, usual: of the nearest training pictures, for made and for held-out pictures. Near rank / 100: nothing speaks
    for learning by heart; much more: it does.
    """
    return float((np.asarray(closeness) < np.percentile(np.asarray(usual), rank)).mean())


def _distances(first: NDArray, second: NDArray) -> NDArray:
    """(n, m) Euclidean distances of all pairs."""
    lengths = [np.einsum("nk,nk->n", part, part) for part in (first, second)]  # no array as large as the parts
    squares = lengths[0][:, None] + lengths[1][None] - 2 * first @ second.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)))
