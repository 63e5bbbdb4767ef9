"""What a step of training multiplies that no rule over the forward pass gives.

The gradients of a layer follow from its shapes. But a checkpointed part runs once more in the backward pass, up to
where torch has what it needs; and an `autograd.Function` has a backward pass of its own. So such a model is run
a second time, forward and backward, with torch's own gradients: on `meta` too, or where the first run was. What that
multiplies in recomputed parts, and in backward passes of such functions, becomes entries of their own.

And a layer whose output leads to no output of the model, or is detached on the way, has no gradients (`Reach`).
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from inspect import getattr_static
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.utils import checkpoint
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from resnext_flops.complexity.entries import Entry
from resnext_flops.complexity.records import Unknown
from resnext_flops.counters.exclusive import HERE, let_through
from resnext_flops.counters.functions import calls_seen
from resnext_flops.counters.meta_kernels import on_meta
from resnext_flops.counters.operators import UNKNOWN, OperatorRule, rule_of
from resnext_flops.counters.shapes import dims, leaves, shape_of, shapes_of, trimmed
from resnext_flops.counters.state import Found, State
from resnext_flops.counters.surroundings import Surroundings
from resnext_flops.counters.values import Values, is_counting, real_lists, storage_of

# What runs a checkpointed part without a function of its own, by its names in the versions of torch.
_GENERATORS = ("_checkpoint_without_reentrant_generator", "_checkpoint_without_reentrant_generator_impl")
# The attribute that keeps a tensor's node, and the node of one that was cut off from its gradient.
NODE, CUT = "_resnext_flops_node", -1
CUTTING = frozenset({"aten::detach", "aten::detach_"})
_APPLY: Any = getattr_static(Function, "apply")


@contextmanager
def replaced(*places: tuple[Any, str, Any]) -> Iterator[None]:
    """Give attributes of classes and of Python's modules other values for a while."""
    before = [(owner, name, vars(owner).get(name)) for owner, name, _ in places]
    try:
        for owner, name, value in places:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in reversed(before):
            if value is None:
                delattr(owner, name)
            else:
                setattr(owner, name, value)


@contextmanager
def plain(passes_on: Callable[[Any, Any], bool]) -> Iterator[list[str]]:
    """Run checkpointed parts like any other, and functions with a backward pass of their own without gradients.

    passes_on: asked for the inputs and outputs of each of them, whether a gradient passes through.

    It yields the names of those that were met.
    """
    met: list[str] = []
    own = HERE.token

    def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
        if HERE.token is not own:
            return _APPLY.__get__(None, cls)(*args, **kwargs)
        met.append(cls.__name__)
        if cls is not checkpoint.CheckpointFunction:
            with torch.no_grad():
                output = _APPLY.__get__(None, cls)(*args, **kwargs)
            passes_on(args, output)
            return output
        function, _, *inputs = args
        with torch.set_grad_enabled(passes_on(inputs, None)):  # with no gradient of an input it keeps none at all
            return function(*inputs, **kwargs)

    def without_reentrant(original: Callable[..., Iterator[None]]) -> Callable[..., Iterator[None]]:
        def generate(*args: Any, **kwargs: Any) -> Iterator[None]:
            if HERE.token is not own:
                yield from original(*args, **kwargs)
            else:
                met.append("checkpoint")
                yield

        return generate

    generators = [(name, getattr(checkpoint, name)) for name in _GENERATORS if hasattr(checkpoint, name)]
    with replaced(
        (Function, "apply", classmethod(apply)),
        *((checkpoint, name, without_reentrant(original)) for name, original in generators),
    ):
        yield met


