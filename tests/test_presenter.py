"""Presenter mode through Streamlit's own test runner: the bar, the script, the link, the code."""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import numpy as np
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from core.figures import LIGHT
from core.hall_figures import enlarged
from pages.parts import cached, demos, keras_texts, share, source, theme
from pages.parts.demos import STEPS

pytestmark = pytest.mark.usefixtures("fresh_caches")

ROOT = Path(__file__).resolve().parent.parent
LAN = "192.168.4.7"


def start(**params: str) -> AppTest:
    """The first page, opened by a link."""
    running = AppTest.from_file(ROOT / "app.py", default_timeout=60)
    for name, value in params.items():
        running.query_params[name] = value
    return running.run()


def bar(running: AppTest) -> dict:
    """What the bar was told."""
    found = [part.proto for part in running.get("bidi_component") if part.proto.component_name.endswith("presenter")]
    assert len(found) == 1
    return json.loads(found[0].json or found[0].mixed.json)


def html(running: AppTest) -> str:
    return "\n".join(part.proto.body for part in running.get("html"))


def test_without_presenter_mode_the_bar_is_told_to_hide():
    running = start()
    assert not running.exception
    told = bar(running)
    assert (told["presenting"], told["demo"], told["go"], told["keys"]) == (False, None, "", True)
    assert told["pages"][:2] == ["/", "/compare_training"]
    assert told["first"] == "/tell_the_time?from=Files&present=on&demo=1"
    assert "black on white" not in html(running)
    assert running.button(key="ask-present").label == "Presenter mode"


def test_a_link_turns_presenter_mode_on_and_what_a_browser_says_late_does_not_turn_it_off():
    running = start(present="on")
    assert bar(running)["presenting"]
    assert "black on white" in html(running)
    assert f"--lo-hall-paper: light-dark({theme.HALL_PAPER[False]}, {theme.HALL_PAPER[True]})" in html(running)
    assert bar(running)["pages"][1] == "/compare_training?present=on"
    running.button(key="ask-present").click().run()
    assert bar(running)["presenting"]
    assert "Presenter mode" not in [switch.label for switch in running.toggle]  # a late browser sends a switch's old place
    del running.query_params["present"]
    running.run()
    assert bar(running)["presenting"]  # only who leaves it turns it off


def test_the_sidebar_s_button_turns_presenter_mode_on():
    running = start()
    running.button(key="ask-present").click().run()
    assert bar(running)["presenting"]
    assert "present" in running.query_params


@pytest.mark.parametrize("text", ["0", "10", "99", "-1", "1.0", "²", "<b>", "", "1&x=2", "00000000000001"])
def test_no_other_step_than_those_of_the_script(text: str):
    assert demos.number(text) is None


def test_a_step_stands_in_the_url_and_leads_on_and_back():
    running = start(present="on", demo="5")
    told = bar(running)
    assert told["demo"]["number"] == "Demo 3 of 5"
    assert told["demo"]["say"] == STEPS[4].say
    assert told["next"].endswith("&present=on&demo=6")
    assert told["back"].endswith("&present=on&demo=4")
    assert told["demo"]["seconds"] >= 0
    assert bar(start(demo="1"))["back"] == ""
    assert bar(start(demo=str(len(STEPS))))["next"] == ""


def test_garbage_in_the_url_is_no_step_and_reaches_no_html():
    running = start(present="<script>alert(1)</script>", demo="<img src=x onerror=alert(1)>")
    assert not running.exception
    assert bar(running)["demo"] is None
    assert not bar(running)["presenting"]
    assert "alert(1)" not in html(running) + json.dumps(bar(running))


def test_a_new_step_forgets_what_links_name_and_nothing_else():
    running = start(present="on", demo="1")
    running.session_state["model"] = ["old"]
    running.session_state["kept-files"] = [("mine.png", b"")]
    running.query_params["model"] = "old"
    running.run()
    assert running.session_state["model"] == ["old"]
    del running.query_params["model"]
    running.query_params["demo"] = "2"
    running.run()
    assert "model" not in running.session_state
    assert running.session_state["kept-files"] == [("mine.png", b"")]


