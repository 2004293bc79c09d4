"""Our way against the plain way, measured in one run and given as ratios: seconds differ from machine to machine."""

import itertools
import math
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core import paths, registry, training
from core.classifiers.study_list import STUDIES
from core.clocks.time import ClockTime, hand_angles
from core.specs import Precision
from core.training_pace import Lesson, seconds_a_picture, with_plain_layers

if TYPE_CHECKING:
    from core.clocks.photographs import PictureSet

TABLE = "bench.csv"
PHOTOGRAPHS = 30  # read one after the other, ours and plainly
GRID = "cnn-grid"  # the study whose network stands for classifiers


def median_seconds(
    ours: Callable[[], object], plain: Callable[[], object], rounds: int, *, ours_a_round: int = 1, warm: int = 2
) -> tuple[float, float]:
    """The median times of one call of each, after ``warm`` calls of each that do not count.

    A round is ``ours_a_round`` calls of ours and one of the plain way, so that a machine that slows down slows both.
    """
    for _ in range(warm):
        ours()
        plain()
    took_ours: list[float] = []
    took_plain: list[float] = []
    for _ in range(rounds):
        for function, times, took in ((ours, ours_a_round, took_ours), (plain, 1, took_plain)):
            for _ in range(times):
                start = time.perf_counter()
                function()
                took.append(time.perf_counter() - start)
    return statistics.median(took_ours), statistics.median(took_plain)


def _row(
    what: str,
    ours: str,
    plain: str,
    seconds: tuple[float, float],
    right: tuple[float | str, float | str] = ("", ""),
) -> dict[str, Any]:
    """A row of the table.

    seconds: of ours and of the plain way. right: shares of pictures that they read to one minute, where they read clocks.
    """
    ours_seconds, plain_seconds = seconds
    return {
        "what": what,
        "ours": ours,
        "plain": plain,
        "ours_ms": round(1000 * ours_seconds, 3),
        "plain_ms": round(1000 * plain_seconds, 3),
        "ratio": round(plain_seconds / ours_seconds, 2),
        "ours_per_second": round(1 / ours_seconds, 1),
        "ours_within_1_minute": right[0],
        "plain_within_1_minute": right[1],
        "plain_per_second": round(1 / plain_seconds, 1),
    }


def bench_inference(model_id: str = "reader-report") -> dict[str, Any]:
    """One picture through ``TrainedModel`` and through ``keras.Model.predict``."""
    trained = registry.load_trained(model_id)
    shape = trained.model.inputs[0].shape[1:]
    picture = np.random.default_rng(0).random((1, *shape), dtype=np.float32)
    seconds = median_seconds(lambda: trained(picture), lambda: trained.model.predict(picture, verbose=0), 20, ours_a_round=3)
    return _row(f"read one picture with {model_id}", "TrainedModel", "model.predict", seconds)


