"""Variational autoencoders: picture -> distribution over vectors -> picture."""

from typing import Any

import keras
from keras import ops

from core.generators.losses import RECONSTRUCTION_LOSSES, divergence
from core.generators.networks import build_decoder, build_encoder
from core.generators.specs import VaeSpec


@keras.saving.register_keras_serializable("latent_oclock")
class Sampling(keras.layers.Layer):
    """A vector from each posterior: mean + exp(log variance / 2) * noise; (batch, 2 latent) -> (batch, latent).

    In training only; otherwise the mean, so that a picture is always reconstructed alike. A loss taken then lacks what
    the noise costs. The noise comes from outside what is learned, so that slopes pass: Kingma & Welling 2014, section 2.4.
    """

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.dice = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        if not training:
            return ops.split(inputs, 2, axis=-1)[0]
        size = inputs.shape[-1] // 2
        noise = keras.random.normal((ops.shape(inputs)[0], size), seed=self.dice)
        return reparameterised(inputs, ops.cast(noise, inputs.dtype))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:-1], int(input_shape[-1] or 0) // 2)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}


def reparameterised(posterior: Any, noise: Any) -> Any:
    """mean + standard deviation * noise: posterior (batch, 2 latent), noise (batch, latent) -> (batch, latent)."""
    mean, log_variance = ops.split(posterior, 2, axis=-1)
    return mean + ops.exp(0.5 * log_variance) * noise


def build_vae(spec: VaeSpec) -> keras.Model:
    """The uncompiled network: picture (batch, side, side, 3) -> ``reconstruction``, as large, and ``posterior``.

    The posterior is (batch, 2 latent), means and logarithms of variances. The layers ``encoder`` and ``decoder`` are models of
    their own. Train it with ``vae_losses``: targets are the pictures, and zeros (batch, 1) for the posterior.
    """
    inputs = keras.Input((spec.network.side, spec.network.side, 3), name="picture")
    posterior = build_encoder(spec.network, 2 * spec.network.latent)(inputs)  # (batch, 2 latent)
    vector = Sampling(name="vector", dtype="float32")(posterior)  # (batch, latent)
    made = build_decoder(spec.network)(vector)  # (batch, side, side, 3)
    return keras.Model(inputs, {"reconstruction": made, "posterior": posterior}, name="vae")


def vae_losses(spec: VaeSpec) -> tuple[dict[str, Any], dict[str, float]]:
    """Losses by output and their weights: reconstruction + beta * divergence, the mean over the batch.

    Minus this is the evidence lower bound where beta is 1; Kingma & Welling 2014, equation 10; beta: Higgins et al. 2017.
    """
    losses = {"reconstruction": RECONSTRUCTION_LOSSES[spec.reconstruction], "posterior": divergence}
    return losses, {"reconstruction": 1.0, "posterior": spec.beta}
