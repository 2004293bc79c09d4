"""What is known of the models, in words and numbers: a card for one, tables for all.

A card: network, label form, loss, training, published and own figures, what goes wrong.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from core import paths, written
from core.comparison import CHOSEN_ON, SET_NAMES, SETS, Entry, ResultsError, entries, published_and_ours, set_figures
from core.figures import Look, palette
from core.specs import train_settings
from pages.parts import cached, cached_clocks, forms, pictures, theme

SHAPES = {  # markers as plotly draws them, in a box of 12
    "circle": '<circle r="4"/>',
    "square": '<path d="M-4-4h8v8h-8z"/>',
    "diamond": '<path d="M0-5.5L5.5 0 0 5.5-5.5 0z"/>',
    "cross": '<path d="M-1.6-5h3.2v3.4H5v3.2H1.6V5h-3.2V1.6H-5v-3.2h3.4z"/>',
    "x": '<path transform="rotate(45)" d="M-1.6-5h3.2v3.4H5v3.2H1.6V5h-3.2V1.6H-5v-3.2h3.4z"/>',
    "triangle-up": '<path d="M0-5L5 4H-5z"/>',
    "triangle-down": '<path d="M0 5L5-4H-5z"/>',
    "triangle-left": '<path d="M-5 0L4-5V5z"/>',
    "triangle-right": '<path d="M5 0L-4-5V5z"/>',
    "hexagon": '<path d="M0-5l4.4 2.5v5L0 5l-4.4-2.5v-5z"/>',
    "pentagon": '<path d="M0-5l5 3.6-1.9 5.9h-6.2L-5-1.4z"/>',
    "star": '<path d="M0-6l1.5 4h4.3L2.4.6l1.3 4.3L0 2.3l-3.7 2.6 1.3-4.3-3.4-2.6h4.3z"/>',
}
BARELY = 0.1  # trained for a smaller share of its epochs than this, a model says little about its kind
ON_RULER = (
    *("mean, min", "median", "95 % below", "within 1 min", "within 5 min", "over 30 min"),
    *("any turn, min", "epochs"),
)
Scores = Mapping[str, Mapping[str, float | str]]
DASHES = {"solid": "", "dash": "8 5", "dot": "2 3.33", "dashdot": "10 4 6 4"}  # each ends as it begins, 34 long


def swatch(look: Look) -> str:
    """The line and marker that a model has in every figure."""
    colours = palette(theme.dark())
    colour = colours.series[look.hue]
    shape = SHAPES.get(look.symbol.removesuffix("-open"), SHAPES["circle"])
    inside = colours.paper if look.symbol.endswith("-open") else colour
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-17 -7 34 14" stroke="{colour}"><path stroke-width="2" '
        f'd="M-17 0H17" stroke-dasharray="{DASHES.get(look.dash, "")}"/><g stroke-width="1.5" fill="{inside}">{shape}</g></svg>'
    )
    return f'<img class="lo-swatch" alt="" src="{pictures.data_url(drawn.encode(), "image/svg+xml")}">'


def number(value: float | None, digits: int = 3) -> str:
    """A figure with as many digits as it deserves, thousands by commas, a true minus; a dash where there is none."""
    if value is None:
        return '<span class="lo-none">–</span>'
    return written.true_minus(written.kept_digits(value, digits) if abs(value) < 999.5 else f"{value:,.0f}")


def as_printed(figure: str) -> str:
    """A published figure with every digit that the report prints; a dash where it prints none."""
    if not figure:
        return number(None)
    # Of whole numbers nothing is lost: below a thousand they have three digits, from there all are written out.
    return number(float(figure)) if figure.isdigit() else escape(figure)


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def show(model_ids: Sequence[str]) -> None:
    """The cards of some models, side by side."""
    from core.clock_figures import looks_of

    found = [one for one in entries() if one.model_id in model_ids]
    if not found:
        return
    try:
        scores = cached_clocks.scores()
        sets = cached.made("set figures", cached.stamp(paths.RESULTS / SETS), set_figures)
    except ResultsError as error:
        forms.complain(forms.sentence(error))
        scores, sets = {}, {}
    looks = looks_of(model_ids)
    by_id = {one.model_id: one for one in found}
    bodies = [
        card(by_id[name], looks[name], table(by_id[name], scores) + on_sets(sets.get(name, {})))
        for name in model_ids
        if name in by_id
    ]
    name = "About the models" if len(bodies) > 1 else "About the model"
    note = f'<p class="lo-hint">Other clocks: {CHOSEN_ON}</p>' if any(model_id in sets for model_id in by_id) else ""
    st.html(f'<h2 class="lo-section lo-ruled">{name}</h2><div class="lo-cards">{"".join(bodies)}</div>{note}')


def card(one: Entry, look: Look, figures: str) -> str:
    """One model's card."""
    layers = f" {one.layers} layers with weights." if one.layers else ""
    size = f" {number(one.parameters)} parameters." if one.parameters else ""
    rate, batch = one.training.get("learning_rate"), one.training.get("batch_size")
    optimizer = str(one.training.get("optimizer", "")).capitalize().replace("Adamw", "AdamW")
    settings = f"{optimizer} {rate:g}, batch {batch}{over_time(one.training)}" if isinstance(rate, float) and optimizer else ""
    spent = f"{duration(one.seconds)} on {one.device}" if one.trained and one.seconds else ""
    facts = {
        "Network": f"{one.network}.{layers}{size}",
        "Label form": one.form,
        "Loss": one.loss,
        "Gamma": f"{one.gamma:.1f}" + (" before anything else" if one.gamma != 1 else ": pictures as they are"),
        "Data": one.data,
        "Settings": settings,
        "Training time": spent,
    }
    rows = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in facts.items() if text)
    return (
        f'<article class="lo-card"><h3>{swatch(look)}{escape(one.title)}</h3>'
        f'<p class="lo-eyebrow">{escape(one.group)} · <code>{escape(one.model_id)}</code></p>{progress(one)}'
        f"<p>{escape(one.summary)}</p>{figures}<dl>{rows}</dl></article>"
    )


