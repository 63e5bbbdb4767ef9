"""Inception-ResNet v2 in timm."""

from resnext_flops.complexity.network import Network
from resnext_flops.proof.references.compare import Reference, constructor
from resnext_flops.proof.references.names import renamer, shifted


def find(network: Network) -> Reference | None:
    """timm's Inception-ResNet v2; None for other numbers of blocks."""
    arguments = network.architecture.arguments
    if tuple(arguments["blocks"]) != (10, 20, 9):
        return None
    path = "timm.models.inception_resnet_v2:InceptionResnetV2"
    build = constructor(path, arguments["classes"], in_chans=arguments["in_channels"])
    return Reference("timm", "timm InceptionResnetV2", build, rename)


rename = renamer(
    (r"\.norm\.", ".bn."),
    (r"^conv(\d[ab])\.", r"conv2d_\1."),
    (r"^mixed5b", "mixed_5b"),
    (r"^reduction_a", "mixed_6a"),
    (r"^reduction_b", "mixed_7a"),
    (r"add\.residual\.branches\.", ""),
    (r"add\.residual\.conv\.", "conv2d."),
    (r"^inception_a\.block(\d+)", shifted("repeat.{}", -1)),
    (r"^inception_b\.block(\d+)", shifted("repeat_1.{}", -1)),
    (r"^inception_c\.block(\d+)", shifted("repeat_2.{}", -1)),
    (r"^inception_c\.last", "block8"),
    (r"(branch\d)\.conv(\d)", lambda match: f"{match[1]}.{int(match[2]) - 1}"),
    (r"branch(\d)", shifted("branch{}", -1)),
    (r"branch_pool\.proj", "branch3.1"),
    (r"^head\.fc", "classif"),
)
