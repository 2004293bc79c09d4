"""Whatever comes from outside into ``core``: an answer or one sentence of the expected kind, in bounded time and memory.

Pictures are damaged in ``test_images_fuzz.py``; here are odd but sound ones, and all else that people, links and files hand
over: times, settings of runs, cards, histories, data sets as idx files and as zips.
"""

import gzip
import io
import json
import random
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from handmade import COLOURS, chunk, png, save

from core.clocks.time import ClockTime
from core.dataset_files import read_idx
from core.images import adjust_gamma, fit_square, open_picture, to_grey
from core.picture_decoding import PictureError
from core.picture_files import DatasetError, load_pictures
from core.registry import ModelCard, RegistryError, check_model_id, load_history
from core.specs import ClassifierSpec, RunSpec, TrainSpec
from core.tables import read_table

CASES = {
    "pictures": 1000,
    "squares": 300,
    "times": 800,
    "runs": 1000,
    "cards": 1000,
    "ids": 300,
    "histories": 300,
    "idx": 400,
    "zips": 60,
}
SECONDS = 60.0  # that one kind of cases may take on a busy machine
MEGABYTES = 100.0  # that one kind of cases may hold at its peak
SCRAPS = (
    *("", " ", "\x00", "<script>alert(1)</script>", "../../etc/passwd", "nan", "inf", "-1", "1e400", "0x10", "9" * 5000),
    *("٣", "１２", "\ud800", "\u202e", "'; DROP TABLE trials;--", "{{7*7}}", "%s%n", "=HYPERLINK(1)", "NUL", "None", "[]"),
)
ODD = (None, True, -1, 0, 1.5, 1e308, -1e308, float("nan"), float("inf"), 10**40, "", "adam", "9", [], {}, [1, 2, 3], {"a": 1})


def test_there_are_five_thousand_cases() -> None:
    assert sum(CASES.values()) > 5000


@contextmanager
def bounded() -> Iterator[None]:
    """Neither long nor large, whatever happens within."""
    tracemalloc.start()
    start = time.process_time()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
    took = time.process_time() - start
    assert took < SECONDS, f"{took:.0f} s of the processor"
    assert peak < MEGABYTES, f"{peak:.0f} MB"


def one_sentence(call: Callable[[], Any], kind: type[Exception]) -> Any:
    """What ``call`` gives; None where it raises ``kind`` with words. Anything else raised comes through."""
    try:
        return call()
    except kind as error:
        words = str(error).strip()
    assert words, "an error without a word"
    return None


def scrap(rng: random.Random) -> str:
    """Text that nobody expects."""
    if rng.random() < 0.5:
        return rng.choice(SCRAPS)
    return "".join(chr(rng.choice((rng.randrange(32, 127), rng.randrange(0x250), rng.randrange(0xD800)))) for _ in range(8))


def mangled(text: str, rng: random.Random) -> str:
    """``text`` with a few of its letters lost, doubled or replaced."""
    letters = list(text)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(letters) or 1)
        put = rng.choice(('"', "{", "[", ",", ":", "0", "-", "null", "NaN", "\x00", "", scrap(rng)))
        letters[at : at + rng.randint(0, 3)] = put
    return "".join(letters)


# --- pictures -----------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
def test_odd_but_sound_pngs() -> None:
    """Every depth and colour type, rows too short or too long, headers that promise what never comes."""
    rng = random.Random(1)
    with bounded():
        for _ in range(CASES["pictures"]):
            width, height = (rng.choice((0, 1, 2, 7, 40, 5001, 65_536, 2**31 - 1, 2**32 - 1)) for _ in range(2))
            depth, colour = rng.choice((1, 2, 4, 8, 16, 3)), rng.choice((0, 2, 3, 4, 6, 5))
            rows = [rng.randbytes(rng.randrange(64)) for _ in range(rng.randrange(1, 9))]
            kinds = (b"tRNS", b"PLTE", b"iCCP", b"tEXt", b"zTXt", b"acTL", b"gAMA", b"eXIf", b"IDAT", b"IEND")
            extra = [chunk(rng.choice(kinds), rng.randbytes(rng.randrange(40))) for _ in range(rng.randrange(3))]
            data = png(width, height, depth, colour, rows, *extra)
            found = one_sentence(lambda data=data: open_picture(data), PictureError)
            assert found is None or (found.dtype == np.uint8 and found.shape == (height, width, 3))


def test_squares_and_gammas_of_any_shape() -> None:
    rng = np.random.default_rng(2)
    with bounded():
        for _ in range(CASES["squares"]):
            height, width = rng.choice([1, 2, 3, 17, 150, 701], 2)
            picture = rng.integers(0, 256, (height, width, 3), np.uint8)
            grey = to_grey(picture)
            side = int(rng.integers(8, 200))
            square, scale, _ = fit_square(grey, side)
            assert square.shape == (side, side)
            assert np.isfinite(scale)
            gamma = float(rng.choice([-1.0, 0.0, 1e-9, 0.5, 1.0, 5.0, 1e9, np.nan, np.inf]))
            bright = one_sentence(lambda square=square, gamma=gamma: adjust_gamma(square, gamma), ValueError)
            assert bright is None or bright.shape == square.shape


# --- what people type and links say -------------------------------------------------------------------------------------


def test_times_as_anybody_may_write_them() -> None:
    rng = random.Random(3)
    with bounded():
        for turn in range(CASES["times"]):
            hour, minute = rng.randrange(-2, 30), rng.randrange(-5, 70)
            text = scrap(rng) if turn % 3 else mangled(f"{hour}:{minute:02d}", rng)
            found = one_sentence(lambda text=text: ClockTime.parse(text), ValueError)
            assert found is None or 0 <= found.minutes < 720


