"""How the generators learned: reconstructions, samples by latent size and by epoch, losses; and how good they became."""

import csv
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from core import generator_figures, paths, registry
from core.datasets import DATASETS, DatasetError
from core.generators.data import as_floats
from core.generators.evaluation import KERNEL_UNIT, NEAREST_TABLE, QUALITY_TABLE
from core.generators.latent import random_vectors
from core.generators.stored import load_snapshots
from core.registry import ModelCard, RegistryError
from core.tables import read_table
from core.written import three_digits
from pages.parts import cached, forms, latent_made, latent_tiles, model_cards, pictures, theme, views

ACROSS = 8
LEAVES = "plant-leaves"
SAMPLES_SEED = 2023
SIZES = ("vae-leaves-32", "vae-leaves-64", "vae-leaves-128")  # C4 of the reports
MEASURES = {  # columns of the table -> words
    "frechet_distance": "Fréchet distance",
    "kernel_distance_thousandths": "kernel distance",
    "confident_share": "classifier is sure",
    "sharpness": "sharpness",
    "diversity": "diversity",
    "nearest_pixels": "to nearest training picture",
    "copied_share": "looks copied",
    "inception_frechet_distance": "Fréchet distance, Keras's Inception",
}
UNITS = {  # what the figures are that are no shares
    "frechet_distance": "Of both distances less is better.",
    "confident_share": (
        "The classifier has to name some leaf, and may be sure of plain noise: how often it is sure counts only beside the "
        "other figures."
    ),
    "sharpness": (
        "Sharpness is the variance of the Laplacian, grey from 0 to 1: blurred pictures have little. It compares within one "
        "size of pictures."
    ),
    "diversity": "Diversity is how far apart two pictures lie in those features; the more, the more they vary.",
    "nearest_pixels": "How near the nearest training picture is, is told in grey levels: 0 is a copy, 1 is white for black.",
}
PARTS = {"confident_share", "copied_share"}
ALIKE = 1.05  # times: errors no further apart are told as about the same
HELD_OUT = "held-out pictures"  # a model's name in the table, of pictures that nobody made
BELOW_ZERO = (
    "The kernel distance is an unbiased estimate: between sets of pictures that are alike it scatters around 0, and can so be "
    "below 0. The Fréchet distance is not: it stays above 0 even there."
)


def show(cards: Sequence[ModelCard], titles: Mapping[str, str], chosen: str, pixels: bool) -> None:
    """The whole tab. cards: of all stored generators; chosen: the model that is looked at unless another is asked for."""
    reconstructions(cards, titles, pixels)
    sizes(cards, pixels)
    epochs(titles, chosen, pixels)
    losses(cards, titles)
    by_heart(cards, titles)
    quality(titles)


def data_title(name: str) -> str:
    """What a data set is called."""
    return DATASETS[name].title if name in DATASETS else name.removeprefix("own-").capitalize()


def reconstructions(cards: Sequence[ModelCard], titles: Mapping[str, str], pixels: bool) -> None:
    """Held-out pictures, and what is left of them on the way through each autoencoder of the same size."""
    views.section(
        "Reconstructions",
        "Held-out pictures through encoder and decoder. A loss of pixels is smallest at the mean of all that may be there, so "
        "edges and texture blur. The other part of the loss, the Kullback-Leibler divergence, pulls every vector to what dice "
        "would throw: it makes every number dear that tells pictures apart, and keeps the code short.",
        ruled=False,
    )
    groups: dict[tuple[str, int], list[str]] = {}
    for card in cards:
        if card.extra.get("kind") == "vae":
            groups.setdefault((str(card.extra.get("data")), int(card.extra["side"])), []).append(card.model_id)
    if not groups:
        hint("No autoencoder is stored; train one with: python -m core train vae-leaves-32")
    for (name, side), ids in groups.items():
        latent_tiles.caption(f"{data_title(name)}, {side} × {side} pixels")
        errors: dict[int, float] = {}
        try:
            with cached.patience(), st.spinner("Reading pictures and reconstructing some"):
                images = latent_made.held_out(name, side)[0]
                given = images[np.linspace(0, len(images) - 1, ACROSS).astype(int)]
                rows, names = [given], ["given"]
                for model_id in ids:
                    vectors = cached.generator(model_id).encode(given)
                    if vectors is None:
                        continue
                    made = latent_made.decoded(model_id, vectors)
                    apart = float(np.sqrt(np.square(as_floats(made) - as_floats(given)).mean()))
                    rows.append(made)
                    names.append(f"{titles[model_id]}: {latent_made.off_by(apart)}")
                    errors[vectors.shape[1]] = apart
        except (DatasetError, RegistryError) as error:
            forms.complain(forms.sentence(error))
            continue
        in_rows(rows, names, f"Reconstructions of {data_title(name)}", f"reconstructions-{name}-{side}", pixels)
        if errors:
            hint(f"{latent_made.OFF_BY} {alike_words(errors)}".strip())


