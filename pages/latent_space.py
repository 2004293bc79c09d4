"""Latent space: walks, squares, mixtures and maps of what generators make; how they learned it."""

from collections.abc import Mapping

import streamlit as st

from core.cards import short_title
from core.registry import ModelCard, RegistryError
from pages.parts import cached, forms, latent_ends, latent_made, pictures, shell, views
from pages.parts.latent_ends import End

TABS = ("Walk", "Four corners", "Mixing desk", "Map", "How they learned")
OF_DEMOS = "vae-leaves-128"  # its seeds 53 and 20 are leaves worth a walk
MOST = 3  # models side by side
NOTHING = "No model that makes pictures is stored yet. Train some with: python -m core train vae-leaves-32 gan-leaves"


def first_pair(cards: list[ModelCard]) -> list[str]:
    """What is shown first: an autoencoder and a GAN of the same pictures, where both are stored.

    Of several autoencoders it is the first, but where it is there the one that the demos' seeds are chosen for.
    """
    for card in cards:
        others = [one for one in cards if one.extra.get("data") == card.extra.get("data")]
        encoders = [one for one in others if one.extra.get("kind") == "vae"]
        adversarial = [one for one in others if one.extra.get("kind") == "gan"]
        if encoders and adversarial:
            first = min(encoders, key=lambda one: one.model_id != OF_DEMOS)
            return [first.model_id, adversarial[0].model_id]
    return [cards[0].model_id]


def choose(cards: list[ModelCard], titles: Mapping[str, str]) -> tuple[dict[str, str], End, End, bool]:
    """The choices that all tabs share: models that load, with titles, two ends, and whether pixels stay squares."""
    whole = {card.model_id: card.title for card in cards}
    known = {*titles, *titles.values(), *whole.values()}
    unknown = [name for name in st.query_params.get_all("walkers") if name not in known]
    default = first_pair(cards)
    chosen = forms.several_models("Models", titles, default, key="walkers", most=MOST, also=whole) or default
    for name in unknown:
        forms.complain(f"There is no model {name[:80]!r} here; what is shown comes from the others.")
    loaded = {}
    with cached.patience(), st.spinner("Loading the models"):
        for model_id in chosen:
            try:
                cached.generator(model_id)
                loaded[model_id] = titles[model_id]
            except RegistryError as error:
                forms.complain(forms.sentence(error))
    if not loaded:
        return {}, End("start", "dice", 0), End("end", "dice", 0), False
    guide = next(iter(loaded))
    start, end = latent_ends.choose("start", "From", guide), latent_ends.choose("end", "To", guide)
    pixels = st.toggle("Show pixels as squares", key="pixels", bind="query-params")
    return loaded, start, end, bool(pixels)


def show(cards: list[ModelCard]) -> None:
    """Choices on the left, tabs on the right; only what the open tab shows is made."""
    titles = pictures.told_apart({card.model_id: short_title(card.title) for card in cards})
    left, right = st.columns([3, 7], gap="medium")
    with left, st.container(key="choices"):
        loaded, start, end, pixels = choose(cards, titles)
    if not loaded:
        return
    with right, st.container(key="latent"):
        walking, cornered, mixing, mapped, learning = st.tabs(list(TABS), key="view", bind="query-params")
        if walking.open:
            from pages.parts import latent_walk

            with walking:
                latent_walk.show(loaded, start, end, pixels)
        if cornered.open:
            from pages.parts import latent_square

            with cornered:
                latent_square.show(loaded, start, end, pixels)
        if mixing.open:
            from pages.parts import latent_desk

            with mixing:
                latent_desk.show(titles, next(iter(loaded)), start, end, pixels)
        if mapped.open:
            from pages.parts import latent_map

            encoders = {card.model_id: titles[card.model_id] for card in cards if card.extra.get("kind") == "vae"}
            with mapped:
                latent_map.show(encoders, next((name for name in loaded if name in encoders), None), pixels)
        if learning.open:
            from pages.parts import latent_learning

            with learning:
                latent_learning.show(cards, titles, next(iter(loaded)), pixels)


shell.enter()
st.html(shell.WEB / "models.css")
st.html(shell.WEB / "latent.css")
views.heading("Latent space", "A vector in, a picture out. Walk from one to another, and see what lies between.")
stored = latent_made.cards()
if stored:
    show(stored)
else:
    forms.complain(NOTHING)
