"""A table as data: columns, rows of exact values, where the figures come from, and what was proven."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar, NamedTuple, TypeAlias


class Bracket(NamedTuple):
    """The layers of a block and how often it is repeated. As a string it is one line; `lines` is the paper's form.

    >>> block = Bracket(("1x1, 64", "3x3, 64", "1x1, 256"), 3)
    >>> print(block)
    [1x1, 64; 3x3, 64; 1x1, 256] x 3
    >>> print(block.lines)
    ⎡1x1, 64 ⎤
    ⎢3x3, 64 ⎥ x 3
    ⎣1x1, 256⎦
    """

    layers: tuple[str, ...]
    times: int

    def __str__(self) -> str:
        return f"[{'; '.join(self.layers)}] x {self.times}"

    @property
    def lines(self) -> str:
        """The block over several lines, with tall brackets."""
        last, middle = len(self.layers) - 1, len(self.layers) // 2
        if last == 0:
            return str(self)
        width = max(map(len, self.layers))
        rows = []
        for row, text in enumerate(self.layers):
            left, right = "⎡⎤" if row == 0 else "⎣⎦" if row == last else "⎢⎥"
            rows.append(f"{left}{text:<{width}}{right}{f' x {self.times}' if row == middle else ''}")
        return "\n".join(rows)


class Deviation(Fraction):
    """How far a figure is from another, as a share of the other: 1/100 is one percent more. It is shown with its sign.

    >>> Deviation.of(101, 100)
    Deviation(1, 100)
    """

    @classmethod
    def of(cls, figure: int, reference: int) -> "Deviation":
        """The deviation of a figure from its reference."""
        return cls(figure - reference, reference)


class Approximate(Decimal):
    """A figure that a paper prints with "~"."""


class Significant(float):
    """A float that people read in so many significant digits; a program reads all of it."""

    digits: ClassVar[int] = 4


class Ratio(Significant):
    """A multiple of another figure."""

    digits = 3


# A value says by its type how it is shown: a Fraction is a share (in percent), a Decimal a figure as it was printed,
# a tuple of brackets and texts a stage, and None an empty cell.
Stage: TypeAlias = tuple[str | Bracket, ...]
Cell: TypeAlias = int | float | str | bool | Fraction | Decimal | Stage | None
EMPTY_CELLS: Sequence[Cell] = (None, "", ())


class Column(NamedTuple):
    """A column: its key in JSON and CSV, its header, and its rank. Where not all fit, those of the lowest rank stay.

    together: a name for columns of one rank that say something only side by side; they stay or go together.
    """

    key: str
    header: str
    rank: int = 0
    together: str = ""


@dataclass(frozen=True)
class Table:
    """A table of the paper's, or of the project's own.

    proof: what was proven; empty where nothing was.
    estimated: those of the notes that say of figures that they are estimates, which is to be said in every form.
    """

    id: str
    title: str
    source: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Cell]]
    notes: Sequence[str] = ()
    proof: str = ""
    estimated: Sequence[str] = ()

    def without_empty(self) -> "Table":
        """The table without the columns that are empty in every row, and the rows that have only their first cell.

        >>> columns = (Column("part", "part"), Column("macs", "macs"), Column("proven", "proven"))
        >>> rows = ({"part": "conv1", "macs": 7, "proven": None}, {"part": "proof", "macs": None})
        >>> Table("id", "title", "", columns, rows).without_empty().rows
        ({'part': 'conv1', 'macs': 7, 'proven': None},)
        """
        first, *others = (column.key for column in self.columns)
        rows = tuple(row for row in self.rows if any(row.get(key) not in EMPTY_CELLS for key in others))
        kept = [first, *(key for key in others if any(row.get(key) not in EMPTY_CELLS for row in rows))]
        return replace(self, columns=tuple(column for column in self.columns if column.key in kept), rows=rows)
