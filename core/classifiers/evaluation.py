"""How well stored classifiers do on the test parts of their data sets."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core import paths, registry
from core.classifiers.runs import confusions, unit_pictures
from core.datasets import Dataset, load_dataset
from core.tables import write_table

TABLE = "classifiers.csv"  # a model a row
TASK = "classifier"  # in a card's extra, beside the name of its data set
SMALLEST = 1e-7  # probability in a logarithm, as Keras has it


@lru_cache(maxsize=1)
def _dataset(name: str) -> Dataset:
    return load_dataset(name)


def classifier_figures(model: registry.TrainedModel) -> dict[str, float]:
    """test_accuracy and test_cross_entropy (mean, natural logarithm), and valid_accuracy, of the part to choose on."""
    data = _dataset(str(model.card.extra["dataset"]))
    figures = {}
    for name, part in (("test", data.test), ("valid", data.valid)):
        steps = range(0, len(part), 1000)
        probabilities = np.concatenate([model(unit_pictures(part.images[start : start + 1000])) for start in steps])
        confusion, _ = confusions(part.labels, probabilities, len(data.info.classes))
        figures[f"{name}_accuracy"] = float(np.trace(confusion) / len(part))
        right = np.clip(probabilities[np.arange(len(part)), part.labels], SMALLEST, 1)
        figures[f"{name}_cross_entropy"] = float(-np.log(right).mean())
    return {name: figures[name] for name in ("test_accuracy", "test_cross_entropy", "valid_accuracy")}


def evaluate(folder: Path | None = None, results: Path | None = None) -> list[dict[str, Any]]:
    """Measure every stored classifier; write the table and the cards' figures; return the rows, none when none is stored.

    ``DatasetError`` when the data of one is missing; then the table stays what it was.
    """
    cards = [card for card in registry.list_cards(folder) if card.extra.get("task") == TASK]
    rows: list[dict[str, Any]] = []
    for card in sorted(cards, key=lambda card: str(card.extra["dataset"])):
        figures = classifier_figures(registry.load_trained(card.model_id, folder, batch_size=250))
        registry.update_card(card.model_id, folder, figures=figures, sha256=card.sha256)
        rows.append(
            {
                "model": card.model_id,
                "dataset": card.extra["dataset"],
                **{name: round(value, 4) for name, value in figures.items()},
                **registry.how_trained(card),
            }
        )
    if rows:
        write_table(results or paths.RESULTS, TABLE, rows)
    return rows
