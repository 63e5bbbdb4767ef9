"""The memory of a real module: the exact bytes of its tensors, from runs of a copy that has no memory.

The copy's tensors are torch's fake tensors: tensors of the device `meta` that say they are on the CPU. So each operator
takes the form that it takes on the CPU, fused attention for example, and all figures are those of torch's CPU backend.
What cannot run like that (code that reads the values of what it computed) runs as a copy with memory, on the module's
own device. Neither run touches the module, its inputs or the random state.

Torch's own hooks tell what is kept for the backward pass. They do not see what an autograd function of one's own keeps
as an attribute. The workspace that an operator needs in passing is not counted.

In three places torch makes larger tensors on the CPU than are told here: an LSTM keeps a workspace of oneDNN for the
backward pass, and is counted as without oneDNN; an embedding bag makes one offset more; and a mean square or smooth L1
loss is a view of all squares.
"""

import gc
import logging
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from functools import partial
from itertools import count
from math import prod
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.nn.modules import module as hooks
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from resnext_flops.complexity.memory import OPTIMIZERS, Memory, check_settings
from resnext_flops.counters.exclusive import HERE, exclusive, let_through, pass_on
from resnext_flops.counters.state import State
from resnext_flops.counters.values import filled
from resnext_flops.errors import InputError, one_line

T = TypeVar("T")

ADDITIONS = (torch.ops.aten.add.Tensor, torch.ops.aten.add_.Tensor)


def module_memory(
    module: nn.Module,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    *,
    batch: int,
    dtype: str = "float32",
    optimizer: str = "sgd",
) -> Memory:
    """The memory of one call `module(*args, **kwargs)`. The module may be on `meta`. It is left as it was.

    args, kwargs: the inputs of the whole batch. On `meta` they need no values; noise takes the place of these where the
        module has to run with memory.
    batch: how many examples they are.
    dtype: torch's name of the type that all floating-point tensors get.
    optimizer: `sgd` (with momentum) or `adam`.

    Learned tensors and buffers that share memory count once, and every learned tensor that requires a gradient has one.
    `moved` and `moved_in_training` are sums over the operators that are no views, for tensors of their own types; a sum
    of several tensors in one call is one operator. They are those of a described network, but for local response norm,
    which torch computes in seven steps. What a checkpointed block computes again is not in them.

    Raises InputError for another dtype or optimizer, and if the module does not run. On `meta`, a module whose code
    reads values does not run: build it with memory.

    >>> found = module_memory(nn.Linear(8, 4), [torch.empty(2, 8)], {}, batch=2)
    >>> found.weights, found.kept, found.live  # four bytes for each of 8 * 4 + 4, of 2 * 8, and of 2 * 8 + 2 * 4
    (144, {'': 64}, 96)
    """
    check_settings(dtype, optimizer)
    return _of_a_copy(
        partial(_memory, batch=batch, dtype=dtype, optimizer=optimizer), module, args, kwargs, getattr(torch, dtype)
    )


def training_bytes(module: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> int:
    """`Memory.training` of one call in `float32` with `sgd`, in one run. Raises InputError as `module_memory` does.

    >>> training_bytes(nn.Linear(8, 4), [torch.empty(2, 8)], {})  # three times the weights, and the input
    496
    """
    return _of_a_copy(_training, module, args, kwargs, torch.float32)


def inference_bytes(module: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> int:
    """`Memory.inference` of one call in `float32`, in two runs. Raises InputError as `module_memory` does.

    >>> inference_bytes(nn.Linear(8, 4), [torch.empty(2, 8)], {})  # the weights, the input and the output
    240
    """
    return _of_a_copy(_inference, module, args, kwargs, torch.float32)


def _of_a_copy(
    find: Callable[..., T], module: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any], kind: torch.dtype
) -> T:
    """What is found of a copy of a module and of its inputs: one without memory, or with memory where that fails."""
    given = (list(args), dict(kwargs))
    with _undisturbed(module, given):
        try:
            mode = FakeTensorMode()
            copied, inputs = _fake(module, given, mode, kind)
            with mode:
                return find(copied, *inputs)
        except Exception as error:  # noqa: BLE001 (whatever a module raises without memory, it may not raise elsewhere)
            pass_on(error)
            if any(part.is_meta for part in (*module.parameters(), *module.buffers())):
                raise InputError(f"the model does not run without memory: {one_line(error)}") from None
        try:
            copied, inputs = _real(module, given, kind)
            return find(copied, *inputs)
        except Exception as error:  # noqa: BLE001 (the module's own error is the answer)
            pass_on(error)
            raise InputError(f"the model does not run: {one_line(error)}") from None


def saved_bytes(module: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, int]:
    """Bytes that each module's forward pass is the first to save, by module path, without parameters and buffers.

    The module runs once, where it is and in the mode that it is in. A storage is counted once, as a whole, for the
    first module that saves it.

    >>> saved_bytes(nn.Sequential(nn.Linear(3, 5), nn.Linear(5, 2)), [torch.zeros(7, 3)], {})  # 7 * 3 and 7 * 5 numbers
    {'0': 84, '1': 140}
    """
    own = _Own(module)
    with exclusive(), _calls(module) as running:
        return _by_module(_saved(module, args, kwargs, running), own)


def _memory(
    module: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any], *, batch: int, dtype: str, optimizer: str
) -> Memory:
    """The figures of a copy. What its code keeps for a later run is made in the first, where gradients are on."""
    own = _Own(module)
    module.train()
    kept, moved_backward = _backward(module, args, kwargs, own)
    module.eval()
    live, moved = _live(module, args, kwargs, own), _moved(module, args, kwargs, own)
    module.train()
    moved_in_training = _moved(module, args, kwargs, own) + moved_backward
    held = _held(module, own, optimizer)
    return Memory(batch, dtype, optimizer, *held, kept, live, moved, moved_in_training)


