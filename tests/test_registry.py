"""Stored models come back as they were, on any backend; damaged, foreign and oddly named ones are refused in words."""

import csv
import dataclasses
import json
import os
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import devices, registry
from core.registry import (
    ModelCard,
    RegistryError,
    TrainedModel,
    list_cards,
    load_card,
    load_history,
    load_trained,
    save_trained,
    update_card,
)

ROOT = Path(__file__).resolve().parent.parent
CARD = ModelCard(
    model_id="tiny-2",
    title="Tiny",
    summary="A network for tests.",
    report="2022",
    network="tiny",
    spec={"width": 4, "shape": (2, 3)},
    training={"epochs": 3},
    data="none",
    data_licence="CC0",
    epochs_trained=2,
    epochs_asked=3,
    device="CPU",
    seconds=1.5,
    figures={"error_minutes": 2.25},
    extra={"size": 8},
)
HISTORY = [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25, "val_loss": 0.75}]


def build(seed: int = 3) -> Any:
    import keras

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((8, 8, 1), name="picture")
    x = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Dropout(0.5)(x)
    x = keras.layers.Flatten()(x)
    outputs = {"hour": keras.layers.Dense(12, activation="softmax")(x), "minute": keras.layers.Dense(1)(x)}
    model = keras.Model(inputs, outputs)
    rng = np.random.default_rng(seed)
    norm = model.layers[2]
    norm.set_weights([rng.normal(1, 0.1, 4), rng.normal(0, 0.1, 4), rng.normal(0, 0.1, 4), np.array([1e-6, 1, 1e6, 0.5])])
    return model


def pictures(n: int = 6) -> np.ndarray:
    return np.random.default_rng(5).random((n, 8, 8, 1), np.float32)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, ModelCard]:
    folder = tmp_path_factory.mktemp("models")
    model = build()
    model.compile("adam", {"hour": "sparse_categorical_crossentropy", "minute": "mse"})
    model.train_on_batch(pictures(), {"hour": np.arange(6), "minute": np.arange(6.0)})
    return folder, model, save_trained(model, CARD, HISTORY, folder)


def test_card_is_completed_and_reads_back(stored: tuple[Path, Any, ModelCard]) -> None:
    folder, model, card = stored
    assert card.parameters == model.count_params()
    assert len(card.sha256) == 64
    assert card.created[:2] == "20"
    assert {"keras", "backend", "python", "numpy"} == set(card.versions)
    assert card.versions["backend"].split()[0] == "tensorflow"
    read = load_card("tiny-2", folder)
    assert read == dataclasses.replace(card, spec={"width": 4, "shape": [2, 3]})
    assert list_cards(folder) == [read]
    with (folder / "tiny-2" / "history.csv").open() as file:
        assert list(csv.DictReader(file)) == [
            {"epoch": "1", "loss": "0.5", "val_loss": ""},
            {"epoch": "2", "loss": "0.25", "val_loss": "0.75"},
        ]
    assert sorted(path.name for path in folder.rglob("*")) == [".lock", "card.json", "history.csv", "model.keras", "tiny-2"]


def test_round_trip_keeps_outputs_to_float16(stored: tuple[Path, Any, ModelCard]) -> None:
    folder, model, card = stored
    trained = load_trained("tiny-2", folder)
    assert trained.card.sha256 == card.sha256
    expected = {name: np.asarray(value) for name, value in model(pictures(), training=False).items()}
    for batch in (trained(pictures()), load_trained("tiny-2", folder, batch_size=4)(pictures())):
        assert set(batch) == {"hour", "minute"}
        for name, value in batch.items():
            assert isinstance(value, np.ndarray)
            assert value.dtype == np.float32
            np.testing.assert_allclose(value, expected[name], rtol=2e-2, atol=2e-3)
    for ours, theirs in zip(trained.model.get_weights(), model.get_weights(), strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, theirs.astype(np.float16) if theirs.ndim > 1 else theirs)
    assert not trained.model.compiled


def test_file_holds_float16_and_no_optimiser(stored: tuple[Path, Any, ModelCard]) -> None:
    import h5py

    folder, model, card = stored
    with zipfile.ZipFile(folder / "tiny-2" / "model.keras") as archive:
        assert "compile_config" not in archive.read("config.json").decode()
        assert {info.date_time for info in archive.infolist()} == {(2020, 1, 1, 0, 0, 0)}
        with archive.open("model.weights.h5") as file, h5py.File(file) as weights:
            kinds: list[tuple[str, str, int]] = []
            weights.visititems(lambda n, d: kinds.append((n, str(d.dtype), d.ndim)) if isinstance(d, h5py.Dataset) else None)
    assert {dtype for _, dtype, ndim in kinds if ndim > 1} == {"float16"}
    assert not [name for name, *_ in kinds if name.startswith("optimizer")]
    assert save_trained(model, card, HISTORY, folder).sha256 == card.sha256  # the same weights, the same bytes


