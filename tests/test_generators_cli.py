"""Generators on the command line: walk, train with one's own pictures, evaluate; and their recipes."""

import csv
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core import paths, registry
from core.__main__ import main
from core.generators import evaluation, own, walks
from core.generators.recipes import recipes
from core.generators.specs import AdversarialSpec, GanSpec, LeafClassifierSpec, NetworkSpec, VaeSpec
from core.generators.stored import load_generator, load_snapshots
from core.registry import ModelCard, save_trained
from core.snapshots import Snapshots, is_snapshot_epoch, load_sheet
from core.tables import read_table

SMALL = NetworkSpec(side=32, latent=3, filters=2)
IMAGES = np.random.default_rng(3).integers(0, 256, (30, 32, 32, 3), np.uint8)


def card(model_id: str, **extra: Any) -> ModelCard:
    return ModelCard(
        model_id=model_id,
        title=model_id,
        summary="For tests.",
        report=None,
        network="test",
        spec={"side": 32},
        training={"epochs": 2},
        data="noise",
        data_licence="none",
        epochs_trained=1,
        epochs_asked=2,
        device="CPU",
        seconds=1.0,
        figures={},
        extra=extra,
    )


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Models and results in a place of their own: a tiny generator, a tiny leaf classifier, a model of another kind."""
    from core.generators.leaf_classifier import build_leaf_classifier
    from core.generators.networks import build_decoder

    monkeypatch.setattr(paths, "MODELS", tmp_path / "models")
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "results")
    monkeypatch.setenv("LATENT_OCLOCK_CACHE", str(tmp_path / "cache"))
    decoder, rng = build_decoder(SMALL), np.random.default_rng(0)
    for variable in decoder.trainable_variables:  # frames that differ: equal ones become one in a file
        variable.assign(rng.normal(0, 0.5, variable.shape))
    save_trained(decoder, card("gan-tiny", task="generator", kind="gan", side=32, latent=3, data="plant-leaves"), None)
    classifier = build_leaf_classifier(LeafClassifierSpec(classes=5, stem=4, widths=(6,), features=6))
    save_trained(classifier, card("leaf-classifier", task="leaf-classes", side=64), None)
    evaluation._reference.cache_clear()
    yield tmp_path
    evaluation._reference.cache_clear()


def test_walk_evaluate_and_what_is_no_generator(house, monkeypatch, capsys):
    """One test, because loading models takes most of the time."""
    for name, frames, size in (("a.webp", 7, (32, 32)), ("b.gif", 7, (32, 32)), ("c.png", 1, (3 * 32, 3 * 32))):
        file = house / "out" / name
        assert main(["walk", "gan-tiny", "--from", "1", "--to", "2", "--frames", "7", "--out", str(file)]) == 0
        with Image.open(file) as image:
            assert (getattr(image, "n_frames", 1), image.size) == (frames, size)
    assert main(["walk", "gan-tiny", "--from", "1", "--to", "2", "--out", str(house / "walk.txt")]) == 2
    assert main(["walk", "leaf-classifier", "--from", "1", "--to", "2", "--out", str(house / "w.webp")]) == 2
    assert main(["walk", "gan-nothing", "--from", "1", "--to", "2", "--out", str(house / "w.webp")]) == 2
    assert main(["walk", "../gan", "--from", "1", "--to", "2", "--out", str(house / "w.webp")]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 4
    assert ".webp, .gif, .png" in errors[0]
    assert "no latent space" in errors[1]
    assert "gan-tiny" in errors[2]  # what is stored

    monkeypatch.setattr(evaluation, "sized_parts", lambda name, side: (IMAGES[:20], IMAGES[:0], IMAGES[20:]))
    monkeypatch.setattr(evaluation, "inception_or_none", lambda: lambda pictures: pictures.mean((1, 2)))
    assert main(["evaluate", "generators"]) == 0
    with (house / "results" / evaluation.QUALITY_TABLE).open() as file:
        rows = list(csv.DictReader(file))
    assert [row["model"] for row in rows] == ["held-out pictures", "gan-tiny"]
    assert rows[1]["features"] == "leaf-classifier features"
    assert float(rows[1]["sharpness"]) > 0
    assert float(rows[1]["frechet_distance"]) > 0
    assert rows[1]["reconstruction_rmse"] == ""
    assert float(rows[1]["inception_frechet_distance"]) > 0
    stored = registry.load_card("gan-tiny").figures
    assert stored["nearest_pixels"] == pytest.approx(float(rows[1]["nearest_pixels"]))
    with Image.open(house / "results" / "generator_samples_gan-tiny.webp") as image:
        assert image.size == (8 * 32, 8 * 32)
    near = read_table(house / "results", evaluation.NEAREST_TABLE)
    assert [row["nearest_in"] for row in near] == ["pixels"] * 8 + ["features"] * 8
    assert {int(row["picture"]) for row in near} <= set(range(20))
    generator = load_generator("gan-tiny")
    made = evaluation.samples(generator, 8)
    drawn = evaluation.nearest_sheet(generator, IMAGES[:20], near)
    assert drawn.shape == (3 * 32, 8 * 32, 3)
    for sample in range(8):  # by another way: whichever picture or mirror image is nearest to a sample stands below it
        both = np.concatenate([IMAGES[:20], IMAGES[:20, :, ::-1]])
        apart = np.square(both.astype(float) - made[sample]).sum((1, 2, 3))
        np.testing.assert_array_equal(drawn[32:64, 32 * sample : 32 * sample + 32], both[apart.argmin()])
    with pytest.raises(ValueError, match="evaluate generators"):
        evaluation.nearest_sheet(generator, IMAGES[:1], [{**row, "picture": "7"} for row in near])
    assert not list((house / "results").glob("*nearest*.webp"))  # pictures of the data stay where the data lie


def test_train_from_a_folder_of_ones_own(house, monkeypatch, capsys):
    folder = house / "My pictures \udce9"  # é in Latin-1, which is no UTF-8
    folder.mkdir()
    for index in range(24):
        Image.fromarray(IMAGES[index]).save(folder / f"{index:02d}.png")
    (folder / "broken \udce9.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    game = AdversarialSpec("hinge")
    network = replace(SMALL, filters=1)
    monkeypatch.setattr(own, "SPECS", {"vae": VaeSpec(network), "gan": GanSpec(network, game)})
    monkeypatch.setattr(own, "EPOCHS", (1, 5))
    monkeypatch.setattr(own, "PICTURES", {"vae": 22, "gan": 22})
    assert main(["train", "vae", "--data", str(folder)]) == 0
    assert main(["train", "gan", "--data", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "left out: broken \\udce9.png" in printed
    for kind in ("vae", "gan"):
        generator = load_generator(f"{kind}-my-pictures")
        assert generator.card.figures["sharpness_held_out"] > 0
        assert generator.card.title == f"{kind.upper()} of My pictures \\udce9"
        assert generator.decode(np.zeros((2, 3))).shape == (2, 32, 32, 3)
        assert load_snapshots(f"{kind}-my-pictures")[0] == [1]
    for model_id, told, said in (
        ("gan-my-pictures", {"kind": "vae"}, "is 'vae', but the model has no encoder and decoder; write 'gan'"),
        ("gan-my-pictures", {"latent": 4}, r"a gan with 4 latent numbers .* it takes \(3,\) and gives \(32, 32, 3\)"),
        ("vae-my-pictures", {"side": 64}, "a vae with 3 latent numbers and pictures of 64 pixels, but the model is none"),
    ):
        true = registry.load_card(model_id).extra
        registry.update_card(model_id, extra=told)
        with pytest.raises(registry.RegistryError, match=said):
            load_generator(model_id)
        registry.update_card(model_id, extra=true)
        assert load_generator(model_id).card.extra == true


def test_every_frame_of_a_walk_is_in_its_webp():
    """WebP's encoder takes frames that look alike at a quality for one; these differ by a level in some pixels."""
    rng = np.random.default_rng(1)
    frames = np.repeat(IMAGES[:1], 30, axis=0)
    for index in range(30):
        frames[index, index : index + 2, :4] ^= rng.integers(1, 3, (2, 4, 3), np.uint8)
    for suffix in (".webp", ".gif"):
        with Image.open(io.BytesIO(walks.packed(frames, suffix))) as image:
            assert image.n_frames == 30, suffix
    with Image.open(io.BytesIO(walks.packed(np.repeat(IMAGES[:1], 4, axis=0), ".webp"))) as image:
        assert getattr(image, "n_frames", 1) == 1  # equal ones are one


