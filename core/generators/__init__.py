"""Pictures from vectors: variational autoencoders, adversarial networks, their latent spaces, and how good they are."""
