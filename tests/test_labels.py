"""The label forms of both reports against values worked out by hand."""

import numpy as np
import pytest

from core.clocks.time import (
    MINUTES,
    class_label,
    common_sense_error_minutes,
    hour_and_fraction_label,
    hour_and_minute_label,
    hour_and_pair_label,
    hours_label,
    minutes_from_hands,
    sine_cosine_label,
)

ALL = np.arange(MINUTES)


def test_hours_label() -> None:
    np.testing.assert_allclose(hours_label([0, 6, 10, 11], [0, 30, 8, 59]), [0, 6.5, 10 + 8 / 60, 11 + 59 / 60])
    # 8/60 = 0.1333..., 59/60 = 0.98333..., 10/60 = 0.1666...
    np.testing.assert_array_equal(hours_label([10, 11, 0], [8, 59, 10], decimals=3), [10.133, 11.983, 0.167])


def test_class_labels() -> None:
    hours, minutes = [0, 0, 0, 10, 11], [0, 29, 30, 8, 59]
    np.testing.assert_array_equal(class_label(hours, minutes), [0, 29, 30, 608, 719])
    np.testing.assert_array_equal(class_label(hours, minutes, 24), [0, 0, 1, 20, 23])
    np.testing.assert_array_equal(class_label(hours, minutes, 12), [0, 0, 0, 10, 11])
    counts = np.bincount(class_label(ALL // 60, ALL % 60, 24))
    assert counts.tolist() == [30] * 24


@pytest.mark.parametrize("classes", [0, -24, 7, 1440])
def test_classes_must_divide_the_dial(classes: int) -> None:
    with pytest.raises(ValueError, match=f"divide 720; got {classes}"):
        class_label(1, 1, classes)


ROOT_3 = 3**0.5


@pytest.mark.parametrize(
    ("hour", "minute", "label"),
    [
        (0, 0, [0, 1, 0, 1]),
        (3, 0, [1, 0, 0, 1]),
        (6, 0, [0, -1, 0, 1]),
        (6, 30, [-0.25881905, -0.96592583, 0, -1]),  # 195 and 180 degrees
        (9, 45, [-0.92387953, 0.38268343, -1, 0]),  # 292.5 and 270 degrees
        (1, 20, [0.64278761, 0.76604444, ROOT_3 / 2, -1 / 2]),  # 40 and 120 degrees
    ],
)
def test_sine_cosine_label(hour: int, minute: int, label: list[float]) -> None:
    np.testing.assert_allclose(sine_cosine_label(hour, minute), label, atol=1e-8)


def test_the_published_sine_cosine_label_repeats_every_six_minutes() -> None:
    # 10:02 -> 120 degrees; 10:08 -> 480 = 120 degrees.
    published = sine_cosine_label([10, 10], [2, 8], as_published=True)
    np.testing.assert_allclose(published[:, 2:], [[ROOT_3 / 2, -1 / 2]] * 2, atol=1e-12)
    corrected = sine_cosine_label([10, 10], [2, 8])
    # 12 and 48 degrees.
    np.testing.assert_allclose(corrected[:, 2:], [[0.20791169, 0.97814760], [0.74314483, 0.66913061]], atol=1e-8)
    np.testing.assert_array_equal(published[:, :2], corrected[:, :2])  # the hour's half is right in print
    halves = sine_cosine_label(np.zeros(60, int), np.arange(60), as_published=True)[:, 2:]
    assert len(np.unique(halves.round(9) + 0.0, axis=0)) == 6
    assert len(np.unique(sine_cosine_label(np.zeros(60, int), np.arange(60))[:, 2:].round(9) + 0.0, axis=0)) == 60


def test_sine_cosine_labels_lead_back_to_every_time() -> None:
    label = sine_cosine_label(ALL // 60, ALL % 60)
    assert label.shape == (720, 4)
    read = minutes_from_hands(np.arctan2(label[:, 0], label[:, 1]), np.arctan2(label[:, 2], label[:, 3]))
    np.testing.assert_allclose(common_sense_error_minutes(ALL, read), 0, atol=1e-9)


def test_multi_head_labels() -> None:
    hours, minutes = [0, 10, 11], [0, 9, 59]
    for form, second in (
        (hour_and_fraction_label, [0, 0.15, 59 / 60]),
        (hour_and_minute_label, [0.0, 9.0, 59.0]),
        (hour_and_pair_label, [0, 4, 29]),
    ):
        first, label = form(hours, minutes)
        np.testing.assert_array_equal(first, hours)
        np.testing.assert_allclose(label, second)
    assert hour_and_minute_label(1, 2)[1].dtype == np.float64
    assert np.unique(hour_and_pair_label(np.zeros(60, int), np.arange(60))[1]).tolist() == list(range(30))


@pytest.mark.parametrize(
    "form", [hours_label, class_label, sine_cosine_label, hour_and_fraction_label, hour_and_minute_label, hour_and_pair_label]
)
def test_label_forms_refuse_what_is_no_time(form) -> None:
    for hour, minute, said in ((12, 0, "hour.*0-11; got 12"), (0, 60, "minute.*0-59; got 60"), (-1, 0, "got -1")):
        with pytest.raises(ValueError, match=said):
            form([0, hour], [0, minute])
    with pytest.raises(ValueError, match="whole numbers"):
        form(1.5, 0)


def test_no_labels_of_no_times() -> None:
    assert class_label([], []).shape == (0,)
    assert sine_cosine_label([], []).shape == (0, 4)
