"""Picture bytes -> a checked array, or one sentence that says what is wrong; grey, gamma, squares.

Arrays are ``uint8`` RGB ``(height, width, 3)`` or grey ``(height, width)``; coordinates are ``(x, y)`` in pixels with the
middle of the first pixel at (0, 0).
"""

import contextlib
import io
import re
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from core.specs import check_range

Picture = NDArray[np.uint8]
FORMATS = ("PNG", "JPEG", "WEBP")
MAX_BYTES = 10 * 1024 * 1024  # what upload forms call 10 MB
MAX_PIXELS = 25_000_000
GREY_BLOCK = 1 << 18  # pixels made grey at a time: what a core keeps at hand, a third of the time of all at once
MAX_SIDE = 65_535  # of JPEG; beyond it a square around the picture would not fit in memory
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_START, JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"

# All that Pillow was seen or is documented to raise for damaged files; it hides no fault of ours, because only Pillow's
# open, load, convert and getexif stand under it. AssertionError and the rest of its line: its parsers assume sound files.
UNREADABLE = (
    *(OSError, SyntaxError, ValueError, struct.error, zlib.error, EOFError, OverflowError, MemoryError),
    *(AssertionError, AttributeError, IndexError, KeyError, TypeError, RuntimeError, SystemError, ZeroDivisionError),
    *(Image.DecompressionBombError, Warning),  # Warning: where warnings are made errors
)


class PictureError(ValueError):
    """A picture cannot be used; the text says why and what to do, for people who know nothing of files."""


class _DamagedError(Exception):
    """Pillow cannot read these bytes; others may be tried."""


def open_picture(source: bytes | str | Path) -> Picture:
    """Read a PNG, JPEG or WebP picture: ``uint8`` RGB ``(height, width, 3)``, upright, alpha on white.

    ``source`` is the file's content or its path. Size and number of pixels are judged before anything is decoded. Of an
    animation the first frame is taken. 16 bits a channel become 8 (grey: to the nearest level; colour: the upper byte), CMYK
    is converted without profiles, and the EXIF rotation is applied where it can be read. Everything else raises
    ``PictureError``, and nothing else is raised for whatever the bytes hold.
    """
    data = _file_bytes(source)
    if not data:
        raise PictureError("The file is empty; choose a PNG, JPEG or WebP picture.")
    if len(data) > MAX_BYTES:
        raise PictureError(f"The file has {len(data):,} bytes; at most 10 MB ({MAX_BYTES:,}) are read. Save it smaller.")
    _check_header(data)
    try:
        return _decode(data)
    except _DamagedError as error:
        failure = error
    if data.startswith(PNG_SIGNATURE):  # oversized or damaged text and profiles must not cost the picture
        mended = [_bare_png(data)]
    elif data.startswith(JPEG_START):
        mended = _ended_jpegs(data)
    else:
        mended = []
    try:
        if mended:
            picture = _decode(mended[0])
            # Where a JPEG broke off in its pixels, each end makes another picture of it.
            if all(np.array_equal(picture, _decode(other)) for other in mended[1:]):
                return picture
    except _DamagedError as error:
        failure = error
    raise PictureError(_explain(data)) from failure


def _file_bytes(source: bytes | str | Path) -> bytes:
    """The content, as it is or read from a path; a file that is too big is judged without being read."""
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    try:
        path = Path(source)
        if path.is_dir():
            raise PictureError(f"{path.name or path} is a folder; choose a PNG, JPEG or WebP picture in it.")
        if not path.exists():
            raise PictureError(f"There is no file {path.name[:80]!r}; check the name.")
        if not path.is_file():
            raise PictureError(f"{path.name} is not a regular file; choose a PNG, JPEG or WebP picture.")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise PictureError(f"{path.name} has {size:,} bytes; at most 10 MB ({MAX_BYTES:,}) are read. Save it smaller.")
        return path.read_bytes()
    except PictureError:
        raise
    except (OSError, ValueError) as error:  # no permission, a name too long; ValueError: a null byte in the name
        raise PictureError(f"The file {str(source)[:80]!r} cannot be read; check its name and permissions.") from error


