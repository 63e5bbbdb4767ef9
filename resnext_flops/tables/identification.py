"""What a printed figure can be, as a table: conventions and variants of a network."""

from collections.abc import Sequence

from resnext_flops.proof.identify import AS_IT_IS, Candidate
from resnext_flops.show.table import Column, Table


def identification(name: str, figure: str, found: Sequence[Candidate]) -> Table:
    """What gives a printed figure: the answer is the title."""
    rows = [
        {
            "what": candidate.what,
            "unit": candidate.unit or None,
            "variant": candidate.variant,
            "exact": candidate.agreement.exact,
            "agreement": str(candidate.agreement),
        }
        for candidate in found
    ]
    columns = (
        Column("what", "convention"),
        Column("unit", "unit", rank=1),
        Column("variant", "network"),
        Column("exact", "exact figure"),
        Column("agreement", "agreement"),
    )
    return Table("identify", answer(name, figure, found), "", columns, rows)


def answer(name: str, figure: str, found: Sequence[Candidate]) -> str:
    """What a printed figure is, in one sentence.

    >>> from resnext_flops.proof.identify import identify
    >>> answer("resnet50", "25.6M", identify("resnet50", "25.6M"))
    '25.6M is a figure of resnet50: it has 25,557,032 parameters (rounded).'
    """
    first, more = found[0], len(found) - 1
    exact = f"{first.agreement.exact:,}"
    model = name if first.variant == AS_IT_IS else f"{name} ({first.variant})"
    costs = f"by the convention {first.what}, it costs {exact} {first.unit}s"
    cost = f"{costs if first.unit else f'it has {exact} {first.what}'} ({first.agreement})"
    if not first.agreement.holds:
        return f"{figure} is no figure of {name}; the nearest is of {model}: {cost}."
    others = f"; {more} more agree{'s' if more == 1 else ''}" if more else ""
    return f"{figure} is a figure of {model}: {cost}{others}."
