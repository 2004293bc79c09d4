"""Pictures of real clocks with known times: the sets that readers are chosen and measured on, and what one achieves there.

Photographs: a folder ``clock_photos`` with ``labels.csv`` (file, hour, minute, rotation_deg_cw, source). Faces: a zip
``clock_faces_valid.zip`` of grey 160x160 pictures in folders named by their time, ``h-mm``, in steps of five minutes. Both
lie in a data folder (``paths.data_folders``); no model learns from them.
"""

import csv
import re
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core import paths, registry
from core.clocks.classical import read_classically
from core.clocks.face import render
from core.clocks.measures import error_figures
from core.clocks.reading import NEAR_MINUTES, read_pictures
from core.clocks.time import MINUTES, ClockTime, common_sense_error_minutes
from core.images import Picture, open_picture
from core.picture_files import UNPACKABLE

PHOTOGRAPHS = "clock_photos"
FACES = "clock_faces_valid.zip"
CLASSICAL = "classical"  # the reader without learning, in tables
COVERAGE = 0.8  # the share of the pictures, the surest ones, that a careful reader answers
WILD_SEED = 720  # training draws with other seeds
CHUNK = 25  # pictures that are read at a time
_FACE = re.compile(r"(?:.*/)?(\d{1,2})-(\d\d)/(\d+)\.jpe?g")


class NoPicturesError(FileNotFoundError):
    """A set of pictures is not there or damaged; the text names it and the remedy."""


class Read(Protocol):
    """What every reader's answer has: minutes in [0, 720), None where it abstains, and a confidence in [0, 1]."""

    @property
    def minutes(self) -> float | None: ...

    @property
    def confidence(self) -> float: ...


