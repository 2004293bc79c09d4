"""Outlines of typefaces: measures by hand, against FreeType's own drawing, and what is shipped."""

import cv2
import numpy as np
import pytest

from core import paths
from core.clocks import fonts
from core.clocks.fonts import LETTERINGS, outline


def area(points: np.ndarray, ends: tuple[int, ...]) -> float:
    """By the shoelace formula; holes, which run the other way round, count negative."""
    total = 0.0
    for start, end in zip((0, *ends), ends, strict=False):
        x, y = points[start:end].T
        total += float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) / 2
    return abs(total)


def test_every_lettering_is_kept_and_shipped_with_its_licence() -> None:
    with np.load(paths.FONTS / "outlines.npz") as kept:
        assert {name.split("/")[0] for name in kept.files} == set(LETTERINGS)
    for lettering in LETTERINGS.values():
        file = paths.FONTS / lettering.file
        assert file.is_file()
        assert "Open Font License" in (file.parent / "LICENSE.txt").read_text(encoding="utf-8")
    shipped = {path.relative_to(paths.FONTS).as_posix() for path in paths.FONTS.rglob("*.woff")}
    used = {lettering.file for lettering in LETTERINGS.values()} | {face.file for face in fonts.TYPEFACES.values()}
    assert shipped == used
    assert sum(path.stat().st_size for path in paths.FONTS.rglob("*") if path.is_file()) < 3_000_000


def test_measures_of_a_plain_capital() -> None:
    """Arimo's I is a bar: as high as a capital, its ink all of its box."""
    letter = outline("arimo-700", "I")
    assert letter.height == pytest.approx(1, abs=0.02)
    assert 0.15 < letter.width < 0.3
    assert area(letter.points, letter.ends) == pytest.approx(letter.width * letter.height, rel=0.02)
    np.testing.assert_allclose(letter.points.max(0), [letter.width / 2, letter.height / 2])
    np.testing.assert_allclose(letter.points.min(0), [-letter.width / 2, -letter.height / 2])


def test_letters_have_holes_and_words_have_steps() -> None:
    assert len(outline("arimo-700", "8").ends) == 3
    assert len(outline("arimo-700", "10").ends) == 3
    one, two = outline("arimo-700", "1"), outline("arimo-700", "11")
    assert two.width > 1.5 * one.width
    assert outline("arimo-700", "1 1").width == pytest.approx(two.width + 0.4)


@pytest.mark.parametrize("name", ["jost-400", "bodoni-moda-400", "lobster-400", "saira-stencil-one-400"])
def test_outlines_are_what_freetype_draws(name: str) -> None:
    """Filled again, an outline covers what it was traced from."""
    from PIL import Image, ImageDraw, ImageFont

    height = 100
    path = str(paths.FONTS / LETTERINGS[name].file)
    probe = ImageFont.truetype(path, 400, layout_engine=ImageFont.Layout.BASIC).getbbox("H")
    font = ImageFont.truetype(path, round(400 * height / (probe[3] - probe[1])), layout_engine=ImageFont.Layout.BASIC)
    for character in "2589KXa":
        canvas = Image.new("L", (400, 400))
        ImageDraw.Draw(canvas).text((100, 250), character, font=font, fill=255, anchor="ls")
        left, top, right, bottom = canvas.getbbox()
        shape = outline(name, character)
        assert shape.width * height == pytest.approx(right - left, abs=3)
        assert shape.height * height == pytest.approx(bottom - top, abs=3)
        middle = np.array([(left + right - 1) / 2, (top + bottom - 1) / 2])
        drawn = np.zeros((400, 400), np.uint8)
        corners = np.rint((shape.points * height + middle) * 16).astype(np.int32)
        cv2.fillPoly(drawn, np.split(corners, shape.ends[:-1]), 255, cv2.LINE_8, 4)
        apart = np.abs(drawn.astype(int) - np.asarray(canvas)).sum() / np.asarray(canvas, int).sum()
        assert apart < 0.2, character  # hairlines are all edge


def test_unknown_letterings_and_letters_are_named() -> None:
    with pytest.raises(ValueError, match="no lettering 'comic'; known: lato-300"):
        outline("comic", "1")
    with pytest.raises(ValueError, match=r"text may hold letters, digits and blanks; got '\+' in '1\+1'"):
        outline("lato-300", "1+1")
