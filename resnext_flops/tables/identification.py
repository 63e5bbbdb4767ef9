"""What a printed figure can be, as a table: conventions and variants of a network."""

from collections.abc import Sequence

from resnext_flops.proof.identify import Candidate
from resnext_flops.show.table import Column, Table


def identification(name: str, figure: str, found: Sequence[Candidate]) -> Table:
    """What gives a printed figure."""
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
    holds = any(candidate.agreement.holds for candidate in found)
    note = "" if holds else "No convention gives this figure on any variant; the nearest is shown."
    return Table("identify", f"What {figure} of {name} can be", "", columns, rows, (note,) if note else ())
