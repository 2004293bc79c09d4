"""Networks at play: losses by hand, augmentation, the order of the turns, the same on JAX, resumed to the bit, stored."""

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import recipe_runs, training
from core.generators.data import GameData, as_floats
from core.generators.recipes import System, generator_recipe, training_data
from core.generators.specs import AdversarialSpec, GanSpec, NetworkSpec, VaeSpec
from core.generators.stored import load_generator, load_snapshots
from core.specs import TrainSpec

ROOT = Path(__file__).resolve().parent.parent
IMAGES = np.random.default_rng(3).integers(0, 256, (20, 32, 32, 3), np.uint8)
RESIDUAL = NetworkSpec(32, 4, "residual", widths=(8, 6, 4), picture_widths=(8, 6, 4))
WHOLE_GAME = AdversarialSpec("relativistic", 2.0, 0.5, ("colour", "translation", "cutout"), beta_1=0.0, rate_ratio=2.0)
TINY = GanSpec(RESIDUAL, WHOLE_GAME)
TRAINING = TrainSpec(epochs=2, batch_size=8, learning_rate=1e-3, seed=5, ema=0.9)


def as_array(value: Any) -> np.ndarray:
    from keras import ops

    return np.asarray(ops.convert_to_numpy(value))


# --- losses ----------------------------------------------------------------------------------------------------------


def softplus(x: float) -> float:
    return math.log(1 + math.exp(x))


REAL, MADE = np.array([2.0, -1.0], np.float32), np.array([0.5, -3.0], np.float32)


@pytest.mark.parametrize(
    ("kind", "discriminator", "generator"),
    [
        ("logistic", softplus(-2) + softplus(1) + softplus(0.5) + softplus(-3), softplus(-0.5) + softplus(3)),
        ("hinge", 0 + 2 + 1.5 + 0, -0.5 + 3),
        ("relativistic", softplus(0.5 - 2) + softplus(-3 + 1), softplus(2 - 0.5) + softplus(-1 + 3)),
    ],
)
def test_losses_of_the_game(kind, discriminator, generator):
    from core.generators.losses import discriminator_loss, generator_loss

    assert float(as_array(discriminator_loss(kind, REAL, MADE))) == pytest.approx(discriminator / 2, rel=1e-5)
    assert float(as_array(generator_loss(kind, REAL, MADE))) == pytest.approx(generator / 2, rel=1e-5)


def test_slopes_penalty_of_a_linear_discriminator_is_its_squared_length():
    import keras

    from core.generators.adversarial import Adversarial
    from core.generators.networks import build_decoder

    inputs = keras.Input((32, 32, 3))
    judge = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs)))
    model = Adversarial([build_decoder(RESIDUAL)], judge, AdversarialSpec(penalty=4.0))
    weights = [variable.value for variable in judge.trainable_variables]
    length = np.square(as_array(weights[0])).sum()
    assert float(as_array(model._penalty(weights, as_floats(IMAGES[:3])))) == pytest.approx(length, rel=1e-4)


# --- augmentation ----------------------------------------------------------------------------------------------------

PICTURES = as_floats(IMAGES[:2])
SAME = np.array([0.5, 0.5, 0.5, 0.5, 0.5, 0.0, 0.0], np.float32)  # no light, no colour, no contrast, no shift


def changed(kinds: tuple[str, ...], *dice: float) -> np.ndarray:
    from core.generators.augment import augment

    return as_array(augment(PICTURES, np.tile(np.array(dice, np.float32), (2, 1)), kinds))


def test_without_kinds_and_with_even_dice_nothing_changes():
    np.testing.assert_allclose(changed((), *SAME), PICTURES, atol=1e-6)
    np.testing.assert_allclose(changed(("colour", "translation"), *SAME), PICTURES, atol=1e-6)


def test_light_colour_and_contrast():
    np.testing.assert_allclose(changed(("colour",), 0.9, *SAME[1:]), PICTURES + 0.2, atol=1e-5)
    grey = changed(("colour",), 0.5, 0.0, *SAME[2:])
    np.testing.assert_allclose(grey, np.repeat(PICTURES.mean(-1, keepdims=True), 3, -1), atol=1e-5)
    middle = PICTURES.mean((1, 2, 3), keepdims=True)
    np.testing.assert_allclose(changed(("colour",), 0.5, 0.5, 0.0, *SAME[3:]), middle + (PICTURES - middle) / 2, atol=1e-5)


def test_a_shift_moves_whole_pixels_and_fills_with_grey():
    moved = changed(("translation",), 0.5, 0.5, 0.5, 0.0, 0.999, 0, 0)  # rows by -4, columns by +4
    np.testing.assert_allclose(moved[:, 4:, :-4], PICTURES[:, :-4, 4:], atol=1e-6)
    np.testing.assert_allclose(moved[:, :4], 0.5, atol=1e-6)
    np.testing.assert_allclose(moved[:, :, -4:], 0.5, atol=1e-6)


