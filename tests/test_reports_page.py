"""The page 'Reports' through Streamlit's own test runner, with results and without."""

import datetime
import json
import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from light import stays_light
from streamlit.testing.v1 import AppTest

from core import paths
from core.reports.answers import REPORTS
from core.reports.evidence import Found, Line, Lines
from core.tables import write_table
from pages.parts import report_items

pytestmark = pytest.mark.usefixtures("fresh_caches")

ROOT = Path(__file__).resolve().parent.parent
PAIR = (("1.061", "training loss"), ("1.084", "test loss"))
PAGE = "pages/reports.py"


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A house without models and results."""
    monkeypatch.setattr(paths, "MODELS", tmp_path / "models")
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "results")
    return tmp_path


def start(page: str = PAGE, **params: str) -> AppTest:
    running = AppTest.from_file(ROOT / "app.py", default_timeout=60).run()
    for name, value in params.items():
        running.query_params[name] = value
    return running.switch_page(page).run()


def html(running: AppTest) -> str:
    return "\n".join(part.proto.body for part in running.get("html") if "<style>" not in part.proto.body)


def follow(running: AppTest, report: str, name: str) -> AppTest:
    """From the page of the reports, go where an item's link leads, in the same session."""
    link = next(item.link for item in REPORTS[report] if item.name == name)
    assert link is not None
    running.query_params.clear()
    for key in dict.fromkeys(key for key, _ in link.query):
        running.query_params[key] = [value for other, value in link.query if other == key]
    return running.switch_page(f"pages/{link.page}.py").run()


@pytest.mark.parametrize("report", REPORTS)
def test_every_item_stands_there_in_its_order(empty: Path, report: str):
    running = start(report=report)
    assert not running.exception
    text = html(running)
    there = re.findall(r'<h2 id="([a-z0-9-]+)">', text)
    assert there == [item.anchor for item in REPORTS[report]]
    assert re.findall(r'<a href="#([a-z0-9-]+)"', text) == there  # the contents
    links = [item.link for item in REPORTS[report] if item.link]
    shown = re.findall(r'<a class="lo-go" href="([^"?]+)[?]([^"]+)">(.+?) <span', text)
    assert [(page, unescape(words)) for page, _, words in shown] == [(link.page, link.words) for link in links]
    assert [parse_qsl(unescape(query)) for _, query, _ in shown] == [list(link.query) for link in links]
    for item in REPORTS[report]:
        assert item.learned in unescape(text), item.name
        assert all(doubt in unescape(text) for doubt in item.doubts), item.name


def test_without_results_print_stands_alone_and_commands_say_what_to_do(empty: Path):
    text = html(start(report="2022"))
    assert "<td>1.1515</td>" in text
    assert "python -m core train report22-classes-24</code>" in text
    assert "python -m core sweep l16-mlp</code>" in text
    assert "Reader of the course" not in text


def test_results_stand_beside_print_as_soon_as_they_are_there(empty: Path):
    running = start(report="2022")
    row = {"model": "report22-regression", "measure": "mae_hours", "ours": 0.7531, "mean_minutes": 44.25}
    write_table(empty / "results", "clocks.csv", [{**row, "epochs_trained": 3, "epochs_asked": 100}])
    text = html(running.run())
    assert "0.7531" in text
    assert "44.25" in text


def test_the_report_is_in_the_url(empty: Path):
    running = start(report="2023")
    assert running.session_state["report"] == "2023"
    assert 'id="figure-23"' in html(running)
    running.segmented_control(key="report").set_value("2022").run()
    assert not running.exception
    assert 'id="figure-23"' not in html(running)


@pytest.mark.parametrize("value", ["", "<script>alert(1)</script>", "\x00", "2021", "9" * 3000])
def test_garbage_in_the_url_is_ignored(empty: Path, value: str):
    running = start(report=value)
    assert not running.exception
    assert "<script" not in html(running)
    assert 'id="table-9"' in html(running)


