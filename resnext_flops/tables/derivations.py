"""Tables that are worked out: Eqn. 4, the forms of Figure 3, the speed of Section 5.1, and GoogLeNet's own table."""

from decimal import Decimal
from fractions import Fraction

from resnext_flops.complexity.families.resnext import block_form, resnext
from resnext_flops.complexity.layers import Description, Sequential, show
from resnext_flops.complexity.names import network
from resnext_flops.complexity.network import described
from resnext_flops.complexity.scope import template_block
from resnext_flops.numerals import printed as printed_figure
from resnext_flops.proof.published import agreement, published
from resnext_flops.show.table import Approximate, Cell, Column, Deviation, Table
from resnext_flops.tables.sentences import MEANING, MET, Prove, proof_sentence

FORMS = {"a": "(a) C paths, summed", "b": "(b) C paths, concatenated before one 1x1", "c": "(c) one path in C groups"}
BLOCK_INPUT = (256, 56, 56)


def equation_4() -> Table:
    """Eqn. 4 of the paper, C (256 d + 9 d^2 + 256 d), term by term, against the ledger's weights of the same block.

    >>> [row["weights"] == row["ledger"] for row in equation_4().rows]
    [True, True, True, True, True]
    """
    data = published("resnext")["table_2"]
    rows: list[dict[str, Cell]] = []
    for c, d in zip(data["cardinality"], data["width"], strict=True):
        terms = (c * 256 * d, c * 3 * 3 * d * d, c * d * 256)
        block = template_block(resnext(50, cardinality=c, width=d).description)
        rows.append(
            {
                "cardinality": c,
                "width": d,
                "reduce": terms[0],
                "grouped": terms[1],
                "expand": terms[2],
                "weights": sum(terms),
                "ledger": block.weights,
                "printed": Approximate(data["block_params"]),
                "off_percent": Deviation.of(block.weights, int(data["block_params"])),
            }
        )
    return Table(
        id="eq4",
        title="Eqn. 4: the weights of a block, C (256 d + 3 * 3 * d * d + d * 256)",
        source="Xie et al., arXiv:1611.05431v2, Eqn. 4 and Table 2",
        columns=(
            Column("cardinality", "C"),
            Column("width", "d"),
            Column("reduce", "1x1\nC 256 d", rank=2),
            Column("grouped", "3x3\nC 9 d^2", rank=2),
            Column("expand", "1x1\nC d 256", rank=2),
            Column("weights", "sum"),
            Column("ledger", "ledger"),
            Column("printed", "printed", rank=1),
            Column("off_percent", "against\nprinted", rank=1),
        ),
        rows=rows,
        notes=("ResNet's block is the first row: 256 * 64 + 3 * 3 * 64 * 64 + 64 * 256.",),
    )


def figure_3(prove: Prove | None = None) -> Table:
    """The three forms of a 32x4d block in Figure 3, with equal weights and multiply-adds.

    prove: what builds and compares each form; without it the columns of the proof are left out.

    >>> len({row["macs"] for row in figure_3().rows})
    1
    """
    bodies = {form: Sequential.of(block=block_form(form, 32, 4, 256)) for form in FORMS}
    blocks = {form: described(Description(BLOCK_INPUT, body), f"form {form}") for form, body in bodies.items()}
    proofs = [prove(block) if prove else None for block in blocks.values()]
    rows: list[dict[str, Cell]] = []
    for (form, block), proof in zip(blocks.items(), proofs, strict=True):
        cost = block.cost()
        row: dict[str, Cell] = {"form": FORMS[form], "layers": len(cost), "params": cost.params}
        row |= {"weights": cost.weights, "macs": cost.macs}
        rows.append(row | ({"fvcore_macs": proof.fvcore_macs, "proven": proof.holds} if proof else {}))
    return Table(
        id="fig3",
        title="Figure 3: one block of ResNeXt, 256-d in and out, 32x4d, in its three forms at 56x56",
        source="Xie et al., arXiv:1611.05431v2, Figure 3 and footnote 6",
        columns=(
            Column("form", "form"),
            Column("layers", "layers", rank=2),
            Column("params", "params"),
            Column("weights", "weights"),
            Column("macs", "mult-adds"),
            *((Column("fvcore_macs", "fvcore\nconv + linear", rank=1), Column("proven", "proven")) if prove else ()),
        ),
        rows=rows,
        notes=(
            "Form (a) has its last batch norm after the sum, as footnote 6 says: with one in each path it would be "
            "another function. The tests copy the weights of (c) into (a) and (b) and find equal outputs.",
        ),
        proof=proof_sentence(proofs),
    )


