"""Progress on the terminal, in one place."""

from collections.abc import Callable
from typing import Any


def progress_bar(title: str) -> Callable[[int, int], None]:
    """A function ``(done, count)`` that draws a bar on standard error; the bar appears with the first call.

    Where tqdm is not installed (a GPU machine with Keras and JAX alone) it draws nothing.
    """
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return lambda done, count: None
    bars: list[Any] = []

    def update(done: int, count: int) -> None:
        if not bars:
            bars.append(tqdm(total=count, desc=title, leave=False))
        bars[0].update(done - bars[0].n)
        if done >= count:
            bars[0].close()

    return update
