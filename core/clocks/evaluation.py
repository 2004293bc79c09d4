"""How well stored models read clocks: one ruler, the common-sense error, for all of them."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core import paths, registry
from core.clocks.benchmark import Benchmark, report_benchmark
from core.clocks.reading import decode
from core.clocks.time import common_sense_error_minutes
from core.progress import progress_bar
from core.tables import write_table

TABLE = "clocks.csv"


def error_figures(true_minutes: ArrayLike, read_minutes: ArrayLike) -> dict[str, float]:
    """Mean, median and 95th percentile of the common-sense error in minutes; shares at most 1, at most 5, over 30."""
    errors = common_sense_error_minutes(true_minutes, read_minutes)
    if errors.ndim != 1 or not len(errors):
        raise ValueError(f"one true and one read time a picture, at least one picture; got shape {errors.shape}")
    return {
        "mean_minutes": float(errors.mean()),
        "median_minutes": float(np.median(errors)),
        "p95_minutes": float(np.percentile(errors, 95)),
        "within_1_minute": float((errors <= 1).mean()),
        "within_5_minutes": float((errors <= 5).mean()),
        "over_30_minutes": float((errors > 30).mean()),
    }


def read_benchmark(model: registry.TrainedModel, benchmark: Benchmark, indices: NDArray[np.int64]) -> NDArray[np.float64]:
    """Minutes (n,) that a model reads in the benchmark pictures ``indices``."""
    read = []
    for start in range(0, len(indices), 240):
        images = benchmark.images[indices[start : start + 240]]
        outputs = model(np.divide(images[..., None], 255, dtype=np.float32))
        read.append(decode(outputs, float(model.card.extra.get("temperature", 1.0))).minutes)
    return np.concatenate(read)


def benchmark_figures(model: registry.TrainedModel) -> dict[str, float]:
    """The figures of one model on the benchmark's test part, 3,600 pictures."""
    benchmark = report_benchmark(progress=progress_bar("drawing the benchmark"))
    return error_figures(benchmark.minutes[benchmark.test], read_benchmark(model, benchmark, benchmark.test))


def evaluate(folder: Path | None = None, results: Path | None = None) -> list[dict[str, Any]]:
    """Measure every stored clock model, write ``assets/results/clocks.csv`` and the cards' figures, return the rows."""
    rows: list[dict[str, Any]] = []
    for card in registry.list_cards(folder):
        if card.extra.get("task") != "clock":
            continue
        figures = benchmark_figures(registry.load_trained(card.model_id, folder))
        registry.update_figures(card.model_id, figures, folder)
        rows.append(
            {
                "model": card.model_id,
                "pictures": 3600,
                **{name: round(value, 4) for name, value in figures.items()},
                "epochs_trained": card.epochs_trained,
                "epochs_asked": card.epochs_asked,
                "training_seconds": round(card.seconds),
                "device": card.device,
                "parameters": card.parameters,
            }
        )
    if rows:
        write_table(results or paths.RESULTS, TABLE, rows)
    return rows
