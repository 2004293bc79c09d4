"""Welcome: what one can do here, which models are here, and words for whoever is new to them."""

import streamlit as st

from pages.parts import demos, dial, living, presenter, shelf, shell

CARDS = (  # a picture, the page that it leads to, what one can do there
    (
        "clock",
        "pages/tell_the_time.py",
        "Tell the time",
        "Drop a clock, paste one, photograph one. See the hands that each model sees, how sure it is, and why.",
    ),
    (
        "curves",
        "pages/compare_training.py",
        "Compare training",
        "Change what a network learns by: in hundreds of stored runs, or in one of your own that trains while you watch.",
    ),
    (
        "walk",
        "pages/latent_space.py",
        "Latent space",
        "Every vector is a picture. Walk from one to another, mix them, and see what lies between.",
    ),
)

shell.enter()
st.html(shell.WEB / "home.css")
with st.container(key="welcome"):
    left, right = st.columns([7, 3], gap="xlarge", vertical_alignment="center")
    with left:
        st.html(shell.WEB / "welcome.html")
        with st.container(key="welcome-ways", horizontal=True):
            st.page_link("pages/tell_the_time.py", label="Read a clock", icon=":material/arrow_forward:", icon_position="right")
            st.button("Five demos in five minutes", icon=":material/play_arrow:", on_click=presenter.start, type="tertiary")
        st.html(shelf.not_yet(demos.lacking()))
    with right:
        dial.show()
with st.container(key="ways-head", horizontal=True, vertical_alignment="bottom"):
    st.html('<h2 class="lo-section">What you can do here</h2>')
    moving = st.toggle("Moving pictures", True, key="moving", bind="query-params")
for place, (name, page, title, words) in zip(st.columns(len(CARDS), gap="medium"), CARDS, strict=True):
    with place, st.container(key=f"card-{name}"):
        living.show(name, moving=moving)
        st.page_link(page, label=title, icon=":material/arrow_forward:", icon_position="right")
        st.html(f'<p class="lo-card-words">{words}</p>')
with st.container(key="shelves"):
    shelf.show()
st.html(shell.WEB / "words.html")
