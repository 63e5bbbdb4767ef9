"""The answers of the solver as a table: the real root, the whole number, and what it costs in every figure."""

from collections.abc import Sequence

from resnext_flops.complexity.architecture import BATCH, DEPTH
from resnext_flops.complexity.figures import amount, estimate_of, figure_name, is_time
from resnext_flops.complexity.figures import unit as unit_of
from resnext_flops.complexity.model import Model
from resnext_flops.design.solve import Solution, identity_block
from resnext_flops.numerals import MILLISECOND
from resnext_flops.proof.rungs import Proof
from resnext_flops.show.table import Cell, Column, Deviation, Significant, Table
from resnext_flops.tables.sentences import MEANING, MEANING_OF_RUNS, Prove, meaning, proof_sentence

HEADERS = {"ms": "estimated\nms", "macs": "mult-adds"}

# So many sizes are named in a note.
MOST_NAMED = 5

# The sides of a budget on which a cost may have to be.
SIDES = ("at most", "at least")


def solutions(found: Sequence[Solution], reference: Model | None = None, prove: Prove | None = None) -> Table:
    """A row for each answer. Deviations are from the reference, or from a plain budget in its one figure.

    found: the answers of one `solve`.
    reference: the network whose cost is the budget, where there is one.
    prove: what builds and compares a network; of several pairs only the efficient ones are proven.

    >>> import resnext_flops as rf
    >>> table = solutions(rf.solve(rf.resnext(101), "C", budget=15e9))
    >>> [(row["C"], row["macs"]) for row in table.rows]
    [(62, 14992128000)]
    """
    first = found[0]
    proofs = [prove(solution.network) if prove and solution.efficient else None for solution in found]
    unit = unit_of(first.figure)
    model = first.base.call(first.sizes)
    goal = f"the {unit} of {reference.name}" if reference else amount(first.figure, first.budget)
    return Table(
        id="solve",
        title=f"{' and '.join(first.unknowns)} of {model} for {goal}, {first.scope} scope",
        source="",
        columns=_columns(first, proven=prove is not None),
        rows=[_row(solution, proof) for solution, proof in zip(found, proofs, strict=True)],
        notes=_notes(found),
        proof=proof_sentence(proofs),
        estimated=_of_times(found),
    )


def _columns(first: Solution, proven: bool) -> list[Column]:
    """Given sizes, root and answer, then the figure solved for, and the others, which are dropped first."""
    columns = [Column(name, name) for name in first.sizes if name not in first.unknowns]
    if len(first.unknowns) == 1:
        columns.append(Column("root", f"{first.unknowns[0]}*", rank=1))
    columns += [Column(name, name) for name in first.unknowns]
    if len(first.unknowns) > 1:
        columns.append(Column("efficient", "efficient"))
    for place, name in enumerate(sorted(first.costs, key=lambda name: name != first.figure)):
        key = _key(name)
        header = HEADERS.get(key, key)
        columns.append(Column(key, header, rank=2 * place))
        if name in first.budgets:
            columns.append(Column(f"{key}_deviation_percent", f"{header}\noff by", rank=max(2 * place - 1, 0)))
    counted = [Column("counted", "counted")] if first.evidence else []
    return [*columns, *counted, *([Column("proven", "proven")] if proven else [])]


def _row(solution: Solution, proof: Proof | None) -> dict[str, Cell]:
    off = {
        f"{_key(name)}_deviation_percent": Deviation.of(solution.costs[name], budget)
        for name, budget in solution.budgets.items()
    }
    return {
        **solution.sizes,
        "root": solution.root,
        "efficient": solution.efficient,
        **{
            _key(name): Significant(cost / MILLISECOND) if is_time(name) else cost
            for name, cost in solution.costs.items()
        },
        **off,
        "counted": None if solution.counted is None else solution.holds,
        "proven": proof.proven if proof else None,
    }


def _notes(found: Sequence[Solution]) -> list[str]:
    first = found[0]
    name, unit = first.unknowns[0], unit_of(first.figure)
    if len(first.unknowns) > 1:
        marked = sum(solution.efficient for solution in found)
        notes = [
            f"Every pair that costs {first.target}. Efficient ({marked} of {len(found)}) are those that no other "
            "beats: as near in every figure asked for, and nearer in one."
        ]
    else:
        side = next((f", of those that cost {word}" for word in SIDES if first.target.startswith(word)), "")
        goal = amount(first.figure, first.budget)
        exactly = f"{name}* meets the budget of {goal} exactly; " if first.root is not None else ""
        notes = [
            f"{exactly}{name} is the whole number whose cost is "
            f"nearest to it{side}{' the budget' if side else ''}. Asked for: {first.target}."
        ]
    if any(DEPTH.fullmatch(unknown) for unknown in first.unknowns):
        notes += [sentence for solution in found if (sentence := _depth_note(solution, unit))][:1]
    return [*notes, *_of_times(found), *_counted(found), _meaning(first)]


def _of_times(found: Sequence[Solution]) -> list[str]:
    """What is said of estimated times; nothing where none is among the costs."""
    return [
        estimate_of(time, list(dict.fromkeys(remark for solution in found for remark in solution.wider[time])))
        for time in found[0].wider
    ]


def _key(figure: str) -> str:
    """The column of a figure; a time is shown in milliseconds."""
    return "ms" if is_time(figure) else figure


def _meaning(solution: Solution) -> str:
    if solution.evidence:
        return MEANING_OF_RUNS
    return meaning(of="all N examples") if BATCH in solution.sizes else MEANING


def _counted(found: Sequence[Solution]) -> list[str]:
    """What was interpolated, and how it was held against the real model."""
    if not found[0].evidence:
        return []
    counted = [solution for solution in found if solution.counted is not None]
    notes = [f"{found[0].evidence} {len(counted)} of {len(found)} answers were counted on the real model."]
    if outside := [_sizes(solution) for solution in found if not solution.tried]:
        more = f" and {len(outside) - MOST_NAMED} more" if len(outside) > MOST_NAMED else ""
        named = "; ".join(outside[:MOST_NAMED])
        notes.append(f"Outside of the sizes that the formula was tried for: {named}{more}.")
    for solution in counted:
        for name, exact in (solution.counted or {}).items():
            if exact != solution.costs[name]:
                formula = f"the formula gives {solution.costs[name]:,} {figure_name(name)}"
                notes.append(f"DOES NOT HOLD: at {_sizes(solution)} {formula}; counted are {exact:,}.")
    return notes


def _sizes(solution: Solution) -> str:
    return ", ".join(f"{name} = {value}" for name, value in solution.sizes.items())


def _depth_note(solution: Solution, unit: str) -> str | None:
    block = identity_block(solution)
    if block is None:
        return None
    return (
        f"Blocks with an identity shortcut cost the same {block[0]:,} {unit} in every stage, so only the number of "
        f"blocks is determined, {block[1]} in all, and not the stage that they are in."
    )
