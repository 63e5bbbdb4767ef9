"""The project's own counter: run a real module without memory or arithmetic, and see every operator below its code.

The module runs as it is, in inference mode, on inputs of the device `meta`. A dispatch mode receives each operator
before torch decomposes it, answers with an empty tensor of the right shape, and writes the ledger's entry. Parameters
are never touched: where an operator needs one, its shape is enough. Tensors that the module's code makes itself on a
real device (a table of positions, the sizes of a window) are computed for real: Python code may read their values.

What cannot run like that (code that reads the values of what it computed) runs on the module's own device instead, with
the same answer, and the trace says so.

What only conventions need (operators, calls and functions, see `records.py`) is noted, and made into records when it is
first asked for. Notes keep tensors alive, so on a real module, whose tensors have memory, records are made at once.
"""

import gc
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache, cached_property
from importlib import import_module
from itertools import compress, starmap
from math import prod
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.utils.rnn import PackedSequence
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from resnext_flops.complexity.cost import Cost
from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.layers import Shape
from resnext_flops.complexity.ledger import Ledger
from resnext_flops.complexity.records import Call, Function, Operator, Records, Trace, Unknown
from resnext_flops.counters.exclusive import exclusive, interruptible, pass_on, uninterrupted
from resnext_flops.counters.functions import calls_seen, noted
from resnext_flops.counters.gradients import CUT, CUTTING, Reach, Step, plain
from resnext_flops.counters.operators import (
    FREE,
    UNKNOWN,
    OperatorRule,
    attention_products,
    recurrent_cells,
    rule_of,
)
from resnext_flops.counters.shapes import dims, leaves, shape_of, shapes_of, trimmed
from resnext_flops.counters.state import Found, State, is_frozen
from resnext_flops.counters.surroundings import Surroundings
from resnext_flops.counters.values import Values, real_lists, storage_of, traits_of
from resnext_flops.errors import InputError, one_line

# Attributes under which the mode keeps what it knows of a tensor.
ROOTS, CHOSEN = (f"_resnext_flops_{name}" for name in ("roots", "chosen"))

# The position of the learned scale among the arguments of a normalisation.
AFFINE = {"batch norm": 1, "instance norm": 1, "layer norm": 2, "group norm": 2}
WINDOW_KINDS = frozenset({"max pool", "average pool"})
POOL_KINDS = WINDOW_KINDS | {"adaptive average pool"}

# Operators whose output has a length that depends on values, besides those with torch's mark for it.
CHOOSING = frozenset({"torchvision::nms"})
FROZEN = (
    "torch.jit.freeze made the parameters constants of the code, so they do not count as parameters, and no gradients "
    "are taken of them"
)
PLACES = 4  # so many modules are named in a remark

# Operators that leave nothing of what was in the tensor that they change.
OVERWRITING = frozenset({"aten::copy_", "aten::fill_", "aten::zero_"})


def trace(
    module: nn.Module,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    *,
    training: bool = False,
    name: str = "",
    method: str = "",
) -> Ledger:
    """The ledger of one call `module(*args, **kwargs)`, for the whole batch that it is given.

    training: run the module in training mode, and count the gradients too.
    name: what the ledger is called.
    method: the method that is called in the place of the module itself, if any.

    Raises InputError, with the module's own error, if it cannot run on these inputs.

    >>> trace(nn.Linear(8, 4), [torch.empty(1, 8)], {}).macs
    32
    """
    with exclusive(), _no_collection():
        return _traced(module, (list(args), dict(kwargs)), training, name, method)


def _traced(module: nn.Module, inputs: Any, training: bool, name: str, method: str) -> Ledger:
    """One run without memory, or else one on the module's own device."""
    state = State(module, inputs)
    _check(module, state, method)
    remarks = (FROZEN,) if any(map(is_frozen, state.parts)) else ()
    try:
        return _ledger(Tracer(module, state, training, remarks=remarks), name, method)
    except BaseException as error:  # noqa: BLE001 (whatever a module raises on `meta`, it may not raise elsewhere)
        pass_on(error)
        if isinstance(error, TypeError) and _load_decompositions():
            return _traced(module, inputs, training, name, method)
        if not _has_real_tensors(module):
            raise _refusal(inputs, error) from None
        reason = error
    remark = f"it does not run on the device meta ({one_line(reason)}), so it ran on {_device(module)}"
    state.keep_values()
    try:
        return _ledger(Tracer(module, state, training, real=True, remarks=(*remarks, remark)), name, method)
    except BaseException as error:  # noqa: BLE001 (the module's own error is the answer)
        pass_on(error)
        raise _refusal(inputs, error) from None


