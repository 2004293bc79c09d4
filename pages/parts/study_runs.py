"""Every run of a study: lines over axes that can be brushed, a table, learning curves; what is picked is shown beneath."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core import parallel as coordinates
from core import run_figures
from core.parallel import Axis, Brushes, Kept
from core.run_figures import RunCurve
from core.study_effects import diverged
from core.study_names import device_words, factor_title, figure_text, level_title, levels_in, measure_title, varied
from core.trials import Row, StudyError
from pages.parts import cached_studies, forms, history, parallel, tables, theme
from pages.parts.study_charts import chart
from pages.parts.study_tab import CHOICES, Shown, measures_of, section

TOPS = (5, 10, 20, 50)
NONE = "none"
WIDE = "Where the window cuts it off, scroll sideways: test accuracy, epochs and seconds stand at the right."
SHORT = {"accuracy": "accuracy", "cross_entropy": "cross-entropy", "loss": "loss"}


def show(shown: Shown) -> None:
    """Brush, table, curves, and the runs that are picked."""
    section(
        "Every run",
        "Drag along an axis to keep the runs that pass there; press a line to look at that run. Measures are of validation.",
    )
    rows = top(shown)
    axes = axes_of(shown, rows)
    kept = brushed(axes)
    brushes = coordinates.placed(axes, kept)
    first, second = picks(shown)
    parallel.show(
        axes,
        {row["trial"]: words(shown, row) for row in rows},
        brushes=brushes,
        marked=[one for one in (first, second) if one is not None],
        broken=[row["trial"] for row in rows if row["diverged"]],
        file=f"study-{shown.study.name}",
        title=f"{shown.study.row}, {shown.study.name}: {len(rows)} of {len(shown.rows)} runs",
        on_brush=lambda plain: tell_brushes(
            coordinates.as_drawn(axes, plain.get("scales")),
            coordinates.read_brushes(plain.get("brushes"), [axis.name for axis in axes]),
            kept,
        ),
        on_pick=lambda trial: pick(trial, None),
    )
    held = [rows[index] for index in coordinates.within(axes, brushes)]
    if held:
        table(shown, held)
    else:
        forms.complain(none_held(shown, rows, kept))
    curves(shown, held, first, second)
    from pages.parts import study_run

    study_run.show(shown, first, second)


def words(shown: Shown, row: Mapping[str, Any]) -> str:
    """A run as its line tells of it."""
    return f"{shown.title(row)} · {figure_text(shown.column, row.get(shown.column))}" + (
        " · diverged" if row["diverged"] else ""
    )


def none_held(shown: Shown, rows: Sequence[Row], kept: Kept) -> str:
    """What to do when no run that is shown lies within the brushes."""
    if len(rows) == len(shown.rows):
        return "No run lies within all brushes: make one of them wider, or clear them."
    axes = axes_of(shown, shown.rows)
    count = len(coordinates.within(axes, coordinates.placed(axes, kept)))
    every = f"{count} of all {len(shown.rows)} runs {'does' if count == 1 else 'do'}: show all, or clear the brushes."
    lead = f"None of the best {len(rows)} runs lies within the brushes"
    return f"{lead}; {every}" if count else f"{lead}, and no other run does: make one of them wider, or clear them."


def top(shown: Shown) -> list[Row]:
    """The best runs, as many as the visitor wants to see; else all, best first, those without a figure last."""
    sizes = [size for size in TOPS if size < len(shown.rows)]
    every = shown.best(len(shown.rows))
    if not sizes:
        return [*every, *(row for row in shown.rows if row not in every)]
    options = {str(size): f"Best {size}" for size in sizes} | {"all": "All"}
    chosen = forms.one_of("Runs shown", dict(reversed(options.items())), "top")
    if chosen == "all":
        return [*every, *(row for row in shown.rows if row not in every)]
    return every[: int(chosen)]


def axes_of(shown: Shown, rows: Sequence[Row]) -> list[Axis]:
    """An axis for each factor that varies, and for each measure worth one; the one that runs are ranked by comes last."""
    study = shown.study
    factors = varied(study.factors, shown.rows)
    axes = [coordinates.factor_axis(name, levels_in(study, name, shown.rows), rows) for name in factors]
    measures = sorted(measures_of(shown.rows), key=lambda name: name == shown.measure)
    for name in measures:
        log = shown.log and name != "accuracy"
        axes.append(coordinates.measure_axis(f"val_{name}", SHORT[name], rows, log=log))
    return axes


# --- brushes and picks, kept in the URL ------------------------------------------------------------------------------


def brushed(axes: Sequence[Axis]) -> Kept:
    """The brushes that stand: the last ones drawn, else those of the URL. They keep their numbers whatever runs are shown."""
    texts = st.session_state["brush"] if "brush" in st.session_state else st.query_params.get_all("brush")
    st.session_state["brush"] = list(texts)
    return coordinates.from_texts(texts, axes)


def tell_brushes(axes: Sequence[Axis], brushes: Brushes, before: Kept) -> None:
    """Keep the brushes that were drawn on these axes, in the URL too."""
    history.tell("brush", coordinates.brush_texts(axes, coordinates.keep(axes, brushes, before)))


def picks(shown: Shown) -> tuple[int, int | None]:
    """The trial looked at, the best until another is picked, and the one beside it; what there is no run of is passed over.

    Beside a run stands another one or none: when that other one is picked, nothing is left beside it.
    They are kept apart from the widgets that show them: whoever is quicker than the page sends what a widget showed before.
    """
    known = {str(row["trial"]) for row in shown.rows}
    best = shown.best(1) or shown.rows
    for key, default in (("pick", str(best[0]["trial"])), ("beside", NONE)):
        told = st.session_state.get(key) or st.query_params.get(key, "")
        st.session_state[key] = told if told in known else default
    first, second = st.session_state["pick"], st.session_state["beside"]
    if second == first:
        second = st.session_state["beside"] = NONE
        if "beside" in st.query_params:
            st.query_params["beside"] = NONE
    return int(first), None if second == NONE else int(second)


def pick(first: int, second: int | None) -> None:
    """Look at one run, or at two; ``second`` None leaves what stands beside it."""
    st.session_state["pick"] = str(first)
    if second is not None:
        st.session_state["beside"] = str(second)
    tell_picks()


def tell_picks() -> None:
    """Write what is picked into the URL."""
    for key in ("pick", "beside"):
        history.tell(key, st.session_state[key])


def choose(label: str, titles: Mapping[str, str], name: str) -> None:
    """A list that shows and changes what is kept under ``name``, in the URL too."""
    now = st.session_state[name]
    key = f"{name}-{now}"  # a list for each value, so that none has an older one in mind

    def take() -> None:
        history.tell(name, st.session_state[key])

    st.selectbox(label, list(titles), list(titles).index(now), format_func=titles.__getitem__, key=key, on_change=take)


# --- table and curves ------------------------------------------------------------------------------------------------


def table(shown: Shown, rows: Sequence[Row]) -> None:
    """The runs within the brushes; marking one or two rows picks them."""
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    names = list(shown.rows[0])
    right.download_button(
        "Download CSV",
        tables.as_csv(rows, names),
        f"study_{shown.study.name}.csv",
        "text/csv",
        on_click="ignore",
        width="stretch",
        key="study-csv",
    )
    factors = varied(shown.study.factors, shown.rows)
    lost = bool(diverged(shown.rows))
    lines = [line(shown, row, factors, lost) for row in rows]
    left.html(f'<p class="lo-hint">Mark one row or two to look at these runs. {WIDE if lines else ""}</p>')
    config: dict[str, Any] = {"run": st.column_config.NumberColumn("run", width="small")}
    for name in lines[0] if lines else ():
        if name.endswith("accuracy"):
            config[name] = st.column_config.NumberColumn(name, format="%.2f %%")
        elif name in (
            "seconds",
            *(measure_title(f"{part}_{one}") for part in ("val", "test") for one in ("cross_entropy", "loss")),
        ):
            small = name != "seconds" and all(abs(one[name] or 0) < 100 for one in lines)  # decimals beneath each other
            config[name] = st.column_config.NumberColumn(name, format="%.4f" if small else "%.4g")
    trials = [row["trial"] for row in rows]
    key = f"runs-{shown.study.name}-{hash(tuple(trials)) % 10**8}"  # rows that change take their marks with them

    def marked() -> None:
        places = (st.session_state.get(key) or {}).get("selection", {}).get("rows", [])
        found = [trials[place] for place in places if place < len(trials)]
        if found:
            pick(found[0], found[1] if len(found) > 1 else None)

    st.dataframe(
        lines,
        column_config=config,
        hide_index=True,
        placeholder="",
        height=min(38 + 35 * max(len(lines), 1), 388),
        on_select=marked,
        selection_mode="multi-row",
        key=key,
    )


def line(shown: Shown, row: Mapping[str, Any], factors: Sequence[str], lost: bool) -> dict[str, object]:
    """A run as the table shows it. lost: some diverged; then a column says in which epoch."""
    found: dict[str, object] = {"run": row["trial"]}
    if lost:
        found["diverged"] = f"in epoch {row['epochs_trained'] + 1}" if row["diverged"] else None
    found |= {factor_title(name): level_title(name, row.get(name)) for name in factors}
    if shown.seeds:
        found["seed"] = row["seed"]
    columns = [f"val_{name}" for name in measures_of(shown.rows)] + ["test_accuracy"]
    for column in columns:
        value = row.get(column)
        found[measure_title(column)] = 100 * value if value is not None and column.endswith("accuracy") else value
    found |= {
        "epochs done": of(row["epochs_trained"], row["epochs_asked"]),
        "pictures": of(row["pictures"], row["pictures_asked"]),
    }
    return found | {"seconds": row["seconds"], "device": device_words(row["device"]), "ended": row["diverged"] or None}


def of(done: int, asked: int) -> str:
    """How much of something a run had: '2 of 20', or '20' where that is all."""
    return f"{done:,}" if done == asked else f"{done:,} of {asked:,}"


def curves(shown: Shown, rows: Sequence[Row], first: int, second: int | None) -> None:
    """Learning curves of the runs within the brushes, and of those picked in front."""
    try:
        every = cached_studies.study_curves(shown.study.name)
    except StudyError as error:
        forms.complain(forms.sentence(error))
        return
    by_trial = {row["trial"]: row for row in shown.rows}

    def curve(trial: int) -> RunCurve:
        row = by_trial[trial]
        return RunCurve(shown.title(row), every.get(trial, []), row["epochs_asked"], bool(row["diverged"]))

    picked = [curve(one) for one in (first, second) if one is not None]
    crowd = [curve(row["trial"]) for row in rows if row["trial"] not in (first, second)]
    section(
        "How they learned",
        f"{CHOICES[shown.measure]} over the epochs: in front the runs picked, training thin and validation thick; "
        "behind them the others within the brushes." + (" A cross: there a run diverged." if diverged(rows) else ""),
    )
    if not any(one.rows for one in (*picked, *crowd)):
        st.html('<p class="lo-hint">No learning curve is stored.</p>')
        return
    words = "; ".join(f"{one.title}: {last(one, shown.column)}" for one in picked)
    drawing = run_figures.learning_curves(crowd, picked, shown.measure, log=shown.log, dark=theme.dark())
    chart(drawing, "study-curves", f"{measure_title(shown.column).capitalize()} over the epochs. {words}")


def last(one: RunCurve, column: str) -> str:
    """Where a curve ends, in words."""
    values = [row[column] for row in one.rows if row.get(column) is not None]
    return f"{figure_text(column, values[-1])} after {one.rows[-1]['epoch']} of {one.asked} epochs" if values else "no figure"
