"""Printed figures of clocks beside ours and the best of ours for the same measure."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from core.classifiers.study_parts import printed
from core.clocks.time import MINUTES, common_sense_error_minutes
from core.comparison import MEASURES, Entry, published_and_ours
from core.reports.evidence import Evidence, Found, Line, Lines, Missing
from core.reports.items import ClockCurves, ClockFigures, Trained
from core.study_names import device_words

Floats = NDArray[np.float64]
CLASS_MINUTES = {"report22-classes-24": 30, "report22-classes-720": 1, "report23-classes-720": 1}  # how wide a class is
FRACTIONS = ("report22-multi-head", "report22-split-heads")  # their minutes are shares of an hour
EPOCHS = {"first": "first epoch", "last": "last epoch"}
CHOSEN_BY = "best on the test pictures"
VALIDATED = "on validation pictures"  # the reports validate on their test part


def figures_of(year: str, source: ClockFigures, evidence: Evidence) -> Lines:
    """Lines of ``assets/reports/clocks.csv``; the best is the best reading of any model, by the same measure."""
    place = f"{year}, {source.place}"
    rows = published_and_ours(list(evidence.entries.values()), evidence.scores)
    keys = [row["measure"] for row in printed("clocks")]
    lines, models = [], []
    for row, key in zip(rows, keys, strict=True):
        if row["source"] != place or (source.measures and key not in source.measures):
            continue
        entry = evidence.entries[row["model"]]
        models.append(entry)
        here = None if row["ours"] is None else Found(row["ours"], entry.epochs)
        best = best_of_all(key, entry.model_id, evidence)
        lines.append(Line(entry.title, row["published"], here, best, row["note"], row["measure"]))
    return Lines(tuple(lines), missing=lacking(models, evidence))


def curves_of(year: str, source: ClockCurves, evidence: Evidence) -> Lines:
    """Lines of ``assets/reports/clock_curves.csv``, beside the first or last epoch of ours."""
    lines, models = [], []
    for row in printed("clock_curves"):
        if (row["report"], row["item"]) != (year, source.place):
            continue
        entry = evidence.entries[row["model"]]
        models.append(entry)
        curve, column = evidence.curves.get(entry.model_id, []), row["column"]
        value = curve[0 if row["epoch"] == "first" else -1].get(column) if curve else None
        if row["epoch"] == "first":
            how = "epoch 1"
        else:
            how = f"{curve[-1]['epoch']:.0f} of {entry.epochs_asked} epochs" if curve else ""
            how += (
                f", {device_words(entry.device)}" if curve and entry.device and curve[-1]["epoch"] < entry.epochs_asked else ""
            )
        here = None if value is None else Found(value, how)
        more = f"{row['printed']}, {EPOCHS[row['epoch']]}"
        if column.startswith("val_") and not row["printed"].startswith("validation"):
            more += f"; ours {VALIDATED}"
        lines.append(Line(entry.title, row["published"], here, None, row["doubt"], more))
    return Lines(tuple(lines), missing=lacking(models, evidence))


def trained_of(year: str, source: Trained, evidence: Evidence) -> Lines:
    """How far models are trained here of which nothing but a picture is printed, and their common-sense error."""
    models = [evidence.entries[name] for name in source.models]
    lines = []
    for entry in models:
        mean = evidence.scores.get(entry.model_id, {}).get("mean_minutes")
        here = Found(mean, entry.epochs) if isinstance(mean, float) else None
        best = best_of_all("mean_minutes", entry.model_id, evidence)
        lines.append(Line(entry.title, "", here, best, "", MEASURES["mean_minutes"]))
    return Lines(tuple(lines), missing=lacking(models, evidence))


def lacking(models: Sequence[Entry], evidence: Evidence) -> tuple[Missing, ...]:
    """What has to be run before all of these are trained and measured."""
    different = {entry.model_id: entry for entry in models}.values()
    none = [entry for entry in different if not entry.trained and entry.model_id not in evidence.scores]
    found = []
    if none:
        names = " and ".join(entry.title for entry in none)
        ids = " ".join(entry.model_id for entry in none)
        found.append(Missing(f"Not trained yet: {names}", f"python -m core train {ids}"))
    if any(entry.trained and entry.model_id not in evidence.scores for entry in different):
        found.append(Missing("Trained and not measured yet", "python -m core evaluate clocks"))
    return tuple(found)


# --- the best of all ------------------------------------------------------------------------------------------------


def _mae_hours(true: Floats, read: Floats) -> float:
    """As the reports have it, without going round at 12."""
    return float(np.abs(true - read).mean() / 60)


def _class_accuracy(width: int) -> Callable[[Floats, Floats], float]:
    def accuracy(true: Floats, read: Floats) -> float:
        # A class of one minute is the nearest minute; wider ones begin with their first minute.
        there = np.rint(read) if width == 1 else np.floor(read / width)
        return float((there % (MINUTES // width) == true // width).mean())

    return accuracy


def _hour_accuracy(true: Floats, read: Floats) -> float:
    return float((np.floor(read / 60) % 12 == true // 60).mean())


def _minute_apart(true: Floats, read: Floats) -> Floats:
    """As the reports have it, without going round at the full hour."""
    return np.abs(true % 60 - read % 60)


def _measure(name: str, model_id: str) -> tuple[Callable[[Floats, Floats], float], bool] | None:
    """How a printed measure is taken of times read, (n,) minutes each, and whether more is better; None where it cannot be."""
    scale = 60 if model_id in FRACTIONS else 1
    known: dict[str, tuple[Callable[[Floats, Floats], float], bool]] = {
        "mean_minutes": (lambda true, read: float(common_sense_error_minutes(true, read).mean()), False),
        "mae_hours": (_mae_hours, False),
        "hour_accuracy": (_hour_accuracy, True),
        "minute_mae": (lambda true, read: float(_minute_apart(true, read).mean()), False),
        "minute_mse": (lambda true, read: float(((_minute_apart(true, read) / scale) ** 2).mean()), False),
    }
    if name == "accuracy" and model_id in CLASS_MINUTES:
        return _class_accuracy(CLASS_MINUTES[model_id]), True
    return known.get(name)


def best_of_all(name: str, model_id: str, evidence: Evidence) -> Found | None:
    """The best of all our models on the test pictures, by the measure ``name`` as it is printed for ``model_id``.

    It is taken of the times read, or from the table where it stands there for every model; None for measures of a network's own
    outputs. Which is best is seen on the test pictures too, since no measure in print is taken of validation pictures, and the
    words beneath say so.
    """
    taken = _measure(name, model_id)
    values: Mapping[str, float] = {}
    if taken is not None:
        measure, largest = taken
        values = {one: measure(evidence.readings.true, read) for one, read in evidence.readings.read.items()}
    elif name == "custom_mse_as_published":
        largest = False
        columns = {one: told.get(name) for one, told in evidence.scores.items()}
        values = {one: value for one, value in columns.items() if isinstance(value, float)}
    if not values:
        return None
    best = (max if largest else min)(values, key=lambda one: values[one])
    entry = evidence.entries.get(best)
    return Found(values[best], f"{f'{entry.title}, {entry.epochs}' if entry else best}; {CHOSEN_BY}")
