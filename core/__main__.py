"""The command line: ``python -m core COMMAND``."""

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence

from core import commands as does

STOPPED, PIPED = 128 + 2, 128 + 13  # what a shell calls the end by Ctrl-C (SIGINT) and by a closed pipe (SIGPIPE)


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
    read.set_defaults(run=does.read)

    render = commands.add_parser("render", help="draw clocks: PNGs and labels.csv")
    styles = "report: the course's clock, turned any way (the benchmark's: as the originals are); wild: clocks of every kind"
    render.add_argument("--style", default="report", help=styles)
    render.add_argument("--count", type=_number(int, 1, 1_000_000), default=10, metavar="N")
    render.add_argument("--seed", type=_number(int, 0, 2**32 - 1), default=0, metavar="S")
    render.add_argument("--out", required=True, metavar="DIR")
    render.set_defaults(run=does.render)

    train = commands.add_parser("train", help="train models and store them")
    train.add_argument("models", nargs="*", metavar="MODEL_ID")
    train.add_argument("--all", action="store_true", help="all models and studies, the least trained first")
    train.add_argument("--data", metavar="FOLDER", help="learn from the pictures in a folder or zip; MODEL_ID is vae or gan")
    train.add_argument("--minutes", type=_number(float, 0, 1e6), metavar="M", help="stop in time, keeping what is done")
    train.add_argument("--quick", action="store_true", help="a fiftieth of the epochs, stored as MODEL_ID-quick")
    train.add_argument("--resume", action="store_true", help="go on where an earlier training stopped (it does so anyway)")
    train.add_argument("--fresh", action="store_true", help="begin anew; the stored model stays until it is overtaken")
    train.set_defaults(run=does.train)

    evaluate = commands.add_parser("evaluate", help="measure stored models, write assets/results")
    evaluate.add_argument("what", nargs="?", choices=["clocks", "classifiers", "generators"])
    evaluate.add_argument(
        "--model",
        action="append",
        metavar="ID",
        help="of clocks: measure this one (or: classical) alone, keep the others' rows; may be repeated",
    )
    evaluate.set_defaults(run=does.evaluate)

    standing = commands.add_parser("status", help="where every model and study stands, and what is left")
    standing.add_argument("--measure", action="store_true", help="first time a few steps of each model not begun")
    standing.set_defaults(run=does.status)

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
    sweep.set_defaults(run=does.sweep)

    walk = commands.add_parser("walk", help="walk through a latent space")
    walk.add_argument("model_id", metavar="MODEL_ID")
    walk.add_argument("--from", dest="start", type=_number(int, 0, 2**32 - 1), required=True, metavar="SEED")
    walk.add_argument("--to", dest="end", type=_number(int, 0, 2**32 - 1), required=True, metavar="SEED")
    walk.add_argument("--frames", type=_number(int, 2, 2000), default=60, metavar="N")
    walk.add_argument("--path", choices=["linear", "spherical"], default="spherical")
    walk.add_argument("--out", required=True, metavar="FILE")
    walk.set_defaults(run=does.walk)

    bench = commands.add_parser("bench", help="our way against the plain way, as ratios")
    bench.add_argument("--training", action="store_true", help="what was tried to train faster on a CPU, and what it gave")
    bench.add_argument("--json", action="store_true", help="print alone, write no table")
    bench.set_defaults(run=does.bench)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    from core.picture_files import DatasetError
    from core.registry import RegistryError
    from core.trials import StudyError

    options = parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that knows fewer letters than a file's name has
            stream.reconfigure(errors="backslashreplace")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's remarks on hardware are not ours
    try:
        status: int = options.run(options)
    except BrokenPipeError:  # whoever read the lines has enough of them (``| head``)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python would complain once more when it ends
        return PIPED
    except (RegistryError, DatasetError, StudyError, OSError) as error:
        return does.fail(str(error))
    except KeyboardInterrupt:
        begun = "; what was begun is kept, and train without --fresh goes on" if options.run is does.train else ""
        does.fail(f"stopped{begun}")
        return STOPPED
    return status


if __name__ == "__main__":
    sys.exit(main())
