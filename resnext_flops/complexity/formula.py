"""Sizes that are not fixed yet: a polynomial in free sizes with exact coefficients, used wherever an integer could be.

A description that is walked with formulas for some of its sizes costs a formula. Arithmetic is exact and ends in an
`int` wherever no free size is left. Division is where this differs from SymPy's rings, which round every coefficient
down by itself: here a quotient is either the floor at every whole number, or refused.

A coefficient is an `int` wherever it is whole. It is a fraction where a formula is written in a size that only takes
some values, such as n (n + 1) / 2; the value of the formula is whole at all of them.

    >>> C, d = Formula.of("C"), Formula.of("d")
    >>> print(C * (256 * d + 3 * 3 * d * d + d * 256))
    9 C d^2 + 512 C d
    >>> (C * d) // C == d, (224 + 32 * d - 1) // 2 == 111 + 16 * d
    (True, True)
    >>> d - d
    0
"""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from itertools import groupby
from math import lcm, prod
from typing import Any, TypeAlias, cast

from resnext_flops.complexity.layers import Size

# The names in a product, sorted, and repeated by their power: C d^2 is ("C", "d", "d").
Monomial: TypeAlias = tuple[str, ...]
Coefficient: TypeAlias = int | Fraction


class NotPolynomialError(ArithmeticError):
    """A quotient that is no polynomial.

    names: the sizes that prevent it.
    factor: the quotient is one where these sizes are multiples of this.
    """

    def __init__(self, dividend: object, divisor: object, names: Iterable[str], factor: int) -> None:
        super().__init__(f"{dividend} divided by {divisor} is no polynomial")
        self.names = frozenset(names)
        self.factor = factor


class RoundedError(NotPolynomialError):
    """A size that a rule rounds, so that nothing that is made of it is a polynomial."""

    def __init__(self, value: Any) -> None:
        super().__init__(value, 1, {str(name) for name in value.free_symbols}, 1)
        self.args = (f"sizes that are made of {value} are rounded",)


class Formula:
    """A polynomial that is not constant. Made by `of` and by arithmetic."""

    __slots__ = ("_hash", "terms")

    def __init__(self, terms: dict[Monomial, Coefficient]) -> None:
        self.terms = terms
        self._hash: int | None = None

    @classmethod
    def of(cls, name: str) -> Size:
        """One free size."""
        return cls({(name,): 1})  # type: ignore[return-value]

    @property
    def free_symbols(self) -> set[str]:
        """The names of the free sizes (SymPy's name for them, by which `layers.is_symbolic` knows a formula)."""
        return {name for monomial in self.terms for name in monomial}

    def __add__(self, other: Size) -> Size:
        total = dict(self.terms)
        for monomial, coefficient in terms(other).items():
            total[monomial] = total.get(monomial, 0) + coefficient
        return _reduced(total)

    __radd__ = __add__

    def __mul__(self, other: Size) -> Size:
        product: dict[Monomial, Coefficient] = {}
        for left, ours in self.terms.items():
            for right, theirs in terms(other).items():
                monomial = tuple(sorted(left + right)) if right else left
                product[monomial] = product.get(monomial, 0) + ours * theirs
        return _reduced(product)

    __rmul__ = __mul__

    def __neg__(self) -> "Formula":
        return Formula({monomial: -coefficient for monomial, coefficient in self.terms.items()})

    def __sub__(self, other: Size) -> Size:
        return self + -other

    def __rsub__(self, other: int) -> Size:
        return -self + other

    def __floordiv__(self, other: Size) -> Size:
        """The quotient, if it is the floor at every whole number. Raises NotPolynomialError otherwise."""
        divisor = terms(other)
        if self.terms == divisor:
            return 1
        if len(divisor) > 1:
            raise NotPolynomialError(self, other, self.free_symbols, 1)
        ((below, by),) = divisor.items()
        quotient: dict[Monomial, Coefficient] = {}
        for monomial, coefficient in self.terms.items():
            left = _without(monomial, below)
            exact = left is not None and coefficient % by == 0
            # Whole multiples of the divisor leave the rounding to the constant.
            if left is None or not (exact or (monomial == () and not below)):
                raise NotPolynomialError(self, other, monomial, Fraction(coefficient, by).denominator)
            quotient[left] = coefficient // by
        return _reduced(quotient)

    def __rfloordiv__(self, other: int) -> int:
        raise NotPolynomialError(other, self, self.free_symbols, 1)

    def __mod__(self, other: Size) -> Size:
        """The remainder, which is a polynomial only where the quotient is one. Raises NotPolynomialError otherwise."""
        return self - (self // other) * other

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Formula) and self.terms == other.terms

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self.terms.items()))
        return self._hash

    def __str__(self) -> str:
        return text(cast("Size", self))

    __repr__ = __str__


def terms(value: Any) -> dict[Monomial, Coefficient]:
    """The terms of a formula or a number."""
    return value.terms if isinstance(value, Formula) else {(): value} if value else {}


def _reduced(found: dict[Monomial, Coefficient]) -> Size:
    """A formula without terms of coefficient 0, or a number where no name is left."""
    left = {monomial: coefficient for monomial, coefficient in found.items() if coefficient}
    return Formula(left) if any(left) else left.get((), 0)  # type: ignore[return-value]


def whole(found: Mapping[Monomial, Coefficient]) -> Size:
    """The formula of some terms, with an `int` for every coefficient that is whole; a number where no name is left.

    >>> whole({("n", "n"): Fraction(1, 2), ("n",): Fraction(4, 2), (): Fraction(0)})
    1/2 n^2 + 2 n
    """
    return _reduced({term: int(value) if value.denominator == 1 else value for term, value in found.items()})


def _without(monomial: Monomial, divisor: Monomial) -> Monomial | None:
    """The quotient of two products of names, or None where the divisor does not divide."""
    left = list(monomial)
    for name in divisor:
        if name not in left:
            return None
        left.remove(name)
    return tuple(left)


def substitute(value: Size, sizes: Mapping[str, int]) -> Size:
    """A formula with numbers for some of its sizes.

    >>> substitute(Formula.of("C") * Formula.of("d") + 1, {"C": 4})
    4 d + 1
    >>> substitute(Formula.of("C") * Formula.of("d") + 1, {"C": 4, "d": 2})
    9
    """
    found: dict[Monomial, Coefficient] = {}
    for monomial, coefficient in terms(value).items():
        kept = tuple(name for name in monomial if name not in sizes)
        value_of_rest = prod(sizes[name] for name in monomial if name in sizes)
        found[kept] = found.get(kept, 0) + coefficient * value_of_rest
    return whole(found)


def compose(value: Size, sizes: Mapping[str, Size]) -> Size:
    """A formula with formulas for some of its sizes.

    >>> compose(Formula.of("r") * Formula.of("r"), {"r": 32 * Formula.of("k") + 224})
    1024 k^2 + 14336 k + 50176
    """
    total: Size = 0
    for monomial, coefficient in terms(value).items():
        kept = tuple(name for name in monomial if name not in sizes)
        product = prod((sizes[name] for name in monomial if name in sizes), start=_reduced({kept: coefficient}))
        total = product + total
    return whole(terms(total))


def progression(name: str, start: int, step: int) -> Size:
    """A size as start + step x, by the name of x.

    >>> progression("k", 224, 32)
    32 k + 224
    """
    return _reduced({(name,): step, (): start})


def position(name: str, start: int, step: int) -> Size:
    """The x of a size that is start + step x, by the name of the size: (size - start) / step.

    >>> position("r", 224, 32)
    1/32 r - 7
    """
    return whole({(name,): Fraction(1, step), (): Fraction(-start, step)})


def denominator(value: Size) -> int:
    """The smallest number that makes every coefficient whole when the formula is multiplied by it.

    >>> denominator(position("r", 224, 32))
    32
    """
    return lcm(*(coefficient.denominator for coefficient in terms(value).values()))


def root(value: Size) -> tuple[str, int] | None:
    """The one size, and its value, at which a formula is 0 for sizes above 0; None where there is no such value.

    Raises NotPolynomialError for a formula that several sizes decide on, or more than one value of a size.

    >>> C, d = Formula.of("C"), Formula.of("d")
    >>> root(C - 1), root(C * d - C), root(C * d + 1), root(0)
    (('C', 1), ('d', 1), None, None)
    """
    found = terms(value)
    if len(found) < 2 or all(number > 0 for number in found.values()):
        return None
    common = [
        name for name in set.intersection(*map(set, found)) for _ in range(min(each.count(name) for each in found))
    ]
    rest = {tuple(_without(monomial, tuple(common)) or ()): number for monomial, number in found.items()}
    names = [monomial for monomial in rest if monomial]
    if len(rest) != 2 or len(names) != 1 or len(names[0]) != 1:
        raise NotPolynomialError(value, 1, {name for monomial in rest for name in monomial}, 1)
    at = Fraction(-rest[()], rest[names[0]])
    return (names[0][0], int(at)) if at > 0 and at.denominator == 1 else None


def rename(value: Size, names: Mapping[str, str]) -> Size:
    """A formula with other names for some of its sizes.

    >>> rename(3 * Formula.of("C") * Formula.of("d"), {"C": "groups"})
    3 d groups
    """
    found = terms(value).items()
    return _reduced({tuple(sorted(names.get(name, name) for name in term)): number for term, number in found})


def coefficients(value: Size) -> tuple[Coefficient, ...]:
    """The coefficients of a formula in one size, lowest power first.

    >>> coefficients(9 * Formula.of("d") * Formula.of("d") + 5)
    (5, 0, 9)
    """
    powers = {len(monomial): coefficient for monomial, coefficient in terms(value).items()}
    return tuple(powers.get(power, 0) for power in range(max(powers, default=0) + 1))


def ordered(value: Size, names: Iterable[str]) -> list[tuple[Monomial, Coefficient]]:
    """The terms as they are printed: the highest degree first, and in one degree by the order of the names."""
    places = tuple(names)
    return sorted(terms(value).items(), key=lambda term: (-len(term[0]), *(-term[0].count(name) for name in places)))


def text(value: Size, names: Iterable[str] = ()) -> str:
    """A formula as one line.

    >>> text(7 - 2 * Formula.of("n") * Formula.of("n"))
    '-2 n^2 + 7'
    """
    return _line(value, names, str, lambda name, power: f"{name}^{power}" if power > 1 else name)


def latex(value: Size, names: Iterable[str] = ()) -> str:
    r"""A formula in LaTeX. A letter is itself, a number behind it is an index, and a longer name is set upright.

    >>> print(latex(Formula.of("n3") * Formula.of("n3") * Fraction(1, 2) - 3 * Formula.of("base_width")))
    \frac{1}{2} n_{3}^{2} - 3 \, \mathrm{base\_width}
    """
    return _line(value, names, _latex_number, _latex_factor)


def _line(
    value: Size, names: Iterable[str], number: Callable[[Coefficient], str], factor: Callable[[str, int], str]
) -> str:
    """A formula as a sum of products. number, factor: how a number, and a power of a name, are written."""
    order = list(dict.fromkeys((*names, *sorted({name for monomial in terms(value) for name in monomial}))))
    line = ""
    for monomial, coefficient in ordered(value, order):
        sign = (" - " if coefficient < 0 else " + ") if line else ("-" if coefficient < 0 else "")
        powers = [(name, len(list(group))) for name, group in groupby(sorted(monomial, key=order.index))]
        factors = [factor(name, power) for name, power in powers]
        first = [] if factors and coefficient in {1, -1} else [number(max(coefficient, -coefficient))]
        line += sign + " ".join(first + factors)
    return line or "0"


def _latex_number(coefficient: Coefficient) -> str:
    numerator, denominator = coefficient.numerator, coefficient.denominator
    return str(numerator) if denominator == 1 else f"\\frac{{{numerator}}}{{{denominator}}}"


def _latex_factor(name: str, power: int) -> str:
    letter, index = name[0], name[1:]
    shown = letter if not index else f"{letter}_{{{index}}}" if index.isdigit() else _upright(name)
    return f"{shown}^{{{power}}}" if power > 1 else shown


def _upright(name: str) -> str:
    """A name in upright letters, with a thin space before it: it would run into the name before."""
    escaped = name.replace("_", "\\_")
    return f"\\, \\mathrm{{{escaped}}}"