def test_folders_whose_names_have_other_letters_are_two_models(tmp_path):
    for name in ("动漫", "树叶", "Blätter"):
        (tmp_path / name).mkdir()
        for index in range(20):
            Image.fromarray(IMAGES[index]).save(tmp_path / name / f"{index}.png")
    first, second, third = (own.own_recipe("vae", tmp_path / name).model_id for name in ("动漫", "树叶", "Blätter"))
    assert first != second
    assert first.startswith("vae-pictures-")
    assert third.startswith("vae-bl-tter-")


def test_folders_whose_names_part_at_a_dot_are_two_models(tmp_path):
    for name in ("photos.2023", "photos.2024"):
        (tmp_path / name).mkdir()
        for index in range(20):
            Image.fromarray(IMAGES[index]).save(tmp_path / name / f"{index}.png")
    found = [own.own_recipe("vae", tmp_path / name) for name in ("photos.2023", "photos.2024")]
    assert [one.model_id for one in found] == ["vae-photos-2023", "vae-photos-2024"]
    assert found[0].title == "VAE of photos.2023"


def test_a_folder_called_as_a_model_of_the_app_takes_no_place_of_it(tmp_path):
    for name in ("faces", "leaves-32"):
        (tmp_path / name).mkdir()
        for index in range(20):
            Image.fromarray(IMAGES[index]).save(tmp_path / name / f"{index}.png")
    found = [own.own_recipe(*told).model_id for told in (("vae", tmp_path / "faces"), ("gan", tmp_path / "leaves-32"))]
    assert found == ["vae-faces-own", "gan-leaves-32"]  # there is a vae-leaves-32, and no gan of that name
    assert own.own_recipe("vae", tmp_path / "leaves-32").model_id == "vae-leaves-32-own"


