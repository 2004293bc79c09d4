"""What a visitor offers to be read: its name, its bytes, and the true time where that is known."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core import paths
from core.clocks.time import ClockTime
from pages.parts import cached

MOST = 200  # pictures read at once
PASTE_BYTES = 10_000_000


@dataclass(frozen=True)
class Offered:
    """A picture as it came. ``name`` is whatever the sender called it: escape it before it meets HTML."""

    name: str
    data: bytes
    truth: ClockTime | None = None

    @cached_property
    def sha(self) -> str:
        return cached.fingerprint(self.data)

    def pixels(self):
        """uint8 (height, width, 3), or a ``PictureError`` whose text says what is wrong."""
        return cached.picture(self.sha, self.data)


def sorted_out(offered: Sequence[Offered]) -> tuple[list[Offered], list[tuple[str, str]]]:
    """The pictures that can be read, and name and sentence of those that cannot."""
    good, bad = [], []
    for place, one in enumerate(offered):
        trouble = cached.trouble(one.sha, one.data) if place < MOST else f"Only {MOST} pictures are read at once."
        if trouble:
            bad.append((one.name, trouble))
        else:
            good.append(one)
    return good, bad


def time_in_name(name: str) -> ClockTime | None:
    """The true time that a file name like ``10_08-wall.png`` starts with, or None."""
    match = re.match(r"([01][0-9]|2[0-3])_([0-5][0-9])(?![0-9])", name)
    return ClockTime(int(match[1]) % 12, int(match[2])) if match else None


def samples() -> dict[str, Path]:
    """The pictures that the app offers to try: name -> file."""
    return {file.stem: file for file in sorted(paths.SAMPLES.glob("*.png"))}


def sample(name: str) -> Offered:
    """One of ``samples``."""
    file = samples()[name]
    return Offered(file.name, file.read_bytes(), time_in_name(file.name))


def from_data_url(text: object) -> bytes | None:
    """The bytes in ``data:...;base64,...`` as the browser hands over what was pasted; None for anything else."""
    if not isinstance(text, str) or len(text) > PASTE_BYTES * 4 // 3 + 200:
        return None
    head, _, body = text.partition(",")
    if not (head.startswith("data:") and head.endswith(";base64")):
        return None
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return None


def data_url(data: bytes, kind: str = "image/webp") -> str:
    """Bytes as a URL that an ``<img>`` or a table cell can show."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def told_apart(titles: dict[str, str]) -> dict[str, str]:
    """The same titles, with the id added to those that occur twice."""
    twice = {title for title in titles.values() if list(titles.values()).count(title) > 1}
    return {key: f"{title} ({key})" if title in twice else title for key, title in titles.items()}
