"""Whether a page keeps libraries that take long to load out of a process of its own."""

import os
import subprocess
import sys

from core.paths import ROOT

HEAVY = ("tensorflow", "keras", "jax", "torch")


def stays_light(steps: str, room: str, *besides: str) -> None:
    """Start the app as ``at``, take ``steps`` with it (Python), and see that ``room`` is loaded and no heavy library is.

    besides: other modules that may not be loaded either.
    """
    code = (
        "import sys; from streamlit.testing.v1 import AppTest; at = AppTest.from_file('app.py', default_timeout=60).run(); "
        f"{steps}; assert not at.exception, at.exception; assert {room!r} in sys.modules; "
        f"heavy = [name for name in {(*HEAVY, *besides)!r} if name in sys.modules]; "
        "assert not heavy, heavy; print('light')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "LATENT_OCLOCK_WARM": "0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.strip() == "light", done.stderr
