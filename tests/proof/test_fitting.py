"""The weights of hypotheses are recovered from figures that were made with known ones."""

import random
from decimal import Decimal

import pytest

from resnext_flops.proof.identify.fitting import Sample, fit
from resnext_flops.proof.identify.hypotheses import Hypothesis, Readings
from resnext_flops.proof.identify.weights import Weights

RULES = ("paper", "fvcore", "torch")


def column(draw: random.Random, rule: str, count: int, truncated: bool = False) -> list[Sample]:
    """Figures of three digits by one rule, of networks that the rules count differently; one in ten is by chance."""
    samples = []
    for number in range(count):
        exact = {name: draw.randrange(10**6, 10**7) for name in RULES}
        shown = draw.randrange(10**6, 10**7) if number % 10 == 9 else exact[rule]
        digits = shown // 10**4 if truncated else (shown + 5000) // 10**4
        printed = Decimal((0, tuple(map(int, str(digits))), 4))
        readings = Readings([(2 * exact[name], Hypothesis(name)) for name in RULES])
        samples.append(Sample(printed, readings.matching(printed, 0)))
    return samples


@pytest.fixture(scope="module")
def fitted() -> dict[str, Weights]:
    draw = random.Random(7)  # noqa: S311 (no secret)
    columns = {f"column {number}": column(draw, "paper", 40) for number in range(3)}
    columns["other"] = column(draw, "fvcore", 40, truncated=True)
    found = fit(columns)
    return {**found.columns, "mean": found.mean}


def test_a_column_follows_its_own_figures(fitted: dict[str, Weights]) -> None:
    # 36 of 40 figures are by the rule, and the mean of all columns stands for three more.
    for number in range(3):
        assert fitted[f"column {number}"].choices["rule"]["paper"] > 36 / 39
    assert fitted["other"].choices["rule"]["fvcore"] > 36 / 39
    assert fitted["other"].choices["rule"].get("torch", 0) < 0.03


def test_the_mean_is_of_columns_and_not_of_figures(fitted: dict[str, Weights]) -> None:
    assert fitted["mean"].choices["rule"]["paper"] == pytest.approx(0.75, abs=0.05)
    assert fitted["mean"].choices["rule"]["fvcore"] == pytest.approx(0.25, abs=0.05)
    assert sum(fitted["mean"].choices["rule"].values()) == pytest.approx(1)


def test_how_figures_are_cut_is_estimated(fitted: dict[str, Weights]) -> None:
    # Half of the figures are the same rounded and truncated. The other half tells.
    rounded, truncated, _ = fitted["column 0"].last
    assert rounded > 0.8 > truncated
    rounded, truncated, _ = fitted["other"].last
    assert truncated > 0.8 > rounded


def test_a_column_with_few_figures_stays_near_the_mean() -> None:
    draw = random.Random(3)  # noqa: S311 (no secret)
    few = fit({"long": column(draw, "paper", 40), "short": column(draw, "fvcore", 1)}).columns["short"]
    assert few.choices["rule"]["paper"] > 0.2