def _load_decompositions() -> bool:
    """Load what torch compiles when `torch.func.jvp` is first called; False where it is loaded already.

    It cannot be compiled in a run, because it calls functions that are replaced there.
    """
    if "torch._decomp.decompositions_for_jvp" in sys.modules:
        return False
    with warnings.catch_warnings(action="ignore"):
        import_module("torch._decomp.decompositions_for_jvp")
    return True


def _ledger(tracer: "Tracer", name: str, method: str) -> Ledger:
    """The ledger of one run, and of a second one with torch's own gradients where they are needed."""
    with tracer.state.kept(tracer.training):
        tracer.run(method)
    if tracer.met:
        with tracer.state.kept(tracer.training):
            step = Step(tracer.module, tracer.state, tracer.real)
            step.run(method)
        tracer.add(step)
    return tracer.ledger(name)


def _check(module: nn.Module, state: State, method: str) -> None:
    """Raise InputError for a method that is not there, for layers without sizes yet, and for fake tensors."""
    if method and not callable(getattr(module, method, None)):
        raise InputError(f"{type(module).__name__} has no method {method!r}")
    if any(isinstance(part, LazyModuleMixin) and part.has_uninitialized_params() for part in state.parts):
        raise InputError("the model has lazy layers, whose sizes are not known yet; run it once first")
    if any(isinstance(part, FakeTensor) for part in state.tensors):
        raise InputError("the model or its input has tensors of a FakeTensorMode; make them on the device meta instead")


def _refusal(inputs: Any, error: BaseException) -> InputError:
    if calls := re.search(r"HigherOrderOperator (\w+)", str(error)):
        return InputError(f"the model calls torch's {calls[1]} with functions, and what runs in them is not counted")
    if "does not require grad and does not have a grad_fn" in str(error):
        return InputError("the model takes gradients in its forward pass, and what these multiply is not counted")
    tensors = [leaf for leaf in tree_leaves(inputs) if isinstance(leaf, Tensor)]
    shapes = ", ".join("x".join(map(str, shape_of(leaf))) for leaf in tensors)
    return InputError(f"the model does not run on an input of {shapes or 'no tensor'}: {one_line(error)}")


def _has_real_tensors(module: nn.Module) -> bool:
    return not any(part.is_meta for part in (*module.parameters(), *module.buffers()))


def _device(module: nn.Module) -> torch.device:
    return next((part.device for part in module.parameters()), torch.device("cpu"))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Stop the garbage collector: a run makes many small objects that stay, and it would visit them again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Frame(NamedTuple):
    """A module call that is running. within: the numbers of the calls around it, and its own."""

    number: int
    path: str
    within: tuple[int, ...]


class _Kind:
    """What all calls of one module have in common, as it was at the first call.

    number: tells one instance from another. paths: how many names lead to it.
    """

    def __init__(self, module: nn.Module, number: int, paths: int) -> None:
        kind: Any = type(module)
        self.classes, self.origin = class_names(kind), kind.__module__
        self.number, self.paths = number, paths
        self.attributes = vars(module).copy()
        own = module._parameters  # noqa: SLF001 (the attribute itself: the iterators are many times slower)
        self.leaf = not module._modules  # noqa: SLF001
        self.params = dict(own if self.leaf or not own else module.named_parameters())

    @cached_property
    def fields(self) -> tuple[Any, ...]:
        """The fields of `Call` after its path."""
        settings = {key: value for key, value in self.attributes.items() if key[0] != "_"}
        params = {key: tuple(value.shape) for key, value in self.params.items() if value is not None}
        del self.attributes, self.params
        return self.classes, self.number, self.paths, self.leaf, self.origin, settings, params


def _call(frame: _Frame, kind: _Kind, args: Any, kwargs: Any, output: Any, fused: bool, frozen: bool) -> Call:
    inputs = shapes_of([part.data if isinstance(part, PackedSequence) else part for part in (*args, *kwargs.values())])
    return Call._make((frame.path, *kind.fields, inputs, shapes_of(output), frame.within[:-1], fused, frozen))


