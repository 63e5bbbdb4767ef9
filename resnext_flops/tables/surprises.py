"""Why a counter's figure is far from a model's multiply-adds, in words: the bridge to it, told by kind of layer."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from resnext_flops.complexity.conventions import CONVENTIONS, distinct
from resnext_flops.complexity.conventions.convention import MULTIPLY_ADDS, SECOND
from resnext_flops.complexity.ledger import Ledger

# From this share of the multiply-adds on, a difference is a surprise, and a part of one is told.
SURPRISING, TOLD = Fraction(1, 10), Fraction(1, 50)
UNITS = {"MAC": 1, "FLOP": 2}  # what one multiply-add counts as
PLURALS = {
    "conv": "convolutions",
    "linear": "linear layers",
    "matmul": "matrix products",
    "transposed conv": "transposed convolutions",
}


class Part(NamedTuple):
    """How many multiply-adds of one kind of layer a counter counts, and how many there are."""

    kind: str
    counted: int
    there: int


class Surprise(NamedTuple):
    """A counter's figure that is far from the multiply-adds of a model.

    parts: the kinds of layer whose multiply-adds it does not count as they are.
    besides: what it counts of other things, by kind of layer.

    The figure is that of the multiply-adds with the differences of the parts, in the counter's unit, and what it counts
    besides.
    """

    ledger: Ledger
    convention: str
    parts: tuple[Part, ...]
    besides: dict[str, int]

    @property
    def unit(self) -> int:
        """What it takes one multiply-add for: 1 as a MAC, 2 as FLOPs."""
        return UNITS[CONVENTIONS[self.convention].unit]

    @property
    def figure(self) -> int:
        """What the counter says."""
        counted = int(self.ledger.macs) + sum(part.counted - part.there for part in self.parts)
        return self.unit * counted + sum(self.besides.values())

    @property
    def factor(self) -> Fraction:
        """How many times the multiply-adds the figure is, or twice the multiply-adds, where it counts FLOPs."""
        return per_multiply_add(self.ledger, self.convention)

    @property
    def distance(self) -> Fraction:
        """How many times too much or too little it is."""
        return max(self.factor, 1 / (self.factor or Fraction(1, 1 + int(self.ledger.macs))))

    def because(self) -> tuple[str, ...]:
        """The sentences that explain it. Counters with the same sentences differ for the same reasons."""
        return tuple(self._because())

    def _because(self) -> Iterator[str]:
        rule, least = CONVENTIONS[self.convention], TOLD * int(self.ledger.macs)
        told = sorted(self.parts, key=lambda part: -abs(part.counted - part.there))
        for kind, counted, there in (part for part in told if abs(part.counted - part.there) >= least):
            layers = PLURALS.get(kind, kind)
            if not there:
                yield f"As {layers} it counts {counted:,} multiply-adds."
            elif not counted:
                yield f"It does not see the {there:,} multiply-adds of {layers}."
            else:
                why = rule.otherwise.get(kind, "").format(**_most(self.ledger))
                reason = f", because {why}." if why else f". Its rule: {rule.counts}."
                yield f"It counts {counted:,} for the {there:,} multiply-adds of {layers}{reason}"
        besides = sum(self.besides.values())
        if besides >= self.unit * least:
            kind = max(self.besides, key=self.besides.__getitem__)
            yield f"It also counts {besides:,} operations that are no multiply-adds, most of {PLURALS.get(kind, kind)}."
        elif -besides >= self.unit * least:
            kind = min(self.besides, key=self.besides.__getitem__)
            yield f"It leaves out {-besides:,} additions of the multiply-adds, most of {PLURALS.get(kind, kind)}."


def surprises(ledger: Ledger) -> list[Surprise]:
    """The counters whose figure is more than ten percent from the multiply-adds, the farthest first.

    Conventions that give the figure of what they are a variant of are left out, as in the table of all figures.

    Raises InputError for a description that has less than a convention needs.

    >>> import resnext_flops as rf
    >>> [found.convention for found in surprises(rf.convnext((3, 3, 9, 3)).cost())]
    ['flopth', 'torchinfo', 'torchmeter', 'thop-2019']
    """
    if not ledger.macs:
        return []
    far = [each for name in distinct(ledger.total) if abs((each := _compared(ledger, name)).factor - 1) > SURPRISING]
    return sorted(far, key=lambda each: -each.distance)


def told(ledger: Ledger) -> list[str]:
    """The surprises of a model in words, those with the same reasons together.

    Raises InputError as `surprises` does.

    >>> import resnext_flops as rf
    >>> print(told(rf.resnext(50, 32, 4).cost())[0].partition(". ")[0])
    torchmeter says 22,853,744,640 FLOPs of resnext(50, cardinality=32, width=4): 2.70 times its multiply-adds, as two \
