"""Grey textures of wild pictures, made once a process: what faces are made of, what stands behind clocks, how light falls.

All are uint8 with a mean near 128 and a spread that fills most of the range; whoever uses one sets tone and contrast.
"""

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from core.clocks.dial import Grey
from core.clocks.fonts import LETTERINGS, outline

FACE_SIDE = 384
FACE_REACH = 1.45  # dial radii from a face texture's middle to its border
BACKGROUND_SIDE = 768
LIGHT_SIDE = 128
FACES = ("cloud", "paper", "stains", "wood", "brushed", "sunburst", "vignette", "guilloche", "marble", "ornament") + (
    "print",
) * 8
BACKGROUNDS = {
    "cloud": 10.0, "rough": 8, "wood": 12, "planks": 6, "stripes": 4, "plaid": 4, "dots": 3, "checks": 3, "tiles": 3,
    "leaves": 8, "bokeh": 8, "stones": 6, "room": 14, "letters": 4, "facade": 5,
}  # fmt: skip
HELD_OUT_BACKGROUND = "bricks"
LIGHTS = 12
Floats = NDArray[np.float32]


def _even(values: NDArray) -> Grey:
    """Any field -> uint8 of mean 128, its extremes (but for a hundredth) at 0 or 255."""
    centred = values - values.mean()
    spread = float(np.quantile(np.abs(centred[::3, ::3]), 0.98)) or 1.0
    return np.clip(centred * (120 / spread) + 128, 0, 255).astype(np.uint8)


def fractal(rng: np.random.Generator, side: int, roughness: float, stretch: float = 1.0) -> Floats:
    """Noise whose amplitude falls with frequency to the power -``roughness``, repeating; ``stretch`` draws it out along x."""
    down, across = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None] * stretch
    frequency = np.hypot(down, across)
    frequency[0, 0] = 1.0
    spectrum = np.fft.rfft2(rng.standard_normal((side, side))) * frequency**-roughness
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, (side, side))
    return (field / field.std()).astype(np.float32)


def _grid(side: int) -> tuple[Floats, Floats]:
    line = np.linspace(-1, 1, side, dtype=np.float32)
    return line[None], line[:, None]


def scribble(rng: np.random.Generator, canvas: Grey, count: int, size: tuple[float, float], kinds: str = "ebpl") -> None:
    """Ellipses, boxes, polygons and lines of any tone and place on ``canvas``, between the sizes given in pixels."""
    side = canvas.shape[0]
    for kind, tone in zip(rng.choice(list(kinds), count), rng.integers(0, 256, count).tolist(), strict=True):
        x, y = rng.integers(0, side, 2).tolist()
        a, b = rng.uniform(*size, 2).tolist()
        turn = float(rng.uniform(0, 180))
        if kind == "e":
            cv2.ellipse(canvas, ((x, y), (a, b), turn), tone, -1, cv2.LINE_AA)
        elif kind == "b":
            cv2.fillConvexPoly(
                canvas, cv2.boxPoints(((x, y), (a, b), turn if rng.random() < 0.3 else 0.0)).astype(np.int32), tone, cv2.LINE_AA
            )
        elif kind == "p":
            angles = np.sort(rng.uniform(0, 2 * math.pi, int(rng.integers(3, 8))))
            corners = np.stack([x + a * np.cos(angles), y + b * np.sin(angles)], axis=1)
            cv2.fillPoly(canvas, [corners.astype(np.int32)], tone, cv2.LINE_AA)
        elif kind == "l":
            end = (int(x + a * math.cos(turn)), int(y + a * math.sin(turn)))
            cv2.line(canvas, (x, y), end, tone, int(rng.integers(1, 5)), cv2.LINE_AA)


def _write(rng: np.random.Generator, canvas: Grey, count: int) -> None:
    """Letters of any size and tone all over ``canvas``."""
    names = [name for name, lettering in LETTERINGS.items() if not lettering.held_out]
    for _ in range(count):
        text = "".join(rng.choice(list("ABCDEGHKLMNOPRSTUabcdeghiklmnoprstu0123456789"), int(rng.integers(1, 9))))
        letters = outline(names[int(rng.integers(len(names)))], text)
        corners = letters.points * rng.uniform(12, 80) + rng.uniform(0, canvas.shape[0], 2)
        polygons = np.split(np.rint(corners * 16).astype(np.int32), letters.ends[:-1])
        cv2.fillPoly(canvas, polygons, int(rng.integers(0, 256)), cv2.LINE_AA, 4)


