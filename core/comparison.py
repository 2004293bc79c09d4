"""Every clock model side by side: cards, recipes, figures and readings on disk -> entries, tables and tidy arrays.

Nothing here loads a model. What does not exist yet is simply not there; what is damaged is a ``ResultsError``.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import paths, registry
from core.catalogue import all_recipes
from core.clocks.evaluation import READINGS, SETS, TABLE, published_figures
from core.clocks.forms import FORMS
from core.clocks.measures import ALONE
from core.clocks.time import common_sense_error_minutes
from core.study_names import device_words

Floats = NDArray[np.float64]
GROUPS = {None: "Ours", "2022": "Report 2022", "2023": "Report 2023"}
LOSSES = {
    "mae": "absolute error",
    "mse": "squared error",
    "custom-mse-as-published": "custom MSE, as published",
    "custom-mse-corrected": "custom MSE, corrected",
    "classes": "cross-entropy",
    "two-classes": "cross-entropy of both heads",
    "classes-and-mae": "cross-entropy of the hour + absolute error of the minute",
    "classes-and-mse": "cross-entropy of the hour + squared error of the minute",
}
OUR_LOSS = "sum of four: soft bins, hands, maps, points"
OUR_FORM = "720 soft bins, sines and cosines of both hands, places of hub, tips and numerals"
# Of readers that also say whether there is a clock to be read.
READABLE_LOSS, READABLE_FORM = f"{OUR_LOSS.replace('four', 'five')}, readable or not", f"{OUR_FORM}, readable or not"
MEASURES = {
    "mae_hours": "absolute error, hours",
    "custom_mae_as_published": "custom MAE as published",
    "custom_mse_as_published": "custom MSE as published",
    "custom_mse_corrected": "custom MSE corrected",
    "loss": "test loss",
    "mse": "mean squared error of the label",
    "accuracy": "accuracy",
    "hour_accuracy": "accuracy of the hour",
    "pair_accuracy": "accuracy of the two-minute class",
    "minute_mse": "squared error of the minute's output",
    "minute_mae": "absolute error of the minute, minutes",
    "mean_minutes": "common-sense error, mean minutes",
    "accuracy_train_and_test": "accuracy, training and test pictures together",
    "hour_accuracy_train_and_test": "accuracy of the hour, training and test pictures together",
    "training_seconds": "training time, seconds",
}


class ResultsError(ValueError):
    """A stored table of results cannot be read; the text names the file and the remedy."""


@dataclass(frozen=True)
class Entry:
    """A clock model as it stands, trained or not; ``epochs_trained`` 0 says that nothing is stored.

    report: "2022", "2023" or None for ours. form, loss, network: in words. gamma: what its pictures are raised to.
    figures: its test figures by name. layers: those with weights, 0 where that is not known without building it.
    """

    model_id: str
    title: str
    summary: str
    report: str | None
    form: str
    loss: str
    gamma: float
    network: str
    layers: int
    parameters: int
    data: str
    epochs_trained: int
    epochs_asked: int
    seconds: float
    device: str
    training: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def trained(self) -> bool:
        return self.epochs_trained > 0

    @property
    def group(self) -> str:
        return GROUPS[self.report]

    @property
    def epochs(self) -> str:
        """As it is written everywhere: '100 of 100 epochs', '3 of 100 epochs, CPU'."""
        device = f", {device_words(self.device)}" if self.epochs_trained < self.epochs_asked else ""
        return f"{self.epochs_trained} of {self.epochs_asked} epochs{device}" if self.trained else "not trained yet"

    @property
    def command(self) -> str:
        """What trains it, or goes on."""
        return f"python -m core train {self.model_id}" + (" --resume" if self.trained else "")


def entries(folder: Path | None = None) -> list[Entry]:
    """Every clock model there is a card or a recipe for: ours, then the reports', each in the order of its recipes."""
    recipes = {name: recipe for name, recipe in all_recipes().items() if recipe.extra.get("task") == "clock"}
    cards = {card.model_id: card for card in registry.list_cards(folder) if card.extra.get("task") == "clock"}
    found = [entry(source) for source in ({**recipes, **cards}).values()]
    return sorted(found, key=lambda one: list(GROUPS).index(one.report))  # sorting keeps the order within a group


