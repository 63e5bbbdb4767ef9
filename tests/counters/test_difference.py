"""Diff: exactly the layers that differ are named, and their shares add up."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import resnext_flops as rf
from resnext_flops.cli import main
from resnext_flops.complexity.layers import (
    BatchNorm,
    Conv,
    Description,
    Flatten,
    GlobalAvgPool,
    Linear,
    Repeat,
    Sequential,
    Sum,
)
from resnext_flops.complexity.network import described
from resnext_flops.counters.difference import Difference
from resnext_flops.tables.difference import difference


def adds_up(found: Difference) -> bool:
    return (
        sum(change.params for change in found.changes) == found.params
        and sum(change.macs for change in found.changes) == found.macs
        and (not found.macs or sum(found.share(change, "macs") or 0 for change in found.changes) == Fraction(1))
    )


@pytest.mark.parametrize("other", ["timm:resnet50", "resnet50"])
def test_one_network_written_differently_is_identical(other: str) -> None:
    assert rf.diff("torchvision:resnet50", other).identical


def test_the_place_of_the_stride_names_exactly_the_strided_layers() -> None:
    found = rf.diff("torchvision:resnet50", "resnet50_he2015")
    assert [change.first for change in found.changes] == [
        f"layer{stage}.0.conv{number}" for stage in (2, 3, 4) for number in (1, 2)
    ]
    assert adds_up(found)


def test_forgotten_groups() -> None:
    found = rf.diff(rf.resnext(50, 32, 4), rf.resnext(50, 1, 128))
    assert len(found.changes) == 3 + 4 + 6 + 3
    assert all("groups 32 -> 1" in change.details for change in found.changes)
    assert adds_up(found)


def test_a_missing_block() -> None:
    found = rf.diff(rf.resnet(50), rf.resnet((3, 4, 5, 3)))
    # A block without a projection has three convolutions and three batch norms.
    assert [change.what for change in found.changes] == ["missing"] * 6
    assert {change.first.split(".")[0] for change in found.changes} == {"conv4"}
    assert adds_up(found)


def stages(first: int, second: int) -> nn.Module:
    """Convolutions at full resolution, one that halves it, and convolutions at half; all have equal weights."""
    convolutions = [nn.Conv2d(4, 4, 3, 1 + (place == first), 1) for place in range(first + 1 + second)]
    return nn.Sequential(*convolutions)


def test_a_layer_of_one_resolution_is_not_one_of_another() -> None:
    found = rf.diff(stages(2, 0), stages(1, 1), (1, 4, 32, 32))
    assert sorted(change.what for change in found.changes) == ["added", "missing"]
    assert found.macs == 4 * 4 * 9 * (16 * 16 - 32 * 32)
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


def test_a_name_is_compared_on_the_described_networks_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import resnext_flops\ndef identical_port():\n    return resnext_flops.resnext_cifar(29, 8, 64).to_torch()\n"
    (tmp_path / "ports_of_ours.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    names = ("resnext29_8x64d", "ports_of_ours:identical_port")
    for first, second in (names, names[::-1]):
        found = rf.diff(first, second)
        assert found.identical
        assert (found.first.input, found.second.input) == ((3, 32, 32), (3, 32, 32))
    result = CliRunner().invoke(main, ["diff", *names])
    assert result.stdout.startswith(
        "resnext_cifar(29, cardinality=8, width=64) on 3x32x32 against ports_of_ours:identical_port on 3x32x32"
    )


def test_described_networks_keep_their_own_inputs_and_say_so() -> None:
    found = rf.diff("resnet18", rf.resnet(18, resolution=64))
    # Every convolution has 49 pixels for each 4 of the other, and the last layer is the same.
    assert 4 * (found.first.macs - 512_000) == 49 * (found.second.macs - 512_000)
    title = "resnet(18) on 3x224x224 against resnet(18, resolution=64) on 3x64x64"
    assert difference(found).title == title
    same = rf.diff("resnet18", "resnet18")
    assert difference(same).title == "resnet(18) on 3x224x224 against resnet(18) on 3x224x224"


def test_given_inputs_are_those_of_both() -> None:
    found = rf.diff("resnet18", "torchvision:resnet18", (1, 3, 64, 64))
    assert found.identical
    assert found.first.input == found.second.input == (3, 64, 64)


class Stage(NamedTuple):
    """A stage of bottlenecks, or of basic blocks where it is not deep; all but the first block keep the shape."""

    blocks: int
    width: int
    kernel: int
    groups: int
    deep: bool

    def block(self, first: bool) -> Sum:
        """One block, with a projection if it is the first."""
        stride = 2 if first else 1
        middle = Conv(self.width, self.kernel, stride, self.kernel // 2, groups=self.groups)
        layers: dict[str, Conv | BatchNorm] = {
            "conv": middle,
            "norm": BatchNorm(),
            "last": Conv(2 * self.width, 1),
            "norm2": BatchNorm(),
        }
        if self.deep:
            layers = {"first": Conv(self.width, 1), "norm0": BatchNorm(), **layers}
        residual = Sequential.of(**layers)
        return Sum.of(residual=residual, shortcut=Conv(2 * self.width, 1, stride) if first else Sequential(()))

    @property
    def layers(self) -> int:
        """Of one block that keeps the shape."""
        return 6 if self.deep else 4


def build(stages: list[Stage]) -> rf.Network:
    parts = {
        f"stage{number}": Sequential.of(block=Repeat(stage.block(False), stage.blocks, stage.block(True)))
        for number, stage in enumerate(stages)
    }
    body = Sequential.of(**parts, pool=GlobalAvgPool(), flat=Flatten(), fc=Linear(10))
    return described(Description((8, 64, 64), body))


# The input of a stage has a multiple of 8 channels, and so has every width.
STAGES = st.builds(
    Stage,
    blocks=st.integers(2, 5),
    width=st.sampled_from([8, 16, 24]),
    kernel=st.sampled_from([1, 3, 5]),
    groups=st.sampled_from([1, 2, 8]),
    deep=st.booleans(),
)


@given(stages=st.lists(STAGES, min_size=1, max_size=4), data=st.data())
def test_a_stage_of_twice_the_width_only_changed(stages: list[Stage], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(stages) - 1))
    wider = [*stages]
    wider[place] = stages[place]._replace(width=2 * stages[place].width)
    found = rf.diff(build(stages), build(wider))
    assert {change.what for change in found.changes} == {"changed"}
    assert all(change.first == change.second for change in found.changes)
    assert not any("stride" in change.details or "kernel" in change.details for change in found.changes)
    # Every layer of the stage, its projection, and what takes its output.
    within = [change for change in found.changes if change.first.startswith(f"stage{place}.")]
    assert len(within) == stages[place].layers * stages[place].blocks + 1
    after = {change.first.partition(".")[0] for change in found.changes} - {f"stage{place}"}
    assert after == {f"stage{place + 1}" if place + 1 < len(stages) else "fc"}
    assert adds_up(found)


@given(stages=st.lists(STAGES, min_size=1, max_size=4), data=st.data())
def test_a_block_taken_out_is_only_missing(stages: list[Stage], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(stages) - 1))
    fewer = [*stages]
    fewer[place] = stages[place]._replace(blocks=stages[place].blocks - 1)
    found = rf.diff(build(stages), build(fewer))
    # The last block, as a whole.
    assert {change.what for change in found.changes} == {"missing"}
    assert all(change.first.startswith(f"stage{place}.block{stages[place].blocks}.") for change in found.changes)
    assert len(found.changes) == stages[place].layers
    assert adds_up(found)


def test_twice_the_width_in_another_order_of_branches() -> None:
    # Wide ResNet-50-2 of torchvision has the width of ResNet-50's bottlenecks doubled, and runs projections last.
    found = rf.diff("resnet50", "torchvision:wide_resnet50_2")
    assert {change.what for change in found.changes} == {"changed"}
    # In each of 16 blocks three convolutions and the first two norms.
    assert len(found.changes) == 16 * 5
    assert not any("stride" in change.details for change in found.changes)
    assert adds_up(found)
