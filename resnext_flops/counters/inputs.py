"""The inputs of a real model: tensors, or shapes in which some lengths are names."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from resnext_flops.complexity.arguments import whole
from resnext_flops.complexity.expressions import Constant, Expression, Name, names_in, quantity, text_of
from resnext_flops.errors import InputError

if TYPE_CHECKING:
    import torch

NAME = r"[^\W\d]\w*"
INPUT = re.compile(rf"(?:(?P<name>{NAME})=)?(?P<shape>[^:]+)(?::(?P<kind>\w+))?")


class InputShape(NamedTuple):
    """A tensor by its shape, whose lengths are whole numbers, or expressions of names.

    name: the keyword argument that it is; empty for a positional one.
    kind: torch's name of the type of its elements; empty for that of the model's own numbers.
    """

    shape: tuple[Expression, ...]
    kind: str = ""
    name: str = ""

    @property
    def names(self) -> set[str]:
        """The names in its shape."""
        return names_in(self.shape)

    def tensor(self, values: Mapping[str, int], dtype: "torch.dtype | None" = None) -> "torch.Tensor":
        """The tensor without memory; dtype is that of its elements where it has none of its own.

        Raises InputError for a name without a value, a length that is no length, or too many elements.
        """
        import torch

        try:
            return torch.empty(
                self.lengths(values), dtype=getattr(torch, self.kind) if self.kind else dtype, device="meta"
            )
        except (TypeError, RuntimeError):  # a size, or the number of bytes, does not fit into 64 bits
            raise InputError(f"an input of {self} is too large for a tensor") from None

    def lengths(self, values: Mapping[str, int]) -> tuple[int, ...]:
        """The shape in numbers. Raises InputError as `tensor` does."""
        return tuple(whole(length, values) for length in self.shape)

    def __str__(self) -> str:
        shape = ",".join(map(text_of, self.shape))
        kind = f":{self.kind}" if self.kind else ""
        return f"{self.name}={shape}{kind}" if self.name else f"{shape}{kind}"


def parse_input(text: str) -> InputShape:
    """An input of the command line: a shape, with a name before it and a type behind it where these are needed.

    A length is a whole number, a name, or an expression of names: `1,3,224,224`, `1,3,r,r`, `tokens=1,T:int64`.

    Raises InputError for what cannot be read.

    >>> str(parse_input("1x3x8x8")), parse_input("tokens=1,T:int64").names
    ('1,3,8,8', {'T'})
    """
    match = INPUT.fullmatch(text)
    if match and _is_type(match["kind"]):
        lengths = re.sub(r"(?<=\d)x(?=\d)", ",", match["shape"]).split(",")
        try:
            return InputShape(tuple(map(_length, lengths)), match["kind"] or "", match["name"] or "")
        except InputError:
            pass
    raise InputError(
        f"--input {text!r} cannot be read; write it as 1,3,224,224 or, with names and for whole numbers, "
        "tokens=1,T:int64"
    )


def _is_type(kind: str | None) -> bool:
    """Whether a type of elements is one of torch's, or none is given; then torch is not asked."""
    if kind is None:
        return True
    import torch

    return isinstance(getattr(torch, kind, None), torch.dtype)


def _length(given: "str | int") -> Expression:
    """A length of a shape. Raises InputError for one that is no whole number of at least 1, and no expression."""
    node = quantity(str(given), None)
    if not names_in([node]):
        whole(node, {})
    return node


def named_shape(inputs: Any, name: str = "") -> "InputShape | None":
    """The shape that a text is, or whole numbers and names such as (1, 3, "r", "r"); None for anything else.

    name: the keyword argument that it is.

    Raises InputError for a text, or a length, that cannot be read.
    """
    if isinstance(inputs, str):
        return parse_input(inputs)._replace(name=name)
    if not (isinstance(inputs, Sequence) and inputs):
        return None
    if not all(isinstance(part, (int, str)) and not isinstance(part, bool) for part in inputs):
        return None
    return InputShape(tuple(map(_length, inputs)), name=name)


def inputs_text(inputs: Any) -> str | None:
    """Inputs as they are written behind `--input`; empty for the usual ones, and None for tensors and other values.

    >>> inputs_text((1, 3, "r", "r")), inputs_text([parse_input("1,T:int64")]), inputs_text(None)
    ('1,3,r,r', '1,T:int64', '')
    """
    if inputs is None:
        return ""
    shape = named_shape(inputs)
    shapes = [shape] if shape else inputs
    if not isinstance(shapes, list) or not all(isinstance(each, InputShape) for each in shapes):
        return None
    return " ".join(map(str, shapes))


def check_one(inputs: Any) -> None:
    """Raises InputError for an input of several examples, where what is asked is of one.

    >>> check_one((2, 3, 8, 8))
    Traceback (most recent call last):
    resnext_flops.InputError: an input is that of one example here, and the batch says how many there are; give it a \
batch of 1
    """
    shape = named_shape(inputs)
    shapes = [shape] if shape else inputs if isinstance(inputs, (list, tuple)) else []
    first = next((each.shape for each in shapes if isinstance(each, InputShape)), ())
    if len(first) > 1 and first[0] != Constant(1):
        raise InputError(
            "an input is that of one example here, and the batch says how many there are; give it a batch of 1"
        )


def arguments(inputs: Any) -> "tuple[list[Any], dict[str, Any]]":
    """The positional and the keyword arguments of one call, with an `InputShape` for every tensor that is only a shape.

    inputs: None, a tensor, a shape such as (1, 3, 224, 224) or "1,T:int64", a sequence of arguments, or a mapping of
        named ones.

    Raises InputError for anything else.

    >>> arguments((1, 3, 8, 8))[0][0].lengths({})
    (1, 3, 8, 8)
    """
    import torch

    if inputs is None:
        return [], {}
    if isinstance(inputs, (torch.Tensor, InputShape)):
        inputs = [inputs]
    elif shape := named_shape(inputs):
        inputs = [shape]
    if isinstance(inputs, Mapping):
        return [], {name: named_shape(value, name) or value for name, value in inputs.items()}
    if not isinstance(inputs, (tuple, list)):
        raise InputError(
            f"inputs is {type(inputs).__name__}; give a tensor, a shape such as (1, 3, 224, 224), a sequence of "
            "arguments, or a dict of named ones"
        )
    named = {part.name: part for part in inputs if isinstance(part, InputShape) and part.name}
    return [part for part in inputs if not (isinstance(part, InputShape) and part.name)], named


def with_values(values: Iterable[Any], sizes: Mapping[str, int], dtype: "torch.dtype | None" = None) -> list[Any]:
    """Arguments with tensors in the place of shapes, also in lists. Raises InputError as `InputShape.tensor` does."""

    def with_value(value: Any) -> Any:
        if isinstance(value, InputShape):
            return value.tensor(sizes, dtype)
        return [with_value(part) for part in value] if type(value) is list else value

    return [with_value(value) for value in values]


def shapes_in(values: Iterable[Any]) -> Iterator[InputShape]:
    """The shapes among some arguments, and within lists of them."""
    for value in values:
        if isinstance(value, InputShape):
            yield value
        elif type(value) is list:
            yield from shapes_in(value)


def names_of(values: Iterable[Any]) -> list[str]:
    """The names in the shapes among some arguments, in their order."""
    shapes = [value for value in values if isinstance(value, InputShape)]
    bare = [part.name for value in shapes for part in value.shape if isinstance(part, Name)]
    return list(dict.fromkeys([*bare, *sorted({name for value in shapes for name in value.names})]))
