"""A map of an autoencoder's latent space: pictures in the two directions in which they differ most; a click decodes."""

import math
from collections.abc import Mapping
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.datasets import DatasetError
from core.generators.atlas import Plane, make_plane
from core.generators.latent import norms
from core.sheets import sheet
from core.written import true_minus
from pages.parts import cached, forms, history, latent_made, pictures, views
from pages.parts.mounting import component

EXTENT = 3.0  # deviations from the middle to each side of the map; what lies beyond stands at its edge
NEAREST = 4  # real pictures named beside the place
COLUMNS = 25  # of the sheet of thumbnails
_map = component("latent_map")


def show(encoders: Mapping[str, str], chosen: str | None, pixels: bool) -> None:
    """The whole tab. encoders: titles of the models that encode; chosen: the one that is shown unless another is asked for."""
    views.section(
        "A map of the latent space",
        "Held-out pictures where the encoder puts them, in the two directions in which they differ most. Click anywhere, or "
        "move the cross with the arrow keys: the decoder draws what belongs there, also where no picture lies.",
        ruled=False,
    )
    if not encoders:
        st.html(
            '<p class="lo-hint">No autoencoder is stored; train one with: <code>python -m core train vae-leaves-32</code></p>'
        )
        return
    drawn = st.container(key="map-drawn")  # above its model and its words, so that it is in sight
    default = chosen if chosen in encoders else next(iter(encoders))
    model_id = forms.one_model("Autoencoder", encoders, default, key="map")
    generator = cached.generator(model_id)
    try:
        with cached.patience(), st.spinner("Reading pictures and encoding them"):
            images, labels, classes = latent_made.held_out(str(generator.card.extra.get("data")), generator.side)
            vectors = latent_made.encoded(model_id)
    except DatasetError as error:
        forms.complain(forms.sentence(error))
        return
    plane = cached.shared("plane", (model_id, cached.mark(model_id)), lambda: make_plane(vectors))
    groups, names = grouped(labels, classes)
    there = cached.made(
        "thumbnails", (str(generator.card.extra.get("data")), generator.side), lambda: sheet(images, COLUMNS, "WEBP", 80)[0]
    )
    st.html(
        f'<p class="lo-hint">These two of {vectors.shape[1]} directions hold {views.share(plane.share)} of the variance.'
        f"{legend(names)}</p>"
    )
    with drawn:
        plane_and_place(model_id, encoders[model_id], plane, there, groups, names, pixels)


def grouped(labels: NDArray[np.int64], classes: tuple[str, ...]) -> tuple[list[int], list[str]]:
    """Two groups that the map tells apart: healthy leaves and diseased ones; one group where classes say nothing of it."""
    ill = [": " in name and not name.endswith("healthy") for name in classes]
    if not any(ill) or all(ill):
        return [0] * len(labels), []
    return [int(ill[label]) for label in labels], ["healthy", "diseased"]


def legend(names: list[str]) -> str:
    """What tells the groups apart, and what the dots are, in words."""
    dots = "A picture that would cover another is drawn as a dot"
    if not names:
        return f" {dots}."
    frames = f'<span class="lo-frame">{escape(names[0])}</span> <span class="lo-frame lo-dashed">{escape(names[1])}</span>'
    return f" Frames: {frames}. {dots}: filled if {escape(names[0])}, a ring if {escape(names[1])}."


@st.fragment
def plane_and_place(
    model_id: str, title: str, plane: Plane, thumbnails: bytes, groups: list[int], names: list[str], pixels: bool
) -> None:
    """The map and beside it what the decoder draws at the cross; a click draws nothing else again."""
    spot = place()
    left, right = st.columns([3, 2], gap="large")
    with left:
        side = cached.generator(model_id).side
        inside = np.clip(plane.places, -EXTENT, EXTENT)
        data = {
            "points": [[round(float(x), 3), round(float(y), 3), group] for (x, y), group in zip(inside, groups, strict=True)],
            "sheet": pictures.data_url(thumbnails),
            "columns": COLUMNS,
            "size": side,
            "extent": EXTENT,
            "spot": list(spot),
            "groups": names,
            "name": f"Map of {title}",
        }
        _map(data=data, key="atlas", on_spot_change=moved)
    with right:
        at_the_cross(model_id, title, plane, spot, pixels)


def at_the_cross(model_id: str, title: str, plane: Plane, spot: tuple[float, float], pixels: bool) -> None:
    """What the decoder draws there, and the held-out pictures that lie nearest on the map, as it makes them."""
    vector = plane.vector(spot)
    near = np.argsort(np.square(plane.places - np.asarray(spot)).sum(1), kind="stable")[:NEAREST]
    frame = latent_made.decoded(model_id, vector[None])[0]
    generator = cached.generator(model_id)
    images = latent_made.held_out(str(generator.card.extra.get("data")), generator.side)[0]
    kind = " lo-pixels" if pixels else ""
    source = pictures.data_url(latent_made.small(frame))
    across, up = (true_minus(f"{part:z.1f}") for part in spot)
    told = f"{across} across, {up} up; {float(norms(vector)):.2f} long"
    around = "".join(
        f'<img src="{pictures.data_url(latent_made.small(images[index]))}" alt="Real picture near by">' for index in near
    )
    st.html(
        f'<div class="lo-spot{kind}" role="status"><figure><img src="{source}" alt="{escape(title)} at {told}">'
        f"<figcaption>{told}</figcaption></figure><h3>Real pictures near by</h3><div>{around}</div></div>"
    )


def place() -> tuple[float, float]:
    """Where the cross stands: where it was left, else where the URL says; the middle for anything else."""
    return in_map(st.session_state.get("spot", next(iter(st.query_params.get_all("spot")), ""))) or (0.0, 0.0)


def moved() -> None:
    """Remember where the cross was left, here and in the URL."""
    spot = in_map((st.session_state.get("atlas") or {}).get("spot"))
    if spot:
        history.tell("spot", f"{spot[0]:g},{spot[1]:g}")


def in_map(spot: object) -> tuple[float, float] | None:
    """Two numbers, as the browser hands them over or as the URL writes them, on the map; None for anything else."""
    parts = spot.split(",") if isinstance(spot, str) and len(spot) < 40 else spot
    if not isinstance(parts, list) or len(parts) != 2:
        return None
    try:
        across, up = (float(part) for part in parts if isinstance(part, int | float | str))
    except ValueError:
        return None
    if not (math.isfinite(across) and math.isfinite(up)):
        return None
    return min(max(across, -EXTENT), EXTENT), min(max(up, -EXTENT), EXTENT)
