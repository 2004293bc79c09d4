"""Finding a dial in any picture, laying it straight, and reading it again from several sides.

Each stage is one batch through the model: the whole picture; where that shows no convincing dial, tiles and circles of the
picture; the best dials laid straight by their hub and numerals; the best of these under small turns and scales, whose answers
are put together. A turn changes nothing of what is to be read, since time is told from where 12 is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import registry
from core.clocks.face import POINTS
from core.clocks.fit import fit_dial
from core.clocks.time import mass_around
from core.clocks.views import Matrix, Pyramid, search_views, seen_through, straight_view, through, whole_view
from core.images import Picture, adjust_gamma

NEAR_MINUTES = 3  # a time's probability is what lies within so many minutes of it
# Turns (degrees clockwise) and scales of a rectified dial that are read. Models learn from dials of about this size, turned
# any way; quarters find numerals that were taken for others.
POSES = ((0.0, 1.0), (0.0, 0.9), (90.0, 1.0), (180.0, 1.0), (-90.0, 1.0))
DIALS = 3  # dials of one picture that are rectified and looked at again, the likeliest first
# A dial in the whole picture is not sought again when the model calls it readable by this probability, its numerals fit, and
# its radius is this share of the side. On 600 validation pictures 0.2 to 0.9 read alike; lower finds faster.
SURE, LARGE = 0.5, 0.2
# Of hub and numerals, in dial radii: beyond it a dial is doubted. 98 of 100 wild dials lie within, one in eight pictures
# without a clock does; half of it and twice as much read validation pictures no better.
MISFIT = 0.12
FLATTEST = 0.3  # a dial whose short axis is a smaller share of its long one is not believed
SMALLEST = 0.06  # nor one whose radius is a smaller share of the side of the square it was seen in

TEMPERATURE = "located_temperature"  # in a card's extra: what ``choose_temperature`` found on validation pictures


@dataclass(frozen=True, eq=False)
class Located:
    """What was read at one dial.

    distribution: (720,), sums to 1. readable: the model's probability that there is a dial to read, 1 where it has no such
    output. misfit: of hub and numerals, in dial radii (``fit.fit_dial``). views: how many squares the model looked at for
    this picture. homography: (3, 3), the dial's plane (unit one radius, y to 6) -> pixels of the picture; rectified: uint8
    (side, side), 12 above, the dial a circle; points: (15, 2) pixels of the picture, in the order of ``face.POINTS``. Without
    a dial the distribution is that of the whole picture, and these three are None. spread: whether the picture was dark or
    faint and had its tones spread.
    """

    distribution: NDArray[np.float64]
    readable: float
    misfit: float
    views: int
    homography: Matrix | None = None
    rectified: Picture | None = None
    points: NDArray[np.float64] | None = None
    spread: bool = False


@dataclass(frozen=True, eq=False)
class _Seen:
    """One view and what the model says of it.

    points: (15, 2), pixels of the view. dial: the dial's plane -> pixels of the view, None where there is none. score: in
    [0, 1], how likely it is that this can be read.
    """

    view: Matrix
    shares: NDArray[np.float64]
    points: NDArray[np.float64]
    readable: float
    misfit: float
    dial: Matrix | None
    score: float

    @property
    def placed(self) -> Matrix:
        """The dial's plane -> pixels of the picture; not finite without a dial."""
        return np.full((3, 3), np.nan) if self.dial is None else self.view @ self.dial


@dataclass(frozen=True, eq=False)
class _Job:
    picture: Pyramid
    gamma: float


@dataclass(frozen=True, eq=False)
class Found:
    """Where the dial of one picture is, as ``find_dials`` gives it to ``read_dials``.

    dial: its plane -> pixels of the picture, None where there is none. view: in which it was found. views: how many squares
    the model looked at.
    """

    picture: Pyramid
    dial: Matrix | None
    view: Matrix
    views: int


def read_located(
    pictures: Sequence[Picture], model: registry.TrainedModel, gamma: float | Sequence[float] = 1.0
) -> list[Located]:
    """Find and read one dial in each picture, uint8 (height, width) or (height, width, 3), of any size.

    model: a reader of ``networks.build_reader``; its card's extra may hold ``located_temperature``. gamma: what all pictures
    or each of them are raised to where they are read, (0, 10]; dials are sought without it.
    """
    gammas = [float(gamma)] * len(pictures) if isinstance(gamma, int | float) else list(gamma)
    distinct = {id(picture): picture for picture in pictures}  # one picture may be read under many gammas
    found = dict(zip(distinct, find_dials(list(distinct.values()), model), strict=True))
    return read_dials([found[id(picture)] for picture in pictures], model, gammas)


