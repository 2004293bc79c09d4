"""The autoencoders: losses and sampling against hand values, parameters counted by hand, stored and read back."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import recipe_runs, recipes, registry
from core.generators.data import GameData, LeafData, VaeData, as_pictures, reduced
from core.generators.recipes import System, generator_recipe, training_data
from core.generators.specs import AdversarialSpec, LeafClassifierSpec, NetworkSpec, VaeSpec
from core.generators.stored import load_generator, load_snapshots
from core.specs import TrainSpec

TINY = NetworkSpec(side=32, latent=3, filters=4)
IMAGES = np.random.default_rng(3).integers(0, 256, (12, 32, 32, 3), np.uint8)


def as_array(value: Any) -> np.ndarray:
    from keras import ops

    return np.asarray(ops.convert_to_numpy(value))


def test_binary_reconstruction_is_summed_over_the_picture():
    from core.generators.losses import reconstruction_binary

    true = np.array([[[[1.0, 0.0, 0.5]]], [[[0.0, 0.0, 0.0]]]], np.float32)
    made = np.array([[[[0.5, 0.25, 0.5]]], [[[0.5, 0.5, 0.75]]]], np.float32)
    expected = [-math.log(0.5) - math.log(0.75) - math.log(0.5), -2 * math.log(0.5) - math.log(0.25)]
    np.testing.assert_allclose(as_array(reconstruction_binary(true, made)), expected, rtol=1e-5)


def test_squared_reconstruction_is_summed_over_the_picture():
    from core.generators.losses import reconstruction_squared

    true, made = np.zeros((2, 2, 2, 3), np.float32), np.zeros((2, 2, 2, 3), np.float32)
    made[0, 0, 0], made[1] = [0.1, 0.2, 0.2], 0.5
    np.testing.assert_allclose(as_array(reconstruction_squared(true, made)), [0.09, 3.0], rtol=1e-5)


@pytest.mark.parametrize(
    ("mean", "variance", "expected"),
    [
        ([0, 0], [1, 1], 0),
        ([3, 4], [1, 1], 12.5),
        ([0], [math.e], (math.e - 2) / 2),
        ([1, 0], [0.5, 4], (0.5 + 1 - 1 + math.log(2)) / 2 + (4 - 1 - math.log(4)) / 2),
    ],
)
def test_the_divergence_is_that_of_normals(mean, variance, expected):
    from core.generators.losses import divergence

    posterior = np.array([[*mean, *np.log(variance)]], np.float32)
    np.testing.assert_allclose(as_array(divergence(None, posterior)), [expected], atol=1e-6)


def test_a_vector_is_the_mean_plus_noise_times_the_deviation():
    from core.generators.vae import Sampling, reparameterised

    posterior = np.array([[1, 2, math.log(4), math.log(9)]], np.float32)
    np.testing.assert_allclose(as_array(reparameterised(posterior, np.array([[1, -1]], np.float32))), [[3, -1]], rtol=1e-6)
    layer = Sampling(seed=1)
    np.testing.assert_allclose(as_array(layer(posterior, training=False)), [[1, 2]])
    many = as_array(layer(np.repeat(posterior, 4000, 0), training=True))
    np.testing.assert_allclose(many.mean(0), [1, 2], atol=0.15)
    np.testing.assert_allclose(many.std(0), [2, 3], rtol=0.05)


def test_the_reports_networks_have_the_parameters_counted_by_hand():
    from core.generators.vae import build_vae

    model = build_vae(VaeSpec(NetworkSpec(latent=64)))
    convolution = 9 * 128 * 128 + 128
    encoder = (27 * 128 + 128) + 3 * convolution + (4 * 4 * 128 + 1) * 2 * 64
    decoder = (64 + 1) * 512 + (9 * 32 * 128 + 128) + 2 * convolution + (9 * 128 * 3 + 3)
    assert model.get_layer("encoder").count_params() == encoder == 708_608
    assert model.get_layer("decoder").count_params() == decoder == 368_899
    assert model.get_layer("decoder").output_shape == (None, 32, 32, 3)


def test_the_loss_that_is_trained_is_reconstruction_plus_beta_times_divergence():
    from core.generators.losses import divergence, reconstruction_squared
    from core.generators.vae import build_vae, vae_losses

    spec = VaeSpec(TINY, "squared", beta=0.25)
    model = build_vae(spec)
    losses, weights = vae_losses(spec)
    model.compile("adam", losses, loss_weights=weights)
    x, y = VaeData(IMAGES).batch(np.arange(12), 0, np.random.default_rng(0))
    logs = model.evaluate(x, y, batch_size=12, verbose=0, return_dict=True)
    outputs = model(x, training=False)
    error = as_array(reconstruction_squared(x, outputs["reconstruction"])).mean()
    apart = as_array(divergence(None, outputs["posterior"])).mean()
    assert logs["loss"] == pytest.approx(error + 0.25 * apart, rel=1e-4)
    assert logs["posterior_loss"] == pytest.approx(apart, rel=1e-3)


def tiny_recipe(spec: VaeSpec, epochs: int = 2, **more: Any) -> recipes.Recipe:
    training = TrainSpec(epochs=epochs, batch_size=8, learning_rate=2e-3, seed=1, ema=0.5)
    system = System("vae-tiny", "Tiny", "For tests.", spec, training, "none")
    return generator_recipe(
        system, lambda _: training_data(spec, IMAGES, IMAGES[:4], False), "noise", "none", lambda _: {"one": 1.0}, **more
    )


@pytest.fixture(scope="module", params=["plain", "with discriminator"])
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A tiny autoencoder, trained in two goes and stored."""
    folder, checkpoint = tmp_path_factory.mktemp("models"), tmp_path_factory.mktemp("checkpoint")
    spec = VaeSpec(TINY, "squared", 0.1)
    if request.param != "plain":
        spec = replace(spec, game=AdversarialSpec("hinge"), adversarial=2.0)
    assert recipe_runs.run_recipe(tiny_recipe(spec), epochs_now=1, checkpoint=checkpoint, folder=folder) is not None
    return folder, recipe_runs.run_recipe(tiny_recipe(spec), checkpoint=checkpoint, folder=folder)


