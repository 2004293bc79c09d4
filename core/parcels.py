"""What was trained on another machine, in a few files of at most 16 MiB: stored models, tables of studies, checkpoints.

A parcel is one zip, cut into parts. Checkpoints travel slimmed: kernels and their moments in half the bytes, so that a run
goes on from there almost as if it had not stopped. What is taken only ever adds.
"""

import contextlib
import hashlib
import io
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import paths, registry
from core.checkpoints import CHECKPOINT_FILE, difference, steps_in
from core.kept_arrays import DAMAGES
from core.recipes import checkpoint_folder, why_stored_stays
from core.snapshots import KEPT_FILE, SNAPSHOT_FILE
from core.studies import STUDIES, load_study
from core.study_results import KINDS, add_records, load_records, table_path
from core.trials import StudyError

PART_BYTES, PARTS, ALL_BYTES = 16 * 2**20 - 4096, 8, 64 * 2**20 - 2**16
PART_NAME = "parcel-{:02d}.part"
SMALL = 1024  # numbers: shorter arrays travel as they are
_MODEL_FILES = (registry.MODEL_FILE, registry.HISTORY_FILE, SNAPSHOT_FILE, registry.CARD_FILE)  # the card comes last
_ENTRY = re.compile(
    r"models/[a-z0-9-]+/(model\.keras|card\.json|history\.csv|samples\.webp)"
    r"|results/study_[a-z0-9_-]+\.csv|training/[a-z0-9-]+/(stage-\d+/)?(checkpoint|samples)\.npz"
)


class ParcelError(registry.RegistryError):
    """A parcel cannot be read or written; the text says what to do."""


# --- checkpoints in half the bytes -------------------------------------------------------------------------------------


def halved(value: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """A float32 array in 16 bits a number. Second moments and averages of them, which are never negative, keep float32's
    range and eight binary digits (bfloat16): a tiny one must not become 0. All else keeps eleven digits below its largest.
    """
    if value.min() >= 0:
        bits = value.view(np.uint32).astype(np.uint64)
        return {"brain": ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)}  # rounded to even
    scale = np.abs(value).max()
    return {"half": (value / scale).astype(np.float16), "scale": np.float32(scale)}


