"""The machine goes dark in the middle of a study: what was finished is kept, and nothing is run twice."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from pretend import always, pretend_data, pretend_run, pretend_storage, pretend_study

from core.paths import ROOT
from core.study_results import load_rows
from core.sweeps import Sweep, run_sweep

STUDY = pretend_study()
DARK = 3  # the trial in whose middle it happens
PROGRAM = """
import sys
from pathlib import Path
from pretend import always, killed_once, pretend_data, pretend_study
from core.sweeps import Sweep, run_sweep
url, folder = sys.argv[1], Path(sys.argv[2])
run_sweep(Sweep(pretend_study(), url, folder=folder, run=killed_once, load=pretend_data, available=always))
"""


def silent_for_an_hour(url: str) -> int:
    """Make every sign of life of trials under way an hour old; how many there are."""
    with sqlite3.connect(url.removeprefix("sqlite:///"), timeout=60) as connection:
        running = "SELECT trial_id FROM trials WHERE state = 'RUNNING'"
        age = f"UPDATE trial_heartbeats SET heartbeat = datetime('now', '-1 hour') WHERE trial_id IN ({running})"
        changed = connection.execute(age).rowcount
    connection.close()
    return changed


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_no_finished_trial_is_lost_when_the_whole_machine_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_OCLOCK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PRETEND_LOG", str(tmp_path / "runs"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "tests"), str(ROOT)]))
    url = pretend_storage(tmp_path)
    done = subprocess.run([sys.executable, "-c", PROGRAM, url, str(tmp_path)], timeout=300, check=False)
    assert done.returncode == -signal.SIGKILL
    assert [row["trial"] for row in load_rows("pretend", tmp_path)] == [0, 1, 2]  # on disk before the next one began
    assert silent_for_an_hour(url) == 1

    (tmp_path / "study_pretend.csv").unlink()  # the table may be lost, too: the storage has every finished trial
    run_sweep(Sweep(STUDY, url, folder=tmp_path, run=pretend_run, load=pretend_data, available=always))
    assert [row["trial"] for row in load_rows("pretend", tmp_path)] == list(range(6))
    ran = Counter(int(line.split()[0]) for line in (tmp_path / "runs").read_text().splitlines())
    assert ran == {number: 2 if number == DARK else 1 for number in range(6)}
