"""Evaluating designs: the figures of a whole box at once, or those of designs by their numbers, exactly.

A box is laid out in rows. Some axes run along the rows, the others down; every polynomial is collected in the sizes
along the rows, and its coefficients, which depend on the other sizes alone, are computed once a row. What is left for
each design is a multiplication or two, which numexpr does in cache-sized pieces on all cores.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numexpr
import numpy as np
import numpy.typing as npt

from resnext_flops.complexity.expressions import Expression, Name
from resnext_flops.complexity.formula import Monomial
from resnext_flops.design.sweep.axes import Whole
from resnext_flops.design.sweep.kernel import numexpr_text
from resnext_flops.design.sweep.plan import Box, Monomials, Piece, Plan, Quotient
from resnext_flops.design.sweep.selection import Selection

# Columns by name; all of one shape, or shapes that NumPy broadcasts to one.
Columns: TypeAlias = Mapping[str, npt.NDArray[Any]]

# A row is at least this long where the box allows it, so that what is computed once a row costs little.
ROW = 512


def evaluate(text: str, columns: Columns, out: npt.NDArray[Any] | None = None) -> npt.NDArray[Any]:
    """A text of `kernel.py` on columns.

    It is not optimized: numexpr would multiply by the inverse of a divisor, which rounds otherwise than the bounds.
    """
    named = _Underscored(columns)
    found: npt.NDArray[Any] = numexpr.evaluate(text, local_dict=named, global_dict={}, out=out, optimization="none")
    return found


class _Underscored:
    """Columns by their names in texts, which end in an underscore."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self._columns[name.removesuffix("_")]


class Scratch:
    """Memory for the columns of one layout after the other: new memory would cost more than the arithmetic."""

    def __init__(self) -> None:
        self._flat: dict[str, npt.NDArray[Any]] = {}

    def column(self, name: str, shape: tuple[int, ...], kind: type[np.generic] = np.int64) -> npt.NDArray[Any]:
        """Memory for one column, until it is asked for again."""
        count = prod(shape)
        if name not in self._flat or len(self._flat[name]) < count:
            self._flat[name] = np.empty(count, dtype=kind)
        return self._flat[name][:count].reshape(shape)


class LazyColumns(dict[str, npt.NDArray[Any]]):
    """Columns of sizes, and of figures that are computed when first asked for: few designs get as far as the keys."""

    def __init__(self, sizes: Columns, compute: Callable[[str], npt.NDArray[Any]]) -> None:
        super().__init__(sizes)
        self._compute = compute

    def __missing__(self, name: str) -> npt.NDArray[Any]:
        found = self[name] = self._compute(name)
        return found


class Layout(NamedTuple):
    """Designs in rows: columns that are broadcast to one shape, and the numbers of the designs.

    A number is the sum of what stands before its row (`down`) and what stands above its place in it (`along`).
    """

    columns: Columns
    down: Whole
    along: Whole

    @property
    def shape(self) -> tuple[int, int]:
        """The number of rows, and how long they are."""
        return len(self.down), len(self.along)

    def column(self, node: Expression) -> npt.NDArray[Any]:
        """The values of an expression, for every design."""
        found = self.columns[node.name] if isinstance(node, Name) else evaluate(numexpr_text(node), self.columns)
        return np.broadcast_to(found, self.shape)

    def met(self, conditions: Sequence[Expression], scratch: Scratch) -> Whole:
        """The places of the designs that meet all of some conditions."""
        if not conditions:
            return np.arange(prod(self.shape))
        met, also = (scratch.column(name, self.shape, np.bool_) for name in ("met", "also"))
        evaluate(numexpr_text(conditions[0]), self.columns, met)
        for condition in conditions[1:]:
            np.logical_and(met, evaluate(numexpr_text(condition), self.columns, also), out=met)
        return np.flatnonzero(met)


def scan(plan: Plan, box: Box, selection: Selection, scratch: Scratch) -> Selection:
    """A selection with the designs of a box that meet the conditions."""
    return select(plan, layout(plan, box, scratch), selection, scratch)


def select(plan: Plan, among: Layout, selection: Selection, scratch: Scratch) -> Selection:
    """A selection with those designs of a layout that meet the conditions."""
    met = among.met(plan.conditions, scratch)
    if not len(met):
        return selection
    row, place = np.divmod(met, among.shape[1])
    return selection.add(among.down[row] + among.along[place], [among.column(key)[row, place] for key in plan.keys])


def designs(plan: Plan, numbers: Whole, names: Iterable[str]) -> dict[str, Whole]:
    """Sizes and figures of designs by their numbers, in the order of the numbers."""
    positions = plan.grid.positions(numbers)
    sizes = plan.grid.sizes(numbers)
    wanted = [name for name in names if name not in sizes]
    found = sizes | {name: np.empty(len(numbers), dtype=np.int64) for name in wanted}
    for piece in plan.pieces:
        inside = np.ones(len(numbers), dtype=bool)
        points = {}
        for axis, places, own in zip(plan.grid.axes, piece.places, piece.points, strict=True):
            place = np.minimum(np.searchsorted(places, positions[axis.name]), len(places) - 1)
            inside &= places[place] == positions[axis.name]
            points[axis.name] = own[place]
        chosen = {variable: values[inside] for variable, values in points.items()}
        for name in wanted:
            found[name][inside] = evaluate(figure_text(piece.figures[name]), chosen) if inside.any() else 0
    return found


def rows_of(columns: Columns, numbers: Whole) -> Layout:
    """A layout of designs one below the other."""
    below = {name: column[:, np.newaxis] for name, column in columns.items()}
    return Layout(below, numbers, np.zeros(1, dtype=np.int64))


