"""What the commands of ``python -m core`` do: each takes parsed options and returns the exit status.

Heavy imports wait until a command needs them.
"""

import argparse
import csv
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.progress import printable

if TYPE_CHECKING:
    from core.recipes import Recipe
    from core.trials import Study

RENDER = 2  # ends the seeds of ``render``, which so never repeats a picture of the benchmark


def read(options: argparse.Namespace) -> int:
    """Read pictures; 1 if any failed."""
    from core.clocks.reading import default_model, read_pictures
    from core.images import open_picture
    from core.picture_decoding import PictureError
    from core.registry import load_trained

    model = load_trained(default_model() if options.model is None else options.model)
    model_id = model.card.model_id
    if model.card.extra.get("task") != "clock":
        return fail(f"{model_id} reads no clocks; {default_model()} does")
    failed = False
    for name in options.images:
        line: dict[str, Any] = {"file": name, "time": None, "minutes": None, "confidence": None, "model": model_id}
        line["error"] = None
        try:
            picture = open_picture(name)
        except PictureError as error:
            line["error"], failed = str(error), True
        else:
            [reading] = read_pictures([picture], gamma=options.gamma, locate=options.locate, model=model)
            line["time"], line["minutes"] = str(reading.time), round(reading.minutes, 2) % 720
            line["confidence"] = round(reading.confidence, 4)
            note = f"  {reading.note}" if reading.note else ""
        if options.json:
            print(json.dumps(line), flush=True)  # ASCII: a file name may hold bytes that no terminal takes
        elif line["error"]:
            print(printable(f"{name}: {line['error']}"), flush=True)
        else:
            print(printable(f"{name}: {line['time']}  (confidence {line['confidence']:.2f}){note}"), flush=True)
    return int(failed)


def render(options: argparse.Namespace) -> int:
    """Draw clocks into a folder."""
    import numpy as np
    from PIL import Image

    from core.clocks.face import STYLE_NAMES, render
    from core.clocks.time import ClockTime
    from core.progress import progress_bar

    if options.style not in STYLE_NAMES:
        return fail(f"no style {options.style!r}; known: {', '.join(STYLE_NAMES)}")
    folder = Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    update = progress_bar("drawing")
    times = np.random.default_rng(options.seed).integers(0, 720, options.count)
    digits = len(str(options.count - 1))
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["file", "hour", "minute"])
        for index in range(options.count):
            time = ClockTime.from_minutes(int(times[index]))
            name = f"{index:0{digits}d}.png"
            Image.fromarray(render(time, options.style, seed=(options.seed, index, RENDER)).image).save(folder / name)
            table.writerow([name, time.hour, time.minute])
            update(index + 1, options.count)
    print(printable(f"drew {options.count} pictures and labels.csv into {folder}"))
    return 0


