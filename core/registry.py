"""The stored models: ``save_trained`` writes them with their cards, ``list_cards`` shows them, ``load_trained`` runs them.

A model is a folder ``<model_id>/`` with ``model.keras`` (float32 in use, stored as float16, no optimiser), ``card.json`` and
``history.csv`` (one row an epoch). Importing this module imports neither Keras nor TensorFlow, and cards need neither.
"""

import csv
import dataclasses
import hashlib
import importlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import paths
from core.cards import (
    CARD_FILE,
    HISTORY_FILE,
    MODEL_FILE,
    ModelCard,
    RegistryError,
    check_model_id,
    how_trained,
    list_cards,
    load_card,
    load_history,
)
from core.devices import runner, versions
from core.kept_arrays import DAMAGES
from core.packing import dequantised, huge_layers, pack, quantise_huge
from core.tables import one_writer

__all__ = [
    "CARD_FILE",
    "HISTORY_FILE",
    "MODEL_FILE",
    "ModelCard",
    "RegistryError",
    "TrainedModel",
    "check_model_id",
    "how_trained",
    "list_cards",
    "load_card",
    "load_history",
    "load_trained",
    "put_in_place",
    "save_trained",
    "update_card",
]

MAX_MODEL_BYTES = 16 * 1024 * 1024
# Where our Keras classes are registered.
LAYER_MODULES = ("core.layers", "core.lean_layers", "core.clocks.networks", "core.generators.vae")
PAUSES = (0.05, 0.1, 0.2, 0.4)  # seconds between looks at a model that is being stored


class StoredStaysError(RegistryError):
    """A model is not stored, since the one that is there is better."""


# --- writing ---------------------------------------------------------------------------------------------------------


def save_trained(
    model: Any,
    card: ModelCard,
    history: Sequence[Mapping[str, Any]] | None,
    folder: Path | None = None,
    beside: Mapping[str, bytes] | None = None,
    why_not: Callable[[], str] = str,
) -> ModelCard:
    """Store a ``keras.Model`` with its card and history (rows of ``TrainingResult.history``); returns the completed card.

    Kernels are stored as float16, Dense kernels of two million weights and more as int8, vectors (biases, the statistics of
    batch norm) as float32; the configuration says float32 throughout, also for a model built under a mixed policy, and holds
    no optimiser. beside: names and contents of further files that the card tells of. Files are replaced one by one when all of
    them are written, the card last. Over 16 MiB: ``RegistryError``. why_not: as of ``put_in_place``; what it says is raised as
    a ``StoredStaysError``.
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
        for name, more in (beside or {}).items():
            (scratch / name).write_bytes(more)
        if why := put_in_place(scratch, card.model_id, folder, why_not):
            raise StoredStaysError(f"{card.model_id} is not stored: {why}")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return done


def put_in_place(scratch: Path, model_id: str, folder: Path, why_not: Callable[[], str] = str) -> str:
    """Move the files of a model, all of them whole in ``scratch``, into ``folder/model_id``: one by one, the card last.

    scratch: on the same disk as ``folder``. why_not: asked when no other writer can change the stored model any more; what it
    says is returned, and where it says anything nothing is moved.
    """
    with one_writer(folder):
        if why := why_not():
            return why
        place = folder / model_id
        place.mkdir(exist_ok=True)
        if not (scratch / HISTORY_FILE).exists():
            (place / HISTORY_FILE).unlink(missing_ok=True)
        for path in sorted(scratch.iterdir(), key=lambda path: path.name == CARD_FILE):
            os.replace(path, place / path.name)
    return ""


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
    with one_writer(folder):
        card = load_card(model_id, folder)
        if sha256 is not None and sha256 != card.sha256:
            raise RegistryError(f"{model_id}/{MODEL_FILE} is not the file that was measured (sha256 differs); measure it again")
        card = dataclasses.replace(card, figures={**card.figures, **rounded}, extra={**card.extra, **(extra or {})})
        text = card.to_json()
        with paths.replaced(folder / model_id / CARD_FILE) as new:
            new.write_text(text, encoding="utf-8")
    return card


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
        except DAMAGES as error:  # also what Keras raises for configurations that it does not know
            name = f"{model_id}/{MODEL_FILE}"
            raise RegistryError(f"{name} cannot be loaded by Keras {keras.__version__}: {str(error)[:300]}") from error
    _check_side(card, model)
    return TrainedModel(card, dequantised(model), batch_size)


def _check_side(card: ModelCard, model: Any) -> None:
    """``RegistryError`` where the model takes pictures of another size than its card says."""
    if card.extra.get("task") not in ("clock", "leaf-classes"):  # those of generators come out of it: ``as_generator``
        return
    side, taken = card.extra["side"], tuple(model.inputs[0].shape[1:3])
    if taken not in ((side, side), (None, None)):
        raise RegistryError(
            f"extra.side of {card.model_id}/{CARD_FILE} is {side}, but the model takes pictures of "
            f"{' × '.join(map(str, taken))} pixels; write that, or train or fetch the model again"
        )


def checked_card(model_id: str, folder: Path | None = None) -> ModelCard:
    """The card of a stored model; ``RegistryError`` also when the model's file is not the one that it describes."""
    return _card_and_model(check_model_id(model_id), paths.MODELS if folder is None else Path(folder))[0]


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
