"""The ResNeXt paper's tables, rebuilt from descriptions and held against what the paper prints."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from resnext_flops.complexity import notation
from resnext_flops.complexity.families.resnet import resnet
from resnext_flops.complexity.families.resnext import resnext
from resnext_flops.complexity.layers import Node, Sequential, Shape, show, stages
from resnext_flops.complexity.network import Network
from resnext_flops.complexity.scope import template_block
from resnext_flops.design.solve import WIDTH_FIGURES, Solution, solve_width
from resnext_flops.proof.published import agreement, published
from resnext_flops.proof.rungs import Proof
from resnext_flops.show.render import EMPTY, text
from resnext_flops.show.table import Cell, Column, Deviation, Stage, Table
from resnext_flops.tables.sentences import MEANING, Prove, proof_sentence

SOURCE = "Xie et al., Aggregated Residual Transformations for Deep Neural Networks, arXiv:1611.05431v2"
TEMPLATE_CARDINALITIES = (1, 2, 4, 8, 16, 32, 64)


def template(
    reference: Network,
    cardinalities: Sequence[int] = TEMPLATE_CARDINALITIES,
    scope: str = "block",
    prove: Prove | None = None,
) -> Table:
    """The width d that keeps the reference's cost at each cardinality, what the network then costs, and the proof.

    reference: the ResNet whose cost is the budget.
    cardinalities: the values of C, one row each.
    scope: `block` or `network`, as in `solve_width`.
    prove: what builds and compares a network; without it the columns of the proof are empty.

    Raises InputError as `solve_width` does.

    >>> [row["width"] for row in template(resnet(50)).rows]
    [64, 40, 24, 14, 8, 4, 2]
    """
    solutions = solve_width(reference, cardinalities, scope)
    proofs = [prove(solution.network) if prove else None for solution in solutions]
    height, width = template_block(reference.description).entries[-1].output[1:]
    return Table(
        id="template",
        title=f"The width d that keeps the cost of {reference!r} at each cardinality C, {scope} scope",
        source=f"{SOURCE}, Table 2 and Eqn. 4",
        columns=(
            Column("cardinality", "C"),
            Column("real_width", "d*", rank=4),
            Column("width", "d"),
            Column("paper_width", "paper's\nd", rank=1),
            Column("agrees", "agrees", rank=2),
            Column("group_width", "group\nwidth", rank=6),
            Column("block_weights", "block\nweights", rank=3),
            Column("block_macs", f"block\nmult-adds\nat {height}x{width}", rank=7),
            Column("params", "network\nparams"),
            Column("macs", "network\nmult-adds"),
            Column("fvcore_macs", "fvcore\nconv + linear", rank=5),
            Column("fvcore_extra", "fvcore's\nextra", rank=8),
            Column("deviation_percent", "against\nreference", rank=1),
            Column("proven", "proven"),
        ),
        rows=[_template_row(each, reference, proof) for each, proof in zip(solutions, proofs, strict=True)],
        notes=_template_notes(reference, scope, solutions),
        proof=proof_sentence(proofs),
    )


def _template_row(solution: Solution, reference: Network, proof: Proof | None) -> dict[str, Cell]:
    paper = dict(zip(*(published("resnext")["table_2"][key] for key in ("cardinality", "width")), strict=True))
    cardinality, width = solution.sizes["C"], solution.sizes["d"]
    printed = paper.get(cardinality)
    block, cost = solution.network.part("block"), solution.network.cost()
    return {
        "cardinality": cardinality,
        "real_width": solution.root,
        "width": width,
        "paper_width": printed,
        "agrees": None if printed is None else printed == width,
        "group_width": cardinality * width,
        "block_weights": block.weights,
        "block_macs": block.macs,
        "params": cost.params,
        "macs": cost.macs,
        "fvcore_macs": proof.fvcore_macs if proof else None,
        "fvcore_extra": proof.fvcore_total - proof.fvcore_macs if proof else None,
        "deviation_percent": Deviation.of(cost.macs, reference.cost().macs),
        "proven": proof.holds if proof else None,
    }


def _template_notes(reference: Network, scope: str, solutions: Sequence[Solution]) -> list[str]:
    budget = solutions[0].budget
    unit = {"block": "weights of one block", "network": "multiply-adds"}[scope]
    notes = [
        f"d* meets the budget of {budget:,} {unit} exactly; d is the whole number whose cost is nearest to it. "
        "Block weights are those of Eqn. 4.",
        MEANING,
        _where_scopes_differ(reference, scope, solutions),
        "fvcore's extra is what it counts besides, by its default rules: 2 an element for batch norm and 1 for global "
        "average pooling; its own total is the sum of its two columns.",
    ]
    if any(row.sizes["C"] not in published("resnext")["table_2"]["cardinality"] for row in solutions):
        notes.append(f"{EMPTY} under paper's d: a cardinality that the paper's Table 2 does not have.")
    return notes


def _where_scopes_differ(reference: Network, scope: str, solutions: Sequence[Solution]) -> str:
    other = next(name for name in WIDTH_FIGURES if name != scope)
    others = solve_width(reference, [solution.sizes["C"] for solution in solutions], other)
    different = [
        f"C = {here.sizes['C']} (d = {there.sizes['d']} at {other} scope, {here.sizes['d']} here)"
        for here, there in zip(solutions, others, strict=True)
        if here.sizes != there.sizes
    ]
    if not different:
        return f"At {other} scope every d is the same."
    return f"At {other} scope the answer differs at {' and at '.join(different)}."


def table_1(prove: Prove | None = None) -> Table:
    """The paper's Table 1: ResNet-50 and ResNeXt-50 (32x4d), stage by stage, blocks written from the descriptions.

    prove: what builds and compares a network; without it fvcore's rows are empty.

    >>> [str(part) for part in table_1().rows[2]["resnext"]]
    ['[1x1, 256; 3x3, 256, C=32; 1x1, 512] x 4']
    """
    data = published("resnext")["table_1"]
    networks = {"resnet": resnet(50), "resnext": resnext(50, cardinality=32, width=4)}
    proofs = {name: prove(network) if prove else None for name, network in networks.items()}
    columns = (
        Column("row", ""),
        Column("output", "output", rank=1),
        Column("resnet", "ResNet-50"),
        Column("resnext", "ResNeXt-50 (32x4d)"),
        Column("agrees", "as printed", rank=2),
    )
    rows = [
        *_stage_rows(networks, data["stages"]),
        *_figure_rows(
            "params",
            data["params"],
            {name: network.cost().params for name, network in networks.items()},
            "built",
            {name: proof.params if proof else None for name, proof in proofs.items()},
        ),
        *_figure_rows(
            "mult-adds",
            data["flops"],
            {name: network.cost().macs for name, network in networks.items()},
            "fvcore",
            {name: proof.fvcore_macs if proof else None for name, proof in proofs.items()},
        ),
    ]
    notes = (
        "Brackets and sizes are written from the descriptions; the paper's last row also names the softmax, which has "
        "no weights and no multiply-adds.",
        "The paper prints multiply-adds (mult-adds) as FLOPs; fvcore's are those of convolution and linear layers. A "
        "figure agrees if it gives the paper's last printed digit when it is rounded or truncated.",
    )
    title = "Table 1: ResNet-50 and ResNeXt-50 with a 32x4d template"
    return Table("1", title, data["source"], columns, rows, notes, proof_sentence(list(proofs.values())))


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
    what: str,
    printed: Mapping[str, Decimal],
    exact: Mapping[str, int],
    counter: str,
    counted: Mapping[str, int | None],
) -> list[dict[str, Cell]]:
    agreements = {name: agreement(printed[name], figure) for name, figure in exact.items()}
    equal = all(counted[name] in (None, figure) for name, figure in exact.items())
    return [
        {"row": f"{what}, printed", **printed},
        {"row": f"{what}, exact", **exact, "agrees": all(each.holds for each in agreements.values())},
        {"row": f"{what}, agreement", **{name: str(each) for name, each in agreements.items()}},
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
