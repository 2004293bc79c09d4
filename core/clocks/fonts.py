"""Typefaces -> an atlas of numerals, and outlines of all letters.

FreeType draws a letter a little differently from version to version, so what it drew once is kept in
``assets/fonts/atlas.npz`` and every picture is made from that: the same pixels on every machine. ``python -m
core.clocks.fonts`` draws the atlas afresh from the typefaces beside it (SIL Open Font License).

The wild style draws its lettering as polygons, at any size and angle; their corners lie in ``assets/fonts/outlines.npz``,
which ``python -m core.clocks.fonts outlines`` traces afresh.
"""

import string
import sys
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core import paths

CAP_HEIGHT = 64  # pixels that a capital letter is high in the atlas
NUMERALS = tuple(str(number) for number in range(1, 13))
CHARACTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_TRACED_HEIGHT = 256  # pixels that a capital is high when its outline is traced
_COARSENESS = 2.0  # pixels by which a traced outline may be off


@dataclass(frozen=True)
class Typeface:
    """A font file under ``assets/fonts`` and what it writes for each hour, 1 to 12."""

    file: str
    texts: tuple[str, ...] = NUMERALS


@dataclass(frozen=True)
class Lettering:
    """A font file whose outlines are kept. roman: its capitals suit I to XII. held_out: for testing only."""

    file: str
    roman: bool = False
    held_out: bool = False


@dataclass(frozen=True, eq=False)
class Outline:
    """Closed polygons to fill by the even-odd rule, the letters' capital height being 1, y down.

    points: float64 (n, 2) around the middle of the ink. ends: the index behind each polygon's last point. width, height:
    of the ink.
    """

    points: NDArray[np.float64]
    ends: tuple[int, ...]
    width: float
    height: float


# The originals' numeral 1 is a bare stroke, which Lato's capital I is and its figure 1 is not.
BARE_ONES = tuple(text.replace("1", "I") for text in NUMERALS)
TYPEFACES: dict[str, Typeface] = {
    "lato-light": Typeface("lato/lato-latin-300-normal.woff", BARE_ONES),
    "lato": Typeface("lato/lato-latin-400-normal.woff"),
}


def _lettering(names: str, roman: bool = False) -> dict[str, Lettering]:
    """``family-weight`` names, parted by blanks; those with a star are held out."""
    table = {}
    for starred in names.split():
        name = starred.rstrip("*")
        family, _, weight = name.rpartition("-")
        table[name] = Lettering(f"{family}/{family}-latin-{weight}-normal.woff", roman, starred.endswith("*"))
    return table


