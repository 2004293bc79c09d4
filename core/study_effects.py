"""What the rows of a study say: effects of factors, their importance, ranks. Pure functions of plain rows.

``rows``: mappings with a level for each factor, a ``seed`` and measures such as ``val_accuracy``. Rows whose measure is None
or no finite number are left out.

A run that diverged counts with the figures of its last whole epoch, and is told of (``diverged``). Without it a design would
not be even any more, and a setting that makes runs diverge would be judged by those that got away; one that diverged in its
first epoch has no figures. ``whole`` leaves all of them out, for whoever wants to see what is left.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from core.classifiers.designs import is_orthogonal
from core.trials import Level, Printed, Row, Rows, Study

MEASURES = ("accuracy", "cross_entropy", "loss")
COLUMNS = tuple(f"{part}_{measure}" for part in ("train", "val", "test") for measure in MEASURES)


def rank_correlation(published: Sequence[float | None], ours: Sequence[float | None]) -> float | None:
    """Spearman's rank correlation in [-1, 1] of the pairs that are whole; tied values share the mean of their ranks.

    None for fewer than three pairs, or when all values of one side are equal. Spearman 1904, "The proof and measurement of
    association between two things".
    """
    if len(published) != len(ours):
        raise ValueError(f"published and ours must be of the same length; got {len(published)} and {len(ours)}")
    pairs = [(a, b) for a, b in zip(published, ours, strict=True) if _is_number(a) and _is_number(b)]
    if len(pairs) < 3:
        return None
    first, second = (_ranks(np.array(side, np.float64)) for side in zip(*pairs, strict=True))
    first, second = first - first.mean(), second - second.mean()
    scale = math.sqrt(float(first @ first) * float(second @ second))
    return float(first @ second) / scale if scale > 0 else None


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, float64 (n,); ties get their mean."""
    below = (values[None, :] < values[:, None]).sum(axis=1)
    equal = (values[None, :] == values[:, None]).sum(axis=1)
    return np.asarray(below + (equal + 1) / 2, np.float64)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def measured(rows: Rows, measure: str) -> Rows:
    """The rows that have a finite number for ``measure``."""
    return [row for row in rows if _is_number(row.get(measure))]


def diverged(rows: Rows) -> int:
    """How many of these runs diverged."""
    return sum(bool(row.get("diverged")) for row in rows)


def whole(rows: Rows) -> Rows:
    """The rows of the runs that did not diverge."""
    return [row for row in rows if not row.get("diverged")]


def _mean(rows: Rows, measure: str) -> float:
    return float(np.mean([row[measure] for row in rows]))