@lru_cache(maxsize=len(FACES))
def face_texture(index: int) -> Grey:
    """``(384, 384)``: texture ``index`` of ``FACES``, the hub in its middle."""
    rng, side, kind = np.random.default_rng((31, index)), FACE_SIDE, FACES[index]
    x, y = _grid(side)
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    if kind == "cloud":
        return _even(fractal(rng, side, 1.6))
    if kind == "paper":
        return _even(fractal(rng, side, 0.5) + 0.5 * fractal(rng, side, 1.8))
    if kind == "stains":
        return _even(np.minimum(fractal(rng, side, 1.3), 0.2) + 0.4 * fractal(rng, side, 2) - radius)
    if kind == "wood":
        return _even(fractal(rng, side, 1.2, 12) + 0.3 * fractal(rng, side, 0.6, 20))
    if kind == "brushed":
        return _even(fractal(rng, side, 0.4, 60))
    if kind == "sunburst":
        rays = (
            np.cos(2 * angle + 0.6)
            + 0.5 * np.cos(3 * angle)
            + 0.12 * np.interp(angle, np.linspace(-np.pi, np.pi, 400), rng.normal(size=400))
        )
        return _even(rays)
    if kind == "vignette":
        return _even(-(radius**2))
    if kind == "guilloche":
        return _even(np.cos(70 * radius + 3 * np.cos(12 * angle)) + 0.5 * np.cos(36 * angle))
    if kind == "marble":
        return _even(np.cos(14 * x + 6 * y + 2.2 * fractal(rng, side, 1.8)))
    canvas = np.full((side, side), 128, np.uint8)
    if kind == "ornament":
        curls = np.cos(9 * radius * np.pi + 2 * np.cos(6 * angle)) * np.cos(6 * angle + 8 * radius)
        return _even(curls * (radius < 0.45))
    canvas[:] = rng.integers(90, 170)
    if rng.random() < 0.5:
        canvas[side // 2 :] = rng.integers(60, 200)
    scribble(rng, canvas, int(rng.integers(8, 50)), (20, 170), "eepl")
    if rng.random() < 0.4:
        _write(rng, canvas, 6)
    return _even(cv2.GaussianBlur(canvas, (3, 3), 0).astype(np.float32) + 12 * fractal(rng, side, 1.4))


@lru_cache(maxsize=len(BACKGROUNDS) + 1)
def background_texture(kind: str) -> Grey:
    """``(768, 768)``: a texture of ``BACKGROUNDS``, or the one held out."""
    side = BACKGROUND_SIDE
    known = [*BACKGROUNDS, HELD_OUT_BACKGROUND]
    if kind not in known:
        raise ValueError(f"no background {kind!r}; known: {', '.join(known)}")
    rng = np.random.default_rng((32, known.index(kind)))
    row, column = np.arange(side)[:, None], np.arange(side)[None]
    canvas = np.full((side, side), 128, np.uint8)
    if kind == "cloud":
        return _even(fractal(rng, side, 1.7))
    if kind == "rough":
        return _even(fractal(rng, side, 0.9))
    if kind == "wood":
        return _even(fractal(rng, side, 1.1, 14) + 0.4 * fractal(rng, side, 0.7, 25))
    if kind == "planks":
        tones = np.repeat(rng.normal(size=8), side // 8)[:, None]
        return _even(fractal(rng, side, 1.1, 14) + tones - 4.0 * (row % (side // 8) < 5))
    if kind == "stripes":
        return _even(
            np.sign(np.cos(column * (2 * math.pi / 64))) + 0.3 * np.sign(np.cos(column * (2 * math.pi / 16))) + 0 * row
        )
    if kind == "plaid":
        band = np.repeat(rng.normal(size=16), 12)
        band = np.tile(band, side // len(band))
        return _even(band[:, None] + band[None] + 0.4 * fractal(rng, side, 0.3))
    if kind == "dots":
        return _even(((row % 48 - 24) ** 2 + (column % 48 - 24) ** 2 < 120).astype(np.float32))
    if kind == "checks":
        return _even(((row // 12 + column // 12) % 2).astype(np.float32))
    if kind == "tiles":
        field = np.kron(rng.normal(size=(8, 8)), np.ones((96, 96)))
        return _even(field + 0.5 * fractal(rng, side, 1.4) - 4.0 * ((row % 96 < 4) | (column % 96 < 4)))
    if kind == "bricks":
        shifted = column + 48 * (row // 40 % 2)
        tones = rng.normal(size=(20, 10))[row // 40, shifted // 96 % 9]
        return _even(0.7 * tones + 0.6 * fractal(rng, side, 0.9) + 3.0 * ((row % 40 < 6) | (shifted % 96 < 6)))
    if kind == "stones":
        scribble(rng, canvas, 900, (25, 80), "p")
        return _even(canvas + 25 * fractal(rng, side, 0.8))
    if kind == "leaves":
        scribble(rng, canvas, 2500, (8, 45), "ep")
        return _even(canvas + 40 * fractal(rng, side, 1.5))
    if kind == "bokeh":
        scribble(rng, canvas, 160, (20, 130), "e")
        return _even(cv2.GaussianBlur(canvas, (0, 0), 9).astype(np.float32))
    if kind == "letters":
        canvas[:] = 215
        _write(rng, canvas, 160)
        return _even(canvas.astype(np.float32))
    if kind == "facade":
        scribble(rng, canvas, 14, (90, 300), "b")
        windows = (row % 64 > 20) & (column % 44 > 16)
        return _even(canvas + 70.0 * windows + 12 * fractal(rng, side, 1.2))
    scribble(rng, canvas, 90, (30, 260), "bbbpel")  # a room
    return _even(cv2.GaussianBlur(canvas, (0, 0), 2).astype(np.float32) + 10 * fractal(rng, side, 1.6))


@lru_cache(maxsize=LIGHTS)
def light_texture(index: int) -> Floats:
    """``(128, 128)`` float32 in -1 to 1: how light varies over a room, the last third with the edges of shadows."""
    rng, side = np.random.default_rng((33, index)), LIGHT_SIDE
    field = fractal(rng, side, 2.2) / 2.5
    if index >= 2 * LIGHTS // 3:
        canvas = np.full((side, side), 128, np.uint8)
        scribble(rng, canvas, 6, (30, 110), "bp")
        field = cv2.GaussianBlur(canvas, (0, 0), 1.5).astype(np.float32) / 128 - 1
    return np.clip(field, -1, 1)


@lru_cache(maxsize=1)
def grain() -> Floats:
    """``(512, 512)`` float32 noise of mean 0 and standard deviation 1."""
    return np.random.default_rng(34).standard_normal((512, 512)).astype(np.float32)
