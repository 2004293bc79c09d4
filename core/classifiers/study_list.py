"""The nine studies of both reports' first task by name, and how long they take."""

import math
from itertools import pairwise

from core.classifiers import studies_22, studies_23
from core.classifiers.architectures import ARCHITECTURES, Hidden, outline
from core.specs import ClassifierSpec, RunSpec
from core.trials import Study, TrialSpec

STUDIES: dict[str, Study] = {
    study.name: study
    for study in (
        studies_22.L16_MLP,
        studies_22.L16_CNN,
        studies_22.ARCHITECTURES,
        studies_22.CIFAR_22,
        studies_23.MLP_FORMS,
        studies_23.CNN_GRID,
        studies_23.CNN_GRID_BATCHNORM,
        studies_23.CIFAR_23,
        studies_23.KERAS_EXAMPLES,
    )
}

# Measured on two cores with AVX-512, with TensorFlow 2.21: batches of 128 pictures of 28 x 28, mixed_bfloat16 for CNNs, and
# for MLPs two workers of a thread each: 5.7 ms of a core a step of the MLP 512-512.
SECONDS_A_WEIGHT = 3.4e-11  # and picture, of an MLP
SECONDS_A_STEP = 5e-4  # whatever its batch
CNN_PICTURES_A_SECOND = {
    "cnn-22-basic": 1900,
    "keras-cnn": 1900,
    "cnn-22-custom": 600,
    "cnn-chapter-14": 650,
    "cnn-chapter-14-batchnorm": 600,
}
SECONDS_A_PRODUCT = 3e-11  # and picture, of a CNN that was not measured: these take 1.7 to 4.4
SECONDS_A_RUN = 5.0  # to build and compile
VALID_PICTURES, TEST_PICTURES = 6_000, 10_000
FORWARD = 1 / 3  # of the time of a training step


def products(network: ClassifierSpec) -> int:
    """Products of a weight with a number that a network takes for one picture: a weight counts at every place of its layer."""
    return sum(layer.weights * math.prod(layer.shape[:-1]) for layer in outline(network))


def estimated_seconds(trial: TrialSpec, run: RunSpec) -> float:
    """About how long two CPU cores need for ``run``, which does all of ``trial`` or a share."""
    architecture = ARCHITECTURES[run.network.architecture]
    height, width, channels = run.network.input_shape
    if architecture.kind == "mlp":
        sizes = [height * width * channels]
        sizes += [layer.units for layer in architecture.layers if isinstance(layer, Hidden)] + [run.network.classes]
        weights = sum(a * b for a, b in pairwise(sizes))
        a_picture = SECONDS_A_WEIGHT * weights
    else:
        known = CNN_PICTURES_A_SECOND.get(run.network.architecture)
        a_picture = height * width / 28**2 / known if known else SECONDS_A_PRODUCT * products(run.network)
    a_picture += SECONDS_A_STEP / run.training.batch_size
    epochs, pictures = run.training.epochs, run.pictures or trial.pictures_asked
    # Validation after every epoch; the test part once for its figures and once for its confusions.
    return SECONDS_A_RUN + a_picture * (epochs * pictures + FORWARD * (epochs * VALID_PICTURES + 2 * TEST_PICTURES))
