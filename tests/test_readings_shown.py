"""How a reading stands on the page: its share beside those of other times, what is doubtful, many pictures in a table."""

import re

import numpy as np
import pytest
from test_pages import app, html, told  # noqa: F401

from core.clocks.candidates import Candidate, likeliest_times, outweighed
from core.clocks.reading import Reading, decode, read_pictures
from core.clocks.time import ClockTime
from pages.parts import readings, tables


def shares_shown(text: str) -> list[int]:
    """The percentages of a reading in their order: its own, then those of other times."""
    return [int(number) for number in re.findall(r">(\d+) %<", text)]


def test_neighbours_that_add_up_to_more_than_the_answer_are_explained():
    """Of classes of a minute each the likeliest is the answer, alone as it may stand."""
    shares = np.zeros(720)
    shares[433], shares[[218, 219, 220]], shares[600:650] = 0.11, 0.103, 0.58 / 50
    candidates = likeliest_times(shares, 433.0)
    assert [str(one.time) for one in candidates[:2]] == ["07:13", "03:39"]
    assert [round(one.probability, 2) for one in candidates[:2]] == [0.11, 0.31]
    assert outweighed(candidates) == (
        " 07:13 is the likeliest single minute, but more lies around 03:39: shares count 3 minutes each way."
    )
    assert outweighed(sorted(candidates, key=lambda one: -one.probability)) == ""
    equal = [Candidate(ClockTime(hour, 0), 60.0 * hour, 0.3) for hour in range(3)]
    assert outweighed(equal) == ""


def test_a_network_of_classes_says_so_itself():
    class Torn:
        card = type("Card", (), {"model_id": "fake", "extra": {"side": 150, "form": "classes-720"}})

        def __call__(self, batch: np.ndarray) -> np.ndarray:
            answer = np.zeros((len(batch), 720))
            answer[:, 433], answer[:, [218, 219, 220]], answer[:, 500] = 0.2, 0.15, 0.35
            answer[:, 500] = 0.0
            answer[:, 600:650] = 0.35 / 50
            return answer

    assert decode(Torn()(np.zeros((1, 1))), {"form": "classes-720"}).minutes.tolist() == [433]
    squares = np.random.default_rng(0).integers(0, 256, (9, 9), np.uint8).repeat(20, 0).repeat(20, 1)
    [reading] = read_pictures([squares], model=Torn())
    assert (str(reading.time), str(reading.candidates[1].time)) == ("07:13", "03:39")
    assert reading.note == "Hard to tell: it may be 07:13, 03:39 or 10:03." + outweighed(reading.candidates)


@pytest.mark.parametrize("left", [1.0, 0.5, 0.2])
def test_what_a_doubt_takes_from_the_answer_it_takes_from_the_others(left: float):
    times = [(7, 13, 0.5), (3, 39, 0.3), (10, 2, 0.1)]
    candidates = tuple(Candidate(ClockTime(hour, minute), 60.0 * hour + minute, share) for hour, minute, share in times)
    plain = told(433)
    reading = Reading(candidates[0].time, 433.0, 0.5 * left, candidates, plain.probabilities, "x", note="Doubtful.")
    assert shares_shown(readings.told(reading, "Title", None)) == [round(100 * share * left) for share in (0.5, 0.3, 0.1)]


def test_the_sign_that_a_picture_is_being_read_gives_way_to_the_answer(app):  # noqa: F811
    running = app(source="Samples")
    assert readings.SHOWN_BEFORE in running.session_state
    for _ in range(2):
        assert not running.exception
        assert html(running).count('class="lo-readings"') == 1
        assert "Reading …" not in html(running)
        running.slider(key="gamma").set_value(2.0).run()


# --- many pictures ----------------------------------------------------------------------------------------------------

ROW = {"file": "a.png", "time": "07:13", "confidence": 0.11, "note": None}


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (ROW, "07:13 ?"),
        ({**ROW, "confidence": 0.5}, "07:13"),
        ({**ROW, "confidence": 0.9, "note": "Can't tell 2:10 from 8:10."}, "07:13 ?"),
        ({**ROW, "time": "--:--", "note": "I see no clock."}, "--:--"),
    ],
)
def test_times_in_doubt_are_marked_in_the_table_and_plain_in_the_csv(row: dict[str, object], shown: str):
    assert tables.cell(row, "time") == shown
    assert tables.cell(row, "file") == "a.png"
    assert f"{row['time']}," in tables.as_csv([row], list(row))


def test_each_model_doubts_for_itself():
    row = {"true": "07:13", "A: time": "07:13", "A: confidence": 0.9, "B: time": "03:39", "B: confidence": 0.2}
    assert [tables.cell(row, name) for name in row] == ["07:13", "07:13", 90, "03:39 ?", 20]
