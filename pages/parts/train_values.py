"""What stands in the form of a training run, by the short names of its fields, and the ``RunSpec`` that it means."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.classifiers.architectures import ARCHITECTURES
from core.classifiers.study_parts import PICTURES, is_cnn
from core.datasets import DATASETS
from core.live_state import MOST_BATCH, MOST_EPOCHS, MOST_PICTURES, WHOLE_PART
from core.specs import ACTIVATIONS, INITIALIZERS, OPTIMIZERS, REGULARIZERS, ClassifierSpec, RunSpec, TrainSpec

AS_IT_IS = -1.0  # dropout as the architecture has it
ALL = 0  # pictures
NO_CLIP = 0.0
MOST_SEED = 2**32 - 1
FEW_PICTURES = 60_000  # in all epochs: so many a CNN sees in minutes without a GPU

INITIALIZER_TITLES = {
    "ones": "Ones",
    "zeros": "Zeros",
    "uniform": "Uniform, -0.05 to 0.05",
    "normal": "Normal, deviation 0.05",
    "glorot_uniform": "Glorot",
    "he_normal": "He",
}
REGULARIZER_TITLES = {"none": "None", "l1": "L1", "l2": "L2"}
SCHEDULE_TITLES = {"constant": "Constant", "cosine": "Half a cosine, down to 0"}
PRECISION_TITLES = {
    "float32": "32 bits",
    "mixed_bfloat16": "16 and 32 bits, bfloat16",
    "mixed_float16": "16 and 32 bits, float16",
}
LABELS = {  # of the fields
    "data": "Data set",
    "net": "Network",
    "init": "First weights",
    "opt": "Optimiser",
    "batch": "Batch",
    "pictures": "Pictures",
    "reg": "Regularisation",
    "act": "Activation",
    "rate": "Learning rate",
    "epochs": "Epochs",
    "seed": "Seed",
    "drop": "Dropout",
    "penalty": "Weight of the penalty",
    "sched": "Rate over time",
    "warm": "Warm-up",
    "decay": "Weight decay",
    "clip": "Clipping",
    "ema": "Average of the weights",
    "prec": "Precision",
}
MOST_CHANGES = 4  # that are listed one by one
Values = dict[str, Any]
DEFAULTS: Values = {
    "net": "mlp-300-100",
    "init": "glorot_uniform",
    "act": "relu",
    "opt": "adam",
    "rate": 0.001,
    "batch": 32,
    "epochs": 5,
    "pictures": 6000,
    "reg": "none",
    "penalty": 0.01,
    "drop": AS_IT_IS,
    "seed": 0,
    "sched": "constant",
    "warm": 0.0,
    "decay": 0.0,
    "clip": NO_CLIP,
    "ema": 0.0,
    "prec": "float32",
}


@dataclass(frozen=True)
class Preset:
    """Settings to begin with: a title, what they show, and how they differ from ``DEFAULTS``."""

    title: str
    words: str
    changes: Mapping[str, Any]


PRESETS = (
    Preset("A small MLP", "Two hidden layers of 300 and 100 units: seconds an epoch.", {}),
    Preset(
        "Géron's CNN",
        "The five convolutions of Hands-On Machine Learning, chapter 14: far slower a picture. Few pictures, so that it "
        "can be watched, and too few for it to be the better one.",
        {"net": "cnn-chapter-14", "pictures": 2000, "epochs": 3},
    ),
    Preset(
        "Start that dies: all zeros",
        "Every weight begins at 0: no unit differs from another, no gradient passes, only the output's bias learns.",
        {"init": "zeros"},
    ),
    Preset(
        "Too high a rate",
        "Plain gradient descent with steps of 10 times the gradient: it leaps out of every valley.",
        {"opt": "sgd", "rate": 10.0},
    ),
)


# --- values <-> spec --------------------------------------------------------------------------------------------------


def spec_of(values: Values) -> RunSpec:
    """The run that these values describe; what its architecture has no use for is left out."""
    info, architecture = DATASETS[values["data"]], ARCHITECTURES[values["net"]]
    network = ClassifierSpec(
        architecture=values["net"],
        input_shape=info.shape,
        classes=len(info.classes),
        initializer=values["init"],
        activation=values["act"],
        regularizer="none" if architecture.has_l1 else values["reg"],
        regularization_rate=values["penalty"],
        dropout=None if values["drop"] == AS_IT_IS or not architecture.has_dropout else values["drop"],
    )
    training = TrainSpec(
        epochs=values["epochs"],
        batch_size=values["batch"],
        learning_rate=values["rate"],
        optimizer=values["opt"],
        weight_decay=values["decay"],
        clip_norm=None if values["clip"] == NO_CLIP else values["clip"],
        schedule=values["sched"],
        warmup_epochs=min(values["warm"], values["epochs"]),
        ema=values["ema"],
        seed=values["seed"],
        precision=values["prec"],
    )
    return RunSpec(values["data"], network, training, values["pictures"] or None)


def values_of(spec: RunSpec) -> Values:
    """What the form shows for a run."""
    network, training = spec.network, spec.training
    return {
        "data": spec.dataset,
        "net": network.architecture,
        "init": network.initializer,
        "act": network.activation,
        "opt": training.optimizer,
        "rate": training.learning_rate,
        "batch": training.batch_size,
        "epochs": training.epochs,
        "pictures": spec.pictures or ALL,
        "reg": network.regularizer,
        "penalty": network.regularization_rate,
        "drop": AS_IT_IS if network.dropout is None else network.dropout,
        "seed": training.seed,
        "sched": training.schedule,
        "warm": training.warmup_epochs,
        "decay": training.weight_decay,
        "clip": NO_CLIP if training.clip_norm is None else training.clip_norm,
        "ema": training.ema,
        "prec": training.precision,
    }


def shortened_words(stored: RunSpec, here: RunSpec) -> str:
    """What is left of a stored run where not all of it fits, and of a CNN that it takes long; "" where there is neither."""
    pictures = stored.pictures or PICTURES.get(stored.dataset)
    told = f"{pictures:,}" if pictures else "all"
    epochs, fewer = stored.training.epochs, here.training.epochs
    parts = []
    if fewer < epochs:
        parts.append(
            f"The stored run had {epochs} epochs of {told} pictures; {fewer} of {told} fit here, since a live run has at most "
            f"{MOST_EPOCHS} epochs and sees at most {MOST_PICTURES:,} pictures in all of them."
        )
    if is_cnn(here.network.architecture) and fewer * (pictures or WHOLE_PART) > FEW_PICTURES:
        parts.append("Without a GPU a CNN takes minutes for such an epoch: fewer pictures are quicker.")
    return " ".join(parts)


def labels(specs: Sequence[RunSpec]) -> list[str]:
    """A name for each run: its network alone, or what it has that the others have not."""
    every = [values_of(spec) for spec in specs]
    names = []
    for place, values in enumerate(every):
        others = every[:place] + every[place + 1 :]
        apart = [name for name, value in values.items() if any(other[name] != value for other in others)]
        told = ", ".join(_told(name, values[name]) for name in apart)
        names.append(told or (values_title("net", values["net"]) if not others else ("First", "Second")[place % 2]))
    return names


def changes_words(values: Values) -> str:
    """How these values differ from ``DEFAULTS``, in one short line; the data set, which has none, is not among them."""
    no_penalty = values["reg"] == "none" and not ARCHITECTURES[values["net"]].has_l1
    changed = [name for name, value in DEFAULTS.items() if values[name] != value and not (name == "penalty" and no_penalty)]
    if not changed:
        return "No setting is changed."
    told = [f"{LABELS[name]}: {values_title(name, values[name])}" for name in changed[:MOST_CHANGES]]
    more = len(changed) - MOST_CHANGES
    return f"Changed: {'; '.join(told)}{f'; and {more} more' if more > 0 else ''}."


def _told(name: str, value: Any) -> str:
    words = {"init": "weights", "rate": "rate", "batch": "batch", "pictures": "pictures", "seed": "seed", "epochs": "epochs"}
    words |= {"penalty": "penalty", "drop": "dropout", "reg": "regularisation", "act": "", "sched": "rate"}
    words |= {"warm": "warm-up", "decay": "weight decay", "clip": "clipping", "ema": "average"}
    return f"{words.get(name, '')} {values_title(name, value)}".strip()


def values_title(name: str, value: Any) -> str:
    """How a value of the form reads."""
    if name == "data":
        return DATASETS[value].title
    if name == "net":
        return ARCHITECTURES[value].title
    if name == "opt":
        return OPTIMIZERS[value]
    if name == "drop" and value == AS_IT_IS:
        return "as it is"
    if name == "pictures":
        return f"{value:,}" if value else "all"
    if name in ("decay", "clip", "ema") and not value:
        return "none"
    if name == "warm":
        return f"{value:g} epoch{'' if value == 1 else 's'}"
    listed = {"init": INITIALIZER_TITLES, "reg": REGULARIZER_TITLES, "sched": SCHEDULE_TITLES, "prec": PRECISION_TITLES}
    titles = listed.get(name, {})
    return titles.get(value) or (f"{value:g}" if isinstance(value, float) else str(value))


# --- text of the URL <-> value ------------------------------------------------------------------------------------------


def as_text(value: Any) -> str:
    """A value as the URL has it: a number with as many digits as ``parsed`` needs to give the same one back."""
    if not isinstance(value, float):
        return str(value)
    short = f"{value:g}"  # six digits at most, 10 for 10.0
    return short if float(short) == value else repr(value)


def parsed(name: str, text: str, data: Sequence[str]) -> Any:
    """The value that the URL's text means; ``ValueError`` for anything that the form could not show."""
    choices = {"data": data, "net": ARCHITECTURES, "init": INITIALIZERS, "act": ACTIVATIONS, "opt": OPTIMIZERS}
    choices |= {"reg": REGULARIZERS, "sched": SCHEDULE_TITLES, "prec": PRECISION_TITLES}
    if name in choices:
        if text not in choices[name]:
            raise ValueError(f"no such choice: {text!r}")
        return text
    whole = {"batch": (1, MOST_BATCH), "epochs": (1, MOST_EPOCHS), "pictures": (ALL, WHOLE_PART), "seed": (0, MOST_SEED)}
    if name in whole:
        number, (low, high) = int(text[:11]), whole[name]
        if len(text) > 10 or not low <= number <= high:
            raise ValueError(f"{name} must lie in [{low}, {high}]; got {text[:20]}")
        return number
    value = float(text)
    ranges = {"rate": (1e-9, 100.0), "penalty": (0.0, 10.0), "drop": (0.0, 0.99), "warm": (0.0, float(MOST_EPOCHS))}
    ranges |= {"decay": (0.0, 1.0), "clip": (0.0, 1e6), "ema": (0.0, 0.999999)}
    low, high = ranges[name]
    if not (math.isfinite(value) and (low <= value <= high or (name == "drop" and value == AS_IT_IS))):
        raise ValueError(f"{name} must lie in [{low}, {high}]; got {value}")
    return value
