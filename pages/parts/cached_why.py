"""Streamlit's caches over why a model reads a picture so, kept as ``cached`` keeps the rest.

Core is imported inside the functions, so that a page that only looks does not load it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.cached import model, of_stored

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.clocks.classical import ClassicalReading

SEEN = 384  # pixels that small squares grow to, smoothly, before the browser makes them larger still


@of_stored
@st.cache_data(show_spinner=False, max_entries=256)
def looked_at(file: tuple, sha: str, model_id: str, gamma: float, _picture: "Callable[[], NDArray[np.uint8]]") -> bytes:
    """A WebP of what the model takes: ``_picture`` gives the dial laid straight, or the whole picture."""
    import numpy as np

    from core.clocks.heat import model_input

    return _grown(np.rint(255 * model_input(_picture(), model(model_id), gamma)).astype(np.uint8))


@of_stored
@st.cache_data(show_spinner=False, max_entries=256)
def heat(
    file: tuple, sha: str, model_id: str, gamma: float, minutes: float, _picture: "Callable[[], NDArray[np.uint8]]"
) -> bytes:
    """A WebP of the same with the pixels that speak for ``minutes`` in orange; for models that answer with numbers, all that
    count."""
    from core.clocks import heat

    trained = model(model_id)
    taken = heat.model_input(_picture(), trained, gamma)
    found = heat.integrated_gradients(trained, taken, minutes)
    return _grown(heat.glowing(taken, heat.heat_map(found if heat.answers_with_numbers(trained) else found.clip(0))))


def answers_with_numbers(model_id: str) -> bool:
    """Whether a stored model answers with plain numbers, which speak for no time in particular."""
    from core.clocks.heat import answers_with_numbers

    return answers_with_numbers(model(model_id))


def _grown(square: "NDArray[np.uint8]") -> bytes:
    """A small square as WebP, made larger so that no pixels stand out."""
    import cv2

    from core.sheets import encode

    side = max(SEEN, len(square))
    return encode(cv2.resize(square, (side, side), interpolation=cv2.INTER_CUBIC), "WEBP", 88)


@st.cache_data(show_spinner=False, max_entries=256)
def classical(sha: str, gamma: float, _picture: "Callable[[], NDArray[np.uint8]]") -> "ClassicalReading":
    """What the reader sees that has learned nothing."""
    from core.clocks.classical import read_classically
    from core.images import adjust_gamma, to_grey

    return read_classically(adjust_gamma(to_grey(_picture()), gamma))
