"""Widgets -> choices. Each widget's key is its name in the URL, so that a link restores the page; garbage there is ignored."""

import datetime
import random
from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from core.clocks.time import ClockTime
from core.registry import RegistryError
from pages.parts import cached, gallery, paste, pictures
from pages.parts.pictures import Offered

SOURCES = {"files": "Files", "samples": "Samples", "camera": "Camera", "drawn": "Drawn"}
FORMATS = ["png", "jpg", "jpeg", "webp"]
SEEDS = 9999
MOST_MODELS = 4


def choose_source() -> str:
    """Where pictures come from: a key of ``SOURCES``."""
    chosen = st.segmented_control(
        "Picture",
        list(SOURCES),
        default="files",
        required=True,
        format_func=SOURCES.get,
        key="from",
        bind="query-params",
        width="stretch",
    )
    return chosen or "files"


def offered(source: str) -> list[Offered]:
    """The pictures that the chosen source holds; an empty list while there is none."""
    return {"files": dropped, "samples": from_gallery, "camera": photographed, "drawn": drawn}[source]()


def dropped() -> list[Offered]:
    """Files dropped or chosen, then the picture pasted last."""
    files = st.file_uploader("Drop clock pictures here", FORMATS, accept_multiple_files=True, key="files", max_upload_size=10)
    paste.box("pasted")
    found = [Offered(file.name, file.getvalue(), pictures.time_in_name(file.name)) for file in files]
    data = st.session_state.get("pasted")
    if data is not None:
        found.append(Offered("pasted picture", data))
        st.button("Forget the pasted picture", on_click=st.session_state.pop, args=("pasted", None), type="tertiary")
    return found


def from_gallery() -> list[Offered]:
    """One of the shipped samples."""
    names = list(pictures.samples())
    if not names:
        st.caption("No samples are shipped with this copy.")
        return []
    with st.container(key="sample-name"):  # not shown: it keeps the choice in the URL, the gallery below shows it
        chosen = st.selectbox("Sample", names, key="sample", bind="query-params") or names[0]
    gallery.show(names, chosen, pick_sample, key="gallery")
    return [pictures.sample(chosen)]


def pick_sample(name: str) -> None:
    """Take a sample, whatever the source was."""
    if st.session_state.get("from") != "samples":  # its widget comes with the next run, too late to tell the URL itself
        st.query_params["sample"] = name
    st.session_state["from"] = "samples"
    st.session_state["sample"] = name


def photographed() -> list[Offered]:
    """A picture from the camera, as soon as one is taken."""
    photo = st.camera_input("Hold a clock into the picture", key="photo")
    return [Offered("camera.jpg", photo.getvalue())] if photo else []


def drawn() -> list[Offered]:
    """A clock drawn at a time and in a style of one's choice."""
    from core.clocks.styles import STYLES

    at = st.time_input("Time", datetime.time(10, 8), step=60, key="time", bind="query-params")
    style = st.selectbox("Style", list(STYLES), format_func=title_of_style, key="style", bind="query-params") or next(
        iter(STYLES)
    )
    number, dice = st.columns([3, 2], vertical_alignment="bottom")
    seed = number.number_input("Seed", 0, SEEDS, 0, key="seed", bind="query-params", help="One seed, one picture: everywhere.")
    dice.button("Another", icon=":material/casino:", on_click=roll, width="stretch")
    at = at or datetime.time(10, 8)
    true = ClockTime(at.hour % 12, at.minute)
    return [Offered(f"drawn {true}", cached.drawn(true.minutes, style, int(seed or 0)), true)]


def title_of_style(name: str) -> str:
    """What a style is called on the page."""
    from core.clocks.styles import STYLES

    return getattr(STYLES[name], "title", None) or name.replace("-", " ")


def roll() -> None:
    """Throw the dice for another drawing."""
    st.session_state["seed"] = random.randrange(1, SEEDS)


