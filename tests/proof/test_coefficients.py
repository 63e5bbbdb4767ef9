"""Rung 5: a description's formulas against those of an independent constructor."""

from dataclasses import replace

import pytest

import resnext_flops as rf
from resnext_flops.proof.references import reference
from resnext_flops.proof.references.coefficients import compare_formulas

TINY = rf.resnext((1, 1, 1, 1), 2, 8)


def test_the_formulas_of_a_template_are_torchvisions() -> None:
    other = reference(TINY)
    assert other is not None
    rung = compare_formulas(TINY, other)
    assert rung.holds
    # In C, d, r and K: macs have C d^2 r^2, C d r^2, r^2 and K; params C d^2, C d, K and 1; activations C d r^2,
    # r^2 and K. In n1 to n4 and r: n r^2 for each of four stages and r^2 and 1; n and 1 of params; n r^2, r^2 and 1.
    assert rung.compared == (4 + 4 + 3) + (6 + 5 + 6)


@pytest.mark.parametrize("name", ["vgg11", "alexnet"])
def test_the_formulas_of_other_families_are_torchvisions(name: str) -> None:
    network = rf.network(name)
    other = reference(network)
    assert other is not None
    assert compare_formulas(network, other).holds


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["resnet18", "resnet50", "resnext50_32x4d", "wide_resnet50_2", "vgg16_bn", "googlenet"]
)
def test_the_formulas_of_named_networks_are_those_of_their_references(name: str) -> None:
    test_the_formulas_of_other_families_are_torchvisions(name)


def test_another_constructor_has_other_coefficients() -> None:
    other, wider = reference(TINY), reference(TINY.replace(width=9))
    assert other is not None
    assert wider is not None
    rung = compare_formulas(TINY, replace(other, build=wider.build))
    # In the width both have one formula. In the depths its coefficients are those of another width.
    assert rung.fails
    assert rung.differences[0].startswith("the params have ")
