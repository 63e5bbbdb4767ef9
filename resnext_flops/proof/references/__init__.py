"""Independent implementations of the described networks, one file a family: rung 3 of the proof, and real checkpoints.

Each file says how to build the other implementation and which name each of our tensors has there.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from resnext_flops.complexity.network import Network
from resnext_flops.errors import InputError, checked
from resnext_flops.proof.references import (
    alexnet,
    convnext,
    densenet,
    googlenet,
    inception,
    inception_resnet,
    mobilenet,
    regnet,
    repvgg,
    resnet,
    senet,
    vgg,
)
from resnext_flops.proof.references.compare import Reference, share

if TYPE_CHECKING:
    import torch
    from torch import nn

# What finds the reference of a network, by the name of its family.
FIND = {
    "alexnet": alexnet.find,
    "vgg": vgg.find,
    "googlenet": googlenet.find,
    "inception_v3": inception.find,
    "inception_v4": inception.find,
    "inception_resnet_v2": inception_resnet.find,
    "resnet": resnet.find,
    "resnext": resnet.find,
    "se_resnet": senet.find,
    "se_resnext": senet.find,
    "senet": senet.find,
    "regnet": regnet.find,
    "anynet": regnet.find_any,
    "mobilenet_v1": mobilenet.find,
    "mobilenet_v2": mobilenet.find,
    "mobilenet_v3": mobilenet.find,
    "efficientnet": mobilenet.find,
    "efficientnet_v2": mobilenet.find,
    "convnext": convnext.find,
    "densenet": densenet.find,
    "repvgg": repvgg.find,
}


def reference(network: Network) -> Reference | None:
    """The independent implementation of a network, or None where there is none.

    >>> import resnext_flops as rf
    >>> reference(rf.resnext(101, cardinality=64, width=4)).source
    'torchvision ResNet(Bottleneck, [3, 4, 23, 3], groups=64, width_per_group=4)'
    """
    find = FIND.get(network.architecture.name)
    return find(network) if find else None


@checked
def load_reference_state(network: Network, state: Mapping[str, "torch.Tensor"]) -> "nn.Module":
    """A network's model with the tensors of a checkpoint of torchvision's or timm's implementation, by their names.

    state: such a checkpoint, a mapping from tensor names to tensors; they are shared with the model, not copied.

    Raises InputError if the network has no reference, or the checkpoint is of another network.

    >>> import torchvision
    >>> import resnext_flops as rf
    >>> model = rf.load_reference_state(rf.resnet(18), torchvision.models.resnet18().state_dict())
    """
    other = reference(network)
    if other is None:
        raise InputError(f"{network!r} has no reference whose checkpoint could be loaded")
    for name, tensor in state.items():
        if not hasattr(tensor, "shape"):
            raise InputError(f"the checkpoint holds {tensor!r} under {name!r}, where a tensor should be")
    model, different = share(network, other, state)
    if different:
        more = f" (and {len(different) - 1} more)" if len(different) > 1 else ""
        raise InputError(f"the checkpoint is not that of {other.source}: {different[0]}{more}")
    return model
