"""Printed runs of classifiers beside ours, and our own classifier of the same data."""

from collections.abc import Sequence
from dataclasses import replace

from core.catalogue import all_recipes
from core.classifiers.study_parts import printed
from core.datasets import DATASETS
from core.reports.evidence import Evidence, Found, Line, Lines, Missing
from core.reports.items import Levels, RunMeans, Runs
from core.study_caveats import budget_words
from core.study_design import agreement, most_trained
from core.study_effects import Beside, beside_published, best, mean_over_seeds, measured
from core.study_names import device_words, factor_title, is_cut, level_title, measure_title, setting_title, short_share
from core.trials import Level, Rows, Study
from core.written import true_minus

BEST = "test_accuracy"


def runs_of(year: str, source: Runs, evidence: Evidence) -> Lines:
    """Printed runs of a study; its best run by validation beside our own classifier comes last of the lead."""
    study, rows = evidence.studies[source.study]
    pairs = beside_published(study, rows)
    lines = [_line(pair, rows, source.digits) for pair in pairs][: source.first]
    doubts = {line.doubt for line in lines}
    note = doubts.pop() if len(doubts) == 1 and len(lines) > 1 else ""
    if note or not source.doubts:  # said once, not on every line
        lines = [replace(line, doubt="") for line in lines]
    front = [line for line in lines if source.lead and line.name == source.lead] or lines[: source.shown]
    lead = [*front, *_agreement(pairs, rows), *best_line(study, rows, source.best, evidence)]
    rest = [line for line in lines if line not in front]
    return Lines(
        tuple(lead), tuple(rest), lacking(study, rows, source.best, evidence), study.title, note if source.doubts else ""
    )


def _line(pair: Beside, rows: Rows, digits: int) -> Line:
    row = next((row for row in rows if row["trial"] == pair.trial), None)
    here = None
    if pair.ours is not None:
        parts = [f"mean of {pair.seeds} seeds"] if pair.seeds > 1 else []
        parts += [short_share(row), device_words(row["device"])] if row is not None and is_cut(row) else []
        here = Found(pair.ours, ", ".join(parts) or (f"{row['epochs_trained']} epochs" if row is not None else ""))
    elif row is not None and row["diverged"]:
        here = Found("no number", "the loss grew beyond all numbers")
    published = f"{pair.published:.{digits}f}"
    factors = {name: level for name, level in pair.factors.items() if name != "choice"}  # what is printed, print chose
    return Line(setting_title(factors), published, here, None, pair.doubt, measure_title(pair.measure))


def _agreement(pairs: Sequence[Beside], rows: Rows) -> list[Line]:
    """Whether print and we put the runs in the same order, of how many, and how much less ours were trained."""
    words = f"of published and ours: 1 for the same order, 0 for none, {true_minus('-1')} for the reverse"
    run = {row["trial"]: row for row in rows}
    lines = []
    for measure, one in agreement(pairs, rows).items():
        less = budget_words([run[trial] for trial in one.trials])
        if one.rank is not None:
            found = Found(true_minus(f"{one.rank:.2f}"), one.pairs + (f"; ours saw {less}" if less else ""))
            lines.append(Line(f"Rank correlation, {measure_title(measure)}", "", found, None, "", words))
    return lines


def best_line(study: Study, rows: Rows, model_id: str, evidence: Evidence) -> list[Line]:
    """The test accuracy of the study's best setting, chosen by validation, beside that of our own classifier.

    Chosen among the runs with the most training; a mean over seeds. Both are shares of 1, as print and ours in the lines above.
    """
    among = most_trained(rows)
    [chosen] = best(mean_over_seeds(among, study.factors), 1) or [None]
    here = None
    if chosen is not None and chosen[BEST] is not None:
        runs = [row for row in measured(rows, BEST) if row["trial"] in chosen["trials"]]
        run = runs[0]
        cut = [short_share(run), device_words(run["device"])]
        parts = cut if is_cut(run) else [f"{run['epochs_trained']} epochs"]
        parts += [f"mean of {len(runs)} seeds"] if len(runs) > 1 else []
        parts += [f"among the {len(among)} runs trained most"] if len(among) < len(rows) else []
        here = Found(chosen[BEST], f"{setting_title({name: chosen[name] for name in study.factors})}; {', '.join(parts)}")
    card = evidence.cards.get(model_id)
    ours = None
    if card is not None and BEST in card.figures:
        ours = Found(card.figures[BEST], f"{card.title}, {card.epochs_trained} of {card.epochs_asked} epochs")
    if here is None and ours is None:
        return []
    dataset = DATASETS[next(iter(study.needs))].title if len(study.needs) == 1 else ""
    return [Line("Best setting, chosen by validation", "", here, ours, "", f"test accuracy{', ' + dataset if dataset else ''}")]


def lacking(study: Study, rows: Rows, model_id: str, evidence: Evidence) -> tuple[Missing, ...]:
    """What has to be run before the study and our own classifier are there."""
    found = []
    if not rows:
        found.append(Missing(f"The study {study.name} is not run yet", f"python -m core sweep {study.name}"))
    elif len(rows) < len(study.trials):
        words = f"{len(rows)} of {len(study.trials)} runs of {study.name} are stored"
        found.append(Missing(words, f"python -m core sweep {study.name}"))
    if model_id and model_id not in evidence.cards:
        found.append(Missing(f"{all_recipes()[model_id].title} is not trained yet", f"python -m core train {model_id}"))
    return tuple(found)


def means_of(year: str, source: RunMeans, evidence: Evidence) -> Lines:
    """Means of the printed test accuracies and of ours over the runs with each level."""
    study, rows = evidence.studies[source.study]
    pairs = [pair for pair in beside_published(study, rows) if pair.measure == BEST]
    lines = []
    for factor in source.factors:
        for level in study.levels(factor):
            there = [pair for pair in pairs if pair.factors.get(factor) == level]
            ours = [pair.ours for pair in there if pair.ours is not None]
            # A mean of ours stands there only when it is over the runs that the printed mean is over.
            whole = bool(there) and len(ours) == len(there)
            here = Found(sum(ours) / len(ours), _runs(len(ours))) if whole else None
            if there:
                published = f"{sum(pair.published for pair in there) / len(there):.3f}"
                name = f"{factor_title(factor).capitalize()}: {level_title(factor, level)}"
                lines.append(Line(name, published, here, None, "", f"mean test accuracy of {_runs(len(there))}"))
    lead = [*lines, *best_line(study, rows, source.best, evidence)]
    return Lines(tuple(lead), (), lacking(study, rows, source.best, evidence))


def _runs(count: int) -> str:
    """A setting that is printed twice is two runs."""
    return f"{count} run{'s' if count > 1 else ''}"


def levels_of(year: str, source: Levels, evidence: Evidence) -> Lines:
    """The levels that are printed, beside those that our study tries."""
    study, rows = evidence.studies[source.study]
    table = printed("grid_levels")
    lines = []
    for factor in dict.fromkeys(row["factor"] for row in table):
        there = [row for row in table if row["factor"] == factor]
        levels: tuple[Level, ...] = study.levels(factor)
        ours = Found(", ".join(level_title(factor, level) for level in levels), f"{len(levels)} levels")
        doubts = [f"{row['level']}: {row['doubt']}" for row in there if row["doubt"]]
        lines.append(
            Line(
                there[0]["printed"],
                ", ".join(row["level"] for row in there),
                ours,
                None,
                "; ".join(doubts),
                factor_title(factor),
            )
        )
    return Lines(tuple(lines), (), lacking(study, rows, "", evidence))
