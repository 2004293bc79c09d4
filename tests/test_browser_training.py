"""The page 'Compare training' in a real Chromium: brushes by mouse and keys, runs and cells that are pressed, files, phones,
and a live run from its start to its end.

The server shows results that nobody trained: ``sitecustomize`` in a folder of its own names another folder of results, and
has fewer clocks drawn for the live run.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from core.paths import ROOT
from core.studies import STUDIES
from tests.screen import standing
from tests.served import Server
from tests.stored_studies import accuracy_of, store

playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install -r requirements-dev.txt")
from tests import test_browser  # noqa: E402
from tests.test_browser import browser, expect  # noqa: E402, F401  (browser is a fixture)

page = test_browser.page  # the same visitor, of the server below

STUDY = "/compare_training?study=l16-mlp"
LIVE = "/compare_training?part=Train+now&live-data=clock-hours&live-net=mlp-300&live-pictures=300&live-batch=1"
CLOCKS = 840  # of them 600 to train on and 120 to validate
LIVE_MILLISECONDS = 240_000  # that a busy machine may take until a worker has begun, or has ended
RECORDER = """
window.told = [];
setInterval(() => {
    const words = document.querySelector('.lo-lane [role=status]')?.innerText;
    if (words && words !== window.told.at(-1)) window.told.push(words);
}, 50);
"""
# Counts the frames in which one of two figures is neither drawn nor covered by what it showed before, and the plots there were.
WATCHER = """() => {
    window.empty = [];
    const plots = new Set();
    const shown = (name) => {
        const slots = [...document.querySelectorAll(`.st-key-live-chart-${name}`)].filter(slot => slot.clientHeight);
        for (const plot of slots.map(slot => slot.querySelector('.js-plotly-plot')).filter(Boolean)) {
            plots.add(plot);
            if (plot.clientHeight && getComputedStyle(plot).visibility === 'visible') return true;
        }
        const place = slots[0]?.getBoundingClientRect();
        return [...document.querySelectorAll('.lo-afterimage')].some(one => {
            const { top, left, height } = one.getBoundingClientRect();
            return place && height && Math.abs(top - place.top) < 2 && Math.abs(left - place.left) < 2;
        });
    };
    const look = () => {
        for (const name of ['loss', 'accuracy']) if (!shown(name)) window.empty.push(name);
        window.plots = plots.size;
        requestAnimationFrame(look);
    };
    look();
}"""
TRIES = 30
FIGURES = 9  # of the L16 study: three main effects, importance, interaction, curves, one confusion matrix, two of print


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app over made results."""
    folder = tmp_path_factory.mktemp("studies")
    results = folder / "results"
    store(STUDIES["l16-mlp"], results)
    lines = ["from pathlib import Path", "from core import paths", f"paths.RESULTS = Path({str(results)!r})"]
    lines += ["from core.clocks import hours", f"hours.HOURS_COUNT = {CLOCKS}"]
    (folder / "sitecustomize.py").write_text("\n".join(lines), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(ROOT)]))
        patch.setenv("LATENT_OCLOCK_WARM", "0")
        running = Server(folder / "log.txt")
    yield running
    running.stop()


def opened(page, server: Server, path: str = STUDY, figures: int = FIGURES):
    page.goto(server.url + path)
    expect(page.locator(".parallel[data-drawn]")).to_be_visible()
    page.wait_for_function(f"document.querySelectorAll('.js-plotly-plot .main-svg').length >= {figures}")
    page.wait_for_function("!document.querySelector('[data-stale=true]')")
    return page


def until(page, pattern: str) -> None:
    expect(page).to_have_url(re.compile(pattern))


def test_the_way_to_the_page(page, server: Server):
    page.goto(server.url)
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Compare training").click()
    expect(page.get_by_role("heading", name="Compare training")).to_be_visible()
    expect(page.locator(".lo-stored")).to_contain_text("48 of 48 runs are stored")


def test_a_brush_keeps_the_runs_that_pass_it(page, server: Server):
    opened(page, server)
    area = page.locator(".parallel .axis").nth(0)
    box = standing(area)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 0.4 * box["height"], steps=6)
    expect(page.locator(".parallel .told")).to_have_text("24 of 48 runs")  # while it is held: the browser alone
    page.mouse.up()
    until(page, r"brush=initializer")
    expect(page.locator(".parallel .told")).to_have_text("24 of 48 runs")
    page.get_by_role("button", name="Clear brushes").click()
    expect(page.locator(".parallel .told")).to_have_text("48 of 48 runs")


