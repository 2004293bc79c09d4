"""Does what a model found form a dial? Points in a picture -> the view of a flat dial that fits them, and how well."""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.clocks.face import fixed_marks
from core.clocks.styles import REPORT
from core.clocks.time import minutes_from_hands

NUMERAL_RADIUS = REPORT.numerals.radius  # in dial radii, on the course's clock
_FIXED = [0, 1, *range(4, 15)]  # hub and numerals among ``face.POINTS``
MISFIT_LIMIT = 0.06  # of 720 validation pictures the worst misfit is 0.043; of noise and blank ones the best is 0.14


def fit_dial(points: NDArray[np.float64]) -> tuple[float, NDArray[np.float64] | None]:
    """How far hub and numerals lie from a flat dial seen in perspective, and that view.

    points: (15, 2) pixels in the order of ``face.POINTS``. Returns the root mean square distance in dial radii, infinite
    when no view fits, and the (3, 3) homography from the dial's plane to pixels, or None.
    """
    plane = fixed_marks(NUMERAL_RADIUS)[_FIXED]
    seen = np.asarray(points, float)[_FIXED]
    if not np.isfinite(seen).all():
        return float("inf"), None
    view, _ = cv2.findHomography(plane, seen)
    # The determinant is 0 for a dial squeezed into a line and negative for one in a mirror.
    if view is None or np.linalg.det(view / view[2, 2]) < 1e-9:
        return float("inf"), None
    fitted = cv2.perspectiveTransform(plane[None], view)[0]
    radius = float(np.linalg.norm(fitted[1:] - fitted[0], axis=1).mean()) / NUMERAL_RADIUS
    misfit = float(np.sqrt(((fitted - seen) ** 2).sum(1).mean())) / radius if radius > 0 else float("inf")
    return (misfit, np.asarray(view, float)) if np.isfinite(misfit) else (float("inf"), None)


def minutes_of_tips(points: NDArray[np.float64], view: NDArray[np.float64]) -> float:
    """The time in [0, 720) that both tips show on the dial seen through ``view``."""
    tips = cv2.perspectiveTransform(np.asarray(points, float)[None, 2:4], np.linalg.inv(view))[0]  # (2, 2), the dial's plane
    hour, minute = np.arctan2(tips[:, 0], -tips[:, 1])
    return float(minutes_from_hands(hour, minute))
