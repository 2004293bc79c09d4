"""The tables of ``evaluate clocks``, from a model whose answers are known and a benchmark of four pictures."""

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core import registry
from core.catalogue import all_recipes
from core.clocks import evaluation
from core.clocks.benchmark import Benchmark
from core.clocks.photographs import PictureSet
from core.tables import write_table

WILD = {"model": "classical", "set": "wild"}
GONE = {"model": "a model that is no more", "set": "photographs"}


class Stopped:
    """A 24-class network that answers 10:00-10:29, whatever it sees."""

    def __init__(self) -> None:
        self.card: Any = SimpleNamespace(
            model_id="report22-classes-24",
            report="2022",
            epochs_trained=1,
            epochs_asked=100,
            seconds=12.4,
            device="CPU",
            parameters=7,
            figures={},
            data="report benchmark, seed 2023: 14,400 rendered pictures; validated on 720 drawn from another seed",
            sha256="x",
            extra={"task": "clock", "side": 150, "gamma": 1.0, "form": "classes-24"},
        )

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        return np.tile(np.eye(24, dtype=np.float32)[20], (len(batch), 1))


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, dict[str, Any]]:
    model, stored = Stopped(), {}
    images = np.zeros((4, 150, 150), np.uint8)
    minutes = np.array([0, 600, 614, 660])
    tiny = Benchmark(images, minutes, np.zeros((4, 15, 2), np.float32), np.array([0]), np.array([1, 2, 3]))
    monkeypatch.setattr(evaluation, "report_benchmark", lambda progress=None: tiny)
    monkeypatch.setattr(registry, "list_cards", lambda folder=None: [model.card])
    monkeypatch.setattr(registry, "load_trained", lambda model_id, folder=None: model)
    monkeypatch.setattr(evaluation, "picture_sets", list)
    monkeypatch.setattr(evaluation, "wild_set", lambda held_out=False: PictureSet(f"set {held_out}", [], np.array([]), ()))
    monkeypatch.setattr(
        evaluation,
        "evaluate_sets",
        lambda readers, sets, classical: ([{**WILD, "readers": len(readers), "sets": len(sets)}], [{**WILD, "right": 0.5}]),
    )
    monkeypatch.setattr(evaluation, "turned_pictures", lambda: (images[:2], np.array([615, 254])))
    curve = [{"epoch": 1.0, "loss": 3.2, "val_loss": 3.1, "seconds": 12.4, "learning_rate": 0.001}]
    monkeypatch.setattr(registry, "load_history", lambda model_id, folder=None: curve)
    monkeypatch.setattr(registry, "update_card", lambda model_id, folder, **more: stored.update(more))
    monkeypatch.setenv("LATENT_OCLOCK_DATA", str(tmp_path))
    originals = tmp_path / evaluation.EXAMPLES
    originals.mkdir()
    Image.new("L", (150, 150)).save(originals / "10_40.png")
    Image.new("L", (150, 150)).save(originals / "00_00_tones_stretched_1.png")
    results = tmp_path / "results"
    for name in (evaluation.SETS, evaluation.RELIABILITY):  # as it was measured where there were photographs
        earlier = [{"model": "classical", "set": "photographs", "right": 0.4}, {**WILD, "right": 0.3}, {**GONE, "right": 0.2}]
        write_table(results, name, earlier)
    evaluation.evaluate(results=results)
    return tmp_path / "results", stored


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_one_row_a_model_with_the_published_figure_beside_ours(measured: tuple[Path, dict[str, Any]]) -> None:
    folder, stored = measured
    [row] = table(folder / "clocks.csv")
    # It reads 10:14.5 = 614.5 for 600, 614 and 660: errors of 14.5, 0.5 and 45.5 minutes; two of three classes are right.
    assert row["model"] == "report22-classes-24"
    assert (row["measure"], float(row["published"])) == ("accuracy", 0.9088)
    assert float(row["ours"]) == pytest.approx(2 / 3, abs=1e-4)
    assert float(row["mean_minutes"]) == pytest.approx(60.5 / 3, abs=1e-3)
    assert float(row["mean_minutes_any_turn"]) == 180.0  # 0.5 minutes beside 10:15, 359.5 beside 4:14
    assert float(row["over_30_minutes"]) == pytest.approx(1 / 3, abs=1e-4)
    assert (row["epochs_trained"], row["epochs_asked"], row["training_seconds"]) == ("1", "100", "12")
    assert row["training_pictures"] == "14400"
    assert stored["figures"]["accuracy"] == pytest.approx(2 / 3)
    assert stored["sha256"] == "x"


