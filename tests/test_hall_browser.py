"""What a lecture hall and its telephones ask of the pages, in a real Chromium: places, sizes, the way back."""

import re

import pytest
import test_presenter_browser
from test_browser import Server, expect
from test_presenter_browser import bar, ready

from pages.parts import shell
from pages.parts.demos import STEPS

# Fixtures: the page fails where a request leaves the machine; the server's models load when first used.
browser, page, server = (getattr(test_presenter_browser, name) for name in ("browser", "page", "server"))
LONG = 240_000  # milliseconds that the first reading may take


def top(page, selector: str) -> float:
    return page.locator(selector).evaluate("one => one.getBoundingClientRect().top")


def lands(page, selector: str) -> None:
    """Wait until an element stands at the top of the window, beneath what covers it there."""
    page.locator(selector).wait_for()
    page.wait_for_function("one => Math.abs(document.querySelector(one).getBoundingClientRect().top - 72) < 30", arg=selector)


def test_a_link_of_a_report_leads_to_its_section_and_back_to_its_item(page, server: Server):
    page.goto(f"{server.url}/reports?report=2023")
    page.locator("article:has(#figure-6) a.lo-go").click()
    page.wait_for_url(re.compile("/tell_the_time.*at=learning"))
    lands(page, "#at-learning")
    # A page that still runs may write its state into the history entry that one goes back from.
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=60000)
    page.go_back()
    page.wait_for_url(re.compile(r"/reports\?report=2023#figure-6$"))  # no other step, no stray parameter
    lands(page, "#figure-6")
    assert top(page, "#text-1-1") < 0
    page.get_by_text("2022", exact=True).first.click()
    expect(page.locator("#table-9")).to_be_attached()
    expect(page.locator("#figure-23")).to_have_count(0)
    page.wait_for_url(re.compile("/reports$"))  # 2022 has another figure 6


def test_back_brings_back_what_was_chosen_before(page, server: Server):
    page.goto(f"{server.url}/compare_training?pick=3&beside=5")
    study, at_rest = page.get_by_role("combobox", name="Study"), page.get_by_test_id("stApp")
    expect(study).to_have_value(re.compile("^A1"))
    expect(at_rest).to_have_attribute("data-test-script-state", "notRunning", timeout=60000)
    study.click()
    page.get_by_role("option", name=re.compile("^A5")).click()
    page.wait_for_url(re.compile("study=mlp-forms"))
    expect(page.locator("#at-effects, h2").first).to_be_visible()
    expect(at_rest).to_have_attribute("data-test-script-state", "notRunning", timeout=60000)
    assert "pick=" not in page.url  # what was picked in one study means nothing in the next
    for _ in range(4):  # each parameter that changed is an entry
        if "study=" in page.url:
            page.go_back()
            page.wait_for_timeout(500)
    expect(study).to_have_value(re.compile("^A1"))


def test_after_another_page_the_link_names_what_stands_here_again(page, server: Server):
    page.goto(f"{server.url}/compare_training?pick=3&beside=5")
    expect(page.get_by_role("combobox", name="Run", exact=True)).to_have_value(re.compile("^3:"), timeout=60000)
    ready(page)
    page.get_by_role("link", name="Welcome").click()
    page.wait_for_url(f"{server.url}/")
    ready(page)
    page.get_by_role("link", name="Compare training").first.click()
    expect(page.get_by_role("combobox", name="Run", exact=True)).to_have_value(re.compile("^3:"), timeout=60000)
    page.wait_for_url(re.compile(r"/compare_training\?.*pick=3&beside=5"))
    ready(page)
    for _ in range(2):  # from the address with its choices, and from the one that the link led to
        if "compare_training" in page.url:
            page.go_back()
    page.wait_for_url(f"{server.url}/")


