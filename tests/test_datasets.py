"""Data sets: where they are looked for, what is said when they are nowhere, and parts that never change."""

import gzip
import hashlib
import io
import os
import struct
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core import dataset_files, datasets, paths
from core.clocks import hours
from core.dataset_files import IDX_FILES, read_idx
from core.datasets import DATASETS, DatasetError, is_available, load_dataset, stratified

WEB = "no answer from the server"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with nothing on it but an empty data folder, without a network."""

    def no_network(name: str) -> Any:
        raise Exception(f"URL fetch failure on {name}: {WEB}")  # what Keras raises

    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setattr(paths, "data_folders", lambda: [data])
    monkeypatch.delenv("LATENT_OCLOCK_DATA", raising=False)
    monkeypatch.setattr(dataset_files, "SYSTEM_FOLDER", tmp_path / "system")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("LATENT_OCLOCK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(dataset_files, "import_module", no_network)
    return data


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()


def write_mnist(folder: Path, train: int = 100, test: int = 20, first: int = 0, end: str = ".gz") -> None:
    """Four idx files whose first pixel is ``first`` and whose classes come in turn."""
    folder.mkdir(parents=True)
    for (images, labels), count in zip((IDX_FILES[:2], IDX_FILES[2:]), (train, test), strict=True):
        pictures = np.full((count, 28, 28), first)
        for name, array in ((images, pictures), (labels, np.arange(count) % 10)):
            content = idx(array)
            (folder / (name + end)).write_bytes(gzip.compress(content) if end else content)


def test_idx_files_are_read_as_they_are_specified(tmp_path: Path) -> None:
    array = np.arange(24).reshape(2, 3, 4)
    file = tmp_path / "a"
    # Byte by byte as the format's description has it: two zeros, the type, the dimensions, their sizes, the values.
    file.write_bytes(b"\x00\x00\x08\x03" + b"\x00\x00\x00\x02" + b"\x00\x00\x00\x03" + b"\x00\x00\x00\x04" + bytes(range(24)))
    assert np.array_equal(read_idx(file), array)
    packed = tmp_path / "a.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert np.array_equal(read_idx(packed), array)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x00",
        b"\x00\x00\x0d\x01\x00\x00\x00\x01a",  # floats
        b"\x00\x00\x08\x00",  # no dimension
        b"\x00\x00\x08\x02\x00\x00\x00\x01",  # a size is missing
        b"\x00\x00\x08\x01\x00\x00\x00\x05abc",  # values are missing
        b"\x00\x00\x08\x01\x00\x00\x00\x02abc",  # one too many
        b"\x00\x00\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff",  # more than there can be
    ],
)
def test_damaged_idx_files_are_named(tmp_path: Path, content: bytes) -> None:
    for file, stored in ((tmp_path / "bad", content), (tmp_path / "bad.gz", gzip.compress(content))):
        file.write_bytes(stored)
        with pytest.raises(DatasetError, match=rf"{file.name} is damaged \(.+\); download it again or delete it"):
            read_idx(file)
    (tmp_path / "bad.gz").write_bytes(gzip.compress(content)[:-4])
    with pytest.raises(DatasetError, match="is damaged"):
        read_idx(tmp_path / "bad.gz")


def test_files_without_pictures_are_named(bare: Path) -> None:
    (bare / "mnist").mkdir()
    for name, sides in zip(dataset_files.IDX_FILES, ((0, 28, 28), (0,)) * 2, strict=True):
        head = bytes([0, 0, 8, len(sides)]) + b"".join(side.to_bytes(4, "big") for side in sides)
        (bare / "mnist" / name).write_bytes(head)
    with pytest.raises(DatasetError, match="The files of MNIST hold no pictures; replace them"):
        load_dataset("mnist")


def test_a_data_folder_that_is_none_is_named(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_OCLOCK_DATA", str(bare))
    with pytest.raises(DatasetError, match=r"LATENT_OCLOCK_DATA names it\)\.$"):
        load_dataset("mnist")
    monkeypatch.setenv("LATENT_OCLOCK_DATA", str(bare / "dta"))
    with pytest.raises(DatasetError, match=r"LATENT_OCLOCK_DATA names '.*dta', which is no folder\.$"):
        load_dataset("mnist")


def test_what_is_nowhere_is_said_with_the_way_to_get_it(bare: Path) -> None:
    for name, info in DATASETS.items():
        if name == "clock-hours":
            continue
        assert not is_available(name)
        with pytest.raises(DatasetError) as caught:
            load_dataset(name)
        text = str(caught.value)
        assert text.startswith(f"{info.title} is missing, and the download failed (URL fetch failure")
        assert WEB in text
        assert text.endswith(info.remedy[1:])
        assert "LATENT_OCLOCK_DATA" in text
        assert "\n" not in text
    for ask in (is_available, load_dataset):
        with pytest.raises(
            DatasetError, match="There is no data set 'cifar'; known are: fashion-mnist, cifar10, mnist, clock-"
        ):
            ask("cifar")


def test_the_data_folder_comes_before_the_system_and_keras(bare: Path, tmp_path: Path) -> None:
    for folder, first in ((tmp_path / "keras/datasets", 3), (tmp_path / "system", 2), (bare, 1)):
        write_mnist(folder / "fashion-mnist", first=first, end="" if first == 2 else ".gz")
        assert is_available("fashion-mnist")
        data = load_dataset("fashion-mnist")
        assert data.train.images[0, 0, 0, 0] == first
    assert not is_available("mnist")
    write_mnist(bare / "mnist")
    assert is_available("mnist")
    (bare / "mnist" / f"{IDX_FILES[0]}.gz").unlink()
    assert not is_available("mnist"), "three files of four are none"


def test_parts_are_disjoint_and_the_published_test_part_is_left_alone(bare: Path) -> None:
    write_mnist(bare / "fashion-mnist", train=200, test=30)
    data = load_dataset("fashion-mnist")
    assert (len(data.train), len(data.valid), len(data.test)) == (180, 20, 30)
    assert data.train.images.shape == (180, 28, 28, 1)
    assert (data.train.images.dtype, data.train.labels.dtype) == (np.uint8, np.int64)
    assert np.bincount(data.valid.labels).tolist() == [2] * 10
    assert data.test.labels.tolist() == [index % 10 for index in range(30)], "in the published order"


def test_files_that_do_not_belong_together_are_named(bare: Path) -> None:
    folder = bare / "fashion-mnist"
    write_mnist(folder)
    (folder / f"{IDX_FILES[1]}.gz").write_bytes(gzip.compress(idx(np.zeros(99))))
    with pytest.raises(DatasetError, match="do not belong together"):
        load_dataset("fashion-mnist")
    (folder / f"{IDX_FILES[1]}.gz").write_bytes(gzip.compress(idx(np.full(100, 10))))
    with pytest.raises(DatasetError, match="hold other classes than its 10"):
        load_dataset("fashion-mnist")
    (folder / f"{IDX_FILES[0]}.gz").write_bytes(gzip.compress(idx(np.zeros((100, 28, 27)))))
    with pytest.raises(DatasetError, match=r"hold pictures of shape \(28, 27, 1\), not \(28, 28, 1\)"):
        load_dataset("fashion-mnist")


def test_stratified_cuts_the_same_share_of_every_class() -> None:
    labels = np.repeat([0, 1, 2], [10, 20, 4])
    kept, cut = stratified(labels, 0.1)
    assert np.bincount(labels[cut], minlength=3).tolist() == [1, 2, 0]
    assert sorted([*kept, *cut]) == list(range(34))
    assert np.array_equal(cut, stratified(labels, 0.1)[1])
    assert not np.array_equal(cut, stratified(labels, 0.1, seed=6)[1])
    # NumPy does not promise the same shuffles for ever; another digest means other parts than those of the stored results.
    digest = hashlib.sha256(stratified(np.arange(60_000) % 10, 0.1)[1].astype("<i8").tobytes()).hexdigest()
    assert digest[:16] == "df3bafcd07cc1122"


def write_cifar(path: Path, each: int = 5) -> None:
    """cifar10.zip: a picture's red is its class, its green its number, its blue 1 in the test part."""
    with zipfile.ZipFile(path, "w") as archive:
        for blue, part in enumerate(("train", "test")):
            for red, name in enumerate(DATASETS["cifar10"].classes):
                for green in range(each):
                    content = io.BytesIO()
                    Image.new("RGB", (32, 32), (red, green, blue)).save(content, "PNG")
                    archive.writestr(f"{part}/{name}/{green:04d}.png", content.getvalue())