def test_one_row_a_test_picture(measured: tuple[Path, dict[str, Any]]) -> None:
    rows = table(measured[0] / "clocks_readings.csv")
    assert [(row["true"], row["report22-classes-24"]) for row in rows] == [(t, "614.50") for t in ("600", "614", "660")]


def test_errors_by_true_hour_and_by_true_minute(measured: tuple[Path, dict[str, Any]]) -> None:
    rows = table(measured[0] / "clocks_by_time.csv")
    # 600 and 614 lie in hour 10 (14.5 and 0.5 minutes off), 660 is 11:00 (45.5 off); two of them show minute 0, one 14.
    found = {(row["true"], row["value"]): float(row["report22-classes-24"]) for row in rows}
    assert found == {("hour", "10"): 7.5, ("hour", "11"): 45.5, ("minute", "0"): 30.0, ("minute", "14"): 0.5}


def test_errors_by_time_go_the_shorter_way_round() -> None:
    rows = evaluation.errors_by_time(np.array([719]), {"one": np.array([1.0])})
    assert rows == [{"true": "hour", "value": 11, "one": 2.0}, {"true": "minute", "value": 59, "one": 2.0}]


def test_learning_curves_a_row_an_epoch(measured: tuple[Path, dict[str, Any]]) -> None:
    [row] = table(measured[0] / "clocks_curves.csv")
    losses = {"loss": "3.2", "val_loss": "3.1", "seconds": "12.4", "learning_rate": "0.001"}
    assert row == {"model": "report22-classes-24", "epoch": "1", **losses}


def test_learning_curves_keep_every_measure_of_every_model(monkeypatch: pytest.MonkeyPatch) -> None:
    histories = {
        "a": [{"epoch": 1.0, "loss": 4.0, "accuracy": 0.123456}, {"epoch": 2.0, "loss": 2.0, "val_accuracy": 0.5}],
        "b": [{"epoch": 1.0, "hour_loss": 1.0, "loss": 3.0}],
        "c": [],
    }
    monkeypatch.setattr(registry, "load_history", lambda model_id, folder=None: histories[model_id])
    names = ["model", "epoch", "loss", "accuracy", "val_accuracy", "hour_loss"]
    expected = [("a", 1, "4", "0.12346", "", ""), ("a", 2, "2", "", "0.5", ""), ("b", 1, "3", "", "", "1")]
    rows = evaluation.learning_curves(list(histories))
    assert [list(row) for row in rows] == [names] * 3
    assert [tuple(row.values()) for row in rows] == expected


def test_a_model_has_one_headline_at_most_and_it_is_a_number() -> None:
    headlines = [row for row in evaluation.published_figures() if row["headline"]]
    assert {row["headline"] for row in headlines} == {"yes"}
    assert len({row["model"] for row in headlines}) == len(headlines) == 9
    assert all(float(row["published"]) > 0 for row in headlines)