def entry(source: Any) -> Entry:
    """An Entry from a ``ModelCard``, or from a ``Recipe`` that no card follows yet."""
    card = isinstance(source, registry.ModelCard)
    spec = source.spec if card else vars(source.spec)
    training = source.training if card else vars(source.training)
    words, layers = network_words(spec)
    form = FORMS.get(str(source.extra.get("form", "")))
    our_form, our_loss = (READABLE_FORM, READABLE_LOSS) if source.extra.get("readable") else (OUR_FORM, OUR_LOSS)
    return Entry(
        model_id=source.model_id,
        title=source.title,
        summary=source.summary,
        report=source.report,
        form=form.title if form else our_form,
        loss=LOSSES.get(str(source.extra.get("loss", "")), our_loss),
        gamma=float(source.extra.get("gamma", 1.0)),
        network=words,
        layers=layers,
        parameters=source.parameters if card else 0,
        data=source.data if card else source.data_name,
        epochs_trained=source.epochs_trained if card else 0,
        epochs_asked=source.epochs_asked if card else source.training.epochs,
        seconds=source.seconds if card else 0.0,
        device=source.device if card else "",
        training=dict(training),
        figures=dict(source.figures) if card else {},
    )


def network_words(spec: Mapping[str, Any]) -> tuple[str, int]:
    """What a network is made of, in a sentence, and its layers with weights (batch normalisation not counted)."""
    year, head = spec.get("year"), str(spec.get("head", ""))
    if year not in ("2022", "2023") or head not in FORMS:
        widths = ", ".join(str(width) for width in spec.get("widths", ()))
        return f"Residual network, widths {widths}, that keeps places", 0
    units = " and ".join(str(count) for count, _ in FORMS[head].outputs.values())
    heads = len(FORMS[head].outputs)
    if year == "2022":
        dense = "Dense 256 and 128, for each head its own" if spec.get("split") else "Dense 256 and 128"
        return f"3 blocks Conv 3x3 (32, 64, 128), pool, BN, dropout; {dense}; Dense {units}", 3 + 2 * (
            2 if spec.get("split") else 1
        ) + heads
    if head == "hour-and-minute":
        words = (
            "Hour: 3 blocks Conv 3x3 (16, 32, 32), Dense 144 and 60. Minute: 4 blocks Conv 10x10 and 5x5 (64), Dense 128 and 64"
        )
        return f"{words}; Dense {units}", 5 + 6 + heads
    stack = ["128"] if head.startswith("hours") else ["144", "60"]
    words = f"3 blocks Conv 3x3 (16, 32, 32), BN, pool, dropout; Dense {' and '.join(stack)}; Dense {units}"
    return words, 3 + len(stack) + heads


# --- tables that ``evaluate`` wrote ---------------------------------------------------------------------------------


def _rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV, none when it is not there."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, csv.Error) as error:
        raise _damaged(path, str(error)) from error
    if any(None in row or None in row.values() for row in rows):
        raise _damaged(path, "a row is longer or shorter than the header")
    return rows


def _damaged(path: Path, why: str) -> ResultsError:
    return ResultsError(f"{path.name} is damaged ({why}); write it again with: python -m core evaluate clocks")


def scores(results: Path | None = None) -> dict[str, dict[str, float | str]]:
    """What ``evaluate`` measured, by model id: numbers as numbers, words as words, empty cells left out."""
    path = (results or paths.RESULTS) / TABLE
    found: dict[str, dict[str, float | str]] = {}
    for row in _rows(path):
        if not row.get("model"):
            raise _damaged(path, "it has no column 'model'")
        found[row["model"]] = {name: _number(cell) for name, cell in row.items() if cell and name != "model"}
    return found


