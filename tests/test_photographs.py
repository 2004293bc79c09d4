"""The sets of real clocks: loading tiny ones made up here, what is said when they are missing, figures by hand."""

import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from handmade import save, spoilt_zip

from core import paths
from core.clocks import photographs, wild_data
from core.clocks.face import render
from core.clocks.painted import read_faces
from core.clocks.photographs import (
    WILD_SEED,
    NoPicturesError,
    evaluate_sets,
    load_faces,
    load_photographs,
    photo_figures,
    picture_sets,
    reliability,
    wild_set,
)
from core.clocks.time import ClockTime


@dataclass(frozen=True)
class Told:
    minutes: float | None
    confidence: float = 0.5


def grey(value: int, shape: tuple[int, ...] = (20, 30)) -> bytes:
    return save(np.full(shape, value, np.uint8))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with two photographs and three faces, and no other."""
    folder = tmp_path / "clock_photos"
    folder.mkdir()
    (folder / "000.png").write_bytes(grey(10))
    (folder / "001.png").write_bytes(grey(20))
    table = "file,hour,minute,rotation_deg_cw,source\n000.png,12,5,0,here\n001.png,10,9,-90,here\n"
    (folder / "labels.csv").write_text(table, encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "clock_faces_valid.zip", "w") as archive:
        for value, name in enumerate(("12-05/3.jpg", "1-00/24.jpg", "9-55/7.jpg")):
            archive.writestr(name, save(np.full((16, 16), 30 + value, np.uint8), "JPEG"))
        archive.writestr("9-55/readme.txt", "no picture")
    monkeypatch.setattr(paths, "data_folders", lambda: [tmp_path])
    return tmp_path


def test_photographs_with_their_times(data: Path) -> None:
    photos = load_photographs()
    assert photos.names == ("000.png", "001.png")
    assert photos.minutes.tolist() == [5, 609]  # 12 is 0
    assert [picture.shape for picture in photos.pictures] == [(20, 30, 3)] * 2
    assert [int(picture[0, 0, 0]) for picture in photos.pictures] == [10, 20]


def test_faces_with_their_times(data: Path) -> None:
    faces = load_faces()
    assert faces.names == ("1-00/24.jpg", "12-05/3.jpg", "9-55/7.jpg")
    assert faces.minutes.tolist() == [60, 5, 595]
    assert faces.step_minutes == 5
    few = load_faces(count=2, seed=1)
    assert len(few.pictures) == 2
    assert set(few.names) < set(faces.names)
    assert few.names == load_faces(count=2, seed=1).names
    drawn = {load_faces(count=2, seed=seed).names for seed in range(20)}
    assert all(len(set(names)) == 2 for names in drawn), "none is drawn twice"
    assert len(drawn) == 3, "another seed draws others"


def test_faces_that_readers_are_validated_on_are_left_out(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run is validated on, as ``valid_part`` draws it, is none of what its reader is measured on."""
    times = [(hour, minute) for hour in range(1, 13) for minute in range(0, 60, 15)]
    drawn = {f"{h}-{m:02}/0.jpg": render(ClockTime(h % 12, m), "report", seed=h).image for h, m in times}
    with zipfile.ZipFile(data / "clock_faces_valid.zip", "w") as archive:
        for name, picture in drawn.items():
            archive.writestr(name, save(cv2.resize(picture, (160, 160)), "JPEG"))
    faces = read_faces(data / "clock_faces_valid.zip")
    assert len(faces) == 48
    with pytest.raises(NoPicturesError, match=r"no more faces than readers are validated on: none is left to measure them\.$"):
        load_faces()
    monkeypatch.setattr(wild_data.validation_faces, "__defaults__", (20,))
    _, known = wild_data.valid_part(wild_data.Mixture(64), faces, 20)
    validated = known[20:, 0].astype(int).tolist()
    left = load_faces()
    assert len(left.names) == 28
    assert sorted([*validated, *left.minutes.tolist()]) == sorted(faces.minutes.tolist())
    [drawn_one] = load_faces(count=1, seed=1).names
    other = next(name for name in left.names if name != drawn_one)
    content = bytearray((data / "clock_faces_valid.zip").read_bytes())
    with zipfile.ZipFile(data / "clock_faces_valid.zip") as archive:
        content[archive.getinfo(other).header_offset + 30 + len(other) + 99] ^= 255
    (data / "clock_faces_valid.zip").write_bytes(content)
    with pytest.raises(NoPicturesError, match=r"cannot be read .*; copy it again"):  # though that one is not drawn
        load_faces(count=1, seed=1)


def test_what_is_missing_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "data_folders", list)
    with pytest.raises(NoPicturesError, match=r"no clock_photos .* LATENT_OCLOCK_DATA\.$"):
        load_photographs()
    with pytest.raises(NoPicturesError, match=r"no clock_faces_valid\.zip .* LATENT_OCLOCK_DATA\.$"):
        load_faces()
    with pytest.warns(UserWarning, match="clock_") as said:
        assert picture_sets() == []
    assert len(said) == 2
    with pytest.raises(NoPicturesError, match=r"has no labels\.csv"):
        load_photographs(tmp_path)


