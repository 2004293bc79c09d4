"""The likeliest times of a distribution over the dial."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.clocks.locate import NEAR_MINUTES
from core.clocks.time import MINUTES, ClockTime, mass_around, mean_near

APART_MINUTES = 10  # candidates lie at least so far from each other


@dataclass(frozen=True)
class Candidate:
    """One likely time: whole minute, minutes with fraction in [0, 720), share of the probability around it in [0, 1]."""

    time: ClockTime
    minutes: float
    probability: float


def likeliest_times(probabilities: NDArray[np.float64], first_minutes: float, count: int = 3) -> tuple[Candidate, ...]:
    """``first_minutes`` and the likeliest other times of ``(720,)`` probabilities, whose peaks are 10 minutes apart or more.

    A candidate's probability is the sum of the bins within 3 minutes of its peak; the others' minutes are circular means of
    these bins, and so may lie up to 6 minutes nearer.
    """
    around = mass_around(probabilities, NEAR_MINUTES)
    left = around.copy()
    found = []
    for rank in range(count):
        peak = round(first_minutes) % MINUTES if rank == 0 else int(left.argmax())
        minutes = first_minutes if rank == 0 else float(mean_near(probabilities, peak, NEAR_MINUTES))
        found.append(Candidate(ClockTime.from_minutes(minutes), minutes, float(np.clip(around[peak], 0.0, 1.0))))
        left[(peak + np.arange(1 - APART_MINUTES, APART_MINUTES)) % MINUTES] = -1
    return tuple(found)


def likeliest_classes(probabilities: NDArray[np.float64], class_minutes: int, count: int = 3) -> tuple[Candidate, ...]:
    """The middles of the likeliest classes of ``class_minutes`` each, with their probabilities, from (720,) probabilities.

    Within a class nothing is told apart: 10:14.5 stands for all of 10:00 to 10:29. Of equals the earlier comes first.
    """
    classes = probabilities.reshape(-1, class_minutes).sum(-1)
    best = np.argsort(-classes, kind="stable")[:count]
    middles = [float(index * class_minutes + (class_minutes - 1) / 2) for index in best]
    return tuple(
        Candidate(ClockTime.from_minutes(minutes), minutes, float(np.clip(classes[index], 0.0, 1.0)))
        for minutes, index in zip(middles, best, strict=True)
    )


def outweighed(candidates: Sequence[Candidate]) -> str:
    """A sentence, after a space, where another time has a larger share than the first, which is the reading; else "".

    A reading is the likeliest minute or class, which may stand alone, while neighbours of middling probability add up to more.
    """
    most = max(candidates, key=lambda one: one.probability)  # of equals the first
    if most is candidates[0]:
        return ""
    words = f"is the likeliest single minute, but more lies around {most.time}: shares count {NEAR_MINUTES} minutes each way."
    return f" {candidates[0].time} {words}"
