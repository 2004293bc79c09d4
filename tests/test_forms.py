"""The reports' label forms, losses and networks against values worked out by hand and the counts that were printed."""

from types import SimpleNamespace

import numpy as np
import pytest

from core.cards import RegistryError
from core.clocks.forms import FORMS, form_of
from core.clocks.time import ClockTime, common_sense_error_minutes
from core.specs import ReportNetSpec

HOURS, MINUTES = np.divmod(np.arange(720), 60)


def keras_losses():
    from core.clocks import losses

    return losses


@pytest.mark.parametrize(("head", "worst"), [(name, 0.51) for name in FORMS if name != "classes-24"] + [("classes-24", 14.5)])
def test_a_perfect_answer_means_the_true_time(head, worst):
    form = FORMS[head]
    read = form.minutes(form.targets(HOURS, MINUTES))
    assert common_sense_error_minutes(np.arange(720), read).max() <= worst


@pytest.mark.parametrize("head", FORMS)
def test_probabilities_are_a_distribution_with_its_mass_at_the_reading(head):
    form = FORMS[head]
    outputs = form.targets(HOURS, MINUTES)
    shares = form.probabilities(outputs, 2.0, 0.1)
    assert shares.shape == (720, 720)
    assert shares.sum(-1) == pytest.approx(np.ones(720), abs=1e-4)
    peaks = shares.argmax(-1)
    assert common_sense_error_minutes(peaks, form.minutes(outputs)).max() <= 15


def test_targets_have_the_shape_of_the_outputs():
    for form in FORMS.values():
        targets = form.targets(HOURS[:5], MINUTES[:5])
        shapes = {name: part.shape for name, part in targets.items()} if isinstance(targets, dict) else {"time": targets.shape}
        assert shapes == {name: (5, units) for name, (units, _) in form.outputs.items()}


def test_multi_head_never_leaves_its_hour():
    hour = np.eye(12)[[9, 9]]
    read = FORMS["hour-and-minute"].minutes({"hour": hour, "minute": np.array([[-3.0], [64.0]])})
    # 59.5 and more would be shown as 10:00, an hour that was not chosen.
    assert read.tolist() == [540.0, 599.0]
    assert [str(ClockTime.from_minutes(minutes)) for minutes in read] == ["09:00", "09:59"]


def test_the_bump_of_a_minute_ends_with_its_hour():
    hour = np.eye(12)[[3]]
    [shares] = FORMS["hour-and-minute"].probabilities({"hour": hour, "minute": np.array([[95.0]])}, 8.0, 0.0)
    assert shares[180:240].sum() == pytest.approx(1)
    assert shares.argmax() == 239
    # Half of a bump, with its peak on the last minute: e^(-1 / 128) a minute before.
    assert shares[238] / shares[239] == pytest.approx(np.exp(-1 / 128), rel=1e-5)


def test_a_number_becomes_a_bump_and_an_even_rest():
    [shares] = FORMS["hours"].probabilities(np.array([[3.0]]), 0.5, 0.36)
    # A bump of half a minute: 1, e^-2 and e^-8 beside it; the rest is 0.36 / 720 = 0.0005 in every bin.
    beside = np.exp(-2.0) / (1 + 2 * np.exp(-2.0) + 2 * np.exp(-8.0))
    assert shares[181] == pytest.approx(0.64 * beside + 0.0005, rel=1e-4)
    assert shares[500] == pytest.approx(0.0005)
    [shares] = FORMS["hours"].probabilities(np.array([[3.0]]), 0.5, 0.0)
    assert shares[500] == 0


def test_a_card_with_a_form_that_is_none_is_named():
    assert form_of(SimpleNamespace(model_id="tiny", extra={})) is None
    assert form_of(SimpleNamespace(model_id="tiny", extra={"form": "hours"})) == "hours"
    with pytest.raises(RegistryError, match=r"extra.form of the card of tiny must be one of hours, .*; got 'days'; correct it"):
        form_of(SimpleNamespace(model_id="tiny", extra={"form": "days"}))


def test_calibration_parts_common_errors_from_gross_ones(monkeypatch):
    from core.clocks import report_recipes

    class Model:
        card = SimpleNamespace(extra={"side": 8, "form": "hours"})

        def __call__(self, batch):
            # Errors: 1, 2 and 49 minutes, 61 and 300, which are gross, and 3: 11:59 is read for 0:02.
            return np.array([[1 / 60], [118 / 60], [249 / 60], [361 / 60], [180 / 60], [719 / 60]])

    true = np.array([0, 120, 200, 300, 480, 2])
    monkeypatch.setattr(report_recipes, "valid_pictures", lambda: (np.zeros((6, 8, 8), np.uint8), true, None))
    # Common: 1, 2, 3 and 49; their median is 2.5, and 1.4826 x 2.5 = 3.7065.
    # All of them: (1 + 2 + 49 + 61 + 300 + 3) / 6.
    found = report_recipes.calibrate_form(Model())
    assert found == {"spread_minutes": 3.71, "gross_share": 0.3333, "validation_minutes": 69.333}