def find_dials(pictures: Sequence[Picture], model: registry.TrainedModel) -> list[Found]:
    """Find one dial in each picture: in the whole, and where that shows no convincing one, in its parts.

    A dark or faint picture has its tones spread first (``images.spread_tones``): of 250 validation pictures of a tenth of their
    brightness 94 % are read within 3 minutes instead of 76 %, and no more of 150 pictures without a clock are taken for one
    than when they are clear.

    It is sought under no gamma, whatever gamma it is read under: a dial stays where it is. So what is read under
    one gamma does not depend on which others are read, and on 34 photographs and 30 drawn clocks under gammas of 0.5 to 5
    more times were right within 5 minutes (80 % instead of 77 %) than where each gamma had its own search; on faded copies
    of the photographs as many.
    """
    side = int(model.card.extra["side"])
    jobs = [_Job(Pyramid.clear(picture), 1.0) for picture in pictures]
    wholes = [seen for [seen] in _look(jobs, [[whole_view(job.picture.grey.shape, side)] for job in jobs], model)]
    parts = [
        [] if _convincing(whole, side) else search_views(job.picture, side) for job, whole in zip(jobs, wholes, strict=True)
    ]
    seen = [[whole, *more] for whole, more in zip(wholes, _look(jobs, parts, model), strict=True)]
    first = [_likeliest(ones) for ones in seen]
    second = _look(jobs, [[straight_view(one.placed, side) for one in ones] for ones in first], model)
    return [
        Found(job.picture, *_best_dial(before, after), len(ones) + len(after))
        for job, ones, before, after in zip(jobs, seen, first, second, strict=True)
    ]


def read_dials(found: Sequence[Found], model: registry.TrainedModel, gammas: Sequence[float]) -> list[Located]:
    """Read each dial under its gamma, from several sides; the whole picture where there is none."""
    side, temperature = int(model.card.extra["side"]), float(model.card.extra.get(TEMPERATURE, 1.0))
    jobs = [_Job(one.picture, gamma) for one, gamma in zip(found, gammas, strict=True)]
    views = [
        [whole_view(one.picture.grey.shape, side)]
        if one.dial is None
        else [one.view, *(straight_view(one.dial, side, *pose) for pose in POSES)]
        for one in found
    ]
    located = []
    for job, one, seen in zip(jobs, found, _look(jobs, views, model), strict=True):
        if one.dial is None:
            [whole] = seen
            located.append(Located(whole.shares, whole.readable, whole.misfit, one.views + 1, spread=job.picture.spread))
        else:
            located.append(_together(job, one.dial, seen, side, one.views + len(seen), temperature))
    return located


# --- what the model says of views ------------------------------------------------------------------------------------


def bin_shares(logits: Any, temperature: float) -> NDArray[np.float64]:
    """Logits (n, 720) -> probabilities (n, 720): the softmax of ``logits / temperature``."""
    scaled = np.asarray(logits, np.float64) / temperature
    shares = np.exp(scaled - scaled.max(-1, keepdims=True))
    return shares / shares.sum(-1, keepdims=True)


def readable_shares(outputs: Mapping[str, Any]) -> NDArray[np.float64]:
    """(n,) probabilities that there is a dial to read: the sigmoid of ``readable`` (n, 1), 1 for models without it."""
    if "readable" not in outputs:
        return np.ones(len(outputs["bins"]))
    logits = np.asarray(outputs["readable"], np.float64).reshape(-1)
    return 0.5 * (1 + np.tanh(logits / 2))


def _look(jobs: Sequence[_Job], views: Sequence[Sequence[Matrix]], model: registry.TrainedModel) -> list[list[_Seen]]:
    """What the model says of every view of every picture, in one batch."""
    extra = model.card.extra
    side, own_gamma = int(extra["side"]), float(extra.get("gamma", 1.0))
    count = sum(len(ones) for ones in views)
    if not count:
        return [[] for _ in jobs]
    batch = np.empty((count, side, side, 1), np.float32)
    row = 0
    for job, ones in zip(jobs, views, strict=True):
        for view in ones:
            square = seen_through(job.picture, view, side)
            batch[row, ..., 0] = adjust_gamma(adjust_gamma(square / np.float32(255), job.gamma), own_gamma)
            row += 1
    outputs = model(batch)
    shares, readable = bin_shares(outputs["bins"], float(extra.get("temperature", 1.0))), readable_shares(outputs)
    points = np.asarray(outputs["points"], np.float64).reshape(-1, len(POINTS), 2) * (side - 1)
    sharpness = mass_around(shares, NEAR_MINUTES).max(-1)
    seen: list[list[_Seen]] = []
    row = 0
    for ones in views:
        seen.append([])
        for view in ones:
            misfit, dial = fit_dial(points[row])
            if dial is not None and not _plausible(dial, side):
                misfit, dial = float("inf"), None
            # As in ``reading``: numerals that form no dial take a reading down.
            score = readable[row] * sharpness[row] * min(1.0, MISFIT / max(misfit, 1e-9)) ** 2
            seen[-1].append(_Seen(view, shares[row], points[row], float(readable[row]), misfit, dial, float(score)))
            row += 1
    return seen


def _hub(dial: Matrix) -> NDArray[np.float64]:
    return dial[:2, 2] / dial[2, 2]