def test_mixed_policies_are_stored_as_float32(tmp_path: Path) -> None:
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build()
    finally:
        keras.config.set_dtype_policy(before)
    save_trained(model, CARD, None, tmp_path)
    loaded = load_trained("tiny-2", tmp_path)
    assert {layer.compute_dtype for layer in loaded.model.layers} == {"float32"}
    assert loaded(pictures())["hour"].dtype == np.float32
    assert not (tmp_path / "tiny-2" / "history.csv").exists()


def test_values_beyond_float16_stay_float32(tmp_path: Path) -> None:
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.set_weights([np.array([[1e6], [1e-3]], np.float32), np.zeros(1)])
    save_trained(model, CARD, None, tmp_path)
    np.testing.assert_allclose(load_trained("tiny-2", tmp_path)(np.ones((3, 2))), [[1e6 + 1e-3]] * 3)


def test_any_batch_from_any_thread(stored: tuple[Path, Any, ModelCard]) -> None:
    folder = stored[0]
    trained = load_trained("tiny-2", folder, batch_size=8)
    x = pictures(40)
    expected = np.concatenate([trained(x[i : i + 1])["minute"] for i in range(40)])
    with ThreadPoolExecutor(8) as pool:
        sizes = [1, 3, 8, 9, 17, 40] * 4
        for size, result in zip(sizes, pool.map(lambda n: trained(x[:n])["minute"], sizes), strict=True):
            np.testing.assert_allclose(result, expected[:size], rtol=1e-4, atol=1e-5)


def test_wrong_shapes_are_named(stored: tuple[Path, Any, ModelCard]) -> None:
    trained = load_trained("tiny-2", stored[0])
    for wrong in (np.zeros((8, 8, 1)), np.zeros((2, 8, 9, 1)), np.zeros((0, 8, 8, 1)), np.float32(1)):
        with pytest.raises(ValueError, match=r"tiny-2 takes \(batch, 8, 8, 1\)"):
            trained(wrong)
    with pytest.raises(ValueError, match="batch_size"):
        load_trained("tiny-2", stored[0], batch_size=0)


def test_several_inputs() -> None:
    import keras

    a, b = keras.Input((2,)), keras.Input((3,))
    model = keras.Model([a, b], keras.layers.Concatenate()([a, b]))
    trained = TrainedModel(CARD, model, batch_size=2)
    assert trained([np.zeros((5, 2)), np.ones((5, 3))]).shape == (5, 5)
    with pytest.raises(ValueError, match=r"\(batch, 2\) and \(batch, 3\)"):
        trained([np.zeros((5, 2)), np.ones((4, 3))])


def test_jax_gives_the_same(stored: tuple[Path, Any, ModelCard], tmp_path: Path) -> None:
    folder = stored[0]
    np.save(tmp_path / "x.npy", pictures(5))
    program = (
        "import sys, numpy as np; from core.devices import versions, device_name\n"
        "from core.registry import load_trained; from pathlib import Path\n"
        "t = load_trained('tiny-2', Path(sys.argv[1])); y = t(np.load(sys.argv[2]))\n"
        "assert versions()['backend'].startswith('jax '), versions()\n"
        "assert device_name().startswith('CPU ('), device_name()\n"
        "assert 'tensorflow' not in sys.modules\n"
        "np.savez(sys.argv[3], **y)"
    )
    arguments = [str(folder), str(tmp_path / "x.npy"), str(tmp_path / "y.npz")]
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    subprocess.run([sys.executable, "-c", program, *arguments], check=True, cwd=ROOT, env=environment, timeout=120)
    ours = load_trained("tiny-2", folder)(pictures(5))
    with np.load(tmp_path / "y.npz") as theirs:
        for name in ("hour", "minute"):
            np.testing.assert_allclose(theirs[name], ours[name], rtol=1e-4, atol=1e-5)


def test_altered_files_are_refused(tmp_path: Path) -> None:
    save_trained(build(), CARD, None, tmp_path)
    path = tmp_path / "tiny-2" / "model.keras"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(RegistryError, match="sha256 differs"):
        load_trained("tiny-2", tmp_path)
    path.unlink()
    with pytest.raises(RegistryError, match=r"model\.keras cannot be read"):
        load_trained("tiny-2", tmp_path)


