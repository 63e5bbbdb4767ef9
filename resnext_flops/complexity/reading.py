"""The symbolic reading: a family called once more, with free sizes in the place of some of its arguments.

A resolution is halved and rounded several times on its way through a network, so no one polynomial holds for all of
them. Those that are a whole number of periods apart are rounded alike: r is written r0 + 32 k, and the cost is a
polynomial in k. That 32 is enough is not assumed; where a quotient needs a longer period, it gets one.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from resnext_flops.complexity.architecture import Architecture, letter
from resnext_flops.complexity.figures import FIGURES, figure, figure_name
from resnext_flops.complexity.formula import Formula, NotPolynomialError, substitute
from resnext_flops.complexity.layers import Size
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.scope import scoped
from resnext_flops.errors import InputError

# The total stride of an ImageNet network; the period of its resolutions, unless a quotient asks for more.
PERIOD = 32
# A small size may change the structure of a network, as k = 1 does in a Wide ResNet; no size above this does.
LARGEST_LEAST = 8


class Resolutions(NamedTuple):
    """The resolutions for which one polynomial holds: start + period k."""

    start: int
    period: int

    def steps(self, resolution: int) -> int:
        """The k of a resolution. Raises InputError, with the nearest that have one, for a resolution between two.

        >>> Resolutions(224, 32).steps(320)
        3
        """
        steps, between = divmod(resolution - self.start, self.period)
        if between:
            below = resolution - between
            raise InputError(
                f"resolution {resolution} is not {self}; the nearest that are, are {below} and {below + self.period}"
            )
        return steps

    def __str__(self) -> str:
        return f"{self.start} + {self.period} k"


class Reading:
    """A network with free sizes: its ledger in formulas of them, for one scope.

    >>> import resnext_flops as rf
    >>> print(Reading(rf.resnext(50).architecture, ["C", "d"]).figure("macs"))
    451584 C d^2 + 27496448 C d + 479723520
    """

    def __init__(
        self, architecture: Architecture, free: Iterable[str], scope: str = "network", period: int = PERIOD
    ) -> None:
        """The reading of an architecture with the sizes of the given names free.

        Raises InputError for a size that the network does not have, or in which its cost is no polynomial.
        """
        self.architecture, self.scope = architecture, scope
        self.free = tuple(dict.fromkeys(map(letter, free)))
        self.own = architecture.candidates
        for name in self.free:
            if name not in self.own:
                raise architecture.unknown_size(name)
        self.ledger, self.resolutions = self._read(period)
        self._figures: dict[str, Size] = {}

    @property
    def variables(self) -> tuple[str, ...]:
        """What the formulas are in: the free sizes, with k in the place of r."""
        return tuple("k" if name == "r" else name for name in self.free)

    def _read(self, period: int) -> tuple[Ledger, Resolutions | None]:
        """The ledger in formulas, with the shortest period of resolutions from the given one on."""
        sizes: dict[str, Any] = {name: Formula.of(name) for name in self.free}
        start = self.own["r"] if "r" in self.free else None
        while True:
            if start is not None:
                sizes["r"] = start + period * Formula.of("k")
            try:
                part = scoped(self.architecture.describe(sizes), self.scope)
            except NotPolynomialError as error:
                if "k" not in error.names or error.factor == 1:
                    names = ", ".join(sorted(error.names))
                    raise InputError(f"{self.architecture.name}'s cost is no polynomial in {names}: {error}") from None
                period *= error.factor
            else:
                return part, None if start is None else Resolutions(start, period)

    def figure(self, name: str) -> Size:
        """A figure as a formula of the free sizes (with k for r), or a number where it depends on none of them.

        Raises InputError for a figure that does not exist, or that is no polynomial in the free sizes.
        """
        if name not in self._figures:
            try:
                self._figures[name] = figure(self.ledger, name)
            except NotPolynomialError as error:
                names = ", ".join(self.variables)
                raise InputError(f"{figure_name(name)} are no polynomial in {names}: {error}") from None
        return self._figures[name]

    def at(self, sizes: Mapping[str, int]) -> Ledger:
        """The integer reading: the ledger with numbers for the free sizes."""
        return scoped(self.architecture.describe(sizes), self.scope)

    def point(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """Sizes as the formulas take them: k for r. Raises InputError for a resolution without a k."""
        point = dict(sizes)
        if self.resolutions and "r" in point:
            point["k"] = self.resolutions.steps(point.pop("r"))
        return point

    @cached_property
    def least(self) -> dict[str, int]:
        """The smallest value of each free size from which the formulas hold, found by comparing integer readings.

        It is 1 but where a size changes the structure (Wide ResNet's widening of 1), and for r the smallest input of
        its kind that passes through the network.
        """
        return {name: self._least(name) for name in self.free}

    def _least(self, size: str) -> int:
        others = {other: self.own[other] or 1 for other in self.free}
        first, last, step = 1, LARGEST_LEAST, 1
        if size == "r" and self.resolutions:
            start, step = self.resolutions
            first, last = start % step or step, start
        for value in range(first, last + 1, step):
            sizes = {**others, size: value}
            try:
                part = self.at(sizes)
            except InputError:
                continue
            if all(substitute(self.figure(name), self.point(sizes)) == figure(part, name) for name in FIGURES):
                return value
        raise ArithmeticError(f"the formulas of {self.architecture.name} do not hold for any {size} up to {last}")
