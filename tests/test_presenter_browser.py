"""Presenter mode in a real Chromium: keys, the script that drives the pages, the link; no request leaves the machine."""

import os
import re
from collections.abc import Iterator

import pytest
import test_browser
from screen import standing
from test_browser import Server, expect

from pages.parts.demos import STEPS

browser, page = test_browser.browser, test_browser.page  # its fixtures; the page fails where a request leaves the machine


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app, whose models load when first used: nothing here reads a clock."""
    before = os.environ.get("LATENT_OCLOCK_WARM")
    os.environ["LATENT_OCLOCK_WARM"] = "0"
    running = Server(tmp_path_factory.mktemp("app") / "log.txt")
    yield running
    running.stop()
    if before is None:
        del os.environ["LATENT_OCLOCK_WARM"]
    else:
        os.environ["LATENT_OCLOCK_WARM"] = before


def ready(page):
    """Wait until the bar is there, which hears the keys, and the page beneath it has been drawn."""
    expect(page.locator(".bar")).to_have_attribute("data-ready", "true")
    expect(page.locator("h1")).to_be_visible()


def bar(page):
    return page.get_by_role("region", name="Presenter")


def test_a_key_turns_presenter_mode_on_and_off(page, server: Server):
    page.goto(server.url)
    ready(page)
    expect(bar(page)).to_be_hidden()
    small = page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
    page.keyboard.press("p")
    expect(bar(page)).to_be_visible()
    expect(page.locator(".stSidebar")).to_be_hidden()
    page.wait_for_url(re.compile("present=on"))
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") >= 1.2 * small
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("p")  # a dialog is open: the key rests
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(bar(page)).to_be_visible()
    bar(page).get_by_role("button", name="Leave").click()
    expect(bar(page)).to_be_hidden()
    expect(page.locator(".stSidebar")).to_be_visible()


def test_a_step_stays_open_when_the_page_before_writes_its_own_url_once_more(page, server: Server):
    page.goto(f"{server.url}/tell_the_time?tab=Common+sense&present=on&demo=5")
    expect(bar(page)).to_contain_text("Demo 3 of 5")
    ready(page)
    before = page.url
    page.keyboard.press("n")
    page.wait_for_url(re.compile("demo=6"))
    page.evaluate("url => history.pushState(null, '', url)", before)  # as Streamlit does it for a script that still runs
    page.wait_for_url(re.compile(r"/compare_training\?.*demo=6"))
    expect(page.get_by_role("heading", name="Compare training")).to_be_visible()
    expect(bar(page)).to_contain_text("Demo 4 of 5")
    for _ in range(4):  # entries of the page itself lie between
        if "demo=6" in page.url:
            page.go_back()
    page.wait_for_timeout(1000)
    assert "demo=5" in page.url  # someone wanted it so, and nothing holds the step


def test_a_step_whose_run_is_lost_is_opened_once_more(page, server: Server):
    """A choice that the page sends in the same moment says the URL before, and its run takes the place of the step's."""
    page.goto(f"{server.url}/compare_training?study=l16-mlp&at=effects&present=on&demo=6")
    ready(page)
    expect(bar(page)).to_contain_text("Demo 4 of 5, part 1 of 2")
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.evaluate(
        """() => {
          window.asked = 0;
          const send = WebSocket.prototype.send;
          WebSocket.prototype.send = function (bytes) {
            const text = String.fromCharCode(...bytes);
            if (text.includes("demo=7") && !window.asked++) bytes = Uint8Array.from(text.replace("demo=7", "demo=6"),
              (letter) => letter.charCodeAt(0));
            return send.call(this, bytes);
          };
        }"""
    )
    page.keyboard.press("n")
    page.wait_for_url(re.compile(r"/compare_training\?.*demo=7"))
    expect(bar(page)).to_contain_text("Demo 4 of 5, part 2 of 2")
    assert page.evaluate("window.asked") == 2


