"""What is inside of a live run: its first layer's filters, and what it takes a few test pictures for."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import streamlit as st

from core import live_figures
from core.figures import palette
from core.live_state import LiveState
from core.sheets import encode
from pages.parts import theme, views
from pages.parts.model_cards import swatch
from pages.parts.pictures import data_url

TAKES, BOTH_TAKE = "What it takes pictures for", "What both take pictures for"
BOLD = '<p class="lo-hint">The three likeliest classes of each. In bold: what it is.</p>'


def show(runs: Mapping[str, LiveState]) -> None:
    """Filters and sample pictures of all runs, at most two; their places are kept while there is nothing to show yet."""
    looks = dict(zip(runs, live_figures.LOOKS, strict=False))
    signs = {name: f" {swatch(look)}{escape(name)}" if len(runs) > 1 else "" for name, look in looks.items()}
    parts = [f"<section>{filters(state, signs[name])}</section>" for name, state in runs.items()]
    if len(runs) > 1 and same_pictures(list(runs.values())):
        parts.append(f'<section class="lo-whole">{race(runs)}</section>')
    else:
        parts += [f"<section>{samples(state, signs[name])}</section>" for name, state in runs.items()]
    kind = "lo-insides lo-several" if len(runs) > 1 else "lo-insides"
    st.html(f'<div class="lo-inside"><div class="{kind}">{"".join(parts)}</div></div>')


def filters(state: LiveState, of: str) -> str:
    """The weights of the first layer as one picture."""
    heading = f'<h3 class="lo-caption">What the first layer looks for{of}</h3>'
    if state.filters is None:
        return f'{heading}<div class="lo-filters lo-empty"></div>'
    sheet = live_figures.filter_sheet(state.filters, dark=theme.dark())
    count, colours = len(state.filters), state.filters.shape[-1] == 3
    kind = "red, green and blue; grey is 0" if colours else "blue is positive, orange negative"
    size = f"weights up to {state.filter_scale:.2g} in size: {kind}" if state.filter_scale else "all weights are 0"
    told = f"The first {count} filters, {size}"
    height, width = sheet.shape[:2]
    return (
        f'{heading}<div class="lo-filters"><img src="{data_url(encode(sheet, "PNG"), "image/png")}" alt="{escape(told)}" '
        f'style="aspect-ratio:{width}/{height}"></div><p class="lo-hint">{escape(told)}.</p>'
    )


def samples(state: LiveState, of: str) -> str:
    """Test pictures of one run: what each is, and the three likeliest classes by now."""
    heading = f'<h3 class="lo-caption">{TAKES}{of}</h3>'
    if state.samples is None:
        return f'{heading}<div class="lo-samples lo-empty"></div>'
    items = [f"<li>{picture(state, place)}<ol>{guesses(state, place)}</ol></li>" for place in range(len(state.samples.images))]
    return f'{heading}<ul class="lo-samples">{"".join(items)}</ul>{BOLD}'


def race(runs: Mapping[str, LiveState]) -> str:
    """The same test pictures of several runs, once each: beside a picture what every network takes it for."""
    looks = dict(zip(runs, live_figures.LOOKS, strict=False))
    signs = "".join(f"<span>{swatch(looks[name])}{escape(name)}</span>" for name in runs)
    heading = f'<h3 class="lo-caption">{BOTH_TAKE}</h3><p class="lo-racers">{signs}</p>'
    having = [state for state in runs.values() if state.samples is not None]
    if not having:
        return f'{heading}<div class="lo-samples lo-empty"></div>'
    shown, colours = having[0], palette(theme.dark()).series
    items = []
    for place in range(len(shown.samples.images) if shown.samples else 0):
        told = "".join(
            f'<div style="--lo-run:{colours[looks[name].hue]}">{swatch(looks[name])}'
            f'<ol aria-label="{escape(name)}">{guesses(state, place)}</ol></div>'
            for name, state in runs.items()
        )
        items.append(f"<li>{picture(shown, place)}{told}</li>")
    return f'{heading}<ul class="lo-samples lo-race">{"".join(items)}</ul>{BOLD}'


def same_pictures(states: Sequence[LiveState]) -> bool:
    """Whether these runs are shown the same pictures, as runs on one data set are; those that have none yet will be."""
    found = [(state.samples, state.classes) for state in states if state.samples is not None]
    return len({state.spec.dataset for state in states}) == 1 and all(
        classes == found[0][1] and np.array_equal(one.images, found[0][0].images) for one, classes in found
    )


def picture(state: LiveState, place: int) -> str:
    """One of a run's samples, and what it is."""
    if state.samples is None:
        return ""
    image, name = state.samples.images[place], state.classes[int(state.samples.true[place])]
    pixels = image[..., 0] if image.shape[-1] == 1 else image
    told = escape(f"Test picture {state.samples.indices[place]}: {name}")
    return (
        f'<figure><img src="{data_url(encode(pixels, "PNG"), "image/png")}" alt="{told}">'
        f"<figcaption>{escape(name)}</figcaption></figure>"
    )


def guesses(state: LiveState, place: int) -> str:
    """What a run takes one of its samples for; nothing before its network has looked at it."""
    if state.samples is None or state.samples.probabilities is None:
        return ""
    true = state.classes[int(state.samples.true[place])]
    return "".join(
        f"<li{' class=lo-true' if one == true else ''}><span><i>{escape(one)}</i> <b>{views.sureness(value)}</b></span>"
        f"{views.meter(value)}</li>"
        for one, value in live_figures.likeliest(state.samples.probabilities[place], state.classes)
    )
