"""What a report says, without its form: a summary, and sections of prose, formulas, tables, pictures and commands.

Every text is plain. What a form needs to show it as it is, the templates add.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from resnext_flops.show.table import Table

if TYPE_CHECKING:
    import sympy

    from resnext_flops.complexity.ledger import Ledger
    from resnext_flops.counters.lookup import Given


class Prose(NamedTuple):
    """A paragraph."""

    text: str


class Points(NamedTuple):
    """A list of sentences, below a line that says what they are."""

    title: str
    items: Sequence[str]


class Figures(NamedTuple):
    """The two or three figures that matter: each with what it is."""

    items: Sequence[tuple[str, str]]


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


class Folded(NamedTuple):
    """A long table under a title, which a form that can fold shows when the reader asks for it."""

    title: str
    table: Table


Part: TypeAlias = Prose | Points | Figures | Equation | Picture | Command | Folded | Table


class Section(NamedTuple):
    """A part of a report under a title of its own."""

    title: str
    parts: Sequence[Part]


class Report(NamedTuple):
    """A report: its title, what it says in short, and its sections."""

    title: str
    summary: Sequence[Part]
    sections: Sequence[Section]

    @classmethod
    def of(cls, title: str, summary: Iterable[Part], sections: Iterable[Section]) -> "Report":
        """A report whose tables have no column and no row that is empty throughout."""
        found = [Section(each.title, [_without_empty(part) for part in each.parts]) for each in sections]
        return cls(title, [_without_empty(part) for part in summary], found)

    @property
    def contents(self) -> list[tuple[str, str]]:
        """The titles of the sections, and the places of their headings as GitHub and MyST name them, for links.

        >>> Report("title", (), [Section("resnet(50)", ()), Section("resnet(50)", ())]).contents
        [('resnet(50)', 'resnet50'), ('resnet(50)', 'resnet50-1')]
        """
        titles = [section.title for section in self.sections]
        slugs = [re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in titles]
        before = (slugs[:place].count(slug) for place, slug in enumerate(slugs))
        places = [f"{slug}-{count}" if count else slug for slug, count in zip(slugs, before, strict=True)]
        return list(zip(titles, places, strict=True))

    @property
    def parts(self) -> Iterator[Part]:
        """All parts, in order."""
        yield from self.summary
        for section in self.sections:
            yield from section.parts

    @property
    def tables(self) -> list[Table]:
        """All tables, in order."""
        parts = (part.table if isinstance(part, Folded) else part for part in self.parts)
        return [part for part in parts if isinstance(part, Table)]

    @property
    def pictures(self) -> list[Picture]:
        """All pictures, in order."""
        return [part for part in self.parts if isinstance(part, Picture)]


def _without_empty(part: Part) -> Part:
    if isinstance(part, Folded):
        return part._replace(table=part.table.without_empty())
    return part.without_empty() if isinstance(part, Table) else part
