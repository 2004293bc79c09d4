"""Features of Keras's Inception v3, which learned on ImageNet, where its weights lie on this machine.

It is not the network of 2015 that Fréchet distances in print are measured with (Heusel et al. 2017, section 4): other weights,
other enlarging. Figures come near those in print and are named apart from them. Nothing is downloaded here.
"""

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.images import Picture

WEIGHTS = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"  # as keras.applications keeps them
SIDE = 299
BATCH = 32
Features = Callable[[Picture], NDArray[np.float32]]


def weights_file() -> Path | None:
    """Where Keras has kept Inception's weights; None where it has not."""
    home = os.environ.get("KERAS_HOME")
    path = (Path(home) if home else Path.home() / ".keras") / "models" / WEIGHTS
    return path if path.is_file() else None


def load_inception(weights: Path) -> Features:
    """What makes features float32 (n, 2048) of pictures uint8 (n, any, any, 3), enlarged bilinearly to 299 x 299 pixels."""
    import keras

    network = keras.applications.InceptionV3(
        include_top=False, weights=str(weights), pooling="avg", input_shape=(SIDE, SIDE, 3)
    )

    def features(pictures: Picture) -> NDArray[np.float32]:
        found = []
        for start in range(0, len(pictures), BATCH):
            part = pictures[start : start + BATCH]
            large = np.stack([cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) for one in part])
            inputs = large.astype(np.float32) / np.float32(127.5) - np.float32(1)  # (batch, 299, 299, 3) in [-1, 1]
            found.append(np.asarray(keras.ops.convert_to_numpy(network(inputs, training=False)), np.float32))
        return np.concatenate(found)

    return features


def inception_or_none() -> Features | None:
    """``load_inception`` where the weights are, else None."""
    weights = weights_file()
    return None if weights is None else load_inception(weights)
