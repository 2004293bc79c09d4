"""The one way to run recipes: in slices, in stages, from a checkpoint or from what is stored."""

import math
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core import checkpoints, registry, training
from core.checkpoints import CHECKPOINT_FILE
from core.progress import progress_bar
from core.recipes import (
    DATA_VERSION,
    TRAINABLE,
    Recipe,
    as_stored,
    check_data,
    checkpoint_folder,
    epochs_stored,
    epochs_to_store,
    why_stored_stays,
)
from core.resident import best_train
from core.snapshots import SNAPSHOT_FILE, Snapshots
from core.specs import TrainSpec, train_settings
from core.training import TrainingData


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
    model's weights, if the same recipe began it or one that ended where this one's cosine begins anew. A run that has not the
    epochs to take the place of the stored model (``recipes.epochs_to_store``), or does worse on validation pictures
    (``recipes.why_stored_stays``), stores nothing but its checkpoint and returns None. One that got part of the way stores
    what it has, and the card says how many epochs that is; test figures are measured when all epochs are trained
    (``evaluate`` does it for the others). ``RegistryError`` where files are lacking that the stored model learned from.
    """
    check_data(recipe, folder)
    budget = _Budget(None if minutes is None else time.monotonic() + 60 * minutes, epochs_now)
    version = recipe.data_version()
    stages = recipe.all_stages()
    snapshots = None if recipe.samples is None else Snapshots(recipe.samples, checkpoint)
    index, model, earlier = _begin(recipe, checkpoint, folder, take_over and recipe.kept is None)
    while True:
        stage = stages[index]
        place = _place(checkpoint, index, len(stages))
        data = stage.data(recipe.training)
        result = _train_stage(recipe, stage.epochs, model, data, earlier, place, version, budget, snapshots, on_epoch, on_step)
        if index + 1 == len(stages) or result.epochs_trained < stage.epochs or budget.spent():
            break
        index, earlier = index + 1, result.history
        model = _grown(recipe, model, stages[index].spec)
    if result.epochs_trained < max(1, epochs_to_store(recipe, folder)):
        return None
    if not budget.trained and result.epochs_trained <= epochs_stored(recipe, folder):  # a part of an epoch, or nothing
        return None
    settle(model, recipe, data, result.epochs_trained)
    extra = recipe.extra | stage.extra | ({DATA_VERSION: version} if version else {})
    beside: dict[str, bytes] = {}
    if snapshots is not None:
        beside[SNAPSHOT_FILE], extra["snapshots"] = snapshots.sheet(model, result.epochs_trained)
    stored = model if recipe.kept is None else recipe.kept(model)
    extra[TRAINABLE] = sum(math.prod(weights.shape) for weights in stored.trainable_weights)
    card = registry.ModelCard(
        model_id=recipe.model_id,
        title=recipe.title,
        summary=recipe.summary,
        report=recipe.report,
        network=recipe.network,
        spec=asdict(stage.spec),
        training=recipe.training.to_json(),
        data=recipe.data_name if recipe.data_words is None else recipe.data_words(data),
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
        if why_stored_stays(card, result.history, folder):
            return None
        if result.finished:
            registry.update_card(recipe.model_id, Path(trial), extra=card.extra)
            figures = recipe.figures(registry.load_trained(recipe.model_id, Path(trial)))
            card = replace(card, figures={name: round(value, 5) for name, value in figures.items()})
    try:  # measuring takes minutes, in which another process may have stored a better one
        return registry.save_trained(
            stored, card, result.history, folder, beside, lambda: why_stored_stays(card, result.history, folder)
        )
    except registry.StoredStaysError:
        return None


@dataclass
class _Budget:
    """What a run may still do: until ``deadline`` of the monotonic clock, and ``epochs`` more; None for no limit.

    trained: whole epochs that it did.
    """

    deadline: float | None
    epochs: int | None
    trained: int = 0

    def minutes(self) -> float | None:
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic()) / 60

    def spent(self) -> bool:
        return (self.epochs is not None and self.epochs <= 0) or self.minutes() == 0


def _train_stage(
    recipe: Recipe,
    end: int,
    model: Any,
    data: TrainingData,
    earlier: list[dict[str, float]],
    place: Path | None,
    version: str,
    budget: _Budget,
    snapshots: Snapshots | None,
    on_epoch: Callable[[dict[str, float]], None] | None,
    on_step: Callable[[int, int, dict[str, float]], None] | None,
) -> training.TrainingResult:
    """Train ``model`` up to epoch ``end`` or as far as the budget goes, with its checkpoint in the folder ``place``."""
    epochs = len(earlier) or _epochs_in(place, recipe.training)
    loss, weights, metrics = recipe.losses()

    def count(row: dict[str, float]) -> None:
        nonlocal epochs
        epochs += 1
        budget.trained += 1
        if budget.epochs is not None:
            budget.epochs -= 1
        if snapshots is not None:
            with training.averaged(model, model.optimizer):
                snapshots.note(model, int(row["epoch"]))
        if on_epoch is not None:
            on_epoch(row)

    return best_train()(
        model,
        data,
        recipe.training,
        loss=loss,
        loss_weights=weights,
        metrics=metrics,
        minutes=budget.minutes(),
        checkpoint=place,
        data_version=version,
        earlier=earlier,
        should_stop=lambda: epochs >= end or (budget.epochs is not None and budget.epochs <= 0),
        on_epoch=count,
        on_step=on_step,
    )


def settle(model: Any, recipe: Recipe, data: TrainingData, epochs_trained: int) -> None:
    """Average batch norm's statistics over ``recipe.settle`` batches of training pictures; a checkpoint keeps its own."""
    if not recipe.settle:
        return
    from core.layers import settle_batch_norm

    seed, size = recipe.training.seed, recipe.training.batch_size
    order = training.epoch_order(data.size, seed, epochs_trained)
    parts = [order[start : start + size] for start in range(0, len(order) - size + 1, size)][: recipe.settle]
    settle_batch_norm(model, (data.batch(part, epochs_trained, np.random.default_rng(seed))[0] for part in parts))


