"""The page 'Compare training' through Streamlit's own test runner: stored studies, pictures of data sets."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import paths
from core.figures import palette
from core.studies import STUDIES
from core.study_names import run_title
from core.study_results import load_rows, table_path
from pages.parts import being_read, cached_studies, study_published, study_run, study_tab
from tests.stored_studies import record, store

pytestmark = pytest.mark.usefixtures("fresh_caches")
PRELUDE = "from pages.parts import study_tab as tab\n"
STORED = PRELUDE + "tab.show()"


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A house without results and without pictures."""
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    monkeypatch.setattr(study_run, "is_available", lambda name: False)
    monkeypatch.setattr(being_read, "AT_ONCE_SECONDS", 60.0)
    return tmp_path


def page(script: str = STORED, **params: str | list[str]) -> AppTest:
    running = AppTest.from_string(script, default_timeout=300)
    for name, value in params.items():
        running.query_params[name] = value
    return clean(running.run())


def clean(running: AppTest) -> AppTest:
    assert not running.exception, running.exception
    return running


def html(running: AppTest) -> str:
    return "\n".join(part.proto.body for part in running.get("html") if "<style>" not in part.proto.body)


def figures(running: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in running.get("plotly_chart")]


def table(running: AppTest) -> list[int]:
    """The trials in the table, in its order."""
    return running.dataframe[0].value["run"].tolist()


# --- what is stored --------------------------------------------------------------------------------------------------


def test_without_runs_the_command_and_the_printed_table_stand_alone(results: Path):
    text = html(running := page())
    assert "python -m core sweep l16-mlp" in text
    assert "No run of this study is stored yet" in text
    assert "Printed in the report, and ours" in text
    assert "<td>25.110</td>" in text  # the first run's printed test loss
    assert not running.get("plotly_chart")
    unknown = page(study="l17")
    assert "No study is called &#x27;l17&#x27;" in html(unknown)
    assert unknown.selectbox(key="study").value == "l16-mlp"


def test_damaged_tables_are_one_sentence(results: Path):
    store(STUDIES["keras-examples"], results)
    path = table_path("keras-examples", "", results)
    path.write_text(path.read_text()[:-40])
    text = html(page(study="keras-examples"))
    assert "is damaged" in text
    assert "<h2" not in text


def test_a_study_with_runs_shows_every_section(results: Path):
    study = STUDIES["l16-mlp"]
    store(study, results)
    running = page()
    text = html(running)
    assert "48 of 48 runs are stored" in text
    assert "20 epochs, 54,000 pictures, CPU" in text
    sections = ("What each setting does", "What decides", "Every run", "How they learned", "One run, or two", "Printed in the")
    assert [name in text for name in sections] == [True] * len(sections)
    assert "Rank correlation" in text
    assert "scroll sideways" in text  # the table of runs is wider than most windows
    assert all(len(chart.proto.alt) > 20 for chart in running.get("plotly_chart"))
    # Three measures of main effects, importance, interaction, curves, one confusion matrix, published losses of both parts.
    assert len(figures(running)) == 3 + 2 + 1 + 1 + 2
    best = max(load_rows("l16-mlp", results), key=lambda row: row["val_accuracy"])
    assert running.session_state["pick"] == str(best["trial"])
    assert table(running)[0] == best["trial"]
    assert "The loss holds the penalty" in text


