"""Streamlit's cache over the reports' items, kept as ``cached`` keeps the rest: made anew when a table or a card changes."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.cached import stamp

if TYPE_CHECKING:
    from core.reports.answers import Answer


def report(year: str) -> "tuple[tuple[Answer, ...], list[str]]":
    """Every item of a report with what is known of it, and what could not be read. Shared by all visitors: read-only."""
    from core import paths

    files = [*sorted(paths.RESULTS.glob("*.csv")), *sorted(paths.MODELS.glob("*/card.json"))]
    return _report(year, (stamp(paths.MODELS), *map(stamp, files)))


@st.cache_resource(show_spinner="Gathering what was printed and what was found", max_entries=8)
def _report(year: str, files: tuple[tuple[str, int, int], ...]) -> "tuple[tuple[Answer, ...], list[str]]":
    from core.reports.answers import answers
    from core.reports.evidence import load_evidence

    evidence = load_evidence()
    return answers(year, evidence), evidence.problems
