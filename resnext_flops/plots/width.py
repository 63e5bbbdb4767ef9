"""The paper's Table 2 as a picture: the width d of a group against the cardinality C at preserved complexity."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from matplotlib.axes import Axes

from resnext_flops.complexity.families.resnet import resnet
from resnext_flops.complexity.formula import terms
from resnext_flops.design.roots import real_root
from resnext_flops.design.solve import Solution, solve_width
from resnext_flops.plots.style import BLACK, BLUE, VERMILION, label, panels, styled, ticked
from resnext_flops.proof.published import published

CARDINALITIES = range(1, 65)
# Points of the curve from each cardinality to the next.
BETWEEN = 8
TICKS = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]


@styled
def width(axes: tuple[Axes, Axes] | None = None, *, column: bool = False) -> tuple[Axes, Axes]:
    """The width that keeps the cost of ResNet-50, with the weights of a block on the left and the network on the right.

    The curve meets the budget exactly, at fractions of C too; a dot is the whole number whose cost is nearest to it,
    for each C from 1 to 64; circles are the five of the paper's Table 2, which preserve the cost of a block.

    axes, column: where to draw; without axes, in a new figure.

    >>> left, right = width()
    >>> right.get_xlabel()
    'cardinality C (groups)'
    """
    block, network = axes or panels(2.7, column, share_y=True)
    for each, scope in ((block, "block"), (network, "network")):
        _draw(each, solve_width(resnet(50), CARDINALITIES, scope))
    block.legend(loc="lower left")
    return block, network


def _draw(axes: Axes, solutions: Sequence[Solution]) -> None:
    table = published("resnext")["table_2"]
    paper = list(zip(table["cardinality"], table["width"], strict=True))
    fractions = [Fraction(step, BETWEEN) for step in range(BETWEEN, BETWEEN * CARDINALITIES[-1] + 1)]
    curve, dots = exact_widths(solutions[0], fractions), [each.sizes["d"] for each in solutions]
    axes.plot([float(each) for each in fractions], curve, color=BLUE, label="exact d")
    axes.plot(CARDINALITIES, dots, ".", color=BLACK, markersize=3, label="nearest whole d")
    circle: dict[str, Any] = {"markerfacecolor": "none", "markeredgecolor": VERMILION, "markersize": 6}
    axes.plot(*zip(*paper, strict=True), "o", label="the paper's Table 2", **circle)
    for cardinality, size in paper:
        label(axes, f"{cardinality}x{size}d", (cardinality, size), (4, 6), color=VERMILION)
        if (nearest := dots[CARDINALITIES.index(cardinality)]) != size:
            label(axes, f"nearest is {cardinality}x{nearest}d", (cardinality, nearest), (-5, -5), color=BLACK)
    first = solutions[0]
    cost = "weights of a block" if first.scope == "block" else "multiply-adds of the network"
    axes.set(title=f"{cost}: {first.budget:,}", xscale="log", yscale="log")
    axes.set(xlabel="cardinality C (groups)", ylabel="width d of a group (channels)")
    ticked(axes.xaxis, TICKS)
    ticked(axes.yaxis, TICKS)


def exact_widths(solution: Solution, cardinalities: Sequence[Fraction]) -> list[float]:
    """The d at which the cost meets the budget of a solution exactly, for whole and fractional cardinalities.

    With C = n / m, the cost times a power of m is a polynomial in d with whole coefficients.

    >>> (solution,) = solve_width(resnet(50), [8])
    >>> exact_widths(solution, [Fraction(8)]) == [solution.root]
    True
    """
    base = solution.base
    formula = terms(base.reading(["C", "d"], solution.scope).figure(solution.figure))
    degrees = {name: max(monomial.count(name) for monomial in formula) for name in "Cd"}
    widths = []
    for cardinality in cardinalities:
        polynomial = [0] * (degrees["d"] + 1)
        for monomial, coefficient in formula.items():
            power = monomial.count("C")
            whole = cardinality.numerator**power * cardinality.denominator ** (degrees["C"] - power)
            polynomial[monomial.count("d")] += coefficient * whole
        budget = solution.budget * cardinality.denominator ** degrees["C"]
        root = real_root(tuple(polynomial), budget, solution.sizes["d"])
        widths.append(float("nan") if root is None else root)
    return widths
