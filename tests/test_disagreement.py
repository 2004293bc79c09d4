"""When the parts of one answer contradict each other, the reading says so and is less sure; values worked out by hand."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.clocks.doubts import Doubt
from core.clocks.forms import FORMS, hours_outside, minutes_outside, torn_hands, torn_hours, torn_pairs
from core.clocks.reading import Reading, read_pictures

HOURS, MINUTES = np.divmod(np.arange(720), 60)


def hours(**shares: float) -> dict[str, np.ndarray]:
    """One picture's answer: the share of each hour named ``h0`` to ``h11``."""
    table = np.zeros((1, 12))
    for name, share in shares.items():
        table[0, int(name[1:])] = share
    return {"hour": table, "minute": np.array([[0.0]])}


def hands(hour_degrees: float, minute_degrees: float, hour_length: float = 1.0, minute_length: float = 1.0) -> np.ndarray:
    hour, minute = np.deg2rad([hour_degrees, minute_degrees])
    parts = [hour_length * np.sin(hour), hour_length * np.cos(hour)]
    return np.array([[*parts, minute_length * np.sin(minute), minute_length * np.cos(minute)]])


@pytest.mark.parametrize(
    ("shares", "sentence"),
    [
        ({"h2": 0.6, "h3": 0.35}, "The hour is either 2 or 3."),
        ({"h3": 0.6, "h2": 0.35}, "The hour is either 2 or 3."),  # in the order of the dial
        ({"h0": 0.55, "h11": 0.45}, "The hour is either 11 or 12."),
        ({"h0": 0.55, "h1": 0.45}, "The hour is either 12 or 1."),
        ({"h8": 0.6, "h2": 0.4}, "The hour is either 8 or 2."),  # no neighbours: the likelier first
        ({"h2": 0.5, "h3": 0.5}, "The hour is either 2 or 3."),
        ({"h2": 0.7, "h3": 0.3}, None),  # over 0.3 is asked
        ({"h2": 1.0}, None),
    ],
)
def test_an_hour_torn_between_two(shares: dict[str, float], sentence: str | None) -> None:
    # The probabilities are split already: nothing more is taken from the confidence.
    assert torn_hours(hours(**shares)) == [sentence and Doubt(sentence, 1.0)]


def test_hands_that_agree() -> None:
    assert torn_hands(hands(65, 60)) == [None]  # 2:10
    assert torn_hands(hands(355, 300)) == [None]  # 11:50


def test_an_hour_hand_between_two_hours() -> None:
    # The minute hand says 50; the hour hand at 70 degrees says 2:20. 1:50 and 2:50 are as near as can be.
    assert torn_hands(hands(70.1, 300)) == [Doubt("The hands disagree: 02:20 by the hour hand alone, 02:50 by both.", 0.5)]
    # 20 minutes are 10 degrees of the hour hand: 2:10 is at 65.
    assert torn_hands(hands(74.9, 60)) == [None]
    assert torn_hands(hands(75.1, 60)) == [Doubt("The hands disagree: 02:30 by the hour hand alone, 02:10 by both.", 0.5)]


def test_across_twelve() -> None:
    # 0:05 is 2.5 degrees; the hour hand at 352 says 11:44, which is 21 minutes away.
    assert torn_hands(hands(352, 30)) == [Doubt("The hands disagree: 11:44 by the hour hand alone, 00:05 by both.", 0.5)]


def test_as_published_the_times_lie_six_minutes_apart() -> None:
    # 10:02: the hour hand at 301 degrees, the minute's label at 2 x 60 degrees; half a degree is a minute.
    assert torn_hands(hands(301, 120), as_published=True) == [None]
    assert torn_hands(hands(301.9, 120), as_published=True) == [None]
    assert torn_hands(hands(302.2, 120), as_published=True) == [
        Doubt("The hands disagree: 10:04 by the hour hand alone, 10:02 by both.", 0.5)
    ]


