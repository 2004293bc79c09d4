"""One live run above its curves: its name, how far it is, and the buttons that hold it, step it, end it or begin it anew."""

import time
from html import escape

import streamlit as st

from core import live_figures
from core.datasets import DATASETS
from core.live_state import PAUSE_MINUTES, TURN_SECONDS, LiveError, LiveState
from core.written import three_digits
from pages.parts import cached, forms, steering, views
from pages.parts.model_cards import swatch

PATIENCE_SECONDS = 0.5  # that a button waits for what it does to be seen
TWO_LINES = 110  # letters about a run that fill two lines while two runs race in presenter mode
REFUSED = "live-refused"  # in the session: why the last command was refused
STATUS = {
    "queued": "Waiting",
    "starting": "Starting",
    "running": "Training",
    "paused": "Paused",
    "measuring": "Measuring",
    "done": "Done",
    "stopped": "Stopped",
    "failed": "Failed",
}
TURNS = (
    f"Two runs train at once. One that stands still for {TURN_SECONDS:g} seconds while others wait gives its turn away, keeps "
    "what it has learned, and is the next to go on when it is asked to."
)
BUTTONS = {  # command -> its button, and what that does
    "rewind": ("Rewind", "Begin anew with the same seed: the same run again."),
    "pause": ("Pause", f"Stand still after the batch under way, for {PAUSE_MINUTES:g} minutes at most. {TURNS}"),
    "resume": ("Go on", "Train on without stopping."),
    "step": ("One batch", "Train on one batch, then stand still."),
    "step_epoch": ("One epoch", "Train to the end of the epoch, then stand still."),
    "stop": ("Stop", "End the run here, and measure it on the test part."),
    "end": ("End now", "Do without the figures of the test part."),
}


def lane(place: int, run_id: str, state: LiveState, name: str) -> None:
    """One run: how far it is, and its buttons."""
    told = words(state)
    unbroken = escape(told).replace(" %", "&nbsp;%")  # a line may end anywhere but there
    st.html(
        f'<div class="lo-lane{" lo-long" if len(told) > TWO_LINES else ""}">'
        f'<h2 class="lo-caption">{swatch(live_figures.LOOKS[place])}{escape(name)}</h2>'
        f'<p role="status"><b>{STATUS[state.status]}</b> {unbroken}</p>{views.meter(state.share)}</div>'
    )
    if not cached.live_runs().owns(run_id, steering.owner()):
        st.html('<p class="lo-hint">Someone else steers this run; you watch.</p>')
        return
    going, paused, measured = state.status in ("running", "paused"), state.status == "paused", state.status == "measuring"
    enabled = {"rewind": going or measured or state.ended}  # it comes first: its place is the same when it is left alone
    if not state.ended:
        enabled |= {"resume" if paused else "pause": going, "step": going, "step_epoch": going}
        enabled |= {"end" if measured else "stop": True}
    with st.container(horizontal=True, key=f"live-buttons-{place}"):
        for command, can in enabled.items():
            # Each command has a key of its own: a click that reached the server twice would otherwise go on what it has
            # just held. None has a tooltip: it would cover the line above, which says how far the run is.
            key = f"live-{command.removeprefix('step_')}-{place}"
            st.button(BUTTONS[command][0], key=key, disabled=not can, on_click=steer, args=(run_id, command))


def steered(state: LiveState) -> bool:
    """Whether there are buttons to explain: a run that goes on, and is this visitor's."""
    return not state.ended and cached.live_runs().owns(state.run_id, steering.owner())


def explained() -> None:
    """What each button does, for whoever asks."""
    with st.popover("What the buttons do", type="tertiary"):
        told = "".join(f"<dt>{escape(label)}</dt><dd>{escape(what)}</dd>" for label, what in BUTTONS.values())
        st.html(f'<dl class="lo-buttons">{told}</dl>')


def words(state: LiveState) -> str:
    """Where a run stands, beside its status."""
    if state.status == "queued":
        goes_on = "goes on where it stood" if state.aside else "begins"
        return f"place {state.place} in the queue: it {goes_on} when its turn comes. {TURNS}"
    if state.status == "starting":
        return preparing(state)
    told = [f"{state.epoch} of {state.epochs} epochs"]
    if state.steps and state.step:  # after Stop too: what it learned in a part of an epoch is measured
        told.append(f"batch {state.step} of {state.steps}")
    if state.seconds:
        told.append(f"{duration(state.seconds)} of training")
    if state.status == "running" and not state.history and not state.step:
        told.append("the first batch takes longest")
    if state.seconds_left and not state.ended:
        told.append(f"about {duration(state.seconds_left)} left")
    if state.test:
        told.append(
            f"test part: {views.share(state.test['accuracy'])} right, cross-entropy {three_digits(state.test['cross_entropy'])}"
        )
    if state.aside:
        told.append("its turn was given to another, and it goes on as the next one as soon as it is asked to")
    return "; ".join(told) + "." + (f" {forms.sentence(ValueError(state.message))}" if state.message else "")


def preparing(state: LiveState) -> str:
    """What goes on before the first batch, how far it is, and for how long it has gone on."""
    if state.has_data:
        told = ["the pictures are there; Keras is loaded and the network built"]
    else:
        told = [f"a process of its own begins, and reads {DATASETS[state.spec.dataset].title}"]
        if state.to_prepare:
            told = [
                f"{state.prepared:,} of {state.to_prepare:,} pictures of {DATASETS[state.spec.dataset].title} are read or drawn"
            ]
        if state.seconds_left:
            told.append(f"about {duration(state.seconds_left)} left")
    if state.since is not None:
        told.append(f"{duration(time.monotonic() - state.since)} since the start")
    kept = " They are kept: the next run has them at once." if state.to_prepare else ""
    return "; ".join(told) + "." + kept


def duration(seconds: float) -> str:
    """Seconds as they are read: '8 s', '2 min 05 s'."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


def steer(run_id: str, command: str) -> None:
    """One of the buttons beneath a run; returns when it shows, or soon."""
    runs = cached.live_runs()
    try:
        before = runs.state(run_id)
        getattr(runs, command)(run_id, steering.owner())
        runs.wait(before, PATIENCE_SECONDS)
    except LiveError as error:
        st.session_state[REFUSED] = forms.sentence(error)
