"""What a card's ``extra`` may hold: a card that was edited by hand is refused in one sentence with the remedy."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.registry import ModelCard, RegistryError, list_cards, load_card, load_trained, save_trained

CARD = ModelCard("tiny-2", "Tiny", "", None, "tiny", {}, {}, "none", "CC0", 2, 3, "CPU", 1.5)
CLOCK = {"task": "clock", "side": 150}
GENERATOR = {"task": "generator", "kind": "gan", "side": 64, "latent": 8, "data": "plant-leaves"}


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({**CLOCK, "gamma": "3"}, "extra.gamma of the card of tiny-2 must be a number above 0, and at most 10; got '3'"),
        ({**CLOCK, "gamma": 0}, "at most 10; got 0"),
        ({**CLOCK, "gamma": True}, "at most 10; got True"),
        ({**CLOCK, "temperature": float("nan")}, "extra.temperature of the card of tiny-2 must be a number above 0; got nan"),
        ({**CLOCK, "gross_share": 1.5}, "a number from 0 to 1; got 1.5"),
        ({**CLOCK, "side": "150"}, "extra.side of the card of tiny-2 must be a whole number from 1 on; got '150'"),
        ({**CLOCK, "side": 0}, "from 1 on; got 0"),
        ({**CLOCK, "form": ["hours"]}, "extra.form of the card of tiny-2 must be text; got"),
        ({**CLOCK, "readable": "yes"}, "must be true or false; got 'yes'"),
        ({"task": "clock"}, "extra of the card of tiny-2 lacks 'side', which must be a whole number from 1 on"),
        ({"task": ["clock"]}, "extra.task of the card of tiny-2 must be text"),
        ({"task": "classifier"}, "lacks 'dataset'"),
        ({**GENERATOR, "kind": "flow"}, "must be 'vae' or 'gan'; got 'flow'"),
        ({**GENERATOR, "snapshots": [1, "2"]}, "must be a list of epochs"),
        ({key: value for key, value in GENERATOR.items() if key != "latent"}, "lacks 'latent'"),
    ],
)
def test_what_decoding_needs_is_checked_when_a_card_is_read(tmp_path: Path, extra: dict[str, Any], said: str) -> None:
    (tmp_path / "tiny-2").mkdir()
    (tmp_path / "tiny-2" / "card.json").write_text(json.dumps({**dataclasses.asdict(CARD), "extra": extra}))
    with pytest.raises(RegistryError) as caught:
        load_card("tiny-2", tmp_path)
    assert str(caught.value).startswith("tiny-2/card.json: ")
    assert said in str(caught.value)
    assert str(caught.value).endswith("; correct it, or train or fetch the model again")
    with pytest.warns(UserWarning, match="train or fetch the model again"):
        assert list_cards(tmp_path) == []


def test_a_side_that_the_model_does_not_take_is_named(tmp_path: Path) -> None:
    import keras

    model = keras.Sequential([keras.Input((9, 9, 1)), keras.layers.Flatten()])
    save_trained(model, dataclasses.replace(CARD, extra={"task": "clock", "side": 8}), None, tmp_path)
    with pytest.raises(RegistryError, match=r"extra.side of tiny-2/card.json is 8, but the model takes .* 9 × 9 pixels"):
        load_trained("tiny-2", tmp_path)
    save_trained(model, dataclasses.replace(CARD, extra={"task": "clock", "side": 9}), None, tmp_path)
    assert load_trained("tiny-2", tmp_path)(np.zeros((1, 9, 9, 1))).shape == (1, 81)
