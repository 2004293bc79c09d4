"""From a model's outputs to a reading: decoding by hand values, geometry, doubts, and the stored reader itself."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from core import paths, registry
from core.clocks.camera import Pose, project
from core.clocks.candidates import likeliest_classes
from core.clocks.dial import direction
from core.clocks.face import POINTS, fixed_marks, render
from core.clocks.reading import PREFERRED, decode, default_model, likeliest_times, read_gammas, read_pictures
from core.clocks.time import ClockTime, circular_mean_around_peak, common_sense_error_minutes, hand_angles
from core.images import open_picture


class FakeModel:
    """Answers every picture with the same outputs and remembers the batches it saw."""

    def __init__(self, minutes=608, points=(), peak=30.0):
        self.card = SimpleNamespace(model_id="fake", extra={"side": 30})
        self.batches = []
        hour, minute = hand_angles(minutes)
        self.hands = [np.sin(hour), np.cos(hour), np.sin(minute), np.cos(minute)]
        self.bins = np.zeros(720)
        self.bins[minutes] = peak
        # A dial seen straight on, hands and all; ``points`` then moves the first of them.
        pose = Pose(x=0.5, y=0.5, radius=0.4, distance=3.0, roll=0.0, tilt=0.0, near=0.0)
        marks = fixed_marks(0.735).copy()
        marks[2], marks[3] = direction(float(hour)) * 0.65, direction(float(minute)) * 0.78
        self.points = project(pose.homography(), marks)
        for index, point in enumerate(points):
            self.points[index] = point

    def __call__(self, batch):
        self.batches.append(batch)
        count = len(batch)
        return {
            "bins": np.tile(self.bins, (count, 1)),
            "hands": np.tile(self.hands, (count, 1)),
            "points": np.tile(self.points.ravel(), (count, 1)),
        }


def outputs_of(bins, minutes=0.0):
    hour, minute = hand_angles(minutes)
    return {
        "bins": np.asarray(bins)[None],
        "hands": np.array([[np.sin(hour), np.cos(hour), np.sin(minute), np.cos(minute)]]),
        "points": np.zeros((1, 2 * len(POINTS))),
    }


def test_decode_softmax_and_hands():
    bins = np.full(720, -1e9)
    bins[[100, 101]] = np.log(3.0), np.log(1.0)
    decoded = decode(outputs_of(bins, minutes=185.0), {})
    assert decoded.probabilities[0, 100] == pytest.approx(0.75)
    assert decoded.probabilities[0, 101] == pytest.approx(0.25)
    assert decoded.minutes[0] == pytest.approx(100.25)
    assert decoded.second_minutes[0] == pytest.approx(185.0)


def test_decode_temperature_two_takes_the_root_of_the_odds():
    bins = np.full(720, -1e9)
    bins[[100, 101]] = np.log(9.0), 0.0
    decoded = decode(outputs_of(bins), {"temperature": 2.0})
    assert decoded.probabilities[0, 100] == pytest.approx(0.75)  # odds 9:1 become 3:1


def test_likeliest_times_across_twelve():
    shares = np.zeros(720)
    shares[719], shares[0], shares[1] = 0.2, 0.2, 0.2  # 12:00 by its neighbours
    shares[300] = 0.3
    shares[130] = 0.1
    first, second, third = likeliest_times(shares, 0.0)
    assert (str(first.time), str(second.time), str(third.time)) == ("00:00", "05:00", "02:10")
    assert min(first.minutes, 720 - first.minutes) == pytest.approx(0, abs=1e-9)
    assert [round(c.probability, 6) for c in (first, second, third)] == [0.6, 0.3, 0.1]


def test_candidates_keep_their_distance_and_the_first_is_the_decoded_time():
    shares = np.zeros(720)
    shares[100], shares[105], shares[400] = 0.5, 0.3, 0.2
    first, second, _ = likeliest_times(shares, float(circular_mean_around_peak(shares)))
    assert first.minutes == pytest.approx(101.875)  # (100 x 0.5 + 105 x 0.3) / 0.8
    assert first.probability == pytest.approx(0.8)  # both lie within 3 minutes of 102
    assert second.minutes == 400
    with np.errstate(divide="ignore"):
        assert decode(outputs_of(np.log(shares)), {}).minutes[0] == pytest.approx(first.minutes)


def test_nine_minutes_beside_the_first_there_is_no_other_candidate():
    shares = np.zeros(720)
    shares[100], shares[106], shares[112], shares[400] = 0.4, 0.18, 0.18, 0.24  # more around 109 than around 400
    first, second, third = likeliest_times(shares, 100.0)
    assert [(one.minutes, one.probability) for one in (first, second)] == [
        (100, pytest.approx(0.4)),
        (400, pytest.approx(0.24)),
    ]
    assert (third.minutes, third.probability) == (112, pytest.approx(0.18))


def test_a_dial_is_small_beside_the_longer_side_of_its_picture():
    """A tenth of 300 pixels, and nearly a third of the 100 of the shorter side."""
    model = FakeModel(points=[(0.5, 0.5), (0.5, 0.5 - 0.0735)])
    read_pictures([np.full((100, 300), 128, np.uint8)], model=model)
    assert len(model.batches) == 2, "it is looked at again"


def test_of_classes_that_are_as_likely_the_earlier_come_first():
    middles = [one.minutes for one in likeliest_classes(np.full(720, 1 / 720), 30)]
    assert middles == [14.5, 44.5, 74.5]


def test_points_come_back_in_pixels_of_the_picture():
    # 60 wide, 30 high in a square of 30: two picture pixels a square pixel, 15 rows of padding above.
    model = FakeModel(points=[(0.5, 0.5), (0.0, 0.5), (1.0, 0.5), (0.5, 1.0)])
    [reading] = read_pictures([np.zeros((30, 60, 3), np.uint8)], model=model, locate=False)
    assert reading.centre == pytest.approx((29.5, 14.5))
    assert reading.twelve == pytest.approx((0.5, 14.5))
    assert reading.hour_tip == pytest.approx((58.5, 14.5))
    assert reading.minute_tip == pytest.approx((29.5, 43.5))
    assert str(reading.time) == "10:08"
    assert reading.model == "fake"


def test_a_small_dial_gets_a_second_look_at_the_right_place():
    # Hub in the middle, 12 a tenth of the side above it: a dial of 13.6 % of the side.
    model = FakeModel(points=[(0.5, 0.5), (0.5, 0.4)])
    picture = np.zeros((300, 300), np.uint8)
    picture[150:] = 200
    [reading] = read_pictures([picture], model=model)
    assert len(model.batches) == 2
    assert model.batches[1][0, 2, 15, 0] == 0
    assert model.batches[1][0, 28, 15, 0] == pytest.approx(200 / 255)
    assert reading.centre == pytest.approx((149.5, 149.5), abs=1)
    read_pictures([picture], model=model, locate=False)
    assert len(model.batches) == 3


def test_gammas_are_read_in_one_batch():
    model = FakeModel()
    gammas = [0.5, 1.0, 2.0]
    readings = read_gammas(np.full((30, 30), 128, np.uint8), gammas, model=model, locate=False)
    assert len(readings) == 3
    [batch] = model.batches
    assert batch[:, 0, 0, 0] == pytest.approx([(128 / 255) ** gamma for gamma in gammas], abs=0.003)


def test_doubt_is_said():
    flat = FakeModel(peak=0.0)
    [unsure] = read_pictures([np.zeros((40, 40), np.uint8)], model=flat)
    assert unsure.confidence < 0.05
    assert re.fullmatch(r"Hard to tell: it may be \d\d:\d\d, \d\d:\d\d or \d\d:\d\d\.", unsure.note)


def test_a_sure_reading_of_a_whole_dial_has_no_note():
    [reading] = read_pictures([np.zeros((40, 40), np.uint8)], model=FakeModel())
    assert reading.note is None
    assert reading.confidence > 0.99


@pytest.mark.parametrize("which", ["sines", "tips"])
def test_hands_that_tell_another_time_are_said_and_halve_the_confidence(which):
    torn, other = FakeModel(minutes=608), FakeModel(minutes=120)
    if which == "sines":
        torn.hands = other.hands
    else:
        torn.points = other.points
    [reading] = read_pictures([np.zeros((40, 40), np.uint8)], model=torn)
    assert "10:08 from the whole picture" in reading.note
    assert "02:00 from the hands" in reading.note
    assert reading.confidence == pytest.approx(0.5, abs=0.01)


def test_numerals_that_form_no_dial_are_no_clock():
    model = FakeModel()
    model.points[4:] = model.points[4:][::-1]  # the numerals run the wrong way round
    [reading] = read_pictures([np.zeros((40, 40), np.uint8)], model=model)
    assert reading.note.startswith("I see no clock")
    assert reading.confidence < 0.1


def test_nothing_in_nothing_out():
    assert read_pictures([], model=FakeModel()) == []


# --- the stored reader -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reader():
    from core.registry import load_trained

    return load_trained("reader-report")


def test_it_reads_fresh_renderings(reader):
    times = [ClockTime.from_minutes(minute) for minute in range(7, 720, 30)]
    pictures = [render(time, seed=(99, index)).image for index, time in enumerate(times)]
    readings = read_pictures(pictures, model=reader)
    errors = common_sense_error_minutes([t.minutes for t in times], [r.minutes for r in readings])
    assert np.median(errors) <= 1.5
    assert (errors <= 3).mean() >= 0.9


def test_it_finds_hub_and_tips(reader):
    faces = [render(ClockTime(3, 40), seed=(98, index)) for index in range(6)]
    for face, reading in zip(faces, read_pictures([face.image for face in faces], model=reader), strict=True):
        assert np.hypot(*np.subtract(reading.centre, face.truth.points[0])) < 4
        assert np.hypot(*np.subtract(reading.minute_tip, face.truth.points[3])) < 8


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((150, 150), np.uint8),
        np.full((1, 1, 3), 255, np.uint8),
        np.random.default_rng(0).integers(0, 256, (97, 331, 3), dtype=np.uint8),
        np.full((3000, 2, 3), 7, np.uint8),
    ],
    ids=["blank", "1x1", "noise", "strip"],
)
def test_what_is_no_clock_gets_a_reading_with_doubt_and_no_crash(reader, picture):
    [reading] = read_pictures([picture], model=reader)
    assert 0 <= reading.minutes < 720
    assert 0 <= reading.confidence < 0.2
    assert reading.note.startswith("I see no clock")
    assert reading.probabilities.sum() == pytest.approx(1, abs=1e-3)


def test_it_reads_the_original_examples(reader):
    folders = [folder / "report_clock_examples" for folder in paths.data_folders()]
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None:
        pytest.skip("needs report_clock_examples in a data folder (LATENT_OCLOCK_DATA or ../shared/data)")
    files = sorted(folder.glob("[0-9][0-9]_[0-9][0-9].png"))
    readings = read_pictures([open_picture(file) for file in files], model=reader)
    true = [ClockTime.parse(file.stem.replace("_", ":")).minutes for file in files]
    errors = common_sense_error_minutes(true, [reading.minutes for reading in readings])
    assert len(errors) == 5
    assert (errors <= 3).sum() >= 4


STORED = (("reader", 49), ("reader-report", 100), ("reader-small", 50), ("report22-classes-24", 100))


def test_the_best_reader_with_half_of_its_epochs_reads_where_none_is_named(monkeypatch):
    cards = [SimpleNamespace(model_id=name, epochs_trained=done, epochs_asked=100) for name, done in STORED]
    monkeypatch.setattr(registry, "list_cards", lambda folder=None: cards)
    assert default_model() == "reader-small"
    assert PREFERRED.index("reader") < PREFERRED.index("reader-small")
    cards.clear()
    assert default_model() == "reader-report"
