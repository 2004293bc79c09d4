"""Arrays -> picture files: thumbnails for tables, and sheets that hold all frames of an animation."""

import io

import numpy as np
from PIL import Image

from core.images import Picture
from core.picture_decoding import FORMATS
from core.specs import check_range

MAX_SHEET_SIDE = 8191  # browsers and graphics cards draw canvases of under 8,192 pixels everywhere


def encode(picture: Picture, format: str = "WEBP", quality: int = 80) -> bytes:
    """A ``uint8`` picture ``(height, width)`` or ``(height, width, 3)`` as a file; quality 1-100 of JPEG and WebP."""
    picture = np.asarray(picture)
    if format not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}; got {format!r}")
    if (
        picture.dtype != np.uint8
        or 0 in picture.shape
        or not (picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] == 3))
    ):
        raise ValueError(f"a picture must be uint8 (height, width) or (height, width, 3); got {picture.dtype} {picture.shape}")
    check_range("quality", quality, 1, 100)
    file = io.BytesIO()
    options = {"optimize": True} if format == "PNG" else {"quality": quality}
    Image.fromarray(np.ascontiguousarray(picture)).save(file, format, **options)
    return file.getvalue()


def thumbnail_bytes(picture: Picture, size: int, format: str = "WEBP") -> bytes:
    """The picture shrunk, never grown, so that its longer side has at most ``size`` pixels; its proportions stay."""
    check_range("size", size, 1, MAX_SHEET_SIDE)
    picture = np.asarray(picture)
    if max(picture.shape[:2], default=0) > size:
        image = Image.fromarray(np.ascontiguousarray(picture))
        image.thumbnail((size, size), Image.Resampling.LANCZOS)
        picture = np.asarray(image)
    return encode(picture, format)


def sheet(frames: Picture, columns: int, format: str = "WEBP", quality: int = 80) -> tuple[bytes, int, int]:
    """Frames in one picture, row by row: frame ``i`` stands in column ``i % columns`` of row ``i // columns``.

    frames: ``uint8 (n, height, width)`` or ``(n, height, width, 3)``. Returns the file and how many columns (no more than
    frames) and rows it has; places left over are black. Sides stay under 8,192 pixels, else ``ValueError``.
    """
    frames = np.asarray(frames)
    if frames.dtype != np.uint8 or 0 in frames.shape or not (frames.ndim == 3 or (frames.ndim == 4 and frames.shape[3] == 3)):
        raise ValueError(f"frames must be uint8 (n, height, width) or (n, height, width, 3); got {frames.dtype} {frames.shape}")
    check_range("columns", columns, 1, MAX_SHEET_SIDE)
    n, height, width = frames.shape[:3]
    columns = min(columns, n)
    rows = -(-n // columns)
    if max(rows * height, columns * width) > MAX_SHEET_SIDE:
        raise ValueError(
            f"a sheet's sides must stay under {MAX_SHEET_SIDE + 1} pixels; got {columns * width} x {rows * height} for "
            f"{n} frames of {width} x {height} in {columns} columns; take fewer or smaller frames, or other columns"
        )
    table = np.zeros((rows * columns, *frames.shape[1:]), np.uint8)
    table[:n] = frames
    table = table.reshape(rows, columns, *frames.shape[1:])  # (rows, columns, height, width, ...)
    picture = table.swapaxes(1, 2).reshape(rows * height, columns * width, *frames.shape[3:])
    return encode(picture, format, quality), columns, rows
