"""The tabs 'Compare the models' and 'Common sense' through Streamlit's own test runner, with and without results."""

import datetime
import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from light import stays_light
from streamlit.testing.v1 import AppTest

from core import comparison, paths
from core.catalogue import all_recipes
from core.clock_figures import LOOKS, OTHERS
from core.clocks import report_recipes
from core.clocks.lesson import COSTS
from core.registry import ModelCard
from core.tables import write_table
from pages.parts import compare, lesson, model_cards

pytestmark = pytest.mark.usefixtures("fresh_caches")

ROOT = Path(__file__).resolve().parent.parent
COMPARE, LESSON = "Compare the models", "Common sense"
TRAINED = {"reader-report": 50, "report22-regression": 3, "report22-regression-no-gamma": 100, "report22-classes-24": 100}


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A house without models and results."""
    monkeypatch.setattr(paths, "MODELS", tmp_path / "models")
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "results")
    return tmp_path


@pytest.fixture
def full(empty: Path) -> Path:
    """Four models, measured on 24 pictures; one of them stands at 3 of 100 epochs."""
    true = np.arange(0, 720, 30) + 7
    rows = []
    for step, (model_id, epochs) in enumerate(TRAINED.items()):
        recipe = all_recipes()[model_id]
        said = (recipe.title, recipe.summary, recipe.report, recipe.network, asdict(recipe.spec), asdict(recipe.training))
        asked = recipe.training.epochs
        card = ModelCard(model_id, *said, recipe.data_name, "ours", epochs, asked, "CPU", 60.0, {}, recipe.extra, 1234)
        folder = empty / "models" / model_id
        folder.mkdir(parents=True)
        (folder / "card.json").write_text(card.to_json())
        (folder / "history.csv").write_text("epoch,loss,val_loss\n1,4,5\n2,2,3\n")
        ruler = {"mean_minutes": 10.0 * step + 1, "median_minutes": 1.0, "p95_minutes": 9.0, "within_1_minute": 0.5}
        more = {"within_5_minutes": 0.6, "over_30_minutes": 0.1, "epochs_trained": epochs, "epochs_asked": asked}
        rows.append(
            {"model": model_id, "measure": "mae_hours" if "regression" in model_id else "", "ours": 0.75, **ruler, **more}
        )
    write_table(empty / "results", "clocks.csv", rows)
    readings = [{"true": minute, **{name: (minute + 10 * step) % 720 for step, name in enumerate(TRAINED)}} for minute in true]
    write_table(empty / "results", "clocks_readings.csv", readings)
    return empty


def start(tab: str, **params: str | list[str]) -> AppTest:
    running = AppTest.from_file(ROOT / "app.py", default_timeout=60).run()
    for name, value in {"tab": tab, **params}.items():
        running.query_params[name] = value
    return running.switch_page("pages/tell_the_time.py").run()


def html(running: AppTest) -> str:
    return "\n".join(part.proto.body for part in running.get("html") if "<style>" not in part.proto.body)


def charts(running: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in running.get("plotly_chart")]


# --- Compare the models ---------------------------------------------------------------------------------------------


def test_without_any_result_every_model_says_how_to_train_it(empty: Path):
    running = start(COMPARE)
    assert not running.exception
    text = html(running)
    clocks = [name for name, recipe in all_recipes().items() if recipe.extra.get("task") == "clock"]
    assert all(f"python -m core train {name}</code>" in text for name in clocks)
    assert f"{len(clocks)} of {len(clocks)} are not trained yet" in text
    assert all(f"<td>{figure}</td>" in text for figure in ("1.1515", "13.4489", "0.2275", "0.00055"))  # printed all the same
    assert "Worse than the multi-head network; no figure is printed." in text
    assert not running.get("plotly_chart")


def test_one_model_is_not_trained_yet(full: Path):
    for name, recipe in all_recipes().items():
        if recipe.extra.get("task") == "clock" and name != "report23-regression":
            card = full / "models" / name / "card.json"
            card.parent.mkdir(parents=True, exist_ok=True)
            if not card.exists():
                told = (
                    recipe.title,
                    recipe.summary,
                    recipe.report,
                    recipe.network,
                    asdict(recipe.spec),
                    asdict(recipe.training),
                )
                card.write_text(ModelCard(name, *told, "", "", 1, 1, "CPU", 60.0, {}, recipe.extra, 1234).to_json())
    assert re.search(r">1 of \d+ is not trained yet\.", html(start(COMPARE)))


def test_what_apart_means_is_said_below_its_column(full: Path):
    rows = [{"set": "photographs", "model": "reader-report", "pictures": 10, "confidence": 0.9, "right": 0.8}]
    write_table(full / "results", "reliability.csv", rows)
    text = html(start(COMPARE))
    assert compare.APART in text
    assert "expected calibration error" in text


def test_minutes_on_the_ruler_have_two_decimals_each():
    assert [model_cards.minutes(value) for value in (0.198, 22.39, 180.0, 11)] == ["0.20", "22.39", "180.00", "11.00"]
    assert "–" in model_cards.minutes(None)


def test_that_part_of_a_gap_is_training_is_said_where_shares_of_the_epochs_differ(monkeypatch: pytest.MonkeyPatch):
    said: list[str] = []
    monkeypatch.setattr(compare.st, "html", said.append)
    known = {one.model_id: one for one in comparison.entries()}
    one, other = (replace(known[name], epochs_trained=27, epochs_asked=100) for name in compare.PAIR)
    compare.unequal([one, other])
    whole = replace(other, epochs_trained=50, epochs_asked=50)
    compare.unequal([replace(one, epochs_trained=100), whole])  # both to the end, each of its own epochs
    assert said == []
    compare.unequal([one, replace(other, epochs_trained=10)])
    assert [text.count("Not trained equally long, so part of the gap is training: ") for text in said] == [1]
    assert f"{one.title} 27 of 100 epochs, CPU; {other.title} 10 of 100 epochs, CPU." in said[0]


def test_results_are_shown_with_the_epochs_behind_them(full: Path):
    running = start(COMPARE)
    assert not running.exception
    text = html(running)
    assert "3 of 100" in text
    assert "mean 20.0 min" in text
    assert "0.75" in text
    assert "All on one ruler" in text
    assert running.session_state["show"] == ["reader-report", "report22-regression", *list(TRAINED)[2:]]
    assert len(running.get("plotly_chart")) == 4 + 2 + 4 + 1 + 2  # errors, where, learning, confusion, gamma


def test_models_trained_in_part_are_marked_with_a_word(full: Path):
    text = html(start(COMPARE))
    assert text.count('<tr class="lo-part">') == 1  # of four, one stands at 3 of 100 epochs
    assert "Regression (2022)<small>barely trained</small>" in text
    assert "Regression (2022), barely trained" in text  # above its own figures
    words = [model_cards.stage(*epochs) for epochs in ((1, 100), (9, 100), (10, 100), (49, 100), (50, 100), (100, 100), (7, 5))]
    assert words == ["barely trained"] * 2 + ["trained in part"] * 3 + ["", ""]


def test_a_card_tells_what_its_model_makes_of_other_clocks():
    text = model_cards.on_sets({"photographs": {"pictures": 100.0, "mean_minutes": 3.6084, "within_1_minute": 0.81}, "own": {}})
    assert '<th scope="row">Photographs<small>100 pictures</small></th><td>81.0 %</td><td>3.61</td>' in text
    assert text.count("–") == 2  # of a set without figures
    assert model_cards.on_sets({}) == ""


def test_a_card_says_what_the_rate_does_over_time():
    told = [
        model_cards.over_time({"schedule": schedule, "warmup_epochs": warmup})
        for schedule, warmup in (("constant", 0.0), ("constant", 1.0), ("cosine", 2.5), ("cosine", 0.0))
    ]
    assert told == [
        "",
        ", warm-up over 1 epoch",
        ", warm-up over 2.5 epochs, then a cosine to 0",
        ", then a cosine to 0",
    ]
    assert model_cards.over_time({}) == ""
    once = {"schedule": "cosine", "restart_epoch": 150}  # as older cards have it
    assert model_cards.over_time(once) == ", then a cosine to 0, anew from half the rate after epoch 150"
    twice = {"schedule": "cosine", "restart_epochs": [150, 195]}
    assert model_cards.over_time(twice) == ", then a cosine to 0, anew from half the rate after epoch 150 and after epoch 195"


def test_every_chart_has_words(full: Path):
    running = start(COMPARE)
    assert all(len(chart.proto.alt) > 20 for chart in running.get("plotly_chart"))


def test_who_answers_hour_and_minute_apart_is_named_where_it_is_shown():
    entries = {one.model_id: one for one in comparison.entries()}
    ours, both = entries["reader-small"], [entries[f"report{year}-multi-head"] for year in (22, 23)]
    first, last = (f"“{one.title}”" for one in both)
    assert compare.of_two_answers([ours, both[0]], []).startswith(f"{first} answers hour and minute apart")
    assert compare.of_two_answers([ours, *both], []).startswith(f"{first} and {last} each answer hour and minute apart")
    assert f"Choose {last} above" in compare.of_two_answers([ours], [ours, *both])
    assert "apart" not in compare.of_two_answers([ours], [ours])
    assert set(compare.TWO_ANSWERS) <= set(entries)


def test_a_link_restores_what_is_compared(full: Path):
    chosen = ["report22-classes-24", "reader-report"]
    running = start(COMPARE, show=chosen, errors="Shares within", loghour="true", confusion="report22-regression")
    assert not running.exception
    state = running.session_state
    assert (state["show"], state["errors"], state["loghour"], state["confusion"]) == (
        chosen,
        "within",
        True,
        "report22-regression",
    )
    first = charts(running)[0]
    assert [trace["name"] for trace in first["data"]] == ["24 classes (2022)", "Reader of the course's clock"]
    running.multiselect(key="show").set_value(["reader-report"]).run()
    assert running.query_params["show"] in ("reader-report", ["reader-report"])
    assert not running.exception


def test_measured_models_that_are_not_stored_are_shown_too(full: Path):
    (full / "models" / "report22-classes-24" / "card.json").unlink()
    running = start(COMPARE, show="report22-classes-24")
    assert not running.exception
    assert running.session_state["show"] == ["report22-classes-24"]
    assert "no longer stored" in html(running)


def test_models_that_are_stored_and_not_measured_say_so(full: Path):
    (full / "results" / "clocks.csv").unlink()
    (full / "results" / "clocks_readings.csv").unlink()
    running = start(COMPARE)
    assert not running.exception
    text = html(running)
    assert "Not measured yet" in text
    assert len(running.get("plotly_chart")) == 4  # the learning curves


def test_damaged_tables_are_a_sentence(full: Path):
    (full / "results" / "clocks_readings.csv").write_text("true,reader-report\n1,x\n")
    running = start(COMPARE)
    assert not running.exception
    assert "Clocks_readings.csv is damaged" in html(running)


def test_a_new_table_is_read_again(full: Path):
    running = start(COMPARE)
    assert "97.3 %" not in html(running)
    table = full / "results" / "clocks.csv"
    table.write_text(table.read_text().replace(",0.6,", ",0.973,"))
    assert "97.3 %" in html(running.run())


GARBAGE = ["", "<script>alert(1)</script>", "\x00", "../x", "nan", "9" * 3000, "99:99"]


@pytest.mark.parametrize("value", GARBAGE)
def test_garbage_about_the_comparison_is_ignored(full: Path, value: str):
    running = start(COMPARE, **dict.fromkeys(("show", "errors", "log", "loghour", "logloss", "curve", "confusion"), value))
    assert not running.exception
    assert "<script" not in html(running)


def test_shares_never_claim_none_or_all_by_rounding():
    shares = [model_cards.percent(value) for value in (0, 0.0003, 0.01, 0.9997, 1)]
    assert shares == ["0.0 %", "&lt; 0.1 %", "1.0 %", "&gt; 99.9 %", "100.0 %"]
    assert "–" in model_cards.percent(None)


def test_figures_are_written_in_one_style():
    """As everywhere else on the pages: commas between thousands, a true minus, as many digits as asked for."""
    written = [model_cards.number(value) for value in (1557084, 1440.0, 999.4, 0.18, -0.0, -0.6, -52.0971, -1234.5)]
    below = [f"\N{MINUS SIGN}{told}" for told in ("0.600", "52.1", "1,234")]
    assert written == ["1,557,084", "1,440", "999", "0.180", "0", *below]


def test_published_figures_stand_to_the_digit_as_printed():
    texts = ["1.1515", "0.00055", "1.630", "24", "3720", "13500"]
    there = [model_cards.as_printed(text) for text in texts]
    assert there == ["1.1515", "0.00055", "1.630", "24", "3,720", "13,500"]
    assert "–" in model_cards.as_printed("")


def test_every_marker_of_a_model_can_be_drawn_beside_its_name():
    assert {look.symbol.removesuffix("-open") for look in (*LOOKS.values(), *OTHERS)} <= set(model_cards.SHAPES)
    assert {look.dash for look in (*LOOKS.values(), *OTHERS)} <= set(model_cards.DASHES)


# --- Common sense ---------------------------------------------------------------------------------------------------


def test_the_lesson_opens_with_two_minutes_across_twelve(empty: Path):
    running = start(LESSON)
    assert not running.exception
    text = html(running)
    assert ">718<small>min" in text
    assert text.count(">2<small>min") == 2
    assert "11.97" in text
    assert len(running.get("plotly_chart")) == len(COSTS)
    titles = [recipe.title for recipe in report_recipes.recipes()]
    assert [text.count(f">{title}</li>") for title in titles] == [1] * 12  # who learns from what, in words


def test_examples_set_both_times(empty: Path):
    running = start(LESSON)
    running.button(key="example-602-608").click().run()
    assert not running.exception
    assert running.session_state["shown"] == datetime.time(10, 2)
    assert running.session_state["answered"] == datetime.time(10, 8)
    text = html(running)
    assert text.count(">6<small>min") == 3
    assert "repeats every 6 minutes" in text
    assert "0.02661" in text


def test_the_full_hour_is_an_example(empty: Path):
    running = start(LESSON)
    running.button(key="example-178-182").click().run()
    assert not running.exception
    text = html(running)
    assert "56 wrong minutes" in text
    assert "5.634" in text  # 4.7005 for the hour, 56 / 60 for the minute


def test_a_link_restores_the_pair_and_afternoons_are_mornings(empty: Path):
    running = start(LESSON, shown="18:00", answered="00:00", span="Within 20 minutes")
    assert not running.exception
    assert html(running).count(">360<small>min") == 3
    assert running.session_state["span"] == "near"


@pytest.mark.parametrize(
    ("times", "asked"),
    [
        ({}, "How far is 11:59 from 00:01?"),
        ({"shown": "10:02", "answered": "10:08"}, "How far is 10:02 from 10:08?"),
        ({"shown": "18:00", "answered": "00:00"}, "How far is 06:00 from 00:00?"),
    ],
)
def test_the_lesson_asks_for_the_pair_that_is_set(empty: Path, times: dict[str, str], asked: str):
    assert re.findall(r"How far is [^<]*", html(start(LESSON, **times))) == [asked]


def test_pairs_are_written_as_on_the_buttons_that_set_them():
    assert all(
        name == f"{true // 60:02d}:{true % 60:02d} and {read // 60:02d}:{read % 60:02d}"
        for name, (true, read, _) in lesson.EXAMPLES.items()
    )


def test_what_every_wrong_class_costs_is_all_of_the_worst(empty: Path):
    shares = dict(re.findall(r"<h3>([^<]*)</h3><p><b>[^<]*</b>[^<]*<small>([^<]*) of its worst", html(start(LESSON))))
    assert {shares[f"Cross-entropy, {count} classes"] for count in (24, 720)} == {"100 %"}


@pytest.mark.parametrize("value", GARBAGE)
def test_garbage_about_the_lesson_is_ignored(empty: Path, value: str):
    assert not start(LESSON, **dict.fromkeys(("shown", "answered", "span"), value)).exception


# --- what it costs --------------------------------------------------------------------------------------------------


def test_looking_at_tables_and_curves_loads_no_tensorflow():
    steps = f"at.query_params['tab'] = {COMPARE!r}; at = at.switch_page('pages/tell_the_time.py').run()"
    stays_light(steps, "core.comparison")
