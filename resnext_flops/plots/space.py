"""A design space at equal cost: what ResNeXt-50s of ResNet-50's multiply-adds have of parameters and activations."""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeAlias

import numpy.typing as npt
from matplotlib.axes import Axes

from resnext_flops.complexity.families.resnet import resnet
from resnext_flops.complexity.families.resnext import resnext
from resnext_flops.complexity.formula import coefficients, substitute
from resnext_flops.complexity.layers import Size
from resnext_flops.complexity.names import network
from resnext_flops.complexity.reading import Reading
from resnext_flops.design.solve import solve
from resnext_flops.design.sweep.engines import run
from resnext_flops.design.sweep.request import plan_sweep
from resnext_flops.plots.style import BLACK, BLUE, GREEN, SKY, VERMILION, label, panel, styled, ticked

Figures: TypeAlias = npt.NDArray[Any]
Columns: TypeAlias = Mapping[str, Figures]

CARDINALITIES = (1, 2, 4, 8, 16, 32, 64)
WIDTHS = range(1, 161)
RESOLUTIONS = range(128, 353, 32)
# The designs have ResNet-50's multiply-adds, or up to 5 percent more: all five of the paper's Table 2 are among them.
PERCENT = 5

# The lines of equal multiply-adds: of each cardinality, the colour and the dashes.
LINES = {64: (BLUE, "-"), 8: (GREEN, "--"), 1: (BLACK, "-")}


def designs(front: bool = False) -> Columns:
    """The ResNeXt-50s of the space, of some cardinalities, widths and resolutions.

    front: those alone that have fewer parameters or fewer activations than any other.

    >>> found = designs()
    >>> (mine,) = found["macs"][(found["C"] == 32) & (found["d"] == 4) & (found["r"] == 224)]
    >>> int(mine) == resnext(50, cardinality=32, width=4).cost().macs
    True
    """
    space = {"C": CARDINALITIES, "d": WIDTHS, "r": RESOLUTIONS}
    least = resnet(50).cost().macs
    budget = f"{least} <= macs <= {least * (100 + PERCENT) // 100}"
    asked = plan_sweep(
        resnext(50), space, budget=budget, pareto=("params", "activations") if front else (), by="params"
    )
    *_, last = run(asked)
    # A frame would load pandas.
    _, columns = asked.columns(last.selection)
    return columns


def line(cardinality: int) -> list[tuple[float, float]]:
    """The parameters and activations of a cardinality at ResNet-50's multiply-adds, at each resolution of the space.

    The width is the one that meets the multiply-adds exactly, so that it is no whole number.

    >>> cost = resnet(50).cost()
    >>> (cost.params, cost.activations) in line(1)
    True
    """
    given = {"C": [cardinality], "r": RESOLUTIONS}
    points = []
    for solution in solve(resnext(50), "d", budget=f"macs = {resnet(50).cost().macs}", given=given):
        at = {name: size for name, size in solution.sizes.items() if name in given}
        params, activations = (substitute(_reading().figure(name), at) for name in ("params", "activations"))
        if (width := solution.root) is not None and width >= 1:
            points.append((_value(params, width), _value(activations, width)))
    return points


@cache
def _reading() -> Reading:
    return resnext(50).reading(["C", "d", "r"])


def _value(formula: Size, x: float) -> float:
    return sum(float(coefficient) * x**power for power, coefficient in enumerate(coefficients(formula)))


@styled
def space(axes: Axes | None = None, *, column: bool = False) -> Axes:
    """ResNeXt-50's template at ResNet-50's multiply-adds: the parameters and activations that they may come with.

    A dot is a design of one of seven cardinalities, eight resolutions and a whole width. A line is a cardinality, with
    a width that meets the multiply-adds exactly at each resolution. On the front are the designs of which none has
    both fewer parameters and fewer activations.

    axes, column: where to draw; without axes, in a new figure.

    >>> axes = space()
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('parameters (M)', 'activations (M)')
    """
    axes = axes or panel(3.7, column)
    found, best = designs(), designs(front=True)
    axes.plot(*_of(found), ".", color=SKY, markersize=1.5, label=f"{len(found['macs']):,} designs")
    for cardinality, (color, dashes) in LINES.items():
        points = [(params / 1e6, activations / 1e6) for params, activations in line(cardinality)]
        name = f"equal multiply-adds, C = {cardinality}"
        axes.plot(*zip(*points, strict=True), dashes, color=color, linewidth=0.8, label=name)
        if cardinality == 1:
            for resolution, point in zip(RESOLUTIONS, points, strict=True):
                name = "resnet50, " if resolution == 224 else ""
                label(axes, f"{name}{resolution}x{resolution}", point, (-4, -4), color=color)
    axes.plot(*_of(best), "D", color=VERMILION, markersize=2.5, label="Pareto front")
    for name in ("resnet50", "resnext50_32x4d"):
        cost = network(name).cost()
        point = (cost.params / 1e6, cost.activations / 1e6)
        axes.plot(*point, "o", color=BLACK, label="_")
    label(axes, name, point, (26, 30), color=BLACK, arrowprops={"arrowstyle": "-", "linewidth": 0.5})
    axes.set(xlabel="parameters (M)", ylabel="activations (M)", xscale="log", yscale="log")
    axes.set(xlim=(7, 110), ylim=(4, 30))
    axes.set_title("ResNeXt-50s of 4.1 to 4.3 G multiply-adds, of cardinality C")
    ticked(axes.xaxis, (10, 20, 40, 80))
    ticked(axes.yaxis, (5, 10, 20, 40))
    axes.legend(loc="lower left")
    return axes


def _of(found: Columns) -> tuple[Figures, Figures]:
    """The parameters of designs in M, and their activations in M."""
    return found["params"] / 1e6, found["activations"] / 1e6
