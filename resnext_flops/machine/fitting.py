"""Coefficients of a profile from measured times, and how wrong they are about models that the fit did not see.

A time is a sum of products of features and coefficients, none of which is negative. The coefficients are those with the
smallest sum of relative errors, |predicted - measured| / measured; a sum of squares would give most weight to the few
models that are far off, because a library runs them by another algorithm. SciPy's non-negative least squares finds
them, with weights that turn squares into absolute values and are found anew a few times.

Errors are those of families left out, never of models: the fit for a model has seen no model of its family.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from resnext_flops.complexity.features import PER_EXAMPLE, Features, moved

Floats: TypeAlias = npt.NDArray[np.float64]
Marks: TypeAlias = npt.NDArray[np.bool_]
# Predicts the times of some samples from the others: it takes the marks of those that it may see.
Predictor: TypeAlias = Callable[[Marks], Floats]

ROUNDS = 10  # in which the weights are found anew
LEAST_ERROR = 1e-3  # a relative error that weighs no more than this
FOLDS = 20  # so many parts of the families are left out in turn
DRAWN = 1_000  # sets of families that an interval is made of
NEAR = 0.1  # a prediction is near if it is off by no more than this share


def near(errors: Sequence[float] | Floats) -> float:
    """The share of relative errors that are within `NEAR`.

    >>> near([0.02, 1.1 - 1, 0.3, 0.4])
    0.5
    """
    return float((np.asarray(errors) <= NEAR + 1e-12).mean())  # 1.1 - 1 is a little more than 0.1


class Sample(NamedTuple):
    """A measured network: the seconds of one run of a batch, and what is known of the network for one example."""

    model: str
    family: str
    super_family: str
    batch: int
    seconds: float
    features: Features
    macs: int
    params: int
    activations: int


def times(samples: Sequence[Sample]) -> Floats:
    """The measured seconds."""
    return np.array([sample.seconds for sample in samples])


def columns_of(samples: Sequence[Sample]) -> list[tuple[str, str]]:
    """The features that any of the samples has."""
    return sorted({key for sample in samples for key in sample.features})


def matrix(samples: Sequence[Sample]) -> Floats:
    """The features of one run of each sample's batch, a column for each of `columns_of`."""
    columns = columns_of(samples)
    return np.array(
        [
            [float(sample.features.get(key, 0)) * (sample.batch if key[0] in PER_EXAMPLE else 1) for key in columns]
            for sample in samples
        ]
    )


def totals(samples: Sequence[Sample]) -> Floats:
    """The three totals of each sample's batch, and a constant."""
    return np.array([[each.macs * each.batch, each.activations * each.batch, each.params, 1.0] for each in samples])


def coefficients(found: Floats, seconds: Floats) -> Floats:
    """The coefficients of some columns, none negative, with the smallest sum of relative errors.

    >>> coefficients(np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]), np.array([3.0, 4.0, 5.0])).round(6).tolist()
    [3.0, 2.0]
    """
    from scipy.optimize import nnls

    relative = found / seconds[:, None]
    scale = relative.mean(axis=0)
    scale[scale == 0] = 1
    relative = relative / scale
    weights = np.ones(len(seconds))
    for _ in range(ROUNDS):
        fitted, _ = nnls(relative * weights[:, None], weights)
        weights = 1 / np.sqrt(np.maximum(np.abs(relative @ fitted - 1), LEAST_ERROR))
    result: Floats = fitted / scale
    return result


def linear(found: Floats, seconds: Floats) -> Predictor:
    """What predicts by coefficients of some columns."""
    return lambda seen: found @ coefficients(found[seen], seconds[seen])


def roofline(samples: Sequence[Sample]) -> Predictor:
    """What predicts by two constants for the whole network: the longer of its arithmetic and of its memory traffic."""
    arithmetic = np.array([float(each.macs * each.batch) for each in samples])
    elements = np.array([float(moved(each.features) * each.batch) for each in samples])
    seconds = times(samples)
    balances = np.geomspace(1e-1, 1e4, 201)  # multiply-adds in the time of one element

    def predict(seen: Marks) -> Floats:
        best = min(
            (_scaled(np.maximum(arithmetic, balance * elements), seconds, seen) for balance in balances), key=_error
        )
        return best.predicted

    return predict


class _Scaled(NamedTuple):
    predicted: Floats
    error: float


def _error(scaled: _Scaled) -> float:
    return scaled.error


def _scaled(work: Floats, seconds: Floats, seen: Marks) -> _Scaled:
    """A work times the number with the smallest sum of relative errors: a weighted median of seconds for the work."""
    weights, ratios = work[seen] / seconds[seen], seconds[seen] / work[seen]
    order = np.argsort(ratios)
    reached = np.cumsum(weights[order])
    factor = ratios[order][np.searchsorted(reached, reached[-1] / 2)]
    return _Scaled(factor * work, float(np.abs(factor * work[seen] / seconds[seen] - 1).sum()))