def test_one_model_is_measured_again_and_the_others_rows_stay(
    measured: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, stored = measured
    tables = ("clocks.csv", "clocks_readings.csv", "clock_examples.csv", "clock_photographs.csv")
    before = {name: table(folder / name) for name in tables}
    [report_card] = registry.list_cards()
    report_card.figures = stored["figures"]
    ours = Stopped()
    ours.card = SimpleNamespace(**{**vars(report_card), "model_id": "ours", "report": None, "figures": {}})
    monkeypatch.setattr(registry, "list_cards", lambda folder=None: [ours.card, report_card])
    monkeypatch.setattr(registry, "load_trained", lambda model_id, folder=None: {"ours": ours}[model_id])
    row = {"model": "ours", "set": "wild"}
    monkeypatch.setattr(
        evaluation, "evaluate_sets", lambda readers, sets, classical: ([{**row, "sets": 2}], [{**row, "right": 1.0}] * 2)
    )
    evaluation.evaluate(results=folder, model_ids=["ours"])
    assert [row["model"] for row in table(folder / "clocks.csv")] == ["ours", "report22-classes-24"]
    assert table(folder / "clocks.csv")[1] == before["clocks.csv"][0]
    assert table(folder / "clocks_readings.csv")[0] == {"true": "600", "ours": "614.50", "report22-classes-24": "614.50"}
    columns = ["file", "true", "report22-classes-24", "ours"]
    assert [list(row) for row in table(folder / "clock_examples.csv")] == [columns] * len(before["clock_examples.csv"])
    found = [(row["model"], row["set"]) for row in table(folder / "clock_photographs.csv")]
    assert found == [("ours", "wild"), ("classical", "wild"), ("classical", "photographs")]
    assert [row["model"] for row in table(folder / "reliability.csv")] == ["ours", "ours", "classical", "classical"]
    assert {(row["value"], row["ours"]) for row in table(folder / "clocks_by_time.csv")} >= {("10", "7.5")}


def test_an_unknown_model_is_refused(measured: tuple[Path, dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="nosuch: no such clock model is stored; there are report22-classes-24"):
        evaluation.evaluate(results=measured[0], model_ids=["nosuch"])


def test_our_own_readers_are_measured_on_other_sets_too(measured: tuple[Path, dict[str, Any]]) -> None:
    # The stored model follows a report: nobody but the reader without learning reads the two wild sets.
    row, _ = table(measured[0] / "clock_photographs.csv")
    assert row == {**WILD, "readers": "0", "sets": "2", "training_pictures": "0"}


def test_sets_that_are_not_here_keep_what_was_measured(measured: tuple[Path, dict[str, Any]]) -> None:
    _, kept = table(measured[0] / "clock_photographs.csv")
    assert kept == {"model": "classical", "set": "photographs", "readers": "", "sets": "", "training_pictures": "0"}
    assert table(measured[0] / "reliability.csv") == [
        {**WILD, "right": "0.5"},
        {"model": "classical", "set": "photographs", "right": "0.4"},
    ]


@pytest.mark.parametrize(
    ("data", "pictures"),
    [
        ("report benchmark, seed 2023: 14,400 rendered pictures, varied; validated on 720 drawn", 14_400),
        ("20,000 new pictures an epoch (of 64 pixels up to epoch 60): 65 % wild renderings", 60_000),
        ("the reports' clock: 14,400 pictures of seed 2023", 14_400),
        ("pictures of one's own", ""),
    ],
)
def test_how_many_pictures_a_model_learned_from(data: str, pictures: int | str) -> None:
    assert evaluation.training_pictures(SimpleNamespace(data=data, epochs_trained=3)) == pictures  # type: ignore[arg-type]


def test_every_recipe_says_how_many_pictures_it_takes() -> None:
    for recipe in all_recipes().values():
        if recipe.extra.get("task") == "clock":
            card: Any = SimpleNamespace(data=recipe.data_name, epochs_trained=recipe.training.epochs)
            fresh = {"reader-small": 20_000, "reader": 250_000}.get(recipe.model_id)
            asked = 14_400 if fresh is None else fresh * recipe.training.epochs
            assert evaluation.training_pictures(card) == asked


def test_pictures_come_at_the_side_and_gamma_of_a_model() -> None:
    picture = np.full((2, 4, 4), 128, np.uint8)
    assert evaluation.unit_pictures(picture, {}).shape == (2, 4, 4, 1)
    small = evaluation.unit_pictures(picture, {"side": 2, "gamma": 2.0})
    assert small.shape == (2, 2, 2, 1)
    assert small[0, 0, 0, 0] == pytest.approx((128 / 255) ** 2, abs=1 / 255)


def test_the_original_pictures_are_read_where_they_lie(measured: tuple[Path, dict[str, Any]]) -> None:
    rows = table(measured[0] / "clock_examples.csv")
    assert [(row["file"], row["true"]) for row in rows] == [("00_00_tones_stretched_1.png", "0"), ("10_40.png", "640")]
    assert {row["report22-classes-24"] for row in rows} == {"614.50"}


def test_a_card_of_an_earlier_measurement_keeps_its_row() -> None:
    """2022's custom MSE of one picture at a time was not measured then."""
    ruler = dict.fromkeys(("mean_minutes", "median_minutes", "p95_minutes", "over_30_minutes", "mean_minutes_any_turn"), 1.0)
    figures = {
        **ruler,
        "within_1_minute": 0.5,
        "within_5_minutes": 0.5,
        "custom_mse_as_published": 2.0,
        "custom_mse_corrected": 1.5,
    }
    card = Stopped().card
    row = evaluation._row(card, figures, {})
    assert (row["custom_mse_as_published"], row["custom_mse_one_picture"], row["custom_mse_corrected"]) == (2.0, "", 1.5)


def test_readings_of_another_benchmark_are_not_kept(tmp_path: Path) -> None:
    write_table(tmp_path, evaluation.READINGS, [{"true": 5, "a": "4.50"}, {"true": 719, "a": "0.25"}])
    kept = evaluation._earlier_readings(tmp_path, np.array([5, 719]), ["a", "b"])
    assert {name: read.tolist() for name, read in kept.items()} == {"a": [4.5, 0.25]}
    assert evaluation._earlier_readings(tmp_path, np.array([5, 718]), ["a"]) == {}  # as many pictures, of other times
    assert evaluation._earlier_readings(tmp_path, np.array([5]), ["a"]) == {}
