"""The container and the notes on running for a class, as far as they can be checked without a container engine."""

import ast
import fnmatch
import json
import re

import pytest
from streamlit import config

from core.paths import ROOT

NOTES = (ROOT / "docs/classroom.md").read_text(encoding="utf-8")
RUNS = "\n".join(
    line for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")
)
STEPS = [re.sub(r"\s+", " ", step) for step in RUNS.replace("\\\n", " ").splitlines() if step.strip()]


def steps(name: str) -> list[str]:
    """What follows an instruction of the Dockerfile, wherever it stands."""
    return [step.removeprefix(f"{name} ") for step in STEPS if step.startswith(f"{name} ")]


def let_through(path: str) -> bool:
    """Whether ``.dockerignore`` lets a file into the build: the last pattern that matches it, or a folder of it, decides."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    parts = path.split("/")
    names = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
    kept = True
    for line in lines:
        pattern = line.strip().removeprefix("!")
        if pattern and not line.startswith("#") and any(matches(name, pattern) for name in names):
            kept = line.startswith("!")
    return kept


def matches(name: str, pattern: str) -> bool:
    """As Docker reads them: ``*`` stays within a folder, ``**/`` is any number of folders."""
    if pattern.startswith("**/"):
        return fnmatch.fnmatchcase(name.rpartition("/")[2], pattern[3:])
    return name.count("/") == pattern.count("/") and fnmatch.fnmatchcase(name, pattern)


def test_the_image_holds_what_the_app_runs_on_and_no_more() -> None:
    copied = [step.split()[0] for step in steps("COPY") if not step.startswith("--from")]
    for name in copied:
        assert (ROOT / name).exists(), name
        assert let_through(name), f".dockerignore keeps {name} away"
    assert {"app.py", "pages", "core", "assets", ".streamlit", "requirements.txt"} == set(copied)
    for path in ("core/clocks/time.py", "pages/parts/web/style.css", "assets/models/reader-report/model.keras"):
        assert let_through(path), path
    for path in (".git/HEAD", "tests/test_pages.py", "data/cifar10.zip", "core/__pycache__/a.pyc", ".venv/bin/python"):
        assert not let_through(path), path
    for path in ("study.sqlite3", "assets/models/.writing", "README.md", ".streamlit/secrets.toml"):
        assert not let_through(path), path


def test_no_data_to_train_on_is_shipped() -> None:
    kinds = {path.suffix for path in (ROOT / "assets").rglob("*") if path.is_file()}
    assert not kinds & {".zip", ".gz", ".tar", ".sqlite3", ".idx"}


def test_the_container_runs_without_rights_and_says_whether_it_is_well() -> None:
    last = STEPS[max(index for index, step in enumerate(STEPS) if step.startswith("FROM ")) :]
    assert last[0].endswith("-slim-bookworm")
    user = next(step for step in last if step.startswith("USER "))
    assert re.fullmatch(r"USER [1-9]\d*:[1-9]\d*", user)
    assert last.index(user) > max(index for index, step in enumerate(last) if step.startswith(("RUN", "COPY")))
    (command,) = steps("CMD")
    assert json.loads(command) == ["python", "-m", "streamlit", "run", "app.py"]
    (health,) = steps("HEALTHCHECK")
    program = json.loads(health.partition("CMD ")[2])
    assert program[:2] == ["python", "-c"]
    ast.parse(program[2])
    assert "_stcore/health" in program[2]


def test_the_health_check_asks_the_address_of_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("urllib.request.urlopen", lambda url, timeout: asked.append(url))
    program = json.loads(steps("HEALTHCHECK")[0].partition("CMD ")[2])[2]
    for base in (None, "/clocks/"):
        if base:
            monkeypatch.setenv("STREAMLIT_SERVER_BASE_URL_PATH", base)
        else:
            monkeypatch.delenv("STREAMLIT_SERVER_BASE_URL_PATH", raising=False)
        exec(compile(program, "health check", "exec"), {})
    assert asked == ["http://127.0.0.1:8501/_stcore/health", "http://127.0.0.1:8501/clocks/_stcore/health"]


def test_every_option_that_the_notes_name_exists() -> None:
    known = {f"{section}.{name}" for section in ("server", "browser") for name in config.get_options_for_section(section)}
    named = set(re.findall(r"`((?:server|browser)\.\w+)`", NOTES))
    assert len(named) > 8
    assert named <= known, named - known


def test_what_the_notes_say_of_the_options_is_so() -> None:
    """The column 'value' of the table, where it says that an option is left as it is."""
    for name, value in re.findall(r"^\| `([\w.]+)` \| `([^`]+)`, as it is \|", NOTES, re.MULTILINE):
        assert str(config.get_option(name)).lower() == value, name
    for spelled in re.findall(r"STREAMLIT_SERVER_([A-Z_]+)", NOTES + RUNS):  # as the environment spells options
        option = "server." + re.sub(r"_(\w)", lambda found: found[1].upper(), spelled.lower())
        assert config.get_option(option) is not None


def test_files_that_the_notes_name_exist() -> None:
    for name in re.findall(r"((?:tests|docs|tools|\.streamlit)/[\w./-]+\.\w+)", NOTES):
        assert (ROOT / name).exists(), name
