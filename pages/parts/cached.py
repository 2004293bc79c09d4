"""Streamlit's caches over core, and the warm-up: the only place where the app caches.

Models are shared by all visitors and read-only. Readings are kept by what they follow from: the pictures' fingerprints, the
model that is stored now, gamma. Core is imported inside the functions, so that a page that only looks does not load it.
"""

import gc
import hashlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.parts import in_memory

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.clocks.reading import Reading
    from core.generators.stored import Generator
    from core.live import LiveRuns
    from core.registry import ModelCard

GAMMAS = tuple(round(0.5 + 0.1 * step, 1) for step in range(46))  # 0.5 to 5.0
FRAME = 224  # pixels of a frame in the sheet of enhanced pictures
CUT = 640  # most pixels a side of what is cut out of a picture: readers look at far fewer


# --- what files and models are known by -------------------------------------------------------------------------------


def stamp(path: Path) -> tuple[str, int, int]:
    """What a cache knows a file by: it changes when the file does; (path, 0, 0) while there is none."""
    try:
        found = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), found.st_mtime_ns, found.st_size


def mark(model_id: str) -> tuple[str, int, int]:
    """What caches know a stored model by: it changes when another one is stored."""
    from core import paths, registry

    return stamp(paths.MODELS / model_id / registry.CARD_FILE)


def of_stored(kept: Callable) -> Callable:
    """A cached function of (file, what, model_id, ...) as one of (what, model_id, ...): ``file`` is the mark of the model.

    So a model that is stored anew is asked anew; what the old one said is the first to go when ``max_entries`` are reached.
    """

    def asked(what: Any, model_id: str, *more: Any) -> Any:
        return kept(mark(model_id), what, model_id, *more)

    return asked


# --- waking -----------------------------------------------------------------------------------------------------------


@dataclass
class WarmUp:
    """How far the background thread is that loads TensorFlow and the first model."""

    device: str = ""
    problem: str = ""
    done: threading.Event = field(default_factory=threading.Event)


def warm_up() -> WarmUp | None:
    """Start loading TensorFlow and the first model in the background, once a process; None when that is switched off.

    ``LATENT_OCLOCK_WARM=0`` switches it off; models then load when first used.
    """
    return None if os.environ.get("LATENT_OCLOCK_WARM") == "0" else _warm_up()


@st.cache_resource(show_spinner=False)
def _warm_up() -> WarmUp:
    state = WarmUp()
    threading.Thread(target=_warm, args=(state,), name="warm-up", daemon=True).start()
    return state


def _warm(state: WarmUp) -> None:
    time.sleep(0.8)  # the page that started this is painted first
    try:
        import numpy as np

        import core.reading_figures  # noqa: F401
        from core.clocks.reading import read_pictures
        from core.devices import device_name

        state.device = device_name()
        gc.freeze()  # Streamlit collects garbage after every run; without this it would search all of TensorFlow each time
        readers = cards()
        if readers:
            blank = np.full((150, 150), 128, np.uint8)
            read_pictures([blank], readers[0].model_id, model=model(readers[0].model_id))
        else:
            state.problem = "No model is stored yet"
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        state.problem = f"The models do not load: {error}"
    finally:
        gc.collect()
        gc.freeze()
        state.done.set()


def patience() -> AbstractContextManager[object]:
    """A word on the page while models are still waking; nothing once they are warm."""
    state = warm_up()
    busy = state is not None and not state.done.is_set()
    return st.spinner("Waking the models: the first reading takes a few seconds") if busy else nullcontext()


def cards() -> "list[ModelCard]":
    """Cards of the stored models that read clocks: the default, our others, then the reports'."""
    from core.clocks.reading import PREFERRED
    from core.registry import list_cards

    readers = [card for card in list_cards() if card.network.startswith("core.clocks.")]
    last = len(PREFERRED)
    ranks = {model_id: rank for rank, model_id in enumerate(PREFERRED)}
    return sorted(readers, key=lambda card: (ranks.get(card.model_id, last), card.report or "", card.model_id))


def own_gammas() -> dict[str, float]:
    """The gamma that each reader's pictures are raised to before it sees them, by model id."""
    return {card.model_id: float(card.extra.get("gamma", 1.0)) for card in cards()}


def model(model_id: str) -> object:
    """The trained model, loaded once for all visitors; anew when another one is stored."""
    return _model(model_id, mark(model_id))


@st.cache_resource(show_spinner=False, max_entries=8)
def _model(model_id: str, file: tuple[str, int, int]) -> object:
    from core.registry import load_trained

    return in_memory.watched(model_id, load_trained(model_id))


def fingerprint(data: bytes) -> str:
    """What caches know a picture by."""
    return hashlib.sha256(data).hexdigest()


@st.cache_data(show_spinner=False, max_entries=4096)
def trouble(sha: str, _data: bytes) -> str | None:
    """What is wrong with a picture, in one sentence; None when it can be read."""
    from core.picture_decoding import PictureError

    try:
        picture(sha, _data)
    except PictureError as error:
        return str(error)
    return None


