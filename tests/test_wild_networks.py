"""Readers of photographs: what they answer, how big they are, how their recipes run."""

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import registry
from core.catalogue import all_recipes
from core.clocks import painted, reader_data
from core.clocks import recipes as clock_recipes
from core.clocks.benchmark import BENCHMARK_SEED, Benchmark, fingerprint
from core.clocks.evaluation import unit_pictures
from core.clocks.styles import REPORT
from core.clocks.wild_data import Mixture, WildData
from core.recipe_runs import run_recipe
from core.recipes import Recipe
from core.specs import ReaderSpec, TrainSpec

TINY = ReaderSpec(side=40, stem=4, widths=(6, 8), blocks=(1, 1), neck=3, hidden=8, readable=True)
MEBIBYTE = 2**20


def tiny_data(training: TrainSpec) -> WildData:
    """A few pictures of the reports' clock and, to have some that teach nothing, of none."""
    return WildData(Mixture(40, faces=0.0, report=0.4), 16, training, workers=0, valid_pictures=4)


def tiny_recipe(**changes: Any) -> Recipe:
    recipe = all_recipes()["reader-small"]
    training = replace(recipe.training, epochs=2, batch_size=8, warmup_epochs=0.5, restart_epochs=())
    options = {"data": tiny_data, "stages": (), "calibrate": partial(clock_recipes.calibrate_wild, count=6), **changes}
    return replace(recipe, spec=TINY, training=training, extra={**recipe.extra, "side": 40}, **options)


def test_the_readable_output_is_there_on_wish() -> None:
    from core.clocks.networks import build_reader

    with_it, without = build_reader(TINY), build_reader(replace(TINY, readable=False))
    assert set(with_it.output) - set(without.output) == {"readable"}
    assert with_it.output["readable"].shape == (None, 1)
    assert with_it.count_params() - without.count_params() == 8 + 1
    assert not ReaderSpec().readable


