"""Vectors of a latent space: dice, paths between two, squares between four, truncation, norms along the way.

Vectors are float32 (n, size), standard normal where they are drawn. Paths go from ``start`` to ``end``; laid out as a grid
they are read from left to right, then top to bottom, as in the reports.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.specs import check_whole

Vectors = NDArray[np.float32]
PathKind = Literal["linear", "spherical"]
PATH_KINDS = ("linear", "spherical")
NEARLY = 1e-6  # of a radian: under it a great circle's formula divides by nearly nothing


def random_vectors(seed: int, count: int, size: int) -> Vectors:
    """``count`` standard normal vectors from a seed, (count, size); the first ones do not depend on ``count``."""
    check_whole("seed", seed, 0, 2**32 - 1)
    check_whole("count", count, 1, 1_000_000)
    return np.random.default_rng(seed).standard_normal((count, size), np.float32)


def path(start: ArrayLike, end: ArrayLike, frames: int, kind: PathKind = "spherical") -> Vectors:
    """``frames`` vectors from ``start`` to ``end``, both ends among them, evenly spaced: (frames, size)."""
    check_whole("frames", frames, 1, 100_000)
    return between(start, end, np.linspace(0, 1, frames), kind)


def between(start: ArrayLike, end: ArrayLike, shares: ArrayLike, kind: PathKind = "spherical") -> Vectors:
    """The vectors that lie ``shares`` (n,) of the way from ``start`` to ``end``, (n, size).

    linear: ``(1 - t) start + t end``, equation 2 of the 2023 report with alpha = 1 - t. Half way between two independent
    normal vectors its norm is only about 0.71 of theirs, where a generator has seen next to no vectors. spherical: the
    direction turns evenly along the great circle and the norm goes evenly from the one to the other (Shoemake 1985; White
    2016, "Sampling generative networks"). Nearly parallel directions go straight; opposite ones have no one great circle
    and turn through the axis that both lean on least; a vector of zeros has no direction, so the way is straight.
    """
    if kind not in PATH_KINDS:
        raise ValueError(f"kind must be one of {', '.join(PATH_KINDS)}; got {kind!r}")
    first, last = (np.asarray(vector, np.float64) for vector in (start, end))
    if first.ndim != 1 or first.shape != last.shape or not len(first):
        raise ValueError(f"start and end must be vectors of the same size; got {first.shape} and {last.shape}")
    t = np.asarray(shares, np.float64)[:, None]  # (n, 1)
    straight = (1 - t) * first + t * last
    lengths = np.linalg.norm(first), np.linalg.norm(last)
    if kind == "linear" or min(lengths) == 0:
        return straight.astype(np.float32)
    unit, other = first / lengths[0], last / lengths[1]
    # Half chords give the angle exactly where the arc cosine of a product near 1 or -1 does not.
    angle = 2 * np.arctan2(np.linalg.norm(unit - other), np.linalg.norm(unit + other))
    if angle < NEARLY:
        return straight.astype(np.float32)
    if np.pi - angle < NEARLY:
        if len(unit) == 1:  # on a line there is no way around
            return straight.astype(np.float32)
        axis = np.eye(len(unit))[np.argmin(np.abs(unit))]
        across = axis - (axis @ unit) * unit
    else:
        across = other - (other @ unit) * unit
    across /= np.linalg.norm(across)
    turned = np.cos(t * angle) * unit + np.sin(t * angle) * across  # (n, size)
    return (turned * ((1 - t) * lengths[0] + t * lengths[1])).astype(np.float32)


def grid(vectors: Vectors, columns: int) -> Vectors:
    """A path (n, size) laid out in rows, read from left to right, top to bottom: (rows, columns, size)."""
    count, size = vectors.shape
    check_whole("columns", columns, 1, count)
    if count % columns:
        raise ValueError(f"{count} vectors do not fill rows of {columns}; take {count - count % columns} frames")
    return vectors.reshape(count // columns, columns, size)


def square(corners: ArrayLike, rows: int, columns: int, kind: PathKind = "spherical") -> Vectors:
    """Vectors between four corners (4, size): top left, top right, bottom left, bottom right. (rows, columns, size).

    First down the left and the right side, then across each row; with ``linear`` this is bilinear interpolation.
    """
    ends = np.asarray(corners, np.float32)
    if ends.ndim != 2 or len(ends) != 4:
        raise ValueError(f"corners must be four vectors (4, size); got {ends.shape}")
    check_whole("rows", rows, 1, 1000)
    left, right = path(ends[0], ends[2], rows, kind), path(ends[1], ends[3], rows, kind)
    return np.stack([path(a, b, columns, kind) for a, b in zip(left, right, strict=True)])


def norms(vectors: ArrayLike) -> NDArray[np.float32]:
    """The length of each vector: (..., size) -> (...)."""
    return np.asarray(np.linalg.norm(np.asarray(vectors, np.float32), axis=-1), np.float32)


def expected_norm(size: int) -> float:
    """The mean length of standard normal vectors: sqrt(2) gamma((size + 1) / 2) / gamma(size / 2), near sqrt(size - 1/2)."""
    from math import exp, lgamma, sqrt

    return sqrt(2) * exp(lgamma((size + 1) / 2) - lgamma(size / 2))


def truncated(vectors: ArrayLike, psi: float, centre: ArrayLike | None = None) -> Vectors:
    """Vectors drawn towards ``centre`` (zeros): ``centre + psi (vector - centre)``, psi 1 leaves them, 0 gives the centre.

    Less varied pictures. Karras et al. 2019, "A style-based generator architecture", appendix B, do so in a learned space
    between; a normal vector that is shortened leaves the shell that the model learned from.
    """
    if not 0 <= psi <= 2:
        raise ValueError(f"psi must lie in [0, 2]; got {psi}")
    given = np.asarray(vectors, np.float32)
    middle = np.zeros(given.shape[-1], np.float32) if centre is None else np.asarray(centre, np.float32)
    return np.asarray(middle + np.float32(psi) * (given - middle), np.float32)
