"""Drawn pictures that stay in the memory of a GPU and are seen again there, turned, moved and lit differently each time.

A GPU learns from clocks several times as fast as the cores beside it can draw them. So it does not wait: whatever was drawn
meanwhile joins the pool before a call, and steps take their pictures from all of the pool. Needs ``KERAS_BACKEND=jax``.
"""

import time
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from core.batches import Done
from core.clocks.wild_data import CHUNK, KNOWN, Known, Pictures, WildData, draw_pictures
from core.resident import OnDevice
from core.specs import TrainSpec

ROOM = 1_000_000  # pictures at most; then new ones take the place of the oldest
SHARE = 0.5  # of the device's memory at most
FIRST = 4_096  # pictures before the first step
ADDED = 16 * CHUNK  # pictures that join at a time
CALL_STEPS = 64  # at most, then what was drawn meanwhile joins
POOL_EPOCH = 1_000_000  # numbers of epochs from here on are the pool's: it draws nothing that an epoch of its own would
UNCHANGED = 0.2  # the share that is seen as drawn
TURN, SCALE, SHIFT = 0.26, 0.15, 0.06  # radians, a factor's logarithm, and shares of the side, at most


def varied(images: Any, known: Any, key: Any) -> tuple[Any, Any]:
    """uint8 (n, side, side) and (n, 32) -> float32 (n, side, side) in [0, 1] and what is known of them, as JAX arrays.

    Turned about the middle by up to ``TURN``, scaled, shifted; then gamma, contrast and noise. What comes in from outside
    repeats the border; points that leave are sought there.
    """
    import jax
    import jax.numpy as jnp

    count, side = images.shape[:2]
    where, tones, grain = jax.random.split(key, 3)
    chances = jax.random.uniform(where, (5, count), minval=-1)
    as_drawn = chances[4] < 2 * UNCHANGED - 1
    turn, grow, right, down = jnp.where(as_drawn, 0.0, chances[:4])  # (n,) each
    angle, scale = TURN * turn, jnp.exp(SCALE * grow)
    cos, sin = jnp.cos(angle), jnp.sin(angle)

    # Of the new picture's pixels: where in the old one they lie; in shares of the side from the middle.
    axis = jnp.linspace(-0.5, 0.5, side)
    x = axis[None, None, :] - SHIFT * right[:, None, None]  # (n, 1, side)
    y = axis[None, :, None] - SHIFT * down[:, None, None]  # (n, side, 1)
    cos_, sin_, scale_ = (part[:, None, None] for part in (cos, sin, scale))
    old_x, old_y = (cos_ * x + sin_ * y) / scale_, (cos_ * y - sin_ * x) / scale_  # (n, side, side)
    places = jnp.stack([old_y, old_x], axis=1) * (side - 1) + (side - 1) / 2

    def look(image: Any, place: Any) -> Any:
        return jax.scipy.ndimage.map_coordinates(image, list(place), order=1, mode="nearest")

    pictures = jax.vmap(look)(images.astype(jnp.float32) / 255, places)
    points = known[:, 2:].reshape(count, -1, 2) - 0.5  # (n, 15, 2), NaN stays NaN
    new_x = scale[:, None] * (cos[:, None] * points[..., 0] - sin[:, None] * points[..., 1]) + SHIFT * right[:, None]
    new_y = scale[:, None] * (sin[:, None] * points[..., 0] + cos[:, None] * points[..., 1]) + SHIFT * down[:, None]
    moved = jnp.clip(jnp.stack([new_x, new_y], axis=-1) + 0.5, 0, 1).reshape(count, -1)

    gamma, contrast, light, noise = jnp.where(as_drawn, 0.0, jax.random.uniform(tones, (4, count), minval=-1))[..., None, None]
    pictures = jnp.clip(pictures, 1e-6, 1) ** jnp.exp(0.5 * gamma)
    pictures = 0.5 + (pictures - 0.5) * (1 + 0.2 * contrast) + 0.1 * light
    pictures += 0.04 * jnp.maximum(noise, 0) * jax.random.normal(grain, pictures.shape)
    return jnp.clip(pictures, 0, 1), jnp.concatenate([known[:, :2], moved], axis=1)


def pool_targets(known: Any, sigma_minutes: Any) -> dict[str, Any]:
    """``wild_data.wild_targets`` of JAX arrays."""
    import jax.numpy as jnp

    minutes, places = known[:, 0], known[:, 2:]
    angles = 2 * jnp.pi * jnp.stack([minutes / 720, minutes % 60 / 60], axis=-1)  # (n, 2), as ``hand_angles``
    return {
        "bins": jnp.stack([minutes, jnp.full_like(minutes, sigma_minutes)], axis=-1),
        "hands": jnp.stack([jnp.sin(angles), jnp.cos(angles)], axis=-1).reshape(len(minutes), 4),  # as ``sines_cosines``
        "maps": places.reshape(len(minutes), -1, 2),
        "points": places,
        "readable": known[:, 1:2],
    }


