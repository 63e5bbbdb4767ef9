"""The designs that a sweep selected, as a table."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from resnext_flops.complexity.architecture import BATCH
from resnext_flops.complexity.figures import COMMON
from resnext_flops.design.sweep.sweep import COUNTED
from resnext_flops.proof.rungs import Proof
from resnext_flops.show.table import Cell, Column, Table
from resnext_flops.tables.sentences import MEANING, MEANING_OF_RUNS, meaning, proof_sentence
from resnext_flops.tables.solutions import HEADERS

if TYPE_CHECKING:
    import pandas


def swept(
    frame: "pandas.DataFrame",
    title: str,
    most: int | None = None,
    proofs: Mapping[int, Proof] | None = None,
) -> Table:
    """A row for each design: its number, its sizes and its figures.

    frame: the result of a sweep.
    most: show so many designs at most, and say how many are left out.
    proofs: of the designs that were built and compared, by their numbers.

    >>> import resnext_flops as rf
    >>> table = swept(rf.sweep(rf.resnext(50), {"C": [1, 32], "d": [4]}, by="macs"), "two designs", most=1)
    >>> [row["C"] for row in table.rows], table.notes[0]
    ([1], '1 more design is selected.')
    """
    shown = frame.head(len(frame) if most is None else most)
    cells = {str(name): column.tolist() for name, column in shown.items()}
    rows: list[dict[str, Cell]] = [
        {"design": number, **dict(zip(cells, values, strict=True))}
        for number, *values in zip(shown.index.tolist(), *cells.values(), strict=True)
    ]
    if proofs:
        for row, number in zip(rows, shown.index.tolist(), strict=True):
            row["proven"] = proofs[number].holds if number in proofs else None
    left = len(frame) - len(shown)
    more = [f"{left:,} more design{' is' if left == 1 else 's are'} selected."] if left else []
    said = meaning(of="all N examples") if BATCH in cells else MEANING
    if COUNTED in cells:
        counted = sum(bool(held) for held in frame[COUNTED])
        more.append(f"Figures are interpolated; {counted:,} of {len(frame):,} designs were counted on the real model.")
        said = MEANING_OF_RUNS
    return Table(
        id="sweep",
        title=title,
        source="",
        columns=(
            Column("design", "design", rank=len(cells) + 1),
            *(Column(name, HEADERS.get(name, name), rank=_rank(name)) for name in cells),
            *((Column("proven", "proven"),) if proofs else ()),
        ),
        rows=rows,
        notes=(*more, said),
        proof=proof_sentence(list(proofs.values())) if proofs else "",
    )


def _rank(name: str) -> int:
    """Figures are dropped before sizes and what the designs are ordered by."""
    return 1 + sorted(COMMON, key=lambda figure: figure != "macs").index(name) if name in COMMON else 0