def _groups(items: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    """Items by what ``key`` says of them, in the order in which they come."""
    found: dict[Any, list[Any]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


@dataclass(frozen=True)
class LevelMean:
    """The mean of a measure over the rows with one level of a factor.

    spread: standard deviation of the means of the single seeds, None for one seed. count: rows; diverged: those among them
    whose run diverged.
    """

    factor: str
    level: Level
    mean: float
    spread: float | None
    count: int
    diverged: int = 0


def main_effects(rows: Rows, factors: Sequence[str], measure: str) -> list[LevelMean]:
    """For each level of each factor the mean of the measure over all rows with that level.

    In a balanced design every other factor takes each of its levels equally often in these rows, so that differences between
    the means come from this factor alone. Taguchi 1987, "System of experimental design".
    """
    found = []
    for factor in factors:
        of_level = _groups([row for row in measured(rows, measure) if row.get(factor) is not None], itemgetter(factor))
        for level, group in of_level.items():
            seeds = [_mean(part, measure) for part in _groups(group, lambda row: row.get("seed")).values()]
            spread = float(np.std(seeds, ddof=1)) if len(seeds) > 1 else None
            found.append(LevelMean(factor, level, _mean(group, measure), spread, len(group), diverged(group)))
    return found


def is_even(rows: Rows, factors: Sequence[str], measure: str) -> bool:
    """Whether, in the rows that have the measure, every two levels of any two factors meet, each pair equally often.

    An orthogonal design does, until a run of it is missing or has no figure.
    """
    there = measured(rows, measure)
    columns = [np.unique([str(row.get(factor)) for row in there], return_inverse=True)[1] for factor in factors]
    return bool(there) and is_orthogonal(np.stack(columns, axis=1))


def optimum(rows: Rows, factors: Sequence[str], measure: str = "val_accuracy", *, largest: bool = True) -> dict[str, Level]:
    """The level of each factor with the best mean, as 2022 chose it (from the smallest mean loss). The first one of equals."""
    sign = 1 if largest else -1
    chosen: dict[str, LevelMean] = {}
    for effect in main_effects(rows, factors, measure):
        if effect.factor not in chosen or sign * effect.mean > sign * chosen[effect.factor].mean:
            chosen[effect.factor] = effect
    return {factor: effect.level for factor, effect in chosen.items()}


@dataclass(frozen=True)
class Cell:
    """Two levels that meet. mean: of the measure over ``count`` runs, of which some ``diverged``.

    beyond: what of the mean the two main effects do not explain.
    """

    first: Level
    second: Level
    mean: float
    beyond: float
    count: int
    diverged: int = 0


def interactions(rows: Rows, first: str, second: str, measure: str) -> list[Cell]:
    """The mean of each pair of levels, and ``mean(a, b) - mean(a) - mean(b) + mean``: 0 where effects simply add.

    In L16(4^4) each pair of levels meets once: its cell holds what the other two factors do there, too.
    """
    there = [row for row in measured(rows, measure) if row.get(first) is not None and row.get(second) is not None]
    if not there:
        return []
    grand = _mean(there, measure)
    effect = {(one.factor, one.level): one.mean for one in main_effects(there, (first, second), measure)}
    cells = []
    for (a, b), group in _groups(there, lambda row: (row[first], row[second])).items():
        mean = _mean(group, measure)
        cells.append(Cell(a, b, mean, mean - effect[first, a] - effect[second, b] + grand, len(group), diverged(group)))
    return cells


def factor_importance(rows: Rows, factors: Sequence[str], measure: str) -> dict[str, float]:
    """Share of the measure's variance that lies between a factor's levels, in [0, 1]: eta squared.

    ``sum over levels of n (level's mean - mean)^2 / sum over rows of (value - mean)^2``. In an orthogonal design the shares add
    up to at most 1, and what is left is interactions and chance (Fisher 1925, analysis of variance). In a grid that is not
    balanced they overlap: read each for itself. All 0 when the measure never changes.
    """
    shares = {}
    for factor in factors:
        there = [row for row in measured(rows, measure) if row.get(factor) is not None]
        values = np.array([row[measure] for row in there], np.float64)
        total = float(((values - values.mean()) ** 2).sum()) if len(values) else 0.0
        between = sum(one.count * (one.mean - float(values.mean())) ** 2 for one in main_effects(there, (factor,), measure))
        shares[factor] = min(1.0, between / total) if total > 0 else 0.0
    return shares


def mean_over_seeds(rows: Rows, factors: Sequence[str]) -> list[Row]:
    """One row for each setting: its factors, the mean of each measure over its seeds, ``seeds`` and ``trials``.

    A run that diverged in its first epoch has no figures and does not count; a setting of which all did has None.
    """
    found = []
    for group in _groups(rows, lambda row: tuple(row.get(factor) for factor in factors)).values():
        row: Row = {factor: group[0].get(factor) for factor in factors}
        for column in COLUMNS:
            there = measured(group, column)
            row[column] = _mean(there, column) if there else None
        row["seeds"] = len({one.get("seed") for one in group})
        row["trials"] = [one["trial"] for one in group]
        found.append(row)
    return found


def best(rows: Rows, k: int, measure: str = "val_accuracy", *, largest: bool = True) -> list[Any]:
    """The ``k`` best rows, best first; of equals the earlier one."""
    sign = -1 if largest else 1
    return sorted(measured(rows, measure), key=lambda row: sign * row[measure])[:k]


@dataclass(frozen=True)
class Beside:
    """A printed figure beside ours. trial: the first one with that setting. ours: the mean over ``seeds`` runs, or None.

    trials: of these runs.
    """

    trial: int
    factors: dict[str, Level]
    measure: str
    published: Printed
    ours: float | None
    seeds: int
    doubt: str
    trials: tuple[int, ...] = ()


def beside_published(study: Study, rows: Rows) -> list[Beside]:
    """Every printed figure of a study beside ours, in the order of print.

    A figure of one setting stands beside the mean of ours over the seeds; one of the best setting of a level, beside our best
    setting of that level, chosen by validation.
    """
    mine = {row["trial"]: row for row in rows}
    printed = [trial for trial in study.trials if trial.published]
    found = []
    for group in _groups(printed, lambda one: (*one.factors.items(), *one.published.items())).values():
        there = [mine[one.number] for one in group if one.number in mine]
        for measure, figure in group[0].published.items():
            found.append(_beside(group[0].number, group[0].factors, measure, figure, there, group[0].doubt))
    for level, figures in study.printed_best.items():
        settings = mean_over_seeds([row for row in rows if row.get(study.best_of) == level], study.factors)
        [chosen] = best(settings, 1) or [{"trials": []}]
        there = [mine[number] for number in chosen["trials"]]
        first = next(one.number for one in study.trials if one.factors[study.best_of] == level)
        factors = {name: chosen[name] for name in study.factors} if there else {study.best_of: level}
        doubt = study.best_doubts.get(level, "")
        for measure, figure in figures.items():
            found.append(_beside(there[0]["trial"] if there else first, factors, measure, figure, there, doubt))
    return found


def _beside(trial: int, factors: dict[str, Level], measure: str, printed: Printed, there: Rows, doubt: str) -> Beside:
    mine = measured(there, measure)
    ours = _mean(mine, measure) if mine else None
    return Beside(trial, factors, measure, printed, ours, len(mine), doubt, tuple(row["trial"] for row in mine))


def agreement(pairs: Sequence[Beside]) -> dict[str, float | None]:
    """The rank correlation of published and ours for each measure."""
    return {
        measure: rank_correlation([pair.published for pair in group], [pair.ours for pair in group])
        for measure, group in _groups(pairs, lambda pair: pair.measure).items()
    }
