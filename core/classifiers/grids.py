"""A grid of five factors, seen through 49 of its settings."""

from collections.abc import Mapping, Sequence
from itertools import product

from core.trials import Level


def plan_49(columns: Mapping[str, Sequence[Level]]) -> list[dict[str, Level]]:
    """49 settings of up to five factors in which every two levels of any two factors meet.

    columns: for each factor seven levels, some of them repeated where it has fewer. The columns a, b, a + b, a + 2 b, a + 3 b
    over the field of seven elements hold every pair of numbers once (an orthogonal array); with levels repeated, two of them
    meet as often as their frequencies say, and so main effects stay free of each other. Addelman 1962, "Orthogonal main-effect
    plans for asymmetrical factorial experiments".
    """
    if not 1 <= len(columns) <= 5:
        raise ValueError(f"a plan of 49 settings holds 1 to 5 factors; got {len(columns)}")
    for name, levels in columns.items():
        if len(levels) != 7:
            raise ValueError(f"{name} needs seven levels, repeated where there are fewer; got {len(levels)}")
    multipliers = ((1, 0), (0, 1), (1, 1), (1, 2), (1, 3))
    return [
        {name: levels[(x * a + y * b) % 7] for (name, levels), (x, y) in zip(columns.items(), multipliers, strict=False)}
        for a, b in product(range(7), repeat=2)
    ]
