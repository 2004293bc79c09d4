"""Every page in a real Chromium, in light and dark: no serious finding of axe-core, and no request that leaves the machine.

axe-core (Deque) checks names, roles, structure and contrast as WCAG 2 asks for; its script comes with the package.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import test_browser
from test_browser import expect, leaves

from core.paths import ROOT
from tests.served import Server

axe = pytest.importorskip("axe_playwright_python.base", reason="no axe-core: pip install -r requirements-dev.txt")

browser = test_browser.browser  # its fixture
VIEWS = {
    "welcome": "/",
    "a picture read": "/tell_the_time?from=Samples",
    "models compared": "/tell_the_time?tab=Compare+the+models",
    "the lesson": "/tell_the_time?tab=Common+sense",
    "stored studies": "/compare_training?study=l16-mlp",
    "training now": "/compare_training?part=Train+now",
    "pictures": "/compare_training?part=Pictures",
    "latent space": "/latent_space",
    "report of 2022": "/reports",
    "report of 2023": "/reports?report=2023",
    "presenter mode": "/reports?present=on&demo=5",
}
DRAWN_MILLISECONDS = 240_000  # that a page may take on a busy machine, the first model included
STILL_SECONDS = 0.6  # without a run, after which a page counts as drawn
BAD = ("serious", "critical")
# What is no fault: (rule, part of the selector or of the element). Labels of sliders that are switched off are pale, as WCAG
# 1.4.3 allows for what is inactive; axe-core does not see that Streamlit's label belongs to such a slider.
FOREIGN = (("color-contrast", "st-key-live-drop"), ("color-contrast", "st-key-live-warm"))
WATCH = """
import os, sys

def note(event, told):
    if event == "socket.connect":
        sock, address = told
        host = str(address[0]) if isinstance(address, tuple) else ""
        stream = sock.type == 1  # a datagram socket that is connected sends nothing
    elif event == "socket.getaddrinfo":
        host, stream = str(told[0]), True
    else:
        return
    if stream and host not in ("", "None", "0.0.0.0", "::", "::1", "localhost") and not host.startswith("127."):
        with open(os.environ["NOTED_CONNECTIONS"], "a") as file:
            file.write(f"{event} {host}\\n")

sys.addaudithook(note)
"""


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server's process writes down to whom it connects, this machine left out."""
    return tmp_path_factory.mktemp("watched") / "connections.txt"


@pytest.fixture(scope="module")
def server(noted: Path) -> Iterator[Server]:
    """The app, whose models load when first used, watched by an audit hook."""
    (noted.parent / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(noted.parent), str(ROOT)]))
        patch.setenv("NOTED_CONNECTIONS", str(noted))
        patch.setenv("LATENT_OCLOCK_WARM", "0")
        running = Server(noted.parent / "log.txt")
    yield running
    running.stop()


def drawn(page: Any) -> None:
    """Wait until the page has its heading, its script has been still for a moment, and nothing on it is faded as outdated."""
    expect(page.locator("h1").first).to_be_visible(timeout=DRAWN_MILLISECONDS)
    still = page.locator(".stApp[data-test-script-state='notRunning']")
    outdated = page.locator("[data-stale='true']")
    since = time.monotonic()
    while time.monotonic() - since < STILL_SECONDS:
        if not still.count() or outdated.count():
            expect(still).to_be_attached(timeout=DRAWN_MILLISECONDS)
            expect(outdated).to_have_count(0, timeout=DRAWN_MILLISECONDS)
            since = time.monotonic()
        page.wait_for_timeout(100)


def findings(page: Any, rules: tuple[str, ...] = ()) -> list[str]:
    """What axe-core finds that is serious or critical, a line an element; ``rules``: these alone."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    page.evaluate(axe.AXE_SCRIPT)
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    lines = []
    for violation in found:
        if violation["impact"] not in BAD:
            continue
        for node in violation["nodes"]:
            target, element = " ".join(map(str, node["target"])), node["html"][:160].replace("\n", " ")
            if not any(violation["id"] == rule and part in target + element for rule, part in FOREIGN):
                why = (node.get("failureSummary") or "").replace("\n", " ")[:200]
                lines.append(f"{violation['id']} ({violation['impact']}): {target}: {element} {why}")
    return lines


@dataclass
class Requests:
    """What the browser asked for on the pages visited so far; what leaves this machine is blocked."""

    asked: set[str] = field(default_factory=set)
    blocked: list[str] = field(default_factory=list)
    views: set[str] = field(default_factory=set)

    def watch(self, page: Any) -> None:
        page.route("**/*", self._decide)
        page.on("request", lambda request: self.asked.add(request.url))
        page.on("websocket", lambda socket: self.asked.add(socket.url))

    def _decide(self, route: Any) -> None:
        if leaves(route.request.url):
            self.blocked.append(route.request.url)
            route.abort()
        else:
            route.continue_()


@pytest.fixture(scope="module")
def requests() -> Requests:
    return Requests()


@contextmanager
def opened(browser: Any, server: Server, requests: Requests, view: str) -> Iterator[Any]:
    """A page, drawn, whose requests are watched."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light", reduced_motion="reduce")
    try:
        page = context.new_page()
        requests.watch(page)
        page.goto(server.url + VIEWS[view])
        drawn(page)
        requests.views.add(view)
        yield page
    finally:
        context.close()


@pytest.mark.parametrize("view", VIEWS)
def test_no_serious_finding_in_light_and_dark(browser, server: Server, requests: Requests, view: str) -> None:
    with opened(browser, server, requests, view) as page:
        wrong = [f"light: {line}" for line in findings(page)]
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        page.wait_for_timeout(500)  # the browser tells the server, which draws its figures anew
        drawn(page)
        wrong += [f"dark: {line}" for line in findings(page, ("color-contrast",))]
    assert not wrong, f"{view}:\n" + "\n".join(wrong)


def test_no_request_leaves_the_machine(browser, server: Server, requests: Requests, noted: Path) -> None:
    """Neither of the browser, whose every request is held to the app's own host, nor of the server's process.

    On all pages: the visits of the test above count, too.
    """
    for view in VIEWS:
        if view not in requests.views:
            with opened(browser, server, requests, view):
                pass
    assert not requests.blocked
    home = urlsplit(server.url).netloc
    assert {urlsplit(url).netloc for url in requests.asked if not url.startswith(("data:", "blob:", "about:"))} == {home}
    assert any(url.startswith("ws://") for url in requests.asked)
    assert not noted.exists(), noted.read_text()
