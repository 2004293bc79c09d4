"""Progress on the terminal, or told to whoever watches, in one place."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_watcher: ContextVar[Callable[[int, int], None] | None] = ContextVar("watcher", default=None)


def progress_bar(title: str) -> Callable[[int, int], None]:
    """A function ``(done, count)`` that draws a bar on standard error; the bar appears with the first call.

    Where tqdm is not installed (a GPU machine with Keras and JAX alone) it draws nothing.
    """
    watcher = _watcher.get()
    if watcher is not None:
        return watcher
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


def printable(text: str) -> str:
    """A text as files and terminals take it: names of files may hold bytes that are no UTF-8, which become ``\\udce9``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@contextmanager
def watched(watcher: Callable[[int, int], None]) -> Iterator[None]:
    """Within this block, and in this thread alone, ``watcher(done, count)`` is told what bars would show."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)
