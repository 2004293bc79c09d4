"""Where data sets lie, and what is in their files: the idx files of the MNISTs, zips, and the public downloads.

Each place is looked at in turn: the data folders, the system's, and, when all are empty, the internet.
"""

import gzip
import hashlib
import math
import os
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import paths
from core.kept_arrays import read_arrays, write_arrays
from core.picture_files import DatasetError, load_pictures
from core.progress import progress_bar

SYSTEM_FOLDER = Path("/usr/share/datasets")  # Debian's package dataset-fashion-mnist
IDX_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
IDX_BYTES = 0x08  # the type code of unsigned bytes
MAX_IDX_BYTES = 2**30
READING = 1  # to be raised when pictures are read in another way: what was kept is read anew


@dataclass(frozen=True, eq=False)
class Part:
    """Pictures with their classes. images: uint8 (n, height, width, channels). labels: int64 (n,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: NDArray[np.int64]) -> "Part":
        """The part with these pictures, in this order."""
        return Part(self.images[indices], self.labels[indices])


Parts = dict[str, Part]  # "train" and "test" where they are published, else "all"


# --- idx -------------------------------------------------------------------------------------------------------------


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array in an idx file of unsigned bytes, gzipped or not; LeCun et al., "The MNIST database", file formats."""
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
            head = file.read(4)
            if len(head) < 4 or head[:3] != bytes([0, 0, IDX_BYTES]) or not 1 <= head[3] <= 4:
                raise ValueError("it does not begin as an idx file of bytes")
            shape = tuple(np.frombuffer(file.read(4 * head[3]), ">u4").astype(int).tolist())
            count = math.prod(shape)
            if len(shape) != head[3] or count > MAX_IDX_BYTES:
                raise ValueError(f"it declares {count:,} values")
            values = np.frombuffer(file.read(count + 1), np.uint8)
    except (OSError, EOFError, ValueError, zlib.error) as error:  # gzip.BadGzipFile is an OSError
        raise DatasetError(f"{path} is damaged ({error}); download it again or delete it.") from error
    if len(values) != count:
        raise DatasetError(f"{path} is damaged (it declares {count:,} values and has others); download it again or delete it.")
    return values.reshape(shape)


def find_idx(name: str) -> dict[str, Path] | None:
    """The four files of an MNIST in the first folder ``name`` that has them all."""
    folders = [folder / name for folder in [*paths.data_folders(), SYSTEM_FOLDER, _keras_folder()]]
    for folder in folders:
        found = {}
        for file in IDX_FILES:
            there = [folder / (file + end) for end in (".gz", "") if (folder / (file + end)).is_file()]
            if there:
                found[file] = there[0]
        if len(found) == len(IDX_FILES):
            return found
    return None


def read_mnist(files: dict[str, Path]) -> Parts:
    """Both published parts: pictures (n, 28, 28, 1)."""
    images, labels, test_images, test_labels = (read_idx(files[name]) for name in IDX_FILES)
    for pixels, classes in ((images, labels), (test_images, test_labels)):
        if pixels.ndim != 3 or classes.shape != pixels.shape[:1]:
            folder = files[IDX_FILES[0]].parent
            raise DatasetError(f"The files in {folder} do not belong together; download them again.")
    return {"train": _part(images[..., None], labels), "test": _part(test_images[..., None], test_labels)}


def read_npz(path: Path) -> Parts:
    """Both parts of MNIST as Keras keeps it."""
    arrays = read_arrays(path, "x_train", "y_train", "x_test", "y_test")
    if arrays is None:
        raise DatasetError(f"{path} is damaged; delete it, and it is downloaded again.")
    images, labels, test_images, test_labels = arrays
    return {"train": _part(images[..., None], labels), "test": _part(test_images[..., None], test_labels)}


def _part(images: NDArray, labels: NDArray) -> Part:
    return Part(np.ascontiguousarray(images, np.uint8), np.asarray(labels, np.int64).reshape(-1))


# --- zips and folders of pictures ------------------------------------------------------------------------------------


def find_pictures(name: str) -> Path | None:
    """``name.zip``, or a folder ``name``, in the first data folder that has one."""
    for folder in paths.data_folders():
        for place in (folder / f"{name}.zip", folder / name):
            if place.exists():
                return place
    return None


def read_pictures(path: Path, side: int, classes: Sequence[str], parts: Sequence[str], a_class: int | None = None) -> Parts:
    """Colour pictures of ``path``; parts: its top folders, or "all". In a fixed mixed order: files lie class by class.

    What a zip holds is kept in the cache, by its size and time and by what is asked of it.
    """
    kept, state = None, path.stat()
    asked = hashlib.sha256(repr((READING, side, tuple(classes), tuple(parts), a_class)).encode()).hexdigest()[:8]
    place = paths.cache_folder() / f"{path.stem}-{state.st_size}-{state.st_mtime_ns}-{asked}.npz"
    names = [f"{part}_{kind}" for part in parts for kind in ("images", "labels")]
    if path.is_file():
        kept = read_arrays(place, *names)
    if kept is None:
        arrays: dict[str, NDArray] = {}
        for part in parts:
            under = "" if part == "all" else f"{part}/"
            found = load_pictures(
                path,
                side,
                progress=progress_bar(f"reading {path.name}"),
                under=under,
                # One class: all pictures are of it, whatever folders they lie in.
                classes=classes if len(classes) > 1 else None,
                a_class=a_class,
            )
            labels = found.labels if len(classes) > 1 else np.zeros_like(found.labels)
            order = np.random.default_rng(len(labels)).permutation(len(labels))
            arrays |= {f"{part}_images": found.images[order], f"{part}_labels": labels[order]}
        if path.is_file():
            write_arrays(place, **arrays)
        kept = tuple(arrays[name] for name in names)
    return {part: _part(kept[2 * index], kept[2 * index + 1]) for index, part in enumerate(parts)}


# --- the internet ----------------------------------------------------------------------------------------------------


def _keras_folder() -> Path:
    """Where Keras keeps what it downloads."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets"


def find_keras(file: str) -> Path | None:
    """What Keras has downloaded earlier."""
    return next(iter(sorted(_keras_folder().glob(file))), None)


def download_keras(name: str) -> Parts:
    """A data set of ``keras.datasets``; from Keras's own folder when it has been there before."""
    module = import_module(f"keras.datasets.{name}")
    (images, labels), (test_images, test_labels) = module.load_data()
    if images.ndim == 3:
        images, test_images = images[..., None], test_images[..., None]
    return {"train": _part(images, labels), "test": _part(test_images, test_labels)}


def download_kaggle(handle: str) -> Path:
    """The folder of a data set of Kaggle, if the package ``kagglehub`` is there."""
    return Path(import_module("kagglehub").dataset_download(handle))


def attempt(download: Callable[[], Any]) -> Any:
    """What ``download`` gives; ``DatasetError`` with its reason when it fails, for whatever reason networks have."""
    try:
        return download()
    except DatasetError:
        raise
    except Exception as error:  # Keras raises plain Exception, kagglehub those of its HTTP client
        raise DatasetError(f"the download failed ({str(error)[:160] or type(error).__name__})") from error
