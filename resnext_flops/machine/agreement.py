"""How well predicted times agree with measured ones: errors beside the machine's own, and the order of networks."""

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import NamedTuple, TypeAlias

import numpy as np

from resnext_flops.complexity.model import Model
from resnext_flops.complexity.profile import Profile, estimate
from resnext_flops.machine.fitting import DRAWN, near
from resnext_flops.machine.session import SECONDS, Session
from resnext_flops.numerals import FEMTOSECONDS

PRECISION = 0.02  # to which the median of a model shall be known
PASSES = 2
# Told of each model that was measured: its name, the seconds, and those that are predicted.
Tell: TypeAlias = Callable[[str, float, float], None]


class Held(NamedTuple):
    """A model, the seconds that are predicted, and those that were measured in each of the passes."""

    name: str
    predicted: float
    measured: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """The mean of the passes."""
        return sum(self.measured) / len(self.measured)

    @property
    def error(self) -> float:
        """How far off the prediction is, as a share of what was measured."""
        return self.predicted / self.seconds - 1

    @property
    def repeat_error(self) -> float:
        """How far the last pass is from the first, as a share of it."""
        return self.measured[-1] / self.measured[0] - 1


class Summary(NamedTuple):
    """Errors of some models: medians of their sizes, and the shares of those that are `near`."""

    models: int
    error: float
    near: float
    floor: float
    floor_near: float


class Order(NamedTuple):
    """Kendall's tau of the predicted and the measured order of networks, and its 95 percent interval."""

    networks: int
    tau: float
    low: float
    high: float


def hold(
    models: Iterable[Model],
    session: Session,
    profile: Profile,
    reference: float,
    tell: Tell = lambda *_: None,
) -> list[Held]:
    """Measure models in a session, all of them once and then all of them again, and predict them.

    reference: the seconds of the session's reference when the profile was made; measured are ratios to it.
    """
    named = {str(each): each for each in models}
    predicted = {name: estimate(profile, each.cost()).femtoseconds / FEMTOSECONDS for name, each in named.items()}
    passes: list[list[float]] = []
    for _ in range(PASSES):
        passes.append([])
        for name, each in named.items():
            found = session.in_turn([each], SECONDS, PRECISION)[0].ratio.median * reference
            passes[-1].append(found)
            tell(name, found, predicted[name])
    return [Held(*each) for each in zip(named, predicted.values(), zip(*passes, strict=True), strict=True)]


def summary(held: Sequence[Held]) -> Summary:
    """The errors of some models, beside those of measuring again.

    >>> summary([Held("a", 1.1, (1.0, 1.0)), Held("b", 0.8, (0.98, 1.02)), Held("c", 2.0, (2.0, 2.0))]).near
    0.6666666666666666
    """
    errors, repeated = ([abs(each) for each in some] for some in _errors(held))
    return Summary(len(held), median(errors), near(errors), median(repeated), near(repeated))


def _errors(held: Sequence[Held]) -> tuple[list[float], list[float]]:
    return [each.error for each in held], [each.repeat_error for each in held]


def order(held: Sequence[Held]) -> Order:
    """How far the predicted order of networks is the measured one: 1 where it is the same, -1 where it is reversed.

    The interval is that of as many networks drawn with return.
    """
    from scipy.stats import kendalltau

    predicted, measured = np.array([[each.predicted, each.seconds] for each in held]).T
    drawing = np.random.default_rng(0)
    drawn = (drawing.integers(len(held), size=len(held)) for _ in range(DRAWN))
    taus = [kendalltau(predicted[each], measured[each]).statistic for each in drawn if len(set(each.tolist())) > 1]
    low, high = np.quantile(taus, (0.025, 0.975))
    return Order(len(held), float(kendalltau(predicted, measured).statistic), float(low), float(high))
