"""A TrainSpec -> an optimiser with its schedule."""

from itertools import pairwise
from typing import Any

from core.specs import OPTIMIZERS, TrainSpec

RESTARTED = 0.5  # of the peak rate, where a cosine begins anew


def make_optimizer(spec: TrainSpec, model: Any, steps_per_epoch: int, first_step: int = 0, ramp: int = 0) -> Any:
    """The ``keras.optimizers.Optimizer`` that ``spec`` describes; biases and other vectors are not decayed.

    first_step: how far into the schedule it begins. Its own count begins at 0 even so, as its moments do: Adam divides them by
    ``1 - beta ** count``, which with another count makes the first steps several times too long. ramp: steps over which the
    rate then rises to the schedule's.
    """
    decay = spec.weight_decay if spec.weight_decay or spec.optimizer == "adamw" else None  # AdamW has 0.004 of its own
    optimizer = _kind(spec.optimizer)(
        learning_rate=make_schedule(spec, steps_per_epoch, first_step, ramp),
        weight_decay=decay,
        global_clipnorm=spec.clip_norm,
        use_ema=spec.ema > 0,
        ema_momentum=spec.ema or 0.99,
    )
    if decay:
        vectors = [variable for variable in model.trainable_variables if len(variable.shape) < 2]
        optimizer.exclude_from_weight_decay(var_list=vectors)
    return optimizer


def _kind(name: str) -> Any:
    """The class of an optimiser; Adam and AdamW in one pass over each variable where there is such a kernel."""
    import keras

    if keras.backend.backend() == "tensorflow" and name in ("adam", "adamw"):
        from core.lean_layers import OnePassAdam, OnePassAdamW

        return OnePassAdam if name == "adam" else OnePassAdamW
    return getattr(keras.optimizers, OPTIMIZERS[name])


def make_schedule(spec: TrainSpec, steps_per_epoch: int, first_step: int = 0, ramp: int = 0) -> Any:
    """The learning rate as Keras takes it: a float, or a function of the step counted from ``first_step``.

    With W steps of warm-up of T in all, step 0, 1, ... has ``rate (1 + step (W - 1) / W) / W`` up to the peak at step W; with
    ``cosine`` then ``rate (1 + cos(pi (step - W) / (T - W))) / 2``; Loshchilov & Hutter 2017, equation 5. With
    ``spec.restart_epochs`` T ends at the first of them, and a cosine from half the rate follows each. With ``ramp`` the first
    steps from ``first_step`` on have 1, 2, ... parts of so many of that.
    """
    import keras

    constant = spec.schedule == "constant"
    warmup = round(spec.warmup_epochs * steps_per_epoch)
    if constant and not warmup and not ramp:
        return float(spec.learning_rate)  # Keras takes no int
    # A cosine of one step that goes down to 1 stays there, whatever epochs there are: they may grow while one trains.
    ends = [epoch * steps_per_epoch for epoch in spec.ends]
    total, lowest = (warmup + 1, 1.0) if constant else (ends[0], 0.0)
    warmup = min(warmup, total - 1)
    cosine = keras.optimizers.schedules.CosineDecay
    if warmup:
        schedule = cosine(
            spec.learning_rate / warmup,  # not 0: the first step is to learn something
            total - warmup,
            alpha=lowest,
            warmup_target=spec.learning_rate,
            warmup_steps=warmup,
        )
    else:
        schedule = cosine(spec.learning_rate, total, alpha=lowest)
    if not first_step and not ramp and len(ends) == 1:
        return schedule

    from core.layers import LaterSchedule, TwoSchedules

    for restart, end in pairwise(ends):
        schedule = TwoSchedules(schedule, cosine(spec.learning_rate * RESTARTED, end - restart), restart)
    return LaterSchedule(schedule, first_step, ramp) if first_step or ramp else schedule
