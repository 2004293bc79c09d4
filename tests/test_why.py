"""Why a model reads a picture so, on the page: what is shown, of which time, and what a reader without learning adds."""

import gc
import weakref
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import test_pages
from test_pages import html, told, upload

from core import paths, registry
from core.clocks import gammas, heat, reading
from core.clocks.candidates import likeliest_times
from core.clocks.classical import ClassicalReading
from core.clocks.face import STYLE_NAMES
from core.clocks.time import ClockTime
from core.sheets import encode
from pages.parts import cached, cached_why, forms, readings, why

pytestmark = pytest.mark.usefixtures("fresh_caches")

app = test_pages.app  # its fixture
STRAIGHT = np.full((24, 24), 77, np.uint8)
FOUND = np.array([[60.0, 0, 75], [0, 60, 75], [0, 0, 1]])  # a dial of radius 60 around (75, 75), seen straight on


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, np.ndarray, float]]:
    """What heat maps were asked of: model, picture, minutes; no model is needed for them."""
    calls: list[tuple[str, np.ndarray, float]] = []

    def load(model_id: str) -> SimpleNamespace:
        form = {"form": "hours"} if model_id == "reader-other" else {}
        return SimpleNamespace(model=None, card=SimpleNamespace(model_id=model_id, extra={"side": 24, **form}))

    def gradients(model, picture, minutes, steps=24):
        calls.append((model.card.model_id, picture, minutes))
        return np.where(np.arange(24)[:, None] < 12, 1.0, -1.0) * np.ones((24, 24))

    monkeypatch.setattr(registry, "load_trained", load)
    monkeypatch.setattr(heat, "integrated_gradients", gradients)
    return calls


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The models find the dial themselves."""
    one = replace(told(610), readable=0.97, rectified=STRAIGHT, homography=FOUND)
    monkeypatch.setattr(reading, "read_pictures", lambda pictures, model_id=None, **more: [one] * len(pictures))


def test_nothing_is_asked_before_one_wants_to_know(app, asked):
    running = app(source="Samples")
    assert "Why it reads so" in html(running)
    assert 'class="lo-whys"' not in html(running)
    assert not asked


def test_the_picture_is_shown_as_the_model_takes_it_with_what_speaks_for_its_reading(app, asked):
    running = app(source="Samples", why="true")
    assert not running.exception
    text = html(running)
    assert "The picture as the model takes it" in text
    assert "speaks for 10:09, 80 %" in text
    assert "blurred until no hand is left" in text
    [(model_id, picture, minutes)] = asked
    assert (model_id, minutes, picture.shape) == ("reader-report", 609, (24, 24))
    running.slider(key="gamma").set_value(2.0).run()
    np.testing.assert_allclose(asked[1][1], picture**2, atol=1e-6)
    running.slider(key="gamma").set_value(1.0).run()
    assert len(asked) == 2  # what was found is not sought again


def test_a_dial_that_was_found_is_shown_straight(app, asked, found):
    text = html(app(source="Samples", why="true"))
    assert "The dial, found and laid straight" in text
    assert "laid straight; chance that it can be read: 97 %" in text
    assert asked[0][1].tolist() == pytest.approx(STRAIGHT.astype(np.float32) / 255)


def test_what_speaks_for_another_time(app, asked):
    running = app(source="Samples", **{"why": "true", "for": "The likeliest other time"})
    assert asked[0][2] == 609 + 65
    assert "speaks for 11:14, 15 %" in html(running)
    running.segmented_control(key="for").set_value("third").run()
    assert asked[1][2] == 609 + 131 - 720


def test_a_time_has_the_same_share_here_as_beside_its_reading():
    """41 % that there is something to read: of 42 % that its network gives a time 17 % are left."""
    one = replace(told(590), confidence=0.17, readable=0.41, note=reading.NO_CLOCK)
    one = replace(one, candidates=(replace(one.candidates[0], probability=0.42), *one.candidates[1:]))
    assert "speaks for 09:50, 17 %" in why.article(one, "It", one.candidates[0], b"", b"")
    assert "<b>09:50</b>" in readings.told(one, "It", None)
    assert "<span>17 %</span>" in readings.told(one, "It", None)


def test_no_time_is_called_less_likely_than_a_reading_that_it_may_outweigh(asked, monkeypatch: pytest.MonkeyPatch):
    """7:13 is the likeliest minute with 11 %, while 15 % lie around 3:39: the words rank only the others, by their shares."""
    shares = np.zeros(720)
    shares[433], shares[216:223], shares[602] = 0.11, 0.15 / 7, 0.05
    one = replace(told(433), candidates=likeliest_times(shares, 433.0), confidence=0.11)
    assert [round(peak.probability, 2) for peak in one.candidates] == [0.11, 0.15, 0.05]
    monkeypatch.setattr(reading, "read_pictures", lambda pictures, model_id=None, **more: [one] * len(pictures))
    grey = SimpleNamespace(sha="c", name="c.png", pixels=lambda: np.full((24, 24), 128, np.uint8))
    spoken = [why.of_model(grey, "reader-report", "It", 1.0, rank) for rank in range(3)]
    named = ["07:13, 11 %", "03:39, 15 %", "10:02, 5 %"]
    assert [f"speaks for {time}" in text for time, text in zip(named, spoken, strict=True)] == [True] * 3
    assert list(why.RANKS.values()) == ["Its reading", "The likeliest other time", "The next"]


def test_models_stand_side_by_side_and_numbers_are_told_from_shares(app, asked):
    running = app(source="Samples", why="true", model=["reader-report", "reader-other", "report22-classes-24"])
    text = html(running)
    assert text.count('class="lo-pair"') == 3
    assert [name for name, _, _ in asked] == ["reader-report", "reader-other", "report22-classes-24"]
    assert text.count("counts for its answer, 10:09") == 2  # caption and words of one picture
    assert "Where a model answers with numbers" in text


def test_for_numbers_a_sign_says_nothing(asked):
    grey = lambda: np.full((24, 24), 255, np.uint8)  # noqa: E731
    one = cached_why.heat("a", "reader-report", 1.0, 5.0, grey)
    other = cached_why.heat("a", "reader-other", 1.0, 5.0, grey)
    lower = [cached.picture(name, data)[-20:].astype(int) for name, data in (("1", one), ("2", other))]
    assert np.ptp(lower[0].mean((0, 1))) < 6  # what speaks against a time stays grey
    assert np.ptp(lower[1].mean((0, 1))) > 150


def test_a_model_that_is_stored_anew_is_asked_anew_and_the_old_ones_leave_memory(monkeypatch, tmp_path):
    """Thirteen trainings of one model while the app runs; of what is kept of them, eight models at most stay."""

    class Model:
        """Says how many were loaded before it."""

    loaded: list[weakref.ref] = []

    def load(model_id: str) -> Model:
        loaded.append(weakref.ref(one := Model()))
        one.number = len(loaded)
        return one

    monkeypatch.setattr(paths, "MODELS", tmp_path)
    monkeypatch.setattr(registry, "load_trained", load)
    monkeypatch.setattr(reading, "read_pictures", lambda pictures, *_, gamma, model: [f"{model.number} at {gamma}"])
    monkeypatch.setattr(gammas, "read_through", lambda picture, *_, model: [model.number])
    monkeypatch.setattr(heat, "model_input", lambda picture, model, gamma: np.full((4, 4), model.number / 20))
    monkeypatch.setattr(heat, "integrated_gradients", lambda model, taken, minutes: taken)
    monkeypatch.setattr(heat, "answers_with_numbers", lambda model: True)
    card = tmp_path / "reader-x" / "card.json"
    card.parent.mkdir()

    def told() -> list:
        read = [cached.read(("a",), "reader-x", gamma, list) for gamma in (1.0, 2.0)]
        seen = [cached_why.looked_at("a", "reader-x", 1.0, list), cached_why.heat("a", "reader-x", 1.0, 5.0, list)]
        return [*read, cached.read_every_gamma("a", "reader-x", list), *seen]

    for number in range(1, 14):
        card.write_text("{" + " " * number + "}")  # of another size each time: clocks of file systems are coarse
        first = told()
        assert first[:3] == [[f"{number} at 1.0"], [f"{number} at 2.0"], [number]]
        assert told() == first
        assert len(loaded) == number
        assert cached.model("reader-x").number == number
    assert len({told()[3], cached_why.looked_at("b", "reader-x", 1.0, list)}) == 1
    gc.collect()
    assert [one() is not None for one in loaded] == [False] * 5 + [True] * 8


def test_names_are_escaped(asked):
    shown = why.article(told(608), "<script>", told(608).candidates[0], b"", b"")
    assert "<script>" not in shown


# --- without learning -----------------------------------------------------------------------------------------------


def test_beside_it_reads_who_has_learned_nothing(app, asked):
    running = app(source="Drawn", style="Straight on, no reflections", seed="3", classical="true")
    assert not running.exception
    text = html(running)
    assert 'aria-label="Read without learning as 10:0' in text
    assert "a score, no probability" in text
    assert not asked


def test_where_it_finds_no_hands_its_sentence_stands(app, asked):
    grey = encode(np.full((90, 120), 128, np.uint8), "PNG")
    text = html(upload(app(classical="true"), ("grey.png", grey)))
    assert "I see no straight hands on a round dial." in text
    assert "grey.png, no hands found" in text


def test_lines_of_hands_and_outline():
    ellipse = ((50.0, 40.0), (60.0, 40.0), 30.0)
    one = ClassicalReading(ClockTime(3, 0), 180.0, 0.5, ellipse, hour_tip=(65.0, 40.0), minute_tip=(50.0, 15.0))
    drawn = why.lines(one, (100, 80))
    assert drawn.count("<line") == 4
    assert 'rx="30.0" ry="20.0" transform="rotate(30.0 50.0 40.0)"' in drawn
    assert 'x1="50.0" y1="40.0" x2="65.0" y2="40.0"' in drawn
    assert "<line" not in why.lines(ClassicalReading(None, None, 0.0, ellipse, note="None."), (100, 80))


# --- the reading ----------------------------------------------------------------------------------------------------


def test_the_outline_of_a_dial_that_was_found():
    points = [tuple(map(float, point.split(","))) for point in readings.outline(FOUND).split()]
    assert points[0] == (135, 75)
    assert points[readings.OUTLINE // 4] == (75, 135)
    tilted = FOUND.copy()
    tilted[2, 0] = 0.5  # to the right it is farther away: (75 + 60) / 1.5
    assert readings.outline(tilted).split()[0] == "90.0,50.0"
    assert readings.marks(replace(told(608), homography=FOUND), (150, 150)).count("<polygon") == 2
    assert "polygon" not in readings.marks(told(608), (150, 150))


@pytest.mark.parametrize(("radius", "unit"), [(45, 1.5), (300, 1.5), (float("inf"), 1.5), (22.5, 0.75), (1, 0.45)])
def test_strokes_are_finer_on_dials_that_are_a_small_part(radius: float, unit: float):
    assert readings.stroke_unit((200, 150), radius) == pytest.approx(unit)


def test_who_sees_no_clock_names_the_three_likeliest_times():
    text = readings.told(told(608, "I see no clock."), "", None)
    assert [time in text for time in ("<b>10:08</b>", "<b>11:13</b>", "<b>00:19</b>")] == [True] * 3
    assert "Likeliest all the same" in text
    assert "<b>10:08</b>" not in readings.told(told(608), "", None)


def test_who_sees_no_hands_draws_none_and_names_three_times_too():
    hidden = replace(told(608, reading.HIDDEN), homography=FOUND)
    text = readings.told(hidden, "", None)
    assert 'aria-label="Hands hidden; best guess 10:08">--<i>:</i>--' in text
    assert text.count("<li>") == 3
    drawn = readings.marks(hidden, (150, 150))
    assert drawn.count("<polygon") == 2
    assert "<line" not in drawn
    assert "hour hand" not in readings.overlay("", (150, 150), hidden, "", 1.0)


# --- drawn, and garbage ---------------------------------------------------------------------------------------------


def test_any_clock_can_be_drawn(app):
    for title in ("Any clock", "Any clock, features never trained on"):
        running = app(source="Drawn", style=title, seed="4")
        assert not running.exception
        assert "true time 10:08" in html(running)
    titles = [forms.title_of_style(name) for name in STYLE_NAMES]
    assert len(set(titles)) == len(titles)
    assert max(map(len, titles)) <= 36
    sides = [cached.picture(name, cached.drawn(608, name, 1)).shape[0] for name in ("report", "wild")]
    assert sides == [150, 192]


@pytest.mark.parametrize("names", [("why",), ("classical", "for")])
@pytest.mark.parametrize("value", ["", "maybe", "<script>alert(1)</script>", "2", "\x00"])
def test_garbage_in_the_url_is_ignored(app, asked, names: tuple[str, ...], value: str):
    running = app(source="Samples", **{"why": "true", **dict.fromkeys(names, value)})
    assert not running.exception
    assert "<script" not in html(running)