def _function(frame: _Frame, name: str, args: Any, kwargs: Any, output: Any, outer: tuple[str, ...]) -> Function:
    named = {key: dims(value) for key, value in kwargs.items()}
    shapes = shapes_of(output)
    return Function(name, frame.path, outer, dims(args), named, shapes[0] if shapes else (), frame.within)


def _operator(
    func: Any,
    frame: _Frame,
    tensors: Sequence[Tensor],
    affine: bool = True,
    fused_bias: bool = False,
    strided: bool = False,
) -> Operator:
    return Operator(str(func), frame.within, shapes_of(tensors), affine, fused_bias, strided)


class Chosen:
    """The tensors of a run whose lengths depend on values, such as the boxes that a detector keeps, and their cost."""

    def __init__(self) -> None:
        self.operators: dict[str, None] = {}
        self.places: dict[str, None] = {}
        self.macs = 0

    def passes_on(self, func: Any, tensors: Sequence[Tensor], output: Any) -> bool:
        """Whether the length of an output depends on values. If so, it is marked."""
        if _chooses(func, tensors):
            self.operators[func._schema.name.replace("::", ".")] = None  # noqa: SLF001
        elif not any(hasattr(part, CHOSEN) for part in tensors):
            return False
        for leaf in tree_leaves(output):
            if isinstance(leaf, Tensor) and not isinstance(leaf, nn.Parameter):
                setattr(leaf, CHOSEN, True)
        return True

    def note(self, entry: Entry) -> None:
        """Add the cost of a layer that takes such a tensor."""
        self.macs += int(entry.macs)
        self.places[".".join(entry.path.split(".")[:2])] = None

    def remarks(self) -> tuple[str, ...]:
        """One sentence, where any multiply-adds depend on values."""
        if not self.places:
            return ()
        first = [place or "the model itself" for place in self.places][:PLACES]
        more = ", ..." if len(self.places) > PLACES else ""
        return (
            f"{self.macs:,} of the multiply-adds are of tensors whose lengths depend on values "
            f"({', '.join(self.operators)}): other weights or inputs may need more or fewer in "
            f"{', '.join(first)}{more}",
        )


def _chooses(func: Any, tensors: Sequence[Tensor]) -> bool:
    """Whether an operator makes as many elements as some values say. Of indices, only masks say it."""
    if torch.Tag.dynamic_output_shape not in func.tags:
        return func._schema.name in CHOOSING  # noqa: SLF001
    masks = any(part.dtype in {torch.bool, torch.uint8} for part in tensors[1:])
    return masks or func._schema.name != "aten::index"  # noqa: SLF001


