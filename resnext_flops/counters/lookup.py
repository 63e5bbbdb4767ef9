"""The model of a name, a network, a description, a module or a constructor: the one place that asks which it is."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from resnext_flops.complexity.layers import Description, Shape
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.model import Model
from resnext_flops.complexity.network import Network, described
from resnext_flops.counters import zoos
from resnext_flops.counters.built import Built, arguments, construct, hand_out
from resnext_flops.errors import InputError, one_line

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
        return _as_model(zoos.find(given_model), given_model, zoos.IMAGE)
    return _as_model(given_model, getattr(given_model, "__name__", type(given_model).__name__), ())


def _as_model(given: Any, name: str, image: Shape) -> Network | Built:
    """The model of a network, a description, a module, or a function that makes one of them.

    name: what a model that has no name is called. image: the usual input of a real one.

    A description is cheap to make, and a function that makes one says so: `-> Description` or `-> Network`.

    Raises InputError for anything else, and with the function's own error where it is called and fails.
    """
    if getattr(given, "__annotations__", {}).get("return") in {Network, Description, "Network", "Description"}:
        try:
            given = given()
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001 (the user's code runs)
            raise InputError(f"{name!r} cannot be described: {one_line(error)}") from None
    if isinstance(given, (Network, Built)):
        return given
    if isinstance(given, Description):
        return described(given, name)
    # Whoever has a module has loaded torch.
    if "torch" in sys.modules and isinstance(given, sys.modules["torch"].nn.Module):
        return Built(name, partial(hand_out, given), image)
    if not callable(given):
        raise InputError(
            f"{name!r} is {type(given).__name__}; a model is a name, a network, a description, an nn.Module, or a "
            "function or class that makes one"
        )
    return Built(name, partial(construct, given), image)


def _shape(inputs: Any, kwargs: Mapping[str, Any] | None, usual: Shape) -> Shape:
    """The shape of the first tensor of a call, without its batch; the usual one where the call has no tensor."""
    values = (*arguments(inputs), *(kwargs or {}).values())
    return next((tuple(value.shape[1:]) for value in values if hasattr(value, "shape")), usual)
