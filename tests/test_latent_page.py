"""The page 'Latent space' through Streamlit's own test runner, with models of one matrix each."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import toy_generators
from numpy.typing import NDArray
from PIL import Image
from streamlit.testing.v1 import AppTest

from core import paths
from core.generators import inversion, stored
from core.generators.stored import Generator
from core.registry import RegistryError
from core.sheets import encode
from core.tables import write_table
from pages.parts import latent_learning, latent_made, latent_map, latent_square, latent_tiles, latent_walk

pytestmark = pytest.mark.usefixtures("fresh_caches")

ROOT = Path(__file__).resolve().parent.parent
PAGE = "pages/latent_space.py"


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Three stored models, and a data set of sixty pictures of ten classes of leaves."""
    for place, name in ((paths, "MODELS"), (paths, "RESULTS"), (stored, "load_generator")):
        monkeypatch.setattr(place, name, getattr(place, name))  # put back what the toys replace
    for name in ("load_dataset", "is_available"):
        monkeypatch.setattr(latent_made, name, getattr(latent_made, name))
    toy_generators.store(tmp_path)
    return tmp_path


def start(view: str = "Walk", **params: str | list[str]) -> AppTest:
    running = AppTest.from_file(ROOT / "app.py", default_timeout=120).run()
    for name, value in {"view": view, **params}.items():
        running.query_params[name.replace("_", "-")] = value
    return running.switch_page(PAGE).run()


def html(running: AppTest) -> str:
    return "\n".join(part.proto.body for part in running.get("html") if "<style>" not in part.proto.body)


def sent(running: AppTest, name: str) -> list[dict]:
    """What the page hands to its components of that name."""
    found = [part.proto for part in running.get("bidi_component")]
    return [json.loads(proto.json) for proto in found if proto.component_name.endswith(f"latent_oclock_{name}")]


def charts(running: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in running.get("plotly_chart")]


# --- the page -------------------------------------------------------------------------------------------------------


def test_without_models_there_is_one_sentence_with_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(paths, "MODELS", tmp_path / "models")
    running = start()
    assert not running.exception
    assert "python -m core train vae-leaves-32 gan-leaves" in html(running)


def test_a_walk_shows_an_autoencoder_and_a_gan_under_one_slider(house: Path):
    running = start()
    assert not running.exception
    (walk,) = sent(running, "scrubber")
    assert [strip["title"] for strip in walk["strips"]] == ["Model vae-leaves-32", "Model gan-leaves"]
    assert (walk["frames"], walk["start"], walk["swing"]) == (latent_made.FRAMES, 0, True)
    assert len(walk["labels"]) == len(walk["values"]) == latent_made.FRAMES
    grids = sent(running, "latent_tiles")
    assert [(grid["count"], grid["across"]) for grid in grids] == [(25, 5), (25, 5)]
    names = [[trace["name"] for trace in chart["data"]] for chart in charts(running)]
    assert names == [["spherical", "straight"]] * 4  # norm and sharpness of each model
    assert {button.label for button in running.get("download_button")} == {"PNG", "GIF", "WebP", "Vectors, CSV"}


def test_a_link_restores_the_very_picture(house: Path):
    running = start(start="5", end="9", path="Straight", at="30", walkers=["gan-leaves"], pixels="true")
    assert not running.exception
    (walk,) = sent(running, "scrubber")
    assert (walk["start"], walk["pixels"], len(walk["strips"])) == (30, True, 1)
    first, last = (stored.load_generator("gan-leaves").decode(dice(seed, 7)) for seed in (5, 9))
    vectors, frames = latent_made.walk("gan-leaves", dice(5, 7)[0], dice(9, 7)[0], "linear")
    np.testing.assert_array_equal(frames[[0, -1]], np.concatenate([first, last]))
    assert walk["labels"][30].endswith(f"length {np.linalg.norm(vectors[30]):.2f}")


