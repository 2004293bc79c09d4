"""Every clock model side by side: errors, where they come from, how the models learned, what the reports print."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import streamlit as st

from core import clock_errors, clock_figures, comparison, reliability_figures
from core.comparison import SET_NAMES, Entry, Readings
from core.figures import Look
from core.registry import RegistryError
from core.written import three_digits
from pages.parts import cached_clocks, forms, landing, model_cards, theme, views
from pages.parts.model_cards import swatch
from pages.parts.views import section

FIRST = (
    "reader-small",
    "reader-report",
    "report22-label-transform-corrected",
    "report23-classes-720",
    "report23-multi-head",
    "report22-regression",
)
TWO_ANSWERS = (  # the hour and the minute, each for itself
    "report22-split-heads",
    "report22-multi-head",
    "report22-two-classifiers",
    "report23-multi-head",
)
MOST = 6
PAIR = ("report22-regression", "report22-regression-no-gamma")
APART = (
    '"says" and "right" are means over all pictures; "apart" is the expected calibration error: how far the two lie from each '
    "other within ten groups of like confidence, averaged over the pictures."
)
SHAPES = {"histogram": "Histograms", "within": "Shares within"}


def show() -> None:
    """The whole tab."""
    with st.container(key="compare"):
        every = comparison.entries()
        try:
            scores, readings = cached_clocks.scores(), cached_clocks.readings()
        except comparison.ResultsError as error:
            forms.complain(forms.sentence(error))
            scores, readings = {}, Readings(np.empty(0), {})
        model_cards.ruler(every, scores)
        able = [one for one in every if one.trained or one.model_id in readings.read]
        if able:
            drawn(able, readings)
        gamma_or_none(every, readings)
        confidence(every)
        section(
            "Printed in the reports, and ours",
            "The same measure on our 3,600 test pictures; the reports' own are not to be had.",
        )
        model_cards.printed(every, scores)
    landing.land()


def drawn(able: Sequence[Entry], readings: Readings) -> None:
    """What is drawn of the models that the visitor chooses."""
    section("Side by side", "Choose models; each keeps its colour, dash and marker everywhere.", at="shown")
    titles = {one.model_id: forms.in_group(one.title, one.report) for one in able}
    measured = [name for name in (*FIRST, *titles) if name in readings.read]
    default = list(dict.fromkeys([*measured, *titles]))[:4]
    chosen = forms.several_models("Models shown", titles, default, key="show", most=MOST) or default
    by_id = {one.model_id: one for one in able}
    shown = [by_id[name] for name in chosen]
    looks = clock_figures.looks_of(list(titles))
    lacking = [one.title for one in shown if one.model_id not in readings.read]
    if lacking:
        st.html(
            f'<p class="lo-hint">Not measured yet: {escape(", ".join(lacking))}. Measure with '
            "<code>python -m core evaluate clocks</code>.</p>"
        )
    with_readings = [one for one in shown if one.model_id in readings.read]
    unequal(with_readings)
    if with_readings:
        how_far_off(with_readings, readings, looks)
        where(with_readings, [one for one in able if one.model_id in readings.read], readings, looks)
    learning(shown, looks)
    if with_readings:
        half_hours([one for one in able if one.model_id in readings.read], readings, looks)


def named(one: Entry, looks: Mapping[str, Look]) -> str:
    """A model's title with its line and marker."""
    return f"<span>{swatch(looks[one.model_id])}{title_of(one)}</span>"


def title_of(one: Entry) -> str:
    """A model's title, escaped, and how far from trained it is."""
    word = model_cards.stage(one.epochs_trained, one.epochs_asked) if one.trained else ""
    return escape(one.title) + (f", {word}" if word else "")


def legend(shown: Sequence[Entry], looks: Mapping[str, Look]) -> None:
    """What stands for which model, above the figures of a section."""
    st.html(f'<p class="lo-legend">{"".join(named(one, looks) for one in shown)}</p>')


