"""The form of the tab 'Train now': presets, links, stored runs as a start."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from core.datasets import DATASETS
from core.live import LiveRuns
from core.specs import ClassifierSpec
from pages.parts import train_form, train_now, train_values, views
from tests.test_live import spec
from tests.train_page import ended, fake_runs, html, page, press, shown, until

pytestmark = pytest.mark.usefixtures("fresh_caches")
QUICK = {"live-epochs": "2", "live-batch": "10", "live-pictures": "40"}


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveRuns]:
    with fake_runs(monkeypatch) as there:
        yield there


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


def test_a_preset_says_what_it_changes_beside_the_buttons_that_start_it(runs: LiveRuns):
    running = page(**QUICK)
    assert "Changed: Batch: 10; Epochs: 2; Pictures: 40." in html(running)
    press(running, "Start that dies: all zeros")
    assert "Changed: First weights: Zeros." in html(running)
    press(running, "A small MLP")
    assert "No setting is changed." in html(running)
    labels = [button.label for button in running.button]
    assert labels[: labels.index("Race") + 1] == [*(preset.title for preset in train_values.PRESETS), "Start", "Race"]


def test_a_slider_that_a_browser_draws_late_stands_where_the_form_has_it(runs: LiveRuns):
    running = page()
    for _ in range(2):  # in the second run the server takes the value for known, and does not set it again
        slider = running.select_slider(key="live-rate")
        assert slider.options[int(slider.proto.default[0])] == "0.001"
        running.run()


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
