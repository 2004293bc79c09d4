"""A study beside an earlier one with another network, setting by setting."""

from html import escape

import streamlit as st

from core import study_pairs
from core.study_names import measure_title, varied
from core.trials import StudyError
from pages.parts import cached_studies, forms, theme
from pages.parts.study_charts import chart
from pages.parts.study_tab import Shown, section

FEWEST = 3  # pairs that a figure needs


def show(shown: Shown) -> None:
    """The settings that both studies have, where the study names such an earlier one."""
    if not shown.study.against:
        return
    try:
        other, rows = cached_studies.study(shown.study.against)
    except StudyError as error:
        forms.complain(forms.sentence(error))
        return
    pairs = study_pairs.pairs_of(shown.rows, rows, shown.study.factors, shown.column)
    if len(pairs) < FEWEST:
        return
    words = study_pairs.pairs_words(pairs, shown.column, other.row)
    section(f"Beside {other.row}, setting by setting", f"{measure_title(shown.column).capitalize()}. {words}")
    names = (f"{shown.study.row}: {shown.study.title}", f"{other.row}: {other.title}")
    varying = varied(shown.study.factors, shown.rows)
    drawing = study_pairs.pairs_plot(pairs, shown.column, names, varying, log=shown.log, dark=theme.dark())
    left, _ = st.columns([3, 2])
    with left:
        chart(drawing, "pairs", f"{escape(names[0])} and {escape(names[1])}, {measure_title(shown.column)}. {words}")
