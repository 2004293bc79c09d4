"""Every page through Streamlit's own test runner, with a reader that needs no model."""

import base64
import csv
import datetime
import gc
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import devices, paths, registry
from core.clocks import gammas, reading
from core.clocks.face import render
from core.clocks.reading import Candidate, Reading
from core.clocks.time import ClockTime, soft_bins
from core.sheets import encode
from pages.parts import cached, forms, pictures, scrubber, tables, views

pytestmark = pytest.mark.usefixtures("fresh_caches")

ROOT = Path(__file__).resolve().parent.parent
TELL = "pages/tell_the_time.py"


def told(minutes: float, note: str | None = None) -> Reading:
    times = [ClockTime.from_minutes(minutes + shift) for shift in (0, 65, 131)]
    candidates = tuple(
        Candidate(time, float(time.minutes), share) for time, share in zip(times, (0.8, 0.15, 0.004), strict=True)
    )
    spots = {"centre": (75.0, 75.0), "twelve": (75.0, 20.0), "hour_tip": (50.0, 60.0), "minute_tip": (100.0, 30.0)}
    return Reading(times[0], minutes % 720, 0.8, candidates, soft_bins(minutes, 2.0), "reader-report", note=note, **spots)


def model_card(model_id: str, title: str, **fields: object) -> registry.ModelCard:
    said = {"summary": "", "report": None, "network": "core.clocks.networks.build_reader", "spec": {}, "training": {}}
    done = {"data": "", "data_licence": "", "epochs_trained": 3, "epochs_asked": 100, "device": "CPU", "seconds": 60.0}
    return registry.ModelCard(model_id, title, **{**said, **done, "extra": {"task": "clock", "side": 150}, **fields})


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The app with two samples and two models that read 10:08 plus the gamma in minutes."""
    for time in (ClockTime(10, 8), ClockTime(3, 40)):
        name = f"{time}-wall.png".replace(":", "_")
        (tmp_path / name).write_bytes(encode(render(time, seed=1).image, "PNG"))
    cards = [model_card(f"reader-{name}", f"{name.title()} reader") for name in ("other", "report")]
    extra = {"task": "clock", "side": 150, "gamma": 3.0}
    cards.append(model_card("report22-classes-24", "24 classes (2022)", report="2022", extra=extra))
    cards.append(model_card("classifier", "No reader", network="core.classifiers.networks.build", extra={}))
    batches: list[int] = []

    def read(pictures, model_id=None, *, gamma=1.0, locate=True, model=None):
        batches.append(len(pictures))
        return [told(608 + gamma, "The hands hardly stand out." if gamma > 4 else None) for _ in pictures]

    def read_through(picture, gammas, model_id=None, *, model=None):
        return [told(608 + gamma) for gamma in gammas]

    monkeypatch.setattr(paths, "SAMPLES", tmp_path)
    monkeypatch.setattr(registry, "list_cards", lambda folder=None: cards)
    monkeypatch.setattr(registry, "load_trained", lambda model_id: model_id)
    monkeypatch.setattr(reading, "read_pictures", read)
    monkeypatch.setattr(gammas, "read_through", read_through)

    def start(page: str | None = TELL, **params: str | list[str]) -> AppTest:
        running = AppTest.from_file(ROOT / "app.py", default_timeout=60).run()
        for name, value in params.items():
            running.query_params["from" if name == "source" else name] = value
        return running.switch_page(page).run() if page else running

    start.batches = batches
    return start


def html(running: AppTest) -> str:
    """All HTML of ours on the page, style sheets left out."""
    return "\n".join(part.proto.body for part in running.get("html") if "<style>" not in part.proto.body)


def test_home_says_what_one_can_do(app):
    running = app(None)
    assert "says what time it is" in html(running)
    assert [link.label for link in running.get("page_link")] == [
        "Read a clock",
        "Tell the time",
        "Compare training",
        "Latent space",
    ]


def test_home_imports_nothing_heavy():
    code = (
        "import sys; from streamlit.testing.v1 import AppTest; at = AppTest.from_file('app.py', default_timeout=60).run(); "
        "assert not at.exception, at.exception; "
        "heavy = [name for name in ('tensorflow', 'keras', 'cv2', 'skimage', 'core.figures') if name in sys.modules]; "
        "assert not heavy, heavy; print('light')"
    )
    environment = {**os.environ, "LATENT_OCLOCK_WARM": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.strip() == "light", done.stderr


def test_the_page_opens_with_a_sample_read(app):
    assert "Until then, an example" in html(app())
    assert app.batches == [1]


def test_a_sample_is_read_and_its_error_shown(app):
    running = app(source="Samples")
    assert not running.exception
    text = html(running)
    assert 'aria-label="Read as 03:40"' not in text
    assert 'aria-label="Read as 10:09"' in text
    assert "true time 03:40" in text
    assert len(running.get("plotly_chart")) == 3
    assert [box.value for box in running.multiselect] == [["reader-report"]]


def test_only_readers_are_offered_by_group_and_the_default_comes_first(app):
    offered = app(source="Samples").multiselect(key="model").options
    assert offered == ["Ours: Report reader", "Ours: Other reader", "2022: 24 classes"]


def test_models_stand_in_the_url_by_id(app):
    running = app(source="Samples", model=["report22-classes-24", "reader-other", "report22-classes-24", "no-such-model"])
    assert not running.exception
    assert running.session_state["model"] == ["report22-classes-24", "reader-other"]
    running.multiselect(key="model").set_value(["reader-report"]).run()
    assert running.query_params["model"] in ("reader-report", ["reader-report"])


def test_a_model_that_points_at_nothing_gets_the_hands_that_its_time_implies(app, monkeypatch: pytest.MonkeyPatch):
    bare = told(608)
    alone = [Reading(bare.time, 608.0, 0.8, bare.candidates, bare.probabilities, "x")]
    monkeypatch.setattr(reading, "read_pictures", lambda pictures, model_id=None, **more: alone * len(pictures))
    text = html(app(source="Samples", model="report22-classes-24"))
    assert "answers with a time alone. At 10:08 the hands would stand so." in text
    assert "gamma 1.0, then the model's own 3.0" in text
    assert "minute hand</span>" not in text


def test_a_card_tells_of_each_chosen_model(app):
    text = html(app(source="Samples", model=["reader-report", "report22-classes-24"]))
    assert text.count('class="lo-card"') == 2
    assert text.count("3 of 100 epochs") == 2
    assert "python -m core train report22-classes-24 --resume" in text
    assert "0.9088" in text  # as 2022, Table 6 prints it


def test_a_link_restores_every_choice(app):
    running = app(
        source="Drawn",
        time="15:40",
        style="Straight on, no reflections",
        seed="7",
        gamma="4.5",
        true="3:30",
        model=["Other reader", "Report reader"],
    )
    assert not running.exception
    state = running.session_state
    assert (state["from"], state["seed"], state["gamma"], state["true"]) == ("drawn", 7, 4.5, "3:30")
    assert str(state["time"]) == "15:40:00"
    assert state["style"] == "report-straight"
    assert state["model"] == ["reader-other", "reader-report"]
    text = html(running)
    assert "true time 03:30" in text
    assert text.count('class="lo-digits"') == 2
    assert text.count("The hands hardly stand out.") == 2


def test_the_known_time_gives_way_to_the_typed_one(app):
    running = app(source="Drawn")
    assert "true time 10:08" in html(running)
    running.text_input(key="true").set_value("10:09").run()
    assert "true time 10:09" in html(running)
    running.text_input(key="true").set_value("25:99").run()
    assert not running.exception
    assert "true time 10:08" in html(running)
    assert "A time looks like 10:08" in html(running)
    running.text_input(key="true").set_value("10:09").run()
    running.time_input(key="time").set_value(datetime.time(15, 40)).run()
    assert running.text_input(key="true").value == ""  # it was true of the picture before
    assert running.text_input(key="true").placeholder == "03:40, as drawn"
    assert running.time_input(key="time").value == datetime.time(3, 40)


def test_times_are_taken_as_people_type_them():
    typed = ("9:30 pm", "930", "21.30", "0930", "9:30 A.M.", "21:30")
    assert {forms.parse_time(text) for text in typed} == {ClockTime(9, 30)}
    for wrong in ("13:00 pm", "10", "2599", "99999", "noon"):
        with pytest.raises(ValueError, match="looks like"):
            forms.parse_time(wrong)


HOSTILE = {
    "source": ["nowhere", "", "<script>alert(1)</script>", "\x00"],
    "gamma": ["nan", "inf", "-inf", "-1", "99", "1e400", "abc", "", "1,5", "0x10"],
    "sample": ["../../etc/passwd", "", "10_08-wall/../x", "<img src=x onerror=alert(1)>"],
    "time": ["99:99", "", "noon", "10:08:99", "-1:00", "1e9"],
    "style": ["", "report-nothing", "<b>", "__class__"],
    "seed": ["-1", "1e99", "nan", "abc", "", "99999999999999999999", "1.5"],
    "model": ["", "no-such-model", "../registry", "<b>"],
    "tab": ["", "nowhere", "<b>", "\x00"],
    "true": ["25:99", "<script>alert(1)</script>", "9" * 5000, "\u0661\u0660:\u0660\u0668", " ", "10:08"],
}
READ, DRAWN = ("gamma", "sample", "model", "tab", "true"), ("time", "style", "seed")


def hostile(*names: str, **rest: str) -> list[dict[str, str]]:
    """Links that together hold every hostile value of ``names``, each with one of every name."""
    rounds = range(max(len(HOSTILE[name]) for name in names))
    return [rest | {name: HOSTILE[name][turn % len(HOSTILE[name])] for name in names} for turn in rounds]


@pytest.mark.parametrize("params", hostile("source") + hostile(*READ, source="Samples") + hostile(*DRAWN, source="Drawn"))
def test_garbage_in_the_url_is_ignored(app, params: dict[str, str]):
    running = app(**params)
    assert not running.exception, (params, running.exception)
    assert not any(word in html(running) for word in ("<script", "onerror"))
    assert 0.5 <= running.session_state["gamma"] <= 5


def test_repeated_parameters_are_ignored_too(app):
    assert not app(source=["Samples", "Drawn"], gamma=["2", "3"], true=["1:00", "2:00"], model=["Report reader"] * 9).exception


def upload(running: AppTest, *files: tuple[str, bytes]) -> AppTest:
    return running.file_uploader(key="files").set_value([(name, data, "image/png") for name, data in files]).run()


def clock(seed: int = 0) -> bytes:
    return encode(render(ClockTime(10, 8), seed=seed).image, "PNG")


def test_one_dropped_picture_is_read(app):
    running = upload(app(), ("10_08.png", clock()))
    assert not running.exception
    assert 'aria-label="Read as 10:09"' in html(running)
    assert "true time 10:08" in html(running)


def test_a_text_file_renamed_is_told_off_in_one_sentence(app):
    running = upload(app(), ("<b>not a clock</b>.png", b"hello"))
    assert not running.exception
    text = html(running)
    assert "One picture could not be read" in text
    assert "not a PNG, JPEG, WebP or HEIC picture" in text
    assert "<b>not a clock" not in text
    assert "&lt;b&gt;not a clock&lt;/b&gt;.png" in text


def test_uploads_outlive_a_look_elsewhere(app):
    running = upload(app(), ("04_20.png", clock()), ("broken.png", b"hello"))
    assert "true time 04:20" in html(running)  # the only good file gets the view of one
    running.segmented_control(key="from").set_value("drawn").run()
    running.switch_page("pages/home.py").run().switch_page(TELL).run()
    running.segmented_control(key="from").set_value("files").run()
    assert "Still here: 04_20.png, broken.png" in html(running)
    assert "true time 04:20" in html(running)
    next(button for button in running.button if button.label == "Remove").click().run()
    assert "04_20.png" not in html(running)


def test_bad_pictures_do_not_cost_the_good_ones(app):
    files = [(f"10_0{index}.png", clock(index)) for index in range(5)] + [("broken.png", clock()[:500]), ("=cmd.png", clock(9))]
    running = upload(app(), *files)
    assert not running.exception
    assert "6 pictures read" in html(running)
    assert "broken.png" in html(running)
    table = running.dataframe[0].value
    assert list(table["file"]) == [name for name, _ in files if name != "broken.png"]
    assert list(table["confidence"]) == [0.8] * 6
    assert list(table["error"].dropna()) == [9.0, 8.0, 7.0, 6.0, 5.0]
    assert table["picture"].str.startswith("data:image/webp;base64,").all()


def test_many_are_read_in_batches_and_not_above_the_limit(app, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pictures, "MOST", 20)
    running = upload(app(), *[(f"{index}.png", clock(index)) for index in range(23)])
    assert not running.exception
    assert app.batches[1:] == [16, 4]  # after the sample that the page opens with
    assert "3 pictures could not be read" in html(running)
    assert "Only 20 pictures are read at once." in html(running)


def test_without_a_model_the_page_says_how_to_get_one(app, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(registry, "list_cards", list)
    assert "python -m core train" in html(app(source="Samples"))


def test_a_model_that_does_not_load_is_a_sentence(app, monkeypatch: pytest.MonkeyPatch):
    def refuse(model_id: str) -> None:
        raise registry.RegistryError("model.keras does not match its card; fetch it again")

    monkeypatch.setattr(registry, "load_trained", refuse)
    running = app(source="Samples")
    assert not running.exception
    assert "Model.keras does not match its card; fetch it again." in html(running)


def test_what_was_read_is_not_read_again(app):
    running = app(source="Samples")
    running.text_input(key="true").set_value("1:00").run()
    assert len(app.batches) == 1
    running.slider(key="gamma").set_value(2.0).run()
    assert len(app.batches) == 2


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("10_08.png", ClockTime(10, 8)),
        ("15_40-wall.png", ClockTime(3, 40)),
        ("00_00_tones.png", ClockTime(0, 0)),
        ("24_00.png", None),
        ("10_60.png", None),
        ("10_080.png", None),
        ("IMG_10_08.png", None),
        ("1_08.png", None),
    ],
)
def test_time_in_name(name: str, time: ClockTime | None):
    assert pictures.time_in_name(name) == time


def test_pasted_pictures_come_as_data_urls():
    assert pictures.from_data_url("data:image/png;base64," + base64.b64encode(b"abc").decode()) == b"abc"
    for wrong in (None, 7, "", "abc", "data:image/png,abc", "data:image/png;base64,@@@", "data:;base64," + "A" * 14_000_000):
        assert pictures.from_data_url(wrong) is None


def test_cells_cannot_become_formulas():
    rows = [{"file": "=HYPERLINK(1)", "time": "10:08"}, {"file": "+1", "time": "-"}, {"file": 'a"b\nc', "time": "x"}]
    read = list(csv.DictReader(io.StringIO(tables.as_csv(rows, ["file", "time"]))))
    assert [row["file"] for row in read] == ["'=HYPERLINK(1)", "'+1", 'a"b\nc']


def test_shares_never_claim_certainty_by_rounding():
    assert [views.share(value) for value in (0, 0.004, 0.5, 0.996, 1)] == ["0 %", "under 1 %", "50 %", "over 99 %", "100 %"]


def test_titles_that_occur_twice_are_told_apart():
    assert forms.sentence(ValueError("a time looks like 10:08; got 'x'")) == "A time looks like 10:08; got 'x'."
    assert pictures.told_apart({"a": "One", "b": "Two", "c": "One"}) == {"a": "One (a)", "b": "Two", "c": "One (c)"}


def test_gammas_are_the_steps_of_the_slider():
    assert (cached.GAMMAS[0], cached.GAMMAS[-1]) == (0.5, 5.0)
    assert np.allclose(np.diff(cached.GAMMAS), 0.1)


def test_the_sheet_of_gammas_fits_every_browser():
    data, columns = cached.gamma_sheet("x", False, lambda: np.zeros((30, 40, 3), np.uint8))
    assert data[:3] == b"\xff\xd8\xff"  # a JPEG
    assert max(columns, -(-len(cached.GAMMAS) // columns)) * cached.FRAME < 8192


def test_a_scrubber_needs_one_label_a_frame():
    with pytest.raises(ValueError, match="one a frame, 3; got 2 and 3"):
        scrubber.scrub(scrubber.Strip(b"", 1, (1, 1)), frames=3, labels=["a", "b"], values=["1", "2", "3"], name="Gamma")


def test_the_warm_up_ends_whatever_happens_and_spares_later_runs_the_search_for_garbage(app, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cached.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(devices, "device_name", lambda: "some device")
    gc.unfreeze()
    state = cached.WarmUp()
    cached._warm(state)
    assert (state.done.is_set(), state.device, state.problem) == (True, "some device", "")
    assert gc.get_freeze_count() > 0
    assert app.batches == [1]

    monkeypatch.setattr(registry, "list_cards", list)
    cached._warm(state := cached.WarmUp())
    assert (state.done.is_set(), state.problem) == (True, "No model is stored yet")
