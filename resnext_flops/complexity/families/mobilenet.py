"""MobileNet: depthwise convolutions (V1), inverted residuals (V2), and searched ones with gates and hard swish (V3).

Howard et al., arXiv:1704.04861; Sandler et al., arXiv:1801.04381; Howard et al., arXiv:1905.02244. Channels times the
width multiplier are rounded to multiples of 8, as the authors' code does.
"""

from typing import Any

from resnext_flops.complexity.families.blocks import depthwise, divisible, gated, inverted_residual, multiplier, unit
from resnext_flops.complexity.families.resnet import choose, classifier, put_together
from resnext_flops.complexity.layers import (
    Activation,
    Conv,
    Description,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Linear,
    Node,
    ReLU,
    Repeat,
    Sequential,
    Size,
    probability,
    size,
)
from resnext_flops.complexity.network import family

RELU6, HARD_SWISH, HARD_SIGMOID = Activation("relu6"), Activation("hardswish"), Activation("hardsigmoid")

# Channels and blocks of each stage of V1; all but the first stage halve the map (the paper's Table 1).
V1 = ((64, 1), (128, 2), (256, 2), (512, 6), (1024, 2))
# Expansion, channels, blocks and stride of each stage of V2 (the paper's Table 2).
V2 = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
# Kernel, expanded channels, channels, gate, hard swish and stride of each block of V3 (the paper's Tables 1 and 2).
V3 = {
    "large": (
        (3, 16, 16, False, False, 1),
        (3, 64, 24, False, False, 2),
        (3, 72, 24, False, False, 1),
        (5, 72, 40, True, False, 2),
        (5, 120, 40, True, False, 1),
        (5, 120, 40, True, False, 1),
        (3, 240, 80, False, True, 2),
        (3, 200, 80, False, True, 1),
        (3, 184, 80, False, True, 1),
        (3, 184, 80, False, True, 1),
        (3, 480, 112, True, True, 1),
        (3, 672, 112, True, True, 1),
        (5, 672, 160, True, True, 2),
        (5, 960, 160, True, True, 1),
        (5, 960, 160, True, True, 1),
    ),
    "small": (
        (3, 16, 16, True, False, 2),
        (3, 72, 24, False, False, 2),
        (3, 88, 24, False, False, 1),
        (5, 96, 40, True, True, 2),
        (5, 240, 40, True, True, 1),
        (5, 240, 40, True, True, 1),
        (5, 120, 48, True, True, 1),
        (5, 144, 48, True, True, 1),
        (5, 288, 96, True, True, 2),
        (5, 576, 96, True, True, 1),
        (5, 576, 96, True, True, 1),
    ),
}
# Features of the last hidden layer of V3.
HIDDEN = {"large": 1280, "small": 1024}
EPS = 1e-3  # of V3's norms


@family
def mobilenet_v1(
    *,
    width_multiplier: float = 1.0,
    resolution: Any = 224,
    classes: Size = 1000,
    in_channels: Size = 3,
) -> Description:
    """MobileNet (V1): a depthwise 3x3 and a 1x1 convolution in each block, without shortcuts.

    width_multiplier: the paper's alpha, such as 0.25, 0.5, 0.75 or 1: all channels are multiplied by it.
    resolution: pixels of the input, one number or a height and a width.
    classes: outputs of the last layer.
    in_channels: channels of the input.

    The activations are ReLU6, as in the authors' code; the paper draws ReLU.

    Raises InputError for a multiplier that is no number above 0, or a size that is not a positive whole number.

    >>> import resnext_flops as rf
    >>> [round(rf.mobilenet_v1(width_multiplier=alpha).cost().macs / 1e6) for alpha in (1, 0.75, 0.5, 0.25)]
    [569, 325, 149, 41]
    """
    alpha = multiplier("width_multiplier", width_multiplier)
    stages = []
    before = divisible(32 * alpha)
    stem = unit(1, Conv(before, 3, stride=2, padding=1), RELU6)
    for stage, (channels, times) in enumerate(V1):
        after = divisible(channels * alpha)
        first = _separable(before, after, 1 if stage == 0 else 2)
        stages.append(Repeat(_separable(after, after, 1), times, first))
        before = after
    return put_together(stem, None, stages, classifier(classes), resolution, in_channels)


