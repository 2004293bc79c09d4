"""The tab 'Train now' through Streamlit's own test runner, with a worker that needs no Keras."""

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import live_turns
from core.datasets import DATASETS
from core.live import LiveRuns
from core.live_state import LiveState, Samples
from core.specs import ClassifierSpec
from pages.parts import cached, train_form, train_insides, train_lane, train_now, train_values, views
from tests.fake_worker import SLOW_SEED
from tests.test_live import BERT, FAKE, spec

pytestmark = pytest.mark.usefixtures("fresh_caches")
PATIENCE = 60.0
SCRIPT = "from pages.parts import train_now\ntrain_now.show()"
QUICK = {"live-epochs": "2", "live-batch": "10", "live-pictures": "40"}


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveRuns]:
    there = LiveRuns(worker=FAKE)
    monkeypatch.setattr(cached, "live_runs", lambda: there)
    monkeypatch.setattr(train_form, "is_available", lambda name: name in ("clock-hours", "fashion-mnist"))
    yield there
    there.close()


def page(script: str = SCRIPT, **params: str | list[str]) -> AppTest:
    running = AppTest.from_string(script, default_timeout=60)
    for name, value in params.items():
        running.query_params[name] = value
    running.run()
    assert not running.exception
    return running


def html(running: AppTest) -> str:
    return "\n".join(part.proto.body for part in running.get("html") if "<style>" not in part.proto.body)


def press(running: AppTest, label: str, which: int = 0) -> AppTest:
    [button for button in running.button if button.label == label][which].click().run()
    assert not running.exception
    return running


def shown(running: AppTest) -> list[str]:
    return list(running.session_state["live-shown"])


def until(running: AppTest, runs: LiveRuns, reached: Callable[[LiveState], bool], which: int = 0) -> AppTest:
    end, state = time.monotonic() + PATIENCE, runs.state(shown(running)[which])
    while not reached(state):
        assert time.monotonic() < end, (state.status, state.message)
        state = runs.wait(state, 0.2)
    running.run()
    assert not running.exception
    return running


def ended(state: LiveState) -> bool:
    return state.ended


def test_a_run_is_started_beside_the_words_that_say_what_it_is(runs: LiveRuns):
    running = page(**QUICK)
    assert "MLP 300-100 on" in html(running)
    assert len(shown(press(running, train_now.BEGIN))) == 1
    assert train_now.BEGIN not in [button.label for button in running.button]


def test_before_a_run_its_network_stands_there_layer_by_layer_with_figures_that_wait(runs: LiveRuns):
    running = page(**QUICK)
    text = html(running)
    assert '<th scope="row">dense</th><td>300</td><td>235,500</td>' in text  # 28 x 28 x 300 + 300
    assert '<th scope="row">all</th><td></td><td>266,610</td>' in text
    assert len(running.get("plotly_chart")) == 2
    assert "lo-outline" not in html(press(running, train_now.BEGIN))


def test_a_link_to_a_run_that_is_gone_says_so_and_offers_another(runs: LiveRuns):
    running = page(**QUICK, run="nothing-here")
    assert "no longer there" in html(running)
    assert len(shown(press(running, train_now.BEGIN))) == 1


# --- the form ---------------------------------------------------------------------------------------------------------


def test_the_tab_begins_with_a_small_network_and_says_what_to_do(runs: LiveRuns):
    running = page()
    assert train_now.QUIET in html(running)
    assert running.selectbox(key="live-data").value == "fashion-mnist"
    assert running.selectbox(key="live-net").value == "mlp-300-100"
    assert all(button.proto.help for button in running.button)
    assert next(button for button in running.button if button.label == "Race").disabled