@pytest.mark.parametrize(
    ("step", "mine", "going", "stays"),
    [
        ("8", True, True, True),
        ("8", True, False, True),
        ("8", False, True, False),
        ("1", True, True, True),
        ("1", True, False, False),
    ],
)
def test_the_visitor_s_own_run_outlives_a_step_and_an_ended_one_no_new_round(
    monkeypatch: pytest.MonkeyPatch, step: str, mine: bool, going: bool, stays: bool
):
    runs = SimpleNamespace(owns=lambda run_id, owner: mine, going=lambda owner: ["shown"] if going else ["other"])
    monkeypatch.setattr(cached, "live_runs", lambda: runs)
    running = start(present="on", demo="7")
    running.session_state["live-shown"] = ["shown"]
    running.query_params["demo"] = step
    running.run()
    assert ("live-shown" in running.session_state) is stays


def test_the_first_page_starts_the_demos():
    running = start()
    next(button for button in running.button if button.label == "Five demos in five minutes").click().run()
    assert bar(running)["go"] == "/tell_the_time?from=Files&present=on&demo=1"
    assert bar(running.run())["go"] == ""


def test_the_script_has_five_demos_in_order_and_every_link_is_a_page():
    assert [step.demo for step in STEPS] == sorted(step.demo for step in STEPS)
    assert {step.demo for step in STEPS} == {1, 2, 3, 4, 5}
    assert [demos.part(index) for index in range(5)] == [(1, 1), (1, 3), (2, 3), (3, 3), (1, 1)]
    for step in STEPS:
        assert (ROOT / "pages" / f"{step.path}.py").exists()
        assert urlsplit(step.link).path == step.path
        wanted = {name: value if isinstance(value, list) else [value] for name, value in step.params.items()}
        assert parse_qs(urlsplit(step.link).query) == wanted
        assert 40 < len(step.say) < 140


def test_links_of_the_script_name_what_there_is():
    from core.registry import list_cards
    from pages.parts import compare, train_values

    stored = {card.model_id for card in list_cards()}
    assert {*demos.RULER, *demos.PAIR, *demos.FACES} <= stored
    ruler = next(step for step in STEPS if step.demo == 3)
    assert ruler.params["errors"] in compare.SHAPES.values()
    live = STEPS[6]
    assert (live.params["part"], live.path) == ("Train now", "compare_training")
    assert "Start that dies: all zeros" in live.say
    assert "Start that dies: all zeros" in [preset.title for preset in train_values.PRESETS]
    assert [demos.part(index) for index in (5, 6, 7, 8)] == [(1, 2), (2, 2), (1, 2), (2, 2)]


def test_a_demo_says_what_is_missing_and_goes_on(monkeypatch: pytest.MonkeyPatch):
    step = next(place for place, one in enumerate(STEPS, 1) if one.demo == 4)
    monkeypatch.setattr("pages.parts.cached_studies.has_rows", lambda name: False)
    told = bar(start(present="on", demo=str(step)))
    assert told["demo"]["say"] == "No run of this study is stored on this machine yet. Go on with the next step."
    assert told["demo"]["lacks"]
    assert told["next"]


def test_the_keys_are_listed_and_can_be_turned_off():
    running = start()
    running.button(key="ask-keys").click().run()
    listed = html(running)
    assert listed.count("<dt><kbd>") == 9
    assert "<kbd>Page Down</kbd>" in listed
    next(one for one in running.toggle if one.label == "Keys are on").set_value(False).run()
    assert bar(running)["keys"] is False


# --- the link ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "0.0.0.0", "app.localhost"])
def test_a_local_address_becomes_the_one_in_the_network(host: str):
    link = share.link_for(f"http://{host}:8501/tell_the_time", [("gamma", "1.7"), ("model", "a"), ("model", "b")], LAN)
    assert link.url == f"http://{LAN}:8501/tell_the_time?gamma=1.7&model=a&model=b"
    assert len(link.notes) == 1
    assert "same network" in link.notes[0]


def test_an_address_that_others_know_stays():
    link = share.link_for("https://clocks.example.org/class/latent_space", [("start", "7")], LAN)
    assert link == share.Link("https://clocks.example.org/class/latent_space?start=7")


def test_without_a_network_or_bound_to_itself_the_link_says_so():
    assert "no address in a network" in share.link_for("http://localhost:8501/", [], None).notes[0]
    assert "make app" in share.link_for("http://localhost:8501/", [], LAN, bound="127.0.0.1").notes[0]
    assert share.link_for("http://localhost:8501/", [], LAN, bound="0.0.0.0").url == f"http://{LAN}:8501/"
    assert share.link_for("http://localhost/", [], "fd00::7").url == "http://[fd00::7]/"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://host/", "http://", "", "http://[::1/"])
