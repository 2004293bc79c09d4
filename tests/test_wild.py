"""Wild clocks: truth against pixels, what occurs and what is kept for testing, flags, sizes, the rule of roll."""

import csv
import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from core.__main__ import main
from core.clocks import wild_case, wild_hands, wild_textures
from core.clocks.camera import project
from core.clocks.face import POINTS, STYLE_NAMES, render
from core.clocks.fonts import LETTERINGS
from core.clocks.time import ClockTime, common_sense_error_minutes, hand_angles, minutes_from_hands
from core.clocks.wild import Scene, Shot, draw, scene, shown_minutes
from core.clocks.wild_camera import FaultsSpec
from core.clocks.wild_case import CaseSpec
from core.clocks.wild_dial import DialSpec
from core.clocks.wild_hands import Hand, HandsSpec
from core.clocks.wild_numerals import SYSTEMS, TURNS, NumeralsSpec
from core.clocks.wild_scene import BackgroundSpec, LightingSpec

CASE = CaseSpec("round", 1.0, "flat", "same", 0.1, 0.0, 60, 0.0, 0.0, "none", 0, 0.0, 0.0, ())
NUMERALS = NumeralsSpec("none", "arimo-400", 0.75, 0.2, 1.0, "upright", 0, -1, True, "", 0.0, 0.05)
DIAL = DialSpec(255, -1, 0, 0, 255, 0, 0, "bar", 0.8, 0.8, 0.0, "plain", "none", 0.8, NUMERALS, (), ())
HAND = Hand("baton", 0.85, 0.05, 0.0, 0)
HANDS = HandsSpec(
    replace(HAND, length=0.5), HAND, HAND, -1.0, False, "none", HAND, -1.0, 0.03, 0, 0.0, 0.0, 0.0, (0.0, 0.0), 3
)  # fmt: skip
PLACE = (0.1, 0.3, 1.0, 0.42, 4.0, 0.51, 0.49)
CLEAN = Scene(
    CASE,
    DIAL,
    HANDS,
    PLACE,
    BackgroundSpec("", 128, 1.0, (0, 0), 0, (0.0, 0.0)),
    LightingSpec(0, 0.0, (0, 0), (0.0, 0.0), 0.0, (), 1.0, 0.0, 1.0),
    None,
    FaultsSpec(0, 0, 0, 0, 1.0, True, 0, (0, 0), 0, (0.0, 0.0), 0, 255),
    0.0,
    -1,
)
SOME = [scene((77, index)) for index in range(300)]
TEN_TEN = ClockTime(10, 10)


def spot(shot: Shot, name: str) -> NDArray[np.float64]:
    return shot.points[POINTS.index(name)]


def grey(shot: Shot, place: NDArray[np.float64]) -> int:
    x, y = np.rint(place).astype(int)
    return int(shot.image[y, x])


# --- truth ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [*wild_hands.SHAPES, wild_hands.HELD_OUT_SHAPE])
@pytest.mark.parametrize("side", [128, 192])
def test_hands_are_dark_to_where_their_tips_are_said_to_be(shape: str, side: int) -> None:
    hands = replace(HANDS, hour=replace(HANDS.hour, shape=shape, width=0.1), minute=replace(HAND, shape=shape, width=0.1))
    for index, time in enumerate((TEN_TEN, ClockTime(2, 37), ClockTime(6, 58))):
        shot = draw(replace(CLEAN, hands=hands, place=(2.0 * index, *PLACE[1:])), time, side)
        for tip in ("hour_tip", "minute_tip"):
            way = spot(shot, tip) - spot(shot, "centre")
            assert grey(shot, spot(shot, "centre") + 0.08 * way) < 90
            near_tip = spot(shot, tip) - 3 * way / np.linalg.norm(way)  # three pixels before the tip
            x, y = np.rint(near_tip).astype(int)
            assert shot.image[y - 1 : y + 2, x - 1 : x + 2].min() < 190, "the tip is drawn"
            assert grey(shot, spot(shot, tip) + 4 * way / np.linalg.norm(way)) > 215, "and nothing beyond it"


@pytest.mark.parametrize("index", range(12))
def test_tips_and_homography_give_the_time(index: int) -> None:
    """The same way that a reader goes back: tips -> the dial's plane -> angles -> minutes."""
    shown = replace(SOME[index], occluder=None)
    flat = replace(shown, hands=replace(shown.hands, height=0.0, hour_error=0.0))
    shot = draw(flat, ClockTime(7, 4 * index))
    plane = np.linalg.inv(shot.homography)
    tips = np.c_[shot.points[2:4], [1, 1]] @ plane.T
    hour, minute = np.arctan2(tips[:, 0] / tips[:, 2], -tips[:, 1] / tips[:, 2])
    assert common_sense_error_minutes(shot.minutes, minutes_from_hands(hour, minute)) < 1e-6


