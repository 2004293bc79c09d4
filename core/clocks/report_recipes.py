"""The twelve clock systems of both reports, with the settings that they give. What a report leaves open is said here.

2022 names neither optimiser nor dropout rate nor pixel scale for its clock networks: Adam, 0.25 and [0, 1] are ours. 2023
gives no epochs for its regression: 100, as for its classes; nor a batch for it: 32, as there. The batch of 128 and the 100
epochs of 2022's two classifiers and split heads are ours, after its multi-head network; so is training in mixed_bfloat16,
which is faster on processors that have it, the settling of batch norm's statistics at the end (``SETTLE``), and the warm-up
of the 2022 networks (``WARMUP``). Both use
their test part for validation curves; we validate on pictures drawn from another seed and touch the test part once.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import registry
from core.clocks.benchmark import Benchmark, report_benchmark
from core.clocks.evaluation import benchmark_figures, unit_pictures
from core.clocks.forms import FORMS
from core.clocks.reader_data import valid_pictures
from core.clocks.reading import decode
from core.clocks.recipes import benchmark_version
from core.clocks.report_losses import LOSSES, with_functions
from core.clocks.time import common_sense_error_minutes
from core.progress import progress_bar
from core.recipes import VALIDATION_MINUTES, Recipe
from core.resident_data import ResidentData
from core.specs import ReportNetSpec, TrainSpec

SETTLE = 3200  # pictures; without it the 2023 regression is off by 1.3 hours after one epoch and by 39 after the next
# Epochs. One of Adam's steps at 0.001 can move a sum of 36,992 normalised inputs by nearly 30, where it is 2 at first: without
# warm-up three in four of the ReLUs behind are dead after forty steps of 24 classes, and it is with the loss of a guess. It
# did not save the 720 classes, all of whose last 128 ReLUs are dead in the stored network.
WARMUP = 1.0


@dataclass(eq=False)
class FormData:
    """The benchmark's training part with the labels of one form, gamma-enhanced once; validated on ``valid_pictures``."""

    benchmark: Benchmark
    head: str
    gamma: float
    valid: tuple[NDArray[np.float32], Any] = field(init=False)

    def __post_init__(self) -> None:
        images, minutes, _ = valid_pictures()
        self.valid = unit_pictures(images, {"gamma": self.gamma}), self._targets(minutes)

    def _targets(self, minutes: NDArray[np.int64]) -> Any:
        return FORMS[self.head].targets(minutes // 60, minutes % 60)

    @property
    def size(self) -> int:
        return len(self.benchmark.train)

    def resident(self) -> ResidentData:
        """All of it at once."""
        train = self.benchmark.train
        # What the network sees of each grey, float32 (256,).
        tones = unit_pictures(np.arange(256, dtype=np.uint8).reshape(1, 16, 16), {"gamma": self.gamma}).ravel()

        def make(rows: Any, key: Any) -> Any:
            import jax.numpy as jnp

            images, targets = rows
            return jnp.asarray(tones)[images][..., None], targets  # (n, 150, 150, 1)

        return ResidentData((self.benchmark.images[train], self._targets(self.benchmark.minutes[train])), make)

    def batch(self, indices: NDArray[np.int64], epoch: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], Any]:
        """Pictures float32 (n, 150, 150, 1) in [0, 1] and targets; ``indices`` count within the training part."""
        chosen = self.benchmark.train[indices]
        pictures = unit_pictures(self.benchmark.images[chosen], {"gamma": self.gamma})
        return pictures, self._targets(self.benchmark.minutes[chosen])


@dataclass(frozen=True)
class System:
    """One row of the reports: what is named there, beside the network's form."""

    model_id: str
    title: str
    summary: str
    spec: ReportNetSpec
    loss: str
    batch_size: int
    epochs: int = 100
    learning_rate: float = 1e-3
    gamma: float = 1.0
    warmup_epochs: float = 0.0


