"""A walk between two ends: scrubbed in the browser, as the reports' grid, its norms and sharpness, and to take away."""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from core import generator_figures
from core.generators.directions import Vectors
from core.generators.latent import norms, path
from core.generators.quality import sharpness
from core.generators.walks import packed
from core.images import Picture
from core.written import percent
from pages.parts import cached, forms, history, latent_ends, latent_made, latent_tiles, scrubber, theme, views
from pages.parts.latent_ends import End

KINDS = {"spherical": "Spherical", "linear": "Straight"}
PACE = 24  # frames a second when playing
GRIDS = {5: "5 × 5", 6: "6 × 6", 8: "8 × 8"}
EXPORTED = 128  # at least so many pixels a side in files; small pictures are enlarged in whole steps
NAMES = {"start": "From", "end": "To"}


@dataclass(frozen=True, eq=False)
class Walk:
    """One model's walk: vectors (FRAMES, size) and frames uint8 (FRAMES, side, side, 3), by kind of path."""

    model_id: str
    title: str
    vectors: dict[str, Vectors]
    frames: dict[str, Picture]


def show(titles: Mapping[str, str], start: End, end: End, pixels: bool) -> None:
    """The whole tab."""
    with cached.patience(), st.spinner("Loading the models and decoding the walk"):
        ends = {NAMES[one.key]: {model_id: latent_ends.found(one, model_id) for model_id in titles} for one in (start, end)}
        walks = [
            of_model(model_id, title, *(by_model[model_id].vector for by_model in ends.values()))
            for model_id, title in titles.items()
        ]
    latent_ends.given(ends, titles)
    kind = forms.one_of("Path", KINDS, "path")
    walked(walks, kind, pixels)
    grid(walks, kind, pixels)
    exports(walks, kind, own="own" in (start.source, end.source))


def of_model(model_id: str, title: str, start: Vectors, end: Vectors) -> Walk:
    """Both kinds of path for one model; each is decoded in one batch, and once."""
    vectors, frames = {}, {}
    for kind in KINDS:
        vectors[kind], frames[kind] = latent_made.walk(model_id, start, end, kind)
    return Walk(model_id, title, vectors, frames)


def place() -> int:
    """The frame at which the walker stands: the one let go of last, else what the URL says."""
    at = st.session_state.get("at", next(iter(st.query_params.get_all("at")), ""))
    at = int(at) if str(at).isascii() and str(at).isdigit() and len(str(at)) < 4 else 0
    return min(at, latent_made.FRAMES - 1)


def go_to(frame: int) -> None:
    """Remember where the walker was left, here and in the URL."""
    history.tell("at", str(frame))


# --- scrubbed -------------------------------------------------------------------------------------------------------


@st.fragment
def walked(walks: list[Walk], kind: str, pixels: bool) -> None:
    """All models under one slider, and beneath it what the path does to vectors and pictures."""
    shares = np.linspace(0, 1, latent_made.FRAMES)
    lengths = {walk.model_id: norms(walk.vectors[kind]) for walk in walks}
    labels = [
        "\n".join(f"{walk.title}: length {lengths[walk.model_id][frame]:.2f}" for walk in walks)
        for frame in range(latent_made.FRAMES)
    ]
    with st.container(key="strips"):
        scrubber.scrub(
            [latent_made.strip(walk.frames[kind], walk.title) for walk in walks],
            frames=latent_made.FRAMES,
            labels=labels,
            values=[percent(share) for share in shares],
            name="Way",
            start=place(),
            key="walk",
            on_release=go_to,
            pace=PACE,
            swing=True,
            pixels=pixels,
        )
    why(walks, float(shares[place()]))


