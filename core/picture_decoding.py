"""The bytes of a PNG, JPEG or WebP file -> upright RGB pixels on white, or one sentence that says what is wrong with them."""

import contextlib
import io
import re
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 25_000_000
# Of a JPEG that is halved while it is decoded, so that never more than 20 million are there: telephones take pictures of 48 to
# 64 million. It took 0.3 s and 270 MB at most, one of 25 million 0.6 s and 240 MB. Pillow itself warns of 89 million and more.
MAX_HALVED_PIXELS = 80_000_000
MAX_SIDE = 65_535  # of JPEG; beyond it a square around the picture would not fit in memory
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_START, JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
SCAN = 0xDA  # the kinds of a JPEG's segments: pixels follow; how they are coded, and which of these ways needs one pass
MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")  # of a segment, which has a length, or the end
FRAMES, SEQUENTIAL = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}, {0xC0, 0xC1}

# All that Pillow and pillow-heif were seen or are documented to raise for damaged files; it hides no fault of ours, because
# only their open, load, convert and getexif stand under it. AssertionError and the rest of its line: parsers trust files.
UNREADABLE = (
    *(OSError, SyntaxError, ValueError, struct.error, zlib.error, EOFError, OverflowError, MemoryError),
    *(AssertionError, AttributeError, IndexError, KeyError, TypeError, RuntimeError, SystemError, ZeroDivisionError),
    *(Image.DecompressionBombError, Warning),  # Warning: where warnings are made errors
)

# Over all pixels of a JPEG; each costs as much time as the whole, and 40 bytes of the file. Programs write up to 20.
MAX_PASSES = 100
MAX_SEGMENTS = 100_000  # likewise; a camera writes some dozen
MANY_PASSES = (
    f"The picture is stored in more than {MAX_PASSES} passes over its pixels, as no camera does; save it again as JPEG or PNG."
)
DAMAGED = "The picture is damaged or incomplete; save or download it again."


class PictureError(ValueError):
    """A picture cannot be used; the text says why and what to do, for people who know nothing of files."""


class _DamagedError(Exception):
    """Pillow cannot read these bytes; others may be tried."""


def decode(data: bytes) -> Pixels:
    """The picture that a file's content holds, as ``images.open_picture`` gives it; ``PictureError`` when it cannot be used."""
    _check_header(data)
    try:
        return _pixels(data)
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
            picture = _pixels(mended[0])
            # Where a JPEG broke off in its pixels, each end makes another picture of it.
            if all(np.array_equal(picture, _pixels(other)) for other in mended[1:]):
                return picture
    except _DamagedError as error:
        failure = error
    raise PictureError(_explain(data)) from failure


def _explain(data: bytes) -> str:
    known = data.startswith((PNG_SIGNATURE, JPEG_START)) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")
    if known:
        return DAMAGED
    return "The file is not a PNG, JPEG, WebP or HEIC picture, whatever its name says; convert it to one of these."


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
        check_size(*size)


def check_size(width: int, height: int) -> None:
    """``PictureError`` for a picture that is too large to be decoded."""
    if width * height > MAX_PIXELS:
        raise PictureError(
            f"The picture has {width:,} × {height:,} = {width * height / 1e6:.1f} megapixels; "
            f"at most {MAX_PIXELS / 1e6:.0f} are read. Save it smaller."
        )
    if max(width, height) > MAX_SIDE:
        raise PictureError(f"The picture is {max(width, height):,} pixels long; at most {MAX_SIDE:,} are read. Crop it.")


def _pixels(data: bytes) -> Pixels:
    """The bytes as a picture; ``_DamagedError`` when Pillow cannot read them."""
    pixels, clear, orientation = _pillow_pixels(data)
    depth = data[24] if data.startswith(PNG_SIGNATURE) else 8
    return np.ascontiguousarray(_upright(on_white(pixels, clear, depth), orientation))


def _pillow_pixels(data: bytes) -> tuple[NDArray, object, object]:
    """Pillow's part: grey (uint8, uint16), RGB or RGBA pixels, the value(s) of a PNG's tRNS or None, EXIF's orientation."""
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:  # JPEG beyond Pillow's own limits
        raise PictureError(f"The picture has more than {MAX_PIXELS / 1e6:.0f} megapixels; save it smaller.") from error
    except UNREADABLE as error:
        raise _DamagedError from error
    with image:
        if data.startswith(JPEG_START) and _passes(data) > MAX_PASSES:  # what holds several is no JPEG to Pillow, but an MPO
            raise PictureError(MANY_PASSES)
        width, height = image.size
        if MAX_PIXELS < width * height <= MAX_HALVED_PIXELS and data.startswith(JPEG_START) and _is_one_pass(data):
            image.draft(None, (width // 2, height // 2))
        check_size(*image.size)
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


def on_white(pixels: NDArray, clear: object = None, png_depth: int = 8) -> Pixels:
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


def _upright(pixels: Pixels, orientation: object) -> Pixels:
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


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kinds and bodies of a JPEG's segments (ITU-T T.81, B.1.1.4), without the pixels between; ends at what is none."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        kind, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        yield kind, data[at + 4 : at + 2 + length]
        at += 2 + length
        if kind == SCAN:
            marker = re.compile(rb"\xff[^\x00\xd0-\xd7]").search(data, at)  # whatever ends its pixels
            at = marker.start() if marker else len(data)


def _passes(data: bytes) -> int:
    """Scans of a JPEG as libjpeg finds them, which looks for the next marker whatever lies between; one too many at most."""
    at = found = segments = 0
    while found <= MAX_PASSES and (marker := MARKER.search(data, at)) and marker[0] != JPEG_END:
        segments += 1
        found = MAX_PASSES + 1 if segments > MAX_SEGMENTS else found + (marker[0][1] == SCAN)
        at = marker.end() + max(2, int.from_bytes(data[marker.end() : marker.end() + 2], "big"))
    return found


def _is_one_pass(data: bytes) -> bool:
    """Whether a JPEG is decoded from its first row to its last, in the memory of some rows.

    Where its passes bring a bit of each pixel (progressive), or one component after the other, libjpeg keeps all coefficients
    of the whole picture: 12 bytes a pixel and more. What it might read in another way than we do counts as such.
    """
    frames = list[bytes]()
    for kind, body in _segments(data):
        if kind in FRAMES - SEQUENTIAL or not 0xC0 <= kind <= 0xFE or 0xD0 <= kind <= 0xD9:
            return False
        if kind in SEQUENTIAL:
            frames.append(body)
        if kind == SCAN:
            return len(frames) == 1 and len(frames[0]) >= 6 and body[:1] == frames[0][5:6]  # components of both
    return False


def _has_all_passes(data: bytes) -> bool:
    """Whether the scans of a JPEG bring every coefficient of every component down to its last bit (ITU-T T.81, B.2).

    A scan names its components, then its first and last coefficient, and ends with the bits that are still to come.
    """
    if _passes(data) > MAX_PASSES:
        return False
    components, brought = b"", set[tuple[int, int]]()
    for kind, body in _segments(data):
        if kind in FRAMES:
            components = body[6::3]
        elif kind == SCAN and 6 <= len(body) == 4 + 2 * min(body[0], 4) and body[-2] < 64 and body[-1] & 15 == 0:
            # No bits are still to come.
            brought |= {(name, index) for name in body[1:-3:2] for index in range(body[-3], body[-2] + 1)}
    return len(components) > 0 and len(brought) == 64 * len(components)
