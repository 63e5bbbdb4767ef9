"""SENet in timm: the authors' networks, and timm's own ResNet and ResNeXt with gates."""

from functools import partial
from typing import TYPE_CHECKING, Any

from resnext_flops.complexity.families.resnet import BOTTLENECK_DEPTHS, stage_depths
from resnext_flops.complexity.network import Network
from resnext_flops.proof.references.compare import Reference
from resnext_flops.proof.references.names import renamer, shifted

if TYPE_CHECKING:
    from torch import nn

# The blocks of the authors' networks, and the arguments that these have in timm; others it cannot build.
LEGACY: dict[str, tuple[str, dict[str, Any]]] = {
    "se_resnet": ("SEResNetBottleneck", {"stride_in": "1x1", "width": 64}),
    "se_resnext": ("SEResNeXtBottleneck", {"width": 4}),
    "senet": ("SEBottleneck", {}),
}
DEPTHS = {**BOTTLENECK_DEPTHS, 154: BOTTLENECK_DEPTHS[152]}


def find(network: Network) -> Reference | None:
    """timm's constructor with the same blocks and groups; None for a network that it cannot build."""
    name, arguments = network.architecture.name, network.architecture.arguments
    blocks = stage_depths(arguments["depth"], DEPTHS)
    if arguments["base_width"] != 64 or len(blocks) != 4:
        return None
    sizes = {f"n{stage}": times for stage, times in enumerate(blocks, start=1)} | {"K": arguments["classes"]}
    settings = {"in_chans": arguments["in_channels"]}
    if arguments.get("pool", "ceil") == "padded":
        if arguments.get("stride_in", "3x3") != "3x3" or arguments["reduction"] != 16:
            return None
        build = partial(_build, settings, C=arguments.get("cardinality", 1), d=arguments["width"], **sizes)
        return Reference("timm", f"timm ResNet(Bottleneck, {list(blocks)}, attn_layer='se')", build, rename)
    block, fixed = LEGACY[name]
    if any(arguments[argument] != value for argument, value in fixed.items()):
        return None
    settings |= {
        "groups": arguments.get("cardinality", 64 if name == "senet" else 1),
        "reduction": arguments["reduction"],
    }
    build = partial(_build_legacy, block, settings, **sizes)
    return Reference("timm", f"timm SENet({block}, {list(blocks)})", build, rename_legacy)


def _build(settings: dict[str, Any], K: int, n1: int, n2: int, n3: int, n4: int, C: int, d: int) -> "nn.Module":  # noqa: N803
    """timm's ResNet with gates, by our names of its sizes."""
    from timm.models import resnet

    sizes: dict[str, Any] = {"num_classes": K, "cardinality": C, "base_width": d, "block_args": {"attn_layer": "se"}}
    block: Any = resnet.Bottleneck
    model: nn.Module = resnet.ResNet(block, (n1, n2, n3, n4), **sizes, **settings)
    return model


def _build_legacy(block: str, settings: dict[str, Any], K: int, n1: int, n2: int, n3: int, n4: int) -> "nn.Module":  # noqa: N803
    """timm's SENet, by our names of its sizes."""
    from timm.models import senet

    if block == "SEBottleneck":
        settings = settings | {"downsample_kernel_size": 3, "downsample_padding": 1, "inplanes": 128, "input_3x3": True}
    model: nn.Module = senet.SENet(getattr(senet, block), (n1, n2, n3, n4), num_classes=K, **settings)
    return model


BLOCK = (
    (r"\.block(\d+)\.add\.", shifted(".{}.", -1)),
    (r"^conv([2-5])", shifted("layer{}", -1)),
    (r"residual\.norm", "bn"),
    (r"residual\.", ""),
    (r"shortcut\.conv", "downsample.0"),
    (r"shortcut\.norm", "downsample.1"),
)
rename = renamer(
    *BLOCK,
    (r"^conv1\.(conv|norm)1", lambda match: {"conv": "conv1", "norm": "bn1"}[match[1]]),
    (r"se\.gate", "se"),
    (r"^head\.", ""),
)
rename_legacy = renamer(
    *BLOCK,
    (r"^conv1\.", "layer0."),
    (r"^layer0\.norm", "layer0.bn"),
    (r"se\.gate", "se_module"),
    (r"^head\.fc", "last_linear"),
)
