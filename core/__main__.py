"""The command line: ``python -m core COMMAND``. Heavy imports wait until a command needs them."""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def _read(options: argparse.Namespace) -> int:
    from core.clocks.reading import read_pictures
    from core.images import PictureError, open_picture
    from core.registry import RegistryError, load_trained

    try:
        model = load_trained(options.model)
    except RegistryError as error:
        return _fail(str(error))
    failed = False
    for name in options.images:
        line: dict[str, Any] = {"file": name, "time": None, "minutes": None, "confidence": None, "model": options.model}
        line["error"] = None
        try:
            picture = open_picture(name)
        except PictureError as error:
            line["error"], failed = str(error), True
        else:
            [reading] = read_pictures([picture], gamma=options.gamma, locate=options.locate, model=model)
            line["time"], line["minutes"] = str(reading.time), round(reading.minutes, 2) % 720
            line["confidence"] = round(reading.confidence, 4)
        if options.json:
            print(json.dumps(line, ensure_ascii=False), flush=True)
        elif line["error"]:
            print(f"{name}: {line['error']}", flush=True)
        else:
            print(f"{name}: {line['time']}  (confidence {line['confidence']:.2f})", flush=True)
    return int(failed)


def _render(options: argparse.Namespace) -> int:
    import numpy as np
    from PIL import Image

    from core.clocks.face import render
    from core.clocks.styles import STYLES
    from core.clocks.time import ClockTime
    from core.progress import progress_bar

    if options.style not in STYLES:
        return _fail(f"no style {options.style!r}; known: {', '.join(STYLES)}")
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
            Image.fromarray(render(time, options.style, seed=(options.seed, index)).image).save(folder / name)
            table.writerow([name, time.hour, time.minute])
            update(index + 1, options.count)
    print(f"drew {options.count} pictures and labels.csv into {folder}")
    return 0


def _train(options: argparse.Namespace) -> int:
    import time

    from core.catalogue import next_recipes
    from core.checkpoints import CheckpointError
    from core.recipes import run_slice, share_trained
    from core.registry import RegistryError

    if not options.models and not options.all:
        return _fail("name the models to train, or say --all")
    deadline = float("inf") if options.minutes is None else time.monotonic() + 60 * options.minutes
    try:
        queue = next_recipes([] if options.all else options.models)
        if options.quick:
            queue = [recipe.quick() for recipe in queue]
        while queue and time.monotonic() < deadline:
            recipe = queue.pop(0)
            left = (deadline - time.monotonic()) / 60
            if share_trained(recipe) >= 1 and (options.all or options.resume):
                print(f"{recipe.model_id}: all {recipe.training.epochs} epochs are trained", flush=True)
                continue
            # With --all every model gets a slice in turn, the least trained first.
            card = run_slice(
                recipe,
                minutes=None if options.minutes is None else left,
                epochs_now=-(-recipe.training.epochs // 20) if options.all else None,
                resume=options.resume or options.all,
            )
            if card is None:
                print(f"{recipe.model_id}: not one whole epoch fitted into the time; its beginning is kept")
                continue
            figures = ", ".join(f"{name} {value:.4g}" for name, value in card.figures.items())
            print(f"{recipe.model_id}: {card.epochs_trained} of {card.epochs_asked} epochs; {figures}", flush=True)
            if options.all and card.epochs_trained < card.epochs_asked:
                queue = sorted([*queue, recipe], key=share_trained)
    except (RegistryError, CheckpointError) as error:
        return _fail(str(error))
    for recipe in queue:
        print(f"{recipe.model_id}: no time left; the same command with --resume goes on")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from core.clocks import evaluation

    if options.what not in (None, "clocks"):
        return _fail(f"there are no trained {options.what} yet; 'python -m core evaluate clocks' measures the clock models")
    rows = evaluation.evaluate()
    if not rows:
        return _fail("no clock model is stored; train one with: python -m core train reader-report")
    _print_table(rows)
    return 0


def _sweep(options: argparse.Namespace) -> int:
    return _fail(f"no study is called {options.study!r}; known: none yet")


def _walk(options: argparse.Namespace) -> int:
    from core.registry import RegistryError, load_card

    try:
        card = load_card(options.model_id)
    except RegistryError as error:
        return _fail(str(error))
    return _fail(f"{card.model_id} is a {card.extra.get('task', 'model')} model and has no latent space to walk in")


def _bench(options: argparse.Namespace) -> int:
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


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 2


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1; got {value}")
    return value


def _natural(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must be at least 0; got {value}")
    return value


def _gamma(text: str) -> float:
    value = float(text)
    if not 0 < value <= 10:
        raise argparse.ArgumentTypeError(f"must lie in (0, 10]; got {value}")
    return value


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    root = argparse.ArgumentParser(prog="python -m core", description="Latent O'Clock without its pages.")
    commands = root.add_subparsers(required=True, metavar="COMMAND")

    read = commands.add_parser("read", help="read the time from pictures")
    read.add_argument("images", nargs="+", metavar="IMAGE")
    read.add_argument("--model", default="reader-report", metavar="ID")
    read.add_argument("--gamma", type=_gamma, default=1.0, metavar="G", help="raise the tones to this power first")
    read.add_argument("--no-locate", dest="locate", action="store_false", help="take no second, closer look")
    read.add_argument("--json", action="store_true", help="one JSON object a line")
    read.set_defaults(run=_read)

    render = commands.add_parser("render", help="draw clocks: PNGs and labels.csv")
    render.add_argument("--style", default="report")
    render.add_argument("--count", type=_positive, default=10, metavar="N")
    render.add_argument("--seed", type=_natural, default=0, metavar="S")
    render.add_argument("--out", required=True, metavar="DIR")
    render.set_defaults(run=_render)

    train = commands.add_parser("train", help="train models and store them")
    train.add_argument("models", nargs="*", metavar="MODEL_ID")
    train.add_argument("--all", action="store_true", help="whatever the registry lacks, the least trained first")
    train.add_argument("--minutes", type=float, metavar="M", help="stop in time, keeping what is done")
    train.add_argument("--quick", action="store_true", help="a fiftieth of the epochs, stored as MODEL_ID-quick")
    train.add_argument("--resume", action="store_true", help="go on where an earlier training stopped")
    train.set_defaults(run=_train)

    evaluate = commands.add_parser("evaluate", help="measure stored models, write assets/results")
    evaluate.add_argument("what", nargs="?", choices=["clocks", "classifiers", "generators"])
    evaluate.set_defaults(run=_evaluate)

    sweep = commands.add_parser("sweep", help="run the open trials of a study")
    sweep.add_argument("study")
    sweep.add_argument("--storage", metavar="URL")
    sweep.add_argument("--workers", type=_positive, default=1, metavar="N")
    sweep.set_defaults(run=_sweep)

    walk = commands.add_parser("walk", help="walk through a latent space")
    walk.add_argument("model_id", metavar="MODEL_ID")
    walk.add_argument("--from", dest="start", type=_natural, required=True, metavar="SEED")
    walk.add_argument("--to", dest="end", type=_natural, required=True, metavar="SEED")
    walk.add_argument("--frames", type=_positive, default=60, metavar="N")
    walk.add_argument("--path", choices=["linear", "spherical"], default="spherical")
    walk.add_argument("--out", required=True, metavar="FILE")
    walk.set_defaults(run=_walk)

    bench = commands.add_parser("bench", help="our way against the plain way, as ratios")
    bench.add_argument("--json", action="store_true")
    bench.set_defaults(run=_bench)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = parser().parse_args(arguments)
    status: int = options.run(options)
    return status


if __name__ == "__main__":
    sys.exit(main())