def why(walks: list[Walk], current: float) -> None:
    """The norm along both paths, the sharpness of what comes out, and why the one follows from the other."""
    views.section(
        "Why the straight line dulls",
        "Random vectors of many numbers are all nearly equally long: they lie in a thin shell. A straight line between two of "
        "them cuts through the empty inside, half way at 0.71 of their length, where the model has learned next to nothing; "
        "what it makes there is nearer to the mean picture. The spherical path stays in the shell. "
        "Sharpness is the variance of the Laplacian, of how far each pixel's grey lies from its neighbours': a blurred picture "
        "has little.",
    )
    dark = theme.dark()
    for walk in walks:
        lengths = {kind: norms(vectors) for kind, vectors in walk.vectors.items()}
        sharp = {kind: sharpness(frames) for kind, frames in walk.frames.items()}
        size = walk.vectors["linear"].shape[1]
        low, high = generator_figures.shell(size)
        half = latent_made.FRAMES // 2
        st.html(
            f'<h3 class="lo-caption">{escape(walk.title)}<small>{size} numbers; 95 % of random vectors are '
            f"{low:.1f} to {high:.1f} long</small></h3>"
        )
        left, right = st.columns(2, gap="medium")
        middle = ", ".join(f"{generator_figures.PATH_TITLES[kind]} {values[half]:.2f}" for kind, values in lengths.items())
        with left:
            drawing = generator_figures.norm_curve(lengths, size, current=current, dark=dark)
            views.chart(drawing, f"norm-{walk.model_id}", f"Length of the vector along the way, half way: {middle}")
        middle = ", ".join(f"{generator_figures.PATH_TITLES[kind]} {values[half]:.4f}" for kind, values in sharp.items())
        with right:
            drawing = generator_figures.sharpness_curve(sharp, current=current, dark=dark)
            views.chart(drawing, f"sharp-{walk.model_id}", f"Sharpness of the pictures along the way, half way: {middle}")


# --- as a grid, and to take away ------------------------------------------------------------------------------------


@st.fragment
def grid(walks: list[Walk], kind: str, pixels: bool) -> None:
    """The same way as in the reports: a grid, read from left to right, top to bottom."""
    views.section(
        "As the reports print it",
        "Read from left to right, top to bottom: it begins top left and ends bottom right. A click enlarges.",
    )
    side = int(forms.one_of("Pictures", {str(count): words for count, words in GRIDS.items()}, "grid"))
    count = side * side
    for column, walk in zip(st.columns(len(walks), gap="large", vertical_alignment="bottom"), walks, strict=True):
        with column:
            latent_tiles.caption(walk.title)
            frames = grid_frames(walk, kind, count)
            labels = [f"{percent(share)} of the way" for share in np.linspace(0, 1, count)]
            name = f"{walk.title}: a walk in {count} pictures"
            key = f"grid-{walk.model_id}"
            latent_tiles.show(frames, across=side, labels=labels, name=name, key=key, tight=True, pixels=pixels)
            take("PNG", walk.model_id, f"grid-{side}", ".png", "image/png", maker(frames, ".png"))


def grid_frames(walk: Walk, kind: str, count: int) -> Picture:
    """``count`` pictures of the walk, evenly spaced, both ends among them."""
    ends = walk.vectors[kind][[0, -1]]
    return latent_made.decoded(walk.model_id, path(ends[0], ends[1], count, kind))


def exports(walks: list[Walk], kind: str, own: bool) -> None:
    """Files of the walk, made when asked for, and what a link brings back. own: whether an end is in no link."""
    linked = "" if own else " The address of this page brings back the same walk."
    views.section("To take away", f"Files are made when you ask for them.{linked}")
    for walk in walks:
        latent_tiles.caption(walk.title)
        with st.container(horizontal=True):
            take("GIF", walk.model_id, kind, ".gif", "image/gif", maker(walk.frames[kind], ".gif"))
            take("WebP", walk.model_id, kind, ".webp", "image/webp", maker(walk.frames[kind], ".webp"))
            take("Vectors, CSV", walk.model_id, kind, ".csv", "text/csv", partial(vectors_csv, walk.vectors[kind]))


def take(label: str, model_id: str, name: str, suffix: str, mime: str, make: Callable[[], Any]) -> None:
    """A button that has a file made and saves it."""
    file = f"{model_id}-{name}{suffix}"
    st.download_button(label, make, file, mime, on_click="ignore", key=f"take-{file}")


def maker(frames: Picture, suffix: str) -> Callable[[], bytes]:
    """What makes a file of frames when it is asked for."""
    return partial(file_of, frames, suffix)


def file_of(frames: Picture, suffix: str) -> bytes:
    """Frames as a file, small ones enlarged in whole steps, so that their pixels stay squares."""
    factor = max(1, EXPORTED // frames.shape[1])
    return packed(frames.repeat(factor, 1).repeat(factor, 2), suffix)


def vectors_csv(vectors: Vectors) -> str:
    """A row a frame: its number, its share of the way, and the numbers of its vector."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["frame", "share", *(f"z{index}" for index in range(1, vectors.shape[1] + 1))])
    for frame, (share, vector) in enumerate(zip(np.linspace(0, 1, len(vectors)), vectors, strict=True)):
        writer.writerow([frame, f"{share:.5f}", *(f"{value:.6g}" for value in vector)])
    return file.getvalue()
