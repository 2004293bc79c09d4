"""Specs of the generators: networks, the adversarial game, the leaf classifier."""

from dataclasses import dataclass
from typing import Literal

from core.specs import check_range, check_whole

Design = Literal["report", "residual"]
DESIGNS = ("report", "residual")
SIDES = (32, 64, 128)
ADVERSARIAL_LOSSES = ("logistic", "hinge", "relativistic")
AUGMENTATIONS = ("colour", "translation", "cutout")
RECONSTRUCTIONS = ("binary", "squared")
DICE = 7  # numbers in [0, 1) for one picture: brightness, saturation, contrast, two of the shift, two of the cutout


def _check_one_of(name: str, value: object, known: tuple[object, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(map(str, known))}; got {value!r}")


@dataclass(frozen=True)
class NetworkSpec:
    """A pair of convolutional networks: vector -> picture, and picture -> numbers.

    side: pixels of the square pictures. latent: numbers in a vector. design: ``report`` (2023, section 3.2.2: strides of two
    and ReLU, ``filters`` in every layer) or ``residual`` (ours). widths, picture_widths: channels of the residual design at
    4 x 4, 8 x 8, ... half the side, of the network that makes pictures and of the one that looks at them.
    """

    side: int = 32
    latent: int = 256
    design: Design = "report"
    filters: int = 128
    widths: tuple[int, ...] = (224, 144, 96, 48)
    picture_widths: tuple[int, ...] = (192, 128, 80, 40)

    def __post_init__(self) -> None:
        _check_one_of("side", self.side, SIDES)
        _check_one_of("design", self.design, DESIGNS)
        check_whole("latent", self.latent, 1, 4096)
        check_whole("filters", self.filters, 1, 1024)
        levels = self.side.bit_length() - 3  # 4, 8, ... side / 2
        for name in ("widths", "picture_widths"):
            widths = getattr(self, name)
            if self.design == "residual" and len(widths) != levels:
                raise ValueError(
                    f"{name} needs {levels} numbers for pictures of {self.side} pixels, from 4 x 4 up; got {widths}: "
                    "add or leave out numbers at the end"
                )
            for width in widths:
                check_whole(f"a number in {name}", width, 1, 4096)


@dataclass(frozen=True)
class AdversarialSpec:
    """How generator and discriminator play.

    loss: ``logistic`` (Goodfellow et al. 2014, the generator's form that does not saturate), ``hinge`` (Lim & Ye 2017) or
    ``relativistic`` (Jolicoeur-Martineau 2019). penalty: weight gamma of the gradient penalties R1 on pictures of the data and
    R2 on made ones, gamma / 2 times the mean squared slope (Mescheder et al. 2018; Huang et al. 2024), 0 for none; pictures
    lie in [0, 1] here, so that a gamma for [-1, 1] is four times as large. penalty_share: the share of each batch that they
    look at, rounded to every n-th picture; it estimates the same mean for less work. augment: what
    differentiable augmentation does to all pictures before the discriminator sees them (Zhao et al. 2020). beta_1, beta_2:
    Adam's, of both networks. rate_ratio: the discriminator's learning rate over the generator's.
    """

    loss: Literal["logistic", "hinge", "relativistic"] = "logistic"
    penalty: float = 0.0
    penalty_share: float = 1.0
    augment: tuple[str, ...] = ()
    beta_1: float = 0.5
    beta_2: float = 0.999
    rate_ratio: float = 1.0

    def __post_init__(self) -> None:
        _check_one_of("loss", self.loss, ADVERSARIAL_LOSSES)
        check_range("penalty", self.penalty, 0, 1e4)
        check_range("penalty_share", self.penalty_share, 0, 1, open_low=True)
        check_range("beta_1", self.beta_1, 0, 1, open_high=True)
        check_range("beta_2", self.beta_2, 0, 1, open_low=True, open_high=True)
        check_range("rate_ratio", self.rate_ratio, 0, 100, open_low=True)
        for name in self.augment:
            _check_one_of("an entry of augment", name, AUGMENTATIONS)


@dataclass(frozen=True)
class GanSpec:
    """A generative adversarial network."""

    network: NetworkSpec = NetworkSpec()
    game: AdversarialSpec = AdversarialSpec()


@dataclass(frozen=True)
class VaeSpec:
    """A variational autoencoder.

    reconstruction: ``binary`` (cross-entropy) or ``squared`` error, summed over a picture's values. beta: weight of the
    divergence from the standard normal (Higgins et al. 2017). game: a discriminator beside it that makes pictures sharp
    (Larsen et al. 2016), None for none; adversarial: the weight of what it says.
    """

    network: NetworkSpec = NetworkSpec(latent=64)
    reconstruction: Literal["binary", "squared"] = "binary"
    beta: float = 1.0
    game: AdversarialSpec | None = None
    adversarial: float = 0.0

    def __post_init__(self) -> None:
        _check_one_of("reconstruction", self.reconstruction, RECONSTRUCTIONS)
        check_range("beta", self.beta, 0, 1e4)
        check_range("adversarial", self.adversarial, 0, 1e4)
        if (self.game is None) != (self.adversarial == 0):
            raise ValueError(
                f"game and adversarial go together; got {self.game!r} and {self.adversarial}: set both, or leave both out"
            )


@dataclass(frozen=True)
class LeafClassifierSpec:
    """A residual network that tells leaves apart; its last hidden layer gives the features that samples are measured in.

    side: pixels of the square colour input. widths: channels of each stage, every one halves the picture, as the stem does
    once before. features: units of the last hidden layer. dropout: before it.
    """

    side: int = 64
    classes: int = 35
    stem: int = 24
    widths: tuple[int, ...] = (48, 96, 160)
    features: int = 128
    dropout: float = 0.3

    def __post_init__(self) -> None:
        check_whole("side", self.side, 16, 256)
        check_whole("classes", self.classes, 2, 1000)
        for width in (self.stem, self.features, *self.widths):
            check_whole("stem, features and a number in widths", width, 1, 4096)
        check_range("dropout", self.dropout, 0, 1, open_high=True)
