"""Tables of results: the old one stays until the new one is whole."""

from pathlib import Path

import pytest

from core import paths
from core.tables import read_table, replace_table, write_table

ROWS = [{"model": "a", "ours": 1.5}, {"ours": 2, "model": "b"}]


def test_rows_are_written_by_their_keys(tmp_path: Path) -> None:
    write_table(tmp_path / "results", "table.csv", [*ROWS, {"model": "c, d"}])
    assert (tmp_path / "results/table.csv").read_bytes() == b'model,ours\na,1.5\nb,2\n"c, d",\n'
    assert read_table(tmp_path / "results", "table.csv")[2] == {"model": "c, d", "ours": ""}
    assert read_table(tmp_path, "table.csv") == []


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "^table.csv needs at least one row"),
        ([*ROWS, {"model": "c", "theirs": 1}], "^row 3 of table.csv has theirs, which the first row lacks"),
    ],
)
def test_rows_that_are_no_table_leave_the_old_one(tmp_path: Path, rows: list[dict], said: str) -> None:
    write_table(tmp_path, "table.csv", ROWS)
    with pytest.raises(ValueError, match=said):
        write_table(tmp_path, "table.csv", rows)
    assert [row["model"] for row in read_table(tmp_path, "table.csv")] == ["a", "b"]


def test_a_table_whose_writing_is_interrupted_stays_whole(tmp_path: Path) -> None:
    def interrupted():
        yield {"model": "c", "ours": 3}
        raise KeyboardInterrupt

    write_table(tmp_path, "table.csv", ROWS)
    with pytest.raises(KeyboardInterrupt):
        replace_table(tmp_path / "table.csv", ["model", "ours"], interrupted())
    assert [row["model"] for row in read_table(tmp_path, "table.csv")] == ["a", "b"]
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"], "nothing temporary is left"


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    place = tmp_path / "made when missing" / "file"
    with paths.replaced(place) as new:
        new.write_text("old")
        assert not place.exists()

    def half() -> None:
        with paths.replaced(place) as new:
            new.write_text("half of the n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert place.read_text() == "old"
    assert [path.name for path in place.parent.iterdir()] == ["file"]
