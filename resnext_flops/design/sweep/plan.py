"""The plan of a sweep: its grid, the polynomials of its figures, and what is selected. It can be sent to a worker.

A resolution is rounded on its way through a network, so a plan has pieces: each is the part of the grid whose
resolutions are rounded alike, and has one polynomial for each figure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import NamedTuple, TypeAlias

import numpy as np

from resnext_flops.complexity.expressions import Expression
from resnext_flops.complexity.figures import is_time
from resnext_flops.complexity.formula import Monomial, compose, denominator, progression, terms
from resnext_flops.complexity.lattices import Span
from resnext_flops.complexity.layers import Size
from resnext_flops.complexity.model import Model
from resnext_flops.complexity.reading import Reading
from resnext_flops.design.sweep.axes import Grid, Whole
from resnext_flops.design.sweep.bounds import LARGEST, Bounds, require_64_bits
from resnext_flops.errors import InputError

Monomials: TypeAlias = Mapping[Monomial, int]


class Quotient(NamedTuple):
    """A polynomial with whole coefficients, divided by a whole number; at every design of a piece it is whole."""

    terms: Monomials
    by: int

    def bounds(self, of: Mapping[str, Bounds]) -> Bounds:
        """Its bounds where no size is negative."""
        low, high = polynomial_bounds(self.terms, of)
        return Bounds(low, high) if self.by == 1 else Bounds(low // self.by, high // self.by)


class Piece(NamedTuple):
    """A part of the grid with one polynomial for each figure.

    places: for each axis, the positions that belong to the piece, ascending.
    points: for each axis, what the polynomials take at those positions: the size, or how many steps it is from the
        first, where it has steps.
    remarks: why the interval of its times is the wider one.
    """

    places: tuple[Whole, ...]
    points: tuple[Whole, ...]
    figures: Mapping[str, Quotient]
    remarks: tuple[str, ...]


class Box(NamedTuple):
    """A part of a piece: for each axis, the first of its positions in the piece and the one after the last."""

    piece: int
    ranges: tuple[tuple[int, int], ...]

    @property
    def designs(self) -> int:
        """How many designs it holds."""
        return prod(end - first for first, end in self.ranges)


class Plan(NamedTuple):
    """What is swept, what every design must meet, and by what designs are compared.

    conditions: comparisons that every selected design meets.
    keys: what is minimised: the figures of a Pareto front, or the one figure that orders the designs.
    top: how many designs are selected by the one key; None stands for all of a front, or for all that meet the
        conditions where there is no key.
    """

    grid: Grid
    pieces: tuple[Piece, ...]
    conditions: tuple[Expression, ...]
    keys: tuple[Expression, ...]
    top: int | None

    def whole(self) -> list[Box]:
        """All designs: a box a piece."""
        return [
            Box(number, tuple((0, len(places)) for places in piece.places)) for number, piece in enumerate(self.pieces)
        ]

    def boxes_bounds(self, piece: int, low: Sequence[Whole], high: Sequence[Whole]) -> dict[str, Bounds]:
        """The bounds of every size and figure in boxes of a piece.

        low, high: for each axis, the first and the last position of each box.
        """
        found: dict[str, Bounds] = {}
        points: dict[str, Bounds] = {}
        own = self.pieces[piece]
        for place, axis in enumerate(self.grid.axes):
            positions = own.places[place]
            found[axis.name] = Bounds(axis.values[positions[low[place]]], axis.values[positions[high[place]]])
            points[axis.name] = Bounds(own.points[place][low[place]], own.points[place][high[place]])
        return found | {name: polynomial.bounds(points) for name, polynomial in own.figures.items()}

    def require_64_bits(self, nodes: Iterable[Expression]) -> None:
        """Check that every whole number of a sweep fits in 64 bits. Raises InputError, with the largest design."""
        for piece in self.pieces:
            sizes = {
                axis.name: _python_bounds(axis.values[places[0]], axis.values[places[-1]])
                for axis, places in zip(self.grid.axes, piece.places, strict=True)
            }
            ends = {
                axis.name: _python_bounds(points[0], points[-1])
                for axis, points in zip(self.grid.axes, piece.points, strict=True)
            }
            for name, polynomial in piece.figures.items():
                positive = {monomial: abs(factor) for monomial, factor in polynomial.terms.items()}
                largest = np.max(polynomial_bounds(positive, ends).high)
                if largest > LARGEST:
                    raise self._too_large(name, piece, largest)
            figures = {name: polynomial.bounds(ends) for name, polynomial in piece.figures.items()}
            for node in nodes:
                require_64_bits(node, sizes | figures)

    def _too_large(self, name: str, piece: Piece, figure: int) -> InputError:
        sizes = ", ".join(
            f"{axis.name} = {axis.values[places[-1]]}"
            for axis, places in zip(self.grid.axes, piece.places, strict=True)
        )
        return InputError(
            f"the largest design, {sizes}, has {figure:,} {name}, which does not fit 64 bits; give smaller sizes"
        )


def _python_bounds(low: np.int64, high: np.int64) -> Bounds:
    """Bounds in Python's integers, which are never too large."""
    return Bounds(np.array([int(low)], dtype=object), np.array([int(high)], dtype=object))


