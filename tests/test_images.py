"""Hand-made pictures of every kind with the pixel values that must come out, limits, damage, and the arithmetic of squares."""

import io
import random
import struct
import time
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps, PngImagePlugin
from skimage import exposure

from core.images import (
    MAX_BYTES,
    PNG_SIGNATURE,
    PictureError,
    adjust_gamma,
    fit_square,
    from_square,
    open_picture,
    to_grey,
)
from core.sheets import encode, sheet, thumbnail_bytes

RNG = np.random.default_rng(1)
COLOURS = RNG.integers(0, 256, (5, 7, 3), np.uint8)
SMOOTH = np.stack(np.broadcast_arrays(*np.ix_(range(0, 240, 5), range(10, 250, 4), [120])), -1)[:, :, 0].astype(np.uint8)


def save(image: Image.Image | np.ndarray, format: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, format, **options)
    return file.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int, colour: int, rows: list[bytes], *extra: bytes) -> bytes:
    """A PNG by hand; ``extra`` are chunks before the pixels; colour 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGBA."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    return PNG_SIGNATURE + header + b"".join(extra) + pixels + chunk(b"IEND", b"")


# --- every kind that must be read --------------------------------------------------------------------------------


@pytest.mark.parametrize(("format", "options"), [("PNG", {}), ("WEBP", {"lossless": True})])
def test_rgb_comes_back_exactly(format: str, options: dict) -> None:
    np.testing.assert_array_equal(open_picture(save(COLOURS, format, **options)), COLOURS)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 2}])
def test_jpeg_comes_back_nearly(options: dict) -> None:
    picture = open_picture(save(SMOOTH, "JPEG", quality=95, **options))
    assert picture.shape == SMOOTH.shape
    assert np.abs(picture.astype(int) - SMOOTH).mean() < 2


def test_paths_of_both_kinds(tmp_path: Path) -> None:
    path = tmp_path / "Uhr ä.png"
    path.write_bytes(save(COLOURS))
    np.testing.assert_array_equal(open_picture(path), COLOURS)
    np.testing.assert_array_equal(open_picture(str(path)), COLOURS)


def test_result_is_plain_contiguous_uint8() -> None:
    for data in (save(COLOURS), save(COLOURS, "JPEG", exif=exif(6)), save(np.dstack([COLOURS, COLOURS[..., :1]]))):
        picture = open_picture(data)
        assert picture.dtype == np.uint8
        assert picture.flags.c_contiguous
        assert picture.ndim == 3


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_grey(format: str) -> None:
    np.testing.assert_array_equal(open_picture(save(np.full((8, 8), 77, np.uint8), format)), np.full((8, 8, 3), 77))


def test_alpha_on_white() -> None:
    rgba = np.array([[[10, 20, 30, 0], [10, 20, 30, 255], [10, 20, 30, 128], [0, 0, 0, 127]]], np.uint8)
    # 10 * 128/255 + 127 = 132.02; 20: 137.04; 30: 142.06; black at 127: 255 * 128/255 = 128
    expected = [[[255, 255, 255], [10, 20, 30], [132, 137, 142], [128, 128, 128]]]
    for data in (save(rgba), save(rgba, "WEBP", lossless=True, exact=True)):
        np.testing.assert_array_equal(open_picture(data), expected)


def test_grey_with_alpha() -> None:
    la = Image.merge("LA", [Image.fromarray(np.array(v, np.uint8)[None]) for v in ([100, 100, 100], [0, 255, 51])])
    np.testing.assert_array_equal(open_picture(save(la))[0, :, 0], [255, 100, 224])  # 100 * 0.2 + 255 * 0.8 = 224


def test_palette() -> None:
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
    image.putpalette([1, 2, 3, 40, 50, 60, 250, 0, 9])
    expected = [[[1, 2, 3], [40, 50, 60], [250, 0, 9]]]
    np.testing.assert_array_equal(open_picture(save(image)), expected)
    np.testing.assert_array_equal(open_picture(save(image, transparency=1))[0], [[1, 2, 3], [255] * 3, [250, 0, 9]])
    half = open_picture(save(image, transparency=bytes([255, 0, 51])))
    np.testing.assert_array_equal(half[0], [[1, 2, 3], [255] * 3, [254, 204, 206]])  # 250 * 0.2 + 204, 204, 9 * 0.2 + 204


def test_one_two_and_four_bits() -> None:
    np.testing.assert_array_equal(open_picture(png(4, 1, 1, 0, [b"\xa0"]))[0, :, 1], [255, 0, 255, 0])
    np.testing.assert_array_equal(open_picture(png(4, 1, 2, 0, [b"\x1b"]))[0, :, 1], [0, 85, 170, 255])
    np.testing.assert_array_equal(open_picture(png(2, 1, 4, 0, [b"\x2f"]))[0, :, 1], [34, 255])
    np.testing.assert_array_equal(open_picture(save(Image.fromarray(np.array([[True, False]]))))[0, :, 0], [255, 0])


def test_one_transparent_colour() -> None:
    clear = chunk(b"tRNS", struct.pack(">H", 1))
    np.testing.assert_array_equal(open_picture(png(4, 1, 2, 0, [b"\x1b"], clear))[0, :, 1], [0, 255, 170, 255])
    np.testing.assert_array_equal(open_picture(png(3, 1, 8, 0, [b"\x00\x01\x02"], clear))[0, :, 1], [0, 255, 2])
    zero = chunk(b"tRNS", struct.pack(">H", 0))
    np.testing.assert_array_equal(open_picture(png(4, 1, 1, 0, [b"\xa0"], zero))[0, :, 1], [255] * 4)
    grey16 = png(2, 1, 16, 0, [struct.pack(">2H", 257, 258)], chunk(b"tRNS", struct.pack(">H", 258)))
    np.testing.assert_array_equal(open_picture(grey16)[0, :, 1], [1, 255])
    rgb = png(2, 1, 8, 2, [bytes([1, 2, 3, 1, 2, 4])], chunk(b"tRNS", struct.pack(">3H", 1, 2, 4)))
    np.testing.assert_array_equal(open_picture(rgb)[0], [[1, 2, 3], [255] * 3])
    rgb16 = png(2, 1, 16, 2, [struct.pack(">6H", 256, 512, 768, 0, 0, 65535)], chunk(b"tRNS", struct.pack(">3H", 0, 0, 65535)))
    np.testing.assert_array_equal(open_picture(rgb16)[0], [[1, 2, 3], [255] * 3])


def test_sixteen_bits() -> None:
    values = [0, 128, 129, 257, 32896, 65535]
    np.testing.assert_array_equal(
        open_picture(png(6, 1, 16, 0, [struct.pack(">6H", *values)]))[0, :, 2], [0, 0, 1, 1, 128, 255]
    )
    wide = (COLOURS.astype(np.uint16) * 257)[..., ::-1]
    np.testing.assert_array_equal(open_picture(cv2.imencode(".png", wide)[1].tobytes()), COLOURS)
    np.testing.assert_array_equal(open_picture(png(1, 1, 16, 4, [struct.pack(">2H", 25700, 13107)]))[0, 0], [224] * 3)
    rgba = png(1, 1, 16, 6, [struct.pack(">4H", 25700, 0, 65535, 13107)])
    np.testing.assert_array_equal(open_picture(rgba)[0, 0], [224, 204, 255])


def test_cmyk_jpeg() -> None:
    """Pillow writes CMYK as Adobe does, inverted, and turns it back; cyan of full strength on paper is (0, 255, 255)."""
    for ink, colour in (((255, 0, 0, 0), (0, 255, 255)), ((0, 0, 0, 0), (255,) * 3), ((0, 0, 0, 255), (0,) * 3)):
        picture = open_picture(save(Image.new("CMYK", (16, 16), ink), "JPEG", quality=100))
        assert np.abs(picture.astype(int) - colour).max() <= 2


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_first_frame_of_animations(format: str, mode: str) -> None:
    frames = [Image.new(mode, (9, 6), colour) for colour in ("red", "lime", "blue")]
    data = save(frames[0], format, save_all=True, append_images=frames[1:], duration=50, lossless=True)
    np.testing.assert_array_equal(open_picture(data), np.broadcast_to([255, 0, 0], (6, 9, 3)))


def test_jpeg_of_several_pictures() -> None:
    """Phones write MPO files under the name of JPEG."""
    data = save(Image.new("RGB", (16, 16), "red"), "MPO", save_all=True, append_images=[Image.new("RGB", (16, 16), "blue")])
    assert np.abs(open_picture(data).astype(int) - [254, 0, 0]).max() <= 2


# --- rotation ----------------------------------------------------------------------------------------------------


def exif(orientation: object) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_every_orientation(orientation: int, format: str) -> None:
    data = save(COLOURS, format, lossless=True, exif=exif(orientation))
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    np.testing.assert_array_equal(open_picture(data), expected)


def test_orientations_by_hand() -> None:
    a_b = np.array([[[1] * 3, [2] * 3]], np.uint8)  # two pixels side by side: 1 2
    for orientation, column in ((5, [1, 2]), (6, [1, 2]), (7, [2, 1]), (8, [2, 1])):
        np.testing.assert_array_equal(open_picture(save(a_b, exif=exif(orientation)))[:, 0, 0], column)
    for orientation, row in ((1, [1, 2]), (2, [2, 1]), (3, [2, 1]), (4, [1, 2])):
        np.testing.assert_array_equal(open_picture(save(a_b, exif=exif(orientation)))[0, :, 0], row)


@pytest.mark.parametrize(
    "broken",
    [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12\0\x03" * 9, b"junk"],
)
@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
@pytest.mark.filterwarnings("ignore")  # Pillow's, of the broken EXIF
def test_broken_exif_loses_no_picture(broken: bytes, format: str) -> None:
    assert open_picture(save(SMOOTH, format, exif=broken)).shape == SMOOTH.shape


def test_impossible_orientation_is_ignored() -> None:
    np.testing.assert_array_equal(open_picture(save(COLOURS, exif=exif(77))), COLOURS)


def test_big_or_damaged_text_loses_no_picture() -> None:
    for compressed in (True, False):
        text = PngImagePlugin.PngInfo()
        text.add_text("note", "x" * 3_000_000, zip=compressed)
        np.testing.assert_array_equal(open_picture(save(COLOURS, pnginfo=text, exif=exif(2))), COLOURS[:, ::-1])
    damaged = chunk(b"tEXt", b"a\0b")[:-1] + b"?"
    assert open_picture(png(1, 1, 8, 0, [b"\x07"], damaged))[0, 0, 0] == 7
    damaged = chunk(b"eXIf", exif(6))[:-1] + b"?"
    assert open_picture(png(1, 1, 8, 0, [b"\x07"], damaged))[0, 0, 0] == 7


# --- what must be refused, in words ------------------------------------------------------------------------------


def test_refusals(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("hello, I am text")
    (tmp_path / "empty.jpg").touch()
    bad = {
        "no file": tmp_path / "missing.png",
        "folder": tmp_path,
        "not a PNG, JPEG or WebP": tmp_path / "text.png",
        "is empty": tmp_path / "empty.jpg",
        r"no file 'nul\\x00l.png'": "nul\0l.png",
        "damaged or incomplete": save(COLOURS)[:100],
    }
    for words, source in bad.items():
        with pytest.raises(PictureError, match=words):
            open_picture(source)
    for format in ("GIF", "BMP", "TIFF", "PPM", "ICO"):
        with pytest.raises(PictureError, match="not a PNG, JPEG or WebP"):
            open_picture(save(COLOURS, format))
    with pytest.raises(PictureError, match=r"cannot be read|no file"):
        open_picture("x" * 5000)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_truncated_files(format: str) -> None:
    data = save(SMOOTH, format)
    for length in (0, 1, 7, 12, 25, 40, len(data) // 2, len(data) - 40):
        with pytest.raises(PictureError):
            open_picture(data[:length])


def claims(format: str, side: int) -> bytes:
    data = bytearray(save(COLOURS, format, **({"lossless": True} if format == "WEBP" else {})))
    if format == "PNG":
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        return PNG_SIGNATURE + header + bytes(data[33:])
    if format == "JPEG":
        start = data.index(b"\xff\xc0") + 5
        data[start : start + 4] = struct.pack(">HH", side, side)
    else:
        data[21:25] = ((side - 1) | (side - 1) << 14).to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize(
    ("format", "side"), [("PNG", 20_000), ("PNG", 2**31 - 1), ("JPEG", 5001), ("JPEG", 20_000), ("WEBP", 16_384)]
)
def test_huge_pictures_are_refused_before_decoding(format: str, side: int) -> None:
    started = time.perf_counter()
    with pytest.raises(PictureError, match="megapixels"):
        open_picture(claims(format, side))
    assert time.perf_counter() - started < 0.5


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_huge_jpeg_between_the_limits_of_pillow() -> None:
    with pytest.raises(PictureError, match="megapixels"):
        open_picture(claims("JPEG", 11_000))


def test_limits_of_bytes_and_sides(tmp_path: Path) -> None:
    data = save(COLOURS)
    np.testing.assert_array_equal(open_picture(data + bytes(MAX_BYTES - len(data))), COLOURS)
    with pytest.raises(PictureError, match="10 MB"):
        open_picture(data + bytes(MAX_BYTES - len(data) + 1))
    with (tmp_path / "big.png").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(PictureError, match="10 MB"):
        open_picture(tmp_path / "big.png")
    assert open_picture(save(Image.new("1", (25_000, 1000)))).shape == (1000, 25_000, 3)
    with pytest.raises(PictureError, match=r"25\.0 megapixels"):
        open_picture(save(Image.new("1", (25_001, 1000))))
    with pytest.raises(PictureError, match="pixels long"):
        open_picture(save(Image.new("1", (65_536, 1))))


# --- damage of any kind ------------------------------------------------------------------------------------------


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
    ]


FILES = small_files()


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
@given(st.binary(max_size=400), st.sampled_from([b"", PNG_SIGNATURE, b"\xff\xd8\xff\xe0", b"RIFF\x40\0\0\0WEBPVP8 "]))
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


# --- grey and gamma ----------------------------------------------------------------------------------------------


def test_grey_by_hand() -> None:
    rgb = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [10, 20, 30]]], np.uint8)
    # 76.245, 149.685, 29.07, 255, 18.15
    np.testing.assert_array_equal(to_grey(rgb), [[76, 150, 29, 255, 18]])
    same = np.zeros((4, 3), np.uint8)
    assert to_grey(same) is same
    assert to_grey(np.zeros((6, 4, 5, 3), np.uint8)).shape == (6, 4, 5)
    with pytest.raises(ValueError, match="uint8"):
        to_grey(np.zeros((4, 3, 3), np.float32))
    with pytest.raises(ValueError, match="shape"):
        to_grey(np.zeros((4, 3, 4), np.uint8))


@pytest.mark.parametrize("gamma", [0.1, 0.45, 1, 1.7, 2.2, 10])
def test_gamma_is_that_of_skimage(gamma: float) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(2, 8, 16)
    np.testing.assert_array_equal(adjust_gamma(levels, gamma), exposure.adjust_gamma(levels, gamma))
    parts = np.linspace(0, 1, 64, dtype=np.float32).reshape(4, 4, 4)
    ours = adjust_gamma(parts, gamma)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, exposure.adjust_gamma(parts, gamma), rtol=1e-5, atol=1e-7)


def test_gamma_by_hand_and_its_refusals() -> None:
    assert adjust_gamma(np.array([51], np.uint8), 2)[0] == 10  # 0.2 ** 2 * 255 = 10.2
    assert adjust_gamma(np.array([0.25], np.float32), 0.5)[0] == 0.5
    for gamma in (0, -1, 10.1, float("nan")):
        with pytest.raises(ValueError, match="gamma must lie in"):
            adjust_gamma(np.zeros((2, 2), np.uint8), gamma)
    with pytest.raises(ValueError, match="float64"):
        adjust_gamma(np.zeros((2, 2)), 1)
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        adjust_gamma(np.full((2, 2), 1.5, np.float32), 1)


# --- squares -----------------------------------------------------------------------------------------------------


def test_square_and_its_way_back_by_hand() -> None:
    wide = np.array([[0, 2, 4, 6], [10, 12, 14, 16]], np.float32)  # 4 wide, 2 high: one row above and one below
    square, scale, offset = fit_square(wide, 4)
    np.testing.assert_array_equal(square, wide[[0, 0, 1, 1]])
    assert (scale, offset) == (1, (0, -1))
    np.testing.assert_array_equal(from_square([[0, 1], [3, 2]], scale, offset), [[0, 0], [3, 1]])

    square, scale, offset = fit_square(wide, 2)  # blocks of 2 x 2 of the padded rows 0 0 1 1
    np.testing.assert_array_equal(square, [[1, 5], [11, 15]])
    assert (scale, offset) == (2, (0.5, -0.5))
    np.testing.assert_array_equal(from_square([0, 0], scale, offset), [0.5, -0.5])
    np.testing.assert_array_equal(from_square([1, 1], scale, offset), [2.5, 1.5])

    square, scale, offset = fit_square(wide[:, :3].T.copy(), 6, fill=9)  # 2 wide, 3 high: the odd column goes right
    assert square[2, 0] == 1.5  # y = 0.75 of the column 0, 2, 4
    assert square[0, 5] == 9
    assert (scale, offset) == (0.5, (-0.25, -0.25))
    np.testing.assert_array_equal(from_square([0.5, 0.5], scale, offset), [0, 0])  # between pixels 0 and 1: middle of the first


@pytest.mark.parametrize("shape", [(1, 1), (37, 90), (90, 37, 3), (64, 64), (5, 200, 3), (9, 4, 1)])
@pytest.mark.parametrize("size", [1, 33, 64, 150])
def test_square_keeps_constants_and_types(shape: tuple[int, ...], size: int) -> None:
    for dtype, value in ((np.uint8, 200), (np.float32, 0.25)):
        picture = np.full(shape, value, dtype)
        square, scale, _ = fit_square(picture, size)
        assert square.shape == (size, size, *shape[2:])
        assert square.dtype == dtype
        np.testing.assert_allclose(square, value, rtol=1e-6)
        assert scale == max(shape[:2]) / size


def test_a_dot_is_found_again() -> None:
    picture = np.zeros((300, 500), np.float32)
    picture[80:90, 400:410] = 1  # middle at (404.5, 84.5)
    for size in (100, 128, 700):
        square, scale, offset = fit_square(picture, size)
        weights = square / square.sum()
        found = [(weights.sum(0) * np.arange(size)).sum(), (weights.sum(1) * np.arange(size)).sum()]
        np.testing.assert_allclose(from_square(found, scale, offset), [404.5, 84.5], atol=0.35)


def test_long_strips_fit_too() -> None:
    strip = np.repeat(np.array([[0, 255]], np.uint8), 32_000, axis=1)[..., None].repeat(3, -1)  # 64,000 x 1
    for picture, corner in ((strip, np.s_[:, 0]), (strip.swapaxes(0, 1), np.s_[0, :])):
        square, scale, _ = fit_square(picture, 64)
        assert scale == 1000
        assert not square[corner].any()
        assert square[-1, -1].tolist() == [255] * 3
    square, _, _ = fit_square(np.zeros((4, 20_000), np.uint8), 50, fill=100)
    assert square[0].tolist() == [100] * 50


def test_square_refusals() -> None:
    with pytest.raises(ValueError, match="uint8 or float32"):
        fit_square(np.zeros((3, 3)), 4)
    with pytest.raises(ValueError, match="size must lie"):
        fit_square(np.zeros((3, 3), np.uint8), 0)
    with pytest.raises(ValueError, match="points must be"):
        from_square([1, 2, 3], 1, (0, 0))


# --- files for the screen ----------------------------------------------------------------------------------------


def test_sheet_holds_frames_row_by_row() -> None:
    frames = RNG.integers(0, 256, (5, 4, 6, 3), np.uint8)
    data, columns, rows = sheet(frames, 3, "PNG")
    picture = open_picture(data)
    assert (columns, rows, picture.shape) == (3, 2, (8, 18, 3))
    for index, frame in enumerate(frames):
        row, column = divmod(index, 3)
        np.testing.assert_array_equal(picture[row * 4 : row * 4 + 4, column * 6 : column * 6 + 6], frame)
    assert not picture[4:, 12:].any()
    assert sheet(frames[..., 0], 60)[1:] == (5, 1)
    assert open_picture(sheet(frames[..., 0], 2, "JPEG", quality=95)[0]).shape == (12, 12, 3)


def test_sheet_refusals() -> None:
    with pytest.raises(ValueError, match="8192"):
        sheet(np.zeros((64, 128, 128), np.uint8), 64)
    assert sheet(np.zeros((63, 8, 128), np.uint8), 63)[1:] == (63, 1)
    with pytest.raises(ValueError, match="frames must be uint8"):
        sheet(np.zeros((0, 4, 4), np.uint8), 2)
    with pytest.raises(ValueError, match="format"):
        sheet(np.zeros((2, 4, 4), np.uint8), 2, "GIF")


def test_thumbnails() -> None:
    assert open_picture(thumbnail_bytes(SMOOTH, 30)).shape == (24, 30, 3)  # from 48 x 60
    np.testing.assert_array_equal(open_picture(thumbnail_bytes(COLOURS, 30, "PNG")), COLOURS)
    with pytest.raises(ValueError, match="uint8"):
        thumbnail_bytes(COLOURS.astype(float), 100)
    with pytest.raises(ValueError, match="quality"):
        encode(COLOURS, quality=0)