def alike_words(errors: Mapping[int, float]) -> str:
    """That the length of the vector makes hardly a difference, where it does not. errors: by the numbers in the vector."""
    if len(errors) < 2 or max(errors.values()) > ALIKE * min(errors.values()):
        return ""
    *front, last = sorted(errors)
    sizes = f"{', '.join(map(str, front))} or {last}"
    return (
        f"With {sizes} numbers the error is about the same: room in the vector is not what is lacking. What the "
        "divergence lets through fits into the shortest."
    )


def sizes(cards: Sequence[ModelCard], pixels: bool) -> None:
    """What autoencoders with 32, 64 and 128 latent numbers make of random vectors, as report 2023 compares them."""
    views.section(
        "Samples by latent size",
        "Random vectors through the decoders of report 2023. It finds no visible difference between 32, 64 and 128 numbers.",
    )
    stored = {card.model_id: card for card in cards}
    rows, names = [], []
    for model_id in SIZES:
        if model_id not in stored:
            continue
        size = int(stored[model_id].extra["latent"])
        try:
            with st.spinner("Decoding samples"):
                rows.append(latent_made.decoded(model_id, random_vectors(SAMPLES_SEED, 2 * ACROSS, size)))
        except RegistryError as error:
            forms.complain(forms.sentence(error))
            continue
        names += [f"{size} numbers, {epochs_of(stored[model_id])}", ""]
    lacking = [model_id for model_id in SIZES if model_id not in stored]
    if lacking:
        hint(f"Not stored yet; train with: python -m core train {' '.join(lacking)}")
    if rows:
        in_rows(rows, names, "Samples by latent size", "sizes", pixels)


def epochs(titles: Mapping[str, str], chosen: str, pixels: bool) -> None:
    """What a model made of the same vectors after so many epochs."""
    views.section("Samples by epoch", "The same vectors after 1, 2, 5, ... epochs of training: a column is one vector.")
    model_id = forms.one_model("Model", titles, chosen, key="snapshots")
    try:
        numbers, frames = load_snapshots(model_id)  # (epochs, n, side, side, 3)
    except RegistryError as error:
        hint(forms.sentence(error))
        return
    names = [f"epoch {number}" for number in numbers]
    shown = frames[:, :ACROSS]
    in_rows(list(shown), names, f"{titles[model_id]} by epoch", f"epochs-{model_id}", pixels)


def losses(cards: Sequence[ModelCard], titles: Mapping[str, str]) -> None:
    """Losses of each model over the epochs; of adversarial training also what the discriminator knows. Two in a row."""
    views.section(
        "Losses",
        "An autoencoder's loss is reconstruction plus Kullback-Leibler divergence; report 2023 names the divergence alone. "
        "Validation decodes the middle of each posterior, training a vector drawn from it: so validation may lie below. In "
        "adversarial training two networks learn against each other, one making pictures and one telling them from real ones: "
        "there no loss says how good the pictures are, for each rises when the other learns.",
    )
    places: list[Any] = []
    for card in cards:
        try:
            rows = registry.load_history(card.model_id)
        except RegistryError as error:
            forms.complain(forms.sentence(error))
            continue
        at = [row["epoch"] for row in rows]
        kinds = (
            (generator_figures.LOSSES, generator_figures.loss_curves, "losses"),
            (generator_figures.SHARES, generator_figures.share_curves, "what the discriminator knows"),
        )
        told_of = [(generator_figures.history_series(rows, names), draw, words) for names, draw, words in kinds]
        drawn = [one for one in told_of if one[0]]
        if len(drawn) > len(places):  # both of a model stand in one row
            places = []
        for series, draw, words in drawn:
            places = places or list(st.columns(2, gap="medium"))
            told = ", ".join(f"{name} {three_digits(values[-1])}" for name, values in series.items())
            with places.pop(0):
                latent_tiles.caption(titles[card.model_id], f"{words}, {epochs_of(card)}")
                drawing = draw(at, series, asked=card.epochs_asked, dark=theme.dark())
                key = f"{words.split()[0]}-{card.model_id}"
                views.chart(drawing, key, f"{titles[card.model_id]}, {words}; at the end: {told}")


