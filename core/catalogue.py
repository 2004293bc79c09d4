"""Every recipe of every room, and which to run next."""

from collections.abc import Sequence
from pathlib import Path

from core.classifiers import recipes as classifiers
from core.clocks import recipes as clocks
from core.clocks import report_recipes
from core.devices import device_name
from core.generators import recipes as generators
from core.recipes import Recipe, share_trained
from core.registry import RegistryError


def all_recipes() -> dict[str, Recipe]:
    """Every recipe by model id."""
    rooms = (clocks, report_recipes, classifiers, generators)
    return {recipe.model_id: recipe for room in rooms for recipe in room.recipes()}


def next_recipes(ids: Sequence[str], folder: Path | None = None) -> list[Recipe]:
    """The recipes named by ``ids`` (all when empty), in turn."""
    known = all_recipes()
    unknown = [name for name in ids if name not in known]
    if unknown:
        raise RegistryError(f"no recipe for {', '.join(map(repr, unknown))}; known are: {', '.join(known)}")
    chosen = [known[name] for name in ids] or list(known.values())
    return in_turn(chosen, folder)


def in_turn(recipes: Sequence[Recipe], folder: Path | None = None) -> list[Recipe]:
    """Lowest share of its epochs first; without a GPU the recipes for one last."""
    late = any(recipe.for_gpu for recipe in recipes) and device_name().startswith("CPU")
    return sorted(recipes, key=lambda recipe: (late and recipe.for_gpu, share_trained(recipe, folder)))
