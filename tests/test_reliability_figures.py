"""Does confidence mean something: bins counted by hand, tables that are not there or damaged, what is drawn."""

from pathlib import Path

import numpy as np
import pytest
from test_compare import COMPARE, charts, html, start

from core import paths
from core.comparison import CHOSEN_ON, ResultsError
from core.figures import Look
from core.reliability_figures import Bins, marker_sizes, reliability, reliability_plot

HEAD = "model,set,from,to,pictures,confidence,right\n"
BINS = Bins(np.array([30.0, 10.0]), np.array([0.5, 0.9]), np.array([0.4, 1.0]))


def test_means_are_over_pictures():
    assert BINS.said == pytest.approx((30 * 0.5 + 10 * 0.9) / 40)
    assert BINS.was_right == pytest.approx((12 + 10) / 40)
    assert BINS.gap == pytest.approx((30 * 0.1 + 10 * 0.1) / 40)


def test_shares_that_were_rounded_for_the_table_count_whole_pictures():
    rounded = Bins(np.array([3.0, 97.0]), np.array([0.6, 0.99]), np.array([0.6667, 1.0]))
    assert rounded.was_right == (2 + 97) / 100  # not 0.990001, which is "over 99 %" in words


def test_the_table_is_read_by_set_and_model_the_least_sure_first(tmp_path: Path):
    rows = "reader,photographs,0.9,1,10,0.9,1\nreader,photographs,0.5,0.6,30,0.5,0.4\nclassical,faces,0,0.1,2,0.05,0\n"
    (tmp_path / "reliability.csv").write_text(HEAD + rows)
    found = reliability(tmp_path)
    assert {name: list(models) for name, models in found.items()} == {"photographs": ["reader"], "faces": ["classical"]}
    for name in ("pictures", "confidence", "right"):
        np.testing.assert_array_equal(getattr(found["photographs"]["reader"], name), getattr(BINS, name))


def test_no_table_is_no_fault(tmp_path: Path):
    assert reliability(tmp_path) == {}


@pytest.mark.parametrize(
    "text",
    [
        "model,set,pictures,confidence\nreader,faces,1,0.5\n",
        HEAD + "reader,faces,0,0.1,2,high,0\n",
        HEAD + "reader,faces,0,0.1,2,nan,0\n",
        HEAD + "reader,faces,0,0.1,0,0.1,0\n",
        HEAD + "reader,faces,0,0.1,5,0.1,1.2\n",
        HEAD + "reader,faces,0,0.1\n",
    ],
)
def test_a_damaged_table_names_itself_and_the_remedy(tmp_path: Path, text: str):
    (tmp_path / "reliability.csv").write_text(text)
    with pytest.raises(ResultsError, match=r"reliability\.csv is damaged \(.+\); write it again with: python -m core evaluate"):
        reliability(tmp_path)


def test_areas_of_markers_grow_with_pictures():
    assert marker_sizes(np.array([100.0, 25.0, 1.0]), 100).tolist() == [16, 8, 6]  # the last would be 1.6: too small to see


def bins(*rows: tuple[float, float, float]) -> Bins:
    """Bins of (pictures, confidence, share right)."""
    return Bins(*np.array(rows).T)


def test_bins_of_few_pictures_join_their_neighbours():
    few = bins((1, 0.3, 0), (1, 0.5, 1), (4, 0.6, 0.75), (5, 0.7, 0.8), (7, 0.8, 1), (82, 0.9, 1)).merged(10)
    assert few.pictures.tolist() == [11, 89]
    assert few.confidence == pytest.approx([(0.3 + 0.5 + 2.4 + 3.5) / 11, (5.6 + 73.8) / 89])
    assert few.right == pytest.approx([(0 + 1 + 3 + 4) / 11, 1])


def test_too_few_at_the_end_join_those_before_and_enough_stay_as_they_are():
    assert bins((90, 0.1, 0), (12, 0.4, 0.5), (9, 0.9, 1)).merged(10).pictures.tolist() == [90, 21]
    assert bins((3, 0.1, 0), (2, 0.4, 0.5)).merged(10).pictures.tolist() == [5]  # all there are
    for name in ("pictures", "confidence", "right"):
        np.testing.assert_array_equal(getattr(BINS.merged(10), name), getattr(BINS, name))


def test_merging_keeps_the_means_over_pictures():
    all_of_them = bins((3, 0.05, 0), (4, 0.15, 0.25), (30, 0.5, 0.4), (2, 0.95, 1))
    assert all_of_them.merged().said == pytest.approx(all_of_them.said)
    assert all_of_them.merged().was_right == pytest.approx(all_of_them.was_right)


@pytest.mark.parametrize("dark", [False, True])
def test_the_plot_has_a_diagonal_and_a_line_a_model(dark: bool):
    figure = reliability_plot({"A <b>": BINS}, {"A <b>": Look(1, "dash", "square")}, dark=dark)
    diagonal, line = figure.data
    assert list(diagonal.x) == list(diagonal.y) == [0, 1]
    assert (list(line.x), list(line.y)) == ([0.5, 0.9], [0.4, 1.0])
    assert line.line.dash == "dash"
    assert "<b>" not in line.name
    assert [list(one) for one in line.customdata] == [["50 %", "40 %", "30"], ["90 %", "100 %", "10"]]
    tiny = reliability_plot({"A": bins((1, 0.2, 1), (2, 0.5, 0), (40, 0.9, 1))}, {})
    assert [count for *_, count in tiny.data[1].customdata] == ["43"]


# --- on the page ----------------------------------------------------------------------------------------------------


@pytest.fixture
def results(fresh_caches, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A house without models and results."""
    monkeypatch.setattr(paths, "MODELS", tmp_path / "models")
    monkeypatch.setattr(paths, "RESULTS", tmp_path)
    return tmp_path


def test_without_a_table_the_page_says_what_makes_it(results: Path):
    text = html(start(COMPARE))
    assert "Does its confidence mean something?" in text
    assert "Not measured yet: <code>python -m core evaluate clocks</code>" in text


def test_the_page_shows_each_set_of_pictures(results: Path):
    rows = "reader,photographs,0.8,0.9,40,0.85,0.75\nclassical,photographs,0,0.1,2,0.05,0.5\nreader,faces,0,0.1,8,0.05,0.125\n"
    (results / "reliability.csv").write_text(HEAD + rows)
    running = start(COMPARE)
    assert not running.exception
    text = html(running)
    assert '<td class="lo-share">40</td><td class="lo-share">85 %</td><td class="lo-share">75 %</td>' in text
    assert "Without learning" in text
    assert "The larger a marker, the more pictures it stands for: 10 at least" in text
    assert len(charts(running)) == 1
    running.segmented_control(key="set").set_value("faces").run()
    assert '<td class="lo-share">8</td><td class="lo-share">5 %</td><td class="lo-share">12 %</td>' in html(running)
    assert CHOSEN_ON in html(running)


def test_a_damaged_table_is_a_sentence_on_the_page(results: Path):
    (results / "reliability.csv").write_text("model,set\nreader,faces\n")
    running = start(COMPARE)
    assert not running.exception
    assert "Reliability.csv is damaged (no column &#x27;pictures&#x27;)" in html(running)
