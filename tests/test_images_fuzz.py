"""Damage of any kind: whatever bytes come, a picture comes out or one sentence, and nothing else."""

import random
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from core.images import open_picture
from core.picture_decoding import PNG_SIGNATURE, PictureError
from tests.handmade import COLOURS, SMOOTH, chunk, exif, heic, png, save


def outcome_is_allowed(data: bytes) -> None:
    try:
        picture = open_picture(data)
    except PictureError:
        return
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] == 3


def small_files() -> list[bytes]:
    palette = Image.fromarray(COLOURS).quantize(8)
    rgba = Image.fromarray(np.dstack([COLOURS, COLOURS[..., :1]]))
    frames = {"save_all": True, "append_images": [Image.fromarray(COLOURS[::-1])], "duration": 40}
    text = PngImagePlugin.PngInfo()
    text.add_text("note", "some text " * 9, zip=True)
    return [
        save(COLOURS, pnginfo=text, exif=exif(6)),
        save(palette, transparency=bytes([9, 255, 0])),
        save(rgba),
        save(Image.fromarray(COLOURS), "PNG", **frames),
        png(2, 2, 16, 0, [b"abcd", b"efgh"], chunk(b"tRNS", b"ab")),
        save(COLOURS, "JPEG", exif=exif(6)),
        save(SMOOTH[::6, ::6], "JPEG", progressive=True),
        save(Image.new("CMYK", (9, 9), (9, 99, 199, 0)), "JPEG"),
        save(COLOURS, "WEBP", exif=exif(8)),
        save(rgba, "WEBP", lossless=True),
        save(Image.fromarray(COLOURS), "WEBP", **frames),
        heic(COLOURS, exif=exif(6)),
        heic(rgba),
        heic(SMOOTH, tile_size=32),
    ]


FILES = small_files()
# The last one: up to the box that tells of the picture.
STARTS = [b"", PNG_SIGNATURE, b"\xff\xd8\xff\xe0", b"RIFF\x40\0\0\0WEBPVP8 ", heic(COLOURS)[:36]]


@pytest.mark.filterwarnings("ignore")
def test_two_thousand_mutations() -> None:
    rng = random.Random(7)
    for turn in range(2000):
        data = bytearray(FILES[turn % len(FILES)])
        for _ in range(rng.randint(1, 6)):
            at, kind = rng.randrange(len(data)), rng.randrange(5)
            if kind == 0:
                data[at] ^= 1 << rng.randrange(8)
            elif kind == 1:
                data[at] = rng.choice([0, 1, 127, 128, 255])
            elif kind == 2:
                data[at:at] = rng.randbytes(rng.randint(1, 9))
            elif kind == 3:
                del data[at : at + rng.randint(1, 9)]
            else:
                data[at : at + 4] = rng.randbytes(4)
            if not data:
                data = bytearray(b"\0")
        if rng.random() < 0.5:
            data = with_sound_sums(data)  # damage that checksums do not catch
        outcome_is_allowed(bytes(data))


def with_sound_sums(data: bytearray) -> bytearray:
    """A PNG's checksums made right again, as far as its chunks still make sense."""
    start = len(PNG_SIGNATURE)
    while data.startswith(PNG_SIGNATURE) and start + 12 <= len(data):
        length = int.from_bytes(data[start : start + 4], "big")
        if start + 12 + length > len(data):
            break
        data[start + 8 + length : start + 12 + length] = struct.pack(">I", zlib.crc32(data[start + 4 : start + 8 + length]))
        start += 12 + length
    return data


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(STARTS))
def test_random_bytes(data: bytes, start: bytes) -> None:
    outcome_is_allowed(start + data)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FILES), st.data())
def test_flips_cuts_and_insertions(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) - 1))
    put = draw.draw(st.binary(max_size=6))
    drop = draw.draw(st.integers(0, 6))
    outcome_is_allowed(data[:at] + put + data[at + drop :])
    outcome_is_allowed(data[:at])