@pytest.mark.parametrize("model_id", ["../tiny", "a/b", "", "-a", "A", "a.b", "a" * 65, "a\n", "ü", ".hidden", "a b"])
def test_odd_ids_are_refused(model_id: str, tmp_path: Path) -> None:
    for call in (load_card, load_trained):
        with pytest.raises(RegistryError, match="a model id has"):
            call(model_id, tmp_path)
    with pytest.raises(RegistryError, match="a model id has"):
        dataclasses.replace(CARD, model_id=model_id)


def test_damaged_cards_are_named(tmp_path: Path) -> None:
    good = dataclasses.asdict(CARD)
    folder = tmp_path / "tiny-2"
    folder.mkdir()

    def error(text: str) -> str:
        (folder / "card.json").write_text(text)
        with pytest.raises(RegistryError) as caught:
            load_card("tiny-2", tmp_path)
        assert "tiny-2/card.json" in str(caught.value)
        return str(caught.value)

    assert "valid JSON" in error("{")
    assert "one JSON object" in error("[]")
    assert "unknown key 'colour'" in error(json.dumps({**good, "colour": 1}))
    told = error(json.dumps({**good, "figures": {"mean_minutes": "0.78"}}))
    assert "figures.mean_minutes of the card of tiny-2 must be a finite number; got '0.78'; correct it, or train" in told
    assert "figures.accuracy" in error(json.dumps({**good, "figures": {"accuracy": float("nan")}}))
    assert "lacks the key 'title'" in error(json.dumps({key: value for key, value in good.items() if key != "title"}))
    assert "epochs_trained" in error(json.dumps({**good, "epochs_trained": "3"}))
    assert "report" in error(json.dumps({**good, "report": "2024"}))
    assert "card of 'other'" in error(json.dumps({**good, "model_id": "other"}))
    with pytest.raises(RegistryError, match="no model 'absent'; stored are: tiny-2"):
        load_card("absent", tmp_path)
    assert list_cards(tmp_path / "nothing here") == []


def test_big_models_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "MAX_MODEL_BYTES", 1000)
    with pytest.raises(RegistryError, match="fewer parameters"):
        save_trained(build(), CARD, None, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_cards_need_no_keras() -> None:
    program = (
        "import sys; from core.registry import list_cards; list_cards(); import core.training, core.sheets\n"
        "print({'keras', 'tensorflow', 'jax'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_device_name_is_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    assert devices.device_name().strip()
    monkeypatch.setattr(devices, "_processor", lambda: "Abacus")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    monkeypatch.setattr("tensorflow.config.list_physical_devices", lambda _: [])
    assert devices.device_name() == "CPU (Abacus, 2 cores)"


def test_a_huge_dense_kernel_is_stored_as_int8_and_used_as_float(tmp_path: Path) -> None:
    import h5py
    import keras

    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((2100,)), keras.layers.Dense(1000, name="huge"), keras.layers.Dense(3, name="small")])
    card = dataclasses.replace(CARD, model_id="huge")
    save_trained(model, card, None, tmp_path)
    assert (tmp_path / "huge" / "model.keras").stat().st_size < 2.4e6  # 2.1 million weights
    with zipfile.ZipFile(tmp_path / "huge" / "model.keras") as archive:
        kinds: list[tuple[Any, Any]] = []
        with h5py.File(archive.open("model.weights.h5")) as file:
            file.visititems(lambda _, item: kinds.append((item.shape, item.dtype)) if isinstance(item, h5py.Dataset) else None)
    assert ((2100, 1000), np.dtype("int8")) in kinds
    loaded = load_trained("huge", tmp_path)
    ours, theirs = loaded.model.get_layer("huge").kernel, model.get_layer("huge").kernel
    # A unit's largest weight is 127 steps, so that every weight lies within half a step.
    steps = np.abs(np.asarray(theirs)).max(0) / 127
    assert (np.abs(np.asarray(ours) - np.asarray(theirs)) <= 0.51 * steps).all()
    x = np.random.default_rng(0).random((2, 2100), dtype=np.float32)
    np.testing.assert_allclose(loaded(x), np.asarray(model(x)), atol=0.02)


# --- many readers, many writers ----------------------------------------------------------------------------------


