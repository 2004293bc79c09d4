"""Variations of clock pictures for training: turns, shifts and sizes that keep the time, and tones."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def vary(
    image: NDArray[np.uint8], points: NDArray[np.float32], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """One variation of a grey picture (side, side) and its points (n, 2) in pixels.

    Turned by any angle (the numerals turn with the dial, so the time stays), scaled by 0.8-1.12, shifted by up to 7 % of
    the side; then, each now and then, gamma, contrast, veil, blur and noise.
    """
    side = image.shape[0]
    middle = (side - 1) / 2
    turn, scale = rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 1.12)
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    shift_x, shift_y = middle + rng.uniform(-0.07, 0.07, 2) * side
    placing = np.array(
        [
            [cos, -sin, shift_x - cos * middle + sin * middle],
            [sin, cos, shift_y - sin * middle - cos * middle],
        ]
    )
    varied = cv2.warpAffine(image, placing, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    moved = (points @ placing[:, :2].T + placing[:, 2]).astype(np.float32)
    return _vary_tones(varied, rng), moved


def _vary_tones(image: NDArray[Any], rng: np.random.Generator) -> NDArray[np.uint8]:
    chances = rng.random(6)
    greys = np.arange(256, dtype=np.float64) / 255
    if chances[0] < 0.4:
        greys = greys ** np.exp(rng.uniform(np.log(0.4), np.log(4)))
    if chances[1] < 0.4:
        low, high = rng.uniform(-0.25, 0.15), rng.uniform(0.8, 1.3)
        greys = greys * (high - low) + low
    if chances[2] < 0.02:
        greys = 1 - greys
    table = np.clip(np.rint(greys * 255), 0, 255).astype(np.uint8)
    varied: NDArray[Any] = cv2.LUT(image, table)
    if chances[3] < 0.2:
        varied = cv2.GaussianBlur(varied, (0, 0), rng.uniform(0.4, 1.1))
    if chances[4] < 0.15:  # coarser pixels
        side = image.shape[0]
        small = round(side * rng.uniform(0.5, 0.9))
        varied = cv2.resize(cv2.resize(varied, (small, small), interpolation=cv2.INTER_AREA), (side, side))
    if chances[5] < 0.3:
        noise = rng.integers(-128, 128, image.shape, dtype=np.int16) * rng.uniform(0.02, 0.1)
        varied = np.clip(varied + noise, 0, 255).astype(np.uint8)
    return np.asarray(varied, np.uint8)
