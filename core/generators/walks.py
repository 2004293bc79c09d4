"""A walk through a latent space as a file: GIF, WebP, or a PNG grid."""

import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.generators.latent import PathKind, Vectors, path, random_vectors
from core.generators.stored import Generator
from core.images import Picture
from core.sheets import sheet

FORMATS = (".webp", ".gif", ".png")
MILLISECONDS = 50  # a frame of an animation
# In turn, until every frame is there: of two that look alike at a quality, WebP's encoder makes one that lasts twice as long.
WEBP: tuple[dict[str, Any], ...] = ({"quality": 85}, {"quality": 100}, {"lossless": True})


def walk_vectors(generator: Generator, start: int, end: int, frames: int, kind: PathKind = "spherical") -> Vectors:
    """The way between the vectors of two seeds, (frames, latent_size); the same for every generator of that size."""
    ends = [random_vectors(seed, 1, generator.latent_size)[0] for seed in (start, end)]
    return path(ends[0], ends[1], frames, kind)


def save_frames(frames: Picture, file: Path) -> None:
    """Write frames uint8 (n, side, side, 3) as ``packed`` packs them, by the file's suffix."""
    content = packed(frames, file.suffix.lower())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def packed(frames: Picture, suffix: str) -> bytes:
    """Frames uint8 (n, side, side, 3) as a file: an animation as .webp or .gif, or a .png grid, row by row."""
    if suffix not in FORMATS:
        raise ValueError(f"a walk is written as {', '.join(FORMATS)}; got {suffix!r}")
    if suffix == ".png":
        return sheet(frames, int(np.ceil(np.sqrt(len(frames)))), "PNG")[0]
    images = [Image.fromarray(frame) for frame in frames]
    different = 1 + sum(not np.array_equal(one, other) for one, other in pairwise(frames))
    for options in WEBP if suffix == ".webp" else ({},):
        place = io.BytesIO()
        told = {"duration": MILLISECONDS, "loop": 0, **options}
        images[0].save(place, suffix[1:].upper(), save_all=True, append_images=images[1:], **told)
        with Image.open(place) as written:
            if getattr(written, "n_frames", 1) >= different:
                break
    return place.getvalue()
