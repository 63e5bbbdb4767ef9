"""Exact solutions of "which size has this cost": polynomials with whole coefficients and integer decisions.

The cost of a network is a polynomial in each of its sizes, so a few exact evaluations give it whole, without symbols.
A float appears only in the real root, which is there to be printed.
"""

from collections.abc import Sequence
from itertools import pairwise

# Lowest coefficient first.
Polynomial = tuple[int, ...]

# Binary digits of a real root behind the point: more than a float of the root's size has.
DIGITS = 64


def interpolate(values: Sequence[int]) -> Polynomial:
    """The polynomial that takes the given values at 1, 2, 3, ...; its degree is one less than their number.

    Raises ArithmeticError if its coefficients are not whole.

    >>> interpolate([9 * d * d + 512 * d for d in (1, 2, 3)])
    (0, 512, 9)
    """
    numerators, factorial, basis = [0] * len(values), 1, [1]
    # Newton's form: the sum of difference * (x - 1)(x - 2)...(x - order) / order!, over a common denominator.
    for order, difference in enumerate(_differences(values)):
        numerators = [each * max(order, 1) for each in numerators]
        factorial *= max(order, 1)
        for power, coefficient in enumerate(basis):
            numerators[power] += difference * coefficient
        basis = [low - (order + 1) * high for low, high in zip([0, *basis], [*basis, 0], strict=True)]
    if any(each % factorial for each in numerators):
        raise ArithmeticError("the figure is a polynomial whose coefficients are not whole")
    return tuple(each // factorial for each in numerators)


def _differences(values: Sequence[int]) -> list[int]:
    """The leading forward differences: Newton's coefficients for points one apart."""
    leading, row = [], list(values)
    while row:
        leading.append(row[0])
        row = [after - before for before, after in pairwise(row)]
    return leading


def evaluate(polynomial: Polynomial, x: int) -> int:
    """The value of a polynomial, by Horner's rule.

    >>> evaluate((0, 512, 9), 4)
    2192
    """
    value = 0
    for coefficient in reversed(polynomial):
        value = value * x + coefficient
    return value


def is_increasing(polynomial: Polynomial) -> bool:
    """Whether a polynomial provably grows with every positive x: no negative coefficient, and not a constant.

    >>> is_increasing((-7, 1)), is_increasing((7,))
    (True, False)
    """
    return all(coefficient >= 0 for coefficient in polynomial[1:]) and any(polynomial[1:])


def floor_root(polynomial: Polynomial, budget: int) -> int:
    """The largest whole number of at least 0 at which an increasing polynomial is within the budget; -1 if none is.

    >>> floor_root((0, 512, 9), 2176)
    3
    """
    low, high = -1, 1
    while evaluate(polynomial, high) <= budget:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if evaluate(polynomial, middle) <= budget else (low, middle)
    return low


def real_root(polynomial: Polynomial, budget: int) -> float:
    """The positive x at which an increasing polynomial meets the budget, to the precision of a float.

    Raises ArithmeticError if it is over the budget at 0 already.

    >>> round(real_root((0, 512, 9), 2176), 3)
    3.973
    """
    degree = len(polynomial) - 1
    # With x = n / 2^DIGITS the root is that of a whole polynomial in n.
    scaled = tuple(each << DIGITS * (degree - power) for power, each in enumerate(polynomial))
    root = floor_root(scaled, budget << DIGITS * degree)
    if root < 0:
        raise ArithmeticError(f"the polynomial is over {budget} for every positive x")
    return root / (1 << DIGITS)


def nearest(polynomial: Polynomial, budget: int) -> int:
    """The whole number of at least 1 whose value is nearest to the budget; the smaller one where two are equally near.

    >>> nearest((0, 512, 9), 2176)
    4
    """
    floor = max(floor_root(polynomial, budget), 1)
    return min((floor, floor + 1), key=lambda x: (abs(evaluate(polynomial, x) - budget), x))
