"""Trials in Optuna: rules of the storage on SQLite, and workers that are killed on a real PostgreSQL server."""

import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import IN_CI
from pretend import always, killed_once, pretend_data, pretend_run, pretend_storage, pretend_study

from core.study_database import shown_url, storage_url
from core.study_results import load_rows, make_record
from core.study_storage import ATTEMPTS, Claim, StudyStorage
from core.sweeps import Sweep, run_sweep
from core.trials import StudyError

STUDY = pretend_study()
WANTED = {trial.number: trial.run.key for trial in STUDY.trials}


def record_of(number: int):
    trial = STUDY.trials[number]
    data = pretend_data("fashion-mnist")
    return make_record(trial, pretend_run(trial.run), data.test.labels, len(data.train.labels))


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[StudyStorage]:
    opened = StudyStorage(pretend_storage(tmp_path), STUDY, beat=1, grace=600, patience=0)
    yield opened
    opened.close()


def states(storage: StudyStorage) -> Counter[str]:
    return Counter(trial.state.name for trial in storage._trials())


# --- URLs --------------------------------------------------------------------------------------------------------------


def test_urls_are_shown_without_secrets():
    for url in ("postgresql://me:s3cret@host:5432/db", "postgres://me:s3@cret@host:5432/db?password=s3cret&x=y"):
        assert shown_url(storage_url(url)) == "postgresql://host:5432/db"
        assert storage_url(url).startswith("postgresql+psycopg://me:")
    assert storage_url("sqlite:///x.db") == "sqlite:///x.db"
    assert storage_url(None).endswith("studies.db")


@pytest.mark.parametrize("text", ["redis://me:s3cret@host", "me:s3cret@host/db", ""])
def test_other_urls_are_refused_without_being_repeated(text):
    with pytest.raises(StudyError, match="postgresql://USER@HOST/DATABASE") as caught:
        storage_url(text)
    assert "s3cret" not in str(caught.value)


def test_a_storage_that_does_not_answer_is_named_in_one_sentence():
    with socket.socket() as taken:  # bound and deaf: nothing listens on its port
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(StudyError) as caught:
            StudyStorage(storage_url(f"postgresql://me:s3cret@127.0.0.1:{port}/db"), STUDY, patience=0)
    text = str(caught.value)
    assert text.startswith(f"the storage postgresql://127.0.0.1:{port}/db does not answer")
    assert "s3cret" not in text
    assert "\n" not in text


def test_a_file_that_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(StudyError, match=r"sqlite:///.*/none/studies.db does not answer"):
        StudyStorage(f"sqlite:///{tmp_path}/none/studies.db", STUDY, patience=0)


# --- rules ---------------------------------------------------------------------------------------------------------------


def test_a_trial_is_offered_once_taken_once_and_kept(storage):
    storage.offer(WANTED)
    storage.offer(WANTED)
    assert states(storage) == {"WAITING": 6}
    claims = [storage.claim(WANTED) for _ in WANTED]
    assert [claim.number for claim in claims] == [0, 1, 2, 3, 4, 5]
    assert storage.claim(WANTED) is None
    assert storage.finish(claims[2], record_of(2))
    assert storage.finish(claims[2], record_of(2)), "when the answer was lost, it is asked again"
    assert storage.numbers(WANTED, "COMPLETE") == {2}
    [kept] = storage.records()
    assert kept.row["val_accuracy"] == 0.2
    assert [line["epoch"] for line in kept.curve] == [1, 2, 3, 4]
    assert {"loss", "cross_entropy", "val_loss", "val_cross_entropy"} <= kept.curve[0].keys()
    assert {"test_accuracy", "test_loss", "test_cross_entropy", "seconds", "device", "seed"} <= kept.row.keys()


def test_optuna_sees_factors_values_and_curves(storage):
    storage.offer({1: WANTED[1]})
    storage.finish(storage.claim(WANTED), record_of(1))
    [trial] = storage._study.trials
    assert trial.params == {"optimizer": "sgd", "learning_rate": 0.002}
    assert trial.value == 0.1
    assert trial.intermediate_values == {1: 0.1, 2: 0.1, 3: 0.1, 4: 0.1}


def test_of_two_that_wait_for_one_trial_the_older_counts(storage):
    for _ in range(2):  # as when two workers find it missing at the same moment
        storage._add(STUDY.trials[0], WANTED[0], 0)
    first = storage.claim(WANTED)
    assert storage.claim(WANTED) is None
    assert states(storage) == {"RUNNING": 1, "FAIL": 1}
    assert storage.finish(first, record_of(0))
    storage.offer({0: WANTED[0]})
    assert states(storage) == {"COMPLETE": 1, "FAIL": 1}


