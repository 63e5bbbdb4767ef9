"""FlopCounterMode's count of a real model, operator by operator, beside ours: the only place that runs it here.

FlopCounterMode sees the operators that are left when torch has taken others apart, and that depends on the device. So
the model runs on tensors that say they are on a CPU and have no memory (`FakeTensorMode`). A model whose code reads the
values of what it computed runs on the CPU instead.

Gradients are on, as where FlopCounterMode is called as in torch's documentation. Without them torch runs
`nn.MultiheadAttention` as one operator, which it does not see either.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from resnext_flops.counters.built import Built
from resnext_flops.counters.exclusive import exclusive, pass_on
from resnext_flops.counters.fvcore_count import quiet
from resnext_flops.counters.operators import rule_of
from resnext_flops.counters.shapes import dims, shape_of
from resnext_flops.counters.state import State
from resnext_flops.counters.values import filled
from resnext_flops.errors import InputError, one_line

CPU = torch.device("cpu")
LARGEST = 1 << 32  # bytes of the weights of a model that is run with memory


class TorchCount(NamedTuple):
    """What FlopCounterMode counts, and where it differs from us.

    flops: its total, two for a multiply-add.
    ours: the multiply-adds of the same operators by our rules.
    differences: ours less its own, for each operator where they differ, by torch's name.
    """

    flops: int
    ours: int
    differences: Mapping[str, int]


def count_with_torch(model: Built) -> TorchCount:
    """FlopCounterMode's count of one call of a model in evaluation mode, with gradients.

    Raises InputError if the model does not run, or would need memory for weights of more than 4 GiB.

    >>> import resnext_flops as rf
    >>> found = count_with_torch(rf.model(lambda: nn.LSTM(6, 4), (7, 1, 6)))
    >>> found.flops, found.differences, found.ours == 7 * 4 * (4 * 6 + 4 * 4)
    (0, {'aten.mkldnn_rnn_layer': 1120}, True)
    """
    with exclusive():
        return _count(model)


def _count(model: Built) -> TorchCount:
    reasons: list[Exception] = []
    # Some operators have shape arithmetic for bfloat16 alone. The number of products does not depend on the type.
    for dtype in (None, torch.bfloat16):
        try:
            return _without_memory(model, dtype)
        except Exception as error:  # noqa: BLE001 (whatever fails without memory may run with it)
            pass_on(error)
            reasons.append(error)
    try:
        return _with_memory(model)
    except Exception as error:
        pass_on(error)
        raise InputError(f"it fails without memory ({one_line(reasons[0])}), and with it: {one_line(error)}") from error


def _without_memory(model: Built, dtype: torch.dtype | None) -> TorchCount:
    module, args, kwargs = _called(model)
    mode = FakeTensorMode(allow_non_fake_inputs=True)

    def fake(value: Any) -> Any:
        if not (isinstance(value, Tensor) and value.is_meta):
            return value
        return FakeTensor(mode, _of_type(value, dtype), CPU)

    state = State(module, (args, kwargs))
    with quiet(), state.kept(training=False), mode:
        _take_memory(state.parts, mode, dtype)
        return _counted(module, *tree_map(fake, (args, kwargs)))


def _called(model: Built) -> tuple[nn.Module, list[Any], dict[str, Any]]:
    """The module and the arguments of its call, without memory where it can be built so."""
    try:
        return model.call_on("meta")
    except InputError:
        return model.call_on("cpu")


def _with_memory(model: Built) -> TorchCount:
    weights = sum(part.nbytes for part in _called(model)[0].parameters())
    if weights > LARGEST:
        raise InputError(f"its weights are {weights:,} bytes")
    module, args, kwargs = model.call_on("cpu")

    def real(value: Any) -> Any:
        return filled(value, CPU) if isinstance(value, Tensor) and value.is_meta else value

    state = State(module, (args, kwargs))
    state.keep_values()
    with quiet(), state.kept(training=False):
        torch.manual_seed(0)
        return _counted(module, *tree_map(real, (args, kwargs)))


def _of_type(value: Tensor, dtype: torch.dtype | None) -> Tensor:
    return value.to(dtype) if dtype and value.is_floating_point() else value


def _take_memory(parts: Sequence[nn.Module], mode: FakeTensorMode, dtype: torch.dtype | None) -> None:
    """Put tensors that say they are on a CPU in the place of parameters and buffers."""
    made: dict[int, Tensor] = {}

    def fake(value: Tensor) -> Tensor:
        if id(value) not in made:
            found = FakeTensor(mode, _of_type(value.detach().to("meta"), dtype), CPU)
            made[id(value)] = nn.Parameter(found, value.requires_grad) if isinstance(value, nn.Parameter) else found
        return made[id(value)]

    for part in parts:
        books: tuple[Any, ...] = (part._parameters, part._buffers)  # noqa: SLF001
        for book in books:
            book.update({name: fake(value) for name, value in book.items() if value is not None})
        if isinstance(part, nn.RNNBase):
            part._flat_weights = [getattr(part, name) for name in part._flat_weights_names]  # noqa: SLF001


def _counted(module: nn.Module, args: list[Any], kwargs: dict[str, Any]) -> TorchCount:
    # The inner mode takes operators apart, and what is left goes to the outer one.
    with _Rules() as rules, FlopCounterMode(display=False) as counter:
        module(*args, **kwargs)
    flops = int(counter.get_total_flops())
    if sum(theirs for _, theirs in rules.found.values()) != flops:
        raise InputError("FlopCounterMode's total is not the sum of its formulas")
    differences = {name: 2 * ours - theirs for name, (ours, theirs) in sorted(rules.found.items())}
    ours = sum(each for each, _ in rules.found.values())
    return TorchCount(flops, ours, {name: twice // 2 for name, twice in differences.items() if twice})


class _Rules(TorchDispatchMode):
    """The multiply-adds of each operator by our rule, and the operations by torch's formula."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: dict[str, tuple[int, int]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        rule, formula = rule_of(func), flop_registry.get(func._overloadpacket)  # noqa: SLF001
        if rule.macs or formula:
            first = next(leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor))
            ours, theirs = self.found.get(str(func._overloadpacket), (0, 0))  # noqa: SLF001
            ours += rule.macs(dims(args), shape_of(first)) if rule.macs else 0
            theirs += int(formula(*args, **kwargs, out_val=output)) if formula else 0
            self.found[str(func._overloadpacket)] = ours, theirs  # noqa: SLF001
        return output
