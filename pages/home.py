"""Welcome: what one can do here."""

import streamlit as st

from pages.parts import dial, shell

with st.container(key="welcome"):
    left, right = st.columns([6, 5], gap="xlarge", vertical_alignment="center")
    with left:
        st.html(shell.WEB / "welcome.html")
        st.page_link("pages/tell_the_time.py", label="Tell the time", icon=":material/arrow_forward:", icon_position="right")
    with right:
        dial.show()
