"""ConvNeXt in torchvision."""

from functools import partial
from typing import TYPE_CHECKING, Any

from resnext_flops.complexity.network import Network
from resnext_flops.proof.references.compare import Reference
from resnext_flops.proof.references.names import renamer

if TYPE_CHECKING:
    from torch import nn

# The number that torchvision gives to each layer of a block.
LAYERS = {"conv": "block.0", "norm": "block.2", "fc1": "block.3", "fc2": "block.5"}


def find(network: Network) -> Reference | None:
    """torchvision's ConvNeXt with the same blocks and channels; None for other input channels, and for one block.

    torchvision divides by the number of blocks less one.
    """
    arguments = network.architecture.arguments
    if arguments["in_channels"] != 3 or sum(arguments["depth"]) == 1:
        return None
    depth, width = tuple(arguments["depth"]), arguments["base_width"]
    depths = {f"n{stage}": times for stage, times in enumerate(depth, start=1)}
    build = partial(_build, K=arguments["classes"], w=width, **depths)
    return Reference("torchvision", f"torchvision ConvNeXt, {depth}, {width} channels", build, rename)


def _build(K: int, w: int, **depths: int) -> "nn.Module":  # noqa: N803 (the classes)
    """The network by our names of its sizes."""
    from torchvision.models.convnext import CNBlockConfig, ConvNeXt

    last = len(depths) - 1
    stages: list[Any] = [
        CNBlockConfig(w * 2**stage, None if stage == last else w * 2 ** (stage + 1), times)
        for stage, times in enumerate(depths.values())
    ]
    model: nn.Module = ConvNeXt(stages, num_classes=K)
    return model


rename = renamer(
    (r"^stem\.conv", "features.0.0"),
    (r"^stem\.norm\.norm", "features.0.1"),
    (r"^reduce(\d)\.norm\.norm", lambda match: f"features.{2 * int(match[1]) - 2}.0"),
    (r"^reduce(\d)\.conv", lambda match: f"features.{2 * int(match[1]) - 2}.1"),
    (
        r"^stage(\d)\.block(\d+)\.add\.residual",
        lambda match: f"features.{2 * int(match[1]) - 1}.{int(match[2]) - 1}",
    ),
    (r"(features\.\d+\.\d+)\.scale\.weight", r"\1.layer_scale"),
    (r"(features\.\d+\.\d+)\.(conv|norm|fc1|fc2)", lambda match: f"{match[1]}.{LAYERS[match[2]]}"),
    (r"^head\.norm\.norm", "classifier.0"),
    (r"^head\.fc", "classifier.2"),
)