def whole_again(parts: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    """What ``halved`` was given, but for rounding."""
    if "brain" in parts:
        return (parts["brain"].astype(np.uint32) << 16).view(np.float32)
    return parts["half"].astype(np.float32) * parts["scale"]


def slim(content: bytes) -> bytes:
    """A checkpoint's file with its large arrays ``halved``."""
    arrays: dict[str, Any] = {}
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        for name in file.files:
            value = file[name]
            if value.dtype == np.float32 and value.size > SMALL and np.isfinite(value).all():
                arrays |= {f"{name}:{kind}": part for kind, part in halved(np.ascontiguousarray(value)).items()}
            else:
                arrays[name] = value
    return _npz(arrays)


def unslim(content: bytes) -> bytes:
    """A checkpoint's file as ``checkpoints.read`` takes it, from ``slim``."""
    arrays: dict[str, Any] = {}
    parts: dict[str, dict[str, NDArray[Any]]] = {}
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        for key in file.files:
            name, _, kind = key.partition(":")
            if kind:
                parts.setdefault(name, {})[kind] = file[key]
            else:
                arrays[name] = file[key]
    return _npz(arrays | {name: whole_again(found) for name, found in parts.items()})


def _npz(arrays: dict[str, Any]) -> bytes:
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    return content.getvalue()


# --- packing -----------------------------------------------------------------------------------------------------------


def pack(
    place: Path, model_ids: Iterable[str], studies: Iterable[str], models: Path | None = None, results: Path | None = None
) -> list[str]:
    """Write the parcel of these models (with the checkpoints of unfinished ones) and studies into the folder ``place``.

    What is most costly to do again comes first; returns a sentence for each thing that found no room. A model travels with all
    its files or not at all: a card whose model is not here, or has no room, stays. models, results: where they are stored, None
    for the app's.
    """
    entries: list[dict[str, bytes]] = []  # the files of each thing, by name
    for name in studies:
        for table in (table_path(name, kind, results) for kind in ("", *KINDS)):
            if table.exists():
                entries.append({f"results/{table.name}": table.read_bytes()})
    folder = paths.MODELS if models is None else models
    ids = list(model_ids)
    for model_id in ids:
        if all((folder / model_id / name).exists() for name in (registry.MODEL_FILE, registry.CARD_FILE)):
            found = [folder / model_id / name for name in _MODEL_FILES]
            entries.append({f"models/{model_id}/{path.name}": path.read_bytes() for path in found if path.exists()})
    for model_id in ids:
        kept = checkpoint_folder(model_id)
        if steps_in(kept / CHECKPOINT_FILE) <= (_whole_epochs(model_id, folder), 0):  # a whole model may be on its way further
            continue
        for path in sorted(kept.rglob("*.npz")):
            if path.name in (CHECKPOINT_FILE, KEPT_FILE):
                content = path.read_bytes()
                content = slim(content) if path.name == CHECKPOINT_FILE else content
                entries.append({f"training/{model_id}/{path.relative_to(kept).as_posix()}": content})
    return _write(place, entries)


def _whole_epochs(model_id: str, folder: Path) -> int:
    """Epochs of the stored model if it has all that its card asks for, else -2."""
    try:
        card = registry.load_card(model_id, folder)
    except registry.RegistryError:
        return -2
    return card.epochs_trained if card.epochs_trained >= card.epochs_asked else -2


def _write(place: Path, entries: list[dict[str, bytes]]) -> list[str]:
    """Cut the zip of ``entries`` into parts; older parts are replaced when all new ones are written."""
    whole, left_out = io.BytesIO(), []
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as parcel:
        for files in entries:
            size = sum(map(len, files.values()))
            if whole.tell() + size > min(ALL_BYTES, PARTS * PART_BYTES):
                left_out.append(f"no room for {next(iter(files))} ({size / 2**20:.1f} MiB)")
                continue
            for name, content in files.items():
                parcel.writestr(name, content)
    content = whole.getvalue()
    place.mkdir(parents=True, exist_ok=True)
    pieces = [content[start : start + PART_BYTES] for start in range(0, len(content), PART_BYTES)]
    with contextlib.ExitStack() as together:
        for index, piece in enumerate(pieces):
            together.enter_context(paths.replaced(place / PART_NAME.format(index))).write_bytes(piece)
    for index in range(len(pieces), PARTS):
        (place / PART_NAME.format(index)).unlink(missing_ok=True)
    return left_out


# --- taking ------------------------------------------------------------------------------------------------------------


def has_parcel(place: Path) -> bool:
    return (place / PART_NAME.format(0)).exists()


def take(place: Path, *, anyway: bool = False, models: Path | None = None, results: Path | None = None) -> dict[str, str]:
    """Put what the parcel in ``place`` holds where it belongs; name of model or study -> what was done, in words.

    A model replaces the stored one when that learned from other data, or when it has no fewer epochs and does no worse on
    validation pictures; ``anyway``: whatever these say. A checkpoint goes where there is none or an earlier one of the same
    run. Where anything in the parcel is damaged nothing of it is taken: ``ParcelError``.
    """
    said: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        _open(place, root)
        _check(place, root)
        for folder in sorted(root.glob("models/*")):
            said[folder.name] = _take_model(folder, paths.MODELS if models is None else models, anyway)
        for name in STUDIES:  # in their order: what an earlier one brings may choose trials of a later one
            if table_path(name, "", root / "results").exists():
                records = load_records(name, root / "results").values()
                said[name] = f"{add_records(load_study(name, results), records, results)} of {len(records)} trials are new"
        for path in sorted(root.glob(f"training/*/**/{CHECKPOINT_FILE}")):
            model_id = path.relative_to(root / "training").parts[0]
            target = checkpoint_folder(model_id) / path.relative_to(root / "training" / model_id)
            if steps_in(path) > steps_in(target):
                text = _take_checkpoint(path, target)
                said[model_id] = f"{said[model_id]}; {text}" if model_id in said else text
    return said


def _take_checkpoint(path: Path, target: Path) -> str:
    """Put a checkpoint, with the samples beside it, in the place of one that is not of another run; what was done, in words."""
    if other := difference(target, path):
        return f"checkpoint left, the one here is of another run ({other}); delete {target.parent} to take it"
    for name in (CHECKPOINT_FILE, KEPT_FILE):
        if (path.parent / name).exists():
            with paths.replaced(target.parent / name) as new:
                shutil.move(path.parent / name, new)  # from another disk, perhaps: not in one go
    return f"checkpoint of epoch {steps_in(target)[0]}"


def _open(place: Path, root: Path) -> None:
    """Put the files of the parcel in ``place`` into the folder ``root``, as they travelled."""
    parts = [place / PART_NAME.format(index) for index in range(PARTS)]
    parts = [part for part in parts if part.exists()]
    if not parts:
        raise ParcelError(f"{place} holds no parcel ({PART_NAME.format(0)}); name a folder that gpu-train wrote")
    content = b"".join(part.read_bytes() for part in parts)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parcel:
            files = {name: parcel.read(name) for name in parcel.namelist()}
    except DAMAGES as error:
        raise ParcelError(f"the parcel in {place} is damaged ({error}); fetch all of its parts again") from error
    for name, content in files.items():
        if not _ENTRY.fullmatch(name):
            raise ParcelError(f"the parcel in {place} holds {name!r}, which is no part of one; fetch it again")
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def _check(place: Path, root: Path) -> None:
    """Read once all that was unpacked into ``root``, and make its checkpoints whole; ``ParcelError`` for what is damaged."""
    name = ""
    try:
        for folder in sorted(root.glob("models/*")):
            name = f"{folder.name}/{registry.CARD_FILE}"
            card = registry.load_card(folder.name, folder.parent)
            registry.load_history(folder.name, folder.parent)
            name = f"{folder.name}/{registry.MODEL_FILE}"
            if not (folder / registry.MODEL_FILE).exists():
                raise ValueError("it did not come along")
            if hashlib.sha256((folder / registry.MODEL_FILE).read_bytes()).hexdigest() != card.sha256:
                raise ValueError("it is not the file of its card")
            with zipfile.ZipFile(folder / registry.MODEL_FILE) as model:
                for member in model.namelist():
                    model.read(member)
        for study in STUDIES:
            name = table_path(study, "", root / "results").name
            load_records(study, root / "results")
        for path in sorted(root.glob(f"training/*/**/{CHECKPOINT_FILE}")):
            name = path.relative_to(root / "training").as_posix()
            path.write_bytes(unslim(path.read_bytes()))
            if steps_in(path) < (0, 0):
                raise ValueError("it does not say how far it is")
    except (registry.RegistryError, StudyError) as error:  # they name the file
        raise ParcelError(f"the parcel in {place} is damaged, fetch it again: {error}") from error
    except (*DAMAGES, AttributeError) as error:  # AttributeError: bytes that are no array at all
        raise ParcelError(f"the parcel in {place} is damaged, fetch it again: {name} cannot be read ({error})") from error


def _take_model(source: Path, folder: Path, anyway: bool) -> str:
    card = registry.load_card(source.name, source.parent)
    history = registry.load_history(source.name, source.parent)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{source.name}-", dir=folder) as scratch:  # on the disk where it is to lie
        shutil.copytree(source, scratch, dirs_exist_ok=True)
        why = registry.put_in_place(
            Path(scratch), source.name, folder, lambda: "" if anyway else why_stored_stays(card, history, folder)
        )
    return f"left, {why}" if why else f"taken: {card.epochs_trained} of {card.epochs_asked} epochs"


def names(place: Path) -> list[str]:
    """Models and studies that the parcel in ``place`` holds."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        _open(place, root)
        found = [path.name for kind in ("models", "training") for path in sorted(root.glob(f"{kind}/*"))]
        found += [name for name in STUDIES if table_path(name, "", root / "results").exists()]
    return list(dict.fromkeys(found))
