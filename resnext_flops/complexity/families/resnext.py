"""ResNeXt (Xie et al., arXiv:1611.05431): ResNet's template with C groups of width d, and the forms of its block."""

from typing import Any

from resnext_flops.complexity.families.resnet import (
    BOTTLENECK_DEPTHS,
    STEMS,
    assemble,
    bottleneck_stages,
    choose,
    cifar_depths,
    make_style,
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
from resnext_flops.complexity.network import family

# The paper's ResNeXts; ResNet-200 is a network of its own.
DEPTHS = {depth: BOTTLENECK_DEPTHS[depth] for depth in (50, 101, 152)}


@family
def resnext(
    depth: Any = 50,
    cardinality: Size = 32,
    width: Size = 4,
    *,
    shortcut: str = "B",
    stride_in: str = "3x3",
    preactivation: bool = False,
    stem: str = "imagenet",
    resolution: Any = 224,
    classes: Size = 1000,
    base_width: Size = 64,
    in_channels: Size = 3,
) -> Description:
    """ResNeXt for ImageNet (the paper's Table 1): `resnext(50, cardinality=32, width=4)` is ResNeXt-50 (32x4d).

    depth: 50, 101, 152, or the number of blocks of each stage, such as `(3, 4, 6, 3)`.
    cardinality: C, the groups of each 3x3 convolution.
    width: d, the channels of one group in the first stage; it doubles from stage to stage.
    shortcut: `B` projects where the shape changes, as in the paper; `none` has no shortcuts (its Section 5.1); `A` and
        `C` as in `resnet`.
    stride_in, preactivation, stem: as in `resnet`; the paper's networks have the defaults.
    resolution: pixels of the input, one number or a height and a width.
    classes: outputs of the last layer (5000 in Table 6).
    base_width: channels of the stem; the blocks of the first stage put out four times as many.
    in_channels: channels of the input.

    Raises InputError for an unknown depth or choice, or a size that is not a positive whole number.

    >>> import resnext_flops as rf
    >>> ledger = rf.resnext(50, cardinality=32, width=4).cost()
    >>> ledger.params, ledger.macs
    (25028904, 4230479872)
    """
    style = make_style(shortcut, preactivation, stride_in)
    choose("stem", stem, STEMS)
    base_width = size("base_width", base_width)
    stages = bottleneck_stages(stage_depths(depth, DEPTHS), cardinality, width, base_width, style, stem)
    return assemble(stages, stem, style, base_width, resolution, classes, in_channels)


@family
def resnext_cifar(
    depth: int = 29,
    cardinality: Size = 8,
    width: Size = 64,
    *,
    shortcut: str = "B",
    resolution: Any = 32,
    classes: Size = 10,
    base_width: Size = 64,
    in_channels: Size = 3,
) -> Description:
    """ResNeXt for CIFAR (the paper's Section 5.3): three stages of n bottleneck blocks, depth 9n + 2.

    depth: 29 in the paper; any 9n + 2.

    The other arguments are those of `resnext`. Raises InputError for another depth, or a size that is not a positive
    whole number.

    >>> import resnext_flops as rf
    >>> print(f"{rf.resnext_cifar(29, cardinality=8, width=64).cost().params / 1e6:.1f} million, as in Table 7")
    34.4 million, as in Table 7
    """
    style, base_width = make_style(shortcut, preactivation=False, stride_in="3x3"), size("base_width", base_width)
    blocks = cifar_depths(depth, layers_a_block=3, others=2)
    stages = bottleneck_stages(blocks, cardinality, width, base_width, style, "cifar")
    return assemble(stages, "cifar", style, base_width, resolution, classes, in_channels)


def block_form(form: str, cardinality: int, width: int, channels: int) -> Node:
    """A block in one of the three equivalent forms of Figure 3: `a` (sum), `b` (concatenation), `c` (groups).

    Form (a) has one batch norm, after the sum: footnote 6 of the paper moves it there so that the forms stay equal.

    >>> from resnext_flops.complexity.cost import walk_ledger
    >>> from resnext_flops.complexity.layers import walk
    >>> [walk_ledger(walk(block_form(form, 32, 4, 256), (256, 56, 56))).weights for form in "abc"]
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
