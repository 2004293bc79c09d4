"""A study as data: the runs of one question, what was printed of them, and what part of them fits a machine without a GPU."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.specs import RunSpec, check_range, check_whole

Level = str | float | int
Row = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]


class Printed(float):
    """A figure in print: a number to reckon with, and ``text``, every digit of it as it stands there ('25.110')."""

    text: str

    def __new__(cls, text: str) -> "Printed":
        figure = super().__new__(cls, text)
        figure.text = text
        return figure

    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override]
        return (self.text,)  # float's own, the number, would lose digits on the way to another process


class StudyError(ValueError):
    """A study, its storage or its results cannot be used; the text is one sentence that says what to do."""


@dataclass(frozen=True)
class Share:
    """What part of a trial a machine without a GPU runs.

    epochs, pictures: shares in (0, 1]. seeds: only the trials with a seed below it, None for all.
    """

    epochs: float = 1.0
    pictures: float = 1.0
    seeds: int | None = None

    def __post_init__(self) -> None:
        check_range("epochs of Share", self.epochs, 0, 1, open_low=True)
        check_range("pictures of Share", self.pictures, 0, 1, open_low=True)
        if self.seeds is not None:
            check_whole("seeds of Share", self.seeds, 1, 100)

    @property
    def whole(self) -> bool:
        return self == Share()


@dataclass(frozen=True)
class TrialSpec:
    """One run of a study.

    number: its place in the study, from 0. run: the run as the study asks for it. factors: what a page plots, by name.
    published: figures in print, by the names of our columns; doubt: why one of them is doubtful. pictures_asked: of the
    training part. share: what of it runs without a GPU.
    """

    study: str
    number: int
    run: RunSpec
    factors: dict[str, Level]
    pictures_asked: int
    published: dict[str, Printed] = field(default_factory=dict)
    doubt: str = ""
    share: Share = Share()

    @property
    def seed(self) -> int:
        return self.run.training.seed

    @property
    def epochs_asked(self) -> int:
        return self.run.training.epochs

    def run_here(self, full: bool) -> RunSpec | None:
        """The run that a machine does: all of it when ``full``, else its share; None when that leaves the seed out."""
        if full:
            return self.run
        if self.share.seeds is not None and self.seed >= self.share.seeds:
            return None
        pictures = self.run.pictures
        if self.share.pictures < 1:
            pictures = max(1, round(self.pictures_asked * self.share.pictures))
        epochs = max(1, round(self.epochs_asked * self.share.epochs))
        return replace(self.run, training=self.run.training.shortened(epochs), pictures=pictures)

    def is_done(self, row: Mapping[str, Any] | None, full: bool) -> bool:
        """Whether ``row`` of the table of results holds at least what this machine would run."""
        wanted = self.run_here(full)
        if wanted is None:
            return True
        if row is None or row["key"] != self.run.key:
            return False
        enough = row["diverged"] or row["epochs_trained"] >= wanted.training.epochs
        return bool(enough and row["pictures"] >= (wanted.pictures or self.pictures_asked))


@dataclass(frozen=True)
class Study:
    """Trials that answer one question. row: of the reports' list of systems, A1 to A8.

    best_of, printed_best, best_doubts: where print gives the best setting's figures for each level of one factor, that factor,
    the figures by level and column, and why they are doubtful, by level.
    after: earlier studies that choose what is run here. ours: their rows by study -> further trials, with what our own runs
    chose by validation in place of what is printed, and a sentence on that choice. note: such sentences.
    against: an earlier study with the same factors and another network, to be set beside it; "" for none.
    """

    name: str
    title: str
    report: str
    row: str
    trials: tuple[TrialSpec, ...]
    best_of: str = ""
    printed_best: dict[Level, dict[str, Printed]] = field(default_factory=dict)
    best_doubts: dict[Level, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    ours: Callable[[Mapping[str, Rows]], tuple[list[TrialSpec], str]] | None = None
    note: str = ""
    against: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """Its data sets."""
        return tuple(dict.fromkeys(trial.run.dataset for trial in self.trials))

    @property
    def factors(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for trial in self.trials for name in trial.factors))

    @property
    def share(self) -> Share:
        """The smallest share that any of its trials runs without a GPU."""
        shares = (trial.share for trial in self.trials)
        return min(shares, key=lambda share: (share.epochs * share.pictures, share.seeds or math.inf))

    def levels(self, factor: str) -> tuple[Level, ...]:
        """All levels of a factor, numbers in order, words as they come."""
        found = dict.fromkeys(trial.factors[factor] for trial in self.trials if factor in trial.factors)
        words = any(isinstance(level, str) for level in found)
        return tuple(found) if words else tuple(sorted(found))

    def with_choice(self, rows: Mapping[str, Rows]) -> "Study":
        """This study with what our own runs of the earlier studies chose; ``rows``: of each study in ``after``."""
        if self.ours is None:
            return self
        more, note = self.ours(rows)
        return replace(self, trials=(*self.trials, *more), note=f"{self.note} {note}".strip())
