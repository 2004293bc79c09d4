"""The lesson: set two times on one dial, and see what each measure and each loss of the reports makes of them."""

import datetime
from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from core import clock_figures
from core.catalogue import all_recipes
from core.clocks.lesson import COSTS, SURE, distances, share_of_worst
from core.clocks.time import ClockTime
from core.figures import Look
from pages.parts import cached, cached_clocks, forms, theme, views
from pages.parts.model_cards import number, swatch
from pages.parts.mounting import component

TRUE, READ = "shown", "answered"  # keys of the two times, also in the URL
SPANS = {"all": "All answers", "near": "Within 20 minutes"}
NEAR = 20
EXAMPLES = {
    "11:59 and 00:01": (
        719,
        1,
        "Two minutes apart, on either side of 12: the absolute error takes them for almost twelve hours.",
    ),
    "00:01 and 11:59": (1, 719, "The other way round: the report's own remedy wraps one way only, and lets this pair through."),
    "10:02 and 10:08": (
        602,
        608,
        "As published, both have the same label for the minute hand: the label repeats every 6 minutes.",
    ),
    "02:58 and 03:02": (
        178,
        182,
        "Four minutes apart, on either side of the hour: two heads are charged for a wrong hour and 56 wrong minutes.",
    ),
    "06:00 and 00:00": (
        360,
        0,
        "As far apart as two times can be. With 720 classes cross-entropy charges no more than for one minute.",
    ),
}
WAYS = {
    "absolute": ("Absolute", "Counts along the numbers, never across 12. What MAE and MSE of hours see."),
    "one-way": ("One way", "As published: wraps where the truth is before 12 and the reading past it, not the other way."),
    "circular": ("Circular", "The smaller way round: the common-sense error, 360 minutes at most."),
}
_dial = component("twotimes")


def show() -> None:
    """The whole tab."""
    with st.container(key="lesson"):
        heading = st.container()  # it names the pair, which is known further down
        with st.container(horizontal=True):
            for name, (true, read, _) in EXAMPLES.items():
                st.button(name, on_click=put, args=(true, read), key=f"example-{true}-{read}")
        left, right = st.columns([2, 3], gap="large", vertical_alignment="center")
        with left:
            true, read = times()
        pair = f"{ClockTime.from_minutes(true)} from {ClockTime.from_minutes(read)}"
        heading.html(
            f'<h2 class="lo-section">How far is {pair}?<small>A loss tells a network how wrong it '
            "is. Set what a clock shows and what a network reads, and see what it is told.</small></h2>"
        )
        with right:
            ways(true, read)
        charged(true, read)


def put(true: int, read: int) -> None:
    """Set both times, in minutes since 12."""
    for key, minutes in ((TRUE, true), (READ, read)):
        st.session_state[key] = datetime.time(minutes // 60, minutes % 60)


def times() -> tuple[int, int]:
    """The dial, and a field for each time; both say the same."""
    place = st.container()
    fields = st.columns(2)
    values = []
    for field, label, key, first in ((fields[0], "The clock shows", TRUE, 719), (fields[1], "The network reads", READ, 1)):
        default = datetime.time(first // 60, first % 60)
        at = field.time_input(label, default, step=60, key=key, bind="query-params") or default
        values.append(at.hour % 12 * 60 + at.minute)

    def moved() -> None:
        told = (st.session_state.get("twotimes") or {}).get("moved")
        if isinstance(told, list) and len(told) == 2 and all(type(one) is int and 0 <= one < 720 for one in told):
            put(*told)

    with place:
        _dial(data={"times": values}, key="twotimes", on_moved_change=moved)
    return values[0], values[1]


def ways(true: int, read: int) -> None:
    """Three ways to say how far apart the two are."""
    apart = distances(true, read)
    items = "".join(
        f"<div><h3>{title}</h3><b>{apart[name]:.0f}<small>min</small></b><p>{words}</p></div>"
        for name, (title, words) in WAYS.items()
    )
    pair = next((words for first, second, words in EXAMPLES.values() if (first, second) == (true, read)), "")
    words = f'<p class="lo-note">{pair}</p>' if pair else ""
    st.html(f'<div class="lo-ways">{items}</div>{words}')


def look_of(name: str) -> Look:
    """The look of the model that learns from a cost; that of ours for what nobody learns from."""
    models = COSTS[name].models
    family = models or (("report22-regression",) if "mae" in name else ("reader-report",))
    return Look(clock_figures.looks_of(family)[family[0]].hue)


def learners(models: Sequence[str], titles: Mapping[str, str], looks: Mapping[str, Look]) -> str:
    """Who learns from a cost: each model's line and title, or a word that nobody does."""
    if not models:
        return '<p class="lo-learners">A measure; nobody learns from it.</p>'
    names = "".join(f"<li>{swatch(looks[model])}{escape(titles[model])}</li>" for model in models)
    return f'<p class="lo-learners">Models that learn from it</p><ul class="lo-learners">{names}</ul>'


def charged(true: int, read: int) -> None:
    """What each loss charges for this pair, within the curve of what it would charge for every other answer."""
    shown, said = ClockTime.from_minutes(true), ClockTime.from_minutes(read)
    st.html(
        f'<h2 class="lo-section lo-ruled">What each loss charges for it<small>The curve is what every answer would cost '
        f"while the clock shows {shown} (dotted); the dot is {said}. A good loss is a valley that leads to the truth from both "
        "sides, with no edge at 12.</small></h2>"
    )
    near = NEAR if forms.one_of("Answers shown", SPANS, "span", label_visibility="collapsed") == "near" else 0
    with cached.patience():
        curves = cached_clocks.costs(true)
    looks = clock_figures.looks_of([model for cost in COSTS.values() for model in cost.models])
    titles = {name: recipe.title for name, recipe in all_recipes().items()}
    names, dark = list(COSTS), theme.dark()
    for start in range(0, len(names), 4):
        for place, name in zip(st.columns(4, gap="medium"), names[start : start + 4], strict=False):
            cost, value = COSTS[name], float(curves[name][read])
            share = views.share(share_of_worst(curves[name], read))
            learnt = learners(cost.models, titles, looks)
            with place:
                st.html(
                    f'<div class="lo-charge"><h3>{escape(cost.title)}</h3><p><b>{number(value, 4)}</b> {cost.unit}'
                    f"<small>{share} of its worst</small></p></div>"
                )
                drawing = clock_figures.cost_curve(
                    curves[name], true, read, look_of(name), unit=cost.unit, near=near, dark=dark
                )
                words = f"{cost.title} over the times that may be read: {value:.4g} {cost.unit} at {said}, {share} of its worst"
                views.chart(drawing, f"cost-{name}", words)
                st.html(f'<p class="lo-charged">{escape(cost.told)}</p>{learnt}')
    st.html(
        f'<p class="lo-hint">Cross-entropy is that of a network that gives {SURE * 100:.0f} % to the class that it reads and '
        "spreads the rest over all others.</p>"
    )
