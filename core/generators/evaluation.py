"""How good the stored generators are, beside held-out pictures as the best that can be hoped for; what is written of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core import paths, registry
from core.datasets import Dataset, load_dataset
from core.generators import quality
from core.generators.data import as_floats, reduced
from core.generators.inception import Features, inception_or_none
from core.generators.latent import random_vectors
from core.generators.stored import Generator, as_generator, list_generators, load_generator
from core.images import Picture
from core.registry import RegistryError, TrainedModel
from core.sheets import sheet
from core.tables import write_table

QUALITY_TABLE = "generator_quality.csv"
NEAREST_TABLE = "generator_nearest.csv"
REMEDY = "run: python -m core evaluate generators"
CLASSIFIER = "leaf-classifier"
FEATURES = "leaf-classifier features"  # what distances are measured in; never Inception's
SEED = 20231128  # of the vectors that are measured
MOST = 2000  # pictures that are measured; products of kernels grow with the square
GRID = 8  # samples a row and a column of the sheets
KERNEL_UNIT = 1000  # kernel distances are told in thousandths


@dataclass(frozen=True, eq=False)
class Judge:
    """The leaf classifier: pictures -> features, and how sure it is of a class."""

    network: TrainedModel
    side: int

    def __call__(self, pictures: Picture) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """uint8 (n, any, any, 3) -> features (n, size), chances (n, classes); smaller pictures are enlarged bilinearly."""
        seen = np.stack([self._sized(one) for one in pictures])
        answers = self.network(as_floats(seen))
        return np.asarray(answers["features"], np.float32), np.asarray(answers["chances"], np.float32)

    def _sized(self, picture: Picture) -> Picture:
        if picture.shape[:2] == (self.side, self.side):
            return picture
        return np.asarray(cv2.resize(picture, (self.side, self.side), interpolation=cv2.INTER_LINEAR), np.uint8)


def load_judge(folder: Path | None = None) -> Judge:
    """The stored leaf classifier; ``RegistryError`` if there is none."""
    from core.generators.leaf_classifier import with_features

    trained = registry.load_trained(CLASSIFIER, folder)
    return Judge(TrainedModel(trained.card, with_features(trained.model), 256), int(trained.card.extra["side"]))


@dataclass(frozen=True, eq=False)
class Reference:
    """Pictures of the data at one size with their features: what was learned from, and as many held out as are measured.

    Both in an order of their own, so that the first of them are a fair choice. order: the place of each training picture in
    the data. closeness: see ``quality.nearest``, of the held-out pictures.
    """

    order: NDArray[np.int64]
    train: Picture
    held_out: Picture
    train_features: NDArray[np.float32] | None
    closeness_pixels: NDArray[np.float32]
    closeness_features: NDArray[np.float32] | None

    def nearest_in_pixels(self, pictures: Picture) -> quality.Neighbours:
        """The nearest training pictures; index n + i is picture i of n mirrored, as which ours learn them too."""
        return _nearest_in_pixels(pictures, self.train)


def _nearest_in_pixels(pictures: Picture, train: Picture) -> quality.Neighbours:
    return quality.nearest(as_floats(pictures), as_floats(np.concatenate([train, train[:, :, ::-1]])))


def sized_parts(name: str, side: int, load: Callable[[str], Dataset] = load_dataset) -> tuple[Picture, Picture, Picture]:
    """Training, validation and test pictures of a data set, ``side`` pixels wide."""
    data = load(name)
    train, valid, test = (reduced(part.images, side) for part in (data.train, data.valid, data.test))
    return train, valid, test


def make_reference(train: Picture, held_out: Picture, judge: Judge | None) -> Reference:
    """What generators of these pictures are measured against."""
    order, places = (np.random.default_rng(SEED).permutation(len(part)) for part in (train, held_out))
    train, held_out = train[order], held_out[places][:MOST]
    pixels = _nearest_in_pixels(held_out, train).closeness
    if judge is None:
        return Reference(order, train, held_out, None, pixels, None)
    features = judge(train)[0]
    near = quality.nearest(judge(held_out)[0], features).closeness
    return Reference(order, train, held_out, features, pixels, near)


def measure(pictures: Picture, reference: Reference, judge: Judge | None, leaves: bool) -> dict[str, float]:
    """Figures of pictures uint8 (n, side, side, 3), made or held out; those in features only where there is a judge.

    leaves: whether a class can be looked for in them.
    """
    pixels = reference.nearest_in_pixels(pictures)
    figures = {
        "sharpness": float(quality.sharpness(pictures).mean()),
        "nearest_pixels": float(np.median(pixels.distance)),
        "copied_share": quality.copied_share(pixels.closeness, reference.closeness_pixels),
    }
    if judge is None or reference.train_features is None or reference.closeness_features is None:
        return figures
    features, chances = judge(pictures)
    near = quality.nearest(features, reference.train_features)
    figures |= {
        "frechet_distance": quality.frechet_distance(features, reference.train_features),
        "kernel_distance_thousandths": KERNEL_UNIT * quality.kernel_distance(features, reference.train_features[:MOST]),
        "diversity": quality.diversity(features),
        "nearest_features": float(np.median(near.distance)),
        "copied_features_share": quality.copied_share(near.closeness, reference.closeness_features),
    }
    if leaves:
        figures["confident_share"] = quality.confident_share(chances)
    return figures


def reconstruction_rmse(generator: Generator, pictures: Picture) -> float | None:
    """The root mean squared error of reconstructed pictures, in [0, 1]; None where nothing encodes."""
    vectors = generator.encode(pictures)
    if vectors is None:
        return None
    apart = as_floats(generator.decode(vectors)) - as_floats(pictures)
    return float(np.sqrt(np.square(apart).mean()))


def samples(generator: Generator, count: int) -> Picture:
    """Pictures of the vectors that every generator of this latent size is measured with."""
    return generator.decode(random_vectors(SEED, count, generator.latent_size))


@lru_cache(maxsize=4)
def _reference(name: str, side: int, sha256: str | None) -> tuple[Reference, Judge | None]:
    """Of a data set at one size; anew whenever another classifier is stored."""
    judge = None if sha256 is None else load_judge()
    train, _, test = sized_parts(name, side)
    return make_reference(train, test, judge), judge


def _classifier_sha256() -> str | None:
    try:
        return registry.load_card(CLASSIFIER).sha256
    except RegistryError:
        return None


def measured(generator: Generator) -> dict[str, float]:
    """All figures of a stored generator of one of our data sets."""
    name = str(generator.card.extra["data"])
    reference, judge = _reference(name, generator.side, _classifier_sha256())
    figures = measure(samples(generator, len(reference.held_out)), reference, judge, _leaves(name))
    error = reconstruction_rmse(generator, reference.held_out)
    return figures if error is None else figures | {"reconstruction_rmse": error}


def generator_figures(trained: TrainedModel) -> dict[str, float]:
    """What a recipe writes on the card of a generator that is trained to the end."""
    return measured(as_generator(trained))


COLUMNS = (
    *("frechet_distance", "kernel_distance_thousandths", "confident_share", "sharpness", "diversity", "nearest_pixels"),
    *("nearest_features", "copied_share", "copied_features_share", "reconstruction_rmse", "inception_frechet_distance"),
)


def evaluate(progress: Callable[[int, int], None] | None = None) -> list[dict[str, Any]]:
    """Measure all stored generators of our data sets; write ``assets/results/generator_*`` and the figures on their cards.

    One row a generator, and one for the held-out pictures of each data set and size; Inception's distance is measured where
    its weights lie on this machine. Sheets of samples stand beside the table, and which training pictures are nearest to some.
    """
    cards = [card for card in list_generators() if card.extra.get("data") in ("plant-leaves", "anime-faces")]
    rows: list[dict[str, Any]] = []
    near: list[dict[str, Any]] = []
    inception, seen = inception_or_none() if cards else None, set[tuple[str, int]]()
    for done, card in enumerate(cards):
        generator = load_generator(card.model_id)
        name, side = str(card.extra["data"]), generator.side
        reference, judge = _reference(name, side, _classifier_sha256())
        if (name, side) not in seen:
            seen.add((name, side))
            figures = measure(reference.held_out, reference, judge, _leaves(name))
            figures |= _in_inception(inception, reference.held_out, reference)
            rows.append(_row("held-out pictures", name, side, figures))
        figures = measured(generator)
        figures |= _in_inception(inception, samples(generator, len(reference.held_out)), reference)
        registry.update_card(card.model_id, figures=figures, sha256=card.sha256)
        rows.append(_row(card.model_id, name, side, figures, card.epochs_trained, card.epochs_asked))
        write_samples(generator, paths.RESULTS)
        near += nearest_rows(generator, reference, judge)
        if progress is not None:
            progress(done + 1, len(cards))
    if rows:
        write_table(paths.RESULTS, QUALITY_TABLE, rows)
        write_table(paths.RESULTS, NEAREST_TABLE, near)
    return rows


def _in_inception(features: Features | None, pictures: Picture, reference: Reference) -> dict[str, float]:
    """The Fréchet distance of pictures to some of the training part in Inception's features; nothing where there are none."""
    if features is None:
        return {}
    return {"inception_frechet_distance": quality.frechet_distance(features(pictures), _learned_from(features, reference))}


