"""What the rows of a study say: effects of factors, their importance, ranks. Pure functions of plain rows.

``rows``: mappings with a level for each factor, a ``seed`` and measures such as ``val_accuracy``. Rows whose measure is None
or no finite number are left out.

A run that diverged counts with the figures of its last whole epoch, and is told of (``diverged``). Without it a design would
not be even any more, and a setting that makes runs diverge would be judged by those that got away; one that diverged in its
first epoch has no figures. ``whole`` leaves all of them out, for whoever wants to see what is left.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

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
class Setting:
    """One setting. levels: of its factors. values: of the measure, a seed each; of these runs some ``diverged``."""

    levels: Row
    values: tuple[float, ...]
    diverged: int = 0

    @property
    def mean(self) -> float:
        return float(np.mean(self.values))


def settings_of(rows: Rows, factors: Sequence[str], measure: str) -> list[Setting]:
    """The settings that have the measure: runs that differ in nothing but their seed are one."""
    found = []
    for group in _groups(measured(rows, measure), lambda row: tuple(row.get(factor) for factor in factors)).values():
        levels = {factor: group[0].get(factor) for factor in factors}
        found.append(Setting(levels, tuple(float(row[measure]) for row in group), diverged(group)))
    return found


def seed_spread(settings: Iterable[Setting]) -> float | None:
    """The standard deviation between seeds within a setting, pooled over the settings that have several; None without such.

    ``sqrt(sum over settings of sum over seeds of (value - setting's mean)^2 / sum over settings of (seeds - 1))``.
    """
    several = [np.array(one.values) for one in settings if len(one.values) > 1]
    if not several:
        return None
    squares = sum(float(((values - values.mean()) ** 2).sum()) for values in several)
    return math.sqrt(squares / sum(len(values) - 1 for values in several))


@dataclass(frozen=True)
class LevelMean:
    """The mean of a measure over the settings with one level of a factor, each of which is the mean of its seeds.

    spread: standard deviation between seeds within a setting (``seed_spread``), None where none has several. count: runs;
    diverged: those among them that did; settings: how many there are.
    """

    factor: str
    level: Level
    mean: float
    spread: float | None
    count: int
    diverged: int = 0
    settings: int = 1


def main_effects(rows: Rows, factors: Sequence[str], measure: str, settings: Sequence[str] = ()) -> list[LevelMean]:
    """For each level of each factor the mean of the measure over all settings with that level.

    A setting counts once, however many seeds it ran with: they are averaged first. settings: the factors that make a setting,
    ``factors`` when empty. In a balanced design every other factor takes each of its levels equally often in these settings, so
    that differences between the means come from this factor alone, as far as factors do not interact: in a part of all
    combinations, such as L16, the means hold interactions of others, too. Taguchi 1987, "System of experimental design".
    """
    there = settings_of(rows, settings or factors, measure)
    found = []
    for factor in factors:
        of_level: dict[Any, list[Setting]] = {}
        for one in there:
            of_level.setdefault(one.levels[factor], []).append(one)
        for level, group in of_level.items():
            if level is not None:
                count, lost = sum(len(one.values) for one in group), sum(one.diverged for one in group)
                mean = float(np.mean([one.mean for one in group]))
                found.append(LevelMean(factor, level, mean, seed_spread(group), count, lost, len(group)))
    return found


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
    """Two levels that meet. mean: of the measure over their settings, which hold ``count`` runs, of which some ``diverged``.

    beyond: what of the mean the two main effects do not explain.
    """

    first: Level
    second: Level
    mean: float
    beyond: float
    count: int
    diverged: int = 0


def interactions(rows: Rows, first: str, second: str, measure: str, settings: Sequence[str] = ()) -> list[Cell]:
    """The mean of each pair of levels, and ``mean(a, b) - mean(a) - mean(b) + mean``: 0 where effects simply add.

    Means are over settings, as in ``main_effects``. In L16(4^4) each pair of levels meets once: its cell holds what the other
    two factors do there, too.
    """
    both = (first, second)
    there = [row for row in measured(rows, measure) if row.get(first) is not None and row.get(second) is not None]
    if not there:
        return []
    every = settings_of(there, settings or both, measure)
    grand = float(np.mean([one.mean for one in every]))
    effect = {(one.factor, one.level): one.mean for one in main_effects(there, both, measure, settings or both)}
    cells = []
    for (a, b), group in _groups(every, lambda one: (one.levels[first], one.levels[second])).items():
        mean = float(np.mean([one.mean for one in group]))
        count, lost = sum(len(one.values) for one in group), sum(one.diverged for one in group)
        cells.append(Cell(a, b, mean, mean - effect[first, a] - effect[second, b] + grand, count, lost))
    return cells


def factor_importance(rows: Rows, factors: Sequence[str], measure: str) -> dict[str, float]:
    """Share of the variance between settings that lies between a factor's levels, in [0, 1]: eta squared.

    ``sum over levels of n (level's mean - mean)^2 / sum over settings of (value - mean)^2``, a setting being the mean of its
    seeds. In a balanced design the shares add up to at most 1, and what is left is interactions and chance (Fisher 1925,
    analysis of variance), some of which hide in the shares themselves unless every combination is there; in another they
    overlap and may add up to more: ``study_design`` tells. All 0 when the measure never changes.
    """
    there = settings_of(rows, factors, measure)
    values = np.array([one.mean for one in there], np.float64)
    total = float(((values - values.mean()) ** 2).sum()) if len(values) else 0.0
    shares = dict.fromkeys(factors, 0.0)
    if total > 0:
        for one in main_effects(rows, factors, measure):
            shares[one.factor] += one.settings * (one.mean - float(values.mean())) ** 2 / total
    return {factor: min(1.0, share) for factor, share in shares.items()}


def mean_over_seeds(rows: Rows, factors: Sequence[str]) -> list[Row]:
    """One row for each setting: its factors, the mean of each measure over its seeds, ``seeds``, ``trials``, ``diverged``.

    diverged: how many of its runs did. A run that did in its first epoch has no figures and does not count; a setting of which
    all did has None.
    """
    found = []
    for group in _groups(rows, lambda row: tuple(row.get(factor) for factor in factors)).values():
        row: Row = {factor: group[0].get(factor) for factor in factors}
        for column in COLUMNS:
            there = measured(group, column)
            row[column] = _mean(there, column) if there else None
        row["seeds"] = len({one.get("seed") for one in group})
        row["trials"] = [one["trial"] for one in group]
        row["diverged"] = diverged(group)
        found.append(row)
    return found


def best(rows: Rows, k: int, measure: str = "val_accuracy", *, largest: bool = True) -> list[Any]:
    """The ``k`` best rows, best first; of equals the earlier one."""
    sign = -1 if largest else 1
    return sorted(measured(rows, measure), key=lambda row: sign * row[measure])[:k]


@dataclass(frozen=True)
class Beside:
    """A printed figure beside ours. trial: the first one with that setting. ours: the mean over ``seeds`` runs, or None.

    trials: of these runs. chosen: for a figure that is printed without its settings, those of our best runs.
    """

    trial: int
    factors: dict[str, Level]
    measure: str
    published: Printed
    ours: float | None
    seeds: int
    doubt: str
    trials: tuple[int, ...] = ()
    chosen: dict[str, Level] = field(default_factory=dict)


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
        settings_here = {name: chosen[name] for name in study.factors if name != study.best_of} if there else {}
        doubt = study.best_doubts.get(level, "")
        for measure, figure in figures.items():
            number = there[0]["trial"] if there else first
            pair = _beside(number, {study.best_of: level}, measure, figure, there, doubt)
            found.append(replace(pair, chosen=settings_here))
    return found


def _beside(trial: int, factors: dict[str, Level], measure: str, printed: Printed, there: Rows, doubt: str) -> Beside:
    mine = measured(there, measure)
    ours = _mean(mine, measure) if mine else None
    return Beside(trial, factors, measure, printed, ours, len(mine), doubt, tuple(row["trial"] for row in mine))