def folds(families: Sequence[str]) -> list[int]:
    """The fold of each family: the same in every run, and as many families in one as in another."""
    ordered = sorted(set(families), key=lambda name: sha256(name.encode()).digest())
    number = {name: place % FOLDS for place, name in enumerate(ordered)}
    return [number[name] for name in families]


def left_out(predict: Predictor, groups: Sequence[Hashable]) -> Floats:
    """The prediction of each sample by a fit that saw none of its group."""
    predicted = np.zeros(len(groups))
    for group in dict.fromkeys(groups):
        own = np.array([each == group for each in groups])
        predicted[own] = predict(~own)[own]
    return predicted


@dataclass(frozen=True)
class Judged:
    """How near the predictions of one predictor are.

    predictor, left: what predicted, and what was left out. models, groups: how many there are.
    median: of the relative errors. near: the share of models within `NEAR`.
    median_interval, near_interval: of 95 percent, over sets of families drawn at random.
    best_fold, worst_fold: the smallest and the largest median of a part that was left out.
    """

    predictor: str
    left: str
    models: int
    groups: int
    median: float
    near: float
    median_interval: tuple[float, float]
    near_interval: tuple[float, float]
    best_fold: float
    worst_fold: float


def judge(
    predictor: str, left: str, samples: Sequence[Sample], predicted: Floats, groups: Sequence[Hashable]
) -> Judged:
    """How near some predictions are. groups: what was left out together."""
    errors = np.abs(predicted / times(samples) - 1)
    parts: dict[Hashable, list[float]] = {}
    for group, error in zip(groups, errors, strict=True):
        parts.setdefault(group, []).append(float(error))
    medians = [float(np.median(part)) for part in parts.values()]
    middle, share = _intervals([each.family for each in samples], errors)
    return Judged(
        predictor,
        left,
        len(samples),
        len(parts),
        float(np.median(errors)),
        near(errors),
        middle,
        share,
        min(medians),
        max(medians),
    )


def _intervals(families: Sequence[str], errors: Floats) -> tuple[tuple[float, float], tuple[float, float]]:
    """The intervals of the median and of the share that is near, from sets of as many families, drawn with return."""
    names = sorted(set(families))
    parts = [errors[np.array([each == name for each in families])] for name in names]
    drawing = np.random.default_rng(0)
    drawn = [
        np.concatenate([parts[place] for place in drawing.integers(len(parts), size=len(parts))]) for _ in range(DRAWN)
    ]
    return _middle([float(np.median(each)) for each in drawn]), _middle([near(each) for each in drawn])


def _middle(values: Sequence[float]) -> tuple[float, float]:
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def covering(samples: Sequence[Sample], predicted: Floats, share: float) -> tuple[float, float]:
    """The two factors of a predicted time between which this share of the measured ones are."""
    low, high = np.quantile(times(samples) / predicted, ((1 - share) / 2, (1 + share) / 2))
    return float(low), float(high)


class Fit(NamedTuple):
    """A fit: the seconds that each feature takes, and the predictions of families and super-families left out."""

    seconds: Mapping[tuple[str, str], float]
    families: Floats
    super_families: Floats


def fit(samples: Sequence[Sample]) -> Fit:
    """The coefficients of some samples, and how the same fit predicts what it does not see."""
    found, seconds = matrix(samples), times(samples)
    predict = linear(found, seconds)
    fitted = dict(zip(columns_of(samples), map(float, coefficients(found, seconds)), strict=True))
    return Fit(
        fitted,
        left_out(predict, folds([each.family for each in samples])),
        left_out(predict, [each.super_family for each in samples]),
    )


def baselines(samples: Sequence[Sample]) -> dict[str, Predictor]:
    """What a predictor is held against, in the same run: each is fitted to the same samples."""
    three, seconds = totals(samples), times(samples)
    return {
        "multiply-adds alone": linear(three[:, :1], seconds),
        "multiply-adds, activations, params": linear(three, seconds),
        "roofline of two constants": roofline(samples),
    }


FEATURES = "this fit"


def judged(samples: Sequence[Sample], found: Fit) -> list[Judged]:
    """The fit and the baselines, with families and with super-families left out."""
    parts: dict[str, Sequence[Hashable]] = {
        "families": folds([each.family for each in samples]),
        "super-families": [each.super_family for each in samples],
    }
    own = {"families": found.families, "super-families": found.super_families}
    result = [judge(FEATURES, left, samples, own[left], groups) for left, groups in parts.items()]
    for name, predict in baselines(samples).items():
        result += [judge(name, left, samples, left_out(predict, groups), groups) for left, groups in parts.items()]
    return result
