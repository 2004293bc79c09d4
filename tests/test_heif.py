"""Photographs as phones take them: the pixels that must come out, and files that ask for far more than they hold."""

import io
import os
import random
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageOps

from core import heif
from core.images import MAX_BYTES, open_picture
from core.picture_decoding import MAX_PIXELS, PictureError
from core.picture_files import load_pictures
from tests.handmade import RNG, SMOOTH, exif, heic, save

ROOT = Path(__file__).resolve().parent.parent
EXACT = {"quality": -1, "chroma": 444}  # lossless but for the way to other colours and back
BLOCKS = np.kron(RNG.integers(0, 256, (4, 6, 3), np.uint8), np.ones((16, 16, 1), np.uint8))
DAMAGED = "damaged or incomplete"


def off_by(picture: np.ndarray, expected: object) -> float:
    return float(np.abs(picture.astype(int) - expected).max())


# --- what must be read -------------------------------------------------------------------------------------------


def test_colours_come_back() -> None:
    picture = open_picture(heic(BLOCKS, **EXACT))
    assert picture.shape == BLOCKS.shape
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous
    assert picture.flags.owndata or not isinstance(picture.base, memoryview), "a view would keep all of libheif's memory"
    assert off_by(picture, BLOCKS) <= 2


@pytest.mark.parametrize("options", [{}, {"tile_size": 32}, {"chroma": 420}, {"exif": exif(1)}])
def test_a_photograph_comes_back_nearly(options: dict) -> None:
    picture = open_picture(heic(SMOOTH, quality=90, **options))
    assert picture.shape == SMOOTH.shape
    assert np.abs(picture.astype(int) - SMOOTH).mean() < 2


@pytest.mark.parametrize("shape", [(1, 1), (41, 63), (64, 3)])
def test_odd_sizes(shape: tuple[int, int]) -> None:
    """HEVC codes blocks of eight; the rest is cut off again."""
    colour = np.full((*shape, 3), (200, 90, 20), np.uint8)
    picture = open_picture(heic(colour, **EXACT))
    assert picture.shape == colour.shape
    assert off_by(picture, colour) <= 2


def test_grey() -> None:
    picture = open_picture(heic(BLOCKS[..., 0], **EXACT))
    assert off_by(picture, BLOCKS[..., :1]) == 0


@pytest.mark.parametrize(("mode", "shape"), [("RGB;16", (3,)), ("I;16", ())])
def test_ten_bits(mode: str, shape: tuple[int, ...]) -> None:
    blocks = BLOCKS[..., : len(shape) * 3] if shape else BLOCKS[..., 0]
    file = io.BytesIO()
    wide = (blocks.astype(np.uint16) * 257).tobytes()
    pillow_heif.from_bytes(mode, (BLOCKS.shape[1], BLOCKS.shape[0]), wide).save(file, **EXACT)
    assert pillow_heif.open_heif(file.getvalue()).info["bit_depth"] == 10
    assert off_by(open_picture(file.getvalue()), blocks if shape else blocks[..., None]) <= 2


def test_alpha_on_white() -> None:
    rgba = np.zeros((16, 64, 4), np.uint8)
    rgba[..., :3] = 10, 20, 30
    rgba[:, 16:32, 3], rgba[:, 32:48, 3], rgba[:, 48:] = 255, 128, (0, 0, 0, 127)
    # 10 * 128/255 + 127 = 132.02; 20: 137.04; 30: 142.06; black at 127: 255 * 128/255 = 128
    picture = open_picture(heic(rgba, **EXACT))
    assert off_by(picture[:, 8], (255, 255, 255)) <= 2
    assert off_by(picture[:, 24], (10, 20, 30)) <= 2
    assert off_by(picture[:, 40], (132, 137, 142)) <= 2
    assert off_by(picture[:, 56], (128, 128, 128)) <= 2


def test_alpha_that_is_multiplied_in() -> None:
    """Half-clear red of full strength is stored as 128, 0, 0; on white it is 255, 127, 127."""
    file = io.BytesIO()
    pillow_heif.from_bytes("RGBa", (32, 32), bytes([128, 0, 0, 128]) * 32 * 32).save(file, **EXACT)
    assert pillow_heif.open_heif(file.getvalue()).mode == "RGBa"
    assert off_by(open_picture(file.getvalue()), (255, 127, 127)) <= 2


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("tiles", [{}, {"tile_size": 32}])
def test_every_orientation_is_applied_once(orientation: int, tiles: dict) -> None:
    """Files have it twice, as boxes and as EXIF, and only the boxes count."""
    data = heic(BLOCKS, **EXACT, **tiles, exif=exif(orientation))
    assert b"Exif" in data
    assert (b"irot" in data or b"imir" in data) == (orientation > 1)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(save(BLOCKS, exif=exif(orientation)))))
    picture = open_picture(data)
    assert picture.shape[:2] == expected.size[::-1]
    assert off_by(picture, np.asarray(expected)) <= 2


