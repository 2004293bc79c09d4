"""What the settings of a study did: means over levels, importance, how two factors act together."""

from collections.abc import Sequence
from dataclasses import replace
from html import escape

import streamlit as st

from core import study_caveats, study_figures
from core.study_caveats import told
from core.study_design import Design, design_of, guess_level
from core.study_effects import (
    LevelMean,
    diverged,
    factor_importance,
    interactions,
    main_effects,
    measured,
    whole,
)
from core.study_names import factor_title, figure_text, level_title, levels_in, measure_title, varied
from core.trials import Rows
from core.written import percent
from pages.parts import forms, study_lines, theme
from pages.parts.study_charts import chart
from pages.parts.study_tab import Shown, measures_of, section

PENALTY = (
    "The loss holds the penalty on the weights: runs with L1 and with L2 cannot be compared by it. Accuracy and cross-entropy "
    "are without it."
)
LARGE = "Large markers: best levels."
NONE_LEFT = "Every run that is stored of this study diverged."
SHORT = 16  # letters of a level beside which three figures have room
TALL = 300  # pixels: while presenting, a higher figure is fitted into the window; a lower one has room, and is not drawn out


def show(shown: Shown) -> None:
    """All sections on effects, as far as the study's factors vary."""
    if diverged(shown.rows) and left_out():
        shown = replace(shown, rows=list(whole(shown.rows)))
    factors = varied(shown.study.factors, shown.rows)
    if not factors:
        if not shown.rows:
            st.html(f'<p class="lo-hint">{NONE_LEFT}</p>')
        return
    design = design_of(shown.study, shown.rows, factors, shown.column)
    effects(shown, design)
    decides(shown, design)
    study_lines.over_settings(shown, design)


def left_out() -> bool:
    """Whether runs that diverged are left out of the means."""
    return st.toggle(
        "Leave out runs that diverged",
        key="whole",
        bind="query-params",
        help="Then settings that make runs diverge are judged by those that got away.",
    )


def told_of_diverged(rows: Rows, column: str) -> str:
    """How many runs diverged, and how they count, in words; nothing where none did."""
    lost = [row for row in rows if row["diverged"]]
    if not lost:
        return ""
    count = len(measured(lost, column))
    runs = "1 of these runs" if len(lost) == 1 else f"{len(lost)} of these runs"
    parts = [f"{runs} diverged: the loss was no number any more."]
    if count:
        counts = "counts" if count == 1 else "count"
        parts.append(f"{count} {counts} with the figures of the last whole epoch, and an open marker holds such runs.")
    if count < len(lost):
        parts.append(f"{len(lost) - count} did in the first epoch: without figures, they are left out of the means.")
    return " ".join(parts)


def guess(shown: Shown, design: Design, column: str) -> float | None:
    """What guessing scores, where some settings do no better: only then it is drawn."""
    return guess_level(shown.study, column) if design.guessing else None


def effects(shown: Shown, design: Design) -> None:
    """Main effects on every measure side by side."""
    factors, rows, study = design.factors, design.rows, shown.study
    section(
        "What each setting does",
        told(
            study_caveats.balance_words(design, shown.column),
            study_caveats.seeds_words(design, study, shown.rows, shown.column),
            LARGE,
        ),
        at="effects",
    )
    caveats = (
        study_caveats.short_words(rows, factors),
        study_caveats.guessing_words(design, study),
        study_caveats.inseparable_words(design, study),
        study_caveats.moving_words(study, rows),
    )
    if any(caveats):
        st.html(f'<p class="lo-hint">{escape(told(*caveats))}</p>')
    if lost := told_of_diverged(rows, shown.column):
        st.html(f'<p class="lo-hint lo-diverged">{lost}</p>')
    measures = measures_of(rows)
    parts = on_each(shown, design)
    if theme.large():
        in_the_hall(shown, design)
        return
    longest = max(len(level_title(name, row.get(name))) for name in factors for row in rows)
    a_row = len(parts) if len(parts) > 1 else len(measures) if longest <= SHORT else 2
    drawn = [(measure, title, there) for measure in measures for title, there in parts.items()]
    places = [place for _ in range(0, len(drawn), a_row) for place in st.columns(a_row, gap="medium")]
    for place, (measure, title, there) in zip(places, drawn, strict=False):
        column = f"val_{measure}"
        found = in_order(shown, there, settings_in(design), column)
        with place:
            st.html(f'<h3 class="lo-caption">{escape(measure_title(column).capitalize() + on(title))}</h3>')
            drawing = study_figures.effects_plot(
                found,
                column,
                names=study_caveats.marks(there, factors),
                guess=guess(shown, design, column),
                log=shown.log,
                dark=theme.dark(),
            )
            key = "-".join(filter(None, ("effects", measure, *title.split())))
            chart(drawing, key, effects_words(found, column, title))
    if "loss" in measures:
        st.html(f'<p class="lo-hint">{PENALTY}</p>')


def settings_in(design: Design) -> tuple[str, ...]:
    """The factors that are settings; all of them where none is."""
    return tuple(name for name in design.factors if name not in design.conditions) or design.factors


