"""The seconds that the bar of the demos counts, with the clock and the browser's part played by hand."""

from types import SimpleNamespace

import pytest

from pages.parts import presenter


def test_every_round_of_the_demos_counts_its_own_seconds(monkeypatch: pytest.MonkeyPatch):
    page, now = SimpleNamespace(url_path=""), SimpleNamespace(seconds=1000.0)
    browser = SimpleNamespace(session_state={}, query_params={}, context=SimpleNamespace(url="http://localhost:8501/"))
    monkeypatch.setattr(presenter, "st", browser)
    monkeypatch.setattr(presenter, "time", SimpleNamespace(time=lambda: now.seconds))
    monkeypatch.setattr(presenter.theme, "large", lambda: False)

    def shown(step: str, at: float) -> int:
        now.seconds, browser.query_params = at, {"demo": step}
        presenter.follow()
        return presenter.data([page], page)["demo"]["seconds"]

    presenter.start()
    assert [shown("1", 1002.5), shown("2", 1090), shown("1", 1100)] == [2, 90, 100]
    assert shown("2", 400) == 0, "the machine's clock was put back"
    presenter.end()
    assert browser.query_params == {}
    assert presenter.data([page], page)["demo"] is None
    assert [shown("1", 5000), shown("2", 5030)] == [0, 30], "a step that is opened later begins a round"
