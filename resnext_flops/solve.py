"""The width that keeps the cost: d for each cardinality C (Section 3.4 and Table 2 of the ResNeXt paper)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from resnext_flops.complexity.cost import ledger
from resnext_flops.complexity.families.resnext import resnext as resnext_family
from resnext_flops.complexity.layers import Description, Repeat, Sequential, size, stages, walk
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.roots import (
    Polynomial,
    evaluate,
    floor_root,
    interpolate,
    is_increasing,
    nearest,
    real_root,
)
from resnext_flops.errors import InputError, unknown
from resnext_flops.network import Network, build, resnext

# A width whose cost misses the budget by more than this share of it does not "preserve complexity".
TOLERANCE = Fraction(1, 2)


@dataclass(frozen=True)
class WidthSolution:
    """The width d that brings ResNeXt's cost nearest to a budget, at one cardinality.

    real_width is where the cost meets the budget exactly; width is the whole number whose cost is nearest, which need
    not be the rounded root. Budget and cost are weights at block scope and multiply-adds at network scope.
    """

    cardinality: int
    scope: str
    real_width: float
    width: int
    budget: int
    cost: int
    sizes: Mapping[str, Any] = field(repr=False)

    @cached_property
    def network(self) -> Network:
        """ResNeXt with this cardinality and width, and the reference's other sizes."""
        return resnext(**self.sizes, cardinality=self.cardinality, width=self.width)

    @property
    def deviation(self) -> Fraction:
        """How far the cost is from the budget, as a share of it (1/100 is one percent over)."""
        return Fraction(self.cost - self.budget, self.budget)


def template_block(description: Description) -> Ledger:
    """The cost of the block with an identity shortcut in the first stage: the block of the paper's Table 2.

    Raises InputError for a network without repeated blocks.

    >>> import resnext_flops as rf
    >>> template_block(rf.resnet(50).description).weights == 256 * 64 + 3 * 3 * 64 * 64 + 64 * 256
    True
    """
    for _, stage, _, output in stages(description):
        for _, part in stage.children if isinstance(stage, Sequential) else ():
            if isinstance(part, Repeat):
                return ledger(walk(part.body, output))
    raise InputError("a network without repeated blocks has no template")


# What "cost" means at each scope: Eqn. 4's convolution weights of one block, or the multiply-adds of everything.
FIGURES: dict[str, Callable[[Description], int]] = {
    "block": lambda description: template_block(description).weights,
    "network": lambda description: ledger(walk(description.body, description.input)).macs,
}


def solve_width(
    reference: Network, cardinality: Sequence[int] = (1, 2, 4, 8, 32), scope: str = "block"
) -> list[WidthSolution]:
    """The bottleneck width d at which ResNeXt costs what a reference costs, for each cardinality C.

    reference: a network of bottleneck blocks, whose depth, resolution, classes and base width are kept.
    cardinality: the values of C, each of at least 1.
    scope: `block` meets the weights of one block of the first stage, as the paper does (Table 2: Eqn. 4 counts the
        weights of convolutions); `network` meets the multiply-adds of the whole network.

    Raises InputError for an unknown scope, a reference of basic blocks, or a cardinality at which even the best width
    is more than half the budget away.

    >>> import resnext_flops as rf
    >>> [solution.width for solution in solve_width(rf.resnet(50), [1, 2, 4, 8, 32])]
    [64, 40, 24, 14, 4]
    >>> [solution.width for solution in solve_width(rf.resnet(50), [8], scope="network")]
    [13]
    """
    if scope not in FIGURES:
        raise unknown("scope", scope, FIGURES)
    figure = FIGURES[scope]
    shared = _shared_sizes(reference)
    cost = _in_both(lambda c, d: figure(resnext_family(**shared, cardinality=c, width=d)))
    budget = figure(reference.description)
    return [_solve(cost, size("cardinality", each), scope, budget, shared) for each in cardinality]


def _shared_sizes(reference: Network) -> dict[str, Any]:
    """What ResNeXt takes over from the reference: everything but the sizes that are solved for."""
    if reference.arguments.get("block") == "basic":
        raise InputError(f"{reference!r} has no bottlenecks, so it is no reference for ResNeXt's template")
    own = ("cardinality", "width", "block")
    shared = {name: value for name, value in reference.arguments.items() if name not in own}
    try:
        build(resnext_family, shared)
    except InputError as error:
        raise InputError(f"{reference!r} is no reference for ResNeXt's template: {error}") from None
    return shared


def _solve(
    cost: Callable[[int], Polynomial], cardinality: int, scope: str, budget: int, shared: Mapping[str, Any]
) -> WidthSolution:
    polynomial = cost(cardinality)
    width = nearest(polynomial, budget)
    root, reached = real_root(polynomial, budget), evaluate(polynomial, width)
    solution = WidthSolution(cardinality, scope, root, width, budget, reached, shared)
    if abs(solution.deviation) > TOLERANCE:
        raise _too_many_groups(solution, cost)
    return solution


def _in_both(figure: Callable[[int, int], int]) -> Callable[[int], Polynomial]:
    """A figure of (C, d) as a polynomial in d for any C, from exact evaluations.

    A 3x3 convolution has d inputs a group and C d outputs, so the degrees are 1 in C and 2 in d. One more evaluation,
    outside the points that give the polynomial, checks both. Raises ArithmeticError if it does not fit.
    """
    rows = [interpolate([figure(c, d) for d in (1, 2, 3)]) for c in (1, 2)]
    in_c = [interpolate(values) for values in zip(*rows, strict=True)]

    def at(cardinality: int) -> Polynomial:
        polynomial = tuple(evaluate(coefficient, cardinality) for coefficient in in_c)
        if not is_increasing(polynomial):
            raise ArithmeticError(f"the cost does not grow with the width at cardinality {cardinality}")
        return polynomial

    if evaluate(at(3), 4) != figure(3, 4):
        raise ArithmeticError("the cost is not of degree 1 in the cardinality and 2 in the width")
    return at


def _too_many_groups(solution: WidthSolution, cost: Callable[[int], Polynomial]) -> InputError:
    largest = floor_root(interpolate([evaluate(cost(c), 1) for c in (1, 2)]), int(solution.budget * (1 + TOLERANCE)))
    return InputError(
        f"no width comes near the budget of {solution.budget:,} at cardinality {solution.cardinality}: the narrowest, "
        f"d = 1, costs {solution.cost:,}, {float(100 * solution.deviation):.1f} percent more; "
        f"the largest cardinality that works is {largest}"
    )