@pytest.mark.parametrize(("model_id", "side", "most_mebibytes"), [("reader-small", 128, 4), ("reader", 192, 14)])
def test_readers_fit_their_files(model_id: str, side: int, most_mebibytes: float) -> None:
    """Two bytes a weight, and a tenth more for all else in the file."""
    recipe = all_recipes()[model_id]
    network = recipe.build(recipe.spec)
    assert 2.2 * network.count_params() < most_mebibytes * MEBIBYTE
    assert network.input_shape == (None, side, side, 1)
    # Stage by stage half as high and wide: the maps are drawn three halvings below the picture.
    assert network.output["maps"].shape == (None, (side // 8) ** 2, 15)


def test_recipes_say_what_decoding_needs() -> None:
    for model_id in ("reader-small", "reader"):
        recipe = all_recipes()[model_id]
        assert recipe.extra == {"task": "clock", "side": recipe.spec.side, "readable": True}
        assert recipe.spec.readable
        assert recipe.quick().training.epochs >= 2


WITH_FACES = (
    "20,000 new pictures an epoch (of 64 pixels up to epoch 60, of 96 pixels up to epoch 115): 65 % wild renderings, 15 % of "
    "the reports' clock, 15 % painted faces, 5 % without a clock (from epoch 151 on 50 % wild renderings, 15 % of the reports' "
    "clock, 30 % painted faces, 5 % without a clock); painted faces are of clock_faces_train.zip; validated on 500 wild "
    "renderings of another seed and 500 other painted faces"
)
WITHOUT_FACES = (
    "20,000 new pictures an epoch (of 64 pixels up to epoch 60, of 96 pixels up to epoch 115): 80 % wild renderings, 15 % of "
    "the reports' clock, 5 % without a clock; no painted faces, since clock_faces_train.zip was not found; validated on 500 "
    "wild renderings of another seed"
)


@pytest.mark.parametrize(
    ("files", "version", "words"),
    [
        (("train", "valid"), "", WITH_FACES),
        ((), "without clock_faces_train.zip and clock_faces_valid.zip", WITHOUT_FACES),
        (("train",), "without clock_faces_valid.zip", WITH_FACES.removesuffix(" and 500 other painted faces")),
        (("valid",), "without clock_faces_train.zip", f"{WITHOUT_FACES} and 500 painted faces"),
    ],
)
def test_readers_of_photographs_say_which_faces_they_have(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: tuple[str, ...], version: str, words: str
) -> None:
    """The files are not opened, so that recipes can be asked for often: these hold nothing."""
    monkeypatch.setattr(painted.paths, "data_folders", lambda: [tmp_path / "none", tmp_path])
    for name in files:
        (tmp_path / f"clock_faces_{name}.zip").touch()
    recipe = all_recipes()["reader-small"]
    assert (recipe.data_version(), recipe.data_name) == (version, words)


def test_the_first_readers_recipe_is_what_it_was() -> None:
    recipe = all_recipes()["reader-report"]
    card = registry.load_card("reader-report")
    assert card.spec == {**asdict(recipe.spec), "widths": [32, 64, 128], "blocks": [1, 2, 1]}
    assert TrainSpec.from_json(card.training) == recipe.training
    assert card.data == recipe.data_name
    assert card.extra["data_version"] == recipe.data_version() == fingerprint(BENCHMARK_SEED, REPORT)
    assert recipe.build(recipe.spec).count_params() == card.parameters


def test_the_first_reader_learns_from_dials_turned_any_way(monkeypatch: pytest.MonkeyPatch) -> None:
    styles: list[Any] = []

    def drawn(seed: int = BENCHMARK_SEED, **options: Any) -> Any:
        styles.append(options["style"])
        pictures = np.zeros((1, 150, 150), np.uint8), np.array([5]), np.zeros((1, 15, 2), np.float32)
        return pictures if "a_minute" in options else Benchmark(*pictures, np.array([0]), np.array([0]))

    monkeypatch.setattr(reader_data, "draw", drawn)
    monkeypatch.setattr(clock_recipes, "report_benchmark", drawn)
    recipe = all_recipes()["reader-report"]
    assert recipe.data(recipe.training).size == 1
    assert styles == [REPORT, REPORT]  # to learn from, and to validate on


def test_a_recipe_runs(tmp_path: Path) -> None:
    """Two epochs: stored, calibrated and measured."""
    recipe = tiny_recipe(figures=lambda model: {"outputs": len(model(np.zeros((1, 40, 40, 1), np.float32)))})
    whole = run_recipe(recipe, folder=tmp_path)
    assert whole is not None
    assert (whole.epochs_trained, whole.extra["readable"], whole.figures) == (2, True, {"outputs": 5})
    assert 1 <= whole.extra["temperature"] <= 4
    assert 0.5 <= whole.extra["located_temperature"] <= 8
    history = registry.load_history(recipe.model_id, tmp_path)
    assert {"bins_loss", "val_readable_loss", "val_bins_minutes_apart"} <= set(history[1])
    answers = registry.load_trained(recipe.model_id, tmp_path)(np.zeros((2, 40, 40, 1), np.float32))
    assert {name: answer.shape for name, answer in answers.items()} == {
        "bins": (2, 720), "hands": (2, 4), "maps": (2, 100, 15), "points": (2, 30), "readable": (2, 1)
    }  # fmt: skip


def test_benchmark_pictures_are_scaled_to_the_readers_side() -> None:
    pictures = np.zeros((2, 160, 160), np.uint8)
    pictures[1, 80:] = 255
    scaled = unit_pictures(pictures, {"side": 40})
    assert scaled.shape == (2, 40, 40, 1)
    np.testing.assert_allclose(scaled[:, 19:21, 7, 0], [[0, 0], [0, 1]], atol=1e-6)


def test_the_likeliest_temperature_by_hand() -> None:
    """Two bins matter, logits 3 and 0, the first right three times in four: p = 3/4 where 3 / t = ln 3, t = 2.73."""
    logits = np.full((4, 720), -1e4)
    logits[:, 0], logits[:, 1] = 3, 0
    assert clock_recipes.likeliest_temperature(logits, np.array([0, 0, 1, 0])) == pytest.approx(3 / np.log(3), rel=0.02)
    assert clock_recipes.likeliest_temperature(logits, np.zeros(4, np.int64)) == 1  # never sharper than learned
