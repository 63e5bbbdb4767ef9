"""How long things take: runs that take turns, until the medians are known well enough. Nothing here knows torch.

A median is told with an interval that needs no assumption about how times are distributed: the chance that the true
median lies outside the k-th smallest and the k-th largest of n values is that of fewer than k heads, or tails, in n
throws of a coin (the sign test).
"""

from collections.abc import Callable, Sequence
from math import comb
from statistics import median
from typing import NamedTuple

CONFIDENCE = 0.95
# The fewest values whose range holds the median with that confidence: 1 - 2 / 2^6 is 97 percent.
FEWEST = 6


class Spread(NamedTuple):
    """The median of some values, and the interval that holds the true median with the stated confidence."""

    median: float
    low: float
    high: float
    confidence: float
    values: int

    @property
    def uncertainty(self) -> float:
        """Half of the interval, as a share of the median."""
        return (self.high - self.low) / (2 * self.median)


def spread(values: Sequence[float]) -> Spread:
    """The median and its interval at a confidence of at least 95 percent, or their range where they are too few for it.

    >>> spread([3.0, 1.0, 2.0, 5.0, 4.0, 6.0])
    Spread(median=3.5, low=1.0, high=6.0, confidence=0.96875, values=6)
    """
    ordered, number = sorted(values), len(values)
    rank, outside = 1, 2
    while 2 * rank < number and outside + 2 * comb(number, rank) <= (1 - CONFIDENCE) * 2**number:
        outside += 2 * comb(number, rank)
        rank += 1
    confidence = max(0.0, 1 - outside / 2**number)
    return Spread(median(ordered), ordered[rank - 1], ordered[-rank], confidence, number)


def ratios(values: Sequence[float], reference: Sequence[float]) -> Spread:
    """The ratio of two things that took turns, from the ratio in each turn.

    >>> ratios([2.0, 4.4, 8.0], [1.0, 2.0, 4.0]).median
    2.0
    """
    return spread([value / other for value, other in zip(values, reference, strict=True)])


def take_turns(
    runs: Sequence[Callable[[], float]], precision: float, seconds: float, clock: Callable[[], float]
) -> list[list[float]]:
    """The times of runs that take turns, so that a drift of the machine hits all alike; every other turn is backwards.

    runs: each runs once and returns its seconds.
    precision: the turns end when every median is known to this share of itself.
    seconds: they also end after this time by the clock, but not before each has six values.

    >>> take_turns([lambda: 2.0], precision=0.01, seconds=60, clock=lambda: 0.0)
    [[2.0, 2.0, 2.0, 2.0, 2.0, 2.0]]
    """
    times: list[list[float]] = [[] for _ in runs]
    start = clock()
    while runs:
        forwards = len(times[0]) % 2 == 0
        for run, found in list(zip(runs, times, strict=True))[:: 1 if forwards else -1]:
            found.append(run())
        if len(times[0]) >= FEWEST and (clock() - start >= seconds or _known(times, precision)):
            break
    return times


def _known(times: Sequence[Sequence[float]], precision: float) -> bool:
    return all(spread(values).uncertainty <= precision for values in times)