def dice(seed: int, size: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((1, size), np.float32)


HOSTILE = {
    "walkers": ["no-such-model", "../registry", "<script>alert(1)</script>"],
    "start": ["-1", "1e99", "abc"],
    "start-by": ["nowhere", "<b>"],
    "start-picture": ["99", "x"],
    "at": ["-1", "9999", "\u0663", "<b>"],
    "path": ["round"],
    "view": ["nowhere"],
}


def test_garbage_in_the_url_does_no_harm(house: Path):
    for turn in range(3):
        params = {name.replace("-", "_"): values[turn % len(values)] for name, values in HOSTILE.items() if name != "view"}
        running = start(HOSTILE["view"][0], **params)
        assert not running.exception, running.exception
        text = html(running)
        assert "There is no model" in text
        assert "<script" not in text
        assert sent(running, "scrubber")


def test_a_model_that_does_not_load_is_a_sentence_and_the_rest_works(house: Path, monkeypatch: pytest.MonkeyPatch):
    load = stored.load_generator

    def refuse(model_id: str, folder: Path | None = None) -> Generator:
        if model_id == "gan-leaves":
            raise RegistryError("gan-leaves/model.keras is not the file that its card describes; train it again")
        return load(model_id, folder)

    monkeypatch.setattr(stored, "load_generator", refuse)
    running = start()
    assert not running.exception
    assert "Gan-leaves/model.keras is not the file that its card describes; train it again." in html(running)
    assert len(sent(running, "scrubber")[0]["strips"]) == 1


def test_real_pictures_are_encoded_or_searched_for(house: Path, monkeypatch: pytest.MonkeyPatch):
    searched = []

    def invert(generator, pictures, *, steps, progress, **more):
        searched.append(generator.card.model_id)
        progress(1, steps)
        return np.zeros((1, generator.latent_size), np.float32), np.ones(1, np.float32)

    monkeypatch.setattr(inversion, "invert", invert)
    running = start(start_by="Real", start_picture="3")
    assert not running.exception
    text = html(running)
    assert "From, encoded by Model vae-leaves-32" in text
    assert "From, found by search by Model gan-leaves" in text
    running.toggle(key="pixels").set_value(True).run()
    assert searched == ["gan-leaves"]  # once


def upload(running: AppTest, name: str, data: bytes) -> AppTest:
    running.segmented_control(key="start-by").set_value("own").run()
    return running.file_uploader(key="start-file").set_value((name, data, "image/png")).run()


def test_a_dropped_picture_is_used_or_told_off_in_a_sentence(house: Path):
    running = start(walkers=["vae-leaves-32"])
    upload(running, "<b>flat.png", encode(np.full((40, 60, 3), 90, np.uint8), "PNG"))
    assert not running.exception
    assert "one colour throughout" in html(running)
    assert len(sent(running, "scrubber")) == 1
    upload(running, "text.png", b"hello")
    assert "not a PNG, JPEG, WebP or HEIC picture" in html(running)
    noise = np.random.default_rng(3).integers(0, 256, (50, 80, 3), np.uint8)
    text = html(upload(running, "<b>mine.png", encode(noise, "PNG")))
    assert "&lt;b&gt;mine.png. A dropped picture stays here" in text
    assert "From, encoded by Model vae-leaves-32" in text
    assert "<b>mine" not in text


def test_a_square_has_four_corners(house: Path):
    running = start("Four corners", walkers=["gan-leaves"])
    assert not running.exception
    (square,) = sent(running, "latent_tiles")
    assert (square["count"], square["across"]) == (25, 5)
    assert square["labels"][0] == "100 % top left"
    assert square["labels"][12] == "25 % top left, 25 % top right, 25 % bottom left, 25 % bottom right"


def test_the_desk_decodes_two_pictures_when_a_slider_moves(house: Path, monkeypatch: pytest.MonkeyPatch):
    running = start("Mixing desk", walkers=["vae-leaves-32"])
    assert not running.exception
    labels = {slider.label for slider in running.slider}
    assert {f"Direction {index}" for index in range(1, 6)} | {"Truncation", "Healthy to diseased"} <= labels
    keys = [slider.key for slider in running.slider]
    assert keys.index("n1") < keys.index("d1") < keys.index("psi")  # what has a name first
    counts: list[int] = []
    decode = Generator.decode
    monkeypatch.setattr(Generator, "decode", lambda self, vectors: counts.append(len(vectors)) or decode(self, vectors))
    running.slider(key="d1").set_value(2.0).run()
    assert counts == [2]
    next(button for button in running.button if button.label == "Reset").click().run()
    assert running.slider(key="d1").value == 0.0


def test_the_desk_without_data_says_so_and_finds_directions_in_what_the_model_makes(house: Path, monkeypatch):
    monkeypatch.setattr(latent_made, "is_available", lambda name: False)
    running = start("Mixing desk", walkers=["vae-leaves-32"])
    assert not running.exception
    assert "Plant leaves are not on this machine." in html(running)
    assert running.slider(key="d5")


def test_the_map_holds_every_picture_and_decodes_where_one_clicks(house: Path):
    running = start("Map", spot="1.5,-2")
    assert not running.exception
    (found,) = sent(running, "latent_map")
    assert (len(found["points"]), found["spot"], found["groups"]) == (60, [1.5, -2.0], ["healthy", "diseased"])
    text = html(running)
    assert "1.5 across, \N{MINUS SIGN}2.0 up" in text
    assert "A picture that would cover another is drawn as a dot: filled if healthy, a ring if diseased." in text


def test_one_name_of_a_model_is_short_enough_for_the_chooser_and_stands_everywhere(house: Path):
    card = paths.MODELS / "vae-leaves-32" / "card.json"
    told = json.loads(card.read_text())
    long = "VAE of leaves, 32 latent numbers (2023)"
    card.write_text(json.dumps({**told, "title": long, "report": "2023"}))
    running = start("Map", walkers=[long])  # as a link had it that names a title
    assert not running.exception
    assert "There is no model" not in html(running)
    assert running.session_state["walkers"] == ["vae-leaves-32"]
    assert "VAE-32 of leaves (2023)" in running.multiselect(key="walkers").options
    assert "VAE-32 of leaves (2023)" in running.selectbox(key="map").options


def test_how_good_they_are_is_grouped_by_pictures_with_the_held_out_ones_first():
    """Whatever the order in the table, and even where a model's pictures are nearer than the held-out ones."""
    table = [
        ("gan-faces", "anime-faces", "64", "141.5"),
        ("held-out pictures", "anime-faces", "64", "1.8"),
        ("held-out pictures", "plant-leaves", "128", "2.6"),
        ("gan-leaves", "plant-leaves", "32", "1.2"),
        ("vae-leaves-32", "plant-leaves", "32", ""),
        ("vae-leaves-64", "plant-leaves", "32", "0.7"),
        ("held-out pictures", "plant-leaves", "32", "1.6"),
    ]
    rows = [dict(zip(("model", "data", "side", "frechet_distance"), row, strict=True)) for row in table]
    groups = latent_learning.by_pictures(rows)
    assert list(groups) == [("plant-leaves", "32"), ("plant-leaves", "128"), ("anime-faces", "64")]
    first = [row["model"] for row in groups["plant-leaves", "32"]]
    assert first == ["held-out pictures", "vae-leaves-64", "gan-leaves", "vae-leaves-32"]
    assert groups["anime-faces", "64"][0]["model"] == "held-out pictures"


def test_errors_about_the_same_at_every_length_are_told_so_and_others_are_not():
    told = latent_learning.alike_words({128: 0.098, 32: 0.097, 64: 0.096})  # 2 % between the least and the most
    assert told.startswith("With 32, 64 or 128 numbers the error is about the same")
    assert latent_learning.alike_words({32: 0.12, 128: 0.09}) == ""
    assert latent_learning.alike_words({32: 0.1}) == ""


def test_how_they_learned_shows_every_part_and_what_is_lacking(house: Path):
    row = {"model": "gan-leaves", "data": "plant-leaves", "side": 32, "frechet_distance": 12.5, "confident_share": 0.25}
    write_table(paths.RESULTS, "generator_quality.csv", [{**row, "kernel_distance_thousandths": -52.0971}])
    running = start("How they learned")
    assert not running.exception
    text = html(running)
    assert "python -m core train vae-leaves-128" in text
    assert "12.5" in text
    assert "25.0 %" in text
    assert "\N{MINUS SIGN}0.0521" in text
    assert "can so be below 0" in text
    assert "In adversarial training two networks learn against each other" in text
    assert len(charts(running)) == 4  # losses of each, and what the discriminator knows
    rows = [part["rows"] for part in sent(running, "latent_tiles")]
    assert rows[0][0] == "given"
    assert rows[1] == ["5 numbers, 2 of 50 epochs", "", "6 numbers, 2 of 50 epochs", ""]
    assert rows[2] == ["epoch 1", "epoch 2"]


# --- its parts ------------------------------------------------------------------------------------------------------


def test_files_to_take_away_hold_every_frame():
    frames = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), np.uint8)
    for suffix in (".gif", ".webp"):
        with Image.open(io.BytesIO(latent_walk.file_of(frames, suffix))) as image:
            assert (image.n_frames, image.size) == (9, (128, 128))
    with Image.open(io.BytesIO(latent_walk.file_of(frames, ".png"))) as image:
        whole = np.asarray(image)
    assert whole.shape == (384, 384, 3)
    np.testing.assert_array_equal(whole[128:256:4, :128:4], frames[3])  # three in a row
    rows = list(csv.reader(io.StringIO(latent_walk.vectors_csv(np.array([[1, 2], [3, 4.5]], np.float32)))))
    assert rows == [["frame", "share", "z1", "z2"], ["0", "0.00000", "1", "2"], ["1", "1.00000", "3", "4.5"]]


