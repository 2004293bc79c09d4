"""Where things are on the screen of a test's browser, for what is done with a mouse."""

from typing import Any

STILL = """async element => {
    const still = 400, frames = 10, most = 60000, begun = performance.now();
    let last = "", since = begun, same = 0, runs = true;
    while (same < frames || performance.now() - since < still) {
        if (!element.isConnected) return null;
        if (performance.now() - begun > most) throw new Error(`never still: at ${last}, the app ${runs ? "runs" : "rests"}`);
        await new Promise(requestAnimationFrame);
        const { x, y, width, height } = element.getBoundingClientRect(), now = JSON.stringify({ x, y, width, height });
        runs = document.querySelector(".stApp").dataset.testScriptState !== "notRunning";
        same += 1;
        if (now !== last || runs) [last, since, same] = [now, performance.now(), 0];
    }
    return JSON.parse(last);
}"""


def standing(locator: Any) -> dict[str, float]:
    """x, y, width, height of an element in CSS pixels of the window, scrolled into it.

    Waits until it has not moved for ten frames and 0.4 s while the app was at rest: what is still drawn above pushes it away
    from a mouse that goes where it was.
    """
    for _ in range(10):
        locator.scroll_into_view_if_needed()
        if place := locator.evaluate(STILL):  # null: drawn anew meanwhile, as another element
            return dict(place)
    raise AssertionError("it was drawn anew ten times")
