"""The form of a training run: widgets -> a ``RunSpec``, every one of them kept in the URL; garbage there is ignored."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from core.classifiers.architectures import ARCHITECTURES
from core.datasets import DATASETS, is_available
from core.live_state import MOST_EPOCHS, shortened
from core.specs import ACTIVATIONS, INITIALIZERS, OPTIMIZERS, REGULARIZERS, RunSpec
from pages.parts import forms
from pages.parts.train_values import (
    ALL,
    AS_IT_IS,
    DEFAULTS,
    LABELS,
    MOST_SEED,
    NO_CLIP,
    PRECISION_TITLES,
    PRESETS,
    SCHEDULE_TITLES,
    Values,
    as_text,
    parsed,
    shortened_words,
    spec_of,
    values_of,
    values_title,
)

PREFIX = "live-"  # of every key here, in the URL too
FIRST_DATA = ("fashion-mnist", "clock-hours")
RATES = (0.0001, 0.0003, 0.0005, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
BATCHES = (8, 16, 32, 64, 128, 256, 512, 1024)
PICTURES = (500, 1000, 2000, 3000, 6000, 12_000, 24_000, ALL)
PENALTIES = (0.00001, 0.0001, 0.001, 0.01, 0.1)
DROPOUTS = (AS_IT_IS, 0.0, 0.1, 0.2, 0.25, 0.5, 0.75)
WARMUPS = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0)
DECAYS = (0.0, 0.0001, 0.001, 0.004, 0.01, 0.05, 0.1)
CLIPS = (NO_CLIP, 0.1, 0.5, 1.0, 5.0, 10.0)
AVERAGES = (0.0, 0.9, 0.99, 0.999, 0.9999)
OF_ITS_LENGTH = ("data", "net", "epochs", "pictures")  # fields that decide how long a run is
LEFT = "live-left-out"  # kept for the visitor: what was left out of the stored run in the form, and what stands in its place
FROM = "live-from"  # likewise: what the stored run in the form is called, and what stands there of it
STORED = "live-stored"  # the list of stored runs
MORE = ("sched", "warm", "decay", "clip", "ema", "prec")  # fields that few need


# --- the URL ----------------------------------------------------------------------------------------------------------


def available() -> list[str]:
    """Data sets with classes that are on this machine; those that the pages begin with come first."""
    there = [name for name, info in DATASETS.items() if len(info.classes) > 1 and is_available(name)]
    return sorted(there, key=lambda name: (name not in FIRST_DATA, there.index(name)))


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


def chosen(data: Sequence[str], state: Mapping[Any, Any]) -> Values:
    """What stands in the form; the defaults while it was not yet shown. state: of the session."""
    return {name: state.get(PREFIX + name, default) for name, default in defaults(data).items()}


def tell() -> None:
    """Write into the URL what differs from the defaults."""
    data = available()
    values = chosen(data, st.session_state)
    for name, default in defaults(data).items():
        if values[name] != default:
            st.query_params[PREFIX + name] = as_text(values[name])
        elif PREFIX + name in st.query_params:
            del st.query_params[PREFIX + name]


def fill(values: Values) -> None:
    """Put these values into the form."""
    for key in (LEFT, FROM):
        st.session_state.pop(key, None)
    st.session_state[STORED] = None
    for name, value in values.items():
        st.session_state[PREFIX + name] = value
    if values["data"] not in available():
        st.session_state["live-lacking"] = values["data"]
    tell()


def fill_from(stored: Mapping[str, RunSpec], key: str) -> None:
    """Put a stored run into the form: the one that the widget ``key`` names."""
    title = st.session_state.get(key) or ""
    if title in stored:
        begin_from(stored[title], title)
        st.session_state[key] = title


def begin_from(stored: RunSpec, title: str) -> None:
    """Put as much of a stored run into the form as a live run may be, and say which it is and what that leaves out."""
    here = shortened(stored)
    values = values_of(here)
    fill(values)
    st.session_state[LEFT] = (shortened_words(stored, here), values)
    st.session_state[FROM] = (title, values)


def left_out() -> str:
    """What the form leaves out of the stored run that it was filled from, until another length is chosen."""
    words, values = st.session_state.get(LEFT, ("", {}))
    same = all(st.session_state[PREFIX + name] == values[name] for name in OF_ITS_LENGTH if name in values)
    return words if same else ""


def begun_from() -> str:
    """What the stored run is called that stands in the form as it was put there; "" for none, and when it was changed."""
    title, values = st.session_state.get(FROM, ("", {}))
    return title if all(st.session_state.get(PREFIX + name) == value for name, value in values.items()) else ""


# --- widgets ----------------------------------------------------------------------------------------------------------


def presets() -> None:
    """Buttons that fill the form with settings to begin with; the data set stays."""
    follow(available())
    with st.container(horizontal=True, key="live-presets"):
        for place, preset in enumerate(PRESETS):
            kept = {"data": st.session_state[PREFIX + "data"]}
            values = {**DEFAULTS, **kept, **preset.changes}
            st.button(preset.title, key=f"live-preset-{place}", help=preset.words, on_click=fill, args=(values,))


def form(stored: Mapping[str, RunSpec]) -> RunSpec:
    """The fields. stored: title -> a run that can be started from."""
    data = available()
    follow(data)
    if stored:
        st.selectbox(
            "Start from a stored run",
            list(stored),
            index=None,
            placeholder=begun_from() or "None chosen",
            key=STORED,
            on_change=fill_from,
            args=(stored, STORED),
            help="Its settings are put into the form, with as many epochs as a live run may have; change any of them.",
        )
    lacking = [info.title for name, info in DATASETS.items() if len(info.classes) > 1 and name not in data]
    lost = st.session_state.pop("live-lacking", None)
    if lost:
        instead = DATASETS[st.session_state[PREFIX + "data"]].title
        forms.complain(
            f"{DATASETS[lost].title} is not on this machine, and {instead} stands in its place. {DATASETS[lost].remedy}"
        )
    if words := left_out():
        st.html(f'<p class="lo-hint" role="status">{escape(words)}</p>')
    choice("data", data, "Not on this machine: " + ", ".join(lacking) + "." if lacking else None)
    choice("net", list(ARCHITECTURES), "The reports' networks, and two of our own.")
    architecture = ARCHITECTURES[st.session_state[PREFIX + "net"]]
    left, right = st.columns(2)
    with left:
        choice("init", list(INITIALIZERS), "What every kernel is drawn from. Biases begin at 0.")
        choice("opt", list(OPTIMIZERS), "How a gradient becomes a step.")
        slide("batch", BATCHES, "Pictures a step.")
        slide("pictures", PICTURES, "Of the training part, the same ones for a seed.", last=ALL)
        choice(
            "reg",
            list(REGULARIZERS),
            "A penalty on the weights: their absolute values (L1) or squares (L2).",
            disabled=architecture.has_l1,
        )
    with right:
        choice("act", list(ACTIVATIONS), "Of every hidden layer.")
        slide("rate", RATES, "How far a step goes.")
        number("epochs", 1, MOST_EPOCHS, "Passes over the pictures.")
        number("seed", 0, MOST_SEED, "Decides first weights, order and dropout: one seed, one run.")
        slide(
            "drop",
            DROPOUTS,
            "Chance of each unit to be left out, drawn anew for every picture of a step. 'As it is' leaves the network its own "
            "rates.",
            disabled=not architecture.has_dropout,
        )
    if st.session_state[PREFIX + "reg"] != "none" or architecture.has_l1:
        slide("penalty", PENALTIES, "It multiplies the sum over all weights.")
    more()
    return spec_of(chosen(data, st.session_state))


def more() -> None:
    """Fields that few need, folded away while they stand at their defaults."""
    with st.expander("More", expanded=any(st.session_state[PREFIX + name] != DEFAULTS[name] for name in MORE)):
        choice("sched", list(SCHEDULE_TITLES), "What the rate does after the warm-up, if there is one.")
        slide("warm", WARMUPS, "Epochs in which the rate climbs to the learning rate; 0 begins with all of it.")
        slide("decay", DECAYS, "Share of the rate by which kernels shrink in every step.")
        slide("clip", CLIPS, "A gradient longer than this, over all weights together, is cut to it.")
        slide("ema", AVERAGES, "How much of the average so far each step keeps; validation uses it.")
        choice("prec", list(PRECISION_TITLES), "Of the calculation. Stored runs of CNNs used bfloat16.")


def choice(name: str, options: list[str], words: str | None, *, disabled: bool = False) -> None:
    """One of many."""
    st.selectbox(
        LABELS[name], options, format_func=titled(name), key=PREFIX + name, on_change=tell, help=words, disabled=disabled
    )


def slide(name: str, options: Sequence[Any], words: str, *, last: Any = None, disabled: bool = False) -> None:
    """One of a few numbers in their order, ``last`` at the end; a number from elsewhere takes its place among them."""
    chosen_now = st.session_state[PREFIX + name]
    every = sorted({*options, chosen_now}, key=lambda value: (value == last, value))
    st.select_slider(
        LABELS[name],
        every,
        chosen_now,  # told as its default too: a browser that misses the first drawing would else send back the first option
        format_func=titled(name),
        key=PREFIX + name,
        on_change=tell,
        help=words,
        disabled=disabled,
    )


def number(name: str, low: int, high: int, words: str) -> None:
    """A whole number."""
    st.session_state[PREFIX + name] = min(max(st.session_state[PREFIX + name], low), high)
    st.number_input(LABELS[name], low, high, step=1, key=PREFIX + name, on_change=tell, help=words)


def titled(name: str) -> Callable[[Any], str]:
    """``values_title`` of one widget."""
    return lambda value: values_title(name, value)
