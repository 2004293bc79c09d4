"""Pictures to learn from: the same ones however they are drawn, and never more taught than is known."""

import os
import signal
import struct
import subprocess
import sys
import threading
import time
import zipfile
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from handmade import spoilt_zip

from core.clocks import painted, wild_data
from core.clocks.painted import PaintedFaces, find_faces, hour_turn_difference, is_sound, minutes_of_name, read_faces, vary_face
from core.clocks.wild_data import Mixture, WildData, draw_pictures, valid_part, wild_targets
from core.picture_files import DatasetError
from core.specs import TrainSpec
from core.training import epoch_order

ROOT = Path(__file__).resolve().parent.parent
TRAINING = TrainSpec(epochs=10, batch_size=8, seed=4)
PLAIN = Mixture(40, no_clock=0.0, faces=0.3, report=0.2, style="report")


def drawn_face(minutes: int) -> np.ndarray:
    """A dial of 160x160 with numbers and two hands, numerals upright, hub in the middle."""
    face = np.full((160, 160), 230, np.uint8)
    for hour in range(12):
        x, y = 70 + 62 * np.sin(np.radians(30 * hour)), 86 - 62 * np.cos(np.radians(30 * hour))
        cv2.putText(face, str(hour or 12), (round(x), round(y)), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 20, 2)
    for length, turn in ((35, minutes / 720), (60, minutes % 60 / 60)):
        tip = (80 + length * np.sin(2 * np.pi * turn), 80 - length * np.cos(2 * np.pi * turn))
        cv2.line(face, (80, 80), (round(tip[0]), round(tip[1])), 0, 4)
    return face


def bars() -> np.ndarray:
    """A dial with twelve bars and hands: the same after every turn by an hour."""
    face = np.full((160, 160), 230, np.uint8)
    for hour in range(12):
        way = np.array([np.sin(np.radians(30 * hour)), -np.cos(np.radians(30 * hour))])
        ends = np.rint((79.5 + np.array([[58], [72]]) * way) * 16).astype(int)
        cv2.line(face, ends[0].tolist(), ends[1].tolist(), 20, 4, cv2.LINE_AA, 4)
    cv2.line(face, (80, 80), (80, 20), 0, 4)
    return face


def coded(face: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", face)[1].tobytes()


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> PaintedFaces:
    path = tmp_path_factory.mktemp("data") / "clock_faces_train.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for hour in range(1, 13):
            archive.writestr(f"{hour}-05/{hour}.jpg", coded(drawn_face(hour % 12 * 60 + 5)))
        archive.writestr("3-00/flat.jpg", coded(np.full((160, 160), 90, np.uint8)))
        archive.writestr("3-00/bars.jpg", coded(bars()))
        archive.writestr("3-00/broken.jpg", coded(drawn_face(180))[:90])
        archive.writestr("3-00/empty.jpg", b"")
        archive.writestr("3-00/small.jpg", coded(drawn_face(180)[:80, :80]))
        archive.writestr("13-00/9.jpg", coded(drawn_face(180)))
        archive.writestr("readme.txt", b"faces")
    return read_faces(path)


# --- painted faces ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "minutes"),
    [("12-05/3.jpg", 5), ("1-00/0.jpg", 60), ("11-55/98.jpg", 715), ("12-00/a.JPG", 0), ("train/4-30/x.jpeg", 270)],
)
def test_the_folder_is_the_time(name: str, minutes: int) -> None:
    assert minutes_of_name(name) == minutes


@pytest.mark.parametrize("name", ["0-05/1.jpg", "13-00/1.jpg", "4-60/1.jpg", "4-5/1.jpg", "4-05.jpg", "4-05/1.png", "4-05/"])
def test_other_names_have_no_time(name: str) -> None:
    assert minutes_of_name(name) is None


def test_only_sound_faces_are_kept(faces: PaintedFaces) -> None:
    assert sorted(faces.minutes.tolist()) == [hour * 60 + 5 for hour in range(12)]
    assert faces.names[faces.minutes.tolist().index(5)] == "12-05/12.jpg"
    assert faces.picture(0).shape == (160, 160)


def test_a_dial_of_bars_does_not_tell_where_12_is() -> None:
    assert hour_turn_difference(bars()) < 0.35
    assert not is_sound(bars())
    assert hour_turn_difference(drawn_face(100)) > 0.6


