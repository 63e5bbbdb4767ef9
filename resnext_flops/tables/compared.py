"""Several models side by side: their cost, their figures by every convention, and the bridges to these figures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from resnext_flops.auditing import Audit, Step
from resnext_flops.complexity.layers import show
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.tables import counted
from resnext_flops.tables.breakdown import MEANING
from resnext_flops.tables.table import Cell, Column, Table

OURS = "our multiply-adds"


def costs(ledgers: Iterable[Ledger]) -> Table:
    """The totals of each model, a row each.

    >>> from resnext_flops.network import resnet
    >>> [row["params"] for row in costs([resnet(50).cost()]).rows]
    [25557032]
    """
    rows: list[dict[str, Cell]] = [
        {
            "model": ledger.name,
            "input": show(ledger.input),
            "params": ledger.params,
            "weights": ledger.weights,
            "macs": ledger.macs,
            "activations": ledger.activations,
            "lower_bound": ledger.lower_bound or None,
        }
        for ledger in ledgers
    ]
    columns = [
        Column("model", "model"),
        Column("input", "input", rank=3),
        Column("params", "params"),
        Column("weights", "weights", rank=2),
        Column("macs", "multiply-adds"),
        Column("activations", "activations", rank=1),
    ]
    if any(row["lower_bound"] for row in rows):
        columns.append(Column("lower_bound", "lower\nbound"))
    return Table("costs", "What the models cost", "", columns, rows, (MEANING,))


def rules() -> Table:
    """What each convention counts, in a few words, without what is known of the counter besides.

    >>> [column.key for column in rules().columns]
    ['name', 'multiply_add', 'bias', 'norm', 'activation', 'pool', 'attention']
    """
    table = counted.conventions()
    kept = [column for column in table.columns if column.key not in {"version", "counts", "source", "link"}]
    return replace(table, id="rules", columns=kept)


def conventions(audits: Sequence[Audit]) -> Table:
    """The figure of each model by each convention, as it is predicted from the model's ledger.

    >>> from resnext_flops.auditing import audit
    >>> from resnext_flops.network import resnet_cifar
    >>> (row,) = conventions([audit(resnet_cifar(20), counters=["torch"], run=False)]).rows
    >>> row["unit"], row["1"] == 2 * resnet_cifar(20).cost().macs
    ('FLOP', True)
    """
    rows: list[dict[str, Cell]] = [
        {"convention": each.counter, "unit": each.unit, **_row(audit.findings[place].predicted for audit in audits)}
        for place, each in enumerate(audits[0].findings)
    ]
    notes = ("A MAC counts a multiply-add as one, a FLOP as two. The figures are predicted by each counter's rules.",)
    columns = (Column("convention", "convention"), Column("unit", "unit"), *_columns(audits))
    return Table("conventions", "One model, many figures", "", columns, rows, notes)


def bridges(audits: Sequence[Audit]) -> Table:
    """The terms that lead from our multiply-adds to the figure of each convention.

    >>> from resnext_flops.auditing import audit
    >>> from resnext_flops.network import resnet_cifar
    >>> [row["term"] for row in bridges([audit(resnet_cifar(20), counters=["pycls"], run=False)]).rows]
    ['our multiply-adds', 'linear: bias, once a channel', '= pycls']
    """
    rows: list[dict[str, Cell]] = []
    for place, each in enumerate(audits[0].findings):
        steps = [_added(audit.findings[place].bridge) for audit in audits]
        if not any(steps):
            continue
        rows.append({"convention": each.counter, "term": OURS, **_row(audit.ledger.macs for audit in audits)})
        terms = dict.fromkeys(term for found in steps for term in found)
        rows.extend({"convention": "", "term": term, **_row(found.get(term) for found in steps)} for term in terms)
        sums = (audit.ledger.macs + sum(found.values()) for audit, found in zip(audits, steps, strict=True))
        rows.append({"convention": "", "term": f"= {each.counter}", **_row(sums)})
    equal = [
        each.counter
        for place, each in enumerate(audits[0].findings)
        if not any(audit.findings[place].bridge for audit in audits)
    ]
    notes = (f"Our multiply-adds are the figure of {', '.join(equal)} as they are.",) if equal else ()
    columns = (Column("convention", "convention"), Column("term", "term"), *_columns(audits))
    return Table("bridges", "From our multiply-adds to each convention's figure", "", columns, rows, notes)


def _added(bridge: Sequence[Step]) -> dict[str, int]:
    found: dict[str, int] = {}
    for step in bridge:
        found[step.what] = found.get(step.what, 0) + step.figure
    return found


def _columns(audits: Sequence[Audit]) -> list[Column]:
    return [Column(str(number), audit.ledger.name) for number, audit in enumerate(audits, start=1)]


def _row(figures: Iterable[int | None]) -> Mapping[str, Cell]:
    return {str(number): each for number, each in enumerate(figures, start=1)}
