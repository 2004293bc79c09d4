"""How long a run worked, by a clock that the test turns."""

from types import SimpleNamespace

import pytest

from core import stopwatch


@pytest.mark.parametrize(
    ("gaps", "worked"),
    [
        ([(1, 1), (2, 2)], 3),
        ([(1, 1), (900, 0.5), (1, 1)], 2.5),  # stopped, or asleep: what it computed in that step counts
        ([(900, 90)], 900),  # slow on a machine that others want, too
        ([(30, 0)], 30),  # it may have waited for data
        ([(30.5, 0)], 0),
    ],
)
def test_gaps_in_which_the_process_stood_still_do_not_count(monkeypatch, gaps, worked) -> None:
    now, busy = [50.0], [7.0]
    monkeypatch.setattr(stopwatch, "time", SimpleNamespace(monotonic=lambda: now[0], process_time=lambda: busy[0]))
    watch = stopwatch.Stopwatch()
    for gap, used in gaps:
        now[0], busy[0] = now[0] + gap, busy[0] + used
        watch()
    assert watch() == pytest.approx(worked)
