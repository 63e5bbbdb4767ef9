"""Horizontal bars of parts end to end: a row of exact figures for each stage of a network, or for each counter."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from resnext_flops.plots.style import BLACK


def stack(axes: Axes, rows: Sequence[Mapping[str, float]], looks: Mapping[str, Mapping[str, Any]], unit: int) -> None:
    """Draw the rows from the top down, figures in a unit; each part has a look, and parts are in the order of looks.

    A bar begins where the one before it ends; what is negative goes to the left of zero.
    """
    # Where the next bar of each row begins: one that adds, and one that takes away.
    ends: list[tuple[float, float]] = [(0, 0)] * len(rows)
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


def legend(axes: Axes, looks: Mapping[str, Mapping[str, Any]], columns: int) -> None:
    """What the parts of all stacks look like, below all panels; a figure of one's own needs constrained layout."""
    handles = [Patch(label=part, linewidth=0.5, **look) for part, look in looks.items()]
    axes.figure.legend(handles=handles, loc="outside lower center", ncols=columns)
