"""ResNeXt (Xie et al., arXiv:1611.05431): ResNet's template with C groups of width d, and the forms of its block."""

from typing import Any

from resnext_flops.complexity.families.resnet import (
    BOTTLENECK_DEPTHS,
    bottleneck_stages,
    imagenet,
    stage_depths,
)
from resnext_flops.complexity.layers import (
    IDENTITY,
    BatchNorm,
    Concat,
    Conv,
    Description,
    Node,
    ReLU,
    Sequential,
    Size,
    Sum,
    size,
)


def resnext(
    depth: Any = 50,
    cardinality: Size = 32,
    width: Size = 4,
    *,
    resolution: Any = 224,
    classes: Size = 1000,
    base_width: Size = 64,
    in_channels: Size = 3,
) -> Description:
    """ResNeXt for ImageNet (the paper's Table 1): `resnext(50, cardinality=32, width=4)` is ResNeXt-50 (32x4d).

    depth: 50, 101, 152, or the number of blocks of each of the four stages, such as `(3, 4, 6, 3)`.
    cardinality: C, the groups of each 3x3 convolution.
    width: d, the channels of one group in the first stage; it doubles from stage to stage.
    resolution: pixels of the input, one number or a height and a width.
    classes: outputs of the last layer (5000 in Table 6).
    base_width: channels of the stem; the blocks of the first stage put out four times as many.
    in_channels: channels of the input.

    Raises InputError for an unknown depth or a size that is not a positive whole number.

    >>> import resnext_flops as rf
    >>> ledger = rf.resnext(50, cardinality=32, width=4).cost()
    >>> ledger.params, ledger.macs
    (25028904, 4230479872)
    """
    base_width = size("base_width", base_width)
    parts = bottleneck_stages(stage_depths(depth, BOTTLENECK_DEPTHS), cardinality, width, base_width)
    return imagenet(parts, base_width, resolution, classes, in_channels)


def block_form(form: str, cardinality: int, width: int, channels: int) -> Node:
    """A block in one of the three equivalent forms of Figure 3: `a` (sum), `b` (concatenation), `c` (groups).

    Form (a) has one batch norm, after the sum: footnote 6 of the paper moves it there so that the forms stay equal.

    >>> from resnext_flops.complexity.cost import ledger
    >>> from resnext_flops.complexity.layers import walk
    >>> [ledger(walk(block_form(form, 32, 4, 256), (256, 56, 56))).weights for form in "abc"]
    [70144, 70144, 70144]
    """
    size("cardinality", cardinality)
    residual = {"a": _aggregated, "b": _concatenated, "c": _grouped}[form](cardinality, width, channels)
    return Sequential.of(add=Sum.of(residual=residual, shortcut=IDENTITY), relu=ReLU())


def _path(width: int) -> dict[str, Node]:
    return {
        "conv1": Conv(width, 1),
        "norm1": BatchNorm(),
        "relu1": ReLU(),
        "conv2": Conv(width, 3, padding=1),
        "norm2": BatchNorm(),
        "relu2": ReLU(),
    }


def _aggregated(cardinality: int, width: int, channels: int) -> Node:
    path = Sequential.of(**_path(width), conv3=Conv(channels, 1))
    paths = Sum(tuple((f"path{number}", path) for number in range(1, cardinality + 1)))
    return Sequential.of(paths=paths, norm3=BatchNorm())


def _concatenated(cardinality: int, width: int, channels: int) -> Node:
    path = Sequential.of(**_path(width))
    paths = Concat(tuple((f"path{number}", path) for number in range(1, cardinality + 1)))
    return Sequential.of(paths=paths, conv3=Conv(channels, 1), norm3=BatchNorm())


def _grouped(cardinality: int, width: int, channels: int) -> Node:
    total = cardinality * width
    return Sequential.of(
        conv1=Conv(total, 1),
        norm1=BatchNorm(),
        relu1=ReLU(),
        conv2=Conv(total, 3, padding=1, groups=cardinality),
        norm2=BatchNorm(),
        relu2=ReLU(),
        conv3=Conv(channels, 1),
        norm3=BatchNorm(),
    )
