"""Where models and studies stand, from cards and tables whose numbers are known."""

from types import SimpleNamespace

import pytest

from core import registry, status
from core.__main__ import main


def card(name, done, asked, seconds, figures, version=""):
    return SimpleNamespace(
        model_id=name,
        epochs_trained=done,
        epochs_asked=asked,
        seconds=seconds,
        device="CPU (2 cores)",
        figures=figures,
        extra={"data_version": version} if version else {},
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
        name: SimpleNamespace(model_id=name, training=SimpleNamespace(epochs=asked), data_version=lambda: "")
        for name, asked in (("reader-report", 50), ("report22-classes-24", 100), ("gan-leaves", 50), ("reader", 280))
    }

    def load_card(name, folder=None):
        if name not in stored:
            raise registry.RegistryError(f"no {name}")
        return stored[name]

    monkeypatch.setattr(status, "all_recipes", lambda: recipes)
    monkeypatch.setattr(registry, "load_card", load_card)


def test_a_row_a_model_with_what_is_left_at_the_same_pace(cards, tmp_path):
    found = {row["name"]: row for row in status.status(results=tmp_path)}
    whole = found["reader-report"]
    assert (whole["done"], whole["figure"], whole["left"]) == ("50 of 50 epochs", "0.31 min mean error", "")
    begun = found["report22-classes-24"]
    assert (begun["figure"], begun["published"]) == ("accuracy 0.0425", "accuracy 0.9088")
    assert begun["left"] == "about 90 min"  # 55 seconds an epoch, 98 epochs: 5,390 s
    assert begun["device"] == "CPU (2 cores)"
    assert found["reader"]["left"] == "not begun"
    assert found["gan-leaves"]["left"] == "begin anew: 5 epochs were trained on other data"


def test_a_row_a_study(cards, tmp_path):
    found = {row["name"]: row for row in status.status(results=tmp_path)}
    assert found["l16-mlp"]["done"] == "0 of 48 trials whole, 0 in part"
    assert found["cnn-grid"]["left"].endswith("not begun")
    assert float(found["cnn-grid"]["published"].removeprefix("best test accuracy ")) > 0.9
    (tmp_path / "study_l16-mlp.csv").write_text("nonsense\n1\n")
    found = {row["name"]: row for row in status.status(results=tmp_path)}
    assert found["l16-mlp"]["left"] == "study_l16-mlp.csv is damaged (a line or its head is cut); delete it or fetch it again"


def test_the_command_prints_a_line_each(cards, capsys):
    assert main(["status"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in ("reader-report", "gan-leaves", "l16-mlp", "keras-examples"))
