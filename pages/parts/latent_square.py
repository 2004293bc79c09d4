"""A square of four corners: between the two ends of the walk and two more throws of the dice."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from core.generators.latent import PathKind, random_vectors, square
from core.written import percent
from pages.parts import cached, forms, latent_ends, latent_made, latent_tiles, latent_walk, views
from pages.parts.latent_ends import End

SIDES = {5: "5 × 5", 7: "7 × 7", 9: "9 × 9"}
WAYS: dict[str, tuple[str, PathKind]] = {"bilinear": ("Straight: bilinear", "linear"), "round": ("Spherical", "spherical")}
THIRD, FOURTH = "corner-3", "corner-4"


def show(titles: Mapping[str, str], start: End, end: End, pixels: bool) -> None:
    """The whole tab."""
    views.section(
        "Four corners",
        "Above, the two ends of the walk; below, two more throws of the dice. Every picture between them mixes all four by "
        "how near it lies. A click enlarges, arrow keys go on from there.",
        ruled=False,
    )
    squares = st.container(key="squares")  # above what decides them, so that they are in sight
    left, right = st.columns(2, gap="large")  # as the squares stand, where two do
    with left:
        st.html('<p class="lo-hint">Bottom left</p>')
        third = latent_ends.dice(THIRD, next(iter(titles)))
    with right:
        st.html('<p class="lo-hint">Bottom right</p>')
        fourth = latent_ends.dice(FOURTH, next(iter(titles)))
    with st.container(horizontal=True):
        way = forms.one_of("Between them", {name: words for name, (words, _) in WAYS.items()}, "between")
        side = int(forms.one_of("Pictures", {str(count): words for count, words in SIDES.items()}, "square"))
    with squares:
        columns = st.columns(len(titles), gap="large")
    for column, (model_id, title) in zip(columns, titles.items(), strict=True):
        with column:
            latent_tiles.caption(title)
            with st.spinner("Decoding the square"):
                ends = [latent_ends.found(one, model_id).vector for one in (start, end)]
                size = cached.generator(model_id).latent_size
                others = [random_vectors(seed, 1, size)[0] for seed in (third, fourth)]
                vectors = square(np.stack([*ends, *others]), side, side, WAYS[way][1])  # (side, side, size)
                frames = latent_made.decoded(model_id, vectors.reshape(side * side, size))
            names = labels(side)
            latent_tiles.show(
                frames,
                across=side,
                labels=names,
                name=f"{title}: a square",
                key=f"square-{model_id}",
                tight=True,
                pixels=pixels,
            )
            latent_walk.take("PNG", model_id, f"square-{side}", ".png", "image/png", latent_walk.maker(frames, ".png"))


def labels(side: int) -> list[str]:
    """How much of each corner is in each picture, in words."""
    corners = ("top left", "top right", "bottom left", "bottom right")
    words = []
    for down in np.linspace(0, 1, side):
        for across in np.linspace(0, 1, side):
            shares = ((1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across)
            told = [f"{percent(share)} {name}" for name, share in zip(corners, shares, strict=True) if share > 0.005]
            words.append(", ".join(told))
    return words