def unequal(compared: Sequence[Entry]) -> None:
    """A sentence where models beside each other had unequal shares of the epochs that were asked of them; else nothing."""
    if len({one.epochs_trained / max(one.epochs_asked, 1) for one in compared}) > 1:
        told = "; ".join(f"{one.title} {one.epochs}" for one in compared)
        st.html(f'<p class="lo-hint">Not trained equally long, so part of the gap is training: {escape(told)}.</p>')


# --- errors ---------------------------------------------------------------------------------------------------------


def how_far_off(shown: Sequence[Entry], readings: Readings, looks: Mapping[str, Look]) -> None:
    """The distribution of errors: the reports' histograms, or one line a model."""
    section("How far off", "The share of test pictures by common-sense error.", at="errors")
    with st.container(horizontal=True, vertical_alignment="center"):
        shape = forms.one_of("Shape", SHAPES, "errors", label_visibility="collapsed")
        log = shape == "histogram" and st.toggle("Logarithmic shares", key="log", bind="query-params")
    dark = theme.dark()
    if shape == "within":
        legend(shown, looks)
        shares = {one.title: clock_errors.share_within(readings.errors(one.model_id), clock_figures.WITHIN) for one in shown}
        words = "; ".join(f"{one.title}: {within(readings, one)}" for one in shown)
        by_title = {one.title: looks[one.model_id] for one in shown}
        drawing = clock_figures.within_curves(shares, by_title, dark=dark)
        views.chart(drawing, "within", f"Share of pictures within minutes. {words}", fits=True)
        return
    bars = {one.model_id: clock_errors.histogram(readings.errors(one.model_id)) for one in shown}
    top = max(float(shares.max()) for _, shares in bars.values())
    for place, one in in_columns(shown):
        with place:
            caption(one, looks, within(readings, one))
            drawing = clock_figures.error_histogram(*bars[one.model_id], looks[one.model_id], top=top, log=log, dark=dark)
            views.chart(drawing, f"histogram-{one.model_id}", f"Histogram of errors of {one.title}: {within(readings, one)}")


def in_columns(shown: Sequence[Entry], a_row: int = 2):
    """Each model with its place, ``a_row`` to a row; narrow screens stack them."""
    for start in range(0, len(shown), a_row):
        yield from zip(st.columns(a_row, gap="large"), shown[start : start + a_row], strict=False)


def caption(one: Entry, looks: Mapping[str, Look], *words: str) -> None:
    """A small heading over a model's own figure."""
    lines = "".join(f"<small>{escape(line)}</small>" for line in words)
    st.html(f'<h3 class="lo-caption">{swatch(looks[one.model_id])}{title_of(one)}{lines}</h3>')


def within(readings: Readings, one: Entry) -> str:
    """A distribution in a few words."""
    errors = readings.errors(one.model_id)
    five, thirty = (errors <= 5).mean(), (errors > 30).mean()
    return f"mean {errors.mean():.1f} min, {views.share(float(five))} within 5, {views.share(float(thirty))} over 30"


def where(shown: Sequence[Entry], able: Sequence[Entry], readings: Readings, looks: Mapping[str, Look]) -> None:
    """The error against the true minute of the hour and against the hour."""
    section(
        "Where in the hour",
        of_two_answers(shown, able),
        at="hour",
    )
    log = st.toggle("Logarithmic minutes", key="loghour", bind="query-params")
    legend(shown, looks)
    dark, by_title = theme.dark(), {one.title: looks[one.model_id] for one in shown}
    minutes = {one.title: clock_errors.mean_by_minute(readings.true, readings.errors(one.model_id)) for one in shown}
    hours = {one.title: clock_errors.mean_by_hour(readings.true, readings.errors(one.model_id)) for one in shown}
    worst = "; ".join(f"{title}: worst at minute {int(np.nanargmax(values))}" for title, values in minutes.items())
    left, right = st.columns([3, 2], gap="large")
    with left:
        drawing = clock_figures.errors_by_minute(minutes, by_title, log=log, dark=dark)
        views.chart(drawing, "by-minute", f"Mean error over the true minute. {worst}")
    with right:
        drawing = clock_figures.errors_by_hour(hours, by_title, log=log, dark=dark)
        views.chart(drawing, "by-hour", "Mean error over the true hour, 12 to 11")