def _training(module: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> int:
    own = _Own(module)
    module.train()
    kept = _kept(module, args, kwargs, own)
    return int(Memory(1, "float32", "sgd", *_held(module, own, "sgd"), kept, None, 0, 0).training)


def _inference(module: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]) -> int:
    own = _Own(module)
    module.train()
    with suppress(Exception):  # batch norm over a single pixel takes no single example; at inference it does
        _kept(module, args, kwargs, own)  # the first run, as in `_memory`
    module.eval()
    return own.weights + own.buffer_bytes + _live(module, args, kwargs, own)


def _held(module: nn.Module, own: "_Own", optimizer: str) -> tuple[int, int, int, int]:
    """The bytes of weights, buffers, gradients and the optimizer's state."""
    trained = [part for part in module.parameters() if part.requires_grad]
    gradients = sum([part.nbytes for part in trained])
    return own.weights, own.buffer_bytes, gradients, OPTIMIZERS[optimizer](gradients, len(trained))


# Copies ---------------------------------------------------------------------------------------------------------------


@contextmanager
def _undisturbed(module: nn.Module, inputs: Any) -> Iterator[None]:
    """Silence warnings and torch's log of what fails without memory, and put back what a copy shares with the module.

    The garbage collector rests: when it frees a tensor would depend on chance.
    """
    log = logging.getLogger("torch._subclasses.fake_tensor")
    with exclusive(), ExitStack() as stack:
        stack.callback(setattr, log, "disabled", log.disabled)
        if gc.isenabled():
            stack.callback(gc.enable)
            gc.disable()
        log.disabled = True
        stack.enter_context(warnings.catch_warnings(action="ignore"))
        stack.enter_context(State(module, inputs).kept(training=None))
        yield


