"""The symbolic reading: a family called once more, with free sizes in the place of some of its arguments.

Free sizes go by the field's names: C is the cardinality, d the width of the bottleneck, n1, n2, ... the blocks of the
stages, r the resolution, K the classes, w the base width. Any other size of a family goes by the argument's own name.

A resolution is halved and rounded several times on its way through a network, so no one polynomial holds for all of
them. Those that are a whole number of periods apart are rounded alike: r is written r0 + 32 k, and the cost is a
polynomial in k. That 32 is enough is not assumed; where a quotient needs a longer period, it gets one.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from resnext_flops.complexity.figures import FIGURES, figure, figure_name
from resnext_flops.complexity.formula import Formula, NotPolynomialError, substitute
from resnext_flops.complexity.layers import Description, Node, Repeat, Sequential, Size
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.scope import scoped
from resnext_flops.errors import InputError, unknown

Family = Callable[..., Description]

ARGUMENTS = {"C": "cardinality", "d": "width", "w": "base_width", "K": "classes", "r": "resolution"}
NAMES = {argument: name for name, argument in ARGUMENTS.items()}
DEPTH = re.compile(r"n([1-9]\d*)")

# The total stride of an ImageNet network; the period of its resolutions, unless a quotient asks for more.
PERIOD = 32
# What changes the structure of a network (as Wide ResNet's width 1 does) is below this, or the closed form is wrong.
LARGEST_LEAST = 8


def size_name(name: str) -> str:
    """A free size in words.

    >>> size_name("C"), size_name("n3"), size_name("widening")
    ('cardinality', 'blocks of stage 3', 'widening')
    """
    if stage := DEPTH.fullmatch(name):
        return f"blocks of stage {stage[1]}"
    return ARGUMENTS.get(name, name).replace("_", " ")


def depths(description: Description) -> tuple[Size, ...]:
    """The number of blocks of each stage that repeats one.

    >>> import resnext_flops as rf
    >>> depths(rf.resnet(50).description)
    (3, 4, 6, 3)
    """
    return tuple(repeat.times for repeat in _repeats(description.body))


def _repeats(node: "Node | Repeat") -> Iterator[Repeat]:
    if isinstance(node, Repeat):
        yield node
    elif isinstance(node, Sequential):
        for _, child in node.children:
            yield from _repeats(child)


def _with_depths(node: Sequential, times: Iterator[Size]) -> Sequential:
    """The same node with other numbers of blocks, taken in the order of the stages."""

    def changed(child: Node | Repeat) -> Node | Repeat:
        if isinstance(child, Repeat):
            return Repeat(child.body, next(times), child.first)
        return _with_depths(child, times) if isinstance(child, Sequential) else child

    return Sequential(tuple((name, changed(child)) for name, child in node.children))


def describe(family: Family, arguments: Mapping[str, Any], sizes: Mapping[str, Size]) -> Description:
    """The description of a family with other sizes, numbers or formulas, by their free names.

    Depths are replaced in the description itself, so that they are free in every family that repeats a block.

    Raises InputError for a value that the family cannot use.
    """
    changed = {ARGUMENTS.get(name, name): value for name, value in sizes.items() if not DEPTH.fullmatch(name)}
    description = family(**{**arguments, **changed})
    if len(changed) == len(sizes):
        return description
    times = (sizes.get(f"n{stage}", own) for stage, own in enumerate(depths(description), start=1))
    return Description(description.input, _with_depths(description.body, times))


def own_sizes(family: Family, arguments: Mapping[str, Any]) -> dict[str, int | None]:
    """Every size of a network that can be free, with the value that it has (None where another size decides).

    >>> from resnext_flops.complexity.network import resnext
    >>> net = resnext(50)
    >>> own_sizes(net.family, net.arguments)
    {'C': 32, 'd': 4, 'r': 224, 'K': 1000, 'w': 64, 'in_channels': 3, 'n1': 3, 'n2': 4, 'n3': 6, 'n4': 3}
    """
    return {
        name: value for name, value in _candidates(family, arguments).items() if _can_be_free(family, arguments, name)
    }


def _candidates(family: Family, arguments: Mapping[str, Any]) -> dict[str, int | None]:
    """The whole-numbered arguments, the sizes that another decides, and the depths. A depth itself is no size."""
    found = {
        NAMES.get(argument, argument): value
        for argument, value in arguments.items()
        if (type(value) is int and argument != "depth") or (value is None and argument in NAMES)
    }
    times = depths(family(**arguments))
    return {**found, **{f"n{stage}": each for stage, each in enumerate(times, start=1)}}


def _can_be_free(family: Family, arguments: Mapping[str, Any], name: str) -> bool:
    """Whether a family takes a formula for a size; a ResNet of basic blocks does not take a bottleneck's width."""
    try:
        describe(family, arguments, {name: Formula.of(name)})
    except (InputError, NotPolynomialError):
        return False
    return True


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

    >>> from resnext_flops.complexity.network import resnext
    >>> net = resnext(50)
    >>> print(Reading(net.family, net.arguments, ["C", "d"]).figure("macs"))
    451584 C d^2 + 27496448 C d + 479723520
    """

    def __init__(
        self,
        family: Family,
        arguments: Mapping[str, Any],
        free: Iterable[str],
        scope: str = "network",
        period: int = PERIOD,
    ) -> None:
        """The reading of a family and its arguments, with the sizes of the given names free.

        Raises InputError for a size that the network does not have, or in which its cost is no polynomial.
        """
        self.family, self.arguments, self.scope = family, arguments, scope
        self.free = tuple(dict.fromkeys(NAMES.get(name, name) for name in free))
        self.own = _candidates(family, arguments)
        for name in self.free:
            if name not in self.own:
                raise self._unknown(name)
        self.ledger, self.resolutions = self._read(period)
        self._figures: dict[str, Size] = {}

    def _unknown(self, name: str) -> InputError:
        if name == "r" and "resolution" in self.arguments:
            given = self.arguments["resolution"]
            return InputError(f"resolution is {given!r}; r is free only where height and width are one number")
        return unknown(f"free size of {self.family.__name__}", name, own_sizes(self.family, self.arguments))

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
                part = scoped(describe(self.family, self.arguments, sizes), self.scope)
            except NotPolynomialError as error:
                if "k" not in error.names or error.factor == 1:
                    names = ", ".join(sorted(error.names))
                    raise InputError(f"{self.family.__name__}'s cost is no polynomial in {names}: {error}") from None
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
        return scoped(describe(self.family, self.arguments, sizes), self.scope)

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

    def _least(self, name: str) -> int:
        others = {other: self.own[other] or 1 for other in self.free}
        first, last, step = 1, LARGEST_LEAST, 1
        if name == "r" and self.resolutions:
            start, step = self.resolutions
            first, last = start % step or step, start
        for value in range(first, last + 1, step):
            sizes = {**others, name: value}
            try:
                part = self.at(sizes)
            except InputError:
                continue
            if all(substitute(self.figure(each), self.point(sizes)) == figure(part, each) for each in FIGURES):
                return value
        raise ArithmeticError(f"the formulas of {self.family.__name__} do not hold for any {name} up to {last}")
