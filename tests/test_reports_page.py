"""The page 'Reports' through Streamlit's own test runner, with results and without."""

import datetime
import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from core import paths
from core.reports.answers import REPORTS
from core.reports.evidence import Found, Line, Lines
from core.tables import write_table
from pages.parts import report_items

pytestmark = pytest.mark.usefixtures("fresh_caches")

ROOT = Path(__file__).resolve().parent.parent
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


def follow(running: AppTest, link) -> AppTest:
    """From the page of the reports, go where a link leads, in the same session."""
    running.query_params.clear()
    running = running.switch_page(PAGE).run()
    running.query_params.clear()
    for name, value in parse_qsl(link.proto.query_string):
        running.query_params[name] = [*running.query_params.get(name, []), value]
    return running.switch_page(f"pages/{link.proto.page}.py").run()


@pytest.mark.parametrize("report", REPORTS)
def test_every_item_stands_there_in_its_order(empty: Path, report: str):
    running = start(report=report)
    assert not running.exception
    text = html(running)
    there = re.findall(r'<h2 id="([a-z0-9-]+)">', text)
    assert there == [item.anchor for item in REPORTS[report]]
    assert re.findall(r'<a href="#([a-z0-9-]+)"', text) == there  # the contents
    assert [link.proto.label for link in running.get("page_link")] == [one.link.words for one in REPORTS[report] if one.link]
    for item in REPORTS[report]:
        assert item.learned in unescape(text), item.name
        assert all(doubt in unescape(text) for doubt in item.doubts), item.name


def test_without_results_print_stands_alone_and_commands_say_what_to_do(empty: Path):
    text = html(start(report="2022"))
    assert "<td>1.1515</td>" in text
    assert "python -m core train report22-classes-24</code>" in text
    assert "python -m core sweep l16-mlp</code>" in text
    assert "First reader" not in text


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
    found = {report: start(report=report).get("page_link") for report in REPORTS}
    links = {(report, link.proto.query_string): link for report in REPORTS for link in found[report]}

    def at(report: str, *parts: str):
        return next(link for (year, query), link in links.items() if year == report and all(part in query for part in parts))

    running = follow(running, at("2023", "study=cnn-grid-batchnorm"))
    assert not running.exception
    assert running.session_state["study"] == "cnn-grid-batchnorm"
    running = follow(running, at("2023", "study=mlp-forms"))
    assert running.session_state["study"] == "mlp-forms"
    running = follow(running, at("2022", "shown=10"))
    assert running.session_state["tab"] == "Common sense"
    assert running.session_state["shown"] == datetime.time(10, 2)
    assert running.session_state["answered"] == datetime.time(10, 8)
    running = follow(running, at("2023", "from=Drawn"))
    assert not running.exception
    assert (running.session_state["from"], running.session_state["time"]) == ("drawn", datetime.time(0, 1))
    running = follow(running, at("2022", "gamma=3"))
    assert not running.exception
    assert (running.session_state["sample"], running.session_state["gamma"]) == ("10_08-report", 3.0)
    running = follow(running, at("2022", "live-net"))
    assert not running.exception
    assert running.session_state["live-net"] == "cnn-22-basic"


def test_names_of_links_are_keys_of_their_pages():
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "pages").rglob("*.py"))
    names = {name for items in REPORTS.values() for item in items if item.link for name, _ in item.link.query}
    assert [name for name in sorted(names) if f'"{name.removeprefix("live-")}"' not in code] == []


def test_what_is_read_from_disk_is_escaped():
    line = Line("<b>x", "<i>1", Found("<u>2", "<s>3"), None, "<p>4", "<q>5")
    text = report_items.table(Lines((line,), (line,), title="<h1>"), REPORTS["2022"][0])
    assert not re.search(r"<(b|i|u|s|q|h1)>", text)
    assert "&lt;u&gt;2" in text
    assert "<details>" in text


def test_the_page_loads_no_tensorflow():
    code = (
        "import sys; from streamlit.testing.v1 import AppTest; at = AppTest.from_file('app.py', default_timeout=60).run(); "
        f"at = at.switch_page({PAGE!r}).run(); assert not at.exception, at.exception; assert 'core.reports.answers' in "
        "sys.modules; heavy = [name for name in ('tensorflow', 'keras', 'jax', 'torch') if name in sys.modules]; "
        "assert not heavy, heavy; print('light')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "LATENT_OCLOCK_WARM": "0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.strip() == "light", done.stderr