def test_a_grid_stands_beside_that_without_batch_normalisation(results: Path):
    for name in ("cnn-grid", "cnn-grid-batchnorm"):
        store(
            STUDIES[name], results, [record(one, epochs=one.epochs_asked // 5, pictures=4_320) for one in STUDIES[name].trials]
        )
    text = html(page(study="cnn-grid-batchnorm"))
    assert "Beside A6, setting by setting" in text
    assert "In 8 settings that A6 ran as long, too" in text
    assert "Batch normalisation validates with moving averages: after 18 to 136 steps" in text
    assert "Every combination is there" in text
    assert "(12 pairs); ours saw 20 % of the epochs, 8 % of the pictures" in text
    text = html(page(study="cnn-grid"))
    assert "Beside A" not in text
    assert "Optimiser, rate and epochs asked are confounded: " in text
    assert "RMSprop, Adagrad, SGD and Adadelta only ran with 5 epochs and rate 0.001." in text
    assert "Whiskers: standard deviation between the seeds of a setting, known of 3 of 59 settings." in text


def test_settings_that_are_not_printed_are_not_given_as_print(results: Path):
    store(STUDIES["mlp-forms"], results)
    text = html(page(study="mlp-forms"))
    assert '<th scope="row">MLP 300</th>' in text
    assert "<small>our best: " in text
    assert "2 settings beside this design are left out." in text


def test_what_a_share_left_out_is_told(results: Path):
    study = STUDIES["cnn-grid"]
    records = [record(trial, epochs=2, pictures=4_320) for trial in study.trials[:20]]
    store(study, results, [*records, record(study.trials[20], diverged="The loss is no number after epoch 1")])
    running = page(study="cnn-grid")
    text = html(running)
    assert "21 of 62 runs are stored" in text
    assert "2 of 10 epochs, 4,320 of 54,000 pictures, CPU" in text
    assert "1 diverged and ended early" in text
    assert "python -m core sweep cnn-grid</code> goes on" in text
    assert "Longer, and in larger batches" in text
    assert "The rest, " not in text
    assert "No shares of the variance: the runs were not trained equally long." in text
    assert table(running)[-1] == 20  # without a figure: last


def test_runs_that_diverged_are_marked_and_told_of(results: Path):
    study = STUDIES["l16-mlp"]
    lost = {0: 3, 1: None, 17: None, 33: None}  # run -> epochs; all seeds of the second setting end in the first one
    store(
        study,
        results,
        [record(one, epochs=lost.get(one.number), diverged="No number" * (one.number in lost)) for one in study.trials],
    )
    running = page()
    text = html(running)
    assert (
        "4 of these runs diverged: the loss was no number any more. 1 counts with the figures of the last whole epoch" in text
    )
    assert "3 did in the first epoch: without figures, they are left out" in text
    assert "no figure for 1 of the 16 settings of this design" in text
    assert "No shares of the variance: there is no figure for 1 of 16 settings." in text
    seen = running.dataframe[0].value.set_index("run")["diverged"].dropna()
    assert dict(seen) == {0: "in epoch 4", 1: "in epoch 1", 17: "in epoch 1", 33: "in epoch 1"}
    symbols = [symbol for trace in figures(running)[0]["data"] for symbol in trace["marker"]["symbol"]]
    assert sum(symbol.endswith("-open") for symbol in symbols) == len(study.factors)  # one level of each factor
    assert "A cross: there a run diverged." in text
    assert "2 seeds; 1 diverged" in text or "3 seeds; 1 diverged" in text  # beside the printed figures
    clean(running.toggle(key="whole").set_value(True).run())
    text = html(running)
    assert "of these runs diverged" not in text
    assert "There is no figure for 1 of the 16 settings" in text
    assert len(table(running)) == 48  # every run is still listed


def test_the_share_behind_a_mean_is_that_of_all_its_runs():
    trials = [trial for trial in STUDIES["l16-cnn"].trials if trial.factors == STUDIES["l16-cnn"].trials[0].factors]
    whole, *cut = (record(trial, epochs=epochs) for trial, epochs in zip(trials, (None, 2, 2), strict=True))
    assert study_published.seen([whole.row]) == ""
    assert study_published.seen([whole.row, *(one.row for one in cut)]) == "3 seeds; 2 of them 2 of 20 epochs"
    assert study_published.seen([one.row for one in cut]) == "2 seeds; 2 of 20 epochs"
    lost = record(trials[0], epochs=3, diverged="No number").row
    assert study_published.seen([lost, cut[0].row]) == "2 seeds; 1 of them 2 of 20 epochs; 1 diverged"
    assert study_published.seen([lost]) == "diverged"


def test_what_only_a_full_sweep_runs_is_told():
    study = STUDIES["l16-cnn"]
    share = [record(trial, epochs=2, pictures=18_000).row for trial in study.trials if trial.seed == 0]
    text = study_tab.stored(study, share)
    assert "16 of 48 runs are stored" in text
    assert "<code>python -m core sweep l16-cnn --full</code> trains all of them in full length" in text
    assert "<code>python -m core sweep l16-cnn</code> goes on." in study_tab.stored(study, share[1:])
    assert "<code>" not in study_tab.stored(study, [record(trial).row for trial in study.trials])


# --- looking at runs -------------------------------------------------------------------------------------------------


def test_a_link_restores_brushes_runs_and_the_cell(results: Path):
    study = STUDIES["keras-examples"]
    store(study, results)
    mlps = [trial.number for trial in study.trials if trial.factors["architecture"] == "keras-mlp"]
    params = {"study": "keras-examples", "brush": "architecture:-0.040-0.300", "cell": "6-0"}
    running = page(**params, pick="1", beside="5", measure="Cross-entropy")
    assert sorted(table(running)) == mlps
    state = running.session_state
    assert (state["pick"], state["beside"], state["cell"], state["measure"]) == ("1", "5", "6-0", "cross_entropy")
    text = html(running)
    assert "Run 1:" in text
    assert "Run 5:" in text
    assert text.count("of 100 test pictures right") == 2
    assert "MNIST is not on this machine" in text
    assert text.count("6</b> taken for 0") == 2 * 3
    assert "at most three of each pair of classes are kept" in text
    other = clean(running.selectbox(key="study").select("mlp-forms").run())
    assert "No run of this study" in html(other)
    assert "pick" not in running.query_params


def test_brushes_keep_their_numbers_when_only_the_best_are_shown(results: Path):
    study = STUDIES["keras-examples"]
    store(study, results)
    values = sorted(row["val_accuracy"] for row in load_rows(study.name, results))
    assert values[:7] == [0.52, 0.522, 0.524, 0.55, 0.552, 0.554, 0.56]
    assert values[7:] == [0.562, 0.564, 0.59, 0.592, 0.594]
    running = page(study=study.name, brush="val_accuracy:..0.591")
    assert len(table(running)) == 10
    clean(running.segmented_control(key="top").set_value("5").run())
    assert len(table(running)) == 3
    running = page(study=study.name, brush="val_accuracy:..0.561", top="Best 5")
    text = html(running)
    assert "None of the best 5 runs lies within the brushes; 7 of all 12 runs do: show all, or clear the brushes." in text
    assert not running.dataframe
    clean(running.segmented_control(key="top").set_value("all").run())
    assert len(table(running)) == 7
    text = html(page(study=study.name, brush="val_accuracy:2..", top="Best 5"))
    assert "None of the best 5 runs lies within the brushes, and no other run does: make one of them wider" in text


def test_whole_runs_of_several_lengths_are_of_one_kind():
    study = STUDIES["keras-examples"]
    rows = [record(trial).row for trial in study.trials]
    assert "<b>12 of 12 runs are stored</b>: all epochs and pictures, CPU.</p>" in study_tab.stored(study, rows)
    rows[0] |= {"epochs_trained": 5}
    text = study_tab.stored(study, rows)
    assert ": 11 with all epochs and pictures, CPU; 1 with 5 of 20 epochs, 54,001 pictures, CPU." in text
    alike = [row for row in rows[1:] if row["dataset"] == "mnist" and row["architecture"] == "keras-mlp"]
    assert ": 20 epochs, 54,001 pictures, CPU." in study_tab.stored(study, alike)


def test_a_stored_run_is_taken_to_the_form_as_far_as_it_fits(results: Path):
    store(STUDIES["l16-mlp"], results)
    running = page()
    clean(running.button(key="train-0").click().run())
    state = running.session_state
    assert (state["part"], state["live-epochs"], state["live-pictures"]) == ("Train now", 11, 0)
    assert state["live-left-out"][0].startswith("The stored run had 20 epochs of 54,000 pictures; 11 of 54,000 fit here")
    title = f"A1, l16-mlp · {run_title(load_rows('l16-mlp', results)[int(state['pick'])], STUDIES['l16-mlp'].factors)}"
    assert state["live-from"][0] == title


def test_a_run_does_not_stand_beside_itself(results: Path):
    store(STUDIES["keras-examples"], results)
    running = page(study="keras-examples", pick="1", beside="1")
    assert (running.session_state["beside"], running.query_params["beside"]) == ("none", "none")
    (beside,) = [one for one in running.selectbox if one.label == "Beside it"]
    assert len(beside.options) == 1 + 11  # nothing, and the other runs
    assert not [option for option in beside.options if option.startswith("1: ")]
    clean(beside.select("5").run())
    assert html(running).count("of 100 test pictures right") == 2
    (run,) = [one for one in running.selectbox if one.label == "Run"]
    clean(run.select("5").run())  # the one that stood beside it
    assert (running.session_state["pick"], running.session_state["beside"]) == ("5", "none")
    assert html(running).count("of 100 test pictures right") == 1


def test_what_ours_saw_stands_beside_the_correlation(results: Path):
    study = STUDIES["cnn-grid"]
    store(study, results, [record(trial, epochs=trial.epochs_asked // 5, pictures=4_320) for trial in study.trials])
    text = html(running := page(study="cnn-grid"))
    told = r"Rank correlation \N{MINUS SIGN}?\d\.\d\d \(\d+ pairs\); ours saw 20 % of the epochs, 8 % of the pictures"
    assert re.search(told, text)
    assert study_published.LESS in text
    seen = running.dataframe[0].value
    assert set(seen["pictures"]) == {"4,320 of 54,000"}
    assert {"1 of 5", "2 of 10"} <= set(seen["epochs done"])
    store(STUDIES["l16-mlp"], results)
    text = html(page())
    assert "Rank correlation" in text
    assert "ours saw" not in text
    assert study_published.LESS not in text
    assert "means over their seeds. It divided all pictures 80 to 20" in text


def test_effects_are_told_on_each_data_set_and_none_is_the_better_one(results: Path):
    store(STUDIES["keras-examples"], results)
    running = page(study="keras-examples")
    text = html(running)
    assert re.findall(r"Validation accuracy on [\w-]+", text) == [
        "Validation accuracy on MNIST",
        "Validation accuracy on Fashion-MNIST",
    ]
    assert "the data set is no setting" in text
    for drawn in figures(running)[:4]:  # accuracy and cross-entropy, on either
        assert drawn["layout"]["yaxis"]["ticktext"] == ["<b>network</b>", "Keras' MLP", "Keras' CNN"]
    assert "share of the variance" not in str([drawn["layout"]["xaxis"].get("title") for drawn in figures(running)])


def test_a_figure_that_is_saved_says_what_it_is(results: Path):
    store(STUDIES["keras-examples"], results)
    running = page(study="keras-examples")
    for chart, drawn in zip(running.get("plotly_chart"), figures(running), strict=True):
        assert json.loads(chart.proto.config)["toImageButtonOptions"]["filename"].startswith("keras-examples-")
        assert drawn["layout"]["paper_bgcolor"] == palette().paper
        assert "A4, keras-examples" in drawn["layout"]["xaxis"]["title"]["text"]
    longest = max(len(re.sub("<.*?>", "", text)) for text in figures(running)[0]["layout"]["yaxis"]["ticktext"])
    assert figures(running)[0]["layout"]["margin"]["l"] >= 7 * longest


def test_in_presenter_mode_nothing_is_offered_that_nobody_does_there(results: Path):
    store(STUDIES["keras-examples"], results)
    offered = [
        [one.label for one in page(f"import streamlit as st\nst.session_state['presenting'] = {on}\n{STORED}").button_group]
        for on in (False, True)
    ]
    assert set(offered[0]) - set(offered[1]) == {"Save figures as"}


def test_a_loss_with_a_penalty_is_offered_where_runs_have_one(results: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(study_tab, "losses_apart", lambda rows: len(rows) == 48)  # those of the design
    for name in ("l16-mlp", "keras-examples"):
        store(STUDIES[name], results)
    running = page(measure="Loss with penalty")
    assert running.segmented_control(key="measure").value == "loss"
    clean(running.selectbox(key="study").select("keras-examples").run())
    assert running.session_state["measure"] == "accuracy"


def test_garbage_in_a_link_is_passed_over(results: Path):
    store(STUDIES["keras-examples"], results)
    running = page(
        study="keras-examples", pick="999", beside="x", brush=["architecture:zz", "nothing:0.1-0.2"], cell="99-99", top="7"
    )
    assert len(table(running)) == len(STUDIES["keras-examples"].trials)
    assert running.session_state["beside"] == "none"
    assert running.session_state["cell"] == "all"


def test_pictures_behind_a_cell_are_shown(results: Path, monkeypatch: pytest.MonkeyPatch):
    store(STUDIES["l16-mlp"], results)
    monkeypatch.setattr(study_run, "is_available", lambda name: True)
    monkeypatch.setattr(cached_studies, "read_test_pictures", lambda name: np.zeros((100, 28, 28, 1), np.uint8))
    text = html(page(cell="6-0"))
    assert text.count('alt="Test picture') == 3
    assert "Test picture 6: Shirt, taken for T-shirt/top" in text
    assert "90 % sure" in text


def test_runs_with_settings_of_another_day_are_left_out(results: Path):
    study = STUDIES["keras-examples"]
    store(study, results)
    path = table_path(study.name, "", results)
    path.write_text(path.read_text().replace(study.trials[0].run.key, "0" * 12))
    assert f"{len(study.trials) - 1} of {len(study.trials)} runs are stored" in html(page(study="keras-examples"))


def test_training_can_start_from_the_best_stored_runs(results: Path):
    store(STUDIES["keras-examples"], results)
    running = page(PRELUDE + "import streamlit as st\nst.session_state['found'] = tab.to_start_from()")
    found = running.session_state["found"]
    assert len(found) == 3
    assert all(title.startswith("A4, keras-examples · ") for title in found)
    assert {spec.network.architecture for spec in found.values()} <= {"keras-mlp", "keras-cnn"}
    for name in ("l16-mlp", "l16-cnn"):  # two studies of one row, with the same settings
        store(STUDIES[name], results)
    running = page(PRELUDE + "import streamlit as st\nst.session_state['found'] = tab.to_start_from()")
    assert len(running.session_state["found"]) == 3 * 3
