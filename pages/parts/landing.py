"""Where a page opens: at the section or the item that its link names, and back at that item when one returns."""

import re

import streamlit as st

from pages.parts.mounting import component

_landing = component("landing", html='<i hidden aria-hidden="true"></i>', css="")


def land(report: str | None = None) -> None:
    """Go where the URL leads once that stands on the page: to the section ``at``, on 'Reports' to the item in the hash.

    report: the one that is shown; when it changes, a hash that names an item of the other is taken away.
    """
    at = st.query_params.get("at", "")
    data = {"at": at if re.fullmatch(r"[a-z]{1,20}", at) else ""}
    if report is not None:
        data["report"] = report
    _landing(data=data, key="landing-report" if report else "landing-section")