def polynomial_bounds(polynomial: Monomials, of: Mapping[str, Bounds]) -> Bounds:
    """The bounds of a polynomial of sizes that are not negative.

    Where no coefficient is negative the polynomial grows with every size, and these are its values at the cheapest and
    at the dearest corner of a box. A term with a negative coefficient is least where the sizes are largest.

    >>> polynomial_bounds({("C", "d"): 2, ("d",): -1, (): 5}, {"C": Bounds(1, 3), "d": Bounds(2, 4)})
    Bounds(low=5, high=27)
    """
    low = high = 0
    for monomial, factor in polynomial.items():
        least = largest = factor
        for name in monomial:
            sides = of[name] if factor > 0 else reversed(of[name])
            at_least, at_most = sides
            least, largest = least * at_least, largest * at_most
        low, high = low + least, high + largest
    return Bounds(low, high)


def pieces(network: Model, grid: Grid, figures: Mapping[str, str]) -> tuple[Piece, ...]:
    """The pieces of a grid of a network's sizes, with the polynomials of figures.

    figures: by the names that expressions have for them.

    Raises InputError for a size that the network does not have or that is too small, or a figure that does not exist.
    """
    return tuple(
        _piece(reading, grid, part, figures, at)
        for reading, places in _readings(network, grid)
        for part, at in _special_parts(reading, grid, places, figures.values())
    )


def spans_of(grid: Grid) -> dict[str, Span]:
    """What is asked of each size of a grid: from its first value to its last."""
    return {axis.name: Span(int(axis.values[0]), None, int(axis.values[-1])) for axis in grid.axes}


def _readings(network: Model, grid: Grid) -> Iterator[tuple[Reading, tuple[Whole, ...]]]:
    """The readings that cover the grid, each with the positions for which it holds."""
    every = tuple(np.arange(length) for length in grid.shape)
    free = spans_of(grid)
    reading = network.reading(free)
    step = reading.lattices["r"].step if "r" in free else 1
    if step == 1:
        yield reading, every
        return
    place = list(free).index("r")
    resolutions = grid.axes[place].values
    for rounding in np.unique(resolutions % step):
        chosen = np.flatnonzero(resolutions % step == rounding)
        places = (*every[:place], chosen, *every[place + 1 :])
        span = Span(int(resolutions[chosen[0]]), step, int(resolutions[chosen[-1]]))
        yield network.reading({**free, "r": span}), places


def _special_parts(
    reading: Reading, grid: Grid, places: tuple[Whole, ...], figures: Iterable[str]
) -> Iterator[tuple[tuple[Whole, ...], dict[str, int]]]:
    """The positions apart at which figures have formulas of their own, and the sizes that say so."""
    special: dict[str, set[int]] = {}
    for figure in figures:
        for name, values in reading.special(figure).items():
            special.setdefault(name, set()).update(values)
    choices: list[list[tuple[Whole, dict[str, int]]]] = []
    for axis, own in zip(grid.axes, places, strict=True):
        if axis.name not in special:
            choices.append([(own, {})])
            continue
        sizes, apart = axis.values[own], sorted(special[axis.name])
        parts = [(own[~np.isin(sizes, apart)], {}), *((own[sizes == value], {axis.name: value}) for value in apart)]
        choices.append([(part, at) for part, at in parts if len(part)])
    for chosen in product(*choices):
        yield tuple(part for part, _ in chosen), {name: value for _, at in chosen for name, value in at.items()}


def _piece(
    reading: Reading, grid: Grid, places: tuple[Whole, ...], figures: Mapping[str, str], at: Mapping[str, int]
) -> Piece:
    points, sizes = [], {}
    for axis, own in zip(grid.axes, places, strict=True):
        values, lattice = axis.values if len(own) == len(axis.values) else axis.values[own], reading.lattices[axis.name]
        first, step = int(values[0]), lattice.step
        lattice.check(axis.name, first)
        if step > 1:
            for value in values[(values - first) % step != 0][:1]:
                lattice.check(axis.name, int(value))
            # From the first value on, the number of steps is not negative.
            sizes[axis.name] = progression(axis.name, first, step)
            values = (values - first) // step
        points.append(values)
    polynomials = {name: quotient(compose(reading.formula(figure, at), sizes)) for name, figure in figures.items()}
    remarks = [remark for figure in figures.values() if is_time(figure) for remark in reading.remarks(figure, at)]
    return Piece(places, tuple(points), polynomials, tuple(remarks))


def quotient(formula: Size) -> Quotient:
    """A formula with whole coefficients.

    >>> from resnext_flops.complexity.formula import Formula
    >>> quotient(3 * Formula.of("n") + 1)
    Quotient(terms={('n',): 3, (): 1}, by=1)
    """
    by = denominator(formula)
    return Quotient({monomial: int(coefficient * by) for monomial, coefficient in terms(formula).items()}, by)


def fixed_sizes(network: Model, free: Iterable[str]) -> dict[str, int | None]:
    """The sizes of a network by name: None for the free ones, and for the others their value.

    >>> from resnext_flops.complexity.families.resnext import resnext
    >>> fixed_sizes(resnext(50), ["C"])["d"], fixed_sizes(resnext(50), ["C"])["C"]
    (4, None)
    """
    own = network.sizes()
    known: dict[str, int | None] = {name: value for name, value in own.items() if value is not None}
    return known | dict.fromkeys(free)
