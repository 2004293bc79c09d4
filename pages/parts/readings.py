"""Readings of one picture -> what stands on the page. Names and notes are escaped here; nobody else builds HTML from them."""

import math
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from core.clocks.candidates import NEAR_MINUTES, outweighed
from core.clocks.reading import READABLE, Reading
from core.clocks.time import ClockTime, hand_angles, signed_error_minutes
from core.clocks.tips import Hand, hands
from core.written import percent
from pages.parts import cached, pictures, scrubber, theme
from pages.parts.pictures import Offered
from pages.parts.tables import UNREAD
from pages.parts.views import EXACT_MINUTES, chart, doubtful, error_words, learned, meter, share, told_share

if TYPE_CHECKING:
    import numpy as np
    import plotly.graph_objects as go
    from numpy.typing import NDArray

    from core.figures import Look

SHOWN = 560  # pixels of the picture beside a reading
HOUR_HAND, MINUTE_HAND, MARK, CASING = "#d55e00", "#0072b2", "#1d1c19", "#fffdf8"  # apart for every colour vision
SHOWN_BEFORE = "a-reading-was-shown"  # in the session
OUTLINE = 60  # corners of the dial's outline


def single(offered: Offered, titles: Mapping[str, str], true: ClockTime | None, gamma: float) -> None:
    """The readings of one picture side by side: picture and digits first, dials below."""
    put = st.html  # the answer before stands there, dimmed, until the new one takes its place
    if SHOWN_BEFORE not in st.session_state:
        place = st.empty()
        place.html('<p class="lo-quiet lo-being-read" role="status">Reading …</p>')
        put = place.html
    with cached.patience():
        readings = {
            model_id: cached.read((offered.sha,), model_id, gamma, lambda: [offered.pixels()])[0] for model_id in titles
        }
    height, width = offered.pixels().shape[:2]
    own_gammas = cached.own_gammas()
    stored = {card.model_id: card for card in cached.cards()}
    cards = []
    for model_id, reading in readings.items():
        own = own_gammas.get(model_id, 1.0)
        seen = pictures.data_url(cached.thumbnail(offered.sha, SHOWN, offered.data, gamma, own, reading.spread))
        words = f"{offered.name}, " + (reading.unseen or f"read as {reading.time}")
        figure = overlay(seen, (width, height), reading, words, gamma, own)
        words = told(reading, titles[model_id], true, learned(stored.get(model_id)))
        cards.append(f'<article><div class="lo-reading">{figure}{words}</div></article>')
    put(f'<div class="lo-readings">{"".join(cards)}</div>')
    st.session_state[SHOWN_BEFORE] = True
    dials(readings, titles, true)


def dials(readings: Mapping[str, Reading], titles: Mapping[str, str], true: ClockTime | None) -> None:
    """A dial of probabilities for each model, and one of errors where the true time is known."""
    from core import clock_figures, reading_figures

    dark, minutes, looks = theme.dark(), true.minutes if true else None, clock_figures.looks_of(list(titles))
    drawn: list[tuple[str, str, go.Figure, str]] = []
    for model_id, reading in readings.items():
        figure = reading_figures.dial_of_probabilities(reading, true_minutes=minutes, look=looks[model_id], dark=dark)
        words = f"Dial of the shares of all 720 minutes; the highest at {reading.time}"
        # A model alone is named above; more words would take two lines and push its dial below the other.
        detail = titles[model_id] if len(titles) > 1 else "square-root scale: small ones show"
        drawn.append(("Share of every minute", detail, figure, words))
    read = {titles[model_id]: reading.minutes for model_id, reading in readings.items() if not reading.unseen}
    if true and read:  # who sees no clock names no time that could be off
        words = "; ".join(f"{title}: {error_words(true, minutes)}" for title, minutes in read.items())
        figure = reading_figures.error_dial(true.minutes, read, looks=by_title(looks, titles), dark=dark)
        drawn.append(("Common-sense error", f"true time {true}", figure, f"Dial of errors. {words}"))
    a_row = 3 if len(drawn) == 3 else 2
    row = " lo-row" if len(titles) > 1 else ""  # titles of one and of three lines, and dials in line all the same
    for start in range(0, len(drawn), a_row):
        places = st.columns(a_row, gap="medium")
        for place, (index, (name, detail, figure, words)) in zip(places, list(enumerate(drawn))[start:], strict=False):
            with place:
                st.html(f'<h3 class="lo-caption{row}">{escape(name)}<small>{escape(detail)}</small></h3>')
                chart(figure, f"dial-{index}", words)