def test_the_numerals_places_lie_on_a_circle_of_the_dial() -> None:
    for shown in SOME[:60]:
        shot, radius = draw(shown, TEN_TEN), shown.dial.places_radius
        hours = [shot.points[1], *shot.points[4:]]
        for hour, place in enumerate(hours):
            angle = math.pi / 6 * hour
            on_plane = np.array([radius * math.sin(angle), -radius * math.cos(angle)])
            np.testing.assert_allclose(project(shot.homography, on_plane), place, atol=1e-6)
        np.testing.assert_allclose(project(shot.homography, np.zeros(2)), shot.points[0], atol=1e-6)


@pytest.mark.parametrize("turn", list(TURNS))
def test_numerals_are_drawn_at_their_places(turn: str) -> None:
    """The ink's centre of gravity near each place; the hands point away from it."""
    numerals = replace(NUMERALS, system="arabic", turn=turn)
    shown = replace(CLEAN, dial=replace(DIAL, numerals=numerals), hands=replace(HANDS, minute=replace(HAND, length=0.4)))
    shot = draw(shown, TEN_TEN)
    bare = draw(replace(shown, dial=replace(DIAL, marks="none")), TEN_TEN)
    ink = bare.image.astype(float) - shot.image
    rows, columns = np.mgrid[:192, :192]
    for name in ("twelve", "numeral_3", "numeral_6", "numeral_8", "numeral_11"):
        x, y = spot(shot, name)
        near = ink * ((columns - x) ** 2 + (rows - y) ** 2 < 11**2)
        assert near.sum() > 2000, name
        centre = np.array([(near * columns).sum(), (near * rows).sum()]) / near.sum()
        assert np.linalg.norm(centre - (x, y)) < 2.5, name


def test_the_dial_is_as_large_as_its_homography_says() -> None:
    """White inside the circle of radius 1, the rim's dark beyond it."""
    shot = draw(replace(CLEAN, dial=replace(DIAL, marks="none"), hands=replace(HANDS, minute=HANDS.hour)), ClockTime(0, 0))
    for angle in np.linspace(0.3, 2 * math.pi - 0.3, 24):
        along = np.array([math.sin(angle), -math.cos(angle)])
        assert grey(shot, project(shot.homography, 0.97 * along)) > 225
        assert grey(shot, project(shot.homography, 1.04 * along)) < 90


@pytest.mark.parametrize("side", [64, 100, 192, 256])
def test_one_scene_at_every_size(side: int) -> None:
    shot, known = draw(SOME[5], TEN_TEN, side), draw(SOME[5], TEN_TEN, 192)
    assert shot.image.shape == (side, side)
    assert shot.image.dtype == np.uint8
    np.testing.assert_allclose((shot.points + 0.5) / side, (known.points + 0.5) / 192, atol=1e-9)


def test_sweeping_hands_show_the_seconds() -> None:
    time = ClockTime(4, 20)
    assert shown_minutes(time, HANDS) == 260
    assert shown_minutes(time, replace(HANDS, second=45.0, sweeping=True)) == 260.75
    assert shown_minutes(time, replace(HANDS, second=45.0, sweeping=False)) == 260
    for seed in range(40):
        truth = render(time, "wild", seed=seed).truth
        assert truth.time == time
        assert 260 <= truth.minutes < 261
    assert render(time, "report").truth.minutes == 260
    assert render(time, "report").truth.readable


# --- what occurs ---------------------------------------------------------------------------------------------------


def features(shown: Scene) -> set[str]:
    """What a scene has of the things that are kept for testing."""
    lettering = LETTERINGS[shown.dial.numerals.lettering]
    return {
        name
        for name, there in {
            "lettering": lettering.held_out and shown.dial.numerals.system != "none",
            "shape": shown.case.shape == wild_case.HELD_OUT_SHAPE,
            "hands": wild_hands.HELD_OUT_SHAPE in (shown.hands.minute.shape, shown.hands.hour.shape),
            "background": shown.background.texture == wild_textures.HELD_OUT_BACKGROUND,
        }.items()
        if there
    }


def test_all_kinds_occur() -> None:
    seen = {
        "shapes": Counter(shown.case.shape for shown in SOME),
        "hands": Counter(shown.hands.minute.shape for shown in SOME),
        "systems": Counter(shown.dial.numerals.system for shown in SOME),
        "turns": Counter(shown.dial.numerals.turn for shown in SOME),
        "backgrounds": Counter(shown.background.texture for shown in SOME),
    }
    assert set(seen["shapes"]) == set(wild_case.SHAPES)
    assert set(seen["hands"]) == set(wild_hands.SHAPES)
    assert set(seen["systems"]) == set(SYSTEMS)
    assert set(seen["turns"]) == set(TURNS)
    assert set(seen["backgrounds"]) == {"", *wild_textures.BACKGROUNDS}
    assert {shown.hands.second < 0 for shown in SOME} == {True, False}
    assert any(shown.hands.alarm >= 0 for shown in SOME)
    assert any(kind == "sub-dials" for shown in SOME for kind, *_ in shown.dial.furniture)
    assert len({shown.dial.numerals.lettering for shown in SOME}) > 45