def test_damaged_sets_are_named(data: Path) -> None:
    table = data / "clock_photos" / "labels.csv"
    whole = table.read_text(encoding="utf-8")
    for text in (
        whole.replace("10,9", "10,61"),
        whole.replace("minute", "other"),
        whole.replace(",5,", ",x,"),
    ):
        table.write_text(text, encoding="utf-8")
        with pytest.raises(NoPicturesError, match=r"labels\.csv, picture [12]"):
            load_photographs()
    table.write_text(whole.splitlines()[0] + "\n", encoding="utf-8")
    with pytest.raises(NoPicturesError, match="lists no pictures"):
        load_photographs()
    table.write_text(whole, encoding="utf-8")
    (data / "clock_photos" / "001.png").write_bytes(b"nothing")
    with pytest.raises(NoPicturesError, match="picture 2: The file is not a PNG"):
        load_photographs()
    (data / "clock_faces_valid.zip").write_bytes(b"PK nothing")
    with pytest.raises(NoPicturesError, match=r"clock_faces_valid\.zip cannot be read"):
        load_faces()
    spoilt_zip(data / "clock_faces_valid.zip", "9-55/7.jpg", grey(30))
    with pytest.raises(NoPicturesError, match=r"clock_faces_valid\.zip cannot be read .*; copy it again"):
        load_faces()
    with zipfile.ZipFile(data / "clock_faces_valid.zip", "w") as archive:
        archive.writestr("readme.txt", "")
    with pytest.raises(NoPicturesError, match="holds no pictures"):
        load_faces()


def test_figures_by_hand() -> None:
    true = [0, 100, 200, 300, 719]
    # Off by 2 across twelve, 0.5, 40, not read, 1.
    readings = [Told(718, 0.9), Told(100.5, 0.8), Told(240, 0.1), Told(None, 0.0), Told(0, 0.7)]
    figures = photo_figures(readings, true)
    assert figures["mean_minutes"] == pytest.approx((2 + 0.5 + 40 + 360 + 1) / 5)
    assert figures["median_minutes"] == 2
    assert figures["within_1_minute"] == 0.4
    assert figures["within_5_minutes"] == 0.6
    assert figures["over_30_minutes"] == 0.4
    assert figures["abstained"] == 0.2
    assert figures["within_1_minute_at_80"] == 0.5  # of the four surest
    assert figures["right_class"] == 0  # 0.5 off is between two whole minutes
    assert figures["calibration_error"] == pytest.approx((0.1 + 0.2 + 0.1 + 0 + 0.3) / 5)


def test_classes_of_five_minutes() -> None:
    true = [0, 300, 595]
    readings = [Told(717.6), Told(302.5), Told(597.4)]  # 2.4 off, between two classes, 2.4 off
    assert photo_figures(readings, true, step_minutes=5)["right_class"] == pytest.approx(2 / 3)


def test_of_equal_confidence_those_without_a_time_come_last() -> None:
    readings = [Told(None, 0.0), *[Told(10.0, 0.0)] * 4]
    assert photo_figures(readings, [10] * 5)["within_1_minute_at_80"] == 1


def test_reliability_by_hand() -> None:
    readings = [Told(10, 0.95), Told(10, 1.0), Told(20, 0.92), Told(10, 0.05)]
    rows = reliability(readings, [10, 13, 10, 14])
    assert rows == [
        {"from": 0.0, "to": 0.1, "pictures": 1, "confidence": pytest.approx(0.05), "right": 0.0},
        {"from": 0.9, "to": 1.0, "pictures": 3, "confidence": pytest.approx(0.95667, abs=1e-4), "right": pytest.approx(2 / 3)},
    ]


def test_readings_and_times_must_match() -> None:
    with pytest.raises(ValueError, match="got 1 and shape"):
        photo_figures([Told(1.0)], [1, 2])
    with pytest.raises(ValueError, match="at least one"):
        photo_figures([], [])


def test_wild_sets_can_be_read_and_held_out_ones_are_others() -> None:
    seen, held_out = wild_set(6), wild_set(6, held_out=True)
    for one in (seen, held_out):
        assert np.floor(one.minutes).tolist() == [0, 120, 240, 360, 480, 600]
    assert (seen.name, held_out.name) == ("wild", "wild-held-out")
    assert not any(np.array_equal(*pair) for pair in zip(seen.pictures, held_out.pictures, strict=True))
    assert all(np.array_equal(*pair) for pair in zip(seen.pictures, wild_set(6).pictures, strict=True))


def test_where_the_minute_hand_sweeps_the_seconds_count() -> None:
    drawn = wild_set(40)
    past = drawn.minutes - np.floor(drawn.minutes)
    assert 4 <= (past > 0).sum() <= 22  # three in ten have a second hand that the minute hand moves with
    index = int(past.argmax())
    time = ClockTime.from_minutes(index * 720 // 40)
    assert drawn.minutes[index] == render(time, "wild", seed=(WILD_SEED, index, 0)).truth.minutes


def test_a_model_and_the_classical_reader_give_rows_with_the_same_columns(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from test_reading import FakeModel

    monkeypatch.setattr(photographs, "CHUNK", 1)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sets = picture_sets(faces=2)
    assert [len(one.pictures) for one in sets] == [2, 2]
    rows, reliable = evaluate_sets([FakeModel(minutes=609)], sets)
    assert [(row["model"], row["set"]) for row in rows] == [
        ("fake", "photographs"),
        ("fake", "faces"),
        ("classical", "photographs"),
        ("classical", "faces"),
    ]
    assert len({tuple(row) for row in rows}) == 1
    assert rows[0]["within_1_minute"] == 0.5  # it reads 10:09 everywhere
    assert rows[2]["abstained"] == 1  # blank pictures
    assert {row["pictures"] for row in rows} == {2}
    # One confidence everywhere: a single range holds both photographs, one of them right.
    [range_] = [row for row in reliable if (row["model"], row["set"]) == ("fake", "photographs")]
    assert (range_["pictures"], range_["right"]) == (2, 0.5)