def train(options: argparse.Namespace) -> int:
    """Train models and run studies."""
    import time

    from core.catalogue import in_turn, next_recipes
    from core.checkpoints import CheckpointError
    from core.picture_files import DatasetError
    from core.recipe_runs import run_slice
    from core.recipes import epochs_begun, share_trained
    from core.registry import RegistryError
    from core.study_runs import run_trials, study_share
    from core.training import DivergedError

    if not options.models and not options.all:
        return fail("name the models to train, or say --all")
    deadline = float("inf") if options.minutes is None else time.monotonic() + 60 * options.minutes
    if options.data is not None:
        from core.generators.own import KINDS, own_recipe

        if options.all or len(options.models) != 1 or options.models[0] not in KINDS:
            return fail("with --data name one model to learn from the pictures: vae or gan")
        queue = [own_recipe(options.models[0], Path(options.data))]
    else:
        queue = next_recipes([] if options.all else options.models)
    if options.quick:
        queue = [recipe.quick() for recipe in queue]
    status, slices = 0, options.all and not options.fresh
    studies, failed = _studies(options), dict[str, set[int]]()
    while (queue or studies) and time.monotonic() < deadline:
        if studies and (not queue or study_share(studies[0]) <= share_trained(queue[0])):
            study = studies.pop(0)
            minutes = None if options.minutes is None else (deadline - time.monotonic()) / 60
            unable = failed.setdefault(study.name, set())
            # A trial in turn; one that its data or time leaves no way for is not asked again.
            if run_trials(study, full=_has_gpu(), minutes=minutes, most=1, failed=unable):
                studies = sorted([*studies, study], key=study_share)
            continue
        recipe = queue.pop(0)
        if share_trained(recipe) >= 1 and not options.fresh:
            print(f"{recipe.model_id}: all {recipe.training.epochs} epochs are trained; --fresh trains anew", flush=True)
            continue
        begun = epochs_begun(recipe)
        try:
            # With --all every model gets a slice in turn, the least trained first; anew, one is trained after the other.
            card = run_slice(
                recipe,
                minutes=None if options.minutes is None else (deadline - time.monotonic()) / 60,
                epochs_now=-(-recipe.training.epochs // 20) if slices else None,
                resume=not options.fresh,
            )
        except (RegistryError, CheckpointError, DatasetError, DivergedError) as error:
            anew = "; or train anew with --fresh" if isinstance(error, CheckpointError) else ""
            status = fail(f"{recipe.model_id}: {error}{anew}")
            continue
        if card is None:
            print(f"{recipe.model_id}: {_why_not_stored(recipe)}; what was begun is kept", flush=True)
            if slices and epochs_begun(recipe) > begun:
                queue = in_turn([*queue, recipe])
            continue
        figures = ", ".join(f"{name} {value:.4g}" for name, value in card.figures.items())
        print(f"{recipe.model_id}: {card.epochs_trained} of {card.epochs_asked} epochs; {figures}".rstrip("; "), flush=True)
        if slices and card.epochs_trained < card.epochs_asked:
            queue = in_turn([*queue, recipe])
    for name in [recipe.model_id for recipe in queue] + [study.name for study in studies]:
        print(f"{name}: no time left; the same command goes on")
    return status


def _why_not_stored(recipe: "Recipe") -> str:
    from core.recipes import epochs_begun, epochs_stored, epochs_to_store

    stored, needed, begun = epochs_stored(recipe), epochs_to_store(recipe), epochs_begun(recipe)
    if needed <= begun and (stored < begun or stored == begun >= recipe.training.epochs):
        return f"at epoch {begun} it does worse on validation pictures than the stored one of {stored}, which stays"
    if stored > begun >= recipe.training.epochs:
        return (
            f"all {begun} epochs are trained, and the stored one of {stored} stays; delete its folder to have this one stored"
        )
    if not stored < begun:
        return "too little time for an epoch more than is stored"
    return f"at epoch {begun}; the stored one of {stored} stays until epoch {needed}, where the rate is at zero again"


def _studies(options: argparse.Namespace) -> "list[Study]":
    """The studies that ``train --all`` works through beside the models, lowest share first."""
    if not options.all or options.fresh or options.quick:
        return []
    from core import study_runs
    from core.studies import load_study

    for sentence in study_runs.missing_data():
        print(sentence, flush=True)
    return [load_study(name) for name in study_runs.runnable_studies()]


# What is measured, each in a room of its own -> the model to train where none is stored.
EVALUATED = {"clocks": "reader-report", "classifiers": "fashion-best", "generators": "vae-leaves-32"}


def evaluate(options: argparse.Namespace) -> int:
    """Measure what is stored."""
    if options.what not in (None, *EVALUATED):
        return fail(f"there are no trained {options.what} yet; these are measured: {', '.join(EVALUATED)}")
    if options.model:
        if options.what != "clocks":
            return fail("--model goes with clocks: python -m core evaluate clocks --model ID")
        from core.clocks.evaluation import evaluate

        try:
            print_table(evaluate(model_ids=options.model))
        except ValueError as error:
            return fail(str(error))
        return 0
    lacking = []
    for what in [options.what] if options.what else EVALUATED:
        rows = importlib.import_module(f"core.{what}.evaluation").evaluate()
        if rows:
            print_table(rows)
        else:
            lacking.append(f"no model of {what} is stored; train one with: python -m core train {EVALUATED[what]}")
    if lacking and (options.what or len(lacking) == len(EVALUATED)):
        return fail(lacking[0])
    return 0


def status(options: argparse.Namespace) -> int:
    """Say where everything stands."""
    from core.status import status

    if options.measure:
        from core.first_steps import write_paces

        write_paces(say=lambda words: print(printable(words), file=sys.stderr))
    print_table(status())
    return 0


def sweep(options: argparse.Namespace) -> int:
    """Run the open trials of a study."""
    from core.studies import load_study, outlook
    from core.study_database import shown_url, storage_url
    from core.study_design import agreement, most_trained
    from core.study_effects import beside_published, best, mean_over_seeds
    from core.study_results import current_rows
    from core.sweeps import Sweep, run_sweep
    from core.trials import StudyError

    try:
        study, url = load_study(options.study), storage_url(options.storage)
        full = options.full or _has_gpu()
        title = f"{study.name}: {study.title} ({study.report}, {study.row}). {study.note}".rstrip()
        print(title, outlook(study, full=full, fresh=options.fresh), f"Storage: {shown_url(url)}", sep="\n", flush=True)
        run_sweep(Sweep(study, url, full, options.fresh, options.minutes), int(options.workers))
        rows = current_rows(study)
    except StudyError as error:
        return fail(str(error))
    except KeyboardInterrupt:
        return fail("stopped; what was under way waits again, and the same command goes on")
    if not rows:
        return fail(f"{study.name} has no results yet; call the same command again with more time")
    shown = ("val_accuracy", "test_accuracy", "test_cross_entropy", "test_loss", "seeds")
    top = best(mean_over_seeds(most_trained(rows), study.factors), 10)  # what had less training is behind for that alone
    if top:
        print_table([{name: "" if row[name] is None else row[name] for name in (*study.factors, *shown)} for row in top])
    for measure, found in agreement(beside_published(study, rows), rows).items():
        if found.rank is not None:
            print(f"rank correlation of published and ours, {measure}: {found.rank:.2f} of {found.pairs}")
    return 0


def _has_gpu() -> bool:
    from core.devices import device_name

    return not device_name().startswith("CPU")


def walk(options: argparse.Namespace) -> int:
    """Write a walk through a latent space."""
    from core.generators.stored import load_generator
    from core.generators.walks import FORMATS, save_frames, walk_vectors

    file = Path(options.out)
    if file.suffix.lower() not in FORMATS:
        return fail(f"a walk is written as {', '.join(FORMATS)}; got {file.name!r}")
    generator = load_generator(options.model_id)
    save_frames(generator.decode(walk_vectors(generator, options.start, options.end, options.frames, options.path)), file)
    print(printable(f"{options.frames} frames from {options.start} to {options.end}, {options.path}: {file}"))
    return 0


def bench(options: argparse.Namespace) -> int:
    """Measure our way against the plain way."""
    if options.training:
        from core.training_speed import measure, write_training_speed

        rows = measure() if options.json else write_training_speed()
    else:
        from core.bench import run_bench

        rows = run_bench(save=not options.json)
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        print_table(rows)
    return 0


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    """Rows with the same keys, one a line, columns aligned."""
    texts = [[str(key) for key in rows[0]]]
    texts += [[f"{value:.4g}" if isinstance(value, float) else str(value) for value in row.values()] for row in rows]
    widths = [max(len(line[column]) for line in texts) for column in range(len(texts[0]))]
    for line in texts:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def fail(sentence: str) -> int:
    """Say what is wrong; the exit status for it."""
    print(printable(sentence), file=sys.stderr)
    return 2
