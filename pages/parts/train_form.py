"""The form of a training run: widgets -> a ``RunSpec``, every one of them kept in the URL; garbage there is ignored."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.classifiers.architectures import ARCHITECTURES
from core.datasets import DATASETS, is_available
from core.live_state import MOST_BATCH, MOST_EPOCHS, WHOLE_PART
from core.specs import ACTIVATIONS, INITIALIZERS, OPTIMIZERS, REGULARIZERS, ClassifierSpec, RunSpec, TrainSpec

PREFIX = "live-"  # of every key here, in the URL too
FIRST_DATA = ("fashion-mnist", "clock-hours")
AS_IT_IS = -1.0  # dropout as the architecture has it
ALL = 0  # pictures
MOST_SEED = 2**32 - 1

INITIALIZER_TITLES = {
    "ones": "Ones",
    "zeros": "Zeros",
    "uniform": "Uniform, -0.05 to 0.05",
    "normal": "Normal, deviation 0.05",
    "glorot_uniform": "Glorot",
    "he_normal": "He",
}
REGULARIZER_TITLES = {"none": "None", "l1": "L1", "l2": "L2"}
RATES = (0.0001, 0.0003, 0.0005, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
BATCHES = (8, 16, 32, 64, 128, 256, 512, 1024)
PICTURES = (500, 1000, 2000, 3000, 6000, 12_000, 24_000, ALL)
PENALTIES = (0.00001, 0.0001, 0.001, 0.01, 0.1)
DROPOUTS = (AS_IT_IS, 0.0, 0.1, 0.2, 0.25, 0.5, 0.75)

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
        "The book's CNN",
        "Five convolutions: far slower a picture, and better. Few pictures, so that it can be watched.",
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
        seed=values["seed"],
    )
    return RunSpec(values["data"], network, training, values["pictures"] or None)


def values_of(spec: RunSpec) -> Values:
    """What the form shows for a run. It has no widget for schedules, averages, clipping and weight decay."""
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
    }


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


def _told(name: str, value: Any) -> str:
    words = {"init": "weights", "rate": "rate", "batch": "batch", "pictures": "pictures", "seed": "seed", "epochs": "epochs"}
    words |= {"penalty": "penalty", "drop": "dropout", "reg": "regularisation", "act": ""}
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
    titles = {"init": INITIALIZER_TITLES, "reg": REGULARIZER_TITLES}.get(name, {})
    return titles.get(value) or (f"{value:g}" if isinstance(value, float) else str(value))


# --- the URL ----------------------------------------------------------------------------------------------------------


def available() -> list[str]:
    """Data sets with classes that are on this machine; those that the pages begin with come first."""
    there = [name for name, info in DATASETS.items() if len(info.classes) > 1 and is_available(name)]
    return sorted(there, key=lambda name: (name not in FIRST_DATA, there.index(name)))


def parsed(name: str, text: str, data: Sequence[str]) -> Any:
    """The value that the URL's text means; ``ValueError`` for anything that the form could not show."""
    choices = {"data": data, "net": ARCHITECTURES, "init": INITIALIZERS, "act": ACTIVATIONS, "opt": OPTIMIZERS}
    choices |= {"reg": REGULARIZERS}
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
    low, high = {"rate": (1e-9, 100.0), "penalty": (0.0, 10.0), "drop": (0.0, 0.99)}[name]
    if not (math.isfinite(value) and (low <= value <= high or (name == "drop" and value == AS_IT_IS))):
        raise ValueError(f"{name} must lie in [{low}, {high}]; got {value}")
    return value


def defaults(data: Sequence[str]) -> Values:
    """What stands in the form when nothing was chosen."""
    return {"data": data[0], **DEFAULTS}


def follow(data: Sequence[str]) -> None:
    """Give every widget its value, where it has none: that of the URL, or the default."""
    for name, default in defaults(data).items():
        if PREFIX + name not in st.session_state or (name == "data" and st.session_state[PREFIX + name] not in data):
            text = st.query_params.get(PREFIX + name)
            try:
                st.session_state[PREFIX + name] = default if text is None else parsed(name, text, data)
            except ValueError:
                st.session_state[PREFIX + name] = default


def chosen(data: Sequence[str]) -> Values:
    """What stands in the form."""
    return {name: st.session_state[PREFIX + name] for name in defaults(data)}


def tell() -> None:
    """Write into the URL what differs from the defaults."""
    data = available()
    for name, default in defaults(data).items():
        value = st.session_state.get(PREFIX + name, default)
        if value != default:
            st.query_params[PREFIX + name] = f"{value:g}" if isinstance(value, float) else str(value)
        elif PREFIX + name in st.query_params:
            del st.query_params[PREFIX + name]


