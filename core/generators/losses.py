"""Losses of the generators, each standing once. Pictures are float32 (batch, side, side, 3) in [0, 1]."""

from typing import Any

import keras
from keras import ops


def _per_picture(values: Any) -> Any:
    return ops.sum(ops.reshape(ops.cast(values, "float32"), (ops.shape(values)[0], -1)), axis=1)  # (batch,)


@keras.saving.register_keras_serializable("latent_oclock")
def reconstruction_binary(true: Any, made: Any) -> Any:
    """Cross-entropy of each value as a chance, summed over a picture: -sum(x log y + (1 - x) log(1 - y)); (batch,).

    Kingma & Welling 2014, appendix C.1. Its least value is not zero but the entropy of the picture's values.
    """
    return _per_picture(ops.binary_crossentropy(ops.cast(true, "float32"), ops.cast(made, "float32")))


@keras.saving.register_keras_serializable("latent_oclock")
def reconstruction_squared(true: Any, made: Any) -> Any:
    """Squared error summed over a picture: sum((x - y)^2); (batch,).

    With divergence weight beta this is the likelihood of a normal distribution of variance beta / 2 around each value.
    """
    return _per_picture(ops.square(ops.cast(true, "float32") - ops.cast(made, "float32")))


RECONSTRUCTION_LOSSES = {"binary": reconstruction_binary, "squared": reconstruction_squared}


@keras.saving.register_keras_serializable("latent_oclock")
def divergence(_: Any, posterior: Any) -> Any:
    """Kullback-Leibler divergence of each posterior from the standard normal, summed over latent axes; (batch,).

    posterior: (batch, 2 latent), means and then logarithms of variances: sum(exp(v) + m^2 - 1 - v) / 2. Kingma & Welling
    2014, appendix B. The first argument is there because Keras passes targets; there are none.
    """
    mean, log_variance = ops.split(ops.cast(posterior, "float32"), 2, axis=-1)  # (batch, latent) each
    return 0.5 * ops.sum(ops.exp(log_variance) + ops.square(mean) - 1.0 - log_variance, axis=-1)


def discriminator_loss(kind: str, real: Any, made: Any) -> Any:
    """What the discriminator minimises, from its logits (batch,) for pictures of the data and for made ones.

    logistic: mean(softplus(-real) + softplus(made)), the cross-entropy of sigmoids (Goodfellow et al. 2014). hinge:
    mean(max(0, 1 - real) + max(0, 1 + made)) (Lim & Ye 2017). relativistic: mean(softplus(made - real)), pair by pair
    (Jolicoeur-Martineau 2019).
    """
    if kind == "logistic":
        return ops.mean(ops.softplus(-real) + ops.softplus(made))
    if kind == "hinge":
        return ops.mean(ops.relu(1.0 - real) + ops.relu(1.0 + made))
    return ops.mean(ops.softplus(made - real))


def generator_loss(kind: str, real: Any, made: Any) -> Any:
    """What the generator minimises; ``real`` counts in the relativistic game alone and may be None in the others.

    logistic: mean(softplus(-made)), which does not saturate while the discriminator is ahead. hinge: mean(-made).
    relativistic: mean(softplus(real - made)).
    """
    if kind == "logistic":
        return ops.mean(ops.softplus(-made))
    if kind == "hinge":
        return -ops.mean(made)
    return ops.mean(ops.softplus(real - made))


def slope_penalty(slopes: Any) -> Any:
    """The mean over pictures of the squared length of the discriminator's slope; (batch, side, side, 3) -> a number.

    R1 where the pictures are the data's, R2 where they are made. Mescheder et al. 2018, "Which training methods for GANs do
    actually converge?", equation 9; the weight there is gamma / 2.
    """
    return ops.mean(_per_picture(ops.square(ops.cast(slopes, "float32"))))
