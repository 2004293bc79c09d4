"""Tables of studies: what is kept of a run, what gives way to what, and files that are damaged."""

import csv
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from pretend import pretend_data, pretend_run, pretend_study

from core import study_results
from core.study_results import (
    KINDS,
    TrialRecord,
    add_records,
    current_rows,
    load_confusions,
    load_curves,
    load_records,
    load_rows,
    load_wrong,
    make_record,
    table_path,
)
from core.trials import Share, StudyError

STUDY = pretend_study(share=Share(epochs=0.5, pictures=0.25, seeds=1))
DATA = pretend_data("fashion-mnist")


def record_of(number: int, full: bool = True, **changes) -> TrialRecord:
    trial = STUDY.trials[number]
    run = trial.run_here(full)
    result = replace(pretend_run(run), **changes)
    return make_record(trial, result, DATA.test.labels, run.pictures or len(DATA.train.labels))


def test_a_record_holds_all_that_a_page_shows():
    row = record_of(2).row
    assert list(row)[:5] == ["study", "trial", "seed", "optimizer", "learning_rate"]
    assert [row[name] for name in ("epochs_trained", "epochs_asked", "pictures", "pictures_asked")] == [4, 4, 40, 40]
    assert [row[name] for name in ("val_accuracy", "val_cross_entropy", "val_loss")] == [0.2, 1.5, 2.0]
    assert [row[name] for name in ("test_accuracy", "test_cross_entropy", "test_loss")] == [0.2, 1.5, 2.0]
    assert [row[name] for name in ("train_accuracy", "train_cross_entropy", "train_loss")] == [0.2, 1.5, 2.0]
    assert [row[name] for name in ("parameters", "seconds", "device", "diverged")] == [10, 0.4, "CPU (pretended)", ""]
    assert row["key"] == STUDY.trials[2].run.key
    share = record_of(2, full=False).row
    assert [share[name] for name in ("epochs_trained", "epochs_asked", "pictures", "pictures_asked")] == [2, 4, 10, 40]
    assert share["key"] == row["key"], "a share belongs to the same trial"


def test_a_trials_figures_are_those_of_its_last_epoch_and_of_the_test_part():
    kinds = ("accuracy", "cross_entropy", "loss")
    history = [
        {"epoch": epoch, "seconds": 0.1}
        | {name: epoch + 0.1 * place for place, name in enumerate(kinds)}
        | {f"val_{name}": 10 * epoch + place for place, name in enumerate(kinds)}
        for epoch in (1, 2, 3)
    ]
    row = record_of(0, history=history, test={"accuracy": 70.0, "cross_entropy": 71.0, "loss": 72.0}).row
    assert [row[f"train_{name}"] for name in kinds] == [3, 3.1, 3.2]
    assert [row[f"val_{name}"] for name in kinds] == [30, 31, 32]
    assert [row[f"test_{name}"] for name in kinds] == [70, 71, 72]


def test_numbers_are_short_and_what_is_no_number_is_empty(tmp_path):
    history = [{"epoch": 1, "loss": 0.123456789, "val_loss": float("nan")}]
    record = record_of(0, history=history, diverged="training diverged: loss is nan, after step 3", epochs_trained=1)
    assert record.curve[0]["loss"] == 0.12346
    assert record.curve[0]["val_loss"] is None
    add_records(STUDY, [record], tmp_path)
    [row] = load_rows("pretend", tmp_path)
    assert row == record.row
    assert load_curves("pretend", tmp_path)[0] == record.curve


def test_the_three_most_confident_mistakes_of_a_cell_are_kept():
    wrong = [(3, 1, 0.5), (3, 1, 0.9), (3, 1, 0.7), (3, 1, 0.6), (4, 1, 0.2)]
    record = record_of(0, wrong=wrong)
    assert record.wrong == [[3, 3, 1, 0.9], [3, 3, 1, 0.7], [3, 3, 1, 0.6], [4, 4, 1, 0.2]]


def test_confusions_are_kept_where_there_are_any():
    confusion = np.zeros((10, 10), np.int64)
    confusion[2, 2], confusion[2, 7] = 8, 3
    assert record_of(0, confusion=confusion).confusion == [[2, 2, 8], [2, 7, 3]]


def test_tables_give_back_what_was_written(tmp_path):
    records = {number: record_of(number) for number in (4, 0)}
    assert add_records(STUDY, records.values(), tmp_path) == 2
    assert load_records("pretend", tmp_path) == records
    assert [row["trial"] for row in load_rows("pretend", tmp_path)] == [0, 4]
    assert load_wrong("pretend", tmp_path)[0] == [[0, 0, 1, 0.9]]
    assert load_confusions("pretend", tmp_path)[4][0] == [0, 1, 1]
    row = load_rows("pretend", tmp_path)[1]
    assert (row["optimizer"], row["learning_rate"], row["trial"]) == ("adam", 0.005, 4)
    assert TrialRecord.from_json(records[4].to_json()) == records[4]
    assert {path.name for path in tmp_path.glob(".*")} <= {".lock"}, "nothing temporary is left"


def test_the_larger_record_wins_and_of_equal_ones_the_later(tmp_path):
    share, whole = record_of(1, full=False), record_of(1)
    assert add_records(STUDY, [whole], tmp_path) == 1
    assert add_records(STUDY, [share], tmp_path) == 0
    assert load_rows("pretend", tmp_path) == [whole.row]
    later = replace(whole, row=whole.row | {"finished": "2999-01-01T00:00:00Z", "seconds": 7.0})
    assert add_records(STUDY, [later], tmp_path) == 1
    assert add_records(STUDY, [whole], tmp_path) == 0
    assert load_rows("pretend", tmp_path)[0]["seconds"] == 7


