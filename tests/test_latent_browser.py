"""The page 'Latent space' in a real Chromium: scrubbing at the screen's rate, enlarging, mixing, clicking on the map."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import test_browser
from screen import standing
from test_browser import Server, expect

browser, page = test_browser.browser, test_browser.page  # its fixtures
ROOT = Path(__file__).resolve().parent.parent
SMOOTH = 55  # frames a second
TRIES = 3  # a busy machine may spoil one measurement; it cannot make a slow page fast
# The app in one process with the toys in place of what is stored.
LAUNCH = """
import os, sys
from pathlib import Path
os.environ["LATENT_OCLOCK_WARM"] = "0"
sys.path[:0] = [{root!r}, {tests!r}]
import toy_generators
toy_generators.store(Path({folder!r}))
from streamlit.web.cli import main
sys.argv = ["streamlit", "run", "app.py", *sys.argv[1:]]
main()
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app with three toys for models."""
    folder = tmp_path_factory.mktemp("toys")
    code = LAUNCH.format(root=str(ROOT), tests=str(ROOT / "tests"), folder=str(folder))
    running = Server(folder / "log.txt", ("-c", code))
    yield running
    running.stop()


@pytest.fixture
def url(server: Server) -> str:
    return f"{server.url}/latent_space"


def allowed(frames: float) -> float:
    """What so many frames a second become while other programs want the cores too."""
    wanting = os.getloadavg()[0] if hasattr(os, "getloadavg") else 1.0
    return frames / max(1.0, wanting / (os.cpu_count() or 1))


def walk_of(page, address: str):
    """The scrubber, once its sheets are there."""
    page.goto(address)
    scrubber = page.locator(".scrubber")
    expect(scrubber).to_have_attribute("data-ready", "true")
    scrubber.scroll_into_view_if_needed()
    return scrubber


@pytest.mark.alone
def test_two_models_walk_at_the_screens_rate_without_a_request(page, url: str):
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.on("websocket", lambda socket: socket.on("framesent", lambda _: sent.append(socket.url)))
    scrubber = walk_of(page, url)
    expect(scrubber.locator("canvas")).to_have_count(2)
    expect(page.get_by_role("button", name="Vectors, CSV")).to_have_count(2)
    expect(page.locator(".js-plotly-plot .main-svg").nth(7)).to_be_attached()
    page.wait_for_load_state("networkidle")
    slider = scrubber.get_by_role("slider", name="Way")
    assert sent
    sent.clear()
    rates = []
    while len(rates) < TRIES and max(rates, default=0.0) < SMOOTH:
        # A pointer that moves at every refresh for a second, to and fro, and is not let go.
        rates.append(
            slider.evaluate(
                """slider => new Promise(done => {
            const root = slider.closest('.scrubber'), box = slider.getBoundingClientRect();
            const at = (kind, share) => slider.dispatchEvent(new PointerEvent(kind, {bubbles: true, pointerId: 1, button: 0,
                clientX: box.left + share * box.width, clientY: box.top + 5}));
            slider.setPointerCapture = () => {};
            at('pointerdown', 0);
            const begin = performance.now(), drawn = Number(root.dataset.drawn);
            const move = now => {
                const seconds = (now - begin) / 1000;
                if (seconds >= 1) return done((Number(root.dataset.drawn) - drawn) / seconds);
                at('pointermove', Math.abs((seconds * 2) % 2 - 1));
                requestAnimationFrame(move);
            };
            requestAnimationFrame(move);
        })"""
            )
        )
    print("frames a second:", ", ".join(f"{rate:.1f}" for rate in rates))
    assert max(rates) >= allowed(SMOOTH)
    assert not sent


def test_keys_move_both_pictures_and_the_place_stands_in_the_url(page, url: str):
    scrubber = walk_of(page, url)
    before = [canvas.evaluate("canvas => canvas.toDataURL()") for canvas in scrubber.locator("canvas").all()]
    slider = scrubber.get_by_role("slider", name="Way")
    slider.focus()
    for _ in range(5):
        page.keyboard.press("PageUp")
    expect(slider).to_have_attribute("aria-valuenow", "30")
    after = [canvas.evaluate("canvas => canvas.toDataURL()") for canvas in scrubber.locator("canvas").all()]
    assert all(one != other for one, other in zip(before, after, strict=True))
    page.wait_for_url(re.compile("at=30"))
    slider.press(" ")
    expect(scrubber.get_by_role("button", name="Pause")).to_be_visible()
    slider.press(" ")
    expect(scrubber.get_by_role("button", name="Play")).to_be_visible()


def test_a_cell_of_the_grid_enlarges_and_keys_go_on(page, url: str):
    walk_of(page, url)
    cells = page.locator(".tiles").first
    expect(cells).to_have_attribute("data-ready", "true")
    cells.get_by_role("button").nth(0).click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("0 % of the way")
    page.keyboard.press("ArrowRight")
    expect(dialog).to_contain_text("4 % of the way")
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_the_cross_on_the_map_decodes_where_it_is_let_go(page, url: str):
    page.goto(f"{url}?view=Map")
    found = page.locator(".map")
    expect(found).to_have_attribute("data-ready", "true")
    canvas = found.locator("canvas")
    box = standing(canvas)
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.25)
    expect(page.locator(".lo-spot figcaption")).to_contain_text("1.5 across, 1.5 up")
    page.wait_for_url(re.compile(r"spot=1\.[45]"))
    canvas.press("Home")
    expect(page.locator(".lo-spot figcaption")).to_contain_text("0.0 across, 0.0 up")


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_nothing_sticks_out_sideways_on_any_tab(page, url: str, width: int):
    page.set_viewport_size({"width": width, "height": 900})
    for view in ("Walk", "Four corners", "Mixing desk", "Map", "How they learned"):
        page.goto(f"{url}?view={view.replace(' ', '+')}")
        expect(page.locator(".st-key-latent .lo-section").first).to_be_visible()
        expect(page.locator("[data-testid=stSpinner]")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
        wider = "[...document.querySelectorAll('.stMain, .stMain *')].filter(e => e.scrollWidth > e.clientWidth + 1 "
        wider += "&& getComputedStyle(e).overflowX === 'visible' && e.getBoundingClientRect().right > innerWidth + 1).length"
        assert page.evaluate(wider) == 0, view


@pytest.mark.parametrize("width", [1024, 1280])
def test_the_chooser_cuts_no_name(page, url: str, width: int):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{url}?view=Four+corners")
    names = page.locator(".st-key-walkers [data-tag] > span:visible")
    expect(names).to_have_count(2)
    assert names.evaluate_all("all => all.every(one => one.scrollWidth <= one.clientWidth)")


def test_seed_and_its_buttons_stand_in_a_row(page, url: str):
    page.set_viewport_size({"width": 1280, "height": 720})
    walk_of(page, url)
    row = page.locator(".st-key-choices .stHorizontalBlock", has=page.get_by_label("Seed", exact=True)).first
    buttons = [row.get_by_role("button", name=name) for name in ("Throw", "Gallery")]
    lows = [one.bounding_box()["y"] for one in (row.locator("input"), *buttons)]
    assert max(lows) - min(lows) < 8


@pytest.mark.parametrize("asked", ["", "&demo=8"])  # without the script's line in the bar, and with it
def test_in_presenter_mode_whole_pictures_are_seen_by_a_projector(page, url: str, asked: str):
    page.set_viewport_size({"width": 1280, "height": 720})
    whole = """found => {
        const both = [found, document.querySelector(".st-key-presenter")];
        if (both.includes(null)) return false;
        const [box, bar] = both.map(one => one.getBoundingClientRect());
        return box.width > 200 && box.top >= bar.bottom && box.bottom <= innerHeight;
    }"""
    for view, ready, shown in (
        ("Four+corners&walkers=vae-leaves-32", ".tiles[data-ready]", ".tiles .cells"),
        ("Map", ".map[data-ready]", ".map canvas"),
    ):
        page.goto(f"{url}?view={view}&present=on{asked}")
        expect(page.locator(ready).first).to_be_visible()
        handle = page.locator(shown).first.element_handle()
        page.wait_for_function(whole, arg=handle)
    page.goto(f"{url}?view=Mixing+desk&present=on{asked}")
    expect(page.get_by_role("button", name="Reset")).to_be_visible()  # below all sliders
    at_the_end = """() => {
        const page = document.querySelector(".stMain");
        page.scrollTop = page.scrollHeight;
        return page.scrollTop > 100 && WHOLE(document.querySelector(".lo-mixed figure:first-child img"));
    }"""
    page.wait_for_function(at_the_end.replace("WHOLE", f"({whole})"))
