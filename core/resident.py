"""Training with all pictures in the memory of the device, many steps a call: for networks so small that a GPU waits for Python.

``training.train`` hands over one batch after another, which costs a few milliseconds each; a network of the reports takes a
tenth of that on a current GPU. Here a loop over steps is compiled whole, for JAX. Same order of pictures, same losses, same
optimiser, same mathematics and the same checkpoints: a run may go on either way.
"""

import functools
import time
from collections.abc import Callable, Generator
from typing import Any

import numpy as np

from core import paths, training
from core.batches import Done, epoch_order
from core.devices import device_name
from core.resident_data import ResidentData
from core.specs import TrainSpec
from core.training import TrainingResult

CALL_SECONDS = 1.0  # that a call shall take, so that a run can be stopped in between
FIRST_STEPS = 8  # in the first call of a run, which compiles
VALID_BATCH = 1000  # validation pictures at a time, at most
SAVED_SECONDS = 20.0  # between checkpoints: writing one takes as long as several epochs


def _parts(model: Any) -> tuple[list[Any], list[Any], list[Any]]:
    return model.trainable_variables, model.non_trainable_variables, model.optimizer.variables


def _values(variables: Any) -> list[Any]:
    return [variable.value for variable in variables]


class OnDevice:
    """Steps of a compiled model on the data's ``resident()``; an engine for ``training.train`` that needs JAX."""

    def __init__(self, model: Any, data: Any, spec: TrainSpec, *, whole: ResidentData | None = None) -> None:
        whole = data.resident() if whole is None else whole
        if whole is None:
            raise ValueError("this data cannot lie on the device whole; train with the engine batches.BatchByBatch")
        self._make = whole.make
        self._init(model, data, spec, whole.arrays)

    def _init(self, model: Any, data: Any, spec: TrainSpec, arrays: Any) -> None:
        import jax
        import keras

        if keras.backend.backend() != "jax":
            raise RuntimeError(f"training on the device needs KERAS_BACKEND=jax; got {keras.backend.backend()}")
        keep_compiled()
        self.model, self.spec, self.size = model, spec, data.size
        self._arrays = jax.tree.map(jax.device_put, arrays)
        self._valid = None if data.valid is None else jax.tree.map(jax.device_put, data.valid)
        self._key = jax.random.key(spec.seed)
        self._step_seconds, self._timed, self._built = 0.0, False, False
        # Donated: the new state takes the place of the old one.
        self._many = jax.jit(self._steps_between, donate_argnums=0)
        self._last = jax.jit(self._step, donate_argnums=0)
        self._look = jax.jit(self._test_steps, static_argnums=3)

    # --- what is compiled ------------------------------------------------------------------------------------------------

    def _step(self, state: Any, arrays: Any, chosen: Any, key: Any) -> tuple[Any, Any]:
        """One step on the pictures ``chosen`` (batch,): the new state and its logs, as ``train_on_batch`` gives them."""
        import jax

        logs, changed = self.model.train_step((*state, self._fresh), self._batch(arrays, chosen, key))
        return self._placed(changed[:3], state), {name: jax.numpy.float32(value) for name, value in logs.items()}

    def _batch(self, arrays: Any, chosen: Any, key: Any) -> Any:
        import jax

        return self._make(jax.tree.map(lambda part: part[chosen], arrays), key)

    @staticmethod
    def _placed(parts: Any, like: Any) -> Any:
        """The same values in the same nest of lists and with the same types: a loop's state may not change its form."""
        import jax

        leaves = [new.astype(old.dtype) for new, old in zip(jax.tree.leaves(parts), jax.tree.leaves(like), strict=True)]
        return jax.tree.unflatten(jax.tree.structure(like), leaves)

    def _steps_between(self, state: Any, arrays: Any, order: Any, first: Any, stop: Any, key: Any) -> tuple[Any, Any]:
        """Steps ``first`` to ``stop`` - 1, all of whole batches, and the sums of their logs."""
        import jax

        size = self.spec.batch_size

        def step(index: Any, carry: Any) -> Any:
            state, sums = carry
            chosen = jax.lax.dynamic_slice(order, (index * size,), (size,))
            state, logs = self._step(state, arrays, chosen, jax.random.fold_in(key, index))
            return state, {name: sums[name] + logs[name] for name in sums}

        shapes = jax.eval_shape(self._step, state, arrays, order[:size], key)[1]
        sums = {name: jax.numpy.zeros(shape.shape, shape.dtype) for name, shape in shapes.items()}
        return jax.lax.fori_loop(first, stop, step, (state, sums))

    def _test_steps(self, state: Any, metrics: Any, valid: Any, size: int) -> tuple[Any, Any]:
        """Metrics after the validation pictures, ``size`` at a time, and their logs."""
        import jax

        def step(index: Any, carry: Any) -> Any:
            batch = jax.tree.map(lambda part: jax.lax.dynamic_slice_in_dim(part, index * size, size), valid)
            logs, (_, _, found) = self.model.test_step((*state, carry[0]), batch)
            return self._placed(found, carry[0]), logs

        batch = jax.tree.map(lambda part: part[:size], valid)
        shapes = jax.eval_shape(lambda: self.model.test_step((*state, metrics), batch)[0])
        logs = {name: jax.numpy.zeros(shape.shape, shape.dtype) for name, shape in shapes.items()}
        return jax.lax.fori_loop(0, len(jax.tree.leaves(valid)[0]) // size, step, (metrics, logs))

    # --- what ``training.train`` asks for ----------------------------------------------------------------------------------

    def _build(self) -> None:
        """Have Keras make its metrics, which it does when it sees the first batch."""
        if not self._built:
            few = np.arange(min(self.size, self.spec.batch_size))
            self.model._symbolic_build(data_batch=self._batch(self._arrays, few, self._key))
            self.model.reset_metrics()
            self._fresh = _values(self.model.metrics_variables)
            self._built = True

    def _state(self) -> tuple[list[Any], ...]:
        return tuple(_values(variables) for variables in _parts(self.model))

    def _keep(self, state: Any) -> None:
        for variables, values in zip(_parts(self.model), state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)

    def steps(self, epoch: int, first: int, steps: int) -> Generator[Done, None, None]:
        import jax

        self._build()
        size = self.spec.batch_size
        asked = time.monotonic()
        order = jax.device_put(epoch_order(self.size, self.spec.seed, epoch).astype(np.int32))
        key = jax.random.fold_in(self._key, epoch)
        whole = self.size // size
        while first < steps:
            state, begun = self._state(), time.monotonic()
            if first < whole:
                stop = min(whole, first + self._steps_a_call())
                state, sums = self._many(state, self._arrays, order, first, stop, key)
                pictures = (stop - first) * size
            else:  # the last batch is smaller
                stop, pictures = steps, self.size - whole * size
                chosen = order[whole * size : self.size]
                state, sums = self._last(state, self._arrays, chosen, jax.random.fold_in(key, whole))
            means = {name: float(value) / (stop - first) for name, value in sums.items()}  # waits for the device
            if first < whole:
                self._note(time.monotonic() - begun, stop - first)
            self._keep(state)
            waited, first = begun - asked, stop
            asked = time.monotonic()
            yield Done(stop, pictures, means, waited)

    def _steps_a_call(self) -> int:
        return max(1, round(CALL_SECONDS / self._step_seconds)) if self._step_seconds else FIRST_STEPS

    def _note(self, seconds: float, steps: int) -> None:
        """What a call took; the first one, which compiles, says nothing of steps."""
        self._step_seconds = seconds / steps if self._timed else 0.0
        self._timed = True

    def evaluate(self) -> dict[str, float]:
        import jax

        self._build()
        count = len(jax.tree.leaves(self._valid)[0])
        size = valid_batch(count)
        state = tuple(_values(variables) for variables in _parts(self.model)[:2])
        metrics, logs = self._look(state, self._fresh, self._valid, size)
        if count % size:
            rest = jax.tree.map(lambda part: part[count - count % size :], self._valid)
            _, logs = self._look(state, metrics, rest, count % size)
        return {name: float(value) for name, value in logs.items()}


def valid_batch(count: int) -> int:
    """The largest size of at most ``VALID_BATCH`` that divides ``count``; where it is small, ``VALID_BATCH`` with a rest."""
    best = next(size for size in range(min(count, VALID_BATCH), 0, -1) if count % size == 0)
    return best if best * 10 >= min(count, VALID_BATCH) else min(count, VALID_BATCH)


def keep_compiled() -> None:
    """Have JAX keep what it compiles in the cache folder: runs of a study differ in seeds and rates, not in programs."""
    import jax

    if getattr(jax.config, "jax_compilation_cache_dir", None) is None:
        jax.config.update("jax_compilation_cache_dir", str(paths.cache_folder() / "compiled"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 1.0)


def train_resident(model: Any, data: Any, spec: TrainSpec, **options: Any) -> TrainingResult:
    """``training.train`` with its options, on the device where the data can lie there, else batch by batch."""
    engine: Any = getattr(data, "engine", None)  # data that knows a way of its own
    if engine is None:
        whole = data.resident() if hasattr(data, "resident") else None
        if whole is None:
            return training.train(model, data, spec, **options)
        engine = functools.partial(OnDevice, whole=whole)
    return training.train(model, data, spec, engine=engine, checkpoint_seconds=SAVED_SECONDS, **options)


def best_train() -> Callable[..., TrainingResult]:
    """``train_resident`` on a GPU under JAX, else ``training.train``."""
    import keras

    on_gpu = keras.backend.backend() == "jax" and not device_name().startswith("CPU")
    return train_resident if on_gpu else training.train
