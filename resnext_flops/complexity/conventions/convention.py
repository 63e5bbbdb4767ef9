"""What a convention is: a named, documented rule from a ledger to the figure of one counter."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from resnext_flops.complexity.layers import Size
from resnext_flops.complexity.records import Operator
from resnext_flops.errors import InputError

if TYPE_CHECKING:
    from resnext_flops.complexity.ledger import Entry, Ledger

MULTIPLY_ADDS = "multiply-adds"
SECOND = "counted as two"  # the second operation of each multiply-add


class Terms(dict[tuple[str, str], Size]):
    """The parts of a figure, by kind of layer and by what is counted of it. They add up to the figure.

    >>> terms = Terms()
    >>> terms.add("conv", MULTIPLY_ADDS, 7)
    >>> terms.add("conv", MULTIPLY_ADDS, 1)
    >>> terms.total
    8
    """

    def add(self, kind: str, what: str, figure: Size) -> None:
        """Add a figure to a part."""
        self[kind, what] = self.get((kind, what), 0) + figure

    def double(self, kind: str, multiply_adds: Size) -> None:
        """Add multiply-adds that count as two operations each."""
        self.add(kind, MULTIPLY_ADDS, multiply_adds)
        self.add(kind, SECOND, multiply_adds)

    @property
    def total(self) -> Size:
        """The whole figure."""
        return sum(self.values())


Rule: TypeAlias = "Callable[[Ledger], Terms]"


class Convention(NamedTuple):
    """A rule from a ledger to a figure, and what it counts.

    unit: what one multiply-add is counted as: `MAC` is 1, `FLOP` is 2.
    counts: one sentence.
    source: where the rule was read.
    link: the counter's documentation.
    version: the version whose rule it is.
    bias, norm, activation, pool, attention: what one element of each counts, in a few words.
    """

    name: str
    unit: str
    version: str
    counts: str
    source: str
    link: str
    rule: Rule
    bias: str = "0"
    norm: str = "0"
    activation: str = "0"
    pool: str = "0"
    attention: str = "0"


def exact(figure: Any) -> Size:
    """A figure made of a module's settings or a function's arguments, whose types nothing declares."""
    size: Size = figure
    return size


def active(ledger: "Ledger", training: bool = False) -> "Iterator[tuple[Entry, Operator | None]]":
    """The entries that run in evaluation (or in training), each with its operator where the ledger was traced.

    An operator without a name stands for a parameter that nothing took, so nothing ran.
    """
    operators = ledger.trace.operators if ledger.trace else (None,) * len(ledger.entries)
    for entry, operator in zip(ledger.entries, operators, strict=True):
        if (training or not entry.training_only) and not (operator and not operator.name):
            yield entry, operator


def whole(ledger: "Ledger", *kinds: str) -> None:
    """Refuse a description with a layer of these kinds, of which a counter sees more than an entry holds.

    Raises InputError.
    """
    for entry in ledger.entries if ledger.trace is None else ():
        if entry.kind in kinds:
            raise InputError(
                f"this convention needs more of the {entry.kind} {entry.path!r} than a description has; count the real "
                "model instead, with rf.count(network)"
            )


def hidden(ledger: "Ledger", within: tuple[int, ...], hooks: bool) -> bool:
    """Whether something ran inside an operator that torch fuses on a CPU without gradients, so that it is not seen.

    hooks: whether the counter puts hooks on modules; torch then does not fuse an encoder layer, but still fuses the
        attention inside it.
    """
    if ledger.trace is None:
        return False
    calls = ledger.trace.calls
    return any(
        calls[number].fused and not (hooks and "TransformerEncoderLayer" in calls[number].classes) for number in within
    )