def test_one_bad_folder_does_not_hide_the_others(tmp_path: Path) -> None:
    card = save_trained(build(), CARD, None, tmp_path)
    for name, text in (("A copy (1)", card.to_json()), ("broken", "{"), (".old", card.to_json()), ("foreign", card.to_json())):
        (tmp_path / name).mkdir()
        (tmp_path / name / "card.json").write_text(text)
    with pytest.warns(UserWarning, match=r"card\.json") as caught:
        assert [found.model_id for found in list_cards(tmp_path)] == ["tiny-2"]
    assert [str(warning.message).split("/")[0] for warning in caught] == ["broken", "foreign"]


def test_figures_are_refused_by_another_model(tmp_path: Path) -> None:
    first = save_trained(build(), CARD, None, tmp_path)
    assert update_card("tiny-2", tmp_path, figures={"a": 1}, sha256=first.sha256).figures["a"] == 1
    second = save_trained(build(seed=4), CARD, None, tmp_path)
    with pytest.raises(RegistryError, match="not the file that was measured"):
        update_card("tiny-2", tmp_path, figures={"a": 2}, sha256=first.sha256)
    assert load_card("tiny-2", tmp_path).figures == CARD.figures
    assert update_card("tiny-2", tmp_path, figures={"a": 3}, sha256=second.sha256).sha256 == second.sha256


def test_writers_take_turns(tmp_path: Path) -> None:
    """Without turns most of these would read a card, and write it back without what others wrote meanwhile."""
    save_trained(build(), CARD, None, tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: update_card("tiny-2", tmp_path, figures={f"figure_{number}": number}), range(40)))
    figures = load_card("tiny-2", tmp_path).figures
    assert set(figures) == {"error_minutes", *(f"figure_{number}" for number in range(40))}


def test_readers_wait_while_a_model_is_being_stored(tmp_path: Path) -> None:
    save_trained(build(), CARD, None, tmp_path)
    old = (tmp_path / "tiny-2" / "card.json").read_text()
    new = save_trained(build(seed=4), CARD, None, tmp_path)
    path = tmp_path / "tiny-2" / "card.json"
    whole = path.read_text()
    path.write_text(old)  # as it stands after the model was replaced and before its card is
    turn = threading.Timer(0.12, path.write_text, [whole])
    turn.start()
    assert load_trained("tiny-2", tmp_path).card.sha256 == new.sha256
    turn.join()


def test_what_was_hashed_is_what_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    save_trained(build(), CARD, None, tmp_path)
    expected = load_trained("tiny-2", tmp_path)(pictures())
    load_model = keras.saving.load_model

    def load_late(path: Path, **options: Any) -> Any:
        (tmp_path / "tiny-2" / "model.keras").write_bytes(b"replaced meanwhile")
        return load_model(path, **options)

    monkeypatch.setattr(keras.saving, "load_model", load_late)
    np.testing.assert_array_equal(load_trained("tiny-2", tmp_path)(pictures())["hour"], expected["hour"])


def test_cards_hold_finite_numbers_only(tmp_path: Path) -> None:
    save_trained(build(), CARD, None, tmp_path)
    before = load_card("tiny-2", tmp_path)
    with pytest.raises(RegistryError, match=r"figures\.error_minutes of the card of tiny-2 must be a finite number; got nan"):
        update_card("tiny-2", tmp_path, figures={"error_minutes": float("nan")})
    with pytest.raises(RegistryError, match=r"extra\.scale\.1 of the card of tiny-2 is -inf"):
        save_trained(build(), dataclasses.replace(CARD, extra={"scale": [1.0, -np.inf]}), None, tmp_path)
    assert load_card("tiny-2", tmp_path) == before
    assert sorted(path.name for path in (tmp_path / "tiny-2").iterdir()) == ["card.json", "model.keras"]


def test_histories_come_back_or_are_named_as_damaged(stored: tuple[Path, Any, ModelCard], tmp_path: Path) -> None:
    assert load_history("tiny-2", stored[0]) == HISTORY
    place = tmp_path / "tiny-2"
    place.mkdir()
    assert load_history("tiny-2", tmp_path) == []
    damaged = (
        b"epoch,loss\n1,a\n",
        b"epoch,loss\n1\n",
        b"epoch,loss\n1,2,3\n",
        b"\xff\xfe\0",
        b"no,history\n",
        b'epoch\n"1\n2',
    )
    for content in damaged:
        (place / "history.csv").write_bytes(content)
        with pytest.raises(RegistryError, match=r"tiny-2/history\.csv is damaged"):
            load_history("tiny-2", tmp_path)
    for content in (b"", b"\n", b"epoch,loss\n", b"epoch,loss\n1,2\n\n"):
        (place / "history.csv").write_bytes(content)
        assert len(load_history("tiny-2", tmp_path)) == content.count(b"2")