def test_a_stored_autoencoder_encodes_and_decodes(stored):
    folder, card = stored
    generator = load_generator("vae-tiny", folder)
    assert (generator.kind, generator.side, generator.latent_size) == ("vae", 32, 3)
    assert (card.epochs_trained, card.figures) == (2, {"one": 1.0})
    vectors = generator.encode(IMAGES[:5])
    pictures = generator.decode(vectors)
    assert (vectors.shape, pictures.shape, pictures.dtype) == ((5, 3), (5, 32, 32, 3), np.uint8)
    whole = registry.load_trained("vae-tiny", folder)(IMAGES[:5].astype(np.float32) / 255)
    np.testing.assert_array_equal(as_pictures(whole["reconstruction"]), pictures)
    with pytest.raises(ValueError, match="finite"):
        generator.decode(np.full((1, 3), np.nan))
    with pytest.raises(ValueError, match="takes"):
        generator.decode(np.zeros((1, 4)))


def test_samples_by_epoch_are_stored_and_the_last_are_the_models(stored):
    folder, card = stored
    epochs, frames = load_snapshots("vae-tiny", folder)
    assert epochs == card.extra["snapshots"] == [1, 2]
    assert frames.shape == (2, 8, 32, 32, 3)
    from core.generators.latent import random_vectors

    now = load_generator("vae-tiny", folder).decode(random_vectors(2023, 8, 3))
    assert np.abs(frames[-1].astype(int) - now).mean() < 6  # WebP loses a little


def test_an_encoder_of_another_size_says_what_it_takes(stored):
    with pytest.raises(ValueError, match="takes"):
        load_generator("vae-tiny", stored[0]).encode(np.zeros((1, 16, 16, 3), np.uint8))


# --- specs and data --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: NetworkSpec(side=48), "side must be one of 32, 64, 128"),
        (lambda: NetworkSpec(side=32, design="residual"), "needs 3 numbers"),
        (lambda: VaeSpec(game=AdversarialSpec()), "go together"),
        (lambda: VaeSpec(adversarial=1.0), "go together"),
        (lambda: VaeSpec(reconstruction="absolute"), "binary, squared"),
        (lambda: AdversarialSpec("wasserstein"), "logistic, hinge, relativistic"),
        (lambda: AdversarialSpec(augment=("flip",)), "colour, translation, cutout"),
        (lambda: LeafClassifierSpec(classes=1), "classes"),
    ],
)
def test_contradicting_specs_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_pictures_are_sliced_as_the_report_slices():
    images = np.arange(64 * 64 * 3).reshape(1, 64, 64, 3).astype(np.uint8)
    np.testing.assert_array_equal(reduced(images, 32)[0, 1, 2], images[0, 2, 4])
    np.testing.assert_array_equal(reduced(images, 64), images)
    with pytest.raises(ValueError, match="cannot be sliced"):
        reduced(images, 48)


def test_data_depend_on_their_dice_alone_and_leave_the_source_alone():
    before = IMAGES.copy()
    labels = np.arange(12)
    for data in (VaeData(IMAGES, mirror=True), GameData(IMAGES, 5, 2, mirror=True), LeafData(IMAGES, labels)):
        first, second = (data.batch(np.arange(6), 0, np.random.default_rng(4)) for _ in range(2))
        import keras

        keras.tree.map_structure(np.testing.assert_array_equal, first, second)
        other = data.batch(np.arange(6), 0, np.random.default_rng(5))
        assert not np.array_equal(keras.tree.flatten(first[0])[-1], keras.tree.flatten(other[0])[-1])
    np.testing.assert_array_equal(IMAGES, before)
    game = GameData(IMAGES, 5, 2).batch(np.arange(6), 0, np.random.default_rng(4))[0]
    assert [game[name].shape for name in ("pictures", "noise", "dice")] == [(6, 32, 32, 3), (6, 4, 5), (6, 4, 7)]
    moved, classes = LeafData(IMAGES, labels).batch(np.array([3, 1]), 0, np.random.default_rng(0))
    assert (moved.shape, moved.dtype, list(classes)) == ((2, 32, 32, 3), np.float32, [3, 1])
    assert moved.min() >= 0
    assert moved.max() <= 1
