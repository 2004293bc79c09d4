"""Train on a GPU that is lent for minutes: ``python tools/gpu_train.py [NAME...] --minutes 9 --out DIR``.

It needs this repository, Keras, JAX for the GPU, NumPy, Pillow and OpenCV; ``LATENT_OCLOCK_DATA`` names the folder with the
data sets. Of assets/models the cards are enough, and leaf-classifier whole, which measures generators of leaves.

NAME is a model id or a study, all of them when none is named. It stops in time, and DIR then holds what was trained in at
most eight files of 16 MiB. To go on elsewhere give it that folder (``--from DIR``, or as ``--out`` again); to take it home:
``python tools/gpu_train.py --take DIR``, which needs no GPU and only ever adds.
"""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description="Train on a GPU that is lent for minutes.")
    found.add_argument("names", nargs="*", metavar="NAME", help="model ids and studies; all, in the order that users notice")
    found.add_argument("--minutes", type=float, default=9.0, metavar="M", help="until all is packed (default: 9)")
    found.add_argument("--out", type=Path, metavar="DIR", help="where the parcel goes; what lies there already is gone on from")
    found.add_argument(
        "--from", dest="sources", type=Path, action="append", default=[], metavar="DIR", help="an earlier parcel"
    )
    found.add_argument("--estimate", action="store_true", help="measure a full run of each of the report's two systems first")
    found.add_argument("--take", type=Path, action="append", default=[], metavar="DIR", help="put a parcel into the repository")
    found.add_argument("--anyway", action="store_true", help="with --take: even where the stored model does better")
    return found


def main(arguments: list[str] | None = None) -> int:
    command = parser()
    options = command.parse_args(arguments)
    if not options.take and not options.out and not options.estimate:
        command.error("say where the parcel goes (--out DIR), or --take DIR, or --estimate")
    os.environ.setdefault("KERAS_BACKEND", "jax")
    from core.registry import RegistryError
    from core.trials import StudyError

    def say(text: str) -> None:
        print(text, flush=True)

    try:
        for place in options.take:
            from core.parcels import take

            for name, text in take(place, anyway=options.anyway).items():
                say(f"{name}: {text}")
        if options.estimate:
            from core.gpu_runs import SYSTEMS, estimate

            for name in SYSTEMS:
                estimate(name, say=say)
        if options.out:
            from core.gpu_runs import train_on_gpu

            train_on_gpu(options.names, options.out, minutes=options.minutes, sources=options.sources, say=say)
    except (RegistryError, StudyError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
