"""What all tests share: a quiet TensorFlow, a cache of their own, the browser."""

import gc
import os
import random
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator

# Before anything imports Keras; tests' subprocesses inherit both.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# Several test processes share the cores: with a thread each they are quicker, and sums have one order, to the last bit.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import pytest
from hypothesis import settings

MAIN = sys.modules["__main__"]
MANY_MODULES = 50  # that a library brings along
IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")
BROWSERS = (
    "chromium-headless-shell",  # draws no windows, and so is quicker
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
)

# Slow and busy machines are no reason to fail; in CI the same examples are tried every time.
settings.register_profile("latent-oclock", deadline=None, derandomize=IN_CI)
settings.load_profile("latent-oclock")


def pytest_configure(config: pytest.Config) -> None:
    """Give the run a cache folder of its own, unless one is named: no test meets what an earlier run left behind."""
    if "LATENT_OCLOCK_CACHE" not in os.environ:
        folder = tempfile.mkdtemp(prefix="latent-oclock-tests-")
        os.environ["LATENT_OCLOCK_CACHE"] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """``LATENT_OCLOCK_TESTS``: ``alone`` for tests of this mark, ``others`` for those without it; unset, all run."""
    wanted = os.environ.get("LATENT_OCLOCK_TESTS")
    if wanted not in (None, "alone", "others"):
        raise pytest.UsageError(f"LATENT_OCLOCK_TESTS is {wanted!r}; unset it, or let it be 'alone' or 'others'")
    left = [item for item in items if wanted and (item.get_closest_marker("alone") is None) == (wanted == "alone")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


class Garbage:
    """What searches for garbage pass over: all that lay there before a file of tests, or before a library was imported.

    Streamlit searches after every run of a page, and Python itself while TensorFlow traces. Once TensorFlow and thousands of
    tests are there, such a search takes up to a second: half the time of all tests. The app passes over what its models
    brought along, too.
    """

    file = ""
    modules = 0

    @classmethod
    def pass_over_what_stays(cls, file: str) -> None:
        if file != cls.file or len(sys.modules) > cls.modules + MANY_MODULES:
            gc.collect()
            gc.freeze()
            cls.file, cls.modules = file, len(sys.modules)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before fixtures: garbage, and a seed of each test's own; of a hundred tiny untrained networks two answer 0 to all."""
    Garbage.pass_over_what_stays(item.location[0])
    seed = zlib.crc32(item.nodeid.encode())
    random.seed(seed)  # Keras draws the seeds of its layers from here, also where a test is the first to import it
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(seed)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium: ``CHROMIUM`` or the first on the path. Without one tests are skipped, in CI they fail."""
    named = os.environ.get("CHROMIUM")
    for name in [named] if named else BROWSERS:
        path = shutil.which(name)
        if path:
            return path
    reason = f"no Chromium: {named or ', '.join(BROWSERS)} not found; install one (apt install chromium) or set CHROMIUM"
    if IN_CI:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """AppTest puts the script that it ran in the place of the main module, which every spawned process would then run."""
    sys.modules["__main__"] = MAIN
    yield
    sys.modules["__main__"] = MAIN


@pytest.fixture
def fresh_caches(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """For tests of pages: no warm-up, and nothing remembered from one to the next."""
    import streamlit as st

    monkeypatch.setenv("LATENT_OCLOCK_WARM", "0")
    yield
    st.cache_data.clear()
    st.cache_resource.clear()