def test_a_cutout_is_a_grey_square_of_half_the_side():
    cut = changed(("cutout",), 0.5, 0.5, 0.5, 0.5, 0.5, 16 / 33 + 0.001, 16 / 33 + 0.001)
    hole = np.zeros((32, 32), bool)
    hole[8:24, 8:24] = True
    np.testing.assert_allclose(cut[:, hole], 0.5, atol=1e-6)
    np.testing.assert_allclose(cut[:, ~hole], PICTURES[:, ~hole], atol=1e-6)


# --- networks and turns ----------------------------------------------------------------------------------------------


def test_the_reports_networks_have_the_parameters_counted_by_hand():
    from core.generators.gan import build_gan

    model = build_gan(GanSpec())
    convolution = 9 * 128 * 128 + 128
    generator = (256 + 1) * 512 + (9 * 32 * 128 + 128) + 2 * convolution + (9 * 128 * 3 + 3)
    assert model.makers[0].count_params() == generator == 467_203
    assert model.discriminator.count_params() == (27 * 128 + 128) + 3 * convolution + 4 * 4 * 128 + 1 == 448_385
    assert [layer.strides for layer in model.discriminator.layers if hasattr(layer, "strides")] == [(1, 1)] + 3 * [(2, 2)]


def compiled(spec: GanSpec | VaeSpec = TINY, training_spec: TrainSpec = TRAINING) -> Any:
    import keras

    from core.generators.gan import build_gan, build_vae_gan
    from core.optimizers import make_optimizer

    training.seed_everything(9)
    model = build_gan(spec) if isinstance(spec, GanSpec) else build_vae_gan(spec)
    # TensorFlow is as quick without; JAX else compiles hundreds of operations one by one.
    model.compile(make_optimizer(training_spec, model, 3), jit_compile=keras.backend.backend() == "jax")
    model.optimizer.build(model.trainable_variables)
    return model


def batch(noises: int = 1) -> dict[str, np.ndarray]:
    return GameData(IMAGES, 4, noises).batch(np.arange(8), 0, np.random.default_rng(1))[0]


def values(variables: list[Any]) -> list[np.ndarray]:
    return [np.array(as_array(variable)) for variable in variables]


def test_the_discriminator_moves_first_and_the_generator_meets_the_moved_one():
    from core.generators.losses import generator_loss

    model = compiled(replace(TINY, game=AdversarialSpec("hinge")))
    given, makers = batch(), values(model.trainable_variables)
    before = values(model.discriminator.trainable_variables)
    logs = model.train_on_batch(given, return_dict=True)
    after = values(model.discriminator.trainable_variables)
    made = model.run(model.makers[0], makers, given["noise"][:, 1])  # with the generator's weights of before

    def told(weights: list[np.ndarray]) -> float:
        return float(as_array(generator_loss("hinge", None, model.logits(weights, made))))

    assert logs["generator_loss"] == pytest.approx(told(after), rel=1e-4, abs=1e-5)
    assert abs(told(before) - told(after)) > 1e-3
    assert logs["loss"] == pytest.approx(logs["generator_loss"] + logs["discriminator_loss"], rel=1e-5)
    assert 0 <= logs["real_right"] <= 1
    assert any(not np.array_equal(a, b) for a, b in zip(makers, values(model.trainable_variables), strict=True))


def test_the_discriminator_beside_an_autoencoder_is_shown_what_the_makers_are_judged_by():
    model = compiled(VaeSpec(RESIDUAL, "squared", 0.1, AdversarialSpec(), 2.0))
    given, makers = batch(2), [variable.value for variable in model.trainable_variables]
    pictures, noise = as_floats(given["pictures"])[:7], given["noise"][:7, :2]
    shown, made = (as_array(part) for part in (model.shown(makers, pictures, noise), model.made(makers, pictures, noise)[0]))
    assert shown.shape == (7, 32, 32, 3)
    np.testing.assert_allclose(shown, made, atol=1e-5)


def test_each_network_has_the_betas_and_rate_of_the_game():
    model = compiled()
    assert (model.optimizer.beta_1, model.discriminator_optimizer.beta_1) == (0, 0)
    rates = [float(as_array(optimizer.learning_rate)) for optimizer in (model.optimizer, model.discriminator_optimizer)]
    assert rates == pytest.approx([1e-3, 2e-3])
    assert model.optimizer.use_ema
    assert not model.discriminator_optimizer.use_ema


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"optimizer": "sgd"}, "Adam"),
        ({"schedule": "cosine"}, "schedule must be 'constant' and warmup_epochs 0"),
        ({"warmup_epochs": 1.0}, "schedule must be 'constant' and warmup_epochs 0"),
    ],
)
def test_what_does_not_suit_a_game_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        compiled(training_spec=replace(TRAINING, **change))