def of_two_answers(shown: Sequence[Entry], able: Sequence[Entry]) -> str:
    """What systems that answer hour and minute apart do near the full hour: those that are shown, or which to choose."""
    why = "a whole hour off near the full hour, where the two disagree."
    there = [f"“{one.title}”" for one in shown if one.model_id in TWO_ANSWERS]
    if there:
        names = " and ".join([", ".join(there[:-1]), there[-1]] if there[1:] else there)
        answers = "each answer hour and minute apart" if there[1:] else "answers hour and minute apart"
        return f"{names} {answers} and can be {why}"
    others = [one.title for one in able if one.model_id in TWO_ANSWERS]
    if not others:
        return "The mean error over the true minute, and over the true hour."
    level = "On a level line no minute is harder than another."
    return f"{level} Choose “{others[-1]}” above: it answers hour and minute apart, and can be {why}"


# --- learning -------------------------------------------------------------------------------------------------------


def learning(shown: Sequence[Entry], looks: Mapping[str, Look]) -> None:
    """Loss or what a model is judged by over the epochs, a figure a model: losses of different kinds share no axis."""
    words = "Over the epochs asked for; each model has a loss of its own, so heights do not compare."
    section("How they learned", words, at="learning")
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    with left:
        judged = forms.one_of("Drawn", {"loss": "Loss", "judged": "What it is judged by"}, "curve") == "judged"
    with right:
        log = st.toggle("Logarithmic", value=True, key="logloss", bind="query-params")
    for place, one in in_columns(shown):
        with place:
            caption(one, looks, one.epochs, one.loss)
            try:
                drawn = cached_clocks.learning_curve(one.model_id, judged=judged)
            except RegistryError as error:
                forms.complain(forms.sentence(error))
                continue
            if drawn is None:
                st.html('<p class="lo-hint">No learning curve is stored.</p>')
                continue
            name, curve = drawn
            look = looks[one.model_id]
            drawing = clock_figures.learning_curve(
                curve, look, asked=one.epochs_asked, measure=name, log=log, dark=theme.dark()
            )
            first, last = three_digits(curve.training[0]), three_digits(curve.training[-1])
            words = f"Learning curve of {one.title}, {name} from {first} to {last}"
            views.chart(drawing, f"learning-{one.model_id}", words)


# --- classes and gamma ----------------------------------------------------------------------------------------------


def half_hours(able: Sequence[Entry], readings: Readings, looks: Mapping[str, Look]) -> None:
    """Which half hour is taken for which."""
    section(
        "Which half hour is taken for which",
        "All readings put into the 24 classes of report 2022; right ones lie on the diagonal.",
        at="confusion",
    )
    titles = {one.model_id: forms.in_group(one.title, one.report) for one in able}
    left, right = st.columns([3, 2], gap="large")
    with right:
        default = "report22-classes-24" if "report22-classes-24" in titles else next(iter(titles))
        chosen = forms.one_model("Model", titles, default, key="confusion")
        shares = clock_errors.confusion(readings.true, readings.read[chosen])
        off = np.subtract.outer(np.arange(24), np.arange(24)) % 24
        right_one, beside = shares[off == 0].mean(), shares[(off == 1) | (off == 23)].sum() / 24
        opposite = shares[off == 12].mean()
        words = {"right": right_one, "one beside": beside, "opposite, six hours off": opposite}
        rows = "".join(
            f'<tr><th scope="row">{name}</th><td>{views.share(float(value))}</td></tr>' for name, value in words.items()
        )
        st.html(
            f'<table class="lo-table"><thead><tr><th>Half hour</th><th>share</th></tr></thead><tbody>{rows}</tbody></table>'
        )
    with left:
        told = ", ".join(f"{name} {views.share(float(value))}" for name, value in words.items())
        drawing = clock_figures.confusion_map(shares, looks[chosen], dark=theme.dark())
        views.chart(drawing, "confusion-map", f"Confusion of half hours by {titles[chosen]}: {told}")


