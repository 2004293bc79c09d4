"""Pictures made by hand, for tests: PNGs from their chunks, EXIF, arrays of colours."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image

from core.picture_decoding import PNG_SIGNATURE

RNG = np.random.default_rng(1)
COLOURS = RNG.integers(0, 256, (5, 7, 3), np.uint8)
SMOOTH = np.stack(np.broadcast_arrays(*np.ix_(range(0, 240, 5), range(10, 250, 4), [120])), -1)[:, :, 0].astype(np.uint8)


def save(image: Image.Image | np.ndarray, format: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, format, **options)
    return file.getvalue()


def heic(image: Image.Image | np.ndarray, **options: object) -> bytes:
    """A HEIC photograph. ``quality=-1, chroma=444``: nearly without loss; ``tile_size``: of squares, as phones lay them."""
    file = io.BytesIO()
    pillow_heif.from_pillow(image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, **options)
    return file.getvalue()


def spoilt_zip(path: Path, name: str, content: bytes) -> None:
    """A zip whose list of members is whole, and whose only member cannot be unpacked: its first byte names no kind of block."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    packed = bytearray(path.read_bytes())
    packed[30 + len(name)] = 0xFF  # after the member's own head of 30 bytes and its name
    path.write_bytes(packed)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int, colour: int, rows: list[bytes], *extra: bytes) -> bytes:
    """A PNG by hand; ``extra`` are chunks before the pixels; colour 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGBA."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    return PNG_SIGNATURE + header + b"".join(extra) + pixels + chunk(b"IEND", b"")


def exif(orientation: object) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()
