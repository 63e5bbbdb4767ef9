"""One renderer for every table: a terminal, a pipe, markdown, CSV, JSON, LaTeX and HTML.

Integers are exact everywhere but in a terminal that is too narrow for them, where they become 4.230 G; columns that
still do not fit are dropped by rank and named below the table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from resnext_flops.numerals import POWERS, printed
from resnext_flops.show.table import Approximate, Bracket, Cell, Column, Deviation, Table

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.table import Table as RichTable

EMPTY = "–"
WIDE = 10_000  # more columns than any table needs: the room in which one is measured
PAGE_ROWS = 40  # of the longest table that fits on a page


def text(cell: Cell, compact: bool = False, tall: bool = False) -> str:
    """A cell as a person reads it.

    >>> text(4230479872), text(4230479872, compact=True), text(Deviation(1, 80)), text(True), text(None)
    ('4,230,479,872', '4.230 G', '+1.25 %', 'yes', '–')
    """
    match cell:
        case None:
            return EMPTY
        case bool():
            return "yes" if cell else "no"
        case int():
            return short(cell) if compact else f"{cell:,}"
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
        case Decimal():
            return int(cell) if cell == int(cell) and abs(cell) >= 1000 else float(cell)
        case tuple():
            return text(cell)
    return cell


def to_json(table: Table) -> str:
    """The table as JSON: `table`, `title`, `source`, `columns`, `rows`, `notes`, `proof`, with exact integers."""
    import json

    content = {
        "table": table.id,
        "title": table.title,
        "source": table.source,
        "columns": [{"key": column.key, "header": _flat(column.header)} for column in table.columns],
        "rows": [{column.key: raw(row.get(column.key)) for column in table.columns} for row in table.rows],
        "notes": list(table.notes),
        "proof": table.proof or None,
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


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


def to_latex(table: Table) -> str:
    """The table as LaTeX with booktabs, every text escaped, ready to be read in; a long one goes over several pages."""
    return _filled("latex", table)


def _filled(form: str, table: Table) -> str:
    from resnext_flops.show.markup import fill

    columns = [{"lines": column.header.split("\n"), "numeric": is_numeric(table, column)} for column in table.columns]
    return fill(
        form,
        "table",
        table=table,
        label=re.sub("[^A-Za-z0-9-]+", "-", table.id),
        columns=columns,
        rows=[[text(row.get(column.key, "")) for column in table.columns] for row in table.rows],
        after=after(table),
        longest=PAGE_ROWS,
    )


RENDERERS: dict[str, Callable[[Table], str]] = {
    "markdown": to_markdown,
    "csv": to_csv,
    "json": to_json,
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


@dataclass(frozen=True)
class TerminalTable:
    """A table that fits itself into the width of a terminal."""

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        from rich.measure import Measurement
        from rich.text import Text

        width = partial(Measurement.get, console, options.update(width=WIDE))
        columns = list(self.table.columns)
        exact, short_units = self._grid(columns, compact=False), self._grid(columns, compact=True)
        compact = width(short_units).maximum < width(exact).maximum > options.max_width
        grid = short_units if compact else exact
        while width(grid).maximum > options.max_width and any(column.rank for column in columns):
            columns.remove(max(columns, key=lambda column: column.rank))
            grid = self._grid(columns, compact)
        yield Text(self.table.title, style="bold")
        yield grid
        left_out = [_flat(column.header) for column in self.table.columns if column not in columns]
        if left_out:
            yield Text(f"Left out for want of width: {', '.join(left_out)}.", style="dim")
        for note in after(self.table):
            yield Text(note)

    def _grid(self, columns: Sequence[Column], compact: bool) -> RichTable:
        from rich import box
        from rich.table import Table as RichTable
        from rich.text import Text

        grid = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
        for column in columns:
            grid.add_column(column.header, justify="right" if is_numeric(self.table, column) else "left", no_wrap=True)
        for row in self.table.rows:
            grid.add_row(*(Text(text(row.get(column.key, ""), compact, tall=True)) for column in columns))
        return grid
