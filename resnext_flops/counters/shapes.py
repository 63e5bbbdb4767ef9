"""Tensors as their shapes: what a ledger keeps of them, and what the rules of operators see."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from resnext_flops.complexity.layers import Shape
from resnext_flops.complexity.records import Dims
from resnext_flops.counters.operators import Nested


def leaves(args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Tensor]:
    """The tensors among the arguments of an operator, one level deep."""
    found: list[Tensor] = []
    for value in (*args, *kwargs.values()) if kwargs else args:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, (list, tuple)) and value and not isinstance(value[0], int):
            found.extend([part for part in value if isinstance(part, Tensor)])
    return found


def shape_of(part: Tensor) -> Shape:
    """The shape of a tensor, also of a nested one, whose own attribute refuses.

    >>> import torch
    >>> shape_of(torch.zeros(3, 8))
    torch.Size([3, 8])
    """
    try:
        return part.shape
    except RuntimeError:
        return Nested.of([tuple(one.shape) for one in part.unbind()])


def trimmed(part: Tensor) -> Shape:
    """The shape of a tensor without a batch of one.

    >>> import torch
    >>> trimmed(torch.empty(1, 64, 56, 56)), trimmed(torch.empty(2, 8))
    ((64, 56, 56), (2, 8))
    """
    shape = tuple(shape_of(part))
    return shape[1:] if len(shape) > 1 and shape[0] == 1 else shape


def shapes_of(values: Any) -> tuple[Shape, ...]:
    """The whole shapes of the tensors among some values, one level deep."""
    if isinstance(values, Tensor):
        return (tuple(shape_of(values)),)
    if isinstance(values, Mapping):
        values = tuple(values.values())
    if not isinstance(values, (tuple, list)):
        return ()
    return tuple([tuple(shape_of(value)) for value in values if isinstance(value, Tensor)])


def dims(value: Any) -> Any:
    """An argument as it is kept: a tensor as its shape, a short sequence as a tuple, anything else as it is."""
    if isinstance(value, Tensor):
        shape = shape_of(value)
        return shape if isinstance(shape, Nested) else Dims(shape)
    if isinstance(value, (list, tuple)):
        return tuple([part if type(part) is int else dims(part) for part in value])
    return value
