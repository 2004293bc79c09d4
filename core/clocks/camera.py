"""A pinhole camera above a dial.

The dial's own frame: origin at the hub, x towards 3, y towards 6, z out of the dial towards the viewer, unit one dial
radius. Pixels: x to the right, y down, the middle of the first pixel at (0, 0).

Sines and cosines are rounded to 2**-30 before use and everything after them is plain arithmetic, so that a pose gives the
same pixels under every mathematics library.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def exact(value: float) -> float:
    """``value`` rounded to 2**-30, where all mathematics libraries agree."""
    return round(value * 2**30) / 2**30


@dataclass(frozen=True)
class Pose:
    """Hub at (``x``, ``y``) px, dial radius ``radius`` px at the hub, ``distance`` of the camera in dial radii.

    roll, tilt, near in radians: the dial's turn clockwise, the angle between its normal and the view, and the direction in
    the image (clockwise from right) of its near side.
    """

    x: float
    y: float
    radius: float
    distance: float
    roll: float
    tilt: float
    near: float

    @lru_cache(maxsize=4)  # noqa: B019 - a pose is a few numbers, and four of them are kept
    def matrix(self) -> NDArray[np.float64]:
        """``(3, 4)``, read-only: homogeneous dial coordinates (x, y, z, 1) -> homogeneous pixels."""
        cos_roll, sin_roll = exact(math.cos(self.roll)), exact(math.sin(self.roll))
        cos_tilt, sin_tilt = exact(math.cos(self.tilt)), exact(math.sin(self.tilt))
        near_x, near_y = exact(math.cos(self.near)), exact(math.sin(self.near))
        # Each column is what one unit along x, y, z or the constant adds to (along near, across it, depth).
        along_x = near_x * cos_roll + near_y * sin_roll
        along_y = near_y * cos_roll - near_x * sin_roll
        across_x = near_x * sin_roll - near_y * cos_roll
        across_y = near_x * cos_roll + near_y * sin_roll
        along = (along_x * cos_tilt, along_y * cos_tilt, -sin_tilt, 0.0)
        across = (across_x, across_y, 0.0, 0.0)
        depth = (-along_x * sin_tilt, -along_y * sin_tilt, -cos_tilt, self.distance)
        focal = self.radius * self.distance
        rows = [
            [focal * (a * near_x - c * near_y) + self.x * d for a, c, d in zip(along, across, depth, strict=True)],
            [focal * (a * near_y + c * near_x) + self.y * d for a, c, d in zip(along, across, depth, strict=True)],
            list(depth),
        ]
        matrix = np.array(rows)
        matrix.flags.writeable = False
        return matrix

    def camera_position(self) -> NDArray[np.float64]:
        """Where the camera stands, ``(3,)`` in the dial's frame."""
        cos_roll, sin_roll = exact(math.cos(self.roll)), exact(math.sin(self.roll))
        near_x, near_y = exact(math.cos(self.near)), exact(math.sin(self.near))
        lean = exact(math.sin(self.tilt)) * self.distance
        return np.array(
            [
                (near_x * cos_roll + near_y * sin_roll) * lean,
                (near_y * cos_roll - near_x * sin_roll) * lean,
                exact(math.cos(self.tilt)) * self.distance,
            ]
        )

    def homography(self, height: float = 0.0) -> NDArray[np.float64]:
        """``(3, 3)``: (x, y, 1) on the plane ``height`` above the dial -> homogeneous pixels."""
        matrix = self.matrix()
        plane = np.empty((3, 3))
        plane[:, :2] = matrix[:, :2]
        plane[:, 2] = matrix[:, 2] * height + matrix[:, 3]
        return plane


def project(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(..., 2)`` pixels of ``(..., 3)`` points in the dial's frame, or of ``(..., 2)`` points with a homography."""
    # Sums are written out because a matrix product may add in another order on another machine.
    columns = [points[..., i, None] * matrix[:, i] for i in range(points.shape[-1])]
    homogeneous = sum(columns[1:], start=columns[0]) + matrix[:, -1]  # (..., 3)
    return homogeneous[..., :2] / homogeneous[..., 2:]


def inverse(h: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of a ``(3, 3)`` homography up to scale (its adjugate: no library's rounding comes in)."""
    (a, b, c), (d, e, f), (g, i, j) = h.tolist()
    return np.array(
        [
            [e * j - f * i, c * i - b * j, b * f - c * e],
            [f * g - d * j, a * j - c * g, c * d - a * f],
            [d * i - e * g, b * g - a * i, a * e - b * d],
        ]
    )


def sampling_maps(
    h: NDArray[np.float64], width: int, height: int, left: int = 0, top: int = 0
) -> tuple[NDArray[np.int16], NDArray[np.uint16]]:
    """Fixed-point maps for ``cv2.remap``: for each pixel of a box where ``h`` (pixels -> texture) says to look.

    The box is ``width`` x ``height`` with its corner at (``left``, ``top``).
    """
    import cv2

    h32 = (h / h[2, 2]).astype(np.float32)
    column = np.arange(left, left + width, dtype=np.float32)
    row = np.arange(top, top + height, dtype=np.float32)[:, None]
    scale = np.float32(1) / ((h32[2, 0] * column) + (h32[2, 1] * row + h32[2, 2]))  # (height, width)
    map_x = ((h32[0, 0] * column) + (h32[0, 1] * row + h32[0, 2])) * scale
    map_y = ((h32[1, 0] * column) + (h32[1, 1] * row + h32[1, 2])) * scale
    return cv2.convertMaps(map_x, map_y, cv2.CV_16SC2)
