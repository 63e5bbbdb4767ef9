"""Sweeping by hand: every design costed by the integer reading, one after the other, and compared with every other."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any

from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.network import Network

Design = dict[str, int]


def every_design(network: Network, over: Mapping[str, Sequence[int]]) -> list[Design]:
    """All designs in the order of their numbers, with the figures of the integer reading."""
    found = []
    for values in product(*over.values()):
        sizes = dict(zip(over, values, strict=True))
        cost = _cost(network, *sizes.items())
        found.append({**sizes, "params": cost.params, "macs": cost.macs, "activations": cost.activations})
    return found


@cache
def _cost(network: Network, *sizes: tuple[str, int]) -> Ledger:
    return network.replace(**dict(sizes)).cost()


def value(text: str, design: Design) -> Any:
    """An expression by Python's own rules."""
    return eval(text, {"abs": abs, "min": min, "max": max}, design)  # noqa: S307


def front(designs: Sequence[Design], keys: Sequence[str]) -> list[Design]:
    """The designs that no other dominates."""
    points = [tuple(value(key, design) for key in keys) for design in designs]

    def dominated(point: tuple[Any, ...]) -> bool:
        return any(other != point and all(map(_at_most, other, point)) for other in points)

    return [design for design, point in zip(designs, points, strict=True) if not dominated(point)]


def _at_most(a: float, b: float) -> bool:
    return a <= b


def ordered(designs: Sequence[Design], keys: Sequence[str]) -> list[Design]:
    """Designs by their keys; equal ones stay in the order of their numbers."""
    order: Callable[[Design], Any] = lambda design: tuple(value(key, design) for key in keys)  # noqa: E731
    return sorted(designs, key=order)