def test_keys_move_a_brush(page, server: Server):
    opened(page, server)
    page.get_by_role("slider", name="optimiser, from").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator(".parallel .told")).to_have_text("36 of 48 runs")
    until(page, r"brush=optimizer")
    expect(page.get_by_role("slider", name="optimiser, from")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".parallel .told")).to_have_text("48 of 48 runs")


def test_a_brush_keeps_its_numbers_when_only_the_best_are_shown(page, server: Server):
    values = sorted((accuracy_of(trial) for trial in STUDIES["l16-mlp"].trials), reverse=True)
    place = next(place for place in range(5, 48) if values[place] > values[place + 1])
    cut = f"{(values[place] + values[place + 1]) / 2:.6g}"
    opened(page, server, f"{STUDY}&brush=val_accuracy:..{cut}")
    told = page.locator(".parallel .told")
    expect(told).to_have_text(f"{47 - place} of 48 runs")
    page.get_by_role("radio", name="Best 5", exact=True).click()
    expect(told).to_have_text("0 of 5 runs")
    expect(page.get_by_role("alert").first).to_contain_text("None of the best 5 runs lies within the brushes")
    page.get_by_role("slider", name="optimiser, from").focus()
    page.keyboard.press("ArrowUp")  # the browser sends both brushes
    until(page, rf"brush=optimizer.*brush=val_accuracy%3A\.\.{re.escape(cut)}")
    page.get_by_role("slider", name="optimiser, from").focus()
    page.keyboard.press("Escape")
    page.get_by_role("radio", name="All", exact=True).click()
    expect(told).to_have_text(f"{47 - place} of 48 runs")


def test_a_line_that_is_pressed_is_looked_at(page, server: Server):
    opened(page, server)
    page.locator(".parallel .hit").nth(5).dispatch_event("click")
    until(page, r"pick=\d+")
    trial = re.search(r"pick=(\d+)", page.url)[1]
    expect(page.get_by_role("heading", name=re.compile(rf"^Run {trial}:"))).to_be_visible()


def test_a_cell_of_the_confusion_matrix_shows_its_pictures(page, server: Server):
    opened(page, server)
    matrix = page.locator(".st-key-confusion-0 .js-plotly-plot")
    box = standing(matrix.locator(".scatterlayer .point").nth(60))  # row 6, column 0
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(page, r"cell=6-0")
    expect(page.locator(".lo-wrongs li")).to_have_count(3)


def test_figures_are_saved(page, server: Server):
    opened(page, server)
    with page.expect_download() as saved:
        page.locator(".parallel").get_by_role("button", name="SVG").click()
    drawn = ElementTree.parse(saved.value.path()).getroot()
    assert drawn.tag.endswith("svg")
    assert len(drawn.findall(".//{*}path")) == 48
    *words, title = drawn.findall(".//{*}text")
    assert title.text == "A1, l16-mlp: 48 of 48 runs"
    assert all(float(text.get("textLength", "0")) > 0 for text in words)  # as wide in whatever type
    assert drawn[0].get("height") == drawn.get("height")  # paper behind all of it
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download CSV").first.click()
    assert saved.value.suggested_filename == "study_l16-mlp.csv"
    assert len(Path(saved.value.path()).read_text().splitlines()) == 49
    page.get_by_role("radio", name="SVG").click()
    until(page, r"file=SVG")
    chart, names = page.locator(".js-plotly-plot").first, []
    while len(names) < TRIES and not any(name.endswith(".svg") for name in names):  # until the page is drawn again
        page.wait_for_timeout(1000)
        chart.hover()
        with page.expect_download() as saved:
            chart.locator(".modebar-btn").first.click()
        names.append(saved.value.suggested_filename)
    assert names[-1] == "l16-mlp-effects-accuracy.svg"


