"""A design space: multiply-adds against parameters of ResNeXt-50's template, with activations, a front and networks."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy.typing as npt
from matplotlib.axes import Axes

from resnext_flops.complexity.families.resnet import resnet
from resnext_flops.complexity.families.resnext import resnext
from resnext_flops.complexity.formula import Coefficient, coefficients, substitute
from resnext_flops.complexity.names import network
from resnext_flops.complexity.reading import Reading
from resnext_flops.design.sweep.engines import run
from resnext_flops.design.sweep.request import plan_sweep
from resnext_flops.plots.style import BLACK, BLUE, GREEN, SKY, VERMILION, label, panel, styled, ticked

Figures: TypeAlias = npt.NDArray[Any]
Columns: TypeAlias = Mapping[str, Figures]

CARDINALITIES = (1, 2, 4, 8, 16, 32, 64)
WIDTHS = range(2, 129, 2)
RESOLUTIONS = range(128, 353, 32)
# The space is cut off at about a quarter of ResNet-50's multiply-adds, and at four times as many.
MULTIPLY_ADDS = range(10**9, 16 * 10**9)

# The lines of equal activations, in millions, for two cardinalities of the paper's: colour, dashes, place of the label.
ACTIVATIONS_M = (5, 10, 20)
LINES = {1: (BLUE, "-", (3, -3)), 32: (GREEN, "--", (-3, 3))}

# The networks by name, and where each name stands, in points from its marker.
NAMES = {
    "resnet50": (-5, 3),
    "resnext50_32x4d": (5, -4),
    "resnet101": (5, -2),
    "resnext101_64x4d": (0, 5),
    "wide_resnet50_2": (5, -3),
    "inception_v3": (5, 2),
}


def designs(at_least: int = MULTIPLY_ADDS.start, pareto: Sequence[str] = ()) -> Columns:
    """The ResNeXt-50s of the space, of some cardinalities, widths and resolutions, or those of a Pareto front.

    at_least: multiply-adds.

    >>> found = designs()
    >>> (mine,) = found["macs"][(found["C"] == 32) & (found["d"] == 4) & (found["r"] == 224)]
    >>> int(mine) == resnext(50, cardinality=32, width=4).cost().macs
    True
    """
    space = {"C": CARDINALITIES, "d": WIDTHS, "r": RESOLUTIONS}
    budget = f"{at_least} <= macs < {MULTIPLY_ADDS.stop}"
    asked = plan_sweep(resnext(50), space, budget=budget, pareto=pareto, by="params" if pareto else None)
    *_, last = run(asked)
    # A frame would load pandas.
    _, columns = asked.columns(last.selection)
    return columns


def line(activations: int, cardinality: int) -> list[tuple[Fraction, Fraction]]:
    """The multiply-adds and parameters at which ResNeXt-50 has so many activations, at each resolution of the space.

    Activations are linear in the width, so the width at which they are met is a fraction, and all that follows exact.
    Resolutions at which it would be below 1 are left out.

    >>> cost = resnext(50, cardinality=32, width=4).cost()
    >>> (cost.macs, cost.params) in line(cost.activations, 32)
    True
    """
    reading, points = _template(), []
    for resolution in RESOLUTIONS:
        at = {"C": cardinality, "r": resolution}
        macs, params, total = (
            coefficients(substitute(reading.figure(name), at)) for name in ("macs", "params", "activations")
        )
        width = Fraction(activations - total[0], total[1])
        if width >= 1:
            points.append((_value(macs, width), _value(params, width)))
    return points


def _template() -> Reading:
    base = resnext(50)
    return base.reading(["C", "d", "r"])


def _value(polynomial: Sequence[Coefficient], x: Fraction) -> Fraction:
    return sum((coefficient * x**power for power, coefficient in enumerate(polynomial)), Fraction(0))


@styled
def space(axes: Axes | None = None) -> Axes:
    """ResNeXt-50's template by multiply-adds and parameters, for seven cardinalities, 64 widths and eight resolutions.

    The front are the designs of at least ResNet-50's multiply-adds that no other beats in multiply-adds, parameters
    and activations together. On a line a width, whole or not, has the same activations at every resolution. Networks
    by name are drawn besides, at their own resolution; only those of depth 50 belong to the lines.

    axes: where to draw; without them, in a new figure.

    >>> axes = space()
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('multiply-adds (G)', 'parameters (M)')
    """
    axes = axes or panel(3.7)
    found = designs()
    axes.plot(*_of(found), ".", color=SKY, markersize=1, label=f"{len(found['macs']):,} designs")
    for cardinality, (color, dashes, offset) in LINES.items():
        _draw_lines(axes, cardinality, color, dashes, offset)
    best = designs(resnet(50).cost().macs, pareto=("macs", "params", "activations"))
    axes.plot(*_of(best), "D-", color=VERMILION, markersize=2.5, label="Pareto front at ResNet-50's cost")
    for name, offset in NAMES.items():
        cost = network(name).cost()
        point = (cost.macs / 1e9, cost.params / 1e6)
        axes.plot(*point, "o", color=BLACK, label="_")
        label(axes, name, point, offset, color=BLACK)
    axes.set(xlabel="multiply-adds (G)", ylabel="parameters (M)", xscale="log", yscale="log")
    axes.set(xlim=(0.65, 32), ylim=(4.5, 320))
    ticked(axes.xaxis, (1, 2, 4, 8, 16))
    ticked(axes.yaxis, (5, 10, 20, 40, 80, 160))
    axes.legend(loc="upper left")
    return axes


def _draw_lines(axes: Axes, cardinality: int, color: str, dashes: str, offset: tuple[float, float]) -> None:
    """The lines of equal activations of a cardinality, each with its figure at the largest resolution."""
    for millions in ACTIVATIONS_M:
        points = [(float(macs) / 1e9, float(params) / 1e6) for macs, params in line(millions * 10**6, cardinality)]
        legend = f"activations (M) at C = {cardinality}" if millions == ACTIVATIONS_M[0] else "_"
        axes.plot(*zip(*points, strict=True), dashes, color=color, linewidth=0.8, label=legend)
        label(axes, str(millions), points[-1], offset, color=color)


def _of(found: Columns) -> tuple[Figures, Figures]:
    """The multiply-adds of designs in G, and their parameters in M."""
    return found["macs"] / 1e9, found["params"] / 1e6
