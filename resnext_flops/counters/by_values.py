"""Operators whose output depends on the values of some tensors, while other tensors have a shape alone.

Each rule takes the operator, its arguments, and what knows which tensors have values. It answers, or says None where
torch's own kernel can answer.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from resnext_flops.counters.meta_kernels import META, on_meta

_aten = torch.ops.aten


class Known(Protocol):
    """What knows which tensors of a run have values."""

    def has(self, part: Tensor) -> bool:
        """Whether a tensor has values to compute with."""

    def has_memory(self) -> bool:
        """Whether the module's own tensors have values, so that it can run on its own device instead."""


class NeedsValuesError(Exception):
    """The module's code reads the value of a tensor that has only a shape."""

    def __init__(self, func: Any) -> None:
        super().__init__(f"its code reads the value of a tensor ({func})")


def _like_second(func: Any, args: Sequence[Any], values: Known) -> Any:
    """The second tensor gives a shape or a type alone. One element, repeated, takes its place without memory."""
    first, second = args[:2]
    return (
        func(first, torch.empty((), dtype=second.dtype).expand(second.shape), *args[2:]) if values.has(first) else None
    )


def _index(func: Any, args: Sequence[Any], values: Known) -> Any:
    """A mask picks as many elements as it has ones."""
    indices: list[Tensor | None] = []
    for part in args[1]:
        is_mask = part is not None and part.dtype in {torch.bool, torch.uint8}
        if is_mask and not values.has(part):
            if func._schema.name == "aten::index":  # noqa: SLF001
                raise NeedsValuesError(func)
            return None
        indices.extend(part.nonzero().unbind(1) if is_mask else (part,))
    return func(*tree_map(on_meta, (args[0], indices, *args[2:])))


def _masked_select(func: Any, args: Sequence[Any], values: Known) -> Any:
    image, mask = args
    if not values.has(mask):
        raise NeedsValuesError(func)
    shape = torch.broadcast_shapes(image.shape, mask.shape)  # type: ignore[no-untyped-call]
    return torch.empty(int(mask.expand(shape).sum()), dtype=image.dtype, device=META)


def _embedding(_: Any, args: Sequence[Any], values: Known) -> None:
    """A position without a row is refused, as it is where tensors have memory. The output has a shape alone."""
    table, places = args[:2]
    if values.has(places) and places.numel() and not 0 <= int(places.min()) <= int(places.max()) < table.shape[0]:
        raise IndexError(f"index out of range: {int(places.max())} in a table of {table.shape[0]} rows")


def _repeat_interleave(func: Any, args: Sequence[Any], values: Known) -> Any:
    image, repeats = args[:2]
    if not values.has(repeats):
        raise NeedsValuesError(func)
    axis = args[2] if len(args) > 2 and args[2] is not None else None
    length = image.numel() if axis is None else image.shape[axis]
    return func(*map(on_meta, args), output_size=int(repeats.expand(length).sum()))


def _reading(position: int) -> Callable[..., Any]:
    """Torch's own meta kernel reads the values of this argument."""

    def rule(func: Any, args: Sequence[Any], values: Known) -> Any:
        if not values.has(args[position]):
            raise NeedsValuesError(func)
        return func(*tree_map(on_meta, args[:position]), args[position], *tree_map(on_meta, args[position + 1 :]))

    return rule


def _pack(func: Any, args: Sequence[Any], values: Known) -> Any:
    """The steps of all sequences one after another, and how many sequences have each step."""
    rows, lengths, _ = args
    if not values.has(lengths):
        raise NeedsValuesError(func)
    steps = torch.arange(int(lengths.max()))
    sizes = (lengths > steps[:, None]).sum(1)
    return rows.new_empty((int(lengths.sum()), *rows.shape[2:]), device=META), sizes


def _unpack(func: Any, args: Sequence[Any], values: Known) -> Any:
    """The reverse: sequences of one length, and the length that each has of its own."""
    data, sizes, batch_first, _, total = args
    if not values.has(sizes):
        raise NeedsValuesError(func)
    steps, batch = max(len(sizes), total), int(sizes[0])
    shape = (batch, steps) if batch_first else (steps, batch)
    return data.new_empty((*shape, *data.shape[1:]), device=META), (sizes > torch.arange(batch)[:, None]).sum(1)


def _refuse(func: Any, _: Sequence[Any], __: Known) -> Any:
    """The number of its elements depends on the values."""
    raise NeedsValuesError(func)


def _left_aligned(func: Any, args: Sequence[Any], values: Known) -> Any:
    """Whether a padded batch becomes nested, without its padding. That needs memory; without it the padding stays."""
    if not values.has(args[1]) or values.has_memory():
        raise NeedsValuesError(func)
    return False


_LIKE = (_aten.to.other, _aten.type_as.default, _aten.expand_as.default, _aten.view_as.default)
BY_VALUES: Mapping[Any, Callable[..., Any]] = {
    **dict.fromkeys((*_LIKE, _aten.reshape_as.default), _like_second),
    **dict.fromkeys((_aten.index.Tensor, _aten.index_put.default, _aten.index_put_.default), _index),
    **dict.fromkeys(
        (_aten.nonzero.default, _aten.where.default, _aten.unique_dim.default, _aten.bincount.default), _refuse
    ),
    _aten.masked_select.default: _masked_select,
    _aten.embedding.default: _embedding,
    _aten.repeat_interleave.self_Tensor: _repeat_interleave,
    _aten.tensor_split.tensor_indices_or_sections: _reading(1),
    **{getattr(_aten, name).data: _reading(1) for name in ("lstm", "gru", "rnn_tanh", "rnn_relu")},
    _aten._pack_padded_sequence.default: _pack,  # noqa: SLF001
    _aten._pad_packed_sequence.default: _unpack,  # noqa: SLF001
    _aten._nested_tensor_from_mask_left_aligned.default: _left_aligned,  # noqa: SLF001
}
