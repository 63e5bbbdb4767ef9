"""SENet (Hu et al., arXiv:1709.01507): ResNet and ResNeXt with a gate on the channels at the end of each branch.

The authors' networks are Caffe's: the max pool of the stem is not padded but may hang over the end, and SE-ResNet
strides in the first 1x1 convolution. timm has them as `legacy_seresnet50` and so on; its `seresnet50` pads the pool and
strides in the 3x3 convolution.
"""

from functools import partial
from typing import Any

from resnext_flops.complexity.families.blocks import multiple
from resnext_flops.complexity.families.resnet import (
    BOTTLENECK_DEPTHS,
    FirstBlock,
    Style,
    activated,
    bottleneck_stages,
    choose,
    classifier,
    make_style,
    put_together,
    residual_stage,
    stage_depths,
)
from resnext_flops.complexity.layers import (
    Conv,
    Description,
    Dropout,
    MaxPool,
    Node,
    Repeat,
    Size,
    is_symbolic,
    probability,
    size,
)
from resnext_flops.complexity.network import family
from resnext_flops.errors import InputError

DEPTHS = {depth: BOTTLENECK_DEPTHS[depth] for depth in (50, 101, 152)}
GROUPS = 64  # of SENet-154
POOLS = {"ceil": MaxPool(3, stride=2, ceil_mode=True), "padded": MaxPool(3, stride=2, padding=1)}


@family
def se_resnet(
    depth: Any = 50,
    *,
    width: Size = 64,
    reduction: Size = 16,
    stride_in: str = "1x1",
    pool: str = "ceil",
    resolution: Any = 224,
    classes: Size = 1000,
    base_width: Size = 64,
    in_channels: Size = 3,
) -> Description:
    """SE-ResNet: bottlenecks whose branch ends in a gate.

    depth: 50, 101, 152, or the number of blocks of each stage, such as `(3, 4, 6, 3)`.
    width: channels of the bottleneck in the first stage.
    reduction: how many times narrower than the block the gate is: the paper's r.
    stride_in: the convolution of a bottleneck that strides: `1x1` as the authors', or `3x3` as in timm's `seresnet50`.
    pool: `ceil`, not padded as the authors', or `padded` as in timm's `seresnet50`.
    resolution: pixels of the input, one number or a height and a width.
    classes: outputs of the last layer.
    base_width: channels of the stem; the blocks of the first stage put out four times as many.
    in_channels: channels of the input.

    Raises InputError for an unknown depth or choice, or a size that is not a positive whole number.

    >>> import resnext_flops as rf
    >>> rf.network("legacy_seresnet50").cost().params
    28088024
    """
    blocks, base_width = stage_depths(depth, DEPTHS), size("base_width", base_width)
    style = _style(stride_in, reduction, base_width)
    stages = bottleneck_stages(blocks, 1, width, base_width, style, "imagenet")
    return put_together(_stem(base_width), _pool(pool), stages, classifier(classes), resolution, in_channels)


@family
def se_resnext(
    depth: Any = 50,
    cardinality: Size = 32,
    width: Size = 4,
    *,
    reduction: Size = 16,
    pool: str = "ceil",
    resolution: Any = 224,
    classes: Size = 1000,
    base_width: Size = 64,
    in_channels: Size = 3,
) -> Description:
    """SE-ResNeXt: `se_resnext(50, 32, 4)` is SE-ResNeXt-50 (32x4d).

    cardinality, width: C and d, as in `resnext`.

    The other arguments are those of `se_resnet`, and so is what is raised.

    >>> import resnext_flops as rf
    >>> rf.network("legacy_seresnext50_32x4d").cost().params
    27559896
    """
    blocks, base_width = stage_depths(depth, DEPTHS), size("base_width", base_width)
    style = _style("3x3", reduction, base_width)
    stages = bottleneck_stages(blocks, cardinality, width, base_width, style, "imagenet")
    return put_together(_stem(base_width), _pool(pool), stages, classifier(classes), resolution, in_channels)


@family
def senet(
    depth: Any = 154,
    *,
    reduction: Size = 16,
    dropout: float = 0.2,
    resolution: Any = 224,
    classes: Size = 1000,
    base_width: Size = 64,
    in_channels: Size = 3,
) -> Description:
    """SENet-154, as the authors' prototxt has it: SE-ResNeXt-152 (64x4d) with changes.

    Its stem is three 3x3 convolutions. In a block the first 1x1 convolution has half the channels of the 3x3, which has
    64 groups, and a projection that strides is a 3x3 convolution.

    depth: 154, or the number of blocks of each stage, such as `(3, 8, 36, 3)`.
    dropout: the share of the last features that is set to zero in training.
    base_width: channels of the stem, a multiple of 32; the blocks of the first stage put out four times as many.

    The other arguments are those of `se_resnet`, and so is what is raised.

    >>> import resnext_flops as rf
    >>> rf.senet().cost().params
    115088984
    """
    w = multiple("base_width", size("base_width", base_width), GROUPS // 2)
    style = _style("3x3", reduction, w)._replace(projection=3)
    stages = [
        _wide_stage(times, w * 2**stage, 1 if stage == 0 else 2, style)
        for stage, times in enumerate(stage_depths(depth, {154: BOTTLENECK_DEPTHS[152]}))
    ]
    stem = activated([Conv(w, 3, stride=2, padding=1), Conv(w, 3, padding=1), Conv(2 * w, 3, padding=1)])
    head = classifier(classes, drop=Dropout(probability("dropout", dropout)))
    return put_together(stem, _pool("ceil"), stages, head, resolution, in_channels)


def _style(stride_in: str, reduction: Size, base_width: Size) -> Style:
    reduction, narrowest = size("reduction", reduction), 4 * base_width
    if not is_symbolic(reduction) and not is_symbolic(narrowest) and reduction > narrowest:
        raise InputError(f"reduction is {reduction}; it must be at most {narrowest}, the channels of the first gate")
    return make_style("B", preactivation=False, stride_in=stride_in)._replace(reduction=reduction)


def _stem(channels: Size) -> dict[str, Node]:
    return activated([Conv(channels, 7, stride=2, padding=3)])


def _pool(pool: str) -> Node:
    return POOLS[choose("pool", pool, tuple(POOLS))]


def _wide_stage(times: Size, planes: Size, stride: int, style: Style) -> Repeat:
    first = FirstBlock(changes=True, norm="none")
    return residual_stage(times, partial(_convolutions, planes), 4 * planes, stride, first, style)


def _convolutions(planes: Size, stride: int) -> list[Conv]:
    return [
        Conv(2 * planes, 1),
        Conv(4 * planes, 3, stride=stride, padding=1, groups=GROUPS),
        Conv(4 * planes, 1),
    ]