def test_a_tenth_of_the_typefaces_is_held_out() -> None:
    held_out = [name for name, lettering in LETTERINGS.items() if lettering.held_out]
    assert len(LETTERINGS) >= 30
    assert 0.08 <= len(held_out) / len(LETTERINGS) <= 0.15
    assert any(LETTERINGS[name].roman for name in held_out)


def test_what_is_held_out_never_occurs_in_wild_and_always_in_held_out() -> None:
    every: Counter[str] = Counter()
    for index in range(1500):
        shown = scene((5, index))
        assert not features(shown)
        assert not any(LETTERINGS[lettering].held_out for _, lettering, *_ in shown.dial.words)
        there = features(scene((5, index), held_out=True))
        assert there
        every.update(there)
    assert min(every[name] for name in ("lettering", "shape", "hands", "background")) > 300


def test_only_dials_that_say_where_up_is_are_turned_freely() -> None:
    free = 0
    for index in range(3000):
        shown = scene((6, index))
        roll = abs((math.degrees(shown.place[0]) + 180) % 360 - 180)
        if shown.dial.marks_up or shown.case.marks_up:
            free += roll > 46
        else:
            assert roll <= 25.001
        assert 0 <= math.degrees(shown.place[1]) <= 55
        assert 0.17 <= shown.place[3] <= 0.52
        assert abs(shown.hands.hour_error) <= 3 * wild_hands.HOUR_HAND_SPREAD
        assert shown.hands.hour.length < 0.81 * shown.hands.minute.length
        assert abs(shown.hands.minute.tone - shown.dial.face) >= 45
    assert 200 < free < 600  # three quarters of 15 % of nine tenths


# --- flags, seeds, names -------------------------------------------------------------------------------------------


def test_a_covered_hand_is_not_readable_and_one_in_sight_is() -> None:
    shot = draw(CLEAN, TEN_TEN)
    assert shot.readable
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * 0.08
    middle = (spot(shot, "minute_tip") * 0.7 + spot(shot, "centre") * 0.3) / 192
    assert not draw(replace(CLEAN, occluder=(square * 1.5 + middle, 200)), TEN_TEN).readable
    assert draw(replace(CLEAN, occluder=(square + np.array([0.9, 0.9]), 200)), TEN_TEN).readable
    for strip_side, minute in enumerate((0, 15, 30, 45)):
        cut = replace(CLEAN, place=(0.0, *PLACE[1:]), faults=replace(CLEAN.faults, strip=(0.3, 0.3), strip_side=strip_side))
        assert not draw(cut, ClockTime(0, minute)).readable
        assert draw(cut, ClockTime((minute // 5 + 6) % 12, (minute + 30) % 60)).readable
        shown = draw(cut, ClockTime(0, minute)).image
        edge = (shown[0], shown[:, -1], shown[-1], shown[:, 0])[strip_side]
        assert (edge == 255).all()
        slanted = draw(replace(cut, faults=replace(cut.faults, strip=(0.3, 0.0))), ClockTime(0, minute)).image
        edge = (slanted[2], slanted[:, -3], slanted[-3], slanted[:, 2])[strip_side]
        assert (edge == 255).mean() > 0.85
        assert (slanted == 128).sum() > (shown == 128).sum() + 1000
    away = replace(CLEAN, place=(*PLACE[:5], 1.3, 0.5))
    assert not draw(away, TEN_TEN).readable


def test_nearly_all_wild_pictures_are_readable() -> None:
    flags = [render(ClockTime.from_minutes(7 * index), "wild", seed=(8, index)).truth.readable for index in range(300)]
    assert 0.93 < np.mean(flags) < 1


def test_seeds_repeat_pictures() -> None:
    one, same = (render(TEN_TEN, "wild", seed=(3, 4)) for _ in range(2))
    np.testing.assert_array_equal(one.image, same.image)
    np.testing.assert_array_equal(one.truth.points, same.truth.points)
    assert one.image.shape == (192, 192)
    assert not np.array_equal(one.image, render(TEN_TEN, "wild", seed=(3, 5)).image)
    assert not np.array_equal(one.image, render(TEN_TEN, "wild-held-out", seed=(3, 4)).image)
    assert render(TEN_TEN, "wild", seed=1, side=64).image.shape == (64, 64)


def test_the_hour_hand_stands_as_wrong_as_the_scene_says() -> None:
    shot = draw(replace(CLEAN, hands=replace(HANDS, hour_error=2.0)), TEN_TEN)
    tip = np.linalg.inv(shot.homography) @ [*spot(shot, "hour_tip"), 1]
    angle = math.atan2(tip[0], -tip[1]) % (2 * math.pi)
    assert math.degrees(angle - float(hand_angles(610)[0])) == pytest.approx(2.0, abs=1e-6)


def test_the_command_line_draws_wild_clocks(tmp_path) -> None:
    assert STYLE_NAMES[-2:] == ("wild", "wild-held-out")
    assert main(["render", "--style", "wild", "--count", "2", "--seed", "3", "--out", str(tmp_path)]) == 0
    with (tmp_path / "labels.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 2
