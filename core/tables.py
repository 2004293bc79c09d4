"""Tables of results as CSV, one row a run."""

import csv
from pathlib import Path
from typing import Any


def write_table(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    """Write rows with the same keys as ``folder/name``."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_table(folder: Path, name: str) -> list[dict[str, Any]]:
    """The rows of ``folder/name``, every cell as text; none when there is no such table."""
    try:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        return []
