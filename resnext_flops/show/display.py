"""How a result shows itself: as tables, in plain text at a prompt, fitted to a terminal by rich, in HTML in a notebook.

The class of a result is marked with `shown`, which gives it `__repr__`, `__rich__` and `_repr_html_`. Results know
nothing of tables: `tables/presentation.py` says which tables a result has, and the package's `__init__` joins the two.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from resnext_flops.errors import Kind

if TYPE_CHECKING:
    from rich.console import Group


class Presentation(Protocol):
    """What turns a result into text, into an object for rich, and into HTML."""

    def plain(self, result: Any) -> str:
        """The result as aligned text."""

    def rich(self, result: Any) -> "Group":
        """The result for rich."""

    def html(self, result: Any) -> str:
        """The result as HTML."""


def _not_joined() -> Presentation:
    raise NotImplementedError("nothing presents results; the package's `__init__` sets `display.presentation`")


# Loads the presentation when something is shown.
presentation: Callable[[], Presentation] = _not_joined


def plain(result: Any) -> str:
    """The tables of a result as aligned text, one line a row.

    >>> import resnext_flops as rf
    >>> print(plain(rf.resnet(50).memory(batch=8)).splitlines()[0])
    Bytes of the tensors for a batch of 8 in float32, with sgd
    """
    return presentation().plain(result)


def rich(result: Any) -> "Group":
    """The tables of a result for rich, which fit themselves into the width of the terminal."""
    return presentation().rich(result)


def html(result: Any) -> str:
    """The tables of a result as HTML, every text escaped.

    >>> import resnext_flops as rf
    >>> html(rf.resnet(50).cost()).count("<table")
    1
    """
    return presentation().html(result)


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
