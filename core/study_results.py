"""Results of studies on disk: one row a trial, with its curve, its confusions and its worst mistakes beside it.

Four tables a study in ``assets/results``: ``study_<name>.csv``, and with ``_curves``, ``_confusion``, ``_wrong`` in its name
what belongs to each trial. They are written whole or not at all, and never lose a trial that they hold.
"""

import csv
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core import paths
from core.tables import one_writer, replace_table
from core.trials import Level, Row, Study, StudyError, TrialSpec

if TYPE_CHECKING:  # the first page asks for a table's name, and may not wait for OpenCV
    from core.classifiers.runs import RunResult

CURVE = ("loss", "cross_entropy", "accuracy", "val_loss", "val_cross_entropy", "val_accuracy")
KINDS = ("curves", "confusion", "wrong")
WRONG_A_CELL = 3
_CURVE_PLACES = ("trial", "epoch")  # beside ``CURVE``
_CELL, _WRONG = ("true", "predicted", "count"), ("index", "true", "predicted", "confidence")  # beside the trial
_WHOLE = ("trial", "seed", "epochs_trained", "epochs_asked", "pictures", "pictures_asked", "parameters")
_WORDS = ("study", "device", "diverged", "key", "finished")
_BEFORE = ("study", "trial", "seed")
_AFTER = (
    *("epochs_trained", "epochs_asked", "pictures", "pictures_asked"),
    *("val_accuracy", "val_cross_entropy", "val_loss", "test_accuracy", "test_cross_entropy", "test_loss"),
    *("train_accuracy", "train_cross_entropy", "train_loss"),
    *("parameters", "seconds", "device", "diverged", "key", "finished"),
)


@dataclass(frozen=True)
class TrialRecord:
    """What is kept of one trial that ran to its end, or until its loss was no number any more.

    row: the trial's line in the table. curve: a row an epoch: epoch and ``CURVE``. confusion: (true class, predicted class,
    pictures of the test part) where there are any. wrong: (index in the test part, true, predicted, confidence), at most three
    for each pair of classes, the most confident ones.
    """

    row: Row
    curve: list[Row]
    confusion: list[list[int]]
    wrong: list[list[float]]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "TrialRecord":
        return cls(**plain)

    @property
    def size(self) -> int:
        """Pictures that it would have trained on in all its epochs; of two records of a trial the larger one is kept."""
        epochs = self.row["epochs_asked"] if self.row["diverged"] else self.row["epochs_trained"]
        return int(epochs * self.row["pictures"])


