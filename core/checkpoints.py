"""The whole state of a training run in one file, and the signals that ask for it to be written."""

import dataclasses
import functools
import hashlib
import json
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import paths
from core.kept_arrays import DAMAGES
from core.specs import TrainSpec, train_settings

CHECKPOINT_FILE = "checkpoint.npz"
REMEDY = "choose another folder or delete it"
Row = dict[str, Any]
# Layers of ours that compute what Keras' own do, by another way: a run goes on with either.
THEIR_OWN = {"latent_oclock>ByteDropout": {"module": "keras.layers", "class_name": "Dropout", "registered_name": None}}


class CheckpointError(ValueError):
    """A checkpoint belongs to another run or is damaged; the text names the file and the remedy."""


@dataclass
class Progress:
    """Where a run stands, without the values of its variables; all of it goes into the checkpoint."""

    epoch: int = 0  # whole epochs done
    first_step: int = 0  # of the schedule: where the optimiser's own count began
    ramp: int = 0  # steps over which its rate rose there; older checkpoints had none
    step: int = 0  # steps done of the epoch under way
    sums: dict[str, float] = field(default_factory=dict)  # loss and metrics times pictures, of the epoch under way
    pictures: int = 0
    epoch_seconds: float = 0.0
    seconds: float = 0.0  # of earlier runs; while running, of this one too
    history: list[Row] = field(default_factory=list)

    def means(self) -> dict[str, float]:
        return {name: total / self.pictures for name, total in self.sums.items()}


class Signals:
    """Ctrl-C and SIGTERM wait until a step is whole; a second Ctrl-C does not. Only the main thread can hold signals."""

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled and threading.current_thread() is threading.main_thread()
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Signals":
        if self.enabled:
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = number

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)

    def raise_received(self) -> None:
        if self.received == signal.SIGINT:
            raise KeyboardInterrupt
        if self.received is not None:
            raise SystemExit(128 + self.received)


def _values(state: Sequence[Any]) -> dict[str, NDArray]:
    import keras

    arrays = {}
    for index, variable in enumerate(state):
        value = np.asarray(keras.ops.convert_to_numpy(variable))
        # npz cannot hold bfloat16; float32 holds every value of it.
        arrays[f"variable_{index:04d}"] = value.astype(np.float32) if value.dtype.name == "bfloat16" else value
    return arrays


def fingerprint(state: Sequence[Any]) -> str:
    """Names change with what was built before, shapes and types do not, but for whole numbers.

    Counts are int32 and seeds uint32 on JAX, and both int64 on TensorFlow.
    """
    kinds = ["int64" if "int" in str(variable.dtype) else str(variable.dtype) for variable in state]
    return _digest([[list(variable.shape), kind] for variable, kind in zip(state, kinds, strict=True)])


def identity(
    model: Any, state: Sequence[Any], size: int, loss: Any, loss_weights: Any, data_version: str = ""
) -> dict[str, Any]:
    """What a checkpoint must share with the run that goes on from it; equal for equal models, whenever they were built.

    size: pictures an epoch; data_version: whatever changes when they do. Names of layers, seeds and initialisers do not count:
    the checkpoint's values replace them.
    """
    try:
        config = model.get_config()
    except NotImplementedError:  # a class of its own that cannot say how it was made
        config = {}
    names = {layer.name: f"layer {index}" for index, layer in enumerate(model._flatten_layers())}
    return {
        "size": size,
        "data": data_version,
        "variables": fingerprint(state),
        "network": _digest([type(model).__name__, _plain(config, names)]),
        "loss": _digest([_plain(loss), _plain(loss_weights)]),
    }


def _digest(plain: Any) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


def _plain(value: Any, names: dict[str, str] | None = None, *, all_names: bool = False) -> Any:
    """Configurations, losses and functions as JSON that depends on nothing but what they compute.

    names: of layers -> what they are called instead, where a configuration refers to layers; None: no name counts.
    """
    if isinstance(value, Mapping):
        if value.get("class_name") == "__lambda__":  # its bytes are not the same in every process
            return "lambda"
        plain = {}
        for key, item in {**value, **THEIR_OWN.get(str(value.get("registered_name")), {})}.items():
            if key in ("seed", "build_config", "shared_object_id") or str(key).endswith("_initializer"):
                continue
            if key == "name" and isinstance(item, str) and (names is None or item in names):
                continue
            refers = all_names or key in ("keras_history", "input_layers", "output_layers")
            plain[str(key)] = _plain(item, names, all_names=refers)
        return plain
    if isinstance(value, list | tuple):
        return [_plain(item, names, all_names=all_names) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, str):
        return names.get(value, value) if names and all_names else value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, functools.partial):
        return [_plain(value.func), _plain(value.args), _plain(value.keywords)]
    if hasattr(value, "get_config"):
        return [type(value).__name__, _plain(value.get_config())]
    return getattr(value, "__qualname__", type(value).__name__)


