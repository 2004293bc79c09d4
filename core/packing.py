"""A ``.keras`` file made small: float16 kernels, int8 for huge ones, no optimiser, the same bytes for the same weights."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

ZIP_DATE = (2020, 1, 1, 0, 0, 0)  # the same weights give the same bytes
HUGE_KERNEL = 2_000_000  # Dense kernels of so many weights are stored as int8


def pack(archive: bytes, created: str) -> bytes:
    """The ``.keras`` file with float16 kernels, float32 policies and no optimiser."""
    slim = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(slim, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "model.weights.h5":
                content = _pack_weights(content)
            elif name == "config.json":
                content = json.dumps(_plain_config(json.loads(content))).encode()
            elif name == "metadata.json":
                content = json.dumps({**json.loads(content), "date_saved": f"{created}@00:00:00"}).encode()
            new.writestr(zipfile.ZipInfo(name, ZIP_DATE), content, zipfile.ZIP_DEFLATED)
    return slim.getvalue()


def huge_layers(model: Any) -> list[Any]:
    """The Dense layers of a model whose kernels are huge."""
    import keras

    return [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.Dense) and layer.kernel.shape[0] * layer.kernel.shape[1] >= HUGE_KERNEL
    ]


def quantise_huge(path: Path) -> None:
    """Store the huge Dense kernels of the model in ``path`` as int8 with a scale for each unit, as Keras itself does."""
    import keras

    model = keras.saving.load_model(path, compile=False, safe_mode=True)
    for layer in huge_layers(model):
        layer.quantize("int8")
    model.save(path)


def dequantised(model: Any) -> Any:
    """The model with float32 kernels in place of int8 ones: products of integers are slow on most processors."""
    quantised = [layer.name for layer in huge_layers(model) if getattr(layer, "quantization_mode", None) == "int8"]
    if not quantised:
        return model
    config = model.get_config()
    for item in config["layers"]:
        if item["config"]["name"] in quantised:
            item["config"]["dtype"] = "float32"
            item["config"].pop("quantization_config", None)
    whole = type(model).from_config(config)
    for layer in model.layers:
        twin = whole.get_layer(layer.name)
        if layer.name in quantised:
            # Keras divides by the scale where it multiplies: kernel = int8 / scale.
            kernel = np.asarray(layer._kernel, np.float32) / np.asarray(layer.kernel_scale, np.float32)
            twin.set_weights([kernel, np.asarray(layer.bias)] if layer.use_bias else [kernel])
        else:
            twin.set_weights(layer.get_weights())
    return whole


def _plain_config(config: Any) -> Any:
    """The configuration without how it was compiled, and with float32 in the place of mixed policies."""
    if isinstance(config, list):
        return [_plain_config(item) for item in config]
    if isinstance(config, dict):
        return {key: _plain_config(value) for key, value in config.items() if key != "compile_config"}
    return "float32" if config in ("mixed_bfloat16", "mixed_float16") else config


def _pack_weights(content: bytes) -> bytes:
    import h5py

    def copy(old: Any, new: Any) -> None:
        for key, value in old.attrs.items():
            new.attrs[key] = value
        for key, item in old.items():
            if isinstance(item, h5py.Group):
                if item.name != "/optimizer":
                    copy(item, new.create_group(key))
                continue
            array = item[()]
            # Outside float16's range nothing is cast; vectors cost nothing, and variances need float32's range.
            if array.dtype == np.float32 and array.ndim > 1 and array.size and np.abs(array).max() <= np.finfo(np.float16).max:
                array = array.astype(np.float16)
            packing = {"compression": "gzip", "shuffle": True} if array.size > 1024 else {}
            dataset = new.create_dataset(key, data=array, **packing)
            for name, value in item.attrs.items():
                dataset.attrs[name] = value

    slim = io.BytesIO()
    with h5py.File(io.BytesIO(content), "r") as old, h5py.File(slim, "w") as new:
        copy(old, new)
    return slim.getvalue()
