"""Recipes: everything that makes one stored model, and the one way to run them."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeGuard

import numpy as np

from core import paths, registry, training
from core.checkpoints import CHECKPOINT_FILE
from core.devices import device_name
from core.images import Picture
from core.progress import progress_bar
from core.resident import ResidentData, train_resident
from core.snapshots import Snapshots
from core.specs import TrainSpec
from core.training import TrainingData

DATA_VERSION = "data_version"  # in a card's extra


@dataclass(frozen=True)
class Recipe:
    """How the model ``model_id`` comes about.

    build: spec -> uncompiled model. data: TrainSpec -> TrainingData, called once before training. losses: -> what
    ``training.train`` takes as loss, loss_weights and metrics. figures: a trained model -> its test figures, names with
    units. extra: what decoding needs beside the outputs; calibrate: a trained model -> more of that, from validation pictures.
    settle: batches of training pictures that batch norm's statistics are averaged over at the end, 0 to leave them.
    data_version: -> a few digits that change whenever the data does; what was trained on other data is not gone on with.
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
    data_version: Callable[[], str] = str  # "" for data that never changes
    kept: Callable[[Any], Any] | None = None
    samples: Callable[[Any], Picture] | None = None

    def quick(self) -> "Recipe":
        """The same for a trial of minutes, under a name of its own: a fiftieth of the epochs, at least one."""
        epochs = max(1, self.training.epochs // 50)
        warmup = min(self.training.warmup_epochs, epochs / 2)
        training = replace(self.training, epochs=epochs, warmup_epochs=warmup)
        return replace(self, model_id=f"{self.model_id}-quick", training=training)


class Resident(Protocol):
    """Training data that can hand itself over whole."""

    def resident(self) -> ResidentData: ...


def checkpoint_folder(model_id: str) -> Path:
    """Where the unfinished training of a model is kept."""
    return paths.cache_folder() / "training" / model_id


def share_trained(recipe: Recipe, folder: Path | None = None) -> float:
    """Epochs trained of epochs asked of the stored model, 0 when there is none that learned from this data."""
    return min(1.0, epochs_stored(recipe, folder) / recipe.training.epochs)


def run_recipe(
    recipe: Recipe,
    *,
    minutes: float | None = None,
    epochs_now: int | None = None,
    checkpoint: Path | None = None,
    take_over: bool = True,
    folder: Path | None = None,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
    on_step: Callable[[int, int, dict[str, float]], None] | None = None,
) -> registry.ModelCard | None:
    """Train until ``minutes`` from now, at most ``epochs_now`` more epochs, and store the model in ``folder``.

    With ``checkpoint`` (a folder) it goes on: from the state there to the bit, else, with ``take_over``, from the stored
    model's weights, if the same recipe began it. A run that had no time for one whole epoch stores nothing and returns None,
    and so does one that has fewer epochs than the model that is stored. One that got part of the way stores what it has, and
    the card says how many epochs that is; test figures are measured when all epochs are trained (``evaluate`` does it for
    the others).
    """
    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    training.seed_everything(recipe.training.seed)
    with training.precision(recipe.training):
        model = recipe.build(recipe.spec)
    earlier: list[dict[str, float]] = []
    if take_over and checkpoint is not None and recipe.kept is None and not (checkpoint / CHECKPOINT_FILE).exists():
        earlier = _take_over(model, recipe, folder)
    loss, weights, metrics = recipe.losses()
    data, version = recipe.data(recipe.training), recipe.data_version()
    snapshots = None if recipe.samples is None else Snapshots(recipe.samples, checkpoint)
    epochs_run = 0

    def count(row: dict[str, float]) -> None:
        nonlocal epochs_run
        epochs_run += 1
        if snapshots is not None:
            with training.averaged(model, model.optimizer):
                snapshots.note(model, int(row["epoch"]))
        if on_epoch is not None:
            on_epoch(row)

    common: dict[str, Any] = {"loss": loss, "loss_weights": weights, "on_epoch": count}
    if _fits_the_device(data) and not earlier and not (checkpoint and (checkpoint / CHECKPOINT_FILE).exists()):
        # Minutes for all epochs: no slices, no checkpoints.
        result = train_resident(model, data.resident(), recipe.training, minutes=_left(deadline), **common)
    else:
        result = training.train(
            model,
            data,
            recipe.training,
            metrics=metrics,
            checkpoint=checkpoint,
            data_version=version,
            minutes=_left(deadline),
            earlier=earlier,
            should_stop=lambda: epochs_now is not None and epochs_run >= epochs_now,
            on_step=on_step,
            **common,
        )
    if not result.epochs_trained or result.epochs_trained < epochs_stored(recipe, folder):
        return None
    settle(model, recipe, data, result.epochs_trained)
    extra = recipe.extra | ({DATA_VERSION: version} if version else {})
    if snapshots is not None:
        place = (paths.MODELS if folder is None else folder) / registry.check_model_id(recipe.model_id)
        extra["snapshots"] = snapshots.store(place, model, result.epochs_trained)
    stored = model if recipe.kept is None else recipe.kept(model)
    card = registry.ModelCard(
        model_id=recipe.model_id,
        title=recipe.title,
        summary=recipe.summary,
        report=recipe.report,
        network=recipe.network,
        spec=asdict(recipe.spec),
        training=asdict(recipe.training),
        data=recipe.data_name,
        data_licence=recipe.data_licence,
        epochs_trained=result.epochs_trained,
        epochs_asked=recipe.training.epochs,
        device=result.device,
        seconds=round(result.seconds, 1),
        figures={},
        extra=extra,
    )
    # Calibrated and measured on a copy that was stored and read back, after its weights were rounded; then put in place.
    with tempfile.TemporaryDirectory() as trial:
        registry.save_trained(stored, card, result.history, Path(trial))
        if recipe.calibrate is not None:
            extra = recipe.calibrate(registry.load_trained(recipe.model_id, Path(trial)))
            card = replace(card, extra={**card.extra, **extra})
        if result.finished:
            registry.update_card(recipe.model_id, Path(trial), extra=card.extra)
            figures = recipe.figures(registry.load_trained(recipe.model_id, Path(trial)))
            card = replace(card, figures={name: round(value, 5) for name, value in figures.items()})
    return registry.save_trained(stored, card, result.history, folder)


def _left(deadline: float | None) -> float | None:
    """Minutes until a deadline of the monotonic clock."""
    return None if deadline is None else max(0.0, deadline - time.monotonic()) / 60


def _fits_the_device(data: Any) -> TypeGuard["Resident"]:
    """Whether all of ``data`` may lie in a GPU's memory while a network trains on it: JAX, and not on the CPU."""
    import keras

    return hasattr(data, "resident") and keras.backend.backend() == "jax" and not device_name().startswith("CPU")


def settle(model: Any, recipe: Recipe, data: TrainingData, epochs_trained: int) -> None:
    """Average batch norm's statistics over ``recipe.settle`` batches of training pictures; a checkpoint keeps its own."""
    if not recipe.settle:
        return
    from core.layers import settle_batch_norm

    seed, size = recipe.training.seed, recipe.training.batch_size
    order = training.epoch_order(data.size, seed, epochs_trained)
    parts = [order[start : start + size] for start in range(0, len(order) - size + 1, size)][: recipe.settle]
    settle_batch_norm(model, (data.batch(part, epochs_trained, np.random.default_rng(seed))[0] for part in parts))


def epochs_stored(recipe: Recipe, folder: Path | None = None) -> int:
    """Epochs that the stored model was trained, 0 when there is none to be read or it learned from other data."""
    try:
        card = registry.load_card(recipe.model_id, folder)
    except registry.RegistryError:
        return 0
    return card.epochs_trained if card.extra.get(DATA_VERSION, "") == recipe.data_version() else 0


def run_slice(
    recipe: Recipe, *, minutes: float | None = None, epochs_now: int | None = None, resume: bool = True
) -> registry.ModelCard | None:
    """``run_recipe`` on the terminal, with its state kept in the cache; without ``resume`` it begins anew.

    A new beginning does not touch the stored model before it has as many epochs.
    """
    folder = checkpoint_folder(recipe.model_id)
    if not resume:
        shutil.rmtree(folder, ignore_errors=True)
    bars: list[Callable[[int, int], None]] = []

    def on_step(step: int, steps: int, logs: dict[str, float]) -> None:
        if not bars:
            bars.append(progress_bar("epoch"))
        bars[0](step, steps)
        if step == steps:
            bars.clear()

    def on_epoch(row: dict[str, float]) -> None:
        shown = [f"{name} {value:.4g}" for name, value in row.items() if name in ("loss", "val_loss", "seconds")]
        print(f"  epoch {row['epoch']:.0f} of {recipe.training.epochs}: {', '.join(shown)}", flush=True)

    print(f"{recipe.model_id}: training", flush=True)
    return run_recipe(
        recipe,
        minutes=minutes,
        epochs_now=epochs_now,
        checkpoint=folder,
        take_over=resume,
        on_epoch=on_epoch,
        on_step=on_step,
    )


def _take_over(model: Any, recipe: Recipe, folder: Path | None) -> list[dict[str, float]]:
    """Give ``model`` the weights of the stored one, if the same recipe began it and it is sound; its history, else none."""
    # Through JSON and back, as the card's were.
    asked = json.loads(json.dumps([asdict(recipe.spec), asdict(recipe.training)]))
    try:
        card = registry.load_card(recipe.model_id, folder)
        history = registry.load_history(recipe.model_id, folder)
        same_data = card.extra.get(DATA_VERSION, "") == recipe.data_version()
        if [card.spec, card.training] != asked or len(history) != card.epochs_trained or not same_data:
            return []
        model.set_weights(registry.load_trained(recipe.model_id, folder).model.get_weights())
    except registry.RegistryError:  # there is none, or it is damaged: then it is trained anew
        return []
    return history
