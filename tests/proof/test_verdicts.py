"""What is said of the published set is so: every explanation gives its figure, and the rates are those of the goals."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from itertools import chain

import pytest

from resnext_flops.counters import lookup
from resnext_flops.proof.identify.forms import at, forms
from resnext_flops.proof.identify.hypotheses import AS_STATED, BINARY, readings
from resnext_flops.proof.identify.verdicts import Verdict, verdicts
from resnext_flops.proof.identify.weights import BELIEVED
from resnext_flops.proof.published.collection import printed_figures
from resnext_flops.reports.published.explaining import TO_REPORT, TO_TUNE, half

EXACT = Context(prec=60)
PREFIX = {3: 10, 6: 20, 9: 30, 12: 40}


def shown(each: Verdict) -> Decimal:
    """The exact figure in the prefix that the explanation takes it to have: G may be 2^30."""
    assert each.match is not None
    exact, power = Fraction(each.match.exact), each.figure.power
    if each.match.hypothesis.prefix == BINARY:
        exact = exact / 2 ** PREFIX[power] * 10**power
    return EXACT.divide(Decimal(exact.numerator), Decimal(exact.denominator))


def test_every_figure_has_a_verdict() -> None:
    assert [each.figure for each in verdicts()] == list(printed_figures())
    assert all(each.match is None for each in verdicts() if not each.figure.built_as)


def test_every_explanation_gives_its_figure_to_the_last_digit() -> None:
    for each in verdicts():
        if each.match is None or not any(each.match[2:]):
            continue
        last = Decimal((0, (1,), int(each.figure.value.as_tuple().exponent)))
        rounded = shown(each).quantize(last, ROUND_HALF_UP, EXACT)
        truncated = shown(each).quantize(last, ROUND_DOWN, EXACT)
        ways = rounded == each.figure.value, truncated == each.figure.value, abs(rounded - each.figure.value) == last
        assert each.match[2:] == ways, each


def test_what_no_reading_gives_is_not_explained() -> None:
    assert all(each.posterior == 0 for each in verdicts() if each.match and not any(each.match[2:]))


MODELS = sorted({(each.figure.built_as, each.figure.resolution) for each in verdicts() if each.match})
DESCRIBED = [(built_as, resolution) for built_as, resolution in MODELS if ":" not in built_as]
QUICK = DESCRIBED[:: max(1, len(DESCRIBED) // 12)]


@pytest.mark.parametrize(("built_as", "resolution"), QUICK)
def test_the_figures_of_the_explanations_are_counted_anew(built_as: str, resolution: str) -> None:
    hold(built_as, resolution)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("built_as", "resolution"),
    MODELS[::40],
)
def test_the_same_for_real_models(built_as: str, resolution: str) -> None:
    hold(built_as, resolution)


def hold(built_as: str, resolution: str) -> None:
    """Every verdict on a model names a reading that the model has, with the figure that it has."""
    model = lookup.model(built_as)
    if "x" in resolution:
        model = lookup.model(built_as, (1, model.input[0], *map(int, resolution.split("x"))))
    elif resolution and model.input[1:] != (int(resolution), int(resolution)):
        model = at(model, int(resolution))
    mine = [each for each in verdicts() if (each.figure.built_as, each.figure.resolution) == (built_as, resolution)]
    wanted = {each.match.hypothesis.form for each in mine if each.match}
    found = [form for form in forms(model) if form.image == AS_STATED and form.form in wanted]
    for each in mine:
        assert each.match is not None
        hypothesis = each.match.hypothesis._replace(prefix="decimal")
        every = chain.from_iterable(readings(form.facts, each.figure.figure, form=form.form) for form in found)
        assert {doubled for doubled, reading in every if reading == hypothesis} == {2 * each.match.exact}


def rate(chosen: list[Verdict]) -> float:
    """The share that is explained."""
    return sum(each.posterior >= BELIEVED for each in chosen) / len(chosen)


def test_the_rates_of_the_half_that_was_not_tuned_on() -> None:
    reported = [
        each
        for each in verdicts()
        if each.can_be_explained and half(each.figure.built_as) == 1 and each.figure.source != TO_TUNE
    ]
    assert len(reported) > 3000
    assert rate(reported) >= 0.95


@pytest.mark.parametrize("figure", ["params", "operations", "activations"])
def test_the_rates_of_the_table_of_timm_that_was_not_tuned_on(figure: str) -> None:
    table = [each for each in verdicts() if each.figure.source == TO_REPORT and each.figure.figure == figure]
    able = [each for each in table if each.can_be_explained]
    assert len(able) > 1300
    assert rate(able) >= 0.95
