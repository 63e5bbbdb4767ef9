"""Tables that list networks: the paper's own columns beside each network's exact cost, from one data file a table.

A file in `published/tables/` is a table; its name is the table's id. Each row names a network by its call, and may have
printed `params`, `macs`, `weights` or `activations` to be held against (with a reason in `explained` where one is not
met, and the convention in `by` whose rules give one), and a `reference` whose multiply-adds it is compared with.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.names import network
from resnext_flops.complexity.network import Network
from resnext_flops.proof.published import Agreement, published, row_figures
from resnext_flops.proof.rungs import Proof
from resnext_flops.show.table import Approximate, Cell, Column, Deviation, Table
from resnext_flops.tables.sentences import MEANING, Prove, by_rules, how_met, proof_sentence

COST_COLUMNS = (
    Column("params_printed", "printed\nparams", rank=5),
    Column("params", "params"),
    Column("params_agreement", "params\nas printed", rank=4),
    Column("macs_printed", "printed\nmult-adds", rank=3),
    Column("macs", "mult-adds"),
    Column("macs_agreement", "mult-adds\nas printed", rank=1),
    Column("weights_printed", "printed\nweights", rank=6),
    Column("weights", "weights", rank=5),
    Column("weights_agreement", "weights\nas printed", rank=3),
    Column("activations_printed", "printed\nactivations", rank=6),
    Column("activations", "activations", rank=5),
    Column("activations_agreement", "activations\nas printed", rank=3),
    Column("reference_percent", "against\nreference", rank=4),
    Column("fvcore_macs", "fvcore\nconv + linear", rank=7),
    Column("proven", "proven", rank=1),
)


def listed(name: str, prove: Prove | None = None) -> Table:
    """The table of one data file, by its id.

    prove: what builds and compares a network; without it the columns of the proof are left out.

    >>> [row["macs"] for row in listed("4").rows][3:]
    [15272862720, 15123087360, 15460270080]
    """
    data = published(f"tables/{name}")
    networks = [network(row["network"]) for row in data["rows"]]
    proofs = [prove(each) if prove else None for each in networks]
    approximate = data.get("approximate", False)
    rows = [
        _row(row, each, proof, data["columns"], approximate)
        for row, each, proof in zip(data["rows"], networks, proofs, strict=True)
    ]
    present = {key for row in rows for key in row}
    labels = (
        Column(key, header, rank=0 if isinstance(data["rows"][0][key], str) else 2)
        for key, header in data["columns"].items()
    )
    return Table(
        id=name,
        title=data["title"],
        source=data["source"],
        columns=[column for column in (*labels, *COST_COLUMNS) if column.key in present],
        rows=rows,
        notes=(
            *data["notes"],
            *_explanations(data["rows"], data["columns"]),
            MEANING,
            *how_met(agreements(data["rows"], networks)),
            *by_rules(rows),
        ),
        proof=proof_sentence(proofs),
    )


def agreements(rows: Sequence[Mapping[str, Any]], networks: Sequence[Network]) -> Iterator[Agreement]:
    """How each printed figure of the rows compares with the exact one."""
    for row, each in zip(rows, networks, strict=True):
        yield from (figure.hold(each.cost()) for figure in row_figures(row, ""))


def _explanations(rows: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> list[str]:
    """Why printed figures are not met, each reason once, with the rows that it explains."""
    found: dict[str, list[str]] = {}
    for row in rows:
        name = " ".join(str(row[key]) for key in labels if key != "top1" and row[key])
        for why in dict.fromkeys(row.get("explained", {}).values()):
            found.setdefault(why, []).append(name)
    return [f"{', '.join(names)}: {why}." for why, names in found.items()]


def printed_cells(row: Mapping[str, Any], ledger: Ledger, *, approximate: bool = False) -> dict[str, Cell]:
    """The printed figures of a row, and how each agrees with the exact one.

    approximate: whether the paper prints them with "~".

    >>> from decimal import Decimal
    >>> import resnext_flops as rf
    >>> cells = printed_cells({"network": "resnet(50)", "macs": Decimal("4.09e9")}, rf.resnet(50).cost())
    >>> cells["macs_agreement"]
    'met, rounded'
    """
    cells: dict[str, Cell] = {}
    for figure in row_figures(row, ""):
        by = f", by {figure.convention}" if figure.convention else ""
        cells[f"{figure.figure}_printed"] = Approximate(figure.printed) if approximate else figure.printed
        cells[f"{figure.figure}_agreement"] = f"{figure.hold(ledger)}{by}"
    return cells


def _row(
    row: Mapping[str, Any], each: Network, proof: Proof | None, labels: Mapping[str, str], approximate: bool
) -> dict[str, Cell]:
    ledger = each.cost()
    cells: dict[str, Cell] = {key: row[key] for key in labels}
    for name in ("params", "macs", *(each for each in ("weights", "activations") if each in row)):
        cells[name] = getattr(ledger, name)
    cells |= printed_cells(row, ledger, approximate=approximate)
    if "reference" in row:
        cells["reference_percent"] = Deviation.of(ledger.macs, network(row["reference"]).cost().macs)
    if proof:
        cells |= {"fvcore_macs": proof.fvcore_macs, "proven": proof.proven}
    return cells
