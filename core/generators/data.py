"""Pictures as generators and the leaf classifier learn from them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.generators.specs import DICE
from core.images import Picture
from core.resident_data import ResidentData, mirrored, quarter_turned, shifted, unit_floats

Batch = tuple[Any, Any]
LIGHT = (0.85, 1.15)  # factors that a leaf's red, green and blue are multiplied by, each its own


def reduced(images: Picture, side: int) -> Picture:
    """Pictures uint8 (n, height, width, 3) of ``side`` pixels: every second, fourth, ... pixel, as the 2023 report slices."""
    step, rest = divmod(images.shape[1], side)
    if rest or step < 1 or images.shape[1] != images.shape[2]:
        raise ValueError(f"pictures of {images.shape[1]} x {images.shape[2]} pixels cannot be sliced to {side} x {side}")
    return np.ascontiguousarray(images[:, ::step, ::step])


def as_floats(images: Picture) -> NDArray[np.float32]:
    """uint8 -> float32 in [0, 1]."""
    return images.astype(np.float32) / np.float32(255)


def as_pictures(values: Any) -> Picture:
    """Numbers in [0, 1], whatever lies outside is cut off -> uint8."""
    return np.asarray(np.rint(255 * np.clip(np.asarray(values, np.float32), 0, 1)), np.uint8)


def _mirrored(pictures: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    turn = rng.random(len(pictures)) < 0.5
    return np.where(turn[:, None, None, None], pictures[:, :, ::-1], pictures)


@dataclass(eq=False)
class VaeData:
    """For autoencoders: pictures are their own targets. images: uint8 (n, side, side, 3); mirror: left and right at random."""

    images: Picture
    valid_images: Picture | None = None
    mirror: bool = False
    valid: Batch | None = field(init=False)

    def __post_init__(self) -> None:
        self.valid = None if self.valid_images is None else self._batch(self.valid_images)

    @property
    def size(self) -> int:
        return len(self.images)

    @staticmethod
    def _batch(images: Picture) -> Batch:
        pictures = as_floats(images)
        # Keras wants a target for each output; the divergence has none.
        return pictures, {"reconstruction": pictures, "posterior": np.zeros((len(images), 1), np.float32)}

    def batch(self, indices: NDArray[np.int64], epoch: int, rng: np.random.Generator) -> Batch:
        chosen = self.images[indices]
        return self._batch(_mirrored(chosen, rng) if self.mirror else chosen)

    def resident(self) -> ResidentData:
        """All of it at once."""

        def make(images: Any, key: Any) -> Batch:
            import jax.numpy as jnp

            pictures = unit_floats(mirrored(images, key) if self.mirror else images)
            return pictures, {"reconstruction": pictures, "posterior": jnp.zeros((len(images), 1))}

        return ResidentData(self.images, make)


@dataclass(eq=False)
class GameData:
    """For networks at play: pictures, and all the chance of a step. noises: vectors that a turn takes for each picture."""

    images: Picture
    latent: int
    noises: int = 1
    mirror: bool = False
    valid: Batch | None = None

    @property
    def size(self) -> int:
        return len(self.images)

    def batch(self, indices: NDArray[np.int64], epoch: int, rng: np.random.Generator) -> Batch:
        count = len(indices)
        chosen = self.images[indices]
        noise = rng.standard_normal((count, 2 * self.noises, self.latent), np.float32)
        dice = rng.random((count, 4, DICE), np.float32)
        return {"pictures": _mirrored(chosen, rng) if self.mirror else chosen, "noise": noise, "dice": dice}, None

    def resident(self) -> ResidentData:
        """All of it at once; vectors and dice are drawn on the device."""

        def make(images: Any, key: Any) -> Batch:
            import jax

            turns, noises, dices = jax.random.split(key, 3)
            noise = jax.random.normal(noises, (len(images), 2 * self.noises, self.latent))
            dice = jax.random.uniform(dices, (len(images), 4, DICE))
            return {"pictures": mirrored(images, turns) if self.mirror else images, "noise": noise, "dice": dice}, None

        return ResidentData(self.images, make)


@dataclass(eq=False)
class LeafData:
    """For the leaf classifier: pictures turned, mirrored, moved and lit differently in every epoch, with their classes."""

    images: Picture
    labels: NDArray[np.int64]
    valid: Batch | None = None
    room: int = 6  # pixels that a picture may move

    @property
    def size(self) -> int:
        return len(self.images)

    def batch(self, indices: NDArray[np.int64], epoch: int, rng: np.random.Generator) -> Batch:
        pictures = _mirrored(as_floats(self.images[indices]), rng)  # (n, side, side, 3)
        side, room = pictures.shape[1], self.room
        wide = np.pad(pictures, ((0, 0), (room, room), (room, room), (0, 0)), mode="reflect")
        turns, tops, lefts = (rng.integers(0, limit, len(pictures)) for limit in (4, 2 * room + 1, 2 * room + 1))
        for index, (turn, y, x) in enumerate(zip(turns, tops, lefts, strict=True)):
            pictures[index] = np.rot90(wide[index, y : y + side, x : x + side], turn)
        light = rng.uniform(*LIGHT, (len(pictures), 1, 1, 3)).astype(np.float32)
        return np.clip(pictures * light, 0, 1), self.labels[indices]

    def resident(self) -> ResidentData:
        """All of it at once."""

        def make(rows: Any, key: Any) -> Batch:
            import jax
            import jax.numpy as jnp

            images, labels = rows
            turns, moves, quarters, lights = jax.random.split(key, 4)
            pictures = shifted(mirrored(unit_floats(images), turns), moves, self.room, "reflect")
            light = jax.random.uniform(lights, (len(images), 1, 1, 3), minval=LIGHT[0], maxval=LIGHT[1])
            return jnp.clip(quarter_turned(pictures, quarters) * light, 0, 1), labels

        return ResidentData((self.images, self.labels), make)
