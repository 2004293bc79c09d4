"""Items of the reports -> what was printed, what was found here, what is best here, what is missing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.reports import items_22, items_23
from core.reports.clock_lines import curves_of, figures_of, trained_of
from core.reports.evidence import Evidence, Lines, Missing
from core.reports.items import ClockCurves, ClockFigures, Counts, Item, Layers, Levels, Made, RunMeans, Runs, Trained
from core.reports.network_lines import counts_of, layers_of, made_of
from core.reports.run_lines import levels_of, means_of, runs_of

REPORTS: dict[str, tuple[Item, ...]] = {"2022": items_22.ITEMS, "2023": items_23.ITEMS}
_ANSWERS: dict[type, Callable[[str, Any, Evidence], Lines]] = {
    ClockFigures: figures_of,
    ClockCurves: curves_of,
    Trained: trained_of,
    Runs: runs_of,
    RunMeans: means_of,
    Layers: layers_of,
    Levels: levels_of,
    Counts: counts_of,
    Made: made_of,
}


@dataclass(frozen=True)
class Answer:
    """An item with its lines, source by source, and what is missing, each sentence once."""

    item: Item
    parts: tuple[Lines, ...]
    missing: tuple[Missing, ...]

    @property
    def found(self) -> bool:
        """Whether a figure of ours stands beside a printed one; where print gives none, whether there is any of ours."""
        lines = [line for part in self.parts for line in (*part.lead, *part.rest)]
        compared = [line for line in lines if line.published] or lines
        return any(line.here is not None for line in compared)


def answer(item: Item, evidence: Evidence) -> Answer:
    """What is known of one item."""
    parts = tuple(_ANSWERS[type(source)](item.report, source, evidence) for source in item.sources)
    missing = dict.fromkeys(one for part in parts for one in part.missing)
    return Answer(item, parts, tuple(missing))


def answers(report: str, evidence: Evidence) -> tuple[Answer, ...]:
    """Every item of a report in its order. report: "2022" or "2023"."""
    if report not in REPORTS:
        raise ValueError(f"report must be one of {', '.join(REPORTS)}; got {report!r}")
    return tuple(answer(item, evidence) for item in REPORTS[report])
