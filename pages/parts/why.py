"""Why a model reads a picture so: the dial laid straight, the pixels that decide; beside it a reader without learning."""

from collections.abc import Mapping
from html import escape

import streamlit as st

from core.clocks.classical import ClassicalReading
from core.clocks.reading import Candidate, Reading
from core.clocks.time import ClockTime
from pages.parts import cached, cached_why, forms, pictures, readings, views
from pages.parts.pictures import Offered

# A reading is the likeliest single minute; around another time more may lie, so the others are ranked among themselves only.
RANKS = {"reading": "Its reading", "second": "The likeliest other time", "third": "The next"}
COUNTED = (
    "The more orange a pixel, the more it speaks for the time named, "
    "compared with the same picture blurred until no hand is left."
)
NUMBERS = "Where a model answers with numbers, orange is all that its answer hangs on, for or against."


def show(offered: Offered, titles: Mapping[str, str], true: ClockTime | None, gamma: float) -> None:
    """The section; what it shows costs time, so nothing is shown before it is asked for."""
    with st.container(key="why-section"):
        st.html(
            '<h2 class="lo-section lo-ruled">Why it reads so<small>what it looked at, and what speaks for a time</small></h2>'
        )
        with st.container(horizontal=True):
            pixels = st.toggle("Show the pixels that decide", key="why", bind="query-params")
            plain = st.toggle("Beside it: a reader without learning", key="classical", bind="query-params")
        rank = list(RANKS).index(forms.one_of("What speaks for", RANKS, "for")) if pixels else 0
        articles = [of_model(offered, model_id, title, gamma, rank) for model_id, title in titles.items()] if pixels else []
        if plain:
            reading = cached_why.classical(offered.sha, gamma, offered.pixels)
            articles.append(without_learning(offered, reading, true, gamma))
        if articles:
            st.html(f'<div class="lo-whys">{"".join(articles)}</div>')
        if pixels:
            numbers = [model_id for model_id in titles if cached_why.answers_with_numbers(model_id)]
            told = [COUNTED] * (len(numbers) < len(titles)) + [NUMBERS] * bool(numbers)
            st.html(f'<p class="lo-hint">{" ".join(told)}</p>')


def of_model(offered: Offered, model_id: str, title: str, gamma: float, rank: int) -> str:
    """What one model looked at, plain and with the pixels in orange that speak for its time of that ``rank``, 0 to 2."""
    reading = cached.read((offered.sha,), model_id, gamma, lambda: [offered.pixels()])[0]
    one = reading.candidates[min(rank, len(reading.candidates) - 1)]

    def looked_at():
        return offered.pixels() if reading.rectified is None else reading.rectified

    plain = cached_why.looked_at(offered.sha, model_id, gamma, looked_at)
    glowing = cached_why.heat(offered.sha, model_id, gamma, one.minutes, looked_at)
    return article(reading, title, one, plain, glowing, numbers=cached_why.answers_with_numbers(model_id))


def article(reading: Reading, title: str, one: Candidate, plain: bytes, glowing: bytes, numbers: bool = False) -> str:
    """The two pictures, WebP, of one model under its title."""
    taken = "The picture as the model takes it" if reading.rectified is None else "The dial, found and laid straight"
    if reading.readable is not None:
        taken += f"; chance that it can be read: {views.share(reading.readable)}"
    held = f"{one.time}, {views.share(views.told_share(reading, one.probability))}"
    counts = f"counts for its answer, {one.time}" if numbers else f"speaks for {held}"
    figures = [
        figure(plain, f"{taken}, {title}", taken),
        figure(glowing, f"The same, in orange what {counts}", f'<span class="lo-key lo-key-heat">{escape(counts)}</span>'),
    ]
    return f'<article><h3 class="lo-caption">{escape(title)}</h3><div class="lo-pair">{"".join(figures)}</div></article>'


def figure(data: bytes, words: str, caption: str) -> str:
    """A square picture, WebP, with words for those who do not see it and a caption, which is HTML."""
    return (
        f'<figure class="lo-square"><img src="{pictures.data_url(data)}" alt="{escape(words)}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )


# --- without learning -----------------------------------------------------------------------------------------------


def without_learning(offered: Offered, reading: ClassicalReading, true: ClockTime | None, gamma: float) -> str:
    """The picture with the dial and the hands that circles and straight lines give, and the time, or why there is none."""
    height, width = offered.pixels().shape[:2]
    seen = pictures.data_url(cached.thumbnail(offered.sha, readings.SHOWN, offered.data, gamma))
    words = f"{offered.name}, read without learning" if reading.time else f"{offered.name}, no hands found"
    over = pictures.data_url(lines(reading, (width, height)).encode(), "image/svg+xml")
    return (
        '<article><h3 class="lo-caption">Without learning</h3><div class="lo-pair"><figure class="lo-picture">'
        f'<div style="aspect-ratio:{width}/{height}"><img src="{seen}" alt="{escape(words)}"><img src="{over}" alt=""></div>'
        "<figcaption>Circles, edges and straight lines; 12 is taken to be at the top</figcaption></figure>"
        f"{told(reading, true)}</div></article>"
    )


def told(reading: ClassicalReading, true: ClockTime | None) -> str:
    """The time, how far off it is and how clear of other pairs of hands; its sentence where there is no time."""
    if reading.time is None or reading.minutes is None:
        note = f'<p class="lo-note">{escape(reading.note or "")}</p>'
        return f'<div class="lo-plain"><p class="lo-time">--<i>:</i>--</p>{note}</div>'
    off = f"<p>{views.error_words(true, reading.minutes)}</p>" if true else ""
    hour, minute = str(reading.time).split(":")
    ahead = f"This pair of hands is {views.share(reading.confidence)} ahead of the next best: a score, no probability."
    return (
        f'<div class="lo-plain"><p class="lo-time" aria-label="Read without learning as {reading.time}">{hour}<i>:</i>{minute}'
        f'</p>{off}<p class="lo-hint">{ahead}</p></div>'
    )


def lines(reading: ClassicalReading, size: tuple[int, int]) -> str:
    """An SVG of ``size`` pixels with the dial's outline and the hands, as far as they were found."""
    (x, y), (wide, high), turn = reading.ellipse
    unit = readings.stroke_unit(size, min(wide, high) / 2)
    hub = f'x1="{x:.1f}" y1="{y:.1f}"'
    dial = f'cx="{x:.1f}" cy="{y:.1f}" rx="{wide / 2:.1f}" ry="{high / 2:.1f}" transform="rotate({turn:.1f} {x:.1f} {y:.1f})"'
    parts = [
        f'<ellipse {dial} stroke="{readings.CASING}" stroke-width="{1.6 * unit:.2f}"/>',
        f'<ellipse {dial} stroke="{readings.MARK}" stroke-width="{0.8 * unit:.2f}" stroke-dasharray="{3 * unit:.2f}"/>',
    ]
    for tip, colour, broad in ((reading.hour_tip, readings.HOUR_HAND, 3.2), (reading.minute_tip, readings.MINUTE_HAND, 1.9)):
        if tip:
            ends = f'{hub} x2="{tip[0]:.1f}" y2="{tip[1]:.1f}" stroke-linecap="round"'
            for stroke, extra in ((f"{readings.CASING}d9", 1.4), (colour, 0.0)):
                parts.append(f'<line {ends} stroke="{stroke}" stroke-width="{unit * (broad + extra):.2f}"/>')
    view = f"-0.5 -0.5 {size[0]} {size[1]}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}" fill="none">{"".join(parts)}</svg>'
