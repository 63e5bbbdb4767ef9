"""RepVGG (Ding et al., arXiv:2101.03697): branches in training, and one 3x3 convolution a block when it is deployed.

The branches of a block, a 3x3 convolution, a 1x1 convolution and the identity, each with its norm, are linear in
evaluation mode. So one 3x3 convolution with a bias computes what they compute together.
"""

from typing import Any

from resnext_flops.complexity.families.blocks import multiplier
from resnext_flops.complexity.families.resnet import classifier, stage_depths
from resnext_flops.complexity.layers import (
    BatchNorm,
    Conv,
    Description,
    Node,
    ReLU,
    Repeat,
    Sequential,
    Size,
    Sum,
    is_symbolic,
    pair,
    size,
)
from resnext_flops.complexity.network import family
from resnext_flops.errors import InputError

# Channels of the stages at multipliers of 1 (the paper's Table 2).
WIDTHS = (64, 128, 256, 512)


@family
def repvgg(
    depth: Any = (2, 4, 14, 1),
    *,
    width_multiplier: float = 0.75,
    last_multiplier: float = 2.5,
    groups: Size = 1,
    deployed: bool = False,
    resolution: Any = 224,
    classes: Size = 1000,
    in_channels: Size = 3,
) -> Description:
    """RepVGG: `repvgg()` is RepVGG-A0, and `repvgg((4, 6, 16, 1), width_multiplier=2, last_multiplier=4)` is B1.

    depth: the blocks of each of the four stages, without the block of the stem.
    width_multiplier: of the channels of the first three stages, the paper's a. The stem has at most 64 channels.
    last_multiplier: of the channels of the last stage, the paper's b.
    groups: of every second block, counted from the stem; the others have one. RepVGG-B1g4 has 4.
    deployed: whether each block is one convolution, or has its branches as in training.
    resolution: pixels of the input, one number or a height and a width.
    classes: outputs of the last layer.
    in_channels: channels of the input.

    Raises InputError for a size that is not a positive whole number, or groups that do not divide the channels.

    >>> import resnext_flops as rf
    >>> rf.repvgg(deployed=True).cost().params < rf.repvgg().cost().params
    True
    """
    blocks = stage_depths(depth, {}) if isinstance(depth, (tuple, list)) else ()
    if len(blocks) != len(WIDTHS):
        raise InputError(f"depth is {depth!r}; it must be the blocks of four stages, such as (2, 4, 14, 1)")
    channels = stage_channels(width_multiplier, last_multiplier)
    if is_symbolic(groups):
        raise InputError(f"groups is {groups}; it must be a number that divides the channels of the stages")
    grouped, before = size("groups", groups), 0
    parts = {"stage0": _block(min(WIDTHS[0], channels[0]), 2, 1, deployed)}
    for stage, (width, times) in enumerate(zip(channels, blocks, strict=True), start=1):
        parts[f"stage{stage}"] = _stage(width, times, before, grouped, deployed)
        before += times
    height, pixels = pair("resolution", resolution)
    body = Sequential.of(**parts, head=classifier(classes))
    return Description((size("in_channels", in_channels), height, pixels), body)


def stage_channels(width_multiplier: Any, last_multiplier: Any) -> list[int]:
    """The channels of the four stages. Raises InputError for a multiplier that leaves a stage without any.

    >>> stage_channels(0.75, 2.5)
    [48, 96, 192, 1280]
    """
    given = {"width_multiplier": width_multiplier, "last_multiplier": last_multiplier}
    wider, last = (multiplier(name, value) for name, value in given.items())
    channels = [int(width * factor) for width, factor in zip(WIDTHS, (wider, wider, wider, last), strict=True)]
    for (name, value), stage in zip(given.items(), (0, -1), strict=True):
        if not channels[stage]:
            width = WIDTHS[stage]
            raise InputError(f"{name} is {value}, which leaves none of {width} channels; {1 / width} leaves one")
    return channels


def _stage(channels: Size, times: Size, before: Size, groups: Size, deployed: bool) -> Sequential:
    """The blocks of a stage, of which the first halves the map. before: how many blocks of stages come before it."""
    if groups == 1:
        return Sequential.of(block=Repeat(_block(channels, 1, 1, deployed), times, _block(channels, 2, 1, deployed)))
    if is_symbolic(times):
        raise InputError(f"a stage has {times} blocks; give a number, as only every second one has {groups} groups")
    # The stem is block 0, and those with an even number have groups.
    blocks = {
        f"block{number}": _block(channels, 2 if number == 1 else 1, 1 if (before + number) % 2 else groups, deployed)
        for number in range(1, times + 1)
    }
    return Sequential.of(**blocks)


def _block(channels: Size, stride: int, groups: Size, deployed: bool) -> Sequential:
    """A block, in training with an identity branch where it keeps the shape (the paper's Figure 4)."""
    if deployed:
        conv = Conv(channels, 3, stride=stride, padding=1, groups=groups, bias=True)
        return Sequential.of(conv=conv, relu=ReLU())
    branches: dict[str, Node] = {
        "conv3x3": _normalised(Conv(channels, 3, stride=stride, padding=1, groups=groups)),
        "conv1x1": _normalised(Conv(channels, 1, stride=stride, groups=groups)),
    }
    identity: dict[str, Node] = {"identity": BatchNorm()} if stride == 1 else {}
    return Sequential.of(add=Sum.of(**branches, **identity), relu=ReLU())


def _normalised(conv: Conv) -> Sequential:
    return Sequential.of(conv=conv, norm=BatchNorm())
