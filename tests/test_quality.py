"""Measures of made pictures against values worked out by hand, and against other ways to compute them."""

import cv2
import numpy as np
import pytest

from core.generators import inception, quality

RNG = np.random.default_rng(11)


def test_frechet_distance_of_two_normals_in_one_dimension():
    # (m1 - m2)^2 + (s1 - s2)^2
    assert quality.frechet_of_normals(*(np.array(x) for x in ([1.0], [[4.0]], [4.0], [[25.0]]))) == pytest.approx(9 + 9)


def test_frechet_distance_of_diagonal_normals_is_the_sum_over_axes():
    first, second = np.array([1.0, 4.0, 9.0]), np.array([4.0, 4.0, 1.0])
    expected = (1 - 2) ** 2 + 0 + (3 - 1) ** 2 + 3 * 0.25
    found = quality.frechet_of_normals(np.zeros(3), np.diag(first), np.full(3, 0.5), np.diag(second))
    assert found == pytest.approx(expected)


def test_frechet_distance_does_not_depend_on_the_axes():
    a, b = RNG.normal(size=(400, 4)) * [1, 2, 3, 4], RNG.normal(size=(300, 4)) @ RNG.normal(size=(4, 4)) + 1
    turn = np.linalg.qr(RNG.normal(size=(4, 4)))[0]
    assert quality.frechet_distance(a @ turn, b @ turn) == pytest.approx(quality.frechet_distance(a, b), rel=1e-6)
    assert quality.frechet_distance(a, b) == pytest.approx(quality.frechet_distance(b, a), rel=1e-6)


def test_frechet_distance_is_that_of_a_matrix_square_root():
    linalg = pytest.importorskip("scipy.linalg", reason="SciPy comes with scikit-image")
    a, b = RNG.normal(size=(200, 5)) @ RNG.normal(size=(5, 5)), RNG.normal(size=(200, 5)) + 2
    c1, c2 = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = np.real(linalg.sqrtm(c1 @ c2))
    expected = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(c1 + c2 - 2 * root)
    assert quality.frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)


def test_frechet_distance_of_a_set_to_itself_is_nothing_even_where_features_are_idle():
    a = np.concatenate([RNG.normal(size=(50, 3)), np.zeros((50, 4))], 1)
    assert quality.frechet_distance(a, a) == pytest.approx(0, abs=1e-6)
    assert quality.frechet_distance(a, a + 1) == pytest.approx(7, abs=1e-6)


def test_kernel_distance_is_the_sum_over_all_pairs():
    a, b = RNG.normal(size=(6, 3)), RNG.normal(size=(5, 3)) + 0.5

    def k(x, y):
        return (sum(p * q for p, q in zip(x, y, strict=True)) / 3 + 1) ** 3

    expected = sum(k(a[i], a[j]) for i in range(6) for j in range(6) if i != j) / 30
    expected += sum(k(b[i], b[j]) for i in range(5) for j in range(5) if i != j) / 20
    expected -= 2 * sum(k(x, y) for x in a for y in b) / 30
    assert quality.kernel_distance(a, b) == pytest.approx(expected)


def test_kernel_distance_is_unbiased():
    found = [quality.kernel_distance(RNG.normal(size=(40, 4)), RNG.normal(size=(40, 4))) for _ in range(300)]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(300)
    assert min(found) < 0


def test_diversity_is_the_mean_distance_of_pairs():
    assert quality.diversity([[0, 0], [3, 4], [0, 8]]) == pytest.approx((5 + 8 + 5) / 3)
    many = RNG.normal(size=(700, 2))  # more than a chunk
    apart = np.sqrt(np.square(many[:, None] - many[None]).sum(-1))
    assert quality.diversity(many) == pytest.approx(apart.sum() / (700 * 699), rel=1e-6)


def test_the_confident_share_counts_from_nine_tenths_on():
    assert quality.confident_share([[0.9, 0.1], [0.89, 0.11], [0, 1]]) == pytest.approx(2 / 3)


