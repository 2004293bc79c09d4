"""Recipes: everything that makes one stored model."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core import paths, registry
from core.checkpoints import CHECKPOINT_FILE, steps_in
from core.images import Picture
from core.specs import TrainSpec
from core.training import TrainingData

DATA_VERSION = "data_version"  # in a card's extra
TRAINABLE = "trainable"  # there, too: how many of the parameters training changes
# So begins the data version of a recipe some of whose files are not here, which it names; with all of them it is "".
WITHOUT = "without "
VALIDATION_MINUTES = "validation_minutes"  # in a clock network's, too: its mean common-sense error on validation pictures


@dataclass(frozen=True)
class Stage:
    """The epochs up to ``epochs``, counted from the first of all, on data of their own, often with a cheaper network.

    extra: what differs in the card meanwhile.
    """

    epochs: int
    spec: Any
    data: Callable[[TrainSpec], TrainingData]
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """How the model ``model_id`` comes about.

    build: spec -> uncompiled model. data: TrainSpec -> TrainingData, called once before training. losses: -> what
    ``training.train`` takes as loss, loss_weights and metrics. figures: a trained model -> its test figures, names with
    units. extra: what decoding needs beside the outputs; calibrate: a trained model -> more of that, from validation pictures.
    for_gpu: an epoch takes a processor a quarter of an hour and more; without a GPU all others come first.
    settle: batches of training pictures that batch norm's statistics are averaged over at the end, 0 to leave them.
    data_words: the data as it was read -> what the card says of it, with numbers that nobody knows before; else ``data_name``.
    data_version: -> a few digits that change whenever the data does, or ``WITHOUT`` and the files that are lacking here; what
    was trained on other data is not gone on with.
    stages: what is trained before ``spec`` on ``data``, in order; grow: (trained, next) gives the next stage's network
    the weights of the one before.
    kept: a trained model -> what of it is stored, None for all of it; where it is a part, only a checkpoint is gone on from.
    samples: a model -> pictures uint8 (n, side, side, 3) that are kept by epoch as it learns.
    """

    model_id: str
    title: str
    summary: str
    network: str
    spec: Any
    training: TrainSpec
    data_name: str
    data_licence: str
    build: Callable[[Any], Any]
    data: Callable[[TrainSpec], TrainingData]
    losses: Callable[[], tuple[Any, Any, Any]]
    figures: Callable[[registry.TrainedModel], dict[str, float]]
    calibrate: Callable[[registry.TrainedModel], dict[str, Any]] | None = None
    report: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    settle: int = 0
    for_gpu: bool = False
    data_words: Callable[[Any], str] | None = None
    data_version: Callable[[], str] = str  # "" for data that never changes
    stages: tuple[Stage, ...] = ()
    grow: Callable[[Any, Any], None] | None = None
    kept: Callable[[Any], Any] | None = None
    samples: Callable[[Any], Picture] | None = None

    def __post_init__(self) -> None:
        ends = [0, *(stage.epochs for stage in self.stages), self.training.epochs]
        if ends != sorted(set(ends)) or (self.stages and self.grow is None):
            raise ValueError(f"stages of {self.model_id} need a way to grow and ends that rise to {ends[-1]}; got {ends[1:-1]}")

    def all_stages(self) -> tuple[Stage, ...]:
        """``stages``, and what comes last."""
        return (*self.stages, Stage(self.training.epochs, self.spec, self.data))

    def quick(self) -> "Recipe":
        """The same for a trial of minutes, under a name of its own: a fiftieth of the epochs, at least one."""
        epochs = max(1, self.training.epochs // 50)
        ends = {end * epochs // self.training.epochs for end in self.training.restart_epochs}
        restarts = tuple(sorted(ends - {0}))
        warmup = min(self.training.warmup_epochs, [*restarts, epochs][0] / 2)
        training = replace(self.training, epochs=epochs, warmup_epochs=warmup, restart_epochs=restarts)
        stages = {stage.epochs * epochs // self.training.epochs: stage for stage in self.stages}
        shorter = tuple(replace(stage, epochs=end) for end, stage in stages.items() if end)
        return replace(self, model_id=f"{self.model_id}-quick", training=training, stages=shorter)


def checkpoint_folder(model_id: str) -> Path:
    """Where the unfinished training of a model is kept."""
    return paths.cache_folder() / "training" / model_id


def share_trained(recipe: Recipe, folder: Path | None = None) -> float:
    """Epochs trained of epochs asked of the stored model, 0 when there is none that learned from this data."""
    return min(1.0, epochs_stored(recipe, folder) / recipe.training.epochs)


def epochs_stored(recipe: Recipe, folder: Path | None = None) -> int:
    """Epochs that the stored model was trained, 0 when there is none to be read or it is another network or of other data.

    One that learned from files which are lacking here counts: it is what the recipe makes.
    """
    try:
        card = registry.load_card(recipe.model_id, folder)
    except registry.RegistryError:
        return 0
    if card.spec not in [as_stored(stage.spec) for stage in recipe.all_stages()]:
        return 0
    version = recipe.data_version()
    return card.epochs_trained if learned_from_more(card, version) or card.extra.get(DATA_VERSION, "") == version else 0


def as_stored(spec: Any) -> dict[str, Any]:
    """A network's spec as a card holds it once it is read back."""
    return dict(json.loads(json.dumps(asdict(spec))))


