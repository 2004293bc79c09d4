"""Squares of a picture that a reader looks at: the whole, tiles, circles of edges, dials laid straight.

A view is a (3, 3) homography from the pixels of a square that a model sees to the pixels of the picture; the middle of the
first pixel is (0, 0) in both.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from core.images import Picture, spread_tones, to_grey

FILL = 0.42  # radius of a dial laid straight, as a share of the side

# Tiles: their sides as shares of the picture's longer side, each shifted by so much of itself; at most so many, and so many
# circles. What is smaller than a seventh of the picture must be found by its circle.
TILES, SHIFT = (0.62, 0.4), 0.5
MOST_TILES, MOST_CIRCLES = 25, 15
TILE_PIXELS = 64  # smaller tiles hold no dial that can be read

# Circles are sought in the picture at 512 pixels and at halves of that, with these radii in pixels: in the largest, dials of a
# 23rd of the picture's longer side. Large photographs are looked at larger, up to 1,024 pixels, so that dials of NARROWEST
# pixels are found up to 3,700 pixels. EDGES: share of the pixels that count as edges; FAINTEST: grey levels a Sobel kernel.
DETECTOR, LARGEST_DETECTOR, NARROWEST = 512, 1024, 80
RADII = np.geomspace(11, 21, 5)
EDGES, FAINTEST = 0.07, 6.0
SPREAD = 1.6  # pixels that votes may miss the middle by
FEWEST = 0.12  # votes, as a share of a whole circle in edges

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pyramid:
    """A grey picture, uint8 (height, width), and what it was made smaller to so far: by 2 ** (level / 4).

    spread: whether its tones are those of a flat picture, spread (``images.spread_tones``).
    """

    grey: Picture
    levels: dict[int, Picture] = field(default_factory=dict)
    spread: bool = False

    @classmethod
    def clear(cls, picture: Picture) -> "Pyramid":
        """Of a picture, uint8 (height, width) or (height, width, 3); a flat one with its tones spread."""
        grey = to_grey(picture)
        clear = spread_tones(grey)
        return cls(clear, spread=clear is not grey)

    def level(self, scale: float) -> Picture:
        """The picture shrunk by at most ``scale``, averaged over areas; nearly that, so that little is left to shrink."""
        level = max(0, int(np.floor(4 * np.log2(max(scale, 1e-6)) + 1e-6)))
        if level == 0:
            return self.grey
        if level not in self.levels:
            width, height = (max(1, round(length / 2 ** (level / 4))) for length in self.grey.shape[::-1])
            # From halves, quarters and so on, at least twice as large as asked for: a photograph's own pixels are many.
            finer = self.level(2 ** (level // 4 - 1)) if level >= 8 else self.grey
            self.levels[level] = np.asarray(cv2.resize(finer, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        return self.levels[level]


def seen_through(picture: Pyramid, view: Matrix, side: int) -> Picture:
    """The picture through a view, uint8 (side, side); averaged over areas where it shrinks, its edge goes on outside."""
    # Picture pixels a view pixel in its middle; near its corners a tilted plane may be seen from behind.
    corner, right, below = through(view, (side - 1) / 2 + np.array([[0, 0], [1, 0], [0, 1.0]]))
    area = abs(float((right - corner)[0] * (below - corner)[1] - (right - corner)[1] * (below - corner)[0]))
    source = picture.level(np.sqrt(area) if np.isfinite(area) else 1.0)
    x, y = source.shape[1] / picture.grey.shape[1], source.shape[0] / picture.grey.shape[0]
    to_source = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    square = cv2.warpPerspective(source, to_source @ view, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(square, np.uint8)


def box_view(left: float, top: float, size: float, side: int) -> Matrix:
    """The view of a square of ``size`` picture pixels whose first pixel's corner lies at (left, top)."""
    scale = size / side
    return np.array([[scale, 0, left + (scale - 1) / 2], [0, scale, top + (scale - 1) / 2], [0, 0, 1.0]])


