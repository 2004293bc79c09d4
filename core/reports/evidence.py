"""What is known here of the reports' systems, read from disk once: cards, tables of results, studies."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core import comparison, paths, registry
from core.clocks.evaluation import CURVES
from core.comparison import Entry, Readings, ResultsError
from core.registry import ModelCard
from core.studies import STUDIES, load_study
from core.study_results import current_rows
from core.trials import Rows, Study, StudyError

Curve = list[dict[str, float]]


@dataclass(frozen=True)
class Found:
    """One figure of ours. value: a number, or words. how: how far what gave it is trained, or whose it is."""

    value: float | str
    how: str = ""


@dataclass(frozen=True)
class Line:
    """One printed figure. name: of what; more: beneath it. published: as printed, "" where nothing is. doubt: what is wrong."""

    name: str
    published: str = ""
    here: Found | None = None
    best: Found | None = None
    doubt: str = ""
    more: str = ""


@dataclass(frozen=True)
class Missing:
    """What is not there yet, and the command that makes it."""

    words: str
    command: str


@dataclass(frozen=True)
class Lines:
    """What a source says. lead: lines that stand there at once; rest: those to unfold. title: over them where there are several
    sources; note: beneath them, what is wrong with all of them."""

    lead: tuple[Line, ...] = ()
    rest: tuple[Line, ...] = ()
    missing: tuple[Missing, ...] = ()
    title: str = ""
    note: str = ""


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that the lines of the page are made of.

    entries: every clock model by id. scores, readings: what ``evaluate clocks`` measured. curves: model id -> a row an epoch.
    cards: every stored model by id. studies: name -> the study and its rows. problems: tables that cannot be read, a sentence
    each; what they hold is missing here.
    """

    entries: dict[str, Entry]
    scores: dict[str, dict[str, float | str]]
    readings: Readings
    curves: dict[str, Curve]
    cards: dict[str, ModelCard]
    studies: dict[str, tuple[Study, Rows]]
    problems: list[str] = field(default_factory=list)


def load_evidence(models: Path | None = None, results: Path | None = None) -> Evidence:
    """All of it; folders default to ``paths.MODELS`` and ``paths.RESULTS``. Loads no model."""
    problems: list[str] = []
    scores: dict[str, dict[str, float | str]] = {}
    readings = Readings(np.empty(0), {})
    try:
        scores, readings = comparison.scores(results), comparison.readings(results)
    except ResultsError as error:
        problems.append(str(error))
    studies: dict[str, tuple[Study, Rows]] = {}
    for name, plain in STUDIES.items():
        try:
            study = load_study(name, results)
            studies[name] = study, current_rows(study, results)
        except StudyError as error:
            studies[name] = plain, []
            problems.append(str(error))
    return Evidence(
        {one.model_id: one for one in comparison.entries(models)},
        scores,
        readings,
        _curves(results or paths.RESULTS, problems),
        {card.model_id: card for card in registry.list_cards(models)},
        studies,
        list(dict.fromkeys(problems)),
    )


def _curves(results: Path, problems: list[str]) -> dict[str, Curve]:
    """Model id -> what its epochs gave, in order; empty cells are left out."""
    path, found = results / CURVES, dict[str, Curve]()
    if not path.exists():
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                found.setdefault(row.pop("model"), []).append({name: float(cell) for name, cell in row.items() if cell})
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:  # TypeError: a row longer than the header
        problems.append(f"{path.name} is damaged ({error}); write it again with: python -m core evaluate clocks")
        return {}
    return found
