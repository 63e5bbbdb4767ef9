"""Which tensors of a run have values, and what is computed from them.

A run without memory answers with shapes. But Python code reads the values of some tensors: of masks, of positions, of
indices. These hold whole numbers or truth values, and they are small. So they stay on the CPU, with their values: as
inputs, as what a factory such as `torch.arange` makes, and as what an operator makes of them alone. What meets a weight
or an activation has a shape only, on the device `meta`.

A tensor loses its values when something without values is written into it. Whoever reads them then is refused.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, wraps
from math import prod
from typing import Any, NamedTuple

import torch
from torch import Tensor, UntypedStorage
from torch.utils._pytree import tree_leaves, tree_map

from resnext_flops.counters.meta_kernels import META

CPU = torch.device("cpu")

# A tensor with more elements is not computed. It bounds what a run costs: about ten milliseconds an operator.
LARGEST = 1 << 22

_aten = torch.ops.aten

FROM_LISTS = ((torch, "tensor"), (torch, "as_tensor"), (torch, "asarray"), (Tensor, "new_tensor"))

# Operators of one small tensor whose output may be large.
GROWING = frozenset({"repeat", "tile", "one_hot", "repeat_interleave", "diag_embed", "constant_pad_nd", "pad", "kron"})


# Operators that give their first tensor another shape or memory, besides those with torch's mark for it.
RESHAPING = frozenset({"aten::set_", "aten::resize_", "aten::resize_as_"})


class NeedsValuesError(Exception):
    """The module's code reads the value of a tensor that has only a shape."""

    def __init__(self, func: Any) -> None:
        super().__init__(f"its code reads the value of a tensor ({func})")


def storage_of(part: Tensor) -> int:
    """What tells the memory of a tensor from that of others; its views share it."""
    try:
        place: int = part.untyped_storage()._cdata  # noqa: SLF001
    except (NotImplementedError, RuntimeError):  # a sparse tensor has none
        return id(part)
    return place


def set_version(part: Tensor, version: int) -> None:
    """Set the number of writes into a tensor, by which torch sees before a backward pass that it was changed."""
    if part._version != version:  # noqa: SLF001
        torch._C._autograd._unsafe_set_version_counter((part,), (version,))  # noqa: SLF001


def is_counting(part: Tensor) -> bool:
    """Whether a tensor holds whole numbers or truth values."""
    return not (part.is_floating_point() or part.is_complex() or part.is_quantized)


class Traits(NamedTuple):
    """What the run must know of an operator.

    constant: it takes the shape of a tensor alone, such as `zeros_like`.
    reads: its output is no tensor, but a value.
    grows: its output may be much larger than its tensors.
    reshapes: it changes the shape or the memory of its first tensor.
    written: the arguments that it writes into, by position and name.
    """

    constant: bool
    reads: bool
    grows: bool
    reshapes: bool
    written: tuple[tuple[int, str], ...]


@cache
def traits_of(func: Any) -> Traits:
    """The traits of one operator (an `OpOverload`).

    >>> traits_of(torch.ops.aten.add_.Tensor).written, traits_of(torch.ops.aten.item.default).reads
    (((0, 'self'),), True)
    """
    name = func._schema.name  # noqa: SLF001
    arguments = enumerate(func._schema.arguments)  # noqa: SLF001
    return Traits(
        name.endswith("_like") or "::new_" in name,
        torch.Tag.data_dependent_output in func.tags or name == "aten::is_nonzero",
        name.removeprefix("aten::") in GROWING,
        name in RESHAPING or (torch.Tag.inplace_view in func.tags and name != "aten::detach_"),
        tuple((place, part.name) for place, part in arguments if part.alias_info and part.alias_info.is_write),
    )


