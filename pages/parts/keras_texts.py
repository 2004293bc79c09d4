"""What is on screen as one would write it by hand: a run or a network as plain Keras, and how a picture is read."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.cards import ModelCard, RegistryError
from core.specs import ReaderSpec, ReportNetSpec, RunSpec, TrainSpec
from core.trials import StudyError

REPORTS = "core.clocks.report_networks.build_report_network"  # builds the reports' networks, as their cards name it
OURS = "core.clocks.networks.build_reader"  # likewise, our own readers
PLAIN = "In plain Keras"
HERE = "In Keras, to be run in this project's folder"  # it imports a layer and the losses from there
TEN_LINES = "A picture read in ten lines"
READ_A_PICTURE = """\
from core.clocks.reading import read_pictures
from core.images import open_picture

picture = open_picture("assets/samples/10_08-report.png")  # uint8 (height, width, 3)
[reading] = read_pictures([picture])  # by the best model that is stored
print(reading.time, "confidence", round(reading.confidence, 3))
for other in reading.candidates:
    print(other.time, "probability", round(other.probability, 3))
print("hour hand to", reading.hour_tip, "minute hand to", reading.minute_tip)
"""


def texts(page: str, tab: str, state: Mapping[Any, Any], models: Sequence[str] = ()) -> dict[str, str]:
    """Title -> text, what matters most first. tab: its title, "" for the first. models: ids of those chosen there."""
    if page == "":
        return {TEN_LINES: READ_A_PICTURE}
    if page == "tell_the_time":
        return of_models(models)
    if page == "compare_training" and tab in ("", "Train now"):
        return of_runs(live_runs(state) if tab else picked_runs(state))
    return {}


def of_models(ids: Sequence[str]) -> dict[str, str]:
    """The networks that read clocks among stored models; others, and what is not stored, are passed over."""
    from core.registry import load_card

    found = {}
    for model_id in ids:
        try:
            card = load_card(model_id)
            if card.network in (REPORTS, OURS):
                found[f"{PLAIN if card.network == REPORTS else HERE}: {card.title}"] = of_card(card)
        except (RegistryError, KeyError, TypeError, ValueError):  # not stored, or a card that says otherwise
            continue
    return found


def of_card(card: ModelCard) -> str:
    """A network that reads clocks as its card has it."""
    from core.clocks.keras_code import keras_code, reader_code

    if card.network == OURS:
        told = {name: tuple(value) if isinstance(value, list) else value for name, value in card.spec.items()}
        return reader_code(ReaderSpec(**told), TrainSpec.from_json(card.training))
    gamma = float(card.extra.get("gamma", 1.0))
    return keras_code(ReportNetSpec(**card.spec), TrainSpec.from_json(card.training), card.extra["loss"], gamma)


def of_runs(runs: Mapping[str, RunSpec]) -> dict[str, str]:
    """Runs of classifiers by title."""
    from core.classifiers.keras_code import keras_code

    return {title: keras_code(spec) for title, spec in runs.items()}


def live_runs(state: Mapping[Any, Any]) -> dict[str, RunSpec]:
    """The runs that *Train now* shows, and the settings in its form where these are of none of them."""
    from core.classifiers.architectures import ARCHITECTURES, check_network
    from pages.parts import train_form, train_now, train_values

    shown = [one.spec for one in train_now.known(state.get("live-shown") or []).values()]
    found = {f"{PLAIN}: {name}": spec for name, spec in zip(train_values.labels(shown), shown, strict=True)}
    data = train_form.available() or [train_form.FIRST_DATA[0]]
    try:
        spec = train_values.spec_of(train_form.chosen(data, state))
        check_network(spec.network)
    except ValueError:  # settings that contradict each other: the form says so
        return found
    if spec not in shown:
        title = "the settings in the form" if shown else ARCHITECTURES[spec.network.architecture].title
        found[f"{PLAIN}: {title}"] = spec
    return found


def picked_runs(state: Mapping[Any, Any]) -> dict[str, RunSpec]:
    """The run of a stored study that is looked at, and the one beside it."""
    from core.study_names import run_title
    from pages.parts import cached_studies

    try:
        study, rows = cached_studies.study(str(state.get("study")))
    except (StudyError, KeyError):
        return {}
    by_trial = {str(row["trial"]): row for row in rows}
    picked = [by_trial[name] for name in (state.get("pick"), state.get("beside")) if name in by_trial]
    return {f"{PLAIN}: {run_title(row, study.factors)}": study.trials[row["trial"]].run for row in picked}