def overlay(source: str, size: tuple[int, int], reading: Reading, words: str, gamma: float, own: float = 1.0) -> str:
    """The picture with what the model found drawn over it: hands, centre, 12. own: the gamma that the model adds itself."""
    width, height = size
    found = "" if reading.blind else marks(reading, size)
    drawn = f'<img src="{pictures.data_url(found.encode(), "image/svg+xml")}" alt="">' if found else ""
    keys = '<span class="lo-key lo-key-hour">hour hand</span><span class="lo-key lo-key-minute">minute hand</span>'
    if any(hand.put for hand in hands_drawn(reading) if hand):
        keys += '<span class="lo-key lo-key-put">dashed: where the time read puts it</span>'
    added = f", then the model's own {own:.1f}" if own != 1 else ""
    spread = ", contrast raised" if reading.spread else ""
    legend = keys if reading.hour_tip or reading.minute_tip else implied(reading)
    if reading.unseen:
        legend = ""
    return (
        f'<figure class="lo-picture"><div style="aspect-ratio:{width}/{height};--shape:{width / height:.4f}">'
        f'<img src="{source}" alt="{escape(words)}">{drawn}</div>'
        f"<figcaption>{legend}<span>in grey{spread}, gamma {gamma:.1f}{added}</span></figcaption></figure>"
    )


def hands_drawn(reading: Reading) -> tuple[Hand | None, Hand | None]:
    """The hour and the minute hand, put right where a tip contradicts the time; in doubt as the model sees them."""
    return hands(replace(reading, homography=None) if doubtful(reading) else reading)


def marks(reading: Reading, size: tuple[int, int]) -> str:
    """An SVG of ``size`` pixels with the hands, the centre and 12 where the model sees them; "" where it sees none.

    Dashed and faint where the model is in doubt, dashed where the time puts a hand. A model that found the dial itself has
    its outline drawn, too.
    """
    reach = math.dist(reading.centre, reading.twelve) if reading.centre and reading.twelve else math.inf
    unit = stroke_unit(size, reach)
    faint = doubtful(reading)
    cap = "butt" if faint else "round"
    parts = []
    if reading.homography is not None:
        found = outline(reading.homography)
        for stroke, wide in ((f"{CASING}d9", 1.8), (MARK, 0.8)):
            parts.append(f'<polygon points="{found}" fill="none" stroke="{stroke}" stroke-width="{unit * wide:.2f}"/>')
    if reading.centre:
        for hand, (colour, wide) in zip(hands_drawn(reading), ((HOUR_HAND, 3.2), (MINUTE_HAND, 1.9)), strict=True):
            if hand and not reading.unseen:
                ends = 'x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"'.format(*reading.centre, *hand.tip)
                dashed = f' stroke-dasharray="{5 * unit:.2f} {4 * unit:.2f}" stroke-linecap="butt"'
                dash = dashed if faint or hand.put else ""
                for stroke, extra in ((f"{CASING}d9", 1.4), (colour, 0.0)):
                    parts.append(f'<line {ends} stroke="{stroke}" stroke-width="{unit * (wide + extra):.2f}"{dash}/>')
        x, y = reading.centre
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2 * unit:.2f}" fill="{MARK}" stroke="{CASING}"/>')
    if reading.twelve:
        x, y = reading.twelve
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{4.4 * unit:.2f}" fill="{MARK}" stroke="{CASING}"/>')
        parts.append(f'<text x="{x:.1f}" y="{y + 1.9 * unit:.1f}" font-size="{5.2 * unit:.2f}" fill="{CASING}">12</text>')
    if not parts:
        return ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-0.5 -0.5 {size[0]} {size[1]}"><g stroke-linecap="{cap}" '
        f'opacity="{0.6 if faint else 1}" '
        f'stroke-width="{0.8 * unit:.2f}" font-family="sans-serif" font-weight="bold" text-anchor="middle">'
        f"{''.join(parts)}</g></svg>"
    )


