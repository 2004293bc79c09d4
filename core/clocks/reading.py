"""Pictures of clocks -> Readings: prepare, run a stored model, decode its outputs into one time with its doubts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import registry
from core.clocks.candidates import Candidate, likeliest_classes, likeliest_times, outweighed
from core.clocks.doubts import Doubt, all_doubts, weigh, with_slight_changes
from core.clocks.face import POINTS
from core.clocks.fit import MISFIT_LIMIT, NUMERAL_RADIUS, fit_dial, minutes_of_tips
from core.clocks.forms import FORMS, form_of
from core.clocks.locate import MISFIT, NEAR_MINUTES, Located, bin_shares, read_located, readable_shares
from core.clocks.time import (
    ClockTime,
    circular_mean_around_peak,
    common_sense_error_minutes,
    minutes_from_hands,
)
from core.images import adjust_gamma, fit_square, from_square, to_grey

PREFERRED = ("reader", "reader-small", "reader-report")  # the best that is stored reads where no model is named
Point = tuple[float, float]  # x, y in pixels of the picture that was read; the middle of the first pixel is (0, 0)

UNSURE = 0.5  # below this confidence a reading carries a note
SMALL = 0.28  # dial radii below this share of the picture's side are worth a second, closer look
LOOK_AGAIN = 0.4  # the dial radius, as a share of the side, of a second look
# For models that say whether there is anything to read; looked at with 600 validation pictures of clocks and 60 without one.
# READABLE: below this probability there is no clock (one in 150 rendered clocks lies below, nine of ten pictures without).
# FLAT: where no time is likelier, the hands tell nothing (none of them was right). TORN: two times each as likely are both
# said (the first was right in half of the cases, the second in a fifth).
READABLE, FLAT, TORN = 0.5, 0.1, 0.2
BLIND = "I see no clock"  # how the note of a reading begins that is none
NO_CLOCK, HIDDEN = f"{BLIND}.", "The hands are hidden."


@dataclass(frozen=True, eq=False)
class Reading:
    """What a model reads in one picture.

    time, minutes: the reading, as a whole minute and with fraction in [0, 720). confidence: in [0, 1], the probability
    within 3 minutes of it (of the class, where a model answers with wider ones), times ``readable`` where a model says that;
    of other models less where the numerals found form no dial or the hands tell another time; of a report's network less
    where there is nothing to read in the picture, where slight changes of it change the reading, or where the answer lies
    outside the dial or contradicts itself. candidates: the three
    likeliest times, best first (the first is the reading). probabilities: float32 (720,), one a minute, sums to 1. centre,
    twelve, hour_tip, minute_tip: where the model sees them, in pixels of the picture, or None when it has no such output.
    note: None, or one sentence when the reading is doubtful. readable, rectified, homography, spread: of models that look
    for the dial themselves, as in ``locate.Located``.
    """

    time: ClockTime
    minutes: float
    confidence: float
    candidates: tuple[Candidate, ...]
    probabilities: NDArray[np.float32]
    model: str
    centre: Point | None = None
    twelve: Point | None = None
    hour_tip: Point | None = None
    minute_tip: Point | None = None
    note: str | None = None
    readable: float | None = None
    rectified: NDArray[np.uint8] | None = None
    homography: NDArray[np.float64] | None = None
    spread: bool = False

    @property
    def blind(self) -> bool:
        """Whether the model found no clock at all."""
        return (self.note or "").startswith(BLIND)

    @property
    def unseen(self) -> str:
        """What a model misses that gives a sentence instead of a time, in a few words; "" where it gives a time."""
        return "no clock seen" if self.blind else "hands hidden" if self.note == HIDDEN else ""


def default_model(folder: Path | None = None) -> str:
    """The id of the best reader that is stored with half of its epochs at least; where there is none, of the last choice."""
    stored = {card.model_id for card in registry.list_cards(folder) if 2 * card.epochs_trained >= card.epochs_asked}
    return next((model_id for model_id in PREFERRED if model_id in stored), PREFERRED[-1])


def read_pictures(
    pictures: Sequence[NDArray[np.uint8]],
    model_id: str | None = None,
    *,
    gamma: float = 1.0,
    locate: bool = True,
    model: registry.TrainedModel | None = None,
) -> list[Reading]:
    """Read each picture, uint8 (height, width) or (height, width, 3), of any size, all in one batch.

    model_id: of a stored model, None for the default. gamma: the pictures are raised to it first, (0, 10]. locate: take a
    second, closer look where the dial came out small, and keep the surer reading; models whose card says ``readable`` search
    the picture for the dial as it is and read it laid straight, raised to gamma (``locate``). model: the loaded model, where
    the caller keeps one; otherwise it is loaded here.
    """
    return _read([(picture, gamma) for picture in pictures], model_id, locate, model)


def read_gammas(
    picture: NDArray[np.uint8],
    gammas: Sequence[float],
    model_id: str | None = None,
    *,
    locate: bool = True,
    model: registry.TrainedModel | None = None,
) -> list[Reading]:
    """Read one picture under every gamma, all in one batch."""
    grey = to_grey(picture)
    return _read([(grey, gamma) for gamma in gammas], model_id, locate, model)


def _read(
    jobs: Sequence[tuple[NDArray[np.uint8], float]],
    model_id: str | None,
    locate: bool,
    model: registry.TrainedModel | None,
) -> list[Reading]:
    if not jobs:
        return []
    model = model or registry.load_trained(model_id or default_model())
    if locate and model.card.extra.get("readable") is True:
        found = read_located([picture for picture, _ in jobs], model, [gamma for _, gamma in jobs])
        return [located_reading(located, model.card.model_id) for located in found]
    greys = {id(picture): to_grey(picture) for picture, _ in jobs}  # one picture may be read under many gammas
    frames = [(greys[id(picture)], gamma, (0.0, 0.0)) for picture, gamma in jobs]
    readings = _look(frames, model)
    if not locate:
        return readings
    closer = {}
    for index, ((grey, gamma, _), reading) in enumerate(zip(frames, readings, strict=True)):
        crop = _dial_crop(grey, reading)
        if crop is not None:
            left, top, right, bottom = crop
            closer[index] = (np.ascontiguousarray(grey[top:bottom, left:right]), gamma, (float(left), float(top)))
    for index, again in zip(closer, _look(list(closer.values()), model), strict=True):
        if again.confidence > readings[index].confidence:
            readings[index] = again
    return readings


def _dial_crop(grey: NDArray[np.uint8], reading: Reading) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of a closer look at the dial, or None when it fills the picture well enough."""
    if reading.centre is None or reading.twelve is None:
        return None
    height, width = grey.shape
    radius = float(np.hypot(*np.subtract(reading.twelve, reading.centre))) / NUMERAL_RADIUS
    share = radius / max(height, width)
    if share >= SMALL or radius < 8:
        return None
    half = radius / LOOK_AGAIN / 2
    x, y = reading.centre
    left, right = max(0, round(x - half)), min(width, round(x + half) + 1)
    top, bottom = max(0, round(y - half)), min(height, round(y + half) + 1)
    return (left, top, right, bottom) if right - left >= 16 and bottom - top >= 16 else None


