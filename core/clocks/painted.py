"""Faces of real clocks with hands painted on: a data set of grey 160x160 pictures, filed by time, and their variations."""

import math
import re
import warnings
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core import paths
from core.clocks.camera import Pose
from core.clocks.time import ClockTime
from core.picture_files import UNPACKABLE, DatasetError

TRAIN_FILE, VALID_FILE = "clock_faces_train.zip", "clock_faces_valid.zip"
FACE_SIDE = 160  # pixels; the hub is the middle
Picture = NDArray[np.uint8]

# Faces are filed by quarter turns too, so one that does not say where 12 is teaches a wrong time three times in four.
SAME_AFTER_AN_HOUR = 0.5  # of 8,640 faces a twelfth lies below, nearly all of them with bars or dots only
FLAT = 8.0  # grey levels; the flattest sound face has 33


@dataclass(frozen=True, eq=False)
class PaintedFaces:
    """Where sound faces lie and what they show: members of the zip ``path`` and minutes int64 (n,), 0-719.

    Only names are held; pictures are read when asked for, so that many processes can share one file.
    """

    path: Path
    names: tuple[str, ...]
    minutes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.names)

    def picture(self, index: int) -> Picture:
        """Face ``index``, uint8 (160, 160); ``DatasetError`` when the zip has been damaged or exchanged since."""
        name = f"{self.names[index]} in {self.path.name}"
        try:
            picture = _decoded(_opened(self.path).read(self.names[index]))
        except (*UNPACKABLE, KeyError) as error:
            raise DatasetError(f"{name} cannot be read any more ({error}); fetch the zip again") from error
        if picture is None:
            raise DatasetError(f"{name} is no picture of {FACE_SIDE}x{FACE_SIDE} any more; fetch the zip again")
        return picture


def faces_file(file: str) -> Path | None:
    """Where ``file`` lies, in the first data folder that has it, None in none; it is not opened."""
    return next((folder / file for folder in paths.data_folders() if (folder / file).is_file()), None)


class NoFacesError(DatasetError):
    """A zip that can be read holds no face."""


def find_faces(file: str) -> PaintedFaces | None:
    """The faces of ``file`` in the first data folder that has it; without one None, and a warning that says so."""
    found = faces_file(file)
    if found is not None:
        return read_faces(found)
    places = " or ".join(str(folder) for folder in paths.data_folders()) or "LATENT_OCLOCK_DATA, which names no folder"
    warnings.warn(f"{file} is not in {places}: only rendered clocks are used", stacklevel=2)
    return None


def read_faces(path: Path) -> PaintedFaces:
    """The sound faces of a zip whose members are called ``h-mm/name.jpg``.

    Left out: members with other names, what does not decode to 160x160, what is flat, and dials that look the same after a
    turn by an hour. ``DatasetError`` for a zip without faces, and for one that is damaged, if only in one member.
    """
    names, minutes = [], []
    try:
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                shown = minutes_of_name(name)
                picture = None if shown is None else _decoded(archive.read(name))
                if shown is not None and picture is not None and is_sound(picture):
                    names.append(name)
                    minutes.append(shown)
    except UNPACKABLE as error:
        raise DatasetError(f"{path.name} cannot be read ({error}); fetch it again or take it out of the data folder") from error
    if not names:
        raise NoFacesError(
            f"{path.name} holds no face called like 12-05/3.jpg; fetch it again or take it out of the data folder"
        )
    return PaintedFaces(path, tuple(names), np.array(minutes, np.int64))


def minutes_of_name(name: str) -> int | None:
    """``12-05/3.jpg`` is 5, ``1-00/7.jpg`` is 60; None for any other kind of name."""
    found = re.fullmatch(r"(?:.*/)?(\d{1,2})-(\d{2})/[^/]+\.jpe?g", name, re.IGNORECASE)
    if not found or not 1 <= int(found[1]) <= 12 or int(found[2]) > 59:
        return None
    return ClockTime(int(found[1]) % 12, int(found[2])).minutes


def is_sound(face: Picture) -> bool:
    """Whether a face (160, 160) shows something, and something that tells where 12 is."""
    return bool(face.std() >= FLAT) and hour_turn_difference(face) >= SAME_AFTER_AN_HOUR


def hour_turn_difference(face: Picture) -> float:
    """How much the rim of a face (160, 160) changes from hour to hour, against how much it changes at all.

    About 0.1 for bars alone, 0.55 and more with numerals. Medians, since hands cover a few of the twelve sectors.
    """
    ring = cv2.remap(face, *_ring(), cv2.INTER_LINEAR).astype(np.float32)  # (radii, 360)
    sectors = ring.reshape(len(ring), 12, 30)
    change = np.abs(sectors - np.median(sectors, axis=1, keepdims=True)).mean((0, 2))  # (12,)
    whole = np.abs(ring - np.median(ring, axis=1, keepdims=True)).mean()
    return float(np.median(change) / (whole + 1))


