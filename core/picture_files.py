"""A folder or a zip of pictures -> arrays. Whatever is in there, nothing is unpacked and nothing else is raised."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

from core.images import MAX_BYTES, Picture, open_picture, to_grey
from core.picture_decoding import PictureError
from core.specs import check_whole

# What may be a picture by its name; the last four are none that is read, and are named as such.
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".heic", ".heif", ".gif", ".bmp", ".tif", ".tiff")
FEWEST = 20
MAX_FILES = 500_000
MAX_ARRAY_BYTES = 4 * 2**30
# All that zipfile raises for members that are damaged, encrypted or packed in ways that it does not know.
UNPACKABLE = (OSError, zipfile.BadZipFile, RuntimeError, zlib.error, lzma.LZMAError, EOFError, struct.error, ValueError)


class DatasetError(ValueError):
    """A data set is missing or of no use; the text says what, and how to get it or what to do."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Square pictures. images: uint8 (n, side, side, channels). labels: int64 (n,), into ``classes``. skipped: "name: why"."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    skipped: list[str]


def load_pictures(
    path: Path,
    side: int,
    channels: int = 3,
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    under: str = "",
    a_class: int | None = None,
    classes: Sequence[str] | None = None,
) -> Pictures:
    """The pictures of a folder or a zip, sorted by name: the middle square of each, scaled to ``side``.

    The folder that a picture lies in is its class. channels: 3, or 1 for grey. limit, a_class: at most so many, of all and of
    each class, spread evenly over the sorted names. under: only what lies below this folder. classes: only these, in this
    order; None: all there are, sorted. Sizes are judged before anything is decoded; what cannot be read is skipped and named.
    ``DatasetError`` for fewer than 20 usable pictures.
    """
    check_whole("side", side, 8, 512)
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 (grey) or 3 (colour); got {channels!r}")
    path = Path(path)
    with _members(path) as (names, read):
        chosen = [name for name in names if name.startswith(under) and PurePosixPath(name).suffix.lower() in SUFFIXES]
        labels = [PurePosixPath(name).parent.name or path.stem for name in chosen]
        known = sorted(set(labels)) if classes is None else list(classes)
        places = _spread(labels, known, limit, a_class)
        if len(places) * side * side * channels > MAX_ARRAY_BYTES:
            raise DatasetError(
                f"{len(places):,} pictures of {side} x {side} pixels do not fit into memory; "
                f"take {MAX_ARRAY_BYTES // (side * side * channels):,} of them at most or make them smaller."
            )
        images = np.empty((len(places), side, side, channels), np.uint8)
        used: list[int] = []
        skipped: list[str] = []
        for done, place in enumerate(places):
            try:
                images[len(used)] = _square(read(chosen[place]), side, channels)
                used.append(place)
            except PictureError as error:
                skipped.append(f"{chosen[place]}: {error}")
            if progress is not None and (done % 100 == 99 or done + 1 == len(places)):
                progress(done + 1, len(places))
    if len(used) < FEWEST:
        why = f" (the first that is not: {skipped[0]})" if skipped else ""
        raise DatasetError(
            f"{path.name or path} holds {len(used)} usable pictures{why}; "
            f"at least {FEWEST} PNG, JPEG, WebP or HEIC files are needed."
        )
    index = {name: number for number, name in enumerate(known)}
    return Pictures(images[: len(used)], np.array([index[labels[place]] for place in used], np.int64), tuple(known), skipped)


@contextmanager
def _members(path: Path) -> Iterator[tuple[list[str], Callable[[str], Picture]]]:
    """The sorted names of all files in a folder or a zip, with "/" between folders, and what reads one of them."""
    if path.is_dir():
        yield (
            _checked([file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()], path),
            (lambda name: open_picture(path / name)),
        )
        return
    if not path.exists():
        raise DatasetError(f"There is no folder or zip {path.name!r}; check the name.")
    try:
        archive = zipfile.ZipFile(path)
    except UNPACKABLE as error:
        raise DatasetError(f"{path.name} is neither a folder nor a zip that can be read ({error}); zip it again.") from error
    with archive:
        entries = {entry.filename: entry for entry in archive.infolist() if not entry.is_dir()}
        yield _checked(list(entries), path), lambda name: _packed_picture(archive, entries[name])


def _checked(names: list[str], path: Path) -> list[str]:
    """Sorted, without what systems add of their own: hidden files, macOS's copies."""
    if len(names) > MAX_FILES:
        raise DatasetError(f"{path.name} holds {len(names):,} files; at most {MAX_FILES:,} are looked at. Split it.")
    return sorted(name for name in names if not any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts))


def _packed_picture(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Picture:
    if entry.file_size > MAX_BYTES:
        raise PictureError(f"The file has {entry.file_size:,} bytes; at most 10 MB ({MAX_BYTES:,}) are read. Save it smaller.")
    try:
        # No more than is declared: to read() without a number it makes room for as much as the packed size says, gigabytes.
        with archive.open(entry) as member:
            content = member.read(entry.file_size)
    except UNPACKABLE as error:
        raise PictureError(f"The file cannot be unpacked ({str(error)[:80]}); zip it again.") from error
    return open_picture(content)


def _square(picture: Picture, side: int, channels: int) -> Picture:
    """The middle square, scaled: (height, width, 3) -> (side, side, channels)."""
    height, width = picture.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    picture = picture[top : top + edge, left : left + edge]
    if edge != side:
        method = cv2.INTER_AREA if edge > side else cv2.INTER_LINEAR
        picture = cv2.resize(picture, (side, side), interpolation=method).astype(np.uint8, copy=False)
    return to_grey(picture)[..., None] if channels == 1 else picture


def _spread(labels: list[str], known: list[str], limit: int | None, a_class: int | None) -> list[int]:
    """Places of the pictures to take: of known classes, ``a_class`` of each, ``limit`` in all, evenly spread."""
    wanted = set(known)
    groups: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        if label in wanted:
            groups.setdefault(label, []).append(place)
    return _thinned(sorted(place for group in groups.values() for place in _thinned(group, a_class)), limit)


def _thinned(places: list[int], most: int | None) -> list[int]:
    if most is None or len(places) <= most:
        return places
    check_whole("limit and a_class", most, 1, MAX_FILES)
    return [places[index * len(places) // most] for index in range(most)]
