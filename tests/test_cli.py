"""The command line: names, keys and exit statuses that other programs rely on."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from core import paths
from core.__main__ import main
from core.clocks.face import render
from core.clocks.reading import default_model
from core.clocks.time import ClockTime


def test_render_writes_pictures_and_labels(tmp_path, capsys):
    assert main(["render", "--style", "report", "--count", "3", "--seed", "5", "--out", str(tmp_path)]) == 0
    with (tmp_path / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == ["0.png", "1.png", "2.png"]
    for index, row in enumerate(rows):
        stored = np.asarray(Image.open(tmp_path / row["file"]))
        drawn = render(ClockTime(int(row["hour"]), int(row["minute"])), "report", seed=(5, index, 2)).image
        assert (stored == drawn).all()


def test_render_names_the_known_styles(tmp_path, capsys):
    assert main(["render", "--style", "cubist", "--out", str(tmp_path)]) == 2
    assert "report" in capsys.readouterr().err


def test_read_gives_one_json_object_a_line_and_goes_on_after_a_bad_file(tmp_path, capsys):
    bad = tmp_path / "notes.png"
    bad.write_text("this is no picture")
    sample = str(paths.SAMPLES / "10_08-report.png")
    assert main(["read", str(bad), sample, str(tmp_path / "missing.png"), "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [sorted(line) for line in lines] == [["confidence", "error", "file", "minutes", "model", "time"]] * 3
    assert [line["error"] is None for line in lines] == [False, True, False]
    assert lines[0]["time"] is None
    assert lines[1]["time"] == str(ClockTime.from_minutes(lines[1]["minutes"]))
    assert 0 <= lines[1]["minutes"] < 720
    assert 0 <= lines[1]["confidence"] <= 1
    assert lines[1]["model"] == default_model()


def test_read_one_good_file_ends_with_zero(capsys):
    assert main(["read", str(paths.SAMPLES / "10_08-report.png"), "--gamma", "1.5", "--no-locate"]) == 0
    assert "10_08-report.png: " in capsys.readouterr().out


def test_read_says_what_speaks_against_a_time(tmp_path, capsys):
    Image.new("L", (150, 150)).save(tmp_path / "black.png")
    assert main(["read", str(tmp_path / "black.png")]) == 0
    assert capsys.readouterr().out.endswith(")  I see no clock.\n")
    assert main(["read", str(tmp_path / "black.png"), "--model", "reader-report"]) == 0
    assert capsys.readouterr().out.endswith(")  I see no clock of the kind that this model learned to read.\n")


@pytest.mark.parametrize("model", ["../../etc", "no-such-model"])
def test_read_refuses_unknown_models(model, capsys):
    assert main(["read", "x.png", "--model", model]) == 2
    assert capsys.readouterr().err.strip()


@pytest.mark.parametrize(
    "arguments",
    [
        ["read", "x.png", "--gamma", "0"],
        ["read", "x.png", "--gamma", "abc"],
        ["train", "--all", "--minutes", "nan"],
        ["render", "--count", "0", "--out", "x"],
        ["fly"],
        [],
    ],
)
def test_usage_errors_end_with_two(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