@st.cache_data(show_spinner=False, max_entries=256)
def picture(sha: str, _data: bytes) -> "NDArray[np.uint8]":
    """The decoded picture, uint8 (height, width, 3), or a ``PictureError``."""
    from core.images import open_picture

    return open_picture(_data)


@st.cache_data(show_spinner=False, max_entries=2048)
def thumbnail(sha: str, size: int, _data: bytes, gamma: float | None = None, own: float = 1.0, spread: bool = False) -> bytes:
    """The picture as WebP, at most ``size`` pixels a side; with ``gamma`` grey, raised to it and then to a model's ``own``.

    spread: with a flat picture's tones spread, as models that look for the dial themselves see it.
    """
    from core.images import adjust_gamma, spread_tones, to_grey
    from core.sheets import thumbnail_bytes

    pixels = picture(sha, _data)
    if gamma is None:
        return thumbnail_bytes(pixels, size)
    grey = to_grey(pixels)
    return thumbnail_bytes(adjust_gamma(adjust_gamma(spread_tones(grey) if spread else grey, gamma), own), size)


@st.cache_data(show_spinner=False, max_entries=4)
def sample_thumbnails(files: tuple[str, ...], size: int) -> list[bytes]:
    """Small pictures of files that the app ships, as WebP."""
    found = []
    for file in files:
        data = Path(file).read_bytes()
        found.append(thumbnail(fingerprint(data), size, data))
    return found


@of_stored
@st.cache_data(show_spinner=False, max_entries=1024)
def read(
    file: tuple, shas: tuple[str, ...], model_id: str, gamma: float, _pictures: "Callable[[], Sequence]"
) -> "list[Reading]":
    """What the model reads in each picture, in one batch."""
    from core.clocks.reading import read_pictures

    return read_pictures(_pictures(), model_id, gamma=gamma, model=model(model_id))


@of_stored
@st.cache_data(show_spinner=False, max_entries=256)
def read_every_gamma(file: tuple, sha: str, model_id: str, _picture: "Callable[[], NDArray[np.uint8]]") -> "list[Reading]":
    """What the model reads in the picture under each of ``GAMMAS``; drawn straight between those that say the same."""
    from core.clocks.gammas import read_through

    return read_through(_picture(), GAMMAS, model_id, model=model(model_id))


@st.cache_data(show_spinner=False, max_entries=64)
def gamma_sheet(sha: str, spread: bool, _picture: "Callable[[], NDArray[np.uint8]]") -> tuple[bytes, int]:
    """The picture under each of ``GAMMAS`` in one JPEG, and the number of its columns; frames are ``FRAME`` pixels square.

    spread: as in ``thumbnail``.

    A WebP would be a third smaller and take a core forty times as long, 0.2 s: too long for a class that drops pictures.
    """
    import numpy as np

    from core.images import adjust_gamma, fit_square, spread_tones, to_grey
    from core.sheets import sheet

    grey = to_grey(_picture())
    square = fit_square(spread_tones(grey) if spread else grey, FRAME)[0]
    data, columns, _ = sheet(np.stack([adjust_gamma(square, gamma) for gamma in GAMMAS]), 7, "JPEG", 82)
    return data, columns


@st.cache_data(show_spinner=False, max_entries=256)
def drawn(minutes: int, style: str, seed: int) -> bytes:
    """A PNG of a clock that shows ``minutes``."""
    from core.clocks.face import render
    from core.clocks.time import ClockTime
    from core.sheets import encode

    return encode(render(ClockTime.from_minutes(minutes), style, seed=seed).image, "PNG")


@st.cache_data(show_spinner=False, max_entries=64)
def cut(sha: str, square: tuple[int, int, int], _data: bytes) -> bytes:
    """A PNG of the square (left, top, size) of a picture."""
    from core.sheets import thumbnail_bytes

    left, top, size = square
    return thumbnail_bytes(picture(sha, _data)[top : top + size, left : left + size], CUT, "PNG")


# --- training now -----------------------------------------------------------------------------------------------------


@st.cache_resource(show_spinner=False)
def live_runs() -> "LiveRuns":
    """The runs that train now, of all visitors."""
    from core.live import LiveRuns

    return LiveRuns()


# --- generators -----------------------------------------------------------------------------------------------------


def generator(model_id: str) -> "Generator":
    """The stored generator, loaded once for all visitors; anew when another one is stored."""
    return _generator(model_id, mark(model_id))


@st.cache_resource(show_spinner=False, max_entries=6)
def _generator(model_id: str, file: tuple[str, int, int]) -> "Generator":
    from core.generators.stored import load_generator

    return in_memory.watched(model_id, load_generator(model_id))


@st.cache_data(show_spinner=False, max_entries=192)
def made(what: str, of: tuple, _make: Callable[[], Any]) -> Any:
    """What ``_make`` gives; ``what`` names it, ``of`` is all that decides it."""
    return _make()


@st.cache_resource(show_spinner=False, max_entries=12)
def shared(what: str, of: tuple, _make: Callable[[], Any]) -> Any:
    """The same for what is large and looked up often: one for all visitors, read-only."""
    return _make()
