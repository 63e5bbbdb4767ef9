"""Formulas against integers: whatever is computed with free sizes is what their numbers give."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnext_flops.complexity.formula import Formula, NotPolynomialError, coefficients, substitute, terms, text

NAMES = ("C", "d", "k")
points = st.fixed_dictionaries({name: st.integers(-20, 20) for name in NAMES})
leaves = st.one_of(st.integers(-9, 9), st.sampled_from(NAMES))


def combine(children: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.tuples(st.sampled_from("+-*"), children, children)


expressions = st.recursive(leaves, combine, max_leaves=8)


def compute(expression: object, leaf: Callable[[str], int]) -> int:
    if isinstance(expression, tuple):
        operator, left, right = expression
        a, b = compute(left, leaf), compute(right, leaf)
        return a + b if operator == "+" else a - b if operator == "-" else a * b
    return leaf(expression) if isinstance(expression, str) else int(str(expression))


@given(expressions, points)
def test_arithmetic_is_that_of_integers(expression: object, point: dict[str, int]) -> None:
    formula = compute(expression, Formula.of)
    assert substitute(formula, point) == compute(expression, point.__getitem__)


@given(expressions)
def test_equal_polynomials_are_equal_formulas(expression: object) -> None:
    # SymPy expands the same expression by itself.
    sympy = pytest.importorskip("sympy")
    symbols = {name: sympy.Symbol(name) for name in NAMES}
    expected = sympy.Poly(compute(expression, symbols.__getitem__), *symbols.values())
    formula = compute(expression, Formula.of)
    found = {tuple(map(monomial.count, NAMES)): coefficient for monomial, coefficient in terms(formula).items()}
    assert found == {powers: int(coefficient) for powers, coefficient in expected.terms() if coefficient}


@given(expressions, st.integers(1, 6), points)
def test_a_quotient_is_the_floor_everywhere_or_refused(expression: object, by: int, point: dict[str, int]) -> None:
    formula = compute(expression, Formula.of)
    # The floor is a polynomial just where all coefficients but the constant are multiples of the divisor.
    if any(coefficient % by for monomial, coefficient in terms(formula).items() if monomial):
        with pytest.raises(NotPolynomialError) as refused:
            formula // by
        assert by % refused.value.factor == 0
        assert refused.value.factor > 1
    else:
        assert substitute(formula // by, point) == compute(expression, point.__getitem__) // by


def test_quotients_of_formulas() -> None:
    C, d = Formula.of("C"), Formula.of("d")  # noqa: N806 (the paper's name)
    assert (4 * C * d) // C == 4 * d
    assert (4 * C * d) // (2 * C * d) == 2
    assert (C + d) // (C + d) == 1
    for dividend, divisor in ((C * d + 1, C), (C, d), (C * C, C + d), (3 * C, 2 * C), (7, C), (C, 2)):
        with pytest.raises(NotPolynomialError, match="is no polynomial"):
            dividend // divisor
    # 5 C // 6 becomes a polynomial when C is a multiple of 6, and 4 C // 6 when it is one of 3.
    for coefficient, factor in ((5, 6), (4, 3)):
        with pytest.raises(NotPolynomialError) as refused:
            (coefficient * C) // 6
        assert refused.value.factor == factor
        assert refused.value.names == frozenset({"C"})


def test_a_constant_is_an_integer() -> None:
    C = Formula.of("C")  # noqa: N806
    for constant in (C - C, 0 * C, (C + 1) - C, C // C):
        assert type(constant) is int


def test_text_and_coefficients() -> None:
    C, d = Formula.of("C"), Formula.of("d")  # noqa: N806
    assert text(5 + d * d * C - 3 * d) == "C d^2 - 3 d + 5"
    assert text(d * C, ["d", "C"]) == "d C"
    assert (text(0), text(-d), text(7)) == ("0", "-d", "7")
    assert coefficients(5 + 2 * d * d) == (5, 0, 2)
    assert coefficients(5) == (5,)
