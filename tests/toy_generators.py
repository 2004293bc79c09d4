"""Three stored generators of one matrix each, for tests of the page: no network library is needed to run them."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core import paths
from core.datasets import DATASETS, Dataset, Part
from core.generators import stored
from core.generators.specs import NetworkSpec, VaeSpec
from core.generators.stored import Generator
from core.registry import ModelCard
from core.sheets import sheet
from core.snapshots import SNAPSHOT_FILE
from pages.parts import latent_made

SIDE, COARSE = 32, 8
MODELS = {"vae-leaves-32": ("vae", 5, "2023"), "vae-leaves-64": ("vae", 6, "2023"), "gan-leaves": ("gan", 7, None)}
VAE_ROWS = "epoch,loss,reconstruction_loss,posterior_loss,val_loss\n1,2000,1990,10,2100\n2,1800,1785,15,1900\n"
GAN_ROWS = "epoch,loss,discriminator_loss,generator_loss,real_right,made_right\n1,2,1.2,0.8,0.6,0.7\n2,2,1.1,0.9,0.5,0.6\n"


class Matrix:
    """A decoder, or an encoder, of one matrix between vectors and coarse pictures."""

    def __init__(self, size: int, encodes: bool) -> None:
        self.weights = np.random.default_rng(size).standard_normal((size, COARSE * COARSE * 3)).astype(np.float32) / 4
        self.encodes = encodes

    def __call__(self, given: NDArray[np.float32]) -> NDArray[np.float32]:
        step = SIDE // COARSE
        if self.encodes:
            seen = given[:, ::step, ::step].reshape(len(given), -1) - 0.5
            means = seen @ self.weights.T  # (n, size)
            return np.concatenate([means, np.zeros_like(means)], 1)
        values = 0.5 + 0.25 * np.tanh(given @ self.weights)
        return values.reshape(-1, COARSE, COARSE, 3).repeat(step, 1).repeat(step, 2)


def card_of(model_id: str) -> ModelCard:
    kind, size, report = MODELS[model_id]
    extra = {"task": stored.TASK, "kind": kind, "side": SIDE, "latent": size, "data": "plant-leaves", "snapshots": [1, 2]}
    spec = asdict(VaeSpec(NetworkSpec(latent=size)))
    said = (f"Model {model_id}", "For tests.", report, "core.generators.vae.build_vae", spec, {}, "leaves", "none")
    return ModelCard(model_id, *said, 2, 50, "CPU", 9.0, {}, extra)


def load(model_id: str, folder: Path | None = None) -> Generator:
    kind, size, _ = MODELS[model_id]
    encoder = Matrix(size, True) if kind == "vae" else None
    return Generator(card_of(model_id), kind, SIDE, size, Matrix(size, False), encoder)


def leaves() -> Dataset:
    """Sixty pictures of noise in ten classes of leaves, in every part."""
    images = np.random.default_rng(2).integers(0, 256, (60, 64, 64, 3), np.uint8)
    part = Part(images, np.arange(60) % 10)
    return Dataset(DATASETS["plant-leaves"], part, part, part)


def store(folder: Path) -> None:
    """Cards, histories and samples of the models in a folder; from now on they are what is stored and loaded."""
    paths.MODELS, paths.RESULTS = folder / "models", folder / "results"
    for model_id, (kind, _, _) in MODELS.items():
        place = paths.MODELS / model_id
        place.mkdir(parents=True)
        (place / "card.json").write_text(card_of(model_id).to_json())
        (place / "history.csv").write_text(VAE_ROWS if kind == "vae" else GAN_ROWS)
        noise = np.random.default_rng(1).integers(0, 256, (16, SIDE, SIDE, 3), np.uint8)
        (place / SNAPSHOT_FILE).write_bytes(sheet(noise, 8)[0])
    data = leaves()
    stored.load_generator = load
    latent_made.load_dataset = lambda name: data
    latent_made.is_available = lambda name: True
