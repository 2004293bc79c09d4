"""Grey and gamma by hand, the arithmetic of squares, and the files that screens show."""

import numpy as np
import pytest
from skimage import exposure

from core.images import adjust_gamma, fit_square, from_square, open_picture, spread_tones, to_grey
from core.sheets import encode, sheet, thumbnail_bytes
from tests.handmade import COLOURS, RNG, SMOOTH

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


def test_tones_by_hand() -> None:
    # 21 levels from 40 to 60: 40 -> 0, 45 -> 63.75, 50 -> 127.5 (to the even level), 60 -> 255.
    flat = np.tile(np.array([[40, 45], [50, 60]], np.uint8), (75, 75))
    np.testing.assert_array_equal(spread_tones(flat)[:2, :2], [[0, 64], [128, 255]])
    np.testing.assert_array_equal(spread_tones(flat[:, ::2]), np.tile(np.array([[0], [255]], np.uint8), (75, 75)))
    assert flat[0, 0] == 40  # what was given is left as it is
    # One pixel of 22,500 is less than one in 20,000: a lamp in the dark is as white as the lightest of the others. Two count.
    flat[0, 0] = 250
    np.testing.assert_array_equal(spread_tones(flat)[:2, :2], [[255, 64], [128, 255]])
    flat[0, 2] = 250
    assert spread_tones(flat) is flat


@pytest.mark.parametrize(("low", "high", "spread"), [(0, 126, True), (0, 127, False), (90, 97, True), (90, 96, False)])
def test_only_flat_pictures_are_spread_and_noise_is_not(low: int, high: int, spread: bool) -> None:
    grey = np.linspace(low, high, 400).round().astype(np.uint8).reshape(20, 20)
    stretched = spread_tones(grey)
    assert (stretched is not grey) == spread
    if spread:
        of_skimage = exposure.rescale_intensity(grey.astype(float), (low, high), (0, 255))
        np.testing.assert_allclose(stretched, of_skimage, atol=0.5)


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