def make_record(trial: TrialSpec, result: "RunResult", true: NDArray[np.int64], pictures: int) -> TrialRecord:
    """What is kept of ``result``. true: labels int64 (n,) of the test part. pictures: of the training part that it saw."""
    last: Mapping[str, Any] = result.history[-1] if result.history else {}
    row: Row = {"study": trial.study, "trial": trial.number, "seed": trial.seed, **trial.factors}
    row |= {"epochs_trained": result.epochs_trained, "epochs_asked": trial.epochs_asked}
    row |= {"pictures": pictures, "pictures_asked": trial.pictures_asked}
    for part, source, prefix in (("val", last, "val_"), ("test", result.test, ""), ("train", last, "")):
        for measure in ("accuracy", "cross_entropy", "loss"):
            row[f"{part}_{measure}"] = _short(source.get(prefix + measure))
    row |= {"parameters": result.parameters, "seconds": round(result.seconds, 1), "device": result.device}
    row |= {"diverged": result.diverged or "", "key": trial.run.key}
    row["finished"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    curve = [{"epoch": int(line["epoch"]), **{name: _short(line.get(name)) for name in CURVE}} for line in result.history]
    confusion = [[int(a), int(b), int(result.confusion[a, b])] for a, b in np.argwhere(result.confusion)]
    return TrialRecord(row, curve, confusion, _wrong(result, true))


def _wrong(result: "RunResult", true: NDArray[np.int64]) -> list[list[float]]:
    """The most confident mistakes of each cell of the confusion matrix."""
    kept, seen = [], Counter[tuple[int, int]]()
    for index, predicted, confidence in sorted(result.wrong, key=lambda one: -one[2]):
        cell = (int(true[index]), int(predicted))
        seen[cell] += 1
        if seen[cell] <= WRONG_A_CELL:
            kept.append([int(index), *cell, round(float(confidence), 3)])
    return kept


def _short(value: Any) -> float | None:
    """A number with five digits, None for one that is missing or not finite."""
    return float(f"{float(value):.5g}") if value is not None and math.isfinite(value) else None


# --- tables ----------------------------------------------------------------------------------------------------------


def table_path(name: str, kind: str = "", folder: Path | None = None) -> Path:
    """The table of a study; ``kind`` is "" for its rows, or one of ``KINDS``."""
    return (paths.RESULTS if folder is None else folder) / f"study_{name}{'_' + kind if kind else ''}.csv"


def load_rows(name: str, folder: Path | None = None) -> list[Row]:
    """The rows of a study, by trial; [] while it has none. Counts are ints, measures floats or None, factors as they were."""
    path = table_path(name, "", folder)
    plain = _read(path, *_BEFORE, *_AFTER)
    try:
        return [{key: _value(key, cell) for key, cell in row.items()} for row in plain]
    except ValueError as error:
        raise StudyError(f"{path.name} is damaged ({error}); delete it or fetch it again") from error


def current_rows(study: Study, folder: Path | None = None) -> list[Row]:
    """The rows of the trials as the study asks for them today: what was run with other settings is left out."""
    keys = {trial.number: trial.run.key for trial in study.trials}
    return [row for row in load_rows(study.name, folder) if keys.get(row["trial"]) == row["key"]]


def load_curves(name: str, folder: Path | None = None) -> dict[int, list[Row]]:
    """Trial -> a row an epoch: epoch and ``CURVE``."""
    curves: dict[int, list[Row]] = {}
    for row in _numbers(table_path(name, "curves", folder), _CURVE_PLACES, CURVE):
        curves.setdefault(row.pop("trial"), []).append(row)
    return curves


def load_confusions(name: str, folder: Path | None = None) -> dict[int, list[list[int]]]:
    """Trial -> (true class, predicted class, pictures) where there are any."""
    cells: dict[int, list[list[int]]] = {}
    for row in _numbers(table_path(name, "confusion", folder), ("trial", *_CELL)):
        cells.setdefault(row["trial"], []).append([row[key] for key in _CELL])
    return cells


def load_wrong(name: str, folder: Path | None = None) -> dict[int, list[list[float]]]:
    """Trial -> (index in the test part, true class, predicted class, confidence) of its most confident mistakes."""
    found: dict[int, list[list[float]]] = {}
    for row in _numbers(table_path(name, "wrong", folder), ("trial", *_WRONG[:-1]), _WRONG[-1:]):
        found.setdefault(row["trial"], []).append([row[key] for key in _WRONG])
    return found


def load_records(name: str, folder: Path | None = None) -> dict[int, TrialRecord]:
    """All that is kept of a study, by trial."""
    curves, cells, wrong = load_curves(name, folder), load_confusions(name, folder), load_wrong(name, folder)
    rows = {row["trial"]: row for row in load_rows(name, folder)}
    return {n: TrialRecord(row, curves.get(n, []), cells.get(n, []), wrong.get(n, [])) for n, row in rows.items()}


def add_records(study: Study, records: Iterable[TrialRecord], folder: Path | None = None) -> int:
    """Write the tables of a study with ``records`` among what they hold; how many of them are new there.

    Of two records of a trial with the same settings the one that saw more is kept, of equal ones the later; one of other
    settings than the study's gives way. Several processes may do this at once: each reads what the others have written.
    """
    given = list(records)
    if not _with(study, given, load_records(study.name, folder))[1]:  # nothing is locked, or made, for nothing
        return 0
    with one_writer(paths.RESULTS if folder is None else folder):
        kept, new = _with(study, given, load_records(study.name, folder))
        if new:
            _write_all(study, [kept[number] for number in sorted(kept)], folder)
    return new


def _with(study: Study, records: Sequence[TrialRecord], kept: dict[int, TrialRecord]) -> tuple[dict[int, TrialRecord], int]:
    """``kept`` with those of ``records`` that belong to the study and are worth more, and how many these are."""
    kept, new = dict(kept), 0
    keys = {trial.number: trial.run.key for trial in study.trials}
    for record in records:
        number = record.row["trial"]
        if number not in keys or record.row["key"] != keys[number]:
            continue
        if number not in kept or kept[number].row["key"] != keys[number] or _rank(record) > _rank(kept[number]):
            kept[number] = record
            new += 1
    return kept, new


def _rank(record: TrialRecord) -> tuple[int, str]:
    return record.size, record.row["finished"]


def _write_all(study: Study, records: list[TrialRecord], folder: Path | None) -> None:
    """The rows come last: a trial that they name has all the rest."""

    def lines(kind: str, names: tuple[str, ...]) -> list[Row]:
        return [
            {"trial": one.row["trial"], **dict(zip(names, line, strict=True))} for one in records for line in getattr(one, kind)
        ]

    curves = [{"trial": one.row["trial"], **line} for one in records for line in one.curve]
    replace_table(table_path(study.name, "curves", folder), (*_CURVE_PLACES, *CURVE), curves)
    replace_table(table_path(study.name, "confusion", folder), ("trial", *_CELL), lines("confusion", _CELL))
    replace_table(table_path(study.name, "wrong", folder), ("trial", *_WRONG), lines("wrong", _WRONG))
    replace_table(table_path(study.name, "", folder), (*_BEFORE, *study.factors, *_AFTER), [one.row for one in records])


def _read(path: Path, *names: str) -> list[dict[str, str]]:
    """The rows of a table that has these columns, as text; [] where there is no table."""
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, ValueError, csv.Error) as error:  # ValueError: bytes that are no text
        raise StudyError(f"{path.name} cannot be read ({error}); delete it or fetch it again") from error
    cut = any(None in row or None in row.values() for row in rows)
    if not {*names} <= {*(reader.fieldnames or ())} or cut:
        raise StudyError(f"{path.name} is damaged (a line or its head is cut); delete it or fetch it again")
    return rows


def _numbers(path: Path, whole: Sequence[str], others: Sequence[str] = ()) -> list[dict[str, Any]]:
    """A table of numbers. whole: columns of counts, none of which is missing; others: those where a cell may be empty, None."""
    plain = _read(path, *whole, *others)
    try:
        return [
            {key: int(cell) if key in whole else float(cell) if cell else None for key, cell in row.items()} for row in plain
        ]
    except ValueError as error:
        raise StudyError(f"{path.name} is damaged ({error}); delete it or fetch it again") from error


def _value(key: str, cell: str) -> Any:
    if key in _WORDS:
        return cell
    if key in _WHOLE:
        return int(cell)
    if key in _AFTER:
        return float(cell) if cell else None
    return _level(cell)


def _level(cell: str) -> Level | None:
    """A factor's level as it was before it was written: a whole number, a number, or a word; None where it has none."""
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell or None