def test_a_bad_zip_is_named_in_a_sentence(tmp_path: Path) -> None:
    empty, broken, spoilt = tmp_path / "empty.zip", tmp_path / "broken.zip", tmp_path / "spoilt.zip"
    zipfile.ZipFile(empty, "w").close()
    broken.write_bytes(b"no zip")
    spoilt_zip(spoilt, "3-00/1.jpg", coded(drawn_face(180)))
    for path, said in ((empty, "holds no face"), (broken, "cannot be read"), (spoilt, "cannot be read")):
        with pytest.raises(DatasetError, match=rf"^{path.name} {said}"):
            read_faces(path)


def test_a_missing_zip_is_a_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(painted.paths, "data_folders", lambda: [tmp_path])
    with pytest.warns(UserWarning, match=r"clock_faces_train\.zip is not in .*only rendered clocks"):
        assert find_faces("clock_faces_train.zip") is None


def test_the_hub_of_a_varied_face_is_where_it_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """A white face with nothing but a black dot at its hub: the dark patch there is the dot, and its middle the hub."""
    monkeypatch.setattr(painted, "vary_tones", lambda picture, rng: picture)
    dot = np.full((160, 160), 255, np.uint8)
    cv2.circle(dot, (1272, 1272), 16 * 12, 0, -1, cv2.LINE_AA, 4)
    for seed in range(30):
        picture, hub = vary_face(dot, 96, np.random.default_rng([seed, 1]))
        _, patches = cv2.connectedComponents((picture < 128).astype(np.uint8))
        patch = patches == patches[tuple(np.rint(hub[::-1]).astype(int))]
        middle = np.argwhere(patch).mean(0)[::-1]
        assert np.hypot(*(middle - hub)) < 0.6, seed


# --- what is taught --------------------------------------------------------------------------------------------------


def test_targets_at_turns_of_the_hour_by_hand() -> None:
    """12:00: both hands up. 3:00: hour hand right, minute hand up. 6:30: 195 and 180 degrees. 11:59.5 turns no corner."""
    known = np.full((4, 32), 0.25, np.float32)
    known[:, 0] = 0, 180, 390, 719.5
    targets = wild_targets(known, 1.5)
    turn = np.radians(195)
    expected = [
        [0, 1, 0, 1],
        [1, 0, 0, 1],
        [np.sin(turn), np.cos(turn), 0, -1],
        [np.sin(np.radians(-0.25)), np.cos(np.radians(0.25)), np.sin(np.radians(-3)), np.cos(np.radians(3))],
    ]
    np.testing.assert_allclose(targets["hands"], expected, atol=1e-6)
    assert targets["bins"].tolist() == [[0, 1.5], [180, 1.5], [390, 1.5], [719.5, 1.5]]
    assert {name: target.shape for name, target in targets.items()} == {
        "bins": (4, 2), "hands": (4, 4), "maps": (4, 15, 2), "points": (4, 30), "readable": (4, 1)
    }  # fmt: skip


def kinds(known: np.ndarray) -> list[str]:
    """What each picture teaches, told by its pattern of NaN."""
    named = []
    for row in known:
        time, places = np.isfinite(row[0]), int(np.isfinite(row[2:]).sum())
        named.append({(False, 0): "nothing", (True, 2): "face", (True, 30): "drawn"}[time, places])
    return named


def test_a_face_teaches_time_and_hub_and_no_other_place(faces: PaintedFaces) -> None:
    _, known = draw_pictures(replace(PLAIN, faces=1.0, report=0.0), faces, (1, 0), np.arange(20))
    assert set(kinds(known)) == {"face"}
    assert set(known[:, 0].tolist()) <= set(faces.minutes.tolist())
    assert (known[:, 1] == 1).all()
    assert np.abs(known[:, 2:4] - 0.5).max() <= 0.1 * 40 / 39 + 1e-6
    targets = wild_targets(known, 1.0)
    assert np.isfinite(targets["hands"]).all()
    assert np.isnan(targets["maps"][:, 1:]).all()


def test_kinds_come_in_their_shares(faces: PaintedFaces) -> None:
    count = 400
    _, known = draw_pictures(PLAIN, faces, (1, 0), np.arange(count))
    shares = {kind: kinds(known).count(kind) / count for kind in ("face", "drawn")}
    assert shares["face"] == pytest.approx(0.3, abs=0.08)
    assert shares["face"] + shares["drawn"] == 1
    assert len(set(known[:, 0].tolist())) > 150  # times of all kinds
    _, without = draw_pictures(PLAIN, None, (1, 0), np.arange(count))
    assert set(kinds(without)) == {"drawn"}


def test_shares_above_one_are_refused() -> None:
    with pytest.raises(ValueError, match=r"no_clock \+ report \+ faces"):
        Mixture(64, no_clock=0.5, report=0.4, faces=0.3)


# --- drawing ---------------------------------------------------------------------------------------------------------


