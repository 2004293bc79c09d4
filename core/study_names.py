"""How studies, factors, levels, measures and runs read, in figures and on pages."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.classifiers.architectures import ARCHITECTURES
from core.datasets import DATASETS
from core.specs import OPTIMIZERS
from core.trials import Level, Printed, Row, Study
from core.written import three_digits

FACTORS = {
    "initializer": "first weights",
    "activation": "activation",
    "optimizer": "optimiser",
    "regularization": "regularisation",
    "architecture": "network",
    "learning_rate": "rate",
    "batch_size": "batch",
    "epochs": "epochs asked",
    "dataset": "data set",
    "choice": "chosen by",
}
CONDITIONS = ("dataset",)  # factors that are no setting, but what the runs are made on: none of their levels is better
MEASURES = {"accuracy": "accuracy", "cross_entropy": "cross-entropy", "loss": "loss with penalty"}
PARTS = {"train": "training", "val": "validation", "test": "test"}
_LEVELS: dict[str, Mapping[Level, str]] = {
    "initializer": {
        "ones": "ones",
        "zeros": "zeros",
        "uniform": "U(±0.05)",
        "normal": "N(0, 0.05)",
        "glorot_uniform": "Glorot",
        "he_normal": "He",
    },
    "regularization": {"none": "none", "l1": "L1", "l2": "L2", "l1&dropout": "L1 + dropout", "l2&dropout": "L2 + dropout"},
    "architecture": {
        "mlp-22-basic": "MLP basic",
        "mlp-22-custom": "MLP custom",
        "cnn-22-basic": "CNN basic",
        "cnn-22-custom": "CNN custom",
        "mlp-300-100-dropout": "MLP 300-100, dropout twice",
        "mlp-300-100-dropout-first": "MLP 300-100, dropout once",
        "mlp-300-dropout": "MLP 300, dropout",
        "mlp-300-l1": "MLP 300-100, L1 + dropout",
        "keras-mlp": "Keras' MLP",
        "keras-cnn": "Keras' CNN",
    },
    "choice": {"published": "the report", "ours": "our runs"},
}


def measure_title(column: str) -> str:
    """A column of the results in words: ``val_accuracy`` is 'validation accuracy'."""
    part, _, measure = column.partition("_")
    return f"{PARTS.get(part, part)} {MEASURES.get(measure, measure.replace('_', ' '))}"


def figure_text(column: str, value: float | None) -> str:
    """A figure with the digits that it deserves: accuracies in per cent, losses with three digits; a dash for none.

    What a report prints stands as it is printed there.
    """
    if value is None:
        return "–"
    if isinstance(value, Printed):
        return value.text
    return f"{100 * value:.2f} %" if column.endswith("accuracy") else three_digits(value)


_DIVERGED = re.compile(
    r"training diverged: (?P<what>.+) is \S+ after step (?P<step>\d+) of \d+ in epoch (?P<epoch>\d+)\. "
    r"Begin anew and lower learning_rate \(now (?P<rate>[^)]+)\) or (?:set )?clip_norm(?: \(now (?P<clip>[^)]+)\))?\."
)


def diverged_words(text: str, epochs: int) -> str:
    """What a run that diverged after so many whole epochs says, in the words of the pages; another text as it is.

    text: that of ``training.DivergedError``, which names what one sets in code.
    """
    if not (found := _DIVERGED.fullmatch(text)):
        return text
    what = "the loss" if found["what"] == "loss" else found["what"]
    cut = f"closer clipping than {found['clip']}" if found["clip"] else "clipping"
    shown = f"after epoch {epochs}" if epochs else "before training"
    return (
        f"Diverged in batch {found['step']} of epoch {found['epoch']}: {what} was no number any more. "
        f"A rate below {found['rate']}, or {cut}, helps. Shown is the network {shown}."
    )


def factor_title(name: str) -> str:
    return FACTORS.get(name, name.replace("_", " "))


def level_title(factor: str, level: Level | None) -> str:
    """A level as figures and lists show it; short enough for an axis."""
    if level is None:
        return "–"
    if factor == "optimizer":
        return OPTIMIZERS.get(str(level), str(level))
    if factor == "dataset" and level in DATASETS:
        return DATASETS[str(level)].title
    known = _LEVELS.get(factor, {})
    if factor == "architecture" and level not in known and level in ARCHITECTURES:
        return ARCHITECTURES[str(level)].title
    return known.get(level) or (f"{level:g}" if isinstance(level, float) else str(level))


def setting_title(factors: Mapping[str, Level]) -> str:
    """A setting in a line: 'Adam, rate 0.001, batch 128, 20 epochs'."""
    words = {"learning_rate": "rate {}", "batch_size": "batch {}", "epochs": "{} epochs", "choice": "chosen by {}"}
    told = [words.get(name, "{}").format(level_title(name, level)) for name, level in factors.items() if level is not None]
    return ", ".join(told)


def run_title(row: Mapping[str, Any], factors: Sequence[str], *, seeds: bool = True) -> str:
    """A run in a line: its number, setting, and its seed where there are several."""
    setting = setting_title({name: row[name] for name in factors if row.get(name) is not None})
    return f"{row['trial']}: {setting}" + (f", seed {row['seed']}" if seeds else "")


def share_words(row: Mapping[str, Any]) -> str:
    """What of a run was done, and where: '2 of 20 epochs, 10,000 of 54,000 pictures, CPU'."""
    trained, asked = row["epochs_trained"], row["epochs_asked"]
    epochs = f"{trained} epochs" if trained == asked else f"{trained} of {asked} epochs"
    seen, there = row["pictures"], row["pictures_asked"]
    pictures = f"{seen:,} pictures" if seen == there else f"{seen:,} of {there:,} pictures"
    return f"{epochs}, {pictures}, {device_words(row['device'])}"


def short_share(row: Mapping[str, Any]) -> str:
    """The same without the device, where many stand below each other: '2 of 20 epochs, 10 % of the pictures'."""
    parts = [f"{row['epochs_trained']} of {row['epochs_asked']} epochs"] if row["epochs_trained"] < row["epochs_asked"] else []
    if row["pictures"] < row["pictures_asked"]:
        parts.append(f"{100 * row['pictures'] / row['pictures_asked']:.0f} % of the pictures")
    return ", ".join(parts)


def device_words(device: str) -> str:
    """A device in a word or two: all of a processor's name is too long for a table."""
    return "CPU" if "cpu" in device.lower() else device.replace("NVIDIA ", "").strip() or "device not known"


def is_cut(row: Mapping[str, Any]) -> bool:
    """Whether a run saw fewer epochs or pictures than its study asks for; one that diverged ended of itself."""
    return (row["epochs_trained"] < row["epochs_asked"] and not row["diverged"]) or row["pictures"] < row["pictures_asked"]


def varied(factors: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The factors that take more than one level in these rows."""
    every = list(rows)
    return [name for name in factors if len({row.get(name) for row in every} - {None}) > 1]


def losses_apart(rows: Iterable[Row]) -> bool:
    """Whether any run's loss holds a penalty on the weights, which its cross-entropy does not."""
    pairs = ((row.get("val_loss"), row.get("val_cross_entropy")) for row in rows)
    return any(loss is not None and bare is not None and abs(loss - bare) > 1e-3 * abs(bare) for loss, bare in pairs)


def levels_in(study: Study, factor: str, rows: Iterable[Mapping[str, Any]]) -> list[Level]:
    """The levels of a factor that these rows have, in the order of the study."""
    there = {row.get(factor) for row in rows}
    return [level for level in study.levels(factor) if level in there]
