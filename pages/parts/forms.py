"""Widgets -> choices. Each widget's key is its name in the URL, so that a link restores the page; garbage there is ignored."""

import datetime
import random
import re
from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from core.clocks.time import ClockTime
from pages.parts import cached, gallery, paste, pictures, share, uploads
from pages.parts.pictures import Offered

SOURCES = {"files": "Files", "samples": "Samples", "camera": "Camera", "drawn": "Drawn"}
FORMATS = ["png", "jpg", "jpeg", "webp", "heic", "heif"]
SEEDS = 9999
MOST_MODELS = 4
LINKED = ("from", "sample", "true", "crop")  # what the URL tells of the picture, in one step of the browser's history
LASTING = ("samples", "drawn")  # sources whose pictures a link brings back, so that it may say what is cut out of them
EXAMPLE = "09_12-report"  # the first of the welcome page's living pictures, too
NO_CAMERA = "The camera needs https here; use Files: your phone offers its camera there."
SEED_HELP = "One seed, one picture. The reports' models learned the first style."
SHORT = {  # titles that the field would cut off, and those of styles that have none
    "report-as-found": "The course's clock",
    "report": "The course's clock, any turn",
    "report-straight": "Straight on, no reflections",
    "wild": "Any clock",
    "wild-held-out": "Any clock, features never trained on",
}


def choose_source() -> str:
    """Where pictures come from: a key of ``SOURCES``."""
    follow_link()
    chosen = st.segmented_control(
        "Picture", list(SOURCES), required=True, format_func=SOURCES.get, key="from", on_change=another_picture, width="stretch"
    )
    return chosen or "files"


def follow_link() -> None:
    """Take source, sample and true time from the URL when a link was opened or the browser went back; else leave them."""
    linked = tuple(next(iter(st.query_params.get_all(name)), "") for name in LINKED)
    if "from" not in st.session_state or st.session_state.get("linked") != linked:
        st.session_state["from"] = next((key for key, label in SOURCES.items() if label == linked[0]), "files")
        st.session_state["sample"], st.session_state["true"], st.session_state["crop"] = linked[1:]
        st.session_state["linked"] = linked
        if st.session_state["from"] not in LASTING:
            st.session_state["crop"] = ""
        for name in ("true-of", "crop-of"):  # what the link says belongs to the picture that comes first
            st.session_state.pop(name, None)


def tell_link() -> None:
    """Write source, sample, true time and crop into the URL, all at once: one step in the browser's history."""
    state = st.session_state
    source = state.get("from") or "files"
    crop = (state.get("crop") or "") if source in LASTING else ""
    linked = (SOURCES[source], state.get("sample") or "", (state.get("true") or "").strip(), crop)
    state["linked"] = linked
    st.query_params.update({name: [value] if value else [] for name, value in zip(LINKED, linked, strict=True)})


def another_picture() -> None:
    """Forget the true time that was typed and the square that was cut out for the picture before."""
    st.session_state["true"] = st.session_state["crop"] = ""
    st.session_state["crop-of"] = ""  # of no picture: each one's own square is looked up
    st.session_state.pop("true-of", None)
    tell_link()


def offered(source: str) -> list[Offered]:
    """The pictures that the chosen source holds; an empty list while there is none."""
    return {"files": dropped, "samples": from_gallery, "camera": photographed, "drawn": drawn}[source]()


def dropped() -> list[Offered]:
    """Files dropped or chosen, then the picture pasted last; while there is none, the sample picked last beside its gallery."""
    st.file_uploader(
        "Drop clock pictures here",
        FORMATS,
        accept_multiple_files=True,
        key="files",
        max_upload_size=10,
        on_change=uploads.keep,
        args=("files",),
    )
    uploads.refusal()
    paste.box("pasted")
    found = uploads.kept("files")
    data = st.session_state.get("pasted")
    if data is not None:
        found.append(Offered("pasted picture", data))
        st.button("Forget the pasted picture", on_click=st.session_state.pop, args=("pasted", None), type="tertiary")
    if found:
        st.html(f'<p class="lo-hint">{uploads.HERE_ONLY}</p>')
    return found or example()


def example() -> list[Offered]:
    """A sample to begin with, above a gallery of the others; none where none is shipped."""
    names = list(pictures.samples())
    if not names:
        return []
    shown = EXAMPLE if EXAMPLE in names else names[0]
    st.html('<p class="lo-hint">Until then, an example. Others to try:</p>')
    gallery.show(names, shown, pick_sample, key="gallery-start")
    return [pictures.sample(shown)]


def from_gallery() -> list[Offered]:
    """One of the shipped samples."""
    names = list(pictures.samples())
    if not names:
        st.caption("No samples are shipped with this copy.")
        return []
    chosen = st.session_state.get("sample")
    chosen = chosen if chosen in names else names[0]
    gallery.show(names, chosen, pick_sample, key="gallery")
    return [pictures.sample(chosen)]


def pick_sample(name: str) -> None:
    """Take a sample, whatever the source was."""
    st.session_state["from"] = "samples"
    st.session_state["sample"] = name
    another_picture()


