"""The search for what printed figures of a model are: hypotheses of one form after another, weighed against chance."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import log, prod
from typing import NamedTuple, TypeAlias

from resnext_flops.errors import InputError
from resnext_flops.proof.identify.forms import Form
from resnext_flops.proof.identify.hypotheses import KINDS, SHARED, Hypothesis, Kind, Match, Number, Readings, readings
from resnext_flops.proof.identify.weights import BELIEVED, Weights, by_chance, estimated, share
from resnext_flops.proof.published import ALL_DIGITS, Agreement, agreement, parse_figure, prefix_power
from resnext_flops.show import display

# How often a figure of which nothing is said is of each kind.
KIND_SHARES: Mapping[Kind, float] = {"operations": 0.6, "params": 0.35, "activations": 0.05}
# The weight that all forms have together that were not tried yet.
UNTRIED = 0.1
# A hypothesis with a weight from here on can be the nearest one where none gives the figure.
LIKELY = 0.003


class Printed(NamedTuple):
    """A figure as it is printed: its text, its value with its last digit, and the power of ten of its prefix."""

    text: str
    value: Decimal
    power: int

    @classmethod
    def of(cls, text: str) -> "Printed":
        """The figure of a text. Raises InputError for one that cannot be read."""
        value = parse_figure(text)
        if value < 1:
            raise InputError(f"figure {text!r} is less than one; write it as 4.12G, 3.8e9 or 4089184256")
        return cls(text, value, prefix_power(text))


# Figures that are to be explained together, each with what it is of.
Question: TypeAlias = Mapping[Kind, Printed]


class Candidate(NamedTuple):
    """One explanation: for each kind of figure that was given, what gives it.

    matches: by kind, the likeliest hypothesis. also: other hypotheses for the first figure with the same exact figures.
    weight: how likely it is by itself. probability: among all candidates and chance.
    """

    matches: Mapping[Kind, Match]
    weight: float
    also: tuple[Hypothesis, ...] = ()
    probability: float = 0.0


@display.shown
class Identification(NamedTuple):
    """What printed figures of a model are.

    model: its name. printed: the figures that were given, by what they are or may be of.
    candidates: explanations of all of them, the likeliest first; none where no hypothesis gives them.
    against_chance: how probable the first one is against chance.
    coincidence: how likely it is that another figure of this size, printed with as many digits, is given by a
        hypothesis that is no less likely.
    nearest: where there is no candidate, the figure of a likely hypothesis that comes nearest, for each that was given.
    """

    model: str
    printed: Mapping[Kind, Printed]
    candidates: tuple[Candidate, ...]
    against_chance: float
    coincidence: float
    nearest: Mapping[Kind, Match]

    @property
    def explained(self) -> bool:
        """Whether the first candidate is believed: against chance it has a probability of at least 0.95."""
        return self.against_chance >= BELIEVED


class Search:
    """The hypotheses of a model that give some printed figures, collected form by form."""

    def __init__(self, questions: Sequence[Question]) -> None:
        """questions: what the figures can be of; several where that is not said."""
        self.questions = questions
        self.candidates: list[Candidate] = []
        self.tried: dict[Kind, list[tuple[Number, Hypothesis]]] = {kind: [] for kind in KINDS}
        self.partly = 0.0  # the weight of hypotheses that give one of several figures, while the others are by chance

    def add(self, form: Form) -> None:
        """Try the hypotheses of one form."""
        every = {kind: Readings(readings(form.facts, kind, form.image, form.form)) for kind in KINDS}
        for kind, found in every.items():
            self.tried[kind] += found.items()
        for question in self.questions:
            matches = [every[kind].matching(printed.value, printed.power) for kind, printed in question.items()]
            for together in product(*matches):
                if len({match.hypothesis.shared for match in together}) == 1:
                    self.candidates.append(self._candidate(dict(zip(question, together, strict=True))))
            self.partly += self._partly(question, matches)

    def _candidate(self, matches: Mapping[Kind, Match]) -> Candidate:
        """A candidate. Choices that all its figures share are weighed once."""
        each = prod(estimated(kind).of(match) for kind, match in matches.items())
        again = prod(estimated(kind).share_of(match.hypothesis, SHARED) for kind, match in list(matches.items())[1:])
        return Candidate(matches, self._share(matches) * each / again)

    def _share(self, kinds: Mapping[Kind, object]) -> float:
        return 1.0 if len(self.questions) == 1 else KIND_SHARES[next(iter(kinds))]

    def _partly(self, question: Question, matches: Sequence[Sequence[Match]]) -> float:
        if len(question) == 1:
            return 0.0
        chances = _chances(question)
        met = [sum(map(estimated(kind).of, found)) for kind, found in zip(question, matches, strict=True)]
        return sum(weight * prod(chances) / chance for weight, chance in zip(met, chances, strict=True))

    @property
    def chance(self) -> float:
        """How likely it is that the figures, or all but one of them, are printed by chance."""
        return self.partly + sum(self._share(question) * prod(_chances(question)) for question in self.questions)

    @property
    def is_over(self) -> bool:
        """Whether the best candidate stays believed, whatever the forms give that were not tried."""
        best = max((each.weight for each in self.candidates), default=0.0)
        untried = UNTRIED * max(prod(share(each.value) for each in question.values()) for question in self.questions)
        return best >= BELIEVED * (best + self.chance + untried)

    def result(self, model: str) -> Identification:
        """What was found of a model. Raises InputError for one without any figure."""
        if not any(self.tried.values()):
            raise InputError(f"{model} has neither parameters nor operations, so no figure is one of it")
        ranked = self._ranked()
        against = ranked[0].weight / (ranked[0].weight + self.chance) if ranked else 0.0
        coincidence = self._coincidence(ranked[0]) if ranked else 0.0
        printed = {kind: one for question in self.questions for kind, one in question.items()}
        return Identification(model, printed, ranked, against, coincidence, {} if ranked else self._nearest())

    def _ranked(self) -> tuple[Candidate, ...]:
        """The candidates, the likeliest first. Those with the same exact figures are one."""
        alike: dict[object, list[Candidate]] = defaultdict(list)
        for each in sorted(self.candidates, key=lambda each: -each.weight):
            key = tuple((kind, match.exact, match.hypothesis.prefix) for kind, match in each.matches.items())
            alike[key].append(each)
        whole = sum(each.weight for each in self.candidates) + self.chance
        return tuple(sorted((_merged(each, whole) for each in alike.values()), key=lambda each: -each.weight))

    def _coincidence(self, best: Candidate) -> float:
        """See `Identification`: of all figures of half to twice the size, the share that such a hypothesis gives."""
        shares = []
        for kind, match in best.matches.items():
            printed = next(question[kind] for question in self.questions if kind in question)
            least = estimated(kind).prior(match.hypothesis)
            alike = [exact for exact, each in self.tried[kind] if estimated(kind).prior(each) >= least]
            shares.append(given(alike, match, printed))
        return prod(shares)

    def _nearest(self) -> dict[Kind, Match]:
        """The likely hypotheses that come nearest, of the question whose figures they come nearest to."""
        found: list[tuple[float, dict[Kind, Match]]] = []
        for question in (each for each in self.questions if all(self.tried[kind] for kind in each)):
            nearest = {
                kind: nearest_to(printed.value, self.tried[kind], estimated(kind)) for kind, printed in question.items()
            }
            ratios = [float(match.exact) / float(question[kind].value) for kind, match in nearest.items()]
            found.append((sum(abs(log(ratio)) for ratio in ratios), nearest))
        return min(found, key=lambda each: each[0], default=(0.0, {}))[1]


def given(exacts: Iterable[Number], match: Match, printed: Printed) -> float:
    """The share of the figures of half to twice the size, printed with as many decimals, that some exact figures give.

    exacts: figures that are printed in the way of `match`: rounded, truncated too, or one off too.

    >>> match = Match(Hypothesis("paper"), 4_089_184_256, rounded=True, truncated=False, off=False)
    >>> given([4_089_184_256, 4_111_512_576], match, Printed.of("4.1G")) == 1 / 62  # of 2.1, 2.2, ... 8.2
    True
    """
    last = Fraction(10) ** int(printed.value.as_tuple().exponent)
    digits = int(Fraction(printed.value) / last)
    factor = match.hypothesis.factor(printed.power) / last
    first, end = -(-digits // 2), 2 * digits
    values: set[int] = set()
    for exact in exacts:
        rounded, truncated = int(exact * factor + Fraction(1, 2)), int(exact * factor)
        values |= {rounded} if match.rounded else {rounded, truncated}
        values |= {rounded - 1, rounded + 1} if match.off and not match.truncated else set()
    return sum(first <= value <= end for value in values) / (end - first + 1)


def nearest_to(printed: Decimal, readings: Sequence[tuple[Number, Hypothesis]], weights: Weights) -> Match:
    """The reading that comes nearest to a figure, of the likely ones if there are any."""
    likely = [each for each in readings if weights.prior(each[1]) >= LIKELY] or readings
    exact, hypothesis = min(likely, key=lambda each: abs(each[0] - Fraction(printed)))
    return Match(hypothesis, exact, rounded=False, truncated=False, off=False)


def _chances(question: Question) -> list[float]:
    return [by_chance(printed.value) for printed in question.values()]


def _merged(alike: Sequence[Candidate], whole: float) -> Candidate:
    best, *others = alike
    also = dict.fromkeys(_first(each) for each in others if _first(each) != _first(best))
    weight = sum(each.weight for each in alike)
    return best._replace(also=tuple(also), weight=weight, probability=weight / whole)


def _first(candidate: Candidate) -> Hypothesis:
    return next(iter(candidate.matches.values())).hypothesis


def beside(printed: Printed, match: Match) -> Agreement:
    """A printed figure and the exact one, in the prefix that the hypothesis takes it to have."""
    exact = match.exact * match.hypothesis.factor(printed.power)
    return agreement(printed.value, ALL_DIGITS.divide(Decimal(exact.numerator), Decimal(exact.denominator)))
