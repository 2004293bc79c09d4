"""Reading a clock without having learned anything: circle, ellipse, edges, straight lines, and what two hands can show.

The way of textbooks: a circle of edges is taken for the dial (Hough transform on gradients) and mended to an ellipse; the
dial is made circular; the edges of its inside (Canny) give straight segments (probabilistic Hough transform, Galamhos et
al. 1999, as in scikit-image), and those that point at the hub belong to hands. Of all pairs of hands the one wins that is
seen best and is possible: where the hour hand stands between two hours follows from the minute.

What it cannot do: it takes 12 for straight above the hub, reads no numeral, and knows perspective only as far as an ellipse
does. Ornate hands have few straight edges; strokes of numerals, subdials, shadows and reflections have many; a seconds hand
is told from the others by being thin, and by nothing else. It is here to be compared with.
"""

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from core.clocks.dial import direction
from core.clocks.time import ClockTime, common_sense_error_minutes, minutes_from_hands
from core.images import Picture, fit_square, from_square, to_grey

SIDE = 240  # pictures are looked at at this size
DIAL_SIDE, DIAL_RADIUS = 201, 96.0  # of the dial made circular
MIDDLE = (DIAL_SIDE - 1) / 2  # its hub
CIRCLES = 3  # circles that are looked at, the likeliest first; each later one must be this much better:
LATER = 0.97
SHARPER = 1.1  # an ellipse is believed where its outline is so much sharper than the circle's
RIM, RIM_DEGREES = np.linspace(0.75, 1.25, 61), np.arange(0, 360, 2)  # where a circle's true outline is sought, in its radii
INSIDE, HUB = 0.9, 0.08  # edges count between these shares of the radius
NEAR_HUB = 0.08  # the line of a hand's edge passes the hub closer than this share of the radius
CLUSTER = np.deg2rad(8.0)  # segments that point at most so far from each other are one hand
HANDS = 10  # hands that are tried, the best seen first
ALONG = np.linspace(0.1, 0.95, 58)  # dial radii at which a hand is compared with the dial beside it
GAP = 4  # of these, that a hand may not be interrupted by
UNSEEN = float(ALONG[6])  # a hand that stands out no farther reaches as far as its edges do
CONTRAST = 0.25  # a hand differs from the dial on both sides by this share of the dial's standard deviation
POSSIBLE = np.deg2rad(4.0)  # standard deviation of an hour hand from where the minute says that it stands
APART_MINUTES = 10  # readings closer than this are no rivals
NO_HANDS = "I see no straight hands on a round dial."
Point = tuple[float, float]
Ellipse = tuple[Point, Point, float]  # middle, lengths of the axes, turn in degrees: as ``cv2.ellipse`` takes it
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Hand:
    """What may be a hand: angle in radians clockwise from 12, reach and width in dial radii.

    lines: the length of the straight edges that speak for it, in dial radii. ridge: how far and how clearly it stands out
    from the dial on both sides, from the hub on. bright: whether it is brighter than the dial.
    """

    angle: float
    reach: float
    width: float
    lines: float
    ridge: float
    bright: bool


@dataclass(frozen=True, eq=False)
class ClassicalReading:
    """What the classical reader sees in one picture.

    time, minutes: None when it finds no hands. confidence: in [0, 1], how far the best pair of hands is ahead of the best
    one that tells another time; a score and no probability. ellipse: the dial, in pixels of the picture, as ``cv2.ellipse``
    takes it. hour_tip, minute_tip: pixels of the picture. note: None, or a sentence where there is no time.
    """

    time: ClockTime | None
    minutes: float | None
    confidence: float
    ellipse: Ellipse
    hour_tip: Point | None = None
    minute_tip: Point | None = None
    note: str | None = None