def photographed() -> list[Offered]:
    """A picture from the camera, as soon as one is taken; where browsers give none, a sentence in its place."""
    if not can_film():
        st.html(f'<p class="lo-hint">{NO_CAMERA}</p>')
        return []
    photo = st.camera_input("Hold a clock into the picture", key="photo")
    return [Offered("camera.jpg", photo.getvalue())] if photo else []


def can_film() -> bool:
    """Whether the browser gives its camera to a page at this address; where the browser has not said where it is, it may."""
    return not st.context.url or share.is_secure(st.context.url)


def drawn() -> list[Offered]:
    """A clock drawn at a time and in a style of one's choice."""
    from core.clocks.face import STYLE_NAMES

    at = st.time_input("Time", datetime.time(10, 8), step=60, key="time", bind="query-params", on_change=to_twelve_hours)
    if at and at.hour >= 12:
        st.html(f'<p class="lo-hint">The dial has 12 hours: {at:%H:%M} stands as {ClockTime(at.hour % 12, at.minute)}.</p>')
    style = st.selectbox("Style", list(STYLE_NAMES), format_func=title_of_style, key="style", bind="query-params")
    number, dice = st.columns(2, vertical_alignment="bottom")
    seed = number.number_input("Seed", 0, SEEDS, key="seed", bind="query-params", help=SEED_HELP)
    dice.button("Another", icon=":material/casino:", on_click=roll, width="stretch")
    at = at or datetime.time(10, 8)
    true = ClockTime(at.hour % 12, at.minute)
    return [Offered(f"drawn {true}", cached.drawn(true.minutes, style or STYLE_NAMES[0], int(seed or 0)), true)]


def to_twelve_hours() -> None:
    """What is typed as an afternoon becomes what the dial shows."""
    at = st.session_state.get("time")
    if at and at.hour >= 12:
        st.session_state["time"] = at.replace(hour=at.hour % 12)


def title_of_style(name: str) -> str:
    """What a style is called on the page, short enough for its field."""
    from core.clocks.styles import STYLES

    return SHORT.get(name) or STYLES[name].title


def roll() -> None:
    """Throw the dice for another drawing."""
    st.session_state["seed"] = random.randrange(1, SEEDS)


def choose_gamma() -> float:
    """Gamma from 0.5 to 5; above 1 darkens."""
    told = "Each grey value, from 0 to 1, is raised to this power before the model sees it. Above 1 darkens, below 1 lightens."
    return round(float(st.slider("Gamma", 0.5, 5.0, 1.0, 0.1, format="%.1f", key="gamma", bind="query-params", help=told)), 1)


def choose_models() -> dict[str, str]:
    """Chosen models, id -> title, in the order chosen; the first stored one when none is."""
    cards = cached.cards()
    titles = pictures.told_apart({card.model_id: card.title for card in cards})
    if not titles:
        complain("No model is stored yet. Train one with: python -m core train reader-report")
        return {}
    grouped = {card.model_id: in_group(titles[card.model_id], card.report) for card in cards}
    first = next(iter(titles))
    chosen = several_models("Models", grouped, [first], key="model", most=MOST_MODELS, also=titles)
    return {model_id: titles[model_id] for model_id in chosen or [first]}


def in_group(title: str, report: str | None) -> str:
    """A model's title behind the name of its group: "Ours: Reader of the course's clock", '2022: Regression'."""
    return f"{report}: {title.replace(f' ({report})', '')}" if report else f"Ours: {title.removesuffix(', ours')}"


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
        placeholder=f"None chosen: {titles[default[0]]}" if len(default) == 1 else f"None chosen: the first {len(default)}",
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


def true_time(source: str, shown: Offered | None) -> ClockTime | None:
    """The true time: typed in for this very picture, or else known from its name or drawing."""
    known = shown.truth if shown else None
    picture = (source, shown.sha if shown else "")
    if st.session_state.get("true-of", picture) != picture:
        another_picture()
    st.session_state["true-of"] = picture
    typed = st.text_input(
        "True time" if known else "True time, if known",
        key="true",
        on_change=tell_link,
        placeholder=f"{known}, {'as drawn' if source == 'drawn' else 'from the file name'}" if known else "e.g. 10:08",
        max_chars=10,
    )
    if not typed.strip():
        return known
    try:
        return parse_time(typed)
    except ValueError as error:
        complain(sentence(error))
        return known


def parse_time(text: str) -> ClockTime:
    """``9:30 pm`` and ``930`` as well as what ``ClockTime.parse`` reads; a ``ValueError`` for anything else."""
    match = re.fullmatch(r"\s*(\d{1,2}?)\s*[:.]?\s*(\d{2})\s*([ap]\.?m\.?)?\s*", text, re.ASCII | re.IGNORECASE)
    if match and (not match[3] or 1 <= int(match[1]) <= 12) and int(match[1]) <= 23 and int(match[2]) <= 59:
        return ClockTime(int(match[1]) % 12, int(match[2]))
    return ClockTime.parse(text)


def complain(text: str) -> None:
    """One sentence on what is wrong, beneath the widget that it is about."""
    st.html(f'<p class="lo-problem" role="alert">{escape(text)}</p>')


def sentence(error: Exception) -> str:
    """The text of an error as a sentence."""
    text = str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
