"""The stored models and their cards: ``save_trained`` writes them, ``list_cards`` shows them, ``load_trained`` runs them.

A model is a folder ``<model_id>/`` with ``model.keras`` (float32 in use, stored as float16, no optimiser), ``card.json`` and
``history.csv`` (one row an epoch). Importing this module imports neither Keras nor TensorFlow, and cards need neither.
"""

import contextlib
import csv
import dataclasses
import hashlib
import importlib
import json
import math
import os
import re
import shutil
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import paths
from core.devices import runner, versions
from core.packing import dequantised, huge_layers, pack, quantise_huge

MAX_MODEL_BYTES = 16 * 1024 * 1024
# Where our Keras classes are registered.
LAYER_MODULES = ("core.layers", "core.lean_layers", "core.clocks.networks", "core.generators.vae")
MODEL_FILE, CARD_FILE, HISTORY_FILE = "model.keras", "card.json", "history.csv"
LOCK_FILE = ".lock"  # in the models' folder; held while one of them is written
PAUSES = (0.05, 0.1, 0.2, 0.4)  # seconds between looks at a model that is being stored


class RegistryError(ValueError):
    """A stored model cannot be used or written; the text names the file and the remedy."""


@dataclass(frozen=True)
class ModelCard:
    """What is known of one stored model.

    model_id: ``[a-z0-9-]``, also its folder. report: the report that it follows, "2022" or "2023", or None. network: the
    builder's name, spec: the fields of its spec; training: those of ``TrainSpec``. data: what it learned from, with the
    licence. epochs_trained of epochs_asked, on device, in seconds. figures: test figures by name, units in the names. extra:
    what decoding needs besides (input size, temperature). ``save_trained`` fills parameters, versions, sha256 (of
    ``model.keras``) and, where empty, created (ISO date).
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
    folder = paths.MODELS if folder is None else Path(folder)
    cards = []
    for model_id in _stored_ids(folder):
        try:
            cards.append(load_card(model_id, folder))
        except RegistryError as error:
            warnings.warn(str(error), stacklevel=2)
    return cards


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


# --- writing ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """One writer at a time in ``folder``, in all threads and processes of a POSIX system; elsewhere nothing is held."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with (folder / LOCK_FILE).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go when the file is closed, also by the end of the process
        yield


def save_trained(
    model: Any, card: ModelCard, history: Sequence[Mapping[str, Any]] | None, folder: Path | None = None
) -> ModelCard:
    """Store a ``keras.Model`` with its card and history (rows of ``TrainingResult.history``); returns the completed card.

    Kernels are stored as float16, Dense kernels of two million weights and more as int8, vectors (biases, the statistics of
    batch norm) as float32; the configuration says float32 throughout, also for a model built under a mixed policy, and holds
    no optimiser. Files are replaced one by one, the card last. Over 16 MiB: ``RegistryError``.
    """
    folder = paths.MODELS if folder is None else Path(folder)
    created = card.created or date.today().isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{card.model_id}-", dir=folder))
    try:
        model.save(scratch / MODEL_FILE)
        if huge_layers(model):
            quantise_huge(scratch / MODEL_FILE)
        content = pack((scratch / MODEL_FILE).read_bytes(), created)
        if len(content) > MAX_MODEL_BYTES:
            raise RegistryError(
                f"model {card.model_id} takes {len(content) / 2**20:.1f} MiB; at most {MAX_MODEL_BYTES // 2**20} are stored. "
                "Build it with fewer parameters."
            )
        done = dataclasses.replace(
            card,
            parameters=int(model.count_params()),
            versions=versions(),
            sha256=hashlib.sha256(content).hexdigest(),
            created=created,
        )
        (scratch / MODEL_FILE).write_bytes(content)
        (scratch / CARD_FILE).write_text(done.to_json(), encoding="utf-8")
        if history is not None:
            _write_history(scratch / HISTORY_FILE, history)
        place = folder / card.model_id
        with _writing(folder):
            place.mkdir(exist_ok=True)
            if history is None:
                (place / HISTORY_FILE).unlink(missing_ok=True)
            for name in (MODEL_FILE, HISTORY_FILE, CARD_FILE):
                if (scratch / name).exists():
                    os.replace(scratch / name, place / name)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return done


