"""A worker for ``LiveRuns`` that learns nothing and needs no Keras: its 'training' is a row of numbers drawn from the seed.

``FAILING_DATA`` is a data set that is missing, ``FAILING_SEED`` a run that breaks, ``SLOW_SEED`` one that takes a minute to be
measured, a rate above 1 one that diverges.
"""

import sys
import time
from types import SimpleNamespace

import numpy as np

from core.live_worker import serve

FAILING_DATA, FAILING_SEED, SLOW_SEED = "plant-leaves", 13, 17
STEP_SECONDS = 0.01
SIZE = 40
CLASSES = ("shirt", "shoe")


def load(name):
    if name == FAILING_DATA:
        raise ValueError("plant-leaves is not on this machine; get it somewhere")
    images, labels = np.zeros((SIZE, 28, 28, 1), np.uint8), np.arange(SIZE) % 2
    part = SimpleNamespace(images=images, labels=labels)
    return SimpleNamespace(info=SimpleNamespace(classes=CLASSES), train=part, valid=part, test=part)


def look(model, images):
    filters = np.full((4, 28, 28, 1), 128, np.uint8)
    return {"probabilities": np.full((len(images), 2), 0.5, np.float32), "filters": filters, "filter_scale": 0.25}


def train(spec, *, data, on_model, on_step, on_epoch, should_stop):
    print("what a library prints must not get among the messages")
    print("nor this", file=sys.stderr)
    training = spec.training
    if training.seed == FAILING_SEED:
        raise RuntimeError("out of luck")
    rng = np.random.default_rng(training.seed)
    on_model(SimpleNamespace(count_params=lambda: 42))
    steps, history = SIZE // training.batch_size, []
    stopped = should_stop()
    while len(history) < training.epochs and not stopped:
        values = rng.random(steps)
        for step in range(1, steps + 1):
            time.sleep(STEP_SECONDS)
            mean = float(values[:step].mean())
            on_step(step, steps, {"loss": mean, "cross_entropy": mean, "accuracy": 1 - mean})
            stopped = step < steps and should_stop()
            if stopped:
                break
        if stopped:
            break
        row = {"epoch": len(history) + 1, "loss": mean, "cross_entropy": mean, "accuracy": 1 - mean}
        history.append(row | {f"val_{name}": row[name] for name in ("loss", "cross_entropy", "accuracy")})
        on_epoch(history[-1])
        stopped = should_stop()
    if training.seed == SLOW_SEED:
        time.sleep(60)
    return SimpleNamespace(
        finished=len(history) == training.epochs,
        history=history,
        test={"loss": 0.5, "cross_entropy": 0.5, "accuracy": 0.5},
        device="none",
        parameters=42,
        diverged="training diverged: loss is nan" if training.learning_rate > 1 else None,
    )


if __name__ == "__main__":
    serve(train, load, look)
