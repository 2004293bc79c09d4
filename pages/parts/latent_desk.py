"""A mixing desk: one vector moved along the strongest directions of a model's latent space, and along named ones."""

from collections.abc import Mapping
from html import escape

import numpy as np
import streamlit as st

from core.datasets import DatasetError
from core.generator_figures import shell
from core.generators.atlas import Desk, Labelled, make_desk
from core.generators.directions import Vectors
from core.generators.latent import norms, truncated
from core.sheets import encode
from pages.parts import cached, forms, latent_ends, latent_made, pictures, views
from pages.parts.latent_ends import End

BASES = {"start": "From", "end": "To", "centre": "Middle"}
REACH = 3.0  # deviations to either side
NAMED_REACH = 2.0  # times the way from one label's mean to the other's
SHOWN = (-REACH, -REACH / 2, 0.0, REACH / 2, REACH)  # on the strip above a slider
MOST_TRUNCATION = 1.5
NAMED = 5  # named directions at most


def show(stored: Mapping[str, str], chosen: str, start: End, end: End, pixels: bool) -> None:
    """The whole tab. stored: titles of all models; chosen: the one that is shown unless another is asked for."""
    views.section(
        "A mixing desk",
        "Each slider moves the vector along one direction: from one kind of leaf to another where labels are known, then along "
        "those in which pictures differ most. The strips show what such a direction does to the middle of all.",
        ruled=False,
    )
    model_id = forms.one_model("Model", stored, chosen, key="desk")
    with cached.patience(), st.spinner("Looking for directions in the latent space"):
        desk, reason = directions(model_id)
        base = {one.key: latent_ends.found(one, model_id).vector for one in (start, end)} | {"centre": desk.basis.centre}
    if reason:
        st.html(f'<p class="lo-hint">{escape(reason)}</p>')
    mixing(model_id, stored[model_id], desk, base, pixels)


def directions(model_id: str) -> tuple[Desk, str]:
    """A model's directions, and a sentence where some are lacking."""
    generator = cached.generator(model_id)
    name, reason, real = str(generator.card.extra.get("data")), "", None
    judge = latent_made.judge_or_none() if generator.encoder is None and name == "plant-leaves" else None
    try:
        real = Labelled(*latent_made.held_out(name, generator.side))
    except DatasetError as error:
        reason = f"{forms.sentence(error)} Directions come from what the model makes."
    told_by = None if judge is None else judge.network.card.sha256  # named directions are those that it sees
    of = (model_id, cached.mark(model_id), real is not None, told_by)
    desk = cached.shared("desk", of, lambda: make_desk(generator, real, judge))
    if name == "plant-leaves" and generator.encoder is None and judge is None:
        reason = "Named directions need the leaf classifier; train it with: python -m core train leaf-classifier"
    return desk, reason


def reset(names: list[str]) -> None:
    """All sliders back to where they do nothing."""
    for name in names:
        st.session_state[name] = 0.0
    st.session_state["psi"] = 1.0


@st.fragment
def mixing(model_id: str, title: str, desk: Desk, base: Mapping[str, Vectors], pixels: bool) -> None:
    """The sliders and what comes out; a slider moved decodes two pictures and draws nothing else again."""
    named = dict(list(desk.named.items())[:NAMED])
    keys = [f"d{index}" for index in range(1, len(desk.basis.directions) + 1)]
    others = {f"n{index}": name for index, name in enumerate(named, 1)}
    left, right = st.columns([4, 5], gap="medium")
    with right:
        shares = named_sliders(others)
        steps = sliders(model_id, desk, keys, pixels)
        words = (
            "Below 1 the vector is drawn to the middle of all: pictures vary less and grow duller, as half way along a "
            "straight path."
        )
        psi = float(st.slider("Truncation", 0.0, MOST_TRUNCATION, 1.0, 0.05, key="psi", bind="query-params", help=words))
        st.button("Reset", icon=":material/restart_alt:", on_click=reset, args=([*keys, *others],))
    with left, st.container(key="mixed"):
        shown = st.container()  # above what decides it, so that it stays in sight
        chosen = forms.one_of("Begin at", BASES, "base")
        before = base[chosen]
        after = truncated(desk.mixed(before, steps, shares), psi, desk.basis.centre)
        with shown:
            result(model_id, title, before, after, pixels)


