"""Exact roots against brute force, for polynomials that rise, fall and turn."""

from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from resnext_flops.design.roots import (
    bound,
    candidates,
    crossings,
    evaluate,
    inside,
    monotone_pieces,
    real_root,
)

# Coefficients of either sign make polynomials that turn; the leading one is not zero.
polynomials = (
    st.lists(st.integers(-60, 60), min_size=2, max_size=5).filter(lambda each: each[-1] != 0).map(lambda each: (*each,))
)
HIGH = 40


def value(polynomial: tuple[int, ...], x: Fraction | int) -> Fraction:
    return sum((coefficient * Fraction(x) ** power for power, coefficient in enumerate(polynomial)), Fraction())


@given(polynomials, st.integers(-100, 100))
def test_values(polynomial: tuple[int, ...], x: int) -> None:
    assert evaluate(polynomial, x) == value(polynomial, x)


@given(polynomials, st.integers(-10, 10))
def test_pieces_cover_the_range_and_are_monotone(polynomial: tuple[int, ...], low: int) -> None:
    pieces = monotone_pieces(polynomial, low, HIGH)
    assert [x for first, last in pieces for x in range(first, last + 1)] == list(range(low, HIGH + 1))
    for first, last in pieces:
        # Quarters too: a piece is monotone between whole numbers as well.
        values = [value(polynomial, Fraction(x, 4)) for x in range(4 * first, 4 * last + 1)]
        assert values in (sorted(values), sorted(values, reverse=True))


@given(polynomials, st.integers(-10, 10), st.integers(-2000, 2000))
@example((0, -8, 1), 0, -16)  # from 4, where it turns, to 5, where another piece begins
def test_crossings_are_all_crossings(polynomial: tuple[int, ...], low: int, budget: int) -> None:
    expected = [x for x in range(low, HIGH) if (value(polynomial, x) > budget) != (value(polynomial, x + 1) > budget)]
    assert list(crossings(polynomial, budget, low, HIGH)) == expected


@given(polynomials, st.integers(0, 10), st.integers(-2000, 2000), st.booleans())
@example((0, -7, 1), 0, -12, False)  # 3 and 4 are equally near
def test_no_other_whole_number_is_nearer(polynomial: tuple[int, ...], low: int, budget: int, open_end: bool) -> None:
    high = None if open_end else HIGH
    among = candidates(polynomial, budget, low, high)
    found = min(among, key=lambda x: (abs(evaluate(polynomial, x) - budget), x))
    # Beyond the bound of the distance the polynomial only moves away, so these are enough.
    last = HIGH if high else max(low, bound((polynomial[0] - budget, *polynomial[1:]))) + 1
    assert found == min(range(low, last + 1), key=lambda x: (abs(value(polynomial, x) - budget), x))


@given(polynomials, st.integers(-10, 10), st.integers(-500, 500), st.integers(0, 300))
def test_what_is_inside_an_interval(polynomial: tuple[int, ...], low: int, least: int, width: int) -> None:
    found = [x for part in inside(polynomial, least, least + width, low, HIGH) for x in part]
    assert found == [x for x in range(low, HIGH + 1) if least <= value(polynomial, x) <= least + width]


@given(polynomials)
def test_nothing_happens_beyond_the_bound(polynomial: tuple[int, ...]) -> None:
    end = bound(polynomial)
    values = [value(polynomial, x) for x in range(end, end + 30)]
    assert all(each > 0 for each in values) or all(each < 0 for each in values)
    assert values in (sorted(values), sorted(values, reverse=True))


@given(polynomials, st.integers(-2000, 2000), st.integers(0, 30))
def test_the_real_root_meets_the_budget(polynomial: tuple[int, ...], budget: int, near: int) -> None:
    root = real_root(polynomial, budget, near)
    if root is None:
        assert len({value(polynomial, x) > budget for x in range(200)}) == 1
        return
    # A float is the root to its last digits: the budget is met between two numbers a little off it.
    off = Fraction(1, 10**9)
    values = [value(polynomial, Fraction(root) + sign * off * (1 + abs(int(root)))) for sign in (-1, 1)]
    assert min(values) <= budget <= max(values)
