"""Readings: the figures of a model as formulas of its free sizes, and for which sizes they hold.

A described network is read by calling its family once more, with formulas in the place of sizes. A resolution is halved
and rounded several times on its way through a network, so no one polynomial holds for all of them. Those that are a
whole number of periods apart are rounded alike: r is written r0 + 32 k while the family runs, and its cost is a
polynomial in k, and so in r. That 32 is enough is not assumed; where a quotient needs a longer period, it gets one.

`counters/interpolation.py` has the reading of a real module.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import product
from math import lcm
from typing import Any, ClassVar

from resnext_flops.complexity.architecture import BATCH, Architecture
from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.figures import (
    BATCHED,
    BYTES,
    FIGURES,
    PIECEWISE,
    figure,
    figure_name,
    is_time,
    remarks_on,
)
from resnext_flops.complexity.formula import (
    Formula,
    NotPolynomialError,
    compose,
    position,
    progression,
    root,
    substitute,
)
from resnext_flops.complexity.lattices import Lattice, Span
from resnext_flops.complexity.layers import Sequential, Size, stages
from resnext_flops.complexity.ledger import Ledger, Origin
from resnext_flops.complexity.memory import memory
from resnext_flops.complexity.notation import Write, stage
from resnext_flops.complexity.scope import scoped
from resnext_flops.errors import InputError
from resnext_flops.show.table import Bracket

# The total stride of an ImageNet network; the period of its resolutions, unless a quotient asks for more.
PERIOD = 32
# A small size may change the structure of a network, as k = 1 does in a Wide ResNet; no size above this does. A free
# name in a call may have to be larger, as q in `width=q-20`.
LARGEST_LEAST = 8
LARGEST_LEAST_NAMED = 1 << 10
# How a breakdown names an entry: by its stage, or by its whole path.
LEVELS = ("stage", "layer")


class Reading(ABC):
    """The figures of a model, at one scope, as formulas of free sizes.

    free: the names of the free sizes.
    base: the value of each from which steps are counted, k = 0.
    origin: `derived` from a description, or `interpolated` from counts.
    """

    free: tuple[str, ...]
    scope: str
    base: Mapping[str, int]
    origin: ClassVar[Origin]

    @property
    @abstractmethod
    def lattices(self) -> Mapping[str, Lattice]:
        """For which values of each free size the formulas hold."""

    @abstractmethod
    def figure(self, name: str) -> Size:
        """A figure as a formula of the free sizes, or a number where it depends on none of them.

        Raises InputError for a figure that does not exist, or that is no polynomial in the free sizes.
        """

    @abstractmethod
    def parts(self, name: str, level: str = "stage") -> Mapping[str, Size]:
        """The same figure of each stage or each layer; they add up. Raises InputError where the parts change."""

    @abstractmethod
    def at(self, sizes: Mapping[str, int]) -> Ledger:
        """The ledger with numbers for the free sizes: not from the formulas, but described or counted once more."""

    @abstractmethod
    def exact(self, name: str, sizes: Mapping[str, int]) -> int:
        """A figure with numbers for the free sizes, found as `at` finds its ledger."""

    @abstractmethod
    def kinds(self, name: str, multiple_of: int) -> "Iterable[Reading]":
        """Readings that together cover the values of a free size which are multiples of a number, as far as known."""

    def special(self, figure: str) -> Mapping[str, tuple[int, ...]]:  # noqa: ARG002
        """The values of sizes at which a figure has another formula; none for most figures.

        A time has some: a convolution with one group, or with as many as channels, is of another kind than its
        neighbours.
        """
        return {}

    def formula(self, figure: str, at: Mapping[str, int]) -> Size:  # noqa: ARG002
        """The formula of a figure that holds at some sizes, where those that are not named have no special value.

        Raises InputError as `figure` does.
        """
        return self.figure(figure)

    def cases(self, figure: str) -> list[dict[str, int]]:
        """The sizes at which each formula of a figure holds, as `formula` takes them; first none, the general one."""
        special = self.special(figure)
        combinations = product(*([None, *values] for values in special.values()))
        return [
            {name: value for name, value in zip(special, combination, strict=True) if value is not None}
            for combination in combinations
        ]

    def case(self, figure: str, at: Mapping[str, int]) -> dict[str, int]:
        """Those of some sizes at which a figure has a formula of its own: one of `cases`."""
        special = self.special(figure)
        return {name: value for name, value in at.items() if value in special.get(name, ())}

    @abstractmethod
    def ledgers(self, figure: str, at: Mapping[str, int]) -> Iterable[Ledger]:
        """What the formula of a figure is made of that holds at some sizes. Raises InputError as `figure` does."""

    def remarks(self, figure: str, at: Mapping[str, int] | None = None) -> tuple[str, ...]:
        """Why the interval of a time is the wider one: by the formula that holds at some sizes, or by any formula.

        >>> import resnext_flops as rf
        >>> from resnext_flops.complexity.figures import time_on
        >>> rf.resnext(50).reading(["C", "d"]).remarks(time_on("rtx3090", 512))
        ('the batch is 512, and measured was 1,024',)
        """
        cases = self.cases(figure) if at is None else [self.case(figure, at)]
        key = f"{figure} {cases}"
        if key not in self._remarks:
            ledgers = (ledger for each in cases for ledger in self.ledgers(figure, each))
            self._remarks[key] = remarks_on(figure, *ledgers)
        return self._remarks[key]

    @cached_property
    def _remarks(self) -> dict[str, tuple[str, ...]]:
        """What `remarks` has found, because many sizes have one formula."""
        return {}

    @property
    @abstractmethod
    def evidence(self) -> str:
        """How the formulas were found, as a sentence; empty where they are derived."""

    def notation(self, write: Write) -> Mapping[str, tuple[str, list[str | Bracket]]]:  # noqa: ARG002
        """Of each stage its output and what the papers' tables print of it; nothing where there is no description.

        write: how a size is written, which may be a formula of the free sizes.
        """
        return {}

    def least(self, name: str) -> int:
        """The smallest value of a size for which the formulas may hold; for smaller ones they certainly do not."""
        return self.lattices[name].start

    def largest(self, name: str, sizes: Mapping[str, int]) -> int | None:  # noqa: ARG002
        """The largest value of a size that the model takes, if it refuses these sizes; None if it takes them."""
        return None

    def variables(self) -> dict[str, str]:
        """The letter k for each free size that has steps."""
        stepping = [name for name in self.free if self.lattices[name].step > 1]
        letters = {name: "k" if len(stepping) == 1 else f"k_{name}" for name in stepping}
        while taken := [name for name, letter in letters.items() if letter in self.free]:
            letters |= {name: f"{letters[name]}_{name}" for name in taken}
        return letters

    def in_steps(self, formula: Size) -> Size:
        """A formula with base + step k in the place of each size that has steps."""
        lattices = self.lattices
        return compose(
            formula,
            {name: progression(k, self.base[name], lattices[name].step) for name, k in self.variables().items()},
        )


def label(entry: Entry, level: str) -> str:
    """The part of a model that an entry belongs to: its stage, or the layer itself."""
    return entry.path.partition(".")[0] if level == "stage" else entry.path


def partition(ledger: Ledger, level: str) -> dict[str, Ledger]:
    """The parts of a ledger by name. Raises InputError for another level."""
    names = dict.fromkeys(label(entry, level) for entry in ledger)
    return {name: ledger.stage(name) for name in names}


def refuse_maximum(name: str) -> None:
    """Raises InputError for a figure that is a maximum, and so no polynomial."""
    if name in PIECEWISE:
        raise InputError(f"{figure_name(name)} are a maximum, which has no formula; `solve` finds sizes by counting")


def refuse_part(name: str, scope: str) -> None:
    """Raises InputError for the time of a part: of what a run takes, not everything is of one layer."""
    if is_time(name) and scope != "network":
        raise InputError(
            f"{figure_name(name)} are known for the whole network only, and not for {scope}; `predict` says what a "
            "time is made of"
        )


class Derived(Reading):
    """A described network with free sizes: its ledger in formulas of them, for one scope.

    >>> import resnext_flops as rf
    >>> print(Derived(rf.resnext(50).architecture, {"C": Span(), "d": Span()}).figure("macs"))
    451584 C d^2 + 27496448 C d + 479723520
    >>> print(Derived(rf.resnet(50).architecture, {"r": Span()}).figure("macs"))
    81456 r^2 + 2048000
    """

    origin = "derived"
    evidence = ""

    def __init__(self, architecture: Architecture, free: Mapping[str, Span], scope: str = "network") -> None:
        """The reading of an architecture with the sizes of the given names free, and its own resolution.

        Raises InputError for a size that the network does not have, or in which its cost is no polynomial.
        """
        self.scope, self.free, self.spans = scope, tuple(free), free
        self.architecture = architecture
        self.own = self.architecture.candidates
        for name in self.free:
            if name != BATCH and name not in self.own:
                raise architecture.unknown_size(name)
        for name in architecture.unbound:
            if name not in free or name == "r":
                raise InputError(f"{name} has no value; give it one, as in --free {name}={32 if name == 'r' else 8}")
        self.ledger, self.period = self._read(free["r"].step or 1 if "r" in free else 1)
        self.base = {name: (self.own[name] or 1) if name == "r" else span.start or 0 for name, span in free.items()}
        self._figures: dict[str, Size] = {}

    def _read(self, multiple_of: int) -> tuple[Ledger, int]:
        """The ledger in formulas, and the shortest period of resolutions that serves, of the multiples of a number."""
        period = lcm(PERIOD, multiple_of)
        while True:
            try:
                return self._scoped(self._symbols(period)), period
            except NotPolynomialError as error:
                if "r" not in error.names or error.factor == 1:
                    raise self.architecture.no_polynomial(error) from None
                period *= error.factor

    def _symbols(self, period: int) -> dict[str, Any]:
        """What stands for the free sizes while the network is read: for a resolution its steps."""
        sizes: dict[str, Any] = {name: Formula.of(name) for name in self.free if name != BATCH}
        return sizes | ({"r": progression("r", self.own["r"] or 1, period)} if "r" in sizes else {})

    def figure(self, name: str) -> Size:
        """As in `Reading`."""
        refuse_maximum(name)
        refuse_part(name, self.scope)
        if name not in self._figures:
            self._figures[name] = self._unfolded(name, self.ledger)
        return self._figures[name]

    def special(self, figure: str) -> Mapping[str, tuple[int, ...]]:
        """As in `Reading`."""
        if not is_time(figure):
            return {}
        found: dict[str, list[int]] = {}
        groups = {
            (entry.groups, entry.inputs[0][0]) for entry in self.ledger if entry.kind == "conv" and entry.groups != 1
        }
        for number, channels in groups:
            try:
                roots = (root(number - 1), root(channels - number))
            except NotPolynomialError:
                raise InputError(
                    f"the time of {self.architecture.name} has no formula in {', '.join(self.free)}: for which of them "
                    "a convolution has one group, or one for each channel, is no value of one size; free fewer"
                ) from None
            for name, value in filter(None, roots):
                if self.lattices[name].holds(value):
                    found.setdefault(name, []).append(value)
        return {name: tuple(sorted(set(found[name]))) for name in self.free if name in found}

    def formula(self, figure: str, at: Mapping[str, int]) -> Size:
        """As in `Reading`."""
        fixed = self.case(figure, at)
        if not fixed:
            return self.figure(figure)
        key = f"{figure} {sorted(fixed.items())}"
        if key not in self._figures:
            self._figures[key] = self._unfolded(figure, self._described(fixed))
        return self._figures[key]

    def ledgers(self, figure: str, at: Mapping[str, int]) -> Iterable[Ledger]:
        """As in `Reading`."""
        fixed = self.case(figure, at)
        return [self._described(fixed) if fixed else self.ledger]

    def _described(self, fixed: Mapping[str, int]) -> Ledger:
        """The ledger in formulas, with numbers for some of the free sizes."""
        return self._scoped({**self._symbols(self.period), **fixed})

    def _scoped(self, sizes: Mapping[str, Any]) -> Ledger:
        """The ledger with numbers or formulas for sizes."""
        return scoped(self.architecture.describe(sizes), self.scope, self.architecture.name)

    def _unfolded(self, name: str, ledger: Ledger) -> Size:
        """A figure of a ledger in the sizes themselves."""
        batch = Formula.of(BATCH) if BATCH in self.free else 1
        try:
            found = _batched(name, ledger, batch)
        except NotPolynomialError as error:
            names = ", ".join(self.free)
            raise InputError(f"{figure_name(name)} are no polynomial in {names}: {error}") from None
        return self._in_pixels(found)

    def _in_pixels(self, formula: Size) -> Size:
        """A formula with r for the resolution, and not for its steps."""
        return compose(formula, {"r": position("r", self.base["r"], self.period)}) if "r" in self.free else formula

    def notation(self, write: Write) -> Mapping[str, tuple[str, list[str | Bracket]]]:
        """As in `Reading`.

        >>> import resnext_flops as rf
        >>> output, parts = rf.resnext(50).reading(["C", "d", "n1"]).notation(str)["conv2"]
        >>> print(output, *parts)
        56x56 3x3 max pool, stride 2 [1x1, C d; 3x3, C d, C=C; 1x1, 256] x n1
        """

        def written(size: Size) -> str:
            return write(self._in_pixels(size))

        found = stages(self.architecture.describe(self._symbols(self.period)))
        return {
            name: ("x".join(map(written, output[1:])), stage(node, before, written))
            for name, node, before, output in found
            if isinstance(node, Sequential)
        }

    def parts(self, name: str, level: str = "stage") -> Mapping[str, Size]:
        """As in `Reading`."""
        refuse_part(name, level)
        return {part: self._unfolded(name, ledger) for part, ledger in partition(self.ledger, level).items()}

    def at(self, sizes: Mapping[str, int]) -> Ledger:
        """As in `Reading`."""
        return self._scoped({name: sizes[name] for name in sizes if name != BATCH})

    def exact(self, name: str, sizes: Mapping[str, int]) -> int:
        """As in `Reading`."""
        found: int = _batched(name, self.at(sizes), sizes.get(BATCH, 1))
        return found

    def kinds(self, name: str, multiple_of: int) -> "Iterable[Derived]":
        """As in `Reading`."""
        if name != "r":
            return [self]
        period = lcm(self.period, multiple_of)
        first = -(-self.base["r"] // multiple_of) * multiple_of
        return [self._starting(start, period) for start in range(first, first + period, multiple_of)]

    def _starting(self, resolution: int, period: int) -> "Derived":
        architecture = self.architecture.replace({"r": resolution})
        return Derived(architecture, {**self.spans, "r": Span(resolution, period)}, self.scope)

    @cached_property
    def lattices(self) -> Mapping[str, Lattice]:
        """For each free size, the values for which the formulas hold, found by comparing integer readings.

        The least is 1 but where a size changes the structure (Wide ResNet's widening of 1), and for r the smallest
        input of its kind that passes through the network.
        """
        return {name: self._lattice(name) for name in self.free}

    def _lattice(self, name: str) -> Lattice:
        span = self.spans[name]
        if name == "r":
            return Lattice(self._least("r"), self.period)
        least = 1 if name == BATCH else self._least(name)
        if span.start is not None and span.start < least:
            raise InputError(f"{name} is {span.start}; it must be a whole number of at least {least}")
        return Lattice(span.start or least, span.step or 1)

    def _least(self, size: str) -> int:
        named = self.architecture.names
        others = {
            other: self.spans[other].start or self.own[other] or (LARGEST_LEAST_NAMED if other in named else 1)
            for other in self.free
            if other != BATCH
        }
        first, last, step = 1, LARGEST_LEAST_NAMED if size in named else LARGEST_LEAST, 1
        if size == "r":
            first, last, step = self.base["r"] % self.period or self.period, self.base["r"], self.period
        for value in range(first, last + 1, step):
            sizes = {**others, size: value}
            try:
                part = self.at(sizes)
            except InputError:
                continue
            if all(substitute(figure(self.ledger, name), self._steps(sizes)) == figure(part, name) for name in FIGURES):
                return value
        raise InputError(
            f"the formulas of {self.architecture.name} hold for no {size} up to {last}; choose another one"
        )

    def _steps(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """Sizes as the ledger in formulas has them: a resolution by its steps."""
        if "r" not in sizes:
            return dict(sizes)
        return {**sizes, "r": (sizes["r"] - self.base["r"]) // self.period}


def _batched(name: str, ledger: Ledger, batch: Size) -> Any:
    """A figure of a network for so many examples at once.

    Raises InputError for a convention and several examples: its rule was written for one.
    """
    if name in BYTES:
        return getattr(memory(ledger, batch), BYTES[name])
    if is_time(name) and batch != 1:
        raise InputError(
            "N cannot be free in a time, because a profile is of one batch; leave N out, and give it as --batch"
        )
    if name in BATCHED:
        return batch * figure(ledger, name)
    if name not in FIGURES and batch != 1:
        raise InputError(f"{figure_name(name)} are those of one example; N is free in {', '.join([*FIGURES, *BYTES])}")
    return figure(ledger, name)