def test_on_a_telephone_nothing_is_cut(page, server: Server):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.url}/tell_the_time?tab=Compare+the+models")
    page.locator("#at-ruler").wait_for()
    ends = page.get_by_role("tab").evaluate_all("tabs => tabs.map(tab => tab.getBoundingClientRect().right)")
    assert len(ends) == 3
    assert max(ends) <= 390
    expect(page.get_by_role("region", name="Figures of all models")).to_be_visible()
    # Styles may arrive a moment after the table.
    page.wait_for_function(
        "(one => one.scrollWidth <= one.clientWidth)(document.querySelector('[aria-label=\"Figures of all models\"]'))"
    )
    page.goto(f"{server.url}/tell_the_time?tab=Compare+the+models&present=on&demo=5")
    ready(page)
    expect(bar(page)).to_contain_text("Demo 3 of 5")
    assert bar(page).evaluate("one => one.getBoundingClientRect().height") < 844 / 5


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1366, 900)])
def test_the_point_of_the_second_demo_stands_above_the_fold(page, server: Server, width: int, height: int):
    page.set_viewport_size({"width": width, "height": height})
    models = "model=reader-report&model=report23-classes-720"
    page.goto(f"{server.url}/tell_the_time?from=Samples&sample=08_20-report&gamma=3&{models}&present=on&demo=2")
    expect(page.locator(".lo-sure")).to_have_count(2, timeout=LONG)
    expect(page.locator(".stApp[data-test-script-state='notRunning']")).to_be_attached(timeout=LONG)
    # Styles may arrive a moment after the readings.
    page.wait_for_function(
        """height => (all => all.length >= 4 && all.every(one => one.getBoundingClientRect().bottom < height))(
            [...document.querySelectorAll(".lo-digits, .lo-sure")])""",
        arg=height,
    )


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080)])
def test_the_figure_of_the_third_demo_stands_in_the_window_whole(page, server: Server, width: int, height: int):
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{server.url}/{STEPS[4].link}&present=on&demo=5")
    expect(bar(page)).to_contain_text("Demo 3 of 5")
    page.locator(".st-key-fits-within .main-svg").first.wait_for(timeout=LONG)
    covered = bar(page).evaluate("one => one.getBoundingClientRect().bottom")
    page.wait_for_function(
        """([from, to]) => {
            const places = ["#at-errors", ".st-key-fits-within .main-svg"].map(one => document.querySelector(one));
            const [heading, figure] = places.map(one => one.getBoundingClientRect());
            return heading.top >= from - 1 && figure.top > heading.bottom && figure.height >= 300 && figure.bottom <= to;
        }""",
        arg=[covered, height],
    )


def test_what_is_said_of_both_models_of_a_walk_stands_above_the_fold(page, server: Server):
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"{server.url}/{STEPS[7].link}&present=on&demo=8")
    told = page.locator(".st-key-strips .told span")
    expect(told).to_contain_text(re.compile(r"VAE.*: length [\d.]+\s+GAN.*: length [\d.]+"), timeout=LONG)
    page.wait_for_function("one => one.getBoundingClientRect().bottom <= innerHeight", arg=told.element_handle(), timeout=LONG)


def test_short_lists_of_models_stand_together_beside_the_long_one(page):
    """Fourteen, three and nine models of the welcome page: no column is left half empty, on telephones there is but one."""
    lists = "".join(f"<section><h3>Some</h3><ul>{'<li>One</li>' * count}</ul></section>" for count in (14, 3, 9))
    style = (shell.WEB / "home.css").read_text("utf-8")
    page.set_content(f'<style>{style}</style><div class="lo-shelves">{lists}</div>')
    lefts = "all => all.map(one => Math.round(one.getBoundingClientRect().left))"
    for width, columns in ((390, [0, 0, 0]), (1280, [0, 1, 1]), (1920, [0, 1, 1])):
        page.set_viewport_size({"width": width, "height": 900})
        found = page.locator("section").evaluate_all(lefts)
        assert [sorted(set(found)).index(left) for left in found] == columns, width
