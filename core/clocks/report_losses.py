"""What the reports' clock networks minimise and measure, by name: ``report_recipes`` trains by it, ``keras_code`` tells it."""

from typing import Any

OURS = ("custom_mae_as_published", "custom_mae_corrected", "custom_mse_as_published", "custom_mse_corrected")
MAE, MSE, CLASSES = "mean_absolute_error", "mean_squared_error", "categorical_crossentropy"
# A system's loss -> loss and metrics as ``compile`` takes them; those of ``OURS`` are functions of ``clocks.losses``.
LOSSES: dict[str, tuple[Any, Any]] = {
    "mae": (MAE, [OURS[0], OURS[1]]),
    "mse": (MSE, [MAE]),
    "custom-mse-as-published": (OURS[2], [MSE]),
    "custom-mse-corrected": (OURS[3], [MSE]),
    "classes": (CLASSES, ["accuracy"]),
    "two-classes": ({"hour": CLASSES, "minute": CLASSES}, {"hour": ["accuracy"], "minute": ["accuracy"]}),
    "classes-and-mae": ({"hour": CLASSES, "minute": MAE}, {"hour": ["accuracy"], "minute": [MSE]}),
    "classes-and-mse": ({"hour": CLASSES, "minute": MSE}, {"hour": ["accuracy"], "minute": [MAE]}),
}


def with_functions(part: Any) -> Any:
    """A part of ``LOSSES`` with our own functions in place of their names."""
    from core.clocks import losses

    if isinstance(part, dict):
        return {name: with_functions(one) for name, one in part.items()}
    if isinstance(part, list):
        return [with_functions(one) for one in part]
    return getattr(losses, part) if part in OURS else part


def as_code(part: Any) -> str:
    """The same as Python: names in quotes, our own functions without."""
    if isinstance(part, dict):
        return f"{{{', '.join(f'{as_code(name)}: {as_code(one)}' for name, one in part.items())}}}"
    if isinstance(part, list):
        return f"[{', '.join(map(as_code, part))}]"
    return part if part in OURS else f'"{part}"'