def test_the_primary_one_of_several_pictures() -> None:
    colours = [Image.new("RGB", (32, 16), colour) for colour in ("red", "lime", "blue")]
    file = pillow_heif.from_pillow(colours[0])
    for image in colours[1:]:
        file.add_from_pillow(image)
    for primary, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255)]):
        data = io.BytesIO()
        file.save(data, **EXACT, primary_index=primary)
        assert off_by(open_picture(data.getvalue()), colour) <= 2


def test_in_folders_and_on_disk(tmp_path: Path) -> None:
    for index in range(20):
        name = f"IMG_{index:04}.{('HEIC', 'heif')[index % 2]}"
        (tmp_path / name).write_bytes(heic(np.full((16, 16, 3), 9 * index, np.uint8)))
    found = load_pictures(tmp_path, 8, 1)
    assert not found.skipped
    assert off_by(found.images.mean((1, 2, 3)), 9 * np.arange(20)) <= 3
    assert off_by(open_picture(tmp_path / "IMG_0010.HEIC"), 90) <= 3


# --- what must be refused, in words ------------------------------------------------------------------------------


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def versioned(kind: bytes, version: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24), *parts)


def first_box(data: bytes, kind: bytes) -> bytes:
    """The whole box, wherever it lies."""
    at = data.index(kind) - 4
    return data[at : at + int.from_bytes(data[at : at + 4], "big")]


def coded(side: int) -> tuple[bytes, bytes]:
    """How one square of one colour is coded: the box that says so, and the bytes."""
    data = heic(Image.new("RGB", (side, side), (200, 30, 40)), quality=30)
    return first_box(data, b"hvcC"), first_box(data, b"mdat")[8:]


def ispe(width: int, height: int) -> bytes:
    return versioned(b"ispe", 0, struct.pack(">II", width, height))


def grid(rows: int, columns: int, width: int, height: int) -> bytes:
    return struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, width, height)


def file_of(
    items: dict[int, tuple[bytes, bytes | tuple[int, int]]],
    properties: Sequence[bytes],
    of_items: dict[int, Sequence[int]],
    references: Sequence[tuple[bytes, int, Sequence[int]]] = (),
    primary: int = 1,
    payload: bytes = b"",
) -> bytes:
    """A HEIF file by hand. ``items``: kind, and bytes of their own or (offset, length) in ``payload``."""
    own = b"".join(where for _, where in items.values() if isinstance(where, bytes))

    def meta(start: int) -> bytes:
        places, infos, at = [], [], 0
        for item, (kind, where) in items.items():
            if isinstance(where, bytes):
                places.append(struct.pack(">HHHHII", item, 1, 0, 1, at, len(where)))
                at += len(where)
            else:
                places.append(struct.pack(">HHHHII", item, 0, 0, 1, start + where[0], where[1]))
            infos.append(versioned(b"infe", 2, struct.pack(">HH", item, 0), kind, b"\0", b"text/plain\0" * (kind == b"mime")))
        links = [box(kind, struct.pack(f">{2 + len(to)}H", one, len(to), *to)) for kind, one, to in references]
        told = b"".join(struct.pack(">HB", item, len(of)) + bytes(of) for item, of in of_items.items())
        return versioned(
            b"meta",
            0,
            versioned(b"hdlr", 0, struct.pack(">I4s12xx", 0, b"pict")),
            box(b"idat", own),
            versioned(b"iloc", 1, struct.pack(">BBH", 0x44, 0, len(items)), *places),
            versioned(b"iinf", 0, struct.pack(">H", len(items)), *infos),
            versioned(b"pitm", 0, struct.pack(">H", primary)),
            box(b"iprp", box(b"ipco", *properties), versioned(b"ipma", 0, struct.pack(">I", len(of_items)), told)),
            versioned(b"iref", 0, *links),
        )

    head = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    return head + meta(len(head) + len(meta(0)) + 8) + box(b"mdat", payload)


HVCC, CODE = coded(64)
WHOLE = (0, len(CODE))


def single(*properties: bytes, primary: int = 1) -> bytes:
    """One picture, coded as 64 x 64 pixels, that has these properties besides."""
    of_items = {1: [0x81, *range(2, 2 + len(properties))]}
    return file_of({1: (b"hvc1", WHOLE)}, [HVCC, *properties], of_items, primary=primary, payload=CODE)


