"""What the reports print, as data: which table, figure or number in the text, where it is typed, what here answers to it.

An item names its sources; ``reports.answers`` turns them into lines. Nothing here reads a file.
"""

from dataclasses import dataclass
from typing import Literal

from core.specs import check_choice

KINDS = {"table": "Table", "figure": "Figure", "text": "Section"}
PAGES = ("tell_the_time", "compare_training", "latent_space")
Kind = Literal["table", "figure", "text"]


@dataclass(frozen=True)
class Link:
    """Where an item is seen live. page: of ``PAGES``. words: what the link says. query: its state in the URL, in order."""

    page: str
    words: str
    query: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        check_choice("page of Link", self.page, PAGES)


@dataclass(frozen=True)
class ClockFigures:
    """Rows of ``assets/reports/clocks.csv``. place: their source without the year, "Table 4". measures: all when empty."""

    place: str
    measures: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClockCurves:
    """Rows of ``assets/reports/clock_curves.csv``: figures of first and last epochs. place: "Table 4"."""

    place: str


@dataclass(frozen=True)
class Trained:
    """Clock models of which print shows a picture without numbers: how far they are trained here, and their error."""

    models: tuple[str, ...]


@dataclass(frozen=True)
class Runs:
    """Printed runs of a study, beside ours.

    study: its name. digits: decimals in print. first: so many of the printed runs, None for all. lead: the setting, as pages
    show it, that stands before the others; with none, the first ``shown``. best: our own classifier of that data set.
    doubts: whether to repeat what the table says of each figure, where the item does not say it itself.
    """

    study: str
    digits: int = 3
    first: int | None = None
    lead: str = ""
    shown: int = 3
    best: str = "fashion-best"
    doubts: bool = True


@dataclass(frozen=True)
class RunMeans:
    """Means of a study's printed figures, and of ours, over the runs with each level of these factors."""

    study: str
    factors: tuple[str, ...]
    best: str = "fashion-best"


@dataclass(frozen=True)
class Layers:
    """Rows of ``assets/reports/networks.csv``: parameters by layer, beside those that shapes and layers ask for.

    place: "Table 9". part: of several networks there. inputs: the shape of what comes in. kernel: pixels a side of all its
    convolutions. model: a stored clock model of that network; architecture: one of ``classifiers.architectures``.
    """

    place: str
    inputs: tuple[int, ...]
    part: str = ""
    kernel: int = 3
    model: str = ""
    architecture: str = ""


@dataclass(frozen=True)
class Levels:
    """``assets/reports/grid_levels.csv``: the levels of 2023's grid, beside those of ours. study: its name."""

    study: str


@dataclass(frozen=True)
class Counts:
    """Rows of ``assets/reports/counts.csv``: other numbers in print. place: "Figure 3"."""

    place: str


@dataclass(frozen=True)
class Made:
    """Generators whose pictures are printed: how far they are trained here, and figures of what they make; the best of ours."""

    models: tuple[str, ...]
    best: str


Source = ClockFigures | ClockCurves | Trained | Runs | RunMeans | Layers | Levels | Counts | Made


@dataclass(frozen=True)
class Item:
    """One table, figure or passage of a report.

    number: "4", or the section of a passage, "2.2.3". printed: what is to be seen there where that is no number. learned: one
    line. link: the page and state that shows it live, None where there is nothing to see. doubts: misprints and doubtful
    claims, a sentence each; those of single figures are typed beside them.
    """

    report: str
    kind: Kind
    number: str
    title: str
    learned: str
    sources: tuple[Source, ...] = ()
    link: Link | None = None
    printed: str = ""
    doubts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_choice("report of Item", self.report, ("2022", "2023"))
        check_choice("kind of Item", self.kind, KINDS)

    @property
    def name(self) -> str:
        """'Table 4'."""
        return f"{KINDS[self.kind]} {self.number}"

    @property
    def anchor(self) -> str:
        """'table-4': what a link within the page points to."""
        return f"{self.kind}-{self.number.replace('.', '-')}"


# A choice on that page -> the section that it is made in.
SECTIONS = {"errors": "errors", "log": "errors", "curve": "learning", "confusion": "confusion"}


def compared(words: str, *models: str, at: str = "", **more: str) -> Link:
    """'Tell the time' with these models side by side. at: the section to open at; "" for the one that ``more`` chooses in."""
    at = at or next((SECTIONS[name] for name in more), "shown")
    shown = (("show", model) for model in models)
    return Link("tell_the_time", words, (("tab", "Compare the models"), *shown, *more.items(), ("at", at)))


def lesson(words: str, shown: str, answered: str) -> Link:
    """The lesson on the common-sense error with two times."""
    return Link("tell_the_time", words, (("tab", "Common sense"), ("shown", shown), ("answered", answered)))


def stored_study(name: str) -> Link:
    """'Compare training' with a stored study."""
    return Link("compare_training", "See its runs", (("part", "Stored studies"), ("study", name)))


def walk(words: str, *models: str, view: str = "Walk", **more: str) -> Link:
    """'Latent space' with these generators."""
    return Link("latent_space", words, (("view", view), *(("walkers", model) for model in models), *more.items()))
