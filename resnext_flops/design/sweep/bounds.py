"""Bounds of expressions: from the least and the largest value of every name follow those of the expression.

They round quotients as numexpr does, so that a bound is never on the wrong side of a value. Comparisons are bounded
too: the lower bound says whether they certainly hold, the upper whether they may.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from resnext_flops.complexity.expressions import Apply, Constant, Expression, Name, is_truth, text_of
from resnext_flops.errors import InputError

LARGEST = 2**63 - 1


class Bounds(NamedTuple):
    """The least and the largest value: numbers or truths, or arrays of them, one for each of many boxes."""

    low: Any
    high: Any


def _corners(operation: Callable[[Any, Any], Any], a: Bounds, b: Bounds) -> Bounds:
    """The bounds of what is monotone in either operand: those of its four corners."""
    found = [operation(x, y) for x in a for y in b]
    return Bounds(reduce(np.minimum, found), reduce(np.maximum, found))


def _power(a: Bounds, exponent: Bounds) -> Bounds:
    """A power is least at 0 where its exponent is even."""
    base = a if exponent.low % 2 else _absolute(a)
    return Bounds(base.low**exponent.low, base.high**exponent.low)


def _remainder(a: Bounds, b: Bounds) -> Bounds:
    """A remainder is below its positive divisor, and known where the dividend is."""
    one = np.equal(a.low, a.high)
    return Bounds(np.where(one, a.low % b.low, 0), np.where(one, a.low % b.low, b.high - 1))


def _absolute(a: Bounds) -> Bounds:
    return Bounds(np.maximum(np.maximum(a.low, -a.high), 0), np.maximum(-a.low, a.high))


def _equal(a: Bounds, b: Bounds) -> Bounds:
    certain = np.logical_and(np.equal(a.low, b.high), np.equal(a.high, b.low))
    return Bounds(certain, np.logical_and(np.less_equal(a.low, b.high), np.less_equal(b.low, a.high)))


def _not(a: Bounds) -> Bounds:
    return Bounds(np.logical_not(a.high), np.logical_not(a.low))


def _order(compare: Callable[[Any, Any], Any]) -> Callable[[Bounds, Bounds], Bounds]:
    """The bounds of `a < b` and `a <= b`."""
    return lambda a, b: Bounds(compare(a.high, b.low), compare(a.low, b.high))


def _of_all(operation: Callable[[Any, Any], Any]) -> Callable[..., Bounds]:
    """The bounds of what grows with all of its operands, of which there may be many."""
    return lambda *operands: Bounds(*(reduce(operation, ends) for ends in zip(*operands, strict=True)))


OPERATIONS: Mapping[str, Callable[..., Bounds]] = {
    "+": lambda a, b: Bounds(a.low + b.low, a.high + b.high),
    "-": lambda a, b: Bounds(a.low - b.high, a.high - b.low),
    "*": lambda a, b: _corners(lambda x, y: x * y, a, b),
    "/": lambda a, b: _corners(lambda x, y: 1.0 * x / y, a, b),
    "%": _remainder,
    "**": _power,
    "negative": lambda a: Bounds(-a.high, -a.low),
    "abs": _absolute,
    "min": _of_all(np.minimum),
    "max": _of_all(np.maximum),
    "<": _order(np.less),
    "<=": _order(np.less_equal),
    ">": lambda a, b: _order(np.less)(b, a),
    ">=": lambda a, b: _order(np.less_equal)(b, a),
    "==": _equal,
    "!=": lambda a, b: _not(_equal(a, b)),
    "and": _of_all(np.logical_and),
    "or": _of_all(np.logical_or),
}


def bounds(node: Expression, of: Mapping[str, Bounds]) -> Bounds:
    """The bounds of a node from those of its names.

    >>> from resnext_flops.complexity.expressions import parse
    >>> low, high = bounds(parse("C * d - 1"), {"C": Bounds(1, 4), "d": Bounds(2, 8)})
    >>> int(low), int(high)
    (1, 31)
    """
    match node:
        case Constant(value):
            machine = float(value) if isinstance(value, Fraction) else value
            return Bounds(machine, machine)
        case Name(name):
            return of[name]
        case Apply(operation, operands):
            return OPERATIONS[operation](*(bounds(operand, of) for operand in operands))


def require_64_bits(node: Expression, of: Mapping[str, Bounds]) -> None:
    """Check a node over a whole space: whole numbers must fit in 64 bits, and no divisor may be zero.

    of: the bounds of the names, as arrays of one Python integer, which is never too large.

    Raises InputError where they do not.
    """
    if not isinstance(node, Apply):
        return
    for operand in node.operands:
        require_64_bits(operand, of)
    if node.operation == "/":
        divisor = bounds(node.operands[1], of)
        if np.all(divisor.low <= 0) and np.all(divisor.high >= 0):
            raise InputError(f"{text_of(node)} may divide by zero in this space")
    found = bounds(node, of)
    largest = np.maximum(-found.low, found.high).item() if not is_truth(node) else 0
    if isinstance(largest, int) and largest > LARGEST:
        raise InputError(f"{text_of(node)} is up to {largest:,} in this space and does not fit 64 bits")
