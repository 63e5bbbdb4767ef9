"""The template table: the width d that keeps a ResNet's cost at each cardinality C, and what the network then costs."""

from collections.abc import Sequence

from resnext_flops.complexity.network import Network
from resnext_flops.complexity.scope import template_block
from resnext_flops.design.solve import WIDTH_FIGURES, Solution, solve_width
from resnext_flops.proof.published import published
from resnext_flops.proof.rungs import Proof
from resnext_flops.show.render import EMPTY
from resnext_flops.show.table import Cell, Column, Deviation, Table
from resnext_flops.tables.sentences import MEANING, Prove, proof_sentence

SOURCE = "Xie et al., Aggregated Residual Transformations for Deep Neural Networks, arXiv:1611.05431v2"
CARDINALITIES = (1, 2, 4, 8, 16, 32, 64)
OF_FVCORE = (
    Column("fvcore_macs", "fvcore\nconv + linear", rank=5),
    Column("fvcore_extra", "fvcore's\nextra", rank=8),
)


def template(
    reference: Network,
    cardinalities: Sequence[int] = CARDINALITIES,
    scope: str = "block",
    prove: Prove | None = None,
) -> Table:
    """The width d that keeps the reference's cost at each cardinality, what the network then costs, and the proof.

    reference: the ResNet whose cost is the budget.
    cardinalities: the values of C, one row each.
    scope: `block` or `network`, as in `solve_width`.
    prove: what builds and compares a network; without it the table has no columns of the proof.

    Raises InputError as `solve_width` does.

    >>> from resnext_flops.complexity.families.resnet import resnet
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
            *(OF_FVCORE if prove else ()),
            Column("deviation_percent", "against\nreference", rank=1),
            *((Column("proven", "proven"),) if prove else ()),
        ),
        rows=[_row(solution, reference, proof) for solution, proof in zip(solutions, proofs, strict=True)],
        notes=_notes(reference, scope, solutions, proven=prove is not None),
        proof=proof_sentence(proofs),
    )


def _row(solution: Solution, reference: Network, proof: Proof | None) -> dict[str, Cell]:
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
        "proven": proof.proven if proof else None,
    }


def _notes(reference: Network, scope: str, solutions: Sequence[Solution], *, proven: bool) -> list[str]:
    budget = solutions[0].budget
    unit = {"block": "weights of one block", "network": "multiply-adds"}[scope]
    notes = [
        f"d* meets the budget of {budget:,} {unit} exactly; d is the whole number whose cost is nearest to it. "
        "Block weights are those of Eqn. 4.",
        MEANING,
        where_scopes_differ(reference, scope, solutions),
    ]
    if proven:
        notes.append(
            "fvcore's extra is what it counts besides, by its default rules: 2 an element for batch norm and 1 for "
            "global average pooling; its own total is the sum of its two columns."
        )
    if any(row.sizes["C"] not in published("resnext")["table_2"]["cardinality"] for row in solutions):
        notes.append(f"{EMPTY} under paper's d: a cardinality that the paper's Table 2 does not have.")
    return notes


def where_scopes_differ(reference: Network, scope: str, solutions: Sequence[Solution]) -> str:
    """Where the other scope gives another width, in one sentence."""
    other = next(name for name in WIDTH_FIGURES if name != scope)
    others = solve_width(reference, [solution.sizes["C"] for solution in solutions], other)
    different = [
        f"C = {here.sizes['C']} (d = {there.sizes['d']} at {other} scope, {here.sizes['d']} at {scope} scope)"
        for here, there in zip(solutions, others, strict=True)
        if here.sizes != there.sizes
    ]
    if not different:
        return f"At {other} scope every d is the same."
    return f"At {other} scope the answer differs at {' and at '.join(different)}."
