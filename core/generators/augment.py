"""Differentiable augmentation: pictures changed by dice, so that a discriminator with few of them cannot learn them by heart.

Zhao et al. 2020, "Differentiable augmentation for data-efficient GAN training", with the ranges of its published code. All
is linear or smooth in the pixels, so that slopes reach the generator.
"""

from typing import Any

from keras import ops

SHIFT = 8  # a picture moves by at most an eighth of its side
CUTOUT = 2  # the square cut out has half the side


def augment(pictures: Any, dice: Any, kinds: tuple[str, ...]) -> Any:
    """Pictures float32 (batch, side, side, 3) in [0, 1] changed as ``dice`` (batch, DICE) say; values may leave [0, 1].

    kinds: of ``colour``, ``translation`` and ``cutout``. What comes in from outside or is cut out is mid-grey.
    """
    x = pictures - 0.5  # (batch, side, side, 3), zero is mid-grey
    side = pictures.shape[1]
    if "colour" in kinds:
        light, colour, contrast = (dice[:, index, None, None, None] for index in range(3))  # (batch, 1, 1, 1) each
        x = x + (light - 0.5) / 2  # the paper's values lie in [-1, 1], twice as far apart
        grey = ops.mean(x, axis=3, keepdims=True)  # (batch, side, side, 1)
        x = grey + (x - grey) * (2 * colour)
        middle = ops.mean(x, axis=(1, 2, 3), keepdims=True)  # (batch, 1, 1, 1)
        x = middle + (x - middle) * (contrast + 0.5)
    if "translation" in kinds:
        room = side // SHIFT
        for axis, index in ((1, 3), (2, 4)):
            shift = ops.floor(dice[:, index] * (2 * room + 1)) - room  # (batch,), whole pixels
            places = ops.arange(side, dtype="float32")
            # Row i of the new picture is row i + shift of the old one; rows outside are nobody's.
            moves = ops.equal(places[None, :, None] + shift[:, None, None], places[None, None, :])  # (batch, side, side)
            pattern = "bij,bjwc->biwc" if axis == 1 else "bij,bhjc->bhic"
            x = ops.einsum(pattern, ops.cast(moves, x.dtype), x)  # (batch, side, side, 3)
    if "cutout" in kinds:
        half = side // CUTOUT / 2
        places = ops.arange(side, dtype="float32")[None]  # (1, side)
        inside = []
        for index in (5, 6):
            middle = ops.floor(dice[:, index] * (side + 1))[:, None]  # (batch, 1)
            inside.append(ops.logical_and(places >= middle - half, places < middle + half))  # (batch, side)
        hole = ops.logical_and(inside[0][:, :, None], inside[1][:, None, :])  # (batch, side, side)
        x = x * (1 - ops.cast(hole, x.dtype)[..., None])
    return x + 0.5