def _explain(data: bytes) -> str:
    known = data.startswith((PNG_SIGNATURE, JPEG_START)) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")
    if known:
        return "The picture is damaged or incomplete; save or download it again."
    return "The file is not a PNG, JPEG or WebP picture, whatever its name says; convert it to one of these."


def _check_header(data: bytes) -> None:
    """Judge PNG and WebP by their first bytes: Pillow would warn of, or set memory aside for, huge ones on opening."""
    size = None
    if data.startswith(PNG_SIGNATURE) and len(data) >= 25:
        if data[12:16] != b"IHDR":  # Apple's CgBI, made for apps on phones
            raise PictureError("The file is no standard PNG: its header does not come first. Open it and save it as PNG again.")
        size = struct.unpack(">II", data[16:24])
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP" and len(data) >= 30:
        kind = data[12:16]
        if kind == b"VP8X":
            size = (int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1)
        elif kind == b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            size = ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        elif kind == b"VP8 ":
            size = tuple(side & 0x3FFF for side in struct.unpack("<HH", data[26:30]))
    if size is not None:
        _check_size(*size)


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise PictureError(
            f"The picture has {width} x {height} = {width * height / 1e6:.1f} megapixels; "
            f"at most {MAX_PIXELS / 1e6:.0f} are read. Save it smaller."
        )
    if max(width, height) > MAX_SIDE:
        raise PictureError(f"The picture is {max(width, height)} pixels long; at most {MAX_SIDE} are read. Crop it.")


def _decode(data: bytes) -> Picture:
    """The bytes as a picture; ``_DamagedError`` when Pillow cannot read them."""
    pixels, clear, orientation = _pillow_pixels(data)
    depth = data[24] if data.startswith(PNG_SIGNATURE) else 8
    return np.ascontiguousarray(_upright(_on_white(pixels, clear, depth), orientation))


def _pillow_pixels(data: bytes) -> tuple[NDArray, object, object]:
    """Pillow's part: grey (uint8, uint16), RGB or RGBA pixels, the value(s) of a PNG's tRNS or None, EXIF's orientation."""
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:  # JPEG beyond Pillow's own limits
        raise PictureError(f"The picture has more than {MAX_PIXELS / 1e6:.0f} megapixels; save it smaller.") from error
    except UNREADABLE as error:
        raise _DamagedError from error
    with image:
        _check_size(*image.size)
        orientation: object = 1
        clear = None
        try:
            image.load()
            clear = image.info.get("transparency") if image.format == "PNG" else None  # tRNS: the value or palette entries
            plain = _plain_mode(image, palette_has_alpha=clear is not None)
        except UNREADABLE as error:
            raise _DamagedError from error
        with contextlib.suppress(*UNREADABLE):  # broken EXIF loses its rotation, not the picture
            orientation = image.getexif().get(0x0112, 1)
        return np.asarray(plain), clear, orientation


def _plain_mode(image: Image.Image, palette_has_alpha: bool) -> Image.Image:
    """L, I;16, RGB or RGBA of any mode that the three formats give: 1, L, LA, I;16, P, RGB, RGBA, CMYK."""
    if image.mode in ("L", "I;16", "RGB", "RGBA"):
        return image
    if image.mode in ("LA", "La", "PA", "RGBa") or (image.mode == "P" and palette_has_alpha):
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _on_white(pixels: NDArray, clear: object, png_depth: int) -> Picture:
    """Grey (uint8 or uint16), RGB or RGBA pixels, with the one colour that is transparent -> RGB on white."""
    transparent = _equals(pixels, clear, png_depth)
    if pixels.dtype != np.uint8:  # 16-bit grey
        pixels = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=-1)
    if pixels.shape[-1] == 4:
        alpha = pixels[..., 3]
        if alpha.min() == 255:
            return pixels[..., :3]
        blend = np.empty((*alpha.shape, 3), np.uint8)
        white = (255 - alpha).astype(np.uint16) * 255 + 127  # + 127: rounds to the nearest level
        for channel in range(3):  # one at a time holds the memory down; at most 65,152 fits 16 bits
            blend[..., channel] = (pixels[..., channel].astype(np.uint16) * alpha + white) // 255
        return blend
    if transparent is not None and transparent.any():
        pixels = pixels.copy()
        pixels[transparent] = 255
    return pixels


