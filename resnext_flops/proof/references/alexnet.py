"""The one-tower AlexNet in torchvision. The paper's own network is in neither torchvision nor timm."""

from resnext_flops.complexity.network import Network
from resnext_flops.proof.references.compare import Reference, constructor
from resnext_flops.proof.references.names import renamer

CONVOLUTIONS = {1: 0, 2: 3, 3: 6, 4: 8, 5: 10}
FULLY_CONNECTED = {6: 1, 7: 4, 8: 6}


def find(network: Network) -> Reference | None:
    """torchvision's AlexNet; None for the paper's version and for other input channels."""
    arguments = network.architecture.arguments
    if arguments["version"] != "torchvision" or arguments["in_channels"] != 3:
        return None
    build = constructor("torchvision.models:AlexNet", arguments["classes"])
    return Reference("torchvision", "torchvision AlexNet", build, rename)


rename = renamer(
    (r"^conv(\d)\.conv", lambda match: f"features.{CONVOLUTIONS[int(match.group(1))]}"),
    (r"^head\.fc(\d)", lambda match: f"classifier.{FULLY_CONNECTED[int(match.group(1))]}"),
)
