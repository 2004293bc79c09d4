"""Where models and studies stand, from cards and tables whose numbers are known."""

import time
from types import SimpleNamespace

import numpy as np
import pytest
from stored_studies import store

from core import first_steps, registry, status
from core.__main__ import main
from core.recipes import Recipe, as_stored
from core.specs import ReportNetSpec, TrainSpec
from core.studies import STUDIES

SPEC = ReportNetSpec("2022", "classes-24")


def card(name, done, asked, seconds, figures, version=""):
    return SimpleNamespace(
        model_id=name,
        epochs_trained=done,
        epochs_asked=asked,
        seconds=seconds,
        device="CPU (2 cores)",
        figures=figures,
        extra={"data_version": version} if version else {},
        spec=as_stored(SPEC),
    )


@pytest.fixture
def cards(monkeypatch):
    """Three models of which one is not begun; the second is report22-classes-24, whose accuracy is printed as 0.9088."""
    stored = {
        "reader-report": card("reader-report", 50, 50, 100.0, {"mean_minutes": 0.314, "median_minutes": 0.2}),
        "report22-classes-24": card("report22-classes-24", 2, 100, 110.0, {"accuracy": 0.0425, "mean_minutes": 179.0}),
        "gan-leaves": card("gan-leaves", 5, 50, 60.0, {}, version="old"),
    }
    recipes = {
        name: SimpleNamespace(
            model_id=name,
            training=SimpleNamespace(epochs=asked),
            data_version=lambda: "",
            all_stages=lambda: [SimpleNamespace(spec=SPEC)],
        )
        for name, asked in (("reader-report", 50), ("report22-classes-24", 100), ("gan-leaves", 50), ("reader", 280))
    }

    def load_card(name, folder=None):
        if name not in stored:
            raise registry.RegistryError(f"no {name}")
        return stored[name]

    monkeypatch.setattr(status, "all_recipes", lambda: recipes)

    def no_history(name, folder=None):
        raise registry.RegistryError(f"no history of {name}")

    monkeypatch.setattr(registry, "load_card", load_card)
    monkeypatch.setattr(registry, "load_history", no_history)


def test_a_row_a_model_with_what_is_left_at_the_same_pace(cards, tmp_path):
    found = {row["name"]: row for row in status.status(results=tmp_path)}
    whole = found["reader-report"]
    assert (whole["done"], whole["figure"], whole["left"]) == ("50 of 50 epochs", "0.31 min mean error", "")
    begun = found["report22-classes-24"]
    assert (begun["figure"], begun["published"]) == ("accuracy 0.0425", "accuracy 0.9088")
    assert begun["left"] == "about 90 min"  # 55 seconds an epoch, 98 epochs: 5,390 s
    assert begun["device"] == "CPU (2 cores)"
    assert found["reader"]["left"] == "not begun"
    again = found["gan-leaves"]["left"]  # 12 seconds an epoch, 50 epochs
    assert again == "about 10 min from the start: the 5 epochs stored are of other data or another network"


def test_a_classifier_is_told_by_its_test_accuracy(cards, monkeypatch, tmp_path):
    leaves = card("leaf-classifier", 60, 60, 100.0, {"accuracy": 0.97561, "accuracy_of_confident": 0.99})
    monkeypatch.setattr(registry, "load_card", lambda *_: leaves)
    [row] = [row for row in status.status(results=tmp_path) if row["name"] == "reader-report"]
    assert row["figure"] == "97.56 % of test pictures right"


def test_what_is_left_goes_on_as_fast_as_the_last_epochs(cards, monkeypatch, tmp_path):
    """Ten epochs of 60 s after one of 5 s, and a last one of 300 s: 98 epochs of 60 s are 5,880 s."""
    history = [{"epoch": epoch, "seconds": seconds} for epoch, seconds in enumerate([5.0, *[60.0] * 10, 300.0], 1)]
    monkeypatch.setattr(registry, "load_history", lambda *_: history)
    found = {row["name"]: row for row in status.status(results=tmp_path)}
    assert found["report22-classes-24"]["left"] == "about 1.6 h"
    assert found["reader-report"]["left"] == ""


def test_what_is_not_begun_is_told_from_a_few_steps(cards, tmp_path):
    table = "model,pictures,pictures_per_second,batch,device\nreader,70000000,10.0,32,CPU (2 cores)\nbroken,1,,32,CPU\n"
    (tmp_path / "first_steps.csv").write_text(table)
    found = {row["name"]: row for row in status.status(results=tmp_path)}
    assert found["reader"]["left"] == "not begun: about 81 days on CPU (2 cores)"  # 7,000,000 s, a day has 86,400


class Slow:
    """A thousand pictures that take a fiftieth of a second a batch to draw."""

    size, valid = 1000, None

    def rates(self):
        return {"drawn_per_second": 200.0}

    def batch(self, indices, epoch, rng):
        time.sleep(0.02)
        return np.zeros((len(indices), 2), np.float32), np.zeros((len(indices), 1), np.float32)


