"""The difference of two models as a table, and the share that each layer has in it."""

from fractions import Fraction

from resnext_flops.counters.difference import Difference
from resnext_flops.show.table import Cell, Column, Table
from resnext_flops.tables.sentences import on_its_input


def difference(found: Difference) -> Table:
    """The layers that differ, with their shares of the difference."""
    title = " against ".join(map(on_its_input, (found.first, found.second)))
    if found.identical:
        return Table("diff", title, "", (Column("what", "difference"),), [{"what": "identical, layer by layer"}])
    rows: list[dict[str, Cell]] = [
        {
            "what": change.what,
            "kind": change.kind,
            "layer": change.first or change.second,
            "first": change.first or None,
            "second": change.second or None,
            "details": change.details,
            "params": change.params,
            "params_share": found.share(change, "params"),
            "macs": change.macs,
            "macs_share": found.share(change, "macs"),
        }
        for change in found.changes
    ]
    # Where both have the same names, one column is enough.
    same = all(change.first == change.second or not change.first or not change.second for change in found.changes)
    names = (
        (Column("layer", "layer"),) if same else (Column("first", "in the first"), Column("second", "in the second"))
    )
    whole = Fraction(1)
    rows.append(
        {
            "what": "total",
            "kind": "",
            "layer": "",
            "first": "",
            "second": "",
            "details": f"{len(rows)} layer{'s' if len(rows) > 1 else ''}",
            "params": found.params,
            "params_share": whole if found.params else None,
            "macs": found.macs,
            "macs_share": whole if found.macs else None,
        }
    )
    columns = (
        Column("what", ""),
        Column("kind", "kind", rank=3),
        *names,
        Column("details", "difference"),
        Column("params", "params", rank=2),
        Column("params_share", "share of\nparams", rank=5),
        Column("macs", "multiply-adds"),
        Column("macs_share", "share of\nmultiply-adds", rank=4),
    )
    notes = [
        f"The {which} has {ledger.params:,} params and {ledger.macs:,} multiply-adds."
        for which, ledger in (("first", found.first), ("second", found.second))
    ]
    return Table("diff", title, "", columns, rows, notes)
