"""Training data that lies in the memory of a GPU whole, and how a batch is made of it there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_given(rows: Any, key: Any) -> Any:
    """Rows that are ``(x, y)`` already."""
    return rows


@dataclass(frozen=True, eq=False)
class ResidentData:
    """What stays on the device. arrays: any nest of arrays (n, ...), pictures as bytes.

    make: (rows of ``arrays`` (batch, ...), a JAX key) -> ``(x, y)`` as the network takes them. It is compiled into the
    training step; all chance comes from the key.
    """

    arrays: Any
    make: Callable[[Any, Any], Any] = as_given


# --- ways to make batches; JAX arrays in, JAX arrays out ---------------------------------------------------------------


def unit_floats(images: Any) -> Any:
    """uint8 -> float32 in [0, 1]."""
    import jax.numpy as jnp

    return images.astype(jnp.float32) / 255


def mirrored(pictures: Any, key: Any, share: float = 0.5) -> Any:
    """Pictures (n, height, width, channels), each with a chance of ``share`` turned left to right."""
    import jax
    import jax.numpy as jnp

    turn = jax.random.uniform(key, (len(pictures), 1, 1, 1)) < share
    return jnp.where(turn, pictures[:, :, ::-1], pictures)


def shifted(pictures: Any, key: Any, room: int, border: str) -> Any:
    """Pictures (n, height, width, channels) moved by up to ``room`` pixels each way; border: as ``numpy.pad`` calls it."""
    import jax
    import jax.numpy as jnp

    count, height, width, channels = pictures.shape
    wide = jnp.pad(pictures, ((0, 0), (room, room), (room, room), (0, 0)), mode=border)
    corners = jax.random.randint(key, (count, 2), 0, 2 * room + 1)

    def cut(picture: Any, corner: Any) -> Any:
        return jax.lax.dynamic_slice(picture, (corner[0], corner[1], 0), (height, width, channels))

    return jax.vmap(cut)(wide, corners)


def quarter_turned(pictures: Any, key: Any) -> Any:
    """Square pictures (n, side, side, channels), each turned by 0, 90, 180 or 270 degrees."""
    import jax
    import jax.numpy as jnp

    turns = jax.random.randint(key, (len(pictures), 1, 1, 1), 0, 4)
    turned = [jnp.rot90(pictures, count, axes=(1, 2)) for count in range(4)]
    return jnp.select([turns == count for count in range(4)], turned)


def erased(pictures: Any, key: Any, share: float, areas: tuple[float, float], ratio: float) -> Any:
    """Pictures float32 (n, height, width, channels), a ``share`` of them with noise in a rectangle.

    Its area is a share of the picture between ``areas``, its sides in a ratio from ``ratio`` to its inverse; wholly inside.
    """
    import jax
    import jax.numpy as jnp

    count, height, width, _ = pictures.shape
    chances, noise = jax.random.split(key)
    area, side, top, left, hit = jax.random.uniform(chances, (5, count))
    area = (areas[0] + (areas[1] - areas[0]) * area) * height * width
    log = float(np.log(ratio))
    side = jnp.exp(log - 2 * log * side)
    tall = jnp.clip(jnp.rint(jnp.sqrt(area * side)), 1, height)
    wide = jnp.clip(jnp.rint(jnp.sqrt(area / side)), 1, width)
    top, left = jnp.floor(top * (height - tall + 1)), jnp.floor(left * (width - wide + 1))

    def between(places: NDArray[Any], low: Any, size: Any) -> Any:
        return (places >= low[:, None]) & (places < (low + size)[:, None])  # (n, places)

    hole = between(np.arange(height), top, tall)[:, :, None] & between(np.arange(width), left, wide)[:, None, :]
    hole &= (hit < share)[:, None, None]
    return jnp.where(hole[..., None], jax.random.uniform(noise, pictures.shape), pictures)