def test_model_ids_lead_nowhere_but_to_models() -> None:
    rng = random.Random(4)
    for turn in range(CASES["ids"]):
        text = mangled("reader-report", rng) if turn % 2 else scrap(rng)
        found = one_sentence(lambda text=text: check_model_id(text), RegistryError)
        assert found is None or not set(found) & set("./\\\x00")


def test_settings_of_runs_from_anywhere() -> None:
    plain = RunSpec("clock-hours", ClassifierSpec("mlp-300", (32, 32, 1), 12), TrainSpec(3)).to_json()
    rng = random.Random(5)
    with bounded():
        for turn in range(CASES["runs"]):
            changed = json.loads(json.dumps(plain))
            part = rng.choice((changed, changed["network"], changed["training"]))
            name = rng.choice([*part, "unknown"])
            if turn % 5:
                part[name] = rng.choice(ODD)
            else:
                part.pop(name, None)
            found = one_sentence(lambda changed=changed: RunSpec.from_json(changed), ValueError)
            assert found is None or len(found.key) == 12


# --- files --------------------------------------------------------------------------------------------------------------


def card() -> str:
    words = dict.fromkeys(("summary", "data", "data_licence", "device"), "words")
    numbers = {"epochs_trained": 1, "epochs_asked": 2, "seconds": 1.5}
    return ModelCard(
        "some-model", "Some model", report=None, network="core.x", spec={"a": 1}, training={"epochs": 2}, **words, **numbers
    ).to_json()


def test_cards_that_somebody_edited() -> None:
    text, rng = card(), random.Random(6)
    assert asdict(ModelCard.from_json(text))["model_id"] == "some-model"
    with bounded():
        for turn in range(CASES["cards"]):
            if turn % 2:
                changed = mangled(text, rng)
            else:
                values = json.loads(text)
                values[rng.choice([*values, "unknown"])] = rng.choice(ODD)
                changed = json.dumps(values)
            one_sentence(lambda changed=changed: ModelCard.from_json(changed), RegistryError)
        for deep in ("[" * 100_000, '{"a":' * 100_000):
            assert one_sentence(lambda deep=deep: ModelCard.from_json(deep), RegistryError) is None


def test_histories_that_somebody_edited(tmp_path: Path) -> None:
    (tmp_path / "some-model").mkdir()
    path, rng = tmp_path / "some-model/history.csv", random.Random(7)
    text = "epoch,loss,val_loss\n1,0.5,0.6\n2,0.4,\n3,nan,0.5\n"
    with bounded():
        for turn in range(CASES["histories"]):
            data = mangled(text, rng).encode("utf-8", "surrogatepass")
            path.write_bytes(rng.randbytes(60) if turn % 10 == 0 else data)
            found = one_sentence(lambda: load_history("some-model", tmp_path), RegistryError)
            assert found is None or isinstance(found, list)
    assert read_table(tmp_path, "none.csv") == []


def test_idx_files_that_lie(tmp_path: Path) -> None:
    """Among them one whose packed form is a thousandth of what it unpacks to, and those that declare what they lack."""
    rng, path = random.Random(8), tmp_path / "pictures-idx3-ubyte.gz"
    with bounded():
        for turn in range(CASES["idx"]):
            sides = [rng.choice((0, 1, 5, 28, 60_000, 2**31, 2**32 - 1)) for _ in range(rng.randrange(1, 6))]
            head = bytes([0, 0, rng.choice((8, 9, 0)), rng.choice((len(sides), 0, 255))])
            body = head + b"".join(struct.pack(">I", side) for side in sides) + rng.randbytes(rng.randrange(200))
            data = bytearray(gzip.compress(body, 1))
            if turn % 3 == 0:
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            path.write_bytes(data)
            found = one_sentence(lambda: read_idx(path), DatasetError)
            assert found is None or found.dtype == np.uint8
        path.write_bytes(gzip.compress(bytes([0, 0, 8, 1]) + struct.pack(">I", 10) + bytes(50_000_000), 9))
        assert one_sentence(lambda: read_idx(path), DatasetError) is None  # it says 10 bytes and holds 50 million


def test_zips_that_lie(tmp_path: Path) -> None:
    """Names that lead out of the folder, sizes that are not so, damaged members, bombs: skipped and named, or one sentence."""
    rng, path = random.Random(9), tmp_path / "pictures.zip"
    sound, bomb = save(COLOURS), bytes(40_000_000)
    names = ("../../outside.png", "/etc/outside.png", "a\\b.png", "\x01.png", "C:\\x.png", "ä/ö.png", ".png")
    with bounded():
        for turn in range(CASES["zips"]):
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
                for place in range(24):
                    archive.writestr(f"class-{place % 3}/{place}.png", sound if place % 7 else sound[: rng.randrange(60)])
                archive.writestr(rng.choice(names), sound)
                if turn % 20 == 0:
                    archive.writestr("class-0/bomb.png", bomb, zipfile.ZIP_DEFLATED)
            data = bytearray(file.getvalue())
            for _ in range(turn % 6):  # every sixth stays whole
                data[rng.randrange(len(data))] = rng.randrange(256)
            path.write_bytes(data)
            found = one_sentence(lambda: load_pictures(path, 8), DatasetError)
            assert found is None or (20 <= len(found.images) == len(found.labels) and found.images.shape[1:] == (8, 8, 3))
            if turn % 6 == 0:
                assert found is not None
                assert len(found.skipped) >= 4
    assert [item.name for item in tmp_path.rglob("*")] == ["pictures.zip"]  # nothing was unpacked anywhere
    assert not (tmp_path.parent / "outside.png").exists()
