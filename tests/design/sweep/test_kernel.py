"""Expressions in a sweep: numexpr computes what they mean, what it does not is refused, and bounds hold."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnext_flops.complexity.expressions import Expression, text_of
from resnext_flops.complexity.expressions import evaluate as exactly
from resnext_flops.design.sweep.bounds import Bounds, bounds
from resnext_flops.design.sweep.kernel import numexpr_text, read
from resnext_flops.design.sweep.scan import evaluate
from resnext_flops.errors import InputError

NAMES: dict[str, int | None] = {"C": None, "d": None, "macs": None, "K": 10}


def numbers(of: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(of, st.sampled_from(["+", "-", "*"]), of).map(lambda each: f"({' '.join(each)})")
    calls = st.tuples(st.sampled_from(["min", "max"]), of, of).map(lambda each: f"{each[0]}({each[1]}, {each[2]})")
    alone = st.tuples(
        st.sampled_from(["-{}", "abs({})", "({} % 7)", "({} / 8)", "({} / 0.7)", "({} ** 2)", "({} ** 3)"]), of
    )
    return pairs | calls | alone.map(lambda each: each[0].format(each[1]))


LEAVES = st.sampled_from(["C", "d", "K", "macs"]) | st.integers(0, 20).map(str) | st.just("1.5e1") | st.just("0.25")
TEXTS = st.recursive(LEAVES, numbers, max_leaves=5)
COMPARED = st.tuples(TEXTS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), TEXTS).map(" ".join)
TRUTHS = COMPARED | st.tuples(COMPARED, st.sampled_from(["and", "or"]), COMPARED).map(" ".join)
RANGES = st.tuples(st.integers(1, 30), st.integers(0, 30)).map(lambda each: range(each[0], each[0] + each[1] + 1))


def python(text: str, **names: Any) -> Any:
    return eval(text, {"abs": abs, "min": min, "max": max, "K": 10}, names)  # noqa: S307


def parsed(text: str, comparison: bool) -> Expression | None:
    """The node, or None for a text that is too large for 64 bits or nested too deep in powers."""
    try:
        return read(text, NAMES, comparison)
    except InputError:
        return None


@given(text=TEXTS, c=st.integers(1, 40), d=st.integers(1, 40), macs=st.integers(1, 60))
def test_a_number_is_what_python_says(text: str, c: int, d: int, macs: int) -> None:
    node = parsed(text, comparison=False)
    columns = {"C": np.array([c]), "d": np.array([d]), "macs": np.array([macs])}
    expected = python(text, C=c, d=d, macs=macs)
    if node is None or abs(expected) > 2**53:
        return
    found = np.broadcast_to(evaluate(numexpr_text(node), columns), (1,))
    assert found[0] == expected
    if isinstance(expected, int) and "/" not in text and "." not in text:
        assert found.dtype in {np.dtype(np.int64), np.dtype(np.int32)}
        assert found[0] == expected
    assert read(text_of(node), NAMES) == node
    # Quotients are rounded to a float; all else is exact.
    assert found[0] == pytest.approx(float(exactly(node, {"C": c, "d": d, "macs": macs})), rel=1e-12)


@given(text=TRUTHS, c=st.integers(1, 40), d=st.integers(1, 40), macs=st.integers(1, 60))
def test_whether_a_comparison_holds_is_exact_without_quotients(text: str, c: int, d: int, macs: int) -> None:
    node = parsed(text, comparison=True)
    if node is None or "/" in text:
        return
    columns = {"C": np.array([c]), "d": np.array([d]), "macs": np.array([macs])}
    assert bool(evaluate(numexpr_text(node), columns)[0]) == exactly(node, {"C": c, "d": d, "macs": macs})


@given(text=TRUTHS, c=RANGES, d=RANGES, macs=RANGES, data=st.data())
def test_bounds_hold_everywhere_in_a_box(text: str, c: range, d: range, macs: range, data: st.DataObject) -> None:
    node = parsed(text, comparison=True)
    if node is None:
        return
    box = {
        name: Bounds(np.array([each[0]], object), np.array([each[-1]], object))
        for name, each in {"C": c, "d": d, "macs": macs}.items()
    }
    low, high = bounds(node, box)
    point = {name: data.draw(st.sampled_from(each)) for name, each in {"C": c, "d": d, "macs": macs}.items()}
    holds = bool(bounds(node, {name: Bounds(value, value) for name, value in point.items()}).high)
    assert bool(np.all(low)) <= holds <= bool(np.all(high))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("1 < 2 and macs < 3", "macs < 3"),
        ("1 < 2 < C", "2 < C"),
        ("K == 3 or d >= 4", "d >= 4"),
        ("macs < 3 or (2 < 1 and C > 1)", "macs < 3"),
    ],
)
def test_what_is_always_true_or_never_is_left_out(text: str, folded: str) -> None:
    assert text_of(read(text, NAMES, comparison=True)) == folded


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "macs.real",
        "macs[0]",
        "lambda: 1",
        "[macs]",
        "'macs'",
        "macs if C else d",
        "f(macs)",
        "sum(macs)",
        "macs // 2",
        "macs ** d",
        "macs ** 9",
        "macs % C",
        "macs % 0",
        "macs / 0",
        "not macs < 3",
        "(macs < 3) + 1",
        "True",
        "1j",
        "macs <",
        "",
        "3 + K",
        "macs / 2 % 3",
        "macs % 9e9",
        "macs <= 1e400",
        "macs <= 1e999999999",
        "macs <= 1e10 * 1e10",
        "macs >= 0.5 / 1e-320",
        "macs <= 4and macs < 3",
        "1 < 2 or macs < 3",
        "-" * 300 + "macs",
        "abs(" * 20 + "C" + ")" * 20,
        "C in d",
        "abs(1, 2)",
        "min(1)",
        "min(1, key=2)",
        "9e99",
        "(" * 400,
        "macs + " * 100 + "macs",
        "macs\x00",
        "C = 3",
        "macs <= 4.3B",
        "macs <= 3 + 1%",
        "(C := 3)",
        "ｍacs.x",
    ],
)
def test_whatever_else_a_text_holds_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^cannot use ") as error:
        read(text, NAMES, comparison="<" in text or ">" in text)
    assert "\n" not in str(error.value).replace("\\n", "")


def test_numbers_are_exact() -> None:
    node = read("macs <= 9.007199254740993e15", NAMES, comparison=True)
    assert text_of(node) == "macs <= 9007199254740993"


def test_what_asks_for_the_nearest_is_told_of_equal() -> None:
    with pytest.raises(InputError, match=r"^cannot use 'macs = 4G': = asks for the nearest.*write == for equal$"):
        read("macs = 4G", NAMES, comparison=True)


def test_sizes_that_are_fixed_are_numbers() -> None:
    assert text_of(read("d % K == 0 and C ** 2 <= 2Ki", NAMES, comparison=True)) == "d % 10 == 0 and C ** 2 <= 2048"
    assert text_of(read("macs / d <= 50%", NAMES, comparison=True)) == "macs / d <= 0.5"


def test_many_operands_are_written_as_a_flat_tree() -> None:
    text = numexpr_text(read("min(C, d, macs, 7)", NAMES))
    columns = {"C": np.array([9, 8, 8, 8]), "d": np.array([8, 5, 8, 8]), "macs": np.array([8, 8, 3, 8])}
    assert evaluate(text, columns).tolist() == [7, 5, 3, 7]


def test_an_even_power_is_least_at_zero() -> None:
    # From (1 - 5)^2 over (5 - 5)^2 to (7 - 5)^2.
    low, high = bounds(read("(C - 5) ** 2", NAMES), {"C": Bounds(1, 7)})
    assert (int(low), int(high)) == (0, 16)
