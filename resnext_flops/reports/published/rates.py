"""How many figures are explained, and how many shuffled ones, by their number of digits."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from resnext_flops.proof.identify.verdicts import ENOUGH_DIGITS
from resnext_flops.show.table import Column, Table


class Rate(NamedTuple):
    """How many of how many figures are explained.

    >>> str(Rate(19, 20)), str(Rate())
    ('19 of 20 (95.00 %)', 'none')
    """

    explained: int = 0
    all: int = 0

    def __str__(self) -> str:
        return f"{self.explained:,} of {self.all:,} ({100 * self.explained / self.all:.2f} %)" if self.all else "none"


def rate(answers: Iterable[bool]) -> Rate:
    """The rate of some answers."""
    found = list(answers)
    return Rate(sum(found), len(found))


class Answer(NamedTuple):
    """Whether a figure is explained. digits: of the figure. group: that it is told with."""

    digits: int
    explained: bool
    group: str = ""


# Numbers of digits that are told together.
ROWS = {"2": range(2, 3), "3": range(3, 4), "4 or more": range(4, 100), "3 or more": range(ENOUGH_DIGITS, 100)}


def by_digits(true: Sequence[Answer], shuffled: Sequence[Answer]) -> Table:
    """Both rates, by the number of digits."""
    rows = [
        {
            "digits": name,
            "true": str(rate(each.explained for each in true if each.digits in digits)),
            "shuffled": str(rate(each.explained for each in shuffled if each.digits in digits)),
        }
        for name, digits in ROWS.items()
    ]
    columns = Column("digits", "digits"), Column("true", "explained"), Column("shuffled", "shuffled and explained")
    return Table("published-rates", "Explained figures of the reported half", "", columns, rows)


def by_group(true: Sequence[Answer], shuffled: Sequence[Answer], title: str) -> Table:
    """The rate of each group, of figures with digits enough."""
    groups: dict[str, list[list[bool]]] = defaultdict(lambda: [[], []])
    for place, answers in enumerate((true, shuffled)):
        for each in answers:
            if each.digits >= ENOUGH_DIGITS:
                groups[each.group][place].append(each.explained)
    rows = [
        {"group": name, "true": str(rate(ours)), "shuffled": str(rate(theirs))}
        for name, (ours, theirs) in sorted(groups.items())
    ]
    columns = [Column("group", "of"), Column("true", "explained"), Column("shuffled", "shuffled and explained")]
    return Table("published-groups", title, "", columns if shuffled else columns[:2], rows)
