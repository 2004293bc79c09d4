"""Directions to mix along, the map, and figures of generators, against values worked out by hand."""

import math

import numpy as np
import pytest

from core import generator_figures
from core.generators.atlas import Desk, Labelled, coarse, make_desk, make_plane
from core.generators.directions import Basis
from core.generators.stored import Generator
from core.registry import ModelCard

RNG = np.random.default_rng(11)
CLASSES = ("Apple: healthy", "Apple: Black rot", "Corn (maize): healthy")
CARD = ModelCard("vae-toy", "Toy", "", None, "core.generators.vae.build_vae", {}, {}, "", "", 1, 1, "CPU", 1.0)


def toy(encodes: bool) -> Generator:
    """Three numbers that are a picture's red, green and blue, from -1 to 1; the fourth does nothing."""

    def decode(vectors: np.ndarray) -> np.ndarray:
        return np.broadcast_to((vectors[:, None, None, :3] + 1) / 2, (len(vectors), 32, 32, 3))

    def encode(pictures: np.ndarray) -> np.ndarray:
        means = np.pad(2 * pictures.mean((1, 2)) - 1, ((0, 0), (0, 1)))
        return np.concatenate([means, np.zeros_like(means)], 1)

    return Generator(CARD, "vae" if encodes else "gan", 32, 4, decode, encode if encodes else None)


def plain(colours: list[tuple[int, int, int]]) -> np.ndarray:
    return np.broadcast_to(np.array(colours, np.uint8)[:, None, None], (len(colours), 32, 32, 3)).copy()


def test_an_encoders_directions_are_the_principal_ones_and_named_by_labels():
    colours = [(0, 100, 100), (255, 100, 100), (0, 120, 100), (255, 120, 100)]
    real = Labelled(plain(colours), np.array([0, 1, 0, 1]), CLASSES)
    desk = make_desk(toy(True), real, count=2)
    np.testing.assert_allclose(np.abs(desk.basis.directions), [[1, 0, 0, 0], [0, 1, 0, 0]], atol=1e-5)
    np.testing.assert_allclose(desk.basis.deviations, [2 / math.sqrt(3), 2 * 20 / 255 / math.sqrt(3)], rtol=1e-4)
    assert list(desk.named) == ["healthy to diseased", "healthy to black rot"]
    np.testing.assert_allclose(desk.named["healthy to diseased"], [2, 0, 0, 0], atol=1e-5)


def test_without_an_encoder_directions_are_those_that_change_pictures():
    desk = make_desk(toy(False), None, count=3)
    assert desk.named == {}
    assert np.abs(desk.basis.directions[:, 3]).max() < 0.2  # the fourth number changes nothing
    np.testing.assert_allclose(np.linalg.norm(desk.basis.directions, axis=1), 1, rtol=1e-5)


