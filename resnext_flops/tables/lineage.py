"""What became of ResNeXt's groups: one network a row, from dense 3x3 convolutions to depthwise ones."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.layers import show
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.names import network
from resnext_flops.proof.published import published
from resnext_flops.proof.rungs import Proof
from resnext_flops.show.table import Cell, Column, Table
from resnext_flops.tables.listings import agreements, printed_cells
from resnext_flops.tables.sentences import MEANING, Prove, by_rules, how_met, proof_sentence


def lineage(prove: Prove | None = None) -> Table:
    """The networks along the idea, with the share of their multiply-adds in grouped convolutions.

    prove: what builds and compares a network; without it nothing is built.

    >>> [row["group_width"] for row in lineage().rows][:4]
    ['dense', '4 to 32', '4 to 32', '1']
    """
    data = published("lineage")
    networks = [network(row["network"]) for row in data["rows"]]
    proofs = [prove(each) if prove else None for each in networks]
    rows = [_row(row, each.cost(), proof) for row, each, proof in zip(data["rows"], networks, proofs, strict=True)]
    columns = (
        Column("model", "model"),
        Column("year", "year", rank=2),
        Column("idea", "groups", rank=4),
        Column("group_width", "channels\na group", rank=1),
        Column("share", "mult-adds\nin groups"),
        Column("input", "input", rank=5),
        Column("params", "params", rank=2),
        Column("macs", "mult-adds"),
        Column("activations", "activations", rank=4),
        Column("params_printed", "printed\nparams", rank=7),
        Column("params_agreement", "params\nas printed", rank=6),
        Column("macs_printed", "printed\nmult-adds", rank=7),
        Column("macs_agreement", "mult-adds\nas printed", rank=6),
        Column("top1", "top-1\nerror %", rank=3),
        Column("proven", "proven", rank=1),
    )
    present = {key for row in rows for key in row}
    return Table(
        id="lineage",
        title=data["title"],
        source="; ".join(data["sources"]),
        columns=[column for column in columns if column.key in present],
        rows=rows,
        notes=(
            "A group of one channel is a depthwise convolution. A gate, as in SENet, multiplies each channel "
            "by a number between 0 and 1.",
            "Errors are those of the sources, or 100 % minus the accuracy that is printed there; recipes of training "
            "differ.",
            MEANING,
            *how_met(agreements(data["rows"], networks)),
            *by_rules(rows),
        ),
        proof=proof_sentence(proofs),
    )


def _row(row: Mapping[str, Any], ledger: Ledger, proof: Proof | None) -> dict[str, Cell]:
    grouped = [entry for entry in ledger if entry.groups > 1]
    cells: dict[str, Cell] = {key: str(row[key]) for key in ("model", "year", "idea")}
    cells |= {
        "group_width": _widths(grouped),
        "share": Fraction(sum(entry.macs for entry in grouped), ledger.macs),
        "input": show(ledger.input),
        "params": ledger.params,
        "macs": ledger.macs,
        "activations": ledger.activations,
        "top1": _error(row["top1"]),
    }
    cells |= printed_cells(row, ledger)
    return cells | ({"proven": proof.proven} if proof else {})


def _error(printed: str) -> Decimal:
    """The top-1 error in percent, of the error or the accuracy that is printed.

    >>> _error("23.9 error"), _error("70.9 accuracy")
    (Decimal('23.9'), Decimal('29.1'))
    """
    number, what = printed.split()
    return Decimal(number) if what == "error" else 100 - Decimal(number)


def _widths(grouped: list[Entry]) -> str:
    """The channels of a group, from the narrowest to the widest."""
    widths = sorted({entry.inputs[0][0] // entry.groups for entry in grouped})
    if not widths:
        return "dense"
    return str(widths[0]) if len(widths) == 1 else f"{widths[0]} to {widths[-1]}"
