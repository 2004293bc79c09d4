"""Typefaces -> an atlas of numerals.

FreeType draws a letter a little differently from version to version, so what it drew once is kept in
``assets/fonts/atlas.npz`` and every picture is made from that: the same pixels on every machine. ``python -m
core.clocks.fonts`` draws the atlas afresh from the typefaces beside it (SIL Open Font License).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core import paths

CAP_HEIGHT = 64  # pixels that a capital letter is high in the atlas
NUMERALS = tuple(str(number) for number in range(1, 13))


@dataclass(frozen=True)
class Typeface:
    """A font file under ``assets/fonts`` and what it writes for each hour, 1 to 12."""

    file: str
    texts: tuple[str, ...] = NUMERALS


# The originals' numeral 1 is a bare stroke, which Lato's capital I is and its figure 1 is not.
BARE_ONES = tuple(text.replace("1", "I") for text in NUMERALS)
TYPEFACES: dict[str, Typeface] = {
    "lato-light": Typeface("lato/lato-latin-300-normal.woff", BARE_ONES),
    "lato": Typeface("lato/lato-latin-400-normal.woff"),
}


def draw_numerals(typeface: Typeface) -> list[NDArray[np.uint8]]:
    """Twelve bitmaps of ink, uint8 (height, width), 255 where black, cropped to the ink, capitals 64 pixels high."""
    from PIL import Image, ImageDraw, ImageFont

    path = str(paths.FONTS / typeface.file)
    probe = ImageFont.truetype(path, 200, layout_engine=ImageFont.Layout.BASIC).getbbox("H")
    font = ImageFont.truetype(path, round(200 * CAP_HEIGHT / (probe[3] - probe[1])), layout_engine=ImageFont.Layout.BASIC)
    bitmaps = []
    for text in typeface.texts:
        canvas = Image.new("L", (8 * CAP_HEIGHT, 3 * CAP_HEIGHT))
        ImageDraw.Draw(canvas).text((CAP_HEIGHT, CAP_HEIGHT // 2), text, font=font, fill=255)
        bitmaps.append(np.asarray(canvas.crop(canvas.getbbox())))
    return bitmaps


@lru_cache(maxsize=64)
def numerals(name: str) -> tuple[NDArray[np.uint8], ...]:
    """The bitmaps of typeface ``name`` for 1 to 12, from the atlas."""
    if name not in TYPEFACES:
        raise ValueError(f"no typeface {name!r}; known: {', '.join(TYPEFACES)}")
    with np.load(paths.FONTS / "atlas.npz") as atlas:
        return tuple(atlas[f"{name}/{hour}"] for hour in range(1, 13))


def write_atlas() -> None:
    """Draw every typeface into ``assets/fonts/atlas.npz``."""
    bitmaps = {
        f"{name}/{hour}": bitmap
        for name, typeface in TYPEFACES.items()
        for hour, bitmap in enumerate(draw_numerals(typeface), start=1)
    }
    np.savez_compressed(paths.FONTS / "atlas.npz", allow_pickle=False, **bitmaps)


if __name__ == "__main__":
    write_atlas()
    print(f"drew {len(TYPEFACES)} typefaces into {paths.FONTS / 'atlas.npz'}")