def silent_for_an_hour(storage, claim):
    """As if the last sign of life were an hour old."""
    with sqlite3.connect(storage.url.removeprefix("sqlite:///"), timeout=60) as connection:
        age = "UPDATE trial_heartbeats SET heartbeat = datetime('now', '-1 hour') WHERE trial_id = ?"
        assert connection.execute(age, (claim.trial_id,)).rowcount == 1
    connection.close()


def test_without_signs_of_life_a_trial_is_run_again_and_the_late_result_left_out(storage):
    storage.offer({0: WANTED[0]})
    dead = storage.claim(WANTED)
    silent_for_an_hour(storage, dead)
    storage.offer({0: WANTED[0]})
    again = storage.claim(WANTED)
    assert again.trial_id != dead.trial_id
    assert storage.finish(again, record_of(0))
    assert not storage.finish(dead, record_of(0))
    assert states(storage) == {"FAIL": 1, "COMPLETE": 1}


def test_who_gives_signs_of_life_keeps_a_trial(storage):
    storage.offer({0: WANTED[0]})
    claim = storage.claim(WANTED)
    silent_for_an_hour(storage, claim)
    deadline = time.monotonic() + 60
    with storage.alive(claim):
        while storage._backend._get_stale_trial_ids(storage._study_id) and time.monotonic() < deadline:
            time.sleep(0.1)
        storage.offer({0: WANTED[0]})
    assert states(storage) == {"RUNNING": 1}


def test_what_is_handed_back_waits_again_and_counts_as_no_attempt(storage):
    storage.offer({0: WANTED[0]})
    for _ in range(ATTEMPTS + 1):
        storage.hand_back(storage.claim(WANTED))
    assert storage.numbers(WANTED, "WAITING") == {0}


def test_what_fails_again_and_again_is_given_up(storage):
    for _ in range(ATTEMPTS):
        storage.offer({0: WANTED[0]})
        storage.fail(storage.claim(WANTED), "no room")
    storage.offer({0: WANTED[0]})
    assert storage.claim(WANTED) is None
    assert storage.given_up(WANTED) == {0: "no room"}


def test_a_new_round_forgets_what_was_run(storage):
    storage.offer({0: WANTED[0]})
    storage.finish(storage.claim(WANTED), record_of(0))
    storage.begin_round()
    assert storage.records() == []
    storage.offer({0: WANTED[0]})
    assert storage.claim(WANTED).number == 0


def test_other_settings_are_other_trials(storage):
    storage.offer(WANTED)
    changed = {number: f"{key}x" for number, key in WANTED.items()}
    assert storage.claim(changed) is None
    storage.offer(changed)
    assert storage.claim(changed) == Claim(7, 0, changed[0])


def test_a_storage_that_falls_silent_says_so(storage, tmp_path):
    storage._backend.engine.dispose()
    (tmp_path / "studies.db").write_bytes(b"no database any more, but a text that is long enough" * 40)
    with pytest.raises(StudyError, match="does not answer"):
        storage.offer(WANTED)


# --- PostgreSQL ----------------------------------------------------------------------------------------------------------


def server_programs() -> Path | None:
    """The folder of initdb and postgres."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def no_server(reason: str) -> None:
    sentence = f"no PostgreSQL server can be started: {reason}; install one (apt install postgresql)"
    if IN_CI:
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """The URL of an empty database on a server of its own; where none can be started the tests are skipped, in CI they fail."""
    psycopg = pytest.importorskip("psycopg", reason="no psycopg: pip install -r requirements-dev.txt")
    programs = server_programs()
    if programs is None:
        no_server("neither initdb on the path nor /usr/lib/postgresql")
    folder, password = Path(tempfile.mkdtemp(prefix="latent-oclock-pg-")), secrets.token_hex(8)
    (folder / "password").write_text(password)
    account: dict = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        account = {"user": "postgres", "group": "postgres", "extra_groups": []}
        for path in (folder, folder / "password"):
            shutil.chown(path, "postgres", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = ["--username=me", f"--pwfile={folder}/password", "--auth=scram-sha-256", "--no-sync", "--encoding=UTF8"]
    made = subprocess.run(
        [programs / "initdb", "-D", folder / "data", *settings], capture_output=True, text=True, cwd=folder, **account
    )
    if made.returncode:
        no_server(f"initdb says {made.stderr.strip().splitlines()[-1]}")
    options = ["-D", folder / "data", "-p", str(port), "-k", folder, "-h", "127.0.0.1", "-c", "fsync=off"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([programs / "postgres", *options], stdout=log, stderr=log, cwd=folder, **account)
    url, deadline = f"postgresql://me:{password}@127.0.0.1:{port}/postgres", time.monotonic() + 60
    try:
        while True:
            try:
                psycopg.connect(url, connect_timeout=5).close()
                break
            except psycopg.OperationalError:
                if server.poll() is not None or time.monotonic() > deadline:
                    no_server((folder / "log").read_text().strip().splitlines()[-1])
                time.sleep(0.2)
        yield url
    finally:
        server.send_signal(signal.SIGINT)  # a fast shutdown, which does not wait for clients
        server.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(postgresql: str) -> str:
    """An empty database of the server."""
    import psycopg

    name = f"studies_{secrets.token_hex(4)}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgresql.rpartition("/")[0] + f"/{name}"


def runs_logged(log: Path) -> Counter[int]:
    return Counter(int(line.split()[0]) for line in log.read_text().splitlines())


def age_the_killed(database: str, marker: Path) -> None:
    """Once trial 3's worker is killed, make its last sign of life old, so that nobody has to wait for that."""
    import psycopg

    of_trial_3 = (
        "SELECT trial_id FROM trials JOIN trial_user_attributes USING (trial_id) "
        "WHERE state = 'RUNNING' AND key = 'trial' AND value_json = '3' ORDER BY trial_id LIMIT 1"
    )
    deadline = time.monotonic() + 300
    while not marker.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    with psycopg.connect(database, autocommit=True) as connection:
        [[killed]] = connection.execute(of_trial_3).fetchall()
        time.sleep(0.5)  # for a sign of life under way
        connection.execute("UPDATE trial_heartbeats SET heartbeat = heartbeat - interval '1 day' WHERE trial_id = %s", [killed])


