"""The grammar: a node is shown as a text that gives it again, values are exact, and anything else is refused."""

import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resnext_flops.complexity.expressions import (
    COMPARISONS,
    Apply,
    Constant,
    Expression,
    Name,
    Rational,
    condition,
    evaluate,
    fold,
    names_in,
    parse,
    quantity,
    text_of,
)
from resnext_flops.errors import InputError

NAMES = ("macs", "params", "C", "d")
VALUES = st.fixed_dictionaries({name: st.integers(1, 10**6) for name in NAMES})
DECIMALS = st.decimals(0, 10**12, allow_nan=False, places=6).map(Fraction)


def number(value: Fraction | int) -> Constant:
    return Constant(int(value) if value.denominator == 1 else value)


T = TypeVar("T")

# A node, and what it means written by hand with Python's own operators: a function of the values.
Meant = tuple[Expression, Callable[[dict[str, int]], Any]]


def constant(value: Fraction | int) -> Meant:
    return number(value), lambda _: Fraction(value)


def named(name: str) -> Meant:
    return Name(name), lambda values: Fraction(values[name])


def joined(operation: str, parts: tuple[Meant, ...], by: Callable[..., Any]) -> Meant:
    nodes, meanings = zip(*parts, strict=True)
    return Apply(operation, nodes), lambda values: by(*(meaning(values) for meaning in meanings))


def power(part: Meant, exponent: int) -> Meant:
    return Apply("**", (part[0], Constant(exponent))), lambda values: part[1](values) ** exponent


def larger(of: st.SearchStrategy[Meant]) -> st.SearchStrategy[Meant]:
    pair, many = st.tuples(of, of), st.lists(of, min_size=2, max_size=4).map(tuple)
    return st.one_of(
        pair.map(lambda parts: joined("+", parts, lambda a, b: a + b)),
        pair.map(lambda parts: joined("-", parts, lambda a, b: a - b)),
        pair.map(lambda parts: joined("*", parts, lambda a, b: a * b)),
        pair.map(lambda parts: joined("/", parts, lambda a, b: a / b)),
        pair.map(lambda parts: joined("%", parts, lambda a, b: a % b)),
        of.map(lambda part: joined("negative", (part,), lambda a: -a)),
        of.map(lambda part: joined("abs", (part,), abs)),
        many.map(lambda parts: joined("min", parts, min)),
        many.map(lambda parts: joined("max", parts, max)),
        st.builds(power, of, st.integers(1, 8)),
    )


LEAVES = st.integers(0, 10**13).map(constant) | DECIMALS.map(constant) | st.sampled_from(NAMES).map(named)
QUANTITIES = st.recursive(LEAVES, larger, max_leaves=6)


def percent(value: Fraction | int) -> Meant:
    return Apply("percent", (number(value),)), lambda _: Fraction(value) / 100


def compared(sign: str, left: Meant, right: Meant) -> Meant:
    return joined(sign, (left, right), COMPARISONS[sign])


COMPARED = st.builds(compared, st.sampled_from(list(COMPARISONS)), QUANTITIES, QUANTITIES | DECIMALS.map(percent))


def junctions(of: st.SearchStrategy[Meant]) -> st.SearchStrategy[Meant]:
    many = st.lists(of, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        many.map(lambda parts: joined("and", parts, lambda *truths: all(truths))),
        many.map(lambda parts: joined("or", parts, lambda *truths: any(truths))),
    )


CONDITIONS = st.recursive(COMPARED, junctions, max_leaves=4)


def outcome(of: Callable[[], T]) -> T | InputError:
    try:
        return of()
    except InputError as error:
        return error


def short(meant: Meant) -> bool:
    return len(text_of(meant[0])) <= 500


@given((QUANTITIES | CONDITIONS).filter(short))
def test_a_node_is_shown_as_a_text_that_gives_it_again(meant: Meant) -> None:
    assert parse(text_of(meant[0])) == meant[0]


@given(meant=QUANTITIES | CONDITIONS, values=VALUES)
def test_a_value_is_what_exact_arithmetic_says(meant: Meant, values: dict[str, int]) -> None:
    node, meaning = meant
    found = outcome(lambda: evaluate(node, values))
    if isinstance(found, InputError):
        assert any(reason in str(found) for reason in ("% is for whole numbers", "divides by zero", "far too large"))
        return
    assert found == meaning(values)
    assert isinstance(found, int) or found.denominator > 1
    # Folding with some of the values, and then with all, changes nothing.
    some = {name: values[name] for name in ("C", "macs")}
    assert evaluate(fold(node, some), values) == found


