"""The first page's living pictures: a clock being read, curves, a walk. Drawn from ``assets/home``, moved by the style sheet.

Nothing here loads a model: ``tools/living.py`` makes what they show. Where something is missing or damaged, less is drawn.
"""

import csv
from collections.abc import Sequence
from html import escape
from typing import Any

from core import paths
from core.written import percent
from pages.parts.mounting import component
from pages.parts.pictures import data_url

HOME = paths.ASSETS / "home"
TAKES = 3  # readings that take turns, a third of the animation each
WIDTH, HEIGHT = 400, 250  # of drawn pictures, in their own units
LEFT, RIGHT, TOP, BOTTOM = 60, 112, 20, 40  # margins of the curves
Row = dict[str, str]
_living = component("living", html='<div class="living"></div>')


def show(kind: str, *, moving: bool) -> None:
    """Put one picture here: "clock", "curves" or "walk". All that comes from files is escaped where it is drawn."""
    _living(data={"drawn": DRAWN[kind](), "held": not moving}, key=f"living-{kind}")


def rows(name: str) -> list[Row]:
    """The rows of a table of ``assets/home``; [] while there is none that can be read."""
    try:
        with (HOME / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def figure(kind: str, words: str, inside: str) -> str:
    """One picture with words for those who do not see it."""
    return f'<figure class="lo-live lo-live-{kind}" role="img" aria-label="{escape(words)}">{inside}</figure>'


# --- a clock being read ---------------------------------------------------------------------------------------------


def clock() -> str:
    """Samples one after the other: the picture, the hands that a network sees in it, the time that it says."""
    takes, times = [], []
    for row in rows("readings.csv")[:TAKES]:
        try:
            takes.append(take(len(takes), row))
        except (KeyError, TypeError, ValueError, OSError):  # rows that are too short hold None
            continue
        times.append(row["time"])
    if not takes:
        return figure("clock", "No reading is stored", '<p class="lo-live-none">No reading is stored yet.</p>')
    held = "" if len(takes) == TAKES else ' class="lo-held"'
    words = f"Pictures of clocks, and the times that a network reads in them: {', '.join(times)}"
    return figure("clock", words, f"<div{held}>{''.join(takes)}</div>")


def take(place: int, row: Row) -> str:
    """One sample being read. May raise KeyError, TypeError, ValueError or OSError where its row or its file does not serve."""
    width, height, sure = int(row["width"]), int(row["height"]), float(row["confidence"])
    hour, minute = (int(part) for part in row["time"].split(":"))
    if not (0 < width < 10_000 and 0 < height < 10_000):
        raise ValueError(f"a picture has 1 to 9,999 pixels a side; got {width} x {height}")
    name = row["sample"]
    file = paths.SAMPLES / f"{name}.png"
    if file.parent != paths.SAMPLES:
        raise ValueError(f"a sample has a plain name; got {name!r}")
    source = data_url(file.read_bytes(), "image/png")
    seen = found(row, min(width, height) / 100)
    told = "over 99 %" if sure > 0.99 else percent(sure)
    return (
        f'<div class="lo-take" style="--turn:{place}"><div class="lo-seen"><img src="{source}" alt="">'
        f'<svg viewBox="0 0 {width} {height}" aria-hidden="true">{seen}</svg></div>'
        f"<p><b>{hour:02d}<i>:</i>{minute:02d}</b><small>{told} sure</small></p></div>"
    )


def found(row: Row, unit: float) -> str:
    """Hands, centre and 12 where the network saw them, as SVG. unit: a hundredth of the picture's shorter side."""
    spots = {
        name: tuple(float(row[f"{name}_{axis}"]) for axis in "xy")
        for name in ("centre", "twelve", "hour_tip", "minute_tip")
        if row[f"{name}_x"]
    }
    parts = []
    if "centre" in spots:
        x, y = spots["centre"]
        for name, kind, wide in (("hour_tip", "hour", 3.4), ("minute_tip", "minute", 2.2)):
            if name in spots:
                ends = 'x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"'.format(x, y, *spots[name])
                for layer, extra in (("casing", 1.6), (kind, 0.0)):
                    stroke = f'stroke-width="{unit * (wide + extra):.2f}" pathLength="1"'
                    parts.append(f'<line class="lo-drawn lo-{layer}" {ends} {stroke}></line>')
        parts.append(f'<circle class="lo-spot" cx="{x:.1f}" cy="{y:.1f}" r="{2.4 * unit:.2f}"></circle>')
    if "twelve" in spots:
        x, y = spots["twelve"]
        parts.append(f'<circle class="lo-spot" cx="{x:.1f}" cy="{y:.1f}" r="{4.6 * unit:.2f}"></circle>')
        size = f'font-size="{5.4 * unit:.2f}"'
        parts.append(f'<text class="lo-spot-name" x="{x:.1f}" y="{y + 1.9 * unit:.1f}" {size}>12</text>')
    return "".join(parts)


# --- curves ---------------------------------------------------------------------------------------------------------


def curves() -> str:
    """A run's accuracy on pictures that it learned from and on pictures that it never saw, over its epochs."""
    lines: dict[tuple[str, str], list[tuple[int, float]]] = {}
    try:
        for row in rows("curves.csv"):
            epoch, accuracy = int(row["epoch"]), float(row["accuracy"])
            if not (1 <= epoch <= 100_000 and 0 <= accuracy <= 1):
                raise ValueError(f"accuracies lie in [0, 1], epochs in [1, 100000]; got {accuracy} after {epoch}")
            lines.setdefault((row["line"], row["title"]), []).append((epoch, accuracy))
    except (KeyError, TypeError, ValueError):
        lines = {}
    best = {line: (title, points) for (line, title), points in lines.items() if line != "other"}
    if set(best) != {"training", "validation"}:
        return figure("curves", "No learning curve is stored", '<p class="lo-live-none">No learning curve is stored yet.</p>')
    title, validated = best["validation"]
    trained = best["training"][1]
    last = max(epoch for points in lines.values() for epoch, _ in points)
    top = max(accuracy for points in lines.values() for _, accuracy in points)
    scale = (last, top)
    others = [points for (line, _), points in lines.items() if line == "other"]
    drawn = "".join(f'<polyline class="lo-other" points="{on_paper(points, scale)}"></polyline>' for points in others)
    drawn += f'<polyline class="lo-learned" points="{on_paper(trained, scale)}"></polyline>'
    drawn += f'<polyline class="lo-new" points="{on_paper(validated, scale)}"></polyline>'
    frame = f'viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true"'
    words = (
        f"Accuracy over {last} epochs, {title}: {percent(trained[-1][1])} on pictures it learned from, "
        f"{percent(validated[-1][1])} on pictures it never saw"
    )
    return figure(
        "curves", words, f'<svg {frame}>{axes(scale, trained, validated)}</svg><svg class="lo-grows" {frame}>{drawn}</svg>'
    )


def on_paper(points: Sequence[tuple[int, float]], scale: tuple[int, float]) -> str:
    """Points (epoch, accuracy) as an SVG's points. scale: the last epoch, the highest accuracy."""
    return " ".join(f"{across(epoch, scale):.1f},{upward(accuracy, scale):.1f}" for epoch, accuracy in points)


def across(epoch: int, scale: tuple[int, float]) -> float:
    return LEFT + (epoch - 1) / max(scale[0] - 1, 1) * (WIDTH - LEFT - RIGHT)


def upward(accuracy: float, scale: tuple[int, float]) -> float:
    return HEIGHT - BOTTOM - accuracy / (scale[1] or 1.0) * (HEIGHT - TOP - BOTTOM)


def axes(scale: tuple[int, float], trained: Sequence[tuple[int, float]], validated: Sequence[tuple[int, float]]) -> str:
    """The lines that curves stand on, and what the two in front are called, apart from each other at their ends."""
    last, top = scale
    floor, end = upward(0, scale), across(last, scale)
    places = [upward(trained[-1][1], scale), upward(validated[-1][1], scale)]
    high, low = sorted((0, 1), key=lambda index: places[index])
    places[low] = max(places[low], places[high] + 32)
    names = "".join(
        f'<text class="lo-line-name lo-name-{kind}" x="{end + 8:.1f}" y="{y + 6:.1f}">{words}</text>'
        for kind, words, y in (("learned", "seen before", places[0]), ("new", "never seen", places[1]))
    )
    return (
        f'<path class="lo-axis" d="M{LEFT} {TOP}V{floor:.1f}H{end:.1f}"></path>{names}'
        f'<text class="lo-tick lo-tick-left" x="{LEFT - 7}" y="{floor:.1f}">0</text>'
        f'<text class="lo-tick lo-tick-left" x="{LEFT - 7}" y="{TOP + 11}">{percent(top)}</text>'
        f'<text class="lo-tick" x="{LEFT}" y="{HEIGHT - 10}">epoch 1</text>'
        f'<text class="lo-tick lo-tick-left" x="{end:.1f}" y="{HEIGHT - 10}">{last}</text>'
    )


# --- a walk ---------------------------------------------------------------------------------------------------------


def walk() -> str:
    """What a stored generator makes along a walk, to and fro; while none is stored, a drawing of the two ways."""
    told = walked()
    if told is None:
        return figure("walk", WAYS_WORDS, WAYS)
    title, frames, source = told
    words = f"A walk of {frames} pictures between two vectors, as {title} makes them"
    image = f'<img src="{source}" alt="" style="--frames:{frames}">'
    way = '<div class="lo-way"><i></i></div>'
    return figure("walk", words, f'<div class="lo-frames">{image}</div>{way}')


def walked() -> tuple[str, int, str] | None:
    """A stored walk: the model's title, how many frames stand in its row, and the row as a URL."""
    try:
        told: Any = rows("walk.csv")[0]
        frames = int(told["frames"])
        data = (HOME / "walk.webp").read_bytes()
    except (IndexError, KeyError, TypeError, ValueError, OSError):
        return None
    return (told["title"], frames, data_url(data)) if 2 <= frames <= 64 else None


WAYS_WORDS = (
    "Two ways from one vector to another: straight through the empty inside of a shell, and around it. No generator is stored."
)
WAYS = (
    f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true"><g transform="translate(200 204)">'
    '<circle class="lo-shell" r="140"></circle><path class="lo-straight" d="M-99-99H99"></path>'
    '<path class="lo-around" d="M-99-99A140 140 0 0 1 99-99"></path>'
    '<g class="lo-goes-straight"><circle class="lo-walker" cx="-99" cy="-99" r="6"></circle></g>'
    '<g class="lo-goes-around"><circle class="lo-walker" cx="-99" cy="-99" r="8"></circle></g>'
    '<circle class="lo-origin" r="3"></circle><text class="lo-line-name" x="9" y="5">0</text>'
    '<text class="lo-line-name lo-name-new" y="-158" text-anchor="middle">around: as long as any vector</text>'
    '<text class="lo-line-name lo-name-learned" y="-74" text-anchor="middle">straight: too short half way</text></g></svg>'
)

DRAWN = {"clock": clock, "curves": curves, "walk": walk}