def plain_dial(clock: ClockTime, seed: int) -> NDArray[np.uint8]:
    """The report's dial as one would draw it at once: Pillow at four times the size, scikit-image for the view and noise."""
    from PIL import Image, ImageDraw, ImageFont
    from skimage import transform

    from core.clocks.fonts import TYPEFACES

    rng = np.random.default_rng(seed)
    size, middle, radius = 600, 300, 220
    image = Image.new("L", (size, size), 100)
    draw = ImageDraw.Draw(image)
    for row in range(0, size, 6):
        draw.line([(0, row), (size, row)], fill=int(rng.integers(70, 120)), width=6)
    draw.ellipse([middle - radius * 1.18] * 2 + [middle + radius * 1.18] * 2, fill=80)
    draw.ellipse([middle - radius] * 2 + [middle + radius] * 2, fill=210)
    typeface = TYPEFACES["lato-light"]
    font = ImageFont.truetype(str(paths.FONTS / typeface.file), 46)
    for mark in range(60):
        angle = math.radians(6 * mark)
        inner = 0.87 if mark % 5 == 0 else 0.9
        ends = [(middle + math.sin(angle) * radius * r, middle - math.cos(angle) * radius * r) for r in (inner, 0.95)]
        draw.line(ends, fill=70, width=6 if mark % 5 == 0 else 3)
        if mark % 5 == 0:
            place = (middle + math.sin(angle) * radius * 0.735, middle - math.cos(angle) * radius * 0.735)
            draw.text(place, typeface.texts[(mark // 5 - 1) % 12], font=font, fill=70, anchor="mm")
    for turn, length, width in zip(hand_angles(clock.minutes), (0.65, 0.78), (16, 14), strict=True):
        tip = (middle + math.sin(turn) * radius * length, middle - math.cos(turn) * radius * length)
        draw.line([(middle, middle), tip], fill=60, width=width)
    view = transform.ProjectiveTransform(np.array([[1, 0.1, 0], [-0.1, 0.9, 20], [0, 2e-4, 1.0]]))
    seen = transform.resize(transform.warp(np.asarray(image), view, mode="edge"), (150, 150), anti_aliasing=True)
    noisy = seen + rng.normal(0, 0.008, seen.shape)
    return (np.clip(noisy, 0, 1) * 255).astype(np.uint8)


def bench_renderer() -> dict[str, Any]:
    """One picture of the report's clock from our renderer and from Pillow with scikit-image, each on one core."""
    import cv2

    from core.clocks.face import render

    counter = iter(range(10**9))
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        seconds = median_seconds(
            lambda: render(ClockTime(10, 8), seed=next(counter)),
            lambda: plain_dial(ClockTime(10, 8), next(counter)),
            20,
            ours_a_round=20,
            warm=5,
        )
    finally:
        cv2.setNumThreads(threads)
    return _row("draw one report picture, one core", "core.clocks.face", "Pillow and scikit-image", seconds)


def bench_batch_norm() -> dict[str, Any]:
    """One training step of batch normalisation on a (32, 75, 75, 16) tensor, fused and as Keras computes it."""
    import keras
    import tensorflow as tf

    from core.layers import FusedBatchNormalization

    x = tf.constant(np.random.default_rng(0).random((32, 75, 75, 16), dtype=np.float32))

    def step(layer: keras.layers.Layer) -> Callable[[], object]:
        layer.build(x.shape)

        @tf.function
        def run() -> Any:
            with tf.GradientTape() as tape:
                tape.watch(x)
                total = tf.reduce_sum(layer(x, training=True) ** 2)
            return tape.gradient(total, [x, *layer.trainable_variables])

        return run

    seconds = median_seconds(step(FusedBatchNormalization()), step(keras.layers.BatchNormalization()), 20)
    return _row("one training step of batch norm", "FusedBatchNormalization", "keras.layers", seconds)


TRAINED = 512  # pictures an epoch


def bench_training() -> list[dict[str, Any]]:
    """A picture of training: our loop alone, then our way as a whole, beside the plain Keras script in float32."""
    return [
        bench_classifier("float32", "the loop alone: "),
        bench_classifier(STUDIES[GRID].trials[0].run.training.precision),
        bench_clocks(),
    ]


def bench_classifier(precision: Precision, lead: str = "") -> dict[str, Any]:
    """Géron's CNN on made-up pictures of Fashion-MNIST's shape, with the settings of the first run of ``cnn-grid``."""
    from core.classifiers.networks import build_classifier
    from core.classifiers.runs import losses

    run = STUDIES[GRID].trials[0].run
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (TRAINED, *run.network.input_shape), np.uint8)
    spec = replace(run.training, precision=precision)
    lesson = Lesson(images, rng.integers(0, run.network.classes, TRAINED), losses()[0], lambda: losses()[1], spec)
    training.seed_everything(0)
    with training.precision(spec):
        ours = build_classifier(run.network)
    return _training_row(f"{lead}Géron's CNN", ours, build_classifier(run.network), lesson)


def bench_clocks(model_id: str = "report23-classes-720") -> dict[str, Any]:
    """2023's network of 720 classes on made-up pictures, with the settings of its recipe; the plain one with Keras' norm."""
    from core.clocks.report_recipes import recipes

    recipe = next(one for one in recipes() if one.model_id == model_id)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (TRAINED, 150, 150, 1), np.uint8)
    labels = np.eye(720, dtype=np.float32)[rng.integers(0, 720, TRAINED)]
    loss, _, metrics = recipe.losses()
    training.seed_everything(0)
    plain = with_plain_layers(recipe.build(recipe.spec))
    with training.precision(recipe.training):
        ours = recipe.build(recipe.spec)
    return _training_row(
        "2023's clock network, fused norm", ours, plain, Lesson(images, labels, loss, lambda: [*metrics], recipe.training)
    )


def _training_row(what: str, ours: Any, plain: Any, lesson: Lesson) -> dict[str, Any]:
    seconds = seconds_a_picture(ours, plain, lesson)
    return _row(f"train on one picture, {what}", f"core.training, {lesson.spec.precision}", "compile and fit, float32", seconds)


def bench_walk(model_id: str, frames: int = 60) -> dict[str, Any]:
    """A walk's frames decoded in one call and packed as one sheet, and one after the other through ``keras.Model.predict``."""
    from core.generators.stored import load_generator
    from core.generators.walks import walk_vectors
    from core.sheets import sheet

    generator = load_generator(model_id)
    vectors = walk_vectors(generator, 1, 2, frames)
    network = generator.decoder.model

    def plain() -> None:
        for vector in vectors:
            network.predict(vector[None], verbose=0)

    seconds = median_seconds(lambda: sheet(generator.decode(vectors), 10), plain, 3, ours_a_round=3, warm=1)
    what = f"a walk of {frames} frames of {generator.side} px with {model_id}"
    return _row(what, "one call, one sheet", "model.predict, frame by frame", seconds)


def bench_photograph(model_id: str, results: Path | None = None) -> dict[str, Any]:
    """One photograph, from its pixels to a time, with a stored reader and with scikit-image's edges and lines.

    Of ``PHOTOGRAPHS`` in a data folder, or of as many drawn clocks of every kind where there are none; the shares read to one
    minute are those that ``evaluate`` wrote into ``results``, or measured now.
    """
    from core.clocks.classical import read_classically
    from core.clocks.photographs import NoPicturesError, load_photographs, wild_set
    from core.clocks.reading import read_pictures

    model = registry.load_trained(model_id)
    try:
        shown, what = load_photographs(), "photograph"
    except NoPicturesError as error:
        warnings.warn(f"{error} Drawn clocks are read instead.", stacklevel=2)
        shown, what = wild_set(PHOTOGRAPHS), "drawn clock"
    ours, plain = itertools.cycle(shown.pictures), itertools.cycle(shown.pictures)
    return _row(
        f"read one {what} with {model_id}",
        "core.clocks.reading",
        "scikit-image, without learning",
        median_seconds(lambda: read_pictures([next(ours)], model=model), lambda: read_classically(next(plain)), PHOTOGRAPHS),
        _shares_right(model, shown, results or paths.RESULTS),
    )


def _shares_right(model: registry.TrainedModel, shown: "PictureSet", results: Path) -> tuple[float, float]:
    """The shares of a set that a model and the reader without learning read to one minute."""
    from core.clocks.evaluation import SETS
    from core.clocks.photographs import CLASSICAL, evaluate_sets
    from core.tables import read_table

    rows: Sequence[dict[str, Any]] = read_table(results, SETS)
    names = (model.card.model_id, CLASSICAL)
    if not {(name, shown.name) for name in names} <= {(row["model"], row["set"]) for row in rows}:
        rows = evaluate_sets([model], [shown])[0]
    right = {row["model"]: float(row["within_1_minute"]) for row in rows if row["set"] == shown.name}
    return right[names[0]], right[names[1]]


def _reader_of_photographs() -> str | None:
    """The best stored reader that finds dials itself; None while there is none."""
    from core.clocks.reading import PREFERRED

    stored = {card.model_id for card in registry.list_cards() if card.extra.get("readable") is True}
    return next((model_id for model_id in PREFERRED if model_id in stored), None)


def _walked() -> str | None:
    """The generator of 64 pixels that walks are measured with, ours before the reports'; None while there is none."""
    from core.generators.stored import list_generators

    ids = [card.model_id for card in list_generators() if card.extra["side"] == 64]
    return next(iter(sorted(ids, key=lambda name: (not name.endswith("best"), name))), None)


def run_bench(*, save: bool = True) -> list[dict[str, Any]]:
    """All comparisons; written to ``assets/results/bench.csv`` with ``save``."""
    from core.tables import write_table

    rows = [bench_inference(), bench_renderer(), bench_batch_norm(), *bench_training()]
    if (reader := _reader_of_photographs()) is not None:
        rows.append(bench_photograph(reader))
    else:
        train = "python -m core train reader-small"
        warnings.warn(f"No reader of photographs is stored, so none is measured; train one with: {train}", stacklevel=2)
    if (walked := _walked()) is not None:
        rows.append(bench_walk(walked))
    if save:
        write_table(paths.RESULTS, TABLE, rows)
    return rows
