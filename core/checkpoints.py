"""The whole state of a training run in one file, and the signals that ask for it to be written."""

import dataclasses
import hashlib
import json
import os
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.specs import TrainSpec

CHECKPOINT_FILE = "checkpoint.npz"
Row = dict[str, Any]


class CheckpointError(ValueError):
    """A checkpoint belongs to another run or is damaged; the text names the file and the remedy."""


@dataclass
class Progress:
    """Where a run stands, without the values of its variables; all of it goes into the checkpoint."""

    epoch: int = 0  # whole epochs done
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
    """Names change with what was built before, shapes and types do not."""
    shapes = [[list(variable.shape), str(variable.dtype)] for variable in state]
    return hashlib.sha256(json.dumps(shapes).encode()).hexdigest()[:16]


def store(path: Path, state: Sequence[Any], spec: TrainSpec, identity: dict[str, Any], progress: Progress) -> None:
    """Write variables and progress, replacing the old file only when the new one is whole."""
    notes = {"spec": dataclasses.asdict(spec), "identity": identity, "progress": dataclasses.asdict(progress)}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, notes=np.array(json.dumps(notes)), **_values(state))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def restore(path: Path, state: Sequence[Any], spec: TrainSpec, identity: dict[str, Any]) -> Progress:
    """Put the checkpoint's values into the variables; ``CheckpointError`` if it is not of this run."""
    import zipfile

    remedy = "choose another folder or delete it"
    try:
        with np.load(path, allow_pickle=False) as file:
            notes = json.loads(str(file["notes"]))
            values = [file[name] for name in sorted(file.files) if name != "notes"]
            progress = Progress(**notes["progress"])
            found_spec, found_identity = notes["spec"], notes["identity"]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"the checkpoint {path} is damaged ({error}); {remedy}") from error
    asked = dataclasses.asdict(spec)
    for name in asked.keys() | found_spec.keys():
        ours, theirs = asked.get(name), found_spec.get(name)
        if name == "epochs" and spec.schedule == "constant":
            if progress.epoch > spec.epochs or (progress.epoch == spec.epochs and progress.step):
                raise CheckpointError(f"the checkpoint {path} has {progress.epoch} epochs already; ask for more than {ours}")
        elif ours != theirs:
            raise CheckpointError(f"the checkpoint {path} belongs to a run with {name} = {theirs!r}, not {ours!r}; {remedy}")
    if found_identity != identity or len(values) != len(state):
        what = "data of another size" if found_identity.get("size") != identity["size"] else "another model"
        raise CheckpointError(f"the checkpoint {path} belongs to {what}; {remedy}")
    for variable, value in zip(state, values, strict=True):
        variable.assign(value)
    return progress
