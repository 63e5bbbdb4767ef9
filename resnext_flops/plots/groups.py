"""From dense to depthwise: ResNet-50's template with groups of one width in every stage, at equal multiply-adds."""

from fractions import Fraction
from functools import cache, partial
from typing import Any

from matplotlib.axes import Axes

from resnext_flops.complexity.families.resnet import (
    BOTTLENECK_DEPTHS,
    FirstBlock,
    Style,
    assemble,
    bottleneck_convolutions,
    residual_stage,
    resnet,
)
from resnext_flops.complexity.formula import coefficients, substitute
from resnext_flops.complexity.layers import Description, Size, size
from resnext_flops.complexity.network import family
from resnext_flops.complexity.reading import Reading
from resnext_flops.plots.style import BLUE, VERMILION, panels, styled, ticked

WIDTHS = (1, 2, 4, 8, 16, 32, 64)
# Points of the curve from each power of two to the next.
BETWEEN = 8
FIGURES = {"params": "parameters (M)", "activations": "activations (M)"}


@family
def of_one_width(cardinality: Size = 32, width: Size = 4) -> Description:
    """ResNet-50 with groups of one width: `cardinality` of them in the first stage, and twice as many in each next one.

    >>> ledger = of_one_width(32, 4).cost()
    >>> {entry.inputs[0][0] // entry.groups for entry in ledger if entry.groups > 1}
    {4}
    """
    groups, style = size("cardinality", cardinality), Style()
    stages = []
    for stage, times in enumerate(BOTTLENECK_DEPTHS[50]):
        channels, outer = groups * width * 2**stage, 256 * 2**stage
        convolutions = partial(bottleneck_convolutions, channels, outer, groups * 2**stage)
        first = FirstBlock(changes=True, norm="none")
        stages.append(residual_stage(times, convolutions, outer, 1 if stage == 0 else 2, first, style))
    return assemble(stages, "imagenet", style, 64, 224, 1000, 3)


@cache
def _reading() -> Reading:
    return of_one_width().reading(["C", "d"])


def at_equal_cost(width: Fraction, macs: int) -> dict[str, Fraction]:
    """The parameters and activations with groups of a width and so many groups that the multiply-adds are met.

    For one width all three are linear in the number of groups, which so is a fraction, and all that follows exact.

    >>> cost = of_one_width(32, 4).cost()
    >>> at_equal_cost(Fraction(4), cost.macs) == {"params": cost.params, "activations": cost.activations}
    True
    """
    at: dict[str, Any] = {"d": width}
    lines = {name: coefficients(substitute(_reading().figure(name), at)) for name in ("macs", *FIGURES)}
    constant, slope = lines["macs"]
    groups = Fraction(macs - constant) / slope
    return {name: lines[name][0] + lines[name][1] * groups for name in FIGURES}


@styled
def groups(axes: tuple[Axes, Axes] | None = None, *, column: bool = False) -> tuple[Axes, Axes]:
    """What the width of a group costs at ResNet-50's multiply-adds: parameters on the left, activations on the right.

    A group of one channel is a depthwise convolution. The dashed line is ResNet-50 itself, which is dense.

    axes, column: where to draw; without axes, in a new figure.

    >>> left, right = groups()
    >>> left.get_ylabel(), right.get_ylabel()
    ('parameters (M)', 'activations (M)')
    """
    dense = resnet(50).cost()
    steps = [Fraction(width * (BETWEEN + step), BETWEEN) for width in WIDTHS[:-1] for step in range(BETWEEN)]
    widths = [*steps, Fraction(WIDTHS[-1])]
    curve = [at_equal_cost(width, dense.macs) for width in widths]
    both = axes or panels(2.5, column)
    for each, (name, words) in zip(both, FIGURES.items(), strict=True):
        each.axhline(getattr(dense, name) / 1e6, color=VERMILION, linestyle="--", label="ResNet-50: dense 3x3")
        values = [float(point[name]) / 1e6 for point in curve]
        each.plot([float(width) for width in widths], values, color=BLUE, label="3x3 in groups, equal multiply-adds")
        marked = [place for place, width in enumerate(widths) if width in WIDTHS]
        each.plot([float(widths[place]) for place in marked], [values[place] for place in marked], "o", color=BLUE)
        each.set(xlabel="width of a group in every stage (channels)", ylabel=words, xscale="log")
        ticked(each.xaxis, WIDTHS)
        each.invert_xaxis()
        each.legend(loc="best")
    return both
