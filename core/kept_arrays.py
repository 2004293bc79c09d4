"""Arrays that take long to make, kept as ``.npz`` files: whole ones, or none."""

import struct
import tokenize
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core import paths

# All that NumPy was seen to raise for an ``.npz`` in which bits had changed or whose end was missing. RuntimeError: a flag says
# that it is encrypted, or packed in a way of its own; SyntaxError and TokenError: of an array's head, which is Python.
DAMAGES = (
    *(OSError, EOFError, KeyError, TypeError, ValueError, RuntimeError, SyntaxError, tokenize.TokenError),
    *(struct.error, zlib.error, zipfile.BadZipFile),
)


def read_arrays(path: Path, *names: str) -> tuple[NDArray, ...] | None:
    """The arrays ``names`` of ``path``, or None when it is missing or damaged: then they are to be made again."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return tuple(stored[name] for name in names)
    except DAMAGES:
        return None


def write_arrays(path: Path, **arrays: NDArray) -> None:
    """Write ``path`` in one go: another process sees all of it or nothing.

    Where it cannot be written (a full disk, a folder without permission) a warning says so, and nothing is kept: whoever made
    the arrays has them.
    """
    try:
        with paths.replaced(path) as new, new.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
    except OSError as error:
        warnings.warn(
            f"{path} cannot be written ({error.strerror or error}), and is made again next time; make room there, or name "
            "another folder in LATENT_OCLOCK_CACHE",
            stacklevel=2,
        )
