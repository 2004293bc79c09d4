"""A ``.keras`` file made small: float16 kernels, no optimiser, the same bytes for the same weights."""

import io
import json
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

ZIP_DATE = (2020, 1, 1, 0, 0, 0)  # the same weights give the same bytes
HUGE_KERNEL = 1_000_000  # kernels of so many weights may be given fewer bits of mantissa


def pack(archive: bytes, created: str, bits: int) -> bytes:
    """The ``.keras`` file with float16 kernels (huge ones with ``bits`` of mantissa), float32 policies and no optimiser."""
    slim = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(slim, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "model.weights.h5":
                content = _pack_weights(content, bits)
            elif name == "config.json":
                content = json.dumps(_plain_config(json.loads(content))).encode()
            elif name == "metadata.json":
                content = json.dumps({**json.loads(content), "date_saved": f"{created}@00:00:00"}).encode()
            new.writestr(zipfile.ZipInfo(name, ZIP_DATE), content, zipfile.ZIP_DEFLATED)
    return slim.getvalue()


def _shorten(array: NDArray[np.float16], bits: int) -> NDArray[np.float16]:
    """float16 rounded to ``bits`` (0-10) of its ten bits of mantissa, so that it packs smaller."""
    spare = 10 - bits
    if not spare:
        return array
    words = array.view(np.uint16).astype(np.uint32) + (1 << (spare - 1))  # a carry into the exponent is right
    shortened = (words & ~np.uint32((1 << spare) - 1)).astype(np.uint16).view(np.float16)
    return np.where(np.isfinite(shortened), shortened, array)


def _plain_config(config: Any) -> Any:
    """The configuration without how it was compiled, and with float32 in the place of mixed policies."""
    if isinstance(config, list):
        return [_plain_config(item) for item in config]
    if isinstance(config, dict):
        return {key: _plain_config(value) for key, value in config.items() if key != "compile_config"}
    return "float32" if config in ("mixed_bfloat16", "mixed_float16") else config


def _pack_weights(content: bytes, bits: int) -> bytes:
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
                if array.size >= HUGE_KERNEL:
                    array = _shorten(array, bits)
            packing = {"compression": "gzip", "shuffle": True} if array.size > 1024 else {}
            dataset = new.create_dataset(key, data=array, **packing)
            for name, value in item.attrs.items():
                dataset.attrs[name] = value

    slim = io.BytesIO()
    with h5py.File(io.BytesIO(content), "r") as old, h5py.File(slim, "w") as new:
        copy(old, new)
    return slim.getvalue()
