"""The reports' benchmark: its split for all 18,000 pictures, its drawing and its cache on a few."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.clocks import benchmark, styles
from core.clocks.benchmark import draw, report_benchmark, split
from core.clocks.face import POINTS, render
from core.clocks.time import ClockTime

MINUTES_DRAWN = 3


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A dial of three minutes, so that a benchmark has 75 pictures, and an empty cache folder, which is returned."""
    monkeypatch.setattr(benchmark, "MINUTES", MINUTES_DRAWN)
    monkeypatch.setenv("LATENT_OCLOCK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


# --- the split -----------------------------------------------------------------------------------------------------


def test_the_split_of_all_18000() -> None:
    train, test = split(2023)
    assert (len(train), len(test)) == (14_400, 3_600)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(18_000))  # disjoint and complete
    minutes = np.arange(18_000) // 25
    assert np.bincount(minutes[train]).tolist() == [20] * 720
    assert np.bincount(minutes[test]).tolist() == [5] * 720


def test_the_split_is_the_one_on_record() -> None:
    # NumPy may change how it shuffles; then models would be tested on pictures that they were trained on.
    train, test = split(2023)
    digest = hashlib.sha256(train.astype("<i8").tobytes() + test.astype("<i8").tobytes()).hexdigest()
    assert digest == "7b5933d404e54d4b939e6b6be7ec7efec57589cdd3f6572fa1a78411919808a8"


def test_the_split_is_shuffled_and_depends_on_the_seed_alone() -> None:
    train, test = split(2023)
    again, _ = split(2023)
    other, other_test = split(2024)
    np.testing.assert_array_equal(train, again)
    assert not np.array_equal(train, other)
    assert set(test.tolist()) != set(other_test.tolist())
    assert np.abs(np.corrcoef(np.arange(len(train)), train)[0, 1]) < 0.05
    # Which five of a minute's pictures are held out differs from minute to minute.
    assert len({tuple(np.sort(test[test // 25 == minute] % 25)) for minute in range(720)}) > 650


def test_smaller_splits_keep_the_share() -> None:
    train, test = split(1, a_minute=10)
    assert np.bincount(test // 10).tolist() == [2] * 720
    assert len(train) == 720 * 8


# --- drawing -------------------------------------------------------------------------------------------------------


def test_every_picture_depends_on_seed_and_index_alone(small: Path) -> None:
    images, minutes, points = draw(7, a_minute=2)
    assert images.shape == (6, 150, 150)
    assert images.dtype == np.uint8
    assert points.shape == (6, len(POINTS), 2)
    assert points.dtype == np.float32
    assert minutes.tolist() == [0, 0, 1, 1, 2, 2]
    for index in (5, 0):  # in any order
        face = render(ClockTime.from_minutes(index // 2), styles.AS_FOUND, seed=(7, index))
        np.testing.assert_array_equal(images[index], face.image)
        np.testing.assert_array_equal(points[index], face.truth.points.astype(np.float32))
    np.testing.assert_array_equal(draw(7, a_minute=2)[0], images)
    assert not (draw(8, a_minute=2)[0] == images).all((1, 2)).any()
    assert len({image.tobytes() for image in images}) == 6


def test_drawing_tells_how_far_it_is(small: Path) -> None:
    told: list[tuple[int, int]] = []
    draw(7, a_minute=50, progress=lambda done, count: told.append((done, count)))
    assert told == [(100, 150), (150, 150)]


# --- the cache -----------------------------------------------------------------------------------------------------


def test_a_benchmark_is_drawn_once_and_kept(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = report_benchmark(5)
    assert drawn.images.shape == (75, 150, 150)
    assert np.bincount(drawn.minutes).tolist() == [25] * MINUTES_DRAWN
    assert len(drawn.train) == 60
    assert len(drawn.test) == 15
    kept = list(small.iterdir())
    assert [path.suffix for path in kept] == [".npz"], "one file, nothing half-written"
    assert kept[0].name.startswith("report-benchmark-5-")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr(benchmark, "draw", never)
    loaded = report_benchmark(5)
    for name in ("images", "minutes", "points", "train", "test"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(drawn, name))
        assert getattr(loaded, name).dtype == getattr(drawn, name).dtype
    with pytest.raises(AssertionError, match="drawn again"):
        report_benchmark(6)


def test_a_folder_may_be_named(small: Path, tmp_path: Path) -> None:
    named = tmp_path / "elsewhere"
    named.mkdir()
    report_benchmark(5, folder=named)
    assert len(list(named.iterdir())) == 1
    assert not small.exists() or not list(small.iterdir())


def test_an_abandoned_drawing_leaves_no_benchmark(small: Path) -> None:
    def stop(done: int, count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        report_benchmark(5, progress=stop)
    assert list(small.iterdir()) == []


def test_a_new_look_means_new_pictures(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = benchmark.fingerprint(5)
    assert re.fullmatch("[0-9a-f]{12}", before)
    assert before == benchmark.fingerprint(5)
    drawn = report_benchmark(5)
    darker = replace(styles.AS_FOUND, numerals=replace(styles.AS_FOUND.numerals, grey=60))
    monkeypatch.setattr(styles, "AS_FOUND", darker)
    assert benchmark.fingerprint(5) != before
    assert not np.array_equal(report_benchmark(5).images, drawn.images), "an old cache is not taken for the new look"
    assert len(list(small.iterdir())) == 2


def test_another_style_is_kept_beside(small: Path) -> None:
    found, turned = report_benchmark(5), report_benchmark(5, style=styles.REPORT)
    assert benchmark.fingerprint(5, styles.REPORT) != benchmark.fingerprint(5)
    np.testing.assert_array_equal(turned.minutes, found.minutes)
    np.testing.assert_array_equal(turned.test, found.test)  # what is held out of the one is held out of the other
    assert not np.array_equal(turned.images, found.images)
    np.testing.assert_array_equal(turned.images, draw(5, style=styles.REPORT)[0])
    assert len(list(small.iterdir())) == 2


def test_negative_seeds_are_refused(small: Path) -> None:
    with pytest.raises(ValueError, match="seed must be 0 or more; got -1"):
        report_benchmark(-1)
