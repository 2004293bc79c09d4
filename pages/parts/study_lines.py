"""How long runs last and how large their batches are: lines by optimiser, after 2023's Figure 1."""

from collections import Counter
from collections.abc import Sequence
from html import escape

import streamlit as st

from core import study_axes, study_caveats, study_figures
from core.study_design import Design, guess_level
from core.study_effects import mean_over_seeds, measured
from core.study_names import factor_title, figure_text, level_title, levels_in, measure_title, varied
from core.trials import Level, Row, Rows
from pages.parts import theme
from pages.parts.study_charts import chart
from pages.parts.study_tab import Shown, section

SOURCES = {"published": "Published", "ours": "Ours"}
GUESSED = 0.12  # an accuracy under which the line of guessing is drawn
PRINTED_IN = "test_accuracy"  # what print has of such runs


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
