"""Arrays that take long to make, kept as ``.npz`` files: whole ones, or none."""

import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def read_arrays(path: Path, *names: str) -> tuple[NDArray, ...] | None:
    """The arrays ``names`` of ``path``, or None when it is missing or damaged: then they are to be made again."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return tuple(stored[name] for name in names)
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
        return None


def write_arrays(path: Path, **arrays: NDArray) -> None:
    """Write ``path`` in one go: another process sees all of it or nothing."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as part:
        try:
            np.savez(part, allow_pickle=False, **arrays)
            part.close()
            os.replace(part.name, path)
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise
