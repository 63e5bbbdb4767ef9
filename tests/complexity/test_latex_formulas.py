"""LaTeX of formulas: it means the same polynomial, which is held by reading it again with SymPy."""

import re
from fractions import Fraction

import sympy
from hypothesis import given
from hypothesis import strategies as st

from resnext_flops.complexity.formula import Formula, latex, terms
from resnext_flops.complexity.layers import Size

NAMES = ("C", "d", "n3", "base_width")
coefficients = st.fractions(max_denominator=9, min_value=-99, max_value=99)


def formula(drawn: dict[tuple[int, ...], Fraction]) -> Size:
    total: Size = 0
    for powers, coefficient in drawn.items():
        term: Size = coefficient  # type: ignore[assignment]
        for name, power in zip(NAMES, powers, strict=True):
            for _ in range(power):
                term = term * Formula.of(name)
        total = total + term
    return total


def read(line: str) -> sympy.Expr:
    """A sum of products in LaTeX as SymPy has it."""
    line = line.replace(r"\, \mathrm{base\_width}", "base_width").replace("n_{3}", "n3")
    line = re.sub(r"\\frac\{(\d+)\}\{(\d+)\}", r"(\1/\2)", line)
    line = re.sub(r"\^\{(\d+)\}", r"**\1", line)
    factors = re.sub(r"(?<=[\w)]) (?=[A-Za-z])", "*", line)
    return sympy.sympify(factors, locals={name: sympy.Symbol(name) for name in NAMES}, rational=True)


@given(st.dictionaries(st.tuples(*[st.integers(0, 3)] * len(NAMES)), coefficients, max_size=6))
def test_it_means_the_same_polynomial(drawn: dict[tuple[int, ...], Fraction]) -> None:
    polynomial = formula(drawn)
    expected = sympy.Add(
        *(
            sympy.Mul(sympy.Rational(number.numerator, number.denominator), *map(sympy.Symbol, monomial))
            for monomial, number in terms(polynomial).items()
        )
    )
    assert sympy.expand(read(latex(polynomial)) - expected) == 0