def test_a_step_that_a_slow_network_brings_late_is_opened_once(page, server: Server):
    page.goto(f"{server.url}/compare_training?study=l16-mlp&at=effects&present=on&demo=6")
    ready(page)
    expect(bar(page)).to_contain_text("Demo 4 of 5, part 1 of 2")
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.evaluate(
        """() => {
          window.asked = 0;
          const send = WebSocket.prototype.send;
          WebSocket.prototype.send = function (bytes) {
            if (String.fromCharCode(...bytes).includes("demo=7")) window.asked++;
            setTimeout(() => send.call(this, bytes), 1500);
          };
        }"""
    )
    page.keyboard.press("n")
    expect(bar(page)).to_contain_text("Demo 4 of 5, part 2 of 2")
    page.wait_for_timeout(1000)
    assert page.evaluate("window.asked") == 1


def test_a_step_that_the_app_does_not_know_is_asked_for_twice_at_most(page, server: Server):
    """As a link of a newer app would name one."""
    page.goto(f"{server.url}/compare_training?study=l16-mlp&at=effects&present=on&demo=6")
    ready(page)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    bar(page).get_by_role("link", name="Next").evaluate(
        """(link) => {
          window.opened = 0;
          addEventListener("popstate", () => { window.opened++; });
          link.closest(".bar").presenter.data.next = location.href.replace("demo=6", "demo=99");
        }"""
    )
    page.keyboard.press("n")
    page.wait_for_url(re.compile("demo=99"))
    page.wait_for_timeout(8000)
    assert page.evaluate("window.opened") == 2


def test_the_script_drives_the_pages_and_keys_rest_while_one_types(page, server: Server):
    page.goto(f"{server.url}/tell_the_time?tab=Common+sense&present=on&demo=5")
    expect(bar(page)).to_contain_text("Demo 3 of 5")
    ready(page)
    page.keyboard.press("PageDown")
    page.wait_for_url(re.compile(r"/compare_training\?study=l16-mlp&at=effects&present=on&demo=6"))
    expect(page.get_by_role("heading", name="Compare training")).to_be_visible()
    expect(bar(page)).to_contain_text("Demo 4 of 5")
    field = page.get_by_role("combobox", name="Study")
    field.click()
    page.keyboard.type("nbq")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "demo=6" in page.url
    page.keyboard.press("Escape")
    bar(page).get_by_role("link", name="Next").click()
    page.wait_for_url(re.compile(r"/compare_training\?part=Train\+now&.*demo=7"))
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_in_viewport()
    page.keyboard.press("n")
    page.wait_for_url(re.compile(r"/latent_space\?.*demo=8"))
    expect(page.get_by_role("heading", name="Latent space")).to_be_visible()
    page.keyboard.press("n")  # the page still runs
    page.wait_for_url(re.compile(r"/latent_space\?.*demo=9"))
    expect(bar(page)).to_contain_text("part 2 of 2")
    expect(bar(page).get_by_role("link", name="Next")).to_be_hidden()
    # A page that still runs may write its state into the history entry that one goes back from.
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.go_back()
    expect(bar(page)).to_contain_text("Demo 5 of 5, part 1 of 2")


def test_the_next_step_after_the_last_is_the_end(page, server: Server):
    page.goto(f"{server.url}/?present=on&demo={len(STEPS) - 1}")
    ready(page)
    expect(bar(page)).to_contain_text("Demo 5 of 5, part 1 of 2")
    page.keyboard.press("PageDown")
    expect(bar(page)).to_contain_text("part 2 of 2")
    page.keyboard.press("PageDown")
    expect(bar(page)).to_contain_text("Presenter mode")
    page.wait_for_url(lambda url: "demo=" not in url)
    page.wait_for_timeout(1000)  # the step just opened is not put back
    assert "demo=" not in page.url
    expect(bar(page)).not_to_contain_text("Demo 5 of 5")


def test_a_click_does_not_cancel_a_step_that_waits(page, server: Server):
    page.goto(f"{server.url}/?present=on&demo={len(STEPS) - 1}")
    ready(page)
    expect(bar(page)).to_contain_text("part 1 of 2")
    page.evaluate("document.querySelector('.stApp').dataset.testScriptState = 'running'")
    page.keyboard.press("n")
    page.locator("h1").click()
    assert f"demo={len(STEPS)}" not in page.url
    page.wait_for_url(re.compile(f"demo={len(STEPS)}"))


