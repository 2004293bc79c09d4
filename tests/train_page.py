"""The tab 'Train now' in Streamlit's own test runner, with a worker that needs no Keras."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from streamlit.testing.v1 import AppTest

from core.live import LiveRuns
from core.live_state import LiveState
from pages.parts import cached, train_form
from tests.test_live import FAKE

PATIENCE = 60.0
SCRIPT = "from pages.parts import train_now\ntrain_now.show()"


@contextmanager
def fake_runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveRuns]:
    there = LiveRuns(worker=FAKE)
    monkeypatch.setattr(cached, "live_runs", lambda: there)
    monkeypatch.setattr(train_form, "is_available", lambda name: name in ("clock-hours", "fashion-mnist"))
    yield there
    there.close()


def page(script: str = SCRIPT, **params: str | list[str]) -> AppTest:
    running = AppTest.from_string(script, default_timeout=60)
    for name, value in params.items():
        running.query_params[name] = value
    running.run()
    assert not running.exception
    return running


def html(running: AppTest) -> str:
    return "\n".join(part.proto.body for part in running.get("html") if "<style>" not in part.proto.body)


def press(running: AppTest, label: str, which: int = 0) -> AppTest:
    [button for button in running.button if button.label == label][which].click().run()
    assert not running.exception
    return running


def shown(running: AppTest) -> list[str]:
    return list(running.session_state["live-shown"])


def until(running: AppTest, runs: LiveRuns, reached: Callable[[LiveState], bool], which: int = 0) -> AppTest:
    end, state = time.monotonic() + PATIENCE, runs.state(shown(running)[which])
    while not reached(state):
        assert time.monotonic() < end, (state.status, state.message)
        state = runs.wait(state, 0.2)
    running.run()
    assert not running.exception
    return running


def ended(state: LiveState) -> bool:
    return state.ended
