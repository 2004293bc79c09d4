"""The ends of a walk: a throw of the dice, a picture of the data, or one of the visitor's own; all but that in the URL."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st

from core.datasets import DatasetError
from core.generators.directions import Vectors
from core.generators.latent import random_vectors
from core.images import Picture
from pages.parts import cached, forms, gallery, history, latent_made, pictures, uploads

SOURCES = {"dice": "Dice", "real": "Real", "own": "Yours"}
DEFAULTS = {"start": 53, "end": 20, "corner-3": 7, "corner-4": 36}  # of the first two both models shown first make whole leaves
SEEDS = 9999
OFFERED = 12  # pictures of a gallery
MOST_BYTES = 10  # megabytes of a dropped picture
NOT_LINKED = "A dropped picture stays here: a link brings back the dice instead."


@dataclass(frozen=True)
class End:
    """Where a walk begins or ends. key: which end. source: of ``SOURCES``. number: the seed, or which real picture.

    name, data: of the visitor's own picture, as it came.
    """

    key: str
    source: str
    number: int
    name: str = ""
    data: bytes = b""


@dataclass(frozen=True, eq=False)
class Found:
    """An end for one model: its vector (size,), and where it came from a picture, the picture and how far off it is."""

    vector: Vectors
    picture: Picture | None = None
    apart: float = 0.0


def choose(key: str, title: str, model_id: str) -> End:
    """The widgets of one end; galleries show what ``model_id`` makes and what it learned from."""
    source = forms.one_of(title, SOURCES, f"{key}-by", width="stretch")
    seed = DEFAULTS[key]
    if source == "dice":
        return End(key, source, dice(key, model_id))
    if source == "real":
        number = real(key, model_id)
        return End(key, "dice", seed) if number is None else End(key, source, number)
    st.file_uploader(
        "Drop a picture", forms.FORMATS, key=f"{key}-file", max_upload_size=MOST_BYTES, on_change=keep, args=(key,)
    )
    uploads.refusal()
    name, data = st.session_state.get(f"{key}-kept", ("", b""))
    if not data:
        st.html(f'<p class="lo-hint">Until then, a throw of the dice. {NOT_LINKED}</p>')
        return End(key, "dice", seed)
    words = trouble(data)
    if words:
        forms.complain(words)
        return End(key, "dice", seed)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f'<p class="lo-hint">{escape(name)}. {NOT_LINKED}</p>', width="stretch")
        if st.session_state.get(f"{key}-file") is None:  # the field that held it was away meanwhile, and forgot it
            st.button("Remove", key=f"{key}-remove", on_click=forget, args=(key,), type="tertiary")
    return End(key, source, 0, name, data)


def dice(key: str, model_id: str) -> int:
    """A seed: typed, thrown, or picked from a gallery of what the model makes of some."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):  # all three in a row at 1280 pixels
        words = "One seed, one vector of each model."
        seed = st.number_input("Seed", 0, SEEDS, DEFAULTS[key], key=key, bind="query-params", help=words, width=84)
        st.button("Throw", on_click=throw, args=(key,), key=f"{key}-throw")
        with st.popover("Gallery"), st.spinner("Making pictures to choose from"):
            made_of_seeds(key, model_id)
    return DEFAULTS[key] if seed is None else int(seed)


def throw(key: str) -> None:
    """Another seed."""
    st.session_state[key] = random.randrange(1, SEEDS)


def made_of_seeds(key: str, model_id: str) -> None:
    """Pictures that the model makes of the seeds 1, 2, 3, ..., to choose from."""
    seeds = list(range(1, OFFERED + 1))
    size = cached.generator(model_id).latent_size
    frames = latent_made.decoded(model_id, np.concatenate([random_vectors(seed, 1, size) for seed in seeds]))
    items = [item(str(seed), frame, f"Seed {seed}") for seed, frame in zip(seeds, frames, strict=True)]

    def take(name: str) -> None:
        st.session_state[key] = int(name)

    gallery.pick(items, str(st.session_state.get(key)), take, f"{key}-made", "Made of seeds")


