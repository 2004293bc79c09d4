"""Stored generators, ready to make pictures: vectors in, pictures out, and for autoencoders pictures in, vectors out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core import paths, registry
from core.generators.data import as_floats, as_pictures
from core.images import Picture
from core.registry import ModelCard, RegistryError, TrainedModel
from core.snapshots import SNAPSHOT_FILE, load_sheet

TASK = "generator"  # in a card's extra, with kind, side, latent, data and snapshots
BATCH = 128  # a walk of 60 or 120 frames is one call


@dataclass(frozen=True, eq=False)
class Generator:
    """A stored generator; safe to share between threads.

    kind: ``vae`` or ``gan``; side: pixels of its square pictures; latent_size: numbers in a vector.
    """

    card: ModelCard
    kind: str
    side: int
    latent_size: int
    decoder: TrainedModel
    encoder: TrainedModel | None = None

    def decode(self, vectors: ArrayLike) -> Picture:
        """Pictures uint8 (n, side, side, 3) of vectors (n, latent_size), all in one call."""
        given = np.asarray(vectors, np.float32)
        if not np.isfinite(given).all():
            raise ValueError(f"vectors for {self.card.model_id} must be finite numbers")
        return as_pictures(self.decoder(given))

    def encode(self, pictures: Picture) -> NDArray[np.float32] | None:
        """The means of the posteriors of pictures uint8 (n, side, side, 3): (n, latent_size); None where nothing encodes."""
        if self.encoder is None:
            return None
        return np.asarray(self.encoder(as_floats(np.asarray(pictures)))[:, : self.latent_size], np.float32)


def is_generator(card: ModelCard) -> bool:
    """Whether a card is of a model that makes pictures."""
    return card.extra.get("task") == TASK


def list_generators(folder: Path | None = None) -> list[ModelCard]:
    """The cards of all stored generators, sorted by id."""
    return [card for card in registry.list_cards(folder) if is_generator(card)]


def load_generator(model_id: str, folder: Path | None = None) -> Generator:
    """Load a stored generator; ``RegistryError`` if it is missing, damaged or no generator."""
    card = registry.load_card(model_id, folder)
    if not is_generator(card):
        raise RegistryError(
            f"{card.model_id} is a {card.extra.get('task', 'model')} model and has no latent space to walk in; "
            "choose a generator"
        )
    return as_generator(registry.load_trained(model_id, folder))


def as_generator(trained: TrainedModel) -> Generator:
    """A loaded model whose card says that it is a generator."""
    card, model = trained.card, trained.model
    kind, side, latent = str(card.extra["kind"]), int(card.extra["side"]), int(card.extra["latent"])
    try:
        decoder, encoder = (model, None) if kind == "gan" else (model.get_layer("decoder"), model.get_layer("encoder"))
    except ValueError as error:
        raise RegistryError(
            f"extra.kind of {card.model_id}/{registry.CARD_FILE} is {kind!r}, but the model has no encoder and decoder; "
            "write 'gan', or train or fetch the model again"
        ) from error
    made = (*decoder.input_shape[1:], *decoder.output_shape[1:])
    if made != (latent, side, side, 3):
        raise RegistryError(
            f"{card.model_id}/{registry.CARD_FILE} tells of a {kind} with {latent} latent numbers and pictures of {side} "
            f"pixels, but the model is none: it takes {decoder.input_shape[1:]} and gives {decoder.output_shape[1:]}; correct "
            "kind, side and latent in its extra, or train or fetch the model again"
        )
    return Generator(card, kind, side, latent, _alone(card, decoder), None if encoder is None else _alone(card, encoder))


def _alone(card: ModelCard, network: Any) -> TrainedModel:
    return TrainedModel(card, network, BATCH)


def load_snapshots(model_id: str, folder: Path | None = None) -> tuple[list[int], Picture]:
    """Epochs, and what the model made of the same vectors after each: uint8 (epochs, n, side, side, 3).

    ``RegistryError`` where there is no sheet, or it is not the one that the card describes.
    """
    card = registry.load_card(model_id, folder)
    epochs = [int(epoch) for epoch in card.extra.get("snapshots", [])]
    path = (paths.MODELS if folder is None else Path(folder)) / model_id / SNAPSHOT_FILE
    name = f"{model_id}/{SNAPSHOT_FILE}"
    if not epochs or not path.exists():
        raise RegistryError(f"{model_id} has no samples by epoch; train it again to keep some")
    try:
        return epochs, load_sheet(path, len(epochs))
    except (OSError, ValueError) as error:
        raise RegistryError(f"{name} is damaged ({error}); train or fetch the model again") from error