def test_a_link_is_of_the_web(url: str):
    with pytest.raises(ValueError):  # noqa: PT011
        share.link_for(url, [], LAN)


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        (f"http://{LAN}:8501/tell_the_time", False),
        (f"https://{LAN}:8501/", True),
        ("http://localhost:8501/", True),
        ("http://app.localhost/", True),
        ("http://127.0.0.1:8501/", True),
        ("http://[::1]:8501/", True),
        ("http://0.0.0.0:8501/", False),
        ("http://lab.example.org/", False),
        ("", False),
    ],
)
def test_where_browsers_give_the_camera(url: str, secure: bool):
    """As the W3C's "Secure Contexts" lists addresses that are potentially trustworthy."""
    assert share.is_secure(url) is secure


def test_what_the_url_holds_is_quoted_in_the_link():
    link = share.link_for("http://localhost:8501/", [("sample", '"><script>&x=1#')], LAN)
    assert link.url == f"http://{LAN}:8501/?sample=%22%3E%3Cscript%3E%26x%3D1%23"


def test_the_code_is_an_svg_of_the_link_and_too_long_links_have_none():
    made = share.code(f"http://{LAN}:8501/tell_the_time?gamma=1.7") or ""
    assert made.startswith("data:image/svg+xml")
    assert re.search(r"stroke='%23000'|stroke=%22%23000%22|%23000", made)
    assert share.code("http://localhost/?" + "x" * 3000) is None


def test_the_code_holds_the_link_and_can_be_read():
    import cv2
    import segno

    url = f"http://{LAN}:8501/tell_the_time?from=Samples&gamma=1.7"
    matrix = np.array([list(row) for row in segno.make_qr(url, error="m").matrix], np.uint8)
    picture = np.pad(255 * (1 - matrix), share.QUIET_ZONE, constant_values=255).repeat(8, 0).repeat(8, 1)
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == url


def test_no_link_for_others_carries_the_secret_that_steers_a_run(monkeypatch: pytest.MonkeyPatch):
    running = AppTest.from_string("import streamlit as st\nfrom pages.parts import share\nst.text(str(share.params()))")
    for name, value in {"run": "abc", "hand": "secret", "present": "on", "demo": "4"}.items():
        running.query_params[name] = value
    assert running.run().text[0].value == "[('run', 'abc')]"


def test_pictures_that_no_link_carries_are_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(share, "params", lambda: [("from", "Files")])
    monkeypatch.setattr(share, "own_address", lambda: LAN)
    there, files = "http://localhost:8501/", {"kept-files": [("a.png", b"x")]}
    for page, state, told in (
        ("tell_the_time", files | {"from": "files"}, True),
        ("tell_the_time", files | {"from": "samples"}, False),  # the sample is in the link
        ("tell_the_time", {"from": "camera", "photo": b"x"}, True),
        ("tell_the_time", {"from": "files", "pasted": b"x"}, True),
        ("tell_the_time", {"from": "files"}, False),
        ("latent_space", files | {"from": "files"}, False),  # of another page
        ("latent_space", {"start-by": "own", "start-kept": ("a.png", b"x")}, True),
        ("latent_space", {"end-by": "own", "end-kept": ("a.png", b"x")}, True),
        ("latent_space", {"start-by": "own", "start-kept": ("", b"")}, False),
        ("latent_space", {"start-by": "dice", "start-kept": ("a.png", b"x")}, False),
    ):
        assert (share.here(state, there + page).notes[0] == share.STAYS) == told, (page, state)
    assert share.here({}, None) is None


# --- the code ---------------------------------------------------------------------------------------------------------


def test_every_declared_function_is_there_and_shown_as_it_stands():
    names = {name for tabs in source.DECLARED.values() for some in tabs.values() for name in some}
    for name in sorted(names):
        found = source.source_of(name)
        function = name.rpartition(".")[2]
        assert re.match(rf"(@.*\n)*(def|class) {function}\b", found.text), name
        lines = (ROOT / found.file).read_text("utf-8").splitlines(keepends=True)
        assert "".join(lines[found.line - 1 :]).startswith(found.text)


@pytest.mark.parametrize("page", ["home", "compare_training", "tell_the_time", "latent_space", "reports"])
def test_every_page_shows_its_code(page: str):
    running = start()
    if page != "home":
        running.switch_page(f"pages/{page}.py").run()
    running.button(key="ask-code").click().run()
    assert not running.exception
    written = page in ("home", "compare_training", "tell_the_time")  # what one would write by hand comes first, then functions
    first = ("import ", "from ") if written else ("def ", "class ")
    assert any(block.value.startswith(first) or block.value.startswith("@") for block in running.code)
    offered = running.selectbox(key="source-of").options
    assert len(offered) > 1
    assert " · " in offered[-1]


