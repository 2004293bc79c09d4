"""Hand-made pictures of every kind with the pixel values that must come out, and what is refused, in words."""

import io
import struct
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps, PngImagePlugin

from core import picture_decoding
from core.images import MAX_BYTES, open_picture
from core.picture_decoding import PNG_SIGNATURE, PictureError
from tests.handmade import COLOURS, SMOOTH, chunk, exif, png, save

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
    clear = 0x1234, 0, 0xFFFE  # upper bytes 0x12, 0 and 0xFF
    rgb16 = png(2, 1, 16, 2, [struct.pack(">6H", 256, 512, 768, *clear)], chunk(b"tRNS", struct.pack(">3H", *clear)))
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
        "not a PNG, JPEG, WebP or HEIC": tmp_path / "text.png",
        "is empty": tmp_path / "empty.jpg",
        r"no file 'nul\\x00l.png'": "nul\0l.png",
        "damaged or incomplete": save(COLOURS)[:100],
    }
    for words, source in bad.items():
        with pytest.raises(PictureError, match=words):
            open_picture(source)
    for format in ("GIF", "BMP", "TIFF", "PPM", "ICO"):
        with pytest.raises(PictureError, match="not a PNG, JPEG, WebP or HEIC"):
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
    ("format", "side"), [("PNG", 20_000), ("PNG", 2**31 - 1), ("JPEG", 8945), ("JPEG", 20_000), ("WEBP", 16_384)]
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


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_of_a_telephone_with_48_megapixels_is_read_at_half_its_size(mode: str, orientation: int) -> None:
    small = Image.fromarray(SMOOTH).resize((72, 54))
    data = save(small.resize((8064, 6048)).convert(mode), "JPEG", quality=30, exif=exif(orientation))
    picture = open_picture(data)
    assert picture.shape == ((3024, 4032, 3) if orientation == 1 else (4032, 3024, 3))
    expected = small.convert(mode).convert("RGB").resize((4032, 3024)).reduce(8)
    found = Image.fromarray(picture if orientation == 1 else np.rot90(picture).copy()).reduce(8)
    assert np.abs(np.asarray(found).astype(int) - np.asarray(expected)).mean() < 4
    if (mode, orientation) == ("L", 1):
        np.testing.assert_array_equal(open_picture(data[:-2]), picture)  # its end marker is missing
        with pytest.raises(PictureError, match="damaged or incomplete"):
            open_picture(data[: len(data) // 2])


def test_large_jpegs_that_would_be_held_whole_in_memory_are_refused() -> None:
    """Those of several passes, and whatever might be one: libjpeg would keep 12 bytes a pixel and more."""
    with pytest.raises(PictureError, match=r"25\.1 megapixels; at most 25 are read"):
        open_picture(save(Image.new("RGB", (5010, 5010)), "JPEG", progressive=True))
    whole = save(Image.new("RGB", (5010, 5010)), "JPEG")
    assert open_picture(whole).shape == (2505, 2505, 3)
    frame, scan = whole.index(b"\xff\xc0"), whole.index(b"\xff\xda")
    header = whole[frame : frame + 2 + int.from_bytes(whole[frame + 2 : frame + 4], "big")]
    for name, other in {
        "a scan of one component": whole[:scan] + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" + whole[scan + 14 :],
        "another way of coding": whole.replace(b"\xff\xc0", b"\xff\xc9", 1),
        "two frames": whole[:frame] + header + whole[frame:],
        "a marker within": whole[:frame] + b"\xff\xd0" + whole[frame:],
        "filled up": whole[:frame] + b"\xff" + whole[frame:],
        "no scan": whole[:scan],
    }.items():
        assert not picture_decoding._is_one_pass(other), name
        with pytest.raises(PictureError):
            open_picture(other)


# Says that the file holds two pictures (CIPA DC-007, multi-picture format): an index of three entries, then that of pictures.
_ENTRIES = struct.pack("<H", 3) + struct.pack("<HHI4s", 0xB000, 7, 4, b"0100") + struct.pack("<HHII", 0xB001, 4, 1, 2)
_ENTRIES += struct.pack("<HHII", 0xB002, 7, 32, 50) + bytes(4)
_INDEX = b"MPF\0" + b"II*\0" + struct.pack("<I", 8) + _ENTRIES + struct.pack("<IIIHH", 0x20030000, 100, 0, 0, 0) + bytes(16)
MPF = b"\xff\xe2" + struct.pack(">H", 2 + len(_INDEX)) + _INDEX


def test_a_jpeg_of_more_passes_than_programs_write_is_refused_at_once() -> None:
    """Each costs as much time as all of the picture: 10 MB hold a quarter of a million. Padding does not hide them."""
    whole = save(Image.new("L", (5000, 5000), 128), "JPEG", progressive=True)
    scan = whole[whole.rindex(b"\xff\xda") : -2]
    assert picture_decoding._passes(whole) == whole.count(b"\xff\xda") < 20
    assert open_picture(whole[:-2] + scan * 5 + b"\xff\xd9").shape == (5000, 5000, 3)
    several = whole[:2] + MPF + whole[2:]
    with Image.open(io.BytesIO(several)) as image:
        assert image.format == "MPO"
    for begun, more in (
        (whole, scan),
        (whole, b"\xff\xff\xff" + scan),
        (whole, b"\0\0" + scan),
        (several, scan),
        (whole, b"\xff\xe0\0\2" * 10),
    ):
        started = time.process_time()
        with pytest.raises(PictureError, match=r"more than 100 passes .* save it again"):
            open_picture(begun[:-2] + more * 20_000 + b"\xff\xd9")
        assert time.process_time() - started < 0.5


def test_a_scan_of_more_components_than_there_are_is_none() -> None:
    """A segment of 64 KB may list 32,000 of them, for 256 coefficients each; a JPEG has four, and 64."""
    frame = b"\xff\xd8\xff\xc0\0\x0b\x08\0\x10\0\x10\x01\x01\x11\0"
    scan = b"\xff\xda" + (65_533).to_bytes(2, "big") + bytes(index % 250 for index in range(65_528)) + b"\0\xff\0"
    many = b"\xff\xda\0\x08\x01\x01\0\0\xff\0" * 50_000
    for body, said in ((scan * 8, "damaged"), (many, "more than 100 passes")):
        started = time.process_time()
        with pytest.raises(PictureError, match=said):
            open_picture(frame + body + b"\0")
        assert time.process_time() - started < 0.5


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


def test_pngs_that_begin_otherwise_are_named() -> None:
    data = save(COLOURS)
    apples = PNG_SIGNATURE + chunk(b"CgBI", b"\x50\0\x20\x06") + data[8:]
    with pytest.raises(PictureError, match="no standard PNG"):
        open_picture(apples)


# --- files that broke off ----------------------------------------------------------------------------------------

NOISE = np.random.default_rng(3).integers(0, 256, (40, 56, 3), np.uint8)
JPEGS = {
    "baseline": save(NOISE, "JPEG", quality=60),
    "smooth": save(SMOOTH, "JPEG"),
    "one colour": save(Image.new("RGB", (64, 64), "white"), "JPEG"),
    "grey": save(NOISE[..., 0], "JPEG"),
    "progressive": save(NOISE, "JPEG", progressive=True),
    "smooth progressive": save(SMOOTH, "JPEG", progressive=True),
    "restarts": save(NOISE, "JPEG", restart_marker_blocks=2),
    "restarts a row": save(SMOOTH, "JPEG", restart_marker_rows=1),
    "rotated": save(SMOOTH, "JPEG", exif=exif(6)),
}


@pytest.mark.parametrize("kind", JPEGS)
def test_a_jpeg_without_its_end_marker_is_whole(kind: str) -> None:
    data = JPEGS[kind]
    assert data.endswith(b"\xff\xd9")
    whole = open_picture(data)
    for cut in (1, 2):
        np.testing.assert_array_equal(open_picture(data[:-cut]), whole)


@pytest.mark.parametrize("kind", JPEGS)
def test_jpegs_that_lack_pixels_are_refused(kind: str) -> None:
    """At every length; a last byte that holds nothing but the tail of a code may be made up, if the picture is the same."""
    data = JPEGS[kind]
    whole = open_picture(data)
    taken = []
    for length in range(len(data) - 2):
        try:
            picture = open_picture(data[:length])
        except PictureError:
            continue
        taken.append(length)
        np.testing.assert_array_equal(picture, whole)
    assert len(taken) <= 1, taken


@pytest.mark.parametrize("name", ["on_white", "_equals", "_upright"])
def test_faults_of_ours_are_not_taken_for_damage(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object) -> None:
        raise IndexError("a fault of ours")

    monkeypatch.setattr(picture_decoding, name, fault)
    with pytest.raises(IndexError, match="a fault of ours"):
        open_picture(save(COLOURS))


def test_a_transparent_colour_of_another_kind_of_picture_is_ignored() -> None:
    """A second header makes grey pixels of what began as colours, and the other way round."""
    grey, rgb = (chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 8, colour, 0, 0, 0)) for colour in (0, 2))
    three, one = chunk(b"tRNS", struct.pack(">3H", 1, 2, 4)), chunk(b"tRNS", struct.pack(">H", 1))
    data = png(2, 1, 8, 2, [b"\1\2"], three, grey)
    np.testing.assert_array_equal(open_picture(data)[0, :, 0], [1, 2])
    data = png(2, 1, 8, 0, [bytes([1, 2, 3, 1, 1, 1])], one, rgb)
    np.testing.assert_array_equal(open_picture(data)[0], [[1, 2, 3], [1, 1, 1]])
