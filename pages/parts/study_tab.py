"""The tab of the stored studies: choose one, see what its settings did, and look at its runs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from html import escape

import streamlit as st

from core.specs import RunSpec
from core.studies import STUDIES
from core.study_effects import best, measured
from core.study_names import MEASURES, device_words, is_cut, losses_apart, run_title, share_words
from core.trials import Row, Study, StudyError
from pages.parts import cached_studies, forms, history, landing, shell, study_charts, theme

CHOICES = {"accuracy": "Accuracy", "cross_entropy": "Cross-entropy", "loss": "Loss with penalty"}
OF_A_STUDY = ("pick", "beside", "cell", "brush", "top", "first", "second")  # choices that only one study has
TOLD = 3  # kinds of shares that are listed
STARTS = 3  # runs of a study that training can start from


@dataclass(frozen=True)
class Shown:
    """What the visitor looks at. rows: of all runs that are stored. measure: of ``MEASURES``; log: losses by logarithm."""

    study: Study
    rows: list[Row]
    measure: str
    log: bool

    @property
    def column(self) -> str:
        """The measure in validation, by which runs are chosen."""
        return f"val_{self.measure}"

    @property
    def rising(self) -> bool:
        """Whether more is better."""
        return self.measure == "accuracy"

    @property
    def seeds(self) -> bool:
        """Whether some settings ran with several seeds."""
        return len({trial.seed for trial in self.study.trials}) > 1

    def best(self, count: int) -> list[Row]:
        """The best runs, best first."""
        return best(self.rows, count, self.column, largest=self.rising)

    def title(self, row: Mapping[str, object]) -> str:
        return run_title(row, self.study.factors, seeds=self.seeds)


def show() -> None:
    """The whole tab."""
    st.html(shell.WEB / "study.css")
    landing.land()
    with st.container(key="studies"):
        shown = choose()
        if shown is None:
            return
        # Figures are loaded when there is something to draw.
        from pages.parts import study_effects, study_pairs, study_published, study_runs

        if len(measured(shown.rows, shown.column)) > 1:
            study_effects.show(shown)
            study_pairs.show(shown)
        if shown.rows:
            study_runs.show(shown)
        study_published.show(shown)


def titles() -> dict[str, str]:
    """Every study by name, as it is chosen."""
    return {name: f"{study.row}: {study.title}" for name, study in STUDIES.items()}


def choose() -> Shown | None:
    """The study, the measure, and what is stored of it; None when its tables cannot be read."""
    unknown = [name for name in st.query_params.get_all("study") if name not in STUDIES and name not in titles().values()]
    if unknown and "study" not in st.session_state:
        forms.complain(f"No study is called {unknown[0][:60]!r}; these are known: {', '.join(STUDIES)}.")
    there = next((name for name in STUDIES if cached_studies.has_rows(name)), next(iter(STUDIES)))
    # While presenting all choices stand in one row, so that there is a figure in the first window; nobody saves one then.
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium") if theme.large() else None
    with row or nullcontext():
        name = forms.one_model("Study", titles(), there, key="study")
    forget(name)
    try:
        study, rows = cached_studies.study(name)
    except StudyError as error:
        forms.complain(forms.sentence(error))
        return None
    with row or st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        measure = choose_measure(rows)
        if row is None:
            study_charts.choose_file()
        log = st.toggle("Logarithmic losses", value=True, key="loglosses", bind="query-params")
    st.html(stored(study, rows))
    return Shown(study, rows, measure, log)


def choose_measure(rows: Sequence[Row]) -> str:
    """The measure looked at: a loss with a penalty is offered where runs have one."""
    there = measures_of(rows)
    if "measure" in st.session_state:  # from the study before, which may have had another choice
        before = st.session_state["measure"]
        st.session_state["measure"] = before if before in there else there[0]
    return forms.one_of("Measure", {name: CHOICES[name] for name in CHOICES if name in there}, "measure")


def forget(name: str) -> None:
    """What was picked in one study means nothing in the next."""
    if st.session_state.setdefault("study-of", name) != name:
        for key in OF_A_STUDY:
            st.session_state.pop(key, None)
            if key in st.query_params and not history.followed("study"):  # else the URL's are the new study's
                del st.query_params[key]
        st.session_state["study-of"] = name


def stored(study: Study, rows: Sequence[Row]) -> str:
    """How much of a study is there, in words; where nothing is, the command that runs it."""
    note = f'<p class="lo-hint">{escape(study.note)}</p>' if study.note else ""
    command = f"<code>python -m core sweep {escape(study.name)}</code>"
    if not rows:
        return f'<p class="lo-quiet">No run of this study is stored yet: {command} runs it.</p>{note}'
    kinds = Counter(shares(rows)).most_common()
    parts = [f"{count} with {words}" if len(kinds) > 1 else words for words, count in kinds[:TOLD]]
    if len(kinds) > TOLD:
        parts.append(f"{sum(count for _, count in kinds[TOLD:])} with other epochs or pictures")
    lost = sum(bool(row["diverged"]) for row in rows)
    ended = f" {lost} diverged and ended early: the loss was no number any more." if lost else ""
    cut = any(is_cut(row) for row in rows)
    more = f" {command} goes on." if len(rows) < len(study.trials) or cut else ""
    done = {row["trial"]: row for row in rows}
    if more and all(trial.is_done(done.get(trial.number), full=False) for trial in study.trials):
        more = f" {command[:-7]} --full</code> trains all of them in full length, which takes a GPU, or days."
    lead = f"<b>{len(rows)} of {len(study.trials)} runs are stored</b>"
    return f'<p class="lo-stored">{lead}: {escape("; ".join(parts))}.{escape(ended)}{more}</p>{note}'


def shares(rows: Sequence[Row]) -> list[str]:
    """How far each run went; whole ones of several lengths, or of data sets of several sizes, are of one kind."""
    words = [share_words(row) for row in rows]
    whole = [row["epochs_trained"] == row["epochs_asked"] and not is_cut(row) for row in rows]
    if len({told for told, all_of_it in zip(words, whole, strict=True) if all_of_it}) < 2:
        return words
    every = [f"all epochs and pictures, {device_words(row['device'])}" for row in rows]
    return [long if all_of_it else told for long, told, all_of_it in zip(every, words, whole, strict=True)]


def section(title: str, words: str = "", at: str = "") -> None:
    """A heading with a line above it. at: what a link calls it that opens the page there."""
    told = f"<small>{escape(words)}</small>" if words else ""
    place = f' id="at-{at}"' if at else ""
    st.html(f'<h2 class="lo-section lo-ruled"{place}>{escape(title)}{told}</h2>')


def measures_of(rows: Sequence[Row]) -> list[str]:
    """The measures worth a figure: the penalised loss only where it differs from the cross-entropy."""
    return [name for name in MEASURES if name != "loss" or losses_apart(rows)]


def to_start_from() -> dict[str, RunSpec]:
    """Title -> run of the best runs of every study that has any, for 'Train now'."""
    found = {}
    for name in STUDIES:
        try:
            study, rows = cached_studies.study(name)
        except StudyError:
            continue  # the tab of that study says it
        for row in best(rows, STARTS):
            found[f"{study.row}, {name} · {run_title(row, study.factors)}"] = study.trials[row["trial"]].run
    return found
