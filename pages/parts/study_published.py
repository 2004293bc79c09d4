"""Printed figures of a study beside ours, and how far both put the runs in the same order."""

from collections import Counter
from collections.abc import Sequence
from html import escape

import streamlit as st

from core import study_figures
from core.study_effects import Beside, agreement, beside_published, diverged
from core.study_names import is_cut, measure_title, setting_title, short_share
from core.trials import Rows
from pages.parts import model_cards, theme
from pages.parts.study_charts import chart
from pages.parts.study_tab import Shown, section

FEWEST = 3  # pairs that a figure needs
MOST_OPEN = 20  # lines that stand there without being asked for


def show(shown: Shown) -> None:
    """A figure a measure where both are known, and the whole table."""
    pairs = beside_published(shown.study, shown.rows)
    if not pairs:
        if shown.study.report == "2022" and shown.study.row == "A2":
            st.html('<p class="lo-hint">Report 2022 shows this as a picture, without numbers.</p>')
        return
    section(
        "Printed in the report, and ours",
        f"Report {shown.study.report}. Both reports compare runs by their test part; ours are chosen in validation, and are "
        "means over the seeds here.",
    )
    measures = list(dict.fromkeys(pair.measure for pair in pairs))
    whole = [name for name in measures if sum(pair.measure == name and pair.ours is not None for pair in pairs) >= FEWEST]
    if whole:
        correlations(pairs, whole, shown)
    lead = f"All {len(pairs)} printed figures"
    with st.expander(lead, expanded=len(pairs) <= MOST_OPEN or not shown.rows):
        st.html(table(pairs, shown))


def correlations(pairs: Sequence[Beside], measures: Sequence[str], shown: Shown) -> None:
    """Published against ours, a figure a measure, with the rank correlation."""
    ranks = agreement(pairs)
    for place, measure in zip(st.columns(max(2, len(measures)), gap="large"), measures, strict=False):
        rank = ranks.get(measure)
        words = "" if rank is None else f"Rank correlation {rank:.2f}"
        with place:
            st.html(f'<h3 class="lo-caption">{measure_title(measure).capitalize()}<small>{words}</small></h3>')
            drawing = study_figures.published_plot(pairs, measure, log=shown.log, dark=theme.dark())
            chart(drawing, f"published-{measure}", f"Published against ours, {measure_title(measure)}. {words}")
    st.html(
        '<p class="lo-hint">Rank correlation (Spearman): 1 when both put the runs in the same order, 0 when the orders have '
        "nothing in common. Open markers: with a remark in the table.</p>"
    )


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
        told = seen([rows[trial] for trial in pair.trials])
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
