"""A ``TrainSpec`` as the lines of plain Keras that one would write by hand: optimiser, ``compile`` and ``fit``. Pure text.

Nothing here trains anything: ``optimizers`` and ``training`` do. Tests run the text and compare what it builds with theirs.
"""

from collections.abc import Sequence
from typing import Any

from core.specs import OPTIMIZERS, TrainSpec

AN_EPOCH = "steps"  # what the text calls the steps of an epoch


def call(name: str, *arguments: Any, **named: Any) -> str:
    """``name(1, 2, key=3)``. Arguments stand as they are, strings are code; a name that begins with ** stands alone."""
    said = [key if key.startswith("**") else f"{key}={value}" for key, value in named.items()]
    return f"{name}({', '.join([*map(str, arguments), *said])})"


def head(spec: TrainSpec, comments: Sequence[str]) -> list[str]:
    """Imports, what the data are, the seed, and the policy of the calculation."""
    lines = ["import keras", "from keras import layers", "", *(f"# {one}" for one in comments)]
    lines.append(f"keras.utils.set_random_seed({spec.seed})")
    if spec.precision != "float32":
        lines.append(f'keras.config.set_dtype_policy("{spec.precision}")')
    return [*lines, ""]


def output_dtype(spec: TrainSpec) -> dict[str, str]:
    """What an output layer is told: under a mixed policy its numbers are float32 all the same."""
    return {} if spec.precision == "float32" else {"dtype": '"float32"'}


def sequential(shape: tuple[int, ...], stack: Sequence[str]) -> list[str]:
    """A ``keras.Sequential`` of layers, each given as code."""
    return ["model = keras.Sequential([", f"    keras.Input({shape}),", *(f"    {layer}," for layer in stack), "])"]


def training_lines(spec: TrainSpec, loss: str, metrics: str, loss_weights: str = "") -> list[str]:
    """Optimiser, ``compile`` and ``fit``. loss, metrics, loss_weights: as code."""
    lines, rate = _rate(spec)
    optimizer = _optimizer(spec, rate)
    if spec.weight_decay:
        lines += [
            f"optimizer = {optimizer}",
            "vectors = [one for one in model.trainable_variables if len(one.shape) < 2]  # biases and their like",
            "optimizer.exclude_from_weight_decay(var_list=vectors)",
        ]
        optimizer = "optimizer"
    told = {"optimizer": optimizer, "loss": loss, "loss_weights": loss_weights, "metrics": metrics}
    lines += ["model.compile(", *(f"    {name}={code}," for name, code in told.items() if code), ")"]
    if spec.ema:
        lines.append("# Here the averaged weights are validated, too; fit takes them over at its end alone.")
    fit = call("model.fit", "x_train", "y_train", batch_size=spec.batch_size, epochs=spec.epochs)
    return [*lines, f"{fit[:-1]}, validation_data=(x_valid, y_valid))"]


def _optimizer(spec: TrainSpec, rate: str) -> str:
    named: dict[str, Any] = {"learning_rate": rate}
    if spec.weight_decay or spec.optimizer == "adamw":  # AdamW has 0.004 of its own
        named["weight_decay"] = spec.weight_decay
    if spec.clip_norm:
        named["global_clipnorm"] = spec.clip_norm
    if spec.ema:
        named |= {"use_ema": True, "ema_momentum": spec.ema}
    return call(f"keras.optimizers.{OPTIMIZERS[spec.optimizer]}", **named)


def _rate(spec: TrainSpec) -> tuple[list[str], str]:
    """Lines before the optimiser, and its learning rate as code; see ``optimizers.make_schedule``."""
    peak, constant = float(spec.learning_rate), spec.schedule == "constant"
    if constant and not spec.warmup_epochs:
        return [], str(peak)
    lines = [f"{AN_EPOCH} = -(-len(x_train) // {spec.batch_size})  # an epoch"]
    total = f"{spec.ends[0]} * {AN_EPOCH}"
    named: dict[str, Any] = {}
    begin, down = str(peak), total
    if spec.warmup_epochs:
        last = f"{total} - 1"
        whole = f"round({spec.warmup_epochs:g} * {AN_EPOCH})"
        lines.append(f"warmup = {f'min({whole}, {last})' if spec.warmup_epochs == spec.ends[0] and not constant else whole}")
        begin, down = f"{peak} / warmup", "1" if constant else f"{total} - warmup"
        named = {"warmup_target": peak, "warmup_steps": "warmup"}
    if constant:  # a cosine of one step that goes down to 1 stays there
        named = {"alpha": 1.0, **named}
    if spec.restart_epochs:
        ends = ", ".join(map(str, spec.restart_epochs))
        lines.append(f"# Here the rate begins anew at half its peak after epoch {ends}.")
    lines.append(f"rate = {call('keras.optimizers.schedules.CosineDecay', begin, down, **named)}")
    return lines, "rate"