def choose_gamma() -> float:
    """Gamma from 0.5 to 5; above 1 darkens."""
    told = "Each grey value, from 0 to 1, is raised to this power before the model sees it. Above 1 darkens, below 1 lightens."
    return round(float(st.slider("Gamma", 0.5, 5.0, 1.0, 0.1, format="%.1f", key="gamma", bind="query-params", help=told)), 1)


def choose_models() -> dict[str, str]:
    """Chosen models, id -> title, in the order chosen; the first stored one when none is."""
    try:
        cards = cached.cards()
    except RegistryError as error:
        complain(sentence(error))
        return {}
    titles = pictures.told_apart({card.model_id: card.title for card in cards})
    if not titles:
        complain("No model is stored yet. Train one with: python -m core train reader-report")
        return {}
    grouped = {card.model_id: in_group(titles[card.model_id], card.report) for card in cards}
    first = next(iter(titles))
    chosen = several_models("Models", grouped, [first], key="model", most=MOST_MODELS, also=titles)
    return {model_id: titles[model_id] for model_id in chosen or [first]}


def in_group(title: str, report: str | None) -> str:
    """A model's title behind the name of its group: 'Ours: First reader', '2022: Regression'."""
    return f"{report}: {title.replace(f' ({report})', '')}" if report else f"Ours: {title}"


def several_models(
    label: str, titles: Mapping[str, str], default: list[str], *, key: str, most: int, also: Mapping[str, str] | None = None
) -> list[str]:
    """Ids chosen of ``titles``, at most ``most``. The URL holds ids, which outlive titles; titles there are taken too."""
    wanted = st.session_state[key] if key in st.session_state else in_url(key, [titles, also or {}])
    chosen = [model_id for model_id in wanted if model_id in titles][:most]
    st.session_state[key] = chosen or [model_id for model_id in default if model_id in titles][:most]

    def tell() -> None:
        st.query_params[key] = st.session_state[key]

    return st.multiselect(
        label,
        list(titles),
        format_func=lambda model_id: titles[model_id],
        key=key,
        on_change=tell,
        max_selections=most,
        placeholder=f"Choose up to {most}",
        select_all=False,
    )


def one_model(label: str, titles: Mapping[str, str], default: str, *, key: str) -> str:
    """One id of ``titles``, kept in the URL as ``several_models`` keeps many."""
    wanted = [st.session_state[key]] if key in st.session_state else in_url(key, [titles])
    st.session_state[key] = next((model_id for model_id in wanted if model_id in titles), default)

    def tell() -> None:
        st.query_params[key] = st.session_state[key]

    st.selectbox(label, list(titles), format_func=lambda model_id: titles[model_id], key=key, on_change=tell)
    return st.session_state[key]


def in_url(key: str, names: list[Mapping[str, str]]) -> list[str]:
    """The ids that the URL names, by id or by one of their titles, each once; anything else is passed over."""
    known = {title: model_id for titles in reversed(names) for model_id, title in titles.items()}
    known |= {model_id: model_id for titles in names for model_id in titles}
    return list(dict.fromkeys(known[text] for text in st.query_params.get_all(key) if text in known))


def one_of(label: str, options: Mapping[str, str], key: str, **more: Any) -> str:
    """A key of ``options``, the first until another is chosen; shown side by side, kept in the URL."""
    first = next(iter(options))
    chosen = st.segmented_control(
        label, list(options), default=first, required=True, format_func=options.get, key=key, bind="query-params", **more
    )
    return chosen or first


def true_time(known: ClockTime | None) -> ClockTime | None:
    """The true time: typed in, or else ``known`` from the picture's name or drawing."""
    typed = st.text_input(
        "True time, if known", key="true", bind="query-params", placeholder=str(known) if known else "10:08", max_chars=8
    )
    if not typed.strip():
        return known
    try:
        return ClockTime.parse(typed)
    except ValueError as error:
        complain(sentence(error))
        return known


def complain(text: str) -> None:
    """One sentence on what is wrong, beneath the widget that it is about."""
    st.html(f'<p class="lo-problem" role="alert">{escape(text)}</p>')


def sentence(error: Exception) -> str:
    """The text of an error as a sentence."""
    text = str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
