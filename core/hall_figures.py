"""Figures for the last row of a lecture hall: larger, and nothing in them faint."""

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from core.figures import Palette, palette
from core.specs import check_range

SCALED = {"margin": ("l", "r", "t", "b"), "line": ("width",), "marker": ("size",)}  # and the size of every font


def enlarged(figure: go.Figure, by: float, *, dark: bool = False) -> go.Figure:
    """The figure for the last row: type, lines, markers, margins and height ``by`` times as large, muted words in ink.

    Returns a new figure. ``by`` lies in [1, 4], else ``ValueError``.
    """
    check_range("by", by, 1, 4)
    colours = palette(dark)
    plain = figure.to_plotly_json()
    layout = _enlarged(plain["layout"], by, colours)
    for name in ("height", "width"):
        if isinstance(layout.get(name), int | float):
            layout[name] = round(layout[name] * by)
    return go.Figure({"data": _enlarged(plain["data"], by, colours), "layout": layout})


def _enlarged(node: Any, by: float, colours: Palette, name: str = "") -> Any:
    """A part of a figure, enlarged; name: what it is the value of."""
    if isinstance(node, list | tuple):
        return [_enlarged(one, by, colours, name) for one in node]
    if isinstance(node, Mapping):
        found = {key: _enlarged(value, by, colours, key) for key, value in node.items()}
        if name.endswith("font") and found.get("color") == colours.muted:
            found["color"] = colours.ink
        keys = ("size",) if name.endswith("font") else SCALED.get(name, ())
        return found | {key: found[key] * by for key in keys if isinstance(found.get(key), int | float)}
    return node
