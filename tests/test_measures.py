"""The reports' measures and the one ruler, against values worked out by hand."""

import numpy as np
import pytest

from core.clocks.forms import FORMS
from core.clocks.measures import error_figures, form_figures, hand_label_figures


def test_the_ruler_by_hand() -> None:
    # Errors: 0, 2 (across 12), 60, 1, 5.
    figures = error_figures([10, 719, 100, 30, 30], [10, 1, 160, 31, 25])
    assert figures["mean_minutes"] == pytest.approx(68 / 5)
    assert figures["median_minutes"] == 2
    assert figures["within_1_minute"] == pytest.approx(2 / 5)
    assert figures["within_5_minutes"] == pytest.approx(4 / 5)
    assert figures["over_30_minutes"] == pytest.approx(1 / 5)


def test_half_an_hour_itself_is_not_over_it_and_five_in_a_hundred_lie_above_the_95th_percentile() -> None:
    # Of the errors 0 to 100 each once the 95th percentile is 95, and those over 30 are 31 to 100.
    figures = error_figures(np.zeros(101), np.arange(101))
    assert figures["p95_minutes"] == pytest.approx(95)
    assert figures["over_30_minutes"] == pytest.approx(70 / 101)


@pytest.mark.parametrize(("true", "read"), [([], []), ([[1]], [[1]])])
def test_the_ruler_needs_a_list_of_times(true: list[int], read: list[int]) -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        error_figures(true, read)


def test_hand_labels_of_the_same_time_do_not_differ() -> None:
    figures = hand_label_figures([0, 333, 719], [0, 333, 719])
    assert figures["custom_mse_as_published"] == pytest.approx(0, abs=1e-4)
    assert figures["custom_mse_corrected"] == pytest.approx(0, abs=1e-4)


def test_six_minutes_as_published_are_only_the_hour_hands_three_degrees() -> None:
    figures = hand_label_figures([602], [608])
    chord = (2 * np.sin(np.deg2rad(1.5))) ** 2  # squared distance of two points three degrees apart on the unit circle
    weights = np.array([3600, 3600, 1, 1])
    assert figures["custom_mse_as_published"] == pytest.approx(np.sqrt(chord * weights / 3601).mean(), rel=1e-3)
    minute_chord = (2 * np.sin(np.deg2rad(18.0))) ** 2  # six minutes are 36 degrees of the minute hand
    assert figures["custom_mse_corrected"] == pytest.approx(np.sqrt((3600 * chord + minute_chord) / 3601), rel=1e-3)


@pytest.mark.parametrize("head", FORMS)
def test_perfect_answers_have_perfect_figures(head: str) -> None:
    minutes = np.arange(720)
    figures = form_figures(head, FORMS[head].targets(minutes // 60, minutes % 60), minutes)
    assert figures
    for name, value in figures.items():
        assert value == pytest.approx(1.0 if "accuracy" in name else 0.0, abs=2e-3), name


def test_hours_by_hand() -> None:
    # True 11:54 (11.9 h) read as 0.1 h, and 6:00 read as 6.5 h.
    figures = form_figures("hours", np.array([[0.1], [6.5]]), np.array([714, 360]))
    assert figures["mae_hours"] == pytest.approx((11.8 + 0.5) / 2)
    assert figures["custom_mae_as_published"] == pytest.approx((0.2 + 0.5) / 2, abs=1e-4)


def test_two_heads_by_hand() -> None:
    hour = np.eye(12)[[3, 4]]
    figures = form_figures("hour-and-minute", {"hour": hour, "minute": np.array([[10.0], [26.0]])}, np.array([190, 320]))
    # 3:10 is right; 5:20 is read as 4:26.
    assert figures == pytest.approx({"hour_accuracy": 0.5, "minute_mse": 18.0, "minute_mae": 3.0})


def test_minutes_too_early_do_not_make_up_for_minutes_too_late() -> None:
    # 3:10 read as 3:16, and 5:20 as 5:14.
    figures = form_figures(
        "hour-and-minute", {"hour": np.eye(12)[[3, 5]], "minute": np.array([[16.0], [14.0]])}, np.array([190, 320])
    )
    assert figures == pytest.approx({"hour_accuracy": 1.0, "minute_mse": 36.0, "minute_mae": 6.0})


@pytest.mark.parametrize("more", [1, 31])
def test_a_batch_that_is_not_full_is_not_counted(more: int) -> None:
    # 32 pictures, each half an hour off: what one more adds would be a value of its own at the weight of all 32.
    true = np.arange(32 + more) * 7
    whole = hand_label_figures(true[:32], true[:32] + 33)
    assert hand_label_figures(true, true + 33) == pytest.approx(whole, rel=1e-5)
    # The sum runs over the batch, so one picture alone has the root of a 32nd of it.
    alone = hand_label_figures(true[:1], true[:1] + 33)["custom_mse_as_published"]
    assert whole["custom_mse_as_published"] == pytest.approx(np.sqrt(32) * alone, rel=1e-5)
    assert whole["custom_mse_one_picture"] == pytest.approx(alone, rel=1e-5)


@pytest.mark.parametrize("head", ["sine-cosine", "sine-cosine-as-published"])
def test_hand_labels_are_measured_as_the_network_gives_them(head: str) -> None:
    minutes = np.array([608])
    right = FORMS[head].targets(minutes // 60, minutes % 60)
    # Three times as long as they should be: the time is right, and each part is off by twice its size.
    figures = form_figures(head, 3 * right, minutes)
    hour, minute = 4.0, 4.0  # squares of twice a unit vector, summed over sine and cosine
    weights = np.array([3600, 3600, 1, 1])
    published = np.sqrt((hour + minute) * weights / 3601).mean()
    corrected = np.sqrt((3600 * hour + minute) / 3601)
    assert figures["custom_mse_as_published"] == pytest.approx(published, rel=1e-5)
    assert figures["custom_mse_corrected"] == pytest.approx(corrected, rel=1e-5)
    assert figures["loss"] == figures["custom_mse_corrected" if head == "sine-cosine" else "custom_mse_as_published"]
    assert hand_label_figures(minutes, FORMS[head].minutes(3 * right))["custom_mse_as_published"] < 0.01