def item(name: str, frame: Picture, words: str) -> dict[str, str]:
    """A picture as the gallery takes it."""
    return {"name": name, "source": pictures.data_url(latent_made.small(frame)), "words": words}


def real(key: str, model_id: str) -> int | None:
    """Which of some held-out pictures is chosen; None, and a sentence, where they are not on this machine."""
    generator = cached.generator(model_id)
    try:
        with st.spinner("Reading the pictures of the data set"):
            offered = offered_of(str(generator.card.extra.get("data")), generator.side)
    except DatasetError as error:
        forms.complain(forms.sentence(error))
        return None
    names = [str(number) for number in range(1, len(offered) + 1)]
    param = f"{key}-picture"
    wanted = st.session_state.get(param) or next(iter(st.query_params.get_all(param)), "")
    chosen = wanted if wanted in names else names[0 if key == "start" else -1]
    items = [item(name, frame, f"Picture {name} of the data") for name, frame in zip(names, offered, strict=True)]

    def take(name: str) -> None:
        history.tell(param, name)

    gallery.pick(items, chosen, take, f"{param}s", "Real pictures, none of which a model learned from")
    return int(chosen) - 1


def offered_of(data: str, side: int) -> Picture:
    """The held-out pictures that a gallery offers, evenly chosen: of leaves, many kinds."""
    images = latent_made.held_out(data, side)[0]
    return images[np.linspace(0, len(images) - 1, OFFERED).astype(int)]


# --- the visitor's own picture --------------------------------------------------------------------------------------


def keep(key: str) -> None:
    """Keep the file that the widget holds now, beyond the widget's life; nothing when it was taken away."""
    file = st.session_state.get(f"{key}-file")
    st.session_state[f"{key}-kept"] = (file.name, file.getvalue()) if file else ("", b"")


def forget(key: str) -> None:
    """Forget the visitor's own picture."""
    st.session_state.pop(f"{key}-kept", None)


def trouble(data: bytes) -> str | None:
    """What is wrong with a dropped picture, in one sentence; None when it can be used."""
    sha = cached.fingerprint(data)
    words = cached.trouble(sha, data)
    if words is None:
        try:
            latent_made.squared(sha, data, 32)
        except latent_made.NoContentError as error:
            words = str(error)
    return words


# --- an end for a model ---------------------------------------------------------------------------------------------


def found(end: End, model_id: str) -> Found:
    """The vector of an end for a model: drawn from the seed, encoded, or searched for with progress shown."""
    generator = cached.generator(model_id)
    if end.source == "dice":
        return Found(random_vectors(end.number, 1, generator.latent_size)[0])
    if end.source == "own":
        picture = latent_made.squared(cached.fingerprint(end.data), end.data, generator.side)
    else:
        try:
            picture = offered_of(str(generator.card.extra.get("data")), generator.side)[end.number]
        except DatasetError:  # of this model's data, while the first one's are there: then as if the dice fell
            return Found(random_vectors(DEFAULTS[end.key], 1, generator.latent_size)[0])
    vector, apart = latent_made.vector_of(model_id, picture)
    return Found(vector, picture, apart)


def given(ends: Mapping[str, Mapping[str, Found]], titles: Mapping[str, str]) -> None:
    """Pictures that ends were given as, and what each model makes of them. ends: title of the end -> model -> found."""
    articles = []
    for name, by_model in ends.items():
        for model_id, one in by_model.items():
            if one.picture is None:
                continue
            how = "encoded" if cached.generator(model_id).encoder is not None else "found by search"
            made = latent_made.decoded(model_id, one.vector[None])[0]
            sources = [pictures.data_url(latent_made.small(frame)) for frame in (one.picture, made)]
            words = f"{name}: given, and as {titles[model_id]} makes it"
            shown = "".join(f'<img src="{source}" alt="{escape(words)}">' for source in sources)
            told = f"{escape(name)}, {how} by {escape(titles[model_id])}: {latent_made.off_by(one.apart)}"
            articles.append(f"<figure>{shown}<figcaption>{told}</figcaption></figure>")
    if articles:
        st.html(f'<div class="lo-given">{"".join(articles)}</div><p class="lo-hint">{latent_made.OFF_BY}</p>')