def test_a_key_that_comes_before_the_bar_knows_of_the_step_waits_for_it(page, server: Server):
    page.goto(f"{server.url}/?present=on&demo={len(STEPS) - 2}")
    ready(page)
    expect(bar(page)).to_contain_text("Demo 4 of 5")
    page.evaluate("href => history.pushState(null, '', href)", bar(page).get_by_role("link", name="Next").get_attribute("href"))
    page.keyboard.press("n")
    page.wait_for_timeout(500)
    assert f"demo={len(STEPS) - 1}" in page.url
    page.evaluate("dispatchEvent(new PopStateEvent('popstate', { state: null }))")  # now Streamlit hears of it
    page.wait_for_url(re.compile(f"demo={len(STEPS)}"))
    expect(bar(page)).to_contain_text("part 2 of 2")


def test_a_step_may_be_named_with_a_nought_before_it(page, server: Server):
    page.goto(f"{server.url}/?present=on&demo=0{len(STEPS) - 1}")
    ready(page)
    expect(bar(page)).to_contain_text("part 1 of 2")
    page.keyboard.press("n")
    page.wait_for_url(re.compile(f"demo={len(STEPS)}"))


def test_the_link_and_its_code_hold_the_state_and_nothing_of_the_presenter(page, server: Server):
    page.goto(f"{server.url}/?moving=false&present=on")
    ready(page)
    page.keyboard.press("q")
    dialog = page.get_by_role("dialog")
    code = dialog.get_by_role("img", name=re.compile("QR code of the link"))
    expect(code).to_be_visible()
    words = code.get_attribute("alt") or ""
    assert words.endswith("/?moving=false")
    expect(dialog).to_contain_text("make app")  # the test's server answers this machine alone
    assert code.evaluate("image => image.naturalWidth > 100")


@pytest.mark.parametrize("width", [390, 1920])
def test_the_first_page_fits_and_its_cards_are_links(page, server: Server, width: int):
    page.set_viewport_size({"width": width, "height": 1080})
    page.goto(server.url)
    expect(page.get_by_role("img", name=re.compile("times that a network reads"))).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    moving = "parts => parts.filter(part => part.getAnimations().length).length"
    assert page.locator(".lo-live *").evaluate_all(moving) > 0
    page.emulate_media(reduced_motion="reduce")
    assert page.locator(".lo-live *").evaluate_all(moving) == 0
    box = standing(page.get_by_role("img", name=re.compile("^Accuracy over")))
    place = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    covers = "place => document.elementFromPoint(...place).closest('a')?.textContent ?? ''"  # the card's link, its picture
    assert "Compare training" in page.evaluate(covers, place)
    page.mouse.click(*place)
    expect(page.get_by_role("heading", name="Compare training")).to_be_visible()


def test_no_moment_of_the_clock_on_the_first_page_is_empty(page, server: Server):
    page.goto(server.url)
    expect(page.locator(".lo-take")).to_have_count(3)
    most = page.locator(".lo-live-clock").evaluate("""figure => {
        const moving = figure.getAnimations({ subtree: true }), takes = [...figure.querySelectorAll(".lo-take")];
        moving.forEach(one => one.pause());
        return Array.from({ length: 280 }, (_, place) => {  // from when the first picture is in, twice around
            moving.forEach(one => (one.currentTime = 1000 + 100 * place));
            return Math.max(...takes.map(take => Number(getComputedStyle(take).opacity)));
        });
    }""")
    assert most == [1] * 280


def test_the_walk_on_the_first_page_shows_whole_frames_as_they_are(page, server: Server):
    page.goto(server.url)
    ready(page)
    frames = page.locator(".lo-frames")
    expect(frames).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    width, height, sheet, places = frames.evaluate("""frames => {
        const image = frames.querySelector("img"), [moving] = image.getAnimations();
        const { width, height } = frames.getBoundingClientRect();
        moving.pause();
        const place = time => {
            moving.currentTime = time;
            return -new DOMMatrix(getComputedStyle(image).transform).m41 / width;
        };
        return [width, height, image.getBoundingClientRect().width, [0, 300, 1500, 3000, 4400, 5999].map(place)];
    }""")
    assert width == pytest.approx(height, abs=1)
    assert sheet == pytest.approx(24 * width, rel=0.01)
    assert places == pytest.approx([round(place) for place in places], abs=0.02)
    assert (round(places[0]), round(places[-1])) == (0, 23)
