"""What a convention is: a named, documented rule from the entries of a ledger to the figure of one counter."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.layers import Size
from resnext_flops.complexity.records import Operator, Trace
from resnext_flops.errors import InputError

MULTIPLY_ADDS = "multiply-adds"
SECOND = "counted as two"  # the second operation of each multiply-add
LESS = "one addition less a sum"

# What is counted of one layer, and how many operations each part has.
Parts: TypeAlias = Iterable[tuple[str, Size]]


class Terms(dict[tuple[str, str], Size]):
    """The parts of a figure, by kind of layer and by what is counted there. They add up to the figure.

    >>> terms = Terms()
    >>> terms.add("conv", MULTIPLY_ADDS, 7)
    >>> terms.add("conv", MULTIPLY_ADDS, 1)
    >>> terms.total
    8
    """

    def add(self, kind: str, what: str, figure: Size) -> None:
        """Add a figure to a part."""
        self[kind, what] = self.get((kind, what), 0) + figure

    def add_parts(self, kind: str, parts: Parts, times: Size) -> None:
        """Add the parts of one layer that runs so many times."""
        for what, figure in parts:
            self.add(kind, what, figure * times)

    @property
    def total(self) -> Size:
        """The whole figure."""
        return sum(self.values())


class Run(NamedTuple):
    """What a rule looks at: the entries of a ledger, and the trace of the real module that they were counted on."""

    entries: tuple[Entry, ...]
    trace: Trace | None = None


CountingRule: TypeAlias = Callable[[Run], Terms]


class Convention(NamedTuple):
    """A rule from a run to a figure, and what it counts.

    unit: what one multiply-add is counted as: `MAC` is 1, `FLOP` is 2.
    version: the version whose rule it is.
    counts: one sentence.
    source: where the rule was read.
    link: the counter's documentation.
    variant_of: the convention of the same counter as its README calls it; empty for that convention itself.
    bias, norm, activation, pool, attention: what one element of each counts, in a few words.
    otherwise: why it counts the multiply-adds of a kind of layer otherwise than there are, by kind: a clause, in which
        `{positions}` and `{groups}` stand for the most that a linear layer and a convolution of the model have.
    """

    name: str
    unit: str
    version: str
    counts: str
    source: str
    link: str
    rule: CountingRule
    variant_of: str = ""
    bias: str = "0"
    norm: str = "0"
    activation: str = "0"
    pool: str = "0"
    attention: str = "0"
    otherwise: Mapping[str, str] = MappingProxyType({})


REGISTERED: dict[str, Convention] = {}


def counter(
    name: str, otherwise: Mapping[str, str] = MappingProxyType({}), **facts: str
) -> Callable[[CountingRule], CountingRule]:
    """Register a rule as the convention of this name. `otherwise` and `facts` are the other fields of `Convention`.

    Raises InputError for a name that has a rule already.

    >>> counter("fvcore")
    Traceback (most recent call last):
    resnext_flops.InputError: the convention 'fvcore' has a rule already
    """
    if name in REGISTERED:
        raise InputError(f"the convention {name!r} has a rule already")

    def register(rule: CountingRule) -> CountingRule:
        REGISTERED[name] = Convention(name, rule=rule, otherwise=otherwise, **facts)
        return rule

    return register


def twice(products: Size) -> Parts:
    """Multiply-adds that count as two operations each."""
    return (MULTIPLY_ADDS, products), (SECOND, products)


def sums(products: Size, outputs: Size) -> Parts:
    """The parts of sums of products, for counters that take a sum of n products as n products and n - 1 additions."""
    return *twice(products), (LESS, -outputs)


def active(run: Run, training: bool = False) -> Iterator[tuple[Entry, Operator | None]]:
    """The entries that run in evaluation (or in training), each with its operator where the run was traced.

    An operator without a name stands for a parameter that nothing took, so nothing ran.
    """
    operators = run.trace.records.operators if run.trace else (None,) * len(run.entries)
    for entry, operator in zip(run.entries, operators, strict=True):
        if (training or not entry.training_only) and not (operator and not operator.name):
            yield entry, operator


def needs_trace(run: Run, *kinds: str, behind: str = "") -> None:
    """Refuse a description with a layer of these kinds, of which a counter sees more than an entry holds.

    behind: only where the layer takes what a layer of this kind made.

    Raises InputError.
    """
    entries = run.entries if run.trace is None else ()
    makers = {entry.makes for entry in entries if entry.kind == behind}
    for entry in entries:
        if entry.kind in kinds and not (behind and makers.isdisjoint(entry.takes)):
            raise InputError(
                f"this convention needs more of the {entry.kind} {entry.path!r} than a description has; count the real "
                "model instead, with rf.count(network)"
            )


def hidden(run: Run, within: tuple[int, ...], hooks: bool, gradients: bool) -> bool:
    """Whether a call ran inside an operator that torch fuses on a CPU without gradients, where no counter sees it.

    hooks: whether the counter puts hooks on modules; torch then does not fuse an encoder layer, but still fuses the
        attention inside it.
    gradients: whether they are on; torch then fuses only what needs none.
    """
    if run.trace is None:
        return False
    calls = run.trace.records.calls
    return any(
        calls[number].fused
        and (calls[number].frozen or not gradients)
        and not (hooks and "TransformerEncoderLayer" in calls[number].classes)
        for number in within
    )
