"""What stands in the tab 'Train now' before a run: the network layer by layer, and the figures that it will fill."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from core import live_figures
from core.classifiers.architectures import LayerOutline, outline
from core.live_state import LiveState
from core.specs import RunSpec
from pages.parts import theme, views

HEIGHT = 230  # pixels of a figure that waits for its run
MOST_IN_THE_HALL = 8  # layers of a network that are seen at once in presenter mode; more stand in two tables side by side


def show(spec: RunSpec) -> None:
    """What would be trained, layer by layer, and the figures that it would fill; nothing where the settings do not fit."""
    try:
        layers = outline(spec.network)
    except ValueError:  # Start says what is wrong
        return
    st.html(network(layers, halved=theme.large() and len(layers) > MOST_IN_THE_HALL))
    waiting = {"this run": LiveState("", spec, "queued")}
    for place, measure in zip(st.columns(2, gap="medium"), ("cross_entropy", "accuracy"), strict=True):
        with place:
            drawing = live_figures.live_curves(waiting, measure, dark=theme.dark(), height=HEIGHT)
            drawing.update_layout(showlegend=False, margin_t=12)
            words = (
                f"{live_figures.MEASURES[measure].capitalize()} over the epochs, still empty; the line is what guessing reaches"
            )
            views.chart(drawing, f"live-empty-{measure}", words)


def network(layers: Sequence[LayerOutline], *, halved: bool) -> str:
    """A network layer by layer as a table, its weights summed at the end. halved: as two tables, its first half on the left."""
    middle = (len(layers) + 1) // 2 if halved else len(layers)
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Layer", "gives", "weights"))
    total = f'<tr class="lo-sum"><th scope="row">all</th><td></td><td>{sum(one.weights for one in layers):,}</td></tr>'
    tables = []
    for title, part in (("The network", layers[:middle]), ("Its second half", layers[middle:])):
        if not part:
            continue
        lines = "".join(
            f'<tr><th scope="row">{escape(one.words)}</th><td>{" × ".join(map(str, one.shape))}</td>'
            f"<td>{f'{one.weights:,}' if one.weights else '–'}</td></tr>"
            for one in part
        )
        end = total if part[-1] is layers[-1] else ""
        tables.append(
            f'<table class="lo-table lo-outline"><caption class="lo-caption">{title}</caption><thead><tr>{heads}</tr></thead>'
            f"<tbody>{lines}{end}</tbody></table>"
        )
    return f'<div class="lo-halves">{"".join(tables)}</div>' if halved else tables[0]