@lru_cache(maxsize=1)
def _ring() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Pixels of the ring where numerals stand, (24 radii, 360 degrees): columns and rows."""
    radii = np.linspace(0.55, 0.97, 24)[:, None] * (FACE_SIDE / 2)
    turn = np.radians(np.arange(360))
    middle = (FACE_SIDE - 1) / 2
    return (middle + radii * np.sin(turn)).astype(np.float32), (middle - radii * np.cos(turn)).astype(np.float32)


@lru_cache(maxsize=4)
def _opened(path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


def _decoded(content: bytes) -> Picture | None:
    """uint8 (160, 160), or None when it is no such picture."""
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE) if content else None
    return None if picture is None or picture.shape != (FACE_SIDE, FACE_SIDE) else np.asarray(picture, np.uint8)


# --- variations ------------------------------------------------------------------------------------------------------


def vary_face(face: Picture, side: int, rng: np.random.Generator) -> tuple[Picture, NDArray[np.float64]]:
    """One variation of a face (160, 160) as uint8 (side, side), and where its hub lies, (2,) pixels.

    Seen from up to 40 degrees aside, turned by a few, 0.55 to 1.1 times as wide as the picture, off the middle by up to a
    tenth; never mirrored. Then gamma, contrast, glare, blur, noise, JPEG and, now and then, white for black.
    """
    radius = side / 2 * rng.uniform(0.55, 1.1)
    pose = Pose(
        x=(side - 1) / 2 + rng.uniform(-0.1, 0.1) * side,
        y=(side - 1) / 2 + rng.uniform(-0.1, 0.1) * side,
        radius=radius,
        distance=rng.uniform(1.3, 4.0) * side / radius,
        roll=math.radians(rng.normal(0, 6)),
        tilt=math.radians(min(abs(rng.normal(0, 16)), 40.0)),
        near=rng.uniform(0, 2 * math.pi),
    )
    half = FACE_SIDE / 2
    to_plane = np.array([[1 / half, 0, 0.5 / half - 1], [0, 1 / half, 0.5 / half - 1], [0, 0, 1]])
    shrunk = half / radius
    if shrunk > 1.2:  # linear interpolation alone would skip pixels
        face = np.asarray(cv2.GaussianBlur(face, (0, 0), 0.5 * shrunk), np.uint8)
    border = (cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT)[int(rng.integers(2))]  # a reflection would show mirrored clocks
    picture = cv2.warpPerspective(
        face,
        pose.homography() @ to_plane,
        (side, side),
        flags=cv2.INTER_LINEAR,
        borderMode=border,
        borderValue=int(rng.integers(256)),
    )
    return vary_tones(np.asarray(picture, np.uint8), rng), np.array([pose.x, pose.y])


def vary_tones(picture: Picture, rng: np.random.Generator) -> Picture:
    """One variation of the tones of a picture (side, side): each kind now and then, from the light to the file."""
    side = len(picture)
    chances = rng.random(7)
    greys = np.arange(256) / 255
    if chances[0] < 0.15:
        greys = 1 - greys
    if chances[1] < 0.4:
        greys = greys ** np.exp(rng.uniform(np.log(0.4), np.log(3)))
    if chances[2] < 0.5:
        low, high = rng.uniform(-0.2, 0.35), rng.uniform(0.6, 1.25)
        greys = greys * (high - low) + low
    varied = cv2.LUT(picture, np.clip(np.rint(greys * 255), 0, 255).astype(np.uint8))
    if chances[3] < 0.2:  # glare: a bright spot with a soft edge
        across = np.arange(side, dtype=np.float32)
        x, y, width = (rng.uniform(0, 1, 3) * (side, side, 0.25 * side) + (0, 0, 0.05 * side)).tolist()
        spot = np.exp(-((across - x) ** 2) / width**2)[None, :] * np.exp(-((across - y) ** 2) / width**2)[:, None]
        varied = np.clip(varied + spot * np.float32(rng.uniform(60, 255)), 0, 255).astype(np.uint8)
    if chances[4] < 0.25:
        varied = cv2.GaussianBlur(varied, (0, 0), float(rng.uniform(0.4, 1.6)) * side / FACE_SIDE)
    if chances[5] < 0.3:
        noise = rng.integers(-128, 128, varied.shape, dtype=np.int16) * rng.uniform(0.02, 0.15)
        varied = np.clip(varied + noise, 0, 255).astype(np.uint8)
    if chances[6] < 0.2:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 70))]
        coded = cv2.imencode(".jpg", varied, quality)[1]
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
    return np.asarray(varied, np.uint8)
