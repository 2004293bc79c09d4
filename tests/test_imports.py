"""Imports run one way: the order is the room map in the docstring of ``core``, read here from its text."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import core

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "core"
PAGES = ROOT / "pages"
# Rooms whose import must cost nothing: no network library comes with them.
LIGHT = (
    "specs",
    "images",
    "paths",
    "cards",
    "registry",
    "first_steps",
    "status",
    "commands",
    "clocks.time",
    "clocks.face",
    "clocks.benchmark",
    "clocks.reading",
    "clocks.gammas",
    "sheets",
    "figures",
    "reading_figures",
    "datasets",
    "classifiers.architectures",
    "classifiers.designs",
    "classifiers.runs",
    "live_follower",
    "live_worker",
    "live_turns",
    "live",
    "live_figures",
    "generators.recipes",
    "generators.stored",
)
HEAVY = ("tensorflow", "keras", "jax", "torch", "streamlit", "pillow_heif")


def room_map(text: str) -> list[str]:
    """The rooms of a map in its order: lines of four spaces, names parted by commas, two spaces or more, a description."""
    rooms: list[str] = []
    for line in text.splitlines():
        if found := re.match(r" {4}([a-z_][\w.]*(?:, [a-z_][\w.]*)*) {2,}\S", line):
            rooms += found[1].split(", ")
    return rooms


def dotted(path: Path) -> str:
    """core/clocks/time.py -> core.clocks.time; a package's __init__.py is the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules(folder: Path) -> dict[str, Path]:
    return {dotted(path): path for path in sorted(folder.rglob("*.py"))}


def imports(tree: ast.Module, module: str, package: bool, known: set[str]) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a module imports anywhere, in functions too; ``known`` are our modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                base = module.split(".")[: None if package and node.level == 1 else -(node.level - package)]
                source = ".".join(base + ([node.module] if node.module else []))
            for alias in node.names:
                # What is imported from a package is a module of it, or a name that the package itself holds.
                whole = f"{source}.{alias.name}"
                yield node.lineno, whole if whole in known else source


def all_imports(folder: Path) -> list[tuple[str, str, int, str]]:
    """(module, file, line, what it imports) of every import under ``folder``."""
    ours = modules(CORE) | modules(PAGES)
    found = []
    for module, path in modules(folder).items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for line, name in imports(tree, module, path.name == "__init__.py", set(ours)):
            found.append((module, str(path.relative_to(ROOT)), line, name))
    return found


def is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def upward_imports(rooms: list[str], found: list[tuple[str, str, int, str]]) -> list[str]:
    """A sentence for each import of a room that does not stand above the importing one."""
    place = {f"core.{room}": index for index, room in enumerate(rooms)}
    wrong = {}  # in order, each once
    for module, file, line, name in found:
        if not is_in(name, "core") or name in ("core", module):
            continue
        if module not in place:
            wrong[f"{file}:{line}: {module} is no room of the map (packages themselves import nothing), yet imports {name}"] = 0
        elif name not in place:
            wrong[f"{file}:{line}: {name} is no room of the map"] = 0
        elif place[name] >= place[module]:
            wrong[f"{file}:{line}: {module} imports {name}, which stands below it in the map"] = 0
    return list(wrong)


def test_the_map_is_read_as_it_is_written() -> None:
    text = """Title.

    specs         what: this
    clocks.time   that
    clocks.evaluation, clocks.recipes  both
    __main__      last

Prose with    spaces.
"""
    assert room_map(text) == ["specs", "clocks.time", "clocks.evaluation", "clocks.recipes", "__main__"]


def test_imports_are_found_wherever_they_stand() -> None:
    code = "import os\nfrom core import paths, thing\ndef f():\n    from . import time\n    from .face import x\n"
    known = {"core.paths", "core.clocks.time", "core.clocks.face"}
    found = list(imports(ast.parse(code), "core.clocks.dial", False, known))
    assert found == [(1, "os"), (2, "core.paths"), (2, "core"), (4, "core.clocks.time"), (5, "core.clocks.face")]
    inside = list(imports(ast.parse("from . import time\nfrom .. import paths"), "core.clocks", True, known))
    assert inside == [(1, "core.clocks.time"), (2, "core.paths")]


def test_upward_imports_are_named() -> None:
    found = [
        ("core.b", "core/b.py", 1, "core.a"),
        ("core.a", "core/a.py", 2, "core.b"),
        ("core.a", "core/a.py", 3, "core.c"),
        ("core.a", "core/a.py", 4, "numpy"),
    ]
    assert upward_imports(["a", "b"], found) == [
        "core/a.py:2: core.a imports core.b, which stands below it in the map",
        "core/a.py:3: core.c is no room of the map",
    ]


def test_the_map_names_every_room_once() -> None:
    rooms = room_map(core.__doc__ or "")
    there = {name.removeprefix("core.") for name, path in modules(CORE).items() if path.name != "__init__.py"}
    assert sorted(rooms) == sorted(set(rooms)), "a room stands twice in the map"
    lacking, gone = sorted(there - set(rooms)), sorted(set(rooms) - there)
    assert not lacking, f"the room map of core/__init__.py lacks {', '.join(lacking)}"
    assert not gone, f"the room map of core/__init__.py names what does not exist: {', '.join(gone)}"


def test_imports_within_core_follow_the_map() -> None:
    wrong = upward_imports(room_map(core.__doc__ or ""), all_imports(CORE))
    assert not wrong, "\n" + "\n".join(wrong)


def test_core_knows_nothing_of_the_app() -> None:
    outside = ("streamlit", "pages", "app", "tests", "tools")
    wrong = [f"{file}:{line}: {name}" for _, file, line, name in all_imports(CORE) if name.split(".")[0] in outside]
    assert not wrong, "\n" + "\n".join(wrong)


def test_pages_import_parts_and_core_but_no_page() -> None:
    wrong = [
        f"{file}:{line}: {name}"
        for module, file, line, name in all_imports(PAGES)
        if is_in(name, "app") or (is_in(name, "pages") and not is_in(name, "pages.parts") and name != module)
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_heavy_libraries_are_imported_in_functions_only() -> None:
    """Keras belongs at the top of the rooms that hold networks; TensorFlow, JAX and torch at the top of none."""
    wrong = []
    for path in modules(CORE).values():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                if name.split(".")[0] in ("tensorflow", "jax", "torch"):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}: {name}")
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.fixture(scope="module")
def brought() -> dict[str, list[str]]:
    """What each light room brings in that was not there before it, found in one fresh process."""
    code = f"""
import importlib, json, sys
brought = {{}}
for room in {LIGHT}:
    before = set(sys.modules)
    importlib.import_module("core." + room)
    brought[room] = [name for name in {HEAVY} if name in sys.modules and name not in before]
print(json.dumps(brought))
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return dict(json.loads(run.stdout))


@pytest.mark.parametrize("room", LIGHT)
def test_light_rooms_import_no_network_library(room: str, brought: dict[str, list[str]]) -> None:
    assert brought[room] == []
