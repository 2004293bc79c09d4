"""What generators make, find and learned from, kept by what decides it; no widgets here."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.datasets import DATASETS, DatasetError, is_available, load_dataset
from core.generators.data import as_floats, reduced
from core.generators.directions import Vectors
from core.generators.latent import PathKind, path
from core.images import Picture, fit_square
from core.registry import ModelCard, RegistryError
from core.sheets import encode, sheet
from core.written import percent
from pages.parts import cached, scrubber

FRAMES = 60  # of a walk
COLUMNS = 10  # of its sheet
QUALITY = 92  # small pictures show every loss
HELD_OUT = 600  # real pictures that are looked at
FOUND = "latent-found"  # in the session: vectors that were found for pictures where nothing encodes
STEPS = 120  # of that search
OFF_BY = "Off by: how far pixels lie from the given ones in the root mean square; 100 % would be white for black."
FLAT = 8  # grey levels between the darkest and the lightest value of a picture without content


class NoContentError(ValueError):
    """A picture in which nothing can be seen."""


def cards() -> list[ModelCard]:
    """The stored generators: those of leaves first, of each data set ours before the reports', by kind, short vectors first."""
    from core.generators.stored import list_generators

    known = list(DATASETS)

    def order(card: ModelCard) -> tuple[Any, ...]:
        data = str(card.extra.get("data"))
        place, kind = known.index(data) if data in known else len(known), str(card.extra.get("kind"))
        return (place, data, card.report is not None, kind, int(card.extra.get("latent", 0)), card.model_id)

    return sorted(list_generators(), key=order)


# --- pictures from vectors ------------------------------------------------------------------------------------------


def decoded(model_id: str, vectors: Vectors) -> Picture:
    """Pictures uint8 (n, side, side, 3) of vectors (n, size), decoded in one batch."""
    given = np.ascontiguousarray(vectors, np.float32)
    of = (model_id, cached.mark(model_id), given.shape, given.tobytes())
    return cached.made("decoded", of, lambda: cached.generator(model_id).decode(given))


def walk(model_id: str, start: Vectors, end: Vectors, kind: PathKind) -> tuple[Vectors, Picture]:
    """The vectors (FRAMES, size) of a walk, and its pictures."""
    vectors = path(start, end, FRAMES, kind)
    return vectors, decoded(model_id, vectors)


def strip(frames: Picture, title: str) -> scrubber.Strip:
    """Frames as the scrubber takes them."""
    content, columns, _ = sheet(frames, COLUMNS, "WEBP", QUALITY)
    return scrubber.Strip(content, columns, (frames.shape[2], frames.shape[1]), title)


def small(picture: Picture) -> bytes:
    """A small square as WebP without much loss."""
    return encode(picture, "WEBP", QUALITY)


# --- pictures of the data -------------------------------------------------------------------------------------------


def held_out(name: str, side: int) -> tuple[Picture, NDArray[np.int64], tuple[str, ...]]:
    """Pictures that no generator learned from, evenly chosen, ``side`` pixels wide, with labels and the classes' names.

    ``DatasetError`` in a sentence where the data set is not on this machine; nothing is downloaded here.
    """
    if name not in DATASETS:
        raise DatasetError("The pictures that this model learned from are not among the data sets known here.")
    if not is_available(name):
        raise DatasetError(f"{DATASETS[name].title} are not on this machine. {DATASETS[name].remedy}")

    def read() -> tuple[Picture, NDArray[np.int64], tuple[str, ...]]:
        data = load_dataset(name)
        chosen = np.unique(np.linspace(0, len(data.test.images) - 1, HELD_OUT).astype(int))
        return reduced(data.test.images[chosen], side), data.test.labels[chosen], data.info.classes

    return cached.shared("held out", (name, side), read)


def encoded(model_id: str) -> Vectors:
    """The means of the posteriors of the held-out pictures, (n, size); for models that encode."""

    def encode_all() -> Vectors:
        generator = cached.generator(model_id)
        found = generator.encode(held_out(str(generator.card.extra["data"]), generator.side)[0])
        if found is None:
            raise RegistryError(f"{model_id} does not encode; choose an autoencoder")
        return found

    return cached.shared("encoded", (model_id, cached.mark(model_id)), encode_all)


def nearest(card: ModelCard, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Samples above the training pictures that ``evaluate generators`` found nearest, as WebP; ``DatasetError`` as above."""
    name = str(card.extra["data"])
    if name not in DATASETS or not is_available(name):
        title = DATASETS[name].title if name in DATASETS else "The pictures it learned from"
        raise DatasetError(f"{title} are not on this machine, so that the nearest of them cannot be shown.")

    def draw() -> bytes:
        from core.generators.evaluation import nearest_sheet

        generator = cached.generator(card.model_id)
        train = reduced(load_dataset(name).train.images, generator.side)
        return encode(nearest_sheet(generator, train, rows), "WEBP", QUALITY)

    return cached.made("nearest", (card.model_id, cached.mark(card.model_id), str(rows)), draw)


def judge_or_none() -> Any:
    """The leaf classifier, or None where none is stored."""
    from core.generators import evaluation

    try:
        return cached.shared("judge", (cached.mark(evaluation.CLASSIFIER),), evaluation.load_judge)
    except RegistryError:
        return None


# --- vectors from pictures ------------------------------------------------------------------------------------------


def squared(sha: str, data: bytes, side: int) -> Picture:
    """The middle square of a picture as it came, scaled to ``side``, as training pictures are; ``NoContentError``."""
    whole = cached.picture(sha, data)
    height, width = whole.shape[:2]
    cut = min(height, width)
    top, left = (height - cut) // 2, (width - cut) // 2
    square = fit_square(whole[top : top + cut, left : left + cut], side)[0]
    if int(square.max()) - int(square.min()) < FLAT:
        raise NoContentError("The picture is of one colour throughout: nothing in it can be looked for in a latent space.")
    return square


def vector_of(model_id: str, picture: Picture) -> tuple[Vectors, float]:
    """The vector (size,) of a square picture, encoded or searched for, and how far its picture is off, in [0, 1].

    A search shows how far it is; what was found is kept for this visitor.
    """
    generator = cached.generator(model_id)
    of = (model_id, cached.mark(model_id), cached.fingerprint(picture.tobytes()))
    kept = st.session_state.setdefault(FOUND, {})
    if of not in kept:
        if generator.encoder is not None:
            known = generator.encode(picture[None])
            kept[of] = np.zeros(generator.latent_size, np.float32) if known is None else known[0]
        else:
            kept[of] = _searched(model_id, generator, picture)
    vector = kept[of]
    apart = as_floats(decoded(model_id, vector[None])[0]) - as_floats(picture)
    return vector, float(np.sqrt(np.square(apart).mean()))


def off_by(apart: float) -> str:
    """How far a picture is off, in words. apart: as ``vector_of`` gives it."""
    return f"off by {percent(apart, 1)}"


def _searched(model_id: str, generator: Any, picture: Picture) -> Vectors:
    from core.generators.inversion import invert

    words = f"Searching the vector whose picture comes nearest, {model_id}"
    bar = st.progress(0.0, words)

    def progress(done: int, steps: int) -> None:
        bar.progress(done / steps, f"{words}: {done} of {steps} steps")

    try:
        return invert(generator, picture[None], steps=STEPS, progress=progress)[0][0]
    finally:
        bar.empty()
