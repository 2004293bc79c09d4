"""What the settings of a study did: means over levels, importance, how two factors act together, lines by optimiser."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core import study_figures
from core.study_effects import diverged, factor_importance, interactions, is_even, main_effects, measured, whole
from core.study_names import factor_title, figure_text, level_title, levels_in, measure_title, varied
from core.trials import Level, Row, Rows
from pages.parts import forms, theme
from pages.parts.study_charts import chart
from pages.parts.study_tab import Shown, measures_of, section

DESIGN = "l16"  # how the names of orthogonal designs begin
BALANCED = (
    "In this design every pair of levels meets once, so a mean over the runs of one level is a mean over all others. Whiskers: "
    "standard deviation between the seeds."
)
LACKING = (
    "Runs of this design are missing, left out, or have no figure: without them a mean over the runs of one level is not one "
    "over all others. Read it as a hint."
)
ONE_RUN = (
    "In a design of sixteen runs each pair of levels meets in one setting only, with one level of every other factor: a point "
    "holds what these do, too, and so crossing lines are a hint."
)
UNBALANCED = "Means over the runs with each level. Other settings differ between these runs, too: read them as hints."
PENALTY = (
    "The loss holds the penalty on the weights: runs with L1 and with L2 cannot be compared by it. Accuracy and cross-entropy "
    "are without it."
)
NONE_LEFT = "Every run that is stored of this study diverged."
SHORT = 16  # letters of a level beside which three figures have room
SOURCES = {"ours": "Ours", "published": "Published"}


def show(shown: Shown) -> None:
    """All sections on effects, as far as the study's factors vary."""
    if diverged(shown.rows) and left_out():
        shown = replace(shown, rows=list(whole(shown.rows)))
    factors = varied(shown.study.factors, shown.rows)
    if not factors:
        if not shown.rows:
            st.html(f'<p class="lo-hint">{NONE_LEFT}</p>')
        return
    effects(shown, factors)
    decides(shown, factors)
    over_settings(shown)


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


def is_design(shown: Shown) -> bool:
    """Whether the study is an orthogonal design."""
    return shown.study.name.startswith(DESIGN)


def effects(shown: Shown, factors: Sequence[str]) -> None:
    """Main effects on every measure side by side."""
    told = BALANCED if is_even(shown.rows, factors, shown.column) else LACKING
    section("What each setting does", told if is_design(shown) else UNBALANCED)
    if lost := told_of_diverged(shown.rows, shown.column):
        st.html(f'<p class="lo-hint lo-diverged">{lost}</p>')
    measures = measures_of(shown.rows)
    longest = max(len(level_title(name, row.get(name))) for name in factors for row in shown.rows)
    a_row = len(measures) if longest <= SHORT else 2
    places = [place for _ in range(0, len(measures), a_row) for place in st.columns(a_row, gap="medium")]
    for place, measure in zip(places, measures, strict=False):
        column = f"val_{measure}"
        found = main_effects(shown.rows, factors, column)
        orders = {name: levels_in(shown.study, name, shown.rows) for name in factors}
        found.sort(key=lambda one: (factors.index(one.factor), orders[one.factor].index(one.level)))
        words = "; ".join(f"{level_title(one.factor, one.level)} {figure_text(column, one.mean)}" for one in found)
        with place:
            st.html(f'<h3 class="lo-caption">{measure_title(column).capitalize()}</h3>')
            drawing = study_figures.effects_plot(found, column, log=shown.log, dark=theme.dark())
            chart(drawing, f"effects-{measure}", f"Mean {measure_title(column)} of each level. {words}")
    if "loss" in measures:
        st.html(f'<p class="lo-hint">{PENALTY}</p>')


