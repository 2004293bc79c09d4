"""The reports' benchmark, made again: 18,000 grey 150x150 pictures of one clock, 25 for each minute of the dial.

The dials are turned as the eleven originals that we have: two thirds of them about one way, a quarter about another, the
rest any way (``styles.AS_FOUND``). With dials turned evenly the reports' networks learn their training pictures by heart, and
read new ones no better than chance; ``evaluate`` measures how models fare on evenly turned dials beside.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core import paths
from core.clocks import styles
from core.clocks.face import POINTS, SIDE, render
from core.clocks.style_specs import ClockStyle
from core.clocks.time import MINUTES, ClockTime
from core.kept_arrays import read_arrays, write_arrays

PICTURES_A_MINUTE = 25
TEST_SHARE = 0.2
BENCHMARK_SEED = 2023


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Pictures and labels, in a fixed shuffled order.

    images: uint8 (n, 150, 150). minutes: int64 (n,), 0-719. points: float32 (n, 15, 2), pixels of ``face.POINTS``.
    train, test: indices, 80 % and 20 %, with no picture in both; every minute has as many in each part.
    """

    images: NDArray[np.uint8]
    minutes: NDArray[np.int64]
    points: NDArray[np.float32]
    train: NDArray[np.int64]
    test: NDArray[np.int64]


def split(seed: int, a_minute: int = PICTURES_A_MINUTE) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Shuffled indices of the training and the test part: of each minute's pictures the same share goes to either."""
    # NumPy may change the stream of a shuffle between versions; a test holds these to a recorded digest.
    rng = np.random.default_rng([seed, 80, 20])
    held_out = round(a_minute * TEST_SHARE)
    chosen = rng.permuted(np.arange(MINUTES * a_minute).reshape(MINUTES, a_minute), axis=1)
    return rng.permutation(chosen[:, held_out:].ravel()), rng.permutation(chosen[:, :held_out].ravel())


def draw(
    seed: int,
    a_minute: int = PICTURES_A_MINUTE,
    progress: Callable[[int, int], None] | None = None,
    style: ClockStyle | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.float32]]:
    """Draw images, minutes and points; picture ``i`` shows minute ``i // a_minute`` and depends on ``(seed, i)`` alone.

    style: ``styles.AS_FOUND`` unless another is given.
    """
    count = MINUTES * a_minute
    images = np.empty((count, SIDE, SIDE), np.uint8)
    points = np.empty((count, len(POINTS), 2), np.float32)
    minutes = np.arange(count) // a_minute
    for index in range(count):
        face = render(ClockTime.from_minutes(int(minutes[index])), style or styles.AS_FOUND, seed=(seed, index))
        images[index], points[index] = face.image, face.truth.points
        if progress and (index % 100 == 99 or index + 1 == count):
            progress(index + 1, count)
    return images, minutes, points


def fingerprint(seed: int, style: ClockStyle | None = None) -> str:
    """Twelve digits that change whenever the drawing does, so that an old cache is never taken for a new picture."""
    digest = hashlib.sha256()
    for index in range(16):
        face = render(ClockTime.from_minutes(45 * index), style or styles.AS_FOUND, seed=(seed, index))
        digest.update(face.image.tobytes() + face.truth.points.astype(np.float32).tobytes())
    return digest.hexdigest()[:12]


def report_benchmark(
    seed: int = BENCHMARK_SEED,
    *,
    style: ClockStyle | None = None,
    progress: Callable[[int, int], None] | None = None,
    folder: Path | None = None,
) -> Benchmark:
    """The 18,000 pictures for ``seed``, in ``styles.AS_FOUND`` unless another is given: the same bytes on every machine.

    Drawn once (about 20 seconds) and kept as ``.npz`` (400 MB) in ``folder``, the cache by default; the last one stays in
    memory. ``progress(done, count)`` is called while drawing.
    """
    if seed < 0:
        raise ValueError(f"seed must be 0 or more; got {seed}")
    path = (folder or paths.cache_folder()) / f"report-benchmark-{seed}-{fingerprint(seed, style)}.npz"
    if path not in _LAST:
        _LAST.clear()
        kept = read_arrays(path, "images", "minutes", "points")
        if kept is None:
            kept = draw(seed, progress=progress, style=style)
            write_arrays(path, images=kept[0], minutes=kept[1], points=kept[2])
        images, minutes, points = kept
        _LAST[path] = Benchmark(images, minutes, points, *split(seed))
    return _LAST[path]


_LAST: dict[Path, Benchmark] = {}  # the benchmark that was asked for last
