"""ConvNeXt (Liu et al., arXiv:2201.03545): ResNet on the way to a transformer, with depthwise 7x7 convolutions.

One step of that way is ResNeXt's: more groups and more width, up to one group for each channel. As in torchvision, a
block has its channels last, so that its 1x1 convolutions are fully-connected layers.
"""

from typing import Any

from resnext_flops.complexity.families.blocks import depthwise
from resnext_flops.complexity.families.resnet import stage_depths
from resnext_flops.complexity.layers import (
    IDENTITY,
    Activation,
    Conv,
    Description,
    Flatten,
    GlobalAvgPool,
    LayerNorm,
    LayerScale,
    Linear,
    Permute,
    Repeat,
    Sequential,
    Size,
    StochasticDepth,
    Sum,
    pair,
    probability,
    real,
    size,
)
from resnext_flops.complexity.network import family

CHANNELS_LAST, CHANNELS_FIRST = Permute((1, 2, 0)), Permute((2, 0, 1))
NORM = LayerNorm(1e-6)


@family
def convnext(
    depth: Any = (3, 3, 9, 3),
    *,
    drop_depth: float = 0.1,
    layer_scale: float = 1e-6,
    resolution: Any = 224,
    classes: Size = 1000,
    base_width: Size = 96,
    in_channels: Size = 3,
) -> Description:
    """ConvNeXt: `convnext()` is ConvNeXt-T; S has `(3, 3, 27, 3)` blocks, and B and L more channels as well.

    depth: the number of blocks of each stage.
    drop_depth: the probability with which the branch of the last block is left out in training (`StochasticDepth`).
    layer_scale: the number by which each channel of a branch is multiplied at first (`LayerScale`).
    resolution: pixels of the input, one number or a height and a width.
    classes: outputs of the last layer.
    base_width: channels of the first stage; each next stage has twice as many.
    in_channels: channels of the input.

    Raises InputError for a size that is not a positive whole number.

    >>> import resnext_flops as rf
    >>> rf.convnext().cost().params
    28589128
    """
    width, scale = size("base_width", base_width), LayerScale(real("layer_scale", layer_scale))
    drop = StochasticDepth(probability("drop_depth", drop_depth))
    parts = {"stem": Sequential.of(conv=Conv(width, 4, stride=4, bias=True), norm=normalised())}
    for stage, times in enumerate(stage_depths(depth), start=1):
        channels = width * 2 ** (stage - 1)
        block = _block(channels, scale, drop)
        if stage > 1:
            parts[f"reduce{stage}"] = Sequential.of(norm=normalised(), conv=Conv(channels, 2, stride=2, bias=True))
        parts[f"stage{stage}"] = Sequential.of(block=Repeat(block, times, first=block))
    parts["head"] = Sequential.of(
        pool=GlobalAvgPool(), norm=normalised(), flatten=Flatten(), fc=Linear(size("classes", classes))
    )
    height, pixels = pair("resolution", resolution)
    return Description((size("in_channels", in_channels), height, pixels), Sequential.of(**parts))


def normalised() -> Sequential:
    """Layer norm of each pixel, whose channels are first."""
    return Sequential.of(last=CHANNELS_LAST, norm=NORM, first=CHANNELS_FIRST)


def _block(channels: Size, scale: LayerScale, drop: StochasticDepth) -> Sequential:
    """Figure 4 of the paper."""
    residual = Sequential.of(
        conv=depthwise(channels, 7, 1, bias=True),
        last=CHANNELS_LAST,
        norm=NORM,
        fc1=Linear(4 * channels),
        gelu=Activation("gelu"),
        fc2=Linear(channels),
        first=CHANNELS_FIRST,
        scale=scale,
        drop=drop,
    )
    return Sequential.of(add=Sum.of(residual=residual, shortcut=IDENTITY))