def decides(shown: Shown, factors: Sequence[str]) -> None:
    """Which factor matters most, and two factors together."""
    section("What decides", f"Which factor moves the {measure_title(shown.column)}, and whether two act each on its own.")
    left, right = st.columns([2, 3], gap="large")
    with left:
        shares = factor_importance(shown.rows, factors, shown.column)
        words = "; ".join(f"{factor_title(name)} {share:.0%}" for name, share in shares.items())
        chart(study_figures.importance_bars(shares, dark=theme.dark()), "importance", f"Share of the variance. {words}")
        rest = max(0.0, 1 - sum(shares.values()))
        told = "In such a grid shares overlap."
        if is_design(shown) and is_even(shown.rows, factors, shown.column):
            told = f"The rest, {rest:.0%}, is chance and what pairs of factors do; some of that hides in the shares of others."
        st.html(f'<p class="lo-hint">Share of the variance between the levels of a factor (eta squared). {told}</p>')
    with right:
        if len(factors) > 1:
            together(shown, factors)


def together(shown: Shown, factors: Sequence[str]) -> None:
    """The interaction of two factors that the visitor chooses."""
    one, other = st.columns(2)
    names = {name: factor_title(name).capitalize() for name in factors}
    with one:
        first = forms.one_model("Across", names, factors[0], key="first")
    rest = {name: title for name, title in names.items() if name != first}
    with other:
        second = forms.one_model("A line for each", rest, next(iter(rest)), key="second")
    cells = interactions(shown.rows, first, second, shown.column)
    levels = tuple(levels_in(shown.study, name, shown.rows) for name in (first, second))
    drawing = study_figures.interaction_plot(
        cells, (first, second), (levels[0], levels[1]), shown.column, log=shown.log, dark=theme.dark()
    )
    words = f"{measure_title(shown.column).capitalize()} over {names[first].lower()}, a line for each {names[second].lower()}"
    chart(drawing, "interaction", words)
    lines = "Parallel lines: each acts on its own. Where they cross, one decides what the other does."
    st.html(f'<p class="lo-hint">{lines}{f" {ONE_RUN}" if is_design(shown) else ""}</p>')


# --- 2023, Figure 1 --------------------------------------------------------------------------------------------------


def over_settings(shown: Shown) -> None:
    """Accuracy against epochs and against batch size, a line for each optimiser, of our runs or of those in print."""
    factors = [name for name in ("epochs", "batch_size") if name in varied(shown.study.factors, shown.rows)]
    lines = levels_in(shown.study, "optimizer", shown.rows) if "optimizer" in shown.study.factors else []
    if not factors or len(lines) < 2:
        return
    section(
        "Longer, and in larger batches",
        "A line for each optimiser through the means of its runs, each of which is a dot; as in Figure 1 of 2023.",
    )
    printed = [{**trial.factors, **trial.published} for trial in shown.study.trials if "test_accuracy" in trial.published]
    source = forms.one_of("Runs", SOURCES, "runs") if len(printed) > len(lines) else "ours"
    rows: list[Row] = printed if source == "published" else shown.rows
    column = "test_accuracy" if source == "published" else shown.column
    there = measured(rows, column)
    broken = {place for place, row in enumerate(there) if row.get("diverged")}
    for place, factor in zip(st.columns(len(factors), gap="large"), factors, strict=True):
        with place:
            points: list[tuple[Level, float, float]] = [(row["optimizer"], float(row[factor]), row[column]) for row in there]
            drawing = study_figures.lines_over(points, factor, column, lines, broken=broken, log=shown.log, dark=theme.dark())
            words = f"{SOURCES[source]}: {measure_title(column)} over {factor_title(factor)}{top(points, column)}"
            chart(drawing, f"over-{factor}", words)


def top(points: Sequence[tuple[Level, float, float]], column: str) -> str:
    """The best run among points, in words."""
    if not points:
        return ""
    sign = 1 if column.endswith("accuracy") else -1
    name, number, value = max(points, key=lambda one: sign * one[2])
    return f"; best {level_title('optimizer', name)} at {number:g}: {figure_text(column, value)}"
