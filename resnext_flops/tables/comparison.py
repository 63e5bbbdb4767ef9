"""Several models side by side: their cost, their figures by every convention, and the bridges to these figures."""

from collections.abc import Iterable, Mapping, Sequence

from resnext_flops.complexity.conventions import CONVENTIONS, distinct
from resnext_flops.complexity.figures import figures
from resnext_flops.complexity.layers import show
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.counters.audit import Step, bridge
from resnext_flops.show.table import Cell, Column, Table
from resnext_flops.tables.audit import OURS
from resnext_flops.tables.sentences import MEANING, meaning


def costs(ledgers: Sequence[Ledger]) -> Table:
    """The totals of each model, a row each.

    >>> from resnext_flops.complexity.families.resnet import resnet
    >>> [row["params"] for row in costs([resnet(50).cost()]).rows]
    [25557032]
    """
    rows: list[dict[str, Cell]] = [
        {
            "model": ledger.name,
            "input": show(ledger.input),
            **figures(ledger),
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
    return Table("costs", "What the models cost", "", columns, rows, (_meaning(ledgers),))


def _meaning(ledgers: Sequence[Ledger]) -> str:
    """What the figures are: a real model may have other matrix products than fully-connected layers."""
    return meaning("convolutions and all matrix products") if any(each.trace for each in ledgers) else MEANING


def by_convention(ledgers: Sequence[Ledger]) -> Table:
    """The figure of each model by each convention, as it is predicted from the model's ledger.

    Raises InputError for a description that has less than a convention needs; its real model's ledger has it.

    >>> from resnext_flops.complexity.families.resnet import resnet
    >>> rows = {row["convention"]: row for row in by_convention([resnet(50).cost()]).rows}
    >>> rows["torch"]["unit"], rows["torch"]["1"] == 2 * resnet(50).cost().macs
    ('FLOP', True)
    """
    rows: list[dict[str, Cell]] = [
        {"convention": name, "unit": CONVENTIONS[name].unit, **_row(int(ledger.total(name)) for ledger in ledgers)}
        for name in _distinct(ledgers)
    ]
    notes = ("A MAC counts a multiply-add as one, a FLOP as two. The figures are predicted by each counter's rules.",)
    columns = (Column("convention", "convention"), Column("unit", "unit"), *_columns(ledgers))
    return Table("conventions", "One model, many figures", "", columns, rows, notes)


def bridges(ledgers: Sequence[Ledger]) -> Table:
    """The terms that lead from our multiply-adds to the figure of each convention.

    Raises InputError as `by_convention` does.

    >>> from resnext_flops.complexity.families.resnet import resnet
    >>> [row["term"] for row in bridges([resnet(50).cost()]).rows][:3]
    ['our multiply-adds', 'linear: bias', '= pycls']
    """
    rows: list[dict[str, Cell]] = []
    equal = []
    for name in _distinct(ledgers):
        steps = [_added(bridge(ledger, ledger.terms(name))) for ledger in ledgers]
        if not any(steps):
            equal.append(name)
            continue
        rows.append({"convention": name, "term": OURS, **_row(ledger.macs for ledger in ledgers)})
        terms = dict.fromkeys(term for found in steps for term in found)
        rows.extend({"convention": "", "term": term, **_row(found.get(term) for found in steps)} for term in terms)
        sums = (ledger.macs + sum(found.values()) for ledger, found in zip(ledgers, steps, strict=True))
        rows.append({"convention": "", "term": f"= {name}", **_row(sums)})
    notes = (f"Our multiply-adds are the figure of {', '.join(equal)} as they are.",) if equal else ()
    columns = (Column("convention", "convention"), Column("term", "term"), *_columns(ledgers))
    return Table("bridges", "From our multiply-adds to each convention's figure", "", columns, rows, notes)


def _distinct(ledgers: Sequence[Ledger]) -> list[str]:
    """The conventions, without the variants that give every model the figure of what they are a variant of."""
    return distinct(lambda name: [ledger.total(name) for ledger in ledgers])


def _added(steps: Sequence[Step]) -> dict[str, int]:
    found: dict[str, int] = {}
    for step in steps:
        found[step.what] = found.get(step.what, 0) + step.figure
    return found


def _columns(ledgers: Sequence[Ledger]) -> list[Column]:
    return [Column(str(number), ledger.name) for number, ledger in enumerate(ledgers, start=1)]


def _row(figures: Iterable[int | None]) -> Mapping[str, Cell]:
    return {str(number): figure for number, figure in enumerate(figures, start=1)}