def learned_from_more(stored: registry.ModelCard, version: str) -> bool:
    """Whether a stored model learned from files that are lacking from data of this ``version``."""
    return version.startswith(WITHOUT) and stored.extra.get(DATA_VERSION, "") == ""


def check_data(recipe: Recipe, folder: Path | None = None) -> None:
    """``RegistryError`` where files are lacking that the stored model learned from: without them a run ends in a worse one.

    And where its card cannot be read: a slip in it is no reason to train for hours anew and put the rest away.
    """
    try:
        stored = registry.load_card(recipe.model_id, folder)
    except registry.RegistryError as error:
        place = (paths.MODELS if folder is None else folder) / recipe.model_id
        if (place / registry.CARD_FILE).exists():
            raise registry.RegistryError(f"{error}; or delete the folder of {recipe.model_id} to train it anew") from error
        return
    version = recipe.data_version()
    if learned_from_more(stored, version):
        lacking = version.removeprefix(WITHOUT)
        raise registry.RegistryError(
            f"the stored {recipe.model_id} learned with {lacking}, not found here; put what is lacking into the data folder "
            "that LATENT_OCLOCK_DATA names, or delete the stored model to train without"
        )


def epochs_begun(recipe: Recipe) -> int:
    """Whole epochs in the checkpoint of an unfinished run, 0 when there is none."""
    return max(0, steps_in(checkpoint_folder(recipe.model_id) / CHECKPOINT_FILE)[0])


def epochs_to_store(recipe: Recipe, folder: Path | None = None) -> int:
    """Epochs with which a run takes the place of the stored model.

    As many as that has, or all that the recipe asks for where those are fewer. Where it ended with the rate at zero and the
    recipe goes on, as many as bring the rate there again: a run that begins anew is worse for a while than what it began with.
    """
    stored, ends = epochs_stored(recipe, folder), recipe.training.ends
    needed = next((end for end in ends if end > stored), stored) if stored in ends else stored
    return min(needed, recipe.training.epochs)


def why_stored_stays(card: registry.ModelCard, history: Sequence[Mapping[str, float]], folder: Path | None = None) -> str:
    """Why what ``card`` and ``history`` tell of does not take the place of the stored model; "" where it does.

    What learned without files that the stored one learned from never does, nor what has fewer epochs. Else only what does at
    least as well on validation pictures does, judged by the measure that matters, not by the loss, if both have it: a
    classifier's loss grows with its overconfidence while it still learns to tell more pictures. A whole run takes the place
    of one in part in any case, as it was specified.
    """
    try:
        stored, then = registry.checked_card(card.model_id, folder), registry.load_history(card.model_id, folder)
    except registry.RegistryError:  # there is none, or it is damaged
        return ""
    if learned_from_more(stored, str(card.extra.get(DATA_VERSION, ""))):
        return f"it learned {card.extra[DATA_VERSION]}, and the stored one with it"
    network = json.loads(json.dumps(card.spec))  # and back, as the stored card's was
    if stored.extra.get(DATA_VERSION) != card.extra.get(DATA_VERSION) or stored.spec != network:
        return ""
    if stored.sha256 == card.sha256 or stored.epochs_trained > card.epochs_trained:
        return f"the stored one has {stored.epochs_trained} epochs"
    if card.epochs_trained == card.epochs_asked and stored.epochs_trained < stored.epochs_asked:
        return ""
    before, after = ({**(rows[-1] if rows else {}), **one.extra} for one, rows in ((stored, then), (card, history)))
    for name, sign in ((VALIDATION_MINUTES, 1), ("val_accuracy", -1), ("val_loss", 1)):
        if name in before and name in after:
            worse = sign * after[name] > sign * before[name]
            return f"{name} is {after[name]:.4g} and that of the stored one {before[name]:.4g}" if worse else ""
    return ""