def run_slice(
    recipe: Recipe, *, minutes: float | None = None, epochs_now: int | None = None, resume: bool = True
) -> registry.ModelCard | None:
    """``run_recipe`` on the terminal, with its state kept in the cache; without ``resume`` it begins anew.

    A new beginning does not touch the stored model before it has as many epochs.
    """
    folder = checkpoint_folder(recipe.model_id)
    if not resume:
        check_data(recipe)  # before anything is lost
        shutil.rmtree(folder, ignore_errors=True)
    bars: list[Callable[[int, int], None]] = []
    pictures = 0  # an epoch, but for what its last batch lacks

    def on_step(step: int, steps: int, logs: dict[str, float]) -> None:
        nonlocal pictures
        pictures = steps * recipe.training.batch_size
        if not bars:
            bars.append(progress_bar("epoch"))
        bars[0](step, steps)
        if step == steps:
            bars.clear()

    def on_epoch(row: dict[str, float]) -> None:
        names = ("loss", "val_loss", "seconds", "seconds_waiting", "drawn_per_second")
        shown = [f"{name} {row[name]:.4g}" for name in names if name in row]
        if row.get("seconds"):  # beside those drawn: which of the two waits for the other
            shown.append(f"trained_per_second {pictures / row['seconds']:.4g}")
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


# --- where to go on --------------------------------------------------------------------------------------------------


def build_network(recipe: Recipe, spec: Any) -> Any:
    """The network that ``spec`` describes, uncompiled, with the first weights and the precision of the recipe's training."""
    training.seed_everything(recipe.training.seed)
    with training.precision(recipe.training):
        return recipe.build(spec)


def _grown(recipe: Recipe, model: Any, spec: Any) -> Any:
    """The network of the next stage with the weights of ``model``."""
    larger = build_network(recipe, spec)
    if recipe.grow is not None:  # a recipe with stages has it
        recipe.grow(model, larger)
    return larger


def _place(checkpoint: Path | None, index: int, stages: int) -> Path | None:
    """The folder for the checkpoint of a stage; the last one's is ``checkpoint`` itself."""
    return checkpoint if checkpoint is None or index + 1 == stages else checkpoint / f"stage-{index + 1}"


def _epochs_in(place: Path | None, spec: TrainSpec) -> int:
    """Whole epochs of the checkpoint in a folder, 0 when there is none."""
    path = None if place is None else place / CHECKPOINT_FILE
    return checkpoints.read(path, spec).progress.epoch if path is not None and path.exists() else 0


def _begin(
    recipe: Recipe, checkpoint: Path | None, folder: Path | None, take_over: bool
) -> tuple[int, Any, list[dict[str, float]]]:
    """The stage to go on with, its model, and the history of the weights that the model was given, if it was.

    A checkpoint of the latest stage goes first, for ``training.train`` to read; then the stored model's weights.
    """
    stages = list(enumerate(recipe.all_stages()))
    if checkpoint is not None:
        for index, stage in reversed(stages):
            place = _place(checkpoint, index, len(stages))
            if place is not None and (place / CHECKPOINT_FILE).exists():
                begins = stages[index - 1][1].epochs if index else 0
                if 0 <= checkpoints.steps_in(place / CHECKPOINT_FILE)[0] < begins:  # of a recipe that had fewer stages
                    raise checkpoints.CheckpointError(
                        f"the checkpoint {place / CHECKPOINT_FILE} ends before epoch {begins}, where its stage begins now; "
                        f"{checkpoints.REMEDY}"
                    )
                return index, build_network(recipe, stage.spec), []
        for index, stage in reversed(stages) if take_over else ():
            model = build_network(recipe, stage.spec)
            earlier = _take_over(model, recipe, stage.spec, folder)
            if earlier:
                # Stages may differ in their data alone.
                same = [number for number, other in stages if other.spec == stage.spec and len(earlier) < other.epochs]
                return min([index, *same]), model, earlier
    return 0, build_network(recipe, recipe.all_stages()[0].spec), []


def _take_over(model: Any, recipe: Recipe, spec: Any, folder: Path | None) -> list[dict[str, float]]:
    """Give ``model`` the weights of the stored one, if this recipe or a beginning of it trained it; its history, else none."""
    runs = [one.to_json() for one in (recipe.training, *recipe.training.beginnings())]
    try:
        card = registry.load_card(recipe.model_id, folder)
        history = registry.load_history(recipe.model_id, folder)
        same_data = card.extra.get(DATA_VERSION, "") == recipe.data_version()
        same = card.spec == as_stored(spec) and train_settings(card.training) in runs
        if not same or len(history) != card.epochs_trained or not same_data:
            return []
        model.set_weights(registry.load_trained(recipe.model_id, folder).model.get_weights())
    except registry.RegistryError:  # there is none, or it is damaged: then it is trained anew
        return []
    return history
