"""One run of a study, or two side by side: figures, confusion matrix, and the pictures behind one of its cells."""

import re
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core import run_figures, study_caveats
from core.classifiers.architectures import ARCHITECTURES
from core.datasets import DATASETS, DatasetError, is_available
from core.run_figures import LOOKS
from core.specs import RunSpec
from core.study_names import diverged_words, figure_text, measure_title, setting_title, share_words
from core.trials import Row, StudyError
from pages.parts import being_read, cached_studies, forms, history, theme, train_form, views
from pages.parts.model_cards import duration, number, swatch
from pages.parts.pictures import data_url
from pages.parts.study_charts import chart
from pages.parts.study_runs import NONE, choose
from pages.parts.study_tab import Shown, measures_of, section

TRAIN_TAB = "Train now"
ALL = "all"
MOST_MISTAKES = 30  # kinds of mistakes to choose from
KEPT = 200  # most confident mistakes of a run that are kept, three a cell


def show(shown: Shown, first: int, second: int | None) -> None:
    """Figures of the runs picked, their confusions, and the pictures they got wrong."""
    section("One run, or two side by side")
    titles = {str(row["trial"]): shown.title(row) for row in [*shown.best(len(shown.rows)), *shown.rows]}
    left, right = st.columns(2, gap="large")
    with left:
        choose("Run", titles, "pick")
    with right:
        others = {trial: title for trial, title in titles.items() if trial != str(first)}
        choose("Beside it", {NONE: "Nothing"} | others, "beside")
    trials = [one for one in (first, second) if one is not None]
    rows = {row["trial"]: row for row in shown.rows}
    for place, trial in zip(st.columns(2, gap="large"), trials, strict=False):
        with place:
            figures(shown, rows[trial], trials.index(trial))
    try:
        confusions, wrong = cached_studies.study_confusions(shown.study.name), cached_studies.study_wrong(shown.study.name)
    except StudyError as error:
        forms.complain(forms.sentence(error))
        return
    confused(shown, {trial: confusions.get(trial, []) for trial in trials}, {trial: wrong.get(trial, []) for trial in trials})


def figures(shown: Shown, row: Row, place: int) -> None:
    """A run's settings and figures, and a button that takes it to 'Train now'."""
    run = shown.study.trials[row["trial"]].run
    network = ARCHITECTURES[run.network.architecture].title
    heads = "".join(f'<th scope="col">{part}</th>' for part in ("training", "validation", "test"))
    lines = []
    for measure in measures_of(shown.rows):
        cells = "".join(f"<td>{figure_text(measure, row.get(f'{part}_{measure}'))}</td>" for part in ("train", "val", "test"))
        lines.append(f'<tr><th scope="row">{measure_title(f"val_{measure}").removeprefix("validation ")}</th>{cells}</tr>')
    told = f"{network} on {DATASETS[run.dataset].title}, {number(row['parameters'])} parameters"
    seen = f"{share_words(row)}, {duration(row['seconds'])}"
    words = diverged_words(row["diverged"] or "", row["epochs_trained"])
    ended = f'<p class="lo-problem">{escape(words)}</p>' if words else ""
    setting = setting_title({name: row[name] for name in shown.study.factors if row.get(name) is not None})
    st.html(
        f'<h3 class="lo-caption">{swatch(LOOKS[place])}Run {row["trial"]}: {escape(setting)}, seed {row["seed"]}'
        f"<small>{escape(told)}</small><small>{escape(seen)}</small></h3>{ended}"
        f'<table class="lo-table lo-figures"><thead><tr><th></th>{heads}</tr></thead><tbody>{"".join(lines)}</tbody></table>'
    )
    if below := study_caveats.below_words(shown.study, row):
        st.html(f'<p class="lo-hint">{below}</p>')
    st.button(
        "Train it now",
        key=f"train-{place}",
        on_click=train,
        args=(run, f"{shown.study.row}, {shown.study.name} · {shown.title(row)}"),
        help="Take these settings to the tab 'Train now', with as many epochs as fit there; change them, or start.",
    )


def train(run: RunSpec, title: str) -> None:
    """Fill the form of 'Train now' and open that tab."""
    train_form.begin_from(run, title)
    st.session_state["part"] = TRAIN_TAB


# --- confusions ------------------------------------------------------------------------------------------------------


