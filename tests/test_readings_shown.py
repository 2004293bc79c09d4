"""How a reading stands on the page: its share beside those of other times, what is doubtful, many pictures in a table."""

import csv
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest
from test_pages import app, html, told  # noqa: F401

from core.clocks import gammas, reading
from core.clocks.candidates import Candidate, likeliest_times, outweighed
from core.clocks.reading import HIDDEN, NO_CLOCK, Reading, decode, read_pictures
from core.clocks.time import ClockTime
from core.sheets import encode
from pages.parts import cached, forms, readings, tables, uploads, views
from pages.parts.pictures import Offered

pytestmark = pytest.mark.usefixtures("fresh_caches")


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


def peaks(*shares: float) -> Reading:
    """A doubtful answer of 7:13 and the other peaks of its distribution, with these shares."""
    times = [ClockTime(7, 13), ClockTime(3, 39), ClockTime(10, 2)]
    candidates = tuple(Candidate(time, float(time.minutes), share) for time, share in zip(times, shares, strict=True))
    return Reading(times[0], 433.0, shares[0], candidates, told(433).probabilities, "x", note="Doubtful.")


def test_what_is_likelier_than_the_answer_is_not_called_next_likely():
    """Of single minutes the answer is the likeliest; a confidence counts those beside it as well."""
    text = readings.told(peaks(0.11, 0.15, 0.05), "", None)
    assert "<h4>Other peaks, shares count 3 minutes each way</h4>" in text
    assert "Next likely" not in text
    assert "<h4>Next likely</h4>" in readings.told(peaks(0.15, 0.11, 0.05), "", None)


def test_the_chance_that_there_is_something_to_read_is_named_in_words():
    faint = replace(peaks(0.4, 0.1, 0.1), note=NO_CLOCK, readable=0.31)
    assert "<span>Chance that it can be read</span>" in readings.told(faint, "", None)
    assert f"{NO_CLOCK} A time is given from 50 % on.</p>" in readings.told(faint, "", None)
    hidden = replace(peaks(0.08, 0.07, 0.06), note=HIDDEN, readable=0.97)  # a dial, but no hands: nobody doubts the dial
    assert "<span>Confidence</span>" in readings.told(hidden, "", None)
    assert "A time is given" not in readings.told(hidden, "", None)


# --- through every gamma ----------------------------------------------------------------------------------------------


def scrubbed(running: AppTest) -> list[str]:
    """What stands beside the picture at each gamma."""
    [found] = [part for part in running.get("bidi_component") if '"Gamma"' in part.proto.json]
    return json.loads(found.proto.json)["labels"]


