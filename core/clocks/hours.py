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
_PART = 600  # pictures that are kept together while others are still to be drawn
CLASSES = ("12", *map(str, range(1, 12)))  # in the order of ClockTime.hour
_DRAWN_SIDE = 96  # drawn at three times the size and shrunk: hands are a pixel wide
# Seen straight on, so large that the rim leaves the picture: at 32 pixels the hands need them all.
_STYLE = replace(STRAIGHT, camera=replace(STRAIGHT.camera, radius=(0.46, 0.46)))


def draw_hours(
    count: int, seed: int = HOURS_SEED, progress: Callable[[int, int], None] | None = None, first: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pictures uint8 (count, 32, 32, 1) and hours int64 (count,), 0-11 in turn; the minute is drawn evenly.

    first: number of the first picture. progress(done, count): called while drawing.

    Picture ``i`` depends on ``(seed, i)`` alone. The hour hand moves with the minutes, so that just before the full hour it
    points at the next numeral: what a network must learn is to look at both hands.
    """
    images = np.empty((count, HOURS_SIDE, HOURS_SIDE, 1), np.uint8)
    hours = np.arange(first, first + count) % len(CLASSES)
    for place in range(count):
        index = first + place
        minute = int(np.random.default_rng([seed, index]).integers(60))
        face = render(ClockTime(int(hours[place]), minute), _STYLE, seed=(seed, index), side=_DRAWN_SIDE)
        images[place, ..., 0] = fit_square(face.image, HOURS_SIDE)[0]
        if progress and (place % 20 == 19 or place + 1 == count):
            progress(place + 1, count)
    return images, hours


def kept_hours(progress: Callable[[int, int], None] | None = None) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """``HOURS_COUNT`` pictures and hours, drawn once (some ten seconds of an idle core) and kept in the cache.

    Parts are kept while they are drawn: whoever is interrupted, or drew beside another process, goes on with what is there.
    """
    # The name changes whenever the drawing does.
    look = hashlib.sha256(draw_hours(12)[0].tobytes()).hexdigest()[:12]
    path = paths.cache_folder() / f"clock-hours-{HOURS_SEED}-{HOURS_COUNT}-{look}.npz"
    kept = read_arrays(path, "images", "hours")
    if kept is not None:
        return kept[0], kept[1]
    starts = range(0, HOURS_COUNT, _PART)
    files = {first: path.with_name(f"{path.stem}-from-{first}.npz") for first in starts}
    parts = {first: part for first in starts if (part := read_arrays(files[first], "images", "hours")) is not None}
    done = sum(len(hours) for _, hours in parts.values())
    if progress:
        progress(done, HOURS_COUNT)
    for first in starts:
        if first in parts:
            continue
        part = read_arrays(files[first], "images", "hours")  # another process may have drawn it meanwhile
        if part is None:
            size = min(_PART, HOURS_COUNT - first)
            part = draw_hours(size, progress=_from(done, progress), first=first)
            write_arrays(files[first], images=part[0], hours=part[1])
        parts[first] = part
        done += len(part[1])
    images, hours = (np.concatenate([parts[first][place] for first in starts]) for place in (0, 1))
    write_arrays(path, images=images, hours=hours)
    for file in files.values():
        file.unlink(missing_ok=True)
    return images, hours


def _from(before: int, progress: Callable[[int, int], None] | None) -> Callable[[int, int], None] | None:
    """Progress of a part as that of the whole, of which ``before`` pictures were there already."""
    return (lambda done, _: progress(before + done, HOURS_COUNT)) if progress else None
