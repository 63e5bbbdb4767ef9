"""What torch's own formulas count of a real run, forward and backward.

`FlopCounterMode` has the same formulas, but it adds hooks to modules, which some models and checkpoints break.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry


class ByTorch(TorchDispatchMode):
    """The sum of torch's formulas over the operators of a run."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flops = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func._overloadpacket not in flop_registry:  # noqa: SLF001
            with self:
                output = func.decompose(*args, **kwargs)
            if output is not NotImplemented:
                return output
        output = func(*args, **kwargs)
        formula = flop_registry.get(func._overloadpacket)  # noqa: SLF001
        self.flops += formula(*args, **kwargs, out_val=output) if formula else 0
        return output


def macs_of(run: Callable[[], Any]) -> int:
    """The multiply-adds of what a function runs; torch counts two for each."""
    with sdpa_kernel(SDPBackend.MATH), ByTorch() as counter:
        run()
    assert counter.flops % 2 == 0
    return int(counter.flops // 2)


def step_of(module: nn.Module, *args: Any) -> tuple[int, int]:
    """The multiply-adds of a module in training: forward, and backward from all its outputs."""
    outputs: list[Tensor] = []

    def forward() -> None:
        outputs.extend(part for part in tree_leaves(module.train()(*args)) if part.requires_grad)

    def backward() -> None:
        torch.autograd.backward(outputs, [torch.ones_like(part) for part in outputs])

    found = macs_of(forward), macs_of(backward)
    module.zero_grad()
    return found
