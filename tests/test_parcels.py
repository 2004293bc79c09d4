"""Parcels: what is halved comes back, what is cut in parts is whole again, what is stored only gets better."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from stored_studies import store

from core import parcels, registry
from core.checkpoints import CHECKPOINT_FILE, steps_in
from core.parcels import PART_NAME, ParcelError, halved, pack, slim, take, unslim, whole_again
from core.studies import STUDIES, load_study
from core.study_results import load_rows


def test_weights_keep_eleven_digits_below_the_largest() -> None:
    value = np.random.default_rng(1).standard_normal(5000).astype(np.float32) * 1e-4
    again = whole_again(halved(value))
    assert again.dtype == np.float32
    assert np.abs(again - value).max() <= np.abs(value).max() * 2**-11


def test_second_moments_keep_their_range() -> None:
    value = np.array([0, 1e-30, 3e-12, 1, 2.5e20, 1 + 2**-8, 1 + 3 * 2**-8], np.float32)
    parts = halved(value)
    assert parts["brain"].dtype == np.uint16
    again = whole_again(parts)
    np.testing.assert_allclose(again, value, rtol=2**-8)
    assert again[1] > 0
    # Half-way between two neighbours: to the even one, down and up.
    assert again[5:].tolist() == [1, 1 + 2**-6]


def checkpoint(path: Path, epoch: int, step: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(epoch)
    notes = np.array(json.dumps({"progress": {"epoch": epoch, "step": step}}))
    arrays = {"variable_0000": rng.standard_normal((50, 60)).astype(np.float32), "variable_0001": np.arange(3)}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, notes=notes, **arrays)
    return arrays


def test_a_checkpoint_has_the_same_arrays_again(tmp_path: Path) -> None:
    arrays = checkpoint(tmp_path / CHECKPOINT_FILE, 3)
    content = (tmp_path / CHECKPOINT_FILE).read_bytes()
    small = slim(content)
    assert len(small) < 0.6 * len(content)
    with np.load(io.BytesIO(unslim(small))) as again:
        assert sorted(again.files) == ["notes", "variable_0000", "variable_0001"]
        np.testing.assert_allclose(again["variable_0000"], arrays["variable_0000"], atol=2e-3)
        np.testing.assert_array_equal(again["variable_0001"], arrays["variable_0001"])


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A function that makes this process one of several machines, each with a cache of its own."""

    def machine(name: str) -> Path:
        monkeypatch.setenv("LATENT_OCLOCK_CACHE", str(tmp_path / name))
        return tmp_path / name / "training"

    return machine


def test_checkpoints_travel_in_parts_and_only_forwards(machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcels, "PART_BYTES", 2000)
    there = machines("there")
    checkpoint(there / "one" / CHECKPOINT_FILE, 4)
    checkpoint(there / "two" / "stage-1" / CHECKPOINT_FILE, 2, 7)
    assert pack(tmp_path / "out", ["one", "two"], [], tmp_path / "models") == []
    sizes = [path.stat().st_size for path in sorted((tmp_path / "out").iterdir())]
    assert len(sizes) > 2
    assert max(sizes) <= 2000
    home = machines("home")
    checkpoint(home / "one" / CHECKPOINT_FILE, 5)
    said = take(tmp_path / "out", models=tmp_path / "models")
    assert said == {"two": "checkpoint of epoch 2"}
    assert steps_in(home / "two" / "stage-1" / CHECKPOINT_FILE) == (2, 7)
    assert steps_in(home / "one" / CHECKPOINT_FILE) == (5, 0)
    assert parcels.names(tmp_path / "out") == ["one", "two"]


def test_a_whole_model_that_goes_on_takes_its_checkpoint_along(
    machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "load_card", lambda *_: SimpleNamespace(epochs_trained=3, epochs_asked=3))
    there = machines("there")
    for name, steps in (("done", (3, 0)), ("longer", (3, 1)), ("further", (4, 0))):
        checkpoint(there / name / CHECKPOINT_FILE, *steps)
    assert pack(tmp_path / "out", ["done", "longer", "further", "none"], [], tmp_path / "models") == []
    assert parcels.names(tmp_path / "out") == ["further", "longer"]


def test_trials_that_our_own_runs_chose_travel_too(tmp_path: Path) -> None:
    there, home, out = (tmp_path / name for name in ("there", "home", "out"))
    store(STUDIES["cnn-grid"], there)
    chosen = load_study("cifar-transfer-23", there)
    store(chosen, there)
    assert len(chosen.trials) > len(STUDIES["cifar-transfer-23"].trials), "the grid's best are not the printed ones here"
    assert pack(out, [], ["cnn-grid", "cifar-transfer-23"], results=there) == []
    count = len(chosen.trials)
    assert take(out, results=home) == {
        "cnn-grid": "62 of 62 trials are new",
        "cifar-transfer-23": f"{count} of {count} trials are new",
    }
    assert [row["trial"] for row in load_rows("cifar-transfer-23", home)] == list(range(count))


def test_what_finds_no_room_is_said_and_old_parts_go(machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint(machines("there") / "one" / CHECKPOINT_FILE, 4)
    out = tmp_path / "out"
    out.mkdir()
    (out / PART_NAME.format(5)).write_bytes(b"of an older parcel")
    monkeypatch.setattr(parcels, "ALL_BYTES", 1000)
    [sentence] = pack(out, ["one"], [], tmp_path / "models")
    assert sentence.startswith("no room for training/one/checkpoint.npz")
    assert [path.name for path in out.iterdir()] == [PART_NAME.format(0)]


def test_parcels_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ParcelError, match="holds no parcel"):
        take(tmp_path)
    (tmp_path / PART_NAME.format(0)).write_bytes(b"nonsense")
    with pytest.raises(ParcelError, match="damaged"):
        take(tmp_path)
    with zipfile.ZipFile(tmp_path / PART_NAME.format(0), "w") as parcel:
        parcel.writestr("models/../../x.txt", "x")
    with pytest.raises(ParcelError, match="no part of one"):
        take(tmp_path)


def test_the_script_says_what_is_wrong(tmp_path: Path) -> None:
    script = Path(__file__).resolve().parent.parent / "tools" / "gpu_train.py"

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, str(script), *options], capture_output=True, text=True, timeout=120)

    nothing = run("--take", str(tmp_path))
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert f"{tmp_path} holds no parcel (parcel-00.part)" in nothing.stderr
    assert "say where the parcel goes" in run("reader").stderr
    with zipfile.ZipFile(tmp_path / PART_NAME.format(0), "w") as parcel:
        parcel.writestr("results/study_keras-examples.csv", "no table\n")
    damaged = run("--take", str(tmp_path))
    assert (damaged.returncode, damaged.stdout) == (2, "")
    assert damaged.stderr == "study_keras-examples.csv is damaged (a line or its head is cut); delete it or fetch it again\n"
