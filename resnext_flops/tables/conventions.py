"""The counting conventions as a table: what each counts of each kind of layer."""

from dataclasses import replace

from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.show.table import Column, Table


def conventions() -> Table:
    """Every convention: what it counts of each kind of layer."""
    rows = [
        {
            "name": convention.name,
            "version": convention.version,
            "multiply_add": 2 if convention.unit == "FLOP" else 1,
            "bias": convention.bias,
            "norm": convention.norm,
            "activation": convention.activation,
            "pool": convention.pool,
            "attention": convention.attention,
            "counts": convention.counts,
            "source": convention.source,
            "link": convention.link,
        }
        for convention in CONVENTIONS.values()
    ]
    columns = (
        Column("name", "convention"),
        Column("multiply_add", "multiply-add"),
        Column("bias", "bias", rank=1),
        Column("norm", "norm", rank=2),
        Column("activation", "activation", rank=4),
        Column("pool", "pool", rank=3),
        Column("attention", "attention", rank=5),
        Column("version", "version", rank=6),
        Column("counts", "what counts", rank=9),
        Column("source", "source", rank=8),
        Column("link", "documentation", rank=7),
    )
    note = "Columns say what one multiply-add, and one element of each kind of layer, counts as. 0 is not counted."
    return Table("conventions", "What each counter counts", "", columns, rows, (note,))


def rules() -> Table:
    """What each convention counts, in a few words, without what is known of the counter besides.

    >>> [column.key for column in rules().columns]
    ['name', 'multiply_add', 'bias', 'norm', 'activation', 'pool', 'attention']
    """
    table = conventions()
    kept = [column for column in table.columns if column.key not in {"version", "counts", "source", "link"}]
    return replace(table, id="rules", columns=kept)
