"""Take the README's pictures of the app: ``python tools/screenshots.py``. Needs playwright and a Chromium.

Starts the app on a free port, waits until its models are warm, and writes ``docs/NAME-*.png`` of the
pages in ``SHOTS``, light and dark.
"""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--disable-quic"),
]
HANDS = {".hour": 304, ".minute": 48}  # 10:08
SHOTS = {
    "home": "/",
    "tell-the-time": "/tell_the_time?from=Samples&sample=10_08-report",
    "latent-space": "/latent_space",
}
PLOTS = {"tell-the-time": 3, "latent-space": 4}  # figures that a page draws
WIDTH, HEIGHT = 1280, 800


def start() -> tuple[subprocess.Popen[bytes], str]:
    """The app, once it answers, and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.address", "127.0.0.1"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return process, url
        except OSError:
            time.sleep(0.1)
    process.kill()
    raise SystemExit("the app did not start")


def settle(page: Page, name: str) -> None:
    """Wait until everything on the page is drawn."""
    page.locator(".lo-device.lo-warm").wait_for(state="attached", timeout=300_000)
    page.locator("h1").wait_for()
    if name in PLOTS:
        page.locator(".scrubber[data-ready=true]").first.wait_for()
        page.wait_for_function(f"document.querySelectorAll('.js-plotly-plot').length >= {PLOTS[name]}")
        page.wait_for_function("[...document.querySelectorAll('.js-plotly-plot')].every(one => one.querySelector('.main-svg'))")
    page.wait_for_function("document.fonts.status === 'loaded'")
    page.wait_for_function("!document.querySelector('[data-stale=true]')")


def shoot(browser: Browser, url: str, name: str, path: str, scheme: str) -> Path:
    """One page in one theme, as tall as it is."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    page.goto(url + path)
    settle(page, name)
    tall = page.evaluate("document.querySelector('.stMain').scrollHeight")
    page.set_viewport_size({"width": WIDTH, "height": max(HEIGHT, tall)})
    settle(page, name)
    for hand, angle in HANDS.items():
        for found in page.locator(f"svg {hand}").all():
            found.evaluate("(hand, angle) => hand.setAttribute('transform', `rotate(${angle})`)", angle)
    file = DOCS / f"{name}-{scheme}.png"
    page.screenshot(path=file, animations="disabled")
    context.close()
    return file


def main() -> None:
    browsers = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
    chromium = next(filter(None, map(shutil.which, browsers)), None)
    DOCS.mkdir(exist_ok=True)
    process, url = start()
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
            for name, path in SHOTS.items():
                for scheme in ("light", "dark"):
                    print(shoot(browser, url, name, path, scheme).relative_to(ROOT))
            browser.close()
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    main()
