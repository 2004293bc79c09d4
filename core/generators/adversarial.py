"""Two networks at play, on TensorFlow and on JAX: in each step the discriminator learns first, then what makes pictures.

To Keras and to ``core.training`` the model is what makes pictures: its weights are the trainable ones, which the optimiser
moves and averages. The discriminator with an optimiser of its own is the rest of the state. All chance comes with the batch, so
that both backends do the same and a run goes on from a checkpoint as if it had not stopped.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import keras
from keras import ops

from core.generators.augment import augment
from core.generators.losses import discriminator_loss, generator_loss, slope_penalty
from core.generators.specs import AdversarialSpec
from core.gradients import value_and_slopes

Weights = list[Any]


class Adversarial(keras.Model):
    """What makes pictures (one network or several) and a discriminator that tells them from the data's.

    makers: networks without state beside their weights; ``made`` says how they make pictures. discriminator: picture ->
    logit (batch, 1). A batch is a dict: ``pictures`` uint8 (batch, side, side, 3), ``noise`` float32 (batch, 2 noises,
    latent), normal, and ``dice`` float32 (batch, 4, DICE) in [0, 1), half of each for either step.
    """

    noises = 1  # vectors that a step takes for each picture

    def __init__(self, makers: Sequence[keras.Model], discriminator: keras.Model, game: AdversarialSpec) -> None:
        super().__init__(name="adversarial")
        for network in (*makers, discriminator):
            if network.non_trainable_variables:
                raise ValueError(f"{network.name} keeps state beside its weights (batch norm, say); play without such layers")
        self.makers, self.discriminator, self.game = list(makers), discriminator, game
        self.discriminator_optimizer: Any = None
        self.built = True

    # --- what Keras sees ---------------------------------------------------------------------------------------------

    @property
    def trainable_variables(self) -> list[Any]:
        """Of what makes pictures."""
        return [variable for network in self.makers for variable in network.trainable_variables]

    @property
    def non_trainable_variables(self) -> list[Any]:
        """The discriminator's weights, then the state of its optimiser."""
        moments = [] if self.discriminator_optimizer is None else self.discriminator_optimizer.variables
        return [*self.discriminator.trainable_variables, *moments]

    @property
    def variables(self) -> list[Any]:
        """All of the state but the optimiser's."""
        return [*self.trainable_variables, *self.non_trainable_variables]

    def get_config(self) -> dict[str, Any]:
        networks = [network.get_config() for network in (*self.makers, self.discriminator)]
        return {"networks": networks, "game": asdict(self.game)}

    def call(self, vectors: Any, training: bool | None = None) -> Any:
        """Pictures (batch, side, side, 3) from vectors (batch, latent)."""
        return self.makers[-1](vectors, training=training)

    def compile(self, optimizer: Any, **options: Any) -> None:
        """``optimizer``: an Adam; the discriminator gets one like it. Losses are the game's and cannot be given."""
        if any(options.get(name) is not None for name in ("loss", "metrics", "loss_weights")):
            raise ValueError("the game has its own losses; give no loss, loss_weights or metrics")
        if not hasattr(optimizer, "beta_1"):
            raise ValueError(f"optimizer must be one of Adam's kind, with beta_1 and beta_2; got {type(optimizer).__name__}")
        if self.discriminator.compute_dtype == "float16":
            raise ValueError("precision must be float32 or mixed_bfloat16: two losses cannot share one scale of float16")
        if not isinstance(optimizer.get_config()["learning_rate"], float):
            raise ValueError("schedule must be 'constant' and warmup_epochs 0: a game has no end to fall towards")
        betas = {"beta_1": self.game.beta_1, "beta_2": self.game.beta_2}
        config = optimizer.get_config() | {**betas, "use_ema": False, "name": "discriminator_optimizer"}
        config["learning_rate"] *= self.game.rate_ratio
        optimizer.beta_1, optimizer.beta_2 = self.game.beta_1, self.game.beta_2
        other = type(optimizer).from_config(config)
        other.build(self.discriminator.trainable_variables)
        self.discriminator_optimizer = other
        super().compile(optimizer=optimizer, jit_compile=options.get("jit_compile", "auto"))

    # --- the game ----------------------------------------------------------------------------------------------------

    def made(self, weights: Weights, pictures: Any, noise: Any) -> tuple[Any, Any, dict[str, Any]]:
        """Made pictures (batch, side, side, 3), the makers' own loss, and what is noted of it.

        weights: of all makers; pictures float32 in [0, 1]; noise (batch, noises, latent).
        """
        return self.run(self.makers[0], weights, noise[:, 0]), 0.0, {}

    def shown(self, weights: Weights, pictures: Any, noise: Any) -> Any:
        """The pictures of ``made`` alone, which the discriminator learns from."""
        return self.made(weights, pictures, noise)[0]

    def combined(self, own: Any, adversarial: Any) -> Any:
        """The makers' whole loss."""
        return own + adversarial

    @staticmethod
    def run(network: keras.Model, weights: Weights, inputs: Any) -> Any:
        """The network with other weights than its own."""
        return network.stateless_call(weights, [], inputs, training=True)[0]

    def logits(self, weights: Weights, pictures: Any) -> Any:
        """(batch,) of the discriminator with ``weights``."""
        return self.run(self.discriminator, weights, pictures)[:, 0]

    def _discriminator_turn(self, weights: Weights, makers: Weights, batch: dict[str, Any]) -> tuple[Any, Any]:
        """The discriminator's loss as a function of its weights."""
        pictures, noise, dice = batch["pictures"], batch["noise"], batch["dice"]
        made = ops.stop_gradient(self.shown(makers, pictures, noise[:, : self.noises]))
        real = augment(pictures, dice[:, 0], self.game.augment)  # (batch, side, side, 3)
        made = augment(made, dice[:, 1], self.game.augment)
        # One pass for both halves: larger products, and half the calls.
        both = self.logits(weights, ops.concatenate([real, made]))  # (2 batch,)
        real_logits, made_logits = ops.split(both, 2)
        loss = discriminator_loss(self.game.loss, real_logits, made_logits)
        if self.game.penalty:
            every = max(1, round(1 / self.game.penalty_share))
            some = ops.concatenate([real[::every], made[::every]])
            # gamma / 2 for each of two means over as many pictures: gamma times the mean over both.
            loss = loss + self.game.penalty * self._penalty(weights, some)
        return loss, self._known(real_logits, made_logits)

    def _known(self, real: Any, made: Any) -> dict[str, Any]:
        """What the discriminator knows, from logits (batch,): shares of pictures, or of pairs where only differences count."""
        right = (
            {"pairs_right": real > made}
            if self.game.loss == "relativistic"
            else {"real_right": real > 0, "made_right": made < 0}
        )
        return {name: ops.mean(ops.cast(values, "float32")) for name, values in right.items()}

    def _penalty(self, weights: Weights, pictures: Any) -> Any:
        def total(inputs: Any) -> tuple[Any, Any]:
            return ops.sum(self.logits(weights, inputs)), None

        return slope_penalty(value_and_slopes(total)(pictures)[1])

    def _makers_turn(self, weights: Weights, discriminator: Weights, batch: dict[str, Any]) -> tuple[Any, Any]:
        """The makers' loss as a function of their weights."""
        pictures, noise, dice = batch["pictures"], batch["noise"], batch["dice"]
        made, own, notes = self.made(weights, pictures, noise[:, self.noises :])
        made_logits = self.logits(discriminator, augment(made, dice[:, 3], self.game.augment))
        real_logits = None
        if self.game.loss == "relativistic":
            real_logits = self.logits(discriminator, augment(pictures, dice[:, 2], self.game.augment))
        loss = generator_loss(self.game.loss, real_logits, made_logits)
        return self.combined(own, loss), {"generator_loss": loss, **notes}

    @staticmethod
    def _as_floats(batch: dict[str, Any]) -> dict[str, Any]:
        return {**batch, "pictures": ops.cast(batch["pictures"], "float32") / 255.0}

    @staticmethod
    def _notes(first: Any, first_notes: dict[str, Any], second: Any, second_notes: dict[str, Any]) -> dict[str, Any]:
        return {"loss": first + second, "discriminator_loss": first, **first_notes, **second_notes}

    def train_step(self, *given: Any) -> Any:
        """One turn of each, as the backend's trainer calls it."""
        backend = keras.backend.backend()
        if backend == "jax":
            return self._jax_step(*given)
        if backend != "tensorflow":
            raise RuntimeError(f"networks play on KERAS_BACKEND=tensorflow or jax; got {backend}")
        return self._tensorflow_step(*given)

    def _tensorflow_step(self, data: Any) -> dict[str, Any]:
        import tensorflow as tf

        batch = self._as_floats(data[0])

        def values(variables: list[Any]) -> Weights:  # read now: Keras's own conversion would hand on the variables
            return [tf.convert_to_tensor(variable.value) for variable in variables]

        makers = values(self.trainable_variables)
        turn = value_and_slopes(self._discriminator_turn)
        (first, first_notes), slopes = turn(values(self.discriminator.trainable_variables), makers, batch)
        self.discriminator_optimizer.apply(slopes, self.discriminator.trainable_variables)
        learned = values(self.discriminator.trainable_variables)
        (second, second_notes), slopes = value_and_slopes(self._makers_turn)(makers, learned, batch)
        self.optimizer.apply(slopes, self.trainable_variables)
        return self._notes(first, first_notes, second, second_notes)

    def _jax_step(self, state: Any, data: Any) -> Any:
        makers, rest, moments, metrics = state
        count = len(self.discriminator.trainable_variables)
        weights, other_moments = rest[:count], rest[count:]
        batch = self._as_floats(data[0])
        turn = value_and_slopes(self._discriminator_turn)
        (first, first_notes), slopes = turn(weights, makers, batch)
        weights, other_moments = self.discriminator_optimizer.stateless_apply(other_moments, slopes, weights)
        (second, second_notes), slopes = value_and_slopes(self._makers_turn)(makers, weights, batch)
        makers, moments = self.optimizer.stateless_apply(moments, slopes, makers)
        return self._notes(first, first_notes, second, second_notes), (makers, [*weights, *other_moments], moments, metrics)