def _look(frames: Sequence[tuple[NDArray[np.uint8], float, Point]], model: registry.TrainedModel) -> list[Reading]:
    """Read grey pictures, each with its gamma and the place of its corner in the picture that the caller knows."""
    if not frames:
        return []
    side, own_gamma = int(model.card.extra["side"]), float(model.card.extra.get("gamma", 1.0))
    squares: dict[int, tuple[NDArray[np.uint8], float, Point]] = {}
    batch = np.empty((len(frames), side, side, 1), np.float32)
    for row, (grey, gamma, _) in enumerate(frames):
        if id(grey) not in squares:
            squares[id(grey)] = fit_square(grey, side)
        # A model that learned from gamma-enhanced pictures gets them so; the caller's gamma comes on top.
        square = squares[id(grey)][0]
        batch[row, ..., 0] = adjust_gamma(adjust_gamma(square / np.float32(255), gamma), own_gamma)
    # The reports' networks cannot say that they see no clock: pictures are looked at too, and read under slight changes.
    of_report = form_of(model.card) is not None
    decoded = decode(model(with_slight_changes(batch) if of_report else batch), model.card.extra)
    if of_report:
        sizes = [(grey.shape[0], grey.shape[1]) for grey, _, _ in frames]
        decoded = replace(decoded, doubts=all_doubts(batch, sizes, decoded.minutes, decoded.doubts))
    readings = []
    for row, (grey, _, corner) in enumerate(frames):
        reading = replace(_reading(decoded, row), model=model.card.model_id)
        if decoded.points is not None:
            _, scale, offset = squares[id(grey)]
            places = from_square(decoded.points[row] * (side - 1), scale, offset) + corner
            centre, twelve, hour_tip, minute_tip = ((float(x), float(y)) for x, y in places[:4])
            reading = replace(reading, centre=centre, twelve=twelve, hour_tip=hour_tip, minute_tip=minute_tip)
        readings.append(reading)
    return readings


