"""What the reader of the reports' clock learns from: the benchmark, varied afresh, and what shall be said of each picture."""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.clocks.augment import vary
from core.clocks.benchmark import Benchmark, draw
from core.clocks.style_specs import ClockStyle
from core.clocks.time import hand_angles, sines_cosines, soft_bins
from core.clocks.wild_data import unit

MAP_SIDE = 19  # cells a side of the maps that a 150-pixel reader draws: 150 halved three times
Targets = dict[str, NDArray[np.float32]]


def reader_targets(minutes: NDArray[np.int64], points: NDArray[np.float32], side: int, sigma_minutes: float) -> Targets:
    """What ``networks.build_reader`` shall say of pictures that show ``minutes`` (n,) at ``points`` (n, 15, 2) pixels."""
    hands = sines_cosines(hand_angles(minutes))
    places = np.clip(points / (side - 1), 0, 1)  # what lies outside is sought at the border
    return {
        "bins": soft_bins(minutes, sigma_minutes),  # (n, 720)
        "hands": hands.astype(np.float32),  # (n, 4)
        "points": places.reshape(len(points), -1).astype(np.float32),  # (n, 30)
        "maps": point_maps(places, MAP_SIDE),  # (n, 361, 15)
    }


def point_maps(places: NDArray[np.floating], cells: int) -> NDArray[np.float32]:
    """Maps whose mean is exactly each place: (n, points, 2) in [0, 1] -> (n, cells * cells, points), each summing to 1.

    The weight of a place is shared by the four cells around it, as in bilinear interpolation.
    """
    position = places * (cells - 1)
    corner = np.clip(np.floor(position), 0, cells - 2).astype(np.int64)  # (n, points, 2)
    share = position - corner
    maps = np.zeros((*places.shape[:2], cells * cells), np.float32)
    for right in (0, 1):
        for below in (0, 1):
            weight = np.where(right, share[..., 0], 1 - share[..., 0]) * np.where(below, share[..., 1], 1 - share[..., 1])
            cell = (corner[..., 1] + below) * cells + corner[..., 0] + right
            np.put_along_axis(maps, cell[..., None], weight[..., None].astype(np.float32), axis=-1)
    return maps.transpose(0, 2, 1)


VALID_SEED = 1


@lru_cache(maxsize=1)
def valid_pictures() -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.float32]]:
    """The validation part: 720 pictures, one a minute, drawn from another seed than the benchmark; images, minutes, points."""
    return draw(VALID_SEED, a_minute=1)


@dataclass(eq=False)
class ReaderData:
    """The benchmark's training part, varied afresh in every epoch; validated on 720 pictures of another seed, one a minute.

    style: of both. benchmark: drawn in it. sigma_minutes: width of the soft bins at the first and the last of ``epochs``;
    wide bins lead, narrow ones sharpen.
    """

    benchmark: Benchmark
    style: ClockStyle
    epochs: int
    sigma_minutes: tuple[float, float] = (4.0, 1.2)
    valid: tuple[NDArray[np.float32], Targets] = field(init=False)

    def __post_init__(self) -> None:
        images, minutes, points = draw(VALID_SEED, a_minute=1, style=self.style)
        self.valid = unit(images), reader_targets(minutes, points, images.shape[1], self.sigma_minutes[1])

    @property
    def size(self) -> int:
        return len(self.benchmark.train)

    def batch(self, indices: NDArray[np.int64], epoch: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], Targets]:
        """Pictures float32 (n, side, side, 1) in [0, 1] and targets; ``indices`` count within the training part."""
        chosen = self.benchmark.train[indices]
        varied = [vary(self.benchmark.images[i], self.benchmark.points[i], rng) for i in chosen]
        pictures = unit(np.stack([picture for picture, _ in varied]))
        points = np.stack([moved for _, moved in varied])
        start, end = self.sigma_minutes
        sigma = start + (end - start) * min(1.0, epoch / max(1, self.epochs * 0.7))
        return pictures, reader_targets(self.benchmark.minutes[chosen], points, pictures.shape[1], sigma)
