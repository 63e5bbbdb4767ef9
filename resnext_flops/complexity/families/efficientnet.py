"""EfficientNet (Tan and Le, arXiv:1905.11946) and EfficientNetV2 (arXiv:2104.00298).

The blocks are those of MobileNetV2 with gates and SiLU, from a search, and B1 to B7 are B0 with more channels, more
blocks and more pixels. The first stages of V2 have one dense 3x3 convolution in the place of a 1x1 and a depthwise one.
"""

from collections.abc import Sequence
from math import ceil
from typing import Any, NamedTuple

from resnext_flops.complexity.families.blocks import divisible, gated, inverted_residual, multiplier, residual, unit
from resnext_flops.complexity.families.resnet import choose, classifier, put_together
from resnext_flops.complexity.layers import (
    Activation,
    Conv,
    Description,
    Dropout,
    Repeat,
    Sequential,
    Size,
    StochasticDepth,
    probability,
)
from resnext_flops.complexity.network import family

SILU = Activation("silu")


class Row(NamedTuple):
    """A stage: what its blocks are, and how many."""

    fused: bool
    expansion: int
    kernel: int
    stride: int
    channels: int
    times: int


# B0 (the first paper's Table 1), behind a stem of 32 channels.
B0 = (
    Row(False, 1, 3, 1, 16, 1),
    Row(False, 6, 3, 2, 24, 2),
    Row(False, 6, 5, 2, 40, 2),
    Row(False, 6, 3, 2, 80, 3),
    Row(False, 6, 5, 1, 112, 3),
    Row(False, 6, 5, 2, 192, 4),
    Row(False, 6, 3, 1, 320, 1),
)
# V2, as in torchvision; S is the second paper's Table 4. The stem has the channels of the first stage.
V2 = {
    "s": (
        Row(True, 1, 3, 1, 24, 2),
        Row(True, 4, 3, 2, 48, 4),
        Row(True, 4, 3, 2, 64, 4),
        Row(False, 4, 3, 2, 128, 6),
        Row(False, 6, 3, 1, 160, 9),
        Row(False, 6, 3, 2, 256, 15),
    ),
    "m": (
        Row(True, 1, 3, 1, 24, 3),
        Row(True, 4, 3, 2, 48, 5),
        Row(True, 4, 3, 2, 80, 5),
        Row(False, 4, 3, 2, 160, 7),
        Row(False, 6, 3, 1, 176, 14),
        Row(False, 6, 3, 2, 304, 18),
        Row(False, 6, 3, 1, 512, 5),
    ),
    "l": (
        Row(True, 1, 3, 1, 32, 4),
        Row(True, 4, 3, 2, 64, 7),
        Row(True, 4, 3, 2, 96, 7),
        Row(False, 4, 3, 2, 192, 10),
        Row(False, 6, 3, 1, 224, 19),
        Row(False, 6, 3, 2, 384, 25),
        Row(False, 6, 3, 1, 640, 7),
    ),
}


@family
def efficientnet(
    *,
    width_multiplier: float = 1.0,
    depth_multiplier: float = 1.0,
    dropout: float = 0.2,
    drop_depth: float = 0.2,
    eps: float = 1e-5,
    resolution: Any = 224,
    classes: Size = 1000,
    in_channels: Size = 3,
) -> Description:
    """EfficientNet: `efficientnet()` is B0, and `efficientnet(width_multiplier=2.0, depth_multiplier=3.1)` B7.

    width_multiplier: all channels are multiplied by it and rounded to multiples of 8.
    depth_multiplier: the blocks of each stage are multiplied by it and rounded up.
    dropout: the share of the last features that is set to zero in training.
    drop_depth: the probability with which the branch of the last block is left out in training (`StochasticDepth`).
    eps: what the norms add to the variance: 1e-5 in torchvision's B0 to B4, 1e-3 in the others.
    resolution: pixels of the input, one number or a height and a width.
    classes: outputs of the last layer.
    in_channels: channels of the input.

    Raises InputError for a multiplier that is no number above 0, or a size that is not a positive whole number.

    >>> import resnext_flops as rf
    >>> rf.efficientnet().cost().params
    5288548
    """
    alpha, beta = multiplier("width_multiplier", width_multiplier), multiplier("depth_multiplier", depth_multiplier)
    rows = [row._replace(channels=divisible(row.channels * alpha), times=ceil(row.times * beta)) for row in B0]
    features = 4 * rows[-1].channels
    return _network(rows, divisible(32 * alpha), features, dropout, drop_depth, eps, resolution, classes, in_channels)


@family
def efficientnet_v2(
    version: str = "s",
    *,
    dropout: float = 0.2,
    drop_depth: float = 0.2,
    resolution: Any = 384,
    classes: Size = 1000,
    in_channels: Size = 3,
) -> Description:
    """EfficientNetV2: `s`, `m` or `l`.

    The other arguments are those of `efficientnet`. Raises InputError as it does, and for another version.

    >>> import resnext_flops as rf
    >>> rf.efficientnet_v2().cost().params
    21458488
    """
    rows = V2[choose("version", version, tuple(V2))]
    return _network(rows, rows[0].channels, 1280, dropout, drop_depth, 1e-3, resolution, classes, in_channels)


def _network(
    rows: Sequence[Row],
    stem_width: Size,
    features: Size,
    dropout: float,
    drop_depth: float,
    eps: float,
    resolution: Any,
    classes: Size,
    in_channels: Size,
) -> Description:
    drop, before, stages = StochasticDepth(probability("drop_depth", drop_depth)), stem_width, []
    for row in rows:
        body = _block(row._replace(stride=1), row.channels, eps, drop)
        stages.append(Repeat(body, row.times, _block(row, before, eps, drop)))
        before = row.channels
    stem = unit(1, Conv(stem_width, 3, stride=2, padding=1), SILU, eps)
    head = classifier(
        classes, before=unit(1, Conv(features, 1), SILU, eps), drop=Dropout(probability("dropout", dropout))
    )
    return put_together(stem, None, stages, head, resolution, in_channels)


def _block(row: Row, inputs: Size, eps: float, drop: StochasticDepth) -> Sequential:
    """A block for so many channels. Its gate is a fourth as wide as its input."""
    expanded = divisible(inputs * row.expansion)
    if not row.fused:
        gate = gated(expanded, max(1, inputs // 4), hidden=SILU)
        return inverted_residual(inputs, expanded, row.channels, row.kernel, row.stride, SILU, gate, eps, drop)
    first = Conv(row.channels if row.expansion == 1 else expanded, row.kernel, row.stride, row.kernel // 2)
    branch = unit(1, first, SILU, eps)
    branch |= {} if row.expansion == 1 else unit(2, Conv(row.channels, 1), eps=eps)
    return residual(inputs, row.channels, row.stride, branch, drop)
