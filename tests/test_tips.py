"""Where a reading's hands are drawn, against places worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from test_pages import told

from core.clocks.fit import NUMERAL_RADIUS
from core.clocks.tips import APART, NEAR_HUB, Hand, hands
from pages.parts import readings

FLAT = np.array([[100.0, 0, 200], [0, 100, 150], [0, 0, 1]])  # a dial of a radius of 100 pixels around (200, 150), 12 above
TWO = told(120)  # both hands are known to the degree: 60 and 0


def seen(hour: tuple[float, float], minute: tuple[float, float], view: np.ndarray | None = FLAT):
    """02:00 with tips that many degrees clockwise from 12, and so many pixels from the hub."""
    spots = []
    for degrees, reach in (hour, minute):
        angle = np.deg2rad(degrees)
        spots.append((200 + reach * float(np.sin(angle)), 150 - reach * float(np.cos(angle))))
    return replace(TWO, centre=(200.0, 150.0), hour_tip=spots[0], minute_tip=spots[1], homography=view)


def test_tips_that_show_the_time_stay_where_they_are_seen():
    reading = seen((60, 50), (0, 80))
    assert hands(reading) == (Hand(reading.hour_tip), Hand(reading.minute_tip))


@pytest.mark.parametrize(("degrees", "put"), [(14.5, False), (-14.5, False), (15.5, True), (-15.5, True), (180, True)])
def test_a_hand_that_points_at_another_numeral_is_put(degrees: float, put: bool):
    assert pytest.approx(np.deg2rad(15)) == APART
    hour, minute = hands(seen((60, 50), (degrees, 80)))
    assert (hour.put, minute.put) == (False, put)
    if put:  # straight up, as far as the numerals stand
        assert minute.tip == pytest.approx((200, 150 - 100 * NUMERAL_RADIUS))


@pytest.mark.parametrize(("reach", "put"), [(1.01, False), (0.99, True), (0.0, True)])
def test_a_tip_at_the_hub_points_nowhere(reach: float, put: bool):
    hour, minute = hands(seen((60, 100 * NEAR_HUB * reach), (0, 80)))
    assert (hour.put, minute.put) == (put, False)
    if put:  # two thirds of the way to the numerals: 60 degrees from 12 are 0.866 to the right and 0.5 up
        reach = 100 * NUMERAL_RADIUS * 2 / 3
        assert hour.tip == pytest.approx((200 + reach * 0.8660254, 150 - reach / 2))


def test_a_hand_is_put_through_the_dial_s_perspective():
    """A dial turned a quarter clockwise, whose 12 lies to the right and farther away: (1, 0) -> 200 + 100 / 1.5."""
    turned = np.array([[0, -100.0, 200], [100, 0, 150], [0, 0, 1]])
    tilted = turned.copy()
    tilted[0], tilted[1], tilted[2] = [0, -100 - 200 * 0.5, 200], [100, -150 * 0.5, 150], [0, -0.5, 1]
    up = (0, -NUMERAL_RADIUS)
    _, minute = hands(replace(seen((60, 50), (0, 1), turned), centre=(200.0, 150.0)))
    assert minute.tip == pytest.approx((200 - 100 * up[1], 150))
    _, minute = hands(seen((60, 50), (0, 1), tilted))
    assert minute.tip == pytest.approx((200 + 100 * NUMERAL_RADIUS / (1 + 0.5 * NUMERAL_RADIUS), 150))


def test_without_a_dial_or_a_tip_nothing_is_put():
    wrong = seen((240, 5), (90, 5), None)
    assert hands(wrong) == (Hand(wrong.hour_tip), Hand(wrong.minute_tip))
    assert hands(replace(seen((60, 50), (0, 80)), hour_tip=None, minute_tip=None)) == (None, None)


def test_a_hand_that_is_put_is_dashed_and_the_legend_says_so():
    """Each hand is two lines, its casing and itself."""
    right, wrong = seen((60, 50), (0, 80)), seen((60, 50), (45, 5))
    assert "dasharray" not in readings.marks(right, (400, 300))
    drawn = readings.marks(wrong, (400, 300))
    assert drawn.count("dasharray") == 2
    assert f'x2="200.0" y2="{150 - 100 * NUMERAL_RADIUS:.1f}"' in drawn
    assert "dashed: where the time read puts it" in readings.overlay("", (400, 300), wrong, "", 1.0)
    assert "dashed" not in readings.overlay("", (400, 300), right, "", 1.0)


def test_a_reading_in_doubt_shows_what_the_model_sees():
    doubtful = replace(seen((60, 50), (45, 5)), note="Can't tell 2:00 from 2:08.")
    x, y = doubtful.minute_tip
    assert f'x2="{x:.1f}" y2="{y:.1f}"' in readings.marks(doubtful, (400, 300))
    assert "where the time read puts it" not in readings.overlay("", (400, 300), doubtful, "", 1.0)
