"""The command line: ``python -m core COMMAND``. Heavy imports wait until a command needs them."""

import argparse
import csv
import importlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.trials import Study

RENDER = 2  # ends the seeds of ``render``, which so never repeats a picture of the benchmark


def _read(options: argparse.Namespace) -> int:
    from core.clocks.reading import default_model, read_pictures
    from core.images import PictureError, open_picture
    from core.registry import load_trained

    model = load_trained(default_model() if options.model is None else options.model)
    model_id = model.card.model_id
    if model.card.extra.get("task") != "clock":
        return _fail(f"{model_id} reads no clocks; {default_model()} does")
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
            print(_printable(f"{name}: {line['error']}"), flush=True)
        else:
            print(_printable(f"{name}: {line['time']}  (confidence {line['confidence']:.2f}){note}"), flush=True)
    return int(failed)


def _render(options: argparse.Namespace) -> int:
    import numpy as np
    from PIL import Image

    from core.clocks.face import STYLE_NAMES, render
    from core.clocks.time import ClockTime
    from core.progress import progress_bar

    if options.style not in STYLE_NAMES:
        return _fail(f"no style {options.style!r}; known: {', '.join(STYLE_NAMES)}")
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
    print(f"drew {options.count} pictures and labels.csv into {folder}")
    return 0