def on_one_tile(kind: bytes, own: bytes, properties: Sequence[bytes], of_items: dict, times: int = 1) -> bytes:
    """A picture, item 1, made of item 2, a coded one, so many times."""
    items = {1: (kind, own), 2: (b"hvc1", WHOLE)}
    return file_of(items, [HVCC, *properties], of_items, [(b"dimg", 1, [2] * times)], payload=CODE)


def tiled(rows: int, columns: int, references: Sequence[int], tile: tuple[bytes, object] = (b"hvc1", WHOLE)) -> bytes:
    """A grid, item 1, of tiles of 64 pixels, items from 2 on."""
    items = {1: (b"grid", grid(rows, columns, 64 * columns, 64 * rows))} | dict.fromkeys(references, tile)
    of_items = {1: [3]} | {item: [0x81, 2] for item in references}
    properties = [HVCC, ispe(64, 64), ispe(64 * columns, 64 * rows)]
    return file_of(items, properties, of_items, [(b"dimg", 1, references)], payload=CODE)


def test_files_made_by_hand_are_sound() -> None:
    """What is refused below is refused for what it asks, not for how it is written."""
    one = single(ispe(64, 64))
    assert off_by(open_picture(one), (200, 30, 40)) <= 4
    assert open_picture(one).shape == (64, 64, 3)
    four = tiled(1, 2, [2, 2])
    assert open_picture(four).shape == (64, 128, 3)
    assert off_by(open_picture(four), (200, 30, 40)) <= 4


