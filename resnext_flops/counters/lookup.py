"""The model of a name, a network, a description, a module or a constructor: the one place that asks which it is."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from resnext_flops.complexity.arguments import filled
from resnext_flops.complexity.conventions import convention
from resnext_flops.complexity.layers import Description, Shape
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.model import Model
from resnext_flops.complexity.network import Network, described
from resnext_flops.counters import zoos
from resnext_flops.counters.built import Built
from resnext_flops.counters.constructors import Constructed, Existing, OfNetwork
from resnext_flops.counters.zoos.zoo import IMAGE
from resnext_flops.errors import InputError, checked, one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

NOTHING: Mapping[str, Any] = MappingProxyType({})

# What stands for a model: its name, a model, a description, a real module, or a function that makes one.
Given: TypeAlias = "str | Model | Description | nn.Module | Callable[..., nn.Module]"


@checked
def model(given_model: Given, inputs: Any = None, kwargs: Mapping[str, Any] | None = None, **sizes: Any) -> Model:
    """The model of a name, a network, a description, a module or a constructor.

    given_model: a name, a call or a saved file of a described network; `torchvision:NAME`, `timm:NAME` or
        `package.module:factory`, each with arguments behind it if need be; a network, a description, a real module
        (which is left as it was), or a function that makes one.
    inputs, kwargs: what a real module is called with, as in `count`; a shape may hold names, as in (1, 3, "r", "r"). A
        described network on other inputs than its own is the real module that it builds.
    sizes: values of the model's sizes: arguments of its constructor, and free names.

    Raises InputError, with the nearest names, for anything else.

    >>> model("resnet50"), model("timm:resnet50(cardinality=C)", C=32)
    (resnet(50), timm:resnet50(cardinality=32))
    """
    found = _found(given_model)
    if inputs is not None or kwargs:
        found = built(found, inputs, kwargs)
    return found.replace(**sizes) if sizes else found


def built(given_model: Given, inputs: Any = None, kwargs: Mapping[str, Any] | None = None) -> Built:
    """The same as `model`, but a described network becomes the real module that it builds.

    given_model, inputs, kwargs: as in `model`. Raises InputError as it does.

    >>> built("resnet50").cost().trace is None
    False
    """
    found = _found(given_model)
    if isinstance(found, Network):
        found = Built(found.name, OfNetwork(found), found.input)
    return found if inputs is None and not kwargs else replace(found, inputs=inputs, kwargs=kwargs)


def counted_by(given_model: Given, conventions: Iterable[str]) -> Ledger:
    """The cost of a model with the figures of some conventions: a description gives most of them, and a run the rest.

    Raises InputError as `model` does, and for a convention that does not exist.

    >>> counted_by("resnet50", ["fvcore"]).origin, counted_by("alexnet_2012", ["calflops"]).origin
    ('derived', 'counted')
    """
    found = model(given_model)
    ledger = found.cost()
    names = [convention(name).name for name in conventions]
    try:
        for name in names:
            ledger.total(name)
    except InputError:
        return built(found).cost()
    return ledger


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
        given, arguments = zoos.find(given_model)
        return _as_model(given, given_model.partition("(")[0], IMAGE, arguments)
    return _as_model(given_model, getattr(given_model, "__name__", type(given_model).__name__), ())


def _as_model(given: Any, name: str, image: Shape, arguments: Mapping[str, Any] = NOTHING) -> Network | Built:
    """The model of a network, a description, a module, or a function that makes one of them.

    name: what a model that has no name is called. image: the usual input of a real one.
    arguments: what a function that makes one is called with.

    A description is cheap to make, and a function that makes one says so: `-> Description` or `-> Network`.

    Raises InputError for anything else, and with the function's own error where it is called and fails.
    """
    if getattr(given, "__annotations__", {}).get("return") in {Network, Description, "Network", "Description"}:
        try:
            given, arguments = given(**filled(arguments, {})), NOTHING
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001 (the user's code runs)
            raise InputError(f"{name!r} cannot be described: {one_line(error)}") from None
    if isinstance(given, Description):
        given = described(given, name)
    if isinstance(given, (Network, Built)):
        return given.replace(**arguments) if arguments else given
    # Whoever has a module has loaded torch.
    if "torch" in sys.modules and isinstance(given, sys.modules["torch"].nn.Module):
        return Built(name, Existing(given), image, arguments=arguments)
    if not callable(given):
        raise InputError(
            f"{name!r} is {type(given).__name__}; a model is a name, a network, a description, an nn.Module, or a "
            "function or class that makes one"
        )
    return Built(name, Constructed(given), image, arguments=arguments)
