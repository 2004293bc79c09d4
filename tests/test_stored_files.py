"""What stays and what goes in the folder of a stored model when it is stored anew or measured again."""

from dataclasses import replace
from pathlib import Path

import pytest
from toy_generators import card_of

from core.cards import CARD_FILE, HISTORY_FILE, MODEL_FILE, load_card
from core.registry import put_in_place, update_card


def folder_of(place: Path, **files: str) -> Path:
    place.mkdir(parents=True)
    for name, text in files.items():
        (place / {"model": MODEL_FILE, "card": CARD_FILE, "history": HISTORY_FILE}[name]).write_text(text)
    return place


@pytest.mark.parametrize("more", [{}, {"history": "epoch,loss\n1,2\n"}])
def test_the_history_of_a_model_that_is_replaced_goes_with_it(tmp_path: Path, more: dict[str, str]) -> None:
    place = folder_of(tmp_path / "one", model="old", card="old", history="epoch,loss\n1,9\n2,8\n")
    new = {"model": "new", "card": "new", **more}
    assert put_in_place(folder_of(tmp_path / ".scratch", **new), "one", tmp_path) == ""
    assert [path.name for path in sorted(place.iterdir())] == sorted([MODEL_FILE, CARD_FILE, *([HISTORY_FILE] if more else [])])
    assert not more or (place / HISTORY_FILE).read_text() == more["history"]


def test_what_was_measured_before_stays_beside_what_is_measured_now(tmp_path: Path) -> None:
    card = replace(card_of("gan-leaves"), figures={"sharpness": 0.5, "diversity": 2.0})
    folder_of(tmp_path / "gan-leaves", card=card.to_json())
    done = update_card("gan-leaves", tmp_path, figures={"diversity": 3.1234567}, extra={"gamma": 2.0})
    assert done == load_card("gan-leaves", tmp_path)
    assert done.figures == {"sharpness": 0.5, "diversity": 3.12346}
    assert done.extra == {**card.extra, "gamma": 2.0}
