"""MobileNet in timm (V1) and torchvision (V2 and V3), and EfficientNet in torchvision."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from resnext_flops.complexity.network import Network
from resnext_flops.proof.references.compare import Reference, batch_norm, constructor
from resnext_flops.proof.references.names import renamer, shifted

if TYPE_CHECKING:
    from torch import nn

# The arguments by which networks of a family differ.
TELLING = ("version", "width_multiplier", "depth_multiplier", "eps")


def find(network: Network) -> Reference | None:
    """The library's constructor with the same multipliers; None for input channels that it does not have."""
    name, arguments = network.architecture.name, network.architecture.arguments
    told = ", ".join(f"{each}={arguments[each]}" for each in TELLING if each in arguments)
    if name == "mobilenet_v1":
        settings = {"channel_multiplier": arguments["width_multiplier"], "in_chans": arguments["in_channels"]}
        path = "timm.models.efficientnet:_gen_mobilenet_v1"
        build = constructor(path, arguments["classes"], variant="mobilenetv1_100", **settings)
        return Reference("timm", f"timm {name}, {told}", build, rename_v1)
    if arguments["in_channels"] != 3:
        return None
    build = partial(BUILD[name], arguments, K=arguments["classes"])
    return Reference("torchvision", f"torchvision {name}, {told}", build, _renamer(network))


def _build_v2(arguments: Mapping[str, Any], K: int) -> "nn.Module":  # noqa: N803 (the classes)
    from torchvision.models import MobileNetV2

    model: nn.Module = MobileNetV2(num_classes=K, width_mult=arguments["width_multiplier"])
    return model


def _build_v3(arguments: Mapping[str, Any], K: int) -> "nn.Module":  # noqa: N803
    from torchvision.models import MobileNetV3

    settings = resolve_name("torchvision.models.mobilenetv3:_mobilenet_v3_conf")
    rows, last = settings(f"mobilenet_v3_{arguments['version']}", width_mult=arguments["width_multiplier"])
    model: nn.Module = MobileNetV3(rows, last, num_classes=K)
    return model


def _build_efficientnet(arguments: Mapping[str, Any], K: int) -> "nn.Module":  # noqa: N803
    from torchvision.models import EfficientNet

    settings = resolve_name("torchvision.models.efficientnet:_efficientnet_conf")
    if "version" in arguments:
        rows, last = settings(f"efficientnet_v2_{arguments['version']}")
    else:
        multipliers = {"width_mult": arguments["width_multiplier"], "depth_mult": arguments["depth_multiplier"]}
        rows, last = settings("efficientnet_b0", **multipliers)
    norm = batch_norm(arguments.get("eps", 1e-3))
    model: nn.Module = EfficientNet(rows, 0.0, num_classes=K, last_channel=last, norm_layer=norm)
    return model


BUILD: Mapping[str, "Callable[..., nn.Module]"] = {
    "mobilenet_v2": _build_v2,
    "mobilenet_v3": _build_v3,
    "efficientnet": _build_efficientnet,
    "efficientnet_v2": _build_efficientnet,
}

rename_v1 = renamer(
    (r"^conv1\.conv1", "conv_stem"),
    (r"^conv1\.norm1", "bn1"),
    (r"^conv(\d)", shifted("blocks.{}", -2)),
    (r"\.block(\d+)", shifted(".{}", -1)),
    (r"\.conv1\.", ".conv_dw."),
    (r"\.conv2\.", ".conv_pw."),
    (r"\.norm", ".bn"),
    (r"^head\.fc", "classifier"),
)

BLOCK = r"^conv(\d+)\.block(\d*)\.(?:add\.)?residual\."


def _renamer(network: Network) -> Callable[[str], str]:
    """torchvision numbers the parts of a block that are there, and of V2 and V3 all blocks, of EfficientNet stages."""
    name = network.architecture.name
    parts: dict[tuple[str, str], list[str]] = {}
    for entry in network.cost():
        if match := re.match(BLOCK + r"(conv\d|se)", entry.path):
            block = parts.setdefault((match[1], match[2]), [])
            if match[3] not in block:
                block.append(match[3])
    by_stage = name.startswith("efficientnet")
    last = len({stage for stage, _ in parts} if by_stage else parts) + 1

    def place(stage: str, number: str) -> str:
        if by_stage:
            return f"features.{int(stage) - 1}.{int(number) - 1}.block"
        inside = "conv" if name == "mobilenet_v2" else "block"
        return f"features.{1 + list(parts).index((stage, number))}.{inside}"

    def layer(match: re.Match[str]) -> str:
        stage, number, kind, digit = match.groups()
        block, norm = parts[stage, number], int(kind == "norm")
        position = block.index(f"conv{digit}")
        if name == "mobilenet_v2" and position == len(block) - 1:  # the last convolution is not in a module of its own
            return f"{place(stage, number)}.{position + norm}"
        return f"{place(stage, number)}.{position}.{norm}"

    return renamer(
        (BLOCK + r"(conv|norm)(\d)", layer),
        (BLOCK + r"se\.gate", lambda match: f"{place(match[1], match[2])}.{parts[match[1], match[2]].index('se')}"),
        (r"^conv1\.conv1", "features.0.0"),
        (r"^conv1\.norm1", "features.0.1"),
        (r"^head\.conv1", f"features.{last}.0"),
        (r"^head\.norm1", f"features.{last}.1"),
        (r"^head\.fc1", "classifier.0"),
        (r"^head\.fc2", "classifier.3"),
        (r"^head\.fc", "classifier.1"),
    )
