"""The Keras code that made what one sees: what is on screen as plain Keras, then a declared list of functions of ``core``."""

import ast
import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from core import paths
from core.registry import RegistryError, load_card
from pages.parts import keras_texts, theme

# Page in the URL, then title of its tab ("" for any) -> dotted names, what matters most first.
DECLARED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "": {"": ("core.clocks.reading.read_pictures", "core.registry.load_trained", "core.clocks.networks.build_reader")},
    "tell_the_time": {
        "": (
            "core.clocks.reading.read_pictures",
            "core.clocks.reading.decode",
            "core.clocks.losses.reader_losses",
            "core.clocks.doubts.all_doubts",
            "core.images.adjust_gamma",
        ),
        "Compare the models": (
            "core.clocks.report_networks.build_report_network",
            "core.clocks.networks.build_reader",
            "core.clocks.measures.error_figures",
            "core.clocks.time.common_sense_error_minutes",
            "core.reliability_figures.reliability",
        ),
        "Common sense": (
            "core.clocks.time.common_sense_error_minutes",
            "core.clocks.losses.custom_mae_as_published",
            "core.clocks.losses.custom_mae_corrected",
            "core.clocks.losses.minutes_apart",
        ),
    },
    "compare_training": {
        "": (
            "core.classifiers.networks.build_classifier",
            "core.classifiers.runs.run",
            "core.study_effects.main_effects",
            "core.study_effects.factor_importance",
        ),
        "Train now": (
            "core.classifiers.networks.build_classifier",
            "core.training.train",
            "core.classifiers.runs.losses",
            "core.optimizers.make_optimizer",
        ),
        "Pictures": ("core.datasets.load_dataset",),
    },
    "latent_space": {
        "": (
            "core.generators.vae.build_vae",
            "core.generators.losses.divergence",
            "core.generators.networks.build_decoder",
            "core.generators.latent.between",
        ),
        "Mixing desk": ("core.generators.atlas.make_desk", "core.generators.networks.build_decoder"),
        "Map": ("core.generators.atlas.make_plane", "core.generators.vae.build_vae", "core.generators.losses.divergence"),
        "How they learned": (
            "core.generators.vae.build_vae",
            "core.generators.gan.build_gan",
            "core.generators.losses.reconstruction_squared",
            "core.generators.losses.divergence",
            "core.generators.losses.discriminator_loss",
        ),
    },
    "reports": {"": ("core.comparison.published_and_ours", "core.study_effects.beside_published", "core.training.train")},
}
TABS = {"tell_the_time": "tab", "compare_training": "part", "latent_space": "view"}  # page -> its tabs' name in the URL
MODELS = {  # page, then title of its tab as in DECLARED -> where the chosen models are named
    "tell_the_time": {"": "model", "Compare the models": "show"},
    "latent_space": {"": "walkers"},
}
WRITTEN, RUNS = "Written from what is on screen.", "It runs from the repository's root."
BEHIND = "The project's own functions behind it follow in the list."
OURS = "core."  # a card names the function that built its network; only functions of ours are looked up


@dataclass(frozen=True)
class Source:
    """A function as it stands: its dotted name, its file within the repository, its first line, its text."""

    name: str
    file: str
    line: int
    text: str


def names_for(page: str, state: Mapping[Any, Any]) -> list[str]:
    """Dotted names of what made what one sees: what built the chosen models' networks first, then what is declared."""
    tab = open_tab(page, state)
    return list(dict.fromkeys([*builders(chosen_models(page, tab, state)), *DECLARED.get(page, DECLARED[""])[tab]]))


def open_tab(page: str, state: Mapping[Any, Any]) -> str:
    """The title of the open tab where functions are declared for it, else "".

    Pages without tabs or models name no state; Streamlit's has no entry without a name, and says so with an error.
    """
    tab = state.get(TABS[page]) if page in TABS else ""
    return tab if isinstance(tab, str) and tab in DECLARED.get(page, {}) else ""


def chosen_models(page: str, tab: str, state: Mapping[Any, Any]) -> list[str]:
    """Ids of the models chosen there."""
    named = MODELS.get(page, {}).get(tab)
    return [str(one) for one in state.get(named) or ()] if named else []


def builders(model_ids: list[str]) -> list[str]:
    """The functions that built the networks of stored models, by their cards; what is not stored is passed over."""
    found = []
    for model_id in model_ids:
        try:
            card = load_card(model_id)
        except RegistryError:
            continue
        if card.network.startswith(OURS):
            found.append(card.network)
    return found


def source_of(name: str) -> Source:
    """The text of a function of ours. ``LookupError`` where there is no such function."""
    room, _, function = name.rpartition(".")
    try:
        if not name.startswith(OURS):
            raise LookupError(f"only functions of {OURS.rstrip('.')} are shown; got {name[:80]!r}")
        found = inspect.unwrap(getattr(importlib.import_module(room), function))
        if not (inspect.isfunction(found) or inspect.isclass(found)) or not found.__module__.startswith(OURS):
            raise LookupError(f"{name[:80]} is no function of ours")
        lines, first = inspect.getsourcelines(found)
        file = Path(inspect.getsourcefile(found) or "")
    except (ImportError, AttributeError, OSError, TypeError, ValueError) as error:
        raise LookupError(f"the source of {name[:80]} cannot be shown: {error}") from error
    return Source(name, file.relative_to(paths.ROOT).as_posix(), first, "".join(lines))


def title(name: str) -> str:
    """How a function is offered: its name, and its room."""
    room, _, function = name.rpartition(".")
    return f"{function}  ·  {room.removeprefix(OURS)}"


def brief(text: str) -> str:
    """A function's text with the first line of its docstring alone, for the hall: what follows is for those who read on."""
    whole = ast.parse(text).body[0]
    if not isinstance(whole, ast.FunctionDef | ast.ClassDef) or not ast.get_docstring(whole):
        return text
    said = whole.body[0]
    lines = text.splitlines(keepends=True)
    first, last = said.lineno - 1, said.end_lineno or said.lineno
    return text if last - first == 1 else "".join([*lines[:first], f'{lines[first].rstrip()}"""\n', *lines[last:]])


@st.dialog("The code that made what you see", width="large")
def show(page: str) -> None:
    """One text or function at a time, the others a choice away."""
    state = st.session_state
    tab = open_tab(page, state)
    written = keras_texts.texts(page, tab, state, chosen_models(page, tab, state))
    titles = {**dict.fromkeys(written), **{name: title(name) for name in names_for(page, state)}}
    name = st.selectbox("Code", list(titles), format_func=lambda one: titles.get(one) or one, key="source-of")
    name = name or next(iter(titles))
    if name in written:
        st.code(written[name], language="python", wrap_lines=True)
        st.html(f'<p class="lo-hint">{WRITTEN if page else RUNS} {BEHIND}</p>')
        return
    try:
        with st.spinner("Looking the function up: the first time this loads its libraries"):
            source = source_of(name)
    except LookupError as error:
        text = str(error)
        st.html(f'<p class="lo-problem" role="alert">{escape(text[:1].upper() + text[1:])}.</p>')
        return
    shown = brief(source.text) if theme.large() else source.text
    as_is = "It runs as it stands here." if shown == source.text else "Its docstring goes on there; the rest runs as it stands."
    st.code(shown, language="python", wrap_lines=True)
    st.html(f'<p class="lo-hint">{escape(source.file)}, from line {source.line}. {as_is}</p>')
