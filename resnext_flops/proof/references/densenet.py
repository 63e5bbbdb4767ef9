"""DenseNet in torchvision, which counts its dense blocks from 1 where our stages begin with conv2."""

from functools import partial
from typing import TYPE_CHECKING

from resnext_flops.complexity.families.densenet import DEPTHS
from resnext_flops.complexity.families.resnet import stage_depths
from resnext_flops.complexity.network import Network
from resnext_flops.proof.references.compare import Reference
from resnext_flops.proof.references.names import renamer, shifted

if TYPE_CHECKING:
    from torch import nn


def find(network: Network) -> Reference | None:
    """torchvision's DenseNet with the same blocks; None for other input channels."""
    arguments = network.architecture.arguments
    if arguments["in_channels"] != 3:
        return None
    depths, rate, width = stage_depths(arguments["depth"], DEPTHS), arguments["growth_rate"], arguments["base_width"]
    build = partial(_build, depths, rate, width, K=arguments["classes"], bottleneck=arguments["bottleneck"])
    source = f"torchvision DenseNet, {depths}, growth rate {rate}, {width} channels"
    return Reference("torchvision", source, build, rename)


def _build(depths: tuple[int, ...], rate: int, width: int, K: int, bottleneck: int) -> "nn.Module":  # noqa: N803
    from torchvision.models import DenseNet

    model: nn.Module = DenseNet(rate, depths, width, bn_size=bottleneck, num_classes=K)
    return model


rename = renamer(
    (r"^conv1\.(conv|norm)", r"features.\g<1>0"),
    (r"^conv(\d+)\.block\.layer", shifted("features.denseblock{}.denselayer", -1)),
    (r"^conv(\d+)\.block\.transition", shifted("features.transition{}", -1)),
    (r"(denselayer\d+)\.layer", r"\1"),
    (r"^head\.norm", "features.norm5"),
    (r"^head\.fc", "classifier"),
)