SET_NAMES = {  # sets of pictures in ``evaluation.SETS`` and its like -> for people
    "photographs": "Photographs",
    "faces": "Painted hands",
    "benchmark": "Test pictures",
    "classical": "Without learning",
    "wild": "Drawn, any clock",
    "wild-held-out": "Drawn, features never trained on",
}


CHOSEN_ON = (  # stands wherever figures of those sets do
    "No model learned from these pictures or was validated on them: the painted faces are those that validation leaves over, "
    "with all that do not tell where 12 is. The photographs are no clean test all the same: how a dial is sought under many "
    "gammas, and when the reports' networks doubt a picture, was decided with some of them in view."
)


def set_figures(results: Path | None = None) -> dict[str, dict[str, dict[str, float]]]:
    """What ``evaluate`` measured on photographs and other clocks: model id -> set of pictures -> figures by name."""
    path = (results or paths.RESULTS) / SETS
    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in _rows(path):
        if not (row.get("model") and row.get("set")):
            raise _damaged(path, "it has no columns 'model' and 'set'")
        told = {name: _number(cell) for name, cell in row.items() if cell and name not in ("model", "set")}
        found.setdefault(row["model"], {})[row["set"]] = {
            name: value for name, value in told.items() if isinstance(value, float)
        }
    return found


def _number(cell: str) -> float | str:
    try:
        value = float(cell)
    except ValueError:
        return cell
    return value if np.isfinite(value) else cell


@dataclass(frozen=True, eq=False)
class Readings:
    """true: float64 (n,), the minutes that n test pictures show; read: model id -> (n,) minutes read in [0, 720)."""

    true: Floats
    read: dict[str, Floats]

    def errors(self, model_id: str) -> Floats:
        """The common-sense error of each picture in minutes, (n,)."""
        return common_sense_error_minutes(self.true, self.read[model_id])


def readings(results: Path | None = None) -> Readings:
    """What every measured model read in every test picture; empty when nothing was measured yet."""
    path = (results or paths.RESULTS) / READINGS
    rows = _rows(path)
    if not rows:
        return Readings(np.empty(0), {})
    try:
        table = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    except ValueError as error:
        raise _damaged(path, str(error)) from error
    if "true" not in table or not all(np.isfinite(column).all() for column in table.values()):
        raise _damaged(path, "it lacks the column 'true', or a cell is no finite number")
    return Readings(table.pop("true"), table)


def published_and_ours(
    chosen: Sequence[Entry], measured: Mapping[str, Mapping[str, float | str]], reports: Path | None = None
) -> list[dict[str, Any]]:
    """Every figure that the reports print of the models, with ours for the same measure: the card's, else the table's.

    Rows: model, title, measure (in words), source, published (text, to the digit as printed; "" where a report speaks of a
    model and prints no figure), ours (None when not measured), note.
    """
    by_id = {one.model_id: one for one in chosen}
    rows = []
    for row in published_figures(reports):
        one = by_id.get(row["model"])
        if one is None:
            continue
        name = row["measure"]
        told = measured.get(one.model_id, {})
        card = {**one.figures, "training_seconds": one.seconds} if one.seconds else one.figures
        ours = card.get(name, told.get(name, told.get("ours") if told.get("measure") == name else None))
        alone = card.get(ALONE, told.get(ALONE)) if name == "custom_mse_as_published" else None
        said = (
            f"Ours is of batches of 32; of one picture at a time it is {alone:.4g}." if isinstance(alone, int | float) else ""
        )
        rows.append(
            {
                "model": one.model_id,
                "title": one.title,
                "measure": MEASURES.get(name, name.replace("_", " ")),
                "source": row["source"],
                "published": row["published"],
                "ours": float(ours) if isinstance(ours, int | float) else None,
                "note": " ".join(part for part in (row["note"], said) if part),
            }
        )
    return rows
