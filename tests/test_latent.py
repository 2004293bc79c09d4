"""Paths, squares and directions of a latent space, against values worked out by hand."""

import math

import numpy as np
import pytest

from core.generators import latent
from core.generators.directions import (
    Basis,
    directions_of_pictures,
    label_direction,
    leaf_contrasts,
    principal_directions,
)

RNG = np.random.default_rng(7)


def test_dice_are_normal_and_begin_alike_whatever_their_number():
    few, many = latent.random_vectors(5, 2, 64), latent.random_vectors(5, 500, 64)
    np.testing.assert_array_equal(few, many[:2])
    assert many.dtype == np.float32
    assert abs(many.mean()) < 0.02
    assert abs(many.std() - 1) < 0.02
    assert not np.array_equal(few, latent.random_vectors(6, 2, 64))


def test_the_straight_path_is_equation_two():
    path = latent.path([1, 0], [0, 2], 5, "linear")
    np.testing.assert_allclose(path, [[1, 0], [0.75, 0.5], [0.5, 1], [0.25, 1.5], [0, 2]])


def test_the_spherical_path_turns_evenly_and_keeps_the_norm():
    path = latent.path([3, 0], [0, 3], 4, "spherical")
    angles = np.degrees(np.arctan2(path[:, 1], path[:, 0]))
    np.testing.assert_allclose(angles, [0, 30, 60, 90], atol=1e-4)
    np.testing.assert_allclose(latent.norms(path), 3, rtol=1e-6)


def test_the_spherical_path_goes_evenly_from_norm_to_norm():
    path = latent.path([1, 0], [0, 3], 3, "spherical")
    np.testing.assert_allclose(path[1], [math.sqrt(2), math.sqrt(2)], rtol=1e-6)  # 45 degrees, norm 2


def test_it_is_shoemakes_formula_for_equal_norms():
    start, end = RNG.normal(size=(2, 16))
    start, end = start / np.linalg.norm(start), end / np.linalg.norm(end)
    angle = math.acos(start @ end)
    expected = [(math.sin((1 - t) * angle) * start + math.sin(t * angle) * end) / math.sin(angle) for t in (0, 0.3, 1)]
    np.testing.assert_allclose(latent.between(start, end, [0, 0.3, 1]), expected, atol=1e-6)


def test_half_way_on_a_straight_line_norms_fall_to_seven_tenths():
    starts, ends = latent.random_vectors(1, 200, 256), latent.random_vectors(2, 200, 256)
    middle = [latent.between(a, b, [0.5], "linear")[0] for a, b in zip(starts, ends, strict=True)]
    assert latent.norms(np.array(middle)).mean() / latent.norms(starts).mean() == pytest.approx(math.sqrt(0.5), abs=0.01)
    around = [latent.between(a, b, [0.5])[0] for a, b in zip(starts, ends, strict=True)]
    assert latent.norms(np.array(around)).mean() / latent.norms(starts).mean() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("start", "end", "middle"),
    [
        ([0, 0, 0], [2, 0, 0], [1, 0, 0]),  # no direction to turn from
        ([1, 2, 3], [1, 2, 3], [1, 2, 3]),
        ([1, 0, 0], [2, 1e-9, 0], [1.5, 0, 0]),  # as good as parallel
        ([0, 0, 0], [0, 0, 0], [0, 0, 0]),
    ],
)
def test_where_there_is_nothing_to_turn_the_path_is_straight(start, end, middle):
    np.testing.assert_allclose(latent.path(start, end, 3)[1], middle, atol=1e-6)


def test_opposite_vectors_turn_through_another_axis():
    path = latent.path([2, 0, 0], [-2, 0, 0], 5)
    np.testing.assert_allclose(latent.norms(path), 2, rtol=1e-6)
    np.testing.assert_allclose(path[[0, -1], 0], [2, -2], atol=1e-6)
    assert abs(path[2, 0]) < 1e-6
    np.testing.assert_allclose(latent.path([1], [-1], 3)[:, 0], [1, 0, -1], atol=1e-7)  # on a line there is no way around


def test_a_grid_is_read_row_by_row():
    path = latent.path([0, 0], [11, 0], 12, "linear")
    np.testing.assert_allclose(latent.grid(path, 4)[..., 0], np.arange(12).reshape(3, 4))
    with pytest.raises(ValueError, match="take 10 frames"):
        latent.grid(path, 5)


def test_a_straight_square_is_bilinear():
    corners = np.array([[0, 0], [4, 0], [0, 8], [4, 8]])  # top left, top right, bottom left, bottom right
    square = latent.square(corners, 3, 5, "linear")
    rows, columns = np.mgrid[0:3, 0:5]
    np.testing.assert_allclose(square, np.stack([columns, 4 * rows], -1))


