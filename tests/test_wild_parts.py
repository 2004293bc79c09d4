"""Parts of the wild style: dice, pen, outlines, camera faults, and pictures that show no time."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from test_wild import CLEAN, TEN_TEN

from core.clocks import wild_blank, wild_textures
from core.clocks.time import ClockTime
from core.clocks.wild import draw, scene
from core.clocks.wild_blank import KINDS, no_clock
from core.clocks.wild_camera import photograph, throw_faults
from core.clocks.wild_case import HELD_OUT_SHAPE, SHAPES, outline, reach_at
from core.clocks.wild_hands import HELD_OUT_SHAPE as HELD_OUT_HAND
from core.clocks.wild_hands import SHAPES as HANDS
from core.clocks.wild_hands import Hand, hand_points
from core.clocks.wild_pen import Dice, Pen, bars, box, disc, ring, turns
from core.clocks.wild_scene import draw_background, throw_background, throw_light

IDENTITY = np.array([[1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 0, 1.0]])  # the dial's plane -> the same pixels

# --- dice and pen --------------------------------------------------------------------------------------------------


def test_dice_keep_to_their_bounds_and_shares() -> None:
    dice = Dice(1)
    numbers = [dice.around(3.0, 0.5) for _ in range(4000)]
    assert 1.5 <= min(numbers) < 2
    assert 4 < max(numbers) <= 4.5
    assert np.std(numbers) == pytest.approx(0.5, rel=0.05)
    picks = Counter(dice.pick({"a": 1.0, "b": 3}) for _ in range(4000))
    assert picks["b"] / 4000 == pytest.approx(0.75, abs=0.03)
    assert {dice.below(3) for _ in range(100)} == {0, 1, 2}
    assert {dice.grey(5, 7) for _ in range(100)} == {5, 6}
    assert np.mean([dice.chance(0.2) for _ in range(4000)]) == pytest.approx(0.2, abs=0.03)
    assert [Dice((1, 2)).unit()] * 2 == [Dice((1, 2)).unit() for _ in range(2)]


def test_the_pen_fills_by_the_even_odd_rule_in_order() -> None:
    canvas, pen = np.zeros((60, 60), np.uint8), Pen()
    points, ends = ring(box(30, 30, 40, 40), box(30, 30, 20, 20))
    pen.fill(points, 100, ends)
    pen.fill(disc(12, 12, 3), 300)  # cut off at 255
    pen.fill_all(np.stack([box(50, 50, 4, 4), box(40, 50, 4, 4)]), 50.4)
    pen.paint(canvas, IDENTITY)
    assert canvas[30, 14] == 100
    assert canvas[30, 30] == 0, "the hole"
    assert canvas[12, 12] == 255
    assert canvas[50, 50] == canvas[50, 40] == 50
    assert canvas[5, 5] == 0
    Pen().paint(canvas, IDENTITY)  # nothing collected, nothing drawn


def test_heights_shift_by_parallax() -> None:
    """A view whose third column adds 5 pixels to x a unit of height."""
    matrix = IDENTITY.copy()
    matrix[0, 2] = 5
    pen = Pen()
    pen.fill(np.array([[1.0, 2.0], [3.0, 4.0]]), 0)
    pen.fill(np.array([[1.0, 2.0], [3.0, 4.0]]), 0, (), np.array([0.0, 2.0]))
    pen.fill(np.array([[1.0, 2.0]]), 0, (), 1.0)
    np.testing.assert_array_equal(pen.pixels(matrix) / 16, [[1, 2], [3, 4], [1, 2], [13, 4], [6, 2]])


def test_bars_by_hand() -> None:
    [three] = bars(np.array([[1.0, 0.0]]), 0.5, 0.9, 0.1, 0.2)  # towards 3
    np.testing.assert_allclose(three, [[0.5, -0.05], [0.5, 0.05], [0.9, 0.1], [0.9, -0.1]])
    np.testing.assert_allclose(turns(4), [[0, -1], [1, 0], [0, 1], [-1, 0]], atol=1e-12)


# --- outlines and hands --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "aspect", "degrees", "reach"),
    [
        ("round", 1.0, 77, 1.0),
        ("octagon", 1.0, 20, 1 / math.cos(math.radians(20))),
        ("dodecagon", 1.0, 15, 1 / math.cos(math.radians(15))),
        ("hexagon", 1.0, 30, 2 / math.sqrt(3)),
        ("oval", 1.3, 90, 1.3),
        ("rectangle", 0.8, 270, 0.8),
        ("square", 1.0, 45, 2 ** (0.5 - 1 / 14)),  # rounded: (2 (1/sqrt 2)^14)^(-1/14)
    ],
)
def test_outlines_by_hand(shape: str, aspect: float, degrees: float, reach: float) -> None:
    assert float(reach_at(shape, aspect, np.radians([degrees]))[0]) == pytest.approx(reach, rel=2e-3)


@pytest.mark.parametrize("shape", [*SHAPES, HELD_OUT_SHAPE, "scallops", "rays"])
def test_outlines_reach_to_twelve(shape: str) -> None:
    assert outline(shape, 1.2).shape == (72, 2)
    if shape not in ("scallops", "rays"):
        np.testing.assert_allclose(outline(shape, 1.2)[0], [0, -1], atol=1e-9)


def test_unknown_names_are_named() -> None:
    with pytest.raises(ValueError, match="no shape 'star'; known: round"):
        outline("star")
    with pytest.raises(ValueError, match="no hand shape 'finger'; known: baton"):
        hand_points(Hand("finger", 1, 0.1, 0, 0), 0.0)
    with pytest.raises(ValueError, match="no background 'sea'; known: cloud"):
        wild_textures.background_texture("sea")


@pytest.mark.parametrize("shape", [*HANDS, HELD_OUT_HAND])
def test_hands_end_at_their_length_and_tail(shape: str) -> None:
    points, ends = hand_points(Hand(shape, 0.8, 0.05, 0.2, 0), math.pi / 2)  # towards 3
    assert points[:, 0].max() == pytest.approx(0.8)
    assert points[:, 0].min() >= -0.2 * 1.4 - 1e-9
    assert np.abs(points[:, 1]).max() <= 0.05
    assert ends[-1] == len(points)
    np.testing.assert_allclose(points[:, 1].max(), -points[:, 1].min(), atol=1e-3)  # the same on both sides


# --- textures and the camera ---------------------------------------------------------------------------------------


def test_textures_are_grey_fields_around_the_middle() -> None:
    kinds = [*wild_textures.BACKGROUNDS, wild_textures.HELD_OUT_BACKGROUND]
    for texture in [wild_textures.background_texture(kind) for kind in kinds]:
        assert texture.shape == (wild_textures.BACKGROUND_SIDE,) * 2
        assert texture.dtype == np.uint8
        assert 15 < texture.std() < 128
        assert 90 < texture.mean() < 170
    for index in range(len(wild_textures.FACES)):
        assert wild_textures.face_texture(index).shape == (wild_textures.FACE_SIDE,) * 2
    for index in range(wild_textures.LIGHTS):
        assert np.abs(wild_textures.light_texture(index)).max() <= 1


@pytest.mark.parametrize("side", [64, 384, 600])
def test_backgrounds_fill_the_picture(side: int) -> None:
    dice = Dice(4)
    for kind in ("", "wood", "bricks"):
        for turn in range(8):
            canvas = draw_background(replace(throw_background(dice, kind), turn=turn), side)
            assert canvas.shape == (side, side)
            assert canvas.dtype == np.uint8


def test_light_and_faults_leave_a_picture() -> None:
    dice = Dice(7)
    ramp = np.tile(np.arange(192, dtype=np.uint8), (192, 1))
    for _ in range(120):
        picture = photograph(ramp.copy(), throw_light(dice), throw_faults(dice, 0.4))
        assert picture.shape == (192, 192)
        assert picture.dtype == np.uint8
    clean = photograph(ramp.copy(), CLEAN.light, CLEAN.faults)
    np.testing.assert_allclose(clean.astype(int), ramp, atol=1)


def test_a_faultless_camera_shows_what_there_is() -> None:
    darker = draw(replace(CLEAN, light=replace(CLEAN.light, gain=0.5)), TEN_TEN).image.astype(float)
    np.testing.assert_allclose(darker, draw(CLEAN, TEN_TEN).image / 2.0, atol=1)
    blurred = draw(replace(CLEAN, faults=replace(CLEAN.faults, blur=2.0)), TEN_TEN).image.astype(float)
    assert np.abs(np.diff(blurred)).max() < 0.6 * np.abs(np.diff(draw(CLEAN, TEN_TEN).image.astype(float))).max()


# --- pictures that show no time --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("side", [64, 192])
def test_every_kind_of_no_clock_is_drawn(kind: str, side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wild_blank, "KINDS", {kind: 1.0})
    for seed in range(12):
        picture = no_clock((seed, 9), side)
        assert picture.shape == (side, side)
        assert picture.dtype == np.uint8
        np.testing.assert_array_equal(picture, no_clock((seed, 9), side))


def test_no_clock_checks_its_size() -> None:
    with pytest.raises(ValueError, match="side must lie in 32-600 pixels; got 31"):
        no_clock(0, 31)


def test_spoilt_clocks_are_not_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is drawn as outside or hidden is what ``draw`` itself calls unreadable."""
    flags = []

    def watched(*arguments):
        shot = draw(*arguments)
        flags.append(shot.readable)
        return shot

    monkeypatch.setattr(wild_blank, "draw", watched)
    for kind in ("outside", "hidden"):
        monkeypatch.setattr(wild_blank, "KINDS", {kind: 1.0})
        for seed in range(60):
            no_clock((seed, 3), 64)
    assert len(flags) == 120
    assert not any(flags)