operations each
    """
    alike: dict[tuple[str, ...], list[Surprise]] = {}
    for each in surprises(ledger):
        alike.setdefault(each.because(), []).append(each)
    return [" ".join((_said(found), *because)) for because, found in alike.items()]


def _said(found: Sequence[Surprise]) -> str:
    """What counters say that differ for the same reasons."""
    first, name = found[0], found[0].ledger.name
    operations = ", as two operations each" if any(each.unit == 2 for each in found) else ""
    if len(found) == 1:
        unit = CONVENTIONS[first.convention].unit
        return (
            f"{first.convention} says {first.figure:,} {unit}s of {name}: {times(first.factor)} its multiply-adds"
            f"{operations}."
        )
    low, high = (f"{float(100 * pick(each.factor for each in found)):.2f} %" for pick in (min, max))
    *others, last = (each.convention for each in found)
    span = low if low == high else f"{low} to {high}"
    units = " (as two operations each, where it counts FLOPs)" if operations else ""
    return f"Each of {', '.join(others)} and {last} says {span} of the multiply-adds of {name}{units}."


def times(factor: Fraction) -> str:
    """How many times something is something else, in words that stand before the other.

    >>> times(Fraction(1, 20)), times(Fraction(11, 10)), times(Fraction(5, 2))
    ('5.00 % of', '10.00 % more than', '2.50 times')
    """
    if factor < 1:
        return f"{float(100 * factor):.2f} % of"
    return f"{float(factor):.2f} times" if factor >= 2 else f"{float(100 * (factor - 1)):.2f} % more than"


def per_multiply_add(ledger: Ledger, name: str) -> Fraction:
    """How many times the multiply-adds the figure of a convention is: twice them, where it counts FLOPs.

    >>> import resnext_flops as rf
    >>> per_multiply_add(rf.resnet(50).cost(), "torch")
    Fraction(1, 1)
    """
    return Fraction(int(ledger.total(name)), UNITS[CONVENTIONS[name].unit] * int(ledger.macs))


def _compared(ledger: Ledger, name: str) -> Surprise:
    """What a convention counts of a model, by kind of layer, beside its multiply-adds."""
    unit = UNITS[CONVENTIONS[name].unit]
    there = {kind: int(figure) for (kind, _), figure in ledger.terms("paper").items()}
    operations, besides = dict.fromkeys(there, 0), dict[str, int]()
    for (kind, what), figure in ledger.terms(name).items():
        group = operations if what in {MULTIPLY_ADDS, SECOND} else besides
        group[kind] = group.get(kind, 0) + int(figure)
    counted = {kind: figure // unit for kind, figure in operations.items()}
    parts = (Part(kind, figure, there.get(kind, 0)) for kind, figure in counted.items())
    return Surprise(ledger, name, tuple(part for part in parts if part.counted != part.there), besides)


def _most(ledger: Ledger) -> dict[str, str]:
    """The most positions that a linear layer runs on, and the most groups of a convolution."""
    positions = (entry.macs // entry.weights for entry in ledger if entry.kind == "linear" and entry.weights)
    groups = (entry.groups for entry in ledger if entry.kind == "conv")
    return {"positions": f"{max(positions, default=1):,}", "groups": f"{max(groups, default=1):,}"}
