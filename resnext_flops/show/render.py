"""One renderer for every table: a terminal, a pipe, markdown, CSV, LaTeX, HTML and plain data for JSON.

Integers are exact everywhere but in a terminal that is too narrow for them, where they become 4.230 G; where
not all columns fit, those of the lowest rank stay, and the others are named below the table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

from resnext_flops.numerals import POWERS, printed
from resnext_flops.show.table import Approximate, Bracket, Cell, Column, Deviation, Significant, Table

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

EMPTY = "–"
PAGE_ROWS = 40  # of the longest table that fits on a page
WIDE_CELL = 48  # characters; a longer cell takes several lines on paper


def text(cell: Cell, compact: bool = False, tall: bool = False) -> str:
    """A cell as a person reads it.

    >>> text(4230479872), text(4230479872, compact=True), text(Deviation(1, 80)), text(True), text(None)
    ('4,230,479,872', '4.230 G', '+1.25 %', 'yes', '–')
    >>> text(Significant(3242.95)), text(Significant(123456.7)), text(Significant(0.00251839))
    ('3,243', '123,500', '0.002518')
    """
    match cell:
        case None:
            return EMPTY
        case bool():
            return "yes" if cell else "no"
        case int():
            return short(cell) if compact else f"{cell:,}"
        case Significant():
            return f"{Decimal(f'{cell:.{cell.digits - 1}e}'):,f}"
        case float():
            return f"{cell:.2f}"
        case Fraction():
            return f"{float(100 * cell):{'+' if isinstance(cell, Deviation) else ''}.2f} %"
        case Decimal():
            return f"~{printed(cell)}" if isinstance(cell, Approximate) else printed(cell)
        case tuple():
            return "\n".join(_part(part) for part in cell) if tall else "; ".join(map(str, cell))
    return cell


def _part(part: str | Bracket) -> str:
    return part.lines if isinstance(part, Bracket) else part


def short(figure: int) -> str:
    """A large figure in four digits and a unit.

    >>> short(69632), short(218365952), short(999), short(-22328320)
    ('69.63 k', '218.4 M', '999', '-22.33 M')
    """
    if abs(figure) < 10_000:
        return str(figure)
    letter, power = [unit for unit in POWERS.items() if abs(figure) >= 10 ** unit[1]][-1]
    digits = len(str(abs(figure) // 10**power))
    return f"{figure / 10**power:.{max(4 - digits, 0)}f} {letter}"


def raw(cell: Cell) -> str | int | float | bool | None:
    """A cell as a program reads it: exact, a share as a percentage, a printed figure with its digits.

    >>> raw(Fraction(1, 80)), raw(4230479872), raw(Decimal("25.5e6"))
    (1.25, 4230479872, 25500000)
    """
    match cell:
        case Fraction():
            return float(100 * cell)
        case Significant():
            return float(cell)
        case Decimal():
            return int(cell) if cell == int(cell) and abs(cell) >= 1000 else float(cell)
        case tuple():
            return text(cell)
    return cell


def content(table: Table) -> dict[str, Any]:
    """The table as plain data for JSON, with exact integers: the schema `table-1`."""
    return {
        "table": table.id,
        "title": table.title,
        "source": table.source,
        "columns": [{"key": column.key, "header": _flat(column.header)} for column in table.columns],
        "rows": [{column.key: raw(row.get(column.key)) for column in table.columns} for row in table.rows],
        "notes": list(table.notes),
        "proof": table.proof or None,
    }


def to_csv(table: Table) -> str:
    """The rows as CSV under the columns' keys, with exact integers. Title, notes and proof are left out."""
    import csv
    import io

    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(column.key for column in table.columns)
    for row in table.rows:
        writer.writerow(raw(row.get(column.key)) for column in table.columns)
    return lines.getvalue().rstrip("\n")


def to_markdown(table: Table) -> str:
    """The table as GitHub's markdown, every text escaped."""
    return _filled("markdown", table)


def to_text(table: Table) -> str:
    """The table for a pipe: aligned with spaces, exact, one line a row, never wrapped."""
    header = [_flat(column.header) for column in table.columns]
    body = [[text(row.get(column.key, "")) for column in table.columns] for row in table.rows]
    widths = [max(map(len, cells)) for cells in zip(header, *body, strict=True)]
    sides = [">" if is_numeric(table, column) else "<" for column in table.columns]
    form = "  ".join(f"{{:{side}{width}}}" for side, width in zip(sides, widths, strict=True))
    lines = [form.format(*cells).rstrip() for cells in (header, *body)]
    return "\n".join((table.title, "", *lines, "", *after(table)))


def to_html(table: Table) -> str:
    """The table as HTML in a box that scrolls, every text escaped."""
    return _filled("html", table)


def to_latex(table: Table, over_pages: bool = False) -> str:
    """The table as LaTeX with booktabs, every text escaped, ready to be read in, and never wider than the line.

    over_pages: whether it may go over several pages, and stands where it is read in. One that is longer than a page
        does; any other floats by default.
    """
    return _filled("latex", table, over_pages=over_pages or len(table.rows) > PAGE_ROWS)


def _filled(form: str, table: Table, **more: Any) -> str:
    from resnext_flops.show.markup import fill

    cells = [[text(row.get(column.key, "")) for column in table.columns] for row in table.rows]
    columns = [
        {
            "lines": column.header.split("\n"),
            "numeric": is_numeric(table, column),
            "wide": any(len(row[number]) > WIDE_CELL for row in cells),
        }
        for number, column in enumerate(table.columns)
    ]
    return fill(
        form,
        "table",
        table=table,
        label=re.sub("[^A-Za-z0-9-]+", "-", table.id),
        columns=columns,
        rows=cells,
        after=after(table),
        **more,
    )


