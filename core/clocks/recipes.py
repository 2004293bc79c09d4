"""How each stored clock model is trained: spec, data, schedule."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import registry
from core.clocks.benchmark import BENCHMARK_SEED, fingerprint, report_benchmark
from core.clocks.evaluation import benchmark_figures, unit_pictures
from core.clocks.locate import TEMPERATURE as LOCATED
from core.clocks.locate import choose_temperature, read_located
from core.clocks.painted import TRAIN_FILE, VALID_FILE, faces_file, find_faces
from core.clocks.reader_data import ReaderData, valid_pictures
from core.clocks.styles import REPORT
from core.clocks.time import MINUTES
from core.clocks.wild_data import VALID_PICTURES, Mixture, WildData, unit, valid_part
from core.progress import progress_bar
from core.recipes import WITHOUT, Recipe, Stage
from core.specs import ReaderSpec, TrainSpec
from core.written import percent


def benchmark_version() -> str:
    """Changes whenever the benchmark is drawn otherwise."""
    return fingerprint(BENCHMARK_SEED)


def turned_version() -> str:
    """Changes whenever the benchmark with its dials turned any way is drawn otherwise."""
    return fingerprint(BENCHMARK_SEED, REPORT)


READER_REPORT = ReaderSpec()
READER_REPORT_TRAINING = TrainSpec(
    epochs=50,
    batch_size=64,
    learning_rate=2e-3,
    optimizer="adamw",
    weight_decay=0.02,
    clip_norm=5.0,
    schedule="cosine",
    warmup_epochs=1.0,
    ema=0.998,
    seed=2023,
    precision="mixed_bfloat16",
)


def _report_reader_data(spec: TrainSpec) -> ReaderData:
    # Turned any way: ``vary`` turns pictures, but not the light on them nor the wood behind.
    benchmark = report_benchmark(style=REPORT, progress=progress_bar("drawing the benchmark"))
    return ReaderData(benchmark, REPORT, spec.ends[0])


def _build(spec: ReaderSpec) -> Any:
    from core.clocks.networks import build_reader

    return build_reader(spec)


def _grow(small: Any, large: Any) -> None:
    from core.clocks.networks import grow_reader

    grow_reader(small, large)


def _losses() -> tuple[Any, Any, Any]:
    from core.clocks.losses import reader_losses

    return reader_losses()


def calibrate_reader(model: registry.TrainedModel) -> dict[str, Any]:
    """``likeliest_temperature`` on ``valid_pictures``, whose dials lie as those that it shall read."""
    images, minutes, _ = valid_pictures()
    return {"temperature": likeliest_temperature(model(unit_pictures(images, model.card.extra))["bins"], minutes)}


def likeliest_temperature(bins: NDArray[np.floating], minutes: NDArray[np.int64]) -> float:
    """The temperature that makes the true minutes (n,) likeliest among logits (n, 720), 1 to 4 (Guo et al. 2017).

    At least 1: bins that learned from soft targets are wider than need be on pictures like those they learned from;
    sharpening them would make the reader as sure of pictures of another kind.
    """
    logits = np.asarray(bins, np.float64)

    def surprise(temperature: float) -> float:
        scaled = logits / temperature
        top = scaled.max(-1)
        normaliser = top + np.log(np.exp(scaled - top[:, None]).sum(-1))
        return float((normaliser - scaled[np.arange(len(minutes)), minutes]).mean())

    grid = np.geomspace(1.0, 4.0, 41)
    return round(float(grid[np.argmin([surprise(value) for value in grid])]), 3)


# --- readers of photographs ------------------------------------------------------------------------------------------

READER_SMALL = ReaderSpec(side=128, blocks=(1, 2, 2), readable=True)
READER = ReaderSpec(side=192, stem=32, widths=(64, 128, 256), blocks=(2, 3, 2), neck=32, hidden=384, dropout=0.1, readable=True)
READER_SMALL_EPOCH, READER_EPOCH = 20_000, 250_000  # pictures, all of them new
READER_SMALL_TRAINING = replace(READER_REPORT_TRAINING, epochs=315, ema=0.999, restart_epochs=(150, 195, 255))  # six hours
READER_SMALL_STAGES = ((64, 60), (96, 115), (128, READER_SMALL_TRAINING.ends[0]))  # pixels a side, up to which epoch
MORE_FACES = 0.3  # of the pictures of the epochs after those: faces are learned slowest
READER_TRAINING = replace(READER_SMALL_TRAINING, epochs=280, batch_size=512, restart_epochs=())  # for a GPU
MORE_PICTURES = round(READER_TRAINING.epochs * READER_EPOCH / (READER_SMALL_TRAINING.epochs * READER_SMALL_EPOCH))

LOCATED_PICTURES, CHUNK = 200, 20  # validation pictures of each kind that are read as photographs are, so many at a time


def _wild_data(mixture: Mixture, size: int, training: TrainSpec) -> WildData:
    return WildData(mixture, size, training, find_faces(TRAIN_FILE), find_faces(VALID_FILE))


def faces_version() -> str:
    """The data version of readers of photographs: "" with both files of painted faces, else what is lacking; opens none."""
    lacking = [file for file in (TRAIN_FILE, VALID_FILE) if faces_file(file) is None]
    return f"{WITHOUT}{' and '.join(lacking)}" if lacking else ""


def _wild_words(size: int, smaller: str, usual: Mixture, last: Mixture, later: int) -> str:
    """What a reader of photographs learns from and is validated on, of what lies in the data folders now.

    smaller: the sides of the first stages in words, or "". last: what is drawn from epoch ``later`` on instead of ``usual``.
    """
    taught, checked = (faces_file(file) is not None for file in (TRAIN_FILE, VALID_FILE))
    shares, then = (_shares(one if taught else replace(one, faces=0.0)) for one in (usual, last))
    told = f"{size:,} new pictures an epoch{smaller and f' ({smaller})'}: {shares}"
    told += f" (from epoch {later} on {then})" if then != shares else ""
    told += f"; painted faces are of {TRAIN_FILE}" if taught else f"; no painted faces, since {TRAIN_FILE} was not found"
    told += f"; validated on {VALID_PICTURES} wild renderings of another seed"
    return f"{told} and {VALID_PICTURES} {'other ' if taught else ''}painted faces" if checked else told


def _shares(mixture: Mixture) -> str:
    """The shares of a mixture in words."""
    wild = 1 - mixture.no_clock - mixture.report - mixture.faces
    kinds = {"wild renderings": wild, "of the reports' clock": mixture.report, "painted faces": mixture.faces}
    kinds["without a clock"] = mixture.no_clock
    return ", ".join(f"{percent(share)} {kind}" for kind, share in kinds.items() if share)


def _wild_losses() -> tuple[Any, Any, Any]:
    from core.clocks.losses import wild_reader_losses

    return wild_reader_losses()


def calibrate_wild(model: registry.TrainedModel, count: int = VALID_PICTURES) -> dict[str, Any]:
    """Temperatures from what the model was validated on, ``count`` rendered pictures and as many painted faces.

    ``likeliest_temperature`` of the bins of a single look at the renderings, and ``locate.choose_temperature`` of what
    several looks at a dial give together: of renderings and of faces, the higher. A reader is surest of pictures like those
    it learned from, and photographs are not.
    """
    images, known = valid_part(Mixture(int(model.card.extra["side"])), find_faces(VALID_FILE), count)
    temperatures: list[float] = []
    several: list[float] = []
    for part in (slice(count), slice(count, None)):
        taught = np.isfinite(known[part, 0])
        pictures, minutes = images[part][taught], np.rint(known[part, 0][taught]).astype(np.int64) % MINUTES
        if not len(pictures):  # the faces are not here
            continue
        if not temperatures:
            temperatures.append(likeliest_temperature(model(unit(pictures))["bins"], minutes))
        found = {"temperature": temperatures[0], LOCATED: 1.0}
        plain = registry.TrainedModel(replace(model.card, extra={**model.card.extra, **found}), model.model)
        several.append(_located_temperature(plain, pictures[:LOCATED_PICTURES], minutes[:LOCATED_PICTURES]))
    return {"temperature": temperatures[0], LOCATED: max(several)}


def _located_temperature(model: registry.TrainedModel, pictures: NDArray[np.uint8], minutes: NDArray[np.int64]) -> float:
    parts = [list(pictures[start : start + CHUNK]) for start in range(0, len(pictures), CHUNK)]
    located = [one for part in parts for one in read_located(part, model)]
    return choose_temperature(np.stack([one.distribution for one in located]), minutes)


def _wild_recipe(
    model_id: str,
    title: str,
    summary: str,
    spec: ReaderSpec,
    training: TrainSpec,
    size: int,
    stages: tuple[tuple[int, int], ...] = (),
    last: Mixture | None = None,
    for_gpu: bool = False,
) -> Recipe:
    """stages: pixels a side and the epoch they end with; last: what is drawn after them, if not the same."""
    usual, last = Mixture(spec.side), last or Mixture(spec.side)
    smaller = ", ".join(f"of {side} pixels up to epoch {epochs}" for side, epochs in stages if side < spec.side)
    return Recipe(
        model_id=model_id,
        title=title,
        summary=summary,
        network="core.clocks.networks.build_reader",
        spec=spec,
        training=training,
        data_name=_wild_words(size, smaller, usual, last, stages[-1][1] + 1 if stages else 1),
        data_licence="renderings: made by this project; painted faces: no licence is stated with them",
        build=_build,
        data=partial(_wild_data, last, size),
        losses=_wild_losses,
        figures=benchmark_figures,
        calibrate=calibrate_wild,
        extra={"task": "clock", "side": spec.side, "readable": True},
        data_version=faces_version,
        stages=tuple(
            Stage(epochs, replace(spec, side=side), partial(_wild_data, Mixture(side), size), {"side": side})
            for side, epochs in stages
        ),
        grow=_grow,
        for_gpu=for_gpu,
    )


def recipes() -> list[Recipe]:
    """The recipes of the clock models."""
    return [
        Recipe(
            model_id="reader-report",
            title="Reader of the course's clock",
            summary="Soft bins for 720 minutes, sines and cosines of both hands, and where centre, 12 and tips lie; "
            "a residual network that keeps places.",
            network="core.clocks.networks.build_reader",
            spec=READER_REPORT,
            training=READER_REPORT_TRAINING,
            data_name="the reports' clock, its dial turned any way, seed 2023: 14,400 rendered pictures of the benchmark's "
            "training part, varied afresh each epoch; validated on 720 drawn from another seed",
            data_licence="made by this project",
            build=_build,
            data=_report_reader_data,
            losses=_losses,
            figures=benchmark_figures,
            calibrate=calibrate_reader,
            extra={"task": "clock", "side": READER_REPORT.side},
            data_version=turned_version,
        ),
        _wild_recipe(
            "reader-small",
            "Small reader of photographs",
            "It gives the time as bins and as hands, and says whether there is a clock to be read at all; it learned from "
            "clocks of every kind, drawn anew for every step, and trains on two cores in about six hours.",
            READER_SMALL,
            READER_SMALL_TRAINING,
            READER_SMALL_EPOCH,
            READER_SMALL_STAGES,
            Mixture(READER_SMALL.side, faces=MORE_FACES),
        ),
        _wild_recipe(
            "reader",
            "Reader of photographs",
            f"The small reader with more pixels, four times the weights and {MORE_PICTURES} times the pictures; it needs "
            "a GPU to train.",
            READER,
            READER_TRAINING,
            READER_EPOCH,
            for_gpu=True,
        ),
    ]
