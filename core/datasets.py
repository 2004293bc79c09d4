"""Data sets by name, each in three fixed parts. Nothing is read, drawn or downloaded before it is asked for.

Where a test part is published, it is ours, and the validation part is a tenth of the published training part, the same share
of every class, drawn from a fixed seed. 2022 divided all data 80 to 20 and 2023 compared runs by test accuracy; here runs are
chosen on the validation part, and the test part is touched once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core import paths
from core.clocks import hours
from core.dataset_files import (
    Part,
    Parts,
    attempt,
    download_kaggle,
    download_keras,
    find_idx,
    find_keras,
    find_pictures,
    read_mnist,
    read_npz,
    read_pictures,
)
from core.picture_files import DatasetError, Pictures, load_pictures
from core.progress import progress_bar

__all__ = [
    "DATASETS",
    "Dataset",
    "DatasetError",
    "DatasetInfo",
    "Part",
    "Pictures",
    "dataset_info",
    "is_available",
    "load_dataset",
    "load_pictures",
    "stratified",
]

SPLIT_SEED = 5
VALID_SHARE = TEST_SHARE = 0.1
LEAVES_A_CLASS = 300  # 2023, section 3.1.1


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a data set before it is read. shape: (height, width, channels). remedy: how to get it, a sentence."""

    name: str
    title: str
    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    licence: str
    source: str
    remedy: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """Three parts with no picture in two of them.

    Of plant leaves about one test picture in a hundred shows a leaf that was photographed again for the training part: the data
    have some leaves several times, do not say which, and are cut at random.
    """

    info: DatasetInfo
    train: Part
    valid: Part
    test: Part


_DIGITS = tuple(map(str, range(10)))
_CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
_THINGS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_CROPS: dict[str, tuple[str, ...]] = {
    "Apple": ("Apple_scab", "Black_rot", "Cedar_apple_rust", "healthy"),
    "Blueberry": ("healthy",),
    "Cherry_(including_sour)": ("Powdery_mildew", "healthy"),
    "Corn_(maize)": ("Cercospora_leaf_spot Gray_leaf_spot", "Common_rust_", "Northern_Leaf_Blight", "healthy"),
    "Grape": ("Black_rot", "Esca_(Black_Measles)", "Leaf_blight_(Isariopsis_Leaf_Spot)", "healthy"),
    "Orange": ("Haunglongbing_(Citrus_greening)",),
    "Peach": ("Bacterial_spot", "healthy"),
    "Pepper,_bell": ("Bacterial_spot", "healthy"),
    "Potato": ("Early_blight", "Late_blight", "healthy"),
    "Strawberry": ("Leaf_scorch", "healthy"),
    "Tomato": (
        *("Bacterial_spot", "Early_blight", "Late_blight", "Leaf_Mold", "Septoria_leaf_spot"),
        *("Spider_mites Two-spotted_spider_mite", "Target_Spot", "Tomato_Yellow_Leaf_Curl_Virus", "Tomato_mosaic_virus"),
        "healthy",
    ),
}
_LEAF_FOLDERS = tuple(f"{crop}___{state}" for crop, states in _CROPS.items() for state in states)
_LEAVES = tuple(name.replace("___", ": ").replace("_", " ").strip() for name in _LEAF_FOLDERS)
_FOLDER = "the data folder (the environment variable LATENT_OCLOCK_DATA names it)"

_INFOS = (
    DatasetInfo(
        "fashion-mnist",
        "Fashion-MNIST",
        (28, 28, 1),
        _CLOTHES,
        "MIT licence, Zalando SE",
        "70,000 grey pictures of clothes; Xiao, Rasul & Vollgraf 2017, arXiv:1708.07747.",
        "Connect to the internet once, install Debian's package dataset-fashion-mnist, or put its four .gz files into a folder "
        f"fashion-mnist in {_FOLDER}.",
    ),
    DatasetInfo(
        "cifar10",
        "CIFAR-10",
        (32, 32, 3),
        _THINGS,
        "no licence is stated with it; free for research, with the report cited",
        "60,000 colour pictures of vehicles and animals; Krizhevsky 2009, Learning multiple layers of features from tiny "
        "images. From cifar10.zip they are JPEG files: a little less sharp than the original's.",
        f"Connect to the internet once, or put cifar10.zip (train and test, a folder of pictures a class) into {_FOLDER}.",
    ),
    DatasetInfo(
        "mnist",
        "MNIST",
        (28, 28, 1),
        _DIGITS,
        "CC BY-SA 3.0, Yann LeCun and Corinna Cortes",
        "70,000 grey pictures of handwritten digits; LeCun, Bottou, Bengio & Haffner 1998, Proceedings of the IEEE 86.",
        f"Connect to the internet once, or put its four .gz files into a folder mnist in {_FOLDER}.",
    ),
    DatasetInfo(
        "clock-hours",
        "Clock hours",
        (hours.HOURS_SIDE, hours.HOURS_SIDE, 1),
        hours.CLASSES,
        "made by this project",
        "8,400 renderings of one clock, seen straight on; the class is the hour.",
        "It needs nothing: it is drawn here.",
    ),
    DatasetInfo(
        "plant-leaves",
        "Plant leaves",
        (64, 64, 3),
        _LEAVES,
        "no licence is stated with it; from the New Plant Diseases Dataset on Kaggle",
        "About 10,000 colour pictures of leaves, at most 300 of each kind and disease.",
        f"Put plant_leaves_64.zip (a folder of pictures for each class) into {_FOLDER}, or connect to the internet and "
        "install the package kagglehub, which fetches it once.",
    ),
    DatasetInfo(
        "anime-faces",
        "Anime faces",
        (64, 64, 3),
        ("face",),
        "no licence is stated with it",
        "24,000 drawn faces, generated by Crypko and collected by Arvin Liu; the download has other ones.",
        f"Put anime_faces_64.zip (a zip of pictures) into {_FOLDER}, or connect to the internet and install the package "
        "kagglehub, which fetches such faces once.",
    ),
)
DATASETS: dict[str, DatasetInfo] = {info.name: info for info in _INFOS}


