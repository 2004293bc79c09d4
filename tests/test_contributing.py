"""What ``CONTRIBUTING.md`` shows is made in a copy of the repository, and works."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.paths import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCK = r"```python\n(?P<code>.*?)```"
NEW = re.compile(r"new file `(?P<file>[\w./]+)`:\n\n" + BLOCK, re.DOTALL)
BELOW = re.compile(
    r"(?:`(?P<file>(?:core|pages)/[\w./]+|app\.py)`|what reads it), below `(?P<anchor>[^`]+)`:\n\n" + BLOCK, re.DOTALL
)
CHECK = """
from core.catalogue import all_recipes
from core.classifiers.architectures import ARCHITECTURES, check_network
from core.classifiers.study_list import estimated_seconds
from core.datasets import is_available, load_dataset
from core.specs import ClassifierSpec
from core.studies import STUDIES, outlook
from pages.parts import train_form
from streamlit.testing.v1 import AppTest

check_network(ClassifierSpec("my-net", (32, 32, 1), 12))
recipe = all_recipes()["my-net"]
assert recipe.spec.classes == 12 and recipe.training.epochs == 10, recipe

assert is_available("flowers") and "flowers" in train_form.available()
flowers = load_dataset("flowers")
assert [len(part) for part in (flowers.train, flowers.valid, flowers.test)] == [48, 6, 6], flowers
assert flowers.train.images.shape[1:] == (64, 64, 3) and set(flowers.test.labels) == {0, 1}

study = STUDIES["dropout"]
assert len(study.trials) == 12 and study.factors == ("dropout",), study
assert outlook(study, full=False).open == 12
assert estimated_seconds(study.trials[0], study.trials[0].run) > 0

at = AppTest.from_file("app.py", default_timeout=300).run().switch_page("pages/gallery.py").run()
assert not at.exception, at.exception
assert any("<h1>Gallery</h1>" in part.proto.body for part in at.get("html"))
print("all of it works")
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The repository's code with the additions, and a data folder with sixty flowers."""
    place = tmp_path / "copy"
    place.mkdir()
    for name in ("core", "pages", ".streamlit"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "app.py", place)
    (place / "assets").symlink_to(ROOT / "assets")
    rng = np.random.default_rng(0)
    for number in range(60):
        folder = tmp_path / "data/flowers" / ("daisy", "rose")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (70, 66, 3), np.uint8)).save(folder / f"{number}.png")
    return place


def additions() -> list[tuple[str, str, str]]:
    """(file, line below which, code) of every block; "" for the line of a new file."""
    found, file = [], ""
    for match in sorted([*BELOW.finditer(TEXT), *NEW.finditer(TEXT)], key=lambda match: match.start()):
        named = match.groupdict()
        file = named["file"] or file  # 'what reads it' stands in the file named before
        found.append((file, named.get("anchor") or "", named["code"]))
    return found


def test_every_addition_is_small() -> None:
    shown = additions()
    assert len(shown) == TEXT.count("```python") == 8
    for title in ("A model", "A data set", "A study", "A page"):
        section = TEXT.split(f"## {title}\n")[1].split("\n## ")[0]
        lines = [line for code in re.findall(BLOCK, section, re.DOTALL) for line in code.splitlines() if line.strip()]
        assert 1 <= len(lines) < 10, title
        assert max(map(len, lines)) <= 128, title


def test_what_is_shown_works(copy: Path, tmp_path: Path) -> None:
    for file, anchor, code in additions():
        path = copy / file
        if anchor:
            text = path.read_text(encoding="utf-8")
            assert text.count(f"\n{anchor}\n") == 1, f"{file} has no line {anchor!r} any more; mend CONTRIBUTING.md"
            code = text.replace(f"\n{anchor}\n", f"\n{anchor}\n{code}", 1)
        path.write_text(code, encoding="utf-8")
    environment = os.environ | {
        "PYTHONPATH": str(copy),
        "LATENT_OCLOCK_DATA": str(tmp_path / "data"),
        "LATENT_OCLOCK_CACHE": str(tmp_path / "cache"),
        "LATENT_OCLOCK_WARM": "0",
    }
    done = subprocess.run(
        [sys.executable, "-c", CHECK], cwd=copy, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.stdout.strip() == "all of it works", done.stderr[-3000:]


def test_the_readme_shows_the_same_model() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = {line.strip() for line in readme.splitlines() if '"my-net"' in line}
    assert shown == {line.strip() for line in TEXT.splitlines() if '"my-net"' in line}
    assert len(shown) == 2


def test_the_names_in_the_text_exist() -> None:
    for name in re.findall(r"`((?:core|pages|tests)/[\w./]+)`", TEXT):
        assert (ROOT / name).exists() or name == "pages/gallery.py", name
