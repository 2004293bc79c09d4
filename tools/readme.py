"""Bring the README's figures and room map in step with ``assets/results`` and ``core``.

``python tools/readme.py`` writes, ``--check`` only tells."""

import csv
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import core  # noqa: E402


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
            f"| {row['epochs_trained']} of {row['epochs_asked']} |"
        )
    originals = rows("clock_examples.csv")
    apart = [abs(float(row["reader-report"]) - float(row["true"])) for row in originals]
    within = sum(min(minutes, 720 - minutes) <= 3 for minutes in apart)
    lines += ["", f"Of {len(originals)} original pictures of the course it reads {within} within 3 minutes."]
    lines += ["", "| what | ours | the plain way | ratio |", "|---|---|---|---:|"]
    for row in rows("bench.csv"):
        ours, plain = f"{row['ours']}, {float(row['ours_ms']):.2f} ms", f"{row['plain']}, {float(row['plain_ms']):.2f} ms"
        lines.append(f"| {row['what']} | {ours} | {plain} | {float(row['ratio']):.1f} |")
    return "\n".join(lines)


def room_map() -> str:
    """The map from the docstring of ``core``, as it stands there."""
    lines = (core.__doc__ or "").splitlines()
    return "\n".join(["```", *(line.removeprefix("    ") for line in lines if line.startswith("    ")), "```"])


def filled(text: str) -> str:
    """``text`` with every block between its two comments written afresh."""
    for name, block in (("figures", figures()), ("rooms", room_map())):
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
