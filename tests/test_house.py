"""Rules of the house that a program can check: sizes, names, shipped files, requirements, the README's map."""

import ast
import hashlib
import json
import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest

import core
from core.paths import RESULTS
from core.tables import read_table

ROOT = Path(__file__).resolve().parent.parent
CODE = ("app.py", "core/**/*.py", "pages/**/*.py", "pages/**/*.js", "pages/**/*.css", "tests/**/*.py", "tools/**/*.py")
MAX_LINES, MAX_LINES_SHIPPED = 400, 340  # of tests and style sheets; of the code of the app, the rooms and the tools
MEBIBYTE = 1024 * 1024


def code_files(suffix: str = "") -> list[Path]:
    files = {path for pattern in CODE for path in ROOT.glob(pattern) if path.name.endswith(suffix)}
    assert ROOT / "core/specs.py" in files or suffix
    return sorted(files)


def listed(lines: list[str]) -> str:
    return "\n" + "\n".join(lines)


def most_lines(path: Path) -> int:
    tested = path.relative_to(ROOT).parts[0] == "tests"
    return MAX_LINES if tested or path.suffix == ".css" else MAX_LINES_SHIPPED


def test_no_file_is_long() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in code_files()}
    long = [f"{path.relative_to(ROOT)}: {length} lines" for path, length in lengths.items() if length > most_lines(path)]
    assert not long, listed(long)


def test_no_room_for_odds_and_ends() -> None:
    odd = {"utils", "util", "helpers", "helper", "misc", "common"}
    found = [str(path.relative_to(ROOT)) for path in code_files() if path.stem in odd or path.parent.name in odd]
    assert not found, listed(found)


def test_no_bare_except_and_no_assert_on_input() -> None:
    wrong = []
    for path in code_files(".py"):
        shipped = path.relative_to(ROOT).parts[0] != "tests"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}: bare except")
            if shipped and isinstance(node, ast.Assert):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}: assert outside of tests")
    assert not wrong, listed(wrong)


def test_caches_of_pages_stand_in_one_place() -> None:
    """``pages/parts/cached.py``, and beside it one file for each further page."""
    wrong = []
    for path in sorted((ROOT / "pages").rglob("*.py")):
        there = path.parent == ROOT / "pages/parts" and re.fullmatch(r"cached(_[a-z]+)?", path.stem)
        if not there and re.search(r"\bcache_(data|resource)\b", path.read_text(encoding="utf-8")):
            wrong.append(str(path.relative_to(ROOT)))
    assert not wrong, listed(wrong)


def test_assets_stay_small() -> None:
    sizes = {path: path.stat().st_size for path in (ROOT / "assets").rglob("*") if path.is_file()}
    big = [f"{path.relative_to(ROOT)}: {size / MEBIBYTE:.1f} MiB" for path, size in sizes.items() if size > 16 * MEBIBYTE]
    assert not big, listed(big)
    assert sum(sizes.values()) <= 150 * MEBIBYTE


def test_fonts_come_with_their_licence() -> None:
    folders = {path.parent for kind in ("woff", "woff2", "ttf", "otf") for path in (ROOT / "assets").rglob(f"*.{kind}")}
    assert folders
    for folder in folders:
        licences = [path for path in folder.iterdir() if path.name.upper().startswith(("LICENSE", "LICENCE", "OFL"))]
        assert licences, f"{folder} ships typefaces without a licence"
        assert "Open Font License" in licences[0].read_text(encoding="utf-8")


def model_folders() -> list[Path]:
    return sorted(path for path in (ROOT / "assets/models").iterdir() if path.is_dir() and not path.name.startswith("."))


def test_every_stored_model_is_whole() -> None:
    for folder in model_folders():
        names = {path.name for path in folder.iterdir()}
        assert {"model.keras", "card.json", "history.csv"} <= names, f"{folder.name} holds only {sorted(names)}"
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        assert card["model_id"] == folder.name
        assert card["sha256"] == hashlib.sha256((folder / "model.keras").read_bytes()).hexdigest(), folder.name
        assert 1 <= card["epochs_trained"] <= card["epochs_asked"], folder.name
        for name in ("spec", "training", "data", "data_licence", "device", "figures", "versions"):
            assert card[name], f"the card of {folder.name} says nothing of {name}"
        assert card["seconds"] > 0, folder.name
        rows = (folder / "history.csv").read_text(encoding="utf-8").splitlines()
        assert len(rows) - 1 == card["epochs_trained"], f"{folder.name}: one row an epoch"