@pytest.mark.parametrize(
    ("lengths", "hand", "left"),
    [((1.0, 0.3), "minute", 0.3), ((0.2, 0.3), "hour", 0.2), ((0.51, 1.6), None, 1.0)],
)
def test_short_vectors_are_unsure_and_leave_as_much_as_they_are_long(
    lengths: tuple[float, float], hand: str | None, left: float
) -> None:
    [doubt] = torn_hands(hands(65, 60, *lengths))
    if hand is None:
        assert doubt is None
    else:
        assert doubt.sentence == f"The {hand} hand is unsure: its sine and cosine are {left:.2f} long instead of 1."
        assert doubt.left == pytest.approx(left)


def test_no_vector_at_all_leaves_nothing() -> None:
    [doubt] = torn_hands(np.zeros((1, 4)))
    assert doubt == Doubt("The hour hand is unsure: its sine and cosine are 0.00 long instead of 1.", 0.0)


@pytest.mark.parametrize(
    ("shares", "sentence"),
    [
        ({0: 0.5, 15: 0.5}, "The minute is either 0 or 30."),
        ({15: 0.6, 0: 0.4}, "The minute is either 0 or 30."),
        ({15: 0.5, 16: 0.5}, None),  # 30 or 32: neighbours are an odd minute
        ({15: 0.35, 16: 0.33, 2: 0.32}, "The minute is either 4 or 30."),
        ({15: 0.6, 17: 0.4}, "The minute is either 30 or 34."),
        ({0: 0.6, 29: 0.4}, "The minute is either 0 or 58."),  # of one hour, these are an hour apart
        ({0: 0.7, 15: 0.3}, None),  # over 0.3 is asked
        ({7: 1.0}, None),
    ],
)
def test_minutes_torn_between_two(shares: dict[int, float], sentence: str | None) -> None:
    table = np.zeros((1, 30))
    for pair, share in shares.items():
        table[0, pair] = share
    assert torn_pairs({"minute": table}) == [sentence and Doubt(sentence)]
    # Through the form, beside an hour that is sure.
    assert FORMS["hour-and-pair"].doubts({**hours(h3=1.0), "minute": table}) == [sentence and Doubt(sentence)]


@pytest.mark.parametrize(
    ("answer", "said"), [(-3.2, "-3.2"), (17.0, "17"), (1e9, "1e+09"), (-0.4, None), (12.4, None), (0.0, None), (11.99, None)]
)
def test_hours_outside_the_dial(answer: float, said: str | None) -> None:
    [doubt] = hours_outside(np.array([[answer]]))
    assert doubt == (said and Doubt(f"The answer, {said} hours, lies outside the dial.", 0.2))


@pytest.mark.parametrize(
    ("number", "scale", "said"),
    [(95.0, 1.0, "95"), (2.0, 60.0, "120"), (-5.5, 1.0, "-5.5"), (-5.0, 1.0, None), (65.0, 1.0, None), (1.02, 60.0, None)],
)
def test_minutes_outside_the_hour(number: float, scale: float, said: str | None) -> None:
    [doubt] = minutes_outside({"minute": np.array([[number]])}, scale)
    assert doubt == (said and Doubt(f"The minute's output, {said}, lies outside the hour.", 0.5))


def test_two_doubts_of_one_answer_say_the_first_and_take_what_both_take() -> None:
    answer = {**hours(h2=0.6, h3=0.4), "minute": np.array([[95.0]])}
    assert FORMS["hour-and-minute"].doubts(answer) == [Doubt("The minute's output, 95, lies outside the hour.", 0.5)]


@pytest.mark.parametrize("head", FORMS)
def test_perfect_answers_raise_no_doubt(head: str) -> None:
    form = FORMS[head]
    assert set(form.doubts(form.targets(HOURS, MINUTES))) == {None}


def read(form: str, answer: Any, **extra: float) -> Reading:
    """One picture, black on the left and white on the right, read by a network that answers so."""
    card = SimpleNamespace(model_id="fake", extra={"side": 30, "form": form, "spread_minutes": 1.0, **extra})

    class Fake:
        def __init__(self) -> None:
            self.card = card

        def __call__(self, batch: np.ndarray) -> Any:
            if isinstance(answer, dict):
                return {name: np.repeat(part, len(batch), axis=0) for name, part in answer.items()}
            return np.repeat(answer, len(batch), axis=0)

    picture = np.zeros((30, 30), np.uint8)
    picture[:, 15:] = 255
    [reading] = read_pictures([picture], model=Fake())
    return reading


