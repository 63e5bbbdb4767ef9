"""Every table by its id: the worked-out ones by name, the listed ones by their data files."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from resnext_flops.errors import known_name
from resnext_flops.proof.published import table_files
from resnext_flops.show.table import Table
from resnext_flops.tables import paper
from resnext_flops.tables.googlenet import googlenet
from resnext_flops.tables.lineage import lineage
from resnext_flops.tables.listings import listed
from resnext_flops.tables.sentences import Prove

Builder: TypeAlias = Callable[[Prove | None], Table]

WORKED_OUT: Mapping[str, Builder] = {
    "1": paper.table_1,
    # What these two solve and add up is proven on real models by the template table.
    "2": lambda _: paper.table_2(),
    "eq4": lambda _: paper.equation_4(),
    "fig3": paper.figure_3,
    "googlenet": googlenet,
    "lineage": lineage,
    "performance": paper.performance,
}


def tables() -> dict[str, Builder]:
    """The builders of all tables but the template, by id, in the order of the ids.

    >>> list(tables())[:4]
    ['1', '2', '3', '4']
    """
    every: dict[str, Builder] = dict(WORKED_OUT)
    every |= {name: partial(listed, name) for name in table_files()}
    return {name: every[name] for name in sorted(every)}


def builder(name: str) -> Builder:
    """The builder of one table. Raises InputError, with the nearest ids, for an id that no table has."""
    every = tables()
    return every[known_name("table", name, ["template", *every, "all"])]
