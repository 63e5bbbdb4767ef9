"""Medians and their intervals against the binomial distribution, and the turns with a clock of our own."""

from itertools import accumulate
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnext_flops.machine.timing import ratios, spread, take_turns


@given(number=st.integers(1, 60))
def test_the_interval_is_the_narrowest_with_the_confidence(number: int) -> None:
    # Of the values 1 to n in any order, the interval from k to n + 1 - k misses the median with the chance of fewer
    # than k heads, or fewer than k tails, in n throws.
    def outside(k: int) -> float:
        return 2 * sum(comb(number, heads) for heads in range(k)) / (1 << number)

    found = spread([float(value) for value in range(number, 0, -1)])
    k = int(found.low)
    assert (found.low, found.high) == (k, number + 1 - k)
    assert found.confidence == pytest.approx(max(0.0, 1 - outside(k)))
    assert found.confidence >= 0.95 or k == 1
    assert outside(k + 1) > 0.05 or 2 * (k + 1) > number + 1


def test_the_ranks_of_the_sign_test() -> None:
    # Ranks of the 95 percent interval of a median, as the tables of the sign test have them.
    for number, rank in ((6, 1), (9, 2), (12, 3), (15, 4), (20, 6)):
        assert spread([float(value) for value in range(1, number + 1)]).low == rank


def test_turns_go_forwards_and_backwards() -> None:
    order: list[str] = []

    def run(name: str) -> float:
        order.append(name)
        return 1.0

    take_turns([lambda: run("a"), lambda: run("b"), lambda: run("c")], 0.1, 0, clock=lambda: 0.0)
    assert "".join(order) == "abccba" * 3


def test_turns_end_when_the_median_is_known() -> None:
    noisy = iter([1.0, 2.0] * 3 + [1.5] * 100)
    times = take_turns([lambda: next(noisy)], precision=0.01, seconds=1e9, clock=lambda: 0.0)[0]
    # Three values below and three above: the interval has shrunk to 1.5 when the fourth smallest and the fourth largest
    # hold the median with 95 percent, which is from 15 values on.
    assert len(times) == 15
    assert spread(times).uncertainty == 0


def test_turns_end_when_the_time_is_over() -> None:
    noisy = iter([1.0, 2.0] * 50)
    now = accumulate([0, 1, 2, 3, 4, 5, 6, 7, 8])
    assert len(take_turns([lambda: next(noisy)], precision=0.0, seconds=10, clock=lambda: next(now))[0]) == 9


def test_nothing_to_run() -> None:
    assert take_turns([], 0.1, 1, clock=lambda: 0.0) == []


@given(st.lists(st.tuples(st.floats(0.1, 10), st.floats(0.5, 2)), min_size=1, max_size=20), st.floats(1.5, 3))
def test_a_drift_that_hits_both_leaves_the_ratio(turns: list[tuple[float, float]], ratio: float) -> None:
    reference = [drift * seconds for drift, seconds in turns]
    found = ratios([ratio * each for each in reference], reference)
    assert found.median == pytest.approx(ratio)
    assert found.uncertainty == pytest.approx(0, abs=1e-12)
