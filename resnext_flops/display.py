"""How a result shows itself: as tables, in plain text at a prompt, fitted to a terminal by rich, in HTML in a notebook.

The class of a result is marked with `shown`, which gives it `__repr__`, `__rich__` and `_repr_html_`. What its tables
are is the business of `tables/displayed.py`, which is loaded when something is shown.
"""

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from rich.console import Group

Kind = TypeVar("Kind", bound=type[Any])


def plain(result: Any) -> str:
    """The tables of a result as aligned text, one line a row.

    >>> import resnext_flops as rf
    >>> print(plain(rf.resnet(50).memory(batch=8)).splitlines()[0])
    Bytes of the tensors for a batch of 8 in float32, with sgd
    """
    from resnext_flops.tables.displayed import tables
    from resnext_flops.tables.render import to_text

    return "\n\n".join(to_text(table).rstrip() for table in tables(result))


def rich(result: Any) -> "Group":
    """The tables of a result for rich, which fit themselves into the width of the terminal."""
    from rich.console import Group

    from resnext_flops.tables.displayed import tables
    from resnext_flops.tables.render import TerminalTable

    return Group(*(TerminalTable(table) for table in tables(result)))


def html(result: Any) -> str:
    """The tables of a result as HTML, every text escaped.

    >>> import resnext_flops as rf
    >>> html(rf.resnet(50).cost()).count("<table")
    1
    """
    from resnext_flops.tables.displayed import tables
    from resnext_flops.tables.render import to_html

    return "".join(map(to_html, tables(result)))


def shown(kind: Kind) -> Kind:
    """Let the results of a class show themselves as their tables.

    >>> import resnext_flops as rf
    >>> repr(rf.resnet(50).memory()) == plain(rf.resnet(50).memory())
    True
    """
    kind.__repr__ = plain  # type: ignore[assignment]
    return shown_but_at_a_prompt(kind)


def shown_but_at_a_prompt(kind: Kind) -> Kind:
    """Let the results of a class show themselves as their tables, but keep the class's own text at a prompt."""
    kind.__rich__ = rich
    kind._repr_html_ = html
    return kind