def _separable(inputs: Size, channels: Size, stride: Size) -> Sequential:
    return Sequential.of(**unit(1, depthwise(inputs, 3, stride), RELU6), **unit(2, Conv(channels, 1), RELU6))


@family
def mobilenet_v2(
    *,
    width_multiplier: float = 1.0,
    dropout: float = 0.2,
    resolution: Any = 224,
    classes: Size = 1000,
    in_channels: Size = 3,
) -> Description:
    """MobileNetV2: inverted residuals, whose narrow ends have no activation.

    width_multiplier: all channels are multiplied by it, but those of the last convolution only if it is above 1.
    dropout: the share of the last features that is set to zero in training.

    The other arguments are those of `mobilenet_v1`, and so is what is raised.

    >>> import resnext_flops as rf
    >>> rf.mobilenet_v2().cost().params
    3504872
    """
    alpha = multiplier("width_multiplier", width_multiplier)
    stages = []
    before = divisible(32 * alpha)
    stem = unit(1, Conv(before, 3, stride=2, padding=1), RELU6)
    for expansion, channels, times, stride in V2:
        after = divisible(channels * alpha)
        first = inverted_residual(before, expansion * before, after, 3, stride, RELU6)
        stages.append(Repeat(inverted_residual(after, expansion * after, after, 3, 1, RELU6), times, first))
        before = after
    last = unit(1, Conv(divisible(1280 * max(1.0, alpha)), 1), RELU6)
    head = classifier(classes, before=last, drop=Dropout(probability("dropout", dropout)))
    return put_together(stem, None, stages, head, resolution, in_channels)


@family
def mobilenet_v3(
    version: str = "large",
    *,
    width_multiplier: float = 1.0,
    dropout: float = 0.2,
    resolution: Any = 224,
    classes: Size = 1000,
    in_channels: Size = 3,
) -> Description:
    """MobileNetV3, as in torchvision: the blocks that a search found, some with gates, and hard swish.

    version: `large` or `small`.
    width_multiplier: all channels are multiplied by it.

    The other arguments are those of `mobilenet_v2`. Raises InputError as it does, and for another version.

    >>> import resnext_flops as rf
    >>> [rf.mobilenet_v3(version).cost().params for version in ("large", "small")]
    [5483032, 2542856]
    """
    alpha = multiplier("width_multiplier", width_multiplier)
    blocks: list[Repeat | Node] = []
    before = divisible(16 * alpha)
    stem = unit(1, Conv(before, 3, stride=2, padding=1), HARD_SWISH, EPS)
    for kernel, expanded, channels, has_gate, is_hard, stride in V3[choose("version", version, tuple(V3))]:
        wide, after = divisible(expanded * alpha), divisible(channels * alpha)
        gate = gated(wide, divisible(wide // 4), gate=HARD_SIGMOID) if has_gate else None
        activation: Node = HARD_SWISH if is_hard else ReLU()
        blocks.append(inverted_residual(before, wide, after, kernel, stride, activation, gate, EPS))
        before = after
    head = Sequential.of(
        **unit(1, Conv(6 * before, 1), HARD_SWISH, EPS),
        pool=GlobalAvgPool(),
        flatten=Flatten(),
        fc1=Linear(divisible(HIDDEN[version] * alpha)),
        hidden=HARD_SWISH,
        drop=Dropout(probability("dropout", dropout)),
        fc2=Linear(size("classes", classes)),
    )
    return put_together(stem, None, blocks, head, resolution, in_channels)
