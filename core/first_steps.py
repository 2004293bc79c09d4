"""How fast recipes train of which no model is stored yet: a few steps of each, so that ``status`` can say what is left."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core import paths, registry
from core.catalogue import all_recipes
from core.devices import device_name
from core.recipe_runs import build_network
from core.recipes import Recipe
from core.tables import read_table, write_table
from core.training import train

TABLE = "first_steps.csv"
STEPS = 6  # that count; the first, which compiles, does not
BATCH = 32  # pictures at most: a step of the recipe's own may take minutes on a CPU

Row = dict[str, Any]


def pace(recipe: Recipe, steps: int = STEPS) -> Row:
    """Train ``steps`` steps of a recipe's last stage, which is its slowest, store nothing, and say how fast that was.

    model; pictures: of all epochs; pictures_per_second: trained, and no more than are drawn, validation left out; batch;
    device.
    """
    training = replace(recipe.training, batch_size=min(BATCH, recipe.training.batch_size))
    model = build_network(recipe, recipe.spec)
    loss, weights, metrics = recipe.losses()
    data = recipe.data(training)
    ends: list[float] = []
    train(
        model,
        data,
        training,
        loss=loss,
        loss_weights=weights,
        metrics=metrics,
        on_step=lambda *_: ends.append(time.perf_counter()),
        should_stop=lambda: len(ends) > steps,
    )
    trained = (len(ends) - 1) * training.batch_size / (ends[-1] - ends[0])
    rates: dict[str, float] = getattr(data, "rates", dict)()
    drawn = rates.get("drawn_per_second", math.inf)  # some were drawn ahead while the first compiled
    return {
        "model": recipe.model_id,
        "pictures": data.size * recipe.training.epochs,
        "pictures_per_second": round(min(trained, drawn), 2),
        "batch": training.batch_size,
        "device": device_name(),
    }


def write_paces(
    models: Path | None = None, results: Path | None = None, say: Callable[[str], None] = lambda words: None
) -> list[Row]:
    """Measure every recipe of which no model is stored and write the table; one that cannot be measured keeps its old row.

    On a CPU alone: on a GPU, where many steps make one call, ``gpu_runs.estimate`` measures.
    """
    if not device_name().startswith("CPU"):
        say(f"steps are measured on a CPU; on {device_name()}: python tools/gpu_train.py --estimate")
        return []
    folder = results or paths.RESULTS
    before = {row.get("model"): row for row in read_table(folder, TABLE)}
    rows: list[Row] = []
    for recipe in not_begun(list(all_recipes().values()), models):
        say(f"a few steps of {recipe.model_id}")
        try:
            rows.append(pace(recipe))
        except (ValueError, OSError, LookupError, ArithmeticError) as error:
            say(f"{recipe.model_id}: {error}")
            rows += [before[recipe.model_id]] if recipe.model_id in before else []
        if rows:
            write_table(folder, TABLE, rows)
    return rows


def not_begun(recipes: Sequence[Recipe], models: Path | None = None) -> list[Recipe]:
    """Those of which no model is stored."""
    stored = {card.model_id for card in registry.list_cards(models)}
    return [recipe for recipe in recipes if recipe.model_id not in stored]


def seconds_of_all(results: Path | None = None) -> dict[str, tuple[float, str]]:
    """By model: the seconds that all of its epochs would take as the table has it, and on what device; wrong rows left out."""
    found = {}
    for row in read_table(results or paths.RESULTS, TABLE):
        try:
            found[row["model"]] = int(row["pictures"]) / float(row["pictures_per_second"]), row["device"]
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            continue
    return found
