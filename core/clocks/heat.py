"""Why a model reads what it reads: which pixels speak for the time that it gives."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core import registry
from core.clocks.forms import FORMS, form_of
from core.clocks.time import MINUTES
from core.images import Picture, adjust_gamma, fit_square, to_grey

NEAR = 3  # minutes around the reading whose bins count as the reading
STEPS = 24  # pictures on the way from the baseline: on trained readers the sum is then within a few percent
BASELINE_BLUR = 0.15  # of the side: the baseline keeps the picture's light and nothing that tells the time
ORANGE = (255, 106, 0)
GROUND, LIGHTEST = 0.3, 0.85  # black and white of a picture that heat is laid over: orange is told from both
COVER = 0.9  # of the hottest pixels


def model_input(picture: Picture, model: registry.TrainedModel, gamma: float = 1.0) -> NDArray[np.float32]:
    """A picture, uint8 (height, width[, 3]) of any size, as the model takes it: float32 (side, side) in [0, 1].

    gamma: it is raised to it first, (0, 10], then to the gamma that the model learned under, as in ``reading``.
    """
    square = fit_square(to_grey(picture), int(model.card.extra["side"]))[0]
    own_gamma = float(model.card.extra.get("gamma", 1.0))
    return np.asarray(adjust_gamma(adjust_gamma(square / np.float32(255), gamma), own_gamma), np.float32)


def answers_with_numbers(model: registry.TrainedModel) -> bool:
    """Whether some output of a model is a plain number: its score then belongs to no time, and a sign says nothing."""
    form = form_of(model.card)
    return form is not None and any(activation == "linear" for _, activation in FORMS[form].outputs.values())


def integrated_gradients(
    model: registry.TrainedModel, picture: NDArray[np.floating[Any]], minutes: float, steps: int = STEPS
) -> NDArray[np.float32]:
    """How much each pixel adds to the model's score of ``minutes``, compared with the picture blurred beyond recognition.

    picture: (side, side) in [0, 1], as the model takes it. Returns float32 (side, side), signed; the sum is close to
    score(picture) - score(blurred), where the score is the logarithm of the probability within 3 minutes (of the class, for
    classes), or the number itself where the model answers with numbers. Sundararajan, Taly & Yan 2017, "Axiomatic attribution
    for deep networks"; a blurred baseline after Sturmfels, Lundberg & Lee 2020. Needs the TensorFlow backend.
    """
    import keras
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(f"heat maps need KERAS_BACKEND=tensorflow; got {keras.backend.backend()}")
    if picture.ndim != 2:
        raise ValueError(f"picture must be (side, side); got {picture.shape}")
    shown = picture.astype(np.float32)
    blurred = baseline(shown)
    # Midpoints of equal pieces of the straight way between the two.
    shares = ((np.arange(steps) + 0.5) / steps).astype(np.float32)[:, None, None]
    way = (blurred + shares * (shown - blurred))[..., None]  # (steps, side, side, 1)
    with tf.GradientTape() as tape:
        x = tf.convert_to_tensor(way)
        tape.watch(x)
        total = tf.reduce_sum(_score(model.model(x, training=False), minutes))
    slopes = tape.gradient(total, x).numpy()[..., 0].mean(0)  # (side, side)
    return np.asarray(slopes * (shown - blurred), np.float32)


def baseline(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """The picture so blurred that no hand is left."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), BASELINE_BLUR * picture.shape[0], borderType=cv2.BORDER_REPLICATE))


def _score(outputs: Any, minutes: float) -> Any:
    """(steps,) how strongly outputs say ``minutes``."""
    from keras import ops

    if isinstance(outputs, dict) and "bins" in outputs:
        logits = ops.cast(outputs["bins"], "float32")
        apart = np.abs((np.arange(MINUTES) - minutes + MINUTES / 2) % MINUTES - MINUTES / 2)
        near = np.where(apart <= NEAR, 0.0, -1e9).astype(np.float32)
        return ops.logsumexp(logits + near, axis=-1) - ops.logsumexp(logits, axis=-1)
    parts = outputs.values() if isinstance(outputs, dict) else [outputs]
    return sum(_of_one(ops.cast(part, "float32"), minutes, ops) for part in parts)


def _of_one(part: Any, minutes: float, ops: Any) -> Any:
    """The score of one output of a report's network: classes of the day's half or of the hour, or plain numbers."""
    units = int(part.shape[-1])
    if units <= 4:  # numbers
        return ops.sum(part, axis=-1)
    # 12 hours, 24 halves and 720 minutes divide the dial; 30 pairs of minutes divide the hour.
    index = int(minutes % 60 // 2) if units == 30 else int(minutes * units // MINUTES) % units
    return ops.log(part[:, index] + 1e-9)


def glowing(picture: NDArray[np.floating[Any]], heat: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """A picture and its heat, both (side, side) in [0, 1], as one to look at: uint8 (side, side, 3), grey under orange.

    Black and white are taken to greys first, so that orange shows on both.
    """
    if picture.shape != heat.shape or picture.ndim != 2:
        raise ValueError(f"picture and heat must both be (side, side); got {picture.shape} and {heat.shape}")
    grey = (GROUND + (LIGHTEST - GROUND) * picture)[..., None]  # (side, side, 1)
    cover = COVER * np.clip(heat, 0, 1)[..., None]
    mixed = grey * (1 - cover) + np.array(ORANGE) / 255 * cover  # (side, side, 3)
    return np.rint(255 * np.clip(mixed, 0, 1)).astype(np.uint8)


def heat_map(attributions: NDArray[np.floating[Any]], blur: float = 0.02) -> NDArray[np.float32]:
    """Attributions (side, side) as something to look at: their size, smoothed a little, 1 at its brightest percent."""
    size = cv2.GaussianBlur(np.abs(attributions).astype(np.float32), (0, 0), max(blur * attributions.shape[0], 0.3))
    top = float(np.percentile(size, 99))
    return np.clip(size / top, 0, 1) if top > 0 else np.zeros_like(size)