class Values:
    """The tensors of one run that have values.

    learned: the parameters and buffers of the module, by their ids. They have values only if they count something:
        what is computed from weights has a shape alone.
    kept: the tensors that must be afterwards as they were.
    """

    def __init__(self, learned: Mapping[int, Tensor], kept: Sequence[Tensor]) -> None:
        self.learned, self.kept = learned, kept
        self.own: set[int] = set()  # the storages that this run made
        self.lost: dict[int, UntypedStorage] = {}
        self.before: dict[int, tuple[UntypedStorage, UntypedStorage]] = {}
        self.versions: dict[int, tuple[Tensor, int]] = {}
        self.forms: dict[int, tuple[Tensor, Tensor]] = {}

    def has(self, part: Tensor) -> bool:
        """Whether a tensor has values to compute with."""
        if not part.is_cpu or (id(part) in self.learned and not is_counting(part)):
            return False
        return not self.lost or storage_of(part) not in self.lost

    def has_memory(self) -> bool:
        """Whether the module's own tensors have values, so that it can run on its own device instead."""
        return not any(part.is_meta for part in self.learned.values())

    def readable(self, parts: Sequence[Tensor]) -> bool:
        """Whether the values of all tensors may be read; those of weights may."""
        return all(not part.is_meta and storage_of(part) not in self.lost for part in parts)

    def made(self, output: Any, sources: Sequence[Tensor] = ()) -> Any:
        """Note that this run made the storages of an output, if they are not those of its sources."""
        known = {storage_of(part) for part in sources}
        for leaf in (output,) if isinstance(output, Tensor) else tree_leaves(output):
            if isinstance(leaf, Tensor) and not leaf.is_meta and (place := storage_of(leaf)) not in known:
                self.own.add(place)
                self.lost.pop(place, None)
        return output

    def write(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any], lose: bool) -> None:
        """Before an operator writes: keep what is not of this run; or note that the values are lost instead."""
        traits = traits_of(func)
        if traits.reshapes:
            self.keep_form(args[0])
        for place, name in traits.written:
            value = args[place] if place < len(args) else kwargs.get(name)
            for part in value if isinstance(value, (list, tuple)) else (value,):
                if isinstance(part, Tensor) and not part.is_inference():
                    self.versions.setdefault(id(part), (part, part._version))  # noqa: SLF001
                if isinstance(part, Tensor) and not part.is_meta:
                    self._write(part, lose)

    def _write(self, part: Tensor, lose: bool) -> None:
        place = storage_of(part)
        if place == id(part):
            return
        if lose:
            self.lost[place] = part.untyped_storage()
        elif place not in self.own and place not in self.before:
            storage = part.untyped_storage()
            self.before[place] = storage, storage.clone()  # type: ignore[no-untyped-call]

    def keep_form(self, part: Tensor) -> None:
        """Before a tensor gets another shape or memory: keep those that it has."""
        if id(part) not in self.forms and any(part is one for one in self.kept):
            with torch._C._DisableTorchDispatch():  # noqa: SLF001
                self.forms[id(part)] = part, part.detach()

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Afterwards put back what was changed in tensors that are not of this run."""
        plain: Any = Tensor.data

        def set_data(part: Tensor, data: Tensor) -> None:
            self.keep_form(part)
            if data.is_meta and not part.is_meta and data.shape == part.shape:
                self._write(part, lose=True)
            else:
                plain.__set__(part, data)

        Tensor.data = property(plain.__get__, set_data)  # type: ignore[assignment]
        try:
            yield
        finally:
            del Tensor.data
            for part, form in self.forms.values():
                part.data = form
            for storage, before in self.before.values():
                storage.copy_(before)
            for part, version in reversed(self.versions.values()):  # a view shares the number of its base
                set_version(part, version)

    def given(self, value: Tensor) -> Tensor:
        """An input as the module gets it: a copy with values if it counts something, and else its shape."""
        if not is_counting(value) or value.numel() > LARGEST or value.layout is not torch.strided:
            return value.to(META, copy=True)
        copy = torch.zeros(value.shape, dtype=value.dtype) if value.is_meta else value.to(CPU, copy=True)
        self.made(copy)
        return copy

    def create(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """The output of a factory. What counts something gets values, whatever device is asked for."""
        output = func(*args, **kwargs)
        if isinstance(output, Tensor) and not output.is_cpu:
            if is_counting(output) and output.numel() <= LARGEST:
                output = func(*args, **{**kwargs, "device": CPU})
            elif not output.is_meta:
                output = output.to(META)
        return self.made(output)

    def compute(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any], tensors: Sequence[Tensor]) -> Any:
        """The output of an operator whose tensors all have values; None if it is too large to be computed."""
        if not func.is_view and self._is_large(func, args, kwargs, tensors):
            return None
        self.write(func, args, kwargs, lose=False)
        args, kwargs = tree_map(_stays, (args, kwargs))
        return self.made(func(*args, **kwargs), tensors)

    @staticmethod
    def _is_large(func: Any, args: Any, kwargs: Any, tensors: Sequence[Tensor]) -> bool:
        if prod([max(part.numel(), 1) for part in tensors]) <= LARGEST and not traits_of(func).grows:
            return False
        if traits_of(func).written:
            return max(part.numel() for part in tensors) > LARGEST
        try:
            output = func(*tree_map(shape_only, args), **tree_map(shape_only, kwargs))
        except (RuntimeError, NotImplementedError):  # the shape depends on the values
            return max(part.numel() for part in tensors) > LARGEST
        return any(leaf.numel() > LARGEST for leaf in tree_leaves(output) if isinstance(leaf, Tensor))


@contextmanager
def real_lists() -> Iterator[None]:
    """Make tensors of lists of whole numbers on the CPU, whatever device is asked for: no operator is seen for them."""
    before = [getattr(owner, name) for owner, name in FROM_LISTS]
    try:
        for (owner, name), function in zip(FROM_LISTS, before, strict=True):
            setattr(owner, name, _on_cpu(function))
        yield
    finally:
        for (owner, name), function in zip(FROM_LISTS, before, strict=True):
            setattr(owner, name, function)


def _on_cpu(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Tensor:
        made = function(*args, **kwargs)
        if made.is_cpu or not is_counting(made) or any(isinstance(part, Tensor) for part in args[-1:]):
            return made
        return function(*args, **{**kwargs, "device": CPU})

    return call


def _stays(value: Any) -> Any:
    """The CPU in the place of any other device that a tensor is moved to."""
    return CPU if isinstance(value, torch.device) else value


# Operators of tensors with and without values. Each rule answers where the values decide the shape, or else says None.


def _like_second(func: Any, args: Sequence[Any], values: Values) -> Any:
    """The second tensor gives a shape or a type alone. One element, repeated, takes its place without memory."""
    first, second = args[:2]
    return (
        func(first, torch.empty((), dtype=second.dtype).expand(second.shape), *args[2:]) if values.has(first) else None
    )


def _index(func: Any, args: Sequence[Any], values: Values) -> Any:
    """A mask picks as many elements as it has ones."""
    indices: list[Tensor | None] = []
    for part in args[1]:
        is_mask = part is not None and part.dtype in {torch.bool, torch.uint8}
        if is_mask and not values.has(part):
            if func._schema.name == "aten::index":  # noqa: SLF001
                raise NeedsValuesError(func)
            return None
        indices.extend(part.nonzero().unbind(1) if is_mask else (part,))
    return func(*tree_map(shape_only, (args[0], indices, *args[2:])))


def _masked_select(func: Any, args: Sequence[Any], values: Values) -> Any:
    image, mask = args
    if not values.has(mask):
        raise NeedsValuesError(func)
    shape = torch.broadcast_shapes(image.shape, mask.shape)  # type: ignore[no-untyped-call]
    return torch.empty(int(mask.expand(shape).sum()), dtype=image.dtype, device=META)


def _repeat_interleave(func: Any, args: Sequence[Any], values: Values) -> Any:
    image, repeats = args[:2]
    if not values.has(repeats):
        raise NeedsValuesError(func)
    axis = args[2] if len(args) > 2 and args[2] is not None else None
    length = image.numel() if axis is None else image.shape[axis]
    return func(*map(shape_only, args), output_size=int(repeats.expand(length).sum()))


def _reading(position: int) -> Callable[..., Any]:
    """Torch's own meta kernel reads the values of this argument."""

    def rule(func: Any, args: Sequence[Any], values: Values) -> Any:
        if not values.has(args[position]):
            raise NeedsValuesError(func)
        return func(*tree_map(shape_only, args[:position]), args[position], *tree_map(shape_only, args[position + 1 :]))

    return rule