@dataclass(frozen=True)
class _Source:
    """find: -> what reads the data set here, or None where it is not. download: fetches and reads it; may raise anything."""

    find: Callable[[], Callable[[], Parts] | None]
    download: Callable[[], Parts]


def _find_fashion() -> Callable[[], Parts] | None:
    files = find_idx("fashion-mnist")
    return None if files is None else partial(read_mnist, files)


def _find_mnist() -> Callable[[], Parts] | None:
    files = find_idx("mnist")
    if files is not None:
        return partial(read_mnist, files)
    kept = find_keras("mnist.npz")
    return None if kept is None else partial(read_npz, kept)


def _find_cifar() -> Callable[[], Parts] | None:
    place = find_pictures("cifar10")
    if place is not None:
        return partial(read_pictures, place, 32, _THINGS, ("train", "test"))
    return partial(attempt, partial(download_keras, "cifar10")) if find_keras("cifar-10-batches-py*") else None


def _read_leaves(place: Path) -> Parts:
    return read_pictures(place, 64, _LEAF_FOLDERS, ("all",), LEAVES_A_CLASS)


def _read_faces(place: Path) -> Parts:
    return read_pictures(place, 64, ("face",), ("all",))


def _find_zip(file: str, read: Callable[[Path], Parts]) -> Callable[[], Parts] | None:
    place = find_pictures(file)
    return None if place is None else partial(read, place)


def _draw_hours() -> Parts:
    images, labels = hours.kept_hours(progress_bar("drawing clocks"))
    return {"all": Part(images, labels)}


_SOURCES: dict[str, _Source] = {
    "fashion-mnist": _Source(_find_fashion, partial(download_keras, "fashion_mnist")),
    "cifar10": _Source(_find_cifar, partial(download_keras, "cifar10")),
    "mnist": _Source(_find_mnist, partial(download_keras, "mnist")),
    "clock-hours": _Source(lambda: _draw_hours, _draw_hours),
    "plant-leaves": _Source(
        partial(_find_zip, "plant_leaves_64", _read_leaves),
        lambda: _read_leaves(download_kaggle("vipoooool/new-plant-diseases-dataset")),
    ),
    "anime-faces": _Source(
        partial(_find_zip, "anime_faces_64", _read_faces),
        lambda: _read_faces(download_kaggle("splcher/animefacedataset")),
    ),
}


def dataset_info(name: str) -> DatasetInfo:
    """What is known of a data set; ``DatasetError`` for a name that is not."""
    if name not in DATASETS:
        raise DatasetError(f"There is no data set {name!r}; known are: {', '.join(DATASETS)}.")
    return DATASETS[name]


def is_available(name: str) -> bool:
    """Whether the data set can be read without a download; looks at names of files only."""
    dataset_info(name)
    return _SOURCES[name].find() is not None


def load_dataset(name: str) -> Dataset:
    """The data set with its three parts, always the same; ``DatasetError`` in a sentence when it is missing or damaged.

    Searched in the data folders, then where the system and Keras keep it, then downloaded. Nothing is remembered here.
    """
    info = dataset_info(name)
    read = _SOURCES[name].find()
    if read is None:
        try:
            parts: Parts = attempt(_SOURCES[name].download)
        except DatasetError as error:
            remedy = info.remedy[0].lower() + info.remedy[1:]
            if lost := paths.lost_data_folder():
                remedy += f" LATENT_OCLOCK_DATA names {lost!r}, which is no folder."
            raise DatasetError(f"{info.title} is missing, and {error}; {remedy}") from error
    else:
        parts = read()
    for part in parts.values():
        if not len(part):
            raise DatasetError(f"The files of {info.title} hold no pictures; replace them by those of the data set.")
        if part.images.shape[1:] != info.shape or len(part) != len(part.images):
            raise DatasetError(
                f"The files of {info.title} hold pictures of shape {part.images.shape[1:]}, not {info.shape}; "
                "replace them by those of the data set."
            )
        if part.labels.min() < 0 or part.labels.max() >= len(info.classes):
            raise DatasetError(f"The files of {info.title} hold other classes than its {len(info.classes)}; replace them.")
    if "all" in parts:
        whole = parts["all"]
        rest, test = stratified(whole.labels, 1 / 7 if name == "clock-hours" else TEST_SHARE)
        parts = {"train": whole.take(rest), "test": whole.take(test)}
    train = parts["train"]
    rest, valid = stratified(train.labels, 1 / 6 if name == "clock-hours" else VALID_SHARE)
    return Dataset(info, train.take(rest), train.take(valid), parts["test"])


def stratified(labels: NDArray[np.int64], share: float, seed: int = SPLIT_SEED) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices (kept, cut off), each sorted: of every class the same share, rounded, is cut off, drawn from ``seed``."""
    # NumPy may change the stream of a shuffle between versions; a test holds these to a recorded digest.
    rng = np.random.default_rng([seed, len(labels)])
    cut = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        places = rng.permutation(np.flatnonzero(labels == label))
        cut[places[: round(len(places) * share)]] = True
    return np.flatnonzero(~cut), np.flatnonzero(cut)
