"""Cutting the dial out by hand: what the URL and the browser may say, what is read then, and the square in a real Chromium."""

import re

import numpy as np
import pytest
import test_browser
import test_pages
from screen import standing
from test_browser import expect
from test_pages import html, upload

from core.clocks import reading
from core.sheets import encode
from pages.parts import cached, cropper

pytestmark = pytest.mark.usefixtures("fresh_caches")

app, browser, page = test_pages.app, test_browser.browser, test_browser.page  # their fixtures
server, warm = test_browser.server, test_browser.warm
RAMP = np.add.outer(np.arange(90), np.arange(120)).astype(np.uint8)
SAMPLE = "10_08-wall"


@pytest.fixture
def sizes(app, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The shapes of the pictures that were read."""
    read, shapes = reading.read_pictures, []

    def spy(pictures, *args, **more):
        shapes.extend(picture.shape for picture in pictures)
        return read(pictures, *args, **more)

    monkeypatch.setattr(reading, "read_pictures", spy)
    return shapes


def test_what_is_cut_out_is_what_is_read(app, sizes):
    running = app(source="Samples", sample=SAMPLE, crop="20,10,100")
    assert not running.exception
    assert sizes == [(100, 100, 3)]
    text = html(running)
    assert "What you cut out is read: 100 × 100 of 150 × 150 pixels." in text
    assert "true time 10:08" in text  # the picture keeps its name and truth
    running.text_input(key="true").set_value("10:10").run()
    assert running.query_params["crop"] in ("20,10,100", ["20,10,100"])
    assert running.query_params["true"] in ("10:10", ["10:10"])


def test_pixels_of_the_square_come_through():
    data = encode(RAMP, "PNG")
    cut = cached.cut(cached.fingerprint(data), (30, 20, 40), data)
    np.testing.assert_array_equal(cached.picture("cut", cut)[..., 0], RAMP[20:60, 30:70])


def test_each_picture_keeps_its_own_square(app, sizes):
    running = app(source="Samples", sample=SAMPLE, crop="20,10,100")
    running.segmented_control(key="from").set_value("drawn").run()
    assert sizes[-1] == (150, 150, 3)
    assert "crop" not in running.query_params
    running.number_input(key="seed").set_value(5).run()
    assert "Read is what you cut out" not in html(running)
    running.segmented_control(key="from").set_value("samples").run()
    assert "Read is what you cut out" not in html(running)  # a link's square is not the visitor's own


def test_a_square_of_ones_own_is_remembered(app):
    running = app(source="Samples", sample=SAMPLE)
    running.session_state["crops"] = {running.session_state["crop-of"]: "5,6,70"}
    running.segmented_control(key="from").set_value("drawn").run()
    running.segmented_control(key="from").set_value("samples").run()
    assert "70 × 70 of 150 × 150" in html(running)
    assert running.query_params["crop"] in ("5,6,70", ["5,6,70"])


def test_a_link_cuts_nothing_out_of_files(app, sizes):
    assert "Read is what you cut out" not in html(app(crop="20,10,100"))
    assert sizes == [(150, 150, 3)]


HOSTILE = [
    *("", "1,2", "1,2,3,4", "a,b,c", "-1,0,50", "0,-1,50", "0,0,15", "0,0,151", "100,0,51", "0,100,51", "0,0,1e2"),
    *("nan,nan,nan", "0.5,0,50", "99999,99999,99999", "9" * 5000, "٢٠,١٠,١٠٠", " 1,2,50", "<script>alert(1)</script>", "\x00"),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_garbage_in_a_link_is_ignored(text: str):
    assert cropper.in_words(text, 150, 150) is None


def test_garbage_in_a_link_costs_nobody_the_page(app, sizes):
    for text in ("0,0,151", "<script>alert(1)</script>", "nan,nan,nan"):
        running = app(source="Samples", sample=SAMPLE, crop=text)
        assert not running.exception
        assert "<script" not in html(running)
    assert set(sizes) == {(150, 150, 3)}


@pytest.mark.parametrize(
    "handed",
    [
        *(None, 7, "123", "1,2,3", {}, [1, 2], [1, 2, 50, 4], [1.5, 2, 50], [float("nan")] * 3, [True, True, 50]),
        *(["1", "2", "50"], [-1, 0, 50], [0, 0, 10**9], [0, 0, 15], [71, 0, 50], [0, 41, 50], [[1], [2], [50]]),
    ],
)
def test_garbage_from_the_browser_is_ignored(handed: object):
    assert cropper.inside(handed, 120, 90) is None


def test_squares_that_just_fit():
    assert cropper.inside([0, 0, 90], 120, 90) == (0, 0, 90)
    assert cropper.inside([70, 40, 50], 120, 90) == (70, 40, 50)
    assert cropper.in_words("104,74,16", 120, 90) == (104, 74, 16)


def test_out_of_tiny_pictures_nothing_is_cut(app):
    running = upload(app(), ("tiny.png", encode(np.full((16, 40), 9, np.uint8), "PNG")))
    assert not running.exception
    assert not running.get("expander")


# --- in a browser ---------------------------------------------------------------------------------------------------


def test_the_square_is_dragged_moved_by_keys_and_taken_back(page, server, warm):
    page.goto(f"{server.url}/tell_the_time?from=Samples&sample=10_08-report")
    page.get_by_text("Cut the dial out by hand").click()
    box, frame = page.locator(".cropper .box"), page.locator(".cropper .frame")
    expect(page.locator(".cropper")).to_have_attribute("data-ready", "true")
    expect(box).to_have_attribute("aria-label", re.compile("Suggested: 120 pixels wide, 15 from the left, 15 from the top"))

    def drag(start: tuple[float, float], end: tuple[float, float]) -> None:
        bounds = standing(frame)
        places = [(bounds["x"] + x / 150 * bounds["width"], bounds["y"] + y / 150 * bounds["height"]) for x, y in (start, end)]
        page.mouse.move(*places[0])
        page.mouse.down()
        page.mouse.move(*places[1], steps=5)
        page.mouse.up()

    drag((135, 135), (115, 105))  # its lower right corner: 100 wide, as the farther way goes
    expect(page.get_by_text(re.compile(r"What you cut out is read: (99|100|101) ×"))).to_be_visible()
    page.wait_for_url(re.compile(r"crop=15(,|%2C)15(,|%2C)(99|100|101)"))
    drag((60, 60), (70, 300))  # its inside: as far as the picture goes
    page.wait_for_url(re.compile(r"crop=2[456](,|%2C)(49|50|51)(,|%2C)(99|100|101)"))
    drag((10, 10), (60, 40))  # beside it: another
    page.wait_for_url(re.compile(r"crop=(9|10|11)(,|%2C)(9|10|11)(,|%2C)(49|50|51)"))
    box.focus()
    for key in ("ArrowRight", "ArrowDown", "+", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    page.wait_for_url(re.compile(r"crop=(8|9|10)(,|%2C)(9|10|11)(,|%2C)(55|56|57)"))
    page.get_by_role("button", name="Use the whole picture").click()
    expect(page.get_by_text("Read is what you cut out")).to_have_count(0)
    page.wait_for_url(lambda url: "crop" not in url)