def test_calibration_of_a_network_that_is_always_wrong(monkeypatch):
    from core.clocks import report_recipes

    class Model:
        card = SimpleNamespace(extra={"side": 8, "form": "hours"})

        def __call__(self, batch):
            return np.zeros((len(batch), 1))

    monkeypatch.setattr(report_recipes, "valid_pictures", lambda: (np.zeros((2, 8, 8), np.uint8), np.array([300, 400]), None))
    found = report_recipes.calibrate_form(Model())
    assert found == {"spread_minutes": 50.0, "gross_share": 1.0, "validation_minutes": 310.0}  # 300 and 320


def test_as_published_labels_of_10_02_and_10_08_share_the_minutes_half():
    form = FORMS["sine-cosine-as-published"]
    two, eight = form.targets(np.array([10, 10]), np.array([2, 8]))
    assert two[2:] == pytest.approx(eight[2:], abs=1e-6)
    corrected = FORMS["sine-cosine"].targets(np.array([10, 10]), np.array([2, 8]))
    assert np.abs(corrected[0, 2:] - corrected[1, 2:]).max() > 0.5


def test_as_published_minutes_need_the_hour_hand_to_within_three_minutes():
    form = FORMS["sine-cosine-as-published"]
    [label] = form.targets(np.array([10]), np.array([2]))
    turned = np.deg2rad(2.0)  # four minutes of the hour hand
    sine, cosine = label[0], label[1]
    wrong = label.copy()
    wrong[:2] = sine * np.cos(turned) + cosine * np.sin(turned), cosine * np.cos(turned) - sine * np.sin(turned)
    assert form.minutes(label[None]) == pytest.approx([602.0], abs=1e-3)
    assert form.minutes(wrong[None]) == pytest.approx([608.0], abs=1e-3)  # a whole period off


def test_custom_mae_as_published_wraps_one_way_only():
    losses = keras_losses()
    true = np.array([[0.1], [11.9]], np.float32)
    read = np.array([[11.9], [0.1]], np.float32)
    published = np.asarray(losses.custom_mae_as_published(true, read))
    # |0.1 - 11.9 - 12| = 23.8, so 11.8 stays; |11.9 - 0.1 - 12| = 0.2.
    assert published.ravel() == pytest.approx([11.8, 0.2], abs=1e-5)
    corrected = np.asarray(losses.custom_mae_corrected(true, read))
    assert corrected.ravel() == pytest.approx([0.2, 0.2], abs=1e-5)


def test_custom_mae_as_published_punishes_what_lies_outside():
    losses = keras_losses()
    value = float(
        np.asarray(losses.custom_mae_as_published(np.array([[1.0]], np.float32), np.array([[-1.0]], np.float32)))[0, 0]
    )
    # |1 + 1| = 2, |1 + 1 - 12| = 10; 10 (log 0.001 + log 1.001 - 2 log 0.001) = 10 (log 1.001 + log 1000)
    assert value == pytest.approx(2 + 10 * (np.log(1.001) + np.log(1000)), abs=1e-3)


def test_custom_mse_as_published_does_not_weigh_hours():
    losses = keras_losses()
    zero = np.zeros((2, 4), np.float32)
    hour_off, minute_off = zero.copy(), zero.copy()
    hour_off[0, 0] = minute_off[0, 2] = 0.5
    expected = np.sqrt(0.25 * np.array([3600, 3600, 1, 1]) / 3601)
    assert np.asarray(losses.custom_mse_as_published(zero, hour_off)) == pytest.approx(expected, abs=1e-6)
    assert np.asarray(losses.custom_mse_as_published(zero, minute_off)) == pytest.approx(expected, abs=1e-6)
    # Four pictures with one error each weigh twice what one does: the batch is summed as well.
    four = np.zeros((4, 4), np.float32)
    four[:, 0] = 0.5
    assert np.asarray(losses.custom_mse_as_published(np.zeros_like(four), four)) == pytest.approx(2 * expected, abs=1e-6)


def test_custom_mse_corrected_weighs_hours_sixty_times():
    losses = keras_losses()
    zero = np.zeros((2, 4), np.float32)
    off = zero.copy()
    off[0, 0] = off[1, 2] = 0.5
    value = np.asarray(losses.custom_mse_corrected(zero, off))
    assert value == pytest.approx([np.sqrt(900 / 3601), np.sqrt(0.25 / 3601)], abs=1e-5)
    assert value[0] / value[1] == pytest.approx(60, rel=1e-3)


@pytest.mark.parametrize(
    ("spec", "parameters", "trainable"),
    [
        (ReportNetSpec("2022", "hours"), 9_596_801, None),
        (ReportNetSpec("2022", "hour-and-fraction"), 9_598_349, None),
        (ReportNetSpec("2023", "classes-720"), 731_500, 730_932),
        (ReportNetSpec("2023", "hours-rounded"), 604_961, 604_545),
        (ReportNetSpec("2023", "hour-and-minute"), 1_675_193, 1_674_113),
    ],
)
def test_networks_have_the_published_number_of_parameters(spec, parameters, trainable):
    from core.clocks.report_networks import build_report_network

    model = build_report_network(spec)
    assert model.count_params() == parameters
    if trainable:
        assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == trainable


def test_every_system_of_the_reports_has_a_recipe():
    from core.catalogue import all_recipes

    ids = [name for name in all_recipes() if name.startswith("report")]
    assert len(ids) == 12
    for recipe in [all_recipes()[name] for name in ids]:
        loss, _, metrics = recipe.losses()
        assert loss
        assert metrics
