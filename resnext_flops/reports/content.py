"""What a report says, without its form: sections of prose, formulas, tables, pictures and commands.

Every text is plain. What a form needs to show it as it is, the templates add.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from resnext_flops.show.table import Table

if TYPE_CHECKING:
    import sympy

    from resnext_flops.complexity.ledger import Ledger
    from resnext_flops.counters.lookup import Given


class Prose(NamedTuple):
    """A paragraph."""

    text: str


class Equation(NamedTuple):
    """A formula or an equation on a line of its own, and what it is."""

    text: str
    expression: "sympy.Basic"


class Picture(NamedTuple):
    """A picture of `resnext_flops.plots`: its kind and networks, and what it shows, which stands for it as text too.

    name: of its file, without a suffix.
    """

    name: str
    kind: str
    networks: "Sequence[Given | Ledger]"
    text: str


def shown(models: Sequence[str]) -> str:
    """The sentence that names the models of a picture; empty for a picture of the paper's own.

    >>> shown(["resnet50", "resnext50_32x4d"])
    'Shown: resnet50 and resnext50_32x4d.'
    """
    return f"Shown: {' and '.join(models)}." if models else ""


class Command(NamedTuple):
    """A line for a shell."""

    text: str


Part: TypeAlias = Prose | Equation | Picture | Command | Table


class Section(NamedTuple):
    """A part of a report under a title of its own."""

    title: str
    parts: Sequence[Part]


class Report(NamedTuple):
    """A report: its title, and its sections. The first section stands without a title of its own."""

    title: str
    sections: Sequence[Section]

    @property
    def tables(self) -> list[Table]:
        """All tables, in order."""
        return [part for section in self.sections for part in section.parts if isinstance(part, Table)]

    @property
    def pictures(self) -> list[Picture]:
        """All pictures, in order."""
        return [part for section in self.sections for part in section.parts if isinstance(part, Picture)]