class _Faking(TorchFunctionMode):
    """Makes a fake tensor on the CPU of a tensor, and of each that is deep-copied. Views share memory as before."""

    def __init__(self, mode: FakeTensorMode) -> None:
        super().__init__()
        self.mode = mode
        self.whole: dict[tuple[int, torch.dtype], Tensor] = {}  # all that is in a storage

    def fake(self, part: Tensor, kind: torch.dtype | None = None) -> Tensor:
        """The fake tensor of another, with a type of its own where it holds floating-point numbers."""
        dtype = kind if kind and part.is_floating_point() else part.dtype
        key = _storage(part), dtype
        if key not in self.whole:
            self.whole[key] = torch.empty(part.untyped_storage().nbytes() // part.itemsize, dtype=dtype, device="meta")
        view = self.whole[key].as_strided(part.shape, part.stride(), part.storage_offset())
        made = FakeTensor(self.mode, view, torch.device("cpu")).requires_grad_(part.requires_grad)
        if isinstance(part, nn.Parameter):
            made._is_param = True  # noqa: SLF001 (what nn.Parameter does too; its own way takes ten times as long)
        return made

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Answer the copy of a tensor."""
        return self.fake(args[0]) if func is Tensor.__deepcopy__ else func(*args, **(kwargs or {}))


def _fake(module: nn.Module, inputs: Any, mode: FakeTensorMode, kind: torch.dtype) -> tuple[nn.Module, Any]:
    """A copy of a module and of its inputs without memory."""
    faking = _Faking(mode)
    memo: dict[int, Any] = {id(part): faking.fake(part, kind) for part in (*module.parameters(), *module.buffers())}
    with faking:
        copied = deepcopy(module, memo)
    return copied, _changed(inputs, lambda value: faking.fake(value, kind))


def _real(module: nn.Module, inputs: Any, kind: torch.dtype) -> tuple[nn.Module, Any]:
    """A copy of a module and of its inputs with memory, on the module's own device."""
    device = next((part.device for part in module.parameters()), torch.device("cpu"))

    def real(value: Tensor) -> Tensor:
        made = filled(value, device) if value.is_meta else value.detach().clone().to(device)
        return (made.to(kind) if made.is_floating_point() else made).requires_grad_(value.requires_grad)

    return deepcopy(module).to(kind), _changed(inputs, real)


def _changed(inputs: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The inputs with other tensors. One tensor that is given twice stays one."""
    tensors = {id(value): value for value in tree_leaves(inputs) if isinstance(value, Tensor)}
    made = {place: change(value) for place, value in tensors.items()}
    return tree_map(lambda value: made.get(id(value), value), inputs)


# Runs -----------------------------------------------------------------------------------------------------------------


def _storage(part: Tensor) -> int:
    """What tells the memory of a tensor from that of others; its views share it."""
    place: int = part.untyped_storage()._cdata  # noqa: SLF001
    return place


def _bytes(part: Tensor) -> int:
    """The bytes of a tensor, once for elements that it repeats, as after `expand`."""
    return part.itemsize * prod([length for length, step in zip(part.shape, part.stride(), strict=True) if step])


def _tensors(values: Any) -> list[Tensor]:
    return [value for value in tree_leaves(values) if isinstance(value, Tensor)]


class _Own:
    """The storages of a module's learned tensors and of its buffers, and their bytes."""

    def __init__(self, module: nn.Module) -> None:
        self.tensors = [*module.parameters(), *module.buffers()]  # kept alive, so that no storage takes their place
        learned = {_storage(part): part.untyped_storage().nbytes() for part in module.parameters()}
        buffers = {_storage(part): part.untyped_storage().nbytes() for part in module.buffers()}
        self.learned, self.buffers = learned.keys(), buffers.keys() - learned.keys()
        self.all = learned.keys() | buffers.keys()
        self.weights = sum(learned.values())
        self.buffer_bytes = sum([buffers[place] for place in self.buffers])


class _Call(NamedTuple):
    """A module call that is running."""

    number: int
    path: str


@contextmanager
def _calls(module: nn.Module) -> Iterator[list[_Call]]:
    """The calls of a module and its parts that are running, the innermost last."""
    names = {id(part): name for name, part in module.named_modules()}
    numbers = count(1)
    running = [_Call(0, "")]
    own = HERE.token

    def enter(part: nn.Module, _: Any) -> None:
        if HERE.token is own:
            let_through()
            running.append(_Call(next(numbers), names.get(id(part), running[-1].path)))

    def leave(*_: Any) -> None:
        if HERE.token is own:
            running.pop()

    with ExitStack() as stack:
        stack.callback(hooks.register_module_forward_pre_hook(enter).remove)
        stack.callback(hooks.register_module_forward_hook(leave, always_call=True).remove)
        yield running


def _saved(module: nn.Module, args: Any, kwargs: Any, running: list[_Call]) -> list[tuple[str, Tensor]]:
    """Every tensor that torch saves for the backward pass, with the path of the module that ran.

    The list keeps them alive, so that no storage is met twice.
    """
    saved: list[tuple[str, Tensor]] = []

    def save(tensor: Tensor) -> Tensor:
        saved.append((running[-1].path, tensor))
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(save, lambda tensor: tensor):
        module(*args, **kwargs)
    return saved


def _by_module(saved: Iterable[tuple[str, Tensor]], own: _Own) -> dict[str, int]:
    """The bytes that each module is the first to save, by path."""
    known = set(own.all)
    found: dict[str, int] = {}
    for path, tensor in saved:
        place = _storage(tensor)
        if place not in known:
            known.add(place)
            found[path] = found.get(path, 0) + tensor.untyped_storage().nbytes()
    return found


class _Alive(TorchDispatchMode):
    """The most bytes of storages that exist at once: of tensors that were given, or made while this is on."""

    def __init__(self, given: Iterable[Tensor], own: _Own) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.alive = set(own.all)
        self.now = self.most = 0
        self._meet(given)

    def _meet(self, tensors: Iterable[Tensor]) -> None:
        for tensor in tensors:
            storage, place = tensor.untyped_storage(), _storage(tensor)
            if place not in self.alive:
                self.alive.add(place)
                self.now += storage.nbytes()
                weakref.finalize(storage, self._forget, place, storage.nbytes())
        self.most = max(self.most, self.now)

    def _forget(self, place: int, size: int) -> None:
        self.alive.remove(place)
        self.now -= size

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Let an operator run, and meet what it made."""
        output = func(*args, **(kwargs or {}))
        self._meet(_tensors(output))
        return output


def _live(module: nn.Module, args: Any, kwargs: Any, own: _Own) -> int:
    alive = _Alive(_tensors((args, kwargs)), own)
    with torch.no_grad(), alive:
        module(*args, **kwargs)
    return alive.most


class _Step(NamedTuple):
    """What an operator moves: bytes that it is given, of these learned ones, bytes of their gradients, and its output.

    sum_in: the number of the call whose sum it is, if it is one.
    """

    given: int
    learned: int
    gradients: int
    made: list[Tensor]
    sum_in: int | None


class _Operators(TorchDispatchMode):
    """Notes what each operator moves."""

    def __init__(self, own: _Own, running: list[_Call]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.own, self.running = own, running
        self.steps: list[_Step] = []

    @property
    def forward(self) -> int:
        """The bytes that the operators read and write."""
        return sum([step.given + sum(map(_bytes, step.made)) for step in self.steps])

    @property
    def backward(self) -> int:
        """The bytes of gradients that are read and written, and of learned tensors that are read again."""
        total = 0
        for step in self.steps:
            if any(part.requires_grad for part in step.made):  # only now: torch says so after the operator ran
                gradients = [_bytes(part) for part in step.made if part.requires_grad]
                total += sum(gradients) + step.learned + step.gradients
        return total

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Let an operator run, and note it if it makes or changes a tensor that is no buffer."""
        output = func(*args, **(kwargs or {}))
        given = _tensors((args, kwargs))
        before = () if func._schema.is_mutable else set(map(_storage, given))  # noqa: SLF001
        made = [part for part in _tensors(output) if _storage(part) not in before and not self._is_buffer(part)]
        if made and torch.Tag.inplace_view not in func.tags:  # such as another order of the axes, given in place
            self._note(func, [] if _reads_nothing(func) else given, made)
        return output

    def _is_buffer(self, part: Tensor) -> bool:
        return _storage(part) in self.own.buffers

    def _note(self, func: Any, given: list[Tensor], made: list[Tensor]) -> None:
        call = self.running[-1].number if func in ADDITIONS else None
        start = _Step(0, 0, 0, [], None)
        if call is not None and self.steps and self.steps[-1].sum_in == call and self.steps[-1].made[0] is given[0]:
            start, given = self.steps.pop(), given[1:]
        given = [part for part in given if not self._is_buffer(part)]
        learned = [_bytes(part) for part in given if _storage(part) in self.own.learned]
        gradients = [_bytes(part) for part in given if part.requires_grad]
        step = _Step(
            start.given + sum(map(_bytes, given)),
            start.learned + sum(learned),
            start.gradients + sum(gradients),
            made,
            call,
        )
        self.steps.append(step)


def _reads_nothing(func: Any) -> bool:
    """Whether an operator looks at the shape of a tensor alone, such as `zeros_like`."""
    name = func._schema.name  # noqa: SLF001
    return name.endswith("_like") or "::new_" in name


def _moved(module: nn.Module, args: Any, kwargs: Any, own: _Own) -> int:
    """The bytes that the operators of a forward pass move. Inference mode shows them before torch takes them apart."""
    with torch.inference_mode(), _calls(module) as running:
        operators = _Operators(own, running)
        with operators:
            module(*args, **kwargs)
    return operators.forward


def _kept(module: nn.Module, args: Any, kwargs: Any, own: _Own) -> dict[str, int]:
    """What each module is the first to keep for the backward pass.

    An LSTM is torch's own: the workspace that oneDNN keeps instead is not known without memory.
    """
    with torch.backends.mkldnn.flags(enabled=False), _calls(module) as running:
        return _by_module(_saved(module, args, kwargs, running), own)


def _backward(module: nn.Module, args: Any, kwargs: Any, own: _Own) -> tuple[dict[str, int], int]:
    """The same, and the bytes that the backward pass moves."""
    with torch.backends.mkldnn.flags(enabled=False), _calls(module) as running:
        operators = _Operators(own, running)
        with operators:
            saved = _saved(module, args, kwargs, running)
    read = sum([_bytes(tensor) for _, tensor in saved if _storage(tensor) not in own.all])
    return _by_module(saved, own), operators.backward + read
