"""Where we run, and with what. Keras and TensorFlow are imported only when asked for."""

import os
import platform
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def versions() -> dict[str, str]:
    """Versions of what decides results: Keras, its backend, Python, NumPy."""
    import keras

    backend = keras.backend.backend()
    found = sys.modules.get(backend)
    return {
        "keras": keras.__version__,
        "backend": f"{backend} {getattr(found, '__version__', np.__version__ if backend == 'numpy' else '')}".strip(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def device_name() -> str:
    """Where Keras computes, for people: the name of the GPU, or ``CPU (AMD EPYC 9B14, 2 cores)``."""
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU"):
            return str(tf.config.experimental.get_device_details(gpu).get("device_name", "GPU"))
    elif backend == "jax":
        import jax

        device = jax.devices()[0]
        if device.platform != "cpu":
            return str(device.device_kind)
    elif backend == "torch":
        import torch

        if torch.cuda.is_available():
            return str(torch.cuda.get_device_name())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"CPU ({_processor()}, {cores} core{'s' if cores > 1 else ''})"


def _processor() -> str:
    try:
        match = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:  # not Linux
        match = None
    return match[1].strip() if match else platform.processor() or platform.machine()


def runner(model: Any, inputs: list[tuple[tuple[int | None, ...], str]]) -> Callable[[list[NDArray]], Any]:
    """Batches in, arrays out, in the fastest way of the backend that Keras runs on."""
    import keras

    backend = keras.backend.backend()

    def arrays(outputs: Any) -> Any:
        return keras.tree.map_structure(keras.ops.convert_to_numpy, outputs)

    def whole(batch: Sequence[Any]) -> Any:
        return batch[0] if len(batch) == 1 else list(batch)

    if backend == "tensorflow":
        import tensorflow as tf

        signature = [tf.TensorSpec([None, *shape[1:]], dtype) for shape, dtype in inputs]
        traced = tf.function(lambda *batch: model(whole(batch), training=False), input_signature=signature)
        # The one concrete function, called at once: choosing among traces would cost a tenth of a small model's time.
        concrete = traced.get_concrete_function()
        return lambda batch: keras.tree.map_structure(
            lambda output: output.numpy(), concrete(*(tf.constant(array) for array in batch))
        )

    if backend == "jax":
        import jax

        @jax.jit
        def compiled(trainable: Any, other: Any, batch: Any) -> Any:
            return model.stateless_call(trainable, other, whole(batch), training=False)[0]

        def run_padded(batch: list[NDArray]) -> Any:
            n = len(batch[0])
            room = 1 << (n - 1).bit_length()  # every new batch size would compile anew
            batch = [np.concatenate([array, np.repeat(array[:1], room - n, axis=0)]) for array in batch]
            values = [
                [variable.value for variable in group] for group in (model.trainable_variables, model.non_trainable_variables)
            ]
            return keras.tree.map_structure(lambda output: output[:n], arrays(compiled(*values, batch)))

        return run_padded

    if backend == "torch":
        import torch

        def run_without_gradients(batch: list[NDArray]) -> Any:
            with torch.no_grad():
                return arrays(model(whole(batch), training=False))

        return run_without_gradients

    return lambda batch: arrays(model(whole(batch), training=False))
