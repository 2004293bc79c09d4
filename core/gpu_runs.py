"""Training on a borrowed GPU: within a time limit, in the order that users notice, with all that came of it in a parcel.

It needs Keras and JAX (``KERAS_BACKEND=jax``), NumPy, Pillow and OpenCV, and no TensorFlow.
"""

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core import parcels
from core.catalogue import all_recipes
from core.checkpoints import CheckpointError
from core.clocks.wild_data import WildData
from core.clocks.wild_pool import PooledWildData
from core.picture_files import DatasetError
from core.recipe_runs import build_network, run_recipe
from core.recipes import Recipe, checkpoint_folder, share_trained
from core.registry import ModelCard, RegistryError
from core.resident import best_train
from core.specs import TrainSpec
from core.studies import STUDIES, load_study
from core.study_runs import missing_data, run_trials, study_share
from core.training import DivergedError
from core.written import percent

# What users notice first: the beginning of a model's id, or "studies" for all of these. Of several the least trained first.
ORDER = ("reader", "leaf-classifier", "gan-", "vae-", "report23-", "report22-", "studies", "fashion-", "cifar10-")
SYSTEMS = ("report23-classes-720", "report23-multi-head")  # whose full runs the report gives times of
RESERVE = 0.75  # minutes for measuring and packing what was trained last
CALIBRATING = 1.0  # more, for readers of photographs: their temperatures come from many looks at hundreds of pictures
PACKED_SECONDS = 120.0  # between parcels
# Of one model (no memory left, another version of JAX, a missing file): none may take the time that the others have left.
FAILURES = (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, RuntimeError, OSError, MemoryError)


@dataclass
class Pace:
    """How fast a run is, from the steps and epochs of it alone: compiling, measuring and storing do not count.

    waited: seconds without a batch. The first epoch, which compiles, counts only while there is no other.
    """

    batch_size: int
    steps: int = 0  # an epoch
    rows: list[dict[str, float]] = field(default_factory=list)

    def on_step(self, step: int, steps: int, means: dict[str, float]) -> None:
        self.steps = steps

    def on_epoch(self, row: dict[str, float]) -> None:
        self.rows.append(dict(row))

    @property
    def epoch_seconds(self) -> float:
        """The median epoch with its validation; 0 before the first."""
        counted = self.rows[1:] or self.rows
        return statistics.median(row["seconds"] for row in counted) if counted else 0.0

    @property
    def pictures_per_second(self) -> float:
        return self.steps * self.batch_size / self.epoch_seconds if self.epoch_seconds else 0.0

    @property
    def waiting_share(self) -> float:
        counted = self.rows[1:] or self.rows
        seconds = sum(row["seconds"] for row in counted)
        return sum(row["seconds_waiting"] for row in counted) / seconds if seconds else 0.0

    def __str__(self) -> str:
        if not self.rows:
            return "no whole epoch"
        return (
            f"{self.pictures_per_second:,.0f} pictures a second, "
            f"{percent(self.waiting_share, 1)} of the time waiting for data, {self.epoch_seconds:.2f} s an epoch"
        )


def in_order(names: Sequence[str]) -> list[str]:
    """Model ids and names of studies (all when empty) as they are to be trained; ``RegistryError`` for a name that is none."""
    recipes = all_recipes()
    unknown = [name for name in names if name not in recipes and name not in STUDIES]
    if unknown:
        known = ", ".join((*recipes, *STUDIES))
        raise RegistryError(f"no recipe or study is called {', '.join(map(repr, unknown))}; known are: {known}")

    def place(name: str) -> tuple[int, float]:
        if name in STUDIES:
            return ORDER.index("studies"), study_share(load_study(name))
        group = next((index for index, start in enumerate(ORDER) if name.startswith(start)), len(ORDER))
        return group, share_trained(recipes[name])

    return sorted(names or [*recipes, *STUDIES], key=place)


def train_on_gpu(
    names: Sequence[str],
    out: Path,
    *,
    minutes: float,
    sources: Iterable[Path] = (),
    say: Callable[[str], None] = print,
    on_changed: Callable[[str], None] | None = None,
) -> list[str]:
    """Go on with what ``names`` say for ``minutes``, from the parcels in ``sources`` and ``out``.

    What changed, and what ``out`` held already, is in ``out`` afterwards.
    Returns the names of what was trained here. The parcel is written again every two minutes or so, so that little is lost
    when the machine is taken away. on_changed(name): after each model or study that was worked on.
    """
    deadline = time.monotonic() + 60 * minutes
    for place in (*sources, *([out] if parcels.has_parcel(out) else [])):
        for name, text in parcels.take(place).items():
            say(f"found in {place.name}: {name}: {text}")
    brought = _unsent(out)
    for sentence in missing_data():
        say(sentence)
    changed: list[str] = []
    packed = time.monotonic()

    def left() -> float:
        return (deadline - time.monotonic()) / 60 - RESERVE

    def pack_all() -> None:
        every = list(dict.fromkeys([*changed, *brought]))
        models, studies = ([name for name in every if (name in STUDIES) == kind] for kind in (False, True))
        for sentence in parcels.pack(out, models, studies):
            say(sentence)

    def keep(name: str) -> Callable[[], None]:
        """A function that packs what a model has reached, once a while in the middle of its training."""

        def now() -> None:
            nonlocal packed
            if time.monotonic() - packed >= PACKED_SECONDS:
                brought.append(name)
                pack_all()
                packed = time.monotonic()

        return now

    recipes = all_recipes()
    try:
        for name in in_order(names):
            if left() <= 0:
                say(f"{name}: no time left; the same command goes on")
                continue
            worked = _study(name, left(), say) if name in STUDIES else _model(recipes[name], left(), say, keep(name))
            if worked:
                changed.append(name)
                if on_changed is not None:
                    on_changed(name)
            if worked and time.monotonic() - packed >= PACKED_SECONDS:
                pack_all()
                packed = time.monotonic()
    finally:
        pack_all()
    return changed