def test_sharpness_of_flat_pictures_is_nothing_and_of_a_chessboard_known():
    flat = np.full((1, 8, 8, 3), 90, np.uint8)
    board = np.repeat((np.indices((8, 8)).sum(0) % 2 * 255).astype(np.uint8)[None, ..., None], 3, -1)
    assert quality.sharpness(flat)[0] == pytest.approx(0, abs=1e-9)
    # Each pixel and its mirror-reflected neighbours: the Laplacian is +4 or -4 everywhere.
    assert quality.sharpness(board)[0] == pytest.approx(16, rel=1e-4)


def test_blur_lowers_sharpness():
    picture = RNG.integers(0, 256, (32, 32, 3), np.uint8)
    sharp, blurred = quality.sharpness(np.stack([picture, cv2.GaussianBlur(picture, (5, 5), 1)]))
    assert blurred < 0.1 * sharp


def test_the_nearest_are_found_with_true_distances():
    known = RNG.normal(size=(600, 3, 2)).astype(np.float32)
    points = known[[5, 599, 0]] + np.float32(0.001)
    found = quality.nearest(points, known)
    np.testing.assert_array_equal(found.indices, [5, 599, 0])
    np.testing.assert_allclose(found.distance, 0.001, rtol=1e-2)
    with pytest.raises(ValueError, match="same values"):
        quality.nearest(points, known[..., 0])


def test_closeness_is_the_distance_over_the_mean_one_to_the_nearest():
    found = quality.nearest([[0.0], [10.0], [2.0]], [[1.0], [3.0], [8.0]])
    np.testing.assert_array_equal(found.indices, [0, 2, 0])
    np.testing.assert_allclose(found.distance, [1, 2, 1])
    np.testing.assert_allclose(found.closeness, [1 / 4, 2 / 6, 3 * 1 / 8])  # of distances (1, 3, 8), (9, 7, 2), (1, 1, 6)
    assert quality.nearest([[1.0]], [[1.0]]).closeness[0] == 1  # nothing to compare with


def test_only_the_nearest_fifty_count():
    known = np.concatenate([np.full((50, 1), 2.0), np.full((9, 1), 1000.0)])
    np.testing.assert_allclose(quality.nearest([[0.0]], known).closeness, 1)


def test_blurred_pictures_are_near_to_all_and_no_copies():
    data = RNG.integers(0, 256, (80, 8, 8, 3)).astype(np.float32)
    real, blurred, copies = data[:20], 128 + 0.2 * (data[:20] - 128), data[60:] + 1
    usual = quality.nearest(real, data[20:])
    smooth, copied = quality.nearest(blurred, data[20:]), quality.nearest(copies, data[20:])
    assert smooth.distance.max() < usual.distance.min()
    assert quality.copied_share(smooth.closeness, usual.closeness) < 0.3
    assert quality.copied_share(copied.closeness, usual.closeness) == 1


def test_copies_stand_out():
    usual = np.linspace(1, 2, 1001)
    assert quality.copied_share(usual, usual) == pytest.approx(0.01, abs=0.002)
    assert quality.copied_share([0.1, 0.2, 1.5, 1.6], usual) == 0.5
    assert quality.copied_share([1.0, 1.0], [1.0, 1.0, 1.0]) == 0, "as close as real ones is no copy"


def test_inception_sees_large_pictures_between_minus_one_and_one(tmp_path, monkeypatch):
    import keras

    seen = []

    def network(inputs: np.ndarray, training: bool) -> np.ndarray:
        seen.append(inputs)
        return inputs[:, 150, 150]

    monkeypatch.setattr(keras.applications, "InceptionV3", lambda **options: network)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert inception.inception_or_none() is None
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / inception.WEIGHTS).write_bytes(b"weights")
    shades = np.tile(np.arange(40, dtype=np.uint8)[:, None, None, None], (1, 8, 8, 3)) * 5
    features = inception.inception_or_none()(shades)
    assert [part.shape for part in seen] == [(32, 299, 299, 3), (8, 299, 299, 3)]
    np.testing.assert_allclose(features, np.repeat(5 * np.arange(40)[:, None], 3, 1) / 127.5 - 1, atol=1e-4)


@pytest.mark.parametrize("features", [np.zeros((1, 3)), np.zeros(3), np.full((4, 2), np.nan)])
def test_bad_features_are_named(features):
    with pytest.raises(ValueError, match="made"):
        quality.frechet_distance(features, np.zeros((3, 3)))
