"""A TrainSpec -> an optimiser with its schedule."""

from typing import Any

from core.specs import TrainSpec

OPTIMIZERS = {
    "adam": "Adam",
    "adamw": "AdamW",
    "adamax": "Adamax",
    "nadam": "Nadam",
    "rmsprop": "RMSprop",
    "sgd": "SGD",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
}


def make_optimizer(spec: TrainSpec, model: Any, steps_per_epoch: int) -> Any:
    """The ``keras.optimizers.Optimizer`` that ``spec`` describes; biases and other vectors are not decayed."""
    import keras

    if spec.optimizer not in OPTIMIZERS:
        raise ValueError(f"optimizer must be one of {', '.join(OPTIMIZERS)}; got {spec.optimizer!r}")
    decay = spec.weight_decay if spec.weight_decay or spec.optimizer == "adamw" else None  # AdamW has 0.004 of its own
    optimizer = getattr(keras.optimizers, OPTIMIZERS[spec.optimizer])(
        learning_rate=make_schedule(spec, steps_per_epoch),
        weight_decay=decay,
        global_clipnorm=spec.clip_norm,
        use_ema=spec.ema > 0,
        ema_momentum=spec.ema or 0.99,
    )
    if decay:
        vectors = [variable for variable in model.trainable_variables if len(variable.shape) < 2]
        optimizer.exclude_from_weight_decay(var_list=vectors)
    return optimizer


def make_schedule(spec: TrainSpec, steps_per_epoch: int) -> Any:
    """The learning rate as Keras takes it: a float, or with ``cosine`` a function of the step.

    With W steps of warm-up of T in all, step 0, 1, ... has ``rate (1 + step (W - 1) / W) / W`` up to the peak at step W, then
    ``rate (1 + cos(pi (step - W) / (T - W))) / 2``; Loshchilov & Hutter 2017, equation 5, without restarts.
    """
    import keras

    if spec.schedule == "constant":
        return spec.learning_rate
    total = spec.epochs * steps_per_epoch
    warmup = min(round(spec.warmup_epochs * steps_per_epoch), total - 1)
    if not warmup:
        return keras.optimizers.schedules.CosineDecay(spec.learning_rate, total)
    return keras.optimizers.schedules.CosineDecay(
        spec.learning_rate / warmup,  # not 0: the first step is to learn something
        total - warmup,
        warmup_target=spec.learning_rate,
        warmup_steps=warmup,
    )
