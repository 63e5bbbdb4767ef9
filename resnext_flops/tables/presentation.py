"""Which tables a result has, and the result as text, for rich and as HTML: the presentation of `display.py`."""

from functools import singledispatch
from typing import TYPE_CHECKING, Any

from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.memory import Memory
from resnext_flops.counters.audit import Audit
from resnext_flops.counters.difference import Difference
from resnext_flops.design.compare import Comparison
from resnext_flops.design.solve import Solutions
from resnext_flops.machine.measure import Measured, Measurement
from resnext_flops.machine.predict import Estimates
from resnext_flops.proof.identify.search import Identification
from resnext_flops.proof.rungs import Proof
from resnext_flops.show.render import TerminalTable, to_html, to_text
from resnext_flops.show.table import Table
from resnext_flops.tables import measurements
from resnext_flops.tables.audit import audit
from resnext_flops.tables.breakdown import breakdown
from resnext_flops.tables.compared import compared
from resnext_flops.tables.difference import difference
from resnext_flops.tables.estimates import estimates
from resnext_flops.tables.identification import identification
from resnext_flops.tables.proof import proof
from resnext_flops.tables.solutions import solutions

if TYPE_CHECKING:
    from rich.console import Group


@singledispatch
def tables(result: object) -> list[Table]:
    """The tables of a result, in the order in which they are shown.

    Raises TypeError for what is not shown as tables.

    >>> import resnext_flops as rf
    >>> [table.id for table in tables(rf.audit(rf.resnet_cifar(20), run=False))]
    ['audit', 'bridge']
    """
    raise TypeError(f"{type(result).__name__} is not shown as tables")


@tables.register
def _(result: Ledger) -> list[Table]:
    """The cost by stage; what a traced module's figures leave open stands below it."""
    return [breakdown(result)]


@tables.register
def _(result: Solutions) -> list[Table]:
    return [solutions(result, result.reference)] if result else []


@tables.register
def _(result: Comparison) -> list[Table]:
    return [compared(result)]


@tables.register
def _(result: Audit) -> list[Table]:
    return audit(result)


@tables.register
def _(result: Identification) -> list[Table]:
    return [identification(result.model, result)]


@tables.register
def _(result: Difference) -> list[Table]:
    return [difference(result)]


@tables.register
def _(result: Memory) -> list[Table]:
    return [measurements.parts(result)]


@tables.register
def _(result: Measured) -> list[Table]:
    return [measurements.one(result)]


@tables.register
def _(result: Measurement) -> list[Table]:
    found = [measurements.times(result), measurements.memory(result)]
    return [table for table in found if table.rows]


@tables.register
def _(result: Estimates) -> list[Table]:
    return [estimates(result, result.profiles)]


@tables.register
def _(result: Proof) -> list[Table]:
    return [proof(result)]


def plain(result: Any) -> str:
    """The tables of a result as aligned text."""
    return "\n\n".join(to_text(table).rstrip() for table in tables(result))


def rich(result: Any) -> "Group":
    """The tables of a result for rich, which fit themselves into the width of the terminal."""
    from rich.console import Group

    return Group(*(TerminalTable(table) for table in tables(result)))


def html(result: Any) -> str:
    """The tables of a result as HTML, every text escaped."""
    return "".join(map(to_html, tables(result)))
