"""Hostile uploads, links and form values through the app: no traceback on screen, no mark-up of theirs, no long wait.

A case is one hostile thing at one place: a file that is dropped, a parameter of the URL, a value of a widget. A run of a page
holds several, as many as stand there, so that hundreds take a minute; which ones is drawn from a fixed seed. With
``LATENT_OCLOCK_FUZZ=4`` there are four times as many.
"""

import datetime
import gc
import os
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import test_pages
from streamlit.testing.v1 import AppTest
from test_core_fuzz import SCRAPS, scrap
from test_images_fuzz import FILES
from test_pages import clock, html, upload

from core import paths
from core.live import LiveRuns
from core.sheets import encode
from pages.parts import cached, cached_why, train_form
from tests.test_live import FAKE

pytestmark = pytest.mark.usefixtures("fresh_caches")
app = test_pages.app  # its fixture: two readers that need no model

TIMES = int(os.environ.get("LATENT_OCLOCK_FUZZ", "1"))
RUNS = {"home": 6, "tell_the_time": 14, "compare_training": 14, "latent_space": 12, "reports": 4}  # with a new hostile link
AT_ONCE = 12  # parameters of one link
FORM_RUNS = 3 * TIMES  # of each form
UPLOADS, FILES_A_RUN = 3 * TIMES, 30
SECONDS = 20.0  # of the processor, that one run of a page may take
GROWTH = 400.0  # megabytes by which all of it may grow the process
HOSTILE = (
    *SCRAPS,
    *(
        "<img src=x onerror=alert(1)>",
        '"><svg onload=alert(1)>',
        "javascript:alert(1)",
        "__class__",
        "1e9",
        "99:99",
        "10:08:99",
    ),
    *("-1,0,50", "nan,nan,nan", "0,0,16", "a" * 200, "true", "false", "on", "0", "1", "2", "7", "3.5", "12", "2023", "l16-mlp"),
)
LINKS = {  # page -> parameters that it takes from its URL, and those of presenter mode, which every page takes
    "home": ("moving",),
    "tell_the_time": (
        *("from", "sample", "true", "crop", "time", "style", "seed", "gamma", "model", "tab", "why", "classical"),
        *("shown", "answered", "log", "loghour"),
    ),
    "compare_training": (
        *("part", "study", "measure", "loglosses", "pick", "beside", "cell", "brush", "top", "first", "second", "spot"),
        *("run", "hand", "live-log", "live-loss"),
        *(train_form.PREFIX + name for name in ("data", *train_form.DEFAULTS)),
    ),
    "latent_space": ("walkers", "start", "end", "start-by", "end-by", "pixels", "view", "path", "at", "psi", "grid"),
    "reports": ("report",),
}
EVERYWHERE = ("present", "demo")
TABS = {  # so that garbage gets behind the first tab, too
    "tell_the_time": ("tab", ("Read a picture", "Compare the models", "Common sense")),
    "compare_training": ("part", ("Stored studies", "Train now", "Pictures")),
}


@pytest.fixture
def house(app, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The app with a worker that needs no Keras, without results, and with heat maps of its readers that need no network."""
    runs, small = LiveRuns(worker=FAKE), encode(np.zeros((8, 8), np.uint8), "WEBP")
    monkeypatch.setattr(cached_why, "looked_at", lambda *args: small)
    monkeypatch.setattr(cached_why, "heat", lambda *args: small)
    monkeypatch.setattr(cached_why, "answers_with_numbers", lambda model_id: False)
    monkeypatch.setattr(cached, "live_runs", lambda: runs)
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "results")
    import core.clocks.losses  # noqa: F401  (and with it TensorFlow)

    gc.collect()
    gc.freeze()  # as in the app: Streamlit collects garbage after every run, and would search all of TensorFlow each time
    yield
    runs.close()


def opened(page: str, params: dict[str, str | list[str]]) -> AppTest:
    """A page of the app behind a link."""
    running = AppTest.from_file(test_pages.ROOT / "app.py", default_timeout=600)
    if page != "home":
        running.run()
    for name, value in params.items():
        running.query_params[name] = value
    return running if page == "home" else running.switch_page(f"pages/{page}.py")


def unharmed(running: AppTest, what: object) -> str:
    """Run the page; what it shows, which holds no traceback and no mark-up of a stranger."""
    start = time.process_time()
    running.run()
    took = time.process_time() - start
    assert not running.exception, (what, running.exception)
    text = html(running)
    assert not re.search(r"<script|<svg onload|<img src=x|Traceback|\x00", text), what
    assert took < SECONDS, (what, took)
    return text


def megabytes() -> float:
    """What the process held at its peak so far; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def hostile(rng: random.Random) -> str | list[str]:
    """What a link may say in the place of one value."""
    if rng.random() < 0.1:
        return [sendable(rng.choice(HOSTILE)) for _ in range(rng.randrange(2, 6))]
    return sendable(rng.choice(HOSTILE) if rng.random() < 0.7 else scrap(rng))


def sendable(text: str) -> str:
    """Text as it may come through a URL or a protobuf message: valid UTF-8."""
    return text.encode("utf-8", "replace").decode()


def test_there_are_five_hundred_cases() -> None:
    links = sum(TIMES * RUNS[page] * min(len(names) + len(EVERYWHERE), AT_ONCE) for page, names in LINKS.items())
    assert links >= 500 * TIMES
    assert UPLOADS * FILES_A_RUN >= 90 * TIMES


# --- links --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", LINKS)
def test_links(house, page: str) -> None:
    rng = random.Random(page)
    name, tabs = TABS.get(page, ("present", ("off",)))
    for tab in tabs:  # what loads when first used counts for nothing
        unharmed(opened(page, {name: tab}), tab)
    before = megabytes()
    for turn in range(TIMES * RUNS[page]):
        names = [*LINKS[page], *EVERYWHERE]
        params = {name: hostile(rng) for name in rng.sample(names, min(len(names), AT_ONCE))}
        params |= {"from": rng.choice(("Samples", "Drawn", "Files", "Camera"))} if page == "tell_the_time" and turn % 4 else {}
        if page in TABS and turn % 3:
            params[name] = rng.choice(tabs)
        unharmed(opened(page, params), params)
    assert megabytes() - before < GROWTH


# --- files --------------------------------------------------------------------------------------------------------------


def hostile_name(rng: random.Random) -> str:
    name = rng.choice(("<i>10_08</i>", "../../etc/passwd", "=HYPERLINK(1)", "10_08", "\u202egnp", "a" * 255, "99_99", " ", "ä"))
    return f"{name}{rng.randrange(9)}.{rng.choice(('png', 'jpg', 'webp', 'heic', 'PNG'))}"


def hostile_file(rng: random.Random) -> bytes:
    data = bytearray(rng.choice((*FILES, clock(1), b"hello", b"GIF89a", b"%PDF-1.7", b"<svg onload=alert(1)>", b"PK\x03\x04")))
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(data))
        data[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(1, 4))
    return bytes(data[: rng.randrange(1, len(data) + 1)] if rng.random() < 0.3 else data)