def test_the_reading_carries_the_sentence() -> None:
    reading = read("hour-and-minute", {**hours(h2=0.6, h3=0.4), "minute": np.array([[50.0]])})
    assert str(reading.time) == "02:50"
    assert reading.note == "The hour is either 2 or 3."
    assert reading.confidence == pytest.approx(0.6, abs=0.002)  # within 3 of a standard deviation of 1 lies 0.9995 of 0.6
    assert [str(candidate.time) for candidate in reading.candidates[:2]] == ["02:50", "03:50"]


def test_a_torn_pair_of_minutes_is_said() -> None:
    pairs = np.zeros((1, 30))
    pairs[0, [0, 15]] = 0.5
    reading = read("hour-and-pair", {**hours(h3=1.0), "minute": pairs})
    assert reading.note == "The minute is either 0 or 30."
    assert reading.confidence == pytest.approx(0.5)


def test_doubts_lower_the_confidence() -> None:
    sure = read("sine-cosine", hands(65, 60))
    assert (sure.note, str(sure.time)) == (None, "02:10")
    assert read("sine-cosine", np.zeros((1, 4))).confidence == 0.0
    assert read("sine-cosine", hands(65, 60, minute_length=0.3)).confidence == pytest.approx(0.3 * sure.confidence)
    assert read("sine-cosine", hands(70.1, 300)).confidence == pytest.approx(0.5 * sure.confidence, abs=1e-3)
    outside = read("hours", np.array([[17.0]]))
    assert outside.confidence == pytest.approx(0.2 * sure.confidence, abs=1e-3)
    assert outside.note == "The answer, 17 hours, lies outside the dial."


def test_gross_errors_of_the_past_lower_the_confidence() -> None:
    # Of a quarter that is even over 720 minutes, 7 lie near: 0.75 x 0.9995 + 0.25 x 7 / 720.
    reading = read("hours", np.array([[2.5]]), gross_share=0.25)
    assert reading.confidence == pytest.approx(0.7521, abs=5e-4)
    assert reading.note is None


@pytest.mark.parametrize(
    ("form", "number"), [("hour-and-minute", 95.0), ("hour-and-minute", 59.7), ("hour-and-fraction", 1.02)]
)
@pytest.mark.parametrize("spread", [0.5, 2.0, 8.0, 30.0])
def test_no_minute_leads_out_of_the_hour_that_was_chosen(form: str, number: float, spread: float) -> None:
    answer = {**hours(h3=0.5, h8=0.3, h11=0.2), "minute": np.array([[number]])}
    reading = read(form, answer, spread_minutes=spread)
    assert str(reading.time) == "03:59"
    assert {one.time.hour for one in reading.candidates} <= {3, 8, 11}
    if spread < 1:
        assert [str(one.time) for one in reading.candidates] == ["03:59", "08:59", "11:59"]


def test_a_sure_class_of_half_an_hour_is_sure() -> None:
    # Class 20 is 10:00 to 10:29, and its middle 10:14.5.
    reading = read("classes-24", np.eye(24)[[20]])
    assert (str(reading.time), reading.minutes) == ("10:15", 614.5)
    assert reading.confidence == pytest.approx(1.0)
    assert reading.note is None


def test_classes_of_half_an_hour_are_told_apart_by_their_middles() -> None:
    shares = np.zeros((1, 24))
    shares[0, [20, 4, 23]] = 0.45, 0.35, 0.2
    reading = read("classes-24", shares)
    assert reading.note == "Hard to tell: it may be 10:15, 02:15 or 11:45."
    assert [one.probability for one in reading.candidates] == pytest.approx([0.45, 0.35, 0.2])
    assert reading.confidence == pytest.approx(0.45)
    shares[0, [20, 4, 23]] = 0.55, 0.45, 0.0
    assert read("classes-24", shares).note is None
