"""The tab 'Train now': start a run with the form, watch it learn, hold it, step through it, race two."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlencode

import streamlit as st

from core import live_figures
from core.classifiers.architectures import ARCHITECTURES
from core.datasets import DATASETS
from core.live_state import LiveError, LiveState, check_live
from core.specs import RunSpec
from core.written import three_digits
from pages.parts import (
    cached,
    forms,
    share,
    shell,
    steering,
    theme,
    train_form,
    train_insides,
    train_lane,
    train_preview,
    train_values,
    views,
)
from pages.parts.mounting import component

POLL_SECONDS = 1.0
MOST_SHOWN = 2
RUN = "run"  # in the URL: the runs shown
LOSSES = {"cross_entropy": "Cross-entropy", "loss": "With the weights' penalty"}
LINES = "Thin: training. Thick: validation."
QUIET = "Curves, filters and predictions appear here while the network learns."
RACE_HELP = "Train them beside the first run shown: the second one's lines are dashed."
START_HELP = "What is shown makes room; your runs that still train are stopped."
# Between a figure and the next one there is no empty moment.
_afterimage = component("afterimage", html='<i hidden aria-hidden="true"></i>', css="")


def show(stored: Mapping[str, RunSpec] | None = None) -> None:
    """The whole tab. stored: title -> a finished run whose settings can be started from."""
    st.html(shell.WEB / "live.css")
    with st.container(key="train-now"):
        left, right = st.columns([3, 7], gap="medium") if theme.large() else st.columns([1, 2], gap="large")
        with left:
            spec = start_form(stored or {})
        with right:
            shown = runs_shown()
            if not known(shown):
                outlook(spec)
            going = any(not state.ended for state in known(shown).values())
            # A fragment looks again every second while there is something to see, and leaves the rest of the page alone.
            st.fragment(run_every=POLL_SECONDS if going else None)(panel)(shown, going)


# --- who and what -----------------------------------------------------------------------------------------------------


def runs_shown() -> list[str]:
    """Ids of the runs on the page: the URL's; after another page was shown, which empties the URL, the same as before."""
    told = [one for one in st.query_params.get_all(RUN) if re.fullmatch(r"[\w-]{1,32}", one, re.ASCII)]
    if not told and st.session_state.get("live-shown"):
        show_runs(st.session_state["live-shown"])
        told = st.session_state["live-shown"]
    st.session_state["live-shown"] = list(dict.fromkeys(told))[:MOST_SHOWN]
    return st.session_state["live-shown"]


def show_runs(ids: Sequence[str]) -> None:
    """Put runs on the page and into the URL, with the secret that steers them if they are this visitor's."""
    st.session_state["live-shown"] = list(ids)
    st.query_params[RUN] = list(ids)
    if any(cached.live_runs().owns(run_id, steering.owner()) for run_id in ids):
        st.query_params[share.HAND] = steering.owner()


def known(ids: Sequence[str]) -> dict[str, LiveState]:
    """The states of those runs that there are."""
    states = {}
    for run_id in ids:
        try:
            states[run_id] = cached.live_runs().state(run_id)
        except LiveError:
            continue
    return states


# --- starting ---------------------------------------------------------------------------------------------------------


def outlook(spec: RunSpec) -> None:
    """What the settings on the left come to."""
    network, data = ARCHITECTURES[spec.network.architecture].title, DATASETS[spec.dataset].title
    pictures = f"{spec.pictures:,} pictures" if spec.pictures else "all pictures"
    epochs = f"{spec.training.epochs} epochs" if spec.training.epochs > 1 else "one epoch"
    st.html(f'<p class="lo-quiet">{escape(network)} on {escape(data)}: {epochs} of {pictures}. {QUIET}</p>')
    train_preview.show(spec)


def start_form(stored: Mapping[str, RunSpec]) -> RunSpec:
    """The form, and what starts it; returns the run that it describes."""
    shown = list(known(runs_shown()))
    with st.container(key="live-begin"):
        train_form.presets()
        above = st.container()  # in sight when a preset is chosen, which the fields below, and what they come to, are not
    spec = train_form.form(stored)
    with above:
        with st.container(horizontal=True, vertical_alignment="center", key="live-start"):
            st.button("Start", type="primary", on_click=start, args=(spec, []), help=quiet(START_HELP))
            st.button(
                "Race",
                on_click=start,
                args=(spec, shown[:1]),
                disabled=not shown,
                help=quiet(RACE_HELP),
            )
            st.toggle("Begin paused", key="live-hold", help="Stand still before the first step, to go on batch by batch.")
        st.html(f'<p class="lo-hint" role="status">{escape(train_values.changes_words(train_values.values_of(spec)))}</p>')
        refusal()
    with st.popover("A link to watch", disabled=not shown):
        st.html('<p class="lo-hint">Whoever has this link sees the run; it is steered in your own browser alone.</p>')
        told = link()
        st.code(told.url, language=None, wrap_lines=True)
        if told.notes:
            st.html("".join(f'<p class="lo-hint">{escape(note)}</p>' for note in told.notes))
    return spec


