"""The process of a live run as the server sees it: started, told things, listened to, ended.

Processes are started as ``python -m core.live_worker`` and not by ``multiprocessing``: Streamlit makes the page's script the
main module of the server, and ``spawn`` would run it again in the child.
"""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from core import paths

WORKER = ("-m", "core.live_worker")
ONE_THREAD = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")  # pages need the other cores


class LiveProcess:
    """A worker's process. worker: what follows ``python`` to start it. ``OSError`` where none can be started."""

    def __init__(self, worker: Sequence[str] = WORKER) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", *worker],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
            start_new_session=True,  # Ctrl-C ends the server; the worker then ends with it
        )
        self._sending = threading.Lock()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: Any) -> None:
        """Send something; a process that has just ended is seen by whoever listens to it."""
        if self._process.stdin is None:
            return
        with contextlib.suppress(OSError, ValueError), self._sending:
            pickle.dump(message, self._process.stdin)
            self._process.stdin.flush()

    def messages(self) -> Iterator[dict[str, Any]]:
        """What it tells, until it ends or tells nonsense."""
        with contextlib.suppress(EOFError, OSError, ValueError, pickle.UnpicklingError):  # it ended, perhaps within a word
            while self._process.stdout is not None:
                yield pickle.load(self._process.stdout)

    def kill(self) -> None:
        """End it at once; whoever listens to it sees it end."""
        self._process.kill()

    def cause(self) -> str:
        """Wait until it has ended, and say in a sentence how it did, in case it ended by itself."""
        # First: one that told nonsense ends when nobody listens any more.
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was still to be sent cannot be
                    pipe.close()
        return _cause(self._process.wait())


def _environment() -> dict[str, str]:
    """What a worker finds: one thread for computing, our rooms, and no more of a GPU's memory than it needs."""
    there = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(paths.ROOT), *([there] if there else [])])
    extra = {"PYTHONPATH": path, "TF_FORCE_GPU_ALLOW_GROWTH": "true", "TF_CPP_MIN_LOG_LEVEL": "2"}
    return {**os.environ, **extra, **dict.fromkeys(ONE_THREAD, "1")}


def _cause(code: int) -> str:
    """One sentence on a process that ended by itself."""
    if code < 0:
        name = signal.Signals(-code).name if -code in signal.valid_signals() else f"signal {-code}"
        return (
            f"The run's process was ended from outside ({name}), perhaps for want of memory; rewind begins anew, a smaller "
            "network or batch needs less."
        )
    return f"The run's process ended unexpectedly (exit status {code}); the server's log says more. Rewind begins anew."
