"""How the generators and the leaf classifier are trained: the reports' and our own.

2023 names 50 epochs and the latent sizes; the layers as far as ``networks`` says. It leaves open optimiser, rate, batch and
reconstruction loss: Adam, 0.001 and 32 with cross-entropy for the autoencoders, 0.0002 with beta_1 of 0.5 (Radford et al. 2016)
for the networks at play are ours. 2022 says of its faces only that both models are of the same blocks; 64 filters, 128 latent
numbers, batches of 64 and 20 epochs of the 24,000 are ours, and so is training in mixed_bfloat16, which is faster on processors
that have it.

Minutes of one core that multiplies bfloat16, to plan with: the leaf classifier 10; vae-leaves-* 20 each; gan-leaves 43;
vae-faces 24; gan-faces 44; ours about 65 each. Two cores take a little more than half of that.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from core.datasets import DATASETS, load_dataset
from core.generators.data import GameData, LeafData, VaeData, as_floats, as_pictures
from core.generators.evaluation import CLASSIFIER, generator_figures, sized_parts
from core.generators.latent import random_vectors
from core.generators.specs import AdversarialSpec, GanSpec, LeafClassifierSpec, NetworkSpec, VaeSpec
from core.generators.stored import TASK
from core.images import Picture
from core.recipes import Recipe
from core.registry import TrainedModel
from core.specs import TrainSpec

SAMPLES = 8  # pictures of the same vectors that are kept by epoch
SAMPLES_SEED = 2023
VAE_TRAINING = TrainSpec(epochs=50, batch_size=32, learning_rate=1e-3, seed=2023, precision="mixed_bfloat16")
GAN_TRAINING = replace(VAE_TRAINING, learning_rate=2e-4)
# Ours: many short steps, for of a time that is given small batches make the most (Liu et al. 2021, FastGAN, has 8), and what
# is stored is the average of the last thousand or so. Epochs are what two cores manage in an hour; the rate is constant, so
# that with more of them a run goes on from its checkpoint.
BEST_TRAINING = replace(GAN_TRAINING, batch_size=32, ema=0.999)
BEST_GAME = AdversarialSpec(
    loss="relativistic",
    penalty=0.25,
    penalty_share=0.125,
    augment=("colour", "translation", "cutout"),
    beta_1=0.0,
    beta_2=0.99,
)
# Narrower than the default, and slopes of every eighth picture: 1.7 times as many steps in the time that two cores have.
RESIDUAL_64 = NetworkSpec(side=64, latent=128, design="residual", widths=(128, 96, 64, 32), picture_widths=(128, 96, 64, 32))
REPORT_FACES = NetworkSpec(side=64, latent=128, filters=64)


@dataclass(frozen=True)
class System:
    """One model: a row of the reports, or ours beyond them."""

    model_id: str
    title: str
    summary: str
    spec: GanSpec | VaeSpec
    training: TrainSpec
    data: str
    report: str | None = None

    @property
    def kind(self) -> str:
        return "gan" if isinstance(self.spec, GanSpec) else "vae"


def _systems() -> list[System]:
    leaves_vae = [
        System(
            f"vae-leaves-{latent}",
            f"VAE of leaves, {latent} latent numbers (2023)",
            "The report's blocks on 32 x 32 pixels: smooth and blurred, whatever the length of the vector.",
            VaeSpec(NetworkSpec(latent=latent)),
            VAE_TRAINING,
            "plant-leaves",
            "2023",
        )
        for latent in (32, 64, 128)
    ]
    return [
        *leaves_vae,
        System(
            "gan-leaves",
            "GAN of leaves (2023)",
            "The report's generator and discriminator: sharper than the autoencoder, and far from real leaves.",
            GanSpec(),
            GAN_TRAINING,
            "plant-leaves",
            "2023",
        ),
        System(
            "vae-faces",
            "VAE of faces (2022)",
            "Strided convolutions and back: hair and eyes vary, all is blurred.",
            VaeSpec(REPORT_FACES),
            replace(VAE_TRAINING, epochs=20, batch_size=64),
            "anime-faces",
            "2022",
        ),
        System(
            "gan-faces",
            "GAN of faces (2022)",
            "The same blocks against each other: sharper, with faults.",
            GanSpec(REPORT_FACES),
            replace(GAN_TRAINING, epochs=20, batch_size=64),
            "anime-faces",
            "2022",
        ),
        System(
            "gan-leaves-best",
            "GAN of leaves, ours",
            "Residual networks, a relativistic game with gradient penalties, differentiable augmentation, averaged weights.",
            # No cutout: in so few epochs the discriminator does not learn 8,364 pictures by heart, and it only slows.
            GanSpec(RESIDUAL_64, replace(BEST_GAME, augment=("colour", "translation"))),
            replace(BEST_TRAINING, epochs=70),
            "plant-leaves",
        ),
        System(
            "gan-faces-best",
            "GAN of faces, ours",
            "Residual networks, a relativistic game with gradient penalties, differentiable augmentation, averaged weights.",
            GanSpec(RESIDUAL_64, replace(BEST_GAME, augment=("translation",))),
            replace(BEST_TRAINING, epochs=30),
            "anime-faces",
        ),
        System(
            "vae-faces-best",
            "VAE of faces, ours",
            "A discriminator beside the autoencoder judges what it makes, so that hair and eyes get edges.",
            VaeSpec(RESIDUAL_64, "squared", beta=0.2, game=replace(BEST_GAME, augment=(), beta_1=0.5), adversarial=10.0),
            replace(BEST_TRAINING, epochs=24),
            "anime-faces",
        ),
    ]


# --- parts of a recipe -----------------------------------------------------------------------------------------------


def _build(spec: GanSpec | VaeSpec) -> Any:
    if isinstance(spec, GanSpec):
        from core.generators.gan import build_gan

        return build_gan(spec)
    if spec.game is not None:
        from core.generators.gan import build_vae_gan

        return build_vae_gan(spec)
    from core.generators.vae import build_vae

    return build_vae(spec)


def _losses(spec: GanSpec | VaeSpec) -> tuple[Any, Any, Any]:
    if isinstance(spec, GanSpec) or spec.game is not None:
        return None, None, None  # the game has its own
    from core.generators.vae import vae_losses

    return *vae_losses(spec), None


def _kept(spec: GanSpec | VaeSpec) -> Callable[[Any], Any] | None:
    """What of a trained model is stored: the generator alone, or the autoencoder without its discriminator."""
    if isinstance(spec, GanSpec):
        return lambda model: model.makers[0]
    return None if spec.game is None else lambda model: model.whole


def decoder_of(model: Any, spec: GanSpec | VaeSpec) -> Any:
    """What makes pictures in a model under training: vector -> picture."""
    if isinstance(spec, GanSpec) or spec.game is not None:
        return model.makers[-1]
    return model.get_layer("decoder")


def _samples(spec: GanSpec | VaeSpec, model: Any) -> Picture:
    vectors = random_vectors(SAMPLES_SEED, SAMPLES, spec.network.latent)
    return as_pictures(decoder_of(model, spec)(vectors, training=False))


def training_data(spec: GanSpec | VaeSpec, train: Picture, valid: Picture | None, mirror: bool) -> VaeData | GameData:
    """Pictures uint8 (n, side, side, 3) as the model of ``spec`` learns from them; only plain autoencoders are validated."""
    if isinstance(spec, GanSpec):
        return GameData(train, spec.network.latent, 1, mirror)
    if spec.game is not None:
        return GameData(train, spec.network.latent, 2, mirror)
    return VaeData(train, valid, mirror)


def generator_recipe(
    system: System,
    data: Callable[[TrainSpec], Any],
    data_name: str,
    data_licence: str,
    figures: Callable[[TrainedModel], dict[str, float]],
    data_version: Callable[[], str] = str,
) -> Recipe:
    """The recipe of one generator, whatever its pictures."""
    spec = system.spec
    game = isinstance(spec, GanSpec) or spec.game is not None
    builder = ("gan.build_gan" if isinstance(spec, GanSpec) else "gan.build_vae_gan") if game else "vae.build_vae"
    network = spec.network
    return Recipe(
        model_id=system.model_id,
        title=system.title,
        summary=system.summary,
        network=f"core.generators.{builder}",
        spec=spec,
        training=system.training,
        data_name=data_name,
        data_licence=data_licence,
        build=_build,
        data=data,
        losses=partial(_losses, spec),
        figures=figures,
        report=system.report,
        extra={"task": TASK, "kind": system.kind, "side": network.side, "latent": network.latent, "data": system.data},
        data_version=data_version,
        kept=_kept(spec),
        samples=partial(_samples, spec),
    )


def _recipe(system: System) -> Recipe:
    def data(_: TrainSpec) -> VaeData | GameData:
        train, valid, _test = sized_parts(system.data, system.spec.network.side)
        # The reports learn from pictures as they are; a leaf or a face mirrored is as good as another one.
        return training_data(system.spec, train, valid, mirror=system.report is None)

    info, side = DATASETS[system.data], system.spec.network.side
    how = f"training part, {side} x {side} pixels" + (
        "" if side == info.shape[0] else ", every second one of each row and column"
    )
    return generator_recipe(system, data, f"{info.title}: {how}", info.licence, generator_figures)


# --- the leaf classifier ---------------------------------------------------------------------------------------------


def _leaf_data(_: TrainSpec) -> LeafData:
    data = load_dataset("plant-leaves")
    return LeafData(data.train.images, data.train.labels, (as_floats(data.valid.images), data.valid.labels))


def _leaf_figures(model: TrainedModel) -> dict[str, float]:
    """Accuracy on the test part, and what being sure means: the share of sure answers, and how many of them are right."""
    from core.generators.quality import CONFIDENT

    test = load_dataset("plant-leaves").test
    chances = np.asarray(model(as_floats(test.images)))  # (n, classes)
    right, sure = chances.argmax(1) == test.labels, chances.max(1) >= CONFIDENT
    figures = {"accuracy": float(right.mean()), "confident_share": float(sure.mean())}
    return figures | ({"accuracy_of_confident": float(right[sure].mean())} if sure.any() else {})


def _build_leaf_classifier(spec: LeafClassifierSpec) -> Any:
    from core.generators.leaf_classifier import build_leaf_classifier

    return build_leaf_classifier(spec)


def _leaf_recipe() -> Recipe:
    info = DATASETS["plant-leaves"]
    return Recipe(
        model_id=CLASSIFIER,
        title="Leaf classifier",
        summary="Tells the plants and their diseases apart; generated leaves are judged and measured in its last hidden layer.",
        network="core.generators.leaf_classifier.build_leaf_classifier",
        spec=LeafClassifierSpec(classes=len(info.classes)),
        training=TrainSpec(
            epochs=60,
            batch_size=64,
            learning_rate=2e-3,
            optimizer="adamw",
            weight_decay=0.02,
            schedule="cosine",
            warmup_epochs=2,
            seed=2023,
            precision="mixed_bfloat16",
        ),
        data_name=f"{info.title}: training part",
        data_licence=info.licence,
        build=_build_leaf_classifier,
        data=_leaf_data,
        losses=lambda: ("sparse_categorical_crossentropy", None, ["accuracy"]),
        figures=_leaf_figures,
        extra={"task": "leaf-classes", "side": 64},
        settle=20,
    )


def recipes() -> list[Recipe]:
    """The leaf classifier, which measures the others, then the generators in the order of the reports, ours last."""
    return [_leaf_recipe(), *(_recipe(system) for system in _systems())]
