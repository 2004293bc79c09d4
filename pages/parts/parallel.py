"""Parallel coordinates in the browser: brush axes, press a line. Python hears of it when a brush is let go."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.figures import palette
from core.parallel import Axis, Brushes
from core.run_figures import LOOKS
from pages.parts import theme
from pages.parts.mounting import component

_parallel = component("parallel", buttons=True)


def show(
    axes: Sequence[Axis],
    runs: Mapping[int, str],
    *,
    brushes: Brushes,
    marked: Sequence[int],
    broken: Sequence[int] = (),
    file: str,
    title: str,
    on_brush: Callable[[Any], None],
    on_pick: Callable[[int], None],
    key: str = "parallel",
) -> None:
    """Draw ``runs``, trial -> words, in the order of the axes' rows.

    marked: trials drawn thick, at most two. broken: trials drawn dotted, which diverged. file, title: what the picture is
    called when it is saved, and what stands above it then. on_brush gets what the browser says, {"brushes", "scales"}:
    scales are those of the axes as drawn; ``core.parallel.read_brushes`` and ``as_drawn`` make sense of it. on_pick gets the
    trial of the line pressed.
    """
    colours = palette(theme.dark())

    def told(name: str) -> Any:
        return (st.session_state.get(key) or {}).get(name)

    def brushed() -> None:
        if isinstance(told("brushed"), Mapping):
            on_brush(told("brushed"))

    def picked() -> None:
        if told("picked") in runs:
            on_pick(told("picked"))

    data = {
        "axes": [
            {
                "name": axis.name,
                "title": axis.title,
                "ticks": [{"at": tick.at, "text": tick.text} for tick in axis.ticks],
                "places": list(axis.places),
                "scale": [axis.scale.low, axis.scale.high, axis.scale.log] if axis.scale else None,
            }
            for axis in axes
        ],
        "rows": [{"id": trial, "words": words, "broken": trial in broken} for trial, words in runs.items()],
        "brushes": {name: list(ends) for name, ends in brushes.items()},
        "marked": list(marked),
        "file": file,
        "title": title,
        "label": "Runs as lines over axes: drag along an axis to keep the runs that pass there",
        "colours": {
            "ink": colours.ink,
            "muted": colours.muted,
            "line": colours.line,
            "paper": colours.paper,
            "held": colours.series[2],
            "marked": [colours.series[look.hue] for look in LOOKS],
        },
    }
    _parallel(data=data, key=key, on_brushed_change=brushed, on_picked_change=picked)
