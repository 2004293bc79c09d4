"""Make what the first page's living pictures show from what is stored: ``python tools/living.py``.

Writes ``assets/home/readings.csv`` (three samples as the default reader reads them), ``curves.csv`` (a run's accuracy on
pictures it learned from and on others; validation curves of its study behind it) and ``walk.webp`` with ``walk.csv`` (a walk of
a stored generator). What is not stored yet is left out; the page then draws less.
"""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core import paths, registry  # noqa: E402
from core.clocks.reading import Reading, default_model, read_pictures  # noqa: E402
from core.generators.stored import list_generators, load_generator  # noqa: E402
from core.generators.walks import walk_vectors  # noqa: E402
from core.images import open_picture  # noqa: E402
from core.sheets import sheet  # noqa: E402
from core.studies import STUDIES  # noqa: E402
from core.study_names import run_title  # noqa: E402
from core.study_results import current_rows, load_curves  # noqa: E402
from core.trials import Row, Study  # noqa: E402

HOME = paths.ASSETS / "home"
SAMPLES = ("09_12-report", "03_31-report", "07_03-report")  # the first is the example of "Tell the time"
SPOTS = ("centre", "twelve", "hour_tip", "minute_tip")
FEWEST_EPOCHS = 5  # of a curve worth drawing
GAP = 0.02  # by which a run in front is better at the end on what it learned from: what the two names promise
BEHIND = 12  # runs of the same study behind the best one
CLASSIFIER = "report23-classes-720"  # shown while no study is stored
ENDS = (53, 20)  # seeds of the page 'Latent space'
FRAMES, QUALITY = 24, 88


def reading_row(sample: str, size: tuple[int, int], reading: Reading) -> dict[str, object]:
    """What is kept of a reading of a picture of ``size`` (width, height): the answer, and where the hands were seen."""
    row = {"sample": sample, "model": reading.model, "width": size[0], "height": size[1]}
    row |= {"time": str(reading.time), "confidence": f"{reading.confidence:.3f}"}
    for name in SPOTS:
        x, y = getattr(reading, name) or ("", "")
        row |= {f"{name}_x": x and f"{x:.1f}", f"{name}_y": y and f"{y:.1f}"}
    return row


def readings() -> list[dict[str, object]]:
    """The samples as the default reader reads them."""
    pictures = [open_picture(paths.SAMPLES / f"{name}.png") for name in SAMPLES]
    read = read_pictures(pictures, default_model())
    return [
        reading_row(name, (picture.shape[1], picture.shape[0]), one)
        for name, picture, one in zip(SAMPLES, pictures, read, strict=True)
    ]


def curve_rows(title: str, line: str, values: Iterable[tuple[int, float]]) -> list[dict[str, object]]:
    """One curve as rows. line: "training", "validation" or "other"."""
    return [{"title": title, "line": line, "epoch": epoch, "accuracy": f"{value:.4f}"} for epoch, value in values]


def study_curves(study: Study, rows: Sequence[Row], curves: Mapping[int, list[Row]]) -> list[dict[str, object]]:
    """A run of a study, trained and validated, and behind it the validation curves of others; [] without a long one.

    It is the best of those that show what learning by heart is (``GAP``), if it is among the best quarter; else the best.
    """
    long = [row for row in rows if len(curves.get(row["trial"], [])) >= FEWEST_EPOCHS and row.get("val_accuracy") is not None]
    if not long:
        return []
    ranked = sorted(long, key=lambda row: row["val_accuracy"], reverse=True)
    front = next((row for row in ranked[: -(-len(ranked) // 4)] if gap(curves[row["trial"]]) >= GAP), ranked[0])
    behind = [row for row in ranked if row is not front and len(curves[row["trial"]]) == len(curves[front["trial"]])]
    others = behind[:: max(1, -(-len(behind) // BEHIND))]  # from good to bad, as long as the one in front

    def drawn(row: Row, line: str, column: str) -> list[dict[str, object]]:
        points = [(point["epoch"], point[column]) for point in curves[row["trial"]] if point.get(column) is not None]
        return curve_rows(run_title(row, study.factors), line, points)

    found = [line for row in others for line in drawn(row, "other", "val_accuracy")]
    return found + drawn(front, "training", "accuracy") + drawn(front, "validation", "val_accuracy")


def gap(points: Sequence[Row]) -> float:
    """How much better a run is at its end on pictures that it learned from than on others; 0 where one is not known."""
    trained, validated = points[-1].get("accuracy"), points[-1].get("val_accuracy")
    return 0.0 if trained is None or validated is None else trained - validated


def curves() -> list[dict[str, object]]:
    """Curves of the first study whose run in front shows the gap, else of the first that has some, else of a stored classifier
    of clocks; [] where there is neither."""
    found = [made for name, study in STUDIES.items() if (made := study_curves(study, current_rows(study), load_curves(name)))]
    if found:
        ends = [{row["line"]: float(row["accuracy"]) for row in made} for made in found]  # the last of each line
        apart = [made for made, end in zip(found, ends, strict=True) if end["training"] - end["validation"] >= GAP]
        return (apart or found)[0]
    try:
        card, history = registry.load_card(CLASSIFIER), registry.load_history(CLASSIFIER)
    except registry.RegistryError:
        return []
    lines = (("training", "accuracy"), ("validation", "val_accuracy"))
    return [
        row
        for line, column in lines
        for row in curve_rows(card.title, line, [(place, float(one[column])) for place, one in enumerate(history, 1)])
    ]


def walk() -> tuple[bytes, dict[str, object]] | None:
    """A walk as one row of frames, and what is told of it; None while no generator is stored."""
    cards = list_generators()
    if not cards:
        return None
    # Leaves first, and ours before the reports': what a class should see first.
    chosen = min(cards, key=lambda card: (card.extra.get("data") != "plant-leaves", card.report is not None, card.model_id))
    generator = load_generator(chosen.model_id)
    made = np.asarray(generator.decode(walk_vectors(generator, *ENDS, FRAMES)))
    data, columns, _ = sheet(made, FRAMES, "WEBP", QUALITY)
    told = {"model": chosen.model_id, "title": chosen.title, "frames": columns}
    return data, told | {"start": ENDS[0], "end": ENDS[1]}


def write(name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """A table of ``assets/home``; nothing where there are no rows."""
    if rows:
        with (HOME / name).open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
        print(f"{name}: {len(rows)} rows")


def main() -> None:
    HOME.mkdir(exist_ok=True)
    write("readings.csv", readings())
    write("curves.csv", curves())
    made = walk()
    if made:
        (HOME / "walk.webp").write_bytes(made[0])
        write("walk.csv", [made[1]])


if __name__ == "__main__":
    main()