Reader = Callable[[Sequence[Picture]], Sequence[Read]]


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Pictures, uint8 (height, width, 3) or (height, width), and the minutes that they show, (n,) in [0, 720).

    step_minutes: times in the set are multiples of it. names: of the files, for tables.
    """

    name: str
    pictures: list[Picture]
    minutes: NDArray[np.int64] | NDArray[np.float64]
    names: tuple[str, ...]
    step_minutes: int = 1


def _find(name: str, what: str) -> Path:
    for folder in paths.data_folders():
        if (folder / name).exists():
            return folder / name
    raise NoPicturesError(
        f"There is no {name} ({what}) in a data folder; put it there, or name the folder in LATENT_OCLOCK_DATA."
    )


def load_photographs(folder: Path | None = None) -> PictureSet:
    """The photographs of ``folder`` (default: the first ``clock_photos`` in a data folder), in the order of their table.

    ``NoPicturesError`` when the folder or its table is missing, or a line of the table is no picture with its time.
    """
    folder = folder or _find(PHOTOGRAPHS, "photographs of clocks")
    pictures, minutes, names = [], [], []
    try:
        with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                pictures.append(open_picture(folder / row["file"]))
                minutes.append(ClockTime(int(row["hour"]) % 12, int(row["minute"])).minutes)
                names.append(row["file"])
    except FileNotFoundError as error:
        raise NoPicturesError(f"{folder.name} has no labels.csv (file, hour, minute); copy the whole folder again.") from error
    except (KeyError, TypeError, ValueError) as error:  # no such column, an empty cell, no number or time; PictureError
        said = f"no column {error}" if isinstance(error, KeyError) else str(error).rstrip(".")
        place = f"{folder.name}/labels.csv, picture {len(names) + 1}"
        raise NoPicturesError(f"{place}: {said}; copy the whole folder again.") from error
    if not pictures:
        raise NoPicturesError(f"{folder.name}/labels.csv lists no pictures; copy the whole folder again.")
    return PictureSet("photographs", pictures, np.array(minutes, np.int64), tuple(names))


def load_faces(file: Path | None = None, count: int | None = None, seed: int = 0) -> PictureSet:
    """The faces in ``file`` (default: the first ``clock_faces_valid.zip`` in a data folder) that no run is validated on.

    Sorted by name. count: take only so many, drawn without repetition from ``seed``. ``NoPicturesError`` when the zip is
    missing, damaged or holds no such faces.
    """
    file = file or _find(FACES, "faces of clocks with painted hands")
    try:
        with zipfile.ZipFile(file) as archive:
            every = sorted(match[0] for match in map(_FACE.fullmatch, archive.namelist()) if match)
            validated = _validated(file) if every else set()
            found = [name for name in every if name not in validated]
            if count is not None and count < len(found):
                chosen = np.random.default_rng(seed).choice(len(found), count, replace=False)
                found = [found[index] for index in sorted(chosen)]
            pictures = [open_picture(archive.read(name)) for name in found]
        labels = [match.groups() for match in map(_FACE.fullmatch, found) if match]
        minutes = [ClockTime(int(hour) % 12, int(minute)).minutes for hour, minute, _ in labels]
    except UNPACKABLE as error:  # PictureError is a ValueError
        raise NoPicturesError(f"{file.name} cannot be read ({error}); copy it again.") from error
    if not every:
        raise NoPicturesError(f"{file.name} holds no pictures named h-mm/k.jpg; copy it again.")
    if not pictures:
        raise NoPicturesError(f"{file.name} holds no more faces than readers are validated on: none is left to measure them.")
    return PictureSet("faces", pictures, np.array(minutes, np.int64), tuple(found), step_minutes=5)


def _validated(file: Path) -> set[str]:
    """The names of the faces in ``file`` that readers of photographs are validated and calibrated on."""
    from core.clocks.painted import NoFacesError, read_faces
    from core.clocks.wild_data import validation_faces

    try:
        faces = read_faces(file)
    except NoFacesError:  # none that are sound: no run is validated on them
        return set()
    return {faces.names[index] for index in validation_faces(faces)}


def wild_set(count: int = 360, held_out: bool = False) -> PictureSet:
    """Wild renderings that no model was trained or chosen on, at times evenly over the dial; only pictures that can be read.

    held_out: with typefaces, hands, dials and walls that training never draws.
    """
    style = "wild-held-out" if held_out else "wild"
    pictures, minutes, names = [], [], []
    for index in range(count):
        time, seed = ClockTime.from_minutes(index * MINUTES // count), 0
        face = render(time, style, seed=(WILD_SEED, index, seed))
        while not face.truth.readable:
            seed += 1
            face = render(time, style, seed=(WILD_SEED, index, seed))
        pictures.append(face.image)
        minutes.append(face.truth.minutes)  # with a sweeping minute hand up to one more than the whole minute
        names.append(f"{style} {index}")
    return PictureSet(style, pictures, np.array(minutes, float), tuple(names))


def picture_sets(faces: int | None = None) -> list[PictureSet]:
    """The sets that are there, ``faces`` of the faces; for each that is not, a warning says so."""
    loaders: list[Callable[[], PictureSet]] = [load_photographs, lambda: load_faces(count=faces)]
    sets = []
    for load in loaders:
        try:
            sets.append(load())
        except NoPicturesError as error:
            warnings.warn(str(error), stacklevel=2)
    return sets


def photo_figures(readings: Sequence[Read], true_minutes: ArrayLike, step_minutes: int = 1) -> dict[str, float]:
    """Figures of one reader on one set.

    Those of ``error_figures``; ``abstained``, the share without a time (each counts as an error of 360 minutes, the most
    there is); ``within_1_minute_at_80``, among the 80 % that the reader is surest of; ``right_class``, the share nearest to
    the right one of the times that the set knows, ``step_minutes`` apart; ``calibration_error``, how far confidence and
    share within 3 minutes lie from each other on average (Naeini et al. 2015, ten bins).
    """
    true = np.asarray(true_minutes, float)
    errors = _errors(readings, true)
    confidences = np.array([reading.confidence for reading in readings])
    # The surest first; of equals, those without a time last.
    surest = np.lexsort((errors >= MINUTES / 2, -confidences))[: max(1, round(COVERAGE * len(errors)))]
    table = reliability(readings, true)
    gaps = [row["pictures"] * abs(row["confidence"] - row["right"]) for row in table]
    return {
        **error_figures(true, (true + errors) % MINUTES),
        "abstained": float(np.mean([reading.minutes is None for reading in readings])),
        "within_1_minute_at_80": float((errors[surest] <= 1).mean()),
        "right_class": float((errors < step_minutes / 2).mean()),
        "calibration_error": float(sum(gaps) / len(errors)),
    }


def reliability(readings: Sequence[Read], true_minutes: ArrayLike, bins: int = 10) -> list[dict[str, float]]:
    """Does confidence mean something? Rows: from, to, pictures, their mean confidence, the share ``right``.

    Right is within 3 minutes, as the confidence is the probability of that. Bins without pictures are left out.
    """
    errors = _errors(readings, np.asarray(true_minutes, float))
    confidences = np.array([reading.confidence for reading in readings])
    place = np.minimum((confidences * bins).astype(int), bins - 1)
    rows = []
    for index in range(bins):
        inside = place == index
        if inside.any():
            rows.append(
                {
                    "from": index / bins,
                    "to": (index + 1) / bins,
                    "pictures": int(inside.sum()),
                    "confidence": float(confidences[inside].mean()),
                    "right": float((errors[inside] <= NEAR_MINUTES).mean()),
                }
            )
    return rows


def _errors(readings: Sequence[Read], true: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minutes off, (n,), 0-360; 360 without a time."""
    if true.ndim != 1 or len(readings) != len(true) or not len(true):
        raise ValueError(f"one reading and one true time a picture, at least one; got {len(readings)} and shape {true.shape}")
    read = [
        MINUTES / 2 + at if reading.minutes is None else reading.minutes for reading, at in zip(readings, true, strict=True)
    ]
    return common_sense_error_minutes(true, read)


def evaluate_sets(
    models: Sequence[registry.TrainedModel], sets: Sequence[PictureSet], classical: bool = True
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What each model, and with ``classical`` the reader without learning, makes of each set.

    Two tables: a reader and a set a row, with the number of pictures and every figure of ``photo_figures``; and the rows of
    ``reliability`` for each of them.
    """
    readers: dict[str, Reader] = {
        model.card.model_id: lambda chunk, model=model: read_pictures(chunk, model=model)  # type: ignore[misc]
        for model in models
    }
    if classical:
        readers[CLASSICAL] = lambda chunk: [read_classically(one) for one in chunk]
    figures, reliable = [], []
    for name, read in readers.items():
        for pictures in sets:
            readings = [
                reading
                for start in range(0, len(pictures.pictures), CHUNK)
                for reading in read(pictures.pictures[start : start + CHUNK])
            ]
            which = {"model": name, "set": pictures.name}
            found = photo_figures(readings, pictures.minutes, pictures.step_minutes)
            figures.append({**which, "pictures": len(readings), **{key: round(value, 4) for key, value in found.items()}})
            for row in reliability(readings, pictures.minutes):
                reliable.append({**which, **{key: round(value, 4) for key, value in row.items()}})
    return figures, reliable
