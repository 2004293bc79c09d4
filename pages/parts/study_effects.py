"""What the settings of a study did: means over levels, importance, how two factors act together, lines by optimiser."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from html import escape

import streamlit as st

from core import study_axes, study_caveats, study_figures
from core.study_caveats import told
from core.study_design import Design, design_of, guess_level
from core.study_effects import (
    LevelMean,
    diverged,
    factor_importance,
    interactions,
    main_effects,
    mean_over_seeds,
    measured,
    whole,
)
from core.study_names import factor_title, figure_text, level_title, levels_in, measure_title, varied
from core.trials import Level, Row, Rows
from core.written import percent
from pages.parts import forms, theme
from pages.parts.study_charts import chart
from pages.parts.study_tab import Shown, measures_of, section

PENALTY = (
    "The loss holds the penalty on the weights: runs with L1 and with L2 cannot be compared by it. Accuracy and cross-entropy "
    "are without it."
)
LARGE = "Large markers: best levels."
NONE_LEFT = "Every run that is stored of this study diverged."
SHORT = 16  # letters of a level beside which three figures have room
SOURCES = {"published": "Published", "ours": "Ours"}
TALL = 300  # pixels: while presenting, a higher figure is fitted into the window; a lower one has room, and is not drawn out
GUESSED = 0.12  # an accuracy under which the line of guessing is drawn
PRINTED_IN = "test_accuracy"  # what print has of such runs


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
    over_settings(shown, design)


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


# --- 2023, Figure 1 --------------------------------------------------------------------------------------------------


def over_settings(shown: Shown, design: Design) -> None:
    """Accuracy against epochs and against batch size, a line for each optimiser; print beside ours where it has such runs."""
    study = shown.study
    factors = [name for name in ("epochs", "batch_size") if name in varied(study.factors, shown.rows)]
    lines = levels_in(study, "optimizer", shown.rows) if "optimizer" in study.factors else []
    if not factors or len(lines) < 2:
        return
    printed: list[Row] = [{**one.factors, **one.published, "seeds": 1} for one in study.trials if PRINTED_IN in one.published]
    beside = len(printed) > len(lines) and shown.measure == "accuracy"
    column = PRINTED_IN if beside else shown.column
    section(
        "Longer, and in larger batches",
        "A line for each optimiser through the means of its settings, each of which is a dot; as in Figure 1 of 2023."
        + (" Test accuracy, as in print." if beside else ""),
    )
    runs = without_penalty(shown.rows)
    ours = measured(mean_over_seeds(measured(runs, column), study.factors), column)
    sources: dict[str, Rows] = {"published": measured(printed, column), "ours": ours} if beside else {"ours": ours}
    within = [float(row[column]) for rows in sources.values() for row in rows] if beside else []
    guessed = guess_level(study, column) if any(value < GUESSED for value in within) else None
    places = [place for _ in factors for place in st.columns(2, gap="large")] if beside else st.columns(2, gap="large")
    drawn = [(factor, source) for factor in factors for source in sources]
    for place, (factor, source) in zip(places, drawn, strict=False):
        there = sources[source]
        points: list[tuple[Level, float, float]] = [(row["optimizer"], float(row[factor]), row[column]) for row in there]
        drawing = study_figures.lines_over(
            points,
            factor,
            column,
            lines,
            runs=[row["seeds"] for row in there],
            broken={at for at, row in enumerate(there) if row.get("diverged")},
            within=within,
            names=study_caveats.marks(runs, factors) if source == "ours" else study_axes.NO_NAMES,
            guess=guessed,
            log=shown.log,
            dark=theme.dark(),
        )
        words = f"{SOURCES[source]}: {measure_title(column)} over {factor_title(factor)}{top(points, column)}"
        with place:
            if beside:
                share = study_caveats.budget_words(runs) or "all that was asked for" if source == "ours" else "as printed"
                st.html(f'<h3 class="lo-caption">{SOURCES[source]}<small>{escape(share)}</small></h3>')
            chart(drawing, f"over-{factor}" + ("-published" if source == "published" else ""), words)
    counts = [count for rows in sources.values() for name in factors for count in behind(rows, name)]
    st.html(f'<p class="lo-hint">{study_caveats.points_words(counts, design, 2)}</p>')


def behind(rows: Rows, factor: str) -> list[int]:
    """How many runs are behind each point of a line: an optimiser at a level of the factor."""
    met = Counter[tuple[Level, Level]]()
    for row in rows:
        met[row["optimizer"], row[factor]] += row["seeds"]
    return list(met.values())


def without_penalty(rows: list[Row]) -> list[Row]:
    """The runs without a penalty on the weights where only some have one: these bend the lines; all of them on wish."""
    penalised = {row["trial"] for row in study_caveats.with_penalty(rows)}
    if not penalised or len(penalised) == len(rows):
        return rows
    wanted = st.toggle(
        "With runs that have a penalty on the weights",
        key="penalised",
        bind="query-params",
        help="Their accuracy is lower for that reason, and they do not stand evenly at every epoch, batch and optimiser.",
    )
    return rows if wanted else [row for row in rows if row["trial"] not in penalised]


def top(points: Sequence[tuple[Level, float, float]], column: str) -> str:
    """The best run among points, in words."""
    if not points:
        return ""
    sign = 1 if column.endswith("accuracy") else -1
    name, number, value = max(points, key=lambda one: sign * one[2])
    return f"; best {level_title('optimizer', name)} at {number:g}: {figure_text(column, value)}"