def test_too_few_pictures_and_wrong_names_are_told_in_a_sentence(tmp_path, capsys):
    for index in range(10):
        Image.fromarray(IMAGES[index]).save(tmp_path / f"{index}.png")
    assert main(["train", "vae", "--data", str(tmp_path)]) == 2
    assert main(["train", "vae", "--data", str(tmp_path / "nowhere")]) == 2
    assert main(["train", "reader", "--data", str(tmp_path)]) == 2
    assert main(["train", "--all", "--data", str(tmp_path)]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 4
    assert "at least 20" in errors[0]
    assert "vae or gan" in errors[2]


# --- recipes ---------------------------------------------------------------------------------------------------------


def test_there_is_a_recipe_for_every_generator_of_the_reports_and_ours():
    found = {recipe.model_id: recipe for recipe in recipes()}
    named = "vae-leaves-32 vae-leaves-64 vae-leaves-128 gan-leaves vae-faces gan-faces gan-leaves-best gan-faces-best"
    assert set(found) == {"leaf-classifier", "vae-faces-best", *named.split()}
    for latent in (32, 64, 128):
        recipe = found[f"vae-leaves-{latent}"]
        assert (recipe.spec.network.latent, recipe.spec.network.side, recipe.training.epochs) == (latent, 32, 50)
        assert recipe.report == "2023"
    gan = found["gan-leaves"]
    assert (gan.spec.network.latent, gan.spec.network.filters, gan.training.epochs) == (256, 128, 50)
    sides = {name: recipe.spec.network.side for name, recipe in found.items() if name != "leaf-classifier"}
    assert {name for name, side in sides.items() if side == 64} == {name for name in sides if "faces" in name or "best" in name}
    assert found["leaf-classifier"].spec.classes == 35
    for recipe in found.values():
        assert recipe.data_licence


# --- samples by epoch ------------------------------------------------------------------------------------------------


def test_epochs_of_snapshots_are_evenly_spread_over_powers_of_ten():
    assert [epoch for epoch in range(1, 600) if is_snapshot_epoch(epoch)] == [1, 2, 5, 10, 20, 50, 100, 200, 500]


@pytest.mark.parametrize("damage", ["empty", "cut", "another byte"])
def test_damaged_snapshots_are_done_without(tmp_path, damage):
    def rows(value: int) -> np.ndarray:
        return np.full((2, 8, 8, 3), value, np.uint8)

    Snapshots(rows, tmp_path).note(10, 1)
    path = tmp_path / "samples.npz"
    whole = path.read_bytes()
    first = 30 + len("epochs.npy") + 20  # of the packed epochs: numpy writes a head for sizes beyond 4 GB, 20 bytes
    spoilt = whole[:first] + b"\xff" + whole[first + 1 :]  # names no kind of block
    path.write_bytes({"empty": b"", "cut": whole[: len(whole) // 2], "another byte": spoilt}[damage])
    again = Snapshots(rows, tmp_path)
    again.note(20, 2)
    assert again.sheet(20, 2)[1] == [2]
    assert Snapshots(rows, tmp_path).sheet(20, 3)[1] == [2, 3]


def test_snapshots_outlive_the_process_and_a_new_beginning_drops_later_ones(tmp_path):
    def rows(value: int) -> np.ndarray:
        return np.full((2, 8, 8, 3), value, np.uint8)

    first = Snapshots(rows, tmp_path)
    for epoch in (1, 2, 3, 5):
        first.note(10 * epoch, epoch)
    second = Snapshots(rows, tmp_path)
    content, epochs = second.sheet(70, 7)
    assert epochs == [1, 2, 5, 7]
    (tmp_path / "samples.webp").write_bytes(content)
    sheet = load_sheet(tmp_path / "samples.webp", 4)
    np.testing.assert_allclose(sheet.mean((1, 2, 3, 4)), [10, 20, 50, 70], atol=2)
    second.note(11, 1)
    assert Snapshots(rows, tmp_path).sheet(22, 2)[1] == [1, 2]
    with pytest.raises(ValueError, match="no"):
        load_sheet(tmp_path / "samples.webp", 5)