def on_each(shown: Shown, design: Design) -> dict[str, Rows]:
    """The rows by what they are made on, such as a data set, under its name: effects are told for each. Else all, under ""."""
    if not design.conditions or len(design.conditions) == len(design.factors):
        return {"": design.rows}
    name = design.conditions[0]
    levels = levels_in(shown.study, name, design.rows)
    return {level_title(name, level): [row for row in design.rows if row.get(name) == level] for level in levels}


def on(title: str) -> str:
    return f" on {title}" if title else ""


def in_order(shown: Shown, rows: Rows, factors: Sequence[str], column: str) -> list[LevelMean]:
    """The main effects on a measure, factors and levels in the order of the study."""
    orders = {name: levels_in(shown.study, name, rows) for name in factors}
    found = main_effects(rows, factors, column)
    return sorted(found, key=lambda one: (factors.index(one.factor), orders[one.factor].index(one.level)))


def effects_words(found: Sequence[LevelMean], column: str, title: str = "") -> str:
    """The same in words. title: what the runs are made on."""
    words = "; ".join(f"{level_title(one.factor, one.level)} {figure_text(column, one.mean)}" for one in found)
    return f"Mean {measure_title(column)} of each level{on(title)}. {words}"


def in_the_hall(shown: Shown, design: Design) -> None:
    """While presenting, effects on the chosen measure alone, half of the factors beside the others: none is below the fold.

    Runs on several data sets stand beside each other instead.
    """
    column, factors = shown.column, settings_in(design)
    parts = on_each(shown, design)
    middle = (len(factors) + 1) // 2 if len(parts) == 1 else len(factors)
    halves = [half for half in (factors[:middle], factors[middle:]) if half]
    drawn = [(title, in_order(shown, there, factors, column), half) for title, there in parts.items() for half in halves]
    for place, (title, every, half) in zip(st.columns(len(drawn), gap="medium"), drawn, strict=True):
        found = [one for one in every if one.factor in half]
        drawing = study_figures.effects_plot(
            found,
            column,
            among=every,
            names=study_caveats.marks(design.rows, design.factors),
            guess=guess(shown, design, column),
            log=shown.log,
            dark=theme.dark(),
        )
        with place:
            if title:
                st.html(f'<h3 class="lo-caption">{escape(title)}</h3>')
            chart(
                drawing,
                "-".join(("effects", *half, *title.split())),
                effects_words(found, column, title),
                fits=drawing.layout.height > TALL,
            )
    if shown.measure == "loss":
        st.html(f'<p class="lo-hint">{PENALTY}</p>')


def decides(shown: Shown, design: Design) -> None:
    """Which factor matters most, where that can be told, and two factors together."""
    section("What decides", f"Which factor moves the {measure_title(shown.column)}, and whether two act each on its own.")
    left, right = st.columns([2, 3], gap="large")
    with left:
        if design.has_shares:
            shares = factor_importance(design.rows, design.factors, shown.column)
            words = "; ".join(f"{factor_title(name)} {percent(share)}" for name, share in shares.items())
            chart(study_figures.importance_bars(shares, dark=theme.dark()), "importance", f"Share of the variance. {words}")
            rest = study_caveats.rest_words(design, shares)
            lead = f"Share of the variance between the settings' means that lies between the levels of a factor. {rest}"
        else:
            lead = study_caveats.no_shares_words(design, shown.study, shown.column)
        steps = study_caveats.steps_words(design.rows)
        st.html(f'<p class="lo-hint">{escape(told(lead, steps))}</p>')
    with right:
        if len(design.factors) > 1:
            together(shown, design)


def together(shown: Shown, design: Design) -> None:
    """The interaction of two factors that the visitor chooses."""
    factors, rows = design.factors, design.rows
    one, other = st.columns(2)
    names = {name: factor_title(name).capitalize() for name in factors}
    with one:
        first = forms.one_model("Across", names, factors[0], key="first")
    rest = {name: title for name, title in names.items() if name != first}
    with other:
        second = forms.one_model("A line for each", rest, next(iter(rest)), key="second")
    cells = interactions(rows, first, second, shown.column, factors)
    levels = tuple(levels_in(shown.study, name, rows) for name in (first, second))
    drawing = study_figures.interaction_plot(
        cells,
        (first, second),
        (levels[0], levels[1]),
        shown.column,
        names=study_caveats.marks(rows, factors),
        guess=guess(shown, design, shown.column),
        log=shown.log,
        dark=theme.dark(),
    )
    words = f"{measure_title(shown.column).capitalize()} over {names[first].lower()}, a line for each {names[second].lower()}"
    chart(drawing, "interaction", words)
    lines = (
        "Parallel lines: each acts on its own. Lines that are not parallel: what one does depends on the other. Where they "
        "cross, even which level is best depends on it."
    )
    caveat = study_caveats.points_words([one.count for one in cells], design, 2)
    st.html(f'<p class="lo-hint">{escape(told(lines, caveat))}</p>')
