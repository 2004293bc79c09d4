"""What a generator makes of the same vectors after 1, 2, 5, ... epochs: kept in training, stored beside it as a sheet."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core import paths
from core.images import Picture
from core.kept_arrays import DAMAGES
from core.sheets import sheet

SNAPSHOT_FILE = "samples.webp"  # beside model.keras: a row an epoch, a column a vector
KEPT_FILE = "samples.npz"  # beside the checkpoint
QUALITY = 90


def is_snapshot_epoch(epoch: int) -> bool:
    """1, 2, 5, 10, 20, 50, 100, ...: as many on each stretch of tenfold length."""
    while epoch >= 10 and epoch % 10 == 0:
        epoch //= 10
    return epoch in (1, 2, 5)


class Snapshots:
    """Rows of samples by epoch, kept in ``folder`` (None: in memory alone) so that a run that goes on still has them."""

    def __init__(self, take: Callable[[Any], Picture], folder: Path | None = None) -> None:
        """take: a model under training -> what it makes, uint8 (n, side, side, 3), of the same vectors every time."""
        self._take = take
        self._path = None if folder is None else folder / KEPT_FILE
        self._rows: dict[int, Picture] = {}
        if self._path is not None and self._path.exists():
            try:
                with np.load(self._path, allow_pickle=False) as kept:
                    self._rows = {int(epoch): row for epoch, row in zip(kept["epochs"], kept["rows"], strict=True)}
            except DAMAGES:  # damaged, cut or empty: the rows to come are worth having all the same
                self._rows = {}

    def note(self, model: Any, epoch: int) -> None:
        """Keep a row if the epoch is one of those that are shown."""
        if not is_snapshot_epoch(epoch):
            return
        self._rows = {old: row for old, row in self._rows.items() if old < epoch} | {epoch: self._take(model)}
        if self._path is not None:
            epochs = sorted(self._rows)
            with paths.replaced(self._path) as new, new.open("wb") as file:
                np.savez_compressed(file, epochs=np.array(epochs), rows=np.stack([self._rows[epoch] for epoch in epochs]))

    def sheet(self, model: Any, epoch: int) -> tuple[bytes, list[int]]:
        """The sheet as a WebP file, its last row what ``model`` makes now (``epoch``), and the epochs of its rows."""
        rows = {old: row for old, row in self._rows.items() if old < epoch} | {epoch: self._take(model)}
        epochs = sorted(rows)
        frames = np.concatenate([rows[number] for number in epochs])  # (rows * n, side, side, 3)
        content, _, _ = sheet(frames, len(rows[epoch]), "WEBP", QUALITY)
        return content, epochs


def load_sheet(path: Path, rows: int) -> NDArray[np.uint8]:
    """The rows of a stored sheet, uint8 (rows, n, side, side, 3)."""
    with Image.open(io.BytesIO(path.read_bytes()), formats=("WEBP",)) as image:
        pixels = np.asarray(image.convert("RGB"))
    side = pixels.shape[0] // rows
    if not side or pixels.shape[0] % rows or pixels.shape[1] % side:
        raise ValueError(f"{path.name} holds {pixels.shape[0]} rows of pixels, which are not {rows} rows of squares")
    columns = pixels.shape[1] // side
    table = pixels.reshape(rows, side, columns, side, 3)
    return np.ascontiguousarray(table.swapaxes(1, 2))  # (rows, columns, side, side, 3)
