"""Evaluating designs: the figures of a whole box at once, or those of designs by their numbers, exactly.

A box is laid out as a table. Its longest axes run along the rows, the others down; every polynomial is collected in
the sizes along the rows, and its coefficients, which depend on the other sizes alone, are computed once a row. What is
left for each design is a multiplication or two, which numexpr does in cache-sized pieces on all cores.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from math import prod
from typing import Any, TypeAlias

import numexpr
import numpy as np
import numpy.typing as npt

from resnext_flops.complexity.formula import Monomial
from resnext_flops.sweeping.axes import Whole
from resnext_flops.sweeping.expression import Node, names_in, numexpr_text
from resnext_flops.sweeping.plan import Box, Plan, Polynomial
from resnext_flops.sweeping.selection import Keys, Selection

# Columns by name; all of one shape, or shapes that NumPy broadcasts to one.
Columns: TypeAlias = Mapping[str, npt.NDArray[Any]]

# A row is at least this long where the box allows it, so that what is computed once a row costs little.
ROW = 2048


def evaluate(text: str, columns: Columns) -> npt.NDArray[Any]:
    """A text of ours on columns."""
    found: npt.NDArray[Any] = numexpr.evaluate(text, local_dict=columns, global_dict={})
    return found


def scan(plan: Plan, box: Box, selection: Selection) -> Selection:
    """A selection with the designs of a box that meet the conditions."""
    columns, numbers = _table(plan, box)
    return select(plan, columns, numbers, selection)


def select(plan: Plan, columns: Columns, numbers: Whole, selection: Selection) -> Selection:
    """A selection with those designs of some columns that meet the conditions.

    numbers: those of the designs; its shape is the one that the columns are broadcast to.
    """
    met: Any = ...
    if plan.conditions:
        truth = evaluate(" & ".join(map(numexpr_text, plan.conditions)), columns)
        met = np.flatnonzero(np.broadcast_to(truth, numbers.shape))
        if not len(met):
            return selection
        met = np.unravel_index(met, numbers.shape)
    keys = [np.broadcast_to(evaluate(numexpr_text(key), columns), numbers.shape)[met].ravel() for key in plan.keys]
    return selection.add(numbers[met].ravel(), keys)


def designs(plan: Plan, numbers: Whole, names: Iterable[str]) -> dict[str, Whole]:
    """Sizes and figures of designs by their numbers, in the order of the numbers."""
    positions = plan.grid.positions(numbers)
    sizes = plan.grid.sizes(numbers)
    wanted = [name for name in names if name not in sizes]
    found = sizes | {name: np.empty(len(numbers), dtype=np.int64) for name in wanted}
    for piece in plan.pieces:
        inside = np.ones(len(numbers), dtype=bool)
        points = {}
        for axis, places, own, variable in zip(
            plan.grid.axes, piece.places, piece.points, piece.variables, strict=True
        ):
            place = np.minimum(np.searchsorted(places, positions[axis.name]), len(places) - 1)
            inside &= places[place] == positions[axis.name]
            points[variable] = own[place]
        chosen = {variable: values[inside] for variable, values in points.items()}
        for name in wanted:
            found[name][inside] = evaluate(nested(_texts(piece.figures[name])), chosen) if inside.any() else 0
    return found


def keys_of(nodes: Iterable[Node], columns: Columns, count: int) -> Keys:
    """The values of expressions of columns, which are of one length."""
    return [np.broadcast_to(evaluate(numexpr_text(node), columns), (count,)) for node in nodes]


def _texts(polynomial: Polynomial) -> dict[Monomial, str]:
    return {monomial: str(factor) if factor >= 0 else f"({factor})" for monomial, factor in polynomial.items()}


def nested(texts: Mapping[Monomial, str]) -> str:
    """A polynomial by Horner's rule, the size in most of its terms first.

    >>> nested({("C", "d", "d"): "9", ("C", "d"): "512", (): "7"})
    '(((9 * d + 512) * d) * C + 7)'
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
    product = f"{nested(inner)} * {name}"
    return f"({product} + {nested(outer)})" if outer else f"({product})"


def _table(plan: Plan, box: Box) -> tuple[dict[str, npt.NDArray[Any]], Whole]:
    """The columns of a box that a plan's expressions hold, and the numbers of its designs."""
    piece = plan.pieces[box.piece]
    lengths = [end - first for first, end in box.ranges]
    along = _along(lengths)
    down = [place for place in range(len(lengths)) if place not in along]

    def spread(values: Callable[[int], Whole], places: Sequence[int]) -> list[Whole]:
        """Values of some axes, in every combination: a row of them, or what stands before a row."""
        found = np.meshgrid(*(values(place)[slice(*box.ranges[place])] for place in places), indexing="ij")
        shape = (1, -1) if places is along else (-1, 1)
        return [each.reshape(shape) for each in found]

    def number(place: int) -> Whole:
        return piece.places[place] * plan.grid.strides[place]

    numbers = sum(spread(number, down), np.zeros((1, 1), dtype=np.int64)) + sum(spread(number, along))
    points = {
        piece.variables[place]: column
        for places in (along, down)
        for place, column in zip(places, spread(lambda place: piece.points[place], places), strict=True)
    }
    columns = {}
    inner = frozenset(piece.variables[place] for place in along)
    for name in names_in((*plan.conditions, *plan.keys)):
        if name in piece.figures:
            columns[name] = figure(piece.figures[name], inner, points)
    for places in (along, down):
        sizes = spread(lambda place: plan.grid.axes[place].values[piece.places[place]], places)
        columns |= {plan.grid.axes[place].name: column for place, column in zip(places, sizes, strict=True)}
    return columns, numbers


def _along(lengths: Sequence[int]) -> list[int]:
    """The axes along a row: the longest, as many as it takes."""
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    count = next((n for n in range(1, len(order)) if prod(lengths[place] for place in order[:n]) >= ROW), len(order))
    return sorted(order[:count])


def figure(polynomial: Polynomial, inner: frozenset[str], points: Columns) -> npt.NDArray[Any]:
    """A polynomial over a table whose rows run along the inner sizes."""
    text, coefficients = _collected(tuple(polynomial.items()), inner)
    columns = dict(points) | {name: evaluate(each, points) for name, each in coefficients}
    return evaluate(text, columns)


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
            names[own] = f"coefficient{place}"
            coefficients.append((names[own], text))
    return nested(names), coefficients