def test_what_is_there_already_is_not_new_a_second_time(tmp_path):
    record = record_of(1)
    assert add_records(STUDY, [record, record], tmp_path) == 1
    assert add_records(STUDY, [record], tmp_path) == 0


def test_a_run_that_diverged_at_once_takes_the_place_of_a_share_of_the_same_trial(tmp_path):
    share, lost = record_of(1, full=False), record_of(1, history=[], epochs_trained=0, diverged="the loss was no number")
    assert (share.size, lost.size) == (2 * 10, 4 * 40), "it would have seen as much as it was asked to"
    assert add_records(STUDY, [share], tmp_path) == 1
    assert add_records(STUDY, [lost], tmp_path) == 1
    assert add_records(STUDY, [share], tmp_path) == 0
    assert load_rows("pretend", tmp_path)[0]["diverged"] == "the loss was no number"


def test_records_of_other_settings_give_way_and_never_come_in(tmp_path):
    old = record_of(1)
    add_records(STUDY, [old], tmp_path)
    trial = STUDY.trials[1]
    changed = replace(trial, run=replace(trial.run, training=replace(trial.run.training, batch_size=16)))
    study = replace(STUDY, trials=(STUDY.trials[0], changed, *STUDY.trials[2:]))
    assert current_rows(STUDY, tmp_path) == [old.row]
    assert current_rows(study, tmp_path) == []
    assert add_records(study, [old], tmp_path) == 0
    share = make_record(changed, pretend_run(changed.run_here(False)), DATA.test.labels, 10)
    assert add_records(study, [share], tmp_path) == 1
    assert current_rows(study, tmp_path) == [share.row]


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is held on Windows")
def test_results_that_come_at_once_are_all_kept(tmp_path, monkeypatch):
    """Each of four workers adds one of its own, and is slow between reading the tables and writing them."""
    write = study_results._write_all

    def slowly(*told):
        time.sleep(0.05)
        write(*told)

    monkeypatch.setattr(study_results, "_write_all", slowly)
    workers = [threading.Thread(target=add_records, args=(STUDY, [record_of(number)], tmp_path)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [row["trial"] for row in load_rows("pretend", tmp_path)] == [0, 1, 2, 3]
    assert sorted(load_curves("pretend", tmp_path)) == [0, 1, 2, 3]


def test_nothing_new_writes_nothing(tmp_path):
    assert add_records(STUDY, [], tmp_path / "none") == 0
    assert not (tmp_path / "none").exists()


def test_what_a_trial_needs_to_be_done(tmp_path):
    trial, whole, share = STUDY.trials[0], record_of(0).row, record_of(0, full=False).row
    assert trial.is_done(whole, full=True)
    assert trial.is_done(whole, full=False)
    assert trial.is_done(share, full=False)
    assert not trial.is_done(share, full=True)
    assert not trial.is_done(None, full=False)
    assert trial.is_done(whole | {"epochs_trained": 1, "diverged": "loss is nan"}, full=True)
    assert not trial.is_done(whole | {"key": "another"}, full=True)


def test_a_share_leaves_seeds_out():
    trial = STUDY.trials[0]
    run = replace(trial.run, training=replace(trial.run.training, seed=1))
    other = replace(trial, run=run)
    assert other.run_here(full=True) == run
    assert other.run_here(full=False) is None
    assert other.is_done(None, full=False)
    with pytest.raises(ValueError, match=r"epochs of Share must lie in \(0, 1\]; got 2"):
        Share(epochs=2)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("", "trial,seed\n1,2,3\n"),
        ("", "study,trial,seed\npretend,one,0\n"),
        ("", "nothing\n"),
        ("curves", "trial,epoch,loss\n0,1\n"),
        ("curves", "trial,epoch,loss\n0,1,much\n"),
    ],
)
def test_damaged_tables_are_named_in_one_sentence(tmp_path, kind, text):
    path = table_path("pretend", kind, tmp_path)
    path.write_text(text)
    with pytest.raises(StudyError, match=rf"^{path.name} is damaged .*; delete it or fetch it again$"):
        load_records("pretend", tmp_path)


@pytest.mark.parametrize("kind", ["", *KINDS])
def test_a_column_or_a_count_that_is_gone_is_damage(tmp_path, kind):
    add_records(STUDY, [record_of(0)], tmp_path)
    path = table_path("pretend", kind, tmp_path)
    with path.open(encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    assert rows
    optional = {*STUDY.factors} if kind == "" else set()
    for place in (place for place, name in enumerate(names) if name not in optional):
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([row[:place] + row[place + 1 :] for row in (names, *rows)])
        with pytest.raises(StudyError, match=rf"^{path.name} is damaged"):
            load_records("pretend", tmp_path)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [names, ["" if name == "trial" else cell for name, cell in zip(names, rows[0], strict=True)]]
        )
    with pytest.raises(StudyError, match=rf"^{path.name} is damaged"):
        load_records("pretend", tmp_path)


def test_without_tables_there_is_nothing(tmp_path):
    assert load_rows("pretend", tmp_path) == []
    assert load_records("pretend", tmp_path) == {}