def gamma_or_none(every: Sequence[Entry], readings: Readings) -> None:
    """Regression with gamma 3 against the same with pictures as they are."""
    section("Gamma against none", "Report 2022 trained its regression twice: on pictures raised to gamma 3, and as they are.")
    pair = [one for one in every if one.model_id in PAIR]
    there = [one for one in pair if one.model_id in readings.read]
    looks = clock_figures.looks_of(PAIR)
    if len(there) < 2:
        lines = "".join(
            f"<li>{named(one, looks)}: {escape(one.epochs)}, <code>{escape(one.command)}</code></li>"
            for one in pair
            if one not in there
        )
        then = '<p class="lo-hint">Then measure: <code>python -m core evaluate clocks</code></p>'
        st.html(f'<ul class="lo-waiting">{lines}</ul>{then}')
        return
    by_title, dark = {one.title: looks[one.model_id] for one in there}, theme.dark()
    shares = {one.title: clock_errors.share_within(readings.errors(one.model_id), clock_figures.WITHIN) for one in there}
    hours = {one.title: clock_errors.mean_by_hour(readings.true, readings.errors(one.model_id)) for one in there}
    words = "; ".join(f"{one.title}: {within(readings, one)}, {one.epochs}" for one in there)
    for place, one in in_columns(there):
        with place:
            caption(one, looks, within(readings, one), one.epochs)
    unequal(there)
    left, right = st.columns([3, 2], gap="large")
    with left:
        views.chart(clock_figures.within_curves(shares, by_title, dark=dark), "gamma-within", f"Share within minutes. {words}")
    with right:
        views.chart(clock_figures.errors_by_hour(hours, by_title, dark=dark), "gamma-hours", "Mean error over the true hour")


# --- confidence -----------------------------------------------------------------------------------------------------


def confidence(every: Sequence[Entry]) -> None:
    """How often each model is right when it says how sure it is."""
    section(
        "Does its confidence mean something?",
        "On the thin line who says 80 % is right, within 3 minutes, in 80 of 100 pictures. Below it a model is too sure.",
    )
    try:
        sets = cached_clocks.reliability()
    except comparison.ResultsError as error:
        forms.complain(forms.sentence(error))
        return
    if not sets:
        st.html('<p class="lo-hint">Not measured yet: <code>python -m core evaluate clocks</code> does it.</p>')
        return
    offered = {name: SET_NAMES.get(name, name) for name in sets}
    chosen = forms.one_of("Pictures", offered, "set") if len(sets) > 1 else next(iter(sets))
    known = {one.model_id: one.title for one in every}
    titles = {name: known.get(name, SET_NAMES.get(name, name)) for name in sets[chosen]}
    looks = clock_figures.looks_of(list(titles)) | {"classical": clock_figures.CLASSICAL}
    bins = {titles[name]: found for name, found in sets[chosen].items()}
    rows, words = [], []
    for name, one in sets[chosen].items():
        told = [views.share(value) for value in (one.said, one.was_right, one.gap)]
        cells = "".join(f'<td class="lo-share">{text}</td>' for text in (f"{one.pictures.sum():,.0f}", *told))
        rows.append(
            f'<tr><th scope="row"><span class="lo-named">{swatch(looks[name])}<span>{escape(titles[name])}</span></span></th>'
            f"{cells}</tr>"
        )
        words.append(f"{titles[name]}: says {told[0]}, right {told[1]}")
    left, right = st.columns(2, gap="large")
    with left:
        drawing = reliability_figures.reliability_plot(
            bins, {title: looks[name] for name, title in titles.items()}, dark=theme.dark()
        )
        views.chart(drawing, "reliability", f"Share right over the confidence. {'; '.join(words)}")
        st.html(
            f'<p class="lo-hint">The larger a marker, the more pictures it stands for: {reliability_figures.LEAST} at least; '
            "where fewer were read with like confidence, neighbours are put together.</p>"
        )
    with right:
        names = ("Model", "pictures", "says", "right", "apart")
        head = "".join(f'<th scope="col">{name}</th>' for name in names)
        st.html(model_cards.wide(head, rows, "Confidence and truth", "lo-close"))
        chosen_on = f" {comparison.CHOSEN_ON}" if chosen in ("faces", "photographs") else ""
        st.html(f'<p class="lo-hint">{APART}{chosen_on}</p>')
