"""Where we run, and with what. Keras and TensorFlow are imported only when asked for."""

import os
import platform
import re
import sys
from pathlib import Path

import numpy as np


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
