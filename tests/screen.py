"""Where things are on the screen of a test's browser, for what is done with a mouse."""

from typing import Any

STILL = """async element => {
    const still = 200, most = 60000, begun = performance.now();
    let last = "", since = begun, runs = true;
    while (performance.now() - since < still) {
        if (performance.now() - begun > most) throw new Error(`never still: at ${last}, the app ${runs ? "runs" : "rests"}`);
        await new Promise(requestAnimationFrame);
        const { x, y, width, height } = element.getBoundingClientRect(), now = JSON.stringify({ x, y, width, height });
        runs = document.querySelector(".stApp").dataset.testScriptState !== "notRunning";
        if (now !== last || runs) [last, since] = [now, performance.now()];
    }
    return JSON.parse(last);
}"""


def standing(locator: Any) -> dict[str, float]:
    """x, y, width, height of an element in CSS pixels of the window, scrolled into it.

    Waits until it has not moved for a fifth of a second while the app was at rest: what is still drawn above pushes it away
    from a mouse that goes where it was.
    """
    locator.scroll_into_view_if_needed()
    return dict(locator.evaluate(STILL))
