"""Kept arrays: damaged files are none, whatever the damage; what cannot be kept is said, and nothing else fails for it."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core import checkpoints, dataset_files, paths
from core.checkpoints import CheckpointError, steps_in
from core.kept_arrays import read_arrays, write_arrays
from core.picture_files import DatasetError
from core.specs import TrainSpec


def damaged(content: bytes, times: int) -> Iterator[bytes]:
    """The same bytes, each time with one bit changed, or cut."""
    dice = random.Random(1)
    for time in range(times):
        place = dice.randrange(len(content))
        changed = bytearray(content)
        changed[place] ^= 1 << dice.randrange(8)
        yield bytes(changed) if time % 5 else content[:place]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_damaged_file_holds_no_arrays(tmp_path: Path, save) -> None:
    x, y = np.random.default_rng(0).integers(0, 9, (60, 20)), np.arange(30)
    save(tmp_path / "whole.npz", x=x, y=y)
    told = 0
    for content in damaged((tmp_path / "whole.npz").read_bytes(), 1500):
        (tmp_path / "one.npz").write_bytes(content)
        found = read_arrays(tmp_path / "one.npz", "x", "y")
        told += found is None
        if found is not None:  # what changed was no value
            assert np.array_equal(found[0], x)
            assert np.array_equal(found[1], y)
    assert told > 1000


def test_damaged_checkpoints_are_named(tmp_path: Path) -> None:
    spec, path = TrainSpec(3), tmp_path / "checkpoint.npz"
    notes = {"spec": spec.to_json(), "identity": {}, "progress": {"epoch": 2, "step": 5}}
    np.savez(tmp_path / "whole.npz", notes=np.array(json.dumps(notes)), variable_0000=np.zeros((4, 4), np.float32))
    told = 0
    for content in damaged((tmp_path / "whole.npz").read_bytes(), 1000):
        path.write_bytes(content)
        assert steps_in(path) in ((2, 5), (-1, 0))
        try:
            checkpoints.read(path, spec)
        except CheckpointError as error:
            told += "checkpoint.npz is damaged" in str(error)
    assert told > 500


def test_a_damaged_download_is_named(tmp_path: Path) -> None:
    """Keras' file of MNIST is compressed: a bit that changed makes it one that cannot be unpacked."""
    parts = dict.fromkeys(("x_train", "x_test"), np.random.default_rng(0).integers(0, 9, (20, 28, 28), np.uint8))
    labels = dict.fromkeys(("y_train", "y_test"), np.zeros(20, np.uint8))
    np.savez_compressed(tmp_path / "mnist.npz", **parts, **labels)
    content = bytearray((tmp_path / "mnist.npz").read_bytes())
    content[200] ^= 0xFF
    (tmp_path / "mnist.npz").write_bytes(content)
    with pytest.raises(DatasetError, match=r"mnist\.npz is damaged; delete it"):
        dataset_files.read_npz(tmp_path / "mnist.npz")


def test_what_cannot_be_kept_is_said_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.warns(UserWarning, match=r"a\.npz cannot be written \(.+LATENT_OCLOCK_CACHE"):
        write_arrays(tmp_path / "file" / "a.npz", x=np.zeros(3))
    write_arrays(tmp_path / "a.npz", x=np.arange(3))
    [found] = read_arrays(tmp_path / "a.npz", "x") or [None]
    assert found.tolist() == [0, 1, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "file"]


def test_a_cache_folder_that_cannot_be_made_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("LATENT_OCLOCK_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(OSError, match=r"cannot be made .* LATENT_OCLOCK_CACHE .*file/cache"):
        paths.cache_folder()
