"""A picture's file or bytes -> a checked array, or one sentence that says what is wrong; grey, tones, gamma, squares.

Arrays are ``uint8`` RGB ``(height, width, 3)`` or grey ``(height, width)``; coordinates are ``(x, y)`` in pixels with the
middle of the first pixel at (0, 0).
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from core import heif
from core.picture_decoding import MAX_PIXELS, MAX_SIDE, PictureError, decode
from core.specs import check_range

Picture = NDArray[np.uint8]
MAX_BYTES = 10 * 1024 * 1024  # what upload forms call 10 MB
GREY_BLOCK = 1 << 18  # pixels made grey at a time: what a core keeps at hand, a third of the time of all at once
# Of a flat picture: its grey levels from the darkest to the lightest, each leaving out so large a share of the pixels. Were
# it larger, the hands of a small dial on a plain wall would not count. Below the least there is only noise.
FLAT_LEVELS, LEAST_LEVELS, LEFT_OUT = 128, 8, 0.00005


def open_picture(source: bytes | str | Path) -> Picture:
    """Read a PNG, JPEG, WebP or HEIC picture: ``uint8`` RGB ``(height, width, 3)``, upright, alpha on white.

    ``source`` is the file's content or its path. Size and number of pixels are judged before anything is decoded; a JPEG of
    25 to 80 million pixels comes back half as high and wide where it can be halved as it is decoded (not progressive). Of an
    animation the first frame is taken, of a HEIC file with several pictures the primary one. 16 bits a channel become 8 (grey:
    to the nearest level; colour: the upper byte), CMYK is converted without profiles, and the EXIF rotation, or HEIC's own, is
    applied where it can be read. Everything else raises ``PictureError``, and nothing else is raised for whatever the bytes
    hold.
    """
    data = _file_bytes(source)
    if not data:
        raise PictureError("The file is empty; choose a PNG, JPEG, WebP or HEIC picture.")
    if len(data) > MAX_BYTES:
        raise PictureError(f"The file has {len(data):,} bytes; at most 10 MB ({MAX_BYTES:,}) are read. Save it smaller.")
    return heif.decode(data) if heif.is_heif(data) else decode(data)


def _file_bytes(source: bytes | str | Path) -> bytes:
    """The content, as it is or read from a path; a file that is too big is judged without being read."""
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    try:
        path = Path(source)
        if path.is_dir():
            raise PictureError(f"{path.name or path} is a folder; choose a PNG, JPEG, WebP or HEIC picture in it.")
        if not path.exists():
            raise PictureError(f"There is no file {path.name[:80]!r}; check the name.")
        if not path.is_file():
            raise PictureError(f"{path.name} is not a regular file; choose a PNG, JPEG, WebP or HEIC picture.")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise PictureError(f"{path.name} has {size:,} bytes; at most 10 MB ({MAX_BYTES:,}) are read. Save it smaller.")
        return path.read_bytes()
    except PictureError:
        raise
    except (OSError, ValueError) as error:  # no permission, a name too long; ValueError: a null byte in the name
        raise PictureError(f"The file {str(source)[:80]!r} cannot be read; check its name and permissions.") from error


def to_grey(rgb: Picture) -> Picture:
    """Luma of ITU-R BT.601, ``0.299 R + 0.587 G + 0.114 B`` rounded: ``(..., 3)`` -> ``(...)``; ``(height, width)`` passes."""
    rgb = np.asarray(rgb)
    if rgb.dtype != np.uint8:
        raise ValueError(f"pictures must be uint8 in 0-255; got {rgb.dtype}")
    if rgb.ndim == 2:
        return rgb
    if rgb.ndim < 3 or rgb.shape[-1] != 3:
        raise ValueError(f"a picture must be (height, width) or (height, width, 3); got shape {rgb.shape}")
    pixels = rgb.reshape(-1, 3)
    grey = np.empty(len(pixels), np.uint8)
    for start in range(0, len(grey), GREY_BLOCK):
        block = pixels[start : start + GREY_BLOCK]
        luma = block[:, 0] * np.uint32(299)
        luma += block[:, 1] * np.uint32(587)
        luma += block[:, 2] * np.uint32(114)
        luma += np.uint32(500)
        grey[start : start + GREY_BLOCK] = luma // np.uint32(1000)
    return grey.reshape(rgb.shape[:-1])


def adjust_gamma(grey: NDArray, gamma: float) -> NDArray:
    """``output = input ** gamma`` on [0, 1], any shape; ``uint8`` (0-255) or ``float32`` in [0, 1], the same comes back.

    The convention of ``skimage.exposure.adjust_gamma``, which the 2022 report used: above 1 darkens. gamma: (0, 10].
    """
    check_range("gamma", gamma, 0, 10, open_low=True)
    grey = np.asarray(grey)
    if grey.dtype == np.uint8:
        table = np.rint(255 * np.linspace(0, 1, 256) ** gamma).astype(np.uint8)
        return table[grey]
    if grey.dtype != np.float32:
        raise ValueError(f"gamma needs uint8, or float32 in [0, 1]; got {grey.dtype}")
    if grey.size and not (grey.min() >= 0 and grey.max() <= 1):
        raise ValueError(f"float32 pictures must lie in [0, 1]; got {grey.min()} to {grey.max()}")
    return np.power(grey, np.float32(gamma))


def spread_tones(grey: Picture) -> Picture:
    """A flat picture, too dark, too light or faint, ``uint8`` (height, width), with its tones spread evenly over 0-255.

    Flat is what spans 8 to 127 grey levels; everything else comes back as it is.
    """
    counts = cv2.calcHist([np.ascontiguousarray(grey)], [0], None, [256], [0, 256]).ravel().astype(np.int64)
    least = LEFT_OUT * grey.size
    low, high = int(np.argmax(counts.cumsum() > least)), 255 - int(np.argmax(counts[::-1].cumsum() > least))
    if not LEAST_LEVELS <= high - low + 1 < FLAT_LEVELS:
        return grey
    table = np.rint(np.clip((np.arange(256) - low) * (255 / (high - low)), 0, 255)).astype(np.uint8)
    return table[grey]


def fit_square(
    picture: NDArray, size: int, fill: float | tuple[float, ...] | None = None
) -> tuple[NDArray, float, tuple[float, float]]:
    """The whole picture in the middle of a ``size`` x ``size`` square, and how to get back.

    picture: ``uint8`` or ``float32``, ``(height, width)`` or ``(height, width, channels)``. The shorter sides are padded,
    by the edge pixels or by the value(s) ``fill``, to ``side = max(height, width)``; an odd pixel goes right or below.
    Then it is resized: ``INTER_AREA`` when shrinking, ``INTER_LINEAR`` when growing. Returns ``(square, scale, offset)``
    with ``scale = side / size``, picture pixels a square pixel, and ``offset = (scale - 1) / 2 - (left, top)``, so that
    ``picture_xy = square_xy * scale + offset`` (see ``from_square``).
    """
    picture = np.ascontiguousarray(picture)
    if picture.dtype not in (np.uint8, np.float32) or picture.ndim not in (2, 3) or 0 in picture.shape:
        raise ValueError(f"a picture must be uint8 or float32 (height, width[, 3]); got {picture.dtype} {picture.shape}")
    check_range("size", size, 1, 8192)
    height, width = picture.shape[:2]
    side = max(height, width)
    if side > MAX_SIDE:
        raise ValueError(f"a picture's sides must not exceed {MAX_SIDE} pixels; got {width} x {height}")
    left, top = (side - width) // 2, (side - height) // 2
    scale = side / size
    method = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    padded = picture
    if side * side > 2 * MAX_PIXELS and scale > 1:  # the longer side first: padding a long strip would take gigabytes
        padded = cv2.resize(padded, (size, height) if width > height else (width, size), interpolation=method)
    rows = (top, side - height - top) if width > height else (0, 0)
    columns = (left, side - width - left) if height > width else (0, 0)
    if any(rows + columns):
        border = cv2.BORDER_REPLICATE if fill is None else cv2.BORDER_CONSTANT
        value = [fill or 0.0] * 4 if fill is None or isinstance(fill, int | float) else list(fill)
        padded = cv2.copyMakeBorder(padded, rows[0], rows[1], columns[0], columns[1], border, value=value)
    if padded.shape[:2] != (size, size):
        padded = cv2.resize(padded, (size, size), interpolation=method)
    middle = (scale - 1) / 2
    return padded.reshape(size, size, *picture.shape[2:]), scale, (middle - left, middle - top)


def from_square(points: ArrayLike, scale: float, offset: tuple[float, float]) -> NDArray[np.float64]:
    """Coordinates ``(..., 2)`` (x, y) in a square of ``fit_square`` -> coordinates in the picture that it was made of.

    A picture of 4 x 2 pixels in a square of 2 has scale 2 and offset (0.5, -0.5): square (0, 0) is picture (0.5, -0.5).
    """
    points = np.asarray(points, float)
    if points.shape[-1:] != (2,):
        raise ValueError(f"points must be (..., 2) as x, y; got shape {points.shape}")
    return points * scale + np.asarray(offset, float)
