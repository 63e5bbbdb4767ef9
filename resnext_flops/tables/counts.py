"""Counted models as tables: their cost, the conventions, an audit, a diff and an identification."""

import json
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.complexity.figures import figures
from resnext_flops.complexity.layers import show
from resnext_flops.complexity.ledger import Entry, Ledger
from resnext_flops.counters.audit import Audit
from resnext_flops.counters.difference import Difference
from resnext_flops.proof.identify import Candidate
from resnext_flops.show.table import Cell, Column, Table
from resnext_flops.tables.breakdown import breakdown, meaning

BY = ("module", "layer", "kind")


def cost(ledger: Ledger, by: str, levels: int, conventions: Mapping[str, int]) -> Table:
    """The cost of a model by module, layer or kind of layer, and what is to be said about it."""
    table = breakdown(ledger, levels) if by == "module" else _by_entry(ledger) if by == "layer" else _by_kind(ledger)
    said = (meaning(ledger), *notes(ledger, conventions))
    return Table("count", table.title, "", table.columns, table.rows, said)


def notes(ledger: Ledger, conventions: Mapping[str, int]) -> list[str]:
    """The figures of conventions, the gradients, what is unknown, and where the model ran."""
    lines = [f"{name}: {figure:,} {CONVENTIONS[name].unit}s." for name, figure in conventions.items()]
    if ledger.trace is not None:
        if ledger.trace.training:
            lines.append(
                f"In training: {ledger.macs:,} multiply-adds forward and {ledger.backward:,} for the gradients, "
                f"together {ledger.training_macs:,}."
            )
        lines.extend(f"{remark[0].upper()}{remark[1:]}." for remark in ledger.trace.remarks)
    if ledger.unknown:
        seen = dict.fromkeys(
            f"{each.operator} in {each.path or 'the model itself'} on {' and '.join(map(show, each.inputs))}"
            for each in ledger.unknown
        )
        lines.append(f"LOWER BOUND: these operators have no rule and count as nothing: {'; '.join(seen)}.")
    return lines


def _row(part: str, entries: Sequence[Entry], ledger: Ledger) -> dict[str, Cell]:
    some = Ledger(part, ledger.input, tuple(entries))
    return {
        "part": part,
        "layers": len(entries),
        "params": some.params,
        "macs": some.macs,
        "share": Fraction(some.macs, ledger.macs) if ledger.macs else None,
        "activations": some.activations,
    }


_FIGURES = (
    Column("params", "params"),
    Column("macs", "multiply-adds"),
    Column("share", "share of\nmultiply-adds", rank=1),
    Column("activations", "activations", rank=2),
)


def _by_kind(ledger: Ledger) -> Table:
    kinds = dict.fromkeys(entry.kind for entry in ledger)
    rows = [_row(kind, [entry for entry in ledger if entry.kind == kind], ledger) for kind in kinds]
    columns = (Column("part", "kind"), Column("layers", "layers", rank=3), *_FIGURES)
    title = f"{ledger.name} on {show(ledger.input)}, by kind of layer"
    return Table("count", title, "", columns, [*rows, _row("total", ledger.entries, ledger)])


def _by_entry(ledger: Ledger) -> Table:
    rows = [
        {
            **_row(entry.path or "(the model)", [entry], ledger),
            "kind": entry.kind,
            "input": " and ".join(map(show, entry.inputs)),
            "output": show(entry.output),
            "kernel": show(entry.kernel) or None,
            "groups": entry.groups if entry.kernel else None,
        }
        for entry in ledger
    ]
    columns = (
        Column("part", "layer"),
        Column("kind", "kind"),
        Column("input", "input", rank=5),
        Column("output", "output", rank=3),
        Column("kernel", "kernel", rank=4),
        Column("groups", "groups", rank=6),
        *_FIGURES,
    )
    title = f"{ledger.name} on {show(ledger.input)}, layer by layer"
    return Table("count", title, "", columns, [*rows, _row("total", ledger.entries, ledger)])


