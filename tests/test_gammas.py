"""One picture under many gammas: what is read, what is drawn straight, and that both say the same."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from test_locate import Stub, scene

from core.clocks.gammas import alike, read_through
from core.clocks.reading import Reading, read_gammas, read_pictures
from core.clocks.time import soft_bins

GAMMAS = [round(0.5 + 0.1 * step, 1) for step in range(46)]
WALL = 120 / 255  # the grey around the dial
PICTURE = scene(200, 200, 100, 100, 80)


class Moved(Stub):
    """Reads another time under each gamma, which it sees by the wall: ``minutes_at`` it."""

    def __init__(self, minutes_at: Callable[[float], float], **more: float) -> None:
        super().__init__(**more)
        self.minutes_at = minutes_at

    def __call__(self, batch: np.ndarray) -> dict[str, np.ndarray]:
        gammas = np.round(np.log(batch[:, 0, 0, 0]) / np.log(WALL), 1)  # in steps of 0.1, as they were asked for
        bins = np.stack([np.log(soft_bins(self.minutes_at(gamma) % 720, 1.0) + 1e-9) for gamma in gammas])
        return {**super().__call__(batch), "bins": bins}


def looks(model: Stub) -> list[int]:
    return [len(batch) for batch in model.batches]


def times(readings: list[Reading]) -> list[str]:
    return [str(reading.time) for reading in readings]


def test_where_nothing_changes_every_fifth_gamma_is_read() -> None:
    model = Stub()
    readings = read_through(PICTURE, GAMMAS, model=model)
    assert looks(model) == [1, 1, 10 * 6]  # the dial is sought once
    assert times(readings) == ["04:20"] * 46


def test_a_jump_is_read_from_all_sides() -> None:
    model = Moved(lambda gamma: 260 if gamma < 2.25 else 325)
    readings = read_through(PICTURE, GAMMAS, model=model)
    assert looks(model) == [1, 1, 10 * 6, 4 * 6]  # 2.1, 2.2, 2.3 and 2.4 besides
    assert times(readings) == ["04:20"] * 18 + ["05:25"] * 28


@pytest.mark.parametrize("start", [260.0, 719.9])
def test_what_is_drawn_straight_is_what_would_be_read(start: float) -> None:
    """Also past 12 o'clock, where minutes begin anew."""
    model = Moved(lambda gamma: start + 0.06 * gamma)
    readings, read = read_through(PICTURE, GAMMAS, model=model), read_gammas(PICTURE, GAMMAS, model=model)
    assert looks(model) == [1, 1, 10 * 6, 1, 1, 46 * 6]
    apart = [(one.minutes - other.minutes + 360) % 720 - 360 for one, other in zip(readings, read, strict=True)]
    assert np.abs(apart).max() < 0.02
    assert [one.confidence for one in readings] == pytest.approx([other.confidence for other in read], abs=0.002)
    assert all(0 <= one.minutes < 720 for one in readings)


def test_between_gammas_that_are_not_evenly_spaced_the_nearer_one_counts_for_more() -> None:
    model, gammas = Moved(lambda gamma: 260 + 0.09 * gamma), [0.5, 0.6, 0.7, 0.8, 0.9, 3.0]
    readings = read_through(PICTURE, gammas, model=model)
    assert looks(model)[2:] == [2 * 6]
    assert [one.minutes for one in readings] == pytest.approx([260 + 0.09 * gamma for gamma in gammas], abs=0.02)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"minutes": 0.2}, True),
        ({"minutes": 719.8}, False),  # 0.3 minutes across 12
        ({"confidence": 0.795}, True),
        ({"confidence": 0.78}, False),
        ({"confidence": 0.82}, False),
        ({"note": "Hard to tell."}, False),
    ],
)
def test_readings_beside_each_other_are_alike_in_time_and_confidence(changes: dict[str, object], same: bool) -> None:
    [reading] = read_pictures([PICTURE], model=Stub())
    first = replace(reading, minutes=0.1, confidence=0.8, note=None)
    second = replace(first, **changes)
    assert alike(first, second) is alike(second, first) is same


def test_doubtful_answers_are_all_read() -> None:
    model = Stub(readable=0.0)
    assert all(reading.note for reading in read_through(PICTURE, GAMMAS, model=model))
    assert looks(model)[2:] == [10 * 6, 36 * 6]


def test_between_two_gammas_that_show_no_clock_none_is_read() -> None:
    model = Stub(readable=-8.0)
    readings = read_through(PICTURE, GAMMAS, model=model)
    assert looks(model)[-1] == 10 * 6
    assert len({reading.unseen for reading in readings}) == 1
    assert readings[23].unseen


def test_few_gammas() -> None:
    assert read_through(PICTURE, [], model=Stub()) == []
    assert times(read_through(PICTURE, [2.0], model=Stub())) == ["04:20"]
    model = Stub()
    assert times(read_through(PICTURE, GAMMAS[:7], model=model)) == ["04:20"] * 7
    assert looks(model) == [1, 1, 3 * 6]  # the first, the sixth and the last


@pytest.mark.parametrize("gamma", [0.5, 3.0, 5.0])
def test_the_curve_and_a_single_reading_say_the_same(gamma: float) -> None:
    """A dial is sought in the picture as it is, not anew under each gamma: where it is found decides what is read."""
    curve, single = (Moved(lambda gamma: 260 + 20 * gamma) for _ in range(2))
    at = read_through(PICTURE, GAMMAS, model=curve)[GAMMAS.index(gamma)]
    [alone] = read_pictures([PICTURE], gamma=gamma, model=single)
    assert (str(at.time), at.note) == (str(alone.time), alone.note)
    assert at.confidence == pytest.approx(alone.confidence)
    walls = [batch[0, 0, 0, 0] for batch in single.batches]  # the search, the dial laid straight, its reading
    assert walls == pytest.approx([WALL, WALL, WALL**gamma], abs=0.01)
