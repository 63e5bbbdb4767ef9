"""Networks by name, and by a call as it is written in Python: everything that a MODEL on the command line can be.

A name is looked up in full first (torchvision's names where they exist), then by the pattern of a family.
"""

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

from resnext_flops.errors import InputError, unknown
from resnext_flops.network import (
    Network,
    alexnet,
    googlenet,
    inception_resnet_v2,
    inception_v3,
    inception_v4,
    resnet,
    resnext,
    vgg,
)

FAMILIES: Mapping[str, Callable[..., Network]] = {
    "alexnet": alexnet,
    "vgg": vgg,
    "googlenet": googlenet,
    "inception_v3": inception_v3,
    "inception_v4": inception_v4,
    "inception_resnet_v2": inception_resnet_v2,
    "resnet": resnet,
    "resnext": resnext,
}

# A name stands for a family and its arguments.
NAMED: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "alexnet": ("alexnet", {}),
    "alexnet_2012": ("alexnet", {"version": "paper"}),
    **{f"vgg{depth}": ("vgg", {"depth": depth}) for depth in (11, 13, 16, 19)},
    **{f"vgg{depth}_bn": ("vgg", {"depth": depth, "batch_norm": True}) for depth in (11, 13, 16, 19)},
    "googlenet": ("googlenet", {}),
    "googlenet_2014": ("googlenet", {"version": "paper"}),
    "inception_v3": ("inception_v3", {}),
    "inception_v4": ("inception_v4", {}),
    "inception_resnet_v2": ("inception_resnet_v2", {}),
    **{f"resnet{depth}": ("resnet", {"depth": depth}) for depth in (18, 34, 50, 101, 152)},
    **{
        f"resnext{depth}_{cardinality}x{width}d": (
            "resnext",
            {"depth": depth, "cardinality": cardinality, "width": width},
        )
        for depth, cardinality, width in ((50, 32, 4), (101, 32, 4), (101, 32, 8), (101, 64, 4), (152, 32, 4))
    },
}

# A pattern whose groups are arguments of a family.
PATTERNS: Mapping[str, str] = {
    r"resnext(?P<depth>\d+)_(?P<cardinality>\d+)x(?P<width>\d+)d": "resnext",
}


def network(model: str) -> Network:
    """The described network of a name (`resnext50_32x4d`) or of a call (`resnext(50, cardinality=8, width=14)`).

    Raises InputError, with the nearest names, for what is neither.

    >>> network("resnext101_64x4d").cost().macs
    15460270080
    >>> network("resnext(50, cardinality=8, width=14)")
    resnext(50, cardinality=8, width=14)
    """
    if "(" in model:
        return _call(model)
    if model in NAMED:
        family, arguments = NAMED[model]
        return FAMILIES[family](**arguments)
    for pattern, family in PATTERNS.items():
        if match := re.fullmatch(pattern, model):
            return FAMILIES[family](**{name: int(size) for name, size in match.groupdict().items()})
    raise unknown("network", model, NAMED)


def _call(text: str) -> Network:
    """A family called with literals. Nothing is evaluated: the call is read as a syntax tree."""
    try:
        match ast.parse(text.strip(), mode="eval").body:
            case ast.Call(func=ast.Name(id=family), args=args, keywords=keywords):
                positional = [ast.literal_eval(argument) for argument in args]
                named = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in keywords}
            case _:
                raise _unreadable(text)
    except (ValueError, SyntaxError):
        raise _unreadable(text) from None
    if family not in FAMILIES:
        raise unknown("family", family, FAMILIES)
    return FAMILIES[family](*positional, **named)


def _unreadable(text: str) -> InputError:
    return InputError(f"cannot read {text!r}; write it as resnext(50, cardinality=8, width=14)")