def test_cifar_comes_from_its_zip_mixed_and_is_kept(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = bare / "cifar10.zip"
    write_cifar(path, each=10)
    data = load_dataset("cifar10")
    assert (len(data.train), len(data.valid), len(data.test)) == (90, 10, 100)
    for part, blue in ((data.train, 0), (data.valid, 0), (data.test, 1)):
        assert np.array_equal(part.images[:, 0, 0, 0], part.labels)
        assert np.unique(part.images[..., 2]).tolist() == [blue]
    assert len(set(data.test.labels[:20].tolist())) > 5, "the first pictures are of many classes"
    again, counted = load_dataset("cifar10"), []
    assert np.array_equal(again.train.images, data.train.images)
    real = dataset_files.load_pictures
    monkeypatch.setattr(dataset_files, "load_pictures", lambda *a, **k: counted.append(1) or real(*a, **k))  # type: ignore[func-returns-value]
    load_dataset("cifar10")
    assert not counted, "kept from the first time"
    os.utime(path, (1, 1))
    load_dataset("cifar10")
    assert len(counted) == 2, "another file, read anew"
    path.write_bytes(b"damaged")
    with pytest.raises(DatasetError, match=r"cifar10\.zip is neither a folder nor a zip"):
        load_dataset("cifar10")


def test_leaves_and_faces_from_their_zips(bare: Path) -> None:
    with (
        zipfile.ZipFile(bare / "plant_leaves_64.zip", "w") as leaves,
        zipfile.ZipFile(bare / "anime_faces_64.zip", "w") as faces,
    ):
        for index, folder in enumerate(datasets._LEAF_FOLDERS):
            content = io.BytesIO()
            Image.new("RGB", (64, 64), (index, 0, 0)).save(content, "PNG")
            for number in range(10):
                leaves.writestr(f"{folder}/{number:04d}.png", content.getvalue())
            faces.writestr(f"{index:05d}.png", content.getvalue())
    data = load_dataset("plant-leaves")
    assert len(data.info.classes) == 35
    assert data.info.classes[8] == "Corn (maize): Common rust"
    assert (len(data.train), len(data.valid), len(data.test)) == (8 * 35, 35, 35)
    assert np.array_equal(data.train.images[:, 0, 0, 0], data.train.labels)
    found = load_dataset("anime-faces")
    assert len(found.train) + len(found.valid) + len(found.test) == 35
    assert set(found.train.labels) == {0}
    assert found.info.classes == ("face",)


def test_a_download_is_used_as_it_comes(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def module(name: str) -> Any:
        asked.append(name)
        part = (
            np.zeros((40, 32, 32, 3), np.uint8),
            np.arange(40).reshape(-1, 1) % 10,
        )  # Keras gives CIFAR's classes as a column
        return SimpleNamespace(load_data=lambda: (part, part))

    monkeypatch.setattr(dataset_files, "import_module", module)
    data = load_dataset("cifar10")
    assert asked == ["keras.datasets.cifar10"]
    assert (len(data.train), len(data.test)) == (40, 40), "a tenth of four pictures is none"
    assert data.train.labels[:12].tolist() == [*range(10), 0, 1]


def test_mnist_as_keras_keeps_it(bare: Path, tmp_path: Path) -> None:
    file = tmp_path / "keras/datasets/mnist.npz"
    file.parent.mkdir(parents=True)
    digits = np.arange(100) % 10
    np.savez(file, x_train=np.ones((100, 28, 28), np.uint8), y_train=digits, x_test=np.ones((10, 28, 28)), y_test=digits[:10])
    assert is_available("mnist")
    assert sorted(load_dataset("mnist").valid.labels) == list(range(10))
    file.write_bytes(b"damaged")
    with pytest.raises(DatasetError, match=r"mnist\.npz is damaged; delete it"):
        load_dataset("mnist")


def test_clock_hours_need_nothing(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hours, "HOURS_COUNT", 12 * 42)
    assert is_available("clock-hours")
    data = load_dataset("clock-hours")
    assert (len(data.train), len(data.valid), len(data.test)) == (12 * 30, 12 * 6, 12 * 6)
    assert data.info.classes == ("12", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11")
    for part in (data.train, data.valid, data.test):
        assert len(set(np.bincount(part.labels).tolist())) == 1
    images, labels = hours.draw_hours(24)
    assert labels.tolist() == [*range(12), *range(12)]
    assert np.array_equal(hours.draw_hours(30)[0][:24], images), "a picture depends on its number alone"
    assert not np.array_equal(images[0], images[12]), "the minute differs"
    monkeypatch.setattr(hours, "render", None)
    monkeypatch.setattr(hours, "draw_hours", lambda count, **_: (images[:count], labels[:count]))
    assert len(load_dataset("clock-hours").train) == 12 * 30, "kept, not drawn again"


def test_drawing_that_is_interrupted_goes_on_where_it_was(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hours, "HOURS_COUNT", 60)
    monkeypatch.setattr(hours, "_PART", 24)
    whole, told = hours.draw_hours(60), []

    def interrupt(done: int, count: int) -> None:
        told.append((done, count))
        if done > 48:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hours.kept_hours(interrupt)
    assert told == [(0, 60), (20, 60), (24, 60), (44, 60), (48, 60), (60, 60)]
    told.clear()
    found = hours.kept_hours(lambda done, count: told.append((done, count)))
    assert told == [(48, 60), (60, 60)], "two parts were kept"
    for one, other in zip(found, whole, strict=True):
        assert np.array_equal(one, other)
    assert len(list(paths.cache_folder().glob("clock-hours-*"))) == 1, "the parts are gone when the whole is there"


def test_real_fashion_mnist() -> None:
    if not is_available("fashion-mnist"):
        pytest.skip("Fashion-MNIST is not on this machine: " + DATASETS["fashion-mnist"].remedy)
    data = load_dataset("fashion-mnist")
    assert (len(data.train), len(data.valid), len(data.test)) == (54_000, 6_000, 10_000)
    assert np.bincount(data.valid.labels).tolist() == [600] * 10
    assert np.bincount(data.test.labels).tolist() == [1000] * 10
    # Published: the mean of the 60,000 training pictures is 0.2860.
    total = data.train.images.sum(dtype=np.int64) + data.valid.images.sum(dtype=np.int64)
    assert total / (60_000 * 28 * 28 * 255) == pytest.approx(0.2860, abs=5e-5)
