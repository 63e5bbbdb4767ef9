"""GoogLeNet in torchvision. The paper's own network is in neither torchvision nor timm."""

from resnext_flops.complexity.network import Network
from resnext_flops.proof.references.compare import Reference, constructor
from resnext_flops.proof.references.names import renamer


def find(network: Network) -> Reference | None:
    """torchvision's GoogLeNet; None for the paper's version and for other input channels."""
    arguments = network.architecture.arguments
    if arguments["version"] != "torchvision" or arguments["in_channels"] != 3:
        return None
    classes, aux = arguments["classes"], arguments["aux"]
    build = constructor("torchvision.models:GoogLeNet", classes, aux_logits=aux, init_weights=False)
    # In training torchvision returns the output, the second head's and the first head's.
    order = (0, 2, 1) if aux else ()
    return Reference("torchvision", f"torchvision GoogLeNet, aux_logits={aux}", build, rename, order)


rename = renamer(
    (r"\.norm\.", ".bn."),
    (r"^conv2\.conv\.", "conv3."),
    (r"^conv2\.reduce\.", "conv2."),
    (r"\.branch1x1", ".branch1"),
    (r"\.branch3x3", ".branch2"),
    (r"\.branch5x5", ".branch3"),
    (r"\.branch_pool\.proj", ".branch4.1"),
    (r"(branch[23])\.reduce", r"\1.0"),
    (r"(branch[23])\.conv", r"\1.1"),
    (r"^head\.", ""),
)
