"""Exact solutions of "which size has this cost", for polynomials with whole coefficients.

Nothing is taken for granted about how a polynomial runs: a range is cut where it turns, and in each piece, where it
provably only rises or only falls, whole numbers are found by bisection. Every comparison is one of integers. A float
appears in the real root alone, which is there to be printed.
"""

from collections.abc import Iterator
from itertools import pairwise

# Lowest coefficient first.
Polynomial = tuple[int, ...]

# Binary digits of a real root behind the point: more than a float of the root's size has.
DIGITS = 64


def evaluate(polynomial: Polynomial, x: int) -> int:
    """The value of a polynomial, by Horner's rule.

    >>> evaluate((0, 512, 9), 4)
    2192
    """
    value = 0
    for coefficient in reversed(polynomial):
        value = value * x + coefficient
    return value


def bound(polynomial: Polynomial) -> int:
    """A whole number beyond which a polynomial has no root and does not turn (Cauchy's bound; Gauss and Lucas).

    >>> bound((-6, 1, 1))  # (x - 2)(x + 3)
    7
    """
    *others, leading = polynomial
    return 1 + max(-(-abs(coefficient) // abs(leading)) for coefficient in others or [0])


def monotone_pieces(polynomial: Polynomial, low: int, high: int) -> list[tuple[int, int]]:
    """The whole numbers from `low` to `high` in pieces, in each of which the polynomial only rises or only falls.

    Where its derivative is monotone it changes its sign once at most, so the pieces of the derivative, cut once more
    where the sign changes, are those of the polynomial.

    >>> monotone_pieces((0, -7, 1), 0, 10)  # x^2 - 7 x turns at 3.5
    [(0, 3), (4, 10)]
    """
    if len(polynomial) <= 2 or low == high:
        return [(low, high)]
    derivative = tuple(power * coefficient for power, coefficient in enumerate(polynomial))[1:]
    pieces = []
    for first, last in monotone_pieces(derivative, low, high):
        if (evaluate(derivative, first) > 0) == (evaluate(derivative, last) > 0):
            pieces.append((first, last))
        else:
            cut = _last_before(derivative, 0, first, last)
            pieces += [(first, cut), (cut + 1, last)]
    return pieces


def _last_before(polynomial: Polynomial, value: int, first: int, last: int) -> int:
    """In a monotone piece that ends on the other side of a value: the last whole number on the side of `first`."""
    above = evaluate(polynomial, first) > value
    while last - first > 1:
        middle = (first + last) // 2
        if (evaluate(polynomial, middle) > value) == above:
            first = middle
        else:
            last = middle
    return first


def crossings(polynomial: Polynomial, budget: int, low: int, high: int) -> Iterator[int]:
    """Each whole number x, low <= x < high, such that only one of x and x + 1 is over the budget.

    >>> list(crossings((0, -7, 1), -8, 0, 10))  # x^2 - 7 x is -8 at 1.44 and 5.56
    [1, 5]
    """
    before = None
    for first, last in monotone_pieces(polynomial, low, high):
        over = evaluate(polynomial, first) > budget
        if before is not None and before != over:
            yield first - 1
        before = evaluate(polynomial, last) > budget
        if before != over:
            yield _last_before(polynomial, budget, first, last)


def _end(polynomial: Polynomial, low: int, *budgets: int) -> int:
    """A whole number above `low`, beyond which the polynomial neither turns nor meets a budget."""
    return max(low, *(bound((polynomial[0] - budget, *polynomial[1:])) for budget in budgets)) + 1


def candidates(polynomial: Polynomial, budget: int, low: int, high: int | None = None) -> list[int]:
    """Whole numbers from `low` to `high` among which the nearest to the budget is, on either side of it.

    They are the ends of the pieces and the two numbers at each crossing. Without `high` they go as far as the
    polynomial may still turn or meet the budget.

    >>> candidates((0, 512, 9), 2176, 1, 100)
    [1, 3, 4, 100]
    """
    if high is None:
        high = _end(polynomial, low, budget)
    found = {end for piece in monotone_pieces(polynomial, low, high) for end in piece}
    for x in crossings(polynomial, budget, low, high):
        found |= {x, x + 1}
    return sorted(found)


def real_root(polynomial: Polynomial, budget: int, near: int) -> float | None:
    """The x of at least 0 at which a polynomial meets the budget, as a float; of several, the nearest to `near`.

    None where it does not cross the budget.

    >>> round(real_root((0, 512, 9), 2176, near=4), 3)
    3.973
    """
    found = list(crossings(polynomial, budget, 0, _end(polynomial, 0, budget)))
    if not found:
        return None
    start = min(found, key=lambda x: abs(x - near))
    degree = len(polynomial) - 1
    # With x = n / 2^DIGITS the root is that of a whole polynomial in n.
    scaled = tuple(coefficient << DIGITS * (degree - power) for power, coefficient in enumerate(polynomial))
    root = _last_before(scaled, budget << DIGITS * degree, start << DIGITS, (start + 1) << DIGITS)
    return root / (1 << DIGITS)


def inside(polynomial: Polynomial, least: int, most: int, low: int, high: int | None = None) -> list[range]:
    """The whole numbers from `low` to `high` whose values are from `least` to `most`, as ranges.

    >>> inside((0, -7, 1), -9, -5, 0, 10)  # x^2 - 7 x is 0, -6, -10, -12, -12, -10, -6, 0, 8, 18, 30
    [range(1, 2), range(6, 7)]
    """
    if high is None:
        high = _end(polynomial, low, least - 1, most)
    if low > high:
        return []
    ends = {x + 1 for budget in (least - 1, most) for x in crossings(polynomial, budget, low, high)}
    # Between two ends all values are inside, or none is.
    parts = [range(first, end) for first, end in pairwise(sorted({low, high + 1, *ends}))]
    return [part for part in parts if least <= evaluate(polynomial, part[0]) <= most]
