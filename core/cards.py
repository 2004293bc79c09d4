"""The cards and histories of stored models: what is known of each without loading it.

Reading them needs neither Keras nor TensorFlow; ``registry`` writes them and runs the models.
"""

import csv
import dataclasses
import json
import math
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import paths

MODEL_FILE, CARD_FILE, HISTORY_FILE = "model.keras", "card.json", "history.csv"


class RegistryError(ValueError):
    """A stored model cannot be used or written; the text names the file and the remedy."""


def short_title(title: str) -> str:
    """A model's title as lists show it: 'VAE-32 of leaves (2023)' for 'VAE of leaves, 32 latent numbers (2023)'."""
    return re.sub(r"^(\w+) ([^,]+), (\d+) latent numbers", r"\1-\3 \2", title)


@dataclass(frozen=True)
class ModelCard:
    """What is known of one stored model.

    model_id: ``[a-z0-9-]``, also its folder. report: the report that it follows, "2022" or "2023", or None. network: the
    builder's name, spec: the fields of its spec; training: those of ``TrainSpec``. data: what it learned from, with the
    licence. epochs_trained of epochs_asked, on device, in seconds. figures: test figures by name, units in the names. extra:
    what decoding needs besides (input size, temperature); ``_EXTRA`` says what each key holds, and ``_NEEDED`` which ones a
    task takes. ``save_trained`` fills parameters, versions, sha256 (of ``model.keras``) and, where empty, created (ISO date).
    """

    model_id: str
    title: str
    summary: str
    report: str | None
    network: str
    spec: dict[str, Any]
    training: dict[str, Any]
    data: str
    data_licence: str
    epochs_trained: int
    epochs_asked: int
    device: str
    seconds: float
    figures: dict[str, float] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    parameters: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    sha256: str = ""
    created: str = ""

    def __post_init__(self) -> None:
        check_model_id(self.model_id)
        for name, kinds in _CARD_TYPES.items():
            value = getattr(self, name)
            if not isinstance(value, kinds) or isinstance(value, bool):
                wanted = " or ".join(kind.__name__ for kind in kinds)
                raise RegistryError(f"{name} of the card of {self.model_id} must be {wanted}; got {value!r}")
        if self.report not in (None, "2022", "2023"):
            raise RegistryError(f"report of the card of {self.model_id} must be '2022', '2023' or None; got {self.report!r}")
        remedy = "correct it, or train or fetch the model again"
        for key, value in self.extra.items():
            wanted, fits = _EXTRA.get(key, ("", _anything))
            if not fits(value):
                raise RegistryError(f"extra.{key} of the card of {self.model_id} must be {wanted}; got {value!r}; {remedy}")
        for key, value in self.figures.items():
            if not _number(-math.inf)(value):
                raise RegistryError(
                    f"figures.{key} of the card of {self.model_id} must be a finite number; got {value!r}; {remedy}"
                )
        for key in _NEEDED.get(self.extra.get("task", ""), ()):
            if key not in self.extra:
                wanted = _EXTRA[key][0]
                raise RegistryError(f"extra of the card of {self.model_id} lacks {key!r}, which must be {wanted}; {remedy}")

    def to_json(self) -> str:
        """Readable JSON, one key a line, in the order of the fields; tuples become lists."""
        values = dataclasses.asdict(self)
        for key, value in _numbers(values):
            if not math.isfinite(value):
                raise RegistryError(
                    f"{key} of the card of {self.model_id} is {value}; a card holds finite numbers only, leave it out"
                )
        return json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str, name: str = CARD_FILE) -> "ModelCard":
        """The card in ``text``; ``name`` is the file that errors name."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:  # RecursionError: brackets within brackets without end
            raise RegistryError(f"{name} is not valid JSON ({error}); write it again with save_trained") from error
        if not isinstance(values, dict):
            raise RegistryError(f"{name} must hold one JSON object; got {type(values).__name__}")
        keys = [item.name for item in dataclasses.fields(cls)]
        for key in values:
            if key not in keys:
                raise RegistryError(f"{name} has the unknown key {key!r}; remove it, or write the card with save_trained")
        for key in keys:
            if key not in values:
                raise RegistryError(f"{name} lacks the key {key!r}; add it, or write the card with save_trained")
        try:
            return cls(**values)
        except RegistryError as error:
            raise RegistryError(f"{name}: {error}") from error


def _numbers(value: Any, key: str = "") -> Iterator[tuple[str, float]]:
    """Every float in nested values, with the dotted key that leads there."""
    if isinstance(value, float):
        yield key, value
    elif isinstance(value, dict | list | tuple):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _numbers(item, f"{key}.{name}" if key else str(name))


_CARD_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("title", "summary", "network", "data", "data_licence", "device", "sha256", "created"), (str,)),
    **dict.fromkeys(("spec", "training", "figures", "extra", "versions"), (dict,)),
    **dict.fromkeys(("epochs_trained", "epochs_asked", "parameters"), (int,)),
    "seconds": (int, float),
}


def _anything(value: Any) -> bool:
    return True


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _number(least: float, most: float = math.inf, *, above: bool = False) -> Callable[[Any], bool]:
    """Whether a value is a finite number from ``least`` (above: not that one itself) to ``most``."""

    def fits(value: Any) -> bool:
        plain = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return plain and least <= value <= most and not (above and value == least)

    return fits


# What each key of a card's ``extra`` must be, in words, and whether a value is that. Cards are edited by hand, too.
_EXTRA: dict[str, tuple[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("task", "form", "loss", "data", "dataset", "data_version"), ("text", _text)),
    **dict.fromkeys(("side", "latent"), ("a whole number from 1 on", _count)),
    **dict.fromkeys(("temperature", "located_temperature", "spread_minutes"), ("a number above 0", _number(0, above=True))),
    "gamma": ("a number above 0, and at most 10", _number(0, 10, above=True)),
    "gross_share": ("a number from 0 to 1", _number(0, 1)),
    "validation_minutes": ("a number from 0 on", _number(0)),
    "readable": ("true or false", lambda value: isinstance(value, bool)),
    "kind": ("'vae' or 'gan'", lambda value: value in ("vae", "gan")),
    "classes": ("a list of texts", lambda value: isinstance(value, list | tuple) and all(map(_text, value))),
    "snapshots": (
        "a list of epochs, each 1 or more",
        lambda value: isinstance(value, list | tuple) and all(map(_count, value)),
    ),
}
_NEEDED = {
    "clock": ("side",),
    "classifier": ("dataset",),
    "generator": ("kind", "side", "latent", "data"),
    "leaf-classes": ("side",),
}


_MODEL_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def check_model_id(model_id: str) -> str:
    """The id itself, or a ``RegistryError``: ids name folders and come from URLs and command lines."""
    if not isinstance(model_id, str) or not _MODEL_ID.fullmatch(model_id):
        raise RegistryError(f"a model id has 1-64 of a-z, 0-9 and '-', and does not begin with '-'; got {str(model_id)[:80]!r}")
    return model_id


def list_cards(folder: Path | None = None) -> list[ModelCard]:
    """Every card in ``folder`` (default ``paths.MODELS``), sorted by id; a missing folder holds none.

    Folders whose names are no ids are passed over; a damaged card is left out with a warning that says what is wrong.
    """
    cards, damaged = read_cards(folder)
    for error in damaged:
        warnings.warn(str(error), stacklevel=2)
    return cards


def read_cards(folder: Path | None = None) -> tuple[list[ModelCard], list[RegistryError]]:
    """The cards of ``list_cards``, and what is wrong with each that it leaves out."""
    folder = paths.MODELS if folder is None else Path(folder)
    cards, damaged = [], []
    for model_id in _stored_ids(folder):
        try:
            cards.append(load_card(model_id, folder))
        except RegistryError as error:
            damaged.append(error)
    return cards, damaged


def _stored_ids(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob(f"*/{CARD_FILE}") if _MODEL_ID.fullmatch(path.parent.name))


def load_card(model_id: str, folder: Path | None = None) -> ModelCard:
    """The card of one stored model; ``RegistryError`` if there is none or it is damaged."""
    folder = paths.MODELS if folder is None else Path(folder)
    path = folder / check_model_id(model_id) / CARD_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        known = ", ".join(_stored_ids(folder)) or "none"
        raise RegistryError(f"there is no model {model_id!r}; stored are: {known}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise RegistryError(f"{model_id}/{CARD_FILE} cannot be read: {error}") from error
    card = ModelCard.from_json(text, f"{model_id}/{CARD_FILE}")
    if card.model_id != model_id:
        raise RegistryError(f"{model_id}/{CARD_FILE} is the card of {card.model_id!r}; move it to that folder")
    return card


def how_trained(card: ModelCard) -> dict[str, Any]:
    """What tables of results say of every model's training."""
    return {
        "epochs_trained": card.epochs_trained,
        "epochs_asked": card.epochs_asked,
        "training_seconds": round(card.seconds),
        "device": card.device,
        "parameters": card.parameters,
    }


def load_history(model_id: str, folder: Path | None = None) -> list[dict[str, float]]:
    """The rows of a stored model's history, an epoch a row, numbers as numbers; none when it has no history.

    ``RegistryError`` if the file is damaged.
    """
    folder = paths.MODELS if folder is None else Path(folder)
    path = folder / check_model_id(model_id) / HISTORY_FILE
    if not path.exists():
        return []
    name = f"{model_id}/{HISTORY_FILE}"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file)) or [[]]
        # An empty cell is a value that the epoch lacks.
        history = [{key: float(cell) for key, cell in zip(header, row, strict=True) if cell} for row in rows if row]
    except (OSError, ValueError, csv.Error) as error:  # ValueError: no number, a short row, bytes that are no text
        raise RegistryError(f"{name} is damaged ({error}); train or fetch the model again") from error
    if header and "epoch" not in header:
        raise RegistryError(f"{name} is damaged (it has no column 'epoch'); train or fetch the model again")
    return history
