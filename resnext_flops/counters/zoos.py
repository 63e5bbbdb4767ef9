"""What the text of a MODEL can be: a described network, or a real module found by name.

A real model is `torchvision:NAME`, `timm:NAME`, or `package.module:factory`, imported from the current directory; its
factory returns an `nn.Module`, a `Network` or a `Description`. A bare name that no described network has is looked for
in torchvision and then in timm.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from resnext_flops.complexity.layers import Description, Shape
from resnext_flops.complexity.names import NAMED, PATTERNS, network
from resnext_flops.complexity.network import Network, described
from resnext_flops.counters.built import Built, construct, hand_out, silent
from resnext_flops.errors import InputError, one_line, unknown

ZOOS = ("torchvision", "timm")
RESOLUTION = 224
IMAGE = (3, RESOLUTION, RESOLUTION)


def find(text: str) -> Network | Built:
    """The model of a name on the command line.

    Raises InputError, with the nearest names, for an unknown one.

    >>> find("resnet50"), find("timm:resnet50")
    (resnet(50), timm:resnet50)
    """
    library, colon, name = text.partition(":")
    if colon and library in ZOOS:
        return _in_zoo(library, name)
    if colon:
        return _imported(library, name)
    named = text in NAMED or any(re.fullmatch(pattern, text) for pattern in PATTERNS)
    if named or "(" in text or text.endswith(".json"):
        return network(text)
    for library in ZOOS:
        if text in _names(library):
            remark = f"no described network is called {text!r}; {library} has one"
            return replace(_in_zoo(library, text), remarks=(remark,))
    from difflib import get_close_matches

    known = dict.fromkeys([*NAMED, *(name for library in ZOOS for name in _names(library))])
    if get_close_matches(text, known):
        raise unknown("model", text, known)
    raise InputError(
        f"unknown model {text!r}; give a name that `models` lists, torchvision:NAME, timm:NAME, or "
        "package.module:factory"
    )


def _names(library: str) -> list[str]:
    """The models of a library, none if it is not installed."""
    try:
        with silent():
            if library == "timm":
                import timm

                return list(timm.list_models())
            from torchvision import models

            return list(models.list_models(module=models))
    except ImportError:
        return []


def _in_zoo(library: str, name: str) -> Built:
    names = _names(library)
    if not names:
        raise InputError(f"{library} is not installed; install the extra `zoo` of this project")
    if library == "timm":
        import timm

        if name not in names:
            raise unknown("model of timm", name, names)
        shape = timm.get_pretrained_cfg(name, allow_unregistered=True)
        size = tuple(shape.input_size) if shape else IMAGE
        return Built(f"timm:{name}", partial(construct, partial(timm.create_model, name)), size)
    from torchvision import models

    if name not in models.list_models():
        raise unknown("model of torchvision", name, names)

    extra = {} if name in names else {"weights_backbone": None}
    constructor = partial(models.get_model, name, weights=None, **extra)
    # Some weights are for a larger image than the model has without them.
    crops = [weights.transforms.keywords.get("crop_size") for weights in models.get_model_weights(name)]
    pixels = RESOLUTION if RESOLUTION in crops else next((crop for crop in crops if isinstance(crop, int)), RESOLUTION)
    return Built(f"torchvision:{name}", partial(construct, constructor), (3, pixels, pixels))


def _imported(module_name: str, attribute: str) -> Network | Built:
    """A factory of a module in the current directory or on Python's path."""
    from importlib import import_module

    text = f"{module_name}:{attribute}"
    with _current_directory_first():
        try:
            module = import_module(module_name)
        except Exception as error:  # noqa: BLE001 (importing runs the user's code)
            raise InputError(f"cannot import {module_name!r} for {text!r}: {one_line(error)}") from None
    if not hasattr(module, attribute):
        public = [name for name in vars(module) if not name.startswith("_")]
        raise InputError(f"{text!r}: {unknown(f'name in {module_name}', attribute, public)}")
    factory = getattr(module, attribute)
    return as_model(factory, text, IMAGE)


def as_model(given: Any, name: str, image: Shape) -> Network | Built:
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


@contextmanager
def _current_directory_first() -> Iterator[None]:
    sys.path.insert(0, "")
    try:
        yield
    finally:
        sys.path.remove("")
