"""What `measure`, `check` and the correlation with published throughput take as a model: the one place to widen it."""

from resnext_flops.models import network
from resnext_flops.network import Network


def subject(model: str | Network) -> Network:
    """The network of a name, a call or a saved file, or the network itself.

    Raises InputError for what is none of them.

    >>> subject("resnet50")
    resnet(50)
    """
    return model if isinstance(model, Network) else network(model)
