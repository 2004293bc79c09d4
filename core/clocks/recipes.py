"""How each stored clock model is trained: spec, data, schedule."""

from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import registry
from core.clocks.augment import vary
from core.clocks.benchmark import BENCHMARK_SEED, Benchmark, draw, fingerprint, report_benchmark
from core.clocks.evaluation import benchmark_figures, unit_pictures
from core.clocks.locate import TEMPERATURE as LOCATED
from core.clocks.locate import choose_temperature, read_located
from core.clocks.painted import TRAIN_FILE, VALID_FILE, find_faces
from core.clocks.style_specs import ClockStyle
from core.clocks.styles import REPORT
from core.clocks.time import MINUTES, hand_angles, sines_cosines, soft_bins
from core.clocks.wild_data import VALID_PICTURES, Mixture, WildData, unit, valid_part
from core.progress import progress_bar
from core.recipes import Recipe, Stage
from core.specs import ReaderSpec, TrainSpec
from core.written import percent

MAP_SIDE = 19  # cells a side of the maps that a 150-pixel reader draws: 150 halved three times
Targets = dict[str, NDArray[np.float32]]


def reader_targets(minutes: NDArray[np.int64], points: NDArray[np.float32], side: int, sigma_minutes: float) -> Targets:
    """What ``networks.build_reader`` shall say of pictures that show ``minutes`` (n,) at ``points`` (n, 15, 2) pixels."""
    hands = sines_cosines(hand_angles(minutes))
    places = np.clip(points / (side - 1), 0, 1)  # what lies outside is sought at the border
    return {
        "bins": soft_bins(minutes, sigma_minutes),  # (n, 720)
        "hands": hands.astype(np.float32),  # (n, 4)
        "points": places.reshape(len(points), -1).astype(np.float32),  # (n, 30)
        "maps": point_maps(places, MAP_SIDE),  # (n, 361, 15)
    }


def point_maps(places: NDArray[np.floating], cells: int) -> NDArray[np.float32]:
    """Maps whose mean is exactly each place: (n, points, 2) in [0, 1] -> (n, cells * cells, points), each summing to 1.

    The weight of a place is shared by the four cells around it, as in bilinear interpolation.
    """
    position = places * (cells - 1)
    corner = np.clip(np.floor(position), 0, cells - 2).astype(np.int64)  # (n, points, 2)
    share = position - corner
    maps = np.zeros((*places.shape[:2], cells * cells), np.float32)
    for right in (0, 1):
        for below in (0, 1):
            weight = np.where(right, share[..., 0], 1 - share[..., 0]) * np.where(below, share[..., 1], 1 - share[..., 1])
            cell = (corner[..., 1] + below) * cells + corner[..., 0] + right
            np.put_along_axis(maps, cell[..., None], weight[..., None].astype(np.float32), axis=-1)
    return maps.transpose(0, 2, 1)


VALID_SEED = 1


def benchmark_version() -> str:
    """Changes whenever the benchmark is drawn otherwise."""
    return fingerprint(BENCHMARK_SEED)


@lru_cache(maxsize=1)
def valid_pictures() -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.float32]]:
    """The validation part: 720 pictures, one a minute, drawn from another seed than the benchmark; images, minutes, points."""
    return draw(VALID_SEED, a_minute=1)


def turned_version() -> str:
    """Changes whenever the benchmark with its dials turned any way is drawn otherwise."""
    return fingerprint(BENCHMARK_SEED, REPORT)


