"""What a printed figure can be: a product of small named choices, each with the exact figure that it gives.

How likely each choice is, `weights` says.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from operator import itemgetter
from typing import Literal, NamedTuple, TypeAlias

from resnext_flops.proof.identify.facts import COUNTING_POOLS, WITH_MEANS, WITHOUT_POOLS, Facts

Kind: TypeAlias = Literal["params", "operations", "activations"]
Number: TypeAlias = int | Fraction

KINDS: tuple[Kind, ...] = ("operations", "params", "activations")
# The choices that all figures of one network share.
SHARED = ("head", "image", "form")

AS_IT_IS = "as it is"
AS_STATED = "as stated"
DECIMAL, BINARY = "decimal", "binary"
WHOLE, HEADLESS = "whole", "without the classifier"
# Twice what a rule's figure is multiplied by, so that a half is a whole number.
SCALES: Mapping[str, int] = {AS_IT_IS: 2, "doubled": 4, "halved": 1}
# Classes of ImageNet-1k, with a background too, of ImageNet-21k in its editions, and of CIFAR.
CLASSES = (1000, 1001, 21841, 21842, 21843, 11221, 10450, 100, 10)
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
# Rules by which a linear layer costs its multiply-adds, so that another classifier is arithmetic.
PLAIN = frozenset({"paper", "fvcore-training"}) | {
    f"{name}{pools}" for name in COUNTING_POOLS for pools in ("", WITHOUT_POOLS, WITH_MEANS)
}


class Hypothesis(NamedTuple):
    """One reading of a figure, choice by choice.

    rule: a convention, or what is counted of parameters or of activations.
    scale: what is done to the rule's figure.
    prefix: `decimal` where G is 10^9, `binary` where it is 2^30.
    head: the whole network, or another classifier.
    batch: of how many examples the figure is.
    image: its pixels, where they are not those that were stated.
    form: of the network, such as `deployed`.
    """

    rule: str
    scale: str = AS_IT_IS
    prefix: str = DECIMAL
    head: str = WHOLE
    batch: str = "1"
    image: str = AS_STATED
    form: str = AS_IT_IS

    @property
    def shared(self) -> tuple[str, ...]:
        """The choices that all figures of one network share."""
        return tuple(getattr(self, name) for name in SHARED)

    def factor(self, power: int) -> Fraction:
        """What its exact figure is multiplied by to be printed with a prefix of this power of ten.

        >>> Hypothesis("paper", prefix="binary").factor(9) == Fraction(10**9, 2**30)
        True
        """
        return Fraction(10**power, 2 ** (power // 3 * 10)) if self.prefix == BINARY else Fraction(1)


class Match(NamedTuple):
    """A hypothesis whose exact figure is the printed one, to its last digit.

    off: whether it is one off in the last digit, when rounded.
    """

    hypothesis: Hypothesis
    exact: Number
    rounded: bool
    truncated: bool
    off: bool


class Readings:
    """All readings of one kind of figure, with decimal prefixes, by size."""

    def __init__(self, doubled: Iterable[tuple[int, Hypothesis]]) -> None:
        """doubled: twice the exact figures, each with its hypothesis. A figure of 0 is none."""
        found = sorted((each for each in doubled if each[0] > 0), key=itemgetter(0))
        self.doubled = [figure for figure, _ in found]
        self.hypotheses = [hypothesis for _, hypothesis in found]

    def matching(self, printed: Decimal, power: int) -> list[Match]:
        """The readings that give a printed figure.

        printed: in units of one, with its last digit. power: of ten of the prefix that it is printed with; 0 for none.

        >>> import resnext_flops as rf
        >>> from resnext_flops.proof.identify.facts import facts
        >>> params = Readings(readings(facts(rf.resnet(50).cost()), "params"))
        >>> {match.hypothesis.prefix for match in params.matching(Decimal("24.4e6"), 6)}
        {'binary'}
        """
        prefixes = (DECIMAL, BINARY) if power else (DECIMAL,)
        return [match for prefix in prefixes for match in self._of(printed, prefix, power)]

    def items(self) -> Iterator[tuple[Number, Hypothesis]]:
        """The exact figures, each with its hypothesis."""
        return zip(map(_halved, self.doubled), self.hypotheses, strict=True)

    def _of(self, printed: Decimal, prefix: str, power: int) -> Iterator[Match]:
        factor = Hypothesis("", prefix=prefix).factor(power)
        last = Fraction(10) ** int(printed.as_tuple().exponent)
        digits = int(Fraction(printed) / last)
        start = bisect_left(self.doubled, int((2 * digits - 3) * last / factor))
        end = bisect_right(self.doubled, int((2 * digits + 3) * last / factor) + 1)
        for figure, hypothesis in zip(self.doubled[start:end], self.hypotheses[start:end], strict=True):
            exact = figure * factor / last / 2
            rounded, truncated = int(exact + Fraction(1, 2)), int(exact)
            ways = rounded == digits, truncated == digits, abs(rounded - digits) == 1
            if any(ways):
                yield Match(hypothesis._replace(prefix=prefix), _halved(figure), *ways)


def _halved(figure: int) -> Number:
    return Fraction(figure, 2) if figure % 2 else figure // 2


def readings(
    facts: Facts, kind: Kind, image: str = AS_STATED, form: str = AS_IT_IS
) -> Iterator[tuple[int, Hypothesis]]:
    """Twice the exact figure of every hypothesis of a kind, with decimal prefixes.

    image, form: what the facts are of. At most two choices, besides the rule and the prefix, are not the usual ones.
    """
    heads = list(_heads(facts, params=kind == "params"))
    if kind == "params":
        for rule, figure in facts.params.items():
            for head, more in heads:
                yield 2 * (figure + more), Hypothesis(rule, head=head, image=image, form=form)
        return
    other = (image, form) != (AS_STATED, AS_IT_IS)
    for rule, figure in (facts.operations if kind == "operations" else facts.activations).items():
        for scale, factor in SCALES.items() if kind == "operations" else [(AS_IT_IS, 2)]:
            for batch in BATCHES[:1] if other and scale != AS_IT_IS else BATCHES:
                yield figure * factor * batch, Hypothesis(rule, scale, batch=str(batch), image=image, form=form)
            for head, more in heads[1:] if rule in PLAIN and not (other and scale != AS_IT_IS) else ():
                yield (figure + more) * factor, Hypothesis(rule, scale, head=head, image=image, form=form)


def _heads(facts: Facts, params: bool) -> Iterator[tuple[str, int]]:
    """The whole network, then other classifiers, and how many multiply-adds, or parameters, it then has more."""
    yield WHOLE, 0
    if head := facts.head:
        size = head.params if params else head.macs
        yield HEADLESS, -size(head.classes)
        for classes in CLASSES:
            if classes != head.classes:
                yield f"{classes} classes", size(classes) - size(head.classes)