@lru_cache(maxsize=4)
def _learned_from(features: Features, reference: Reference) -> NDArray[np.float32]:
    """The features of as many training pictures as are held out, once for all generators of them."""
    return features(reference.train[: len(reference.held_out)])


def _leaves(name: str) -> bool:
    return name == "plant-leaves"


def _row(
    model: str, data: str, side: int, figures: dict[str, float], trained: int | str = "", asked: int | str = ""
) -> dict[str, Any]:
    values = {name: round(figures[name], 5) if name in figures else "" for name in COLUMNS}
    head = {"model": model, "data": data, "side": side, "epochs_trained": trained, "epochs_asked": asked}
    return {**head, **values, "features": FEATURES if "frechet_distance" in figures else ""}


def write_samples(generator: Generator, folder: Path) -> None:
    """A grid of samples as WebP."""
    folder.mkdir(parents=True, exist_ok=True)
    content, _, _ = sheet(samples(generator, GRID * GRID), GRID, "WEBP", 90)
    (folder / f"generator_samples_{generator.card.model_id}.webp").write_bytes(content)


# --- which training pictures are nearest -----------------------------------------------------------------------------


def nearest_rows(generator: Generator, reference: Reference, judge: Judge | None) -> list[dict[str, Any]]:
    """Which training picture is nearest to each of the first samples: in its pixels, perhaps mirrored, and in features.

    Pictures of the data stay where the data lie, so that only their places in the training part are written.
    """
    made, count = samples(generator, GRID), len(reference.train)
    found = {"pixels": reference.nearest_in_pixels(made).indices}
    if judge is not None and reference.train_features is not None:
        found["features"] = quality.nearest(judge(made)[0], reference.train_features).indices
    return [
        {
            "model": generator.card.model_id,
            "nearest_in": by,
            "sample": sample,
            "picture": int(reference.order[index % count]),
            "mirrored": int(index >= count),
        }
        for by, indices in found.items()
        for sample, index in enumerate(indices)
    ]


def nearest_sheet(generator: Generator, train: Picture, rows: Sequence[Mapping[str, Any]]) -> Picture:
    """uint8 (rows * side, GRID * side, 3): samples, and below each the training pictures that ``nearest_rows`` found.

    train: the training part in the order of the data, uint8 (n, side, side, 3). ``ValueError`` for rows of other data.
    """
    table = [samples(generator, GRID)]
    for by in dict.fromkeys(row["nearest_in"] for row in rows):
        places = [(int(row["picture"]), int(row["mirrored"])) for row in rows if row["nearest_in"] == by]
        if len(places) != GRID or not all(0 <= place < len(train) for place, _ in places):
            raise ValueError(f"the nearest pictures of {generator.card.model_id} are those of other data; {REMEDY}")
        table.append(np.stack([train[place][:, ::-1] if mirrored else train[place] for place, mirrored in places]))
    grid, side = np.stack(table), generator.side  # (rows, GRID, side, side, 3)
    return grid.swapaxes(1, 2).reshape(len(table) * side, GRID * side, 3)
