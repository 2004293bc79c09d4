"""Directions of a latent space that mean something: where pictures vary most, and from one label to another."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.specs import check_whole

Vectors = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Basis:
    """Directions through a centre.

    centre: (size,). directions: (count, size), orthonormal when they are principal ones, else of length 1. deviations:
    (count,), the standard deviation of what was measured along each; one step of a slider.
    """

    centre: Vectors
    directions: Vectors
    deviations: NDArray[np.float32]

    def coordinates(self, vectors: ArrayLike) -> NDArray[np.float32]:
        """Where vectors (n, size) lie along each direction: (n, count), in the vectors' own units."""
        return np.asarray((np.asarray(vectors, np.float32) - self.centre) @ self.directions.T, np.float32)

    def moved(self, vector: ArrayLike, steps: ArrayLike) -> Vectors:
        """A vector (size,) or vectors (n, size) moved by ``steps`` (count,) deviations along each direction."""
        along = np.asarray(steps, np.float32) * self.deviations
        return np.asarray(np.asarray(vector, np.float32) + along @ self.directions, np.float32)


def principal_directions(vectors: ArrayLike, count: int) -> Basis:
    """The ``count`` directions in which vectors (n, size) vary most, most first; each points to its largest entry."""
    data = np.asarray(vectors, np.float64)
    if data.ndim != 2 or len(data) < 2:
        raise ValueError(f"vectors must be at least two of one size (n, size); got {data.shape}")
    check_whole("count", count, 1, min(data.shape[0] - 1, data.shape[1]))
    centre = data.mean(0)
    values, columns = np.linalg.eigh(np.cov(data, rowvar=False).reshape(data.shape[1], -1))
    directions = columns.T[::-1][:count]  # eigh sorts upwards
    directions = directions * np.sign(directions[np.arange(count), np.abs(directions).argmax(1)])[:, None]
    deviations = np.sqrt(np.maximum(values[::-1][:count], 0))
    return Basis(centre.astype(np.float32), directions.astype(np.float32), deviations.astype(np.float32))


def directions_of_pictures(vectors: ArrayLike, pictures: ArrayLike, count: int) -> Basis:
    """Directions in latent space along which the pictures that come out vary most.

    vectors: (n, size); pictures: (n, ...), what each decodes to, any numbers, small is enough. The principal coordinates of
    the pictures are found, and the direction of each is the least-squares answer of the vectors to it. Normal vectors vary
    alike in all directions, so that their own principal directions say nothing. Haerkoenen et al. 2020, "GANSpace", eq. 1.
    """
    given = np.asarray(vectors, np.float64)
    seen = np.asarray(pictures, np.float64).reshape(len(given), -1)  # (n, values)
    seen = seen - seen.mean(0)
    check_whole("count", count, 1, min(len(given) - 1, seen.shape[1]))
    # The smaller of the two products of pictures has the same coordinates.
    columns = np.linalg.eigh(seen @ seen.T)[1]
    coordinates = columns[:, ::-1][:, :count]  # (n, count), each of length 1
    strongest = np.abs(coordinates).argmax(0)
    coordinates = coordinates * np.sign(coordinates[strongest, np.arange(count)])
    slopes = coordinates.T @ (given - given.mean(0))  # (count, size); columns are orthonormal: this is least squares
    lengths = np.linalg.norm(slopes, axis=1, keepdims=True)
    slopes = slopes / np.where(lengths > 0, lengths, 1)
    deviations = ((given - given.mean(0)) @ slopes.T).std(0)
    return Basis(given.mean(0).astype(np.float32), slopes.astype(np.float32), deviations.astype(np.float32))


def label_direction(
    vectors: ArrayLike, labels: ArrayLike, start: tuple[int, ...], end: tuple[int, ...]
) -> NDArray[np.float32] | None:
    """From the mean of the vectors whose label is in ``start`` to that of those in ``end``: (size,).

    vectors: (n, size), labels: (n,). Adding it once leads from the one typical picture to the other. None where there are no
    vectors with such labels. Larsen et al. 2016, section 4.2, "visual attribute vectors".
    """
    given, known = np.asarray(vectors, np.float64), np.asarray(labels)
    if given.ndim != 2 or known.shape != given.shape[:1]:
        raise ValueError(f"vectors must be (n, size) and labels (n,); got {given.shape} and {known.shape}")
    parts = [given[np.isin(known, side)] for side in (start, end)]
    if not all(len(part) for part in parts):
        return None
    return np.asarray(parts[1].mean(0) - parts[0].mean(0), np.float32)


def leaf_contrasts(classes: tuple[str, ...]) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """What plant leaves' classes can be set against each other: title -> (class numbers from, class numbers to).

    Classes are named as ``core.datasets`` names them, ``Apple: Black rot``; a contrast that lacks a side is left out.
    """
    crops, states = zip(*(name.lower().partition(": ")[::2] for name in classes), strict=True)
    healthy = tuple(i for i, state in enumerate(states) if state == "healthy")
    ill = tuple(i for i, state in enumerate(states) if state and state != "healthy")

    def of(crop: str) -> tuple[int, ...]:
        return tuple(i for i, name in enumerate(crops) if name.startswith(crop))

    def with_word(word: str) -> tuple[int, ...]:
        return tuple(i for i, state in enumerate(states) if word in state)

    contrasts = {
        "healthy to diseased": (healthy, ill),
        "apple to corn": (of("apple"), of("corn")),
        "tomato to grape": (of("tomato"), of("grape")),
        "healthy to black rot": (healthy, with_word("black rot")),
        "healthy to blight": (healthy, with_word("blight")),
    }
    return {title: sides for title, sides in contrasts.items() if all(sides)}
