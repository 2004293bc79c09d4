"""How long a run worked: a process that was stopped, and a laptop that slept, did not."""

import time

STOOD_SECONDS = 30.0  # a step that takes longer may be one in which the process stood still
STOOD_SHARE = 0.1  # of such a gap: less of the processor's time, and it did


class Stopwatch:
    """Call it after every step: the seconds worked since it was made, gaps in which the process stood still left out."""

    def __init__(self) -> None:
        self._worked = 0.0
        self._at, self._busy = time.monotonic(), time.process_time()

    def __call__(self) -> float:
        at, busy = time.monotonic(), time.process_time()
        gap, used = at - self._at, busy - self._busy
        self._worked += used if gap > STOOD_SECONDS and used < STOOD_SHARE * gap else gap
        self._at, self._busy = at, busy
        return self._worked