def _unsent(out: Path) -> list[str]:
    """What the parcel in ``out`` holds: it is written anew, and must not lose that."""
    return parcels.names(out) if parcels.has_parcel(out) else []


def _model(recipe: Recipe, minutes: float, say: Callable[[str], None], keep: Callable[[], None]) -> bool:
    """Go on with a model; whether anything came of it. keep: called after every epoch."""
    if share_trained(recipe) >= 1:
        say(f"{recipe.model_id}: all {recipe.training.epochs} epochs are trained")
        return False
    pace, recipe = Pace(recipe.training.batch_size), for_device(recipe)
    say(f"{recipe.model_id}: training")

    def on_epoch(row: dict[str, float]) -> None:
        pace.on_epoch(row)
        keep()

    try:
        card = run_recipe(
            recipe,
            minutes=max(0.1, minutes - CALIBRATING) if recipe.for_gpu else minutes,
            checkpoint=checkpoint_folder(recipe.model_id),
            on_epoch=on_epoch,
            on_step=pace.on_step,
        )
    except FAILURES as error:
        said = isinstance(error, RegistryError | CheckpointError | DatasetError | DivergedError)  # in a sentence
        say(f"{recipe.model_id}: {error if said else f'{type(error).__name__}: {error}'}")
        return pace.steps > 0  # its checkpoint is worth keeping: it may be that only its figures could not be taken
    say(f"{recipe.model_id}: {_words(card)}{pace}")
    if recipe.model_id in SYSTEMS and pace.rows:
        say(_full_run(recipe, pace))
    return card is not None or pace.steps > 0


def for_device(recipe: Recipe) -> Recipe:
    """The recipe as a GPU runs it: pictures that are drawn for every step wait for no one there, and the card says so."""
    if not recipe.for_gpu:
        return recipe

    def pooled(spec: TrainSpec) -> Any:
        data = recipe.data(spec)
        return PooledWildData.of(data) if isinstance(data, WildData) else data

    seen = f"{recipe.data_name}; on a GPU every drawn picture is seen several times, turned and lit differently"
    return replace(recipe, data=pooled, data_name=seen)


def _words(card: ModelCard | None) -> str:
    if card is None:
        return "nothing to store yet; "
    figures = ", ".join(f"{name} {value:.4g}" for name, value in card.figures.items())
    return f"{card.epochs_trained} of {card.epochs_asked} epochs; {figures + '; ' if figures else ''}"


def _study(name: str, minutes: float, say: Callable[[str], None]) -> bool:
    """Run open trials of a study; whether there is a new result."""
    begun, pictures = time.monotonic(), 0
    results = run_trials(load_study(name), full=True, minutes=minutes, say=say)
    for result in results:
        seen = load_study(name).trials[0].pictures_asked if result.spec.pictures is None else result.spec.pictures
        pictures += result.epochs_trained * seen
    seconds = time.monotonic() - begun
    if results:
        waited = sum(row.get("seconds_waiting", 0.0) for result in results for row in result.history)
        say(
            f"{name}: {len(results)} trials, {pictures / seconds:,.0f} pictures a second with building and compiling, "
            f"{percent(waited / seconds, 1)} of the time waiting for data"
        )
    return bool(results)


# --- how long a full run takes ---------------------------------------------------------------------------------------


def _full_run(recipe: Recipe, pace: Pace) -> str:
    seconds = pace.epoch_seconds * recipe.training.epochs
    return f"{recipe.model_id}: a full run of {recipe.training.epochs} epochs takes about {seconds:.0f} s"


def estimate(model_id: str, *, epochs: int = 4, minutes: float = 1.5, say: Callable[[str], None] = print) -> Pace:
    """Train a few epochs of a model, store nothing, and say how long a full run would take."""
    recipe = all_recipes()[model_id]
    pace = Pace(recipe.training.batch_size)
    model = build_network(recipe, recipe.spec)
    loss, weights, metrics = recipe.losses()
    options: dict[str, Any] = {"loss": loss, "loss_weights": weights, "metrics": metrics, "minutes": minutes}
    best_train()(
        model,
        recipe.data(recipe.training),
        recipe.training,
        on_epoch=pace.on_epoch,
        on_step=pace.on_step,
        should_stop=lambda: len(pace.rows) >= epochs,
        **options,
    )
    say(f"{model_id}: {pace}")
    if pace.rows:
        say(_full_run(recipe, pace))
    return pace
