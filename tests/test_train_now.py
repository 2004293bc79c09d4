"""The tab 'Train now' through Streamlit's own test runner, with a worker that needs no Keras."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from core import live_turns
from core.classifiers.architectures import outline
from core.live import LiveRuns
from core.live_state import LiveState, Samples
from core.specs import ClassifierSpec
from pages.parts import train_insides, train_lane, train_now, train_preview, train_values
from tests.fake_worker import SLOW_SEED
from tests.test_live import BERT, spec
from tests.train_page import SCRIPT, ended, fake_runs, html, page, press, shown, until

pytestmark = pytest.mark.usefixtures("fresh_caches")
KEYS = ("rewind", "pause", "resume", "step", "epoch", "stop", "end")
QUICK = {"live-epochs": "2", "live-batch": "10", "live-pictures": "40"}


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveRuns]:
    with fake_runs(monkeypatch) as there:
        yield there


def test_a_run_is_started_beside_the_words_that_say_what_it_is(runs: LiveRuns):
    running = page(**QUICK)
    assert "MLP 300-100 on" in html(running)
    assert len(shown(press(running, "Start"))) == 1
    assert "MLP 300-100 on" not in html(running)


def test_before_a_run_its_network_stands_there_layer_by_layer_with_figures_that_wait(runs: LiveRuns):
    running = page(**QUICK)
    text = html(running)
    assert '<th scope="row">dense</th><td>300</td><td>235,500</td>' in text  # 28 x 28 x 300 + 300
    assert '<th scope="row">all</th><td></td><td>266,610</td>' in text
    assert len(running.get("plotly_chart")) == 2
    assert "lo-outline" not in html(press(running, "Start"))


def test_a_link_to_a_run_that_is_gone_says_so_and_offers_another(runs: LiveRuns):
    running = page(**QUICK, run="nothing-here")
    assert "no longer there" in html(running)
    assert len(shown(press(running, "Start"))) == 1


# --- the form ---------------------------------------------------------------------------------------------------------


def test_the_tab_begins_with_a_small_network_and_says_what_to_do(runs: LiveRuns):
    running = page()
    assert train_now.QUIET in html(running)
    assert running.selectbox(key="live-data").value == "fashion-mnist"
    assert running.selectbox(key="live-net").value == "mlp-300-100"
    assert all(button.proto.help for button in running.button)
    assert next(button for button in running.button if button.label == "Race").disabled


def test_a_run_is_started_watched_and_still_there_after_a_reload(runs: LiveRuns):
    running = press(page(**QUICK), "Start")
    (run_id,) = shown(running)
    assert "Starting" in html(running)
    text = html(until(running, runs, ended))
    assert "Done" in text
    assert "2 of 2 epochs" in text
    assert "test part: 50&nbsp;% right, cross-entropy 0.5" in text
    assert "The first 4 filters" in text
    assert text.count('alt="Test picture') == 2
    charts = [json.loads(chart.proto.spec) for chart in running.get("plotly_chart")]
    assert len(charts) == 2
    assert charts[0]["data"][1]["x"] == [1, 2]
    assert all(len(chart.proto.alt) > 20 for chart in running.get("plotly_chart"))

    hand = running.query_params["hand"]
    again = page(run=run_id, hand=hand)  # a new session with the same URL
    assert "2 of 2 epochs" in html(again)
    before = runs.state(run_id)
    press(again, "Rewind")
    assert runs.state(run_id) is not before  # it began anew, and may have ended by now
    other = page(run=run_id)  # the link to watch
    assert "Someone else steers this run" in html(other)
    assert not [button for button in other.button if button.label == "Rewind"]
    link = running.code[0].value
    assert run_id in link
    assert (hand[0] if isinstance(hand, list) else hand) not in link


def test_a_run_is_stepped_and_stopped(runs: LiveRuns):
    running = page(**QUICK)
    running.toggle(key="live-hold").set_value(True).run()
    press(running, "Start")
    until(running, runs, lambda state: state.status == "paused")
    assert "Paused" in html(running)
    until(press(running, "One batch"), runs, lambda state: state.step == 1)
    assert "batch 1 of 4" in html(running)
    until(press(running, "One epoch"), runs, lambda state: state.epoch == 1)
    assert "1 of 2 epochs" in html(running)
    keys = {button.label: button.key for button in running.button}
    assert "Pause" not in keys
    assert keys["Go on"] == "live-resume-0"  # a click on Pause that comes twice must not go on
    until(press(running, "Stop"), runs, ended)
    assert "Stopped" in html(running)


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
    assert len(running.columns) == 2 + 2 + 2 + (2 if presenting else 0)  # page, form, runs; figures
    assert "lo-long" not in html(running)


def test_of_a_run_that_diverged_more_is_told_than_two_lines(runs: LiveRuns):
    told = "Diverged in batch 14 of epoch 1: the loss was no number any more. A rate below 10, or clipping, helps."
    state = LiveState("", spec(), "stopped", seconds=5, message=f"{told} Shown is the network before training.")
    assert len(train_lane.words(state)) > train_lane.TWO_LINES
    done = LiveState("", spec(), "done", epoch=5, seconds=338, test={"accuracy": 0.83, "cross_entropy": 0.517})
    assert len(train_lane.words(done)) <= train_lane.TWO_LINES


def test_in_presenter_mode_a_long_network_stands_in_two_tables_side_by_side():
    layers = outline(ClassifierSpec("cnn-chapter-14"))
    whole, halved = (train_preview.network(layers, halved=halved) for halved in (False, True))
    assert (whole.count("<table"), halved.count("<table")) == (1, 2)
    rows = [re.findall(r'<th scope="row">(.*?)</tr>', one) for one in (whole, halved)]
    assert rows[0] == rows[1]
    assert len(rows[0]) == len(layers) + 1  # their sum


def test_a_run_stopped_inside_an_epoch_keeps_its_batch_and_its_bar(runs: LiveRuns):
    running = page(**QUICK)
    running.toggle(key="live-hold").set_value(True).run()
    until(press(running, "Start"), runs, lambda state: state.status == "paused")
    for step in (1, 2, 3):
        until(press(running, "One batch"), runs, lambda state, step=step: state.step == step)
    text = html(until(press(running, "Stop"), runs, ended))
    assert "<b>Stopped</b> 0 of 2 epochs; batch 3 of 4; " in text
    assert 'style="width:37.5%"' in text.split("</div>")[0]  # 3 of 8 batches


def test_whoever_stops_sees_that_it_is_measured_and_may_do_without(runs: LiveRuns):
    running = press(page(**{**QUICK, "live-epochs": "50", "live-seed": str(SLOW_SEED)}), "Start")
    until(running, runs, lambda state: state.seconds_left is not None)
    press(running, "Stop")
    assert "<b>Measuring</b>" in html(running)
    assert "What it has learned is measured on the test part" in html(running)
    assert " left" not in re.sub(r"<[^>]*>", "", html(running).split("lo-meter")[0])
    enabled = {button.label for button in running.button if not button.disabled}
    assert not enabled & {"Pause", "Go on", "One batch", "One epoch", "Stop"}
    assert {"End now", "Rewind"} <= enabled
    # Keys of their own: a click on what stood there before must not do what stands there now.
    assert [button.key for button in running.button if button.label == "End now"] == ["live-end-0"]
    press(running, "End now")
    assert "<b>Stopped</b>" in html(running)


def test_two_runs_race_in_one_figure(runs: LiveRuns):
    running = press(page(**QUICK), "Start")
    running.select_slider(key="live-rate").set_value(0.1).run()
    press(running, "Race")
    assert len(shown(running)) == 2
    until(running, runs, ended)
    until(running, runs, ended, which=1)
    names = [trace["name"] for trace in json.loads(running.get("plotly_chart")[0].proto.spec)["data"]]
    assert names == [f"rate {rate}: {part}" for rate in ("0.001", "0.1") for part in ("training", "validation")]
    text = html(running)
    assert text.count("What the first layer looks for") == 2
    # Drawn as pictures, of which the page strips nothing: the second line is dashed.
    drawn = [
        base64.b64decode(found).decode()
        for found in re.findall(r'lo-swatch" alt="" src="data:image/svg.xml;base64,(.+?)"', text)
    ]
    assert len(drawn) == 2 * (3 + 2)  # at the run, its filters and the pictures' heading, and at each of two pictures
    assert len(set(drawn)) == 2
    assert "<svg" not in text
    # Both are shown the same pictures: these stand once, and what either takes them for beside them.
    assert (text.count(train_insides.BOTH_TAKE), text.count(train_insides.TAKES)) == (1, 0)
    assert text.count('alt="Test picture') == 2
    assert text.count('<ol aria-label="rate 0.001">') == text.count('<ol aria-label="rate 0.1">') == 2
    assert text.count("<i>shirt</i> <b>50 %</b>") == 4


def test_runs_on_two_data_sets_keep_their_own_pictures():
    images = np.zeros((2, 28, 28, 1), np.uint8)
    ours = Samples(np.array([3, 5]), images, np.array([0, 1]))
    here = LiveState("a", spec(dataset="fashion-mnist"), "running", samples=ours, classes=("shirt", "shoe"))
    waiting = replace(here, run_id="b", samples=None, classes=())
    elsewhere = replace(waiting, spec=spec(dataset="clock-hours"))
    changed = replace(here, run_id="c", samples=replace(ours, images=images + 1))
    assert train_insides.same_pictures([here, waiting])  # so that nothing changes its place when they come
    assert train_insides.same_pictures([waiting, waiting])
    assert not train_insides.same_pictures([here, elsewhere])
    assert not train_insides.same_pictures([here, changed])


def test_who_waits_sees_the_place(runs: LiveRuns):
    for _ in range(2):
        runs.submit(spec(50), BERT, paused=True)
    running = press(page(**QUICK), "Start")
    assert "place 1 in the queue" in html(running)
    press(running, "Stop")
    assert "Stopped before it began" in html(running)


def test_who_stands_still_sees_that_others_had_the_turn(runs: LiveRuns, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live_turns, "TURN_SECONDS", 0.0)
    running = page(**QUICK)
    running.toggle(key="live-hold").set_value(True).run()
    press(running, "Start")
    until(running, runs, lambda state: state.status == "paused")
    others = [runs.submit(spec(50, batch_size=1), BERT) for _ in range(2)]
    until(running, runs, lambda state: state.aside)
    assert "its turn was given to another" in html(running)
    press(running, "Go on")
    text = html(running)
    assert "place 1 in the queue: it goes on where it stood when its turn comes." in text
    assert train_lane.TURNS in text
    runs.stop(others[0], BERT, at_once=True)
    assert "2 of 2 epochs" in html(until(running, runs, ended))


def test_what_cannot_be_done_is_a_sentence(runs: LiveRuns):
    running = press(page(**QUICK | {"live-pictures": "0", "live-epochs": "12"}), "Start")
    assert re.search(r"at most 600,000 pictures .* take 11 epochs", html(running))
    running = press(page(**QUICK | {"live-rate": "10"}), "Start")
    assert "Training diverged" in html(until(running, runs, ended))
    assert "no longer there" in html(page(run="gone"))
    running = press(page(**QUICK | {"live-seed": "13"}), "Start")
    assert "The run ended with RuntimeError: out of luck." in html(until(running, runs, ended))


def test_a_new_start_ends_what_was_going(runs: LiveRuns):
    running = page(**QUICK)
    running.toggle(key="live-hold").set_value(True).run()
    (first,) = shown(press(running, "Start"))
    (second,) = shown(press(running, "Start"))
    assert first != second
    assert runs.state(first).status == "stopped"
    running.select_slider(key="live-pictures").set_value(train_values.ALL).run()
    running.number_input(key="live-epochs").set_value(50).run()
    press(running, "Start")  # too long: refused, and nothing is lost
    assert shown(running) == [second]
    assert not runs.state(second).ended