@pytest.mark.filterwarnings("ignore")
def test_uploads(house, app) -> None:
    rng = random.Random("uploads")
    running, before = app(), megabytes()
    for _ in range(UPLOADS):
        files = [(hostile_name(rng), hostile_file(rng)) for _ in range(FILES_A_RUN)]
        text = unharmed(upload(running, *files), [name for name, _ in files])
        good = 1 if "pictures read" not in text else int(re.search(r"(\d+) pictures read", text)[1])  # type: ignore[index]
        bad = 1 if "One picture could not be read" in text else int((re.search(r"(\d+) pictures could not", text) or "00")[1])
        assert good + bad in (FILES_A_RUN, FILES_A_RUN + 1), text[:2000]  # without a good one the example stands there
        assert "<i>10_08" not in text
    assert megabytes() - before < GROWTH


# --- forms --------------------------------------------------------------------------------------------------------------


def text(box: Any, rng: random.Random) -> str:
    return str(hostile(rng))[:4000]


def number(box: Any, rng: random.Random) -> float | None:
    return rng.choice((box.min, box.max, box.min + 1 if box.min is not None else 1, None))


def of_the_day(box: Any, rng: random.Random) -> datetime.time | None:
    return rng.choice((datetime.time(0, 0), datetime.time(23, 59, 59), datetime.time(12, 0), None))


def end(box: Any, rng: random.Random) -> Any:
    return rng.choice((box.min, box.max))


def option(box: Any, rng: random.Random) -> Any:
    return rng.choice(box.options)


def none_of_them(box: Any, rng: random.Random) -> list[Any]:
    return []


def on_or_off(box: Any, rng: random.Random) -> bool:
    return rng.random() < 0.5


# Select sliders keep their places: AppTest takes none whose options read otherwise than they are; links move them.
CHOICES: tuple[tuple[str, Callable[[Any, random.Random], Any]], ...] = (  # kind of widget -> what it is set to
    *(("text_input", text), ("number_input", number), ("time_input", of_the_day), ("slider", end), ("selectbox", option)),
    *(("multiselect", none_of_them), ("checkbox", on_or_off), ("toggle", on_or_off)),
)


def fill(running: AppTest, rng: random.Random) -> int:
    """Put something hostile, as far as the browser's widget lets it through, into every widget; how many took it."""
    filled = 0
    for kind, choose in CHOICES:
        for box in getattr(running, kind):
            if not box.disabled:  # nobody can
                box.set_value(choose(box, rng))
                filled += 1
    return filled


@pytest.mark.parametrize(
    ("page", "params"),
    [
        ("tell_the_time", {"from": "Drawn"}),
        ("tell_the_time", {"tab": "Common sense"}),
        ("compare_training", {"part": "Train now"}),
    ],
)
def test_forms(house, page: str, params: dict[str, str]) -> None:
    rng = random.Random(str((page, params)))
    running = opened(page, dict(params))
    unharmed(running, page)
    filled = 0
    for _ in range(FORM_RUNS):
        filled += fill(running, rng)
        unharmed(running, (page, params))
    assert filled >= 2 * FORM_RUNS
