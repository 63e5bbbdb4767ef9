"""Exact solutions of "which size has this cost": polynomials with rational coefficients and integer decisions.

The cost of a network is a polynomial in each of its sizes, so a few exact evaluations give it whole, without symbols.
Floats appear only in the real root, which is there to be printed.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

Coefficients = tuple[Fraction, ...]


def interpolate(figure: Callable[[int], int], degree: int) -> Coefficients:
    """The polynomial of at most `degree` that a figure is, lowest coefficient first.

    One evaluation more than needed checks the degree. Raises ArithmeticError if the figure is no such polynomial.

    >>> interpolate(lambda d: 9 * d * d + 512 * d, 2) == (0, 512, 9)
    True
    """
    points = range(1, degree + 3)
    values = [figure(point) for point in points]
    result = [Fraction(0)] * (degree + 1)
    basis = [Fraction(1)]
    for order, difference in enumerate(_differences(values)):
        if order > degree:
            if difference:
                raise ArithmeticError(f"the figure is not a polynomial of degree {degree}")
            break
        for power, coefficient in enumerate(basis):
            result[power] += difference * coefficient
        basis = _times(basis, (Fraction(-points[order], order + 1), Fraction(1, order + 1)))
    return tuple(result)


def _differences(values: Sequence[int]) -> list[int]:
    """The leading forward differences: Newton's coefficients for points one apart."""
    leading, row = [], list(values)
    while row:
        leading.append(row[0])
        row = [after - before for before, after in pairwise(row)]
    return leading


def _times(left: Sequence[Fraction], right: Sequence[Fraction]) -> list[Fraction]:
    product = [Fraction(0)] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            product[i + j] += a * b
    return product


def evaluate(polynomial: Coefficients, x: Fraction | int) -> Fraction:
    """The value of a polynomial, by Horner's rule.

    >>> evaluate((Fraction(0), Fraction(512), Fraction(9)), 4)
    Fraction(2192, 1)
    """
    value = Fraction(0)
    for coefficient in reversed(polynomial):
        value = value * x + coefficient
    return value


def is_increasing(polynomial: Coefficients) -> bool:
    """Whether a polynomial provably grows with every positive x: no negative coefficient, and not a constant.

    >>> is_increasing((Fraction(-7), Fraction(1))), is_increasing((Fraction(7),))
    (True, False)
    """
    return all(coefficient >= 0 for coefficient in polynomial[1:]) and any(polynomial[1:])


def floor_root(polynomial: Coefficients, budget: int) -> int:
    """The largest whole number of at least 0 at which an increasing polynomial is within the budget; -1 if none is.

    >>> floor_root((Fraction(0), Fraction(512), Fraction(9)), 2176)
    3
    """
    low, high = -1, 1
    while evaluate(polynomial, high) <= budget:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if evaluate(polynomial, middle) <= budget else (low, middle)
    return low


def real_root(polynomial: Coefficients, budget: int) -> float:
    """The positive x at which an increasing polynomial meets the budget, to the precision of a float.

    Raises ArithmeticError if it is over the budget at 0 already.

    >>> round(real_root((Fraction(0), Fraction(512), Fraction(9)), 2176), 3)
    3.973
    """
    floor = floor_root(polynomial, budget)
    if floor < 0:
        raise ArithmeticError(f"the polynomial is over {budget} for every positive x")
    low, high = Fraction(floor), Fraction(floor + 1)
    for _ in range(64):
        middle = (low + high) / 2
        low, high = (middle, high) if evaluate(polynomial, middle) <= budget else (low, middle)
    return float(low)


def nearest(polynomial: Coefficients, budget: int) -> int:
    """The whole number of at least 1 whose value is nearest to the budget; the smaller one where two are equally near.

    >>> nearest((Fraction(0), Fraction(512), Fraction(9)), 2176)
    4
    """
    floor = max(floor_root(polynomial, budget), 1)
    return min((floor, floor + 1), key=lambda x: (abs(evaluate(polynomial, x) - budget), x))