def _equals(pixels: NDArray, clear: object, depth: int) -> NDArray[np.bool_] | None:
    """Where pixels have the one colour that PNG's tRNS calls transparent, given in the file's own depth; None: no colour.

    Pillow scales pixels of 2 and 4 bits to 8 and cuts colours of 16 bits to 8, but leaves that colour as it stands.
    """
    if pixels.ndim == 2 and isinstance(clear, int):
        if depth in (2, 4, 8):  # 1 bit: Pillow scales it itself
            clear = (clear & (1 << depth) - 1) * (255 // ((1 << depth) - 1))
        return np.asarray(pixels == clear)
    if pixels.ndim == 3 and pixels.shape[-1] == 3 and isinstance(clear, tuple) and len(clear) == 3:
        colour = np.asarray(clear)
        return np.asarray((pixels == (colour >> 8 if depth == 16 else colour & 255)).all(-1))
    return None  # palettes have it in their alpha already; a damaged file may have a tRNS of another kind of picture


def _upright(pixels: Picture, orientation: object) -> Picture:
    """Undo EXIF orientation 2-8 as ``PIL.ImageOps.exif_transpose`` does; other values leave the picture as it is."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def _bare_png(data: bytes) -> bytes:
    """The PNG with nothing but what its pixels and its rotation need; stops where the chunks stop making sense."""
    kept, start = [PNG_SIGNATURE], len(PNG_SIGNATURE)
    while start + 12 <= len(data):
        length = int.from_bytes(data[start : start + 4], "big")
        kind = data[start + 4 : start + 8]
        sound = zlib.crc32(data[start + 4 : start + 8 + length]) == int.from_bytes(
            data[start + 8 + length : start + 12 + length], "big"
        )
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND") or (kind == b"eXIf" and sound):
            kept.append(data[start : start + 12 + length])
        start += 12 + length
    return b"".join(kept)


def _ended_jpegs(data: bytes) -> list[bytes]:
    """A JPEG that lacks its end marker, ended in several ways: at once, and after noise that would be pixels if any lacked.

    Pillow makes up what is missing, without a word, once it sees an end: only where the pictures are alike it did not have
    to. None when there is an end already, or a progressive JPEG lacks whole passes over its pixels.
    """
    body = data.removesuffix(JPEG_END[:1])
    if data.endswith(JPEG_END) or not _has_all_passes(body):
        return []
    # No 255, which begins markers. Ones first: at an early end zeros are made up, and no code goes on with either.
    noise = bytes(254 - index * 89 % 251 for index in range(1024))
    restarts = re.findall(rb"\xff([\xd0-\xd7])", body) or [b"\xd7"]
    following = bytes([0xFF, 0xD0 + (restarts[-1][0] + 1) % 8])  # where pixels are stored in parts, the next one's marker
    return [body + filler + JPEG_END for filler in (b"", noise, noise[1:], following + noise)]


def _has_all_passes(data: bytes) -> bool:
    """Whether the scans of a JPEG bring every coefficient of every component down to its last bit (ITU-T T.81, B.2)."""
    at, components, brought = 2, b"", set[tuple[int, int]]()
    while at + 4 <= len(data) and data[at] == 0xFF:
        kind, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + length]
        at += 2 + length
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):  # the frame's header
            components = body[6::3]
        elif kind == 0xDA and len(body) >= 6:  # a scan's: components, first and last coefficient, bits still to come
            if body[-1] & 15 == 0:
                brought |= {(name, index) for name in body[1:-3:2] for index in range(body[-3], body[-2] + 1)}
            marker = re.compile(rb"\xff[^\x00\xd0-\xd7]").search(data, at)  # whatever ends its pixels
            at = marker.start() if marker else len(data)
    return len(components) > 0 and len(brought) == 64 * len(components)


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