def made(workers: int, faces: PaintedFaces, **changes: Any) -> WildData:
    options: dict[str, Any] = {"size": 30, "training": TRAINING, "faces": faces, "valid_pictures": 3, **changes}
    return WildData(PLAIN, workers=workers, **options)


def batches(data: WildData, epochs: range, first: int = 0) -> list[Any]:
    """All batches of some epochs, in the trainer's order, from step ``first`` of the first one on."""
    found = []
    for epoch in epochs:
        order = epoch_order(30, TRAINING.seed, epoch)
        starts = range(first * 8 if epoch == epochs[0] else 0, 30, 8)
        found += [data.batch(order[start : start + 8], epoch, np.random.default_rng(0)) for start in starts]
    return found


def same(ours: list[Any], theirs: list[Any]) -> None:
    assert len(ours) == len(theirs)
    for (x, y), (other_x, other_y) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(x, other_x)
        for name in y:
            np.testing.assert_array_equal(y[name], other_y[name])


def test_processes_draw_the_same_pictures_as_none_and_a_run_goes_on_anywhere(faces: PaintedFaces) -> None:
    alone, helped = made(0, faces), made(1, faces)
    try:
        whole = batches(alone, range(2))
        same(batches(helped, range(2)), whole)
        same(batches(helped, range(1, 2), first=2), whole[6:])  # as after a stop in the middle of an epoch
        odd = np.array([7, 3, 29])  # asked for in no order of the trainer's
        same([helped.batch(odd, 0, np.random.default_rng(0))], [alone.batch(odd, 0, np.random.default_rng(1))])
        assert helped._pool is not None
        processes = list(helped._pool._processes.values())
        assert len(processes) == 1
    finally:
        helped.close()
    assert not any(process.is_alive() for process in processes)


def test_batches_are_what_networks_take(faces: PaintedFaces) -> None:
    data = made(0, faces)
    x, y = data.batch(np.arange(5), 0, np.random.default_rng(0))
    assert (x.shape, x.dtype) == ((5, 40, 40, 1), np.float32)
    assert 0 <= x.min() < x.max() <= 1
    assert all(target.dtype == np.float32 for target in y.values())
    other, _ = data.batch(np.arange(5), 1, np.random.default_rng(0))
    assert (x != other).any()  # the next epoch has pictures of its own


def test_bins_sharpen_over_seven_tenths_of_the_epochs(faces: PaintedFaces) -> None:
    data = made(0, faces)
    sigmas = [float(data.batch(np.arange(1), epoch, np.random.default_rng(0))[1]["bins"][0, 1]) for epoch in (0, 3, 7, 9)]
    assert sigmas == pytest.approx([2, 2 - 3 / 7, 1, 1])


def test_they_are_sharp_before_a_restart_and_stay_so() -> None:
    training = TrainSpec(epochs=20, schedule="cosine", restart_epochs=(10, 15))
    data = WildData(PLAIN, 30, training, workers=0, valid_pictures=1)
    assert [data.sigma(epoch) for epoch in (0, 7, 10, 19)] == pytest.approx([2, 1, 1, 1])


def test_data_says_how_fast_it_draws(faces: PaintedFaces) -> None:
    data = made(0, faces)
    assert data.rates() == {}  # nothing was drawn yet
    begun = time.monotonic()
    data.batch(np.arange(8), 0, np.random.default_rng(0))
    assert data.rates()["drawn_per_second"] >= 8 / (time.monotonic() - begun)
    assert data.rates() == {}
    data.count_drawn(30, 2.0)
    data.count_drawn(10, 3.0)
    data.workers = 4  # each draws 40 in five seconds, so that all draw 32 a second
    assert data.rates() == {"drawn_per_second": 32.0}


def test_validation_has_pictures_of_its_own(faces: PaintedFaces) -> None:
    images, known = valid_part(PLAIN, faces, 6)
    assert kinds(known) == ["drawn"] * 6 + ["face"] * 6
    assert len(set(known[6:, 0].tolist())) == 6
    assert (known[6:, 2:4] == 0.5).all()
    learned, _ = draw_pictures(PLAIN, None, (TRAINING.seed, 0), np.arange(30))
    assert not {image.tobytes() for image in images} & {image.tobytes() for image in learned}
    assert len(made(0, faces, valid_faces=faces).valid[0]) == 6