class Reach:
    """Which layers of a run a gradient reaches: each tensor that needs one is a node, made of other nodes.

    written: the nodes that were written into each storage, by which all views of it need a gradient too.
    """

    def __init__(self) -> None:
        self.made_of: list[tuple[tuple[int, ...], int]] = [((), -1)]  # node 0: no gradient
        self.written: dict[int, tuple[int, ...]] = {}

    def nodes(self, part: Tensor) -> tuple[int, ...]:
        """The nodes that a tensor is; none if it needs no gradient, or was cut off."""
        node = getattr(part, NODE, 0)
        more = self.written.get(storage_of(part), ()) if self.written and node != CUT else ()
        return (node, *more) if node > 0 else more

    def make(self, sources: Sequence[Tensor], layer: int) -> int:
        """A node for what is made of tensors. layer: the number of the operator's entry, or -1."""
        self.made_of.append((tuple([node for part in sources for node in self.nodes(part)]), layer))
        return len(self.made_of) - 1

    def mark(self, output: Any, node: int, learned: Mapping[int, Any], writes: bool = False) -> None:
        """Note the node of an output, or that it needs no gradient. Whole numbers never do."""
        for leaf in tree_leaves(output):
            if isinstance(leaf, Tensor) and id(leaf) not in learned:
                own = node if leaf.is_floating_point() or leaf.is_complex() else 0
                setattr(leaf, NODE, own)
                if writes and own > 0:
                    place = storage_of(leaf)
                    self.written[place] = (*self.written.get(place, ()), own)

    def layers(self, outputs: Sequence[Tensor]) -> set[int]:
        """The layers that lead to some outputs."""
        left = [node for part in outputs for node in self.nodes(part)]
        known = set(left)
        for node in left:
            fresh = set(self.made_of[node][0]) - known
            known |= fresh
            left += fresh
        return {self.made_of[node][1] for node in known}


