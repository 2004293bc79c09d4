"""Every recipe of every room, and which to run next."""

from collections.abc import Sequence
from pathlib import Path

from core.classifiers import recipes as classifiers
from core.clocks import recipes as clocks
from core.clocks import report_recipes
from core.recipes import Recipe, share_trained
from core.registry import RegistryError


def all_recipes() -> dict[str, Recipe]:
    """Every recipe by model id."""
    return {recipe.model_id: recipe for recipe in [*clocks.recipes(), *report_recipes.recipes(), *classifiers.recipes()]}


def next_recipes(ids: Sequence[str], folder: Path | None = None) -> list[Recipe]:
    """The recipes named by ``ids`` (all when empty), lowest share of their epochs first."""
    known = all_recipes()
    unknown = [name for name in ids if name not in known]
    if unknown:
        raise RegistryError(f"no recipe for {', '.join(map(repr, unknown))}; known are: {', '.join(known)}")
    chosen = [known[name] for name in ids] or list(known.values())
    return sorted(chosen, key=lambda recipe: share_trained(recipe, folder))