def test_at_the_gamma_that_is_set_stands_the_reading_above(app, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    curve = [replace(told(8), confidence=0.3)] * len(cached.GAMMAS)
    monkeypatch.setattr(gammas, "read_through", lambda *args, **more: curve)
    running = app(source="Samples", gamma="3")
    assert 'aria-label="Read as 10:11"' in html(running)
    labels = scrubbed(running)
    assert labels[cached.GAMMAS.index(3.0)] == "10:11 · 80 %"
    assert labels[cached.GAMMAS.index(2.9)] == "00:08 · 30 %"


def test_who_sees_no_clock_has_no_error(app, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    """Its best guess on a bare wall may lie three minutes beside the time in the file's name."""
    monkeypatch.setattr(reading, "read_pictures", lambda pictures, *args, **more: [told(8, NO_CLOCK)] * len(pictures))
    dial = "Common-sense error<small>true time 10:08"
    assert dial not in html(app(source="Samples", sample="10_08-wall"))
    monkeypatch.setattr(reading, "read_pictures", lambda pictures, *args, **more: [told(8)] * len(pictures))
    assert dial in html(app(source="Samples", sample="10_08-wall", gamma="1.1"))


def test_mean_errors_are_of_each_model_over_what_it_reads():
    """Of three pictures whose times are known the first model sees a clock in two."""
    rows: list[dict[str, object]] = [
        {"file": "a.png", "A: error": 1.0, "B: error": 30.0},
        {"file": "b.png", "A: error": 2.0, "B: error": 40.0},
        {"file": "c.png", "A: error": None, "B: error": 80.0},
    ]
    told = "mean common-sense error A: 1.5 minutes, over 2 that it reads and whose time is known; B: 50.0 minutes"
    assert tables.mean_errors(rows, list(rows[0])) == told
    one: list[dict[str, object]] = [{"file": "a.png", "error": 3.0}, {"file": "b.png"}]
    assert tables.mean_errors(one, ["file", "error"]) == "mean common-sense error 3.0 minutes, over 1 whose time is known"
    assert tables.mean_errors([{"file": "b.png"}], ["file"]) == ""


def test_a_row_has_an_error_where_a_time_is_known_and_read(monkeypatch: pytest.MonkeyPatch):
    """Of two models the second sees no clock: its guess of 0:08 is two minutes beside the truth, and no answer."""
    notes = {"one": None, "two": NO_CLOCK}
    monkeypatch.setattr(cached, "read", lambda shas, model_id, *rest: [told(8, notes[model_id])] * len(shas))
    monkeypatch.setattr(tables, "table", lambda good, rows: rows)
    good = [Offered("10_08-wall.png", b"a", ClockTime(0, 10)), Offered("b.png", b"b")]
    first = {"One: time": "00:08", "One: error": 2.0, "One: confidence": 0.8, "One: note": None}
    second = {"Two: time": "--:--", "Two: error": None, "Two: confidence": 0.8, "Two: note": NO_CLOCK}
    rows = tables.many(good, {"one": "One", "two": "Two"}, 1.0)
    known = {"file": "10_08-wall.png", "true": "00:10", **first, **second}
    unknown = {name: value for name, value in known.items() if not name.endswith("error")}
    assert rows == [known, unknown | {"file": "b.png", "true": None}]


def test_where_no_clock_is_seen_no_gamma_gives_a_time(app, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    blind = told(8, NO_CLOCK)
    monkeypatch.setattr(gammas, "read_through", lambda *args, **more: [blind, told(8, HIDDEN)] + [blind] * 44)
    monkeypatch.setattr(reading, "read_pictures", lambda pictures, *args, **more: [blind] * len(pictures))
    running = app(source="Samples")
    assert not running.exception
    assert scrubbed(running) == ["--:-- · no clock seen", "--:-- · hands hidden"] + ["--:-- · no clock seen"] * 44
    assert "A curve breaks where its model gives no time" in html(running)


# --- what is shown of a picture -----------------------------------------------------------------------------------------


def grey(height: int, width: int) -> tuple[str, bytes, str]:
    """A file to drop."""
    return "a.png", encode(np.full((height, width), 99, np.uint8), "PNG"), "image/png"


@pytest.mark.parametrize(("shape", "named"), [((90, 135), True), ((90, 90), False)])
def test_the_square_that_models_take_is_named_where_the_picture_is_none(
    app,  # noqa: F811
    shape: tuple[int, int],
    named: bool,
):
    running = app()
    running.file_uploader(key="files").set_value([grey(*shape)]).run()
    text = html(running)
    assert ("Models take a square: the edges of the picture are drawn out to fill it." in text) is named
    assert "<span>in grey, gamma 1.0</span>" in text


def test_dropped_pictures_are_said_to_last_until_the_tab_is_reloaded(app):  # noqa: F811
    running = app()
    assert uploads.HERE_ONLY not in html(running)
    running.file_uploader(key="files").set_value([grey(90, 90)]).run()
    assert html(running).count(uploads.HERE_ONLY) == 1
    assert uploads.HERE_ONLY not in html(app(source="Samples"))


def test_where_there_is_no_camera_a_sentence_says_what_to_do(app, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    running = app(source="Camera")
    assert len(running.get("camera_input")) == 1
    assert views.QUIET_PLACES["camera"] in html(running)
    monkeypatch.setattr(forms, "can_film", lambda: False)
    running = app(source="Camera")
    assert not running.exception
    assert not running.get("camera_input")
    assert forms.NO_CAMERA in html(running)
    assert views.QUIET_PLACES["no camera"] in html(running)
    assert "Drop a picture" not in html(running)


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
    assert [tables.cell(row, name) for name in row] == ["07:13", "07:13", 0.9, "03:39 ?", 0.2]


def test_confidences_in_the_table_are_the_words_beside_a_reading():
    names = ["A: time", "A: confidence"]
    shown = [{"A: time": "01:09", "A: confidence": share} for share in (0.9968, 0.99, 0.8, 0.004, 1.0)]
    styled = tables.in_words(shown, names)
    assert list(styled.data["A: confidence"]) == [0.9968, 0.99, 0.8, 0.004, 1.0]  # as numbers, so that they sort
    words = [text for text in re.findall(r"<td[^>]*>([^<]*)</td>", styled.to_html()) if "%" in text]
    assert words == ["over 99 %", "99 %", "80 %", "under 1 %", "over 99 %"]


def test_marks_leave_out_what_a_model_does_not_say():
    bare = told(608)
    assert readings.marks(Reading(bare.time, 608.0, 0.5, (), bare.probabilities, "x"), (150, 150)) == ""
    assert readings.marks(bare, (150, 150)).count("<line") == 4
    assert "dasharray" not in readings.marks(bare, (150, 150))
    assert readings.marks(told(608, "Hard to tell."), (150, 150)).count("dasharray") == 4


def test_where_no_clock_is_seen_no_time_stands_large():
    none = told(608, "I see no clock here.")
    assert "--<i>:</i>--" in readings.told(none, "", None)
    assert "best guess 10:08" in readings.told(none, "", None)
    assert "svg" not in readings.overlay("", (150, 150), none, "", 1.0)
    assert "<b>exact</b>" in readings.told(told(608.04), "", ClockTime(10, 8))


def test_a_dark_picture_is_shown_as_it_was_read():
    dark = np.full((60, 80, 3), 20, np.uint8)
    dark[20:40, 20:40] = 60
    data = encode(dark, "PNG")
    seen = {
        spread: np.asarray(
            Image.open(io.BytesIO(cached.thumbnail(f"dark-{spread}", 80, data, 1.0, spread=spread))).convert("L")
        )
        for spread in (False, True)
    }
    assert (seen[False].min(), seen[False].max()) == (pytest.approx(20, abs=4), pytest.approx(60, abs=4))
    assert (seen[True].min(), seen[True].max()) == (pytest.approx(0, abs=4), pytest.approx(255, abs=4))
    clear, spread = told(608), replace(told(608), spread=True)
    assert "in grey, contrast raised, gamma 1.0" in readings.overlay("", (150, 150), spread, "", 1.0)
    assert "in grey, gamma 1.0" in readings.overlay("", (150, 150), clear, "", 1.0)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_the_csv_begins_as_a_formula_does(text: str):
    [read] = csv.DictReader(io.StringIO(tables.as_csv([{"file": text, "error": -2.5}], ["file", "error"]), ""))
    assert read == {"file": f"'{text}", "error": "-2.5"}


def test_a_return_in_a_files_name_begins_no_row():
    rows = [{"file": "a\r=1+1", "error": 2.0}, {"file": "b\nc", "error": 3.0}]
    read = csv.DictReader(io.StringIO(tables.as_csv(rows, ["file", "error"]), ""))
    assert list(read) == [{"file": "a\r=1+1", "error": "2.0"}, {"file": "b\nc", "error": "3.0"}]
