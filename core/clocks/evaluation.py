"""How well stored models read clocks: one ruler, the common-sense error, for all of them, beside the reports' measures;
and how our own read photographs and clocks of every kind, beside a reader without learning."""

import csv
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import paths, registry
from core.clocks.benchmark import draw, report_benchmark
from core.clocks.forms import form_of
from core.clocks.measures import ALONE, error_figures, form_figures, hand_label_figures
from core.clocks.photographs import CHUNK, CLASSICAL, evaluate_sets, picture_sets, wild_set
from core.clocks.reading import decode, read_pictures
from core.clocks.styles import REPORT
from core.clocks.time import ClockTime, common_sense_error_minutes
from core.images import adjust_gamma, fit_square, open_picture
from core.progress import progress_bar
from core.tables import read_table, write_table

TABLE = "clocks.csv"  # a model a row
READINGS = "clocks_readings.csv"  # a test picture a row: its true minute, and what each model read
BY_TIME = "clocks_by_time.csv"  # a true hour or a true minute a row: each model's mean error there
CURVES = "clocks_curves.csv"  # an epoch of a model a row: its losses, metrics and seconds
SETS = "clock_photographs.csv"  # a reader on a set of pictures a row: photographs, painted faces, wild renderings
RELIABILITY = "reliability.csv"  # a range of confidence of a reader on a set a row: how often it is right there
ORIGINALS = "clock_examples.csv"  # an original picture a row, as READINGS
EXAMPLES = "report_clock_examples"  # in a data folder
TURNED_SEED = 3  # 2023 draws the benchmark, 1 what models are chosen on
PUBLISHED = "clocks.csv"  # in assets/reports


def unit_pictures(images: NDArray[np.uint8], extra: Mapping[str, Any]) -> NDArray[np.float32]:
    """uint8 (n, height, width) -> float32 (n, side, side, 1) in [0, 1]: the side and the gamma that the model learned at.

    extra: of the model's card; without ``side`` pictures keep their size.
    """
    side = int(extra.get("side", images.shape[1]))
    if images.shape[1:] != (side, side):
        images = np.stack([fit_square(image, side)[0] for image in images])
    return np.divide(adjust_gamma(images, float(extra.get("gamma", 1.0)))[..., None], 255, dtype=np.float32)


def _outputs(model: registry.TrainedModel, images: NDArray[np.uint8]) -> Any:
    """What a model answers to pictures (n, side, side), a few hundred at a time."""
    parts = [model(unit_pictures(images[start : start + 240], model.card.extra)) for start in range(0, len(images), 240)]
    if isinstance(parts[0], dict):
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0] if name != "maps"}
    return np.concatenate(parts)


def _read(model: registry.TrainedModel, images: NDArray[np.uint8]) -> tuple[NDArray[np.float64], Any]:
    """The minutes that a model reads in pictures (n, side, side), and its outputs; None for those of models that look for the
    dial themselves, which read here as they do in photographs."""
    if model.card.extra.get("readable") is True:
        parts = [list(images[start : start + CHUNK]) for start in range(0, len(images), CHUNK)]
        return np.array([one.minutes for part in parts for one in read_pictures(part, model=model)]), None
    outputs = _outputs(model, images)
    return decode(outputs, model.card.extra).minutes, outputs


def read_benchmark(model: registry.TrainedModel) -> tuple[dict[str, float], NDArray[np.float64]]:
    """All figures of one model on the benchmark's test part, 3,600 pictures, and the minutes that it read there."""
    form = form_of(model.card)
    benchmark = report_benchmark(progress=progress_bar("drawing the benchmark"))
    true = benchmark.minutes[benchmark.test]
    read, outputs = _read(model, benchmark.images[benchmark.test])
    figures = error_figures(true, read) | hand_label_figures(true, read)
    if form is not None:
        figures |= form_figures(form, outputs, true)
    images, minutes = turned_pictures()
    turned, _ = _read(model, images)
    figures["mean_minutes_any_turn"] = float(common_sense_error_minutes(minutes, turned).mean())
    return figures, read


@lru_cache(maxsize=1)
def turned_pictures() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """720 pictures of the same clock, one a minute, turned evenly any way: what knows only the usual turns fails here."""
    images, minutes, _ = draw(TURNED_SEED, a_minute=1, style=REPORT)
    return images, minutes


