"""A proof as a table: one row for each comparison."""

from resnext_flops.proof.rungs import Proof
from resnext_flops.show.table import Column, Table


def proof(found: Proof) -> Table:
    """What was compared with what, and how it ended.

    >>> from resnext_flops.proof.rungs import Rung
    >>> table = proof(Proof("mine", "cpu", {"torch": "2.14.1"}, 7, 5, 5, (Rung("layers", 1, against="fvcore"),)))
    >>> table.title, table.rows[0]["result"], table.notes
    ('mine on cpu: proven', 'equal', ('Versions: torch 2.14.1.',))
    """
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    return Table(
        id="proof",
        title=str(found).partition("\n")[0],
        source="",
        columns=(
            Column("rung", "rung"),
            Column("compared", "compared"),
            Column("against", "with", rank=1),
            Column("result", "result"),
        ),
        rows=[
            {
                "rung": rung.name,
                "compared": rung.compared or None,
                "against": rung.against or None,
                "result": rung.result,
            }
            for rung in found.rungs
        ],
        notes=(f"Versions: {versions}.",) if versions else (),
    )
