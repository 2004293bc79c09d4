"""Numbers are written alike in texts and in figures."""

import re

from test_house import ROOT

from core import clock_figures, generator_figures
from core.figures import Look, percent_axis
from core.study_axes import value_axis
from core.study_names import figure_text
from core.written import kept_digits, percent, three_digits, true_minus


def test_a_share_in_per_cent_has_a_space_before_the_sign():
    assert [percent(share) for share in (0, 0.054, 0.5, 1)] == ["0 %", "5 %", "50 %", "100 %"]
    assert [percent(0.125, digits) for digits in (1, 2)] == ["12.5 %", "12.50 %"]


def test_what_is_below_zero_has_a_minus_and_no_hyphen():
    assert [true_minus(number) for number in ("-3", "+3", "-1,234.5")] == ["\N{MINUS SIGN}3", "+3", "\N{MINUS SIGN}1,234.5"]


def test_three_digits_count_and_thousands_are_parted():
    numbers = (0.0312345, 0.5, 25.114, 999.6, 1045.1, 6240.4, 12_749.0, 2.5e27)
    written = ["0.0312", "0.500", "25.1", "1,000", "1,050", "6,240", "12,700", "2.5e+27"]
    assert [three_digits(number) for number in numbers] == written
    assert [figure_text("val_loss", number) for number in numbers] == written


def test_zeros_that_count_stay_at_the_end():
    numbers = (2.302585, 0.55, 1.07, 0.9996, 99.96, 999.4, 12.0, 0.0, -0.6)
    assert [three_digits(number) for number in numbers] == ["2.30", "0.550", "1.07", "1.00", "100", "999", "12", "0", "-0.600"]
    assert [kept_digits(number, 4) for number in (1.0698, 2.8899, 720.0)] == ["1.070", "2.890", "720"]


def test_labels_of_an_axis_have_it_too():
    labels = percent_axis()["labelalias"]
    assert [labels[one] for one in ("0%", "7%", "60%", "100%")] == ["0 %", "7 %", "60 %", "100 %"]


def test_an_axis_of_close_shares_has_labels_with_a_decimal():
    wide, narrow = value_axis("val_accuracy", [0.5, 0.9]), value_axis("val_accuracy", [0.871, 0.874])
    assert (wide["tickformat"], narrow["tickformat"]) == (".0%", ".1%")
    labels = narrow["labelalias"]
    # Around the values by tenths; where an axis reaches far, to what guessing scores, by whole per cents.
    assert [labels[one] for one in ("87.2%", "86.5%", "10.0%", "100.0%")] == ["87.2 %", "86.5 %", "10.0 %", "100.0 %"]
    assert all(alias == plain.replace("%", " %") for plain, alias in labels.items())
    assert len(labels) < 250


def test_an_axis_of_close_shares_near_all_ends_at_all():
    labels = percent_axis([0.995, 1.0])["labelalias"]
    assert labels["99.9%"] == "99.9 %"
    assert not {"100.1%", "-0.1%"} & set(labels)


def test_what_is_pointed_at_says_it_the_same_way():
    look = Look(0)
    within = clock_figures.within_curves({"a": [0.25, 0.5]}, {"a": look}, at=[1, 5])
    assert list(within.data[0].customdata) == ["25.0 %", "50.0 %"]
    bars = clock_figures.error_histogram([0, 10], [0.75, 0.0004], look)
    assert [list(one) for one in bars.data[0].customdata] == [["0 to 10", "75.00 %"], ["10 to 20", "0.04 %"]]
    walk = generator_figures.sharpness_curve({"linear": [1, 2, 3]})
    assert list(walk.data[0].customdata) == ["0 %", "50 %", "100 %"]
    shares = generator_figures.share_curves([1], {"real pictures": [0.512]}, asked=1)
    assert list(shares.data[0].customdata) == ["51.2 %"]


def test_nothing_writes_per_cent_another_way():
    """Neither Python's format nor that of plotly's labels has the space."""
    files = sorted(path for room in ("core", "pages") for path in (ROOT / room).rglob("*.py"))
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        if path.relative_to(ROOT).as_posix() not in ("core/written.py", "core/figures.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r":[^{}\"]*\.\w*%}|\"\.\d%\"|\d%\"", line)
    ]
    assert not wrong, wrong