def test_a_spherical_square_keeps_norms_and_corners():
    corners = latent.random_vectors(3, 4, 32)
    corners /= latent.norms(corners)[:, None]
    square = latent.square(corners, 4, 3)
    np.testing.assert_allclose(latent.norms(square), 1, rtol=1e-5)
    np.testing.assert_allclose(square[[0, 0, -1, -1], [0, -1, 0, -1]], corners, atol=1e-6)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_the_expected_norm(size):
    known = {1: math.sqrt(2 / math.pi), 2: math.sqrt(math.pi / 2), 3: 2 * math.sqrt(2 / math.pi)}
    assert latent.expected_norm(size) == pytest.approx(known.get(size, math.sqrt(size - 0.5)), rel=1e-4)


def test_truncation_draws_towards_the_centre():
    np.testing.assert_allclose(latent.truncated([[4.0, 2.0]], 0.5), [[2, 1]])
    np.testing.assert_allclose(latent.truncated([[4.0, 2.0]], 0.25, [0, 2]), [[1, 2]])
    with pytest.raises(ValueError, match="psi"):
        latent.truncated([[1.0]], 3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: latent.path([1, 2], [1], 3), "same size"),
        (lambda: latent.path([1], [1], 3, "curved"), "linear, spherical"),
        (lambda: latent.path([1], [1], 0), "frames"),
        (lambda: latent.square([[1, 2]], 2, 2), "four vectors"),
        (lambda: latent.random_vectors(-1, 2, 2), "seed"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# --- directions ------------------------------------------------------------------------------------------------------


def test_principal_directions_are_found_most_first():
    data = RNG.normal(size=(4000, 3)) * [1, 5, 0.2] + [10, 0, 0]
    basis = principal_directions(data, 2)
    np.testing.assert_allclose(basis.directions, [[0, 1, 0], [1, 0, 0]], atol=0.02)
    np.testing.assert_allclose(basis.deviations, [5, 1], rtol=0.05)
    np.testing.assert_allclose(basis.centre, [10, 0, 0], atol=0.2)
    np.testing.assert_allclose(basis.coordinates([[11, 4, 0]]), [[4, 1]], atol=0.25)


def test_a_mixing_desk_moves_by_deviations():
    basis = Basis(np.zeros(2, np.float32), np.array([[0, 1], [1, 0]], np.float32), np.array([2, 3], np.float32))
    np.testing.assert_allclose(basis.moved([1, 1], [1, -1]), [-2, 3])


def test_directions_of_pictures_find_the_axis_that_shows():
    vectors = RNG.normal(size=(500, 6))
    pictures = np.stack([10 * vectors[:, 4], vectors[:, 1], np.zeros(500)], -1)  # only axes 4 and 1 are seen
    basis = directions_of_pictures(vectors, pictures, 2)
    np.testing.assert_allclose(np.abs(basis.directions[0, 4]), 1, atol=0.02)
    np.testing.assert_allclose(np.abs(basis.directions[1, 1]), 1, atol=0.02)
    np.testing.assert_allclose(basis.deviations, 1, atol=0.1)


@pytest.mark.parametrize("places", [[-3, 1, 1, 1], [1, 1, 1, -3], [3, -1, -1, -1], [5, -1, -4], [-5, 1, 4], [1, -4, 3]])
def test_a_direction_points_to_where_its_strongest_picture_lies(places):
    """On a line of vectors whose pictures are as dark as they lie far: the one farthest out decides, on whichever side."""
    vectors = np.array(places, float)[:, None]
    basis = directions_of_pictures(vectors, 0.1 * vectors, 1)
    assert basis.directions[0, 0] == pytest.approx(1 if max(places) == max(map(abs, places)) else -1)


def test_what_all_pictures_share_is_no_direction():
    rng = np.random.default_rng(3)
    vectors, common = rng.normal(size=(40, 3)), rng.uniform(50, 200, 12)
    pictures = vectors @ rng.normal(size=(3, 12))
    plain, lit = (directions_of_pictures(vectors, one, 2) for one in (pictures, pictures + common))
    np.testing.assert_allclose(lit.directions, plain.directions, atol=1e-4)
    np.testing.assert_allclose(lit.deviations, plain.deviations, rtol=1e-4)


def test_a_label_direction_is_the_difference_of_means():
    vectors = np.array([[0, 0], [2, 0], [5, 5], [7, 9], [100, 100]])
    np.testing.assert_allclose(label_direction(vectors, [0, 0, 1, 2, 3], (0,), (1, 2)), [5, 7])
    assert label_direction(vectors, [0, 0, 1, 2, 3], (0,), (9,)) is None


def test_contrasts_of_leaves_come_from_the_names_of_classes():
    classes = ("Apple: Black rot", "Apple: healthy", "Corn (maize): healthy", "Grape: Black rot")
    contrasts = leaf_contrasts(classes)
    assert contrasts["healthy to diseased"] == ((1, 2), (0, 3))
    assert contrasts["apple to corn"] == ((0, 1), (2,))
    assert contrasts["healthy to black rot"] == ((1, 2), (0, 3))
    assert "tomato to grape" not in contrasts
    assert leaf_contrasts(("face",)) == {}
    named = leaf_contrasts(("Apple: healthy", "Background", "Apple: Apple scab"))
    assert named["healthy to diseased"] == ((0,), (2,)), "what names no state is neither"