def dense(spec):
    import keras

    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])


def test_a_few_steps_are_measured_and_kept_where_they_cannot_be(monkeypatch, tmp_path):
    training = TrainSpec(epochs=7, batch_size=4, learning_rate=0.1)
    spec = ReportNetSpec("2023", "hours")
    made = Recipe("slow", "t", "s", "n", spec, training, "d", "l", dense, lambda _: Slow(), lambda: ("mse", None, None), dict)
    monkeypatch.setattr(first_steps, "all_recipes", lambda: {"slow": made})
    (row,) = first_steps.write_paces(tmp_path / "models", tmp_path)
    assert row["pictures"] == 7000
    assert 10 < row["pictures_per_second"] <= 200  # four in at least 0.02 s, though some batches were drawn ahead
    assert first_steps.seconds_of_all(tmp_path)["slow"][0] == pytest.approx(7000 / row["pictures_per_second"])

    def missing(_):
        raise FileNotFoundError("no faces here")

    lacking = SimpleNamespace(**{**vars(made), "data": missing})
    monkeypatch.setattr(first_steps, "all_recipes", lambda: {"slow": lacking})
    said = []
    first_steps.write_paces(tmp_path / "models", tmp_path, say=said.append)
    assert "slow: no faces here" in said
    assert list(first_steps.seconds_of_all(tmp_path)) == ["slow"]


def test_a_row_a_study(cards, tmp_path):
    found = {row["name"]: row for row in status.status(results=tmp_path)}
    assert found["l16-mlp"]["done"] == "0 of 48 trials whole, 0 in part"
    assert found["cnn-grid"]["left"].endswith("not begun")
    assert float(found["cnn-grid"]["published"].removeprefix("best test accuracy ")) > 0.9
    store(STUDIES["cifar-transfer-22"], tmp_path)
    rows = (tmp_path / "study_cifar-transfer-22.csv").read_text().splitlines(keepends=True)
    assert len(rows) == 1 + 18  # three wait for what the study before it chooses
    (tmp_path / "study_cifar-transfer-22.csv").write_text("".join(rows[:7]))
    found = {row["name"]: row for row in status.status(results=tmp_path)}
    assert found["cifar-transfer-22"]["done"] == "6 of 18 trials whole, 0 in part"
    assert found["cifar-transfer-22"]["left"].endswith("; 12 not begun")
    (tmp_path / "study_l16-mlp.csv").write_text("nonsense\n1\n")
    found = {row["name"]: row for row in status.status(results=tmp_path)}
    assert found["l16-mlp"]["left"] == "study_l16-mlp.csv is damaged (a line or its head is cut); delete it or fetch it again"


def test_the_best_run_of_a_study_is_chosen_in_validation(cards, monkeypatch, tmp_path):
    """The second has more of the test pictures right, the third diverged, of the fourth the test part was never seen."""
    pairs = [(0.8, 0.71234), (0.75, 0.9), (None, None), (0.1, None)]
    whole = {"device": "CPU", "epochs_trained": 20, "epochs_asked": 20, "pictures": 9, "pictures_asked": 9, "diverged": ""}
    rows = [
        {**whole, "trial": number, "seed": 0, "initializer": number, "val_accuracy": valid, "test_accuracy": test}
        for number, (valid, test) in enumerate(pairs)
    ]
    monkeypatch.setattr(status, "current_rows", lambda study, folder: rows if study.name == "l16-mlp" else [])
    found = {row["name"]: row for row in status.status(results=tmp_path)}
    assert found["l16-mlp"]["figure"] == "test accuracy 0.7123 of the best in validation"
    assert found["cnn-grid"]["figure"] == ""
    lucky = {**rows[0], "trial": 4, "seed": 1, "val_accuracy": 0.6, "test_accuracy": 0.6}  # the same setting: 0.7, not 0.8
    rows = [*rows, lucky]
    cut = {**whole, "trial": 5, "seed": 0, "initializer": 9, "epochs_trained": 2, "val_accuracy": 0.99, "test_accuracy": 0.99}
    rows = [*rows, cut]  # in part, which no choice may rest on while others are whole
    found = {row["name"]: row for row in status.status(results=tmp_path)}
    assert found["l16-mlp"]["figure"] == "test accuracy 0.9000 of the best in validation"
    gone = {
        **whole,
        "trial": 6,
        "seed": 2,
        "initializer": 0,
        "diverged": "no number",
        "val_accuracy": None,
        "test_accuracy": None,
    }
    rows = [*rows[:1], *rows[3:], gone]  # of that setting's three runs two have a figure
    found = {row["name"]: row for row in status.status(results=tmp_path)}
    assert found["l16-mlp"]["figure"] == f"test accuracy {(0.71234 + 0.6) / 2:.4f} of the best in validation, mean of 2 runs"


def test_the_command_prints_a_line_each(cards, capsys):
    assert main(["status"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in ("reader-report", "gan-leaves", "l16-mlp", "keras-examples"))