def figure_text(figure: Quotient) -> str:
    """A figure as a text of sizes, for `evaluate`.

    >>> figure_text(Quotient({("n", "n"): 1, ("n",): 1}, 2))
    '(((1 * n_ + 1) * n_) / 2)'
    """
    return divided(nested(_texts(figure.terms)), figure.by)


def divided(text: str, by: int) -> str:
    """A text divided by a whole number. numexpr divides whole numbers without their fraction; here there is none."""
    return text if by == 1 else f"({text} / {by})"


def _texts(polynomial: Monomials) -> dict[Monomial, str]:
    return {monomial: str(factor) if factor >= 0 else f"({factor})" for monomial, factor in polynomial.items()}


def nested(texts: Mapping[Monomial, str]) -> str:
    """A polynomial by Horner's rule, the size in most of its terms first.

    >>> nested({("C", "d", "d"): "9", ("C", "d"): "512", (): "7"})
    '(((9 * d_ + 512) * d_) * C_ + 7)'
    """
    names = [name for monomial in texts for name in set(monomial)]
    if not names:
        return texts.get((), "0")
    name = max(sorted(set(names)), key=names.count)
    inner: dict[Monomial, str] = {}
    outer: dict[Monomial, str] = {}
    for monomial, text in texts.items():
        if name in monomial:
            place = monomial.index(name)
            inner[(*monomial[:place], *monomial[place + 1 :])] = text
        else:
            outer[monomial] = text
    product = f"{nested(inner)} * {name}_"
    return f"({product} + {nested(outer)})" if outer else f"({product})"


def layout(plan: Plan, box: Box, scratch: Scratch) -> Layout:
    """The designs of a box, with the columns that a plan's expressions hold, until scratch is used again."""
    piece, axes = plan.pieces[box.piece], plan.grid.axes
    names = [axis.name for axis in axes]
    along = _along(piece, box, names)
    down = [place for place in range(len(axes)) if place not in along]
    cuts = [slice(*ends) for ends in box.ranges]
    positions = [places[cut] for places, cut in zip(piece.places, cuts, strict=True)]
    offsets = [places * stride for places, stride in zip(positions, plan.grid.strides, strict=True)]
    points = {axis.name: own[cut] for axis, own, cut in zip(axes, piece.points, cuts, strict=True)}
    sizes = {axis.name: axis.values[places] for axis, places in zip(axes, positions, strict=True)}
    columns, starts, steps = _columns(points, along, down), _sums(offsets, down), _sums(offsets, along)
    inner, shape = frozenset(names[place] for place in along), (len(starts), len(steps))
    figures = LazyColumns(
        _columns(sizes, along, down),
        lambda name: figure(piece.figures[name], inner, columns, scratch.column(name, shape)),
    )
    return Layout(figures, starts, steps)


def _combined(values: Sequence[Whole], places: Sequence[int]) -> list[Whole]:
    """The values of some axes, in every combination."""
    return [grid.ravel() for grid in np.meshgrid(*(values[place] for place in places), indexing="ij")]


def _columns(values: Mapping[str, Whole], along: Sequence[int], down: Sequence[int]) -> dict[str, Whole]:
    """The values of all axes by name: those along a row as a row, the others as a column."""
    names, own = list(values), list(values.values())
    rows = {names[place]: row[np.newaxis] for place, row in zip(along, _combined(own, along), strict=True)}
    return rows | {names[place]: row[:, np.newaxis] for place, row in zip(down, _combined(own, down), strict=True)}


def _sums(offsets: Sequence[Whole], places: Sequence[int]) -> Whole:
    """What the positions on some axes add to the number of a design, in every combination."""
    found = _combined(offsets, places)
    return np.sum(found, axis=0) if found else np.zeros(1, dtype=np.int64)


def _along(piece: Piece, box: Box, names: Sequence[str]) -> list[int]:
    """The axes along a row: long ones first, and of these the ones of the lowest degree; as many as it takes."""
    lengths = [end - first for first, end in box.ranges]
    monomials = [monomial for polynomial in piece.figures.values() for monomial in polynomial.terms]
    degrees = [max(monomial.count(name) for monomial in monomials) for name in names]
    places = sorted(range(len(lengths)), key=lambda place: (lengths[place] < ROW, degrees[place], -lengths[place]))
    count = next((n for n in range(1, len(places)) if prod(lengths[place] for place in places[:n]) >= ROW), len(places))
    return sorted(places[:count])


def figure(polynomial: Quotient, inner: frozenset[str], points: Columns, out: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A polynomial over a layout whose rows run along the inner sizes."""
    if not any(polynomial.terms):
        out[...] = polynomial.terms.get((), 0)
        return out
    text, coefficients = _collected(tuple(polynomial.terms.items()), inner)
    columns = dict(points) | {name: evaluate(each, points) for name, each in coefficients}
    return evaluate(divided(text, polynomial.by), columns, out)


@lru_cache(maxsize=1024)
def _collected(
    polynomial: tuple[tuple[Monomial, int], ...], inner: frozenset[str]
) -> tuple[str, list[tuple[str, str]]]:
    """A polynomial collected in the inner sizes: its text, and the texts of the coefficients that it names."""
    parts: dict[Monomial, dict[Monomial, int]] = {}
    for monomial, factor in polynomial:
        own = tuple(name for name in monomial if name in inner)
        parts.setdefault(own, {})[tuple(name for name in monomial if name not in inner)] = factor
    names: dict[Monomial, str] = {}
    coefficients = []
    for place, (own, part) in enumerate(parts.items()):
        text = nested(_texts(part))
        names[own] = text
        if any(part):
            names[own] = f"coefficient{place}_"
            coefficients.append((f"coefficient{place}", text))
    return nested(names), coefficients