def by_heart(cards: Sequence[ModelCard], titles: Mapping[str, str]) -> None:
    """Made pictures above the training pictures nearest to them, as far as ``evaluate generators`` has drawn them."""
    views.section(
        "Learned by heart?",
        "Report 2022 suspects that an autoencoder may just memorise. Above, what a model makes; below, the training picture "
        "that is nearest in its pixels, perhaps mirrored, then the one nearest in the features of the leaf classifier. A "
        "picture looks copied when one training picture is much nearer than the fifty nearest; of held-out pictures 1 % do.",
    )
    known, figures = read_table(paths.RESULTS, NEAREST_TABLE), []
    if not known:
        hint("Not measured yet: python -m core evaluate generators")
        return
    absent: dict[str, None] = {}
    for card in cards:
        rows = [row for row in known if row.get("model") == card.model_id]
        if not rows:
            continue
        try:
            source = pictures.data_url(latent_made.nearest(card, rows))
        except (DatasetError, RegistryError, KeyError, ValueError) as error:
            absent[forms.sentence(error)] = None
            continue
        words = f"Made by {titles[card.model_id]}, and the nearest training pictures"
        caption = escape(titles[card.model_id])
        figures.append(f'<figure><img src="{source}" alt="{escape(words)}"><figcaption>{caption}</figcaption></figure>')
    if figures:
        st.html(f'<div class="lo-nearest">{"".join(figures)}</div>')
    for sentence in absent:
        hint(sentence)


def quality(titles: Mapping[str, str]) -> None:
    """What ``evaluate generators`` measured, by pictures; held-out ones first: the best that can be hoped for."""
    views.section(
        "How good they are",
        "Distances in the features of the leaf classifier that is trained here, which has seen nothing but leaves, so that "
        "they compare with no figure in print; held-out pictures, measured alike, show how good a figure can get.",
    )
    rows = quality_rows(paths.RESULTS / QUALITY_TABLE)
    if not rows:
        hint("Not measured yet: python -m core evaluate generators")
        return
    measures = {name: words for name, words in MEASURES.items() if any(row.get(name) for row in rows)}
    lines = []
    for (data, side), group in by_pictures(rows).items():
        name = f"{data_title(data)}, {side} × {side} pixels"
        lines.append(
            f'<tr class="lo-group"><th colspan="{len(measures) + 1}" scope="colgroup"><span>{escape(name)}</span></th></tr>'
        )
        for row in group:
            name = titles.get(row.get("model", ""), row.get("model", "").capitalize())
            cells = "".join(f"<td>{cell(row.get(measure, ''), measure)}</td>" for measure in measures)
            lines.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    head = "".join(f'<th scope="col">{words}</th>' for words in ("Model", *measures.values()))
    st.html(model_cards.wide(head, lines, "Figures of the generators", "lo-good"))
    hint(" ".join(UNITS[name] for name in measures if name in UNITS))
    if "kernel_distance_thousandths" in measures:
        hint(BELOW_ZERO)


def by_pictures(rows: Sequence[Mapping[str, str]]) -> dict[tuple[str, str], list[Mapping[str, str]]]:
    """Rows by data set and side: leaves first, small before large; in each the held-out pictures, then the nearest to them."""

    def order(row: Mapping[str, str]) -> tuple[bool, str, float, bool, float]:
        data = row.get("data", "")
        distance = figure_of(row.get("frechet_distance", ""))
        last = math.inf
        side = figure_of(row.get("side", ""))
        return (
            data != LEAVES,
            data,
            last if side is None else side,
            row.get("model") != HELD_OUT,
            last if distance is None else distance,
        )

    groups: dict[tuple[str, str], list[Mapping[str, str]]] = {}
    for row in sorted(rows, key=order):
        groups.setdefault((row.get("data", ""), row.get("side", "")), []).append(row)
    return groups


def quality_rows(path: Path) -> list[dict[str, str]]:
    """The rows of the table; none where it is missing."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: value or "" for name, value in row.items() if name} for row in csv.DictReader(file)]


def cell(text: str, measure: str) -> str:
    """A figure of the table as it is shown; a dash where there is none."""
    value = figure_of(text)
    if value is not None and measure == "kernel_distance_thousandths":
        value /= KERNEL_UNIT  # with thousandths as the unit the worst would read as tens of thousands
    return model_cards.percent(value) if measure in PARTS else model_cards.number(value)


def figure_of(text: str) -> float | None:
    """A cell as a number; None where it holds none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def in_rows(rows: Sequence[np.ndarray], names: Sequence[str], words: str, key: str, pixels: bool) -> None:
    """Rows of pictures of one size under their names. A longer row goes on in the next line."""
    frames = np.concatenate(list(rows))
    across = min(ACROSS, len(rows[0]))
    lines = len(frames) // across
    titles = [*names, *[""] * lines][:lines]
    labels, last = [], ""
    for title in titles:
        last = title or last
        labels += [f"{last}, picture {number}" for number in range(1, across + 1)]
    latent_tiles.show(frames, across=across, labels=labels, name=words, key=key, rows=titles, tight=True, pixels=pixels)


def epochs_of(card: ModelCard) -> str:
    """How far a model is trained, in words."""
    return f"{card.epochs_trained} of {card.epochs_asked} epochs"


def hint(text: str) -> None:
    """A quiet sentence; what follows 'with:' or 'yet:' is a command."""
    before, sign, command = text.partition(": python")
    code = f"{sign[:2]}<code>python{escape(command)}</code>" if sign else ""
    st.html(f'<p class="lo-hint">{escape(before)}{code}</p>')
