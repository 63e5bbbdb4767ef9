"""The model of a name, a network, a description, a module or a constructor: the one place that asks which it is."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from resnext_flops.complexity.layers import Description, Shape
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.model import Model
from resnext_flops.complexity.network import Network
from resnext_flops.counters import zoos
from resnext_flops.counters.built import Built, arguments
from resnext_flops.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import nn

# What stands for a model: its name, a model, a description, a real module, or a function that makes one.
Given: TypeAlias = "str | Model | Description | nn.Module | Callable[..., nn.Module]"


def model(given_model: Given, inputs: Any = None, kwargs: Mapping[str, Any] | None = None) -> Model:
    """The model of a name, a network, a description, a module or a constructor.

    given_model: a name, a call or a saved file of a described network; `torchvision:NAME`, `timm:NAME` or
        `package.module:factory`; a network, a description, a real module (which is left as it was), or a function
        that makes one.
    inputs, kwargs: what a real module is called with, as in `count`. A described network on other inputs than its own
        is the real module that it builds.

    Raises InputError, with the nearest names, for anything else.

    >>> model("resnet50"), model("torchvision:resnet50")
    (resnet(50), torchvision:resnet50)
    """
    found = _found(given_model)
    return found if inputs is None and not kwargs else built(found, inputs, kwargs)


def built(given_model: Given, inputs: Any = None, kwargs: Mapping[str, Any] | None = None) -> Built:
    """The same as `model`, but a described network becomes the real module that it builds.

    given_model, inputs, kwargs: as in `model`. Raises InputError as it does.

    >>> built("resnet50").cost().trace is None
    False
    """
    found = _found(given_model)
    if isinstance(found, Network):
        found = Built(found.name, partial(_network_module, found), found.input)
    if inputs is None and not kwargs:
        return found
    return replace(found, input=_shape(inputs, kwargs, found.input), inputs=inputs, kwargs=kwargs)


def _network_module(
    network: Network, arguments: Mapping[str, Any], device: "str | torch.device", seed: int
) -> "nn.Module":
    return network.replace(**arguments).to_torch(device, seed)


def described_network(given_model: Given) -> Network:
    """The described network of a name, a network or a description.

    Raises InputError as `model` does, and for a real module.

    >>> described_network("resnet50")
    resnet(50)
    """
    found = _found(given_model)
    if isinstance(found, Network):
        return found
    raise InputError(f"{found.name} is a real module; give a described network, such as those that `models` lists")


def ledger(given_model: "Given | Ledger", inputs: Any = None) -> Ledger:
    """The cost of a model, and a ledger as it is.

    Raises InputError as `model` does, and where the model does not run on the inputs.

    >>> ledger("resnet50").macs
    4089184256
    """
    return given_model if isinstance(given_model, Ledger) else model(given_model, inputs).cost()


def _found(given_model: Any) -> Network | Built:
    if isinstance(given_model, str):
        return zoos.find(given_model)
    return zoos.as_model(given_model, getattr(given_model, "__name__", type(given_model).__name__), ())


def _shape(inputs: Any, kwargs: Mapping[str, Any] | None, usual: Shape) -> Shape:
    """The shape of the first tensor of a call, without its batch; the usual one where the call has no tensor."""
    values = (*arguments(inputs), *(kwargs or {}).values())
    return next((tuple(value.shape[1:]) for value in values if hasattr(value, "shape")), usual)