class OnPool(OnDevice):
    """Steps on pictures of a growing pool; an engine for ``training.train``, with any ``WildData``."""

    def __init__(self, model: Any, data: WildData, spec: TrainSpec) -> None:
        import jax
        import jax.numpy as jnp

        side = data.mixture.side
        memory = (jax.devices()[0].memory_stats() or {}).get("bytes_limit", 2**28)
        self.room = int(max(1, min(ROOM, SHARE * memory // (side * side + 4 * KNOWN)) // ADDED)) * ADDED
        images, known = jnp.zeros((self.room, side, side), jnp.uint8), jnp.full((self.room, KNOWN), jnp.nan, jnp.float32)
        self._init(model, data, spec, {"images": images, "known": known, "sigma": jnp.float32(1)})
        self.data, self.drawn = data, 0
        self._add = jax.jit(self._added, donate_argnums=0)
        self._coming: deque[Future[tuple[Pictures, Known, float]]] = deque()
        self._asked = 0
        self._loose: list[tuple[Pictures, Known]] = []
        self._epoch = 0

    @staticmethod
    def _added(arrays: Any, images: Any, known: Any, at: Any) -> Any:
        import jax

        images = jax.lax.dynamic_update_slice_in_dim(arrays["images"], images, at, 0)
        known = jax.lax.dynamic_update_slice_in_dim(arrays["known"], known, at, 0)
        return {**arrays, "images": images, "known": known}

    def _batch(self, arrays: Any, chosen: Any, key: Any) -> Any:
        pictures, known = varied(arrays["images"][chosen], arrays["known"][chosen], key)
        return pictures[..., None], pool_targets(known, arrays["sigma"])

    # --- drawing -----------------------------------------------------------------------------------------------------------

    def _collect(self, *, wait: bool) -> None:
        """Take what was drawn, one chunk at least with ``wait``, and have as much again drawn."""
        while len(self._coming) < 4 * max(1, self.data.workers) and self.data.workers:
            indices = np.arange(self._asked, self._asked + CHUNK)
            self._coming.append(self.data.submit(POOL_EPOCH + self._epoch, indices))
            self._asked += CHUNK
        if not self.data.workers:
            indices = np.arange(self._asked, self._asked + CHUNK)
            seed = (self.data.training.seed, POOL_EPOCH + self._epoch)
            self._loose.append(draw_pictures(self.data.mixture, self.data.faces, seed, indices))
            self._asked += CHUNK
        while self._coming and (wait or self._coming[0].done()):
            images, known, seconds = self.data.result(self._coming.popleft())
            self.data.count_drawn(len(images), seconds)
            self._loose.append((images, known))
            wait = False

    def _join(self) -> None:
        """Put whole lots of new pictures into the pool."""
        lot = ADDED // CHUNK
        while len(self._loose) >= lot:
            images, known = (np.concatenate(parts) for parts in zip(*self._loose[:lot], strict=True))
            self._loose = self._loose[lot:]
            self._arrays = self._add(self._arrays, images, known, self.drawn % self.room)
            self.drawn += ADDED

    def _fill(self, first: int) -> None:
        while True:
            self._collect(wait=self.drawn < first)
            self._join()
            if self.drawn >= first:
                return

    # --- steps -------------------------------------------------------------------------------------------------------------

    def steps(self, epoch: int, first: int, steps: int) -> Generator[Done, None, None]:
        import jax
        import jax.numpy as jnp

        if not self._asked:
            self._epoch = epoch  # a run that goes on elsewhere draws other pictures
        sigma = self.data.sigma(epoch)
        key, size = jax.random.fold_in(self._key, epoch), self.spec.batch_size
        while first < steps:
            asked = time.monotonic()
            self._fill(min(FIRST, self.room))
            self._build()
            self._arrays = {**self._arrays, "sigma": jnp.float32(sigma)}
            rng = np.random.default_rng([self.spec.seed, epoch, first])
            order = rng.integers(0, min(self.drawn, self.room), CALL_STEPS * size).astype(np.int32)
            stop = min(steps, first + min(CALL_STEPS, self._steps_a_call()))
            state = self._state()
            begun = time.monotonic()
            here = jax.random.fold_in(key, first)
            state, sums = self._many(state, self._arrays, order, 0, stop - first, here)
            means = {name: float(value) / (stop - first) for name, value in sums.items()}
            self._note(time.monotonic() - begun, stop - first)
            self._keep(state)
            pictures = (stop - first) * size
            first = stop
            yield Done(stop, pictures, means, begun - asked)


@dataclass(eq=False)
class PooledWildData(WildData):
    """``WildData`` whose pictures stay on the device; an epoch is ``size`` looks at pictures of the pool."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.engine = self._engine

    def _engine(self, model: Any, data: Any, spec: TrainSpec) -> OnPool:
        return OnPool(model, self, spec)

    @classmethod
    def of(cls, data: WildData) -> "PooledWildData":
        """The same data with a pool."""
        return cls(**{item.name: getattr(data, item.name) for item in fields(data) if item.init})
