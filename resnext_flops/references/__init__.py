"""Independent implementations of the described networks, one file a family: rung 3 of the proof, and real checkpoints.

Each file says how to build the other implementation and which name each of our tensors has there.
"""

from collections.abc import Callable

from resnext_flops.network import Network
from resnext_flops.references import alexnet, googlenet, inception, inception_resnet, resnet, vgg
from resnext_flops.references.compare import Reference

FINDERS: dict[str, Callable[[Network], Reference | None]] = {
    "alexnet": alexnet.find,
    "vgg": vgg.find,
    "googlenet": googlenet.find,
    "inception_v3": inception.find_v3,
    "inception_v4": inception.find_v4,
    "inception_resnet_v2": inception_resnet.find,
    "resnet": resnet.find,
    "resnext": resnet.find,
}


def reference(network: Network) -> Reference | None:
    """The independent implementation of a network, or None where there is none.

    >>> import resnext_flops as rf
    >>> reference(rf.resnext(101, cardinality=64, width=4)).source
    'torchvision ResNet(Bottleneck, [3, 4, 23, 3], groups=64, width_per_group=4)'
    """
    find = FINDERS.get(network.family.__name__)
    return find(network) if find else None