@dataclass(eq=False)
class ReaderData:
    """The benchmark's training part, varied afresh in every epoch; validated on 720 pictures of another seed, one a minute.

    style: of both. benchmark: drawn in it. sigma_minutes: width of the soft bins at the first and the last of ``epochs``;
    wide bins lead, narrow ones sharpen.
    """

    benchmark: Benchmark
    style: ClockStyle
    epochs: int
    sigma_minutes: tuple[float, float] = (4.0, 1.2)
    valid: tuple[NDArray[np.float32], Targets] = field(init=False)

    def __post_init__(self) -> None:
        images, minutes, points = draw(VALID_SEED, a_minute=1, style=self.style)
        self.valid = unit(images), reader_targets(minutes, points, images.shape[1], self.sigma_minutes[1])

    @property
    def size(self) -> int:
        return len(self.benchmark.train)

    def batch(self, indices: NDArray[np.int64], epoch: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], Targets]:
        """Pictures float32 (n, side, side, 1) in [0, 1] and targets; ``indices`` count within the training part."""
        chosen = self.benchmark.train[indices]
        varied = [vary(self.benchmark.images[i], self.benchmark.points[i], rng) for i in chosen]
        pictures = unit(np.stack([picture for picture, _ in varied]))
        points = np.stack([moved for _, moved in varied])
        start, end = self.sigma_minutes
        sigma = start + (end - start) * min(1.0, epoch / max(1, self.epochs * 0.7))
        return pictures, reader_targets(self.benchmark.minutes[chosen], points, pictures.shape[1], sigma)


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
READER_SMALL_TRAINING = replace(
    READER_REPORT_TRAINING, epochs=315, ema=0.999, restart_epochs=(150, 195, 255)
)  # about six hours
READER_SMALL_STAGES = ((64, 60), (96, 115), (128, READER_SMALL_TRAINING.ends[0]))  # pixels a side, up to which epoch
MORE_FACES = 0.3  # of the pictures of the epochs after those: faces are learned slowest
READER_TRAINING = replace(READER_SMALL_TRAINING, epochs=280, batch_size=512, restart_epochs=())  # for a GPU
MORE_PICTURES = round(READER_TRAINING.epochs * READER_EPOCH / (READER_SMALL_TRAINING.epochs * READER_SMALL_EPOCH))


LOCATED_PICTURES, CHUNK = 200, 20  # validation pictures of each kind that are read as photographs are, so many at a time


def _wild_data(mixture: Mixture, size: int, training: TrainSpec) -> WildData:
    return WildData(mixture, size, training, find_faces(TRAIN_FILE), find_faces(VALID_FILE))


def _shares(mixture: Mixture) -> str:
    """The shares of a mixture in words."""
    wild = 1 - mixture.no_clock - mixture.report - mixture.faces
    kinds = {"wild renderings": wild, "of the reports' clock": mixture.report, "painted faces": mixture.faces}
    kinds["without a clock"] = mixture.no_clock
    return ", ".join(f"{percent(share)} {kind}" for kind, share in kinds.items())


def _wild_losses() -> tuple[Any, Any, Any]:
    from core.clocks.losses import wild_reader_losses

    return wild_reader_losses()


def calibrate_wild(model: registry.TrainedModel, count: int = VALID_PICTURES) -> dict[str, Any]:
    """Temperatures from what the model was validated on, ``count`` rendered pictures and as many painted faces.

    ``likeliest_temperature`` of the bins of a single look at the renderings, and ``locate.choose_temperature`` of what
    several looks at a dial give together: of renderings and of faces that were found, the higher. A reader is surest of
    pictures like those it learned from, and photographs are not.
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
    then = f" (from epoch {stages[-1][1] + 1} on {_shares(last)})" if last != usual else ""
    return Recipe(
        model_id=model_id,
        title=title,
        summary=summary,
        network="core.clocks.networks.build_reader",
        spec=spec,
        training=training,
        data_name=f"{size:,} new pictures an epoch{smaller and f' ({smaller})'}: {_shares(usual)}{then}; painted faces are of "
        f"{TRAIN_FILE}; validated on 500 wild renderings of another seed and 500 other painted faces",
        data_licence="renderings: made by this project; painted faces: no licence is stated with them",
        build=_build,
        data=partial(_wild_data, last, size),
        losses=_wild_losses,
        figures=benchmark_figures,
        calibrate=calibrate_wild,
        extra={"task": "clock", "side": spec.side, "readable": True},
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
            "As the reader of the course's clock, and whether there is a clock to be read at all; it learned from clocks of "
            "every kind, drawn anew for every step, and trains on two cores in about six hours.",
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