def read_classically(picture: Picture) -> ClassicalReading:
    """Read a picture, uint8 (height, width) or (height, width, 3) of any size, of a clock with 12 above.

    The same picture gives the same reading. It takes about a tenth of a second.
    """
    square, scale, offset = fit_square(to_grey(picture), SIDE)
    ellipses = find_dials(square)
    found = []
    for rank, ellipse in enumerate(ellipses):
        hands = find_hands(make_circular(square, ellipse))
        for hour, minute in product(hands, hands):
            minutes = float(minutes_from_hands(hour.angle, minute.angle))
            found.append((pair_score(hour, minute) * LATER**rank, minutes, rank, hour, minute))
    best = max(found, key=lambda pair: pair[0], default=None)
    if best is None or best[0] <= 0:
        return ClassicalReading(None, None, 0.0, _in_picture(ellipses[0], scale, offset), note=NO_HANDS)
    score, minutes, rank, hour, minute = best
    apart = common_sense_error_minutes(minutes, [pair[1] for pair in found])
    rival = max((pair[0] for pair, far in zip(found, apart, strict=True) if far > APART_MINUTES), default=0.0)
    tips = np.stack([direction(hand.angle) * hand.reach for hand in (hour, minute)])
    tips = from_square(_from_dial(tips, ellipses[rank]), scale, offset)
    hour_tip, minute_tip = ((float(x), float(y)) for x, y in tips)
    shown = _in_picture(ellipses[rank], scale, offset)
    return ClassicalReading(ClockTime.from_minutes(minutes), minutes, 1 - rival / score, shown, hour_tip, minute_tip)


# --- the dial --------------------------------------------------------------------------------------------------------


def find_dials(square: NDArray[np.uint8]) -> list[Ellipse]:
    """The likeliest outlines of dials in a grey (240, 240) picture; the last is the guess that it fills the picture."""
    soft = cv2.GaussianBlur(square.astype(np.float32), (0, 0), 1.5)
    circles = cv2.HoughCircles(
        np.rint(soft).astype(np.uint8),
        cv2.HOUGH_GRADIENT,
        dp=2,
        minDist=4,
        param1=120,  # Canny's upper threshold
        param2=40,  # votes
        minRadius=round(0.15 * SIDE),
        maxRadius=round(0.56 * SIDE),
    )
    found = [] if circles is None else circles.reshape(-1, circles.shape[-1])[:CIRCLES, :3].tolist()
    gradients: list[Floats] = [np.asarray(cv2.Sobel(soft, cv2.CV_32F, *order), float) for order in ((1, 0), (0, 1))]
    middle = (SIDE - 1) / 2
    return [_outline(x, y, radius, gradients) for x, y, radius in [*found, (middle, middle, 0.45 * SIDE)]]


