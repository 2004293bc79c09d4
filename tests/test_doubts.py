"""A report's network answers anything: what is no clock is read with a note and without confidence, whatever it answers."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core import paths
from core.clocks.doubts import Doubt, nothing_to_read, unsteady, weigh, with_slight_changes
from core.clocks.face import render
from core.clocks.forms import FORMS
from core.clocks.reading import Reading, read_gammas, read_pictures
from core.clocks.time import ClockTime
from core.images import fit_square, open_picture, to_grey
from core.specs import ReportNetSpec

RNG = np.random.default_rng(0)
NO_CLOCKS = {
    "blank": np.full((150, 150), 255, np.uint8),
    "black": np.zeros((90, 120, 3), np.uint8),
    "noise": RNG.integers(0, 256, (150, 150), dtype=np.uint8),
    "wide noise": RNG.integers(0, 256, (97, 331, 3), dtype=np.uint8),
    "1x1": np.full((1, 1, 3), 200, np.uint8),
    "1x300": RNG.integers(0, 256, (1, 300), dtype=np.uint8),
    "300x1": RNG.integers(0, 256, (300, 1), dtype=np.uint8),
}
OF_2023 = ("hours-rounded", "hour-and-minute")


def squares(pictures: Any, gamma: float = 1.0) -> list[np.ndarray]:
    return [(fit_square(to_grey(picture), 150)[0] / 255.0) ** gamma for picture in pictures]


class Answering:
    """A network of a form, calibrated as a good one, that gives ``answer(batch)``."""

    def __init__(self, form: str, answer: Any, **extra: Any) -> None:
        self.card = SimpleNamespace(
            model_id="fake", extra={"side": 150, "form": form, "spread_minutes": 1.5, "gross_share": 0.01, **extra}
        )
        self.answer, self.batches = answer, []

    def __call__(self, batch: np.ndarray) -> Any:
        self.batches.append(batch.shape)
        return self.answer(batch)


def always(form: str, minutes: int = 500) -> Answering:
    """A network that is as sure as can be of one time, whatever it sees."""

    def answer(batch: np.ndarray) -> Any:
        shown = np.full(len(batch), minutes)
        return FORMS[form].targets(shown // 60, shown % 60)

    return Answering(form, answer)


def check_no_clocks(readings: list[Reading]) -> None:
    for name, reading in zip(NO_CLOCKS, readings, strict=True):
        assert 0 <= reading.minutes < 720, name
        assert 0 <= reading.confidence < 0.5, name
        assert reading.note, name
        assert reading.probabilities.sum() == pytest.approx(1, abs=1e-3), name


@pytest.mark.parametrize("form", FORMS)
def test_no_form_is_sure_of_what_is_no_clock(form: str) -> None:
    readings = read_pictures(list(NO_CLOCKS.values()), model=always(form))
    check_no_clocks(readings)
    assert max(reading.confidence for reading in readings) <= 0.2
    assert [reading.note for reading in readings] == [
        "There is next to nothing in this picture.",
        "There is next to nothing in this picture.",
        "There is nothing but grain in this picture.",
        "There is nothing but grain in this picture.",
        "The picture is only 1 pixel wide.",
        "The picture is only 1 pixel high.",
        "The picture is only 1 pixel wide.",
    ]


@pytest.mark.parametrize("head", FORMS)
def test_untrained_networks_are_not_sure_of_what_is_no_clock(head: str) -> None:
    from core.clocks.report_networks import build_report_network

    network = build_report_network(ReportNetSpec("2023" if head in OF_2023 else "2022", head))

    def answer(batch: np.ndarray) -> Any:
        outputs = network(batch, training=False)
        return {name: np.asarray(part) for name, part in outputs.items()} if isinstance(outputs, dict) else np.asarray(outputs)

    check_no_clocks(read_pictures(list(NO_CLOCKS.values()), model=Answering(head, answer)))


@pytest.mark.parametrize("form", FORMS)
def test_clocks_raise_no_doubt_in_a_sure_network(form: str) -> None:
    faces = [render(ClockTime.from_minutes(61 * index), seed=(5, index)).image for index in range(4)]
    for reading in read_pictures(faces, model=always(form)):
        assert reading.note is None
        assert reading.confidence > 0.9


def test_clocks_are_something_to_read() -> None:
    samples = [open_picture(file) for file in sorted(paths.SAMPLES.glob("*-report.png"))]
    wild = [render(ClockTime(7, 5 * index), "wild", seed=(5, index)).image for index in range(8)]
    assert len(samples) >= 10
    for gamma in (1.0, 3.0):
        assert [nothing_to_read(shown, (150, 150)) for shown in squares(samples + wild, gamma)] == [None] * (len(samples) + 8)


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        ((15, 300), "The picture is only 15 pixels high."),
        ((300, 15), "The picture is only 15 pixels wide."),
        ((2, 2), "The picture is only 2 pixels wide."),
        ((16, 300), None),
    ],
)
def test_small_pictures_are_measured_by_their_shorter_side(size: tuple[int, int], sentence: str | None) -> None:
    half = np.repeat([[0.0, 1.0]], 20, axis=0).repeat(10, axis=1)
    assert nothing_to_read(half, size) == (sentence and Doubt(sentence, 0.2))


def test_faint_pictures_by_hand() -> None:
    # Half of it d above the rest: a standard deviation of d / 2.
    half = np.repeat([[0.0, 1.0]], 20, axis=0).repeat(10, axis=1)
    assert nothing_to_read(0.5 + 0.039 * half, (20, 20)) == Doubt("There is next to nothing in this picture.", 0.2)
    assert nothing_to_read(0.5 + 0.041 * half, (20, 20)) is None


def test_slight_changes_by_hand() -> None:
    batch = np.zeros((1, 5, 5, 1), np.float32)
    batch[0, 1, 1], batch[0, 0, 4], batch[0, 0, 0] = 0.5, 0.25, 1.0
    same, moved, darker = with_slight_changes(batch)[..., 0]
    assert same.tolist() == batch[0, ..., 0].tolist()
    # (1, 1) comes to (3, 3); the corner is repeated; what stood at the right has left.
    assert moved[3, 3] == 0.5
    assert moved[:3, :3].tolist() == [[1.0] * 3] * 3
    assert moved[0, 4] == 0
    assert darker[1, 1] == pytest.approx(0.5**1.15)
    assert darker[0, 0] == 1


@pytest.mark.parametrize(
    ("read", "sentence"),
    [
        ((0, 60, 0), None),
        ((0, 61, 0), "00:00 or 01:01"),
        ((700, 719, 38), None),  # 58 minutes across 12
        ((0, 100, 200), "00:00, 01:40 or 03:20"),
        ((30, 80, 700), "00:30, 01:20 or 11:40"),  # each change by 50 minutes, the two of them 100 apart
        ((100, 0, 0), "01:40 or 00:00"),
        ((0, 0, 100), "00:00 or 01:40"),
    ],
)
def test_readings_that_slight_changes_change(read: tuple[int, int, int], sentence: str | None) -> None:
    expected = sentence and Doubt(f"Slight changes of the picture change the reading: {sentence}.", 0.5)
    # Beside a picture whose reading holds: unchanged ones first, then the moved, then the darker.
    table = np.array([[one, 300.0] for one in read])
    assert unsteady(table.ravel()) == [expected, None]


def test_an_unsteady_reading_is_half_as_sure_and_says_so() -> None:
    def answer(batch: np.ndarray) -> np.ndarray:
        return 3.0 + 6.0 * (batch[:, 60:61, 60, 0] < 0.5)  # 9:00 where this pixel is dark

    picture = np.full((150, 150), 255, np.uint8)
    picture[:60, :] = 0  # two pixels further down it is dark there
    model = Answering("hours", answer)
    steady = read_pictures([255 - picture], model=always("hours"))[0]
    [reading] = read_pictures([picture], model=model)
    assert str(reading.time) == "03:00"
    assert reading.note == "Slight changes of the picture change the reading: 03:00 or 09:00."
    assert reading.confidence == pytest.approx(0.5 * steady.confidence, rel=1e-4)
    assert model.batches == [(3, 150, 150, 1)]


def test_many_gammas_are_still_one_batch() -> None:
    model = always("hours")
    readings = read_gammas(render(ClockTime(8, 20), seed=1).image, [0.5, 1.0, 10.0], model=model)
    assert [str(reading.time) for reading in readings] == ["08:20"] * 3
    assert model.batches == [(9, 150, 150, 1)]


def test_doubts_multiply_and_the_first_speaks() -> None:
    assert weigh([]) == (1, None)
    left, sentence = weigh([Doubt("One.", 0.2), Doubt("Two."), Doubt("Three.", 0.5)])
    assert left == pytest.approx(0.1)
    assert sentence == "One."
