"""ResNet and ResNeXt in torchvision."""

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from resnext_flops.complexity.families.resnet import BASIC_DEPTHS, BOTTLENECK_DEPTHS, block_kind, stage_depths
from resnext_flops.complexity.network import Network
from resnext_flops.proof.references.compare import Reference

if TYPE_CHECKING:
    from torch import nn


# torchvision's networks have these; what differs from them it cannot build.
FIXED = {
    "shortcut": "B",
    "stride_in": "3x3",
    "preactivation": False,
    "stem": "imagenet",
    "base_width": 64,
    "in_channels": 3,
}


# torchvision's names of our sizes.
TORCHVISION = {"C": "groups", "d": "width_per_group"}


def find(network: Network) -> Reference | None:
    """torchvision's constructor with the same groups and widths; None for a network that it cannot build."""
    arguments = network.architecture.arguments
    blocks = stage_depths(arguments["depth"], {**BASIC_DEPTHS, **BOTTLENECK_DEPTHS})
    if any(arguments.get(name, value) != value for name, value in FIXED.items()) or len(blocks) != 4:
        return None
    basic = block_kind(arguments["depth"], arguments.get("block")) == "basic"
    sizes: dict[str, Any] = {}
    if not basic:
        sizes = {"C": arguments.get("cardinality", 1), "d": arguments["width"] or 64}
    block, layers = "BasicBlock" if basic else "Bottleneck", list(blocks)
    settings = "".join(f", {TORCHVISION[name]}={value}" for name, value in sizes.items())
    depths = {f"n{stage}": times for stage, times in enumerate(blocks, start=1)}
    build = partial(_build, block, K=arguments["classes"], **depths, **sizes)
    return Reference("torchvision", f"torchvision ResNet({block}, {layers}{settings})", build, rename)


def _build(block: str, K: int, n1: int, n2: int, n3: int, n4: int, C: int = 1, d: int = 64) -> "nn.Module":  # noqa: N803
    """The network by our names of its sizes."""
    from torchvision.models import resnet

    sizes = {"num_classes": K, TORCHVISION["C"]: C, TORCHVISION["d"]: d}
    model: nn.Module = resnet.ResNet(getattr(resnet, block), [n1, n2, n3, n4], **sizes)
    return model


def rename(name: str) -> str:
    """Our name of a tensor as torchvision's.

    >>> rename("conv3.block1.add.residual.norm2.weight")
    'layer2.0.bn2.weight'
    >>> rename("conv3.block1.add.shortcut.norm.bias")
    'layer2.0.downsample.1.bias'
    """
    block = re.match(r"conv(\d+)\.block(\d+)\.add\.(.*)", name)
    if block:
        stage, number, rest = block.groups()
        rest = rest.replace("residual.norm", "bn").replace("residual.", "")
        rest = rest.replace("shortcut.conv", "downsample.0").replace("shortcut.norm", "downsample.1")
        return f"layer{int(stage) - 1}.{int(number) - 1}.{rest}"
    return name.replace("conv1.conv", "conv1").replace("conv1.norm", "bn1").replace("head.fc", "fc")
