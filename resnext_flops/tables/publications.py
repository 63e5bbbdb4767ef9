"""The published set as tables: its sources, and the rows of one of them as they are printed."""

from collections import Counter

from resnext_flops.complexity.names import network
from resnext_flops.proof.identify.verdicts import ENOUGH_DIGITS
from resnext_flops.proof.published import figures
from resnext_flops.proof.published.collection import (
    FIGURES,
    Column,
    Row,
    Source,
    figures_of,
    place,
    printed_figures,
    source,
    sources,
)
from resnext_flops.proof.published.collection import Table as Printed
from resnext_flops.show import table as shown
from resnext_flops.tables.verdicts import explained_share, of_source, said


def publications() -> shown.Table:
    """Every source of the published set, with the number of its rows and figures.

    >>> [row["rows"] for row in publications().rows if row["source"] == "hrnet"]
    [13]
    """
    counts = Counter((figure.source, figure.figure) for figure in printed_figures())
    rows = [
        {
            "source": name,
            "title": each.title,
            "rows": sum(len(table.rows) for table in each.tables),
            **{figure: counts[name, figure] for figure in FIGURES},
            "built": sum(bool(row.built_as) for table in each.tables for row in table.rows),
            **explained_share(name),
            "document": each.document,
            "version": each.version,
            "says": each.says or None,
        }
        for name, each in sources().items()
    ]
    columns = (
        shown.Column("source", "source"),
        shown.Column("title", "title", rank=2),
        shown.Column("rows", "rows", rank=1),
        *(shown.Column(figure, figure, rank=1) for figure in FIGURES),
        shown.Column("built", "with a MODEL", rank=1),
        shown.Column("explained", "explained, %"),
        shown.Column("means", "its operations are mostly"),
        shown.Column("document", "document", rank=3),
        shown.Column("version", "version", rank=4),
        shown.Column("says", "what it says of them", rank=5),
    )
    notes = (
        f"{len(printed_figures()):,} printed figures. With a MODEL: rows whose network can be built here.",
        f"Explained: the share of their figures of {ENOUGH_DIGITS} or more digits that a convincing reading gives.",
        _held(),
    )
    return shown.Table("published", "Published figures", "", columns, rows, notes)


def _held() -> str:
    """How many figures of described networks are met: what `verify` and the tables hold, network by network."""
    every = figures()
    ledgers = {call: network(call).cost() for call in {figure.network for figure in every}}
    met = [figure for figure in every if not figure.explanation and figure.allows(figure.hold(ledgers[figure.network]))]
    by_rules = sum(bool(figure.convention) for figure in met)
    explained = sum(bool(figure.explanation) for figure in every)
    rows = {(figure.source, figure.network) for figure in every}
    return (
        f"The tables and `verify` hold {len(every)} of them, in {len(rows)} rows of papers and repositories, against "
        f"described networks: {len(met)} are met to the last digit, {by_rules} of these by the rules of a counter, and "
        f"for {explained} the tables say what they are."
    )


def publication(name: str) -> shown.Table:
    """The rows of one source, each with what is printed, what that is, and where it stands.

    Raises InputError, with the nearest names, for a source that does not exist.

    >>> publication("hrnet").rows[0]["operations"]
    '1.49 G'
    """
    given = source(name)
    found = iter(of_source(name))
    rows: list[dict[str, shown.Cell]] = [
        {
            "model": row.model,
            "built_as": row.built_as or None,
            "resolution": row.resolution or None,
            **{figure: _with_unit(row, table, figure) for figure in FIGURES},
            **{f"{figure}_is": said(next(found)) for figure in FIGURES if _with_unit(row, table, figure)},
            "accuracy": row.accuracy or None,
            "where": place(table, row),
        }
        for table in given.tables
        for row in table.rows
    ]
    printed = {figure.figure for figure in figures_of(name, given)}
    columns = (
        shown.Column("model", "model"),
        shown.Column("built_as", "MODEL", rank=3),
        shown.Column("resolution", "pixels", rank=2),
        *(
            column
            for figure in FIGURES
            if figure in printed
            for column in (shown.Column(figure, figure), shown.Column(f"{figure}_is", f"{figure} are", rank=1))
        ),
        shown.Column("accuracy", _accuracy(given), rank=4),
        shown.Column("where", "where", rank=3),
    )
    notes = [f"What it says of its figures: {given.says}."] if given.says else []
    source_text = f"{given.document}, {given.version}"
    return shown.Table(f"published-{name}", given.title, source_text, columns, rows, notes)


def _accuracy(given: Source) -> str:
    """The headings that accuracies, or errors, have in a document."""
    headings = dict.fromkeys(table.columns.accuracy for table in given.tables if table.columns.accuracy)
    return ", or ".join(headings) or "accuracy"


def _with_unit(row: Row, table: Printed, figure: str) -> str | None:
    """A figure as printed, with the unit of its column behind a space; None where none is printed."""
    text, column = getattr(row, figure), getattr(table.columns, figure)
    return f"{text} {column.unit}".strip() if isinstance(column, Column) and text else None