def stroke_unit(size: tuple[int, int], radius: float) -> float:
    """A hundredth of a picture's shorter side, or less where the dial, of a ``radius`` in pixels, is a small part of it."""
    side = min(size)
    return side / 100 * min(max(radius / (0.3 * side), 0.3), 1.0)


def outline(homography: "NDArray[np.float64]") -> str:
    """The dial's outline in pixels of the picture, as the points of an SVG's polygon; the dial's plane has unit radius."""
    points = []
    for step in range(OUTLINE):
        angle = step / OUTLINE * 2 * math.pi
        x, y, depth = (float(value) for value in homography @ (math.cos(angle), math.sin(angle), 1.0))
        points.append(f"{x / depth:.1f},{y / depth:.1f}")
    return " ".join(points)


def implied(reading: Reading) -> str:
    """For a model that answers with a time alone: a small upright dial with the hands as that time would set them."""
    from core.figures import palette

    hour, minute = (f"rotate({float(angle) * 180 / math.pi:.1f})" for angle in hand_angles(reading.minutes))
    ink = palette(theme.dark()).muted
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-26 -26 52 52" fill="none" stroke-linecap="round"><g stroke="{ink}" '
        f'stroke-width="1.5"><circle r="24"/><path d="M0-24v5M0 24v-5M24 0h-5M-24 0h5"/></g><g stroke="{HOUR_HAND}" '
        f'stroke-width="4.5" transform="{hour}"><path d="M0 3V-11"/></g><g stroke="{MINUTE_HAND}" stroke-width="2.75" '
        f'transform="{minute}"><path d="M0 4V-17"/></g></svg>'
    )
    words = f"This model answers with a time alone. At {reading.time} the hands would stand so."
    source = pictures.data_url(drawn.encode(), "image/svg+xml")
    return f'<span class="lo-implied"><img alt="" src="{source}"><span>{words}</span></span>'


def told(reading: Reading, title: str, true: ClockTime | None, source: str = "") -> str:
    """The reading as a digital clock, how sure the model is, what else it might be, and how far off it is.

    source: what the model learned from, in a few words.
    """
    hour, minute = str(reading.time).split(":")
    fine, label = f"{int(reading.minutes // 60)} h {reading.minutes % 60:04.1f} min", f"Read as {reading.time}"
    missed = reading.unseen
    if missed:
        hour = minute = "--"
        fine, label = f"best guess {reading.time}", f"{missed.capitalize()}; best guess {reading.time}"
    if missed and reading.readable is not None and reading.readable < READABLE:
        wide, sure, of = " lo-long", "Chance that it can be read", reading.readable
    else:
        wide, sure, of = "", "Confidence", reading.confidence
    rest = reading.candidates[0 if missed else 1 : 3]
    likely = [(str(other.time), told_share(reading, other.probability)) for other in rest]
    others = "".join(f"<li><b>{escape(time)}</b>{meter(chance)}<span>{share(chance)}</span></li>" for time, chance in likely)
    if missed:
        named = "Likeliest all the same"
    elif outweighed(reading.candidates):  # of single minutes the answer is the likeliest, of these shares it is not
        named = f"Other peaks, shares count {NEAR_MINUTES} minutes each way"
    else:
        named = "Next likely"
    rivals = f'<h4>{named}</h4><ol class="lo-rivals">{others}</ol>' if others else ""
    least = f" A time is given from {percent(READABLE)} on." if wide else ""
    note = f'<p class="lo-note">{escape(reading.note)}{least}</p>' if reading.note else ""
    quiet = f"<small>{escape(source)}</small>" if source else ""
    return (
        f'<div class="lo-told{" lo-doubt" if doubtful(reading) else ""}"><h3 class="lo-eyebrow">{escape(title)}{quiet}</h3>'
        f'<p class="lo-digits" aria-label="{label}">{hour}<i>:</i>{minute}</p><p class="lo-fine">{fine}</p>'
        f'<div class="lo-sure{wide}"><span>{sure}</span>{meter(of)}<b>{share(of)}</b></div>'
        f"{note}{off(reading, true) if true and not missed else ''}{rivals}</div>"
    )


