"""Times, hands, errors and bins against values worked out by hand, and what must hold for all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clocks import time
from core.clocks.time import (
    MINUTES,
    ClockTime,
    circular_mean_around_peak,
    common_sense_error_minutes,
    hand_angles,
    mass_around,
    mean_near,
    minutes_from_hands,
    signed_error_minutes,
    soft_bins,
)

ALL = np.arange(MINUTES)
a_minute = st.floats(-1e4, 1e4)

# --- ClockTime -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [
        (0, "00:00"),
        (608, "10:08"),
        (719, "11:59"),
        (719.4, "11:59"),
        (719.6, "00:00"),  # rounds up across 12
        (719.5, "00:00"),
        (0.5, "00:01"),  # halves go up
        (1.5, "00:02"),
        (0.49, "00:00"),
        (720, "00:00"),
        (1439, "11:59"),
        (-1, "11:59"),
        (-0.4, "00:00"),
        (-720.6, "11:59"),
        (-1e-20, "00:00"),
    ],
)
def test_from_minutes(minutes: float, shown: str) -> None:
    assert str(ClockTime.from_minutes(minutes)) == shown


@pytest.mark.parametrize("minutes", [float("nan"), float("inf"), -float("inf")])
def test_from_minutes_refuses_what_is_no_number(minutes: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        ClockTime.from_minutes(minutes)


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("10:08", 10, 8),
        ("1:05", 1, 5),
        ("00:00", 0, 0),
        ("12:05", 0, 5),
        ("15:30", 3, 30),
        ("23:59", 11, 59),
        (" 7.45 ", 7, 45),
    ],
)
def test_parse(text: str, hour: int, minute: int) -> None:
    assert ClockTime.parse(text) == ClockTime(hour, minute)


@pytest.mark.parametrize("text", ["", "24:00", "10:60", "10", "10:8", "ten", "-1:30", "10:08:00", "1٠:08", "100:00"])
def test_parse_names_what_it_cannot_read(text: str) -> None:
    with pytest.raises(ValueError, match="looks like 10:08") as caught:
        ClockTime.parse(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(("hour", "minute"), [(12, 0), (-1, 0), (0, 60), (0, -1)])
def test_a_time_off_the_dial_is_refused(hour: int, minute: int) -> None:
    with pytest.raises(ValueError, match="must lie in"):
        ClockTime(hour, minute)


def test_every_minute_has_its_own_time() -> None:
    times = [ClockTime.from_minutes(minutes) for minutes in range(MINUTES)]
    assert [shown.minutes for shown in times] == list(range(MINUTES))
    assert [ClockTime.parse(str(shown)) for shown in times] == times
    assert sorted(times) == times


# --- hands ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hour", "minute", "hour_degrees", "minute_degrees"),
    [(0, 0, 0, 0), (6, 30, 195, 180), (10, 0, 300, 0), (3, 0, 90, 0), (9, 45, 292.5, 270), (11, 59, 359.5, 354)],
)
def test_hand_angles(hour: int, minute: int, hour_degrees: float, minute_degrees: float) -> None:
    hour_angle, minute_angle = hand_angles(ClockTime(hour, minute).minutes)
    assert np.degrees(hour_angle) == pytest.approx(hour_degrees)
    assert np.degrees(minute_angle) == pytest.approx(minute_degrees)


def test_hand_angles_of_arrays_keep_their_shape_and_wrap() -> None:
    hour_angle, minute_angle = hand_angles([[0, 390], [720, -330]])
    np.testing.assert_allclose(np.degrees(hour_angle), [[0, 195], [0, 195]])
    np.testing.assert_allclose(np.degrees(minute_angle), [[0, 180], [0, 180]], atol=1e-12)


def test_hands_give_all_720_times_back() -> None:
    np.testing.assert_allclose(common_sense_error_minutes(ALL, minutes_from_hands(*hand_angles(ALL))), 0, atol=1e-9)


@pytest.mark.parametrize(
    ("true", "noise_degrees"),
    [
        (238, 12),  # 3:58 with the hour hand past 4
        (238, -12),
        (242, 12),
        (242, -12),  # 4:02 with the hour hand before 4
        (719, 10),  # 11:59 with the hour hand past 12
        (1, -10),  # 0:01 with the hour hand before 12
        (0, -14),
        (0, 14),
        (210, 14.9),  # 3:30: half an hour of freedom to either side
        (210, -14.9),
    ],
)
def test_the_minute_hand_puts_a_noisy_hour_hand_right(true: int, noise_degrees: float) -> None:
    hour_angle, minute_angle = hand_angles(true)
    read = minutes_from_hands(hour_angle + np.radians(noise_degrees), minute_angle)
    assert common_sense_error_minutes(true, read) == pytest.approx(0, abs=1e-9)


def test_an_hour_hand_off_by_more_than_half_an_hour_is_an_hour_off() -> None:
    hour_angle, minute_angle = hand_angles(210)
    assert minutes_from_hands(hour_angle + np.radians(15.1), minute_angle) == pytest.approx(270)


@given(st.integers(0, 719), st.floats(-0.25, 0.25), st.floats(-0.05, 0.05))
def test_angles_may_lie_anywhere_and_errors_stay_as_small_as_the_minute_hands(true: int, off: float, little: float) -> None:
    hour_angle, minute_angle = hand_angles(true)
    for turns in (-2, 0, 3):
        # 0.25 + 0.05 / 12 radians is less than half an hour of the hour hand, pi / 12.
        read = minutes_from_hands(hour_angle + off + 2 * np.pi * turns, minute_angle + little - 2 * np.pi * turns)
        assert 0 <= read < MINUTES
        assert common_sense_error_minutes(true, read) <= abs(little) * 60 / (2 * np.pi) + 1e-6


# --- the common-sense error ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("true", "predicted", "error"),
    [
        (719, 1, 2),
        (1, 719, 2),
        (0, 360, 360),
        (0, 361, 359),
        (0, 0, 0),
        (10, 730, 0),
        (0, 719.5, 0.5),
        (0, -3, 3),
        (608, 610.25, 2.25),
        (0, 1440 + 100, 100),
    ],
)
def test_common_sense_error(true: float, predicted: float, error: float) -> None:
    assert common_sense_error_minutes(true, predicted) == error


def test_common_sense_error_of_arrays() -> None:
    np.testing.assert_array_equal(common_sense_error_minutes([719, 0, 5], [1, 360, 5]), [2, 360, 0])
    np.testing.assert_array_equal(common_sense_error_minutes([[0], [700]], [10, 715]), [[10, 5], [30, 15]])


@given(a_minute, a_minute)
def test_the_error_is_symmetric_and_at_most_half_a_turn(one: float, other: float) -> None:
    error = common_sense_error_minutes(one, other)
    assert error == common_sense_error_minutes(other, one)
    assert 0 <= error <= 360


@given(a_minute, a_minute, a_minute)
def test_a_detour_is_never_shorter(one: float, two: float, three: float) -> None:
    direct = common_sense_error_minutes(one, three)
    assert direct <= common_sense_error_minutes(one, two) + common_sense_error_minutes(two, three) + 1e-9


@given(a_minute, a_minute, st.integers(-5, 5))
def test_half_days_do_not_count(one: float, other: float, turns: int) -> None:
    expected = common_sense_error_minutes(one, other)
    assert common_sense_error_minutes(one + MINUTES * turns, other) == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize(
    ("true", "predicted", "ahead"), [(719, 1, 2), (1, 719, -2), (0, 359, 359), (0, 360, -360), (100, 90, -10)]
)
def test_signed_error(true: float, predicted: float, ahead: float) -> None:
    assert signed_error_minutes(true, predicted) == ahead


@given(a_minute, a_minute)
def test_the_signed_error_has_the_size_of_the_unsigned(true: float, predicted: float) -> None:
    ahead = signed_error_minutes(true, predicted)
    assert -360 <= ahead <= 360
    assert abs(ahead) == pytest.approx(float(common_sense_error_minutes(true, predicted)), abs=1e-6)


# --- bins ----------------------------------------------------------------------------------------------------------


def test_soft_bins_by_hand() -> None:
    bins = soft_bins(100, 2.0)
    assert bins.shape == (MINUTES,)
    assert bins.dtype == np.float32
    assert bins.argmax() == 100
    assert bins[101] / bins[100] == pytest.approx(np.exp(-1 / 8), rel=1e-5)  # exp(-(1/2)^2 / 2)
    assert bins[104] / bins[100] == pytest.approx(np.exp(-2), rel=1e-5)
    assert bins[100] == pytest.approx(1 / (2 * (2 * np.pi) ** 0.5), rel=1e-4)  # the density of a normal at its middle
    np.testing.assert_allclose(soft_bins(10.5, 1.0)[[10, 9]], soft_bins(10.5, 1.0)[[11, 12]], rtol=1e-5)


@given(st.floats(0, 719.99), st.floats(0.3, 60))
def test_soft_bins_sum_to_one_and_wrap(minutes: float, sigma: float) -> None:
    bins = soft_bins(minutes, sigma)
    assert bins.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(np.roll(bins, 1), soft_bins(minutes + 1, sigma), atol=1e-6)
    np.testing.assert_allclose(bins, soft_bins(minutes - MINUTES, sigma), atol=1e-6)


def test_a_bump_too_narrow_for_any_bin_goes_to_the_nearest_ones() -> None:
    # A thousandth of a minute wide: in between, exp(-0.5 * 500 ** 2) of the very nearest bins is 0 as a number.
    assert soft_bins(100.5, 1e-3)[99:103].tolist() == [0, 0.5, 0.5, 0]
    assert soft_bins(719.6, 1e-3)[[0, 718, 719]].tolist() == [1, 0, 0]


def test_soft_bins_are_symmetric_across_twelve() -> None:
    bins = soft_bins([0, 360], 3.0)
    assert bins.shape == (2, MINUTES)
    np.testing.assert_array_equal(bins[0, 1:], bins[0, :0:-1])
    np.testing.assert_array_equal(np.roll(bins[0], 360), bins[1])


@pytest.mark.parametrize("sigma", [0, -1, float("nan")])
def test_soft_bins_need_a_width(sigma: float) -> None:
    with pytest.raises(ValueError, match="sigma_minutes must be positive"):
        soft_bins(0, sigma)


def bins_of(**shares: float) -> np.ndarray:
    table = np.zeros(MINUTES)
    for name, share in shares.items():
        table[int(name[1:])] = share
    return table


@pytest.mark.parametrize(
    ("table", "half_width", "minutes"),
    [
        (bins_of(m100=1), 5, 100),
        (bins_of(m100=0.6, m101=0.4), 5, 100.4),
        (bins_of(m719=0.5, m1=0.5), 5, 0),  # across 12
        (bins_of(m719=0.6, m0=0.4), 5, 719.4),
        (bins_of(m0=0.6, m718=0.4), 5, 719.2),
        (bins_of(m100=0.5, m106=0.4), 2, 100),  # out of reach
        (bins_of(m100=0.4, m106=0.5), 2, 106),
        (bins_of(m100=0.5, m106=0.5), 6, 103),
        (bins_of(m100=0.5, m300=0.4), 5, 100),
        (bins_of(m100=0.3, m200=0.2, m201=0.2), 3, 200.5),  # a low hill holds more than a spike
        (bins_of(m100=0.6, m101=0.4), 0, 100),
        (np.zeros(MINUTES), 5, 0),
    ],
)
def test_circular_mean_by_hand(table: np.ndarray, half_width: int, minutes: float) -> None:
    assert circular_mean_around_peak(table, half_width) == pytest.approx(minutes, abs=1e-9)


def test_mass_around_by_hand() -> None:
    mass = mass_around(bins_of(m719=0.5, m1=0.25, m3=0.25), 2)
    expected = {717: 0.5, 718: 0.5, 719: 0.75, 0: 0.75, 1: 1.0, 2: 0.5, 3: 0.5, 4: 0.25, 5: 0.25}
    np.testing.assert_allclose(mass, bins_of(**{f"m{minute}": share for minute, share in expected.items()}))
    assert mass_around(np.full((2, 3, MINUTES), 1 / MINUTES), 3).shape == (2, 3, MINUTES)


def test_mean_near_by_hand() -> None:
    table = bins_of(m719=0.2, m1=0.6, m300=0.2)
    assert mean_near(table, 0, 3) == pytest.approx(0.5)  # (-1 * 0.2 + 1 * 0.6) / 0.8
    assert mean_near(table, 300, 3) == 300
    assert mean_near(table, 500, 3) == 500  # nothing there
    np.testing.assert_allclose(mean_near(np.stack([table, table]), [0, 300], 3), [0.5, 300])


@given(st.floats(0, 719.99), st.floats(0.5, 1.2))
def test_the_mean_finds_the_middle_of_soft_bins(minutes: float, sigma: float) -> None:
    read = circular_mean_around_peak(soft_bins(minutes, sigma), 8)
    assert common_sense_error_minutes(minutes, read) < 0.03  # of the bins' width, 1
    assert common_sense_error_minutes(minutes, circular_mean_around_peak(soft_bins(minutes, sigma))) < 0.15


def test_means_of_arrays_and_wrong_arguments() -> None:
    table = soft_bins([[0.0, 10.25], [359.75, 719.5]], 1.0)
    read = circular_mean_around_peak(table, 6)
    assert read.shape == (2, 2)
    assert common_sense_error_minutes([[0.0, 10.25], [359.75, 719.5]], read).max() < 0.01
    with pytest.raises(ValueError, match=r"720 bins.*\(719,\)"):
        circular_mean_around_peak(np.zeros(719))
    for half_width in (-1, 360):
        with pytest.raises(ValueError, match=f"half_width.*got {half_width}"):
            circular_mean_around_peak(np.zeros(MINUTES), half_width)


@pytest.mark.parametrize("minutes", [-1e-20, -1e-14, 719.9999999999999])
def test_nothing_reaches_a_whole_turn(minutes: float) -> None:
    """Results lie in [0, 720) and [0, 2 pi), although the remainder of a tiny negative number rounds up to the divisor."""
    hour_angle, minute_angle = hand_angles(minutes)
    assert 0 <= hour_angle < 2 * np.pi
    assert 0 <= minute_angle < 2 * np.pi
    assert 0 <= minutes_from_hands(hour_angle, minute_angle) < MINUTES


def test_means_never_reach_720() -> None:
    for sigma in np.linspace(0.3, 30, 100):
        for half_width in (1, 5, 30):
            assert 0 <= circular_mean_around_peak(soft_bins(0, sigma), half_width) < time.MINUTES