def _train(options: argparse.Namespace) -> int:
    import time

    from core.catalogue import in_turn, next_recipes
    from core.checkpoints import CheckpointError
    from core.picture_files import DatasetError
    from core.recipe_runs import run_slice
    from core.recipes import share_trained
    from core.registry import RegistryError
    from core.study_runs import run_trials, study_share
    from core.training import DivergedError

    if not options.models and not options.all:
        return _fail("name the models to train, or say --all")
    deadline = float("inf") if options.minutes is None else time.monotonic() + 60 * options.minutes
    if options.data is not None:
        from core.generators.own import KINDS, own_recipe

        if options.all or len(options.models) != 1 or options.models[0] not in KINDS:
            return _fail("with --data name one model to learn from the pictures: vae or gan")
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
        try:
            # With --all every model gets a slice in turn, the least trained first; anew, one is trained after the other.
            card = run_slice(
                recipe,
                minutes=None if options.minutes is None else (deadline - time.monotonic()) / 60,
                epochs_now=-(-recipe.training.epochs // 20) if slices else None,
                resume=not options.fresh,
            )
        except (RegistryError, CheckpointError, DatasetError, DivergedError) as error:
            status = _fail(f"{recipe.model_id}: {error}")
            continue
        if card is None:
            print(f"{recipe.model_id}: too little time for an epoch more than is stored; what was begun is kept", flush=True)
            continue
        figures = ", ".join(f"{name} {value:.4g}" for name, value in card.figures.items())
        print(f"{recipe.model_id}: {card.epochs_trained} of {card.epochs_asked} epochs; {figures}".rstrip("; "), flush=True)
        if slices and card.epochs_trained < card.epochs_asked:
            queue = in_turn([*queue, recipe])
    for name in [recipe.model_id for recipe in queue] + [study.name for study in studies]:
        print(f"{name}: no time left; the same command goes on")
    return status


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


def _evaluate(options: argparse.Namespace) -> int:
    if options.what not in (None, *EVALUATED):
        return _fail(f"there are no trained {options.what} yet; these are measured: {', '.join(EVALUATED)}")
    if options.model:
        if options.what != "clocks":
            return _fail("--model goes with clocks: python -m core evaluate clocks --model ID")
        from core.clocks.evaluation import evaluate

        try:
            _print_table(evaluate(model_ids=options.model))
        except ValueError as error:
            return _fail(str(error))
        return 0
    lacking = []
    for what in [options.what] if options.what else EVALUATED:
        rows = importlib.import_module(f"core.{what}.evaluation").evaluate()
        if rows:
            _print_table(rows)
        else:
            lacking.append(f"no model of {what} is stored; train one with: python -m core train {EVALUATED[what]}")
    if lacking and (options.what or len(lacking) == len(EVALUATED)):
        return _fail(lacking[0])
    return 0


def _status(options: argparse.Namespace) -> int:
    from core.status import status

    _print_table(status())
    return 0


def _sweep(options: argparse.Namespace) -> int:
    from core.studies import load_study, outlook
    from core.study_database import shown_url, storage_url
    from core.study_effects import agreement, beside_published, best, mean_over_seeds
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
        return _fail(str(error))
    except KeyboardInterrupt:
        return _fail("stopped; what was under way waits again, and the same command goes on")
    if not rows:
        return _fail(f"{study.name} has no results yet; call the same command again with more time")
    shown = ("val_accuracy", "test_accuracy", "test_cross_entropy", "test_loss", "seeds")
    top = best(mean_over_seeds(rows, study.factors), 10)
    if top:
        _print_table([{name: "" if row[name] is None else row[name] for name in (*study.factors, *shown)} for row in top])
    for measure, correlation in agreement(beside_published(study, rows)).items():
        if correlation is not None:
            print(f"rank correlation of published and ours, {measure}: {correlation:.2f}")
    return 0


def _has_gpu() -> bool:
    from core.devices import device_name

    return not device_name().startswith("CPU")


def _walk(options: argparse.Namespace) -> int:
    from core.generators.stored import load_generator
    from core.generators.walks import FORMATS, save_frames, walk_vectors

    file = Path(options.out)
    if file.suffix.lower() not in FORMATS:
        return _fail(f"a walk is written as {', '.join(FORMATS)}; got {file.name!r}")
    generator = load_generator(options.model_id)
    save_frames(generator.decode(walk_vectors(generator, options.start, options.end, options.frames, options.path)), file)
    print(_printable(f"{options.frames} frames from {options.start} to {options.end}, {options.path}: {file}"))
    return 0


def _bench(options: argparse.Namespace) -> int:
    if options.training:
        from core.training_speed import measure, write_training_speed

        rows = measure() if options.json else write_training_speed()
    else:
        from core.bench import run_bench

        rows = run_bench(save=not options.json)
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        _print_table(rows)
    return 0


def _print_table(rows: Sequence[dict[str, Any]]) -> None:
    """Rows with the same keys, one a line, columns aligned."""
    texts = [[str(key) for key in rows[0]]]
    texts += [[f"{value:.4g}" if isinstance(value, float) else str(value) for value in row.values()] for row in rows]
    widths = [max(len(line[column]) for line in texts) for column in range(len(texts[0]))]
    for line in texts:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _fail(sentence: str) -> int:
    print(_printable(sentence), file=sys.stderr)
    return 2


def _number(kind: type[int] | type[float], low: float, high: float) -> Callable[[str], float]:
    """An argparse type: a finite number from ``low`` to ``high``."""

    def number(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = kind(-1)
        # Also false for not-a-number.
        if not low <= value <= high:
            whole = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"must be {whole} from {low:g} to {high:g}; got {text!r}")
        return value

    return number


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    root = argparse.ArgumentParser(prog="python -m core", description="Latent O'Clock without its pages.")
    commands = root.add_subparsers(required=True, metavar="COMMAND")

    read = commands.add_parser("read", help="read the time from pictures")
    read.add_argument("images", nargs="+", metavar="IMAGE")
    read.add_argument("--model", metavar="ID", help="the best reader that is stored, where none is named")
    read.add_argument(
        "--gamma", type=_number(float, 0.01, 10), default=1.0, metavar="G", help="raise the tones to this power first"
    )
    read.add_argument("--no-locate", dest="locate", action="store_false", help="take no second, closer look")
    read.add_argument("--json", action="store_true", help="one JSON object a line")
    read.set_defaults(run=_read)

    render = commands.add_parser("render", help="draw clocks: PNGs and labels.csv")
    render.add_argument("--style", default="report")
    render.add_argument("--count", type=_number(int, 1, 1_000_000), default=10, metavar="N")
    render.add_argument("--seed", type=_number(int, 0, 2**32 - 1), default=0, metavar="S")
    render.add_argument("--out", required=True, metavar="DIR")
    render.set_defaults(run=_render)

    train = commands.add_parser("train", help="train models and store them")
    train.add_argument("models", nargs="*", metavar="MODEL_ID")
    train.add_argument("--all", action="store_true", help="all models and studies, the least trained first")
    train.add_argument("--data", metavar="FOLDER", help="learn from the pictures in a folder or zip; MODEL_ID is vae or gan")
    train.add_argument("--minutes", type=_number(float, 0, 1e6), metavar="M", help="stop in time, keeping what is done")
    train.add_argument("--quick", action="store_true", help="a fiftieth of the epochs, stored as MODEL_ID-quick")
    train.add_argument("--resume", action="store_true", help="go on where an earlier training stopped (it does so anyway)")
    train.add_argument("--fresh", action="store_true", help="begin anew; the stored model stays until it is overtaken")
    train.set_defaults(run=_train)

    evaluate = commands.add_parser("evaluate", help="measure stored models, write assets/results")
    evaluate.add_argument("what", nargs="?", choices=["clocks", "classifiers", "generators"])
    evaluate.add_argument(
        "--model",
        action="append",
        metavar="ID",
        help="of clocks: measure this one (or: classical) alone, keep the others' rows; may be repeated",
    )
    evaluate.set_defaults(run=_evaluate)

    commands.add_parser("status", help="where every model and study stands, and what is left").set_defaults(run=_status)

    sweep = commands.add_parser("sweep", help="run the open trials of a study")
    sweep.add_argument("study")
    sweep.add_argument(
        "--storage",
        metavar="URL",
        help="postgresql://USER@HOST/DATABASE, which any number of machines may name (the password: in ~/.pgpass); "
        "by default a file in the cache folder",
    )
    sweep.add_argument("--workers", type=_number(int, 1, 64), default=1, metavar="N", help="processes on this machine")
    sweep.add_argument("--minutes", type=_number(float, 0, 1e6), metavar="M", help="stop in time; a trial cut short waits")
    sweep.add_argument("--full", action="store_true", help="all epochs and pictures of CNNs even without a GPU")
    sweep.add_argument("--fresh", action="store_true", help="run trials again that have results; these stay until replaced")
    sweep.set_defaults(run=_sweep)

    walk = commands.add_parser("walk", help="walk through a latent space")
    walk.add_argument("model_id", metavar="MODEL_ID")
    walk.add_argument("--from", dest="start", type=_number(int, 0, 2**32 - 1), required=True, metavar="SEED")
    walk.add_argument("--to", dest="end", type=_number(int, 0, 2**32 - 1), required=True, metavar="SEED")
    walk.add_argument("--frames", type=_number(int, 2, 2000), default=60, metavar="N")
    walk.add_argument("--path", choices=["linear", "spherical"], default="spherical")
    walk.add_argument("--out", required=True, metavar="FILE")
    walk.set_defaults(run=_walk)

    bench = commands.add_parser("bench", help="our way against the plain way, as ratios")
    bench.add_argument("--training", action="store_true", help="what was tried to train faster on a CPU, and what it gave")
    bench.add_argument("--json", action="store_true", help="print alone, write no table")
    bench.set_defaults(run=_bench)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    from core.picture_files import DatasetError
    from core.registry import RegistryError
    from core.trials import StudyError

    options = parser().parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's remarks on hardware are not ours
    try:
        status: int = options.run(options)
    except (RegistryError, DatasetError, StudyError, OSError) as error:
        return _fail(str(error))
    return status


if __name__ == "__main__":
    sys.exit(main())
