"""What the runs of a study cannot show, a sentence each, for pages to set beside figures."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.classifiers.architectures import ARCHITECTURES, Normal
from core.study_design import Design, confounded, guess_level, inseparable, short_levels
from core.study_effects import seed_spread, settings_of
from core.study_names import factor_title, is_cut, level_title, measure_title, setting_title, short_share
from core.trials import Level, Row, Rows, Study
from core.written import percent

MOVING = 0.99  # of a moving average that batch normalisation keeps at each step: Keras's own
LAGGING = 0.05  # of a moving average that is still its start
BELOW = 0.01  # training accuracy under validation that is worth a word


def listed(words: Iterable[str], last: str = "and") -> str:
    """'a', 'a and b', 'a, b and c'."""
    *front, end = words
    return f"{', '.join(front)} {last} {end}" if front else end


def settings_words(count: int) -> str:
    return "1 setting" if count == 1 else f"{count} settings"


def balance_words(design: Design, measure: str) -> str:
    """Whether means over the levels can be compared."""
    if not design.balanced and design.was_balanced and design.missing:
        return (
            f"There is no figure for {design.missing} of the {design.planned} settings of this design: without them a mean "
            "is not over the same mix of all other factors. Read it as a hint."
        )
    if not design.balanced:
        return f"{confounded_words(design, measure)} Read the means as hints."
    if len(design.factors) - len(design.conditions) < 2:
        return ""
    extra = f" {settings_words(design.extra)} beside this design {'is' if design.extra == 1 else 'are'} left out."
    lead = "Every combination is there: each mean is over the same mix of all other factors."
    if not design.complete:
        lead = (
            "Every two levels meet in a balanced way: each mean is over the same levels of every other factor, but not over "
            "the same combinations of them. What factors do together hides in it."
        )
    return f"{lead}{extra if design.extra else ''}"


def confounded_words(design: Design, measure: str) -> str:
    """Which two factors go together most, and how; to what else the same levels are bound, which misleads alike."""
    worst = confounded(design.rows, design.factors, measure)
    if worst is None:
        return "Not every combination of levels is there."
    bound, more = [], []
    for level, levels in worst.only.items():
        held = [(worst.second, level)]
        for factor in design.factors:
            met = {row[factor] for row in design.rows if row[worst.first] in levels}
            if factor not in (worst.first, worst.second) and len(met) == 1 and len(levels) > 1:
                held.append((factor, met.pop()))
                more.append(factor)
        only = listed(_with(factor, one).removeprefix("with " if at else "") for at, (factor, one) in enumerate(held))
        bound.append(f"{listed(level_title(worst.first, one) for one in levels)} only ran {only}")
    named = [worst.first, *dict.fromkeys(more), worst.second]
    names = f"{listed(map(factor_title, named)).capitalize()} are confounded"
    return f"{names}: {'; '.join(bound)}." if bound else f"{names}: their levels do not meet equally often."


def _with(factor: str, level: Level) -> str:
    setting = setting_title({factor: level})
    return setting if factor == "choice" else f"with {setting}"


def seeds_words(design: Design, study: Study, rows: Rows, measure: str) -> str:
    """What whiskers are, where there are any; else how far seeds differ, where that is known."""
    if design.repeated:
        known = f", known of {design.repeated} of {settings_words(design.settings)}"
        some = known if design.repeated < design.settings else ""
        return f"Whiskers: standard deviation between the seeds of a setting{some}."
    spread = seed_spread(settings_of(rows, study.factors, measure))
    if spread is None:
        return "One seed each: chance is not known, and no whiskers are drawn."
    size = f"{100 * spread:.1f} points" if measure.endswith("accuracy") else f"{spread:.2g}"
    return f"Between seeds of a setting {measure_title(measure)} differs by ±{size} where several ran."


def guessing_words(design: Design, study: Study, measure: str = "val_accuracy") -> str:
    """How many settings only guess; from half of them on."""
    chance = guess_level(study, measure)
    if chance is None or 2 * design.guessing < design.settings:
        return ""
    return f"{design.guessing} of {design.settings} settings never left guessing ({100 * chance:.0f} % right)."


def inseparable_words(design: Design, study: Study) -> str:
    """Levels that look dead, and only because of each other for all that the runs show."""
    found = inseparable(study, design.rows, design.factors)
    if len(found) < 2:
        return ""
    names = listed(level_title(factor, level) for factor, level in found)
    return f"The levels {names} only guessed, each always beside another of them: which of them cannot learn stays open."


def no_shares_words(design: Design, study: Study, measure: str) -> str:
    """Why shares of the variance are not shown; nothing where they are."""
    if design.has_shares:
        return ""
    lead = "No shares of the variance: "
    if design.conditions:
        names = listed(f"the {factor_title(name)}" for name in design.conditions)
        return f"{lead}{names} is no setting, but what the runs are made on. Runs on another differ whatever the settings do."
    if design.unequal:
        return f"{lead}the runs were not trained equally long."
    if design.missing:
        return f"{lead}there is no figure for {design.missing} of {settings_words(design.planned)}."
    if design.nearly_all_guess:
        learned = design.settings - design.guessing
        return f"{lead}{guessing_words(design, study)} They would rest on {settings_words(learned)}."
    if not design.balanced:
        told = confounded_words(design, measure)
        return f"{lead}they would overlap. {told}"
    return f"{lead}there are no more settings than levels to explain them."


def rest_words(design: Design, shares: Mapping[str, float]) -> str:
    """What the shares leave."""
    rest = max(0.0, 1 - sum(shares.values()))
    hides = "" if design.complete else "; some of that hides in the shares of others"
    what = "what factors do together" if len(design.factors) > 1 else "other things"
    return f"The rest, {percent(rest)}, is chance and {what}{hides}."


def points_words(counts: Sequence[int], design: Design, across: int) -> str:
    """What a point of a figure of ``across`` factors stands for. counts: runs behind each."""
    told = []
    if counts and min(counts) == max(counts) == 1:
        told.append("Every point is one run: chance moves it, too.")
    elif counts and min(counts) == max(counts):
        told.append(f"Every point is {counts[0]} runs.")
    elif counts:
        told.append(f"Behind a point are {min(counts)} to {max(counts)} runs: point at it to see how many.")
    if len(design.factors) > across and not (design.complete and design.balanced):
        others = "the other factors differ" if len(design.factors) > across + 1 else "the other factor differs"
        told.append(f"Between points {others}, too: lines that fall or cross are a hint.")
    return " ".join(told)


def steps_words(rows: Rows) -> str:
    """That small batches mean more steps, where batches vary and epochs do not."""
    batches = {row.get("batch_size") for row in rows} - {None}
    if len(batches) < 2 or len({(row["epochs_trained"], row["pictures"]) for row in rows}) > 1:
        return ""
    few, many = (steps for steps in (min(map(steps_of, rows)), max(map(steps_of, rows))))
    return f"In the same epochs small batches take more steps: {few:,} to {many:,} here."


def steps_of(row: Mapping[str, Any]) -> int:
    """Updates that a run made."""
    return int(row["epochs_trained"] * math.ceil(row["pictures"] / row["batch_size"]))


def moving_words(study: Study, rows: Rows) -> str:
    """That validation with batch normalisation lags after few steps: ``0.99^steps`` of its averages is still their start."""
    normal = [
        row
        for row in rows
        if row.get("batch_size")
        and any(isinstance(one, Normal) for one in ARCHITECTURES[study.trials[row["trial"]].run.network.architecture].layers)
    ]
    steps = [steps_of(row) for row in normal if row["epochs_trained"]]
    if not steps or MOVING ** min(steps) < LAGGING:
        return ""
    few, many = min(steps), max(steps)
    start = sorted({round(100 * MOVING**count) for count in (few, many)})
    return (
        f"Batch normalisation validates with moving averages: after {_range(few, many)} steps {_range(*start)} % of them is "
        "still their start, which spoils the cross-entropy more than the accuracy. It does not show that the layer harms."
    )


def _range(low: int, high: int | None = None) -> str:
    return f"{low}" if high is None or low == high else f"{low} to {high}"


def below_words(study: Study, row: Mapping[str, Any]) -> str:
    """Why training may lie below validation, where it does."""
    train, val = row.get("train_accuracy"), row.get("val_accuracy")
    if train is None or val is None or train > val - BELOW:
        return ""
    network = study.trials[row["trial"]].run.network
    drops = ARCHITECTURES[network.architecture].has_dropout and network.dropout != 0
    dropout = ", with dropout on" if drops else ""
    return f"Training is a mean over the last epoch while it learned{dropout}; validation comes after it."


# --- budgets ---------------------------------------------------------------------------------------------------------


def short_words(rows: Rows, factors: Sequence[str]) -> str:
    """Which levels are marked because their runs were trained less, and how little."""
    told = []
    for (factor, level), group in short_levels(rows, factors).items():
        shares = {short_share(row) if is_cut(row) else "" for row in group}  # "": a run that was not cut
        said = budget_words(group) if len(shares) > 1 else next(iter(shares))
        told.append(f"{level_title(factor, level)}: {said}")
    return f"* Trained much less than the others, so no fair comparison. {'; '.join(told)}." if told else ""


def marks(rows: Rows, factors: Sequence[str]) -> dict[tuple[str, Level], str]:
    """How levels are written in figures where a title alone would mislead: trained less, fewer epochs than asked."""
    found = {key: f"{level_title(*key)} *" for key in short_levels(rows, factors)}
    for asked, trained in trained_epochs(rows).items():
        if "epochs" in factors and trained != asked:
            found["epochs", asked] = f"{trained} of {asked}"
    return found


def trained_epochs(rows: Rows) -> dict[int, int]:
    """Epochs asked -> epochs trained, where all runs agree; those that diverged have no say."""
    met: dict[int, set[int]] = {}
    for row in rows:
        if not row.get("diverged"):
            met.setdefault(row["epochs_asked"], set()).add(row["epochs_trained"])
    return {asked: min(trained) for asked, trained in met.items() if len(trained) == 1}


def budget_words(rows: Rows) -> str:
    """What our runs had of the training asked for: '20 % of the epochs, 8 % of the pictures'; nothing where it was all."""
    cut = [row for row in rows if is_cut(row)]
    if not cut:
        return ""
    parts = []
    for done, asked, noun in (("epochs_trained", "epochs_asked", "epochs"), ("pictures", "pictures_asked", "pictures")):
        shares = sorted({round(100 * row[done] / row[asked]) for row in cut if not row["diverged"] or noun == "pictures"})
        if shares and shares != [100]:
            span = f"{shares[0]} %" if len(shares) == 1 else f"{shares[0]} to {shares[-1]} %"
            parts.append(f"{span} of the {noun}")
    some = "" if len(cut) == len(rows) else f"in {len(cut)} of {len(rows)} runs "
    return some + ", ".join(parts)


def told(*sentences: str) -> str:
    """Sentences in a paragraph, without those that have nothing to say."""
    return " ".join(one for one in sentences if one)


def with_penalty(rows: Rows) -> list[Row]:
    """The runs whose loss holds a penalty on the weights."""
    pairs = ((row, row.get("val_loss"), row.get("val_cross_entropy")) for row in rows)
    return [dict(row) for row, loss, bare in pairs if loss is not None and bare is not None and loss - bare > 1e-3 * abs(bare)]
