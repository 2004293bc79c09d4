"""The first page: living pictures drawn from what is stored, the models that are here."""

import re
import shutil
from pathlib import Path

import pytest
from light import stays_light
from streamlit.testing.v1 import AppTest

from core import paths, registry
from core.clocks.reading import default_model
from pages.parts import demos, forms, in_memory, living, shelf

pytestmark = pytest.mark.usefixtures("fresh_caches")

ROOT = Path(__file__).resolve().parent.parent
READING = "sample,model,width,height,time,confidence," + ",".join(
    f"{spot}_{axis}" for spot in ("centre", "twelve", "hour_tip", "minute_tip") for axis in "xy"
)
LINE = "10_08-report,reader-report,150,150,10:08,0.963,82.4,79.0,34.2,70.9,51.5,109.2,56.4,41.6"


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder in place of ``assets/home``."""
    monkeypatch.setattr(living, "HOME", tmp_path)
    return tmp_path


def card(model_id: str, network: str, **more: object) -> registry.ModelCard:
    said = {"summary": "", "report": None, "spec": {}, "training": {}, "data": "", "data_licence": "", "epochs_trained": 3}
    return registry.ModelCard(
        model_id, network=network, **{**said, "title": model_id, "epochs_asked": 9, "device": "", "seconds": 1.0, **more}
    )


def text_of(running: AppTest) -> str:
    return "\n".join(part.proto.body for part in running.get("html") if "<style>" not in part.proto.body)


def test_what_is_stored_is_drawn():
    for row in living.rows("readings.csv"):
        assert (paths.SAMPLES / f"{row['sample']}.png").exists()
        assert 0.5 < float(row["confidence"]) <= 1
    drawn = living.clock()
    assert drawn.count('class="lo-take"') == living.TAKES
    assert "lo-held" not in drawn
    assert drawn.count("data:image/png;base64,") == living.TAKES
    assert 'aria-label="Pictures of clocks, and the times that a network reads in them: 09:12, ' in drawn
    assert '<polyline class="lo-new"' in living.curves()
    assert "%" in re.search('aria-label="([^"]+)"', living.curves())[1]


def test_the_first_reading_is_the_one_that_the_page_of_clocks_opens_with():
    """The same picture, read by the same model: whoever follows the card finds the time that stood on it."""
    first = living.rows("readings.csv")[0]
    assert (first["sample"], first["model"]) == (forms.EXAMPLE, default_model()), "write it again: python tools/living.py"
    assert first["time"] == first["sample"].partition("-")[0].replace("_", ":")


def test_the_page_says_beforehand_which_demos_have_nothing_to_show(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pages.parts.demos.list_cards", lambda: [card("reader", "core.clocks.networks.build_reader")])
    monkeypatch.setattr("pages.parts.cached_studies.has_rows", lambda name: False)
    names = ["Demo 4, What a hyperparameter does", "Demo 5, A walk through latent space"]
    assert [name for name, _, _ in demos.lacking()] == names
    text = text_of(AppTest.from_file(ROOT / "app.py", default_timeout=60).run())
    assert f"{names[0]}: No run of this study is stored on this machine yet. <code>python -m core sweep l16-mlp</code>" in text
    assert f"{names[1]}: No model that makes pictures" in text
    assert shelf.not_yet([]) == ""


def test_lists_count_numbers_in_titles():
    titles = [f"VAE of leaves, {size} latent numbers (2023)" for size in (128, 32, 64)]
    assert sorted([*titles, "GAN of leaves (2023)"], key=shelf.counted) == [
        "GAN of leaves (2023)",
        *(titles[place] for place in (1, 2, 0)),
    ]


def test_models_have_the_short_names_of_the_other_pages_on_the_shelf_too():
    vae = card("vae", "core.generators.vae.build_vae", title="VAE of leaves, 32 latent numbers (2023)", report="2023")
    reader = card("reader", "core.clocks.networks.build_reader", title="Two branches: hour class, minute number (2023)")
    assert "<span>VAE-32 of leaves (2023)</span>" in shelf.line(vae, is_loaded=False)
    assert "<span>Two branches: hour class, minute number (2023)</span>" in shelf.line(reader, is_loaded=False)


def test_hands_stand_where_the_network_saw_them(home: Path):
    (home / "readings.csv").write_text(f"{READING}\n{LINE}\n")
    drawn = living.clock()
    assert 'class="lo-drawn lo-hour" x1="82.4" y1="79.0" x2="51.5" y2="109.2"' in drawn
    assert 'class="lo-drawn lo-minute" x1="82.4" y1="79.0" x2="56.4" y2="41.6"' in drawn
    assert "<b>10<i>:</i>08</b><small>96 % sure</small>" in drawn
    assert 'class="lo-held"' in drawn  # one alone does not take turns


@pytest.mark.parametrize(
    "line",
    [
        "",
        "../../core/paths,m,150,150,10:08,0.9,1,1,1,1,1,1,1,1",
        "no-such-sample,m,150,150,10:08,0.9,1,1,1,1,1,1,1,1",
        LINE.replace("10:08", "<b>:<i>"),
        LINE.replace("150,150", "0,150"),
        LINE.replace("82.4", "<script>"),
        "10_08-report,m",
    ],
)
def test_damaged_readings_are_passed_over(home: Path, line: str):
    (home / "readings.csv").write_text(f"{READING}\n{line}\n")
    assert "No reading is stored yet" in living.clock()


def test_without_anything_stored_less_is_drawn(home: Path):
    assert "No reading is stored yet" in living.clock()
    assert "No learning curve is stored yet" in living.curves()
    assert "No generator is stored" in living.walk()
    (home / "readings.csv").write_bytes(b"\xff\xfe\x00")
    assert living.rows("readings.csv") == []


def test_curves_are_drawn_to_scale(home: Path):
    lines = ["title,line,epoch,accuracy"]
    lines += ["A <b>run</b>,training,1,0", "A <b>run</b>,training,3,0.8", "A <b>run</b>,validation,1,0"]
    lines += ["A <b>run</b>,validation,3,0.4", "Other,other,1,0.2", "Other,other,2,0.4"]
    (home / "curves.csv").write_text("\n".join(lines))
    drawn = living.curves()
    floor, end = living.HEIGHT - living.BOTTOM, living.WIDTH - living.RIGHT
    half = (floor + living.TOP) / 2
    assert f'class="lo-learned" points="{living.LEFT:.1f},{floor:.1f} {end:.1f},{living.TOP:.1f}"' in drawn
    assert f'class="lo-new" points="{living.LEFT:.1f},{floor:.1f} {end:.1f},{half:.1f}"' in drawn
    assert f'points="{living.LEFT:.1f},{(floor + half) / 2:.1f} {(living.LEFT + end) / 2:.1f},{half:.1f}"' in drawn
    assert "A &lt;b&gt;run&lt;/b&gt;: 80 % on pictures it learned from, 40 % on pictures it never saw" in drawn
    assert "<b>" not in drawn


@pytest.mark.parametrize("row", ["A,training,0,0.5", "A,training,1,1.5", "A,training,x,0.5", "A,training,1,nan", "A,training"])
def test_damaged_curves_are_not_drawn(home: Path, row: str):
    (home / "curves.csv").write_text(f"title,line,epoch,accuracy\nA,validation,1,0.5\n{row}\n")
    assert "No learning curve is stored yet" in living.curves()


def test_a_stored_walk_is_shown_by_its_frames(home: Path):
    (home / "walk.csv").write_text('model,title,frames,start,end\nvae,"The ""leaf"" model",24,7,21\n')
    assert "No generator is stored" in living.walk()
    (home / "walk.webp").write_bytes(b"frames")
    drawn = living.walk()
    assert "A walk of 24 pictures between two vectors, as The &quot;leaf&quot; model makes them" in drawn
    assert 'style="--frames:24"' in drawn
    (home / "walk.csv").write_text("model,title,frames\nvae,x,1000\n")
    assert "No generator is stored" in living.walk()


def test_models_are_listed_by_what_they_are_for(monkeypatch: pytest.MonkeyPatch):
    cards = [
        card("reader", "core.clocks.networks.build_reader", title="Reader <1>"),
        card("report22-x", "core.clocks.report_networks.build_report_network", title="X", report="2022"),
        card("leaf-classifier", "core.generators.leaf_classifier.build_leaf_classifier"),
    ]
    monkeypatch.setattr(shelf, "read_cards", lambda: (cards, []))

    class Model:
        pass

    kept = in_memory.watched("report22-x", Model())
    running = AppTest.from_file(ROOT / "app.py", default_timeout=60).run()
    assert not running.exception
    told = text_of(running)
    assert "<h3>They read clocks<small>2 stored, 1 loaded</small></h3>" in told
    assert '<li class="lo-stored-only"><span>Reader &lt;1&gt;</span><small>3 of 9 epochs</small></li>' in told
    assert '<li class="lo-loaded"><span>X (2022)</span><small>3 of 9 epochs, loaded</small></li>' in told
    assert "<h3>They tell classes<small>1 stored, none loaded</small></h3>" in told
    assert "python -m core train vae-leaves-32 gan-leaves" in told
    del kept
    assert "report22-x" not in in_memory.loaded()
    assert in_memory.watched("text", "no model") == "no model"  # cannot be watched, is not listed
    assert "text" not in in_memory.loaded()


def test_a_damaged_card_is_said_and_the_page_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(paths, "MODELS", tmp_path)
    (tmp_path / "my-net").mkdir()
    (tmp_path / "my-net" / "card.json").write_text("{<b>")
    with pytest.warns(UserWarning, match="my-net"):  # the other lists of the page leave it out, too
        running = AppTest.from_file(ROOT / "app.py", default_timeout=60).run()
    assert not running.exception
    told = text_of(running)
    assert "A model is left out everywhere: my-net/card.json is not valid JSON" in told
    assert "write it again with save_trained." in told
    assert "<h3>They read clocks</h3>" in told  # of which none is stored
    assert "Eight words" in told


def test_the_pictures_are_held_still_by_a_switch_that_the_url_keeps():
    running = AppTest.from_file(ROOT / "app.py", default_timeout=60)
    running.query_params["moving"] = "false"
    running.run()
    assert running.toggle(key="moving").value is False


def test_the_pictures_can_be_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import living as maker

    study = type("Study", (), {"factors": ("optimizer",)})()
    rows = [
        {"trial": trial, "val_accuracy": accuracy, "optimizer": "adam", "seed": 0}
        for trial, accuracy in enumerate((0.2, 0.6, None))
    ]
    points = [{"epoch": epoch, "accuracy": epoch / 10, "val_accuracy": epoch / 20} for epoch in range(1, 7)]
    made = maker.study_curves(study, rows, {0: points, 1: points, 2: points})
    assert [(row["line"], row["epoch"]) for row in made[::6]] == [("other", 1), ("training", 1), ("validation", 1)]
    assert (made[11]["accuracy"], made[17]["accuracy"]) == ("0.6000", "0.3000")
    assert maker.study_curves(study, rows, {0: points[:4]}) == []
    # A run that is better on what it learned from stands in front of a better one that is not: the names promise it.
    even = [point | {"val_accuracy": point["accuracy"]} for point in points]
    good = [{**rows[0], "trial": trial, "val_accuracy": 0.9 - trial / 10} for trial in range(8)]
    chosen = maker.study_curves(study, good, {trial: points if trial in (1, 5) else even for trial in range(8)})
    assert {row["title"][:2] for row in chosen if row["line"] == "training"} == {"1:"}
    assert {row["title"][:2] for row in chosen if row["line"] == "other"} == {f"{trial}:" for trial in (0, *range(2, 8))}
    monkeypatch.setattr(maker, "HOME", tmp_path)
    maker.write("curves.csv", made)
    monkeypatch.setattr(living, "HOME", tmp_path)
    assert living.curves().count("<polyline") == 3
    shutil.rmtree(tmp_path)


def test_the_first_page_waits_for_no_library_that_takes_long():
    stays_light("pass", "pages.parts.living", "pandas", "pyarrow", "cv2", "scipy")
