"""Streamlit's caches over what was measured of the clock models, kept as ``cached`` keeps the rest.

Tables are known by their files, so that an evaluation that writes them shows at once. Core is imported inside the functions.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.cached import stamp

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core import clock_errors, comparison
    from core.reliability_figures import Bins


def scores() -> "dict[str, dict[str, float | str]]":
    """What ``evaluate`` measured, by model id."""
    from core import comparison, paths

    return _scores(stamp(paths.RESULTS / comparison.TABLE))


@st.cache_data(show_spinner=False, max_entries=2)
def _scores(file: tuple[str, int, int]) -> "dict[str, dict[str, float | str]]":
    from core import comparison

    return comparison.scores(Path(file[0]).parent)


def readings() -> "comparison.Readings":
    """What every measured model read in every test picture. Shared by all visitors: read-only."""
    from core import comparison, paths

    return _readings(stamp(paths.RESULTS / comparison.READINGS))


@st.cache_resource(show_spinner=False, max_entries=2)
def _readings(file: tuple[str, int, int]) -> "comparison.Readings":
    from core import comparison

    return comparison.readings(Path(file[0]).parent)


def reliability() -> "dict[str, dict[str, Bins]]":
    """How right each measured model was by how sure it was, by set of pictures. Shared by all visitors: read-only."""
    from core import paths, reliability_figures

    return _reliability(stamp(paths.RESULTS / reliability_figures.TABLE))


@st.cache_resource(show_spinner=False, max_entries=2)
def _reliability(file: tuple[str, int, int]) -> "dict[str, dict[str, Bins]]":
    from core.reliability_figures import reliability

    return reliability(Path(file[0]).parent)


def learning_curve(model_id: str, *, judged: bool = False) -> "tuple[str, clock_errors.Curve] | None":
    """A stored model's loss over its epochs, or with ``judged`` what it is judged by, with its name; None if it has none."""
    from core import paths, registry

    return _learning_curve(stamp(paths.MODELS / model_id / registry.HISTORY_FILE), model_id, judged)


@st.cache_resource(show_spinner=False, max_entries=64)
def _learning_curve(file: tuple[str, int, int], model_id: str, judged: bool) -> "tuple[str, clock_errors.Curve] | None":
    from core import clock_errors

    folder = Path(file[0]).parent.parent
    measure = clock_errors.measure_of(model_id, folder) if judged else "loss"
    curve = clock_errors.learning_curve(model_id, measure, folder) if measure else None
    return (clock_errors.JUDGED_BY.get(measure, measure), curve) if measure and curve else None


@st.cache_data(show_spinner=False, max_entries=128)
def costs(true_minutes: int) -> "dict[str, NDArray[np.float64]]":
    """What every loss charges for each of the 720 times that might be read for one true time: name -> (720,)."""
    import numpy as np

    from core.clocks import lesson
    from core.clocks.time import MINUTES

    return lesson.costs(true_minutes, np.arange(MINUTES))
