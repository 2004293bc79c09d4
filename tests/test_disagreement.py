"""When the parts of one answer contradict each other, the reading says so; values worked out by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from core.clocks.forms import FORMS, torn_hands, torn_hours
from core.clocks.reading import read_pictures

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
    assert torn_hours(hours(**shares)) == [sentence]


def test_hands_that_agree() -> None:
    assert torn_hands(hands(65, 60)) == [None]  # 2:10
    assert torn_hands(hands(355, 300)) == [None]  # 11:50


def test_an_hour_hand_between_two_hours() -> None:
    # The minute hand says 50; the hour hand at 70 degrees says 2:20. 1:50 and 2:50 are as near as can be.
    [sentence] = torn_hands(hands(70.1, 300))
    assert sentence == "The hands disagree: 02:20 by the hour hand alone, 02:50 by both."
    # 20 minutes are 10 degrees of the hour hand: 2:10 is at 65.
    assert torn_hands(hands(74.9, 60)) == [None]
    assert torn_hands(hands(75.1, 60)) == ["The hands disagree: 02:30 by the hour hand alone, 02:10 by both."]


def test_across_twelve() -> None:
    # 0:05 is 2.5 degrees; the hour hand at 352 says 11:44, which is 21 minutes away.
    assert torn_hands(hands(352, 30)) == ["The hands disagree: 11:44 by the hour hand alone, 00:05 by both."]


def test_as_published_the_times_lie_six_minutes_apart() -> None:
    # 10:02: the hour hand at 301 degrees, the minute's label at 2 x 60 degrees; half a degree is a minute.
    assert torn_hands(hands(301, 120), as_published=True) == [None]
    assert torn_hands(hands(301.9, 120), as_published=True) == [None]
    assert torn_hands(hands(302.2, 120), as_published=True) == [
        "The hands disagree: 10:04 by the hour hand alone, 10:02 by both."
    ]


def test_short_vectors_are_unsure() -> None:
    assert torn_hands(hands(65, 60, minute_length=0.3)) == [
        "The minute hand is unsure: its sine and cosine are 0.30 long instead of 1."
    ]
    assert torn_hands(hands(65, 60, hour_length=0.2, minute_length=0.3)) == [
        "The hour hand is unsure: its sine and cosine are 0.20 long instead of 1."
    ]
    assert torn_hands(hands(65, 60, hour_length=0.51, minute_length=1.6)) == [None]


@pytest.mark.parametrize("head", FORMS)
def test_perfect_answers_raise_no_doubt(head: str) -> None:
    form = FORMS[head]
    assert set(form.doubts(form.targets(HOURS, MINUTES))) == {None}


def test_the_reading_carries_the_sentence() -> None:
    torn = hours(h2=0.6, h3=0.4)
    card = SimpleNamespace(model_id="fake", extra={"side": 30, "form": "hour-and-minute", "spread_minutes": 1.0})

    class Fake:
        def __init__(self) -> None:
            self.card = card

        def __call__(self, batch: np.ndarray) -> dict[str, np.ndarray]:
            return {name: np.repeat(part, len(batch), axis=0) for name, part in torn.items()}

    [reading] = read_pictures([np.zeros((30, 30), np.uint8)], model=Fake())
    assert str(reading.time) == "02:00"
    assert reading.note == "The hour is either 2 or 3."
    assert [str(candidate.time) for candidate in reading.candidates[:2]] == ["02:00", "03:00"]
