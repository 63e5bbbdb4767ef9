"""Inception v3 in torchvision, and v4 in timm."""

from resnext_flops.complexity.network import Network
from resnext_flops.proof.references.compare import Reference, constructor
from resnext_flops.proof.references.names import renamer, shifted


def find(network: Network) -> Reference | None:
    """torchvision's Inception v3 or timm's v4; None for sizes that they do not have."""
    return _find_v4(network) if network.architecture.name == "inception_v4" else _find_v3(network)


def _find_v3(network: Network) -> Reference | None:
    arguments = network.architecture.arguments
    if arguments["in_channels"] != 3:
        return None
    classes, aux = arguments["classes"], arguments["aux"]
    build = constructor("torchvision.models:Inception3", classes, aux_logits=aux, init_weights=False)
    order = (0, 1) if aux else ()
    return Reference("torchvision", f"torchvision Inception3, aux_logits={aux}", build, rename_v3, order)


def _find_v4(network: Network) -> Reference | None:
    arguments = network.architecture.arguments
    if tuple(arguments["blocks"]) != (4, 7, 3):
        return None
    build = constructor("timm.models.inception_v4:InceptionV4", arguments["classes"], in_chans=arguments["in_channels"])
    return Reference("timm", "timm InceptionV4", build, rename_v4)


_STEM_V3 = {"conv1a": "1a_3x3", "conv2a": "2a_3x3", "conv2b": "2b_3x3", "conv3b": "3b_1x1", "conv4a": "4a_3x3"}

rename_v3 = renamer(
    (r"\.norm\.", ".bn."),
    (r"^(conv\d[ab])\.", lambda match: f"Conv2d_{_STEM_V3[match.group(1)]}."),
    (r"^mixed", "Mixed_"),
    (r"^aux\.", "AuxLogits."),
    (r"(branch\w+)\.conv(\d)\.", r"\1_\2."),
    (r"branch3x3\.split\.conv1x3", "branch3x3_2a"),
    (r"branch3x3\.split\.conv3x1", "branch3x3_2b"),
    (r"branch3x3dbl\.split\.conv1x3", "branch3x3dbl_3a"),
    (r"branch3x3dbl\.split\.conv3x1", "branch3x3dbl_3b"),
    (r"branch_pool\.proj", "branch_pool"),
    (r"^head\.", ""),
)

rename_v4 = renamer(
    (r"\.norm\.", ".bn."),
    (r"^stem\.conv(\d)", shifted("features.{}", -1)),
    (r"^stem\.mixed(\d)a", shifted("features.{}", 0)),
    (r"^inception_a\.block(\d)", shifted("features.{}", 5)),
    (r"^reduction_a", "features.10"),
    (r"^inception_b\.block(\d)", shifted("features.{}", 10)),
    (r"^reduction_b", "features.18"),
    # The last blocks have their branches in one piece, numbered with an underscore.
    (r"^(inception_c\.block\d\.branch[23])\.conv(\d)", lambda match: f"{match[1]}_{int(match[2]) - 1}"),
    (r"branch2\.split\.conv1x3", "branch2_1a"),
    (r"branch2\.split\.conv3x1", "branch2_1b"),
    (r"branch3\.split\.conv1x3", "branch3_3a"),
    (r"branch3\.split\.conv3x1", "branch3_3b"),
    (r"^inception_c\.block(\d)", shifted("features.{}", 18)),
    (r"(branch\d)\.conv(\d)", lambda match: f"{match[1]}.{int(match[2]) - 1}"),
    (r"branch(\d)", shifted("branch{}", -1)),
    (r"branch_pool\.proj", "branch3.1"),
    (r"^head\.fc", "last_linear"),
)
