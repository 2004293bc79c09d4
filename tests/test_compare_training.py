"""The page 'Compare training' through Streamlit's own test runner: stored studies, pictures of data sets."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import paths
from core.datasets import DATASETS, DatasetError
from core.progress import progress_bar
from core.studies import STUDIES
from core.study_results import load_rows, table_path
from pages.parts import being_read, cached_studies, dataset_browser, study_published, study_run, study_tab
from tests.stored_studies import record, store

pytestmark = pytest.mark.usefixtures("fresh_caches")
PRELUDE = "from pages.parts import study_tab as tab\n"
STORED = PRELUDE + "tab.show()"
BROWSER = "from pages.parts import dataset_browser as tab\ntab.show()"


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
    assert all(len(chart.proto.alt) > 20 for chart in running.get("plotly_chart"))
    # Three measures of main effects, importance, interaction, curves, one confusion matrix, published losses of both parts.
    assert len(figures(running)) == 3 + 2 + 1 + 1 + 2
    best = max(load_rows("l16-mlp", results), key=lambda row: row["val_accuracy"])
    assert running.session_state["pick"] == str(best["trial"])
    assert table(running)[0] == best["trial"]
    assert "The loss holds the penalty" in text


def test_what_a_share_left_out_is_told(results: Path):
    study = STUDIES["cnn-grid"]
    records = [record(trial, epochs=2, pictures=4_320) for trial in study.trials[:20]]
    store(study, results, [*records, record(study.trials[20], diverged="The loss is no number after epoch 1")])
    running = page(study="cnn-grid", runs="Published")
    text = html(running)
    assert "21 of 62 runs are stored" in text
    assert "2 of 10 epochs, 4,320 of 54,000 pictures, CPU" in text
    assert "1 diverged and ended early" in text
    assert "python -m core sweep cnn-grid</code> goes on" in text
    assert "Longer, and in larger batches" in text
    assert running.session_state["runs"] == "published"
    assert table(running)[-1] == 20  # without a figure: last


def test_runs_that_diverged_are_marked_and_told_of(results: Path):
    study = STUDIES["l16-mlp"]
    lost = [record(study.trials[0], epochs=3, diverged="No number"), record(study.trials[1], diverged="No number")]
    store(study, results, [*lost, *map(record, study.trials[2:])])
    running = page()
    text = html(running)
    assert (
        "2 of these runs diverged: the loss was no number any more. 1 counts with the figures of the last whole epoch" in text
    )
    assert "1 did in the first epoch: without figures, they are left out" in text
    assert "Read it as a hint" in text  # a run of the design has no figure
    seen = running.dataframe[0].value.set_index("run")["diverged"].dropna()
    assert dict(seen) == {0: "in epoch 4", 1: "in epoch 1"}
    symbols = [symbol for trace in figures(running)[0]["data"] for symbol in trace["marker"]["symbol"]]
    assert sum(symbol.endswith("-open") for symbol in symbols) == len(study.factors)  # one level of each factor
    assert "A cross: there a run diverged." in text
    assert "2 seeds; 1 diverged" in text or "3 seeds; 1 diverged" in text  # beside the printed figures
    clean(running.toggle(key="whole").set_value(True).run())
    text = html(running)
    assert "of these runs diverged" not in text
    assert "missing, left out, or have no figure" in text
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
    assert "<code>python -m core sweep l16-cnn --full</code> runs the rest" in text
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


def test_a_stored_run_is_taken_to_the_form_as_far_as_it_fits(results: Path):
    store(STUDIES["l16-mlp"], results)
    running = page()
    clean(running.button(key="train-0").click().run())
    state = running.session_state
    assert (state["part"], state["live-epochs"], state["live-pictures"]) == ("Train now", 10, 0)
    assert state["live-left-out"][0].startswith("The stored run had 20 epochs of 54,000 pictures; 10 of 54,000 fit here")


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


# --- pictures --------------------------------------------------------------------------------------------------------


def samples(name: str) -> dict[str, tuple[list[np.ndarray], list[int]]]:
    info = DATASETS[name]
    pictures = [np.zeros((20, *info.shape), np.uint8) for _ in info.classes]
    return {part: (pictures, [1000] * len(info.classes)) for part in ("train", "valid", "test")}


def test_pictures_of_every_class_and_more_of_one(results: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dataset_browser, "is_available", lambda name: True)
    monkeypatch.setattr(cached_studies, "read_samples", samples)
    running = page(BROWSER)
    text = html(running)
    assert text.count("<img") == 10 * dataset_browser.FEW
    assert "MIT licence" in text
    assert "Every class (10,000 pictures)" in running.selectbox(key="class").options
    text = html(clean(running.selectbox(key="class").select("8").run()))
    assert text.count('alt="Bag, picture') == 20
    assert html(page(BROWSER, data="anime-faces")).count("<img") == 20  # one class: all of it


def test_a_data_set_is_read_beside_the_pages(results: Path, monkeypatch: pytest.MonkeyPatch):
    go_on, read = threading.Event(), []

    def slow(name: str):
        read.append(name)
        if name == "cifar10":
            progress_bar("reading")(20_000, 50_000)
            assert go_on.wait(120)
        return samples(name)

    monkeypatch.setattr(dataset_browser, "is_available", lambda name: True)
    monkeypatch.setattr(cached_studies, "read_samples", slow)
    other = page(BROWSER)
    monkeypatch.setattr(being_read, "AT_ONCE_SECONDS", 1.0)
    first, second = (page(BROWSER, data="cifar10") for _ in range(2))
    for waits in (first, second):
        assert "CIFAR-10 is being read: 20,000 of 50,000 pictures, about" in html(waits)
        assert "<img" not in html(waits)
    assert html(clean(other.selectbox(key="class").select("8").run())).count('alt="Bag, picture') == 20  # nobody else waits
    go_on.set()
    cached_studies.reading(cached_studies.SAMPLES, "cifar10").result()
    assert html(clean(first.run())).count("<img") == 10 * dataset_browser.FEW
    assert read == ["fashion-mnist", "cifar10"]


def test_a_data_set_that_cannot_be_read_is_a_sentence_and_can_be_tried_again(results: Path, monkeypatch: pytest.MonkeyPatch):
    broken = [True]

    def read(name: str):
        if broken.pop():
            raise DatasetError("cifar10.zip is damaged; download it again.")
        return samples(name)

    monkeypatch.setattr(dataset_browser, "is_available", lambda name: True)
    monkeypatch.setattr(cached_studies, "read_samples", read)
    running = page(BROWSER, data="cifar10")
    assert "Cifar10.zip is damaged; download it again." in html(running)
    broken.append(False)
    assert html(clean(running.run())).count("<img") == 10 * dataset_browser.FEW


def test_a_missing_data_set_is_one_sentence_with_its_remedy(results: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dataset_browser, "is_available", lambda name: False)
    running = page(BROWSER, data="cifar10")
    text = html(running)
    assert "CIFAR-10 is not on this machine" in text
    assert "cifar10.zip" in text
    assert running.button[0].label == "Fetch it now"