RENDERERS: dict[str, Callable[[Table], str]] = {
    "markdown": to_markdown,
    "csv": to_csv,
    "latex": to_latex,
    "html": to_html,
}


def after(table: Table) -> list[str]:
    """The sentences that stand below a table."""
    source = [f"Source: {table.source}."] if table.source else []
    return [*table.notes, *source, *([table.proof] if table.proof else [])]


def _flat(header: str) -> str:
    return header.replace("\n", " ")


def is_numeric(table: Table, column: Column) -> bool:
    """Whether a column holds numbers, which are aligned at the right."""
    cells = [row.get(column.key) for row in table.rows]
    return all(cell is None or isinstance(cell, (int, float, Fraction, Decimal)) for cell in cells)


class Line(NamedTuple):
    """One line of a table in a terminal, and its style: `bold`, `dim` or none."""

    text: str
    style: str = ""


def fitted(table: Table, width: int) -> list[Line]:
    """A table in the lines of a terminal of some width.

    >>> small = Table("id", "Costs", "", [Column("macs", "macs"), Column("share", "share", rank=1)], [{"macs": 7}])
    >>> [line.text for line in fitted(small, 10)]
    ['Costs', '', ' macs', ' ────', '    7', '', 'Columns', 'that do', 'not fit:', 'share.']
    >>> fitted(small, 10)[0]
    Line(text='Costs', style='bold')
    """
    exact, shortened = _strips(table), _strips(table, compact=True)
    strips = shortened if _width(shortened) < _width(exact) and _width(exact) > width else exact
    kept = _kept(strips, width)
    strips = [strip for strip in strips if strip.column in kept]
    left_out = [_flat(column.header) for column in table.columns if column not in kept]
    strips = _narrowed(strips, width)
    header, *rows = [_lines(strips, row) for row in range(len(table.rows) + 1)]
    return [
        *_wrapped(table.title, width, "bold"),
        Line(""),
        *(Line(_cut(line, width), "bold") for line in header),
        Line(_cut(f" {'─' * (_width(strips) - 2)}", width)),
        *(Line(_cut(line, width)) for row in rows for line in row),
        Line(""),
        *(_wrapped(f"Columns that do not fit: {', '.join(left_out)}.", width, "dim") if left_out else []),
        *(line for note in after(table) for line in _wrapped(note, width)),
    ]


class _Strip(NamedTuple):
    """A column as text: its header and the cell of each row, all in lines."""

    column: Column
    cells: Sequence[Sequence[str]]
    width: int
    numeric: bool


def _strips(table: Table, compact: bool = False) -> list[_Strip]:
    strips = []
    for column in table.columns:
        shown = [text(row.get(column.key, ""), compact, tall=True).split("\n") for row in table.rows]
        cells = [column.header.split("\n"), *shown]
        width = max(len(line) for lines in cells for line in lines)
        strips.append(_Strip(column, cells, width, is_numeric(table, column)))
    return strips


def _kept(strips: Sequence[_Strip], width: int) -> list[Column]:
    """The columns of rank 0, and of the others, from the lowest rank on, each that still fits with those beside it."""
    sets: dict[str, list[_Strip]] = {}
    for strip in sorted(strips, key=lambda strip: strip.column.rank):
        sets.setdefault(strip.column.together or strip.column.key, []).append(strip)
    kept: list[_Strip] = []
    for some in sets.values():
        if some[0].column.rank == 0 or _width([*kept, *some]) <= width:
            kept += some
    return [strip.column for strip in kept]


def _width(strips: Sequence[_Strip]) -> int:
    """A space stands before each column and another behind it."""
    return sum(strip.width + 2 for strip in strips)


def _narrowed(strips: list[_Strip], width: int) -> list[_Strip]:
    """The columns with the widest of those that hold words narrowed to one width, so that the numbers stay whole."""
    over = _width(strips) - width
    words = [strip.width for strip in strips if not strip.numeric]
    if over <= 0 or not words:
        return strips
    # The largest width that takes so much from the columns which are wider; one character, if none does.
    left = next((left for left in range(max(words), 1, -1) if sum(max(each - left, 0) for each in words) >= over), 1)
    return [
        strip._replace(cells=[_folded(lines, left) for lines in strip.cells], width=left)
        if not strip.numeric and strip.width > left
        else strip
        for strip in strips
    ]


def _folded(lines: Sequence[str], width: int) -> list[str]:
    """A cell in lines of some width: sentences go over several, and a word that is too long is cut."""
    return [_cut(part, width) for line in lines for part in wrap(line, width, break_long_words=False) or [line]]


def _lines(strips: Sequence[_Strip], row: int) -> list[str]:
    """The lines of one row; the header is row 0, and its words stand at the bottom."""
    height = max(len(strip.cells[row]) for strip in strips)
    columns = []
    for strip in strips:
        missing = [""] * (height - len(strip.cells[row]))
        lines = [*strip.cells[row], *missing] if row else [*missing, *strip.cells[row]]
        columns.append([line.rjust(strip.width) if strip.numeric else line.ljust(strip.width) for line in lines])
    return [f" {'  '.join(parts)}".rstrip() for parts in zip(*columns, strict=True)]


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _wrapped(sentence: str, width: int, style: str = "") -> list[Line]:
    return [Line(line, style) for line in wrap(sentence, width, break_on_hyphens=False)]


@dataclass(frozen=True)
class TerminalTable:
    """A table for rich that fits itself into the width it is given."""

    table: Table

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        from rich.text import Text

        for line in fitted(self.table, options.max_width):
            yield Text(line.text, style=line.style)
