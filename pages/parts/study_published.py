"""Printed figures of a study beside ours, and how far both put the runs in the same order."""

from collections import Counter
from collections.abc import Sequence
from html import escape

import streamlit as st

from core import study_figures
from core.study_caveats import budget_words
from core.study_design import agreement
from core.study_effects import Beside, beside_published, diverged
from core.study_names import is_cut, measure_title, setting_title, short_share
from core.trials import Rows
from core.written import true_minus
from pages.parts import model_cards, theme
from pages.parts.study_charts import chart
from pages.parts.study_tab import Shown, section

FEWEST = 3  # pairs that a figure needs
MOST_OPEN = 20  # lines that stand there without being asked for
RANK = (
    "Rank correlation (Spearman): 1 when both put the runs in the same order, 0 when the orders have nothing in common, "
    f"{true_minus('-1')} when one is the other reversed. Open markers: with a remark in the table."
)
LESS = (
    "Ours have seen less than the report's runs: that alone may change figures and their order, so a low correlation does not "
    "contradict the report, and a high one is no proof."
)


def show(shown: Shown) -> None:
    """A figure a measure where both are known, and the whole table."""
    pairs = beside_published(shown.study, shown.rows)
    if not pairs:
        if shown.study.report == "2022" and shown.study.row == "A2":
            st.html('<p class="lo-hint">Report 2022 shows this as a picture, without numbers.</p>')
        return
    section("Printed in the report, and ours", told_apart(shown, any(pair.seeds > 1 for pair in pairs)))
    measures = list(dict.fromkeys(pair.measure for pair in pairs))
    whole = [name for name in measures if sum(pair.measure == name and pair.ours is not None for pair in pairs) >= FEWEST]
    if whole:
        correlations(pairs, whole, shown)
    lead = f"All {len(pairs)} printed figures"
    with st.expander(lead, expanded=len(pairs) <= MOST_OPEN or not shown.rows):
        st.html(table(pairs, shown))


def told_apart(shown: Shown, several: bool) -> str:
    """Whose figures stand here, and what was measured otherwise than ours."""
    means = ", and are means over their seeds" if several else ""
    words = f"Report {shown.study.report}. Both reports compare runs by their test part; ours are chosen in validation{means}."
    if shown.study.report == "2022":
        words += (
            " It divided all pictures 80 to 20; ours leave the published test part aside, and a tenth of the others to choose."
        )
    return words


def correlations(pairs: Sequence[Beside], measures: Sequence[str], shown: Shown) -> None:
    """Published against ours, a figure a measure, with the rank correlation."""
    found = agreement(pairs, shown.rows)
    rows = {row["trial"]: row for row in shown.rows}
    alone = len(measures) == 1  # then what is to be known stands beside the figure, and else beneath the figures
    places = st.columns([3, 2] if alone else len(measures), gap="large")
    hint = RANK
    for place, measure in zip(places, measures, strict=False):
        one = found[measure]
        few = [f"{one.pairs}: too few for a rank correlation"]
        told = few if one.rank is None else [f"Rank correlation {true_minus(f'{one.rank:.2f}')} ({one.pairs})"]
        less = budget_words([rows[trial] for trial in one.trials])
        if less:
            told.append(f"ours saw {less}")
            hint = f"{RANK} {LESS}"
        words = "; ".join(told)
        with place:
            st.html(f'<h3 class="lo-caption">{measure_title(measure).capitalize()}<small>{escape(words)}</small></h3>')
            drawing = study_figures.published_plot(pairs, measure, log=shown.log, dark=theme.dark())
            chart(drawing, f"published-{measure}", f"Published against ours, {measure_title(measure)}. {words}")
    with places[1] if alone else st.container():
        st.html(f'<p class="lo-hint">{hint}</p>')


def table(pairs: Sequence[Beside], shown: Shown) -> str:
    """Every printed figure with ours; what ours saw less of than asked stands beneath it."""
    rows = {row["trial"]: row for row in shown.rows}
    lines, last = [], None
    for pair in pairs:
        setting = setting_title(pair.factors)
        new = setting != last
        last = setting
        name = escape(setting) if new else ""
        folded = f'<div class="lo-folded">{name}</div>' if name else ""
        doubt = f"<small>{escape(pair.doubt[:1].upper() + pair.doubt[1:])}</small>" if pair.doubt and new else ""
        ours = model_cards.number(pair.ours, 4)
        best = f"our best: {setting_title(pair.chosen)}" if pair.chosen else ""
        told = "; ".join(part for part in (best, seen([rows[trial] for trial in pair.trials])) if part)
        small = f"<small>{escape(told)}</small>" if told else ""
        lines.append(
            f'<tr><th scope="row">{name}</th><td class="lo-words">{folded}{escape(measure_title(pair.measure))}{doubt}</td>'
            f"<td>{escape(pair.published.text)}</td><td>{ours}{small}</td></tr>"
        )
    heads = (("Setting", ""), ("Measure", ' class="lo-words"'), ("published", ""), ("ours", ""))
    head = "".join(f'<th scope="col"{kind}>{name}</th>' for name, kind in heads)
    return model_cards.wide(head, lines, "Published figures and ours", "lo-printed lo-beside")


def seen(rows: Rows) -> str:
    """What is behind a figure of ours: how many seeds, how far their runs went where not to the end, how many diverged."""
    parts = [f"{len(rows)} seeds"] if len(rows) > 1 else []
    shares = Counter(short_share(row) for row in rows if is_cut(row))
    parts += [share if count == len(rows) else f"{count} of them {share}" for share, count in shares.items()]
    lost = diverged(rows)
    return "; ".join([*parts, f"{lost} diverged" if len(rows) > 1 else "diverged"] if lost else parts)