JUNK = st.text(max_size=60) | st.text(alphabet="macsdC 0123456789.eE+-*/%<>=!(),_kMGTi\n", max_size=600)
PIECES = st.lists(st.sampled_from([*"()+-*/%,<>=", "**", "<=", "and", "or", "not", "min", "abs", "macs", "4G", "1%"]))


@given(JUNK | PIECES.map(" ".join) | PIECES.map("".join))
@example("(" * 500)
@example("-" * 499 + "1")
@example("abs(" * 125)
@example("+".join(["1"] * 250))
@example("9**8**8**8**8")
@example("((((9**8)**8)**8)**8)**8 <= 1")
@example("1e999999999999999999999999")
def test_junk_is_refused_in_a_sentence_or_understood(text: str) -> None:
    start = time.perf_counter()
    node = outcome(lambda: parse(text))
    if isinstance(node, InputError):
        assert "\n" not in str(node)
    else:
        assert parse(text_of(node)) == node or len(text_of(node)) > 500
        outcome(lambda: evaluate(node, dict.fromkeys(names_in([node]), 3)))
    assert time.perf_counter() - start < 1


READ: dict[str, Rational] = {
    "4.3G": 4_300_000_000,
    "25.5M": 25_500_000,
    "7k": 7000,
    "1T": 10**12,
    "2Ki": 2048,
    "1.5Mi": 3 * 2**19,
    "1Gi": 2**30,
    "4.2e9": 4_200_000_000,
    "1_000": 1000,
    ".5": Fraction(1, 2),
    "7 / 2": Fraction(7, 2),
    "10 % 4": 2,
    "10%4": 2,
    "10% (4)": 2,
    "-7 % 4": 1,  # as in Python, - binds more tightly, and a remainder has the sign of its divisor
    "-3 ** 2": -9,
    "(-3) ** 2": 9,
    "2 - 3 - 4": -5,
    "2 + 3 * 4": 14,
    "12 / 2 / 3": 2,
    "max(1, 2, 3) - abs(-4)": -1,
    "1 <= 2 <= 3": True,
    "1 < 2 > 2": False,
    "1 == 1 and 2 < 1 or 3 > 2": True,
    "1 != 1": False,
    "0.01 <= 1%": True,
    "0.011<=1% or (1 < 1%)": False,
    "50% == 0.5": True,
}


@pytest.mark.parametrize("text", READ)
def test_what_a_text_means(text: str) -> None:
    found = evaluate(parse(text), {})
    assert (found, type(found)) == (READ[text], type(READ[text]))


REFUSED = {
    "macs <= 4.3B": "'4.3B' is no number; one is 4.3e9, or has a unit of k, M, G, T, Ki, Mi, Gi",
    "macs <= 4.3 G": "'G' cannot stand there",
    "macs <=": "it ends too early",
    "1%": "a percentage stands on one side of a comparison",
    "macs + 1% <= 3": "a percentage stands alone on one side of a comparison",
    "macs <= 3 + 1%": "a percentage stands alone on one side of a comparison",
    "macs = 4G and C < 3": "= asks for the nearest and stands alone; write == for equal",
    "1 < macs = 4G": "= asks for the nearest and stands alone; write == for equal",
    "macs ** d": "an exponent must be a whole number from 1 to 8",
    "macs ** 9": "an exponent must be a whole number from 1 to 8",
    "(macs < 3) + 1": "'+' is an operation of numbers, not of comparisons",
    "macs and d": "'and' is an operation of comparisons",
    "f(macs)": "'f' is no function; the functions are abs, min, max",
    "min(1)": "min takes two or more numbers",
    "__import__('os')": "is no function",
    "macs.real": "'.real' cannot stand there",
    "not macs < 3": "'macs' cannot stand there",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(InputError) as error:
        parse(text)
    assert str(error.value).startswith(f"cannot use {text!r}: ")
    assert REFUSED[text] in str(error.value)


def test_conditions_and_quantities() -> None:
    assert text_of(condition("macs/params<=200", NAMES)) == "macs / params <= 200"
    with pytest.raises(InputError, match="it must be a comparison"):
        condition("macs", NAMES)
    with pytest.raises(InputError, match="it must be a number"):
        quantity("macs <= 3", NAMES)
    with pytest.raises(InputError, match="unknown name 'mac'; did you mean 'macs'"):
        condition("mac <= 3", NAMES)
    with pytest.raises(InputError, match="= asks for the nearest, which has no meaning here; write == for equal"):
        condition("macs = 3", NAMES)


def test_powers_of_powers_take_no_time() -> None:
    with pytest.raises(InputError, match="far too large"):
        evaluate(parse("(((macs ** 8) ** 8) ** 8) ** 8 < 1"), {"macs": 10**12})