class Tracer(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """One run of one module. `run` may be called once."""

    def __init__(
        self, module: nn.Module, state: State, training: bool, real: bool = False, remarks: tuple[str, ...] = ()
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.module, self.state, self.training, self.real, self.remarks = module, state, training, real, remarks
        self.entries: list[Entry] = []
        self.unknown: list[Unknown] = []
        self.operators: list[Any] = []
        self.calls: list[Any] = []
        self.functions: list[Any] = []
        self.frames: list[_Frame] = [_Frame(-1, "", ())]
        self.seen: set[int] = set()
        self.learned: dict[int, Tensor] = {id(part): part for part in state.own.registered}
        self.names: dict[int, str] = {}
        self.paths: dict[int, list[str]] = {}
        self.kinds: dict[int, Any] = {}
        self._survey("", module)
        self.later = not real and bool(self.learned) and all(part.is_meta for part in self.learned.values())
        self.known = Values(self.learned, state.tensors, real)
        self.flow: dict[int, tuple[int, ...]] = {}
        self.values = 0
        self.last_sum: tuple[Tensor | None, int] = (None, -1)
        self.fused: set[int] = set()
        self.first: Tensor | None = None
        self.chosen = Chosen()
        self.met: list[str] = []  # what has a backward pass that no layer gives
        self.reach = Reach()
        self.rooted = False  # whether any tensor was made of parameters alone

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Torch keeps its compiler away from each answer of a mode; `run` keeps it away once."""
        return False

    def run(self, method: str = "") -> None:
        """Call the module, or a method of it, once on copies of its inputs."""
        if self.real:
            torch.manual_seed(0)  # noise takes the place of inputs without values; the state puts this back
        (args, kwargs), tensors = self.state.copied_inputs(self._given)
        self.first = tensors[0] if tensors else None
        # The inputs are the first values. A value is known by its storage, which all views of a tensor share.
        inputs = dict.fromkeys(map(storage_of, tensors))
        self.flow = {place: (number,) for number, place in enumerate(inputs)}
        self.values = max(len(inputs) - 1, 0)
        with ExitStack() as stack:
            stack.enter_context(torch.inference_mode())
            stack.enter_context(torch.set_grad_enabled(self.training))
            stack.enter_context(calls_seen(self._enter, self._leave))
            stack.enter_context(noted(self._note))
            if self.training:
                self.met = stack.enter_context(plain(self._passes_on))
            stack.enter_context(self.known.keeping())
            if not self.real:
                stack.enter_context(real_lists())
            stack.enter_context(self)
            called: Any = getattr(self.module, method) if method else self.module.__call__
            with interruptible():  # not in the stack: it is closed again before the stack is left
                output = torch.compiler.disable(called)(*args, **kwargs)  # type: ignore[no-untyped-call]
        if self.training:
            self._forget_unreached(output)
        self._leftover()

    def _given(self, value: Tensor) -> Tensor:
        """A copy of an input, which needs a gradient where the input does."""
        given: Tensor = self.known.given(value.detach())
        return given.requires_grad_(value.requires_grad and self.training)

    def add(self, step: Step) -> None:
        """Add what a second run, forward and backward, found besides the gradients of layers."""
        self.unknown += step.unknown
        for entry in step.entries:
            self._append(entry)

    def ledger(self, name: str) -> Ledger:
        """The ledger of the run."""
        first = self.first
        records = Records(*(starmap(make, kept) if self.later else kept for make, kept in self._kept()))
        one = first is None or first.dim() < 2 or first.is_nested or first.shape[0] == 1
        remarks = (*self.remarks, *self.chosen.remarks())
        companion = Trace(records, tuple(self.unknown), remarks, self.training, one)
        return Ledger(name, trimmed(first) if first is not None else (), tuple(self.entries), companion)

    def _survey(self, path: str, module: nn.Module) -> None:
        """Note every path below a module, of parts and of parameters. Torch's own iterators walk the tree for each."""
        self.paths.setdefault(id(module), []).append(path)
        prefix = f"{path}." if path else ""
        for name, part in module._parameters.items():  # noqa: SLF001
            if part is not None:
                self.names.setdefault(id(part), prefix + name)
        for name, child in module._modules.items():  # noqa: SLF001
            if child is not None:
                self._survey(prefix + name, child)

    def _kept(self) -> tuple[tuple[Callable[..., Any], list[Any]], ...]:
        return (_operator, self.operators), (_call, self.calls), (_function, self.functions)

    def _settle(self) -> None:
        """Make records of the notes so far, and from now on make each record immediately."""
        for make, kept in self._kept():
            kept[:] = [made and make(*made) for made in kept]  # a call that is still running is None
        self.later = False

    # Modules ----------------------------------------------------------------------------------------------------------

    def _enter(self, module: nn.Module, args: Any) -> None:
        number = len(self.calls)
        self.calls.append(None)
        if fuses(module, args):
            self.fused.add(number)
        self.frames.append(_Frame(number, self._path(module), (*self.frames[-1].within, number)))

    def _path(self, module: nn.Module) -> str:
        """The path of this call. A shared module has several; the one below the running module is taken."""
        parent = self.frames[-1].path
        paths = self.paths.get(id(module))
        if not paths:
            return parent
        if len(paths) > 1 and parent:
            return next((path for path in paths if path.startswith(f"{parent}.")), paths[0])
        return paths[0]

    def _leave(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        frame = self.frames.pop()
        kind = self.kinds.get(id(module))
        if kind is None:
            kind = self.kinds[id(module)] = _Kind(module, len(self.kinds), len(self.paths.get(id(module), ("",))))
        fused = frame.number in self.fused
        frozen = fused and not any(part.requires_grad for part in self.learned.values())
        noted_call = (frame, kind, args, kwargs, output, fused, frozen)
        self.calls[frame.number] = noted_call if self.later else _call(*noted_call)

    def _note(self, name: str, args: Any, kwargs: Any, output: Any, outer: tuple[str, ...]) -> None:
        if self.known.answering:
            return  # torch's own kernel called it, not the module's code
        noted_function = (self.frames[-1], name, args, kwargs, output, outer)
        self.functions.append(noted_function if self.later else _function(*noted_function))

    # Operators --------------------------------------------------------------------------------------------------------

    @uninterrupted
    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Answer one operator, and write its entry."""
        if types and any(kind.__torch_dispatch__ is not Tensor.__torch_dispatch__ for kind in types):
            return NotImplemented  # a tensor with operators of its own is asked first, and what it calls comes here
        kwargs = kwargs or {}
        rule = rule_of(func)
        if rule is UNKNOWN or (rule.kind == "einsum" and len(args[1]) > 2):
            with self:
                output = func.decompose(*args, **kwargs)
            if output is not NotImplemented:
                return output
        if self.later and rule is FREE and torch.Tag.inplace_view in func.tags:
            self._settle()  # it changes the shape of a tensor that may have been noted
        tensors = leaves(args, kwargs)
        data, roots = self._origins(tensors)
        output = self.known.answer(func, args, kwargs, tensors)
        layer = len(self.entries)
        if rule is not FREE and tensors:
            self._record(func, rule, args, output, tensors, data, roots)
        else:
            self._flow_on(func, output, data)
        if tensors and (self.training or not data):
            self._mark(func, output, tensors, data, roots, layer)
        if self.real and tensors and self.chosen.passes_on(func, tensors, output) and rule.macs:
            self.chosen.note(self.entries[-1])
        return output

    def _origins(self, tensors: Sequence[Tensor]) -> tuple[list[Tensor], tuple[int, ...]]:
        """The tensors that come from the input, and the parameters that the other tensors are made of."""
        data: list[Tensor] = []
        roots: tuple[int, ...] = ()
        learned = self.learned
        for part in tensors:
            if id(part) in learned:
                roots += (id(part),)
            elif self.rooted and (made_of := getattr(part, ROOTS, None)):
                roots += made_of
            else:
                data.append(part)
        return data, roots

    def _flow_on(self, func: Any, output: Any, data: Sequence[Tensor]) -> None:
        """Follow values through an operator without an entry: a view, a copy, a choice, or a new constant."""
        places = [storage_of(part) for part in data]
        for leaf in (output,) if isinstance(output, Tensor) else tree_leaves(output):
            if not isinstance(leaf, Tensor):
                continue
            place = storage_of(leaf)
            changed = place in places and traits_of(func).written
            if place not in places:
                self.flow[place] = () if traits_of(func).constant else self._values(data)
            elif changed:
                overwritten = func._schema.name in OVERWRITING and _is_whole(leaf)  # noqa: SLF001
                self.flow[place] = self._values(data[1:] if overwritten else data)

    def _values(self, data: Sequence[Tensor]) -> tuple[int, ...]:
        """The numbers of the values that tensors are, or are made of."""
        return tuple([number for part in data for number in self.flow.get(storage_of(part), ())])

    def _made(self, output: Any, number: int, before: Sequence[int]) -> None:
        """Note a new value in every tensor of an output; what is changed in part is still the old value too."""
        for leaf in (output,) if isinstance(output, Tensor) else tree_leaves(output):
            if isinstance(leaf, Tensor):
                place = storage_of(leaf)
                self.flow[place] = (number,) if place not in self.flow or _is_whole(leaf) else (*before, number)

    def _mark(
        self,
        func: Any,
        output: Any,
        tensors: Sequence[Tensor],
        data: Sequence[Tensor],
        roots: tuple[int, ...],
        layer: int,
    ) -> None:
        if roots and not data:
            self.rooted = True
            for leaf in tree_leaves(output):
                if isinstance(leaf, Tensor) and id(leaf) not in self.learned:
                    setattr(leaf, ROOTS, roots)
        if self.training:
            writes = bool(traits_of(func).written)
            self.reach.mark(output, self._node(func, tensors, layer), self.learned, writes)

    def _node(self, func: Any, tensors: Sequence[Tensor], layer: int) -> int:
        """The node of what an operator makes of tensors; it has none without a gradient."""
        if not torch.is_grad_enabled():
            return 0
        if func._schema.name in CUTTING:  # noqa: SLF001
            return CUT
        if not any(map(self._needs_gradient, tensors)):
            return 0
        return self.reach.make(tensors, layer if layer < len(self.entries) else -1)

    def _needs_gradient(self, part: Tensor) -> bool:
        if id(part) in self.learned or part.requires_grad:  # a leaf that is no parameter may be asked for its gradient
            return part.requires_grad
        return bool(self.reach.nodes(part))

    def _passes_on(self, inputs: Any, output: Any) -> bool:
        """Whether a gradient passes through a function of these inputs; its outputs are marked."""
        tensors = [part for part in tree_leaves(inputs) if isinstance(part, Tensor)]
        gradient = any(map(self._needs_gradient, tensors))
        self.reach.mark(output, self.reach.make(tensors, -1) if gradient else 0, self.learned)
        return gradient and torch.is_grad_enabled()

    def _forget_unreached(self, output: Any) -> None:
        """No gradients of layers that do not lead to an output."""
        found = Found({}, Surroundings())
        found.add_all([output])
        if not found.tensors:
            return  # they are somewhere else
        reached = self.reach.layers(found.tensors)
        for number, entry in enumerate(self.entries):
            if entry.backward and number not in reached:
                self.entries[number] = entry._replace(backward=0)

    def _record(
        self,
        func: Any,
        rule: OperatorRule,
        args: Sequence[Any],
        output: Any,
        tensors: Sequence[Tensor],
        data: Sequence[Tensor],
        roots: tuple[int, ...],
    ) -> None:
        frame = self.frames[-1]
        if output is None:
            output = [args[place] for place, _ in traits_of(func).written if place < len(args)]
        first = output if isinstance(output, Tensor) else next(iter(leaves((output,), {})), None)
        if rule is UNKNOWN:
            name = func._schema.name.replace("::", ".")  # noqa: SLF001
            self.unknown.append(Unknown(frame.path, name, shapes_of(tensors)))
        if first is None:
            return
        inputs = tuple([trimmed(part) for part in (data or tensors)])
        takes = self._values(data)
        if rule.kind == "sum" and self._continues_sum(args, inputs, takes, first, frame):
            return
        self.values += 1
        makes = self.values
        self._made(output, makes, takes)
        cost, backward = self._cost(func, rule, args, first, tensors, roots)
        entry = Entry(frame.path, cost.kind, inputs, trimmed(first), *cost[1:], 1, False, backward, takes, makes)
        self.entries.append(entry)
        scale = AFFINE.get(rule.kind)
        affine = scale is None or (len(args) > scale and isinstance(args[scale], Tensor))
        fused_bias = rule.kind == "linear" and _fuses_bias(args)
        strided = rule.kind == "attention" and any(not part.is_nested and part.stride(-1) != 1 for part in tensors[:3])
        noted_operator = (func, frame, tensors, affine, fused_bias, strided)
        self.operators.append(noted_operator if self.later else _operator(*noted_operator))
        if rule.kind == "sum":
            self.last_sum = (first, frame.number)

    def _cost(
        self,
        func: Any,
        rule: OperatorRule,
        args: Sequence[Any],
        output: Tensor,
        tensors: Sequence[Tensor],
        roots: tuple[int, ...],
    ) -> tuple[Cost, int | None]:
        """What an operator costs, and the multiply-adds of its gradients in training."""
        kind, groups = rule.kind, 1
        kernel: Shape = ()
        weights = biases = params = macs = 0
        backward = 0 if self.training else None
        if roots and (fresh := self._fresh_among(roots)):
            weights = sum([self._learned_elements(part, fresh) for part in _weights(args, rule)])
            biases = self._learned_elements(_at(args, rule.bias), fresh)
            params = sum([self.learned[root].numel() for root in fresh])
        if rule.macs or kind in POOL_KINDS:
            shapes = dims(args)
            made = shape_of(output)
            kind, kernel, groups = _shape_of(func, rule, shapes, made)
            macs = rule.macs(shapes, made) if rule.macs else 0
            if self.training and macs:
                backward = self._backward(macs, rule, args, shapes, made, tensors)
        activations = output.numel() if macs else 0
        return Cost(kind, kernel, groups, weights, biases, params, macs, activations), backward

    def _fresh_among(self, roots: Sequence[int]) -> list[int]:
        """The parameters that no layer before has taken; this one takes them."""
        fresh = [root for root in dict.fromkeys(roots) if root not in self.seen and root in self.names]
        self.seen.update(fresh)
        return fresh

    def _learned_elements(self, part: Any, fresh: Sequence[int]) -> int:
        """The elements of a weight or a bias that no layer before has taken."""
        return part.numel() if isinstance(part, Tensor) and self._fresh(part, fresh) else 0

    def _fresh(self, part: Tensor, fresh: Sequence[int]) -> bool:
        return id(part) in fresh or any(root in fresh for root in getattr(part, ROOTS, ()))

    def _continues_sum(
        self, args: Sequence[Any], inputs: tuple[Shape, ...], takes: tuple[int, ...], output: Tensor, frame: _Frame
    ) -> bool:
        """Whether this addition continues the last one of the same call, so that both are one sum."""
        before, number = self.last_sum
        if before is None or args[0] is not before or number != frame.number or len(inputs) < 2:
            return False
        entry = self.entries[-1]
        if entry.kind != "sum" or entry.path != frame.path or entry.output != trimmed(output):
            return False
        self.entries[-1] = entry._replace(inputs=(*entry.inputs, *inputs[1:]), takes=(*entry.takes, *takes[1:]))
        self._made(output, entry.makes, ())
        self.last_sum = (output, frame.number)
        return True

    def _backward(
        self,
        macs: int,
        rule: OperatorRule,
        args: Sequence[Any],
        shapes: Sequence[Any],
        made: Shape,
        tensors: Sequence[Tensor],
    ) -> int:
        """The multiply-adds of the gradients: as many as forward, once for each factor that needs one."""
        if not torch.is_grad_enabled():
            return 0
        if rule.kind in {"conv", "transposed conv", "linear", "matmul", "grouped matmul", "einsum"}:
            factors = tensors if rule.kind == "einsum" else _factors(args, rule)
            return macs * sum(self._needs_gradient(part) for part in factors)
        if rule.kind == "deformable conv":
            image, weight = any(map(self._needs_gradient, (args[0], *args[2:4]))), self._needs_gradient(args[1])
            return macs * (image + weight)
        if rule.kind == "attention":
            return self._backward_of_attention(args, attention_products(shapes, made))
        if rule.kind == "recurrent":
            return self._backward_of_recurrent(args)
        # Others: each product has two factors.
        return 2 * macs if any(self._needs_gradient(part) for part in tensors) else 0

    def _backward_of_recurrent(self, args: Sequence[Any]) -> int:
        """The gradients of each cell's matrices, of what it takes, and of its states; a first state may need none."""
        state, layers = recurrent_cells(args)
        steps, sequences = prod(args[0].shape[:-1]), state.shape[-2]
        first, passes = self._needs_gradient(state), self._needs_gradient(args[0])
        macs = 0
        for cells in layers:
            through = False
            for cell in cells:
                needed = [self._needs_gradient(part) for part in cell]
                later = first or passes or any(needed)
                through |= later
                takes, holds, *projection = [part.numel() for part in cell if part.dim() == 2]
                of_takes, of_holds, *of_projection = compress(needed, [part.dim() == 2 for part in cell])
                macs += steps * takes * (of_takes + passes)
                macs += holds * (steps * of_holds + (steps - sequences) * later + sequences * first)
                macs += sum(
                    steps * size * (needs + later) for size, needs in zip(projection, of_projection, strict=True)
                )
            passes = through
        return macs

    def _backward_of_attention(self, args: Sequence[Any], forward: tuple[int, int]) -> int:
        """The gradients of the values and of the weights, and through these the gradients of queries and of keys."""
        query, key, value, *mask = [isinstance(part, Tensor) and self._needs_gradient(part) for part in args[:4]]
        scores, values = forward
        return values * (value + any((query, key, *mask))) + scores * (query + key)

    def _leftover(self) -> None:
        """Entries for the parameters of parts that did not run. Only their elements count."""
        for root, name in self.names.items():
            if root not in self.seen:
                part = self.learned[root]
                shape = tuple(part.shape)
                path = name.rpartition(".")[0]
                self._append(Entry(path, "unused parameter", (shape,), shape, params=part.numel()))

    def _append(self, entry: Entry) -> None:
        """Add an entry of which no operator of the run is known."""
        self.entries.append(entry)
        nothing: tuple[Any, _Frame, list[Tensor]] = ("", self.frames[0], [])
        self.operators.append(nothing if self.later else _operator(*nothing))


def _shape_of(func: Any, rule: OperatorRule, args: Sequence[Any], output: Shape) -> tuple[str, Shape, int]:
    """The kind of an entry, and its kernel and groups where it has them."""
    kind = rule.kind
    if kind in {"conv", "transposed conv", "deformable conv"}:
        weight = args[1]
        kernel = weight[2:]
        if len(args) > 6 and args[6] is True:  # torch's one operator for both
            kind = "transposed conv"
        channels = output if kind == "transposed conv" else args[0]
        return kind, kernel, channels[-len(kernel) - 1] // weight[1]
    if kind in WINDOW_KINDS:
        spatial = int(func._schema.name.split("pool")[1][0])  # noqa: SLF001
        return kind, args[1] if len(args[1]) == spatial else args[1] * spatial, 1
    if kind == "adaptive average pool":
        spatial = int(func._schema.name[-2])  # noqa: SLF001
        if set(output[-spatial:]) == {1}:
            return "global average pool", (), 1
    return kind, (), 1


def _factors(args: Sequence[Any], rule: OperatorRule) -> list[Tensor]:
    tensors = [part for part in args[:3] if isinstance(part, Tensor)]
    return tensors[-2:] if rule.weight is None else tensors[:2]


def _weights(args: Sequence[Any], rule: OperatorRule) -> list[Any]:
    """What may be the weight of a layer: either factor of a matrix product can be one."""
    return _factors(args, rule) if rule.kind == "matmul" else [_at(args, rule.weight)]


def _at(args: Sequence[Any], position: int | None) -> Any:
    return None if position is None or len(args) <= position else args[position]


def _fuses_bias(args: Sequence[Any]) -> bool:
    """Whether torch turns a linear layer into `addmm`: with a bias, on rows, or on a contiguous block of rows."""
    rows = args[0]
    bias = args[2] if len(args) > 2 else None
    return bias is not None and (rows.dim() == 2 or (rows.dim() >= 3 and rows.is_contiguous()))


def fuses_attention(module: nn.MultiheadAttention, args: Sequence[Any]) -> bool:
    """Whether torch runs this call as one operator on a CPU without gradients (see `MultiheadAttention.forward`)."""
    if len(args) < 3 or args[0] is not args[1] or args[1] is not args[2] or args[0].dim() != 3:
        return False
    return bool(
        not module.training
        and module.in_proj_weight is not None
        and module.in_proj_bias is not None
        and module.num_heads % 2 == 0
        and module.batch_first
        and module.bias_k is None
        and module.bias_v is None
        and not module.add_zero_attn
        and torch.backends.mha.get_fastpath_enabled()
    )


def fuses_layer(module: nn.TransformerEncoderLayer, args: Sequence[Any]) -> bool:
    """The same for a whole encoder layer, where no hooks are attached to it (see `TransformerEncoderLayer.forward`)."""
    return bool(
        args
        and fuses_attention(module.self_attn, [args[0]] * 3)
        and not module.training
        and module.activation_relu_or_gelu
        and module.norm1.eps == module.norm2.eps
    )


def fuses(module: nn.Module, args: Sequence[Any]) -> bool:
    """Whether torch runs this call of a module as one operator on a CPU without gradients."""
    if isinstance(module, nn.TransformerEncoderLayer):
        return fuses_layer(module, args)
    return isinstance(module, nn.MultiheadAttention) and fuses_attention(module, args)


def _is_whole(part: Tensor) -> bool:
    """Whether a tensor is all that is in its storage, and not a part of it."""
    return part.layout is not torch.strided or part.nbytes >= part.untyped_storage().nbytes()


@cache
def class_names(kind: Any) -> tuple[str, ...]:
    """The names of a class and its bases, up to `nn.Module`."""
    return tuple(base.__name__ for base in kind.__mro__ if issubclass(base, nn.Module) and base is not nn.Module)