def whole_view(shape: tuple[int, ...], side: int) -> Matrix:
    """The view of the whole picture in a square, as ``images.fit_square`` makes it."""
    height, width = shape[:2]
    longer = max(height, width)
    return box_view(-((longer - width) // 2), -((longer - height) // 2), longer, side)


def straight_view(homography: Matrix, side: int, turn: float = 0.0, scale: float = 1.0) -> Matrix:
    """The view in which a dial (plane -> picture) is a circle of radius ``scale`` x 0.42 sides, 12 above.

    turn: degrees clockwise by which the dial is turned besides.
    """
    radius, angle = FILL * side * scale, np.deg2rad(turn)
    cos, sin = np.cos(angle) * radius, np.sin(angle) * radius
    middle = (side - 1) / 2
    to_view = np.array([[cos, -sin, middle], [sin, cos, middle], [0, 0, 1]])  # the dial's plane -> pixels of the view
    return homography @ np.linalg.inv(to_view)


def rectify(grey: Picture, homography: Matrix, side: int) -> tuple[Picture, Matrix]:
    """The dial seen straight on, 12 above, radius 0.42 sides, and its view (its pixels -> those of the picture)."""
    view = straight_view(homography, side)
    return seen_through(Pyramid(grey), view, side), view


def search_views(picture: Pyramid, side: int) -> list[Matrix]:
    """Where a dial may be that is small in the whole picture: circles first, then tiles, at most 40 in all."""
    found = [
        box_view(x - radius / FILL / 2 + 0.5, y - radius / FILL / 2 + 0.5, radius / FILL, side)
        for x, y, radius in dial_circles(picture)
    ]
    height, width = picture.grey.shape
    for share in TILES:
        size = share * max(height, width)
        if size < TILE_PIXELS:
            continue
        rows, columns = (_starts(length, size) for length in (height, width))
        found += [box_view(left, top, size, side) for top in rows for left in columns]
    return found[: MOST_CIRCLES + MOST_TILES]


def _starts(length: int, size: float) -> list[float]:
    """Where tiles begin along one side, evenly; one in the middle where the side is shorter than a tile."""
    if length <= size:
        return [(length - size) / 2]
    count = int(np.ceil((length - size) / (SHIFT * size))) + 1
    return np.linspace(0, length - size, count).tolist()


def dial_circles(picture: Pyramid) -> list[tuple[float, float, float]]:
    """x, y and radius of what may be dials, in pixels of the picture, the likeliest first, at most 15.

    A transform of radial symmetry (Loy & Zelinsky 2003): every sharp edge votes for the points that lie one radius away from
    it along its gradient, on either side; where many agree and fewer do around is the middle of a circle. Its time depends
    on the number of edges alone, and edges are a fixed share of the pixels.
    """
    height, width = picture.grey.shape
    found = []
    longer = max(height, width)
    size = min(max(DETECTOR, round(longer * 2 * RADII[0] / NARROWEST)), LARGEST_DETECTOR, longer)
    while size >= 4 * RADII[-1]:  # from the smallest dials to the largest, the picture half as large each time
        factor = size / longer
        shape = max(8, round(width * factor)), max(8, round(height * factor))
        small = np.asarray(cv2.resize(picture.grey, shape, interpolation=cv2.INTER_AREA), np.uint8)
        for radius, votes in zip(RADII, _votes(small), strict=True):
            peaks = (votes == cv2.dilate(votes, np.ones((9, 9), np.uint8))) & (votes > FEWEST)
            for row, column in np.argwhere(peaks):
                place = (float((column + 0.5) / factor - 0.5), float((row + 0.5) / factor - 0.5), float(radius / factor))
                found.append((float(votes[row, column]), *place))
        size //= 2
    kept: list[tuple[float, float, float]] = []
    for _, x, y, radius in sorted(found, reverse=True)[:2000]:
        # Circles around one middle are one dial, unless one is much larger.
        if all(np.hypot(x - u, y - v) > 0.5 * max(radius, other) or not 0.6 < radius / other < 1 / 0.6 for u, v, other in kept):
            kept.append((x, y, radius))
            if len(kept) == MOST_CIRCLES:
                break
    return kept


def _votes(grey: Picture) -> list[NDArray[np.float32]]:
    """For each of ``RADII`` how far a circle around each pixel is drawn in edges, less what there is around it."""
    height, width = grey.shape
    soft = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.0)
    across, down = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    steep = cv2.magnitude(across, down)
    row, column = np.nonzero(steep > max(float(np.quantile(steep[::3, ::3], 1 - EDGES)), FAINTEST))
    normals = np.stack([down[row, column], across[row, column]]) / steep[row, column]  # (2, n)
    margin = int(RADII[-1]) + 2  # votes may fall outside the picture
    wide, high = width + 2 * margin, height + 2 * margin
    place = (row + margin) * wide + column + margin
    maps = []
    for radius in RADII:
        below, right = np.rint(radius * normals).astype(np.int64)
        counted = sum(np.bincount(place + way * (below * wide + right), minlength=wide * high) for way in (1, -1))
        # One pixel cannot take more: many edges on one line would look like a circle.
        votes = np.minimum(np.asarray(counted).reshape(high, wide)[margin:-margin, margin:-margin], 6).astype(np.float32)
        window = 2 * int(radius) + 1
        near = cv2.GaussianBlur(votes, (0, 0), SPREAD) - cv2.blur(votes, (window, window))
        maps.append(np.asarray(near * (SPREAD**2 / radius), np.float32))  # 2 pi spread^2 / (2 pi radius)
    return maps


def through(view: Matrix, points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Points (n, 2) through a homography."""
    homogeneous = points @ view[:, :2].T + view[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return homogeneous[:, :2] / homogeneous[:, 2:]
