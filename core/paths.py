"""Where things lie: shipped assets, caches that may be deleted, and data that users bring; and how files are replaced."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"
MODELS = ASSETS / "models"
RESULTS = ASSETS / "results"
REPORTS = ASSETS / "reports"
SAMPLES = ASSETS / "samples"
FONTS = ASSETS / "fonts"


def cache_folder() -> Path:
    """The folder for what can be made again: rendered benchmarks, training checkpoints.

    ``LATENT_OCLOCK_CACHE`` names it; otherwise ``~/.cache/latent-oclock``. It is created when missing.
    """
    folder = Path(os.environ.get("LATENT_OCLOCK_CACHE") or Path.home() / ".cache" / "latent-oclock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = f"the cache folder cannot be made ({error.strerror}); name one in LATENT_OCLOCK_CACHE that can be written to"
        raise OSError(error.errno, remedy, str(folder)) from error
    return folder


def data_folders() -> list[Path]:
    """Folders searched for data sets, first hit wins: ``LATENT_OCLOCK_DATA``, then ``../shared/data``."""
    named = os.environ.get("LATENT_OCLOCK_DATA")
    folders = [Path(named)] if named else []
    folders.append(ROOT.parent / "shared" / "data")
    return [folder for folder in folders if folder.is_dir()]


def lost_data_folder() -> str:
    """What ``LATENT_OCLOCK_DATA`` names where that is no folder, else ""."""
    named = os.environ.get("LATENT_OCLOCK_DATA", "")
    return named if named and not Path(named).is_dir() else ""


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A file beside ``path`` to be written, which takes its place when the block ends, and is gone when that fails.

    Whoever reads ``path`` meanwhile, or after a crash, finds the old file or the new one, and never a part of it. Its folder
    is made when missing; ``OSError`` where one cannot write.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")  # of this writer alone
    try:
        yield new
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
