"""The tables, the equation and the figures of the ResNeXt paper that are worked out, held against what it prints."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from resnext_flops.complexity import notation
from resnext_flops.complexity.families.resnet import resnet
from resnext_flops.complexity.families.resnext import block_form, resnext
from resnext_flops.complexity.figures import FIGURES
from resnext_flops.complexity.layers import Description, Node, Sequential, Shape, show, stages
from resnext_flops.complexity.names import network
from resnext_flops.complexity.network import Network, described
from resnext_flops.complexity.scope import template_block
from resnext_flops.design.solve import solve_width
from resnext_flops.numerals import printed as printed_figure
from resnext_flops.proof.published import Agreement, agreement, published
from resnext_flops.show.render import text
from resnext_flops.show.table import Approximate, Cell, Column, Deviation, Stage, Table
from resnext_flops.tables.sentences import Prove, how_met, proof_sentence

FORMS = {"a": "(a) C paths, summed", "b": "(b) C paths, concatenated before one 1x1", "c": "(c) one path in C groups"}
BLOCK_INPUT = (256, 56, 56)


def table_1(prove: Prove | None = None) -> Table:
    """The paper's Table 1: ResNet-50 and ResNeXt-50 (32x4d), stage by stage, blocks written from the descriptions.

    prove: what builds and compares a network; without it fvcore's rows are empty.

    >>> [str(part) for part in table_1().rows[2]["resnext"]]
    ['[1x1, 256; 3x3, 256, C=32; 1x1, 512] x 4']
    """
    data, networks = published("resnext")["table_1"], _networks_of_table_1()
    proofs = {name: prove(network) if prove else None for name, network in networks.items()}
    columns = (
        Column("row", ""),
        Column("output", "output", rank=1),
        Column("resnet", "ResNet-50"),
        Column("resnext", "ResNeXt-50 (32x4d)"),
        Column("agrees", "as printed", rank=2),
    )
    params, macs = (
        {name: agreement(data[printed][name], getattr(each.cost(), figure)) for name, each in networks.items()}
        for figure, printed in PRINTED_IN_TABLE_1.items()
    )
    rows = [
        *_stage_rows(networks, data["stages"]),
        *_figure_rows(
            "params", params, "built", {name: proof.params if proof else None for name, proof in proofs.items()}
        ),
        *_figure_rows(
            "mult-adds", macs, "fvcore", {name: proof.fvcore_macs if proof else None for name, proof in proofs.items()}
        ),
    ]
    notes = (
        "Brackets and sizes are written from the descriptions; the paper's last row also names the softmax, which has "
        "no weights and no multiply-adds.",
        *how_met((*params.values(), *macs.values())),
        *(["fvcore's multiply-adds are those of convolution and linear layers."] if prove else []),
    )
    title = "Table 1: ResNet-50 and ResNeXt-50 with a 32x4d template"
    return Table("1", title, data["source"], columns, rows, notes, proof_sentence(list(proofs.values())))


PRINTED_IN_TABLE_1 = {"params": "params", "macs": "flops"}


def _networks_of_table_1() -> dict[str, Network]:
    return {"resnet": resnet(50), "resnext": resnext(50, cardinality=32, width=4)}


def printed_in_table_1() -> Iterator[tuple[str, Agreement]]:
    """What Table 1 prints of its networks, each figure with its name, against the exact one.

    >>> [str(found) for _, found in printed_in_table_1()]
    ['met, truncated', 'met', 'met, rounded', 'met']
    """
    printed = published("resnext")["table_1"]
    for figure, key in PRINTED_IN_TABLE_1.items():
        for name, each in _networks_of_table_1().items():
            yield f"{FIGURES[figure]} of {each!r}", agreement(printed[key][name], getattr(each.cost(), figure))


def _stage_rows(networks: Mapping[str, Network], printed: Sequence[Mapping[str, str]]) -> list[dict[str, Cell]]:
    parts = {name: {stage[0]: stage for stage in stages(network.description)} for name, network in networks.items()}
    rows: list[dict[str, Cell]] = []
    for stage in printed:
        blocks = {name: _stage(*parts[name][stage["stage"]][1:3]) for name in networks}
        outputs = {name: parts[name][stage["stage"]][3] for name in networks}
        output = show(outputs["resnet"][1:]) or "1x1"
        agrees = output == stage["output"] and all(text(blocks[name]) == stage[name] for name in networks)
        rows.append({"row": stage["stage"], "output": output, **blocks, "agrees": agrees})
    return rows


def _stage(node: Node, shape: Shape) -> Stage:
    return tuple(notation.stage(node, shape)) if isinstance(node, Sequential) else ()


def _figure_rows(
    what: str, agreements: Mapping[str, Agreement], counter: str, counted: Mapping[str, int | None]
) -> list[dict[str, Cell]]:
    exact: dict[str, Cell] = {name: int(found.exact) for name, found in agreements.items()}
    equal = all(counted[name] in (None, figure) for name, figure in exact.items())
    return [
        {"row": f"{what}, printed", **{name: found.printed for name, found in agreements.items()}},
        {"row": f"{what}, exact", **exact, "agrees": all(found.holds for found in agreements.values())},
        {"row": f"{what}, agreement", **{name: str(found) for name, found in agreements.items()}},
        {"row": f"{what}, {counter}", **counted, "agrees": equal if any(counted.values()) else None},
    ]


def table_2() -> Table:
    """The paper's Table 2: its five cardinalities, and for each the width d it prints beside the one solved for.

    >>> [table_2().rows[row]["C=8"] for row in (0, 1)]
    [14, 14]
    """
    data = published("resnext")["table_2"]
    solutions = solve_width(resnet(50), data["cardinality"])
    names = [f"C={cardinality}" for cardinality in data["cardinality"]]
    blocks = [solution.network.part("block") for solution in solutions]
    group_widths = [solution.sizes["C"] * solution.sizes["d"] for solution in solutions]
    widths = [solution.sizes["d"] for solution in solutions]
    lines: list[tuple[str, Sequence[Cell], bool | None]] = [
        ("width of bottleneck d, printed", data["width"], None),
        ("width of bottleneck d, solved", widths, widths == data["width"]),
        ("width of group conv., printed", data["group_width"], None),
        ("width of group conv., solved", group_widths, group_widths == data["group_width"]),
    ]
    rows = [{"row": row, **dict(zip(names, cells, strict=True)), "agrees": agrees} for row, cells, agrees in lines]
    return Table(
        id="2",
        title="Table 2: cardinality and width at preserved complexity, template of conv2",
        source=data["source"],
        columns=(Column("row", ""), *(Column(name, name) for name in names), Column("agrees", "as printed", rank=1)),
        rows=rows,
        notes=(
            _spread("weights of a block", data["block_params"], [block.weights for block in blocks]),
            _spread("multiply-adds of a block at 56x56", data["block_flops"], [block.macs for block in blocks]),
        ),
    )


def _spread(what: str, printed: Decimal, exact: Sequence[int]) -> str:
    """How an approximate figure of the paper's compares with the exact ones of a row."""
    off = [text(Deviation.of(figure, int(printed))) for figure in exact]
    return f"The paper's ~{text(printed)} {what}: {', '.join(f'{figure:,}' for figure in exact)} ({', '.join(off)})."


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
        rows.append(row | ({"fvcore_macs": proof.fvcore_macs, "proven": proof.proven} if proof else {}))
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
        rows.append(row | ({"proven": proof.proven} if proof else {}))
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
