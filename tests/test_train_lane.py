"""The tab 'Train now' as it is shown to a hall: what a preset changed, buttons that cover nothing, figures side by side."""

import json

import pytest

from core.live import LiveRuns
from pages.parts import train_lane, train_now, train_values
from tests import test_train_now
from tests.test_train_now import QUICK, SCRIPT, ended, html, page, press, until

runs = test_train_now.runs  # its fixture
pytestmark = pytest.mark.usefixtures("fresh_caches")
KEYS = ("rewind", "pause", "resume", "step", "epoch", "stop", "end")


def test_a_preset_says_what_it_changes_beside_the_buttons_that_start_it(runs: LiveRuns):
    running = page(**QUICK)
    assert "Changed: Batch: 10; Epochs: 2; Pictures: 40." in html(running)
    press(running, "Start that dies: all zeros")
    assert "Changed: First weights: Zeros." in html(running)
    press(running, "A small MLP")
    assert "No setting is changed." in html(running)
    labels = [button.label for button in running.button]
    assert labels[: labels.index("Race") + 1] == [*(preset.title for preset in train_values.PRESETS), "Start", "Race"]


def test_the_buttons_of_a_run_are_explained_where_nothing_is_covered_and_only_rewind_outlives_it(runs: LiveRuns):
    running = page(**QUICK)
    running.toggle(key="live-hold").set_value(True).run()
    until(press(running, "Start"), runs, lambda state: state.status == "paused")

    def buttons() -> dict[str, str]:
        return {one.label: one.proto.help for one in running.button if one.key in [f"live-{key}-0" for key in KEYS]}

    assert buttons() == dict.fromkeys(("Rewind", "Go on", "One batch", "One epoch", "Stop"), "")
    assert all(f"<dt>{label}</dt>" in html(running) for label, _ in train_lane.BUTTONS.values())
    until(press(running, "Stop"), runs, ended)
    assert list(buttons()) == ["Rewind"]
    assert "<dt>Rewind</dt>" not in html(running)


@pytest.mark.parametrize("presenting", [False, True])
def test_in_presenter_mode_the_runs_are_the_legend_of_two_figures_side_by_side(runs: LiveRuns, presenting: bool):
    running = page(f"import streamlit as st\nst.session_state['presenting'] = {presenting}\n{SCRIPT}", **QUICK)
    until(press(running, "Start"), runs, ended)
    until(press(running, "Race"), runs, ended, which=1)
    charts = [json.loads(chart.proto.spec) for chart in running.get("plotly_chart")]
    assert [chart["layout"].get("showlegend", True) for chart in charts] == [not presenting] * 2
    assert (train_now.LINES in html(running)) is presenting
    assert len(running.columns) == 2 + 2 + (4 if presenting else 0)  # page and form; runs and figures
