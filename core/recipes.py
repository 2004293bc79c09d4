"""Recipes: everything that makes one stored model, and the one way to run them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core import paths, registry, training
from core.specs import TrainSpec
from core.training import TrainingData


@dataclass(frozen=True)
class Recipe:
    """How the model ``model_id`` comes about.

    build: spec -> uncompiled model. data: TrainSpec -> TrainingData, called once before training. losses: -> what
    ``training.train`` takes as loss, loss_weights and metrics. figures: a trained model -> its test figures, names with
    units. extra: what decoding needs beside the outputs; calibrate: a trained model -> more of that, from validation pictures.
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

    def quick(self) -> "Recipe":
        """The same for a trial of minutes: a fiftieth of the epochs, at least one."""
        epochs = max(1, self.training.epochs // 50)
        warmup = min(self.training.warmup_epochs, epochs / 2)
        return replace(self, training=replace(self.training, epochs=epochs, warmup_epochs=warmup))


def checkpoint_folder(model_id: str, *, quick: bool = False) -> Path:
    """Where the unfinished training of a model is kept."""
    return paths.cache_folder() / "training" / (f"{model_id}-quick" if quick else model_id)


def share_trained(recipe: Recipe, folder: Path | None = None) -> float:
    """Epochs trained of epochs asked of the stored model, 0 when there is none."""
    try:
        card = registry.load_card(recipe.model_id, folder)
    except registry.RegistryError:
        return 0.0
    return min(1.0, card.epochs_trained / max(1, recipe.training.epochs))


def run_recipe(
    recipe: Recipe,
    *,
    minutes: float | None = None,
    checkpoint: Path | None = None,
    folder: Path | None = None,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
    on_step: Callable[[int, int, dict[str, float]], None] | None = None,
) -> registry.ModelCard | None:
    """Train for at most ``minutes`` and store the model with its figures in ``folder``.

    Goes on from ``checkpoint`` (a folder) where one lies. A run that had no time for one whole epoch stores nothing and
    returns None; one that got part of the way stores what it has, and the card says how many epochs that is.
    """
    training.seed_everything(recipe.training.seed)
    with training.precision(recipe.training):
        model = recipe.build(recipe.spec)
    loss, weights, metrics = recipe.losses()
    result = training.train(
        model,
        recipe.data(recipe.training),
        recipe.training,
        loss=loss,
        loss_weights=weights,
        metrics=metrics,
        checkpoint=checkpoint,
        minutes=minutes,
        on_epoch=on_epoch,
        on_step=on_step,
    )
    if not result.epochs_trained:
        return None
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
        extra=recipe.extra,
    )
    registry.save_trained(model, card, result.history, folder)
    # Everything is measured on the stored file, after its weights were rounded: first what decoding needs, then figures.
    if recipe.calibrate is not None:
        extra = recipe.calibrate(registry.load_trained(recipe.model_id, folder))
        registry.update_card(recipe.model_id, folder, extra=extra)
    figures = recipe.figures(registry.load_trained(recipe.model_id, folder))
    return registry.update_card(recipe.model_id, folder, figures=figures)
