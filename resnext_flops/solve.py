"""The width that keeps the cost: d for each cardinality C (Section 3.4 and Table 2 of the ResNeXt paper)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from resnext_flops.complexity.cost import ledger
from resnext_flops.complexity.layers import Repeat, Sequential, size, stages, walk
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.roots import floor_root, interpolate, is_increasing, nearest, real_root
from resnext_flops.errors import InputError, unknown
from resnext_flops.network import Network, resnext

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
    network: Network

    @property
    def deviation(self) -> Fraction:
        """How far the cost is from the budget, as a share of it (1/100 is one percent over)."""
        return Fraction(self.cost - self.budget, self.budget)


def template_block(network: Network) -> Ledger:
    """The cost of the block with an identity shortcut in the first stage: the block of the paper's Table 2.

    Raises InputError for a network without repeated blocks.

    >>> import resnext_flops as rf
    >>> template_block(rf.resnet(50)).weights == 256 * 64 + 3 * 3 * 64 * 64 + 64 * 256
    True
    """
    for _, stage, _, output in stages(network.description):
        for _, part in stage.children if isinstance(stage, Sequential) else ():
            if isinstance(part, Repeat):
                return ledger(walk(part.body, output))
    raise InputError(f"{network!r} has no repeated blocks")


# What "cost" means at each scope: Eqn. 4's convolution weights of one block, or the multiply-adds of everything.
FIGURES: dict[str, Callable[[Network], int]] = {
    "block": lambda network: template_block(network).weights,
    "network": lambda network: network.cost().macs,
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
    shared = {name: value for name, value in reference.arguments.items() if name not in ("cardinality", "width")}
    try:
        resnext(**shared)
    except InputError as error:
        raise InputError(f"{reference!r} is no reference for ResNeXt's template: {error}") from None
    candidate = partial(resnext, **shared)
    budget = figure(reference)
    return [_solve(candidate, size("cardinality", each), scope, budget) for each in cardinality]


def _solve(candidate: Callable[..., Network], cardinality: int, scope: str, budget: int) -> WidthSolution:
    figure = FIGURES[scope]
    # The 3x3 convolution has d inputs a group and C d outputs, so every cost has degree 2 in d.
    polynomial = interpolate(lambda d: figure(candidate(cardinality=cardinality, width=d)), degree=2)
    if not is_increasing(polynomial):
        raise ArithmeticError(f"the cost does not grow with the width at cardinality {cardinality}")
    width = nearest(polynomial, budget)
    network = candidate(cardinality=cardinality, width=width)
    solution = WidthSolution(cardinality, scope, real_root(polynomial, budget), width, budget, figure(network), network)
    if abs(solution.deviation) > TOLERANCE:
        narrowest = interpolate(lambda c: figure(candidate(cardinality=c, width=1)), degree=1)
        largest = floor_root(narrowest, int(budget * (1 + TOLERANCE)))
        raise InputError(
            f"no width comes near the budget of {budget:,} at cardinality {cardinality}: the narrowest, d = 1, costs "
            f"{solution.cost:,}, {float(100 * solution.deviation):.1f} percent more; "
            f"the largest cardinality that works is {largest}"
        )
    return solution
