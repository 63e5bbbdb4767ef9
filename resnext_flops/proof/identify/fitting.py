"""The weights of hypotheses, estimated from printed figures by expectation and maximisation.

A column of a document is counted in one way, so it has weights of its own, but for the form of each network. What is
known of columns in general is their mean, which stands for a few figures of each: a column with few figures stays near
it, a long one follows its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from resnext_flops.proof.identify.hypotheses import Hypothesis, Match
from resnext_flops.proof.identify.weights import Weights, by_chance

# For how many figures of a column the mean of all columns stands.
PRIOR_FIGURES = 3.0
# For how many columns it stands that every value of a choice is as likely as any other.
PRIOR_COLUMNS = 0.3
STEPS = 12
# Choices that each row makes for itself. A column says nothing of them.
OF_ROWS = ("image", "form")
START = (0.8, 0.15, 0.05)  # rounded, truncated, one off


class Sample(NamedTuple):
    """A printed figure and the hypotheses that meet it."""

    printed: Decimal
    matches: Sequence[Match]


class Fitted(NamedTuple):
    """Weights: of a column of which nothing is known, and of each column."""

    mean: Weights
    columns: Mapping[str, Weights]


def fit(columns: Mapping[str, Sequence[Sample]]) -> Fitted:
    """The weights of one kind of figure, from the figures of some columns."""
    uniform = _uniform(match.hypothesis for samples in columns.values() for each in samples for match in each.matches)
    mean, fitted = uniform, dict.fromkeys(columns, uniform)
    for _ in range(STEPS):
        fitted = {name: _updated(samples, fitted[name], mean) for name, samples in columns.items()}
        mean = _mean(fitted.values(), uniform)
    of_rows = {kind: mean.choices[kind] for kind in OF_ROWS}
    return Fitted(mean, {name: Weights({**each.choices, **of_rows}, each.last) for name, each in fitted.items()})


def _uniform(hypotheses: Iterable[Hypothesis]) -> Weights:
    values: dict[str, set[str]] = defaultdict(set)
    for hypothesis in hypotheses:
        for kind, value in hypothesis._asdict().items():
            values[kind].add(value)
    return Weights({kind: dict.fromkeys(sorted(found), 1 / len(found)) for kind, found in values.items()}, START)


def _updated(samples: Sequence[Sample], weights: Weights, mean: Weights) -> Weights:
    """The weights of a column after one step: each figure is shared among the hypotheses that it may be."""
    counts: dict[str, dict[str, float]] = {kind: defaultdict(float) for kind in Hypothesis._fields}
    last, chance = [0.0, 0.0, 0.0], 0.0
    for sample in samples:
        ways = [weights.ways(match) for match in sample.matches]
        left = by_chance(sample.printed)
        whole = sum(map(sum, ways)) + left
        chance += left / whole
        for match, likely in zip(sample.matches, ways, strict=True):
            for kind, value in match.hypothesis._asdict().items():
                counts[kind][value] += sum(likely) / whole
            last = [total + way / whole for total, way in zip(last, likely, strict=True)]
    explained = len(samples) - chance
    return Weights(
        {
            kind: {
                value: (PRIOR_FIGURES * mean.choices[kind].get(value, 0) + found[value]) / (PRIOR_FIGURES + explained)
                for value in mean.choices[kind]
            }
            for kind, found in counts.items()
        },
        _three(
            (PRIOR_FIGURES * of_mean + of_column) / (PRIOR_FIGURES + explained)
            for of_mean, of_column in zip(mean.last, last, strict=True)
        ),
    )


def _mean(columns: Iterable[Weights], uniform: Weights) -> Weights:
    """The mean of the weights of columns, and of a few columns of which nothing is known."""
    every = list(columns)
    count = len(every) + PRIOR_COLUMNS

    def mean(of_columns: Iterable[float], start: float) -> float:
        return (sum(of_columns) + PRIOR_COLUMNS * start) / count

    return Weights(
        {
            kind: {value: mean((each.choices[kind][value] for each in every), start) for value, start in values.items()}
            for kind, values in uniform.choices.items()
        },
        _three(mean((each.last[way] for each in every), start) for way, start in enumerate(uniform.last)),
    )


def _three(values: Iterable[float]) -> tuple[float, float, float]:
    first, second, third = values
    return first, second, third
