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