def benchmark_figures(model: registry.TrainedModel) -> dict[str, float]:
    """The figures of one model on the benchmark's test part."""
    return read_benchmark(model)[0]


def read_examples(models: Sequence[registry.TrainedModel]) -> list[dict[str, Any]]:
    """What each model reads in the reports' original pictures, a picture a row; none where the data folder lacks them.

    Their names begin with the true time, ``HH_MM``; those with stretched tones say so.
    """
    folder = next((found for found in (place / EXAMPLES for place in paths.data_folders()) if found.is_dir()), None)
    files = sorted(folder.glob("[0-9][0-9]_[0-9][0-9]*.png")) if folder else []
    rows: list[dict[str, Any]] = [
        {"file": file.name, "true": ClockTime(int(file.name[:2]), int(file.name[3:5])).minutes} for file in files
    ]
    pictures = [open_picture(file) for file in files]
    for model in models if files else []:
        for row, reading in zip(rows, read_pictures(pictures, model=model), strict=True):
            row[model.card.model_id] = f"{reading.minutes:.2f}"
    return rows


def published_figures(folder: Path | None = None) -> list[dict[str, str]]:
    """Rows of what the reports print of clocks: model, source, measure, published, headline, note.

    published: as printed; "" where a report speaks of a model and prints no figure. headline: "yes" for one row a model.
    """
    with ((folder or paths.REPORTS) / PUBLISHED).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def errors_by_time(true: NDArray[np.int64], readings: Mapping[str, NDArray[np.float64]]) -> list[dict[str, Any]]:
    """Mean common-sense error in minutes of each model at each true hour (0-11), then at each true minute (0-59).

    true: int64 (n,), 0-719. readings: model -> minutes (n,). A time that no picture shows has no row.
    """
    rows: list[dict[str, Any]] = []
    for kind, values, count in (("hour", true // 60, 12), ("minute", true % 60, 60)):
        for value in range(count):
            there = values == value
            if there.any():
                errors = {
                    name: round(float(common_sense_error_minutes(true[there], read[there]).mean()), 3)
                    for name, read in readings.items()
                }
                rows.append({"true": kind, "value": value, **errors})
    return rows


def learning_curves(model_ids: Sequence[str], folder: Path | None = None) -> list[dict[str, Any]]:
    """The histories of stored models, a row an epoch: all columns of all models, empty where a model or an epoch lacks one."""
    histories = {name: registry.load_history(name, folder) for name in model_ids}
    columns = dict.fromkeys(column for rows in histories.values() for row in rows for column in row if column != "epoch")
    return [
        {
            "model": name,
            "epoch": int(row["epoch"]),
            **{column: f"{row[column]:.5g}" if column in row else "" for column in columns},
        }
        for name, rows in histories.items()
        for row in rows
    ]


def training_pictures(card: registry.ModelCard) -> int | str:
    """How many different pictures a model has learned from, as its card says: "14,400 pictures", or so many "new pictures
    an epoch"; "" where it does not say."""
    found = re.search(r"([\d,]*\d) (new )?(?:\w+ )?pictures", card.data)
    if found is None:
        return ""
    pictures = int(found[1].replace(",", ""))
    return pictures * card.epochs_trained if found[2] else pictures


def evaluate(folder: Path | None = None, results: Path | None = None, model_ids: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Measure stored clock models; write all tables and the cards' figures; return the rows of the first.

    model_ids: measure these alone, among them perhaps ``CLASSICAL``, the reader without learning; of the others the tables
    say what was measured before. All for none.
    ``ValueError`` for an id that is no stored clock model.
    """
    results = results or paths.RESULTS
    cards = [card for card in registry.list_cards(folder) if card.extra.get("task") == "clock"]
    names = [card.model_id for card in cards]
    unknown = sorted(set(model_ids) - {*names, CLASSICAL})
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: no such clock model is stored; there are {', '.join(names)}")
    if not cards:
        return []
    headlines = {row["model"]: row for row in published_figures() if row["headline"] == "yes"}
    benchmark = report_benchmark(progress=progress_bar("drawing the benchmark"))
    true = benchmark.minutes[benchmark.test]
    rows: list[dict[str, Any]] = []
    models: list[registry.TrainedModel] = []
    readings = _earlier_readings(results, true, names) if model_ids else {}
    for card in cards:
        figures = card.figures
        if not model_ids or card.model_id in model_ids:
            models.append(registry.load_trained(card.model_id, folder))
            figures, readings[card.model_id] = read_benchmark(models[-1])
            registry.update_card(card.model_id, folder, figures=figures, sha256=card.sha256)
        if figures:
            rows.append(_row(card, figures, headlines.get(card.model_id, {})))
    write_table(results, TABLE, rows)
    readings = {name: np.round(readings[name], 2) for name in names if name in readings}  # as the table says
    columns = [{name: f"{read[row]:.2f}" for name, read in readings.items()} for row in range(len(true))]
    write_table(results, READINGS, [{"true": int(minute), **found} for minute, found in zip(true, columns, strict=True)])
    write_table(results, BY_TIME, errors_by_time(true, readings))
    write_table(results, CURVES, learning_curves(names, folder))
    readers = [model for model in models if not model.card.report]
    classical = not model_ids or CLASSICAL in model_ids
    if readers or classical:
        sets = [*picture_sets(), wild_set(), wild_set(held_out=True)]
        found, reliable = evaluate_sets(readers, sets, classical)
        found = _with_earlier(found, read_table(results, SETS), [*names, CLASSICAL])
        learned = {card.model_id: training_pictures(card) for card in cards}
        write_table(results, SETS, [{**row, "training_pictures": learned.get(row["model"], 0)} for row in found])
        reliable = _with_earlier(reliable, read_table(results, RELIABILITY), [*names, CLASSICAL])
        write_table(results, RELIABILITY, reliable)
    examples = read_examples(models)
    if examples:  # without the pictures, what was measured where they were stays
        before = {row["file"]: row for row in read_table(results, ORIGINALS)} if model_ids else {}
        write_table(results, ORIGINALS, [{**before.get(row["file"], {}), **row} for row in examples])
    return rows


def _row(card: registry.ModelCard, figures: Mapping[str, float], headline: Mapping[str, str]) -> dict[str, Any]:
    """A model's row of ``TABLE``."""
    measure = headline.get("measure", "")
    ruler = ["mean_minutes", "median_minutes", "p95_minutes", "within_1_minute", "within_5_minutes", "over_30_minutes"]
    ruler += ["mean_minutes_any_turn"]
    return {
        "model": card.model_id,
        "report": card.report or "",
        "measure": measure,
        "published": float(headline["published"]) if headline else "",
        "ours": round(figures[measure], 4) if measure else "",
        **{name: round(figures[name], 4) for name in ruler},
        "custom_mse_as_published": round(figures["custom_mse_as_published"], 4),
        ALONE: round(figures[ALONE], 4) if ALONE in figures else "",  # cards of earlier measurements have none
        "custom_mse_corrected": round(figures["custom_mse_corrected"], 4),
        **registry.how_trained(card),
        "training_pictures": training_pictures(card),
    }


def _earlier_readings(results: Path, true: NDArray[np.int64], names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """What the models among ``names`` read when they were measured last: minutes as ``true``; nothing of another benchmark."""
    table = read_table(results, READINGS)
    if [row.get("true") for row in table] != [str(int(minute)) for minute in true]:
        return {}
    return {name: np.array([float(row[name]) for row in table]) for name in names if name in table[0]}


def _with_earlier(
    rows: Sequence[dict[str, Any]], earlier: Sequence[dict[str, Any]], names: Sequence[str]
) -> list[dict[str, Any]]:
    """``rows`` and what was measured before of other readers among ``names``, or on sets that ``rows`` lacks: without the
    pictures, what was measured where they were stays. In the order of ``names``; cells that ``earlier`` lacks are empty."""
    measured = {(row["model"], row["set"]) for row in rows}
    kept = [
        {name: row.get(name, "") for name in rows[0]}
        for row in earlier
        if row["model"] in names and (row["model"], row["set"]) not in measured
    ]
    return sorted([*rows, *kept], key=lambda row: names.index(row["model"]))
