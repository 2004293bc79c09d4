"""The app: ``streamlit run app.py``."""

import streamlit as st

from pages.parts import shell

st.set_page_config("Latent O'Clock", shell.ICON, layout="wide", initial_sidebar_state=256, menu_items={"About": shell.ABOUT})
pages = [
    st.Page("pages/home.py", title="Welcome", default=True),
    st.Page("pages/compare_training.py", title="Compare training"),
    st.Page("pages/tell_the_time.py", title="Tell the time"),
    st.Page("pages/latent_space.py", title="Latent space"),
    st.Page("pages/reports.py", title="Reports"),
]
page = st.navigation(pages)
shell.dress(pages, page)
page.run()
shell.sidebar(page)
