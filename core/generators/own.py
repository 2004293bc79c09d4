"""Generators of one's own pictures: any folder or zip, trained as ours are."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from core.datasets import load_pictures
from core.generators.data import GameData, VaeData
from core.generators.evaluation import make_reference, measure, reconstruction_rmse, samples
from core.generators.quality import sharpness
from core.generators.recipes import (
    BEST_GAME,
    BEST_TRAINING,
    RESIDUAL_64,
    VAE_TRAINING,
    System,
    generator_recipe,
    recipes,
    training_data,
)
from core.generators.specs import GanSpec, NetworkSpec, VaeSpec
from core.generators.stored import as_generator
from core.images import Picture
from core.progress import printable
from core.recipes import Recipe
from core.registry import TrainedModel
from core.specs import TrainSpec

KINDS = ("vae", "gan")
SIDE = 64
SPECS: dict[str, VaeSpec | GanSpec] = {
    "vae": VaeSpec(NetworkSpec(side=SIDE, latent=128, filters=64)),
    "gan": GanSpec(RESIDUAL_64, BEST_GAME),
}
PICTURES = {"vae": 400_000, "gan": 800_000}  # looked at in all, whatever the number of epochs that makes
EPOCHS = (20, 5000)
HELD_OUT = 0.1  # of the pictures, for validation and as what measuring compares with


def own_recipe(kind: str, place: Path, progress: Callable[[int, int], None] | None = None) -> Recipe:
    """The recipe of a ``vae`` or ``gan`` of the pictures in a folder or zip; ``DatasetError`` where there are too few.

    Its id is the kind and the name of the folder, with ``-own`` after one that a model of the app has, and with six digits that
    stand for a name of other letters than a to z; pictures that cannot be read are named and left out.
    """
    if kind not in KINDS:
        raise ValueError(f"with --data the model is {' or '.join(KINDS)}; got {kind!r}")
    side = SPECS[kind].network.side
    pictures = load_pictures(place, side, 3, progress=progress)
    for sentence in pictures.skipped[:5]:
        print(printable(f"left out: {sentence}"), flush=True)
    if len(pictures.skipped) > 5:
        print(f"left out: {len(pictures.skipped) - 5} more", flush=True)
    order = np.random.default_rng(0).permutation(len(pictures.images))
    count = max(1, round(HELD_OUT * len(order)))
    held_out, train = pictures.images[order[:count]], pictures.images[order[count:]]
    spec = SPECS[kind]
    epochs = int(np.clip(round(PICTURES[kind] / len(train)), *EPOCHS))
    training = replace(VAE_TRAINING if kind == "vae" else BEST_TRAINING, epochs=epochs, batch_size=min(64, len(train)))
    whole = place.resolve()
    called = whole.name if whole.is_dir() else whole.stem  # what follows a folder's dot is no suffix: photos.2023, photos.2024
    title = printable(called)
    name = re.sub(r"[^a-z0-9]+", "-", called.lower()).strip("-")[:40] or "pictures"
    if any(letter.isalnum() and not letter.isascii() for letter in called):  # which an id cannot have
        name += f"-{hashlib.sha256(called.encode()).hexdigest()[:6]}"
    model_id = f"{kind}-{name}"
    system = System(
        f"{model_id}-own" if model_id in {recipe.model_id for recipe in recipes()} else model_id,
        f"{kind.upper()} of {title}",
        f"Learned from {len(train):,} pictures of your own, {side} x {side} pixels.",
        spec,
        training,
        f"own-{name}",
    )

    def data(_: TrainSpec) -> VaeData | GameData:
        return training_data(spec, train, held_out, mirror=False)

    return generator_recipe(
        system,
        data,
        f"{len(train):,} pictures of {printable(place.name)}",
        "as the pictures' owner says",
        partial(_figures, train, held_out),
        partial(_version, train),
    )


def _version(train: Picture) -> str:
    """A few digits that change with the pictures."""
    return hashlib.sha256(train.tobytes()).hexdigest()[:12]


def _figures(train: Picture, held_out: Picture, trained: TrainedModel) -> dict[str, float]:
    """Figures that need no classifier."""
    generator = as_generator(trained)
    reference = make_reference(train, held_out, None)
    figures = measure(samples(generator, max(64, len(held_out))), reference, None, leaves=False)
    figures["sharpness_held_out"] = float(sharpness(held_out).mean())
    error = reconstruction_rmse(generator, held_out)
    return figures if error is None else figures | {"reconstruction_rmse": error}
