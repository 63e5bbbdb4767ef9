"""fvcore's count of a real module, layer by layer: the only place that knows fvcore.

fvcore traces the module with `torch.jit` and computes, so it needs a real device.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import torch
from torch import nn

from resnext_flops.counters.exclusive import exclusive
from resnext_flops.numerals import whole

PRODUCT_OPERATORS = frozenset({"conv", "linear", "matmul", "addmm", "bmm", "einsum"})


@dataclass(frozen=True)
class FvcoreCount:
    """fvcore's figures: for each module path, for each operator, an integer.

    Only the module that ran an operator holds it, so that nothing is counted twice in a sum.

    output: what the model put out while fvcore counted.
    """

    operators: dict[str, dict[str, int]]
    output: Any = field(repr=False, compare=False)

    @property
    def total(self) -> int:
        """fvcore's own total, with batch norm and pooling."""
        return sum(sum(counts.values()) for counts in self.operators.values())

    @property
    def multiply_adds(self) -> dict[str, int]:
        """The part of convolutions and matrix products, by module path."""
        parts = {
            path: sum(figure for name, figure in counts.items() if name in PRODUCT_OPERATORS)
            for path, counts in self.operators.items()
        }
        return {path: figure for path, figure in parts.items() if figure}


def count_with_fvcore(model: nn.Module, inputs: torch.Tensor) -> FvcoreCount:
    """Count one forward pass of a model with fvcore, in whatever mode the model is in, without gradients.

    A signal such as Ctrl-C waits until it is done, because fvcore and torch change what all share.

    The figures are those of one example: the batch's divided by its size. Raises ValueError if one is not whole.

    >>> counted = count_with_fvcore(nn.Conv2d(3, 8, 3), torch.zeros(1, 3, 10, 10))
    >>> counted.total == 3 * 3 * 3 * 8 * 8 * 8
    True
    """
    outputs: list[Any] = []
    hook = model.register_forward_hook(lambda _, __, output: outputs.append(output))
    with exclusive(), quiet(), torch.no_grad(), hook:
        from fvcore.nn import FlopCountAnalysis

        analysis = FlopCountAnalysis(model, inputs)
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")
        inclusive = {
            path: {name: whole(Fraction(figure) / len(inputs)) for name, figure in counts.items()}
            for path, counts in analysis.by_module_and_operator().items()
        }
    own = {path: dict(counts) for path, counts in inclusive.items()}
    for path, counts in inclusive.items():
        parent = path.rpartition(".")[0]
        if path:
            for name, figure in counts.items():
                own[parent][name] -= figure
    return FvcoreCount(own, outputs[0])


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the warnings and log lines of torch and fvcore out of the output."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