def test_a_classifier_names_directions_of_what_is_made():
    real = Labelled(plain([(0, 0, 0)]), np.array([0]), CLASSES)

    def judge(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        red = pictures[:, 0, 0, 0] > 127
        return np.zeros((len(pictures), 1)), np.stack([~red * 0.9, red * 0.9, np.full(len(red), 0.1)], 1)

    desk = make_desk(toy(False), real, judge)
    direction = desk.named["healthy to diseased"]
    assert direction[0] > 1.2  # means of the halves of a normal distribution lie 2 sqrt(2 / pi) = 1.6 apart
    assert np.abs(direction[1:]).max() < 0.4


def test_a_vector_is_mixed_by_deviations_and_shares():
    basis = Basis(np.zeros(2, np.float32), np.eye(2, dtype=np.float32), np.array([2, 0.5], np.float32))
    desk = Desk(basis, {"a to b": np.array([1, 1], np.float32)})
    np.testing.assert_allclose(desk.mixed([1, 1], [1, -2], {"a to b": 0.5}), [3.5, 0.5])
    np.testing.assert_allclose(desk.mixed([1, 1], [0, 0], {}), [1, 1])


def test_a_map_counts_in_deviations_and_says_what_it_leaves_out():
    vectors = np.array([[2, 0, 0], [-2, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 0.5], [0, 0, -0.5]], np.float32) + 3
    plane = make_plane(vectors)
    assert plane.share == pytest.approx((8 + 2) / (8 + 2 + 0.5))
    deviation = math.sqrt(8 / 5)
    assert np.abs(plane.places[0]).tolist() == pytest.approx([2 / deviation, 0], abs=1e-5)
    np.testing.assert_allclose(plane.vector(plane.places[0]), vectors[0], atol=1e-5)
    np.testing.assert_allclose(plane.vector((0, 0)), [3, 3, 3], atol=1e-6)


def test_pictures_are_averaged_over_squares():
    pictures = np.zeros((1, 16, 16, 3), np.uint8)
    pictures[0, :2, :2, 0] = [[255, 0], [255, 0]]
    small = coarse(pictures)
    assert small.shape == (1, 8, 8, 3)
    assert small[0, 0, 0].tolist() == pytest.approx([0.5, 0, 0])
    with pytest.raises(ValueError, match="multiple of 8"):
        coarse(np.zeros((1, 12, 12, 3), np.uint8))


def test_the_shell_of_random_vectors():
    low, high = generator_figures.shell(1)  # the half-normal distribution: mean sqrt(2 / pi), variance 1 - 2 / pi
    assert high == pytest.approx(math.sqrt(2 / math.pi) + 1.96 * math.sqrt(1 - 2 / math.pi))
    assert low == 0
    low, high = generator_figures.shell(256)
    lengths = np.linalg.norm(RNG.standard_normal((4000, 256)), axis=1)
    assert ((lengths >= low) & (lengths <= high)).mean() == pytest.approx(0.95, abs=0.015)
    assert high - low == pytest.approx(2 * 1.96 * math.sqrt(0.5), rel=0.01)


def test_a_figure_of_norms_has_both_paths_and_the_shell():
    norms = {"spherical": np.full(60, 8.0), "linear": 8 - np.hanning(60)}
    figure = generator_figures.norm_curve(norms, 64, current=0.25)
    assert [trace.name for trace in figure.data] == ["spherical", "straight"]
    assert [trace.line.dash for trace in figure.data] == ["solid", "dash"]
    place, band = figure.layout.shapes
    assert (band.y0, band.y1) == generator_figures.shell(64)
    assert place.x0 == 0.25
    dark = generator_figures.sharpness_curve(norms, dark=True)
    assert dark.data[0].line.color != figure.data[0].line.color


def test_losses_far_apart_stand_above_each_other_each_over_its_own_range():
    rows = [
        {"epoch": 1, "loss": 9, "reconstruction_loss": 2000.0, "posterior_loss": 5.0},
        {"epoch": 2, "reconstruction_loss": 1800.0, "posterior_loss": 9.0, "val_loss": 1900.0},
    ]
    series = generator_figures.history_series(rows, generator_figures.LOSSES)
    assert list(series) == ["reconstruction", "divergence", "both, validation"]
    assert np.isnan(series["both, validation"][0])
    figure = generator_figures.loss_curves([1, 2], series, asked=50)
    assert {trace.name: trace.yaxis for trace in figure.data} == {
        "reconstruction": None,
        "divergence": "y2",
        "both, validation": None,
    }
    assert [one.type for one in (figure.layout.yaxis, figure.layout.yaxis2)] == [None, None]  # linear
    assert figure.layout.yaxis2.domain[1] < figure.layout.yaxis.domain[0]  # medians of 1900 and 1900, and of 7
    falling = {"generator": [40.0, 1.0, 1.0], "discriminator": [1.0, 1.0, 1.0]}  # medians alike, 40 times apart at first
    assert generator_figures.loss_curves([1, 2, 3], falling, asked=3).layout.yaxis.type == "log"
    near = generator_figures.loss_curves([1, 2], {"generator": [0.5, -0.1], "discriminator": [1.2, 1.1]}, asked=50)
    assert near.layout.yaxis.type is None
    shares = generator_figures.share_curves([1, 2], {"real pictures": [0.5, 0.6]}, asked=2)
    assert shares.data[0].y.tolist() == [0.5, 0.6]