def _pack(func: Any, args: Sequence[Any], values: Values) -> Any:
    """The steps of all sequences one after another, and how many sequences have each step."""
    rows, lengths, _ = args
    if not values.has(lengths):
        raise NeedsValuesError(func)
    steps = torch.arange(int(lengths.max()))
    sizes = (lengths > steps[:, None]).sum(1)
    return rows.new_empty((int(lengths.sum()), *rows.shape[2:]), device=META), sizes


def _unpack(func: Any, args: Sequence[Any], values: Values) -> Any:
    """The reverse: sequences of one length, and the length that each has of its own."""
    data, sizes, batch_first, _, total = args
    if not values.has(sizes):
        raise NeedsValuesError(func)
    steps, batch = max(len(sizes), total), int(sizes[0])
    shape = (batch, steps) if batch_first else (steps, batch)
    return data.new_empty((*shape, *data.shape[1:]), device=META), (sizes > torch.arange(batch)[:, None]).sum(1)


def _left_aligned(func: Any, args: Sequence[Any], values: Values) -> Any:
    """Whether a padded batch becomes nested, without its padding. That needs memory; without it the padding stays."""
    if not values.has(args[1]) or values.has_memory():
        raise NeedsValuesError(func)
    return False


def shape_only(value: Any) -> Any:
    """A tensor without its memory; anything else as it is."""
    if not isinstance(value, Tensor) or value.is_meta:
        return value
    return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device=META)


_LIKE = (_aten.to.other, _aten.type_as.default, _aten.expand_as.default, _aten.view_as.default)
BY_VALUES: Mapping[Any, Callable[..., Any]] = {
    **dict.fromkeys((*_LIKE, _aten.reshape_as.default), _like_second),
    **dict.fromkeys((_aten.index.Tensor, _aten.index_put.default, _aten.index_put_.default), _index),
    _aten.masked_select.default: _masked_select,
    _aten.repeat_interleave.self_Tensor: _repeat_interleave,
    _aten.tensor_split.tensor_indices_or_sections: _reading(1),
    **{getattr(_aten, name).data: _reading(1) for name in ("lstm", "gru", "rnn_tanh", "rnn_relu")},
    _aten._pack_padded_sequence.default: _pack,  # noqa: SLF001
    _aten._pad_packed_sequence.default: _unpack,  # noqa: SLF001
    _aten._nested_tensor_from_mask_left_aligned.default: _left_aligned,  # noqa: SLF001
}
