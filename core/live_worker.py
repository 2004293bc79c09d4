"""The process of one live run: ``python -m core.live_worker``, started and steered by ``live.LiveRuns``.

It reads pickles from standard input, first ``(spec, paused)``, then commands of ``live_state.COMMANDS``, and writes pickled
dicts to standard output: fields of ``LiveState`` that have changed. All else that is printed goes to standard error. When
standard input ends, so does the process: it never outlives the server that started it.

Importing this module is quick: it imports neither Keras nor what reads data sets.
"""

import logging
import os
import pickle
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.live_follower import Control, Follower, Looks, Preparation, RewoundError
from core.live_state import MEASURING, MINUTES, Samples
from core.progress import watched
from core.specs import RunSpec

NICENESS = 10  # the pages come first; more than that, and a busy machine lets a run wait for minutes
MOST_SAMPLES = 12
MOST_FILTERS = 32
MOST_FILTER_SIDE = 64

Look = Callable[[Any, NDArray[np.uint8]], Looks]


# --- what is looked at ------------------------------------------------------------------------------------------------


def sample_indices(labels: NDArray[np.int64], most: int = MOST_SAMPLES, seed: int = 0) -> NDArray[np.int64]:
    """Places in ``labels``, one of each class in their order, at most ``most``; the same ones for a seed."""
    rng = np.random.default_rng(seed)
    return np.array([rng.choice(np.flatnonzero(labels == one)) for one in np.unique(labels)[:most]], np.int64)


def filter_pictures(kernel: NDArray[Any], shape: tuple[int, int, int]) -> tuple[NDArray[np.uint8], float] | None:
    """Weights of a first layer as pictures, uint8 (n, height, width, channels), and the largest weight; 0 stands at 128.

    kernel: (height, width, channels, n) of a convolution, or (height x width x channels, n) of a dense layer over pictures of
    ``shape``; the first ``MOST_FILTERS`` of it. None for any other kernel, and where pictures would be too large.
    """
    if kernel.ndim == 2 and kernel.shape[0] == np.prod(shape):
        kernel = kernel.reshape(*shape, kernel.shape[1])
    if kernel.ndim != 4 or kernel.shape[2] not in (1, 3) or max(kernel.shape[:2]) > MOST_FILTER_SIDE:
        return None
    shown = np.nan_to_num(kernel[..., :MOST_FILTERS].astype(np.float64), posinf=0.0, neginf=0.0)
    scale = float(np.abs(shown).max(initial=0.0))
    levels = np.rint(128 + 127 * shown / (scale or 1.0)).astype(np.uint8)  # (height, width, channels, n), 1 to 255
    return np.moveaxis(levels, -1, 0), scale


def look_at(model: Any, images: NDArray[np.uint8]) -> Looks:
    """The first layer's filters, and the probabilities of the samples ``images``, uint8 (n, height, width, channels)."""
    import keras

    from core.classifiers.runs import unit_pictures

    def array(values: Any) -> NDArray[np.float32]:
        return np.asarray(keras.ops.convert_to_numpy(values)).astype(np.float32)

    found: Looks = {"probabilities": array(model(unit_pictures(images), training=False))}  # (n, classes)
    first = next((layer for layer in model.layers if hasattr(layer, "kernel")), None)
    pictures = None if first is None else filter_pictures(array(first.kernel), images.shape[1:])
    if pictures is not None:
        found["filters"], found["filter_scale"] = pictures
    return found


# --- the process ------------------------------------------------------------------------------------------------------


def serve(train: Callable[..., Any], load: Callable[[str], Any], look: Look = look_at) -> None:
    """Train the run that standard input names, as ``classifiers.runs.run`` and ``datasets.load_dataset`` do it, and end."""
    if hasattr(os, "nice"):
        os.nice(max(0, NICENESS - os.nice(0)))  # a server that is nice itself has nice workers already
    incoming = sys.stdin.buffer
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not get among the pickles
    lock = threading.Lock()

    def tell(fields: Looks) -> None:
        with lock:
            pickle.dump(fields, outgoing)
            outgoing.flush()

    try:
        spec, paused = pickle.load(incoming)
        control = Control(paused)
        threading.Thread(target=_listen, args=(incoming, control), daemon=True).start()
        tell(_trained(spec, control, tell, train, load, look))
    except (ValueError, OSError, ArithmeticError, MemoryError) as error:  # these say what is wrong
        tell({"status": "failed", "message": str(error) or type(error).__name__})
    except Exception as error:
        logging.exception("a live run failed")
        tell({"status": "failed", "message": f"the run ended with {type(error).__name__}: {str(error)[:200]}"})
    os._exit(0)  # without the time that TensorFlow takes to end


def _listen(incoming: BinaryIO, control: Control) -> None:
    while True:
        try:
            control.obey(pickle.load(incoming))
        except (EOFError, OSError, pickle.UnpicklingError):  # the server has ended or let go of this run
            os._exit(1)


def _trained(
    spec: RunSpec,
    control: Control,
    tell: Callable[[Looks], None],
    train: Callable[..., Any],
    load: Callable[[str], Any],
    look: Look,
) -> Looks:
    """Train, again after every rewind; the last fields of the state."""
    with watched(Preparation(tell)):
        data = load(spec.dataset)
    tell({"has_data": True, "prepared": 0, "to_prepare": 0, "seconds_left": None})
    chosen = sample_indices(data.test.labels)
    samples = Samples(chosen, data.test.images[chosen], data.test.labels[chosen])
    tell({"samples": samples, "classes": tuple(data.info.classes)})
    size = min(len(data.train.images), spec.pictures or len(data.train.images))

    while True:
        follower = Follower(spec, size, control, tell, lambda model: look(model, samples.images))
        callbacks = {name: getattr(follower, name) for name in ("on_model", "on_step", "on_epoch", "should_stop")}
        try:
            result = train(spec, data=data, **callbacks)
        except RewoundError:
            control.begin_anew()
            continue
        if control.rewound:  # while it was measured
            control.begin_anew()
            continue
        break
    follower.tell("measuring", look=True, message=MEASURING)
    fields: Looks = {"status": "done" if result.finished else "stopped", "history": tuple(result.history), "seconds_left": 0.0}
    from core.study_names import diverged_words  # data sets are loaded by now

    measured = dict(result.test) if result.history or not result.diverged else {}  # of its first weights it says nothing
    fields |= {"test": measured, "device": result.device, "parameters": result.parameters}
    if result.diverged:
        fields["step"] = 0  # the message says in which batch
    fields["message"] = diverged_words(result.diverged or "", len(result.history)) or (
        f"Stopped after {MINUTES:g} minutes of training, which is as long as a live run lasts; take fewer pictures or epochs."
        if follower.late
        else ""
    )
    return fields


def main() -> None:
    """Train as the studies do, on the same data."""
    from core.classifiers.runs import run
    from core.datasets import load_dataset

    serve(run, load_dataset)


if __name__ == "__main__":
    main()
