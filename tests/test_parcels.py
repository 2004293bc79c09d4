"""Parcels: what is halved comes back, what is cut in parts is whole again, what is stored only gets better."""

import contextlib
import hashlib
import io
import json
import shutil
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
from core.registry import ModelCard
from core.studies import STUDIES, load_study
from core.study_results import load_rows
from core.tables import LOCK_FILE, one_writer


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


def test_room_is_what_those_before_have_left(machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = machines("there")
    for name in ("one", "two"):
        checkpoint(there / name / CHECKPOINT_FILE, 4)
    assert pack(tmp_path / "alone", ["one"], [], tmp_path / "models") == []
    room = int(1.7 * (tmp_path / "alone" / PART_NAME.format(0)).stat().st_size)
    monkeypatch.setattr(parcels, "ALL_BYTES", room)
    [sentence] = pack(tmp_path / "both", ["one", "two"], [], tmp_path / "models")
    assert sentence.startswith("no room for training/two/checkpoint.npz")
    assert parcels.names(tmp_path / "both") == ["one"]
    assert sum(path.stat().st_size for path in (tmp_path / "both").iterdir()) <= room


def test_a_card_travels_with_its_model_or_not_at_all(machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of stored models a lent machine needs the cards alone, and what such a card tells of has not been trained there."""
    there, home, out = (tmp_path / name for name in ("there", "home", "out"))
    checkpoint(machines("cache") / "bare" / CHECKPOINT_FILE, 4)
    for name in ("bare", "large", "tiny"):
        models_in(there, name)
    (there / "bare" / registry.MODEL_FILE).unlink()
    (there / "large" / registry.HISTORY_FILE).write_text("epoch,loss\n" + "1,0.5\n" * 20_000)
    monkeypatch.setattr(parcels, "ALL_BYTES", 60_000)
    [sentence] = pack(out, ["bare", "large", "tiny"], [], there)
    assert sentence.startswith("no room for models/large/model.keras (0.1 MiB)")
    machines("other")
    assert take(out, models=home) == {"tiny": "taken: 2 of 3 epochs", "bare": "checkpoint of epoch 4"}
    assert sorted(path.name for path in home.iterdir() if path.is_dir()) == ["tiny"]


def test_an_older_parcel_is_whole_until_the_new_one_is(machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine may be taken away at any moment, and with it whoever writes."""
    monkeypatch.setattr(parcels, "PART_BYTES", 2000)
    training, out = machines("there"), tmp_path / "out"
    checkpoint(training / "one" / CHECKPOINT_FILE, 4)
    pack(out, ["one"], [], tmp_path / "models")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert len(before) > 2
    checkpoint(training / "one" / CHECKPOINT_FILE, 5)
    written = parcels.Path.write_bytes

    def taken_away(path: Path, content: bytes) -> int:
        if PART_NAME.format(2) in path.name:
            raise KeyboardInterrupt
        return written(path, content)

    with monkeypatch.context() as away:
        away.setattr(parcels.Path, "write_bytes", taken_away)
        with pytest.raises(KeyboardInterrupt):
            pack(out, ["one"], [], tmp_path / "models")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_checkpoint_of_another_run_takes_no_place(machines, tmp_path: Path) -> None:
    def checkpoint_of(folder: Path, epoch: int, network: str = "n", **settings: object) -> None:
        told = {"spec": settings, "identity": {"network": network}, "progress": {"epoch": epoch, "step": 0}}
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / CHECKPOINT_FILE, notes=np.array(json.dumps(told)), variable_0000=np.zeros(3, np.float32))

    there, names = machines("there"), ["longer", "other", "rate"]
    checkpoint_of(there / "longer", 3, epochs=20, learning_rate=0.1)
    checkpoint_of(there / "rate", 3, epochs=9, learning_rate=0.2)
    checkpoint_of(there / "other", 3, "m", epochs=9, learning_rate=0.1)
    pack(tmp_path / "out", names, [], tmp_path / "models")
    home = machines("home")
    for name in names:
        checkpoint_of(home / name, 2, epochs=9, learning_rate=0.1)
    left = "checkpoint left, the one here is of another run ({}); delete {} to take it"
    assert take(tmp_path / "out", models=tmp_path / "models") == {
        "longer": "checkpoint of epoch 3",
        "other": left.format("another model", home / "other"),
        "rate": left.format("learning_rate = 0.1, not 0.2", home / "rate"),
    }
    assert [steps_in(home / name / CHECKPOINT_FILE)[0] for name in names] == [3, 2, 2]


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


def models_in(folder: Path, model_id: str = "tiny", **changed: object) -> ModelCard:
    """A stored model whose file is a small zip, with the card and the history that belong to it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", "{}")
    told = {"report": None, "network": "", "spec": {}, "training": {}, "data": "", "data_licence": ""}
    told |= {"epochs_trained": 2, "epochs_asked": 3, "device": "", "seconds": 1.0}
    card = ModelCard(model_id, "Tiny", "", **told | {"sha256": hashlib.sha256(content.getvalue()).hexdigest()} | changed)
    (folder / model_id).mkdir(parents=True)
    (folder / model_id / registry.MODEL_FILE).write_bytes(content.getvalue())
    (folder / model_id / registry.HISTORY_FILE).write_text("epoch,loss\n1,0.5\n2,0.25\n")
    (folder / model_id / registry.CARD_FILE).write_text(card.to_json())
    return card


def what_lies_in(folder: Path) -> list[str]:
    """Files that were left there, but for the lock."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != LOCK_FILE)


def test_a_model_takes_its_place_when_no_other_writer_stands_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, home, out = (tmp_path / name for name in ("there", "home", "out"))
    card = models_in(there)
    assert pack(out, ["tiny"], [], there) == []
    before = list[str]()

    @contextlib.contextmanager
    def watched(folder: Path):
        before.extend(what_lies_in(home / "tiny"))  # what lies there until it is this writer's turn
        with one_writer(folder):
            yield
        before.append("done")

    monkeypatch.setattr(registry, "one_writer", watched)
    assert take(out, models=home) == {"tiny": "taken: 2 of 3 epochs"}
    assert before == ["done"]
    assert registry.load_card("tiny", home) == card
    assert what_lies_in(home) == ["card.json", "history.csv", "model.keras"]
    assert take(out, models=home) == {"tiny": "left, the stored one has 2 epochs"}
    assert what_lies_in(home) == ["card.json", "history.csv", "model.keras"]


def test_nothing_of_a_damaged_parcel_is_taken(machines, tmp_path: Path) -> None:
    """Any byte of it may have changed on its way, or a part of it may be no longer what its card tells of."""
    models_in(tmp_path / "there")
    checkpoint(machines("there") / "one" / CHECKPOINT_FILE, 4)
    assert pack(tmp_path / "out", ["tiny", "one"], [], tmp_path / "there") == []
    [part] = (tmp_path / "out").iterdir()
    whole, rng = part.read_bytes(), np.random.default_rng(7)
    training = machines("home")
    with zipfile.ZipFile(io.BytesIO(whole)) as parcel:
        first, directory = parcel.infolist()[0].header_offset, parcel.start_dir
    heads = [*range(first, first + 30), *range(directory, directory + 46), *range(len(whole) - 22, len(whole))]
    refused = 0
    for place in [*heads, *rng.integers(0, len(whole), 10).tolist()]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        part.write_bytes(damaged)
        said = ""
        try:
            take(tmp_path / "out", models=tmp_path / "home")  # taken, where it was a date or the like
        except ParcelError as error:
            said = str(error)
        if said:
            refused += 1
            assert f"the parcel in {tmp_path / 'out'}" in said
            assert "fetch" in said
            assert what_lies_in(tmp_path / "home") == []
        shutil.rmtree(tmp_path / "home", ignore_errors=True)
    assert refused > 30
    assert training.parent == tmp_path / "home"


def repacked(out: Path, name: str, content: bytes | None) -> None:
    """Put other bytes into a parcel under one of its names, or leave it out."""
    with zipfile.ZipFile(out / PART_NAME.format(0)) as old:
        files = {one: old.read(one) for one in old.namelist() if one != name} | ({} if content is None else {name: content})
    with zipfile.ZipFile(out / PART_NAME.format(0), "w") as new:
        for one, bytes_of_it in files.items():
            new.writestr(one, bytes_of_it)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("models/tiny/card.json", b"{", r"tiny/card\.json is not valid JSON"),
        ("models/tiny/card.json", None, "there is no model 'tiny'"),
        ("models/tiny/history.csv", b"loss\n1\n", r"tiny/history\.csv is damaged"),
        ("models/tiny/model.keras", b"another", r"tiny/model\.keras cannot be read \(it is not the file of its card"),
        ("models/tiny/model.keras", None, r"tiny/model\.keras cannot be read \(it did not come along"),
        ("results/study_cnn-grid.csv", b"no table\n", r"study_cnn-grid\.csv is damaged"),
        ("training/one/checkpoint.npz", b"no zip", r"one/checkpoint\.npz cannot be read"),
    ],
)
def test_what_is_wrong_in_a_parcel_is_named(machines, tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    models_in(tmp_path / "there")
    checkpoint(machines("there") / "one" / CHECKPOINT_FILE, 4)
    assert pack(tmp_path / "out", ["tiny", "one"], [], tmp_path / "there") == []
    repacked(tmp_path / "out", name, content)
    machines("home")
    with pytest.raises(ParcelError, match=f"the parcel in .* is damaged, fetch it again: {said}"):
        take(tmp_path / "out", models=tmp_path / "home", results=tmp_path / "home")
    assert what_lies_in(tmp_path / "home") == []


def test_a_model_that_is_no_zip_is_named_though_its_card_fits(tmp_path: Path) -> None:
    content = b"PK\x03\x04 and no more"
    models_in(tmp_path / "there", sha256=hashlib.sha256(content).hexdigest())
    (tmp_path / "there" / "tiny" / registry.MODEL_FILE).write_bytes(content)
    assert pack(tmp_path / "out", ["tiny"], [], tmp_path / "there") == []
    with pytest.raises(ParcelError, match=r"tiny/model\.keras cannot be read \(File is not a zip file"):
        take(tmp_path / "out", models=tmp_path / "home")
    with pytest.raises(registry.RegistryError, match=r"tiny/model\.keras cannot be loaded by Keras"):
        registry.load_trained("tiny", tmp_path / "there")


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
    assert damaged.stderr == (
        f"the parcel in {tmp_path} is damaged, fetch it again: study_keras-examples.csv is damaged "
        "(a line or its head is cut); delete it or fetch it again\n"
    )
