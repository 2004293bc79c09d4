"""Generative adversarial networks, and a variational autoencoder with a discriminator beside it."""

from typing import Any

from keras import ops

from core.generators.adversarial import Adversarial, Weights
from core.generators.losses import RECONSTRUCTION_LOSSES, divergence
from core.generators.networks import build_decoder, build_encoder
from core.generators.specs import GanSpec, VaeSpec
from core.generators.vae import build_vae, reparameterised


def build_gan(spec: GanSpec) -> Adversarial:
    """A generator and a discriminator, uncompiled; the generator is ``makers[0]``."""
    generator = build_decoder(spec.network, name="generator")
    return Adversarial([generator], build_encoder(spec.network, 1, name="discriminator"), spec.game)


class VaeGan(Adversarial):
    """A variational autoencoder whose pictures a discriminator judges: reconstructions and pictures of normal vectors.

    The makers' loss is the autoencoder's plus ``adversarial`` times the generator's. Larsen et al. 2016, "Autoencoding beyond
    pixels"; the reconstruction is measured in pixels here.
    """

    noises = 2  # one around the posterior's mean, one of the prior

    def __init__(self, spec: VaeSpec) -> None:
        if spec.game is None:
            raise ValueError("a VAE without game needs no discriminator; build it with core.generators.vae.build_vae")
        whole = build_vae(spec)
        makers = [whole.get_layer("encoder"), whole.get_layer("decoder")]
        super().__init__(makers, build_encoder(spec.network, 1, name="discriminator"), spec.game)
        self.whole, self.spec = whole, spec

    def made(self, weights: Weights, pictures: Any, noise: Any) -> tuple[Any, Any, dict[str, Any]]:
        encoder, decoder = self.makers
        count = len(encoder.trainable_variables)
        posterior = self.run(encoder, weights[:count], pictures)  # (batch, 2 latent)
        vectors = reparameterised(posterior, noise[:, 0])  # (batch, latent)
        half = ops.shape(vectors)[0] // 2
        made = self.run(decoder, weights[count:], ops.concatenate([vectors, noise[:half, 1]]))  # (batch + half, ...)
        batch = ops.shape(vectors)[0]
        error = ops.mean(RECONSTRUCTION_LOSSES[self.spec.reconstruction](pictures, made[:batch]))
        apart = ops.mean(divergence(None, posterior))
        own = error + self.spec.beta * apart
        # As many made pictures as the data's: the reconstructions of one half, and those of normal vectors.
        return made[half:], own, {"reconstruction_loss": error, "posterior_loss": apart}

    def shown(self, weights: Weights, pictures: Any, noise: Any) -> Any:
        encoder, decoder = self.makers
        count = len(encoder.trainable_variables)
        half = ops.shape(pictures)[0] // 2
        # What ``made`` gives, without the reconstructions that only its own loss needs.
        posterior = self.run(encoder, weights[:count], pictures[half:])  # (batch - half, 2 latent)
        vectors = ops.concatenate([reparameterised(posterior, noise[half:, 0]), noise[:half, 1]])  # (batch, latent)
        return self.run(decoder, weights[count:], vectors)

    def combined(self, own: Any, adversarial: Any) -> Any:
        return own + self.spec.adversarial * adversarial


def build_vae_gan(spec: VaeSpec) -> VaeGan:
    """Autoencoder and discriminator, uncompiled; what is stored is ``whole``, the autoencoder."""
    return VaeGan(spec)
