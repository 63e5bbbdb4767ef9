"""DenseNet (Huang et al., arXiv:1608.06993): each layer takes what all layers before it in its block have put out.

These are the networks with bottlenecks and compression, which the paper calls DenseNet-BC.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from resnext_flops.complexity.families.resnet import cifar_depths, classifier, put_together, stage_depths
from resnext_flops.complexity.layers import (
    IDENTITY,
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    Description,
    MaxPool,
    Node,
    ReLU,
    Sequential,
    Size,
    is_symbolic,
    size,
)
from resnext_flops.complexity.network import family
from resnext_flops.errors import InputError

# The layers of each block (the paper's Table 1; 161 is of its Section 4.2).
DEPTHS = {121: (6, 12, 24, 16), 161: (6, 12, 36, 24), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}
MOST_LAYERS = 1000  # of a block
# How much narrower a transition makes the map.
COMPRESSION = 2
NORM: Mapping[str, Node] = {"norm": BatchNorm(), "relu": ReLU()}


@family
def densenet(
    depth: Any = 121,
    *,
    growth_rate: Size = 32,
    bottleneck: Size = 4,
    resolution: Any = 224,
    classes: Size = 1000,
    base_width: Size = 64,
    in_channels: Size = 3,
) -> Description:
    """DenseNet-BC for ImageNet: `densenet(161, growth_rate=48, base_width=96)` is DenseNet-161.

    depth: 121, 161, 169 or 201, or the layers of each block, such as `(6, 12, 24, 16)`.
    growth_rate: channels that each layer adds, the paper's k.
    bottleneck: how many times k channels the 1x1 convolution of a layer puts out.
    resolution: pixels of the input, one number or a height and a width.
    classes: outputs of the last layer.
    base_width: channels of the stem.
    in_channels: channels of the input.

    Raises InputError for an unknown depth, or a size that is not a positive whole number.

    >>> import resnext_flops as rf
    >>> print(f"{rf.densenet().cost().macs / 1e9:.3f} G, as torchvision prints it")
    2.834 G, as torchvision prints it
    """
    width = size("base_width", base_width)
    stem: dict[str, Node] = {"conv": Conv(width, 7, stride=2, padding=3), **NORM}
    blocks = _blocks(stage_depths(depth, DEPTHS), width, growth_rate, bottleneck)
    pool = MaxPool(3, stride=2, padding=1)
    return put_together(stem, pool, blocks, classifier(classes, before=NORM), resolution, in_channels)


@family
def densenet_cifar(
    depth: Any = 100,
    *,
    growth_rate: Size = 12,
    bottleneck: Size = 4,
    resolution: Any = 32,
    classes: Size = 10,
    base_width: Size | None = None,
    in_channels: Size = 3,
) -> Description:
    """DenseNet-BC for CIFAR: three blocks of equally many layers, depth 6n + 4, and a stem of one 3x3 convolution.

    depth: 100, 190 and 250 in the paper; any 6n + 4.
    base_width: channels of the stem, twice the growth rate unless given.

    The other arguments are those of `densenet`. Raises InputError for another depth, or a size that is not a positive
    whole number.

    >>> import resnext_flops as rf
    >>> print(f"{rf.densenet_cifar(100, growth_rate=12).cost().params / 1e6:.1f} M parameters, as the authors print it")
    0.8 M parameters, as the authors print it
    """
    rate = size("growth_rate", growth_rate)
    width = size("base_width", 2 * rate if base_width is None else base_width)
    blocks = _blocks(cifar_depths(depth, layers_a_block=2, others=4), width, rate, bottleneck)
    stem = {"conv": Conv(width, 3, padding=1)}
    return put_together(stem, None, blocks, classifier(classes, before=NORM), resolution, in_channels)


def _blocks(depths: Sequence[Size], width: Size, growth_rate: Size, bottleneck: Size) -> list[Node]:
    """The dense blocks, each but the last with a transition that halves the channels and the map."""
    rate, inner = size("growth_rate", growth_rate), size("bottleneck", bottleneck)
    blocks: list[Node] = []
    for number, times in enumerate(depths, start=1):
        if is_symbolic(times):
            raise InputError(f"block {number} has {times} layers; give a number, as each layer is wider than the last")
        if times > MOST_LAYERS:
            raise InputError(
                f"block {number} has {times} layers; {MOST_LAYERS} are the most, as each is described by itself"
            )
        parts: dict[str, Node] = {f"layer{layer}": _layer(rate, inner * rate) for layer in range(1, times + 1)}
        width += rate * times
        if number < len(depths):
            width //= COMPRESSION
            parts["transition"] = Sequential.of(**NORM, conv=Conv(width, 1), pool=AvgPool(2, stride=2))
        blocks.append(Sequential.of(**parts))
    return blocks


def _layer(rate: Size, inner: Size) -> Concat:
    """A layer, whose output stands behind its input."""
    convolutions: dict[str, Node] = {
        "norm1": BatchNorm(),
        "relu1": ReLU(),
        "conv1": Conv(inner, 1),
        "norm2": BatchNorm(),
        "relu2": ReLU(),
        "conv2": Conv(rate, 3, padding=1),
    }
    return Concat.of(input=IDENTITY, layer=Sequential.of(**convolutions))