CLIPPED = box(b"clap", struct.pack(">8I", 64, 1, 64, 1, 0, 1, 0, 1))  # says that 64 x 64 pixels are shown of what is decoded
TAIL = bytes(4_000_000)
HOSTILE = {
    "too large": (single(ispe(5001, 5000)), r"5,001 × 5,000 = 25\.0 megapixels"),
    "too long": (single(ispe(65_536, 1)), "65,536 pixels long"),
    "a huge one, a small part of it shown": (single(ispe(30_000, 30_000), CLIPPED), r"900\.0 megapixels"),
    "a size that is not said": (single(CLIPPED), DAMAGED),
    "a huge tile": (
        on_one_tile(b"grid", grid(1, 1, 64, 64), [ispe(64, 64), ispe(30_000, 30_000)], {1: [2], 2: [1, 3]}),
        "megapix",
    ),
    "a tile without a size": (on_one_tile(b"grid", grid(1, 1, 64, 64), [ispe(64, 64)], {1: [2], 2: [1]}), DAMAGED),
    "one large tile, a thousand times": (
        on_one_tile(b"grid", grid(32, 32, 4096, 4096), [ispe(4096, 4096)], {1: [2], 2: [1, 2]}, 1024),
        DAMAGED,
    ),
    "one tile of many sizes, again and again": (
        on_one_tile(b"grid", grid(1, 1, 64, 64), [ispe(64, 64)], {1: [2], 2: [1, *[2] * 250]}, 60_000),
        DAMAGED,
    ),
    "a grid of grids": (tiled(1, 1, [2], (b"grid", grid(1, 1, 64, 64))), DAMAGED),
    "tiles that are nowhere": (
        file_of({1: (b"grid", grid(1, 1, 64, 64))}, [ispe(64, 64)], {1: [1]}, [(b"dimg", 1, [7])]),
        DAMAGED,
    ),
    "put together of others": (
        on_one_tile(b"iovl", bytes(40), [ispe(64, 64)], {1: [2], 2: [1, 2]}),
        "HEIC file is an overlay of others, which is not read here; .* export it as JPEG",
    ),
    "a changed copy": (on_one_tile(b"iden", b"", [ispe(64, 64)], {1: [2], 2: [1, 2]}), "is a changed copy of another one"),
    "words that share their bytes": (
        file_of(
            {1: (b"hvc1", WHOLE)} | {item: (b"mime", (0, len(CODE + TAIL))) for item in range(2, 900)},
            [HVCC, ispe(64, 64)],
            {1: [0x81, 2]},
            [(b"cdsc", item, [1]) for item in range(2, 900)],
            payload=CODE + TAIL,
        ),
        DAMAGED,
    ),
    "too many words": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + versioned(b"meta", 0, box(b"free", bytes(1 << 20))), DAMAGED),
    "a primary one that is none": (single(ispe(64, 64), primary=9), DAMAGED),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_boxes_are_judged_before_a_library_sees_them(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def seen() -> None:
        raise AssertionError("handed over to be decoded")

    monkeypatch.setattr(heif, "_library", seen)
    data, words = HOSTILE[kind]
    started = time.process_time()
    with pytest.raises(PictureError, match=words):
        open_picture(data)
    assert time.process_time() - started < 0.5


def test_sizes_that_are_said_wrongly_are_refused() -> None:
    """A file may say that it is small and be large: libheif holds it to what it says before it takes memory for more."""
    large, code = coded(4096)
    data = file_of({1: (b"hvc1", (0, len(code)))}, [large, ispe(64, 64)], {1: [0x81, 2]}, payload=code)
    with pytest.raises(PictureError, match=DAMAGED) as told:
        open_picture(data)
    assert "Security limit exceeded" in str(told.value.__cause__)


def test_as_many_pixels_as_others_may_have() -> None:
    assert MAX_PIXELS == 5000 * 5000
    heif._judge(single(ispe(5000, 5000)))
    # A photograph of 24 megapixels in tiles of 512: 12 rows of 9
    tiles = range(2, 2 + 9 * 12)
    items = {1: (b"grid", grid(12, 9, 4284, 5712))} | {item: (b"hvc1", (item, 1)) for item in tiles}
    of_items = {1: [2]} | {item: [0x81, 3] for item in tiles}
    properties = [HVCC, ispe(4284, 5712), ispe(512, 512)]
    heif._judge(file_of(items, properties, of_items, [(b"dimg", 1, tiles)], payload=bytes(200)))


def test_bytes_are_counted_first() -> None:
    data = heic(BLOCKS)
    assert off_by(open_picture(data + bytes(MAX_BYTES - len(data))), open_picture(data)) == 0
    with pytest.raises(PictureError, match="10 MB"):
        open_picture(data + bytes(MAX_BYTES - len(data) + 1))


@pytest.mark.parametrize("options", [{}, {"tile_size": 32}])
def test_what_broke_off_is_refused(options: dict) -> None:
    data = heic(BLOCKS, **options)
    for length in range(16, len(data), 7):
        with pytest.raises(PictureError, match=DAMAGED):
            open_picture(data[:length])


def test_random_bytes_are_refused_or_make_another_picture() -> None:
    rng, refused = random.Random(5), 0
    for _ in range(60):
        data = bytearray(heic(BLOCKS))
        at = rng.randrange(16, len(data) - 64)
        data[at : at + 64] = rng.randbytes(64)
        try:
            assert open_picture(bytes(data)).shape[2] == 3
        except PictureError:
            refused += 1
    assert refused > 20
    with pytest.raises(PictureError, match=DAMAGED):
        open_picture(heic(BLOCKS)[:36] + random.Random(1).randbytes(3000))


@pytest.mark.parametrize(
    "start", [b"ftypavif\0\0\0\0avifmif1", b"ftypmif1\0\0\0\0avifmif1", b"ftypqt  \0\0\0\0qt  ", b"ftypmp42"]
)
def test_other_files_of_boxes_are_not_taken_for_photographs(start: bytes) -> None:
    data = struct.pack(">I", 4 + len(start)) + start + bytes(100)
    assert not heif.is_heif(data)
    with pytest.raises(PictureError, match="not a PNG, JPEG, WebP or HEIC picture"):
        open_picture(data)


@pytest.mark.parametrize("start", [b"ftypheic\0\0\0\0", b"ftypheix", b"ftypmif1\0\0\0\0mif1heic", b"ftypmsf1\0\0\0\0msf1"])
def test_photographs_are_known_by_how_they_begin(start: bytes) -> None:
    data = struct.pack(">I", 4 + len(start)) + start
    assert heif.is_heif(data)
    with pytest.raises(PictureError, match=DAMAGED):
        open_picture(data)


def test_without_the_library_the_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PictureError, match="export it as JPEG"):
        open_picture(heic(BLOCKS))
    assert open_picture(save(BLOCKS)).shape == BLOCKS.shape


def test_a_library_that_does_not_load_is_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its Python part is imported all the same, and says so when it is used."""

    def fails() -> None:
        raise ImportError("libheif.so: cannot open shared object file")

    monkeypatch.setattr(pillow_heif, "libheif_version", fails)
    with pytest.raises(PictureError, match="export it as JPEG"):
        open_picture(heic(BLOCKS))


def test_the_library_comes_with_the_first_photograph_alone(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(save(BLOCKS))
    (tmp_path / "a.heic").write_bytes(heic(BLOCKS))
    code = (
        "import os, sys; from core.images import open_picture\n"
        "open_picture('a.png'); print('pillow_heif' in sys.modules)\n"
        "open_picture('a.heic'); print('pillow_heif' in sys.modules, sys.modules['pillow_heif'].options.DECODE_THREADS)"
    )
    told = {"cwd": tmp_path, "env": {**os.environ, "PYTHONPATH": str(ROOT)}, "text": True}
    assert subprocess.check_output([sys.executable, "-c", code], **told).splitlines() == ["False", "True 0"]