def performance(prove: Prove | None = None) -> Table:
    """Section 5.1's seconds for a mini-batch, with the training cost of each network and the speed that gives.

    prove: what builds and compares each network; without it the columns of the proof are left out.

    >>> row = performance().rows[1]
    >>> row["model"], row["training_macs"] == 256 * (3 * row["macs"] - 7 * 7 * 3 * 64 * 112 * 112)
    ('ResNet-101', True)
    """
    data = published("resnext")["performance"]
    networks = [network(row["network"]) for row in data["rows"]]
    proofs = [prove(each) if prove else None for each in networks]
    batch, peak = data["mini_batch"], data["gpus"] * int(data["peak_flops"])
    rows: list[dict[str, Cell]] = []
    for printed, each, proof in zip(data["rows"], networks, proofs, strict=True):
        cost = each.cost()
        training = batch * cost.training_macs
        achieved = Fraction(2 * training) / Fraction(printed["seconds"])
        row: dict[str, Cell] = {key: printed[key] for key in ("model", "setting", "seconds")}
        row |= {"macs": cost.macs, "training_macs": training, "flops_per_second": round(achieved)}
        row |= {"peak_percent": achieved / peak}
        rows.append(row | ({"proven": proof.holds} if proof else {}))
    return Table(
        id="performance",
        title=f"Section 5.1: seconds for a mini-batch of {batch} on 8 M40, and the speed they mean",
        source=f"{data['source']}; {data['peak_source']}",
        columns=(
            Column("model", "model"),
            Column("setting", "setting"),
            Column("seconds", "seconds\nprinted"),
            Column("macs", "forward\nmult-adds", rank=2),
            Column("training_macs", f"training\nmult-adds of {batch}", rank=1),
            Column("flops_per_second", "FLOP/s\n(2 a mult-add)"),
            Column("peak_percent", "of the\npeak"),
            *((Column("proven", "proven", rank=3),) if prove else ()),
        ),
        rows=rows,
        notes=(
            "Training multiply-adds are those of the forward pass, of the gradient of every weight and of the gradient "
            "of every layer's input but the first layer's; each equals the layer's own. Nothing else is counted, so "
            "the speed is a lower bound of what the GPUs did.",
            f"The peak is {data['gpus']} times {printed_figure(data['peak_flops'])} single-precision FLOP/s.",
        ),
        proof=proof_sentence(proofs),
    )


def googlenet(prove: Prove | None = None) -> Table:
    """Table 1 of the GoogLeNet paper, row by row: the weights and operations that it prints against the exact ones.

    prove: what builds and compares the whole network; without it nothing is built.

    >>> [row["ops_agreement"] for row in googlenet().rows][:3]
    ['differs by +247.10 %', 'rounded', 'rounded or truncated']
    """
    data, network_of_paper = published("googlenet")["table_1"], network("googlenet_2014")
    cost = network_of_paper.cost()
    rows: list[dict[str, Cell]] = []
    for printed in data["rows"]:
        part = cost.stage(printed["part"])
        ops = agreement(printed["ops"], part.macs)
        params_k = Decimal(printed["params_k"])
        row: dict[str, Cell] = {
            "layer": printed["layer"],
            "output": show(tuple(printed["output"])),
            "params_printed": f"{params_k:f} K",
            "weights": part.weights,
            "params_agreement": str(agreement(params_k, Decimal(part.weights) / 1024)),
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
            MET,
        ),
        proof=proof_sentence([prove(network_of_paper) if prove else None]),
    )