def over_time(training: Mapping[str, Any]) -> str:
    """What the rate does while a model learns, after a comma; "" where it stays what it is. training: as its card has it."""
    warmup = training.get("warmup_epochs") or 0
    told = f", warm-up over {warmup:g} epoch{'' if warmup == 1 else 's'}" if warmup else ""
    if training.get("schedule") != "cosine":
        return told
    restarts = [f"epoch {restart}" for restart in train_settings(training)["restart_epochs"]]
    anew = f", anew from half the rate after {' and after '.join(restarts)}" if restarts else ""
    return f"{told}, then a cosine to 0{anew}"


def progress(one: Entry) -> str:
    """How far the training is; where it is not over, the command that goes on."""
    share = min(1.0, one.epochs_trained / max(one.epochs_asked, 1))
    more = "" if share == 1 else f"<small>go on with <code>{escape(one.command)}</code></small>"
    bar = f'<i class="lo-meter" aria-hidden="true"><i style="width:{100 * share:.1f}%"></i></i>'
    return f'<div class="lo-epochs"><b>{escape(one.epochs)}</b>{bar}{more}</div>'


def table(one: Entry, scores: Scores) -> str:
    """Published and own figures of one model; the common-sense error first."""
    told = scores.get(one.model_id, {})
    mean = told.get("mean_minutes", one.figures.get("mean_minutes"))
    rows = published_and_ours([one], scores)
    lines = [(row["measure"], row["published"], row["ours"], row["source"]) for row in rows]
    if not any(row[0].startswith("common-sense") for row in lines):
        lines.insert(0, ("common-sense error, mean minutes", "", mean if isinstance(mean, float) else None, ""))
    body = "".join(
        f'<tr><th scope="row">{escape(name)}<small>{escape(source)}</small></th><td>{as_printed(published)}</td>'
        f"<td>{number(ours)}</td></tr>"
        for name, published, ours, source in lines
    )
    head = '<tr><th scope="col">On the test pictures</th><th scope="col">published</th><th scope="col">ours</th></tr>'
    return f'<table class="lo-table"><thead>{head}</thead><tbody>{body}</tbody></table>'


def on_sets(found: Mapping[str, Mapping[str, float]]) -> str:
    """What one model makes of photographs and of other clocks that it did not learn from; "" where that is not measured."""
    rows = []
    for name, told in found.items():
        pictures = f"<small>{number(told['pictures'])} pictures</small>" if "pictures" in told else ""
        cells = f"<td>{percent(told.get('within_1_minute'))}</td><td>{number(told.get('mean_minutes'))}</td>"
        rows.append(f'<tr><th scope="row">{escape(SET_NAMES.get(name, name))}{pictures}</th>{cells}</tr>')
    if not rows:
        return ""
    head = '<tr><th scope="col">On other clocks</th><th scope="col">within 1 min</th><th scope="col">mean, min</th></tr>'
    return f'<table class="lo-table"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>'


# --- all models -----------------------------------------------------------------------------------------------------


def named(one: Entry, look: Look, word: str = "") -> str:
    """A model's line, marker and title, as a cell begins with it. word: beneath the title."""
    more = f"<small>{escape(word)}</small>" if word else ""
    return f'<span class="lo-named">{swatch(look)}<span>{escape(one.title)}{more}</span></span>'


def stage(trained: float, asked: float) -> str:
    """How far from trained a model is, in a word or two; "" where nothing is lacking."""
    if trained >= asked:
        return ""
    return "barely trained" if trained < BARELY * asked else "trained in part"


