"""Horizontal bars of parts end to end: a row of exact figures for each stage of a network, or for each counter."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from resnext_flops.plots.style import BLACK, FILLS

OTHERS = "others"


def looks(rows: Sequence[Mapping[str, int]]) -> dict[str, dict[str, Any]]:
    """A look for each of the parts that are largest in all rows, and one for all others where there are more.

    >>> [*looks([{"small": 1, "large": 5}, {"large": -7}])]
    ['large', 'small']
    """
    total: dict[str, int] = {}
    for row in rows:
        for part, figure in row.items():
            total[part] = total.get(part, 0) + abs(figure)
    parts = sorted(total, key=lambda part: -total[part])
    if len(parts) > len(FILLS):
        parts = [*parts[: len(FILLS) - 1], OTHERS]
    return dict(zip(parts, FILLS, strict=False))


def stack(axes: Axes, rows: Sequence[Mapping[str, int]], looks: Mapping[str, Mapping[str, Any]], unit: int) -> None:
    """Draw the rows from the top down, figures in a unit; a part without a look is one of the others.

    A bar begins where the one before it ends; what is negative goes to the left of zero.
    """
    rows = [_merged(row, looks) for row in rows]
    # Where the next bar of each row begins: one that adds, and one that takes away.
    ends = [(0, 0)] * len(rows)
    for part, look in looks.items():
        bars = [(place, row[part]) for place, row in enumerate(rows) if row.get(part)]
        lefts = [ends[place][figure < 0] / unit for place, figure in bars]
        places, widths = [place for place, _ in bars], [figure / unit for _, figure in bars]
        if bars:
            axes.barh(places, widths, left=lefts, height=0.72, linewidth=0.5, label=part, **look)
        for place, figure in bars:
            more, less = ends[place]
            ends[place] = (more + max(figure, 0), less + min(figure, 0))
    axes.axvline(0, color=BLACK, linewidth=0.6)
    axes.grid(visible=False, axis="y")
    axes.set_ylim(len(rows) - 0.4, -0.6)


def _merged(row: Mapping[str, int], known: Mapping[str, Any]) -> dict[str, int]:
    """The parts of a row that are known, and one of all others."""
    merged: dict[str, int] = {}
    for part, figure in row.items():
        name = part if part in known else OTHERS
        merged[name] = merged.get(name, 0) + figure
    return merged