def bounded(value: object, reach: float) -> float:
    """A slider's value as a number within its reach."""
    return min(max(float(value), -reach), reach) if isinstance(value, int | float) else 0.0


def named_sliders(names: Mapping[str, str]) -> dict[str, float]:
    """A slider for each named direction, two in a row; by name, how many times the way each stands at. names: key -> name."""
    words = "1 adds the way from the mean vector of the one to that of the other."
    shares = {}
    places: list = []
    for key, name in names.items():
        places = places or list(st.columns(2, gap="medium"))
        with places.pop(0):
            value = st.slider(name.capitalize(), -NAMED_REACH, NAMED_REACH, 0.0, 0.1, key=key, bind="query-params", help=words)
            shares[name] = bounded(value, NAMED_REACH)
    return shares


def sliders(model_id: str, desk: Desk, keys: list[str], pixels: bool) -> list[float]:
    """A slider for each direction beneath a strip of what it does, two in a row; how many deviations each stands at."""
    strips = direction_strips(model_id, desk)
    places: list = []
    steps = []
    for index, key in enumerate(keys):
        places = places or list(st.columns(2, gap="medium"))
        with places.pop(0):
            source = pictures.data_url(strips[index])
            words = f"What direction {index + 1} does, from one end of the slider to the other"
            kind = "lo-film lo-pixels" if pixels else "lo-film"
            st.html(f'<img class="{kind}" src="{source}" alt="{words}">')
            value = st.slider(f"Direction {index + 1}", -REACH, REACH, 0.0, 0.1, key=key, bind="query-params")
            steps.append(bounded(value, REACH))
    return steps


def direction_strips(model_id: str, desk: Desk) -> list[bytes]:
    """For each direction a row of pictures as WebP, from one end of its slider to the other, around the middle of all."""
    count = len(desk.basis.directions)

    def draw() -> list[bytes]:
        moves = [step * np.eye(count, dtype=np.float32)[index] for index in range(count) for step in SHOWN]
        vectors = desk.basis.moved(np.repeat(desk.basis.centre[None], len(moves), 0), np.stack(moves))  # (count * 5, size)
        frames = latent_made.decoded(model_id, vectors)
        side = frames.shape[1]
        rows = frames.reshape(count, len(SHOWN), side, side, 3).swapaxes(1, 2)  # (count, side, 5, side, 3)
        return [encode(row.reshape(side, len(SHOWN) * side, 3), "WEBP", latent_made.QUALITY) for row in rows]

    of = (model_id, cached.mark(model_id), desk.basis.directions.tobytes())
    return cached.made("directions", of, draw)


def result(model_id: str, title: str, before: Vectors, after: Vectors, pixels: bool) -> None:
    """The picture before and after, and how long the vector has become."""
    frames = latent_made.decoded(model_id, np.stack([before, after]))
    low, high = shell(len(after))
    length = float(norms(after))
    where = "within" if low <= length <= high else "shorter than" if length < low else "longer than"
    figures = []
    for frame, words in zip(frames[::-1], ("mixed", "before"), strict=True):
        source = pictures.data_url(latent_made.small(frame))
        below = f"<figcaption>{words}</figcaption>" if words == "before" else ""
        figures.append(f'<figure><img src="{source}" alt="{escape(title)}, {words}">{below}</figure>')
    kind = "lo-mixed lo-pixels" if pixels else "lo-mixed"
    st.html(
        f'<div class="{kind}" role="status">{"".join(figures)}'
        f'<p class="lo-hint">The vector is {length:.2f} long: {where} the {low:.1f} to {high:.1f} of 95 % of random ones.</p>'
        "</div>"
    )