def as_json(ledger: Ledger, conventions: Mapping[str, int]) -> str:
    """A count as JSON: the totals, and one object a layer."""
    content: dict[str, Any] = {
        "model": ledger.name,
        "input": ledger.input,
        **figures(ledger),
        "conventions": dict(conventions),
        "unknown": [each._asdict() for each in ledger.unknown],
        "lower_bound": ledger.lower_bound,
        "remarks": list(ledger.trace.remarks) if ledger.trace else [],
        "layers": [entry._asdict() for entry in ledger],
    }
    if ledger.trace is not None and ledger.trace.training:
        content["backward_macs"] = ledger.backward
    return json.dumps(content, indent=2, ensure_ascii=False)


def conventions() -> Table:
    """Every convention: what it counts of each kind of layer."""
    rows = [
        {
            "name": each.name,
            "version": each.version,
            "multiply_add": 2 if each.unit == "FLOP" else 1,
            "bias": each.bias,
            "norm": each.norm,
            "activation": each.activation,
            "pool": each.pool,
            "attention": each.attention,
            "counts": each.counts,
            "source": each.source,
            "link": each.link,
        }
        for each in CONVENTIONS.values()
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


def audit(found: Audit) -> list[Table]:
    """What each counter answers, against the prediction, and the bridge to each figure."""
    rows = [
        {
            "counter": each.counter,
            "version": each.version,
            "unit": each.unit,
            "predicted": each.predicted,
            "answer": each.answer,
            "difference": each.residue,
        }
        for each in found.findings
    ]
    columns = (
        Column("counter", "counter"),
        Column("version", "installed", rank=2),
        Column("unit", "unit", rank=1),
        Column("predicted", "predicted"),
        Column("answer", "its answer"),
        Column("difference", "difference"),
    )
    remarks: dict[str, list[str]] = {}
    for each in found.findings:
        if remark := each.error or each.explanation:
            remarks.setdefault(remark, []).append(each.counter)
    notes = [f"{', '.join(counters)}: {remark}." for remark, counters in remarks.items()]
    name, macs = found.ledger.name, found.ledger.macs
    steps: list[dict[str, Cell]] = []
    for each in found.findings:
        steps.append({"counter": each.counter, "what": "our multiply-adds", "figure": macs})
        steps.extend({"counter": "", "what": step.what, "figure": step.figure} for step in each.bridge)
        steps.append({"counter": "", "what": f"= {each.counter}", "figure": macs + sum(s.figure for s in each.bridge)})
    bridged = (Column("counter", "counter"), Column("what", "term"), Column("figure", "figure"))
    return [
        Table("audit", f"What the counters say of {name} on {show(found.ledger.input)}", "", columns, rows, notes),
        Table("bridge", f"From our {macs:,} multiply-adds to each figure", "", bridged, steps),
    ]


def difference(found: Difference) -> Table:
    """The layers that differ, with their shares of the difference."""
    title = f"{found.first.name} against {found.second.name}"
    if found.identical:
        return Table("diff", title, "", (Column("what", "difference"),), [{"what": "identical, layer by layer"}])
    rows: list[dict[str, Cell]] = [
        {
            "what": each.what,
            "kind": each.kind,
            "layer": each.first or each.second,
            "first": each.first or None,
            "second": each.second or None,
            "details": each.details,
            "params": each.params,
            "params_share": found.share(each, "params"),
            "macs": each.macs,
            "macs_share": found.share(each, "macs"),
        }
        for each in found.changes
    ]
    # Where both have the same names, one column is enough.
    same = all(each.first == each.second or not each.first or not each.second for each in found.changes)
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
        f"The {which} has {each.params:,} params and {each.macs:,} multiply-adds."
        for which, each in (("first", found.first), ("second", found.second))
    ]
    return Table("diff", title, "", columns, rows, notes)


def identified(name: str, figure: str, found: Iterable[Candidate]) -> Table:
    """What gives a printed figure."""
    rows = [
        {
            "what": each.what,
            "unit": each.unit or None,
            "variant": each.variant,
            "exact": each.agreement.exact,
            "agreement": str(each.agreement),
        }
        for each in found
    ]
    columns = (
        Column("what", "convention"),
        Column("unit", "unit", rank=1),
        Column("variant", "network"),
        Column("exact", "exact figure"),
        Column("agreement", "agreement"),
    )
    holds = any(each.agreement.holds for each in found)
    note = "" if holds else "No convention gives this figure on any variant; the nearest is shown."
    return Table("identify", f"What {figure} of {name} can be", "", columns, rows, (note,) if note else ())
