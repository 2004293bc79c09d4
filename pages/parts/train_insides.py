"""What is inside of a live run: its first layer's filters, and what it takes a few test pictures for."""

from html import escape

import streamlit as st

from core import live_figures
from core.live_state import LiveState
from core.sheets import encode
from pages.parts import theme, views
from pages.parts.model_cards import swatch
from pages.parts.pictures import data_url


def show(place: int, name: str, state: LiveState, *, several: bool) -> None:
    """First-layer filters and sample pictures; their places are kept while there is nothing to show yet."""
    of = f" {swatch(live_figures.LOOKS[place])}{escape(name)}" if several else ""
    st.html(f'<div class="lo-insides"><section>{filters(state, of)}</section><section>{samples(state, of)}</section></div>')


def filters(state: LiveState, of: str) -> str:
    """The weights of the first layer as one picture."""
    heading = f'<h3 class="lo-caption">What the first layer looks for{of}</h3>'
    if state.filters is None:
        return f'{heading}<div class="lo-filters lo-empty"></div>'
    sheet = live_figures.filter_sheet(state.filters, dark=theme.dark())
    count, colours = len(state.filters), state.filters.shape[-1] == 3
    kind = "red, green and blue; grey is 0" if colours else "blue is positive, orange negative"
    told = f"The first {count} filters, weights up to {state.filter_scale:.2g} in size: {kind}"
    height, width = sheet.shape[:2]
    return (
        f'{heading}<div class="lo-filters"><img src="{data_url(encode(sheet, "PNG"), "image/png")}" alt="{escape(told)}" '
        f'style="aspect-ratio:{width}/{height}"></div><p class="lo-hint">{escape(told)}.</p>'
    )


def samples(state: LiveState, of: str) -> str:
    """A strip of test pictures: what each is, and the three likeliest classes by now."""
    heading = f'<h3 class="lo-caption">What it takes pictures for{of}</h3>'
    found = state.samples
    if found is None:
        return f'{heading}<div class="lo-samples lo-empty"></div>'
    items = []
    for place, (image, true) in enumerate(zip(found.images, found.true.tolist(), strict=True)):
        pixels = image[..., 0] if image.shape[-1] == 1 else image
        name, rows = state.classes[true], ""
        if found.probabilities is not None:
            best = live_figures.likeliest(found.probabilities[place], state.classes)
            rows = "".join(
                f"<li{' class=lo-true' if one == name else ''}><span><i>{escape(one)}</i> <b>{views.sureness(value)}</b></span>"
                f"{views.meter(value)}</li>"
                for one, value in best
            )
        told = escape(f"Test picture {found.indices[place]}: {name}")
        items.append(
            f'<li><figure><img src="{data_url(encode(pixels, "PNG"), "image/png")}" alt="{told}">'
            f"<figcaption>{escape(name)}</figcaption></figure><ol>{rows}</ol></li>"
        )
    told = "The three likeliest classes of each. In bold: what it is."
    return f'{heading}<ul class="lo-samples">{"".join(items)}</ul><p class="lo-hint">{told}</p>'