@dataclass(frozen=True, eq=False)
class Decoded:
    """A model's outputs made readable.

    minutes: float64 (n,), the times read. probabilities: float64 (n, 720). second_minutes: (n,), what another output of the
    same model says, or None. points: (n, 15, 2) shares of the side in the order of ``face.POINTS``, or None. doubts: for
    each picture what speaks against a report's network's answer, the gravest first; empty for other models. readable: (n,)
    probabilities that there is a clock to read, or None. class_minutes: how many minutes the model cannot tell apart.
    """

    minutes: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    second_minutes: NDArray[np.float64] | None = None
    points: NDArray[np.float64] | None = None
    doubts: Sequence[Sequence[Doubt]] = ()
    readable: NDArray[np.float64] | None = None
    class_minutes: int = 1


def decode(outputs: Any, extra: Mapping[str, Any]) -> Decoded:
    """Decode the outputs of any stored clock model; ``extra`` is its card's.

    ``extra["form"]`` names the label form of a report's network, ``extra["spread_minutes"]`` the width of its errors and
    ``extra["gross_share"]`` the share of the gross ones among them (``report_recipes.calibrate_form``). Without a form the
    outputs are those of ``networks.build_reader``: ``bins`` (n, 720), whose logits are divided by ``extra["temperature"]``,
    ``hands`` (n, 4), ``points`` (n, 30) and, not of all, ``readable`` (n, 1) logits.
    """
    if "form" in extra:
        form = FORMS[extra["form"]]
        errors = float(extra.get("spread_minutes", 30.0)), float(extra.get("gross_share", 0.0))
        return Decoded(
            minutes=form.minutes(outputs),
            probabilities=form.probabilities(outputs, *errors).astype(np.float64),
            doubts=[[doubt] if doubt else [] for doubt in form.doubts(outputs)],
            class_minutes=form.class_minutes,
        )
    shares = bin_shares(outputs["bins"], float(extra.get("temperature", 1.0)))
    hands = np.asarray(outputs["hands"], np.float64)
    return Decoded(
        minutes=circular_mean_around_peak(shares, NEAR_MINUTES),
        probabilities=shares,
        second_minutes=minutes_from_hands(np.arctan2(hands[:, 0], hands[:, 1]), np.arctan2(hands[:, 2], hands[:, 3])),
        points=np.asarray(outputs["points"], np.float64).reshape(-1, len(POINTS), 2),
        readable=readable_shares(outputs) if "readable" in outputs else None,
    )


