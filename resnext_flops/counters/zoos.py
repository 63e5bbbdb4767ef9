"""What the text of a MODEL stands for: a described network, a real module, or a function that makes one.

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

from resnext_flops.complexity.names import NAMED, PATTERNS, network
from resnext_flops.counters.built import Built, construct, silent
from resnext_flops.errors import InputError, one_line, unknown

ZOOS = ("torchvision", "timm")
RESOLUTION = 224
IMAGE = (3, RESOLUTION, RESOLUTION)


def find(text: str) -> Any:
    """What a name on the command line stands for; `lookup` makes a model of it.

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


def _imported(module_name: str, attribute: str) -> Any:
    """What a name stands for in a module of the current directory or of Python's path."""
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
    return getattr(module, attribute)


@contextmanager
def _current_directory_first() -> Iterator[None]:
    sys.path.insert(0, "")
    try:
        yield
    finally:
        sys.path.remove("")