def confused(shown: Shown, cells: dict[int, list[list[int]]], wrong: dict[int, list[list[float]]]) -> None:
    """Confusion matrices side by side; a cell that is chosen shows its pictures."""
    if not any(cells.values()):
        st.html('<p class="lo-hint">No confusions are stored of it.</p>')
        return
    datasets = {trial: shown.study.trials[trial].run.dataset for trial in cells}
    classes = DATASETS[next(iter(datasets.values()))].classes
    counts = {
        trial: run_figures.confusion_counts(found, len(DATASETS[datasets[trial]].classes)) for trial, found in cells.items()
    }
    same = len(set(datasets.values())) == 1
    cell = choose_cell(list(counts.values()) if same else [next(iter(counts.values()))], classes)
    trials = list(cells)
    left, right = st.columns(2, gap="large")
    alone = len(trials) == 1  # then its pictures stand beside it
    for place, (column, trial) in enumerate(zip((left, right), trials, strict=False)):
        mine = cell if same or trial == trials[0] else None
        with column:
            matrix(trial, place, counts[trial], DATASETS[datasets[trial]].classes, mine)
        with right if alone else column:
            pictures(datasets[trial], wrong[trial], mine, counts[trial])


def choose_cell(counts: Sequence[NDArray[np.int64]], classes: Sequence[str]) -> tuple[int, int] | None:
    """A pair of classes that was mixed up, (true, predicted); None for all of them. Kept in the URL."""
    found = run_figures.mistakes(counts)[:MOST_MISTAKES]
    options = {ALL: "All mistakes"} | {
        f"{true}-{told}": f"{classes[true]} taken for {classes[told]}: {count:,}" for true, told, count in found
    }
    told = st.session_state.get("cell") or st.query_params.get("cell", "")
    pair = re.fullmatch(r"(\d{1,4})-(\d{1,4})", told, re.ASCII)
    if pair and told not in options and max(int(pair[1]), int(pair[2])) < len(classes):  # a rare one, pressed in a matrix
        true, predicted = int(pair[1]), int(pair[2])
        options[told] = f"{classes[true]} " + ("told right" if true == predicted else f"taken for {classes[predicted]}")
    chosen = st.session_state["cell"] = told if told in options else ALL
    choose("Pictures behind", options, "cell")
    if chosen == ALL:
        return None
    first, second = chosen.split("-")
    return int(first), int(second)


def press(data: Any) -> None:
    """A cell of a matrix was pressed."""
    history.tell("cell", f"{int(data[0])}-{int(data[1])}")


def matrix(trial: int, place: int, counts: NDArray[np.int64], classes: Sequence[str], cell: tuple[int, int] | None) -> None:
    """One run's confusion matrix."""
    right = int(np.trace(counts))
    worst = run_figures.mistakes([counts])[:3]
    words = "; ".join(f"{classes[true]} taken for {classes[told]} {count} times" for true, told, count in worst)
    st.html(f'<h3 class="lo-caption">{swatch(LOOKS[place])}{right:,} of {int(counts.sum()):,} test pictures right</h3>')
    drawing = run_figures.confusion_matrix(counts, classes, LOOKS[place], cell=cell, dark=theme.dark())
    chart(drawing, f"confusion-{place}", f"Confusion matrix of run {trial}. Most frequent: {words}", press)


def pictures(dataset: str, wrong: Sequence[Sequence[float]], cell: tuple[int, int] | None, counts: NDArray[np.int64]) -> None:
    """The most confident mistakes, all or of one cell, with their pictures where the data set is here."""
    info = DATASETS[dataset]
    found = run_figures.most_wrong(wrong, cell)
    if cell is not None and cell[0] == cell[1]:
        st.html('<p class="lo-hint">These were told right; of mistakes the pictures are kept.</p>')
        return
    if not found:
        there = int(counts[cell]) if cell else 0
        none = (
            "It made no such mistake." if cell and not there else f"None of them is among its {KEPT} most confident mistakes."
        )
        st.html(f'<p class="lo-hint">{none}</p>')
        return
    images = None
    if is_available(dataset):
        try:
            images = being_read.show(cached_studies.TEST_PICTURES, dataset)
        except DatasetError as error:
            forms.complain(forms.sentence(error))
    else:
        forms.complain(f"The pictures cannot be shown: {info.title} is not on this machine. {info.remedy}")
    items = []
    for index, true, told, sure in found:
        label = f"Test picture {index}: {info.classes[true]}, taken for {info.classes[told]}"
        shown = ""
        if images is not None and index < len(images):
            shown = f'<img src="{data_url(cached_studies.small_picture(dataset, index), "image/png")}" alt="{escape(label)}">'
        items.append(
            f"<li>{shown}<span><b>{escape(info.classes[true])}</b> taken for {escape(info.classes[told])}, "
            f"{views.sureness(sure)} sure<small>test picture {index}</small></span></li>"
        )
    st.html(f'<ul class="lo-wrongs">{"".join(items)}</ul><p class="lo-hint">{kept(cell, counts, len(found))}</p>')


def kept(cell: tuple[int, int] | None, counts: NDArray[np.int64], shown: int) -> str:
    """How many mistakes there are beside those shown."""
    every = int(counts[cell]) if cell else int(counts.sum() - np.trace(counts))
    return f"The {shown} most confident of {every:,}; at most three of each pair of classes are kept."
