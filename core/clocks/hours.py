"""Twelve hours as classes: a small data set that needs no download, drawn by the renderer."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core import paths
from core.clocks.face import render
from core.clocks.styles import STRAIGHT
from core.clocks.time import ClockTime
from core.images import fit_square
from core.kept_arrays import read_arrays, write_arrays

HOURS_SIDE = 32  # pixels
HOURS_SEED = 12
HOURS_COUNT = 8_400
CLASSES = ("12", *map(str, range(1, 12)))  # in the order of ClockTime.hour
_DRAWN_SIDE = 96  # drawn at three times the size and shrunk: hands are a pixel wide
# Seen straight on, so large that the rim leaves the picture: at 32 pixels the hands need them all.
_STYLE = replace(STRAIGHT, camera=replace(STRAIGHT.camera, radius=(0.46, 0.46)))


def draw_hours(
    count: int, seed: int = HOURS_SEED, progress: Callable[[int, int], None] | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pictures uint8 (count, 32, 32, 1) and hours int64 (count,), 0-11 in turn; the minute is drawn evenly.

    Picture ``i`` depends on ``(seed, i)`` alone. The hour hand moves with the minutes, so that just before the full hour it
    points at the next numeral: what a network must learn is to look at both hands.
    """
    images = np.empty((count, HOURS_SIDE, HOURS_SIDE, 1), np.uint8)
    hours = np.arange(count) % len(CLASSES)
    for index in range(count):
        minute = int(np.random.default_rng([seed, index]).integers(60))
        face = render(ClockTime(int(hours[index]), minute), _STYLE, seed=(seed, index), side=_DRAWN_SIDE)
        images[index, ..., 0] = fit_square(face.image, HOURS_SIDE)[0]
        if progress and (index % 100 == 99 or index + 1 == count):
            progress(index + 1, count)
    return images, hours


def kept_hours(progress: Callable[[int, int], None] | None = None) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """``HOURS_COUNT`` pictures and hours, drawn once (some ten seconds) and kept in the cache."""
    # The name changes whenever the drawing does.
    look = hashlib.sha256(draw_hours(12)[0].tobytes()).hexdigest()[:12]
    path = paths.cache_folder() / f"clock-hours-{HOURS_SEED}-{HOURS_COUNT}-{look}.npz"
    kept = read_arrays(path, "images", "hours")
    if kept is None:
        kept = draw_hours(HOURS_COUNT, progress=progress)
        write_arrays(path, images=kept[0], hours=kept[1])
    images, hours = kept
    return images, hours
