"""Both reports as data: each table and figure once, in order; printed figures to the digit; lines made of what is on disk."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core import paths
from core.catalogue import all_recipes
from core.clock_figures import LOOKS
from core.comparison import Readings
from core.registry import load_card
from core.reports import clock_lines, network_lines, run_lines
from core.reports.answers import REPORTS, answer, answers
from core.reports.evidence import Evidence, Found, load_evidence
from core.reports.items import ClockCurves, ClockFigures, Counts, Item, Layers, Levels, Link, Made, RunMeans, Runs, Trained
from core.studies import STUDIES
from core.study_results import add_records
from tests.stored_studies import record, store

ITEMS = {(item.report, item.name): item for items in REPORTS.values() for item in items}
PRINTED = {"2022": {"table": 9, "figure": 9}, "2023": {"table": 6, "figure": 23}}  # how many each report has


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """A house without models and results."""
    folder = tmp_path_factory.mktemp("empty")
    return load_evidence(folder / "models", folder / "results")


def rows(name: str) -> list[dict[str, str]]:
    with (paths.REPORTS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def published(report: str, name: str, evidence: Evidence) -> list[str]:
    parts = answer(ITEMS[report, name], evidence).parts
    return [line.published for part in parts for line in (*part.lead, *part.rest) if line.published]


# --- the list ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("report", PRINTED)
@pytest.mark.parametrize("kind", ["table", "figure"])
def test_every_number_occurs_once_and_in_order(report: str, kind: str):
    numbers = [int(item.number) for item in REPORTS[report] if item.kind == kind]
    assert numbers == list(range(1, PRINTED[report][kind] + 1))


@pytest.mark.parametrize("report", PRINTED)
def test_passages_stand_in_the_order_of_their_sections(report: str):
    numbers = [tuple(map(int, item.number.split("."))) for item in REPORTS[report] if item.kind == "text"]
    assert numbers == sorted(set(numbers))
    assert {item.report for item in REPORTS[report]} == {report}
    anchors = [item.anchor for item in REPORTS[report]]
    assert len(set(anchors)) == len(anchors)
    assert all(re.fullmatch(r"[a-z]+(-\d+)+", anchor) for anchor in anchors)


def test_every_item_says_what_is_learned_in_sentences():
    for item in ITEMS.values():
        for text in (item.learned, *item.doubts, *([item.printed] if item.printed else [])):
            assert text[0].isupper() or text.startswith(("0.", "'")) or text[0].isdigit(), text
            assert text.endswith((".", "?", "'.")), text
        assert item.sources or item.printed, item.name


def test_items_name_models_studies_and_rows_that_exist():
    recipes = all_recipes()
    places = {row["source"] for row in rows("clocks")}
    by_place = {name: {(row["report"], row["item"]) for row in rows(name)} for name in ("clock_curves", "counts", "networks")}
    for item in ITEMS.values():
        for source in item.sources:
            at = (item.report, getattr(source, "place", ""))
            if isinstance(source, ClockFigures):
                there = [row["measure"] for row in rows("clocks") if row["source"] == f"{at[0]}, {at[1]}"]
                assert f"{at[0]}, {at[1]}" in places
                assert set(source.measures) <= set(there)
            elif isinstance(source, ClockCurves | Counts | Layers):
                name = {ClockCurves: "clock_curves", Counts: "counts", Layers: "networks"}[type(source)]
                assert at in by_place[name], at
            elif isinstance(source, Runs | RunMeans | Levels):
                assert source.study in STUDIES
                assert not getattr(source, "best", "") or source.best in recipes
            elif isinstance(source, Trained | Made):
                assert set(source.models) <= set(recipes)


def test_no_printed_figure_of_clocks_is_left_out():
    """Every row of the three tables of clocks stands in exactly one item."""
    shown = []
    for item in ITEMS.values():
        for source in item.sources:
            if isinstance(source, ClockFigures):
                there = [row for row in rows("clocks") if row["source"] == f"{item.report}, {source.place}"]
                shown += [
                    (row["source"], row["model"], row["measure"])
                    for row in there
                    if not source.measures or row["measure"] in source.measures
                ]
    assert sorted(shown) == sorted((row["source"], row["model"], row["measure"]) for row in rows("clocks"))
    for name, kind in (("clock_curves", ClockCurves), ("counts", Counts), ("networks", Layers)):
        used = {(item.report, one.place) for item in ITEMS.values() for one in item.sources if isinstance(one, kind)}
        assert used == {(row["report"], row["item"]) for row in rows(name)}, name


def test_items_and_links_check_their_values():
    with pytest.raises(ValueError, match="page of Link must be one of"):
        Link("nowhere", "Go")
    with pytest.raises(ValueError, match="report of Item must be one of"):
        Item("2021", "table", "1", "Title", "Learned.")
    with pytest.raises(ValueError, match="report must be one of 2022, 2023; got '2021'"):
        answers("2021", Evidence({}, {}, Readings(np.empty(0), {}), {}, {}, {}))


def test_links_name_what_their_pages_know():
    known = {"tell_the_time": set(LOOKS), "compare_training": set(STUDIES), "latent_space": set(all_recipes())}
    for item in ITEMS.values():
        if item.link:
            named = {value for name, value in item.link.query if name in ("show", "study", "walkers", "confusion")}
            assert named <= known[item.link.page], item.name


# --- printed figures ----------------------------------------------------------------------------------------------------

TYPED = [  # by hand from the reports' text: some figures of each kind of item
    ("2022", "Table 1", ["1.061", "1.084", "0.700", "0.726", "27.205", "2.428", "37.261", "12.879"]),
    ("2022", "Table 2", ["6.668", "3.608", "15.276", "4.105", "2.915", "3.191"]),
    ("2022", "Table 3", ["9596801", "320", "18496", "73856", "9470208", "32896", "129"]),
    ("2022", "Table 4", ["1.1515", "2.1259", "0.6669", "1.4811", "0.9072", "0.9816", "0.9779", "1.0090"]),
    ("2022", "Table 5", ["1.7719", "2.0738", "0.3582", "0.3779"]),
    ("2022", "Table 6", ["0.7889", "0.8344", "0.9253", "0.9088"]),
    ("2022", "Figure 6", ["0.00055"]),
    ("2022", "Table 7", ["0.1653", "0.0917", "0.2089", "0.1028", "0.9406", "0.9242", "0.0212", "0.0248", "0.7760", "0.8277"]),
    ("2022", "Table 8", ["0.6075", "13.4489", "0.0942"]),
    ("2022", "Table 9", ["21952", "401920", "262656", "1982592", "1179776", "669706", "932362", "9598349"]),
    ("2023", "Section 1.1", ["0.9840", "0.9925"]),
    ("2023", "Section 1.3.1", ["0.877", "0.883", "0.884", "0.888", "0.885", "0.769"]),
    ("2023", "Table 2", ["0.905", "0.903", "0.900", "0.893"]),
    ("2023", "Table 3", ["0.872", "0.795"]),
    ("2023", "Table 4", ["0.4854", "0.4563", "0.5249"]),
    ("2023", "Table 6", ["0.905", "0.441", "0.101"]),
    ("2023", "Figure 5", ["731500", "730932", "568", "663696", "43920"]),
    ("2023", "Figure 9", ["604961", "604545", "589952"]),
    ("2023", "Section 2.2.3", ["6.640", "15.64", "1.556", "2.761", "0.622", "3720"]),
    ("2023", "Figure 6", ["0.5132", "0.2275"]),
    ("2023", "Figure 7", ["24"]),
    ("2023", "Figure 8", ["1475"]),
    ("2023", "Section 2.3.3", ["1.63"]),
    ("2023", "Figure 12", ["97"]),
    ("2023", "Section 2.4.3", ["2.7477", "0.4509", "415", "35", "0.92917", "13500"]),
    ("2023", "Figure 13", ["0.0930", "0.8299"]),
    ("2023", "Figure 14", ["16.8981", "4.2592"]),
    ("2023", "Figure 15", ["14.6", "6573"]),
    ("2023", "Figure 16", ["16"]),
    ("2023", "Section 3.1", ["34", "300", "10200"]),
    ("2023", "Figure 19", ["1675193", "1674113"]),
]


@pytest.mark.parametrize(("report", "name", "figures"), TYPED)
def test_printed_figures_stand_in_their_items(report: str, name: str, figures: list[str], empty: Evidence):
    there = published(report, name, empty)
    assert [figure for figure in figures if figure not in there] == []


def test_table_2_has_ten_runs_and_table_6_all_62(empty: Evidence):
    for name, count in (("Table 2", 10), ("Table 6", 59), ("Table 3", 12)):  # three settings stand in Table 6 twice
        assert len(published("2023", name, empty)) >= count, name


def test_what_is_not_trained_has_no_figure_of_ours(empty: Evidence):
    """Not even 'epochs: 0 of 50 asked', or a setting that is only planned."""
    answers_2023 = {one.item.name: one for one in answers("2023", empty)}
    assert [name for name in ("Figure 17", "Figure 18", "Figure 20", "Figure 23") if answers_2023[name].found] == []
    assert answers_2023["Section 2.1"].found  # a measure needs no training
    card = next(iter(load_evidence().cards.values()))
    cards = {"vae-leaves-32": replace(card, epochs_trained=0, extra={"side": 32})}
    for epochs, there in ((0, False), (1, True)):
        evidence = replace(empty, cards={"vae-leaves-32": replace(cards["vae-leaves-32"], epochs_trained=epochs)})
        lines = network_lines.counts_of("2023", Counts("Figure 17"), evidence).lead
        assert [line.here is not None for line in lines] == [there] * len(lines)


def test_parameters_that_are_trained_are_those_in_print(empty: Evidence):
    """2023 prints them of all three networks; a card of an earlier training does not know."""
    cards = {name: load_card(name) for name in ("report23-classes-720", "report23-regression", "report23-multi-head")}
    for place, model_id in (
        ("Figure 5", "report23-classes-720"),
        ("Figure 9", "report23-regression"),
        ("Figure 19", "report23-multi-head"),
    ):
        lines = network_lines.counts_of("2023", Counts(place), replace(empty, cards=cards)).lead
        assert [f"{line.here.value:.0f}" for line in lines if line.here] == [line.published for line in lines]
        assert len(lines) == (3 if place == "Figure 5" else 2)
        card = cards[model_id]
        extra = {name: value for name, value in card.extra.items() if name != "trainable"}
        lines = network_lines.counts_of(
            "2023", Counts(place), replace(empty, cards={model_id: replace(card, extra=extra)})
        ).lead
        assert [line.here is not None for line in lines] == [True, *[False] * (len(lines) - 1)]


# --- networks counted again ---------------------------------------------------------------------------------------------


def test_parameters_by_hand():
    assert network_lines.parameters_of("Conv2D", (28, 28, 1), (26, 26, 32), 3) == 320  # 9 x 32 + 32
    assert network_lines.parameters_of("Dense (output)", (128,), (10,), 3) == 1290
    assert network_lines.parameters_of("BatchNormalization", (50, 50, 16), (50, 50, 16), 3) == 64
    assert network_lines.parameters_of("Dropout", (128,), (128,), 3) == 0


def test_networks_add_up_as_the_reports_say_but_for_the_misprint(empty: Evidence):
    whole = [part.lead[0] for part in answer(ITEMS["2022", "Table 9"], empty).parts]
    assert [line.here.value for line in whole if line.here] == [1_199_882, 669_706, 2_076_554, 932_362, 9_598_349]
    assert [line.published for line in whole] == ["1221514", "669706", "2098186", "932362", "9598349"]
    assert [bool(line.doubt) for line in whole] == [True, False, True, False, False]
    before, after = (answer(ITEMS["2023", f"Figure {number}"], empty).parts[0].lead[0] for number in (4, 5))
    assert int(before.published) + int(after.published) == 731_500


def test_no_printed_layer_but_two_differs_from_its_shape(empty: Evidence):
    wrong = []
    for item in ITEMS.values():
        for source, part in zip(item.sources, answer(item, empty).parts, strict=True):
            if isinstance(source, Layers):
                lines = (*part.lead[1:], *part.rest)
                wrong += [line.published for line in lines if line.here and int(line.published) != line.here.value]
    assert wrong == ["21952", "21952"]


# --- lines of ours --------------------------------------------------------------------------------------------------------


def test_without_results_every_item_with_models_says_what_makes_them(empty: Evidence):
    made_of_runs = (ClockFigures, ClockCurves, Trained, Runs, RunMeans, Made)
    for item in ITEMS.values():
        if any(isinstance(source, made_of_runs) for source in item.sources):
            missing = answer(item, empty).missing
            assert missing, item.name
            assert all(one.command.startswith("python -m core ") for one in missing)
    [one] = answer(ITEMS["2022", "Table 6"], empty).missing
    assert one.command == "python -m core train report22-classes-24"
    commands = [one.command for one in answer(ITEMS["2023", "Table 4"], empty).missing]
    assert commands == ["python -m core sweep cifar-transfer-23", "python -m core train cifar10-best"]


def test_generators_have_the_short_names_of_the_other_pages(empty: Evidence):
    item = ITEMS["2023", "Figure 21"]
    assert answer(item, empty).missing[0].words == "Not trained yet: VAE-64 of leaves (2023)"
    card = load_card("vae-leaves-64")
    assert card.title == "VAE of leaves, 64 latent numbers (2023)"
    [made] = [source for source in item.sources if isinstance(source, Made)]
    lines = network_lines.made_of("2023", made, replace(empty, cards={card.model_id: card}))
    assert {line.name for line in lines.lead} == {"VAE-64 of leaves (2023)"}


def test_pictures_of_two_sizes_are_told_apart_and_not_compared(empty: Evidence):
    leaves, faces = Made(("gan-leaves",), "gan-leaves-best"), Made(("gan-faces",), "gan-faces-best")
    cards = {name: load_card(name) for made in (leaves, faces) for name in (*made.models, made.best)}
    sides = {"gan-leaves": 32, "gan-leaves-best": 64, "gan-faces": 64, "gan-faces-best": 64}
    assert {name: card.extra["side"] for name, card in cards.items()} == sides
    (*small, small_pace), (*same, pace) = (
        network_lines.made_of("2023", made, replace(empty, cards=cards)).lead for made in (leaves, faces)
    )
    assert all(line.here.how.endswith(" epochs, 32 × 32 pixels") for line in small)
    assert {line.best for line in small} == {None}
    assert len(same) == 3, "nobody is sure to see a leaf in a face"
    assert all(one.how.endswith(" epochs") for line in same for one in (line.here, line.best))
    seconds = [round(cards[name].seconds / cards[name].epochs_trained, 1) for name in ("gan-faces", "gan-faces-best")]
    assert (pace.more, pace.here, pace.best) == ("training, seconds an epoch", *(Found(one, "CPU") for one in seconds))
    assert small_pace.best is None


def test_the_network_that_is_called_dead_gives_one_answer():
    """Figure 6 (2022) and its card say so of the stored one; a training that comes off takes both sentences with it."""
    readings = load_evidence().readings.read
    alike = {name for name, read in readings.items() if len(np.unique(read)) == 1}
    said = ITEMS["2022", "Figure 6"].learned
    assert ("answers every picture with one class" in said) == ("report22-classes-720" in alike)
    assert alike == {name for name in readings if "every picture gets one answer" in load_card(name).summary}


def test_the_best_is_taken_of_times_read_by_the_measure_in_print(empty: Evidence):
    true = np.array([0.0, 90.0, 359.0, 719.0])
    near, far = np.array([719.5, 90.2, 0.0, 718.6]), np.array([300.0, 300.0, 300.0, 300.0])
    evidence = replace(empty, readings=Readings(true, {"reader-report": near, "report22-regression": far}))

    def best(measure: str, model: str) -> float:
        found = clock_lines.best_of_all(measure, model, evidence)
        assert found is not None
        assert found.how.startswith("Reader of the course's clock") or measure == "mae_hours"
        assert found.how.endswith("; best on the test pictures")
        return float(found.value)

    assert best("mean_minutes", "report23-classes-720") == pytest.approx((0.5 + 0.2 + 359 + 0.4) / 4)
    # Without going round at 12 the other one is better: 300 + 210 + 59 + 419 against 719.5 + 0.2 + 359 + 0.4.
    assert best("mae_hours", "report22-regression") == pytest.approx((300 + 210 + 59 + 419) / 4 / 60)
    assert best("hour_accuracy", "report22-multi-head") == 0.5
    assert best("accuracy", "report22-classes-24") == 0.5
    assert best("accuracy", "report22-classes-720") == 0.75  # 719.5 is rounded to 720, the same class as 0
    assert best("minute_mse", "report22-multi-head") == pytest.approx((59.5**2 + 0.2**2 + 59**2 + 0.4**2) / 4 / 3600)
    assert clock_lines.best_of_all("custom_mae_as_published", "report22-regression", evidence) is None


def test_curves_stand_beside_their_first_and_last_epochs(empty: Evidence):
    curve = [{"epoch": 1.0, "accuracy": 0.25, "val_accuracy": 0.125}, {"epoch": 2.0, "accuracy": 0.5}]
    evidence = replace(empty, curves={"report23-classes-720": curve})
    lines = clock_lines.curves_of("2023", ClockCurves("Figure 6"), evidence).lead
    assert [line.here and line.here.value for line in lines] == [0.25, 0.125, 0.5]
    assert lines[-1].here == Found(0.5, "2 of 100 epochs")


def test_a_study_stands_beside_print_with_its_share_and_its_best_run(tmp_path: Path, empty: Evidence):
    study = STUDIES["cnn-grid"]
    store(study, tmp_path, [record(trial, epochs=1, pictures=5400) for trial in study.trials])
    evidence = load_evidence(tmp_path / "models", tmp_path)
    table = run_lines.runs_of("2023", Runs("cnn-grid", first=10), evidence)
    assert len([line for line in (*table.lead, *table.rest) if line.published]) == 10
    first = table.lead[0]
    assert first.here is not None
    assert first.here.how == "1 of 10 epochs, 10 % of the pictures, CPU"
    best = table.lead[-1]
    assert best.name == "Best setting, chosen by validation"
    assert best.here
    # A fifth of its 5 epochs, and no twentieth of 20: a choice among the others would choose what ran longest.
    longest = [one for one in evidence.studies["cnn-grid"][1] if one["epochs_asked"] == 5]
    row = max(longest, key=lambda one: one["val_accuracy"])
    assert best.here.how.endswith("1 of 5 epochs, 10 % of the pictures, CPU, among the 29 runs trained most")
    assert best.here.value == row["test_accuracy"]  # a share of 1, as the accuracies above it
    assert best.best is None  # ours is not trained
    [ranks] = [line for line in table.lead if line.name.startswith("Rank correlation")]
    like = "29 of 62 pairs, those trained alike here"  # 1 of 5, and not 1 of 10 to 30
    assert ranks.here.how == f"{like}; ours saw 20 % of the epochs, 10 % of the pictures"
    assert [one.command for one in table.missing] == ["python -m core train fashion-best"]
    means = run_lines.means_of("2023", RunMeans("cnn-grid", ("epochs",)), evidence).lead
    assert means[0].name == "Epochs asked: 5"
    assert means[0].here is not None
    assert means[3].name == "Epochs asked: 30"
    assert means[3].published == "0.873"  # one run alone
    counts = [line.more.removeprefix("mean test accuracy of ") for line in means if line.published]
    assert counts == ["29 runs", "20 runs", "12 runs", "1 run"]  # 62 in all, of 59 settings
    assert means[0].here.how == "29 runs"


def test_what_was_run_on_other_data_is_no_figure_for_those_in_print(tmp_path: Path):
    """Printed are two networks on MNIST; the same two on Fashion-MNIST answer to neither figure."""
    study = STUDIES["keras-examples"]
    item = ITEMS["2023", "Section 1.1"]
    fashion = [record(trial, epochs=1) for trial in study.trials if trial.run.dataset == "fashion-mnist"]
    store(study, tmp_path, fashion)
    answered = answer(item, load_evidence(tmp_path / "models", tmp_path))
    assert any(line.here for part in answered.parts for line in part.lead)  # the best run is told of
    assert not answered.found
    add_records(study, [record(trial, epochs=1) for trial in study.trials if trial.run.dataset == "mnist"], tmp_path)
    assert answer(item, load_evidence(tmp_path / "models", tmp_path)).found


def test_damaged_tables_are_problems_and_the_rest_stands(tmp_path: Path):
    (tmp_path / "clocks_readings.csv").write_text("true,reader-report\n1,x\n")
    (tmp_path / "clocks_curves.csv").write_text("model,epoch\nreader-report,first\n")
    (tmp_path / "study_cnn-grid.csv").write_text("trial\n1,2,3\n")
    evidence = load_evidence(tmp_path / "models", tmp_path)
    assert [problem.split()[0] for problem in evidence.problems] == [
        "clocks_readings.csv",
        "study_cnn-grid.csv",
        "clocks_curves.csv",
    ]
    assert all("python -m core" in text or "delete it" in text for text in evidence.problems)
    assert answers("2022", evidence)
