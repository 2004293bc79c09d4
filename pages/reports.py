"""Reports: every table and figure of both reports in their order: published, found here, best here, and a link to it live."""

import streamlit as st

from pages.parts import cached_reports, forms, landing, report_items, shell, views

YEARS = {"2022": "2022", "2023": "2023"}

shell.enter()
for sheet in ("models.css", "study.css", "reports.css"):
    st.html(shell.WEB / sheet)
views.heading(
    "Reports", "Every table and figure of both reports: what was printed, what came out here, and what is best here by now."
)
year = forms.one_of("Report", YEARS, "report")
answers, problems = cached_reports.report(year)
for problem in problems:
    forms.complain(forms.sentence(ValueError(problem)))
with st.container(key=f"report-{year}"):
    left, right = st.columns([3, 8], gap="large")
    with left:
        st.html(report_items.contents(answers))
    with right:
        st.html(report_items.told(answers))
        for answer in answers:
            with st.container(key=f"{year}-{answer.item.anchor}"):
                st.html(report_items.block(answer))
landing.land(year)
