"""What the text of a MODEL stands for: a described network, a real module, or a function that makes one.

A real model is `torchvision:NAME`, `timm:NAME`, `hf:PATH`, or `package.module:factory`, imported from the current
directory; its factory returns an `nn.Module`, a `Network` or a `Description`. Behind it may stand arguments, as in
`timm:resnet50(cardinality=32)`, whose values may hold free names, as in `dims=(w, 2*w)`. A bare name that no described
network has is looked for in torchvision and then in timm.

Each library has a file here. A further one is a file with a `Zoo`, and a line in `ZOOS`.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any

from resnext_flops.complexity.arguments import parse_call
from resnext_flops.complexity.names import NAMED, call_of, families, network
from resnext_flops.counters.built import Built
from resnext_flops.counters.zoos.zoo import Zoo
from resnext_flops.errors import InputError, nearest, one_line, same_name, unknown
from resnext_flops.needs import EXTRAS, MissingPackageError

# What libraries call the arguments that ask for learned weights.
LEARNED = ("weights", "weights_backbone", "pretrained", "pretrained_backbone", "checkpoint_path")
# The file of each library, by the prefix of its models.
ZOOS = {"torchvision": "of_torchvision", "timm": "of_timm", "hf": "of_hf"}


def zoo(library: str) -> Zoo:
    """The models of a library, by its prefix."""
    found: Zoo = import_module(f"resnext_flops.counters.zoos.{ZOOS[library]}").ZOO
    return found


def find(text: str) -> tuple[Any, Mapping[str, Any]]:
    """What a name on the command line stands for, and the arguments behind it; `lookup` makes a model of them.

    Raises InputError, with the nearest names, for an unknown one.

    >>> find("resnet50"), find("timm:resnet50(cardinality=32)")
    ((resnet(50), {}), (timm:resnet50, {'cardinality': 32}))
    """
    library, colon, name = text.partition(":")
    if colon and "(" not in library:
        call = parse_call(name)
        if call.positional:
            raise InputError(f"cannot use {name!r}: name its arguments, as in {call.name}(width=64)")
        if library in ZOOS:
            _refuse_weights(call.named)
            return zoo(library).model(call.name), call.named
        return imported(library, call.name), call.named
    return _bare(text), {}


def _refuse_weights(arguments: Mapping[str, Any]) -> None:
    """Raises InputError for an argument that asks for learned weights, which a library would load from elsewhere."""
    for name, value in arguments.items():
        if name in LEARNED and value:
            raise InputError(f"{name} asks for learned weights, on which no cost depends; leave {name} out")


def _bare(text: str) -> Any:
    """A described network, or the model of that name in the first library that has one."""
    if call_of(text) or "(" in text or text.endswith(".json"):
        return network(text)
    names = {library: zoo(library).names() for library in ZOOS}
    for library, known in names.items():
        if name := same_name(text, known):
            remark = f"no described network is called {text!r}; {library} has one"
            found: Built = replace(zoo(library).model(name), remarks=(remark,))
            return found
    further = [name for known in names.values() for name in known]
    if nearest(text, NAMED, further):
        error = unknown("model", text, NAMED, further)
    else:
        error = InputError(
            f"unknown model {text!r}; give a name that `models` lists, torchvision:NAME, timm:NAME, hf:PATH, or "
            "package.module:factory"
        )
    family = same_name(text, families())
    raise InputError(f"{error}; the family of this name is called, as in '{family}()'") if family else error


def imported(module_name: str, attribute: str) -> Any:
    """What a name stands for in a module of the current directory or of Python's path.

    Raises InputError if the module cannot be imported or has no such name.

    >>> imported("math", "gcd")(12, 18)
    6
    """
    text = f"{module_name}:{attribute}"
    with _current_directory_first():
        try:
            module = import_module(module_name)
        except Exception as error:  # noqa: BLE001 (importing runs the user's code)
            raise _unimportable(module_name, text, error) from None
    if not hasattr(module, attribute):
        public = [name for name in vars(module) if not name.startswith("_")]
        raise InputError(f"{text!r}: {unknown(f'name in {module_name}', attribute, public)}")
    return getattr(module, attribute)


def _unimportable(module_name: str, text: str, error: Exception) -> InputError:
    """The error for a module that cannot be imported: it may be a library's misspelt name, or need what is missing."""
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing in EXTRAS:
        return MissingPackageError(missing)
    if module_name.endswith(".py"):
        return InputError(f"cannot import {module_name!r}; write the module without .py: {text.replace('.py:', ':')}")
    if missing == module_name and nearest(module_name, ZOOS):
        return unknown("library or module", module_name, ZOOS)
    return InputError(f"cannot import {module_name!r} for {text!r}: {one_line(error)}")


@contextmanager
def _current_directory_first() -> Iterator[None]:
    sys.path.insert(0, "")
    try:
        yield
    finally:
        sys.path.remove("")