LETTERINGS: dict[str, Lettering] = {
    # grotesque and geometric
    **_lettering("lato-300 lato-400 arimo-400 open-sans-400 roboto-400 montserrat-400 poppins-400 jost-400 josefin-sans-400*"),
    **_lettering("barlow-400 titillium-web-400 overpass-700 tenor-sans-400 comic-neue-700 arimo-700"),
    # rounded
    **_lettering("comfortaa-400 varela-round-400 nunito-700 quicksand-400* fredoka-400"),
    # condensed
    **_lettering("oswald-400 bebas-neue-400 league-gothic-400 fjalla-one-400* pt-sans-narrow-700 barlow-condensed-400"),
    # serif: Didone, old style, transitional, inscriptional, slab
    **_lettering("bodoni-moda-400 abril-fatface-400 old-standard-tt-400 playfair-display-700* prata-400 gfs-didot-400", True),
    **_lettering(
        "eb-garamond-400 libre-baskerville-700 tinos-400 tinos-700 cinzel-400 im-fell-english-400 marcellus-400", True
    ),
    **_lettering("libre-caslon-text-400 arvo-700 rokkitt-400* zilla-slab-400", True),
    **_lettering("alfa-slab-one-400 courier-prime-400"),
    # deco, script, written
    **_lettering("poiret-one-400 italiana-400 righteous-400 dancing-script-400 lobster-400 caveat-700 patrick-hand-400"),
    **_lettering("medievalsharp-400 uncial-antiqua-400*"),
    # stencil, black, pixel, machine
    **_lettering("saira-stencil-one-400 black-ops-one-400 archivo-black-400 anton-400 titan-one-400 vt323-400 silkscreen-400"),
    **_lettering("orbitron-400 audiowide-400* michroma-400 russo-one-400 rajdhani-700"),
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


# --- outlines --------------------------------------------------------------------------------------------------------


def trace(lettering: Lettering) -> tuple[list[list[NDArray[np.int16]]], list[int]]:
    """The polygons (n, 2) of each of ``CHARACTERS`` from its origin on the base line, and how far the next letter stands.

    Pixels of a capital 256 high.
    """
    import cv2
    from PIL import Image, ImageDraw, ImageFont

    path = str(paths.FONTS / lettering.file)
    probe = ImageFont.truetype(path, 400, layout_engine=ImageFont.Layout.BASIC).getbbox("H")
    size = round(400 * _TRACED_HEIGHT / (probe[3] - probe[1]))
    font = ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    origin, side = 2 * _TRACED_HEIGHT, 6 * _TRACED_HEIGHT
    letters, steps = [], []
    for character in CHARACTERS:
        canvas = Image.new("L", (side, side))
        ImageDraw.Draw(canvas).text((origin, 2 * origin), character, font=font, fill=255, anchor="ls")
        contours, _ = cv2.findContours((np.asarray(canvas) > 127).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        coarse = [cv2.approxPolyDP(contour, _COARSENESS, True)[:, 0] for contour in contours]
        letters.append([(points - [origin, 2 * origin]).astype(np.int16) for points in coarse if len(points) >= 3])
        steps.append(round(font.getlength(character)))
    return letters, steps


def write_outlines() -> None:
    """Trace every lettering into ``assets/fonts/outlines.npz``."""
    table = {}
    for name, lettering in LETTERINGS.items():
        letters, steps = trace(lettering)
        polygons = [polygon for letter in letters for polygon in letter]
        table[f"{name}/points"] = np.concatenate(polygons)
        table[f"{name}/lengths"] = np.array([len(polygon) for polygon in polygons], np.int16)
        table[f"{name}/polygons"] = np.array([len(letter) for letter in letters], np.int16)
        table[f"{name}/steps"] = np.array(steps, np.int16)
    np.savez_compressed(paths.FONTS / "outlines.npz", allow_pickle=False, **table)


@lru_cache(maxsize=64)
def _letters(name: str) -> dict[str, tuple[list[NDArray[np.float64]], float]]:
    """Character -> its polygons and its step, capitals 1 high."""
    if name not in LETTERINGS:
        raise ValueError(f"no lettering {name!r}; known: {', '.join(LETTERINGS)}")
    with np.load(paths.FONTS / "outlines.npz") as kept:
        points, lengths, counts, steps = (kept[f"{name}/{part}"] for part in ("points", "lengths", "polygons", "steps"))
    polygons = np.split(points / _TRACED_HEIGHT, np.cumsum(lengths)[:-1])
    starts = np.concatenate([[0], np.cumsum(counts)])
    return {
        character: (polygons[starts[index] : starts[index + 1]], steps[index] / _TRACED_HEIGHT)
        for index, character in enumerate(CHARACTERS)
    }


@lru_cache(maxsize=4096)
def outline(name: str, text: str) -> Outline:
    """``text`` (of ``CHARACTERS`` and blanks) written with lettering ``name``."""
    letters = _letters(name)
    polygons, at = [], 0.0
    for character in text:
        if character == " ":
            at += 0.4
            continue
        if character not in letters:
            raise ValueError(f"text may hold letters, digits and blanks; got {character!r} in {text!r}")
        shapes, step = letters[character]
        polygons += [shape + np.array([at, 0.0]) for shape in shapes]
        at += step
    points = np.concatenate(polygons)
    low, high = points.min(0), points.max(0)
    ends = tuple(np.cumsum([len(polygon) for polygon in polygons]).tolist())
    return Outline(points - (low + high) / 2, ends, *(high - low).tolist())


if __name__ == "__main__":
    if sys.argv[1:] == ["outlines"]:
        write_outlines()
        print(f"traced {len(LETTERINGS)} typefaces into {paths.FONTS / 'outlines.npz'}")
    else:
        write_atlas()
        print(f"drew {len(TYPEFACES)} typefaces into {paths.FONTS / 'atlas.npz'}")