def _systems() -> list[System]:
    def of_2022(name: str, title: str, summary: str, head: str, loss: str, batch: int, **more: Any) -> System:
        spec = ReportNetSpec("2022", head, split=more.pop("split", False))
        more = {"gamma": 3.0, "warmup_epochs": WARMUP} | more
        return System(f"report22-{name}", title, summary, spec, loss, batch, **more)

    def of_2023(name: str, title: str, summary: str, head: str, loss: str, **more: Any) -> System:
        return System(f"report23-{name}", title, summary, ReportNetSpec("2023", head), loss, 32, **more)

    return [
        of_2022(
            "regression",
            "Regression",
            "One number of hours, absolute error: 11:59 and 0:01 are as far apart as can be, and pictures near 12 are read "
            "as something in between.",
            "hours",
            "mae",
            32,
        ),
        of_2022(
            "regression-no-gamma",
            "Regression, pictures as they are",
            "The same without gamma enhancement, to see what gamma brings.",
            "hours",
            "mae",
            32,
            gamma=1.0,
        ),
        of_2022(
            "label-transform",
            "Sines and cosines, as published",
            "The minute's angle is printed as minute x pi/3 and repeats every 6 minutes; the loss weighs the already summed "
            "error.",
            "sine-cosine-as-published",
            "custom-mse-as-published",
            32,
        ),
        of_2022(
            "label-transform-corrected",
            "Sines and cosines, corrected",
            "Minute x pi/30, and each error weighed before summing.",
            "sine-cosine",
            "custom-mse-corrected",
            32,
        ),
        of_2022(
            "classes-24",
            "24 classes",
            "Half hours as classes: never nearer than half an hour can be, and at times hours off.",
            "classes-24",
            "classes",
            128,
        ),
        of_2022(
            "classes-720",
            "720 classes",
            "Every minute a class of its own. This training died: all units of the last hidden layer are silent, and every "
            "picture gets one answer.",
            "classes-720",
            "classes",
            128,
        ),
        of_2022(
            "multi-head",
            "Hour class and minute number",
            "Two heads on one trunk; near the full hour the two can disagree.",
            "hour-and-fraction",
            "classes-and-mae",
            128,
        ),
        of_2022(
            "two-classifiers",
            "Hour class and two-minute class",
            "Both heads classify: 12 hours, 30 pairs of minutes.",
            "hour-and-pair",
            "two-classes",
            128,
        ),
        of_2022(
            "split-heads",
            "A dense stack for each head",
            "As the multi-head network, with dense layers of their own for hour and minute.",
            "hour-and-fraction",
            "classes-and-mae",
            128,
            split=True,
        ),
        of_2023(
            "classes-720",
            "720 classes",
            "A much smaller network with batch normalisation after every convolution.",
            "classes-720",
            "classes",
        ),
        of_2023(
            "regression",
            "Regression",
            "One number of hours, squared error.",
            "hours-rounded",
            "mse",
            learning_rate=5e-4,
        ),
        of_2023(
            "multi-head",
            "Two branches: hour class, minute number",
            "Two networks from one picture; the report's best.",
            "hour-and-minute",
            "classes-and-mse",
            epochs=50,
        ),
    ]


def _losses(name: str) -> tuple[Any, Any, Any]:
    """Loss, weights and metrics, as ``training.train`` takes them."""
    loss, metrics = map(with_functions, LOSSES[name])
    return loss, None, metrics


GROSS_MINUTES = 50  # errors beyond it are no matter of a wider bump: a slip by an hour, 60 minutes or a few less, is one


def calibrate_form(model: registry.TrainedModel) -> dict[str, Any]:
    """What errors a network makes, from the validation pictures.

    validation_minutes: their mean, by which runs are compared. gross_share: the share of those over 50 minutes.
    spread_minutes: the typical error of the others, as the standard deviation that their median would have, at least 0.5; 50
    where there are no others.
    """
    images, minutes, _ = valid_pictures()
    decoded = decode(model(unit_pictures(images, model.card.extra)), model.card.extra)
    errors = common_sense_error_minutes(minutes, decoded.minutes)
    common = errors[errors <= GROSS_MINUTES]
    spread = max(0.5, 1.4826 * float(np.median(common))) if len(common) else float(GROSS_MINUTES)
    return {
        "spread_minutes": round(spread, 2),
        "gross_share": round(1 - len(common) / len(errors), 4),
        VALIDATION_MINUTES: round(float(errors.mean()), 3),
    }


def _build(spec: ReportNetSpec) -> Any:
    from core.clocks.report_networks import build_report_network

    return build_report_network(spec)


def _recipe(system: System) -> Recipe:
    def data(training: TrainSpec) -> FormData:
        return FormData(report_benchmark(progress=progress_bar("drawing the benchmark")), system.spec.head, system.gamma)

    return Recipe(
        model_id=system.model_id,
        title=f"{system.title} ({system.spec.year})",  # both reports have a regression; titles tell models apart
        summary=system.summary,
        network="core.clocks.report_networks.build_report_network",
        spec=system.spec,
        training=TrainSpec(
            epochs=system.epochs,
            batch_size=system.batch_size,
            learning_rate=system.learning_rate,
            warmup_epochs=system.warmup_epochs,
            seed=2023,
            precision="mixed_bfloat16",
        ),
        data_name="report benchmark, seed 2023: 14,400 rendered pictures; validated on 720 drawn from another "
        f"seed; batch norm settled on {SETTLE:,} of the training pictures at the end",
        data_licence="made by this project",
        build=_build,
        data=data,
        losses=lambda: _losses(system.loss),
        figures=benchmark_figures,
        calibrate=calibrate_form,
        report=system.spec.year,
        extra={"task": "clock", "side": 150, "gamma": system.gamma, "form": system.spec.head, "loss": system.loss},
        settle=SETTLE // system.batch_size,
        data_version=benchmark_version,
    )


def recipes() -> list[Recipe]:
    """The recipes of the reports' twelve systems, in the order of the reports."""
    return [_recipe(system) for system in _systems()]