def test_one_seed_throws_one_scene() -> None:
    one, same, other = scene(3), scene(3), scene(4)
    for part in ("case", "dial", "hands", "place", "background", "light", "faults"):
        assert getattr(one, part) == getattr(same, part)
        assert getattr(one, part) != getattr(other, part)


def test_shadows_fall_away_from_the_lamp() -> None:
    """A lamp above: the rim shades the dial below its upper edge, and nothing at its lower one."""
    case, hands = replace(CLEAN.case, height=0.2, lamp=0.0), replace(CLEAN.hands, shadow=0.5, shadow_shift=(0.1, 0.0))
    bare = replace(CLEAN.dial, marks="none")
    flat = replace(CLEAN, place=(0.0, 0.0, *CLEAN.place[2:]), dial=bare)
    dark = draw(replace(flat, case=case, hands=hands), ClockTime(9, 0)).image.astype(float)
    light = draw(replace(flat, case=replace(case, height=0.0)), ClockTime(9, 0)).image.astype(float)
    x, y = np.rint(CLEAN.place[5] * 192), np.rint(CLEAN.place[6] * 192)
    radius = CLEAN.place[3] * 192
    upper, lower = int(y - 0.93 * radius), int(y + 0.93 * radius)
    aside = int(x + 0.25 * radius)
    assert dark[upper, aside] / light[upper, aside] == pytest.approx(0.6, abs=0.03)  # 1 - 0.8 * 0.5
    assert dark[lower, aside] == light[lower, aside]
    # The minute hand at 12 throws its shadow a tenth of a radius to the right.
    half_up, beside = int(y - 0.5 * radius), int(x + 0.1 * radius)
    assert dark[half_up, beside] / light[half_up, beside] < 0.75
    assert dark[half_up, int(x - 0.1 * radius)] == light[half_up, int(x - 0.1 * radius)]
