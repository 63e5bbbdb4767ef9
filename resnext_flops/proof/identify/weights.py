"""How likely each choice of a hypothesis is, and how likely a printed figure is under it, and by chance.

The weight of a hypothesis is the product of the weights of its choices. A figure that is printed with its last digit
stands for all figures that are rounded to it: the fewer digits, the more hypotheses meet it. By chance the figure of
another network of half to twice the cost stands there, and each of these is as likely as any other on a logarithmic
scale. So a hypothesis is believed where its weight is large against the share of that range which the printed digits
take.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from pkgutil import get_data
from typing import Final

import msgspec

from resnext_flops.proof.identify.hypotheses import Hypothesis, Kind, Match

# The share of weight that a choice has that no printed figure has made yet.
UNSEEN: Final = 1e-4
# From here on a hypothesis is believed: how probable it is against chance.
BELIEVED: Final = 0.95
# The share of figures that no hypothesis gives. It is not estimated: in a column where all is explained it would be
# nothing, and then any coincidence would be believed.
CHANCE: Final = 0.1
# Networks of half to twice the cost.
RANGE: Final = math.log(4)


class Weights(msgspec.Struct, frozen=True):
    """The weights of one kind of figure.

    choices: of each kind of choice, such as `prefix`, the share of each value.
    last: the shares of figures that are rounded, truncated, and one off in their last digit.
    """

    choices: Mapping[str, Mapping[str, float]]
    last: tuple[float, float, float]

    def prior(self, hypothesis: Hypothesis) -> float:
        """The product of the weights of its choices."""
        return (1 - CHANCE) * self.share_of(hypothesis, Hypothesis._fields)

    def share_of(self, hypothesis: Hypothesis, kinds: Iterable[str]) -> float:
        """The product of the weights of some kinds of its choices."""
        return math.prod(self.choices[kind].get(getattr(hypothesis, kind), UNSEEN) for kind in kinds)

    def of(self, match: Match) -> float:
        """How likely it is that this hypothesis holds and the figure is printed as it is."""
        return sum(self.ways(match))

    def ways(self, match: Match) -> tuple[float, float, float]:
        """The same, for a figure that is rounded, truncated, and one off in its last digit."""
        prior = self.prior(match.hypothesis)
        rounded, truncated, off = self.last
        return prior * rounded * match.rounded, prior * truncated * match.truncated, prior * off / 2 * match.off


def by_chance(printed: Decimal) -> float:
    """How likely it is that no hypothesis holds, and the figure is printed by chance."""
    return CHANCE * share(printed)


def share(printed: Decimal) -> float:
    """The share of the figures of half to twice the size that are printed alike, on a logarithmic scale.

    >>> round(share(Decimal("4.1e9")), 4), round(share(Decimal("4.11e9")), 4)
    (0.0176, 0.0018)
    """
    digits = int("".join(map(str, printed.as_tuple().digits)))
    return math.log((digits + 0.5) / (digits - 0.5)) / RANGE


class Explained(msgspec.Struct, frozen=True):
    """The best of the hypotheses that a figure meets, and how probable it is against chance.

    Hypotheses with the same exact figure say the same of this network. Their weights are added, and the likeliest of
    them is named.
    """

    match: Match
    posterior: float


def explained(matches: Sequence[Match], printed: Decimal, weights: Weights) -> Explained | None:
    """The best explanation of a printed figure; None where no hypothesis meets it."""
    likely = sorted(((weights.of(match), match) for match in matches), key=lambda each: -each[0])
    if not likely:
        return None
    together: dict[object, float] = defaultdict(float)
    for weight, match in likely:
        together[match.exact] += weight
    exact = max(together, key=lambda figure: together[figure])
    best = next(match for _, match in likely if match.exact == exact)
    return Explained(best, together[exact] / (together[exact] + by_chance(printed)))


@cache
def _all_estimated() -> dict[Kind, Weights]:
    content = get_data(__name__, "weights.json") or b""
    return msgspec.json.decode(content, type=dict[Kind, Weights])


def estimated(kind: Kind) -> Weights:
    """The weights for a kind of figure in a document of which nothing is known, from the published set.

    >>> estimated("operations").choices["prefix"]["decimal"] > 0.8
    True
    """
    return _all_estimated()[kind]
