"""Exact roots against brute force."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnext_flops.complexity.roots import evaluate, floor_root, interpolate, is_increasing, nearest, real_root

coefficients = st.lists(st.integers(0, 10**6), min_size=2, max_size=4).filter(lambda each: any(each[1:]))


@given(coefficients)
def test_interpolation_finds_the_coefficients(expected: list[int]) -> None:
    polynomial = tuple(expected)
    values = [sum(each * x**power for power, each in enumerate(expected)) for x in range(1, len(expected) + 1)]
    assert interpolate(values) == polynomial


def test_coefficients_that_are_not_whole_are_refused() -> None:
    with pytest.raises(ArithmeticError, match="not whole"):
        interpolate([x * (x + 1) // 2 for x in (1, 2, 3)])


@given(coefficients, st.integers(1, 300), st.integers(-5, 5))
def test_no_other_whole_number_is_nearer(expected: list[int], at: int, off: int) -> None:
    polynomial = tuple(expected)
    budget = max(evaluate(polynomial, at) + off, 1)
    found = nearest(polynomial, budget)
    distances = {x: abs(evaluate(polynomial, x) - budget) for x in range(1, 400)}
    assert distances[found] == min(distances.values())


@given(coefficients, st.integers(0, 10**9))
def test_the_real_root_meets_the_budget(expected: list[int], extra: int) -> None:
    polynomial = tuple(expected)
    budget = polynomial[0] + extra
    root, floor = real_root(polynomial, budget), floor_root(polynomial, budget)
    assert floor <= root <= floor + 1
    assert evaluate(polynomial, floor) <= budget < evaluate(polynomial, floor + 1)
    value = sum((coefficient * Fraction(root) ** power for power, coefficient in enumerate(polynomial)), Fraction())
    assert abs(value - budget) <= Fraction(budget + 1, 10**9)


def test_what_does_not_grow_is_noticed() -> None:
    assert not is_increasing((5,))
    assert not is_increasing((5, 3, -1))
    assert floor_root((10, 1), 9) == -1
    with pytest.raises(ArithmeticError):
        real_root((10, 1), 9)
