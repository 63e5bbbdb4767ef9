"""A ledger as a table: its cost by module, layer or kind of layer, and what is to be said about it."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from resnext_flops.complexity.conventions import CONVENTIONS
from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.figures import figures
from resnext_flops.complexity.layers import show
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.show.table import Cell, Column, Table
from resnext_flops.tables.sentences import MEANING, meaning, on_its_input

PARAMS, MACS, SHARE = (
    Column("params", "params"),
    Column("macs", "multiply-adds"),
    Column("share", "share of\nmultiply-adds", rank=1),
)
COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "module": (
        Column("part", "part"),
        Column("output", "output", rank=2),
        Column("layers", "layers", rank=4),
        PARAMS,
        Column("weights", "weights", rank=3),
        MACS,
        SHARE,
        Column("activations", "activations", rank=1),
    ),
    "layer": (
        Column("part", "layer"),
        Column("kind", "kind"),
        Column("input", "input", rank=5),
        Column("output", "output", rank=3),
        Column("kernel", "kernel", rank=4),
        Column("groups", "groups", rank=6),
        PARAMS,
        MACS,
        SHARE,
        Column("activations", "activations", rank=2),
    ),
    "kind": (
        Column("part", "kind"),
        Column("layers", "layers", rank=3),
        PARAMS,
        MACS,
        SHARE,
        Column("activations", "activations", rank=2),
    ),
}
ITSELF = "(the model itself)"
SUFFIXES = {"module": "", "layer": ", layer by layer", "kind": ", by kind of layer"}


def breakdown(
    ledger: Ledger, by: str = "module", levels: int = 1, conventions: Mapping[str, int] | None = None
) -> Table:
    """The cost of each part of a ledger, and the total.

    by: `module`, `layer` or `kind`.
    levels: how many names deep modules are told (1 is the stages).
    conventions: figures of conventions, which are said below the table.

    >>> from resnext_flops.complexity.families.resnet import resnet
    >>> [row["part"] for row in breakdown(resnet(50).cost()).rows]
    ['conv1', 'conv2', 'conv3', 'conv4', 'conv5', 'head', 'total']
    """
    if by == "module":
        rows = [_module(name, part, ledger) for name, part in _modules(ledger, levels)]
    elif by == "layer":
        rows = [_layer(entry, ledger) for entry in ledger]
    else:
        kinds = dict.fromkeys(entry.kind for entry in ledger)
        rows = [_row(kind, _part(ledger, *(entry for entry in ledger if entry.kind == kind)), ledger) for kind in kinds]
    total = (_module if by == "module" else _row)("total", ledger, ledger)
    title = f"{on_its_input(ledger)}{SUFFIXES[by]}"
    return Table("count", title, "", COLUMNS[by], [*rows, total], (_meaning(ledger), *notes(ledger, conventions or {})))


def _modules(ledger: Ledger, levels: int) -> Iterator[tuple[str, Ledger]]:
    """The modules so many names deep. What a module above them does itself, outside of all of these, is one of them."""
    found: dict[str, list[Entry]] = {}
    for entry in ledger:
        found.setdefault(".".join(entry.path.split(".")[:levels]), []).append(entry)
    for name, entries in found.items():
        own = any(other.startswith(f"{name}.") for other in found)
        yield (f"{name} (itself)" if own else name) or ITSELF, _part(ledger, *entries)


def _part(ledger: Ledger, *entries: Entry) -> Ledger:
    return Ledger(ledger.name, ledger.input, entries)


def _row(name: str, part: Ledger, whole: Ledger) -> dict[str, Cell]:
    return {
        "part": name,
        "layers": len(part),
        "params": part.params,
        "weights": part.weights,
        "macs": part.macs,
        "share": Fraction(part.macs, whole.macs) if whole.macs else None,
        "activations": part.activations,
    }


def _module(name: str, part: Ledger, whole: Ledger) -> dict[str, Cell]:
    return {**_row(name, part, whole), "output": show(part.entries[-1].output) if part.entries else None}


def _layer(entry: Entry, ledger: Ledger) -> dict[str, Cell]:
    return {
        **_row(entry.path or ITSELF, _part(ledger, entry), ledger),
        "kind": entry.kind,
        "input": " and ".join(map(show, entry.inputs)),
        "output": show(entry.output),
        "kernel": show(entry.kernel) or None,
        "groups": entry.groups if entry.kernel else None,
    }


def _meaning(ledger: Ledger) -> str:
    """What the figures of a ledger are: a traced module has matrix products, and perhaps several examples."""
    if ledger.trace is None:
        return MEANING
    return meaning("convolutions and all matrix products", "one example" if ledger.trace.one else "the whole input")


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
            f"{unknown.operator} in {unknown.path or 'the model itself'} on {' and '.join(map(show, unknown.inputs))}"
            for unknown in ledger.unknown
        )
        lines.append(f"LOWER BOUND: these operators have no rule and count as nothing: {'; '.join(seen)}.")
    return lines


def content(ledger: Ledger, conventions: Mapping[str, int]) -> dict[str, Any]:
    """A count as plain data for JSON, the schema `count-1`: the totals, and one object a layer."""
    found: dict[str, Any] = {
        "model": ledger.name,
        "input": ledger.input,
        **figures(ledger),
        "conventions": dict(conventions),
        "unknown": [unknown._asdict() for unknown in ledger.unknown],
        "lower_bound": ledger.lower_bound,
        "remarks": list(ledger.trace.remarks) if ledger.trace else [],
        "layers": [entry._asdict() for entry in ledger],
    }
    if ledger.trace is not None and ledger.trace.training:
        found["backward_macs"] = ledger.backward
    return found