def quiet(words: str) -> str | None:
    """What a tooltip says; none in presenter mode, where the pointer rests on the button, and much would be covered."""
    return None if theme.large() else words


def refusal() -> None:
    """Why the last start was refused, said once."""
    problem = st.session_state.pop("live-problem", None)
    if problem:
        forms.complain(problem)


def link() -> share.Link:
    """This page as others may see it, without the secret; its query alone where the browser has not said where it is."""
    told = share.here(st.session_state, st.context.url)
    return told or share.Link(f"?{urlencode(share.params())}")


def start(spec: RunSpec, beside: list[str]) -> None:
    """Start a run next to those in ``beside``; what else this visitor has going makes room."""
    runs = cached.live_runs()
    try:
        check_live(spec)  # before anything makes room for it
        for other in runs.going(steering.owner()):
            if other not in beside:
                runs.stop(other, steering.owner(), at_once=True)
        show_runs([*beside, runs.submit(spec, steering.owner(), paused=bool(st.session_state.get("live-hold")))])
        if not theme.large():  # there it is in sight, and the bar would be covered
            st.toast("It starts: its curves are drawn in a moment.")  # on a phone they stand below the button
    except ValueError as error:  # limits, and settings that contradict each other
        st.session_state["live-problem"] = forms.sentence(error)


# --- watching ---------------------------------------------------------------------------------------------------------


def panel(shown: list[str], polled: bool) -> None:
    """All that is seen of the runs. polled: whether it is drawn again every second; the page changes that when it must."""
    states = known(shown)
    if polled != any(not state.ended for state in states.values()):
        st.rerun()
    if len(states) < len(shown):
        forms.complain(
            "A run of this link is no longer there: ended ones are forgotten after an hour, and all of them when the server "
            "starts anew."
        )
    refused = st.session_state.pop(train_lane.REFUSED, None)
    if refused:
        forms.complain(refused)
    if not states:
        return
    names = train_values.labels([state.spec for state in states.values()])
    with st.container(key=f"live-lanes-{len(states)}"):
        places = st.columns(len(states), gap="medium")
        for place, (run_id, state) in enumerate(states.items()):
            with places[place]:
                train_lane.lane(place, run_id, state, names[place])
    named = dict(zip(names, states.values(), strict=True))
    with st.container(key=f"live-curves-{len(states)}"):
        curves(named, steered=any(train_lane.steered(state) for state in states.values()))
    train_insides.show(named)


def curves(runs: Mapping[str, LiveState], *, steered: bool) -> None:
    """Loss and accuracy of training and validation, all runs in one figure each. steered: whether a run here has buttons.

    In presenter mode the two stand side by side, as tall as the window leaves room for beneath the runs, whose names there
    are the legend.
    """
    penalty = any(penalised(state.spec) for state in runs.values())
    with st.container(horizontal=True, vertical_alignment="center"):
        loss = forms.one_of("Loss", LOSSES, "live-loss", label_visibility="collapsed") if penalty else "cross_entropy"
        log = st.toggle(
            "Logarithmic loss", key="live-log", bind="query-params", help="Show losses by their order of magnitude."
        )
        if theme.large():
            st.html(f'<p class="lo-hint">{LINES}</p>')
        if steered:
            train_lane.explained()
    dark = theme.dark()
    columns = st.columns(2, gap="small") if theme.large() else [st.container(), st.container()]
    for column, (measure, place) in zip(columns, ((loss, "loss"), ("accuracy", "accuracy")), strict=True):
        told = "; ".join(f"{name}: {last(state, measure)}" for name, state in runs.items())
        drawing = live_figures.live_curves(runs, measure, log=log and place == "loss", dark=dark)
        if theme.large():
            drawing.update_layout(showlegend=False, margin_t=12)
        words = f"{live_figures.MEASURES[measure].capitalize()} over the epochs. {told}"
        with column:
            views.chart(drawing, f"live-chart-{place}", words, fits=True)
    _afterimage(key="afterimage")


def penalised(spec: RunSpec) -> bool:
    """Whether a run's loss holds a penalty on the weights."""
    return spec.network.regularizer != "none" or ARCHITECTURES[spec.network.architecture].has_l1


def last(state: LiveState, measure: str) -> str:
    """The newest validation value in words."""
    if not state.history:
        return "no epoch is done yet"
    row = state.history[-1]
    return f"{three_digits(row[f'val_{measure}'])} in validation after epoch {row['epoch']}"
