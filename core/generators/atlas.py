"""What of a generator's latent space can be shown: directions to mix along, and a map of where pictures lie."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.generators.data import as_floats
from core.generators.directions import (
    Basis,
    Vectors,
    directions_of_pictures,
    label_direction,
    leaf_contrasts,
    principal_directions,
)
from core.generators.latent import random_vectors
from core.generators.stored import Generator
from core.images import Picture

DIRECTIONS = 8
SAMPLES = 400  # made pictures, where directions are found in what a generator makes
SEED = 31
SURE = 0.5  # chance of its class from which a made picture counts as one of that class
Judge = Callable[[Picture], tuple[NDArray[np.float32], NDArray[np.float32]]]


@dataclass(frozen=True, eq=False)
class Labelled:
    """Real pictures uint8 (n, side, side, 3) with their labels (n,) into ``classes``."""

    images: Picture
    labels: NDArray[np.int64]
    classes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Desk:
    """Directions to mix along. basis: the strongest ones. named: title -> (size,), added once leads from one to the other."""

    basis: Basis
    named: dict[str, Vectors] = field(default_factory=dict)

    def mixed(self, vector: ArrayLike, steps: ArrayLike, shares: dict[str, float]) -> Vectors:
        """A vector (size,) moved by ``steps`` (count,) deviations along ``basis`` and by shares of the named directions."""
        moved = self.basis.moved(vector, steps)
        for title, share in shares.items():
            moved = moved + np.float32(share) * self.named[title]
        return np.asarray(moved, np.float32)


def make_desk(generator: Generator, real: Labelled | None, judge: Judge | None = None, count: int = DIRECTIONS) -> Desk:
    """The directions of a generator.

    Where it encodes and there are real pictures, the principal directions of their means; else those along which the pictures
    of random vectors vary most. Named directions need labels: of the real pictures where it encodes, else what ``judge``, a
    classifier of the same classes, takes made pictures for.
    """
    count = min(count, generator.latent_size)
    known = None if real is None else generator.encode(real.images)
    if real is not None and known is not None:
        return Desk(principal_directions(known, count), _named(known, real.labels, real.classes))
    vectors = random_vectors(SEED, SAMPLES, generator.latent_size)
    made = generator.decode(vectors)  # (n, side, side, 3)
    basis = directions_of_pictures(vectors, coarse(made), count)
    if judge is None or real is None:
        return Desk(basis)
    chances = judge(made)[1]  # (n, classes)
    sure = chances.max(1) >= SURE
    return Desk(basis, _named(vectors[sure], chances[sure].argmax(1), real.classes))


def _named(vectors: Vectors, labels: NDArray[np.int64], classes: tuple[str, ...]) -> dict[str, Vectors]:
    found = {title: label_direction(vectors, labels, *sides) for title, sides in leaf_contrasts(classes).items()}
    return {title: direction for title, direction in found.items() if direction is not None}


def coarse(pictures: Picture, side: int = 8) -> NDArray[np.float32]:
    """Pictures uint8 (n, height, width, 3) as means over squares, float32 (n, side, side, 3) in [0, 1]."""
    step, rest = divmod(pictures.shape[1], side)
    if rest or pictures.shape[1] != pictures.shape[2]:
        raise ValueError(
            f"pictures must be squares of a multiple of {side} pixels; got {pictures.shape[2]} x {pictures.shape[1]}"
        )
    return as_floats(pictures).reshape(-1, side, step, side, step, 3).mean((2, 4))


@dataclass(frozen=True, eq=False)
class Plane:
    """Two principal directions of encoded pictures. places: (n, 2), where each lies, in deviations from the centre.

    share: of the variance of all directions, what these two hold, in [0, 1].
    """

    basis: Basis
    places: NDArray[np.float32]
    share: float

    def vector(self, place: ArrayLike) -> Vectors:
        """The vector (size,) of a place (2,) in deviations; what all other directions hold is the mean."""
        return self.basis.moved(self.basis.centre, np.asarray(place, np.float32))


def make_plane(vectors: Vectors) -> Plane:
    """The plane in which vectors (n, size), n at least 3 and size at least 2, vary most."""
    basis = principal_directions(vectors, 2)
    spread = np.where(basis.deviations > 0, basis.deviations, 1)
    places = basis.coordinates(vectors) / spread  # (n, 2)
    whole = float(np.var(vectors.astype(np.float64), axis=0, ddof=1).sum())
    share = float(np.square(basis.deviations.astype(np.float64)).sum()) / whole if whole > 0 else 1.0
    return Plane(basis, places.astype(np.float32), min(1.0, share))