def store(path: Path, state: Sequence[Any], spec: TrainSpec, identity: dict[str, Any], progress: Progress) -> None:
    """Write variables and progress, replacing the old file only when the new one is whole."""
    notes = {"spec": spec.to_json(), "identity": identity, "progress": dataclasses.asdict(progress)}
    with paths.replaced(path) as new, new.open("wb") as file:
        np.savez(file, allow_pickle=False, notes=np.array(json.dumps(notes)), **_values(state))
        file.flush()
        os.fsync(file.fileno())


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A checkpoint that was read but not yet put into a model: its progress decides how the optimiser is made."""

    path: Path
    progress: Progress
    identity: dict[str, Any]
    values: list[NDArray]

    def weights(self, model: Any) -> list[NDArray] | None:
        """As ``model.set_weights`` takes them, of the compiled model that this was restored into; None amid an epoch."""
        if self.progress.step:
            return None
        places = {id(variable): place for place, variable in enumerate(model.variables)}  # its optimiser's come after them
        return [self.values[places[id(weight)]] for weight in model.weights]

    def restore(self, state: Sequence[Any], identity: dict[str, Any]) -> None:
        """Put the values into the variables; ``CheckpointError`` if they are not of this run."""
        kinds = {"size": "data of another size", "variables": "another model", "loss": "a run with another loss"}
        kinds["data"] = "other pictures: what is drawn, or which files of pictures are here, has changed since"
        kinds["network"] = "another model (its layers differ in more than their sizes)"
        for key, other in kinds.items():
            # Older checkpoints say nothing of network and loss, and nothing of data that has no versions.
            assumed = identity[key] if key in ("network", "loss") else "" if key == "data" else None
            if self.identity.get(key, assumed) != identity[key]:
                raise CheckpointError(f"the checkpoint {self.path} belongs to {other}; {REMEDY}")
        if len(self.values) != len(state):
            raise CheckpointError(f"the checkpoint {self.path} belongs to another model; {REMEDY}")
        for variable, value in zip(state, self.values, strict=True):
            variable.assign(value)


def steps_in(path: Path) -> tuple[int, int]:
    """Whole epochs, and steps beyond them, that a checkpoint has; (-1, 0) for none that can be read."""
    try:
        with np.load(path, allow_pickle=False) as file:
            progress = json.loads(str(file["notes"]))["progress"]
        return int(progress["epoch"]), int(progress["step"])
    except DAMAGES:
        return -1, 0


def difference(here: Path, there: Path) -> str:
    """In which respect two checkpoints are of different runs, in a few words; "" where one may go on from the other.

    A run may have got more epochs, or new beginnings of its rate. One that cannot be read differs from none.
    """
    found = []
    for path in (here, there):
        try:
            with np.load(path, allow_pickle=False) as file:
                notes = json.loads(str(file["notes"]))
            found.append((train_settings(notes["spec"]), dict(notes["identity"])))
        except DAMAGES:
            return ""
    (spec, same), (other_spec, other_same) = found
    for name in spec.keys() & other_spec.keys() - {"epochs", "restart_epochs", "warmup_epochs"}:
        if spec[name] != other_spec[name]:
            return f"{name} = {spec[name]!r}, not {other_spec[name]!r}"
    words = {"variables": "another model", "network": "another model", "data": "other data", "size": "other data"}
    return next((said for name, said in words.items() if name in same and same[name] != other_same.get(name, same[name])), "")


def read(path: Path, spec: TrainSpec) -> Checkpoint:
    """The checkpoint in ``path``; ``CheckpointError`` if it is damaged or neither of ``spec`` nor of a beginning of it."""
    try:
        with np.load(path, allow_pickle=False) as file:
            notes = json.loads(str(file["notes"]))
            values = [file[name] for name in sorted(file.files) if name != "notes"]
            progress = Progress(**notes["progress"])
            found_spec, found_identity = dict(notes["spec"]), dict(notes["identity"])
    except DAMAGES as error:
        raise CheckpointError(f"the checkpoint {path} is damaged ({error}); {REMEDY}") from error
    asked, found_spec = spec.to_json(), train_settings(found_spec)
    if found_spec in [one.to_json() for one in spec.beginnings()]:
        return Checkpoint(path, progress, found_identity, values)
    for name in {**asked, **found_spec}:
        ours, theirs = asked.get(name), found_spec.get(name)
        if name == "epochs" and spec.schedule == "constant":
            if progress.epoch > spec.epochs or (progress.epoch == spec.epochs and progress.step):
                raise CheckpointError(f"the checkpoint {path} has {progress.epoch} epochs already; ask for more than {ours}")
        elif ours != theirs:
            raise CheckpointError(f"the checkpoint {path} belongs to a run with {name} = {theirs!r}, not {ours!r}; {REMEDY}")
    return Checkpoint(path, progress, found_identity, values)
