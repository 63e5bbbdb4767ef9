"""Axes against Python's own ranges, and long ones without a look at each number."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnext_flops.complexity.layers import size
from resnext_flops.design.sweep import axes
from resnext_flops.design.sweep.axes import MOST_DESIGNS, axis
from resnext_flops.errors import InputError

RANGES = st.tuples(st.integers(1, 60), st.integers(0, 40), st.integers(1, 9))


@given(given=st.lists(RANGES, min_size=1, max_size=5))
def test_an_axis_has_the_numbers_of_its_ranges(given: list[tuple[int, int, int]]) -> None:
    ranges = [range(start, start + more + 1, step) for start, more, step in given]
    text = ",".join(f"{start}:{start + more}:{step}" for start, more, step in given)
    expected = sorted({number for each in ranges for number in each})
    assert axis("d", text).values.tolist() == expected
    assert axis("d", [number for each in ranges for number in each]).values.tolist() == expected
    assert axis("d", ranges[0][::-1]).values.tolist() == list(ranges[0])


@pytest.mark.parametrize("given", ["1:1000000", "5,1:999999,1000000", range(1, 1_000_001)])
def test_a_long_range_is_not_read_number_by_number(given: str | range, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = []

    def counted(name: str, number: int) -> int:
        looked_at.append(number)
        return size(name, number)

    monkeypatch.setattr(axes, "size", counted)
    assert axis("d", given).values.tolist() == list(range(1, 1_000_001))
    assert len(looked_at) <= 6  # the two ends of each range


@pytest.mark.parametrize(
    "given", ["1:100000000", "1:1000000000000000000:2", "1:6000000,1:6000000", range(1, 10**8), "1:4,1:10000001"]
)
def test_too_long_a_range_is_refused_before_it_is_made(given: str | range, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numpy.arange", None)
    with pytest.raises(InputError, match="d has more than 10,000,000 values; give fewer, or a step"):
        axis("d", given)


def test_huge_numbers() -> None:
    most = MOST_DESIGNS
    assert axis("d", f"{most - 4}:{most}:2").values.tolist() == [most - 4, most - 2, most]
    assert axis("d", f"8:9:{10**30}").values.tolist() == [8]
    for values in (f"{most + 1}", f"1:{10**30}", f"1:{most + 1}:{most}", [10**30], range(1, 10**30)):
        with pytest.raises(InputError, match=re.escape(f"it must be at most {most:,}")):
            axis("d", values)


@pytest.mark.parametrize("given", ["0:3", "0", "-2:4", range(10**9), [3, 0]])
def test_sizes_begin_with_1(given: str | range | list[int]) -> None:
    with pytest.raises(InputError, match="it must be a whole number of at least 1"):
        axis("d", given)