def requirement_lines(name: str) -> list[str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-gpu.txt"])
def test_requirements_have_both_bounds(name: str) -> None:
    for line in requirement_lines(name):
        if not line.startswith("-r "):
            assert re.fullmatch(r"[a-z0-9-]+(\[[a-z-]+\])?>=[\d.]+,<[\d.]+", line), f"{name}: {line}"


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:4])


def test_what_is_installed_lies_within_the_bounds() -> None:
    for line in requirement_lines("requirements.txt") + requirement_lines("requirements-dev.txt"):
        if found := re.fullmatch(r"([a-z0-9-]+)>=([\d.]+),<([\d.]+)", line):
            there = numbers(version(found[1]))
            assert numbers(found[2]) <= there < numbers(found[3]), f"{line}: version {version(found[1])} is installed"


# Backends that a machine may have or not; rooms import them where they are, in functions.
OPTIONAL = {"jax", "torch"}


def test_requirements_name_what_the_app_imports() -> None:
    needed: dict[str, str] = {}
    for path in code_files(".py"):
        if path.relative_to(ROOT).parts[0] not in ("core", "pages", "app.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            for name in names:
                needed[name.split(".")[0]] = f"{path.relative_to(ROOT)}:{node.lineno}"
    ours = {"core", "pages", "app"} | OPTIONAL | set(sys.stdlib_module_names)
    named = {re.split(r"[\[>]", line)[0] for line in requirement_lines("requirements.txt")}
    sources = packages_distributions()
    lacking = [
        f"{place}: {name}"
        for name, place in needed.items()
        if name not in ours and not named & {source.lower().replace("_", "-") for source in sources.get(name, [])}
    ]
    assert not lacking, listed(lacking)


def map_lines(text: str) -> list[str]:
    """The lines of a room map, without what stands before and after."""
    return [line.strip() for line in text.splitlines() if re.match(r"\s*[a-z_][\w.]*(, [a-z_][\w.]*)* {2,}\S", line)]


def test_the_readme_shows_the_room_map_of_core() -> None:
    expected = map_lines(core.__doc__ or "")
    assert len(expected) > 10
    readme = ROOT / "README.md"
    assert readme.exists(), "README.md is missing"
    shown = [line.strip() for line in readme.read_text(encoding="utf-8").splitlines()]
    starts = [index for index, line in enumerate(shown) if line == expected[0]]
    assert starts, f"README.md lacks the room map of core/__init__.py, line for line; it begins with {expected[0]!r}"
    assert shown[starts[0] : starts[0] + len(expected)] == expected


def test_the_readme_names_both_commands_and_only_pictures_that_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make app" in text
    assert "make test" in text
    for target in re.findall(r"!\[[^\]]*\]\(([^)\s]+)", text) + re.findall(r"<img[^>]*src=\"([^\"]+)\"", text):
        if not target.startswith("http"):
            assert (ROOT / target).is_file(), f"README.md shows {target}, which does not exist"


def test_a_browser_is_there(chromium: str) -> None:
    """In CI this fails where the browser tests would only be skipped."""
    assert os.access(chromium, os.X_OK)


def test_the_bench_tells_of_the_reader_that_is_stored() -> None:
    """Trained on, a reader has shares that ``bench``, which copies them, does not know until it runs again."""
    right = {(row["model"], row["set"]): row["within_1_minute"] for row in read_table(RESULTS, "clock_photographs.csv")}
    [row] = [row for row in read_table(RESULTS, "bench.csv") if row["what"].startswith("read one photograph with ")]
    model = row["what"].removeprefix("read one photograph with ")
    shares = [float(row["ours_within_1_minute"]), float(row["plain_within_1_minute"])]
    assert shares == [float(right[name, "photographs"]) for name in (model, "classical")]


def test_the_readme_is_in_step_with_the_results() -> None:
    done = subprocess.run([sys.executable, "tools/readme.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