def _reading(decoded: Decoded, row: int) -> Reading:
    shares = decoded.probabilities[row]
    if decoded.class_minutes > NEAR_MINUTES:
        candidates = likeliest_classes(shares, decoded.class_minutes)
    else:
        candidates = likeliest_times(shares, float(decoded.minutes[row]))
    left, doubt = weigh(decoded.doubts[row] if decoded.doubts else ())
    confidence, note = candidates[0].probability * left, None
    others = [] if decoded.second_minutes is None else [float(decoded.second_minutes[row])]
    misfit = 0.0
    if decoded.points is not None:
        misfit, view = fit_dial(decoded.points[row])
        if decoded.readable is not None:
            readable = float(decoded.readable[row])
            note = _doubt(candidates, readable, misfit)
            return _told(candidates, confidence * readable, shares, note, readable=readable)
        # Shares of probability are worth what they were learned on: numerals that form no dial take them down.
        confidence *= min(1.0, MISFIT_LIMIT / max(misfit, 1e-9)) ** 2
        if view is not None:
            others.append(minutes_of_tips(decoded.points[row], view))
    apart = common_sense_error_minutes(candidates[0].minutes, others)
    if misfit > MISFIT_LIMIT:
        note = f"{BLIND} of the kind that this model learned to read."
    elif doubt:
        note = doubt + outweighed(candidates)
    elif confidence < UNSURE:
        note = _hard_to_tell(candidates)
    elif (apart > 30).any():
        confidence *= 0.5
        other = ClockTime.from_minutes(others[int(apart.argmax())])
        note = f"Two ways of reading disagree: {candidates[0].time} from the whole picture, {other} from the hands alone."
    return _told(candidates, confidence, shares, note)


def _told(
    candidates: tuple[Candidate, ...], confidence: float, shares: NDArray[np.float64], note: str | None, **more: Any
) -> Reading:
    return Reading(
        time=candidates[0].time,
        minutes=candidates[0].minutes,
        confidence=confidence,
        candidates=candidates,
        probabilities=shares.astype(np.float32),
        note=note,
        **{"model": "", **more},
    )


def located_reading(located: Located, model_id: str) -> Reading:
    """What was read at a dial that was searched for."""
    shares = located.distribution
    candidates = likeliest_times(shares, float(circular_mean_around_peak(shares, NEAR_MINUTES)))
    places = [None] * 4 if located.points is None else [(float(x), float(y)) for x, y in located.points[:4]]
    return _told(
        candidates,
        candidates[0].probability * located.readable,
        shares,
        _doubt(candidates, located.readable, located.misfit),
        model=model_id,
        readable=located.readable,
        rectified=located.rectified,
        homography=located.homography,
        spread=located.spread,
        **dict(zip(("centre", "twelve", "hour_tip", "minute_tip"), places, strict=True)),
    )


def _doubt(candidates: Sequence[Candidate], readable: float, misfit: float) -> str | None:
    """None, or the sentence for a reading that is to be doubted, of a model that says whether there is anything to read."""
    first, second, _ = candidates
    # A dial whose numerals are where they belong is there; then it is the hands that cannot be seen.
    if (first.probability < FLAT and misfit <= MISFIT) or (readable < READABLE and misfit <= MISFIT / 2):
        return HIDDEN
    if readable < READABLE:
        return NO_CLOCK
    if min(first.probability, second.probability) >= TORN:
        return f"Can't tell {_spoken(first.time)} from {_spoken(second.time)}." + outweighed(candidates)
    if first.probability * readable < UNSURE:
        return _hard_to_tell(candidates)
    return None


def _hard_to_tell(candidates: Sequence[Candidate]) -> str:
    first, second, third = candidates
    return f"Hard to tell: it may be {first.time}, {second.time} or {third.time}." + outweighed(candidates)


def _spoken(time: ClockTime) -> str:
    """As people say it: 2:10, 12:05."""
    return f"{time.hour or 12}:{time.minute:02d}"
