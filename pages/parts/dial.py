"""A clock that shows the visitor's own time."""

from pages.parts.mounting import component

_dial = component("dial")


def show(key: str = "dial") -> None:
    """Put the clock here."""
    _dial(key=key)