def update_card(
    model_id: str,
    folder: Path | None = None,
    *,
    figures: Mapping[str, float] | None = None,
    extra: Mapping[str, Any] | None = None,
    sha256: str | None = None,
) -> ModelCard:
    """Add or replace what was measured on a stored file: ``figures``, and ``extra`` for decoding; returns the new card.

    sha256: of the ``model.keras`` that was measured; ``RegistryError`` when another one has been stored meanwhile.
    """
    folder = paths.MODELS if folder is None else Path(folder)
    load_card(model_id, folder)  # no lock is written for a model that is not there
    rounded = {name: round(float(value), 5) for name, value in (figures or {}).items()}
    with _writing(folder):
        card = load_card(model_id, folder)
        if sha256 is not None and sha256 != card.sha256:
            raise RegistryError(f"{model_id}/{MODEL_FILE} is not the file that was measured (sha256 differs); measure it again")
        card = dataclasses.replace(card, figures={**card.figures, **rounded}, extra={**card.extra, **(extra or {})})
        text = card.to_json()
        part = folder / model_id / f".{CARD_FILE}.{os.getpid()}"
        part.write_text(text, encoding="utf-8")
        os.replace(part, folder / model_id / CARD_FILE)
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


def _write_history(path: Path, history: Sequence[Mapping[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in history for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)


# --- reading and running ---------------------------------------------------------------------------------------------


class TrainedModel:
    """A stored model, ready to run from any thread: ``trained(x)`` gives NumPy arrays.

    ``x``: array ``(batch, ...)`` of the model's input shape (a list of arrays for several inputs), any batch from 1 on; it
    is run ``batch_size`` at a time. Returns what the model returns, array, list or dict, as arrays ``(batch, ...)``.
    """

    def __init__(self, card: ModelCard, model: Any, batch_size: int = 64) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1; got {batch_size}")
        self.card = card
        self.model = model
        self.batch_size = batch_size
        self._inputs = [(tuple(item.shape), str(item.dtype)) for item in model.inputs]
        self._lock = threading.Lock()  # tracing is not safe in threads, and cores are few
        self._run = runner(model, self._inputs)

    def __call__(self, x: NDArray | Sequence[NDArray]) -> Any:
        import keras

        arrays = self._checked(x)
        parts = []
        with self._lock:
            for start in range(0, len(arrays[0]), self.batch_size):
                parts.append(self._run([array[start : start + self.batch_size] for array in arrays]))
        if len(parts) == 1:
            return parts[0]
        return keras.tree.map_structure(lambda *pieces: np.concatenate(pieces), *parts)

    def _checked(self, x: NDArray | Sequence[NDArray]) -> list[NDArray]:
        given = [np.asarray(item) for item in x] if isinstance(x, list | tuple) and len(self._inputs) > 1 else [np.asarray(x)]
        fits = len(given) == len(self._inputs) and len({array.shape[:1] for array in given}) == 1
        for array, (shape, _) in zip(given, self._inputs, strict=False):
            alike = array.ndim == len(shape) and all(
                s is None or s == a for s, a in zip(shape[1:], array.shape[1:], strict=True)
            )
            fits = fits and alike and len(array) > 0
        if not fits:
            wanted = " and ".join(str(("batch", *shape[1:])).replace("'", "") for shape, _ in self._inputs)
            got = " and ".join(str(array.shape) for array in given)
            raise ValueError(f"model {self.card.model_id} takes {wanted} with a batch of at least 1; got {got}")
        return [array.astype(dtype, copy=False) for array, (_, dtype) in zip(given, self._inputs, strict=True)]


def load_trained(model_id: str, folder: Path | None = None, batch_size: int = 64) -> TrainedModel:
    """Load a stored model, checked against its card; ``RegistryError`` if it is missing, altered or unreadable."""
    card, content = _card_and_model(model_id, paths.MODELS if folder is None else Path(folder))

    import keras

    for module in LAYER_MODULES:  # registers the layers that the file names
        importlib.import_module(module)
    with tempfile.TemporaryDirectory() as place:  # Keras loads files only; the model's own may be replaced by now
        path = Path(place) / MODEL_FILE
        path.write_bytes(content)
        try:
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
        except (ValueError, TypeError, KeyError, OSError) as error:  # what Keras raises for configurations it does not know
            name = f"{model_id}/{MODEL_FILE}"
            raise RegistryError(f"{name} cannot be loaded by Keras {keras.__version__}: {str(error)[:300]}") from error
    return TrainedModel(card, dequantised(model), batch_size)


def _card_and_model(model_id: str, folder: Path) -> tuple[ModelCard, bytes]:
    """A card and the very bytes that it describes. While a model is being stored the two differ for a moment."""
    name = f"{model_id}/{MODEL_FILE}"
    for pause in (*PAUSES, None):
        card = load_card(model_id, folder)
        try:
            content = (folder / model_id / MODEL_FILE).read_bytes()
        except OSError as error:
            raise RegistryError(f"{name} cannot be read ({error.strerror}); train the model again") from error
        if hashlib.sha256(content).hexdigest() == card.sha256:
            return card, content
        if pause is not None:
            time.sleep(pause)
    raise RegistryError(f"{name} is not the file that its card describes (sha256 differs); train or fetch the model again")
