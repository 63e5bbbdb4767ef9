"""Table 1 of the GoogLeNet paper, row by row."""

from decimal import Decimal

from resnext_flops.complexity.layers import show
from resnext_flops.complexity.names import network
from resnext_flops.proof.published import Agreement, agreement, published
from resnext_flops.show.table import Cell, Column, Table
from resnext_flops.tables.sentences import MEANING, Prove, how_met, proof_sentence


def googlenet(prove: Prove | None = None) -> Table:
    """Table 1 of the GoogLeNet paper, row by row: the weights and operations that it prints against the exact ones.

    prove: what builds and compares the whole network; without it nothing is built.

    >>> [row["ops_agreement"] for row in googlenet().rows][:3]
    ['differs by +247.10 %', 'met, rounded', 'met']
    """
    data, network_of_paper = published("googlenet")["table_1"], network("googlenet_2014")
    cost = network_of_paper.cost()
    rows: list[dict[str, Cell]] = []
    agreements: list[Agreement] = []
    for printed in data["rows"]:
        part = cost.stage(printed["part"])
        params_k = Decimal(printed["params_k"])
        weights, ops = agreement(params_k, Decimal(part.weights) / 1024), agreement(printed["ops"], part.macs)
        agreements += [weights, ops]
        row: dict[str, Cell] = {
            "layer": printed["layer"],
            "output": show(tuple(printed["output"])),
            "params_printed": f"{params_k:f} K",
            "weights": part.weights,
            "params_agreement": str(weights),
            "ops_printed": printed["ops"],
            "macs": part.macs,
            "ops_agreement": str(ops),
        }
        rows.append(row)
    return Table(
        id="googlenet",
        title="GoogLeNet's Table 1, row by row",
        source=data["source"],
        columns=(
            Column("layer", "layer"),
            Column("output", "output", rank=4),
            Column("params_printed", "printed\nparams", rank=2),
            Column("weights", "weights", rank=1),
            Column("params_agreement", "weights\nas printed", rank=3),
            Column("ops_printed", "printed\nops", rank=1),
            Column("macs", "mult-adds"),
            Column("ops_agreement", "mult-adds\nas printed"),
        ),
        rows=rows,
        notes=(
            *(f"{row['layer']}: {row['explanation']}." for row in data["rows"] if "explanation" in row),
            "The paper's K is 1024: its linear layer of 1024 * 1000 weights has 1000K.",
            MEANING,
            *how_met(agreements),
        ),
        proof=proof_sentence([prove(network_of_paper) if prove else None]),
    )
