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

from resnext_flops.counters.by_values import BY_VALUES, NeedsValuesError
from resnext_flops.counters.exclusive import HERE
from resnext_flops.counters.meta_kernels import KERNELS, META, on_meta

CPU = torch.device("cpu")

# A tensor with more elements is not computed. It bounds what a run costs: about ten milliseconds an operator.
LARGEST = 1 << 22

# Functions that make a tensor of a list, without an operator that the run sees.
FROM_LISTS = ((torch, "tensor"), (torch, "as_tensor"), (torch, "asarray"), (Tensor, "new_tensor"))

# Operators of one small tensor whose output may be large.
GROWING = frozenset({"repeat", "tile", "one_hot", "repeat_interleave", "diag_embed", "constant_pad_nd", "pad", "kron"})

# Operators that give their first tensor another shape or memory, besides those with torch's mark for it.
RESHAPING = frozenset({"aten::set_", "aten::resize_", "aten::resize_as_"})


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


def filled(value: Tensor, device: torch.device) -> Tensor:
    """A real tensor in the place of one that has only a shape: noise, or zeros where it holds no floating point."""
    if value.is_floating_point():
        return torch.randn(value.shape, dtype=value.dtype, device=device)
    return torch.zeros(value.shape, dtype=value.dtype, device=device)


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
    real: whether everything is computed.
    """

    def __init__(self, learned: Mapping[int, Tensor], kept: Sequence[Tensor], real: bool) -> None:
        self.learned, self.kept, self.real = learned, kept, real
        self.answering = False
        self.meta: dict[int, Tensor] = {}  # the learned tensors without memory
        self.own: set[int] = set()  # the storages that this run made
        self.lost: dict[int, UntypedStorage] = {}
        self.before: dict[int, tuple[UntypedStorage, UntypedStorage]] = {}
        self.versions: dict[int, tuple[Tensor, int]] = {}
        self.forms: dict[int, tuple[Tensor, Tensor]] = {}

    def answer(self, func: Any, args: Any, kwargs: Any, tensors: Sequence[Tensor]) -> Any:
        """The output of an operator: by shape arithmetic, or computed where every input has its values."""
        if self.real:
            self.write(func, args, kwargs, lose=False)
            return self.made(func(*args, **kwargs), tensors)
        if tensors and (tensors[0].is_meta or not all(map(self.has, tensors))):  # nearly always the first
            kernel = KERNELS.get(func)
            output = kernel(*args, **kwargs) if kernel else None
            if output is None or (not output.is_meta and traits_of(func).written):
                output = self._by_shape(func, args, kwargs, tensors)
            return output
        if not tensors or traits_of(func).constant:
            return self._create(func, args, kwargs)
        output = self._compute(func, args, kwargs, tensors)
        return self._by_shape(func, args, kwargs, tensors) if output is None else output

    def _by_shape(self, func: Any, args: Any, kwargs: Any, tensors: Sequence[Tensor]) -> Any:
        """The output of torch's own kernel for the device `meta`."""
        traits = traits_of(func)
        if traits.written:
            self.write(func, args, kwargs, lose=True)
            if isinstance(args[0], Tensor) and not args[0].is_meta:
                return args[0]
        if traits.reads:
            if self._readable(tensors):
                return func(*args, **kwargs)
            raise NeedsValuesError(func)
        self.answering = True
        try:
            by_values = BY_VALUES.get(func)
            if by_values and not kwargs and (output := by_values(func, args, self)) is not None:
                return self.made(output, tensors)
            args, kwargs = tree_map(self._shape_only, (args, kwargs))
            return self._create(func, args, kwargs) if traits.constant else func(*args, **kwargs)
        finally:
            self.answering = False

    def _shape_only(self, value: Any) -> Any:
        if isinstance(value, torch.device):
            return META
        if id(value) not in self.learned or value.is_meta:
            return on_meta(value)
        if id(value) not in self.meta:
            self.meta[id(value)] = on_meta(value)
        return self.meta[id(value)]

    def has(self, part: Tensor) -> bool:
        """Whether a tensor has values to compute with."""
        if not part.is_cpu or (id(part) in self.learned and not is_counting(part)):
            return False
        return not self.lost or storage_of(part) not in self.lost

    def has_memory(self) -> bool:
        """Whether the module's own tensors have values, so that it can run on its own device instead."""
        return not any(part.is_meta for part in self.learned.values())

    def _readable(self, parts: Sequence[Tensor]) -> bool:
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
        before = vars(Tensor).get("data")  # of the count around this one, if any
        own = HERE.token

        def set_data(part: Tensor, data: Tensor) -> None:
            if HERE.token is not own:
                plain.__set__(part, data)
                return
            self.keep_form(part)
            if data.is_meta and not part.is_meta and data.shape == part.shape:
                self._write(part, lose=True)
            else:
                plain.__set__(part, data)

        Tensor.data = property(plain.__get__, set_data)  # type: ignore[assignment]
        try:
            yield
        finally:
            if before is None:
                del Tensor.data
            else:
                Tensor.data = before
            for part, form in self.forms.values():
                part.data = form
            for storage, before in self.before.values():
                storage.copy_(before)
            for part, version in reversed(self.versions.values()):  # a view shares the number of its base
                set_version(part, version)

    def device(self) -> torch.device:
        """The device of the module."""
        return next((part.device for part in self.learned.values()), CPU)

    def given(self, value: Tensor) -> Any:
        """An input as the module gets it: a copy if everything is computed or if it counts something, else its shape.

        Of a shape alone there are zeros in the place of what counts, and noise in the place of other values.
        """
        if self.real:
            return self.made(value.clone() if not value.is_meta else filled(value, self.device()))
        if not is_counting(value) or value.numel() > LARGEST or value.layout is not torch.strided:
            return value.to(META, copy=True)
        return self.made(filled(value, CPU) if value.is_meta else value.to(CPU, copy=True))

    def _create(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """The output of a factory. What counts something gets values, whatever device is asked for."""
        output = func(*args, **kwargs)
        if isinstance(output, Tensor) and not output.is_cpu:
            if is_counting(output) and output.numel() <= LARGEST:
                output = func(*args, **{**kwargs, "device": CPU})
            elif not output.is_meta:
                output = output.to(META)
        return self.made(output)

    def _compute(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any], tensors: Sequence[Tensor]) -> Any:
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
            output = func(*tree_map(on_meta, args), **tree_map(on_meta, kwargs))
        except (RuntimeError, NotImplementedError):  # the shape depends on the values
            return max(part.numel() for part in tensors) > LARGEST
        return any(leaf.numel() > LARGEST for leaf in tree_leaves(output) if isinstance(leaf, Tensor))


@contextmanager
def real_lists() -> Iterator[None]:
    """Make tensors of lists of whole numbers on the CPU, whatever device is asked for: no operator is seen for them."""
    before = [getattr(owner, name) for owner, name in FROM_LISTS]
    own = HERE.token
    try:
        for (owner, name), function in zip(FROM_LISTS, before, strict=True):
            setattr(owner, name, _on_cpu(function, own))
        yield
    finally:
        for (owner, name), function in zip(FROM_LISTS, before, strict=True):
            setattr(owner, name, function)


def _on_cpu(function: Callable[..., Tensor], own: object) -> Callable[..., Tensor]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Tensor:
        made = function(*args, **kwargs)
        if (
            HERE.token is not own
            or made.is_cpu
            or not is_counting(made)
            or any(isinstance(part, Tensor) for part in args[-1:])
        ):
            return made
        return function(*args, **{**kwargs, "device": CPU})

    return call


def _stays(value: Any) -> Any:
    """The CPU in the place of any other device that a tensor is moved to."""
    return CPU if isinstance(value, torch.device) else value
