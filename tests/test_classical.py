"""The classical reader on dials whose time, outline and hands are known by construction."""

import cv2
import numpy as np
import pytest

from core.clocks.classical import NO_HANDS, SIDE, Hand, find_hands, make_circular, pair_score, read_classically
from core.clocks.face import render
from core.clocks.time import ClockTime, common_sense_error_minutes

# Hands at least 30 degrees apart: closer ones run into each other at the hub.
TIMES = ("10:10", "1:50", "3:00", "6:20", "7:05", "8:37", "9:26", "11:15", "12:40", "4:51", "5:03", "2:30")


def hand(degrees: float, reach: float, width: float = 0.1) -> Hand:
    return Hand(np.deg2rad(degrees), reach, width, lines=1.0, ridge=1.0, bright=False)


def drawn(hour_degrees: float, minute_degrees: float, squeeze: float = 1.0) -> np.ndarray:
    """A white dial on grey with two black hands, 400 x 400, its width squeezed."""
    picture = np.full((400, 400), 120, np.uint8)
    cv2.circle(picture, (200, 200), 170, 245, -1, cv2.LINE_AA)
    cv2.circle(picture, (200, 200), 170, 40, 8, cv2.LINE_AA)
    for degrees, reach, width in ((hour_degrees, 90, 12), (minute_degrees, 140, 8)):
        tip = 200 + reach * np.array([np.sin(np.deg2rad(degrees)), -np.cos(np.deg2rad(degrees))])
        cv2.line(picture, (200, 200), np.rint(tip).astype(int).tolist(), 20, width, cv2.LINE_AA)
    about = np.float32([[squeeze, 0, 200 - 200 * squeeze], [0, 1, 0]])
    return cv2.warpAffine(picture, about, (400, 400), borderValue=120)


@pytest.mark.parametrize("text", TIMES)
def test_a_straight_dial_is_read_to_two_minutes(text: str) -> None:
    time = ClockTime.parse(text)
    face = render(time, "report-straight", seed=4, side=240)
    reading = read_classically(face.image)
    assert common_sense_error_minutes(time.minutes, reading.minutes) <= 2
    assert reading.note is None
    assert 0 < reading.confidence <= 1
    assert np.hypot(*np.subtract(reading.ellipse[0], face.truth.points[0])) < 3
    for tip, place in ((reading.hour_tip, 2), (reading.minute_tip, 3)):
        found = np.subtract(tip, face.truth.points[0])
        true = face.truth.points[place] - face.truth.points[0]
        assert found @ true / np.linalg.norm(found) / np.linalg.norm(true) > 0.99
        assert 0.7 < np.linalg.norm(found) / np.linalg.norm(true) < 1.35


@pytest.mark.parametrize(("hour", "minute", "minutes"), [(305, 60, 610), (95, 60, 190), (191.5, 90, 375)])
def test_a_drawn_dial(hour: float, minute: float, minutes: float) -> None:
    # The last hour hand is 4 degrees late: it should be at 187.5 a quarter past six.
    reading = read_classically(drawn(hour, minute))
    assert common_sense_error_minutes(minutes, reading.minutes) <= 1.5


def test_colour_and_the_shape_of_the_picture_do_not_matter() -> None:
    wide = np.full((400, 900, 3), 120, np.uint8)
    wide[:, 250:650] = drawn(305, 60)[..., None]
    reading = read_classically(wide)
    assert str(reading.time) in ("10:09", "10:10", "10:11")
    assert reading.ellipse[0] == pytest.approx((450, 200), abs=6)
    assert reading.ellipse[1] == pytest.approx((340, 340), abs=25)


def test_an_ellipse_is_made_circular() -> None:
    # Seen from the side at 37 degrees: 0.8 as wide; the hands at 305 and 60 degrees look steeper.
    reading = read_classically(drawn(305, 60, squeeze=0.8))
    (x, y), axes, _ = reading.ellipse
    assert (x, y) == pytest.approx((199.5, 199.5), abs=4)
    assert min(axes) / max(axes) == pytest.approx(0.8, abs=0.04)
    assert common_sense_error_minutes(610, reading.minutes) <= 2


def test_hands_are_found_with_their_reach() -> None:
    square = cv2.resize(drawn(305, 60), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    found = find_hands(make_circular(square, ((119.5, 119.5), (204.0, 204.0), 0.0)))  # 170 of 200 pixels: 102 of 120
    angles = np.rad2deg([one.angle for one in found])
    for degrees, reach in ((305, 90 / 170), (60, 140 / 170)):
        nearest = found[int(np.abs(angles - degrees).argmin())]
        assert np.rad2deg(nearest.angle) == pytest.approx(degrees, abs=1.5)
        assert nearest.reach == pytest.approx(reach, abs=0.06)
        assert not nearest.bright


def test_only_possible_pairs_score() -> None:
    three = pair_score(hand(90, 0.5), hand(0, 0.8))  # 3:00
    assert three > 100 * pair_score(hand(75, 0.5), hand(0, 0.8))  # half past two needs the minute hand at 180
    assert three > 5 * pair_score(hand(0, 0.8), hand(90, 0.5))  # 12:15 needs 7.5 degrees, and the longer hand is the hour's
    assert pair_score(hand(75, 0.5), hand(180, 0.8)) == pytest.approx(three)


def test_hands_on_each_other_are_one_hand_twice() -> None:
    noon = hand(0, 0.8)
    assert pair_score(noon, noon) == pytest.approx(0.5)
    quarter = hand(90, 0.8)  # 3:15 would need 97.5 degrees: 7.5 off, exp(-(7.5 / 4)^2 / 2) = 0.172
    assert pair_score(quarter, quarter) == pytest.approx(0.5 * 0.1724, abs=1e-4)


def test_thin_hands_and_hands_of_two_tones_score_less() -> None:
    whole = pair_score(hand(90, 0.5), hand(0, 0.8))
    assert pair_score(hand(90, 0.5), hand(0, 0.8, width=0.01)) == pytest.approx(0.75 * whole)
    other = Hand(0.0, 0.8, 0.1, lines=1.0, ridge=1.0, bright=True)
    assert pair_score(hand(90, 0.5), other) == pytest.approx(0.75 * whole)


@pytest.mark.parametrize(
    "picture", [np.zeros((50, 50), np.uint8), np.full((1, 1, 3), 9, np.uint8), np.full((5, 900), 255, np.uint8)]
)
def test_nothing_to_see(picture: np.ndarray) -> None:
    reading = read_classically(picture)
    assert reading.time is None
    assert reading.minutes is None
    assert reading.confidence == 0
    assert reading.note == NO_HANDS


def test_noise_does_no_harm_and_the_same_picture_gives_the_same_reading() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (97, 331, 3), dtype=np.uint8)
    first, second = read_classically(picture), read_classically(picture)
    assert (first.minutes, first.confidence, first.ellipse) == (second.minutes, second.confidence, second.ellipse)
    assert first.minutes is None or 0 <= first.minutes < 720