def test_a_killed_workers_trial_is_retried_none_is_lost_or_done_twice(database, tmp_path, monkeypatch, capfd):
    """Three workers begin at once on an empty database; one is killed with SIGKILL in the middle of trial 3."""
    log = tmp_path / "runs"
    monkeypatch.setenv("PRETEND_LOG", str(log))
    study = pretend_study(12)
    sweep = Sweep(study, storage_url(database), folder=tmp_path, run=killed_once, load=pretend_data, available=always)
    watcher = threading.Thread(target=age_the_killed, args=(database, tmp_path / "killed"))
    watcher.start()
    run_sweep(replace(sweep, beat=1, grace=600), workers=3)
    watcher.join()
    ran = runs_logged(log)
    assert ran == {number: 2 if number == 3 else 1 for number in range(12)}
    storage = sweep.storage()
    trials = storage._trials()
    storage.close()
    complete = Counter(trial.user_attrs["trial"] for trial in trials if trial.state.name == "COMPLETE")
    assert complete == dict.fromkeys(range(12), 1)
    # What two workers both offered and one gave up is marked; what is not was killed.
    killed = [one.user_attrs["trial"] for one in trials if one.state.name == "FAIL" and "ended" not in one.user_attrs]
    assert killed == [3]
    assert [row["trial"] for row in load_rows("pretend", tmp_path)] == list(range(12))
    out, err = capfd.readouterr()
    assert "a worker ended with status -9" in out
    assert database.split(":")[2].split("@")[0] not in out + err, "the password is never printed"


def test_a_wrong_password_is_one_sentence_without_it(database):
    wrong = database.replace("me:", "me:not-", 1)
    with pytest.raises(StudyError, match="does not answer") as caught:
        StudyStorage(storage_url(wrong), STUDY, patience=0)
    assert "not-" not in str(caught.value)


def test_another_machine_goes_on_and_both_have_all_rows(database, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    one = Sweep(STUDY, storage_url(database), folder=here, run=pretend_run, load=pretend_data, available=always)
    first = one.storage()
    first.offer({0: WANTED[0]})
    first.finish(first.claim(WANTED), record_of(0))
    first.close()
    run_sweep(replace(one, folder=there))
    assert [row["trial"] for row in load_rows("pretend", there)] == [0, 1, 2, 3, 4, 5]
    run_sweep(one)
    assert load_rows("pretend", here) == load_rows("pretend", there)


def test_a_terminated_worker_hands_its_trial_back_at_once(tmp_path):
    code = """
import sys
from pretend import always, endless, pretend_data, pretend_study
from core.sweeps import Sweep, run_sweep
from pathlib import Path
run_sweep(Sweep(pretend_study(), sys.argv[1], folder=Path(sys.argv[2]), run=endless, load=pretend_data, available=always))
"""
    url, log = f"sqlite:///{tmp_path}/studies.db", tmp_path / "runs"
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parent.parent)])
    environment = os.environ | {"PRETEND_LOG": str(log), "PYTHONPATH": path}
    worker = subprocess.Popen([sys.executable, "-c", code, url, str(tmp_path)], env=environment)
    deadline = time.monotonic() + 120
    while not (log.exists() and log.read_text()) and time.monotonic() < deadline:
        assert worker.poll() is None
        time.sleep(0.1)
    worker.terminate()
    assert worker.wait(60) == 128 + 15
    storage = StudyStorage(url, STUDY)
    assert storage.numbers(WANTED, "WAITING") == set(range(6))
    assert storage.numbers(WANTED, "RUNNING") == set()
    storage.close()