def fill(values: Values) -> None:
    """Put these values into the form."""
    for name, value in values.items():
        st.session_state[PREFIX + name] = value
    tell()


def fill_from(stored: Mapping[str, RunSpec], key: str) -> None:
    """Put a stored run into the form: the one that the widget ``key`` names."""
    spec = stored.get(st.session_state.get(key) or "")
    if spec is not None:
        fewer = min(spec.training.epochs, MOST_EPOCHS)
        fill(values_of(dataclasses.replace(spec, training=dataclasses.replace(spec.training, epochs=fewer))))


# --- widgets ----------------------------------------------------------------------------------------------------------


def form(stored: Mapping[str, RunSpec]) -> RunSpec:
    """The whole form. stored: title -> a run that can be started from."""
    data = available()
    follow(data)
    with st.container(horizontal=True, key="live-presets"):
        for place, preset in enumerate(PRESETS):
            kept = {"data": st.session_state[PREFIX + "data"]}
            values = {**DEFAULTS, **kept, **preset.changes}
            st.button(preset.title, key=f"live-preset-{place}", help=preset.words, on_click=fill, args=(values,))
    if stored:
        st.selectbox(
            "Start from a stored run",
            list(stored),
            index=None,
            placeholder="None chosen",
            key="live-stored",
            on_change=fill_from,
            args=(stored, "live-stored"),
            help="Its settings are put into the form; change any of them before you start.",
        )
    lacking = [info.title for name, info in DATASETS.items() if len(info.classes) > 1 and name not in data]
    choice("data", "Data set", data, "Not on this machine: " + ", ".join(lacking) + "." if lacking else None)
    choice("net", "Network", list(ARCHITECTURES), "The reports' networks, and two of our own.")
    architecture = ARCHITECTURES[st.session_state[PREFIX + "net"]]
    left, right = st.columns(2)
    with left:
        choice("init", "First weights", list(INITIALIZERS), "What every kernel is drawn from. Biases begin at 0.")
        choice("opt", "Optimiser", list(OPTIMIZERS), "How a gradient becomes a step.")
        slide("batch", "Batch", BATCHES, "Pictures a step.")
        slide("pictures", "Pictures", PICTURES, "Of the training part, the same ones for a seed.", last=ALL)
        choice(
            "reg",
            "Regularisation",
            list(REGULARIZERS),
            "A penalty on the weights: their absolute values (L1) or squares (L2).",
            disabled=architecture.has_l1,
        )
    with right:
        choice("act", "Activation", list(ACTIVATIONS), "Of every hidden layer.")
        slide("rate", "Learning rate", RATES, "How far a step goes.")
        number("epochs", "Epochs", 1, MOST_EPOCHS, "Passes over the pictures.")
        number("seed", "Seed", 0, MOST_SEED, "Decides first weights, order and dropout: one seed, one run.")
        slide(
            "drop",
            "Dropout",
            DROPOUTS,
            "Share of units that are left out of a step. 'As it is' leaves the network its own rates.",
            disabled=not architecture.has_dropout,
        )
    if st.session_state[PREFIX + "reg"] != "none" or architecture.has_l1:
        slide("penalty", "Weight of the penalty", PENALTIES, "It multiplies the sum over all weights.")
    return spec_of(chosen(data))


def choice(name: str, label: str, options: list[str], words: str | None, *, disabled: bool = False) -> None:
    """One of many."""
    st.selectbox(label, options, format_func=titled(name), key=PREFIX + name, on_change=tell, help=words, disabled=disabled)


def slide(name: str, label: str, options: Sequence[Any], words: str, *, last: Any = None, disabled: bool = False) -> None:
    """One of a few numbers in their order, ``last`` at the end; a number from elsewhere takes its place among them."""
    every = sorted({*options, st.session_state[PREFIX + name]}, key=lambda value: (value == last, value))
    st.select_slider(label, every, format_func=titled(name), key=PREFIX + name, on_change=tell, help=words, disabled=disabled)


def number(name: str, label: str, low: int, high: int, words: str) -> None:
    """A whole number."""
    st.session_state[PREFIX + name] = min(max(st.session_state[PREFIX + name], low), high)
    st.number_input(label, low, high, step=1, key=PREFIX + name, on_change=tell, help=words)


def titled(name: str) -> Callable[[Any], str]:
    """``values_title`` of one widget."""
    return lambda value: values_title(name, value)
