"""Wide ResNet for CIFAR (Zagoruyko and Komodakis, arXiv:1605.07146): pre-activation basic blocks, k times as wide.

Its ImageNet networks are ResNets with a wider bottleneck: WRN-50-2 is `resnet(50, width=128)`.
"""

from typing import Any

from resnext_flops.complexity.families.resnet import assemble, basic_stages, cifar_depths, make_style
from resnext_flops.complexity.layers import Description, Size, size
from resnext_flops.complexity.network import family


@family
def wide_resnet(
    depth: int = 28,
    widening: Size = 10,
    *,
    resolution: Any = 32,
    classes: Size = 10,
    base_width: Size = 16,
    in_channels: Size = 3,
) -> Description:
    """WRN-depth-k: three stages of n pre-activation basic blocks, depth 6n + 4 (the paper's Table 1).

    depth: 16, 28 or 40 in the paper; any 6n + 4.
    widening: k, how many times as wide as ResNet's the blocks are.
    base_width: channels of the stem; the blocks of the first stage have k times as many.

    The other arguments are those of `resnet`. At k = 1 the first block keeps the shape of the stem and projects
    nothing, so k as a symbol stands for 2 and more.

    Raises InputError for another depth, or a size that is not a positive whole number.

    >>> import resnext_flops as rf
    >>> print(f"{rf.wide_resnet(28, 10).cost().params / 1e6:.1f} million, as in the ResNeXt paper's Table 7")
    36.5 million, as in the ResNeXt paper's Table 7
    """
    style = make_style("B", preactivation=True, stride_in="3x3")
    base_width, widening = size("base_width", base_width), size("widening", widening)
    blocks = cifar_depths(depth, layers_a_block=2, others=4)
    stages = basic_stages(blocks, base_width * widening, style, "cifar", first_changes=widening != 1)
    return assemble(stages, "cifar", style, base_width, resolution, classes, in_channels)
