"""How far the runs of a study can be compared: balance, confounded factors, unequal training, runs that only guess.

Everything is reckoned from the rows, so that it holds of what is there and not of what was planned.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classifiers.designs import is_proportional
from core.datasets import DATASETS
from core.study_effects import Beside, factor_importance, measured, rank_correlation, settings_of, whole
from core.study_names import CONDITIONS
from core.trials import Level, Row, Rows, Study

EXTRA = 0.05  # share of the settings that may stand beside a balanced design
MOST_EXTRA = 2
FEWEST = 5  # pairs that a rank correlation is told of
UNEQUAL = 1.5  # training that is more than so many times as long is no equal budget any more
NEARLY_ALL = 0.8  # share of guessing settings from which on a variance tells nothing of factors
VALIDATED = 5_000  # pictures that accuracies are measured on, at least


@dataclass(frozen=True)
class Confounded:
    """Two factors that go together. strength: Cramer's V in (0, 1].

    only: level of ``second`` -> the levels of ``first`` that met no other one.
    """

    first: str
    second: str
    strength: float
    only: dict[Level, tuple[Level, ...]]


@dataclass(frozen=True)
class Design:
    """What the rows of a study make possible.

    rows: those that effects are reckoned of. settings: how many they are; planned: how many the study has; missing: those of
    them without a figure; extra: settings left out so that the rest is balanced. was_balanced: whether the study as planned is.
    complete: every combination of levels is there. unequal: some were trained much longer than others. guessing: settings that
    are no better than guessing. repeated: settings with several seeds. free: settings beyond what the main effects use up.
    """

    factors: tuple[str, ...]
    rows: list[Row]
    settings: int
    planned: int
    missing: int
    extra: int
    balanced: bool
    was_balanced: bool
    complete: bool
    unequal: bool
    guessing: int
    repeated: int
    free: int

    @property
    def nearly_all_guess(self) -> bool:
        return self.guessing >= NEARLY_ALL * self.settings

    @property
    def conditions(self) -> tuple[str, ...]:
        """Those of the factors that are no setting."""
        return tuple(name for name in self.factors if name in CONDITIONS)

    @property
    def has_shares(self) -> bool:
        """Whether shares of the variance mean something: of settings, apart, budgets equal, something left to compare with."""
        if self.conditions:
            return False
        return self.balanced and not self.missing and not self.unequal and not self.nearly_all_guess and self.free > 0


def design_of(study: Study, rows: Rows, factors: Sequence[str], measure: str) -> Design:
    """What can be said of ``factors``, which vary in ``rows``, by ``measure``."""
    here = {_setting(row, study.factors) for row in measured(rows, measure)}
    plan = {_setting(trial.factors, study.factors): trial.factors for trial in study.trials}
    kept = balanced_part([dict(zip(study.factors, one, strict=True)) for one in sorted(here, key=str)], factors)
    core = {_setting(one, study.factors) for one in kept} if kept is not None else here
    used = [dict(row) for row in rows if _setting(row, study.factors) in core or _setting(row, study.factors) not in here]
    settings = settings_of(used, factors, measure)
    levels = [{one.levels[factor] for one in settings} for factor in factors]
    return Design(
        tuple(factors),
        used,
        len(settings),
        len(plan),
        len(plan.keys() - here),
        len(here) - len(core),
        kept is not None,
        (kept if plan.keys() <= here else balanced_part(list(plan.values()), _varied(study))) is not None,
        len(settings) == math.prod(map(len, levels)),
        is_unequal(used),
        guessing_settings(study, measured(used, measure), factors),
        sum(len(one.values) > 1 for one in settings),
        len(settings) - 1 - sum(len(one) - 1 for one in levels),
    )


def _setting(row: Mapping[str, Any], factors: Sequence[str]) -> tuple[Level | None, ...]:
    return tuple(row.get(factor) for factor in factors)


def _varied(study: Study) -> list[str]:
    return [factor for factor in study.factors if len({trial.factors.get(factor) for trial in study.trials}) > 1]


# --- balance ---------------------------------------------------------------------------------------------------------


def balanced_part(settings: Rows, factors: Sequence[str]) -> list[Row] | None:
    """The settings, without the fewest that must be left out so that the rest is balanced; None where that is not a few.

    Balanced: any two levels of two factors meet as often as their frequencies say (``is_proportional``).
    """
    plain = [dict(row) for row in settings]
    if not plain or not factors:
        return None
    columns = [np.unique([str(row.get(factor)) for row in plain], return_inverse=True)[1] for factor in factors]
    codes, most = np.stack(columns, axis=1), min(MOST_EXTRA, int(EXTRA * len(plain)))
    if _never_met(codes, most):
        return None
    for count in range(most + 1):
        for left in combinations(range(len(plain)), count):
            if is_proportional(np.delete(codes, left, axis=0)):
                return [row for place, row in enumerate(plain) if place not in left]
    return None


def _never_met(codes: NDArray[np.int64], most: int) -> bool:
    """Whether two levels, each of more than ``most`` settings, never meet: then leaving out so many balances nothing."""
    for first, second in combinations(codes.T, 2):
        met = np.zeros((first.max() + 1, second.max() + 1), np.int64)
        np.add.at(met, (first, second), 1)
        if ((met == 0) & (met.sum(axis=1, keepdims=True) > most) & (met.sum(axis=0, keepdims=True) > most)).any():
            return True
    return False


def confounded(rows: Rows, factors: Sequence[str], measure: str) -> Confounded | None:
    """The two factors that are most confounded, ``first`` being the one whose levels are bound to one of the other's.

    Strength is Cramer's V; of several pairs that one counts most whose factors both seem to move the measure: V times the root
    of their shares of the variance. None where all are apart.
    """
    there = [one.levels for one in settings_of(rows, factors, measure)]
    shares = factor_importance(rows, factors, measure)
    found: dict[float, Confounded] = {}
    for a, b in combinations(factors, 2):
        strength = cramers_v([row[a] for row in there], [row[b] for row in there])
        if strength > 1e-9:
            ways = [Confounded(x, y, strength, _bound(there, x, y)) for x, y in ((a, b), (b, a))]
            weight = strength * math.sqrt(shares[a] * shares[b])
            found[weight] = max(ways, key=lambda one: sum(map(len, one.only.values())))
    return found[max(found)] if found else None


def cramers_v(first: Sequence[Any], second: Sequence[Any]) -> float:
    """How far two factors go together: 0 where they are apart, 1 where one fixes the other.

    ``sqrt(chi^2 / (settings * (the smaller number of levels - 1)))``. Cramer 1946, "Mathematical methods of statistics".
    """
    a, b = (np.unique([str(one) for one in side], return_inverse=True)[1] for side in (first, second))
    met = np.zeros((a.max(initial=0) + 1, b.max(initial=0) + 1))
    np.add.at(met, (a, b), 1)
    if min(met.shape) < 2:
        return 0.0
    expected = np.outer(met.sum(axis=1), met.sum(axis=0)) / met.sum()
    return math.sqrt(float(((met - expected) ** 2 / expected).sum()) / (met.sum() * (min(met.shape) - 1)))


def _bound(settings: Rows, first: str, second: str) -> dict[Level, tuple[Level, ...]]:
    """Level of ``second`` -> levels of ``first`` that met no other of it."""
    met: dict[Level, set[Level]] = {}
    for row in settings:
        met.setdefault(row[first], set()).add(row[second])
    found: dict[Level, tuple[Level, ...]] = {}
    for level, others in met.items():
        if len(others) == 1:
            (only,) = others
            found[only] = (*found.get(only, ()), level)
    return found


# --- budgets ---------------------------------------------------------------------------------------------------------


def budget(row: Mapping[str, Any]) -> float:
    """Share of the training asked for that a run had: of the epochs times of the pictures."""
    return float(row["epochs_trained"] / row["epochs_asked"] * row["pictures"] / row["pictures_asked"])


def is_unequal(rows: Rows) -> bool:
    """Whether some runs had much more of the training that was asked of them than others; those that diverged have no say."""
    shares = [budget(row) for row in whole(rows)]
    return bool(shares) and max(shares) > UNEQUAL * min(shares)


def most_trained(rows: Rows) -> Rows:
    """The runs that had as much of their training as the one that had most: a choice among others would choose the longest."""
    most = max((budget(row) for row in whole(rows)), default=0.0)
    return _between(rows, most / UNEQUAL, most)


def _between(rows: Rows, least: float, most: float) -> Rows:
    """The runs with a budget from ``least`` to ``most``; what diverged ended of itself, and counts by its share of pictures."""
    near = [row for row in whole(rows) if least <= budget(row) <= most]
    shares = [row["pictures"] / row["pictures_asked"] for row in near] or [1.0]
    low, high = min(shares) / UNEQUAL, max(shares) * UNEQUAL
    return [
        row for row in rows if row in near or (row.get("diverged") and low <= row["pictures"] / row["pictures_asked"] <= high)
    ]


@dataclass(frozen=True)
class Agreement:
    """How far print and we put runs in the same order by one measure.

    rank: Spearman's rank correlation in [-1, 1] of the pairs whose runs of ours had as much of their training as each other:
    what had a thirtieth of it is behind for that alone. None for fewer than ``FEWEST`` pairs: chance puts three in order once
    in six times. trials: of these runs. count: of these pairs, of ``there``.
    """

    rank: float | None
    trials: tuple[int, ...]
    count: int
    there: int

    @property
    def pairs(self) -> str:
        """'9 of 12 pairs, those trained alike here', or '12 pairs'."""
        return (
            f"{self.count} pairs"
            if self.count == self.there
            else f"{self.count} of {self.there} pairs, those trained alike here"
        )


def agreement(pairs: Sequence[Beside], rows: Rows) -> dict[str, Agreement]:
    """For each measure that is printed, how far print and we put the runs in the same order. rows: ours."""
    mine = {row["trial"]: row for row in rows}
    found = {}
    for measure in dict.fromkeys(pair.measure for pair in pairs):
        there = [pair for pair in pairs if pair.measure == measure and pair.trials]
        like = _alike(there, [mine[trial] for pair in there for trial in pair.trials])
        rank = rank_correlation([pair.published for pair in like], [pair.ours for pair in like])
        trials = tuple(trial for pair in like for trial in pair.trials)
        found[measure] = Agreement(rank if len(like) >= FEWEST else None, trials, len(like), len(there))
    return found


def _alike(pairs: Sequence[Beside], rows: Rows) -> list[Beside]:
    """The most pairs whose runs had as much of their training as each other; of equals those that had more. rows: theirs."""
    best: list[Beside] = []
    for least in sorted({budget(row) for row in whole(rows)}, reverse=True):
        fair = {row["trial"] for row in _between(rows, least, UNEQUAL * least)}
        like = [pair for pair in pairs if fair.issuperset(pair.trials)]
        best = max(best, like, key=len)
    return best


def short_levels(rows: Rows, factors: Sequence[str]) -> dict[tuple[str, Level], list[Row]]:
    """(factor, level) -> its runs, for levels whose runs had much less of their training than those of another level."""
    found = {}
    for factor in factors:
        of_level: dict[Level, list[Row]] = {}
        for row in whole(rows):
            if row.get(factor) is not None:
                of_level.setdefault(row[factor], []).append(dict(row))
        means = {level: float(np.mean([budget(row) for row in group])) for level, group in of_level.items()}
        for level, group in of_level.items():
            if max(means.values()) > UNEQUAL * means[level]:
                found[factor, level] = group
    return found


# --- guessing --------------------------------------------------------------------------------------------------------


def guess_level(study: Study, column: str) -> float | None:
    """What guessing scores: accuracy ``1 / classes``, cross-entropy ``ln(classes)``; None for a loss with a penalty."""
    classes = {len(DATASETS[name].classes) for name in study.needs}
    if len(classes) != 1:
        return None
    (count,) = classes
    return {"accuracy": 1 / count, "cross_entropy": math.log(count)}.get(column.partition("_")[2])


def guesses(study: Study, row: Mapping[str, Any]) -> bool:
    """Whether a run is no better than guessing in validation: within three standard errors of it."""
    chance, accuracy = guess_level(study, "val_accuracy"), row.get("val_accuracy")
    if chance is None or accuracy is None:
        return False
    return bool(accuracy <= chance + 3 * math.sqrt(chance * (1 - chance) / VALIDATED))


def guessing_settings(study: Study, rows: Rows, factors: Sequence[str]) -> int:
    """How many settings are no better than guessing with every seed."""
    settings = {_setting(row, factors) for row in rows}
    return len(settings - {_setting(row, factors) for row in rows if not guesses(study, row)})


def inseparable(study: Study, rows: Rows, factors: Sequence[str]) -> list[tuple[str, Level]]:
    """Levels that only ever guessed, and only together with another such level: which of them is to blame stays open."""
    there = measured(rows, "val_accuracy")
    every = [(factor, row[factor]) for factor, row in product(factors, there) if row.get(factor) is not None]
    dead = [
        (factor, level)
        for factor, level in dict.fromkeys(every)
        if all(guesses(study, row) for row in there if row.get(factor) == level)
    ]
    return [
        (factor, level)
        for factor, level in dead
        if all(
            any(row.get(name) == other for name, other in dead if name != factor) for row in there if row.get(factor) == level
        )
    ]
