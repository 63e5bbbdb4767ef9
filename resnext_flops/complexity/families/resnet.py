"""ResNet for ImageNet (He et al., arXiv:1512.03385, Table 1) and the template that ResNeXt shares with it.

The template follows the two rules of the ResNeXt paper (Section 3.1): blocks with maps of one size share their sizes,
and each time the map is halved, the width of the blocks is doubled. ResNeXt is the same template with more groups, so
`resnet(50)` and `resnext(50, cardinality=1, width=64)` are one description.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from resnext_flops.complexity.layers import (
    IDENTITY,
    BatchNorm,
    Conv,
    Description,
    Flatten,
    GlobalAvgPool,
    Linear,
    MaxPool,
    Node,
    ReLU,
    Repeat,
    Sequential,
    Size,
    Sum,
    pair,
    size,
)
from resnext_flops.errors import InputError, unknown

BASIC_DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
BOTTLENECK_DEPTHS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


def resnet(
    depth: Any = 50,
    *,
    width: Size | None = None,
    resolution: Any = 224,
    classes: Size = 1000,
    base_width: Size = 64,
    in_channels: Size = 3,
) -> Description:
    """ResNet: basic blocks at depth 18 and 34, bottlenecks at 50, 101 and 152.

    depth: one of 18, 34, 50, 101, 152, or the bottleneck blocks of each of the four stages, such as `(3, 4, 6, 3)`.
    width: channels of the bottleneck in the first stage, `base_width` unless given (ResNet-101 1x100d of the ResNeXt
        paper's Table 4 has 100).
    resolution: pixels of the input, one number or a height and a width.
    classes: outputs of the last layer.
    base_width: channels of the stem and of the basic blocks of the first stage; bottlenecks put out four times as many.
    in_channels: channels of the input.

    The stride is in the 3x3 convolution, and shortcuts project where the shape changes (type B), as in Table 1 of the
    ResNeXt paper and in torchvision.

    Raises InputError for an unknown depth or a size that is not a positive whole number.

    >>> import resnext_flops as rf
    >>> ledger = rf.resnet(50).cost()
    >>> ledger.params, ledger.macs
    (25557032, 4089184256)
    """
    base_width = size("base_width", base_width)
    if isinstance(depth, int) and depth in BASIC_DEPTHS:
        if width is not None:
            raise InputError(f"width is {width!r}, and ResNet-{depth} has no bottleneck; use base_width")
        parts = basic_stages(BASIC_DEPTHS[depth], base_width)
    else:
        blocks = stage_depths(depth, BOTTLENECK_DEPTHS, BASIC_DEPTHS)
        parts = bottleneck_stages(blocks, 1, base_width if width is None else width, base_width)
    return imagenet(parts, base_width, resolution, classes, in_channels)


def stage_depths(depth: Any, known: Mapping[int, tuple[int, ...]], others: Iterable[int] = ()) -> tuple[Size, ...]:
    """The number of blocks of each stage, from a network's depth or from the numbers themselves."""
    if isinstance(depth, Sequence) and not isinstance(depth, str) and len(depth) == 4:
        return tuple(size("the number of blocks of a stage", number) for number in depth)
    if not isinstance(depth, int) or depth not in known:
        hint = (
            f"{unknown('depth', depth, sorted([*others, *known]))}; or the blocks of the four stages, as (3, 4, 6, 3)"
        )
        raise InputError(hint)
    return known[depth]


def bottleneck_stages(blocks: Sequence[Size], cardinality: Size, width: Size, base_width: Size) -> list[Repeat]:
    """The four stages of the template that ResNet (cardinality 1) and ResNeXt share: Table 1 of the ResNeXt paper."""
    cardinality, width = size("cardinality", cardinality), size("width", width)
    parts = []
    for stage, times in enumerate(blocks):
        inner, outer, stride = cardinality * width * 2**stage, 4 * base_width * 2**stage, 1 if stage == 0 else 2
        first = bottleneck(inner, outer, cardinality, stride, shortcut=projection(outer, stride))
        parts.append(Repeat(bottleneck(inner, outer, cardinality), times, first))
    return parts


def basic_stages(blocks: Sequence[Size], base_width: Size) -> list[Repeat]:
    """The four stages of ResNet-18 and ResNet-34; the first one keeps the shape of the stem and projects nothing."""
    parts = []
    for stage, times in enumerate(blocks):
        channels = base_width * 2**stage
        body = basic(channels)
        parts.append(Repeat(body, times, body if stage == 0 else basic(channels, 2, shortcut=projection(channels, 2))))
    return parts


def imagenet(
    parts: Sequence[Repeat], base_width: Size, resolution: Any, classes: Size, in_channels: Size
) -> Description:
    """Stem, stages and head around the residual blocks (the paper's Table 1)."""
    height, width = pair("resolution", resolution)
    conv2, *others = (Sequential.of(block=part) for part in parts)
    body = Sequential.of(
        conv1=Sequential.of(conv=Conv(base_width, 7, stride=2, padding=3), norm=BatchNorm(), relu=ReLU()),
        conv2=Sequential((("pool", MaxPool(3, stride=2, padding=1)), *conv2.children)),
        **{f"conv{number}": stage for number, stage in enumerate(others, start=3)},
        head=Sequential.of(pool=GlobalAvgPool(), flatten=Flatten(), fc=Linear(size("classes", classes))),
    )
    return Description((size("in_channels", in_channels), height, width), body)


def bottleneck(
    width: Size, channels: Size, cardinality: Size = 1, stride: int = 1, shortcut: Node = IDENTITY
) -> Sequential:
    """1x1 to `width`, 3x3 in `cardinality` groups, 1x1 to `channels`, and the sum: Figure 3(c), and Figure 1 left."""
    residual = Sequential.of(
        **_conv_norm(1, Conv(width, 1)),
        relu1=ReLU(),
        **_conv_norm(2, Conv(width, 3, stride=stride, padding=1, groups=cardinality)),
        relu2=ReLU(),
        **_conv_norm(3, Conv(channels, 1)),
    )
    return Sequential.of(add=Sum.of(residual=residual, shortcut=shortcut), relu=ReLU())


def basic(channels: Size, stride: int = 1, shortcut: Node = IDENTITY) -> Sequential:
    """Two 3x3 convolutions and the sum (He et al. 2015, Figure 5 left)."""
    residual = Sequential.of(
        **_conv_norm(1, Conv(channels, 3, stride=stride, padding=1)),
        relu1=ReLU(),
        **_conv_norm(2, Conv(channels, 3, padding=1)),
    )
    return Sequential.of(add=Sum.of(residual=residual, shortcut=shortcut), relu=ReLU())


def projection(channels: Size, stride: int) -> Sequential:
    """The 1x1 convolution of a type-B shortcut where the shape changes (He et al. 2015, Section 3.3)."""
    return Sequential.of(conv=Conv(channels, 1, stride=stride), norm=BatchNorm())


def _conv_norm(number: int, conv: Conv) -> dict[str, Node]:
    return {f"conv{number}": conv, f"norm{number}": BatchNorm()}