def off(reading: Reading, true: ClockTime) -> str:
    """How far the reading is off."""
    ahead = float(signed_error_minutes(true.minutes, reading.minutes))
    if abs(ahead) < EXACT_MINUTES:
        return f'<p class="lo-error"><b>exact</b><span>the true time is {true}</span></p>'
    way = "ahead of" if ahead >= 0 else "behind"
    return f'<p class="lo-error"><b>{abs(ahead):.1f}</b><span>min {way} {true}</span></p>'


# --- every gamma ----------------------------------------------------------------------------------------------------


def through_gammas(offered: Offered, titles: Mapping[str, str], true: ClockTime | None, gamma: float) -> None:
    """The picture at every gamma to scrub through, and a curve of what is read there. Letting go sets gamma.

    Every fifth gamma is read, and those in between where the answer changes or is in doubt (``core.clocks.gammas``); at the
    gamma that is set stands the reading above.
    """
    from core import clock_figures, reading_figures

    hint = "<small>drag the picture; what you let go of is read above</small>"
    st.html(f'<h2 class="lo-section lo-ruled">Through every gamma{hint}</h2>')
    left, right = st.columns([2, 3], gap="large")
    read = {model_id: cached.read_every_gamma(offered.sha, model_id, offered.pixels) for model_id in titles}
    spread = any(reading.spread for row in read.values() for reading in row)
    sheet, columns = cached.gamma_sheet(offered.sha, spread, offered.pixels)
    for model_id, row in read.items():
        [above] = cached.read((offered.sha,), model_id, gamma, lambda: [offered.pixels()])
        read[model_id] = [above if value == gamma else one for value, one in zip(cached.GAMMAS, row, strict=True)]
    labels = [
        "\n".join(in_short(row[step]) + several(titles, model_id) for model_id, row in read.items())
        for step in range(len(cached.GAMMAS))
    ]
    with left:
        scrubber.scrub(
            scrubber.Strip(sheet, columns, (cached.FRAME, cached.FRAME), kind="image/jpeg"),
            frames=len(cached.GAMMAS),
            labels=labels,
            values=[f"{value:.1f}" for value in cached.GAMMAS],
            name="Gamma",
            start=cached.GAMMAS.index(gamma),
            key="gammas",
            on_release=set_gamma,
        )
        height, width = offered.pixels().shape[:2]
        if height != width:
            st.html('<p class="lo-hint">Models take a square: the edges of the picture are drawn out to fill it.</p>')
    with right:
        curve = reading_figures.gamma_curve(
            cached.GAMMAS,
            {titles[model_id]: row for model_id, row in read.items()},
            true_minutes=true.minutes if true else None,
            current=gamma,
            looks=by_title(clock_figures.looks_of(list(titles)), titles),
            dark=theme.dark(),
        )
        chart(curve, "gamma-curve", "Curve of " + ("the error" if true else "the time read") + " and the confidence over gamma")
        if any(reading.unseen for row in read.values() for reading in row):
            st.html('<p class="lo-hint">A curve breaks where its model gives no time: no clock seen, or hands hidden.</p>')


def in_short(reading: Reading) -> str:
    """The time and how sure the model is; what it misses where it gives no time."""
    return f"{UNREAD} · {reading.unseen}" if reading.unseen else f"{reading.time} · {share(reading.confidence)}"


def by_title(looks: "Mapping[str, Look]", titles: Mapping[str, str]) -> "dict[str, Look]":
    """Looks as figures ask for them: by the models' titles."""
    return {titles[model_id]: look for model_id, look in looks.items()}


def several(titles: Mapping[str, str], model_id: str) -> str:
    """The model's name where more than one reads."""
    return f" · {titles[model_id]}" if len(titles) > 1 else ""


def set_gamma(step: int) -> None:
    """Move the gamma slider to a step of ``GAMMAS``."""
    st.session_state["gamma"] = cached.GAMMAS[step]
