"""The comparison of clock models: arrays and figures by hand values, from tables of a few rows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core import clock_errors, clock_figures, comparison
from core.catalogue import all_recipes
from core.clock_errors import Curve
from core.comparison import Entry, ResultsError
from core.figures import DARK, LIGHT, Look

SCORES = "model,report,measure,published,ours,mean_minutes,epochs_trained,epochs_asked,device\n"
ONE = Look(1, "dot", "x")


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def by_id() -> dict[str, Entry]:
    return {one.model_id: one for one in comparison.entries(Path("/nowhere"))}


# --- what there is --------------------------------------------------------------------------------------------------


def test_every_recipe_is_an_entry_by_group_before_anything_is_trained() -> None:
    found = comparison.entries(Path("/nowhere"))
    clocks = [name for name, recipe in all_recipes().items() if recipe.extra.get("task") == "clock"]
    assert sorted(one.model_id for one in found) == sorted(clocks)
    groups = [one.group for one in found]
    assert groups == sorted(groups, key=list(comparison.GROUPS.values()).index)
    assert {one.epochs for one in found} == {"not trained yet"}
    assert by_id()["report23-multi-head"].command == "python -m core train report23-multi-head"


def test_a_trained_entry_tells_epochs_and_how_to_go_on() -> None:
    one = replace(by_id()["report22-classes-24"], epochs_trained=3, device="CPU (a name)")
    assert replace(one, epochs_trained=100).epochs == "100 of 100 epochs"
    assert (one.epochs, one.command) == ("3 of 100 epochs, CPU", "python -m core train report22-classes-24 --resume")
    assert (one.form, one.loss, one.gamma) == ("24 classes", "cross-entropy", 3.0)


@pytest.mark.parametrize(
    ("model_id", "layers"),
    [("report22-regression", 6), ("report22-split-heads", 9), ("report23-classes-720", 6), ("report23-multi-head", 13)],
)
def test_layers_are_counted_as_the_networks_have_them(model_id: str, layers: int) -> None:
    assert by_id()[model_id].layers == layers
    network = all_recipes()[model_id].build(all_recipes()[model_id].spec)
    assert sum(type(layer).__name__ in ("Conv2D", "Dense") for layer in network.layers) == layers


def test_missing_results_are_empty(tmp_path: Path) -> None:
    assert comparison.scores(tmp_path) == {}
    assert comparison.readings(tmp_path).read == {}
    assert comparison.readings(tmp_path).true.shape == (0,)
    assert clock_errors.learning_curve("reader-report", folder=tmp_path) is None


def test_scores_are_numbers_where_they_are_numbers(tmp_path: Path) -> None:
    write(
        tmp_path,
        "clocks.csv",
        SCORES + "reader-report,,,,,1.5,50,50,CPU\nreport22-regression,2022,mae_hours,1.15,0.9,33,3,100,CPU\n",
    )
    found = comparison.scores(tmp_path)
    assert found["reader-report"] == {"mean_minutes": 1.5, "epochs_trained": 50.0, "epochs_asked": 50.0, "device": "CPU"}
    assert found["report22-regression"]["ours"] == 0.9
    write(tmp_path, "clocks.csv", SCORES + "a,,,nan,-inf,1.5,50,50,CPU\n")
    told = comparison.scores(tmp_path)["a"]
    assert (told["published"], told["ours"]) == ("nan", "-inf"), "no number to reckon with"


@pytest.mark.parametrize("text", ["a,b\n1,2\n", SCORES + "x\n", SCORES + "x" + ",1" * 20 + "\n", "model\n\xff\x00"])
def test_damaged_scores_are_a_sentence_with_the_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / "clocks.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(ResultsError, match=r"clocks\.csv is damaged.*python -m core evaluate clocks"):
        comparison.scores(tmp_path)


@pytest.mark.parametrize("text", ["true,a\n1,x\n", "a\n1\n", "true,a\n1,nan\n", "true,a\n1\n"])
def test_damaged_readings_are_a_sentence_with_the_remedy(tmp_path: Path, text: str) -> None:
    write(tmp_path, "clocks_readings.csv", text)
    with pytest.raises(ResultsError, match=r"clocks_readings\.csv is damaged"):
        comparison.readings(tmp_path)


def test_figures_on_other_clocks_by_model_and_set(tmp_path: Path) -> None:
    assert comparison.set_figures(tmp_path) == {}
    table = tmp_path / "clock_photographs.csv"
    table.write_text("model,set,pictures,mean_minutes,within_1_minute\na,photographs,100,3.5,0.81\na,wild,360,,0.5\n")
    assert comparison.set_figures(tmp_path) == {
        "a": {
            "photographs": {"pictures": 100, "mean_minutes": 3.5, "within_1_minute": 0.81},
            "wild": {"pictures": 360, "within_1_minute": 0.5},
        }
    }
    table.write_text("model,pictures\na,100\n")
    with pytest.raises(comparison.ResultsError, match=r"clock_photographs\.csv is damaged"):
        comparison.set_figures(tmp_path)


def test_readings_and_their_errors(tmp_path: Path) -> None:
    write(tmp_path, "clocks_readings.csv", "true,a,b\n719,1.0,719\n0,360,30.5\n")
    found = comparison.readings(tmp_path)
    assert found.true.tolist() == [719, 0]
    assert found.errors("a").tolist() == [2.0, 360.0]
    assert found.errors("b").tolist() == [0.0, 30.5]


def test_published_figures_stand_beside_ours_for_the_same_measure(tmp_path: Path) -> None:
    rows = [
        "report22-regression,Table 4,mae_hours,1.1515,yes,over the test part",
        "report22-regression,Table 4,custom_mae_as_published,0.6670,,",
        "report22-regression,Table 8,custom_mse_as_published,0.6075,,doubtful",
        "report22-regression,section 3.6,training_seconds,,,no figure is printed",
        "another-model,Table 9,mae_hours,1,,",
    ]
    write(tmp_path, "clocks.csv", "model,source,measure,published,headline,note\n" + "\n".join(rows) + "\n")
    one = replace(by_id()["report22-regression"], figures={"custom_mae_as_published": 0.5}, seconds=60.0)
    told = {"report22-regression": {"measure": "mae_hours", "ours": 0.9, "training_seconds": 50.0}}
    told["report22-regression"]["custom_mse_one_picture"] = 0.69304
    found = comparison.published_and_ours([one], told, tmp_path)
    assert [(row["published"], row["ours"], row["note"]) for row in found] == [
        ("1.1515", 0.9, "over the test part"),
        ("0.6670", 0.5, ""),  # to the digit as printed
        ("0.6075", None, "doubtful Ours is of batches of 32; of one picture at a time it is 0.693."),
        ("", 60.0, "no figure is printed"),
    ]
    measured = comparison.published_and_ours([replace(one, seconds=0.0)], told, tmp_path)
    assert measured[-1]["ours"] == 50.0  # measured where the model is no longer stored


def test_every_published_measure_has_words() -> None:
    rows = comparison.published_and_ours(list(by_id().values()), {})
    assert {row["measure"] for row in rows} <= set(comparison.MEASURES.values())
    assert len({row["model"] for row in rows}) == 11


# --- arrays ---------------------------------------------------------------------------------------------------------


def test_histograms_hold_every_picture_once() -> None:
    edges, shares = clock_errors.histogram([0, 9.99, 10, 360])
    assert (len(edges), edges[0], edges[-1]) == (36, 0, 350)
    assert (shares[0], shares[1], shares[-1], shares.sum()) == (0.5, 0.25, 0.25, 1.0)
    with pytest.raises(ValueError, match="at least one error"):
        clock_errors.histogram([])


def test_shares_within_count_the_limit_itself() -> None:
    assert clock_errors.share_within([1, 5, 30, 31], [0.5, 1, 30, 360]).tolist() == [0, 0.25, 0.75, 1]


def test_means_by_minute_and_hour() -> None:
    minutes = clock_errors.mean_by_minute([0, 60, 719, 5], [1, 3, 7, 2])
    assert (minutes[0], minutes[59], minutes[5]) == (2, 7, 2)
    assert np.isnan(minutes[1:5]).all()
    hours = clock_errors.mean_by_hour([0, 59, 60, 719], [1, 3, 7, 2])
    assert (hours[0], hours[1], hours[11]) == (2, 7, 2)
    assert np.isnan(hours[2:11]).all()


def test_confusion_counts_half_hours() -> None:
    shares = clock_errors.confusion([0, 29, 30, 719], [14.5, 30, 29.99, 720])
    assert shares.shape == (24, 24)
    assert (shares[0, 0], shares[0, 1], shares[1, 0], shares[23, 0]) == (0.5, 0.5, 1, 1)
    assert shares.sum(1).tolist() == [1, 1, *[0] * 21, 1]


def test_learning_curves_have_gaps_where_an_epoch_lacks_a_measure(tmp_path: Path) -> None:
    (tmp_path / "a-model").mkdir()
    write(tmp_path / "a-model", "history.csv", "epoch,loss,val_loss\n1,4,5\n2,2,\n")
    curve = clock_errors.learning_curve("a-model", folder=tmp_path)
    assert curve is not None
    assert curve.validation is not None
    assert (curve.epochs.tolist(), curve.training.tolist(), curve.validation[0]) == ([1, 2], [4, 2], 5)
    assert np.isnan(curve.validation[1])
    assert clock_errors.learning_curve("a-model", "accuracy", tmp_path) is None
    write(tmp_path / "a-model", "history.csv", "epoch,loss\n1,4\n")
    bare = clock_errors.learning_curve("a-model", folder=tmp_path)
    assert bare is not None
    assert bare.validation is None


def test_what_a_model_is_judged_by_is_the_first_that_its_history_knows(tmp_path: Path) -> None:
    (tmp_path / "a-model").mkdir()
    write(tmp_path / "a-model", "history.csv", "epoch,minute_mean_squared_error,loss,hour_accuracy\n1,4,5,0.5\n")
    assert clock_errors.measure_of("a-model", tmp_path) == "hour_accuracy"
    write(tmp_path / "a-model", "history.csv", "epoch,loss\n1,4\n")
    assert clock_errors.measure_of("a-model", tmp_path) is None
    assert clock_errors.measure_of("absent", tmp_path) is None


# --- figures --------------------------------------------------------------------------------------------------------


def test_no_two_models_look_alike() -> None:
    looks = clock_figures.looks_of(list(by_id()))
    assert len({(look.hue, look.dash) for look in looks.values()}) == len(looks)
    assert len({look.symbol for look in looks.values()}) == len(looks)
    assert all(look.hue < min(len(LIGHT.series), len(DARK.series)) for look in looks.values())
    assert set(clock_figures.LOOKS) == set(by_id())


def test_a_model_keeps_its_look_whoever_else_is_there() -> None:
    alone = clock_figures.looks_of(["report22-regression"])
    among = clock_figures.looks_of(["another-reader", "report23-multi-head", "report22-regression"])
    assert among["report22-regression"] == alone["report22-regression"]
    assert among["another-reader"] in clock_figures.OTHERS


def test_histogram_bars_stand_in_the_middle_of_their_minutes() -> None:
    figure = clock_figures.error_histogram([0, 10], [0.75, 0.25], ONE, top=0.75)
    assert list(figure.data[0].x) == [5, 15]
    assert list(figure.data[0].y) == [0.75, 0.25]
    assert figure.layout.yaxis.range[1] == pytest.approx(0.795)
    logarithmic = clock_figures.error_histogram([0, 10], [1, 0], ONE, log=True)
    assert logarithmic.layout.yaxis.type == "log"
    assert np.isnan(logarithmic.data[0].y[1])


@pytest.mark.parametrize("dark", [False, True])
def test_lines_carry_the_look_of_their_model_in_either_theme(dark: bool) -> None:
    colour = (DARK if dark else LIGHT).series[1]
    names = {"A <b>": np.ones(60)}
    drawn = [
        clock_figures.errors_by_minute(names, {"A <b>": ONE}, dark=dark),
        clock_figures.errors_by_hour({"A <b>": np.ones(12)}, {"A <b>": ONE}, dark=dark),
        clock_figures.within_curves({"A <b>": [0.1, 0.2]}, {"A <b>": ONE}, at=[1, 2], dark=dark),
    ]
    for figure in drawn:
        trace = figure.data[0]
        assert (trace.line.color, trace.line.dash, trace.marker.symbol) == (colour, "dot", "x")
        assert trace.name == "A &lt;b&gt;"


def test_a_learning_curve_shows_how_many_epochs_were_asked() -> None:
    curve = Curve(np.array([1.0, 2.0]), np.array([4.0, 2.0]), np.array([5.0, 3.0]))
    figure = clock_figures.learning_curve(curve, ONE, asked=100, log=True)
    assert figure.layout.xaxis.range == (0.5, 100.5)
    assert [trace.name for trace in figure.data] == ["training", "validation"]
    assert list(figure.data[1].y) == [5, 3]
    assert len(clock_figures.learning_curve(replace(curve, validation=None), ONE, asked=2).data) == 1


@pytest.mark.parametrize(
    ("values", "there"),
    [([0.2, 5], [0.2, 0.5, 1, 2, 5]), ([3, 4], [3, 4]), ([0.001, 100], [0.001, 1, 100]), ([], []), ([-1], [])],
)
def test_log_ticks_are_round(values: list[float], there: list[float]) -> None:
    ticks = clock_figures.log_ticks(np.array(values))
    assert set(there) <= set(ticks)
    assert bool(ticks) == bool(there)


def test_confusion_runs_down_from_twelve_and_shades_by_the_root() -> None:
    figure = clock_figures.confusion_map(np.eye(24) * 0.25, ONE)
    assert figure.layout.yaxis.range == (23.5, -0.5)
    assert figure.data[0].z[3][3] == 0.5
    assert list(figure.data[0].customdata[3][4][:2]) == ["01:30", "02:00"]
