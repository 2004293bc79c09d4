"""Which models are in memory now: what the caches load is watched, and forgotten when they let it go."""

from contextlib import suppress
from typing import Any
from weakref import WeakValueDictionary

_watched: "WeakValueDictionary[str, Any]" = WeakValueDictionary()


def watched(model_id: str, found: Any) -> Any:
    """The same model, listed for as long as anybody holds it; what cannot be watched is not listed."""
    with suppress(TypeError):
        _watched[model_id] = found
    return found


def loaded() -> set[str]:
    """Ids of the models that are in memory now."""
    return set(_watched)