def _outline(x: float, y: float, radius: float, gradients: list[Floats]) -> Ellipse:
    """The ellipse near a circle that follows its edge, or the circle where there is none that is sharper."""
    circle = ((x, y), (2 * radius, 2 * radius), 0.0)
    rays = np.stack([direction(turn) for turn in np.deg2rad(RIM_DEGREES)])  # (180, 2)
    places = np.array([x, y]) + rays[:, None] * (RIM * radius)[:, None]  # (180, 61, 2)
    sharp = _sharpness(places, rays[:, None], gradients)
    sharp[((places < 1) | (places > SIDE - 2)).any(-1)] = 0
    edge, height = places[np.arange(len(rays)), sharp.argmax(1)], sharp.max(1)
    kept = height > 0.5 * np.median(height)
    ellipse = circle
    for _ in range(6):  # points beside the outline are left out, and it is fitted again
        if kept.sum() < 40:
            return circle
        (*middle,), axes, turn = cv2.fitEllipseDirect(edge[kept].astype(np.float32))
        if not np.isfinite([*middle, *axes]).all() or min(axes) < 0.4 * max(axes) or min(axes) < 10:
            return circle
        ellipse = ((middle[0], middle[1]), (axes[0], axes[1]), turn)
        off = np.abs(np.linalg.norm(_to_dial(edge, ellipse), axis=1) - 1)
        kept = (off < max(0.02, 1.5 * float(np.median(off[kept])))) & (height > 0)
    # Normals of the ellipse are those of the circle that it is made into, taken back by the transposed map.
    normals = rays @ _straightening(ellipse)[:, :2]
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    sharper = _sharpness(_from_dial(rays, ellipse), normals, gradients).mean() > SHARPER * sharp[:, len(RIM) // 2].mean()
    near = np.hypot(ellipse[0][0] - x, ellipse[0][1] - y) < 0.2 * radius
    return ellipse if sharper and near and kept.mean() > 0.55 else circle


def _sharpness(places: Floats, normals: Floats, gradients: list[Floats]) -> Floats:
    """How steeply greys change along ``normals`` at ``places``, both (..., 2) or so that they broadcast."""
    along = [_sample(gradient, places) for gradient in gradients]
    return np.abs(along[0] * normals[..., 0] + along[1] * normals[..., 1])


def _sample(image: Floats, places: Floats) -> Floats:
    """``image`` at ``places`` (..., 2), between its pixels: ``(...)``."""
    maps = np.atleast_2d(places[..., 0]).astype(np.float32), np.atleast_2d(places[..., 1]).astype(np.float32)
    return np.asarray(cv2.remap(image, maps[0], maps[1], cv2.INTER_LINEAR), float).reshape(places.shape[:-1])


def _straightening(ellipse: Ellipse) -> Floats:
    """``(2, 3)``: pixels of the square -> dial radii from the hub; the ellipse becomes the unit circle, unturned."""
    middle, axes, turn = ellipse
    cos, sin = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    turned = np.array([[cos, sin], [-sin, cos]])
    stretch = turned.T @ np.diag([2 / axes[0], 2 / axes[1]]) @ turned
    return np.column_stack([stretch, -stretch @ np.array(middle)])


def _to_dial(points: Floats, ellipse: Ellipse) -> Floats:
    affine = _straightening(ellipse)
    return points @ affine[:, :2].T + affine[:, 2]


def _from_dial(points: Floats, ellipse: Ellipse) -> Floats:
    affine = _straightening(ellipse)
    return (points - affine[:, 2]) @ np.linalg.inv(affine[:, :2]).T


def _in_picture(ellipse: Ellipse, scale: float, offset: Point) -> Ellipse:
    middle, axes, turn = ellipse
    x, y = from_square(middle, scale, offset).tolist()
    return (x, y), (axes[0] * scale, axes[1] * scale), turn


def make_circular(square: NDArray[np.uint8], ellipse: Ellipse) -> NDArray[np.uint8]:
    """The dial as a circle, grey (201, 201), its hub in the middle pixel and its radius 96 pixels."""
    affine = _straightening(ellipse) * DIAL_RADIUS
    affine[:, 2] += MIDDLE
    circular = cv2.warpAffine(square, affine, (DIAL_SIDE, DIAL_SIDE), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(circular, np.uint8)


# --- the hands -------------------------------------------------------------------------------------------------------


def find_hands(dial: NDArray[np.uint8]) -> list[Hand]:
    """What may be hands on a dial of ``make_circular``, at most ten, those with the most straight edges."""
    ends = _segments(dial)  # (n, 4): angle, where it begins and ends from the hub, how far its line passes the hub
    if not len(ends):
        return []
    lengths = ends[:, 2] - ends[:, 1]
    apart = np.abs((ends[:, None, 0] - ends[None, :, 0] + np.pi) % (2 * np.pi) - np.pi)
    together = apart < CLUSTER
    soft = cv2.GaussianBlur(dial, (0, 0), 1.2).astype(np.float32)
    hands: list[Hand] = []
    left = np.ones(len(ends), bool)
    while left.any() and len(hands) < HANDS:
        densest = int(((together & left) @ lengths * left).argmax())
        members = together[densest] & left
        left &= ~members
        weights, angles = lengths[members], ends[members, 0]
        angle = float(np.angle((weights * np.exp(1j * angles)).sum()) % (2 * np.pi))
        reach, ridge, bright = _ridge(soft, angle)
        edges_reach = float(np.sort(ends[members, 2])[-2:].mean())  # of both edges, where there are two
        reach = min(reach, edges_reach + 0.02) if reach > UNSEEN else edges_reach
        hands.append(Hand(angle, reach, float(np.ptp(ends[members, 3])), float(weights.sum()), ridge, bright))
    return hands


def _segments(dial: NDArray[np.uint8]) -> Floats:
    """Straight edges that point at the hub, (n, 4): angle, begin and end in dial radii, signed distance of the hub."""
    from skimage.feature import canny
    from skimage.transform import probabilistic_hough_line

    row, column = np.mgrid[:DIAL_SIDE, :DIAL_SIDE] - MIDDLE
    radius = np.hypot(row, column) / DIAL_RADIUS
    light = dial / 255
    spread = float(light[radius < INSIDE].std())
    edges = canny(light, sigma=1.3, low_threshold=0.25 * spread, high_threshold=0.6 * spread)
    edges &= (radius > HUB) & (radius < INSIDE)
    found = []
    for segment in probabilistic_hough_line(edges, threshold=10, line_length=14, line_gap=3, rng=0):
        near, far = sorted((np.array(segment) - MIDDLE) / DIAL_RADIUS, key=np.linalg.norm)
        along = (far - near) / np.linalg.norm(far - near)
        beside = float(along[0] * near[1] - along[1] * near[0])
        begin, end = float(near @ along), float(far @ along)
        if abs(beside) > NEAR_HUB or end <= 0:
            continue
        angle = np.arctan2(along[0], -along[1])
        if begin < -0.1:  # it passes the hub: two hands in line, or one with a tail
            found.append((angle + np.pi, 0.0, -begin, -beside))
        found.append((angle, max(begin, 0.0), end, beside))
    return np.array(found).reshape(-1, 4)


def _ridge(soft: Floats, angle: float) -> tuple[float, float, bool]:
    """How far from the hub a hand at ``angle`` stands out from the dial on both sides, how clearly, and whether it is bright.

    Straight edges may be those of a numeral or a minute mark; between them and the hub there is nothing to see.
    """
    best = (0.0, 0.0, False)
    spread = max(8.0, float(soft[20:-20, 20:-20].std()))
    for turn in np.deg2rad([-2, -1, 0, 1, 2]):
        along, across = direction(angle + turn), direction(angle + turn + np.pi / 2)
        beside = np.array([-1, 0, 1, -13, -9, 13, 9])  # pixels: on the hand, and on either side of it
        places = MIDDLE + (ALONG[:, None] * DIAL_RADIUS * along)[:, None] + beside[:, None] * across  # (58, 7, 2)
        greys = _sample(soft, places)
        hand, one, other = greys[:, :3].mean(1), greys[:, 3:5].mean(1), greys[:, 5:].mean(1)
        for bright, contrast in ((True, hand - np.maximum(one, other)), (False, np.minimum(one, other) - hand)):
            clear = contrast / spread
            seen = clear > CONTRAST
            seen[:6] = True  # the hub's cap hides where hands begin
            gaps = np.convolve(~seen, np.ones(GAP), "valid") >= GAP
            last = max(int(gaps.argmax()) - 1, 0) if gaps.any() else len(seen) - 1
            ridge = float(np.clip(clear[: last + 1], 0, 1.5).sum() / len(ALONG))
            best = max(best, (ridge, float(ALONG[last]), bright))
    ridge, reach, bright = best
    return reach, ridge, bright


def pair_score(hour: Hand, minute: Hand) -> float:
    """How well two hands are seen, and how far they can be hour and minute hand; the same hand twice is one on the other."""
    off = (hour.angle - minute.angle / 12 + np.pi / 12) % (np.pi / 6) - np.pi / 12
    possible = float(np.exp(-0.5 * (off / POSSIBLE) ** 2))
    if hour is minute:
        return 0.5 * hour.ridge * possible
    score = min(hour.ridge, 0.7) + min(minute.ridge, 1.0) + 0.15 * (min(hour.lines, 1.2) + min(minute.lines, 1.6))
    ratio = hour.reach / minute.reach
    if ratio > 0.78:  # hour hands are a half to four fifths as long as minute hands
        score *= float(np.exp(-0.5 * ((ratio - 0.78) / 0.16) ** 2))
    elif ratio < 0.5:
        score *= float(np.exp(-0.5 * ((ratio - 0.5) / 0.12) ** 2))
    thin = (hour.width < 0.03) + (minute.width < 0.03)  # for the seconds, or an edge alone
    score *= 0.75 ** (thin + (hour.bright != minute.bright))
    return possible * score * (0.6 if minute.reach < 0.45 else 1.0)