def _axes(dial: Matrix) -> tuple[float, float]:
    """Half the long and the short axis of a dial (plane -> pixels) near its hub."""
    hub = _hub(dial)
    jacobian = (dial[:2, :2] - np.outer(hub, dial[2, :2])) / dial[2, 2]
    long, short = np.linalg.svd(jacobian, compute_uv=False).tolist()
    return long, short


def _plausible(dial: Matrix, side: int) -> bool:
    """Whether a dial in a view can be one: not too flat, not tiny, its hub inside the square, its rim before the camera."""
    long, short = _axes(dial)
    x, y = _hub(dial)
    # The plane's third coordinate must keep its sign all over the dial.
    before = np.hypot(*dial[2, :2]) < 0.9 * abs(dial[2, 2])
    return bool(before and short > FLATTEST * long and long > SMALLEST * side and 0 <= x <= side - 1 and 0 <= y <= side - 1)


def _convincing(seen: _Seen, side: int) -> bool:
    return seen.readable >= SURE and seen.misfit <= MISFIT and seen.dial is not None and _axes(seen.dial)[0] >= LARGE * side


def _likeliest(seen: Sequence[_Seen]) -> list[_Seen]:
    """The best views of at most three different dials: of those whose hubs lie within half a radius, the best."""
    kept: list[_Seen] = []
    for one in sorted((view for view in seen if view.dial is not None), key=lambda view: -view.score):
        apart = [np.hypot(*(_hub(one.placed) - _hub(better.placed))) > 0.5 * _axes(better.placed)[0] for better in kept]
        if all(apart) and len(kept) < DIALS:
            kept.append(one)
    return kept


def _best_dial(first: Sequence[_Seen], second: Sequence[_Seen]) -> tuple[Matrix | None, Matrix]:
    """The dial (plane -> picture) that reads best, also once it is laid straight, of both fits of it the closer one; and the
    view in which it was found."""
    best: tuple[float, Matrix | None, Matrix] = (-1.0, None, np.eye(3))
    for before, after in zip(first, second, strict=True):
        closer = after.misfit <= max(before.misfit, MISFIT / 2)
        score = before.score * after.score
        if score > best[0]:
            best = (score, after.placed if closer else before.placed, before.view)
    return best[1:]


# --- one answer of many ----------------------------------------------------------------------------------------------


def _together(job: _Job, dial: Matrix, seen: Sequence[_Seen], side: int, views: int, temperature: float) -> Located:
    """The answers to several views of one dial, put together; the first is the one in which it was found.

    Their bins, each already one time of both hands on the 12-hour circle, are averaged. To multiply them by what the sines
    and cosines or the tips say of the hands made readings of validation pictures worse: they err together with the bins.
    """
    # A point beyond the horizon of a tilted dial has no place in the picture.
    seen = [one for one in seen if np.isfinite(through(one.view, one.points)).all()] or seen[:1]
    weights = np.array([one.score for one in seen]) + 1e-9
    weights /= weights.sum()  # what is seen badly counts less
    shares = weights @ np.stack([one.shares for one in seen])
    # Pixels of the picture; the median, since one look that takes another numeral for 12 moves all points around the dial.
    points = np.median([through(one.view, one.points) for one in seen], axis=0)  # (15, 2)
    misfit, mended = fit_dial(points)
    homography = dial if mended is None else mended
    return Located(
        distribution=tempered(shares, temperature),
        readable=float(np.mean([one.readable for one in seen[-len(POSES) :]])),
        misfit=misfit,
        views=views,
        homography=homography,
        rectified=seen_through(job.picture, straight_view(homography, side), side),
        points=points,
        spread=job.picture.spread,
    )


def tempered(distribution: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """``distribution ** (1 / temperature)`` (..., 720), summing to 1 again: above 1 it is less sure."""
    logarithms = np.log(np.maximum(distribution, 1e-300))
    return bin_shares(logarithms, temperature)


FLOOR, TOP = 0.5, 8.0  # temperatures that may be chosen


def choose_temperature(distributions: NDArray[np.float64], minutes: NDArray[np.int64]) -> float:
    """The temperature under which validation pictures' true ``minutes`` (n,), 0-719, are likeliest (Guo et al. 2017).

    distributions: (n, 720), of ``read_located`` with temperature 1. Several views share their mistakes, and an average of
    them is less sure than each.

    ``FLOOR`` is deliberate, and a good reader comes to lie on it: the single minute asks for ever sharper answers (0.2 of
    ``reader-small``'s on validation renderings, less on painted faces), while a confidence is what lies within
    ``NEAR_MINUTES``. The log score of that event would choose 0.56 on those renderings and 0.94 on those faces, and the higher
    of both made confidences less true on held-out renderings (calibration error 0.058 instead of 0.018).
    """
    rows = np.arange(len(minutes))
    grid = np.geomspace(FLOOR, TOP, 49)
    # A picture that is read wrongly altogether must not outweigh all others.
    surprise = [-np.log(tempered(distributions, value)[rows, minutes] + 1e-6).mean() for value in grid]
    return round(float(grid[int(np.argmin(surprise))]), 3)