class Step(TorchDispatchMode):
    """One forward and backward pass, with parameters of its own. `run` may be called once."""

    def __init__(self, module: nn.Module, state: State, real: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.module, self.state, self.real = module, state, real
        self.paths = {id(part): path for path, part in module.named_modules()}
        self.known = Values(self._own_parameters(), state.tensors, real)
        self.running = [""]  # the paths of the calls that are running
        self.causes: list[tuple[str, str]] = []  # why the backward pass runs what it runs: a kind, and a path
        self.entries: list[Entry] = []
        self.unknown: list[Unknown] = []
        self.places: dict[int, tuple[Any, str]] = {}  # where functions ran, by their nodes of the graph

    def run(self, method: str) -> None:
        """Call the module, or a method of it, on copies of its inputs, and take the gradients of all its outputs."""
        (args, kwargs), _ = self.state.copied_inputs(lambda value: self.known.given(value.detach()))
        with ExitStack() as stack:
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")  # the first run said it
            stack.enter_context(torch.enable_grad())
            stack.enter_context(torch.autograd.set_multithreading_enabled(False))  # what follows knows its own thread
            stack.enter_context(calls_seen(self._enter, self._leave))
            stack.enter_context(self._watched())
            stack.enter_context(self.known.keeping())
            if not self.real:
                stack.enter_context(real_lists())
            stack.enter_context(self)
            output = (getattr(self.module, method) if method else self.module)(*args, **kwargs)
            found = Found({}, Surroundings())
            found.add_all([output])
            outputs = [part for part in found.tensors if part.requires_grad]
            torch.autograd.backward(outputs, [torch.zeros_like(part) for part in outputs])

    def _own_parameters(self) -> Mapping[int, Tensor]:
        """Put other parameters in the place of the module's, which get no gradients. The state puts them back."""
        made: dict[int, Tensor] = {}
        for part in self.state.own.registered:
            if is_counting(part):
                made[id(part)] = part
            else:
                values = part.detach() if self.real else on_meta(part.detach())
                made[id(part)] = nn.Parameter(values, part.requires_grad) if isinstance(part, nn.Parameter) else values
        for module in self.state.parts:
            books: tuple[Any, ...] = (module._parameters, module._buffers)  # noqa: SLF001
            for book in books:
                book.update({name: made[id(value)] for name, value in book.items() if value is not None})
            if isinstance(module, nn.RNNBase):
                module._flat_weights = [getattr(module, name) for name in module._flat_weights_names]  # noqa: SLF001
        return {id(part): part for part in made.values()}

    def _enter(self, module: nn.Module, _: Any) -> None:
        let_through()
        self.running.append(self.paths.get(id(module), self.running[-1]))

    def _leave(self, *_: Any) -> None:
        self.running.pop()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Answer one operator, and note it where the backward pass has a cause of its own for it."""
        if types and any(kind.__torch_dispatch__ is not Tensor.__torch_dispatch__ for kind in types):
            return NotImplemented
        kwargs = kwargs or {}
        rule = rule_of(func)
        if rule is UNKNOWN or (rule.kind == "einsum" and len(args[1]) > 2):
            with self:
                output = func.decompose(*args, **kwargs)
            if output is not NotImplemented:
                return output
        tensors = leaves(args, kwargs)
        output = self.known.answer(func, args, kwargs, tensors)
        if self.causes and tensors:
            self._note(func, rule, args, output, tensors)
        return output

    def _note(self, func: Any, rule: OperatorRule, args: Any, output: Any, tensors: Sequence[Tensor]) -> None:
        kind, path = self.causes[-1]
        recomputed = kind == "recomputed"
        path = self.running[-1] if recomputed else path
        if rule is UNKNOWN:
            self.unknown.append(Unknown(path, func._schema.name.replace("::", "."), shapes_of(tensors)))  # noqa: SLF001
        first = next((leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor)), None)
        macs = rule.macs(dims(args), shape_of(first)) if rule.macs and first is not None else 0
        if not macs or first is None:
            return
        shapes = tuple([trimmed(part) for part in tensors]), trimmed(first)
        if recomputed:
            made = Entry(path, f"{kind} {rule.kind}", *shapes, macs=macs, training_only=True, backward=0)
        else:
            made = Entry(path, kind, *shapes, backward=macs)
        self.entries.append(made)

    @contextmanager
    def _because(self, kind: str, path: str = "") -> Iterator[None]:
        self.causes.append((kind, path))
        try:
            yield
        finally:
            self.causes.pop()

    def _again(self, function: Callable[..., Any], times: int) -> Callable[..., Any]:
        """The same function; it recomputes when it is called more often than so many times."""
        left = times

        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left >= 0:
                return function(*args, **kwargs)
            with self._because("recomputed"):
                return function(*args, **kwargs)

        return call

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """See what checkpointed parts recompute, and what functions do in a backward pass of their own."""
        step, own = self, HERE.token
        original: Any = checkpoint._CheckpointFrame  # noqa: SLF001
        device: Any = checkpoint._infer_device_type  # noqa: SLF001
        stack = ExitStack()
        watched: set[type] = set()

        class Frame(original):  # type: ignore[misc]
            """What torch keeps of a checkpointed part."""

            def __init__(self, recompute: Callable[..., Any], *args: Any) -> None:
                super().__init__(step._again(recompute, 0) if HERE.token is own else recompute, *args)

        def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
            plain_apply = _APPLY.__get__(None, cls)
            if HERE.token is not own:
                return plain_apply(*args, **kwargs)
            if cls is checkpoint.CheckpointFunction:
                return plain_apply(self._again(args[0], 1), *args[1:], **kwargs)
            if cls not in watched:
                watched.add(cls)
                stack.enter_context(self._watched_backward(cls, own))
            output = plain_apply(*args, **kwargs)
            for leaf in tree_leaves(output):
                if isinstance(leaf, Tensor) and leaf.grad_fn is not None:
                    self.places[id(leaf.grad_fn)] = leaf.grad_fn, self.running[-1]
            return output

        with (
            stack,
            replaced(
                (Function, "apply", classmethod(apply)),
                (checkpoint, "_CheckpointFrame", Frame),
                (checkpoint, "_infer_device_type", lambda *args: "cpu" if HERE.token is own else device(*args)),
            ),
        ):
            yield

    def _watched_backward(self, cls: Any, own: object) -> Any:
        """Note what a function does in its backward pass. It may be called by one of two names."""
        name = "backward" if cls.backward is not Function.backward else "vjp"
        original = getattr(cls, name)

        def backward(ctx: Any, *gradients: Any) -> Any:
            if HERE.token is not own:
                return original(ctx, *gradients)
            _, path = self.places.get(id(ctx), (None, ""))
            with self._because(f"gradient of {cls.__name__}", path):
                return original(ctx, *gradients)

        return replaced((cls, name, staticmethod(backward)))