def test_without_downloads_it_offers_what_it_draws_itself(runs: LiveRuns, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(train_form, "is_available", lambda name: name == "clock-hours")
    running = page()
    assert running.selectbox(key="live-data").options == [DATASETS["clock-hours"].title]
    assert "Not on this machine: " in running.selectbox(key="live-data").proto.help


@pytest.mark.parametrize("preset", train_values.PRESETS, ids=lambda preset: preset.title)
def test_presets_fill_the_form(runs: LiveRuns, preset: train_values.Preset):
    running = press(page(**{"live-rate": "0.3", "live-init": "ones"}), preset.title)
    values = {name: running.session_state[train_form.PREFIX + name] for name in train_values.DEFAULTS}
    assert values == {**train_values.DEFAULTS, **preset.changes}


def test_a_link_restores_the_form_and_garbage_is_ignored(runs: LiveRuns):
    running = page(**{"live-net": "mlp-300", "live-rate": "0.02", "live-batch": "100", "live-seed": "7", "live-act": "tanh"})
    assert running.select_slider(key="live-rate").value == 0.02
    assert running.select_slider(key="live-batch").value == 100
    assert running.number_input(key="live-seed").value == 7
    running.select_slider(key="live-rate").set_value(0.1).run()
    assert running.query_params["live-rate"] in ("0.1", ["0.1"])
    names = (*train_values.DEFAULTS, "data", "loss", "log")
    for value in ("", "<script>alert(1)</script>", "nan", "-5", "9" * 3000):
        running = page(**{f"live-{name}": value for name in names})
        assert "<script" not in html(running)
        assert running.number_input(key="live-epochs").value == 5
    assert "<script" not in html(page(run=["<script>", "x" * 500], hand="'; drop"))


def test_a_stored_run_is_a_start(runs: LiveRuns):
    stored = "from pages.parts import train_now\nfrom tests.test_live import spec\ntrain_now.show({'Best': spec(30, seed=5)})"
    running = page(stored)
    running.selectbox(key="live-stored").set_value("Best").run()
    assert not running.exception
    assert (running.number_input(key="live-seed").value, running.number_input(key="live-epochs").value) == (5, 30)
    assert running.selectbox(key="live-net").value == "mlp-300"
    assert not running.expander[0].proto.expanded


def test_a_stored_run_that_is_too_long_starts_with_the_epochs_that_fit(runs: LiveRuns):
    long = "spec(20, dataset='fashion-mnist', pictures=None, batch_size=40)"
    running = page(f"from pages.parts import train_now\nfrom tests.test_live import spec\ntrain_now.show({{'Best': {long}}})")
    running.selectbox(key="live-stored").set_value("Best").run()
    assert not running.exception
    assert "The stored run had 20 epochs of 54,000 pictures; 11 of 54,000 fit here, since a live run has at most" in html(
        running
    )
    assert running.number_input(key="live-epochs").value == 11
    assert running.select_slider(key="live-pictures").value == train_values.ALL
    press(running, "Start")
    assert until(running, runs, ended).query_params["live-epochs"] in ("11", ["11"])
    assert runs.state(shown(running)[0]).epoch == 11
    running.number_input(key="live-epochs").set_value(4).run()  # another length: the sentence has done its work
    assert "The stored run had" not in html(running)


def test_a_stored_run_in_the_form_is_named_until_it_is_changed(runs: LiveRuns):
    script = (
        "from pages.parts import train_form, train_now\nfrom tests.test_live import spec\nimport streamlit as st\n"
        "st.button('Take', on_click=train_form.begin_from, args=(spec(3), 'A5, mlp-forms · 52: Adam'))\n"
        "train_now.show({'one': spec(2)})"
    )
    running = page(script)
    assert running.selectbox(key="live-stored").placeholder == "None chosen"
    press(running, "Take")
    assert (running.selectbox(key="live-stored").value, running.selectbox(key="live-stored").placeholder) == (
        None,
        "A5, mlp-forms · 52: Adam",
    )
    running.number_input(key="live-epochs").set_value(4).run()
    assert running.selectbox(key="live-stored").placeholder == "None chosen"
    running.selectbox(key="live-stored").select("one").run()
    assert (running.selectbox(key="live-stored").value, running.number_input(key="live-epochs").value) == ("one", 2)
    press(running, "A small MLP")
    assert running.selectbox(key="live-stored").value is None


def test_a_loss_with_a_penalty_is_offered_to_runs_that_have_one(runs: LiveRuns):
    until(running := press(page(**QUICK), "Start"), runs, ended)
    assert not [one for one in running.segmented_control if one.key == "live-loss"]
    until(running := press(page(**QUICK, **{"live-reg": "l2"}), "Start"), runs, ended)
    assert [one.options for one in running.segmented_control if one.key == "live-loss"]
    assert train_now.penalised(replace(spec(), network=ClassifierSpec("mlp-300-l1", input_shape=(32, 32, 1), classes=12)))


def test_nobody_is_told_to_be_quite_sure(runs: LiveRuns):
    assert [views.sureness(value) for value in (0.0, 0.5, 0.995, 1.0)] == ["under 1 %", "50 %", "over 99 %", "over 99 %"]
    text = html(until(press(page(**QUICK), "Start"), runs, ended))
    assert "<i>shirt</i> <b>50 %</b>" in text
    assert "In bold: what it is." in text


def test_a_stored_run_keeps_all_that_it_was_trained_with(runs: LiveRuns):
    more = "schedule='cosine', warmup_epochs=60.0, weight_decay=0.03, clip_norm=2.5, ema=0.999, precision='mixed_bfloat16'"
    script = (
        "from pages.parts import train_now, train_form\nfrom tests.test_live import spec\n"
        f"train_now.show({{'Best': spec(80, **dict({more}))}})"
    )
    running = page(script)
    running.selectbox(key="live-stored").set_value("Best").run()
    assert not running.exception
    assert running.expander[0].proto.expanded
    assert running.number_input(key="live-epochs").value == 50  # as many as a live run may have, and of warm-up no more
    sliders = [running.select_slider(key=f"live-{name}").value for name in ("warm", "decay", "clip", "ema")]
    assert sliders == [50, 0.03, 2.5, 0.999]
    assert (running.selectbox(key="live-sched").value, running.selectbox(key="live-prec").value) == ("cosine", "mixed_bfloat16")
    assert running.query_params["live-clip"] in ("2.5", ["2.5"])
    running.selectbox(key="live-sched").set_value("constant").run()
    assert not running.select_slider(key="live-warm").disabled  # a constant rate is warmed up to as well


def test_a_stored_run_whose_data_is_missing_says_what_stands_in_its_place(runs: LiveRuns, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(train_form, "is_available", lambda name: name == "clock-hours")
    stored = (
        "from pages.parts import train_now\nfrom tests.test_live import spec\n"
        "train_now.show({'Best': spec(3, dataset='fashion-mnist')})"
    )
    running = page(stored)
    running.selectbox(key="live-stored").set_value("Best").run()
    assert not running.exception
    assert "Fashion-MNIST is not on this machine, and Clock hours stands in its place." in html(running)
    assert running.selectbox(key="live-data").value == "clock-hours"


# --- watching ---------------------------------------------------------------------------------------------------------


def test_a_run_is_started_watched_and_still_there_after_a_reload(runs: LiveRuns):
    running = press(page(**QUICK), "Start")
    (run_id,) = shown(running)
    assert "Starting" in html(running)
    text = html(until(running, runs, ended))
    assert "Done" in text
    assert "2 of 2 epochs" in text
    assert "test part: 50 % right, cross-entropy 0.5" in text
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
