"""Rung 5 of the proof: the formula of a description is that of an independent constructor.

The description's is derived. The constructor's is interpolated from counts of what it builds, and shares no code with
it: see `counters/interpolation.py`.
"""

from collections.abc import Iterator

from resnext_flops.complexity.architecture import DEPTH
from resnext_flops.complexity.figures import COMMON
from resnext_flops.complexity.formula import Monomial, terms
from resnext_flops.complexity.lattices import Span
from resnext_flops.complexity.network import Network
from resnext_flops.counters.built import PIXELS, Built
from resnext_flops.counters.constructors import Constructed
from resnext_flops.errors import InputError
from resnext_flops.proof.references.compare import Reference
from resnext_flops.proof.rungs import Rung


def compare_formulas(network: Network, other: Reference) -> Rung:
    """Hold every coefficient of a network's formulas against those of the reference's constructor.

    Two formulas are compared: in the resolution, the classes and the widths, and in the resolution and the depths.
    """
    model = Built(other.source, Constructed(other.build), network.input)
    compared = 0
    differences: list[str] = []
    for free in _groups(network, model):
        try:
            theirs = model.reading({name: Span() for name in free})
        except InputError as error:
            return Rung("formulas", compared, (*differences, str(error)), other.source)
        ours = network.reading(free)
        for figure in COMMON:
            left, right = terms(ours.figure(figure)), terms(theirs.figure(figure))
            compared += len({*left, *right})
            differences += [
                f"the {figure} have {left.get(monomial, 0)} {_product(monomial)} here, {right.get(monomial, 0)} there"
                for monomial in sorted({*left, *right})
                if left.get(monomial) != right.get(monomial)
            ]
    return Rung("formulas", compared, tuple(differences), other.source)


def _groups(network: Network, model: Built) -> Iterator[list[str]]:
    """The sizes that both have, in two groups: all but the depths, and the depths with the resolution."""
    both = [name for name in network.sizes() if name in {*model.make.named, PIXELS}]
    depths = [name for name in both if DEPTH.fullmatch(name)]
    yield [name for name in both if name not in depths]
    if depths:
        yield [*depths, *(name for name in both if name == PIXELS)]


def _product(monomial: Monomial) -> str:
    return " ".join(monomial) or "(constant)"