def test_damaged_tables_are_sentences(empty: Path):
    (empty / "results").mkdir()
    (empty / "results" / "clocks.csv").write_text("model,report\nreader-report\n")
    running = start()
    assert not running.exception
    assert "Clocks.csv is damaged" in html(running)
    assert "<td>1.1515</td>" in html(running)


def test_links_bring_their_state_along_in_one_session(empty: Path):
    """Also over what the visitor chose there before."""
    running = start("pages/compare_training.py", part="Stored studies", study="l16-mlp")
    assert running.session_state["study"] == "l16-mlp"
    running = follow(running.switch_page(PAGE).run(), "2023", "Table 3")
    assert not running.exception
    assert running.session_state["study"] == "cnn-grid-batchnorm"
    running = follow(running, "2022", "Table 5")
    assert running.session_state["tab"] == "Common sense"
    assert [running.session_state[key] for key in ("shown", "answered")] == [datetime.time(10, 2), datetime.time(10, 8)]


def test_links_set_what_is_read_and_what_is_trained(empty: Path):
    running = follow(start(), "2022", "Figure 2")
    assert not running.exception
    assert (running.session_state["sample"], running.session_state["gamma"]) == ("10_08-report", 3.0)
    running = follow(running, "2022", "Table 9")
    assert not running.exception
    assert running.session_state["live-net"] == "cnn-22-basic"
    running = follow(running, "2023", "Figure 2")
    assert not running.exception
    assert (running.session_state["from"], running.session_state["time"]) == ("drawn", datetime.time(0, 1))


def test_links_open_at_sections_that_their_pages_have():
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "pages" / "parts").glob("*.py"))
    links = [item.link for items in REPORTS.values() for item in items if item.link]
    named = {value for link in links for name, value in link.query if name == "at"}
    assert named == {"shown", "errors", "hour", "learning", "confusion", "ruler"}
    assert [at for at in sorted(named) if f'at="{at}"' not in code and f'id="at-{at}"' not in code] == []


def opened_at(running: AppTest) -> dict:
    """What the browser is told of the place to open at."""
    found = [part.proto for part in running.get("bidi_component") if part.proto.component_name.endswith("landing")]
    assert len(found) == 1
    return json.loads(found[0].json or found[0].mixed.json)


def test_the_browser_is_told_where_to_open_and_which_report_it_is(empty: Path):
    assert opened_at(start(report="2023")) == {"at": "", "report": "2023"}
    running = follow(start(), "2022", "Table 8")
    assert not running.exception
    assert opened_at(running) == {"at": "ruler"}
    assert 'id="at-ruler"' in html(running)
    assert opened_at(start("pages/tell_the_time.py", tab="Compare the models", at="<script>")) == {"at": ""}


def test_names_of_links_are_keys_of_their_pages():
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "pages").rglob("*.py"))
    names = {name for items in REPORTS.values() for item in items if item.link for name, _ in item.link.query}
    assert [name for name in sorted(names) if f'"{name.removeprefix("live-")}"' not in code] == []


def test_every_row_says_of_what_it_is_and_keeps_per_cents_together():
    lines = tuple(Line("Adam, rate 0.1", figure, Found(0.5, "8 % of the pictures"), more=more) for figure, more in PAIR)
    text = report_items.table(Lines((*lines, Line("Best run"))), REPORTS["2022"][0])
    assert re.findall(r'<th scope="row">([^<]*)', text) == ["Adam, rate 0.1", "Adam, rate 0.1", "Best run"]
    assert report_items.unbroken("8 % of 1 %") == "8&nbsp;% of 1&nbsp;%"


def test_what_is_read_from_disk_is_escaped():
    line = Line("<b>x", "<i>1", Found("<u>2", "<s>3"), None, "<p>4", "<q>5")
    text = report_items.table(Lines((line,), (line,), title="<h1>"), REPORTS["2022"][0])
    assert not re.search(r"<(b|i|u|s|q|h1)>", text)
    assert "&lt;u&gt;2" in text
    assert "<details>" in text


def test_the_page_loads_no_tensorflow():
    stays_light(f"at = at.switch_page({PAGE!r}).run()", "core.reports.answers")
