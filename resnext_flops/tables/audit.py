"""An audit as tables: what each counter answers, and the bridge from our multiply-adds to each figure."""

from resnext_flops.counters.audit import Audit
from resnext_flops.show.table import Cell, Column, Table
from resnext_flops.tables.sentences import on_its_input

OURS = "our multiply-adds"


def audit(found: Audit) -> list[Table]:
    """What the counters answer, against the prediction, and the bridge to the figure of each, also of the others."""
    asked = [finding for finding in found.findings if finding.version is not None]
    rows = [
        {
            "counter": finding.counter,
            "version": finding.version,
            "unit": finding.unit,
            "predicted": finding.predicted,
            "answer": finding.answer,
            "difference": finding.residue,
        }
        for finding in asked or found.findings
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
    for finding in found.findings:
        if remark := finding.error or finding.explanation:
            remarks.setdefault(remark, []).append(finding.counter)
    notes = [f"{', '.join(counters)}: {remark}." for remark, counters in remarks.items()]
    macs = found.ledger.macs
    steps: list[dict[str, Cell]] = []
    for finding in found.findings:
        steps.append({"counter": finding.counter, "what": OURS, "figure": macs})
        steps.extend({"counter": "", "what": step.what, "figure": step.figure} for step in finding.bridge)
        figure = macs + sum(step.figure for step in finding.bridge)
        steps.append({"counter": "", "what": f"= {finding.counter}", "figure": figure})
    bridged = (Column("counter", "counter"), Column("what", "term"), Column("figure", "figure"))
    shown = columns if asked else [column for column in columns if column.key in {"counter", "unit", "predicted"}]
    return [
        Table("audit", f"What the counters say of {on_its_input(found.ledger)}", "", shown, rows, notes),
        Table("bridge", f"From our {macs:,} multiply-adds to each figure", "", bridged, steps),
    ]
