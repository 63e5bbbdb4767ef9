"""Diff: exactly the layers that differ are named, and their shares add up."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from torch import nn

import resnext_flops as rf
from resnext_flops.counters.difference import Difference


def adds_up(found: Difference) -> bool:
    return (
        sum(each.params for each in found.changes) == found.params
        and sum(each.macs for each in found.changes) == found.macs
        and (not found.macs or sum(found.share(each, "macs") or 0 for each in found.changes) == Fraction(1))
    )


@pytest.mark.parametrize("other", ["timm:resnet50", "resnet50"])
def test_one_network_written_differently_is_identical(other: str) -> None:
    assert rf.diff("torchvision:resnet50", other).identical


def test_the_place_of_the_stride_names_exactly_the_strided_layers() -> None:
    found = rf.diff("torchvision:resnet50", "resnet50_he2015")
    assert [each.first for each in found.changes] == [
        f"layer{stage}.0.conv{number}" for stage in (2, 3, 4) for number in (1, 2)
    ]
    assert adds_up(found)


def test_forgotten_groups() -> None:
    found = rf.diff(rf.resnext(50, 32, 4), rf.resnext(50, 1, 128))
    assert len(found.changes) == 3 + 4 + 6 + 3
    assert all("groups 32 -> 1" in each.details for each in found.changes)
    assert adds_up(found)


def test_a_missing_block() -> None:
    found = rf.diff(rf.resnet(50), rf.resnet((3, 4, 5, 3)))
    # A block without a projection has three convolutions and three batch norms.
    assert [each.what for each in found.changes] == ["missing"] * 6
    assert {each.first.split(".")[0] for each in found.changes} == {"conv4"}
    assert adds_up(found)


def small(bias: bool) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, 3, bias=bias), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 1, bias=False))


def test_an_extra_bias() -> None:
    found = rf.diff(small(bias=False), small(bias=True), (1, 3, 8, 8))
    (change,) = found.changes
    assert (change.first, change.details, change.params, change.macs) == ("0", "bias no -> yes", 8, 0)


@pytest.mark.parametrize("build", [lambda: rf.resnext_cifar(29, 8, 64), rf.googlenet])
def test_a_network_is_identical_with_itself(build: Callable[[], rf.Network]) -> None:
    assert rf.diff(build(), build()).identical


def test_features_are_the_last_axis() -> None:
    one, two = nn.Sequential(nn.Linear(6, 6)), nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 2))
    (change,) = rf.diff(one, two, (1, 4, 8, 6)).changes
    assert (change.what, change.second, change.details) == ("added", "1", "6 -> 2 channels")


def test_what_the_signs_of_a_change_already_say_is_not_repeated() -> None:
    one, two = (nn.Sequential(nn.Conv2d(8, 8, 3, groups=groups, bias=False)) for groups in (1, 4))
    (change,) = rf.diff(one, two, (1, 8, 8, 8)).changes
    # Six by six outputs of eight channels, each with 9 x 8 multiply-adds before and 9 x 2 after.
    assert (change.details, change.macs) == ("groups 1 -> 4", 36 * 8 * 9 * (2 - 8))