def test_a_run_goes_to_the_form_of_live_runs(page, server: Server):
    opened(page, server)
    page.get_by_role("button", name="Train it now").first.click()
    expect(page.get_by_role("tab", name="Train now")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(page, server: Server, width: int):
    page.set_viewport_size({"width": width, "height": 844})
    opened(page, server, f"{STUDY}&beside=3", FIGURES + 1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".parallel.lying").count() == (width == 390)


# --- a live run ------------------------------------------------------------------------------------------------------


def epochs_told(page) -> list[int]:
    """How many epochs were done, as the page counted them since it was loaded, each number once."""
    found = [re.search(r"(\d) of 5 epochs", words) for words in page.evaluate("window.told")]
    return list(dict.fromkeys(int(one[1]) for one in found if one))


def live_traces(page, figure: str) -> list[list[float]]:
    """What is drawn of ``loss`` or ``accuracy``: the values of training, then those of validation, an epoch each."""
    drawn = f".st-key-live-chart-{figure} .js-plotly-plot"
    # While the page is drawn anew there may be no chart for a moment.
    there = "drawn => document.querySelector(drawn)?.data?.map(trace => Array.from(trace.y))"
    return page.wait_for_function(there, arg=drawn).json_value()


def test_a_live_run_is_followed_from_its_start_to_its_end(page, server: Server):
    """Five epochs in a worker of its own, held and reloaded in their middle; batches of one picture make it last seconds."""
    page.add_init_script(RECORDER)
    page.goto(server.url + LIVE)
    status = page.locator(".lo-lane [role=status]")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(status).to_contain_text("Starting")
    expect(status).to_contain_text(re.compile(r"Training [1-4] of 5 epochs"), timeout=LIVE_MILLISECONDS)
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(status).to_contain_text("Paused", timeout=LIVE_MILLISECONDS)
    expect(page.get_by_role("button", name="Go on", exact=True)).to_be_enabled()  # all of it is drawn
    done = int(re.search(r"(\d) of 5 epochs", status.inner_text())[1])
    counted = epochs_told(page)
    assert counted == sorted(counted)
    assert counted[-1] == done < 5
    until(page, r"run=[\w-]+.*hand=[\w-]+")

    stranger = page.context.browser.new_context().new_page()  # with a copy of the address bar, secret and all
    stranger.goto(page.url)
    expect(stranger.get_by_text("Someone else steers this run")).to_be_visible(timeout=LIVE_MILLISECONDS)
    expect(stranger.get_by_role("button", name="Go on", exact=True)).to_have_count(0)
    stranger.context.close()

    page.reload()
    expect(status).to_contain_text(f"Paused {done} of 5 epochs")
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot .main-svg').length >= 2")
    for figure in ("loss", "accuracy"):
        training, validation = live_traces(page, figure)
        assert len(training) > done, "several points an epoch"
        assert len(validation) == done
    expect(page.locator(".lo-samples figure")).to_have_count(12)
    expect(page.locator(".lo-filters img")).to_be_visible()
    expect(page.locator(".lo-lane .lo-swatch")).to_be_visible()

    page.evaluate(WATCHER)
    page.get_by_role("button", name="Go on", exact=True).click()
    expect(status).to_contain_text(re.compile(r"(Training|Done) [45] of 5 epochs"), timeout=LIVE_MILLISECONDS)
    assert page.evaluate("window.plots") > 2, "figures are drawn anew as the run goes on"
    assert page.evaluate("window.empty") == []
    expect(status).to_contain_text("Done 5 of 5 epochs", timeout=LIVE_MILLISECONDS)
    expect(status).to_contain_text(re.compile(r"test part: \d+\s% right, cross-entropy \d"))
    counted = epochs_told(page)
    assert (counted[0], counted[-1]) == (done, 5)
    assert counted == sorted(counted)
    page.wait_for_function("document.querySelector('.st-key-live-chart-loss .js-plotly-plot')?.data?.[1]?.y.length === 5")
    (losses, _), (_, accuracies) = live_traces(page, "loss"), live_traces(page, "accuracy")
    assert all(loss > 0 for loss in losses)
    assert all(0 <= accuracy <= 1 for accuracy in accuracies)
    expect(page.get_by_role("button", name="Rewind", exact=True)).to_be_enabled()

    page.set_viewport_size({"width": 1280, "height": 720})  # as a projector has it
    page.goto(f"{page.url}&present=on&demo=7")
    assert seen_at_once(page, 1)
    page.get_by_role("button", name="Race", exact=True).click()
    assert seen_at_once(page, 2)
    page.set_viewport_size({"width": 1920, "height": 1080})
    assert seen_at_once(page, 2)


def seen_at_once(page, runs: int) -> bool:
    """Whether in presenter mode how far all runs are and both whole figures lie in the window, before anything is scrolled."""
    expect(page.locator(".lo-lane")).to_have_count(runs, timeout=LIVE_MILLISECONDS)
    parts = ".lo-lane, [class*='st-key-live-buttons-'], [class*='st-key-fits-live-chart-'] .main-svg"
    return page.wait_for_function(
        """([parts, count]) => {
            const boxes = [...document.querySelectorAll(parts)].map(one => one.getBoundingClientRect());
            return boxes.length >= count && boxes.every(box => box.height > 20 && box.top > 0 && box.bottom <= innerHeight);
        }""",
        arg=[parts, 2 * runs + 2],
        timeout=LIVE_MILLISECONDS,
    ).json_value()
