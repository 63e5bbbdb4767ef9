"""The words that hold an exact figure against a printed one, and what they mean, below each table that uses them."""

from decimal import Decimal

import pytest

from resnext_flops.proof.published import agreement
from resnext_flops.tables.registry import tables
from resnext_flops.tables.sentences import WORDS, how_met

PRINTED = Decimal("4.1e9")


@pytest.mark.parametrize(
    ("exact", "word"),
    # 4.1 G is printed of everything from 4.05 G, which rounds up, to just below 4.2 G, which is cut off.
    [
        (4_049_999_999, "differs by -1.22 %"),
        (4_050_000_000, "met, rounded"),
        (4_100_000_000, "met"),
        (4_149_999_999, "met"),
        (4_150_000_000, "met, truncated"),
        (4_199_999_999, "met, truncated"),
        (4_200_000_000, "differs by +2.44 %"),
    ],
)
def test_a_printed_figure_is_met_from_half_a_digit_below_to_a_whole_one_above(exact: int, word: str) -> None:
    assert str(agreement(PRINTED, exact)) == word


def test_each_word_is_explained_by_the_first_figure_that_has_it() -> None:
    # 4,089,184,256 and 4,159,832,064 are ResNet-50 and ResNeXt-50 (4x24d) of the paper's Table 3, both "~4.1 G".
    (said,) = how_met(agreement(PRINTED, exact) for exact in (4_089_184_256, 4_159_832_064, 4_060_000_000))
    assert "4,089,184,256 rounds to 4.1 G, which is printed. Cut off it would be 4.0 G." in said
    assert (
        "4,159,832,064 is printed as 4.1 G, its first digits; the rest is cut off. Rounded it would be 4.2 G." in said
    )
    assert said.endswith("two figures may meet one printed figure in different ways.")
    assert "4,060,000,000" not in said
    assert "Differs" not in said


def test_one_way_alone_contradicts_nothing() -> None:
    (said,) = how_met([agreement(PRINTED, 4_089_184_256), agreement(PRINTED, 4_300_000_000)])
    assert "different ways" not in said
    assert "Differs: 4,300,000,000 is 4.3 G, and 4.1 G is printed" in said
    assert how_met([]) == []


def test_every_table_explains_the_words_that_it_uses_and_no_others() -> None:
    for name, build in tables().items():
        table = build(None)
        cells = {str(cell).partition(", by")[0].partition(" by ")[0] for row in table.rows for cell in row.values()}
        notes = " ".join(table.notes)
        for word in WORDS:
            assert (word in cells) == (f"{word.capitalize()}: " in notes), (name, word)