@pytest.mark.parametrize(
    ("spot", "place"),
    [
        ("1,-2.5", (1.0, -2.5)),
        ([0.5, 9], (0.5, 3.0)),
        ("nan,1", None),
        ("1", None),
        ("1,2,3", None),
        ([True, None], None),
        (None, None),
        ("9" * 99 + ",1", None),
    ],
)
def test_a_place_on_the_map_is_two_finite_numbers(spot: object, place: object):
    assert latent_map.in_map(spot) == place


def test_shares_of_the_corners_sum_to_one():
    for words in latent_square.labels(5):
        assert sum(int(part.split(" %")[0]) for part in words.split(", ")) == pytest.approx(100, abs=2)


def test_the_middle_square_of_a_picture_is_taken():
    picture = np.zeros((20, 40, 3), np.uint8)
    picture[:, 10:30] = 200
    picture[5:15, 15:25] = 60
    square = latent_made.squared("wide", encode(picture, "PNG"), 20)
    np.testing.assert_array_equal(square, picture[:, 10:30])
    with pytest.raises(latent_made.NoContentError):
        latent_made.squared("flat", encode(np.full((9, 9, 3), 7, np.uint8), "PNG"), 20)


def test_tiles_need_a_label_each():
    with pytest.raises(ValueError, match="one a picture, 2; got 1"):
        latent_tiles.show(np.zeros((2, 8, 8, 3), np.uint8), across=2, labels=["a"], name="", key="x")
