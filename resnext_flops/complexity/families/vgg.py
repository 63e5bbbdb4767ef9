"""VGG (Simonyan and Zisserman, arXiv:1409.1556, Table 1), plain and with batch norm."""

from collections.abc import Sequence
from typing import Any

from resnext_flops.complexity.families.alexnet import fully_connected
from resnext_flops.complexity.layers import (
    AdaptiveAvgPool,
    BatchNorm,
    Conv,
    Description,
    MaxPool,
    Node,
    ReLU,
    Repeat,
    Sequential,
    Size,
    pair,
    size,
)
from resnext_flops.complexity.network import family
from resnext_flops.errors import InputError, unknown

# The convolutions of each stage: configurations A, B, D and E.
DEPTHS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


@family
def vgg(
    depth: Any = 16,
    *,
    batch_norm: bool = False,
    resolution: Any = 224,
    classes: Size = 1000,
    base_width: Size = 64,
    hidden: Size = 4096,
    in_channels: Size = 3,
) -> Description:
    """VGG: five stages of 3x3 convolutions, each ended by a max pool, and three fully-connected layers.

    depth: 11, 13, 16, 19 (configurations A, B, D, E), or the convolutions of each of the five stages.
    batch_norm: whether each convolution is followed by batch norm (torchvision's `_bn` networks; not in the paper).
    resolution: pixels of the input, one number or a height and a width.
    classes: outputs of the last layer.
    base_width: channels of the first stage; they double until the fourth.
    hidden: features of the first two fully-connected layers.
    in_channels: channels of the input.

    As in torchvision, an average pool to 7x7 comes before the fully-connected layers; at 224 pixels, the paper's size,
    it changes nothing.

    Raises InputError for an unknown depth or a size that is not a positive whole number.

    >>> import resnext_flops as rf
    >>> ledger = rf.vgg(16).cost()
    >>> ledger.params, ledger.macs
    (138357544, 15470264320)
    """
    height, width = pair("resolution", resolution)
    base_width, hidden = size("base_width", base_width), size("hidden", hidden)
    stages = {
        f"conv{number}": _stage(base_width * 2 ** min(number - 1, 3), times, batch_norm)
        for number, times in enumerate(stage_convolutions(depth), start=1)
    }
    head = Sequential.of(pool=AdaptiveAvgPool(7), **fully_connected(hidden, size("classes", classes)))
    return Description((size("in_channels", in_channels), height, width), Sequential.of(**stages, head=head))


def stage_convolutions(depth: Any) -> tuple[Size, ...]:
    """The convolutions of each stage, from a network's depth or from the numbers themselves."""
    if isinstance(depth, Sequence) and not isinstance(depth, str) and len(depth) == 5:
        return tuple(size("the number of convolutions of a stage", number) for number in depth)
    if not isinstance(depth, int) or depth not in DEPTHS:
        raise InputError(f"{unknown('depth', depth, DEPTHS)}; or the convolutions of five stages, as (2, 2, 3, 3, 3)")
    return DEPTHS[depth]


def _stage(channels: Size, times: Size, batch_norm: bool) -> Sequential:
    norm: dict[str, Node] = {"norm": BatchNorm()} if batch_norm else {}
    layer = Sequential.of(conv=Conv(channels, 3, padding=1, bias=True), **norm, relu=ReLU())
    return Sequential.of(conv=Repeat(layer, times, first=layer), pool=MaxPool(2, stride=2))
