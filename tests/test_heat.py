"""Heat maps: networks whose gradients are known by hand, and the sum that integrated gradients promise."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

from core.clocks import heat
from core.clocks.time import MINUTES

RNG = np.random.default_rng(3)
PICTURE = RNG.random((8, 8)).astype(np.float32)


def trained(model):
    return SimpleNamespace(model=model, card=SimpleNamespace(model_id="tiny", extra={}))


def flat(units, activation=None, name=None):
    inputs = keras.Input((8, 8, 1))
    x = layers.Dense(units, activation=activation, use_bias=False, name=name)(layers.Flatten()(inputs))
    return inputs, x


def test_of_a_linear_network_by_hand():
    inputs, x = flat(1)
    model = keras.Model(inputs, x)
    weights = RNG.normal(size=(64, 1)).astype(np.float32)
    model.layers[-1].set_weights([weights])
    # The slope is the weight everywhere, so a pixel adds its weight times what it differs from the baseline.
    expected = weights.reshape(8, 8) * (PICTURE - heat.baseline(PICTURE))
    np.testing.assert_allclose(heat.integrated_gradients(trained(model), PICTURE, 0.0), expected, atol=1e-6)


def test_the_sum_is_what_the_score_gains():
    keras.utils.set_random_seed(1)
    inputs, x = flat(MINUTES)
    model = keras.Model(inputs, {"bins": x})
    minutes = 719.4  # its neighbours lie on both sides of twelve: 717 to 719 and 0 to 2
    found = heat.integrated_gradients(trained(model), PICTURE, minutes, steps=200)

    def score(picture):
        logits = np.asarray(model(picture[None, ..., None])["bins"], np.float64)[0]
        shares = np.exp(logits) / np.exp(logits).sum()
        return np.log(shares[[717, 718, 719, 0, 1, 2]].sum())

    gain = score(PICTURE) - score(heat.baseline(PICTURE))
    assert found.sum() == pytest.approx(gain, abs=2e-4)


@pytest.mark.parametrize(("units", "minutes", "index"), [(12, 719.9, 11), (24, 30.0, 1), (30, 61.0, 0), (30, 119.0, 29)])
def test_classes_are_scored_by_the_class_of_the_reading(units, minutes, index):
    shares = np.full((1, units), 0.01, np.float32)
    shares[0, index] = 0.5
    assert float(heat._score(keras.ops.convert_to_tensor(shares), minutes)[0]) == pytest.approx(np.log(0.5), abs=1e-5)


def test_two_heads_add_up():
    outputs = {"hour": keras.ops.full((1, 12), 0.25), "minute": keras.ops.full((1, 1), 0.7)}
    assert float(heat._score(outputs, 5.0)[0]) == pytest.approx(np.log(0.25) + 0.7, abs=1e-5)


def test_a_heat_map_lies_between_0_and_1_and_is_brightest_where_most_was_added():
    attributions = np.zeros((50, 50))
    attributions[10, 30] = -2.0
    shown = heat.heat_map(attributions)
    assert shown.shape == (50, 50)
    assert (shown.min(), shown.max()) == (0, 1)
    assert shown[10, 30] == 1
    assert not shown[20:].any()
    assert not heat.heat_map(np.zeros((50, 50))).any()


def test_pictures_are_square_and_grey():
    with pytest.raises(ValueError, match="must be"):
        heat.integrated_gradients(trained(None), np.zeros((8, 8, 3)), 0.0)


def card_of(**extra):
    return SimpleNamespace(model=None, card=SimpleNamespace(model_id="tiny", extra={"side": 2, **extra}))


def test_a_picture_as_the_model_takes_it():
    picture = np.full((4, 4, 3), 51, np.uint8)  # a fifth of white
    picture[:2, :2] = 255
    expected = np.array([[1, 0.2], [0.2, 0.2]])
    np.testing.assert_allclose(heat.model_input(picture, card_of()), expected, atol=1e-6)
    np.testing.assert_allclose(heat.model_input(picture, card_of(gamma=2.0), 3.0), expected**6, atol=1e-6)


def test_a_dial_laid_straight_is_taken_as_it_is():
    straight = np.arange(4, dtype=np.uint8).reshape(2, 2)
    np.testing.assert_allclose(heat.model_input(straight, card_of()) * 255, straight, atol=1e-4)


def test_orange_covers_where_it_is_hot_and_grey_stays_where_it_is_not():
    shown = heat.glowing(np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[0.0, 0.0], [1.0, 2.0]]))
    assert shown[0].tolist() == [[76, 76, 76], [217, 217, 217]]  # 0.3 and 0.85 of 255, rounded to even
    # A tenth of the grey below, nine tenths of orange.
    assert shown[1].tolist() == [[237, 103, 8], [251, 117, 22]]
    with pytest.raises(ValueError, match="both be"):
        heat.glowing(np.zeros((2, 2)), np.zeros((3, 3)))


def test_which_forms_are_plain_numbers():
    forms = ("hours", "sine-cosine", "classes-720", "classes-24")
    assert [heat.answers_with_numbers(card_of(form=form)) for form in forms] == [True, True, False, False]
    assert not heat.answers_with_numbers(card_of())
