"""The Python functions that other counters replace by their own, replaced by ones that note the call and pass it on.

A dispatch mode sees operators, not the name by which Python code called them: `x + y` and `torch.add(x, y)` are one
operator, and calflops counts the second alone. So these names are replaced for the time of one run, exactly as those
counters do it, and put back. A function that was imported by name before escapes this, as it escapes them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeAlias

import torch
from torch.nn import functional

Note: TypeAlias = Callable[[str, Any, Any, Any, tuple[str, ...]], None]

_FUNCTIONAL = [
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "relu",
    "prelu",
    "elu",
    "leaky_relu",
    "relu6",
    "silu",
    "gelu",
    "batch_norm",
    "layer_norm",
    "instance_norm",
    "group_norm",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "upsample",
    "interpolate",
    "softmax",
    "scaled_dot_product_attention",
    "multi_head_attention_forward",
]
_TORCH = ["matmul", "mm", "bmm", "addmm", "baddbmm", "mul", "add", "sub", "einsum"]
_METHODS = [
    "matmul",
    "mm",
    "bmm",
    "addmm",
    "mul",
    "add",
    "div",
    "exp",
    "sum",
    "softmax",
    "__matmul__",
    "__add__",
    "__radd__",
    "__iadd__",
    "__mul__",
    "__rmul__",
    "__imul__",
    "__sub__",
    "__truediv__",
]

REPLACED: tuple[tuple[Any, str, str], ...] = (
    *((functional, name, f"F.{name}") for name in _FUNCTIONAL),
    *((torch, name, f"torch.{name}") for name in _TORCH),
    *((torch.Tensor, name, f"Tensor.{name}") for name in _METHODS),
)


@contextmanager
def noted(note: Note) -> Iterator[None]:
    """Call `note(name, args, kwargs, output, outer)` after each call of these functions; `outer` are those around."""
    running: list[str] = []

    def replacement(name: str, original: Any) -> Any:
        @wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            outer = tuple(running)
            running.append(name)
            try:
                output = original(*args, **kwargs)
            finally:
                running.pop()
            note(name, args, kwargs, output, outer)
            return output

        return call

    before = [(owner, name, vars(owner).get(name)) for owner, name, _ in REPLACED]
    try:
        for owner, name, shown in REPLACED:
            setattr(owner, name, replacement(shown, getattr(owner, name)))
        yield
    finally:
        for owner, name, original in before:
            if original is None:
                delattr(owner, name)  # it was inherited
            else:
                setattr(owner, name, original)
