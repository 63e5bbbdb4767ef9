"""ResNet and ResNeXt in torchvision."""

import re
from typing import TYPE_CHECKING, Any

from resnext_flops.complexity.families.resnet import BASIC_DEPTHS, BOTTLENECK_DEPTHS
from resnext_flops.network import Network
from resnext_flops.references.compare import Reference

if TYPE_CHECKING:
    from torch import nn


def find(network: Network) -> Reference | None:
    """torchvision's constructor with the same groups and widths; None for sizes that it does not have."""
    arguments = network.arguments
    if arguments["base_width"] != 64 or arguments["in_channels"] != 3:
        return None
    depth, groups, width = arguments["depth"], arguments.get("cardinality", 1), arguments["width"] or 64
    basic = depth in BASIC_DEPTHS
    layers = list({**BASIC_DEPTHS, **BOTTLENECK_DEPTHS}.get(depth, depth))
    sizes: dict[str, Any] = {} if basic else {"groups": groups, "width_per_group": width}

    def build() -> "nn.Module":
        from torchvision.models import resnet

        block = resnet.BasicBlock if basic else resnet.Bottleneck
        model: nn.Module = resnet.ResNet(block, layers, num_classes=arguments["classes"], **sizes)
        return model

    block = "BasicBlock" if basic else "Bottleneck"
    settings = "".join(f", {name}={value}" for name, value in sizes.items())
    return Reference(f"torchvision ResNet({block}, {layers}{settings})", build, rename)


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
