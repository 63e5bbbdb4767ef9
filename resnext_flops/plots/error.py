"""The paper's Tables 3, 4 and 5 as pictures: top-1 error on ImageNet against multiply-adds and against parameters."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from matplotlib.axes import Axes

from resnext_flops.plots.rows import Row, point
from resnext_flops.plots.style import BLUE, GREEN, ORANGE, PURPLE, VERMILION, label, panels, styled, ticked
from resnext_flops.tables.listings import listed


class Series(NamedTuple):
    """Networks of one table that the paper compares, in its order; they are joined."""

    rows: Sequence[Row]
    legend: str
    color: str
    marker: str


def series() -> list[Series]:
    """The paper's series: its cardinalities at two costs, its ways to twice the cost, and its crops.

    >>> [[str(row["setting"]) for row in each.rows] for each in series()[:1]]
    [['1x64d', '2x40d', '4x24d', '8x14d', '32x4d']]
    """
    fifty, hundred = (list(rows) for _, rows in groupby(listed("3").rows, lambda row: str(row["model"])[-2:]))
    found = [
        Series(fifty, "Table 3: C = 1 to 32, cost of ResNet-50", BLUE, "o"),
        Series(hundred, "Table 3: C = 1 to 32, cost of ResNet-101", GREEN, "s"),
    ]
    resnet, resnext, *doubled = listed("4").rows
    found += [
        Series([resnext if row["setting"] == "64x4d" else resnet, row], "Table 4: twice ResNet-101's cost", ORANGE, "D")
        for row in doubled
    ]
    for model, rows in groupby(listed("5").rows, lambda row: str(row["model"])):
        if model.startswith("Inception"):
            found.append(Series(list(rows), "Table 5: Inception", PURPLE, "^"))
        elif len(crops := list(rows)) > 1:
            found.append(Series(crops, "Table 5: 224x224 and 320x320", VERMILION, "v"))
    return found


# Where the label of a row stands, in points from its marker, where that is not to the left.
OFFSETS = {
    "ResNet-50 1x64d": (5, 0),
    "ResNeXt-50 2x40d": (5, 0),
    "ResNeXt-50 4x24d": (5, 0),
    "ResNeXt-50 8x14d": (5, 2),
    "ResNeXt-50 32x4d": (5, -3),
    "ResNet-101 1x64d": (0, 5),
    "ResNeXt-101 4x24d": (-5, 3),
    "ResNeXt-101 32x4d": (-4, -6),
    "ResNet-200 1x64d": (4, 4),
    "ResNet-101, wider 1x100d": (0, -5),
    "ResNeXt-101 2x64d": (5, 0),
    "ResNeXt-101 64x4d": (-4, -4),
    "ResNeXt-101 (64x4d) 320x320": (5, 0),
    "Inception-v4 299x299": (-5, 1),
    "Inception-ResNet-v2 299x299": (0, -5),
}


class Quantity(NamedTuple):
    """What a panel shows errors against: a column of the tables, in units of a size."""

    column: str
    label: str
    unit: float
    ticks: Sequence[float]
    limits: tuple[float, float]


QUANTITIES = (
    Quantity("macs", "multiply-adds (G)", 1e9, (4, 8, 16, 32), (3.0, 54)),
    Quantity("params", "parameters (M)", 1e6, (25, 50, 75, 100), (17, 125)),
)


@styled
def error(axes: tuple[Axes, Axes] | None = None, *, column: bool = False) -> tuple[Axes, Axes]:
    """The printed top-1 errors against the exact multiply-adds (left) and parameters (right) of each network.

    Multiply-adds are counted at the size of the crop.

    axes, column: where to draw; without axes, in a new figure.

    >>> left, right = error()
    >>> left.get_xlabel(), right.get_xlabel()
    ('multiply-adds (G)', 'parameters (M)')
    """
    panes = axes or panels(3.6, column, share_y=True)
    for pane, quantity in zip(panes, QUANTITIES, strict=True):
        _draw(pane, quantity)
    panes[0].legend(loc="upper right")
    return panes


def _draw(axes: Axes, quantity: Quantity) -> None:
    drawn: set[tuple[float, float]] = set()
    for compared in series():
        points = [point(row, quantity.column, quantity.unit, "top1") for row in compared.rows]
        _, known = axes.get_legend_handles_labels()
        legend = "_" if compared.legend in known else compared.legend
        line = "-" if len(points) > 1 else ""
        axes.plot(*zip(*points, strict=True), line, marker=compared.marker, color=compared.color, label=legend)
        for row, place in zip(compared.rows, points, strict=True):
            if place not in drawn:
                setting = row.get("setting") or row["crop"]
                offset = OFFSETS.get(f"{row['model']} {setting}", (-5, 0))
                label(axes, _name(row), place, offset, color=compared.color)
        drawn.update(points)
    axes.set(xlabel=quantity.label, ylabel="top-1 error on ImageNet (%)", xscale="log", xlim=quantity.limits)
    ticked(axes.xaxis, quantity.ticks)


def _name(row: Row) -> str:
    """A network in few letters: its setting where that is no ResNet's, or the crop that is not its usual one."""
    model, setting, crop = str(row["model"]), row.get("setting"), row.get("crop")
    if crop is not None:
        return model if model.startswith("Inception") else str(crop)
    return model if setting == "1x64d" else str(setting)
