"""Bring the README's figures and room map in step with ``assets/results`` and ``core``.

``python tools/readme.py`` writes, ``--check`` only tells."""

import csv
import json
import os
import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ["KERAS_BACKEND"] = "numpy"  # networks are only counted here, and it is there at once

import core  # noqa: E402
from core.classifiers.study_list import STUDIES  # noqa: E402
from core.clocks import recipes as clocks  # noqa: E402
from core.clocks.networks import build_reader  # noqa: E402
from core.clocks.wild_data import Mixture  # noqa: E402
from core.comparison import CHOSEN_ON  # noqa: E402
from core.datasets import DATASETS  # noqa: E402
from core.studies import load_study  # noqa: E402
from core.study_design import agreement, most_trained  # noqa: E402
from core.study_effects import beside_published, best, mean_over_seeds  # noqa: E402
from core.study_names import device_words, is_cut, setting_title, share_words, varied  # noqa: E402
from core.study_results import current_rows  # noqa: E402
from core.written import percent as whole_percent  # noqa: E402

WIDE = 124  # letters on a line of text


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one table of results."""
    with (ROOT / "assets" / "results" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def figures() -> str:
    """The clock models on the benchmark's test part, and the comparisons of speed."""
    lines = [
        "| model | mean | median | 95 % | within 1 min | over 30 min | mean, any turn | epochs |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in sorted(rows("clocks.csv"), key=lambda row: float(row["mean_minutes"])):
        lines.append(
            f"| `{row['model']}` | {float(row['mean_minutes']):.2f} | {float(row['median_minutes']):.2f} "
            f"| {float(row['p95_minutes']):.2f} | {100 * float(row['within_1_minute']):.1f} % "
            f"| {100 * float(row['over_30_minutes']):.2f} % | {float(row['mean_minutes_any_turn']):.2f} "
            f"| {epochs_words(row)} |"
        )
    originals = rows("clock_examples.csv")
    apart = [abs(float(row["reader-report"]) - float(row["true"])) for row in originals]
    within = sum(min(minutes, 720 - minutes) <= 3 for minutes in apart)
    times = {row["true"] for row in originals}
    lines += [
        "",
        f"Of {len(originals)} original pictures of the course, which show {len(times)} times, `reader-report` reads {within} "
        "within 3 minutes; the turns of the drawn ones were measured on these.",
    ]
    readings = rows("clocks_readings.csv")
    alike = [name for name in readings[0] if len({row[name] for row in readings}) == 1]
    dead = "gives one answer to every picture: its training died, and any one answer is 180 minutes off in the mean."
    lines += [f"`{name}` {dead}" for name in alike]
    lines += ["", "| what | ours | the plain way | ratio |", "|---|---|---|---:|"]
    for row in rows("bench.csv"):
        ours, plain = f"{row['ours']}, {float(row['ours_ms']):.2f} ms", f"{row['plain']}, {float(row['plain_ms']):.2f} ms"
        ours, plain = (
            f"{words}, {percent(row[f'{way}_within_1_minute'])} within 1 min" if row.get(f"{way}_within_1_minute") else words
            for way, words in (("ours", ours), ("plain", plain))
        )
        lines.append(f"| {row['what']} | {ours} | {plain} | {float(row['ratio']):.1f} |")
    return "\n".join(lines)


def percent(share: str | None) -> str:
    """A share in [0, 1] of a table as it is printed; a dash where there is none."""
    return f"{100 * float(share):.1f} %" if share else "–"


# What stands of each set of pictures in the table of photographs: heading, set, column.
COLUMNS = (
    ("photographs, within 1 min", "photographs", "within_1_minute"),
    ("of the surest 80 %", "photographs", "within_1_minute_at_80"),
    ("painted hands, right 5 min", "faces", "right_class"),
    ("drawn, any clock: mean min", "wild", "mean_minutes"),
    ("never trained on: mean min", "wild-held-out", "mean_minutes"),
)
BESIDE = {"reader-report", "classical"}  # stand in that table too, and are no readers of photographs


def photographs() -> str:
    """What our readers, and the one without learning, make of photographs and of clocks of every kind."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for row in rows("clock_photographs.csv"):
        found.setdefault(row["model"], {})[row["set"]] = row
    lines = [
        f"| reader | {' | '.join(heading for heading, _, _ in COLUMNS)} | learned from |",
        f"|---|{'---:|' * len(COLUMNS)}---:|",
    ]
    for model in sorted(found, key=lambda name: (name in BESIDE, name == "classical", name)):
        sets = found[model]
        cells = [(column, sets.get(name, {}).get(column)) for _, name, column in COLUMNS]
        shares = [f"{float(cell):.1f}" if cell and column == "mean_minutes" else percent(cell) for column, cell in cells]
        name = "without learning (scikit-image)" if model == "classical" else f"`{model}`"
        pictures = next((row["training_pictures"] for row in sets.values() if row.get("training_pictures")), "")
        lines.append(f"| {name} | {' | '.join(shares)} | {f'{int(pictures):,} pictures' if pictures else '–'} |")
    counts = {name: int(row["pictures"]) for sets in found.values() for name, row in sets.items()}
    kinds = {
        "photographs": "photographs",
        "faces": "real dials with painted hands",
        "wild": "drawn clocks of every kind",
        "wild-held-out": "drawn with typefaces, hands, dials and walls that training never shows",
    }
    told = ", ".join(f"{counts[name]:,} {words}" for name, words in kinds.items() if name in counts)
    lines += ["", f"The sets: {told}.", "", textwrap.fill(CHOSEN_ON, WIDE, break_on_hyphens=False)]
    if set(found) <= BESIDE:
        lines += ["", "No reader of photographs is measured yet: `python -m core train reader-small`, then `evaluate clocks`."]
    lines += ["", *learning_curve("reader-small")]
    return "\n".join(lines)


def learning_curve(model: str) -> list[str]:
    """How far off a single look at a validation picture was as a model learned, at eight epochs of its run."""
    path = ROOT / "assets" / "models" / model / "history.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        history = [float(row["val_bins_minutes_apart"]) for row in csv.DictReader(file)]
    epochs = [round(len(history) * share / 15) for share in (1, 2, 4, 6, 8, 11, 13, 15)]
    told = ", ".join(f"{history[epoch - 1]:.0f} after {epoch}" for epoch in epochs if epoch)
    return [f"How `{model}` learned, mean minutes off in one look at 1,000 validation pictures, by epochs: {told}."]


def readers() -> str:
    """How the readers of photographs are trained, as their recipes and the card of the stored one say."""
    small, large = clocks.READER_SMALL_TRAINING, clocks.READER_TRAINING
    told = [
        f"`reader-small` learns from {millions(small.epochs * clocks.READER_SMALL_EPOCH)} pictures: {small.epochs} epochs of "
        f"{clocks.READER_SMALL_EPOCH:,} new ones."
    ]
    faces = whole_percent(Mixture(clocks.READER_SMALL.side).faces)
    changes = [
        f"from epoch {clocks.READER_SMALL_STAGES[-1][1] + 1} on {whole_percent(clocks.MORE_FACES)} of the pictures are painted "
        f"faces instead of {faces}"
    ]
    if ends := small.restart_epochs:
        changes.insert(0, f"after epoch{'s' * (len(ends) > 1)} {listed(ends)} the rate begins anew")
    words = ", and ".join(changes)
    told.append(f"{words[0].upper()}{words[1:]}.")
    if card := card_of("reader-small"):
        hours = f"{card['seconds'] / 3600:.1f} hours on {card['device']}"
        told.append(f"The stored one has learned for {card['epochs_trained']} epochs, {hours}.")
    more = build_reader(clocks.READER).count_params() / build_reader(clocks.READER_SMALL).count_params()
    card = card_of("reader")
    told.append(
        f"`reader` has {clocks.READER.side} pixels a side instead of {clocks.READER_SMALL.side}, {more:.1f} times the weights, "
        f"and {millions(large.epochs * clocks.READER_EPOCH)} pictures to learn from; "
        + (
            f"the stored one has learned for {card['epochs_trained']} of {large.epochs} epochs."
            if card
            else "none is stored yet."
        )
    )
    return textwrap.fill(" ".join(told), WIDE, break_long_words=False, break_on_hyphens=False)


def card_of(model: str) -> dict[str, Any] | None:
    """The card of a stored model; None where none is stored."""
    card = ROOT / "assets" / "models" / model / "card.json"
    return json.loads(card.read_text(encoding="utf-8")) if card.exists() else None


def epochs_words(row: dict[str, str]) -> str:
    """'100 of 100', and what is not whole with the device: '27 of 100, CPU'."""
    words = f"{row['epochs_trained']} of {row['epochs_asked']}"
    return words if row["epochs_trained"] == row["epochs_asked"] else f"{words}, {device_words(row['device'])}"


def millions(count: int) -> str:
    """5,100,000 as '5.1 million'."""
    return f"{count / 1e6:.3g} million"


def listed(numbers: tuple[int, ...]) -> str:
    """Numbers in a sentence: '150', '150 and 195', '10, 20 and 30'."""
    words = [str(number) for number in numbers]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


MEASURES = {"test_accuracy": "accuracy", "test_loss": "loss"}  # of the test part, in print


def studies() -> str:
    """The studies of hyperparameters: what is stored of each, its best setting, and how far print puts them in our order."""
    lines = [
        "| study | of the reports | runs | on what | best setting in validation | test accuracy | rank correlation |",
        "|---|---|---:|---|---|---:|---|",
    ]
    for name in STUDIES:
        study = load_study(name)
        found = current_rows(study)
        start = f"| `{name}` | {study.report}, {study.row} | {len(found)} of {len(study.trials)} |"
        among = most_trained(found)
        chosen = best(mean_over_seeds(among, study.factors), 1)
        if not chosen:
            lines.append(f"{start} – | – | – | – |")
            continue
        cut = sum(is_cut(row) for row in found)
        example = next((share_words(row) for row in found if is_cut(row)), "")
        share = "all data, all epochs" if not cut else f"{cut} on a share, such as {example}"
        title = setting_title({one: chosen[0][one] for one in varied(study.factors, found)})
        title += f" (of the {len(among)} runs trained most)" if len(among) < len(found) else ""
        ranks = agreement(beside_published(study, found), found)
        told = [(name, one) for name, one in ranks.items() if one.rank is not None and name in MEASURES]
        words = ", ".join(f"{MEASURES[name]} {one.rank:.2f} ({one.pairs})" for name, one in told)
        lines.append(f"{start} {share} | {title} | {percent(chosen[0]['test_accuracy'])} | {words or '–'} |")
    for model in ("fashion-best", "cifar10-best"):
        if told := card_of(model):
            accuracy = percent(told["figures"]["test_accuracy"])
            lines += ["", f"`{model}`, {told['epochs_trained']} of {told['epochs_asked']} epochs: {accuracy} of the test part."]
    return "\n".join(lines)


def generators() -> str:
    """How good the stored generators are, beside held-out pictures."""
    lines = [
        "| pictures of | of what | pixels | Fréchet distance | classifier is sure | looks copied | epochs |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    found = rows("generator_quality.csv")
    for row in sorted(found, key=lambda row: (row["data"] != "plant-leaves", row["side"], float(row["frechet_distance"]))):
        name = row["model"] if row["model"] == "held-out pictures" else f"`{row['model']}`"
        epochs = epochs_words(row) if row["epochs_asked"] else "–"
        lines.append(
            f"| {name} | {DATASETS[row['data']].title} | {row['side']} | {float(row['frechet_distance']):.1f} "
            f"| {percent(row['confident_share'])} | {percent(row['copied_share'])} | {epochs} |"
        )
    return "\n".join(lines)


def room_map() -> str:
    """The map from the docstring of ``core``, as it stands there."""
    lines = (core.__doc__ or "").splitlines()
    return "\n".join(["```", *(line.removeprefix("    ") for line in lines if line.startswith("    ")), "```"])


def filled(text: str) -> str:
    """``text`` with every block between its two comments written afresh."""
    for name, block in (
        ("figures", figures()),
        ("readers", readers()),
        ("photographs", photographs()),
        ("studies", studies()),
        ("generators", generators()),
        ("rooms", room_map()),
    ):
        start, end = f"<!-- {name}: written by tools/readme.py -->", f"<!-- end of {name} -->"
        before, _, rest = text.partition(start)
        _, _, after = rest.partition(end)
        text = f"{before}{start}\n{block}\n{end}{after}"
    return text


def main() -> int:
    readme = ROOT / "README.md"
    old = readme.read_text(encoding="utf-8")
    new = filled(old)
    if "--check" in sys.argv:
        if new != old:
            print("README.md is out of step; run: make readme", file=sys.stderr)
        return int(new != old)
    readme.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
