"""Every spec checks its values, and says which value is wrong and what would be right."""

from dataclasses import asdict, replace
from typing import Any

import pytest

from core.clocks.style_specs import BezelSpec, CameraSpec
from core.clocks.styles import REPORT, STYLES
from core.specs import OPTIMIZERS, ReaderSpec, TrainSpec, train_settings

TRAIN, READER, NAN, INF = TrainSpec(epochs=2), ReaderSpec(), float("nan"), float("inf")
BEZEL = BezelSpec(profile=((1.1, 0.0), (1.0, 0.0)), grey=(1, 2), occlusion=(1.0,), diffuse=(0, 1))

REFUSED: list[tuple[Any, str, list[Any]]] = [
    (TRAIN, "epochs batch_size", [0, -1, 1.0, 2.5, True, "3", None, NAN]),
    (TRAIN, "seed", [-1, 0.5, 2**32, None]),
    (TRAIN, "clip_norm", [0, -1.0, NAN, INF]),
    (TRAIN, "learning_rate", [0, NAN, INF]),
    (TRAIN, "ema weight_decay", [1.5, -0.1, NAN]),
    (TRAIN, "optimizer schedule precision", ["Adam ", "linear", ""]),
    (READER, "widths blocks", [(), (4,), (4, 4), (4, 0, 4), (4, 4.5, 4), (4, True, 4)]),
    (READER, "stem neck hidden", [0, 1.5, -3]),
    (READER, "side", [16, 64.0]),
    (READER, "dropout", [1, -0.1]),
    (replace(READER, widths=(4, 4), blocks=(1, 1)), "widths blocks", [(4,), (0, 4)]),
    (REPORT.numerals, "hours", [(0,), (13,), (1.5,)]),
    (REPORT.numerals, "radius height grey", [-1, NAN, INF]),
    (REPORT.hour_ticks, "inner outer width grey", [-0.1, NAN, INF]),
    (REPORT.hour_hand, "length width tail", [-0.1, NAN, INF]),
    (REPORT.hour_hand, "grey", [(2, 1), (0, NAN), (1,), 7.0]),
    (BEZEL, "profile", [(), ((1.0, 0.0),)]),
    (BEZEL, "occlusion", [(), (1, 1)]),
    (BEZEL, "grey diffuse", [(3, 2), (0, INF), (-1, 1)]),
    (REPORT.camera, "roll tilt near offset", [(1, 0), (NAN, 1), (0, INF), (0,), 3.0]),
    (REPORT.camera, "radius focal", [(0, 1), (-1, 1), (2, 1)]),
    (REPORT.camera, "turns", [(NAN,), (-361.0,)]),
    (REPORT.camera, "near_turn any_turn", [-1, 181, NAN]),
    (REPORT.light, "core veil", [(0, 1), (-1, 1)]),
    (REPORT.light, "strength gradient gain lift noise", [(2, 1), (NAN, 1), (0, INF)]),
    (REPORT.light, "reflection", [-0.1, 1.1]),
    (REPORT, "face_grey wood_grey", [(0, 256), (2, 1)]),
]


@pytest.mark.parametrize(("spec", "name", "value"), [(s, n, v) for s, names, vs in REFUSED for n in names.split() for v in vs])
def test_bad_values_are_refused_by_name(spec: Any, name: str, value: Any) -> None:
    words = "widths and blocks" if name in ("widths", "blocks") else name.removesuffix("s")
    with pytest.raises(ValueError, match=words):
        replace(spec, **{name: value})


def test_good_values_are_taken() -> None:
    assert CameraSpec(roll=(0, 0), radius=(0.1, 0.1)).roll == (0, 0)
    for name in OPTIMIZERS:
        assert replace(TRAIN, optimizer=name, clip_norm=None, seed=2**32 - 1).optimizer == name
    assert replace(REPORT.numerals, hours=()).hours == ()
    for style in STYLES.values():
        assert replace(style) == style


def test_settings_of_older_cards_and_checkpoints_are_understood() -> None:
    new = replace(TRAIN, epochs=9, schedule="cosine", restart_epochs=(4,))
    plain = new.to_json()
    assert plain["restart_epochs"] == [4]
    assert train_settings(plain) == plain
    once = {name: value for name, value in plain.items() if name != "restart_epochs"}
    assert train_settings({**once, "restart_epoch": 4}) == plain
    for older in (once, {**once, "restart_epoch": 0}):
        assert train_settings(older) == replace(new, restart_epochs=()).to_json()
    assert train_settings({"epochs": 3}) == TrainSpec(epochs=3).to_json()
    assert train_settings(asdict(new)) == plain
    assert TrainSpec.from_json({**once, "restart_epoch": 4}) == TrainSpec.from_json(plain) == new


def test_a_shorter_run_keeps_what_fits() -> None:
    spec = TrainSpec(epochs=9, schedule="cosine", warmup_epochs=2.5, restart_epochs=(4, 6))
    assert spec.ends == (4, 6, 9)
    assert spec.shortened(20) == spec
    assert spec.shortened(6) == replace(spec, epochs=6, restart_epochs=(4,))
    assert spec.shortened(2) == replace(spec, epochs=2, warmup_epochs=2, restart_epochs=())
    assert spec.beginnings() == [replace(spec, epochs=4, restart_epochs=()), replace(spec, epochs=6, restart_epochs=(4,))]


def test_the_names_of_fields_stay() -> None:
    """Cards and checkpoints hold them."""
    train = "epochs batch_size learning_rate optimizer weight_decay clip_norm schedule warmup_epochs ema seed precision"
    train += " restart_epochs"
    assert " ".join(asdict(TRAIN)) == train
    assert " ".join(asdict(READER)) == "side stem widths blocks neck hidden dropout readable"
