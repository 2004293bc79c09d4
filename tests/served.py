"""The real app on a free port of this machine, in a process of its own."""

import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from core.paths import ROOT

KIBIBYTES = 1024  # of a mebibyte


class Server:
    """The real app on a free port of this machine.

    launch: what Python is told to start it. options: further ones of Streamlit.
    """

    def __init__(
        self, log: Path, launch: tuple[str, ...] = ("-m", "streamlit", "run", "app.py"), options: tuple[str, ...] = ()
    ) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, *launch, "--server.port", str(port)]
        self.log = log.open("wb")
        where = ["--server.address", "127.0.0.1", "--server.headless", "true", *options]
        self.process = subprocess.Popen(command + where, cwd=ROOT, stdout=self.log, stderr=subprocess.STDOUT)
        end = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2):
                    break
            except (OSError, urllib.error.URLError):
                if self.process.poll() is not None or time.monotonic() > end:
                    self.stop()
                    raise RuntimeError(f"the app did not start: {log.read_text()[-2000:]}") from None
                time.sleep(0.02)
        self.started = time.monotonic()

    def memory(self) -> float:
        """Megabytes (2^20 bytes) of this machine's memory that the process holds."""
        told = subprocess.run(["ps", "-o", "rss=", "-p", str(self.process.pid)], capture_output=True, text=True, check=True)
        return int(told.stdout) / KIBIBYTES  # ps tells kibibytes

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


def visitors(url: str) -> int:
    """How many browsers are connected to the app at ``url``, as it counts them."""
    with urllib.request.urlopen(f"{url.rstrip('/')}/_stcore/metrics?families=active_sessions", timeout=60) as answer:
        found = re.search(r"^active_sessions(?:\{.*\})? (\d+)", answer.read().decode(), re.MULTILINE)
    if not found:
        raise RuntimeError(f"the app at {url} does not count its sessions at _stcore/metrics")
    return int(found[1])
