"""The designs that a sweep selected, or that a space was sampled for, as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from resnext_flops.complexity.architecture import BATCH
from resnext_flops.complexity.expressions import text_of
from resnext_flops.complexity.figures import COMMON, TIME
from resnext_flops.design.spaces import Sampled
from resnext_flops.design.sweep.sweep import COUNTED
from resnext_flops.numerals import MILLISECOND, grouped
from resnext_flops.proof.rungs import Proof
from resnext_flops.show.table import Cell, Column, Significant, Table
from resnext_flops.tables.sentences import MEANING, MEANING_OF_RUNS, meaning, proof_sentence
from resnext_flops.tables.solutions import HEADERS

if TYPE_CHECKING:
    import pandas

    from resnext_flops.machine.session import Turns

# What a design takes that was run on this machine, and half of the interval of its median, as a share of it.
MEASURED = (Column("measured_ms", "measured\nms"), Column("uncertainty_percent", "±", rank=1))


def swept(
    frame: "pandas.DataFrame",
    title: str,
    most: int | None = None,
    proofs: Mapping[int, Proof] | None = None,
    remarks: Sequence[str] = (),
    runs: "Mapping[int, Turns] | None" = None,
) -> Table:
    """A row for each design: its number, its sizes and its figures.

    frame: the result of a sweep.
    most: show so many designs at most, and say how many are left out.
    proofs: of the designs that were built and compared, by their numbers.
    remarks: what is said of estimated times.
    runs: what designs take that were run on this machine, by their numbers.

    >>> import resnext_flops as rf
    >>> table = swept(rf.sweep(rf.resnext(50), {"C": [1, 32], "d": [4]}, by="macs"), "two designs", most=1)
    >>> [row["C"] for row in table.rows], table.notes[0]
    ([1], '1 more design is selected.')
    """
    shown = frame.head(len(frame) if most is None else most)
    cells = {str(name): column.tolist() for name, column in shown.items()}
    if TIME in cells:
        cells["ms"] = [Significant(each / MILLISECOND) for each in cells.pop(TIME)]
    rows: list[dict[str, Cell]] = [
        {"design": number, **dict(zip(cells, values, strict=True))}
        for number, *values in zip(shown.index.tolist(), *cells.values(), strict=True)
    ]
    if proofs:
        for row, number in zip(rows, shown.index.tolist(), strict=True):
            row["proven"] = proofs[number].proven if number in proofs else None
    if runs:
        for row, number in zip(rows, shown.index.tolist(), strict=True):
            row["measured_ms"] = 1000 * runs[number].seconds if number in runs else None
            row["uncertainty_percent"] = Fraction(runs[number].ratio.uncertainty) if number in runs else None
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
            *(MEASURED if runs else ()),
        ),
        rows=rows,
        notes=(*more, *remarks, said),
        proof=proof_sentence(list(proofs.values())) if proofs else "",
        estimated=remarks,
    )


# A distribution is shown by the figures that such shares of the designs do not exceed.
SHARES = (Fraction(5, 100), Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), Fraction(95, 100), Fraction(1))
CALL = "model"


def sampled(found: Sampled, most: int | None = None) -> list[Table]:
    """The designs of a space, a row each with the call that describes it, and how their figures are distributed.

    most: as in `swept`.

    >>> from resnext_flops.design import spaces
    >>> designs, distribution = sampled(spaces.regnet_x.sample(20, budget="macs = 400M", within=1))
    >>> len(designs.rows), designs.rows[0]["model"].startswith("regnet("), distribution.rows[-1]["share_percent"]
    (20, True, Fraction(1, 1))
    """
    count, budgets = len(found.numbers), " and ".join(grouped(text_of(budget)) for budget in found.budgets)
    title = f"{count:,} design{'s' if count > 1 else ''} of {found.space.name}{f' with {budgets}' if budgets else ''}"
    frame = found.frame.assign(**{CALL: [found.call(place) for place in range(count)]})
    drawn = (
        f"Drawn with seed {found.seed}: {found.space}.",
        f"Of {found.drawn:,} candidates {found.complete:,} are networks of the space, and {count:,} of these, all "
        f"different, {'meet the budgets' if budgets else 'are shown'}.",
    )
    designs = swept(frame, title, most)
    # The call holds the sizes, and so these are left out before it.
    columns = tuple(
        column._replace(rank=0 if column.key == CALL else column.rank or len(COMMON) + 1) for column in designs.columns
    )
    # Parameters are shown with all of their digits.
    rows = [
        {name: Decimal(str(cell)) if isinstance(cell, float) else cell for name, cell in row.items()}
        for row in designs.rows
    ]
    notes = (*designs.notes[:-1], *drawn, designs.notes[-1])
    return [replace(designs, columns=columns, rows=rows, notes=notes), _distribution(found)]


def _distribution(found: Sampled) -> Table:
    """For each share of the designs, the least value that so many of them do not exceed."""
    values = {name: found.distribution(name)[0] for name in found.figures}
    rows: list[dict[str, Cell]] = [
        {"share_percent": share, **{name: each.item(ceil(share * len(each)) - 1) for name, each in values.items()}}
        for share in SHARES
    ]
    return Table(
        id="distribution",
        title=f"What the designs of {found.space.name} cost",
        source="",
        columns=(
            Column("share_percent", "share of designs"),
            *(Column(name, f"{HEADERS.get(name, name)} up to", rank=_rank(name)) for name in found.figures),
        ),
        rows=rows,
    )


def _rank(name: str) -> int:
    """Figures are dropped before sizes and what the designs are ordered by."""
    return 1 + sorted(COMMON, key=lambda figure: figure != "macs").index(name) if name in COMMON else 0
