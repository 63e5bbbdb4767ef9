"""How a printed figure is held against an exact one."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnext_flops.numerals import fraction
from resnext_flops.proof.published import Figure, agreement, parse_figure, published


@pytest.mark.parametrize(
    ("printed", "exact", "rounded", "truncated"),
    [
        ("25.5e6", 25_557_032, False, True),
        ("4.1e9", 4_089_184_256, True, False),
        ("25.0e6", 25_028_904, True, True),
        ("25.0e6", 25_100_000, False, False),
        ("25.0e6", 24_999_999, True, False),
        ("25.0e6", 24_949_999, False, False),
        ("68.1e6", 68_155_556, False, True),
    ],
)
def test_rounded_or_truncated(printed: str, exact: int, rounded: bool, truncated: bool) -> None:
    found = agreement(Decimal(printed), exact)
    assert (found.rounded, found.truncated, found.holds) == (rounded, truncated, rounded or truncated)


@given(st.integers(0, 10**6), st.integers(0, 10**5 - 1))
def test_a_truncated_figure_has_the_digits_of_the_exact_one(digits: int, rest: int) -> None:
    found = agreement(Decimal(f"{digits}e5"), digits * 10**5 + rest)
    assert found.truncated
    assert found.rounded == (rest < 50_000)


def test_printed_figures_keep_their_last_digit() -> None:
    assert str(published("resnext")["table_1"]["params"]["resnext"]) == "2.50E+7"


def test_an_approximate_figure_may_be_five_percent_off() -> None:
    about = Figure("resnet(50)", "macs", Decimal("4.0e9"), "a paper", approximate=True)
    found = [about.allows(agreement(about.printed, exact)) for exact in (3_790_000_000, 3_810_000_000, 4_190_000_000)]
    assert found == [False, True, True]
    assert not about._replace(approximate=False).allows(agreement(about.printed, 4_190_000_000))


@pytest.mark.parametrize(("text", "figure"), [("1.2B", 1_200_000_000), ("1.5T", 1_500_000_000_000), ("3K", 3000)])
def test_units_are_powers_of_ten(text: str, figure: int) -> None:
    assert parse_figure(text) == figure
    assert text.endswith(("B", "K")) or fraction(text) == figure