@pytest.mark.parametrize(("number", "ended"), [("SIGINT", "KeyboardInterrupt"), ("SIGTERM", "finished its step")])
def test_signals_to_all_leave_no_process_behind(tmp_path: Path, number: str, ended: str) -> None:
    """A program and its drawing process get a signal: it ends at once, or finishes with more pictures; both are gone then."""
    script = tmp_path / "script.py"
    script.write_text("""
import os, signal, sys
import numpy as np
from core.clocks.wild_data import Mixture, WildData
from core.specs import TrainSpec

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started us may have ignored it
    data = WildData(Mixture(40, no_clock=0.0, style="report"), 1000, TrainSpec(epochs=2), workers=1, valid_pictures=1)
    data.batch(np.arange(4), 0, np.random.default_rng(0))
    print(*data._pool._processes, flush=True)
    signal.signal(signal.SIGTERM, lambda *_: None)
    os.killpg(0, getattr(signal, sys.argv[1]))
    data.batch(np.arange(400), 1, np.random.default_rng(0))
    sys.exit("finished its step")
""")
    run = subprocess.run(
        [sys.executable, str(script), number], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60, start_new_session=True, check=False,
    )  # fmt: skip
    assert ended in run.stderr
    [worker] = run.stdout.split()
    assert not Path(f"/proc/{worker}").exists()


def test_a_process_that_cannot_begin_ends_training(tmp_path: Path) -> None:
    """A program without ``if __name__ == "__main__"`` and more names of faces than a pipe holds: it once waited for ever."""
    script = tmp_path / "script.py"
    script.write_text("""
from pathlib import Path
import numpy as np
from core.clocks.painted import PaintedFaces
from core.clocks.wild_data import Mixture, WildData
from core.specs import TrainSpec

faces = PaintedFaces(Path("none.zip"), tuple(f"12-00/{n}.jpg" for n in range(20_000)), np.zeros(20_000, np.int64))
data = WildData(Mixture(40, style="report"), 1000, TrainSpec(epochs=2), faces, workers=1, valid_pictures=1)
data.batch(np.arange(4), 0, np.random.default_rng(0))
""")
    run = subprocess.run(
        [sys.executable, str(script)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert "BrokenProcessPool" in run.stderr
    assert not list(tmp_path.glob("latent-oclock-*"))


def test_what_processes_were_told_is_gone_as_soon_as_all_have_read_it(tmp_path: Path) -> None:
    """A program that is killed cannot clear away any more."""
    script = tmp_path / "script.py"
    script.write_text("""
import os, signal, sys, tempfile, time
from pathlib import Path
import numpy as np
from core.clocks.wild_data import Mixture, WildData
from core.specs import TrainSpec

if __name__ == "__main__":
    data = WildData(Mixture(40, no_clock=0.0, style="report"), 1000, TrainSpec(epochs=2), workers=2, valid_pictures=1)
    folder, drawn = Path(tempfile.gettempdir()), []
    drawn.append(data.submit(0, np.arange(4)))
    print(len(list(folder.glob("latent-oclock-*"))))
    end = time.monotonic() + 50
    while list(folder.glob("latent-oclock-*")) and time.monotonic() < end:
        drawn.append(data.submit(0, np.arange(4)))
        time.sleep(0.1)
    print(len({data.result(one)[0].tobytes() for one in drawn}), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
""")
    run = subprocess.run(
        [sys.executable, str(script)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert run.returncode == -signal.SIGKILL, run.stderr
    assert run.stdout.split() == ["1", "1"], "there until it was read; all drew the same"
    assert not list(tmp_path.glob("latent-oclock-*"))


def die_handing_over() -> None:
    """In a process that draws: a part of an answer, and no more."""
    frame = sys._getframe()
    while frame.f_code.co_name != "_process_worker":
        assert frame.f_back is not None
        frame = frame.f_back
    os.write(frame.f_locals["result_queue"]._writer.fileno(), struct.pack("!i", 1000) + b"only this")
    os._exit(1)


def test_a_process_that_dies_handing_over_ends_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wild_data, "LOOK_SECONDS", 0.5)
    before, data = threading.active_count(), made(1, None)
    try:
        data.batch(np.arange(4), 0, np.random.default_rng(0))
        assert data._pool is not None
        data._pool.submit(die_handing_over)
        with pytest.raises(BrokenProcessPool):
            batches(data, range(50))
    finally:
        data.close()
    assert len(data.batch(np.arange(4), 0, np.random.default_rng(0))[0]) == 4  # after closing it begins anew
    data.close()
    assert threading.active_count() == before


def test_what_processes_import_is_light() -> None:
    code = (
        "import sys, core.clocks.wild_data; print([m for m in ('tensorflow', 'keras', 'jax', 'streamlit') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_no_thread_is_left(faces: PaintedFaces) -> None:
    before = threading.active_count()
    data = made(1, faces)
    batches(data, range(1))
    data.close()
    assert threading.active_count() == before