def some_steps() -> dict[str, list[float]]:
    """Losses and sums of weights of two steps of both kinds of game."""
    found: dict[str, list[float]] = {}
    both = VaeSpec(RESIDUAL, "squared", 0.1, replace(WHOLE_GAME, augment=()), 2.0)
    for name, spec, noises in (("gan", TINY, 1), ("vae", both, 2)):
        model = compiled(spec)
        rng = np.random.default_rng(0)  # the backends draw first weights differently
        for variable in [*model.trainable_variables, *model.discriminator.trainable_variables]:
            variable.assign(rng.normal(0, 0.2, variable.shape).astype(np.float32))
        data, row = GameData(IMAGES, 4, noises), []
        for step in range(2):
            logs = model.train_on_batch(data.batch(np.arange(8), 0, np.random.default_rng(step))[0], return_dict=True)
            row += [float(logs[key]) for key in sorted(logs)]
        row += [float(np.abs(array).sum()) for array in values(model.trainable_variables)]
        found[name] = row
    return found


def test_jax_plays_the_same_game():
    if find_spec("jax") is None:
        pytest.skip("jax is not installed; it is an optional backend")
    program = "import json; from tests.test_gan import some_steps; print(json.dumps(some_steps()))"
    # Compiling takes longer than running: without optimisation it is over sooner.
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_backend_optimization_level=0".strip()
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr
    other, ours = json.loads(done.stdout), some_steps()
    for name, row in ours.items():
        np.testing.assert_allclose(other[name], row, rtol=2e-3, atol=2e-3)


# --- training, storing -----------------------------------------------------------------------------------------------


def run(folder: Path | None, stops: tuple[int, ...] = ()) -> Any:
    """Two epochs of three steps; stopped after so many steps of each call before the last."""
    from core.generators.gan import build_gan

    for stop in (*stops, None):
        training.seed_everything(TRAINING.seed)
        model = build_gan(TINY)
        steps: list[int] = []
        result = training.train(
            model,
            training_data(TINY, IMAGES, None, mirror=True),
            TRAINING,
            loss=None,
            checkpoint=folder,
            on_step=lambda step, *_, steps=steps: steps.append(step),
            should_stop=lambda stop=stop, steps=steps: stop is not None and len(steps) >= stop,
        )
    return model, result


def test_a_game_that_was_stopped_ends_as_the_whole_one(tmp_path):
    whole, result = run(None)
    parts, resumed = run(tmp_path, stops=(2, 3))
    assert result.finished
    # Slopes of shifted pictures are summed by several threads, in an order that is not fixed: the last bits may differ.
    losses = [[row["loss"] for row in one.history] for one in (result, resumed)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    for first, second in zip(whole.variables, parts.variables, strict=True):
        np.testing.assert_allclose(as_array(first), as_array(second), rtol=1e-3, atol=1e-5)
    assert {"discriminator_loss", "generator_loss", "pairs_right"} <= set(result.history[0])


def test_a_stored_generator_makes_the_pictures_of_the_trained_one(tmp_path):
    system = System("gan-tiny", "Tiny", "For tests.", TINY, TRAINING, "none")
    trained: list[Any] = []
    recipe = generator_recipe(
        system, lambda _: training_data(TINY, IMAGES, None, False), "noise", "none", lambda _: {"one": 1.0}
    )
    recipe = replace(recipe, kept=lambda model: trained.append(model) or model.makers[0])
    card = recipe_runs.run_recipe(recipe, checkpoint=tmp_path / "checkpoint", folder=tmp_path)
    assert card.epochs_trained == 2
    generator = load_generator("gan-tiny", tmp_path)
    assert (generator.kind, generator.latent_size, generator.encode(IMAGES[:1])) == ("gan", 4, None)
    vectors = np.random.default_rng(0).normal(size=(60, 4))
    made = as_array(trained[0].makers[0](vectors.astype(np.float32), training=False))
    assert np.abs(generator.decode(vectors) / 255 - made).max() < 0.02  # kernels are rounded to float16
    assert load_snapshots("gan-tiny", tmp_path)[0] == [1, 2]
    from core.generators.inversion import invert

    target = generator.decode(vectors[:2])
    done: list[int] = []
    found, errors = invert(generator, target, steps=30, prior=0, progress=lambda step, steps: done.append(step))
    assert (found.shape, done[-1]) == ((2, 4), 30)
    again = generator.decode(found)
    np.testing.assert_allclose(np.sqrt(np.square((again - target.astype(float)) / 255).mean((1, 2, 3))), errors, atol=3e-3)
    assert (errors <= invert(generator, target, steps=30, prior=0, abort=lambda: True)[1]).all()
    with pytest.raises(ValueError, match="uint8"):
        invert(generator, target[:, ::2])
