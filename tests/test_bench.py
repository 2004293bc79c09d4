"""Reading a photograph in ``bench``: which reader, which pictures, whose shares; what is said where something lacks."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from test_locate import Stub, scene

from core import bench, paths, registry
from core.clocks import photographs
from core.clocks.evaluation import SETS
from core.clocks.photographs import PictureSet
from core.tables import write_table

SHOWN = PictureSet("photographs", [scene(90, 70, 45, 35, 30)] * 2, np.array([260, 10]), ("a", "b"))
FOUND = {"set": "photographs", "within_1_minute": 0.82}


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Stub:
    """A stored reader that reads 4:20 at a white and a black spot, and two photographs of it, one at 4:20."""
    stub = Stub()
    monkeypatch.setattr(registry, "load_trained", lambda model_id: stub)
    monkeypatch.setattr(photographs, "load_photographs", lambda: SHOWN)
    monkeypatch.setattr(bench, "PHOTOGRAPHS", 2)
    return stub


def test_medians_of_calls_in_turn_without_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock moves with the calls alone: by what each is to take, which is long in the second round."""
    now, called = [0.0], ""

    def call(name: str, takes: list[float]) -> Any:
        seconds = iter(takes)

        def function() -> None:
            nonlocal called
            called += name
            now[0] += next(seconds)

        return function

    monkeypatch.setattr(bench, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    ours, plain = call("o", [100, 1, 3, 10, 30, 2, 4]), call("p", [500, 5, 50, 7])
    # Ours: 1, 3, 10, 30, 2, 4, so 3.5; the plain way: 5, 50, 7.
    assert bench.median_seconds(ours, plain, 3, ours_a_round=2, warm=1) == (3.5, 7)
    assert called == "op" + "oop" * 3


def test_shares_are_those_of_the_table(model: Stub, tmp_path: Path) -> None:
    measured = [{**FOUND, "model": "stub"}, {**FOUND, "model": "classical", "within_1_minute": 0.37}]
    write_table(tmp_path, SETS, [*measured, {**FOUND, "model": "stub", "set": "faces", "within_1_minute": 0.1}])
    row = bench.bench_photograph("stub", tmp_path)
    assert row["what"] == "read one photograph with stub"
    assert (row["ours_within_1_minute"], row["plain_within_1_minute"]) == (0.82, 0.37)
    assert row["ratio"] == pytest.approx(row["plain_ms"] / row["ours_ms"], rel=0.02)
    assert list(row) == list(bench._row("", "", "", (1, 1)))


def test_shares_that_no_table_has_are_measured(model: Stub, tmp_path: Path) -> None:
    write_table(tmp_path, SETS, [{**FOUND, "model": "classical"}])
    row = bench.bench_photograph("stub", tmp_path)
    assert (row["ours_within_1_minute"], row["plain_within_1_minute"]) == (0.5, 0.0)  # it sees spots, and no hands


def test_without_photographs_drawn_clocks_are_read(model: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(registry, "load_trained", lambda model_id: model)
    monkeypatch.setattr(bench, "PHOTOGRAPHS", 2)
    monkeypatch.setattr(paths, "data_folders", list)
    with pytest.warns(UserWarning, match=r"no clock_photos .* Drawn clocks are read instead\."):
        row = bench.bench_photograph("stub", tmp_path)
    assert row["what"] == "read one drawn clock with stub"


def card(model_id: str, parameters: int, **extra: object) -> Any:
    return SimpleNamespace(model_id=model_id, parameters=parameters, extra=extra)


def test_the_best_reader_of_photographs_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large, first = card("reader-small", 2, readable=True), card("reader", 6, readable=True), card("reader-report", 9)
    trial = card("reader-quick", 7, readable=True)
    stored: list[Any] = [first, large, trial, small]
    monkeypatch.setattr(registry, "list_cards", lambda: stored)
    assert bench._reader_of_photographs() == "reader"
    stored.remove(large)
    assert bench._reader_of_photographs() == "reader-small"
    stored.remove(small)
    assert bench._reader_of_photographs() is None


def test_a_row_that_is_left_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("bench_inference", "bench_renderer", "bench_batch_norm"):
        monkeypatch.setattr(bench, name, lambda: bench._row("", "", "", (1, 1)))
    monkeypatch.setattr(bench, "_reader_of_photographs", lambda: None)
    monkeypatch.setattr(bench, "_walked", lambda: None)
    monkeypatch.setattr(bench, "bench_training", list)
    with pytest.warns(UserWarning, match="No reader of photographs is stored.*train reader-small"):
        assert len(bench.run_bench(save=False)) == 3