def test_the_run_on_screen_stands_first_as_plain_keras():
    running = start()
    running.query_params.update(part="Train now", **{"live-net": "mlp-300-dropout", "live-act": "tanh", "live-batch": "64"})
    running.switch_page("pages/compare_training.py").run()
    running.button(key="ask-code").click().run()
    assert not running.exception
    [text] = [block.value for block in running.code if "keras.Sequential" in block.value]
    assert 'layers.Dense(300, activation="tanh"),' in text
    assert "batch_size=64" in text
    assert running.selectbox(key="source-of").options[0] == "In plain Keras: MLP 300, dropout"


def test_a_network_of_the_reports_stands_first_as_plain_keras():
    found = keras_texts.texts("tell_the_time", "", {}, ["reader-report", "report23-classes-720", "no-such-model"])
    assert list(found) == [
        "In Keras, to be run in this project's folder: Reader of the course's clock",
        "In plain Keras: 720 classes (2023)",
    ]
    ours, text = found.values()
    assert "zip((32, 64, 128), (1, 2, 1))" in ours
    assert 'layers.Dense(720, activation="softmax", dtype="float32"),' in text
    assert keras_texts.texts("tell_the_time", "Common sense", {}) == {}
    assert keras_texts.texts("latent_space", "", {}) == {}


def test_the_ten_lines_read_a_picture(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    exec(keras_texts.READ_A_PICTURE, {})  # our own text, and a test alone
    assert capsys.readouterr().out.startswith("10:08 ")


def test_in_the_hall_a_docstring_is_its_first_line():
    text = '@cached\ndef twice(x):\n    """Twice ``x``.\n\n    x: a number.\n    """\n    return 2 * x\n'
    assert source.brief(text) == '@cached\ndef twice(x):\n    """Twice ``x``."""\n    return 2 * x\n'
    for short in ('def f():\n    """Nothing."""\n', "def f():\n    return 1\n", "class A:\n    x = 1\n"):
        assert source.brief(short) == short
    for name in sorted({name for tabs in source.DECLARED.values() for some in tabs.values() for name in some}):
        shown = source.brief(source.source_of(name).text)
        compile(shown, name, "exec")
        assert len(shown) <= len(source.source_of(name).text)


@pytest.mark.parametrize("name", ["os.system", "core.nothing.here", "core.specs.nothing", "core.registry", "subprocess.run"])
def test_nothing_else_is_shown(name: str):
    with pytest.raises(LookupError):
        source.source_of(name)


def test_the_open_tab_and_the_chosen_models_decide_what_is_shown():
    assert source.names_for("tell_the_time", {})[0] == "core.clocks.reading.read_pictures"
    with_model = source.names_for("tell_the_time", {"model": ["report23-classes-720", "no-such-model"]})
    assert with_model[:2] == ["core.clocks.report_networks.build_report_network", "core.clocks.reading.read_pictures"]
    lesson = {"tab": "Common sense", "model": ["reader-report"]}
    assert source.names_for("tell_the_time", lesson)[1] == "core.clocks.losses.custom_mae_as_published"
    assert source.names_for("tell_the_time", {"tab": "no such tab"}) == source.names_for("tell_the_time", {})
    assert source.names_for("no_such_page", {}) == source.names_for("", {})


# --- figures ----------------------------------------------------------------------------------------------------------


def test_figures_for_the_hall_are_larger_and_nothing_in_them_is_faint():
    plain = go.Figure(go.Scatter(x=[1], y=[2], marker={"size": 8}, line={"width": 2}))
    plain.update_layout(height=200, margin={"l": 10, "r": 8}, font={"size": 14, "color": LIGHT.muted})
    plain.update_xaxes(tickfont={"size": 15, "color": "#123456"})
    large = enlarged(plain, 1.5)
    assert (large.layout.height, large.layout.margin.l, large.layout.margin.r) == (300, 15, 12)
    assert (large.layout.font.size, large.layout.font.color) == (21, LIGHT.ink)
    assert (large.layout.xaxis.tickfont.size, large.layout.xaxis.tickfont.color) == (22.5, "#123456")
    assert (large.data[0].marker.size, large.data[0].line.width) == (12, 3)
    assert (plain.layout.height, plain.data[0].marker.size) == (200, 8)
    with pytest.raises(ValueError, match="by"):
        enlarged(plain, 0.5)