def wide(head: str, rows: Sequence[str], label: str, kind: str = "") -> str:
    """A table that scrolls on its own where the window is narrow. kind: its class, which says how it folds there."""
    return (
        f'<div class="lo-scroll" tabindex="0" role="region" aria-label="{escape(label)}"><table class="lo-table {kind}">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def ruler(every: Sequence[Entry], scores: Scores) -> None:
    """Every model a row, by report: the common-sense error, and how much training stands behind it."""
    from core.clock_figures import looks_of

    looks = looks_of([one.model_id for one in every])
    rows = []
    group = None
    for one in every:
        if one.group != group:
            group = one.group
            rows.append(f'<tr class="lo-group"><th colspan="9" scope="colgroup"><span>{escape(group)}</span></th></tr>')
        rows.append(row(one, scores.get(one.model_id, {}), looks[one.model_id]))
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Model", *ON_RULER))
    missing = sum(not one.trained for one in every)
    hint = (
        f'<p class="lo-hint">{missing} of {len(every)} {"is" if missing == 1 else "are"} not trained yet. '
        "<code>python -m core train --all --minutes 60</code> goes on with what is furthest behind; "
        "<code>python -m core evaluate clocks</code> measures.</p>"
    )
    st.html(
        '<h2 class="lo-section" id="at-ruler">All on one ruler<small>The common-sense error, the smaller way round the dial, '
        "on 3,600 test pictures that no model learned from.</small></h2>"
        f"{wide(head, rows, 'Figures of all models', 'lo-ruler')}"
        '<p class="lo-hint">Any turn: the mean for the same clock turned evenly. Most of the eleven originals that we have, '
        "and so of the benchmark's dials, are turned in one of two ways: a network can learn that instead of the numerals.</p>"
        f"{hint if missing else ''}"
    )


def row(one: Entry, told: Mapping[str, float | str], look: Look) -> str:
    """A model's row on the ruler; one that is not trained says what trains it, one that is trained in part says so."""
    trained, asked = value_of(told, "epochs_trained"), value_of(told, "epochs_asked")
    word = stage(trained, asked) if trained is not None and asked is not None else ""
    name = f'<th scope="row">{named(one, look, word)}</th>'
    if not one.trained and not told:
        command = f"<code>{escape(one.command)}</code>"
        return f'<tr>{name}<td class="lo-words lo-pending" colspan="8"><span>not trained yet: {command}</span></td></tr>'
    cells = [minutes(value_of(told, measure)) for measure in ("mean_minutes", "median_minutes", "p95_minutes")]
    cells += [percent(value_of(told, measure)) for measure in ("within_1_minute", "within_5_minutes", "over_30_minutes")]
    cells.append(minutes(value_of(told, "mean_minutes_any_turn")))
    if trained is None or asked is None:
        cells.append(f"{one.epochs_trained} of {one.epochs_asked}<small>not measured</small>")
    else:
        now = f"{one.epochs_trained} by now" if one.trained else "no longer stored"
        since = "" if trained == one.epochs_trained else f"<small>{now}</small>"
        cells.append(f"{trained:.0f} of {asked:.0f}{since}")
    kind = ' class="lo-part"' if word else ""
    named_cells = "".join(f'<td data-name="{head}">{cell}</td>' for head, cell in zip(ON_RULER, cells, strict=True))
    return f"<tr{kind}>{name}{named_cells}</tr>"


def minutes(value: float | None) -> str:
    """Minutes as a column of them is read from top to bottom: two decimals each, as in the README; a dash where none is."""
    return number(None) if value is None else f"{value:,.2f}"


def value_of(told: Mapping[str, float | str], measure: str) -> float | None:
    """A measure as a number; None where the table has none."""
    value = told.get(measure)
    return value if isinstance(value, float) else None


def percent(value: float | None) -> str:
    """A share with one decimal, which never claims none or all by rounding; a dash where there is no share."""
    if value is None:
        return number(None)
    return "&lt; 0.1 %" if 0 < value < 0.0005 else "&gt; 99.9 %" if 0.9995 <= value < 1 else written.percent(value, 1)


def printed(every: Sequence[Entry], scores: Scores) -> None:
    """Every figure that the reports print, beside ours for the same measure."""
    from core.clock_figures import looks_of

    by_id = {one.model_id: one for one in every}
    looks = looks_of(list(by_id))
    lines, last = [], ""
    for figure in published_and_ours(every, scores):
        one = by_id[figure["model"]]
        # On phones the column of models folds into that of measures, so the name stands in both; one is ever shown.
        name = "" if one.model_id == last else named(one, looks[one.model_id])
        folded = f'<div class="lo-folded">{name}</div>' if name else ""
        last = one.model_id
        epochs = "not measured" if one.trained else "not trained yet"
        if figure["ours"] is not None:
            epochs = one.epochs if one.trained else "no longer stored"
        details = "".join(f"<small>{escape(text)}</small>" for text in (figure["source"], figure["note"]) if text)
        lines.append(
            f'<tr><th scope="row">{name}</th><td class="lo-words">{folded}{escape(figure["measure"])}{details}</td>'
            f"<td>{as_printed(figure['published'])}</td><td>{number(figure['ours'])}<small>{escape(epochs)}</small></td></tr>"
        )
    heads = (("Model", ""), ("Measure", ' class="lo-words"'), ("published", ""), ("ours", ""))
    head = "".join(f'<th scope="col"{kind}>{name}</th>' for name, kind in heads)
    st.html(wide(head, lines, "Published figures and ours", "lo-printed"))
