"""A description as JSON and back: each node an object that names its layer and has its fields."""

import json
from typing import Any, get_args

from resnext_flops.complexity.layers import Description, Node, Repeat
from resnext_flops.errors import InputError, unknown

KINDS = {kind.__name__: kind for kind in (*get_args(Node), Repeat)}


def to_json(description: Description) -> str:
    """A description as JSON.

    >>> from resnext_flops.complexity.layers import ReLU, Sequential
    >>> print(to_json(Description((3, 8, 8), Sequential.of(relu=ReLU()))))
    {"input": [3, 8, 8], "body": {"layer": "Sequential", "children": [["relu", {"layer": "ReLU"}]]}}
    """
    return json.dumps({"input": description.input, "body": _encode(description.body)})


def from_json(text: str) -> Description:
    """The description that `to_json` wrote.

    Raises InputError for what is no description.

    >>> from resnext_flops.complexity.families.resnet import resnet
    >>> from_json(to_json(resnet(50).description)) == resnet(50).description
    True
    """
    try:
        content = json.loads(text)
        description = Description(_decode(content["input"]), _decode(content["body"]))
    except InputError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"not a description in JSON: {type(error).__name__}, {error}") from None
    return description


def _encode(value: Any) -> Any:
    if type(value) in KINDS.values():
        return {
            "layer": type(value).__name__,
            **{name: _encode(each) for name, each in vars(value).items()},
        }
    return [_encode(each) for each in value] if isinstance(value, tuple) else value


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_decode, value))
    if not isinstance(value, dict):
        return value
    if value["layer"] not in KINDS:
        raise unknown("layer", value["layer"], KINDS)
    return KINDS[value["layer"]](**{name: _decode(each) for name, each in value.items() if name != "layer"})
