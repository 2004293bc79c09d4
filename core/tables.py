"""Tables of results as CSV, one row a run."""

import contextlib
import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core import paths

LOCK_FILE = ".lock"  # in a folder that several may write into; held while one does


@contextlib.contextmanager
def one_writer(folder: Path) -> Iterator[None]:
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


def write_table(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    """Write rows as ``folder/name``; the keys of the first row are the columns, and what a later one lacks is an empty cell.

    ``ValueError`` for no rows, and for a row with a key that is no column; then the old table stays what it was.
    """
    if not rows:
        raise ValueError(f"{name} needs at least one row, whose keys are its columns; got none")
    for number, row in enumerate(rows, 1):
        if other := [str(key) for key in row if key not in rows[0]]:
            raise ValueError(
                f"row {number} of {name} has {', '.join(other)}, which the first row lacks; give all rows the same keys"
            )
    replace_table(folder / name, list(rows[0]), rows)


def replace_table(path: Path, names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write the columns ``names`` of rows, and replace the table in ``path`` only when the new one is whole.

    A table that was cut at the end of a line looks like a whole one with fewer runs.
    """
    with paths.replaced(path) as new, new.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def read_table(folder: Path, name: str) -> list[dict[str, Any]]:
    """The rows of ``folder/name``, every cell as text; none when there is no such table."""
    try:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        return []
