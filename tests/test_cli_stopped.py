"""The command line that is stopped: by Ctrl-C, and by whoever reads its lines and has enough of them."""

import subprocess
import sys

import pytest

from core import paths
from core.__main__ import main


def test_who_stops_a_command_sees_no_traceback(monkeypatch, capsys, tmp_path):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("core.clocks.face.render", stopped)
    assert main(["render", "--out", str(tmp_path)]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "stopped"
    monkeypatch.setattr("core.catalogue.next_recipes", stopped)
    assert main(["train", "reader-report"]) == 130
    assert capsys.readouterr().err == "stopped; what was begun is kept, and train without --fresh goes on\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no such pipes on Windows")
def test_who_has_read_enough_sees_no_complaint():
    command = [sys.executable, "-m", "core", "read", "none.png", "nor-this.png", "--json"]
    process = subprocess.Popen(command, cwd=paths.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()  # before the first line comes
    told = process.stderr.read().decode()
    assert process.wait(120) == 141
    assert "roken pipe" not in told
    assert "Traceback" not in told
